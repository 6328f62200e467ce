import type { PanelView } from "./panel_view";
import type { Colours } from "./plot";
import { colour, SERIES_COLOURS, seriesColour } from "./theme";

// Paints what changed, as much as fits into each frame of the screen: fifty panels that change at once are done within a few frames, and
// none of them is late. What cannot be seen waits until it can.

const FRAME_BUDGET_MS = 5;
const FRAMES_KEPT = 100;
const FRAME_PANELS = 3; // what was drawn is turned into pixels later in the frame, which is not in the budget

export class Painter {
  private dirty = new Set<PanelView>();
  private seen = new Set<PanelView>();
  private asked = 0;
  private colours: Colours | null = null;
  private times: number[] = []; // milliseconds, of the last FRAMES_KEPT frames that painted something

  /** Colours are asked for once a theme. */
  themeChanged() {
    this.colours = null;
  }
  setSeen(view: PanelView, seen: boolean) {
    if (seen) this.seen.add(view);
    else this.seen.delete(view);
    if (seen && this.dirty.has(view)) this.ask();
  }
  forget(view: PanelView) {
    this.dirty.delete(view);
    this.seen.delete(view);
  }
  mark(view: PanelView) {
    this.dirty.add(view);
    if (this.seen.has(view)) this.ask();
  }
  stop() {
    cancelAnimationFrame(this.asked);
    this.dirty.clear();
  }

  /** Milliseconds that painting took of the slowest of these frames. */
  spent() {
    return Math.max(0, ...this.times);
  }

  private ask() {
    if (!this.asked) this.asked = requestAnimationFrame(() => this.paint());
  }
  private paint() {
    this.asked = 0;
    const begun = performance.now();
    this.colours ??= coloursNow();
    let painted = 0;
    for (const view of this.dirty) {
      if (!this.seen.has(view)) continue;
      this.dirty.delete(view);
      view.paint(this.colours);
      if (++painted === FRAME_PANELS || performance.now() - begun > FRAME_BUDGET_MS) break;
    }
    this.times.push(performance.now() - begun);
    if (this.times.length > FRAMES_KEPT) this.times.shift();
    for (const view of this.dirty) if (this.seen.has(view)) return this.ask();
  }
}

export function coloursNow(): Colours {
  return {
    text: colour("--text"), muted: colour("--muted"), grid: colour("--grid"), mark: colour("--mark"), warn: colour("--warn"), bad: colour("--bad"),
    panel: colour("--panel"), heat: colour("--accent"), series: Array.from({ length: SERIES_COLOURS }, (_, i) => colour(seriesColour(i))),
  };
}
