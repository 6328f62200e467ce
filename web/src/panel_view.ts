import type { ChartFeed, Frame } from "./chart_feed";
import { filledIn, legendText, type Panel } from "./dashboard_model";
import { clock } from "./format";
import { type Area, areaOf, type Colours, draw, type Drawn, type Plot, timeAt } from "./plot";
import { type Format, formatOf } from "./units";

// What a panel shows, written straight into its elements: fifty of them change each second, and no tree is compared for it. The
// component (panel.tsx) makes the elements and owns the view; the painter calls paint().

export interface Elements {
  root: HTMLElement;
  canvas: HTMLCanvasElement | null; // lines, stacked, heatmap, number
  list: HTMLElement; // legend, rows or cells
  note: HTMLElement; // why there is nothing to see
}

export interface Shared {
  feed: ChartFeed;
  values: Record<string, string>;
  compare: number; // seconds
  cursor: number | null;
}

interface Series {
  name: string;
  points: Float64Array;
  colour: number;
}

const LINES_MAX = 60; // drawn; the legend says how many more there are
const MARKS: Record<string, string> = { ok: "✓", warn: "!", bad: "✕", off: "–" };

export function levelOf(value: number, panel: Panel): "ok" | "warn" | "bad" | "off" {
  if (Number.isNaN(value)) return "off";
  const { warn, bad } = panel;
  const below = warn !== undefined && bad !== undefined && bad < warn;
  const over = (limit: number | undefined) => limit !== undefined && (below ? value <= limit : value >= limit);
  return over(bad) ? "bad" : over(warn) ? "warn" : "ok";
}

/** Buckets that count all below their bound become what fell into each. */
export function bucketsOf(series: { le: number; points: Float64Array }[], count: number): { bounds: number[]; points: Float64Array[] } {
  const sorted = [...series].sort((a, b) => a.le - b.le);
  const points = sorted.map(({ points: here }, n) => {
    const under = sorted[n - 1]?.points;
    const out = new Float64Array(count);
    for (let i = 0; i < count; i++) out[i] = Math.max(0, here[i]! - (under ? under[i]! : 0));
    return out;
  });
  return { bounds: sorted.map((each) => each.le), points };
}

export class PanelView {
  selected: [number, number] | null = null;
  area: Area | null = null;
  private colours = new Map<string, number>();
  private rows = new Map<string, HTMLElement>();
  private buckets: ReturnType<typeof bucketsOf> = { bounds: [], points: [] };
  private bucketed = -1; // the feed's version that they are of
  private width = 0;
  private height = 0;
  private format: Format;

  constructor(
    readonly panel: Panel,
    private readonly elements: Elements,
    private readonly shared: Shared,
  ) {
    this.format = formatOf(panel.unit);
    elements.list.textContent = "";
  }

  queries(): { expr: string; offset: number }[] {
    const now = this.panel.queries.map((query) => ({ expr: filledIn(query.expr, this.shared.values), offset: 0 }));
    const drawn = this.panel.kind === "lines" || this.panel.kind === "stacked";
    return this.shared.compare && drawn ? [...now, ...now.map((query) => ({ ...query, offset: this.shared.compare * 1000 }))] : now;
  }

  paint(colours: Colours) {
    const { root, note } = this.elements;
    const { feed } = this.shared;
    const { series, fault, asked } = this.read(0);
    const state = fault ? "failed" : !asked ? (feed.failed ? "failed" : "reading") : series.length ? "ready" : "empty";
    if (root.dataset.state !== state) root.dataset.state = state;
    const text = state === "failed" ? `It cannot be drawn: ${fault ?? feed.failed}` : state === "empty" ? "Nothing was measured in this time." : state === "reading" ? "Reading…" : "";
    if (note.textContent !== text) note.textContent = text;
    root.dataset.from = String(feed.frame.from);
    root.dataset.step = String(feed.frame.step);
    root.dataset.count = String(feed.frame.count);
    const shown = state === "ready" ? series : [];
    const { kind } = this.panel;
    if (kind === "heatmap") this.paintHeat(shown.length > 0, colours);
    else if (kind === "lines" || kind === "stacked") this.paintLines(shown, colours);
    else if (kind === "number") this.paintNumber(shown, colours);
    else this.paintRows(shown);
  }

  /** The series that the panel's queries gave, sorted by name. */
  private read(offset: number): { series: Series[]; fault?: string; asked: boolean } {
    const series: Series[] = [];
    let asked = true;
    for (const query of this.panel.queries) {
      const answered = this.shared.feed.get({ expr: filledIn(query.expr, this.shared.values), offset });
      if (!answered) asked = false;
      if (answered?.error) return { series: [], fault: answered.error, asked: true };
      for (const line of answered?.lines.values() ?? []) {
        if (isEmpty(line.points)) continue;
        const name = legendText(query.legend, line.labels, query.expr);
        let colour = this.colours.get(name);
        if (colour === undefined) this.colours.set(name, (colour = this.colours.size));
        series.push({ name, points: line.points, colour });
      }
    }
    series.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    return { series, asked };
  }

  /** Index of what is told: under the cursor, else the newest. */
  private told(frame: Frame): number {
    const time = this.shared.cursor ?? this.shared.feed.shown().to;
    const index = (time - frame.from) / frame.step;
    return Math.max(0, Math.min(frame.count - 1, this.shared.cursor === null ? Math.floor(index) : Math.round(index)));
  }

  private context(): CanvasRenderingContext2D | null {
    const { canvas } = this.elements;
    const box = canvas?.parentElement;
    if (!canvas || !box) return null;
    const ratio = devicePixelRatio;
    if (!this.width) this.resized();
    const width = Math.round(this.width * ratio);
    const height = Math.round(this.height * ratio);
    if (!width || !height) return null;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const ctx = canvas.getContext("2d");
    ctx?.setTransform(ratio, 0, 0, ratio, 0, 0);
    return ctx;
  }
  /** The box has another size: asked for once, since asking makes the browser compute its layout. */
  resized() {
    const box = this.elements.canvas?.parentElement;
    this.width = box?.clientWidth ?? 0;
    this.height = box?.clientHeight ?? 0;
  }

  private plotOf(kind: Plot["kind"], lines: Drawn[]): Plot {
    const { feed, cursor } = this.shared;
    const { panel } = this;
    return {
      kind, lines, frame: feed.frame, ...feed.shown(), logarithmic: panel.logarithmic && kind === "lines", binary: panel.unit.startsWith("bytes"),
      format: this.format, warn: panel.warn, bad: panel.bad, marks: feed.marks, cursor, selected: this.selected,
    };
  }

  private paintLines(series: Series[], colours: Colours) {
    const drawn: Drawn[] = series.slice(0, LINES_MAX).map(({ points, colour }) => ({ points, colour: colours.series[colour % colours.series.length]! }));
    if (this.shared.compare && series.length) drawn.push(...this.before(series, colours));
    const ctx = this.context();
    if (ctx) this.area = draw(ctx, this.plotOf(this.panel.kind as "lines" | "stacked", drawn), this.width, this.height, colours).area;
    this.legend(series, colours);
  }

  /** The same of another time: each line faintly, of a stack the sum. */
  private before(series: Series[], colours: Colours): Drawn[] {
    const earlier = this.read(this.shared.compare * 1000).series;
    if (this.panel.kind === "lines") {
      return earlier.slice(0, LINES_MAX).map(({ points, colour }) => ({ points, colour: colours.series[colour % colours.series.length]!, faint: true }));
    }
    const sum = new Float64Array(series[0]!.points.length).fill(NaN);
    for (const { points } of earlier) for (let i = 0; i < sum.length; i++) if (points[i]! === points[i]!) sum[i] = (Number.isNaN(sum[i]!) ? 0 : sum[i]!) + points[i]!;
    return [{ points: sum, colour: colours.text, faint: true }];
  }

  private paintHeat(any: boolean, colours: Colours) {
    const { feed } = this.shared;
    const answered = this.shared.feed.get({ expr: filledIn(this.panel.queries[0]?.expr ?? "", this.shared.values), offset: 0 });
    const given = [...(answered?.lines.values() ?? [])].filter((line) => line.labels.le !== undefined);
    if (this.bucketed !== feed.version) this.buckets = bucketsOf(given.map((line) => ({ le: line.labels.le === "+Inf" ? Infinity : Number(line.labels.le), points: line.points })), feed.frame.count);
    this.bucketed = feed.version;
    const { bounds, points } = this.buckets;
    const plot = { ...this.plotOf("heatmap", any ? points.map((each) => ({ points: each, colour: "" })) : []), bounds };
    const ctx = this.context();
    if (ctx) this.area = draw(ctx, plot, this.width, this.height, colours).area;
    const at = this.told(feed.frame);
    let [all, fullest] = [0, -1];
    points.forEach((each, bucket) => {
      const value = each[at];
      if (!(value! > 0)) return;
      all += value!;
      if (fullest < 0 || value! > points[fullest]![at]!) fullest = bucket;
    });
    const below = fullest < 0 ? NaN : bounds[fullest]!;
    const items = any ? [{ key: "most", name: "most are below", value: below }] : [];
    this.keyed(items, (element, item) => {
      element.dataset.series = item.key;
      element.dataset.last = String(item.value);
      element.dataset.sum = String(all);
      write(element, "name", item.name);
      write(element, "value", this.format(item.value));
    });
  }

  private legend(series: Series[], colours: Colours) {
    const { frame } = this.shared.feed;
    const at = this.told(frame);
    const items = series.slice(0, LINES_MAX).map((each) => ({ key: each.name, ...each, value: each.points[at] ?? NaN }));
    this.keyed(items, (element, item, made) => {
      if (made) {
        const swatch = document.createElement("i");
        swatch.className = "swatch";
        element.prepend(swatch);
      }
      (element.firstElementChild as HTMLElement).style.background = colours.series[item.colour % colours.series.length]!;
      element.dataset.series = item.name;
      element.dataset.last = String(item.value);
      write(element, "name", item.name);
      write(element, "value", this.format(item.value));
    });
    this.elements.list.dataset.more = series.length > LINES_MAX ? `and ${series.length - LINES_MAX} more` : "";
  }

  private paintNumber(series: Series[], colours: Colours) {
    const { frame } = this.shared.feed;
    const at = this.told(frame);
    this.keyed(series.slice(0, 6).map((each) => ({ key: each.name, ...each, value: each.points[at] ?? NaN })), (element, item) => {
      element.dataset.series = item.name;
      element.dataset.last = String(item.value);
      element.dataset.level = levelOf(item.value, this.panel);
      write(element, "value", this.format(item.value));
      write(element, "name", item.name);
    });
    const ctx = this.context();
    if (!ctx) return;
    ctx.clearRect(0, 0, this.width, this.height);
    const first = series[0]?.points;
    if (!first) return;
    let most = 0;
    for (const value of first) if (value > most) most = value;
    ctx.beginPath();
    first.forEach((value, i) => value === value && ctx.lineTo((this.width * i) / Math.max(1, first.length - 1), this.height - 2 - (most ? (value / most) * (this.height - 4) : 0)));
    ctx.strokeStyle = colours.series[0]!;
    ctx.lineWidth = 1.5;
    ctx.stroke();
  }

  private paintRows(series: Series[]) {
    const { panel, format } = this;
    const at = this.told(this.shared.feed.frame);
    let items = series.map((each) => ({ key: each.name, name: each.name, points: each.points, value: each.points[at] ?? NaN }));
    if (panel.kind !== "status") {
      const rank = (value: number) => (Number.isNaN(value) ? -Infinity : value);
      items.sort((a, b) => rank(b.value) - rank(a.value));
      items = items.slice(0, panel.limit);
    }
    const most = Math.max(0, ...items.map((item) => item.value).filter((value) => value > 0));
    this.keyed(items, (element, item, made) => {
      element.dataset.series = item.name;
      element.dataset.last = String(item.value);
      const level = levelOf(item.value, panel);
      element.dataset.level = level;
      write(element, "name", item.name);
      write(element, "value", format(item.value));
      if (panel.kind === "top") element.style.setProperty("--part", `${most > 0 && item.value > 0 ? (100 * item.value) / most : 0}%`);
      if (panel.kind === "status") write(element, "mark", MARKS[level]!);
      if (panel.kind === "table") {
        const { least, mean, greatest } = extent(item.points);
        for (const [name, value] of [["least", least], ["mean", mean], ["most", greatest]] as const) write(element, name, format(value));
      }
      if (made && panel.kind === "table") element.setAttribute("role", "row");
    });
  }

  /** One element for each item, in their order; known ones are kept. */
  private keyed<T extends { key: string }>(items: T[], write: (element: HTMLElement, item: T, made: boolean) => void) {
    const { list } = this.elements;
    const wanted = new Set(items.map((item) => item.key));
    for (const [key, element] of this.rows) {
      if (wanted.has(key)) continue;
      element.remove();
      this.rows.delete(key);
    }
    items.forEach((item, i) => {
      let element = this.rows.get(item.key);
      const made = !element;
      if (!element) this.rows.set(item.key, (element = document.createElement(list.tagName === "TBODY" ? "tr" : "li")));
      write(element, item, made);
      if (list.children[i] !== element) list.insertBefore(element, list.children[i] ?? null);
    });
  }

  /** The values at the cursor as a sentence, for who listens. */
  spoken(): string {
    const { feed, cursor } = this.shared;
    if (cursor === null) return "";
    const at = this.told(feed.frame);
    const values = this.read(0).series.slice(0, 8).map((each) => `${each.name} ${this.format(each.points[at])}`);
    return `${clock(feed.frame.from + at * feed.frame.step)}: ${values.join(", ")}`;
  }

  /** The time under a place of the canvas, in milliseconds. */
  timeAt(x: number): number {
    const { feed } = this.shared;
    return timeAt(this.area ?? areaOf(this.width, this.height, feed.marks.length > 0), feed.shown(), x);
  }
}

/** Nothing is known at any moment; looks from the end, where something usually is. */
function isEmpty(points: Float64Array): boolean {
  for (let i = points.length - 1; i >= 0; i--) if (points[i] === points[i]) return false;
  return true;
}

function extent(points: Float64Array): { least: number; mean: number; greatest: number } {
  let [least, greatest, sum, count] = [Infinity, -Infinity, 0, 0];
  for (const value of points) {
    if (value !== value) continue;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
    sum += value;
    count++;
  }
  return count ? { least, mean: sum / count, greatest } : { least: NaN, mean: NaN, greatest: NaN };
}

/** The text of the child of that class, made if it is not there. */
function write(element: HTMLElement, name: string, text: string) {
  let child = element.querySelector<HTMLElement>(`:scope > .${name}`);
  if (!child) {
    child = document.createElement(element.tagName === "TR" ? (name === "name" ? "th" : "td") : "span");
    child.className = name;
    element.append(child);
  }
  if (child.textContent !== text) child.textContent = text;
}
