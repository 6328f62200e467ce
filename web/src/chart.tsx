import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { Mark } from "./api";
import { clock } from "./format";
import { colour, useTheme } from "./theme";

export interface Line {
  key: string;
  label: string;
  colour: string; // a custom property of style.css
  points: (number | null)[];
  href?: string;
  now?: number | null; // what the state says; else the last point
}

interface Props {
  name: string; // data-chart
  label: string;
  times: number[];
  lines: Line[];
  marks: Mark[];
  format: (value: number | null | undefined) => string;
  height: number;
  range: number; // seconds
  logarithmic?: boolean;
  compact?: boolean;
  empty?: string; // what to say where there is no line to draw
}

/** Seconds without a request are bridged up to this long, so that a rare caller still draws a line. */
const BRIDGED_SECONDS = 6;
const LABEL_ROWS = 2;
const LABEL_HEIGHT = 14;
const TOGETHER_PIXELS = 8; // the services of one deploy

/** "orders v3", "orders ↩ v2", and for several at once "orders v3 +7". */
function markLabel(marks: Mark[], withName: boolean): string {
  const first = marks[0]!;
  const text = `${withName ? `${first.service} ` : ""}${first.kind === "rollback" ? "↩ " : ""}v${first.version}`;
  return marks.length > 1 ? `${text} +${marks.length - 1}` : text;
}

/** Deploys as dashed lines with labels at the top, in as many rows as they need, at most LABEL_ROWS. */
function drawMarks(u: uPlot, marks: Mark[], withName: boolean) {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  ctx.lineWidth = ratio;
  const ends: number[] = Array(LABEL_ROWS).fill(-Infinity);
  const together: { x: number; marks: Mark[] }[] = [];
  for (const mark of [...marks].sort((a, b) => a.time - b.time)) {
    const x = Math.round(u.valToPos(mark.time / 1000, "x", true));
    if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) continue;
    const last = together.at(-1);
    if (last && x - last.x < TOGETHER_PIXELS * ratio && last.marks[0]!.kind === mark.kind) last.marks.push(mark);
    else together.push({ x, marks: [mark] });
  }
  for (const { x, marks: here } of together) {
    const mark = here[0]!;
    ctx.strokeStyle = ctx.fillStyle = colour(mark.kind === "rollback" ? "--warn" : "--mark");
    ctx.setLineDash([4 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, u.bbox.top - 3 * ratio);
    ctx.lineTo(x, u.bbox.top + u.bbox.height);
    ctx.stroke();
    const text = markLabel(here, withName);
    const width = ctx.measureText(text).width;
    const left = Math.max(0, Math.min(x - 2 * ratio, u.bbox.left + u.bbox.width - width));
    const row = ends.findIndex((end) => end + 6 * ratio < left);
    if (row < 0) continue;
    ends[row] = left + width;
    ctx.fillText(text, left, u.bbox.top - (6 + row * LABEL_HEIGHT) * ratio);
  }
  ctx.restore();
}

export function Chart(props: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const marks = useRef(props.marks);
  const lines = useRef(props.lines);
  const [at, setAt] = useState<number | null>(null);
  const [lit, setLit] = useState<string | null>(null);
  const theme = useTheme();
  marks.current = props.marks;
  lines.current = props.lines;
  const keys = props.lines.map((line) => line.key).join("\n");

  useEffect(() => {
    const element = place.current!;
    const options = plotOptions(props, lines.current, () => marks.current, setAt, element.clientWidth);
    const made = new uPlot(options, [props.times, ...lines.current.map((line) => line.points)] as uPlot.AlignedData, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: props.height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [keys, theme, props.logarithmic, props.height]);

  useEffect(() => {
    const u = plot.current;
    if (!u || u.series.length !== props.lines.length + 1) return;
    u.setData([props.times, ...props.lines.map((line) => line.points)] as uPlot.AlignedData, false);
    const end = props.times.at(-1) ?? Date.now() / 1000;
    u.setScale("x", { min: end - props.range, max: end });
  }, [props.times, props.lines, props.range, theme, props.logarithmic, keys]);

  useEffect(() => {
    plot.current?.series.forEach((series, i) => {
      if (i) series.alpha = lit === null || props.lines[i - 1]?.key === lit ? 1 : 0.15;
    });
    plot.current?.redraw(false);
  }, [lit, keys, theme]);

  const last = (line: Line) => (line.now !== undefined ? line.now : lastKnown(line.points));
  return (
    <figure class={`chart ${props.compact ? "compact" : ""}`} data-chart={props.name} data-points={props.times.length} data-end={props.times.at(-1)}>
      <div class="plot-box">
        <div class="plot" ref={place} role="img" aria-label={`${props.label}; the values are in the table that follows`} />
        {props.empty && <p class="nothing">{props.empty}</p>}
      </div>
      <div class="legend-box" style={{ maxHeight: props.compact ? "none" : `${props.height}px` }}>
      <table class="legend">
        <caption>
            <span class="visually-hidden">{props.label}, </span>
            {at === null ? "now" : clock((props.times[at] ?? 0) * 1000)}
          </caption>
        <tbody>
          {props.lines.map((line) => {
            const value = at === null ? last(line) : (line.points[at] ?? null);
            return (
              <tr
                key={line.key}
                data-series={line.key}
                data-last={lastKnown(line.points) ?? ""}
                data-points={line.points.filter((p) => p != null).length}
                onMouseEnter={() => setLit(line.key)}
                onMouseLeave={() => setLit(null)}
              >
                <th scope="row">
                  <span class="swatch" style={{ background: `var(${line.colour})` }} aria-hidden="true" />
                  {line.href ? <a href={line.href}>{line.label}</a> : line.label}
                </th>
                <td>{props.format(value)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      </div>
      {props.marks.length > 0 && (
        <ul class="visually-hidden" aria-label="Deploys in the chart">
          {props.marks.map((mark) => (
            <li key={`${mark.time}${mark.service}`} data-mark={mark.kind} data-service={mark.service} data-version={mark.version}>
              {clock(mark.time)} {mark.service} {mark.kind === "rollback" ? "returned to" : "deployed"} version {mark.version}
            </li>
          ))}
        </ul>
      )}
    </figure>
  );
}

function lastKnown(points: (number | null)[]): number | null {
  for (let i = points.length - 1; i >= 0 && i > points.length - 1 - BRIDGED_SECONDS * 2; i--) if (points[i] != null) return points[i]!;
  return null;
}

function plotOptions(props: Props, lines: Line[], marks: () => Mark[], setAt: (index: number | null) => void, width: number): uPlot.Options {
  const grid = { stroke: colour("--grid"), width: 1 };
  const axis = { stroke: colour("--muted"), grid, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  const bridged: uPlot.Series.GapsRefiner = (u, _series, _from, _to, gaps) => {
    const pixels = (BRIDGED_SECONDS / props.range) * u.bbox.width;
    return gaps.filter(([begin, end]) => end - begin > pixels);
  };
  return {
    width,
    height: props.height,
    padding: [props.compact ? 20 : 8 + LABEL_ROWS * LABEL_HEIGHT, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 5 }, drag: { x: false, y: false } },
    scales: {
      x: { time: true },
      y: props.logarithmic
        ? { distr: 3, log: 10, range: (_u, min, max) => logRange(min, max) }
        : { range: (_u, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 26, space: width < 500 ? 48 : 70, values: (_u, splits) => splits.map((time) => clock(time * 1000, splits.length > 1 && splits[1]! - splits[0]! < 60)) },
      { ...axis, size: 58, ...(props.logarithmic ? { splits: (_u: uPlot, _axis: number, min: number, max: number) => logSplits(min, max), filter: (_u: uPlot, splits: number[]) => splits } : {}), values: (_u, splits) => splits.map((value) => (value == null ? "" : props.format(value))) },
    ],
    series: [
      {},
      ...lines.map((line) => ({ label: line.label, stroke: colour(line.colour), width: 1.5, points: { show: false }, gaps: bridged })),
    ],
    hooks: {
      draw: [(u) => drawMarks(u, marks(), !props.compact)],
      setCursor: [(u) => setAt(u.cursor.idx ?? null)],
    },
  };
}

/** 1, 2 and 5 of each decade, or fewer where there are more decades. */
export function logSplits(min: number, max: number): number[] {
  const steps = max / min > 3000 ? [1] : max / min > 30 ? [1, 3] : [1, 2, 5];
  const splits: number[] = [];
  for (let decade = Math.floor(Math.log10(min)); decade <= Math.log10(max); decade++)
    for (const step of steps) splits.push(step * 10 ** decade);
  return splits.filter((value) => value >= min && value <= max);
}

/** A little more than the values on both sides, and at least one decade. */
function logRange(min: number, max: number): [number, number] {
  if (!(min > 0) || !(max > 0)) return [0.001, 1];
  const low = min / 1.4;
  return [low, Math.max(max * 1.4, low * 10)];
}
