import type { Mark } from "./api";
import type { Frame } from "./chart_feed";
import { clock } from "./format";
import { type Format, ticks, timeTicks } from "./units";

// Draws charts on a canvas: lines, stacked areas, heat maps; axes, thresholds, deploys, the cursor. No state but what it is given; a
// panel of four lines with 900 points takes well under a millisecond.

export interface Drawn {
  points: Float64Array;
  colour: string;
  faint?: boolean; // of another time, for comparison
  alpha?: number;
}

export interface Colours {
  text: string;
  muted: string;
  grid: string;
  mark: string;
  warn: string;
  bad: string;
  panel: string;
  heat: string;
  series: string[];
}

export interface Plot {
  kind: "lines" | "stacked" | "heatmap";
  frame: Frame;
  from: number; // milliseconds shown
  to: number;
  lines: Drawn[];
  bounds?: number[]; // of a heat map's buckets, ascending; lines are what fell into each
  logarithmic: boolean;
  binary: boolean;
  format: Format;
  warn?: number;
  bad?: number;
  marks: Mark[];
  cursor: number | null; // milliseconds
  selected: [number, number] | null; // while a part is chosen
}

export interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Scale {
  least: number;
  most: number;
  logarithmic: boolean;
}

const AXIS_HEIGHT = 18;
const MARKS_HEIGHT = 14;
const FONT = "10.5px system-ui, sans-serif";
const FAINTEST = 0.002; // of the fullest cell; what is less is not seen
const TOGETHER_PIXELS = 8; // the services of one deploy
const BRIDGED_MS = 6000; // a gap up to this long is drawn through

/** Where the points stand between axes. */
export function areaOf(width: number, height: number, withMarks: boolean): Area {
  const top = withMarks ? MARKS_HEIGHT + 2 : 6;
  const left = width < 260 ? 44 : 54;
  return { left, top, width: Math.max(10, width - left - 8), height: Math.max(10, height - top - AXIS_HEIGHT) };
}

/** First and last index of the frame that is within what is shown, with one more on both sides. */
function within(plot: Plot): [number, number] {
  const { from, step, count } = plot.frame;
  const first = Math.max(0, Math.floor((plot.from - from) / step));
  const last = Math.min(count - 1, Math.ceil((plot.to - from) / step));
  return [first, last];
}

/** Sums below one another: the first line stands on the ground. */
export function stacked(lines: Drawn[], first: number, last: number): Float64Array[] {
  const below = new Float64Array(Math.max(0, last - first + 1));
  return lines.map((line) => {
    for (let i = first; i <= last; i++) {
      const value = line.points[i]!;
      if (value === value) below[i - first]! += value;
    }
    return below.slice();
  });
}

export function scaleOf(plot: Plot, sums: Float64Array[] | null): Scale {
  const [first, last] = within(plot);
  let least = Infinity;
  let most = -Infinity;
  const note = (value: number) => {
    if (!Number.isFinite(value) || (plot.logarithmic && value <= 0)) return;
    if (value < least) least = value;
    if (value > most) most = value;
  };
  sums?.forEach((sum) => sum.forEach(note));
  for (const line of plot.lines) if (!sums || line.faint) for (let i = first; i <= last; i++) note(line.points[i]!);
  if (plot.logarithmic) {
    if (most < least) return { least: 0.001, most: 1, logarithmic: true };
    const low = least / 1.4;
    return { least: low, most: Math.max(most * 1.4, low * 10), logarithmic: true };
  }
  if (most < least) return { least: 0, most: 1, logarithmic: false };
  // A threshold that is near is shown too.
  for (const limit of [plot.warn, plot.bad]) if (limit !== undefined && limit > most && limit < most * 2) most = limit;
  if (most <= 0 && least >= 0) return { least: 0, most: 1, logarithmic: false };
  return { least: least < 0 ? least * 1.08 : 0, most: most > 0 ? most * 1.08 : 0, logarithmic: false };
}

export function yOf(area: Area, scale: Scale, value: number): number {
  const part = scale.logarithmic
    ? (Math.log(value) - Math.log(scale.least)) / (Math.log(scale.most) - Math.log(scale.least))
    : (value - scale.least) / (scale.most - scale.least);
  return area.top + area.height * (1 - part);
}

export function xOf(area: Area, plot: Pick<Plot, "from" | "to">, time: number): number {
  return area.left + (area.width * (time - plot.from)) / (plot.to - plot.from);
}

export function timeAt(area: Area, plot: Pick<Plot, "from" | "to">, x: number): number {
  return plot.from + ((plot.to - plot.from) * (x - area.left)) / area.width;
}

function logTicks(scale: Scale): number[] {
  const ratio = scale.most / scale.least;
  const steps = ratio > 3000 ? [1] : ratio > 30 ? [1, 3] : [1, 2, 5];
  const out: number[] = [];
  for (let decade = Math.floor(Math.log10(scale.least)); decade <= Math.log10(scale.most); decade++)
    for (const each of steps) out.push(each * 10 ** decade);
  return out.filter((value) => value >= scale.least && value <= scale.most);
}

export function valueTicks(plot: Plot, scale: Scale, height: number): number[] {
  return scale.logarithmic ? logTicks(scale) : ticks(scale.least, scale.most, Math.max(2, Math.floor(height / 34)), plot.binary);
}

function drawAxes(ctx: CanvasRenderingContext2D, plot: Plot, area: Area, at: number[], y: (value: number) => number, colours: Colours) {
  ctx.font = FONT;
  ctx.lineWidth = 1;
  ctx.strokeStyle = colours.grid;
  ctx.fillStyle = colours.muted;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  ctx.beginPath();
  let lowest = Infinity;
  for (const value of at) {
    const place = Math.round(y(value)) + 0.5;
    ctx.moveTo(area.left, place);
    ctx.lineTo(area.left + area.width, place);
    if (lowest - place < 12) continue; // labels do not touch
    ctx.fillText(plot.format(value), area.left - 6, place);
    lowest = place;
  }
  ctx.stroke();
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  const wide = plot.to - plot.from > 172_800_000;
  const places = timeTicks(plot.from, plot.to, Math.max(2, Math.floor(area.width / 74)));
  const fine = places.length > 1 && places[1]! - places[0]! < 60_000;
  for (const time of places) {
    const x = xOf(area, plot, time);
    if (x < area.left + 12 || x > area.left + area.width - 8) continue;
    const day = new Date(time);
    ctx.fillText(wide ? `${day.getMonth() + 1}-${day.getDate()} ${clock(time, false)}` : clock(time, fine), x, area.top + area.height + 5);
  }
}

function drawThresholds(ctx: CanvasRenderingContext2D, plot: Plot, area: Area, scale: Scale, colours: Colours) {
  for (const [limit, colour] of [[plot.warn, colours.warn], [plot.bad, colours.bad]] as const) {
    if (limit === undefined || limit < scale.least || limit > scale.most) continue;
    const y = Math.round(yOf(area, scale, limit)) + 0.5;
    ctx.strokeStyle = colour;
    ctx.setLineDash([2, 3]);
    ctx.beginPath();
    ctx.moveTo(area.left, y);
    ctx.lineTo(area.left + area.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
  }
}

const ALERT_TEXT = 28; // characters of it in a chart

/** "orders v3", "orders ↩ v2", "! orders is slow", and for several at once "orders v3 +7". */
function markText(marks: Mark[]): string {
  const first = marks[0]!;
  const more = marks.length > 1 ? ` +${marks.length - 1}` : "";
  if (first.kind !== "alert") return `${first.service} ${first.kind === "rollback" ? "↩ " : ""}v${first.version}${more}`;
  const text = first.text ?? "";
  return `! ${text.length > ALERT_TEXT ? `${text.slice(0, ALERT_TEXT - 1)}…` : text}${more}`;
}

/** Deploys and alerts: dashed, with labels as long as there is room; those of one deploy together. */
function drawMarks(ctx: CanvasRenderingContext2D, plot: Plot, area: Area, colours: Colours) {
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  ctx.font = FONT;
  const together: { x: number; marks: Mark[] }[] = [];
  for (const mark of [...plot.marks].sort((a, b) => a.time - b.time)) {
    const x = Math.round(xOf(area, plot, mark.time)) + 0.5;
    if (x < area.left || x > area.left + area.width) continue;
    const last = together.at(-1);
    if (last && x - last.x < TOGETHER_PIXELS && last.marks[0]!.kind === mark.kind) last.marks.push(mark);
    else together.push({ x, marks: [mark] });
  }
  let free = -Infinity;
  for (const { x, marks } of together) {
    ctx.lineWidth = 1;
    ctx.strokeStyle = ctx.fillStyle = marks[0]!.kind === "alert" ? colours.bad : marks[0]!.kind === "rollback" ? colours.warn : colours.mark;
    ctx.setLineDash([4, 3]);
    ctx.beginPath();
    ctx.moveTo(x, area.top - 2);
    ctx.lineTo(x, area.top + area.height);
    ctx.stroke();
    ctx.setLineDash([]);
    const text = markText(marks);
    const width = ctx.measureText(text).width;
    const left = Math.min(x - 1, area.left + area.width - width);
    if (left < free) continue;
    ctx.fillText(text, left, area.top - 4);
    free = left + width + 6;
  }
}

/** Points of one line that fall into the same two pixels: the least and the greatest stand for all of them, in their order. */
export function thinned(points: Float64Array, first: number, last: number, together: number): number[] {
  const out: number[] = [];
  for (let begin = first; begin <= last; begin += together) {
    let low = -1;
    let high = -1;
    for (let i = begin; i < begin + together && i <= last; i++) {
      const value = points[i]!;
      if (value !== value) continue;
      if (low < 0 || value < points[low]!) low = i;
      if (high < 0 || value > points[high]!) high = i;
    }
    if (low < 0) continue;
    out.push(Math.min(low, high));
    if (low !== high) out.push(Math.max(low, high));
  }
  return out;
}

/** How many points fall into two pixels. */
function crowd(plot: Plot, area: Area): number {
  return Math.max(1, Math.floor((2 * (plot.to - plot.from)) / (plot.frame.step * area.width)));
}

function drawLine(ctx: CanvasRenderingContext2D, plot: Plot, area: Area, scale: Scale, line: Drawn) {
  const [first, last] = within(plot);
  const { from, step } = plot.frame;
  const together = crowd(plot, area);
  const bridged = Math.max(step * (together + 1), BRIDGED_MS);
  ctx.strokeStyle = line.colour;
  ctx.lineWidth = line.faint || together > 1 ? 1 : 1.5;
  ctx.globalAlpha = line.faint ? 0.55 : (line.alpha ?? 1);
  ctx.setLineDash(line.faint ? [4, 3] : []);
  ctx.beginPath();
  let before = -Infinity;
  let alone: [number, number] | null = null; // a point with nothing beside it
  const dots: [number, number][] = [];
  const draw = (i: number) => {
    const value = line.points[i]!;
    if (value !== value || (scale.logarithmic && value <= 0)) return;
    const time = from + i * step;
    const x = xOf(area, plot, time);
    const y = yOf(area, scale, Math.min(Math.max(value, -1e300), 1e300));
    if (time - before > bridged) {
      if (alone) dots.push(alone);
      ctx.moveTo(x, y);
      alone = [x, y];
    } else {
      ctx.lineTo(x, y);
      alone = null;
    }
    before = time;
  };
  if (together > 1) thinned(line.points, first, last, together).forEach(draw);
  else for (let i = first; i <= last; i++) draw(i);
  if (alone) dots.push(alone);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.fillStyle = line.colour;
  for (const [x, y] of dots) ctx.fillRect(x - 1, y - 1, 2, 2);
  ctx.globalAlpha = 1;
}

function drawStack(ctx: CanvasRenderingContext2D, plot: Plot, area: Area, scale: Scale, sums: Float64Array[]) {
  const [first] = within(plot);
  const { from, step } = plot.frame;
  const all = sums.at(-1);
  if (!all?.length) return;
  const together = crowd(plot, area);
  // All layers at the same moments.
  const at = together > 1 ? thinned(all, 0, all.length - 1, together) : Array.from(all.keys());
  const x = at.map((i) => xOf(area, plot, from + (first + i) * step));
  const ground = yOf(area, scale, Math.max(0, scale.least));
  const edges = sums.map((sum) => at.map((i) => yOf(area, scale, sum[i]!)));
  edges.forEach((top, n) => {
    const under = edges[n - 1];
    ctx.beginPath();
    top.forEach((y, k) => ctx.lineTo(x[k]!, y));
    for (let k = at.length - 1; k >= 0; k--) ctx.lineTo(x[k]!, under ? under[k]! : ground);
    ctx.closePath();
    ctx.fillStyle = plot.lines[n]!.colour;
    ctx.globalAlpha = 0.55;
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.strokeStyle = plot.lines[n]!.colour;
    ctx.lineWidth = 1;
    ctx.beginPath();
    top.forEach((y, k) => ctx.lineTo(x[k]!, y));
    ctx.stroke();
  });
}

/** Rows of buckets that anything fell into, with one more above. */
export function filledBuckets(plot: Plot): [number, number] {
  const [first, last] = within(plot);
  let low = Infinity;
  let high = -Infinity;
  plot.lines.forEach((line, bucket) => {
    for (let i = first; i <= last; i++) {
      if (!(line.points[i]! > 0)) continue;
      low = Math.min(low, bucket);
      high = Math.max(high, bucket);
      return;
    }
  });
  return low > high ? [0, 0] : [low, high];
}

/** One pixel for each cell, on a canvas of its own, which is then stretched: thousands of rectangles would be slow. */
let heat: HTMLCanvasElement | null = null;

function drawHeat(ctx: CanvasRenderingContext2D, plot: Plot, area: Area, colours: Colours): (value: number) => number {
  const [low, high] = filledBuckets(plot);
  const [first, last] = within(plot);
  const { from, step } = plot.frame;
  const rows = high - low + 1;
  const height = area.height / rows;
  // Several steps become one column where they are narrower than two pixels.
  const together = Math.max(1, Math.ceil((2 * (plot.to - plot.from)) / (step * area.width)));
  const columns = Math.max(1, Math.ceil((last - first + 1) / together));
  const sums = new Float64Array(columns * rows);
  let most = 0;
  for (let row = 0; row < rows; row++) {
    const points = plot.lines[low + row]?.points;
    if (!points) continue;
    for (let i = first; i <= last; i++) {
      const value = points[i]!;
      if (!(value > 0)) continue;
      const sum = (sums[Math.floor((i - first) / together) * rows + row]! += value);
      if (sum > most) most = sum;
    }
  }
  if (most > 0) {
    heat ??= document.createElement("canvas");
    heat.width = columns;
    heat.height = rows;
    const small = heat.getContext("2d")!;
    const image = small.createImageData(columns, rows);
    const [red, green, blue] = rgb(colours.heat);
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < rows; row++) {
        const part = sums[column * rows + row]! / most;
        if (part < FAINTEST) continue;
        const at = 4 * ((rows - 1 - row) * columns + column);
        image.data.set([red, green, blue, 255 * (0.06 + 0.94 * Math.sqrt(part))], at);
      }
    }
    small.putImageData(image, 0, 0);
    // A point tells of the step before it.
    const left = xOf(area, plot, from + (first - 1) * step);
    const right = xOf(area, plot, from + (first - 1 + columns * together) * step);
    ctx.beginPath();
    ctx.rect(area.left, area.top, area.width, area.height);
    ctx.clip();
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(heat, left, area.top, right - left, area.height);
  }
  // A bound's line is the upper edge of its bucket.
  const bounds = plot.bounds ?? [];
  return (value) => area.top + area.height - (bounds.indexOf(value) - low + 1) * height;
}

/** Of "#1b6a86". */
function rgb(colour: string): [number, number, number] {
  const value = parseInt(colour.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

export interface Shown {
  area: Area;
  scale: Scale;
}

/** Draws all of it; width and height in CSS pixels. */
export function draw(ctx: CanvasRenderingContext2D, plot: Plot, width: number, height: number, colours: Colours): Shown {
  ctx.clearRect(0, 0, width, height);
  const area = areaOf(width, height, plot.marks.length > 0);
  const [first, last] = within(plot);
  const sums = plot.kind === "stacked" ? stacked(plot.lines.filter((line) => !line.faint), first, last) : null;
  const scale = scaleOf(plot, sums);
  if (plot.kind === "heatmap") {
    ctx.save();
    const y = drawHeat(ctx, plot, area, colours);
    ctx.restore();
    const [low, high] = filledBuckets(plot);
    const every = Math.max(1, Math.ceil((high - low + 1) / Math.max(2, area.height / 22)));
    const at = (plot.bounds ?? []).filter((bound, i) => Number.isFinite(bound) && i >= low && i <= high && (i - low) % every === every - 1);
    drawAxes(ctx, plot, area, at, y, { ...colours, grid: "transparent" });
  } else {
    drawAxes(ctx, plot, area, valueTicks(plot, scale, area.height), (value) => yOf(area, scale, value), colours);
    ctx.save();
    ctx.beginPath();
    ctx.rect(area.left, area.top - 1, area.width + 1, area.height + 2);
    ctx.clip();
    drawThresholds(ctx, plot, area, scale, colours);
    if (sums) {
      drawStack(ctx, plot, area, scale, sums);
      for (const line of plot.lines) if (line.faint) drawLine(ctx, plot, area, scale, line);
    } else for (const line of plot.lines) drawLine(ctx, plot, area, scale, line);
    ctx.restore();
  }
  drawMarks(ctx, plot, area, colours);
  if (plot.selected) {
    const [a, b] = plot.selected.map((time) => Math.min(area.left + area.width, Math.max(area.left, xOf(area, plot, time)))) as [number, number];
    ctx.globalAlpha = 0.18;
    ctx.fillStyle = colours.text;
    ctx.fillRect(Math.min(a, b), area.top, Math.abs(b - a), area.height);
    ctx.globalAlpha = 1;
  }
  if (plot.cursor !== null && plot.cursor >= plot.from && plot.cursor <= plot.to) {
    const x = Math.round(xOf(area, plot, plot.cursor)) + 0.5;
    ctx.strokeStyle = colours.muted;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(x, area.top);
    ctx.lineTo(x, area.top + area.height);
    ctx.stroke();
  }
  return { area, scale };
}
