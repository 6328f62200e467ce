import { closeDialogs, dialogIsOpen, showHelp } from "./dialogs";
import { toggleTheme } from "./theme";

// One listener for the whole page. j and k move the focus itself over what has data-row, so that Enter, screen
// readers and the focus ring need nothing else.

export const KEYS: [string, string][] = [
  ["j  k", "next, previous row"],
  ["Enter", "open"],
  ["Esc", "back"],
  ["/", "search"],
  ["e  f", "logs: edit the query, follow live"],
  ["s", "alerts: silence the one in focus"],
  ["t", "dark or light"],
  ["?", "this list"],
  ["←  →", "in a chart: its values at a moment; with Shift earlier, later"],
  ["+  −  0", "in a chart: nearer, wider, back to now"],
];

function move(by: number) {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")].filter((row) => row.offsetParent !== null);
  if (!rows.length) return;
  const now = rows.indexOf(document.activeElement as HTMLElement);
  const next = now < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, now + by));
  rows[next]!.focus();
  rows[next]!.scrollIntoView({ block: "nearest" });
}

function back() {
  if (document.activeElement instanceof HTMLInputElement) return document.activeElement.blur();
  if (location.hash && location.hash !== "#/") location.hash = "#/";
}

export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    const typing = target.matches("input, textarea, select");
    if (event.key === "Escape") {
      if (dialogIsOpen()) closeDialogs();
      else back();
      return event.preventDefault();
    }
    if (typing || dialogIsOpen()) return;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "/") document.getElementById("search")?.focus();
    else if (event.key === "?") showHelp();
    else if (event.key === "t") toggleTheme();
    else return;
    event.preventDefault();
  });
}
