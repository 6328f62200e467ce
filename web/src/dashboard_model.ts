// A dashboard as the API gives it (docs/formats/dashboards.md), its text, the places of its panels, and what its address holds. Pure.

export type PanelKind = "lines" | "stacked" | "heatmap" | "top" | "number" | "table" | "status";

export interface Place {
  column: number;
  row: number;
  columns: number;
  rows: number;
}

export interface PanelQuery {
  expr: string;
  legend: string;
}

export interface Panel extends Place {
  title: string;
  kind: PanelKind;
  unit: string;
  warn?: number;
  bad?: number;
  logarithmic: boolean;
  limit: number;
  queries: PanelQuery[];
}

export interface Variable {
  name: string;
  label: string;
  value: string;
}

export interface Dashboard {
  title: string;
  range: number; // seconds
  variables: Variable[];
  panels: Panel[];
}

export interface Problem {
  line: number;
  column: number;
  text: string;
}

export interface DashboardAnswer {
  name: string;
  revision: string;
  built_in: boolean;
  toml: string;
  dashboard?: Dashboard;
  problems?: Problem[];
}

export const COLUMNS = 12;
const ROWS_MAX = 1000;

// Text

function text(value: string): string {
  if (/\n/.test(value) && !/'''|'$|[^\S\n ]/.test(value)) return `'''\n${value}'''`;
  const plain = /^[^'\n\r\t\0-\x1f]*$/.test(value) && /["\\]/.test(value);
  if (plain) return `'${value}'`;
  return JSON.stringify(value);
}

const lengths: [number, string][] = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];

/** 90 as "90s", 3600 as "1h". */
export function durationText(seconds: number): string {
  const [unit, letter] = lengths.find(([each]) => seconds % each === 0) ?? [1, "s"];
  return `${seconds / unit}${letter}`;
}

export function durationOf(given: string): number | null {
  const found = /^(\d{1,7})([dhms])$/.exec(given);
  return found ? Number(found[1]) * lengths.find(([, letter]) => letter === found[2])![0] : null;
}

/** The whole file. Comments of one that was written by hand are not in it. */
export function toToml(dashboard: Dashboard): string {
  const lines = [`title = ${text(dashboard.title)}`, `range = "${durationText(dashboard.range)}"`];
  for (const variable of dashboard.variables)
    lines.push("", "[[variable]]", `name = ${text(variable.name)}`, `label = ${text(variable.label)}`, `value = ${text(variable.value)}`);
  for (const panel of dashboard.panels) {
    lines.push("", "[[panel]]", `title = ${text(panel.title)}`, `kind = "${panel.kind}"`);
    if (panel.unit) lines.push(`unit = ${text(panel.unit)}`);
    lines.push(`column = ${panel.column}`, `row = ${panel.row}`, `columns = ${panel.columns}`, `rows = ${panel.rows}`);
    if (panel.warn !== undefined) lines.push(`warn = ${panel.warn}`);
    if (panel.bad !== undefined) lines.push(`bad = ${panel.bad}`);
    if (panel.logarithmic) lines.push("logarithmic = true");
    if (panel.limit !== 10) lines.push(`limit = ${panel.limit}`);
    for (const query of panel.queries) {
      lines.push("[[panel.query]]", `expr = ${text(query.expr)}`);
      if (query.legend) lines.push(`legend = ${text(query.legend)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

// Places

const shareColumns = (a: Place, b: Place) => a.column < b.column + b.columns && b.column < a.column + a.columns;

/** The panels with one of them at another place: it goes there, others make room downwards, and all rise as far as they can. */
export function placed<T extends Place>(panels: T[], index: number, wish: Partial<Place>): T[] {
  const moved = { ...panels[index]!, ...wish };
  moved.columns = Math.max(1, Math.min(COLUMNS, moved.columns));
  moved.column = Math.max(0, Math.min(COLUMNS - moved.columns, moved.column));
  moved.rows = Math.max(1, Math.min(50, moved.rows));
  moved.row = Math.max(0, Math.min(ROWS_MAX, moved.row));
  const all = panels.map((panel, i) => (i === index ? moved : { ...panel }));
  // Downwards it has to get past what it is put on, upwards it goes before.
  const down = moved.row > panels[index]!.row;
  const key = (panel: T) => (panel !== moved ? panel.row : down ? moved.row + 0.5 : moved.row - 0.5);
  const order = [...all].sort((a, b) => key(a) - key(b) || a.column - b.column);
  const done: T[] = [];
  for (const panel of order) {
    panel.row = Math.max(0, ...done.filter((other) => shareColumns(panel, other)).map((other) => other.row + other.rows));
    done.push(panel);
  }
  return all;
}

// Expressions and legends

const exact = (value: string) =>
  value.replace(/[\\^$.|?*+()[\]{}]/g, (c) => (c === "\\" ? "\\\\\\\\" : `\\\\${c}`)).replace(/["']/g, (c) => `\\${c}`).replace(/\n/g, "\\n");

/** `$NAME` and `${NAME}` replaced by what matches the value alone, in a string of PromQL. */
export function filledIn(expr: string, values: Record<string, string>): string {
  return expr.replace(/\$(?:\{([a-z0-9_]+)\}|([a-z0-9_]+))/g, (whole, braced?: string, plain?: string) => {
    const value = values[braced ?? plain ?? ""];
    return value === undefined ? whole : value === "*" ? ".*" : exact(value);
  });
}

export function legendText(legend: string, labels: Record<string, string>, otherwise: string): string {
  if (legend) return legend.replace(/\{\{\s*([^}\s]*)\s*\}\}/g, (_, name: string) => labels[name] ?? "");
  return Object.entries(labels).filter(([name]) => name !== "__name__").map(([, value]) => value).join(" ") || otherwise;
}

// What the address holds

export interface View {
  range: number; // seconds, up to now
  from?: number; // milliseconds: a time that stands still instead
  to?: number;
  compare: number; // seconds back; 0: nothing
  values: Record<string, string>; // of variables
}

export const COMPARED: [number, string][] = [[0, "nothing"], [86400, "yesterday"], [7 * 86400, "last week"]];
const LONGEST = 400 * 86400;
const SHORTEST_MS = 5000;

export function viewOf(query: string, dashboard: Dashboard): View {
  const given = new URLSearchParams(query);
  const values: Record<string, string> = {};
  for (const variable of dashboard.variables) values[variable.name] = given.get(`v.${variable.name}`) ?? variable.value;
  const asked = durationOf(given.get("range") ?? "") ?? dashboard.range;
  const range = Math.min(LONGEST, Math.max(60, asked));
  const view: View = { range, compare: durationOf(given.get("compare") ?? "") ?? 0, values };
  const from = Number(given.get("from"));
  const to = Number(given.get("to"));
  if (from > 0 && to > from && to - from <= LONGEST * 1000) return { ...view, from, to };
  return view;
}

/** The query of the address: only what differs from the dashboard itself. */
export function queryOf(view: View, dashboard: Dashboard): string {
  const out = new URLSearchParams();
  if (view.range !== dashboard.range) out.set("range", durationText(view.range));
  if (view.from !== undefined) out.set("from", String(view.from));
  if (view.to !== undefined) out.set("to", String(view.to));
  if (view.compare) out.set("compare", durationText(view.compare));
  for (const variable of dashboard.variables) {
    const value = view.values[variable.name]!;
    if (value !== variable.value) out.set(`v.${variable.name}`, value);
  }
  return out.toString();
}

/** Another window of time; one that reaches the present is not fixed if it has the length of the live one. */
export function withWindow(view: View, from: number, to: number): View {
  const length = Math.max(SHORTEST_MS, Math.min(LONGEST * 1000, to - from));
  const middle = (from + to) / 2;
  const begin = Math.max(1, Math.round(middle - length / 2));
  return { ...view, from: begin, to: Math.round(begin + length) };
}

export function live(view: View): View {
  const { from: _from, to: _to, ...rest } = view;
  return rest;
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
const POINTS = 900;

/** Seconds between points: about 900 of them at most. */
export function stepOf(seconds: number): number {
  return STEPS.find((step) => seconds / step <= POINTS) ?? STEPS.at(-1)!;
}
