import { useEffect, useRef, useState } from "preact/hooks";
import type { Mark } from "./api";
import { clock } from "./format";
import { coloursNow } from "./painter";
import { type Area, areaOf, draw, type Plot, timeAt } from "./plot";
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

const BRIDGED_SECONDS = 6; // what the legend calls the newest may be that old

export function Chart(props: Props) {
  const place = useRef<HTMLCanvasElement>(null);
  const area = useRef<Area | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const [lit, setLit] = useState<string | null>(null);
  const theme = useTheme();
  const paint = useRef(() => {});
  paint.current = () => {
    const canvas = place.current!;
    const width = canvas.parentElement!.clientWidth;
    const ctx = fitted(canvas, width, props.height);
    if (ctx) area.current = draw(ctx, plotOf(props, at, lit), width, props.height, coloursNow()).area;
  };
  useEffect(() => paint.current(), [props.times, props.lines, props.marks, props.range, props.height, props.logarithmic, theme, at, lit]);
  useEffect(() => {
    const observer = new ResizeObserver(() => paint.current());
    observer.observe(place.current!.parentElement!);
    return () => observer.disconnect();
  }, []);
  const read = (event: PointerEvent) => {
    const { from, to } = shown(props);
    const time = timeAt(area.current ?? areaOf(300, props.height, true), { from, to }, event.offsetX);
    const first = (props.times[0] ?? 0) * 1000;
    const index = Math.round((time - first) / stepOf(props.times));
    setAt(index >= 0 && index < props.times.length ? index : null);
  };

  const last = (line: Line) => (line.now !== undefined ? line.now : lastKnown(line.points));
  return (
    <figure class={`chart ${props.compact ? "compact" : ""}`} data-chart={props.name} data-points={props.times.length} data-end={props.times.at(-1)}>
      <div class="plot-box">
        <div class="plot" role="img" aria-label={`${props.label}; the values are in the table that follows`} style={{ height: `${props.height}px` }} onPointerMove={read} onPointerLeave={() => setAt(null)}>
          <canvas ref={place} />
        </div>
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
        <ul class="visually-hidden" aria-label="Deploys and alerts in the chart">
          {props.marks.map((mark) => (
            <li key={`${mark.time}${mark.service}${mark.kind}${mark.text ?? ""}`} data-mark={mark.kind} data-service={mark.service} data-version={mark.version}>
              {clock(mark.time)} {mark.kind === "alert" ? `alert: ${mark.text}` : `${mark.service} ${mark.kind === "rollback" ? "returned to" : "deployed"} version ${mark.version}`}
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

const stepOf = (times: number[]) => (times.length > 1 ? (times[1]! - times[0]!) * 1000 : 1000);

function shown(props: Props): { from: number; to: number } {
  const to = (props.times.at(-1) ?? Date.now() / 1000) * 1000;
  return { from: to - props.range * 1000, to };
}

function plotOf(props: Props, at: number | null, lit: string | null): Plot {
  return {
    kind: "lines",
    frame: { from: (props.times[0] ?? 0) * 1000, step: stepOf(props.times), count: props.times.length },
    ...shown(props),
    lines: props.lines.map((line) => ({
      points: Float64Array.from(line.points, (point) => point ?? NaN),
      colour: colour(line.colour),
      alpha: lit === null || lit === line.key ? 1 : 0.15,
    })),
    logarithmic: props.logarithmic ?? false,
    binary: false,
    format: props.format,
    marks: props.marks,
    cursor: at === null ? null : props.times[at]! * 1000,
    selected: null,
  };
}

/** The canvas' context with the size that it is shown at; nothing where it is not shown. */
function fitted(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = devicePixelRatio;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (!w || !h) return null;
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const ctx = canvas.getContext("2d");
  ctx?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return ctx;
}
