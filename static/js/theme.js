// Theme: the server reads the cookie, so that a page never flashes; here it changes without a reload.
const root = document.documentElement;
for (const form of document.querySelectorAll("form.switch")) {
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.name !== "set") return;
    event.preventDefault();
    const value = button.value;
    if (value === "system") delete root.dataset.theme;
    else root.dataset.theme = value;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
    for (const other of form.querySelectorAll("[name=set]"))
      other.setAttribute("aria-pressed", String(other === button));
  });
}
