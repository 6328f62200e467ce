import { type Mark, reasonOf, Refusal } from "./api";
import { onPoint } from "./live";
import { stepOf } from "./dashboard_model";

// The points of all charts on a page: one request for the whole window, then one a second (or a step) for what is new. Queries that
// several panels share are asked once. Points stand in arrays that move to the left; nothing is made anew each second.

export interface Query {
  expr: string;
  offset: number; // milliseconds
}

export interface Line {
  labels: Record<string, string>;
  points: Float64Array; // NaN where nothing is known; as long as the frame
}

export interface Answered {
  lines: Map<string, Line>;
  error?: string;
  leftOut: number;
}

export interface Frame {
  from: number; // milliseconds, of the first point
  step: number;
  count: number;
}

export interface TimeWindow {
  from?: number; // milliseconds; without: the last `range` seconds, live
  to?: number;
  range: number;
}

interface Answer extends Frame {
  until: number;
  marks: Mark[];
  answers: { series?: { labels: Record<string, string>; points: (number | null)[] }[]; error?: string; left_out?: number }[];
}

export const keyOf = (query: Query) => `${query.offset} ${query.expr}`;

async function ask(queries: Query[], from: number, to: number, step: number, signal: AbortSignal): Promise<Answer> {
  const response = await fetch("/v1/charts", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ from, to, step, queries }),
    signal,
  });
  if (response.ok) return (await response.json()) as Answer;
  const problem = (await response.json().catch(() => ({}))) as { detail?: string };
  throw new Refusal(response.status, problem.detail ?? `Berth answered ${response.status}`);
}

/** `points` put at the end of `into`, `by` places after what it had. */
function pushed(into: Float64Array, points: (number | null)[] | null, by: number) {
  if (by >= into.length) into.fill(NaN);
  else {
    into.copyWithin(0, by);
    into.fill(NaN, into.length - by);
  }
  if (!points) return;
  const begin = into.length - points.length;
  for (let i = Math.max(0, -begin); i < points.length; i++) into[begin + i] = points[i] ?? NaN;
}

export class ChartFeed {
  frame: Frame = { from: 0, step: 1000, count: 0 };
  marks: Mark[] = [];
  failed: string | null = null; // why the last request was not answered
  read = false; // the window has come
  requests = 0;
  version = 0; // another one after each change
  private answered = new Map<string, Answered>();
  private readers = new Set<() => void>();
  private queries: Query[] = [];
  private window: TimeWindow = { range: 900 };
  private asking: AbortController | null = null;
  private stopPoints: (() => void) | null = null;
  private again = 0;

  onChange(reader: () => void): () => void {
    this.readers.add(reader);
    return () => void this.readers.delete(reader);
  }
  get(query: Query): Answered | undefined {
    return this.answered.get(keyOf(query));
  }
  get isLive(): boolean {
    return this.window.from === undefined;
  }
  /** What is drawn, in milliseconds. */
  shown(): { from: number; to: number } {
    if (!this.isLive) return { from: this.window.from!, to: this.window.to! };
    const to = this.frame.count ? this.frame.from + (this.frame.count - 1) * this.frame.step : Date.now();
    return { from: to - this.window.range * 1000, to };
  }

  /** Shows these from now on. What is known of the same window stays until the answer is there. */
  show(queries: Query[], shown: TimeWindow) {
    const unique = new Map(queries.map((query) => [keyOf(query), query]));
    this.queries = [...unique.values()];
    this.window = shown;
    this.stopPoints?.();
    this.stopPoints = this.isLive ? onPoint((point) => this.next(point.time + 1000)) : null;
    // A hand that moves through time asks when it rests.
    window.clearTimeout(this.again);
    this.asking?.abort();
    this.again = window.setTimeout(() => void this.readAll(), this.read ? 80 : 0);
    this.tell();
  }
  stop() {
    this.stopPoints?.();
    this.asking?.abort();
    window.clearTimeout(this.again);
    this.readers.clear();
  }

  private tell() {
    this.version++;
    for (const reader of this.readers) reader();
  }
  private get step(): number {
    const length = this.isLive ? this.window.range : (this.window.to! - this.window.from!) / 1000;
    return stepOf(length) * 1000;
  }

  private async readAll() {
    this.asking?.abort();
    window.clearTimeout(this.again);
    const step = this.step;
    const to = this.isLive ? Date.now() + 60_000 : this.window.to! + step; // the server knows what the present is
    const from = this.isLive ? Date.now() - this.window.range * 1000 : this.window.from! - step;
    await this.request(from, to, step, (answer) => {
      this.read = true;
      this.frame = { from: answer.from, step, count: answer.count };
      this.answered = new Map();
      this.marks = answer.marks;
      this.queries.forEach((query, i) => this.answered.set(keyOf(query), this.fresh(answer.answers[i]!, answer.count)));
    });
    if (this.failed) this.again = window.setTimeout(() => void this.readAll(), 3000);
  }
  private fresh(given: Answer["answers"][number], count: number): Answered {
    const lines = new Map<string, Line>();
    for (const { labels, points } of given.series ?? []) {
      const line = new Float64Array(count);
      for (let i = 0; i < count; i++) line[i] = points[i] ?? NaN;
      lines.set(JSON.stringify(labels), { labels, points: line });
    }
    return { lines, error: given.error, leftOut: given.left_out ?? 0 };
  }

  /** The second before `until` is counted. */
  private next(until: number) {
    if (this.asking || !this.read) return;
    const last = this.frame.from + (this.frame.count - 1) * this.frame.step;
    const missing = Math.floor((until - last) / this.frame.step);
    if (missing < 1 && this.frame.count) return;
    if (!this.frame.count || missing > this.frame.count / 2) return void this.readAll();
    void this.request(last + this.frame.step, until, this.frame.step, (answer) => this.append(answer));
  }
  private append(answer: Answer) {
    const by = answer.count;
    if (!by) return;
    const count = this.frame.count;
    this.queries.forEach((query, i) => {
      const given = answer.answers[i]!;
      const known = this.answered.get(keyOf(query))!;
      known.error = given.error;
      known.leftOut = given.left_out ?? 0;
      const now = new Map((given.series ?? []).map((series) => [JSON.stringify(series.labels), series]));
      for (const [key, line] of known.lines) {
        pushed(line.points, now.get(key)?.points ?? null, by);
        if (!now.delete(key) && line.points.every(Number.isNaN)) known.lines.delete(key);
      }
      for (const [key, { labels, points }] of now) {
        const line = { labels, points: new Float64Array(count).fill(NaN) };
        pushed(line.points, points, by);
        known.lines.set(key, line);
      }
    });
    const last = answer.from + (by - 1) * this.frame.step;
    this.frame = { ...this.frame, from: last - (count - 1) * this.frame.step };
    this.marks = [...this.marks.filter((mark) => mark.time >= this.frame.from && !answer.marks.some((m) => m.time === mark.time && m.service === mark.service && m.text === mark.text)), ...answer.marks];
  }

  private async request(from: number, to: number, step: number, take: (answer: Answer) => void) {
    const control = new AbortController();
    this.asking = control;
    this.requests++;
    try {
      const answer = await ask(this.queries, Math.max(0, Math.round(from)), Math.round(to), step, control.signal);
      if (control.signal.aborted) return;
      this.failed = null;
      take(answer);
    } catch (error) {
      if (control.signal.aborted) return;
      this.failed = reasonOf(error);
    } finally {
      if (this.asking === control) this.asking = null;
    }
    this.tell();
  }
}
