import { useEffect, useRef, useState } from "preact/hooks";
import { type FeedEntry, get, type Mark, type Point, type SeriesAnswer } from "./api";
import { firedMarks } from "./alerts_live";
import { onPoint } from "./live";

// A window of series that moves: history by one request, then what the server pushes. With a step of one second
// each pushed point is a new column; with longer steps the end is asked for when a step is over.

export interface Range {
  label: string;
  seconds: number;
  step: number;
}

export const RANGES: Range[] = [
  { label: "5 min", seconds: 300, step: 1 },
  { label: "15 min", seconds: 900, step: 5 },
  { label: "1 h", seconds: 3600, step: 10 },
  { label: "6 h", seconds: 21600, step: 60 },
  { label: "24 h", seconds: 86400, step: 300 },
];

export interface Window {
  times: number[]; // seconds since 1970, each the beginning of a step
  lines: Map<string, (number | null)[]>; // by "NAME SERVICE"
  marks: Mark[];
  asked?: boolean; // the history has come
  failed?: string; // or why not
}

const EMPTY: Window = { times: [], lines: new Map(), marks: [] };

/** What a chart says instead of lines; nothing if it has some. */
export function nothingOf(window: Window, what: string): string | undefined {
  for (const line of window.lines.values()) if (line.some((point) => point !== null)) return undefined;
  if (window.failed) return `The history cannot be read: ${window.failed}`;
  return window.asked ? what : "Reading the history…";
}

/** The window with `answer` put behind what it has (from the answer's beginning on the answer counts). */
export function joined(window: Window, answer: SeriesAnswer, range: Range): Window {
  const count = Math.max(0, ...answer.series.map((s) => s.points.length));
  const from = answer.from / 1000;
  const kept = window.times.filter((time) => time < from && time >= from + count * range.step - range.seconds);
  const skip = window.times.findIndex((time) => time === kept[0]);
  const times = [...kept, ...Array.from({ length: count }, (_, i) => from + i * answer.step)];
  const lines = new Map<string, (number | null)[]>();
  const added = new Map(answer.series.map((s) => [`${s.name} ${s.labels.service}`, s.points]));
  for (const key of new Set([...window.lines.keys(), ...added.keys()])) {
    const before = kept.length ? (window.lines.get(key)?.slice(skip, skip + kept.length) ?? Array(kept.length).fill(null)) : [];
    const line = [...before, ...(added.get(key) ?? [])];
    while (line.length < times.length) line.push(null);
    lines.set(key, line);
  }
  const first = times[0] ?? 0;
  const marks = [...window.marks.filter((m) => m.time < answer.from && m.time >= first * 1000), ...answer.marks];
  return { times, lines, marks };
}

function pointAsAnswer(point: Point, service: string, names: string[]): SeriesAnswer {
  const series = Object.entries(point.services)
    .filter(([name]) => service === "*" || service === name)
    .flatMap(([name, sample]) => names.map((each) => ({ name: each, labels: { service: name }, points: [sample[each] ?? null] })));
  return { from: point.time, step: 1, series, marks: [] };
}

export function useSeries(service: string, names: string[], range: Range): Window {
  const [window, set] = useState<Window>(EMPTY);
  const newest = useRef(EMPTY);
  const wanted = names.join(",");

  useEffect(() => {
    let gone = false;
    let asking = false;
    const replace = (next: Window) => set((newest.current = next));
    const ask = async (from: number, to: number) => {
      if (asking) return;
      asking = true;
      try {
        const query = `service=${encodeURIComponent(service)}&name=${wanted}&from=${Math.round(from)}&to=${Math.round(to)}&step=${range.step}`;
        const answer = await get<SeriesAnswer>(`/v1/series?${query}`);
        if (!gone) replace({ ...joined(newest.current, answer, range), asked: true });
      } catch (error) {
        // The next point asks again; that the link is gone is told by its banner.
        if (!gone) replace({ ...newest.current, asked: true, failed: (error as Error).message });
      } finally {
        asking = false;
      }
    };
    replace(EMPTY);
    void ask(Date.now() - range.seconds * 1000, Date.now());
    const stop = onPoint((point) => {
      const last = newest.current.times.at(-1);
      const now = point.time + 1000;
      if (last === undefined) return void ask(now - range.seconds * 1000, now);
      const missing = (point.time / 1000 - last) / range.step;
      if (range.step === 1 && missing === 1) {
        replace({ ...joined(newest.current, pointAsAnswer(point, service, wanted.split(",")), range), asked: true });
      } else if (missing >= (range.step === 1 ? 2 : 2 - 1 / range.step)) {
        void ask((last + range.step) * 1000, now);
      }
    });
    return () => {
      gone = true;
      stop();
    };
  }, [service, wanted, range]);
  return window;
}

const SAME_DEPLOY_MS = 5000;

/** The marks of the window and those that the feed has since told of. */
export function marksOf(window: Window, feed: FeedEntry[], service?: string): Mark[] {
  const first = (window.times[0] ?? Infinity) * 1000;
  const told = feed
    .filter((f) => (f.kind === "deploy" || f.kind === "rollback") && f.version !== undefined && f.time >= first)
    .map((f) => ({ time: f.time, kind: f.kind as Mark["kind"], service: f.service, version: f.version! }))
    .filter((f) => !window.marks.some((m) => m.service === f.service && m.version === f.version && Math.abs(m.time - f.time) < SAME_DEPLOY_MS));
  const alerts = firedMarks(first).filter((fired) => !window.marks.some((m) => m.kind === "alert" && m.time === fired.time && m.text === fired.text));
  return [...window.marks, ...told, ...alerts].filter((mark) => !service || mark.service === service).sort((a, b) => a.time - b.time);
}

export function RangePicker(props: { range: Range; onPick: (range: Range) => void }) {
  return (
    <div class="ranges" role="group" aria-label="Range of the chart">
      {RANGES.map((range) => (
        <button key={range.label} class="small" aria-pressed={range === props.range} onClick={() => props.onPick(range)}>
          {range.label}
        </button>
      ))}
    </div>
  );
}
