// A toast: the server sends HX-Trigger: {"toast": {"text": "…"}}, or a page dispatches the event "toast".
const stand = document.getElementById("toasts");
document.body.addEventListener("toast", (event) => {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = event.detail.text ?? event.detail.value ?? "";
  stand.append(toast);
  setTimeout(() => toast.remove(), 8000);
});
