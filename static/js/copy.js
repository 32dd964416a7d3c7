// data-copies="text" or data-copies-from="id": copies and says so in the button.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies], [data-copies-from]");
  if (!button) return;
  const text = button.dataset.copies ?? document.getElementById(button.dataset.copiesFrom).textContent.trim();
  await navigator.clipboard.writeText(text);
  const word = button.querySelector("span") ?? button;
  const before = word.textContent;
  word.textContent = button.dataset.copied ?? "✓";
  setTimeout(() => (word.textContent = before), 2500);
});
