// What the `berth` command's tests need beyond the page: plans, deploys, resolving, doctor, a service that answers. The
// system file is not read: words in it choose what happens ("instnces" is refused, "BROKEN" is taken back).
import { createServer } from "node:http";

function problems(files) {
  const found = [];
  for (const [file, text] of Object.entries(files)) {
    text.split("\n").forEach((line, i) => {
      const column = line.indexOf("instnces") + 1;
      if (column) found.push({ file, line: i + 1, column, text: "unknown key 'instnces'", expected: "a key of a service", nearest: "instances" });
    });
  }
  return found;
}

function changes(shop, given) {
  const text = Object.values(given.files).join("\n");
  if (text.includes("SAME")) return [];
  const all = [
    { service: "orders", action: "change", version: shop.defined.orders.version + 1, fields: [{ key: "env.GREETING", from: "", to: "hello" }, { key: "instances", from: "2", to: "3" }] },
    { service: "reviews", action: "create", version: 1, fields: [{ key: "command", from: "", to: "node reviews.js" }] },
    { service: "mail", action: "remove", version: 1, fields: [] },
  ];
  return given.services ? all.filter((c) => given.services.includes(c.service)) : all;
}

/** Answers POST /v1/plan and /v1/deploy. */
export function deploy(response, shop, kind, given, json) {
  const wrong = problems(given.files);
  if (wrong.length) return json(response, 422, { type: "about:blank", title: "Unprocessable Content", status: 422, detail: "the system file has problems", problems: wrong }, "application/problem+json");
  const plan = changes(shop, given);
  if (kind === "plan") return json(response, 200, { changes: plan });
  const broken = Object.values(given.files).join("\n").includes("BROKEN");
  const lines = [{ kind: "plan", changes: plan }];
  for (const text of ["starting", "waits for its first check"]) lines.push({ kind: "progress", service: "orders", instance: "orders/1", text });
  lines.push({ kind: "service", service: "orders", version: 4, result: broken ? "returned" : "done", text: broken ? "answered 500 to /health for 8 s" : "3 of 3 healthy in 1.4 s" });
  if (!Object.values(given.files).join("\n").includes("BREAKS OFF")) lines.push({ kind: "end", ok: !broken, text: broken ? "orders went back to version 3" : "all 8 healthy in 1.6 s" });
  response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  const next = () => {
    if (!lines.length) return response.end();
    response.write(JSON.stringify({ time: Date.now(), ...lines.shift() }) + "\n");
    setTimeout(next, 30);
  };
  next();
}

export const DOCTOR = { checks: [
  { name: "docker", level: "ok", text: "Docker 24.0 answers", remedy: "" },
  { name: "limits", level: "warn", text: "memory limits are not enforced: this host has cgroup v1 only", remedy: "boot with systemd.unified_cgroup_hierarchy=1" },
  { name: "proxies", level: process.env.MOCK_DOCTOR === "bad" ? "bad" : "ok", text: "the proxy runs as process 4711", remedy: "see STATE/proxy.log" },
] };

/** All services in one: answers what it was asked. */
export const service = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const status = Number(/status=(\d+)/.exec(request.url)?.[1] ?? 200);
  response.writeHead(status, { "content-type": "application/json", "x-asked": request.headers["x-ask"] ?? "" });
  response.end(JSON.stringify({ method: request.method, path: request.url, host: request.headers.host, type: request.headers["content-type"], body }));
});

export function resolve(shop, name) {
  const s = shop.defined[name];
  if (s.rps === null) return { name: `${name}.berth`, address: "", port: 0, instances: [] };
  const { address, port } = service.address();
  return { name: `${name}.berth`, address, port, instances: s.instances.map(({ id, address, state }) => ({ id, address, state })) };
}
