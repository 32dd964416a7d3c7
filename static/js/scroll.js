// A table wider than its box can be scrolled by keyboard: the box takes the focus and says its caption's name.
const boxes = document.querySelectorAll(".table-box");
const mark = (box) => {
  const wide = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
  if (wide && !box.hasAttribute("tabindex")) {
    box.tabIndex = 0;
    box.dataset.scrolls = "yes";
    const name = box.querySelector("caption")?.textContent.trim();
    if (name && !box.hasAttribute("role")) {
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", name);
    }
  } else if (!wide && box.dataset.scrolls) {
    box.removeAttribute("tabindex");
    delete box.dataset.scrolls;
  }
};
const watcher = new ResizeObserver((changes) => changes.forEach((change) => mark(change.target)));
boxes.forEach((box) => watcher.observe(box));
