// What GET /v1/proxy answers (docs/formats/api.md), and what comes between two answers.

export interface Figures {
  name: string;
  status: string; // OPEN, UP, DOWN, DRAIN
  why: string;
  now: number; // connections of a listener, requests of the others
  total: number;
  address?: string;
  requests: number;
  bytes_in: number;
  bytes_out: number;
  denied: number;
  request_errors: number;
  connection_errors: number;
  response_errors: number;
  client_aborts: number;
  server_aborts: number;
  retries: number;
  queue_time: number; // averages over the last 1024 requests
  connect_time: number;
  response_time: number;
  total_time: number;
  responses: number[]; // 1xx to 5xx, other
}
export interface Instance extends Figures {
  weight: number;
  resting: boolean;
}
export interface Service extends Figures {
  queued: number;
  in_rotation: number;
  cache_lookups?: number;
  cache_hits?: number;
  instances: Instance[];
}
export interface Answer {
  listeners: Figures[];
  services: Service[];
}
export interface Read {
  at: number;
  answer: Answer;
  rates: Map<string, number>; // by key
}

function requestsOf(answer: Answer): Map<string, number> {
  const out = new Map<string, number>();
  for (const each of answer.listeners) out.set(`listener ${each.name}`, each.requests);
  for (const service of answer.services) {
    out.set(`service ${service.name}`, service.requests);
    for (const each of service.instances) out.set(`instance ${each.name}`, each.requests);
  }
  return out;
}

/** The second of two answers with what came between them; a proxy that began anew has no rates for one turn. */
export function read(before: Read | null, at: number, answer: Answer): Read {
  const rates = new Map<string, number>();
  const earlier = before ? requestsOf(before.answer) : null;
  for (const [key, requests] of requestsOf(answer)) {
    const old = earlier?.get(key);
    if (before && old !== undefined && old <= requests && at > before.at) rates.set(key, ((requests - old) * 1000) / (at - before.at));
  }
  return { at, answer, rates };
}
