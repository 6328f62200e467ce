import { useEffect, useState } from "preact/hooks";

// Dark or light: the system's choice until the user makes one, which is kept in this browser.

type Theme = "dark" | "light";
const KEY = "berth.theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const readers = new Set<() => void>();

function chosen(): Theme | null {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "dark" || kept === "light" ? kept : null;
  } catch {
    return null;
  }
}

export function theme(): Theme {
  return chosen() ?? (system.matches ? "dark" : "light");
}

function apply() {
  document.documentElement.dataset.theme = theme();
  for (const reader of readers) reader();
}

export function startTheme() {
  system.addEventListener("change", apply);
  apply();
}

export function toggleTheme() {
  const next: Theme = theme() === "dark" ? "light" : "dark";
  try {
    // Back at the system's own choice nothing needs keeping.
    if (next === (system.matches ? "dark" : "light")) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    document.documentElement.dataset.theme = next;
    return;
  }
  apply();
}

export function useTheme(): Theme {
  const [now, set] = useState(theme);
  useEffect(() => {
    const reader = () => set(theme());
    readers.add(reader);
    return () => void readers.delete(reader);
  }, []);
  return now;
}

/** A colour of style.css as it is in the present theme. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export const SERIES_COLOURS = 10;
export const seriesColour = (index: number) => `--s${index % SERIES_COLOURS}`;
