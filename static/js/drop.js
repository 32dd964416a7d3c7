// A drop zone names the chosen files; the file field inside works without it.
for (const zone of document.querySelectorAll(".drop")) {
  const input = zone.querySelector("input[type=file]");
  const said = zone.querySelector(".drop-chosen");
  if (!input) continue;
  const name = () => said && (said.textContent = [...input.files].map((file) => file.name).join("、"));
  input.addEventListener("change", name);
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("is-over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("is-over");
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
