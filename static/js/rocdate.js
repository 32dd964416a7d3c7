// A ROC date is echoed in both calendars while it is typed.
for (const group of document.querySelectorAll(".date[data-echo]")) {
  const echo = document.getElementById(group.dataset.echo);
  const era = group.dataset.calendar === "iso" ? 0 : 1911;
  group.addEventListener("input", () => {
    const [y, m, d] = [...group.querySelectorAll("input")].map((input) => Number(input.value));
    const day = new Date(Date.UTC(y + era, m - 1, d));
    if (!y || !m || !d || day.getUTCMonth() !== m - 1) {
      echo.textContent = group.dataset.wait;
      return;
    }
    const iso = day.toISOString().slice(0, 10);
    const name = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "long", timeZone: "UTC" }).format(day);
    echo.textContent = era ? `民國${y}年${m}月${d}日（${iso}，${name}）` : `${iso} (${name})`;
  });
}
