// GET /v1/proxy and POST /v1/proxy/purge of docs/formats/api.md, over the shop of model.mjs.
const kept = new Map(); // by service: hits that were forgotten
const counted = new Map(); // by service: requests so far, and until when

/** What a service has answered since the shop began; its rate goes up and down, this only up. */
function answered(shop, service) {
  const { at, requests } = counted.get(service.name) ?? { at: shop.began, requests: 0 };
  const now = { at: Date.now(), requests: requests + ((service.requests_per_second || 1) * (Date.now() - at)) / 1000 };
  counted.set(service.name, now);
  return Math.floor(now.requests);
}

function figures(name, requests, errors, median, status, why) {
  const failed = Math.round(requests * errors);
  return {
    requests, bytes_in: requests * 310, bytes_out: requests * 2400, denied: 0, request_errors: 0, connection_errors: status === "DOWN" ? 3 : 0, response_errors: 0,
    client_aborts: 0, server_aborts: 0, retries: Math.round(failed / 3), queue_time: 0.0001, connect_time: 0.0002, response_time: median, total_time: median * 1.2,
    responses: [0, requests - failed, 0, 0, failed, 0], name, status, why, now: 0, total: requests,
  };
}

const stateOf = (instance) => ({ healthy: "UP", draining: "DRAIN" })[instance.state] ?? "DOWN";

export function proxy(shop) {
  const services = shop.state().services.filter((s) => s.requests_per_second !== null).map((s) => {
    const requests = answered(shop, s);
    const running = s.instances.filter((i) => i.address);
    const instances = s.instances.map((i) => ({
      ...figures(i.id, Math.floor(requests / Math.max(1, running.length)), s.errors_share ?? 0, s.median_seconds ?? 0, stateOf(i), i.why), address: i.address, weight: 1, resting: false,
    }));
    const cache = s.name === "catalog" || s.name === "web" ? { cache_lookups: requests, cache_hits: Math.max(0, Math.floor(requests / 2) - (kept.get(s.name) ?? 0)) } : {};
    const up = instances.filter((i) => i.status === "UP").length;
    return { ...figures(s.name, requests, s.errors_share ?? 0, s.median_seconds ?? 0, up ? "UP" : "DOWN", up ? "" : s.why), queued: 0, in_rotation: up, ...cache, instances };
  });
  const all = services.reduce((sum, s) => sum + s.requests, 0);
  const gateway = { ...figures("gateway", Math.floor(all / 3), 0, 0, "OPEN", ""), now: 4, address: "127.0.0.1:8080" };
  const vips = services.map((s, i) => ({ ...figures(s.name, s.requests, 0, 0, "OPEN", ""), now: 1, address: `127.77.1.${i + 1}:7480` }));
  return { listeners: [gateway, ...vips], services };
}

export function purge(service) {
  const purged = 12;
  kept.set(service, (kept.get(service) ?? 0) + purged);
  return { purged, text: `${purged} answers were forgotten` };
}
