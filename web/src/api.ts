// The shapes and requests of docs/formats/api.md.

export type Level = "ok" | "warn" | "bad";
export type Health = "healthy" | "degraded" | "failing" | "starting" | "stopped";

export interface Sentence {
  level: Level;
  text: string;
  since: number;
  service?: string;
  version?: number;
  deployed?: number;
  return_to?: number;
  others: number;
}

export interface Instance {
  id: string;
  version: number;
  state: "pending" | "starting" | "healthy" | "unhealthy" | "draining" | "stopped" | "failed";
  why: string;
  host: string;
  address: string;
  pid: number;
  restarts: number;
  since: number;
}

export interface Service {
  name: string;
  version: number;
  previous_version?: number;
  health: Health;
  why: string;
  wanted: number;
  running: number;
  healthy: number;
  url: string;
  public_url?: string;
  requests_per_second: number | null;
  errors_share: number | null;
  median_seconds: number | null;
  requests: number;
  errors: number;
  last_deploy: number | null;
  spark: number[];
  rollout?: { from: number; to: number; state: string; why: string; started: number };
  instances: Instance[];
}

export interface Call {
  from: string;
  to: string;
  requests_per_second: number;
  errors_share: number;
  median_seconds: number | null;
}

export interface FeedEntry {
  id: number;
  time: number;
  kind: "deploy" | "done" | "rollback" | "restart" | "exit" | "dead_letter" | "scale" | "health";
  level: Level;
  service: string;
  text: string;
  version?: number;
  instance?: string;
}

export interface Subscription {
  service: string;
  path: string;
  backlog: number;
  delivered: number;
  retried: number;
  dead: number;
}

export interface Topic {
  name: string;
  published: number;
  per_second: number;
  subscriptions: Subscription[];
}

export interface State {
  revision: number;
  time: number;
  system: { name: string; environment: string; version: string };
  sentence: Sentence;
  addresses: { name: string; url: string }[];
  services: Service[];
  calls: Call[];
  feed: FeedEntry[];
  topics: Topic[];
}

export interface Rollout {
  version: number;
  started: number;
  ended: number | null;
  result: "running" | "done" | "returned" | "failed";
  why: string;
}

export interface SlowRequest {
  time: number;
  method: string;
  path: string;
  status: number;
  seconds: number;
  instance: string;
  from: string;
  queue_seconds: number;
  connect_seconds: number;
  wait_seconds: number;
  transfer_seconds: number;
}

export interface ServiceDetail extends Service {
  rollouts: Rollout[];
  paths: {
    path: string;
    requests_per_second: number;
    errors_share: number;
    median_seconds: number | null;
    p99_seconds: number | null;
  }[];
  statuses: Record<string, number>;
  slow: SlowRequest[];
}

/** One second's numbers of a service, by series name. */
export type Sample = Record<string, number | null>;

export interface Point {
  time: number;
  services: Record<string, Sample>;
}

export interface Mark {
  time: number;
  kind: "deploy" | "rollback" | "alert";
  service: string;
  version?: number;
  text?: string; // of an alert
}

export interface SeriesAnswer {
  from: number;
  step: number;
  series: { name: string; labels: Record<string, string>; points: (number | null)[] }[];
  marks: Mark[];
}

export interface LogLine {
  time: number;
  instance: string;
  level: "error" | "warn" | "info" | "debug";
  text: string;
}

export interface DeadLetter {
  id: string;
  message: string;
  service: string;
  path: string;
  published: number;
  died: number;
  attempts: number;
  why: string;
  bytes: number;
  body: string;
}

/** What an answer that is not a success says, in words. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

async function answer<T>(response: Response): Promise<T> {
  if (response.ok) return (await response.json()) as T;
  let detail = `Berth answered ${response.status}`;
  try {
    detail = ((await response.json()) as { detail?: string }).detail || detail;
  } catch {
    // Not a problem document: the status has to do.
  }
  throw new Refusal(response.status, detail);
}

export async function get<T>(path: string): Promise<T> {
  return answer<T>(await fetch(path, { headers: { accept: "application/json" } }));
}

export async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "content-type": "application/json" };
  }
  return answer(await fetch(path, init));
}

export const post = (path: string, body?: unknown) => send<{ revision: number; text: string }>("POST", path, body);

/** Why a question was not answered, in words. */
export const reasonOf = (error: unknown) => (error instanceof TypeError ? "Berth cannot be reached" : (error as Error).message);
/** The same of a change. */
export const reasonOfChange = (error: unknown) => (error instanceof TypeError ? "Berth cannot be reached; nothing was changed" : (error as Error).message);

export const path = {
  service: (name: string) => `/v1/services/${encodeURIComponent(name)}`,
  instance: (id: string) => `/v1/instances/${id.split("/").map(encodeURIComponent).join("/")}`,
  dead: (topic: string) => `/v1/topics/${encodeURIComponent(topic)}/dead`,
};
