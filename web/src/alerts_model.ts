// Alerts, KPIs and objectives as docs/formats/api.md has them, and what the page makes of them: an order, words, matchers.

export interface Alert {
  labels: Record<string, string>;
  phase: "pending" | "firing" | "resolved";
  value: string;
  active_at: string;
  fired_at: string;
  resolved_at: string;
  flapping: boolean;
  summary: string;
  silenced_by?: string;
  explained_by?: Record<string, string>;
}

export interface Rule {
  name: string;
  condition: string;
  for: number; // seconds
  severity: string;
  calls: boolean;
  description: string;
  depends_on: string[];
  to: string[];
  alerts: number;
  trouble: string;
}

export interface Silence {
  id: string;
  matchers: string;
  starts: number; // nanoseconds since 1970
  ends: number;
  by: string;
  comment: string;
}

export interface Alerts {
  alerts: Alert[];
  rules: Rule[];
  silences: Silence[];
}

export interface HistoryLine {
  time: string;
  what: string; // pending gone firing resolved flapping told silenced "silence ended" annotation
  alert?: string;
  labels?: Record<string, string>;
  value?: number;
  state?: string;
  to?: string[];
  text?: string;
  service?: string;
  description?: string;
  silence?: Silence;
  id?: string;
}

export interface Kpi {
  name: string;
  topic: string;
  field: string;
  per: number; // seconds
  value: number | null;
  at: number; // seconds since 1970
  least: number | null;
  most: number | null;
  series: string; // in PromQL
  to: string[];
}

export interface Objective {
  name: string;
  percent: number;
  window: number; // seconds
  left: number | null; // of the budget: 1 is all of it
  burns: { over: number; factor: number; severity: string; rate: number | null }[];
  to: string[];
  trouble: string;
}

export interface Goals {
  kpis: Kpi[];
  objectives: Objective[];
}

/** In the order in which they stand on the page. */
export const STATES = ["firing", "flapping", "pending", "held back", "silenced", "resolved"] as const;
export type AlertState = (typeof STATES)[number];

export function stateOf(alert: Alert): AlertState {
  if (alert.phase === "resolved") return "resolved";
  if (alert.silenced_by) return "silenced";
  if (alert.explained_by) return "held back";
  if (alert.phase === "pending") return "pending";
  return alert.flapping ? "flapping" : "firing";
}

export const counts = (alert: Alert) => stateOf(alert) === "firing" || stateOf(alert) === "flapping";

const SEVERITIES = ["critical", "error", "warning", "info"];
const severityOf = (alert: Alert) => (SEVERITIES.indexOf(alert.labels.severity ?? "") + SEVERITIES.length + 1) % (SEVERITIES.length + 1);

/** When it came to be what it is, in milliseconds. */
export function sinceOf(alert: Alert): number {
  return Date.parse(alert.phase === "resolved" ? alert.resolved_at : alert.phase === "firing" ? alert.fired_at : alert.active_at);
}

/** What fires first, of these the worst first, of equal ones the oldest first: that is nearest to the cause. */
export function ordered(alerts: Alert[]): Alert[] {
  const place = (alert: Alert) => STATES.indexOf(stateOf(alert));
  return [...alerts].sort((a, b) => place(a) - place(b) || severityOf(a) - severityOf(b) || sinceOf(a) - sinceOf(b) || (keyOf(a) < keyOf(b) ? -1 : 1));
}

export function keyOf(alert: Alert): string {
  return Object.entries(alert.labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}

/** Labels that tell one alert of a rule from another. */
export function ownLabels(labels: Record<string, string>): [string, string][] {
  return Object.entries(labels).filter(([name]) => name !== "alertname" && name !== "severity");
}

/** Of a silence that hushes this alert alone. */
export function matchersOf(labels: Record<string, string>): string {
  const text = (value: string) => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${text(value)}"`)
    .join(",");
}

/** What has happened to one alert, the newest first. */
export function historyOf(history: HistoryLine[], alert: Alert): HistoryLine[] {
  const key = keyOf(alert);
  return history.filter((line) => line.labels && keyOf({ ...alert, labels: line.labels }) === key);
}

export const endsLater = (silence: Silence, now: number) => silence.ends / 1e6 > now;

/** Where a value stands beside its usual band: on a scale on which the band is the middle half. */
export function placeInBand(value: number, least: number | null, most: number | null): number {
  if (least === null || most === null) return 0.5;
  const width = most - least || Math.abs(most) || 1;
  return Math.max(0, Math.min(1, 0.25 + ((value - least) / width) * 0.5));
}

export const isUnusual = (kpi: Kpi) => kpi.value !== null && ((kpi.least !== null && kpi.value < kpi.least) || (kpi.most !== null && kpi.value > kpi.most));

export type Level = "ok" | "warn" | "bad" | "off";

/** How an objective stands: overspent or burning at a pace that is told. */
export function levelOfObjective(objective: Objective): Level {
  if (objective.trouble || objective.left === null) return "off";
  const burning = objective.burns.filter((burn) => burn.rate !== null && burn.rate > burn.factor);
  if (objective.left < 0 || burning.some((burn) => burn.severity === "critical")) return "bad";
  return burning.length || objective.left < 0.25 ? "warn" : "ok";
}
