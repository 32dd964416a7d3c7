// A menu (details.menu) closes on Escape, on a click elsewhere, and when focus leaves it.
const close = (menu, back) => {
  menu.open = false;
  if (back) menu.querySelector("summary").focus();
};
for (const menu of document.querySelectorAll("details.menu")) {
  menu.addEventListener("keydown", (event) => event.key === "Escape" && menu.open && close(menu, true));
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) close(menu);
  });
}
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) close(menu);
});

// Browsers before 2024 cannot hold folded filters open by CSS: open them where there is room.
if (!CSS.supports("selector(::details-content)")) {
  const wide = matchMedia("(min-width: 64rem)");
  const set = () => wide.matches && document.querySelectorAll(".filter-fold").forEach((fold) => (fold.open = true));
  wide.addEventListener("change", set);
  set();
}
