// Tabs by the book: arrow keys, Home, End; one tab stop.

export function tabs(list, onPick) {
  const all = [...list.children];
  const pick = (tab, focus) => {
    for (const other of all) {
      other.setAttribute("aria-selected", String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
    }
    if (focus) tab.focus();
    onPick(tab);
  };
  list.addEventListener("click", (event) => {
    const tab = all.find((one) => one.contains(event.target));
    if (tab) pick(tab);
  });
  list.addEventListener("keydown", (event) => {
    const at = all.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    pick(all[(to + all.length) % all.length], true);
  });
  return { pick, step: (by) => {
    const at = all.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
    const to = all[at + by];
    if (to) pick(to);
  } };
}
