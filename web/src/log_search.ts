// What the log explorer asks for and how it stands in the address; no DOM, so that it is tested alone.

export type LogLevel = "error" | "warn" | "info" | "debug";
export const LEVELS: LogLevel[] = ["error", "warn", "info", "debug"];

export interface FoundLine {
  id: string;
  time: number;
  host: string;
  service: string;
  instance: string;
  level: LogLevel;
  text: string;
  fields: Record<string, string>;
}

export interface SearchAnswer {
  lines: FoundLine[];
  more: string | null;
  complete: boolean;
  next: number;
  blocks: number;
  blocks_read: number;
}

export interface HistogramAnswer {
  from: number;
  step: number;
  counts: Record<LogLevel, number[]>;
  lines: number;
  complete: boolean;
  counted_from: number;
}

/** What is looked for: the last so many seconds, or a time from and to (milliseconds, `to` not included). */
export interface Wanted {
  q: string;
  last: number;
  from?: number;
  to?: number;
}

export const LAST_DEFAULT = 3600;
export const LASTS: [string, number][] = [
  ["15 min", 900],
  ["1 h", 3600],
  ["6 h", 21600],
  ["24 h", 86400],
  ["7 d", 604800],
];

/** Reads what stands behind #/logs. */
export function wantedOf(search: string): Wanted {
  const given = new URLSearchParams(search);
  const number = (name: string) => {
    const text = given.get(name);
    const value = text === null || text === "" ? NaN : Number(text);
    return Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined;
  };
  const from = number("from");
  const to = number("to");
  const wanted: Wanted = { q: given.get("q") ?? "", last: number("last") || LAST_DEFAULT };
  return from !== undefined && to !== undefined && to > from ? { ...wanted, from, to } : wanted;
}

export function logsLink(wanted: Partial<Wanted>): string {
  const parts = new URLSearchParams();
  if (wanted.q) parts.set("q", wanted.q);
  if (wanted.from !== undefined && wanted.to !== undefined) {
    parts.set("from", String(Math.floor(wanted.from)));
    parts.set("to", String(Math.ceil(wanted.to)));
  } else if (wanted.last && wanted.last !== LAST_DEFAULT) parts.set("last", String(wanted.last));
  const text = parts.toString();
  return text ? `#/logs?${text}` : "#/logs";
}

export function timesOf(wanted: Wanted, now: number): { from: number; to: number } {
  if (wanted.from !== undefined && wanted.to !== undefined) return { from: wanted.from, to: wanted.to };
  return { from: now - wanted.last * 1000, to: now + 60_000 }; // clocks of hosts may go ahead
}

/** A value as it stands in a query: in quotes where it is no plain word. */
export function quoted(value: string): string {
  return /^[\w.@][\w.@-]*$/.test(value) && !/^(AND|OR|NOT)$/.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`;
}

/** The query with one more condition, without its opposite. */
export function narrowed(query: string, term: string): string {
  const opposite = term.startsWith("-") ? term.slice(1) : `-${term}`;
  const held = ` ${query} `.split(` ${opposite} `).join(" ").trim();
  if (` ${held} `.includes(` ${term} `)) return held;
  // Side by side binds closer than OR.
  const whole = /(^|\s)OR(\s|$)/.test(held) ? `(${held})` : held;
  return whole ? `${whole} ${term}` : term;
}

/** The service that a query asks for by name, if it is one. */
export function serviceOf(query: string): string | null {
  const found = /(^|[\s(])(service|instance)[:=]"?([^\s"()*/]+)/.exec(query);
  return found ? found[3]! : null;
}

/** What a text says as JSON or logfmt, for showing; the server reads it for itself. */
export function fieldsOfText(text: string): [string, string][] {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) {
    try {
      const out: [string, string][] = [];
      const walk = (value: unknown, name: string) => {
        if (value !== null && typeof value === "object" && !Array.isArray(value))
          for (const [key, inner] of Object.entries(value)) walk(inner, name ? `${name}.${key}` : key);
        else out.push([name, typeof value === "string" ? value : JSON.stringify(value)]);
      };
      walk(JSON.parse(trimmed), "");
      return out;
    } catch {
      return [];
    }
  }
  return [...text.matchAll(/(?:^|\s)([A-Za-z_][\w.-]*)=("(?:[^"\\]|\\.)*"|[^\s"]+)/g)].map((pair) => {
    const value = pair[2]!;
    return [pair[1]!, value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value];
  });
}

/** A query in three parts: before, at and behind the character at which it is wrong. */
export function faultParts(query: string, at: number): [string, string, string] {
  const characters = [...query];
  if (at >= characters.length) return [query, "␣", ""];
  const rest = characters.slice(at).join("");
  const end = at === 0 || !/\s/.test(characters[at]!) ? (rest.search(/\s/) < 0 ? rest.length : Math.max(1, rest.search(/\s/))) : 1;
  return [characters.slice(0, at).join(""), rest.slice(0, end), rest.slice(end)];
}

/** The requests that were under way when a line was written: a request's line stands at its end. */
export function underWay(requests: FoundLine[], time: number): FoundLine[] {
  return requests.filter((r) => r.fields.kind === "request" && r.time >= time && r.time - Number(r.fields.seconds) * 1000 <= time + 1);
}

/** The largest value of a chart's lines: its time in seconds, or null. */
export function peakOf(times: number[], lines: (number | null)[][]): number | null {
  let best: number | null = null;
  let most = 0;
  times.forEach((time, i) => {
    for (const line of lines) {
      const value = line[i];
      if (value != null && value > most) [most, best] = [value, time];
    }
  });
  return best;
}
