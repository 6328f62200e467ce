// node server.mjs [PORT]: serves ../dist and docs/formats/api.md's API over the shop of model.mjs. For developing and
// testing the page only. Prints the address to open. MOCK_SCENE=well starts without anything broken.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { alertMarks, answerAlerts } from "./alerts.mjs";
import { charts, dashboards, labelValues, queryRange } from "./charts.mjs";
import { DOCTOR, deploy, resolve, service } from "./deploys.mjs";
import { logs as ask_logs, tell } from "./logs.mjs";
import { proxy, purge } from "./proxy.mjs";
import { Shop } from "./model.mjs";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "../dist");
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8" };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const token = process.env.MOCK_TOKEN ?? randomBytes(32).toString("hex");
const shop = new Shop({ broken: process.env.MOCK_SCENE !== "well" });
const streams = new Set();
const logs = new Set();

function json(response, status, value, type = "application/json") {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(JSON.stringify(value));
}
function problem(response, status, detail) {
  json(response, status, { type: "about:blank", title: "Problem", status, detail }, "application/problem+json");
}
function event(response, name, value) {
  response.write(`event: ${name}\ndata: ${JSON.stringify(value)}\n\n`);
}
function stream(request, response, set, entry) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write("retry: 1000\n\n");
  set.add(entry);
  request.on("close", () => set.delete(entry));
}
function push(entry) {
  event(entry.response, "state", shop.state());
  if (shop.defined[entry.service]) event(entry.response, "service", shop.detail(entry.service));
}

shop.changed = () => streams.forEach(push);
setInterval(() => {
  const time = Math.floor(Date.now() / 1000) * 1000 - 1000;
  const services = {};
  for (const name of Object.keys(shop.defined)) {
    const sample = shop.sample(name, time);
    if (sample) services[name] = sample;
  }
  for (const entry of streams) {
    push(entry);
    event(entry.response, "point", { time, services });
  }
  tell(shop, event);
  for (const { response, name, instance } of logs) {
    const lines = Array.from({ length: 1 + (time / 1000) % 3 }, (_, n) => shop.line(name, Date.now(), n));
    for (const line of lines) if (!instance || line.instance === instance) event(response, "line", line);
  }
}, 1000);

async function body(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

const NAMES = [["p50", "s"], ["p99", "s"], ["rate", "1/s"], ["errors", "share"], ["gift.value", "EUR"]]
  .map(([name, unit]) => ({ name, unit, services: name === "gift.value" ? [] : Object.keys(shop.defined) }));

function series(response, query) {
  const to = Number(query.get("to") ?? Date.now());
  const begun = Number(query.get("from") ?? to - 900_000);
  const step = Number(query.get("step") ?? Math.max(1, Math.ceil((to - begun) / 900_000)));
  const from = Math.floor(begun / (step * 1000)) * step * 1000;
  const wanted = query.get("service") ?? "*";
  const answer = [];
  const points = Math.floor((to - from) / (step * 1000));
  if (query.get("name") === "gift.value")
    answer.push({ name: "gift.value", labels: { host: "here" }, points: Array.from({ length: points }, (_, i) => (i % 3 ? 42.5 : null)) });
  else for (const name of Object.keys(shop.defined)) {
    if ((wanted !== "*" && wanted !== name) || shop.defined[name].rps === null) continue;
    for (const kind of (query.get("name") ?? "p50").split(",")) {
      const points = [];
      for (let time = from; time + step * 1000 <= to; time += step * 1000) points.push(shop.mean(name, kind, time, step));
      answer.push({ name: kind, labels: { service: name }, points });
    }
  }
  json(response, 200, { from, step, series: answer, marks: [...shop.marks, ...alertMarks(shop).filter((m) => wanted === "*" || m.service === wanted)].filter((m) => m.time >= from && m.time <= to) });
}

function change(response, s, verb, given) {
  if (verb === "rollback") {
    const to = given.to ?? s.version - 1;
    if (to < 1) return problem(response, 409, `${s.name} has no earlier version to return to`);
    shop.roll(s, to, "rollback");
  } else if (verb === "restart") shop.roll(s, s.version, "deploy");
  else if (verb === "scale") shop.scale(s, given.instances);
  else if (verb === "rm") {
    delete shop.defined[s.name];
    shop.changed();
  } else return problem(response, 404, "there is no such request");
  json(response, 202, { revision: shop.revision, text: `${s.name}: ${verb} is under way` });
}

async function act(request, response, parts) {
  const [kind, name, third, fourth] = parts;
  const text = await body(request);
  if (kind === "plan" || kind === "deploy") return deploy(response, shop, kind, JSON.parse(text), json);
  if (kind === "topics") {
    if (third === "dead") {
      const before = shop.dead.length;
      shop.dead = fourth === "send_again" ? [] : shop.dead.filter((d) => d.id !== fourth);
      shop.changed();
      return json(response, 202, { revision: shop.revision, sent: before - shop.dead.length, text: `${before - shop.dead.length} sent again` });
    }
    return json(response, 202, { revision: shop.revision, id: "01JX", subscriptions: 1, text: "published" });
  }
  if (kind === "proxy" && name.startsWith("purge")) return json(response, 200, purge(new URL(request.url, "http://mock").searchParams.get("service")));
  const s = shop.defined[name];
  if (!s) return problem(response, 404, `there is no service '${name}'`);
  if (kind === "instances") {
    const instance = s.instances.find((i) => i.id === `${name}/${third}`);
    if (!instance) return problem(response, 404, `there is no instance '${name}/${third}'`);
    if (!instance.pid) return problem(response, 409, `${instance.id} does not run`);
    shop.kill(s, instance);
    return json(response, 202, { revision: shop.revision, text: `${instance.id} was sent KILL` });
  }
  change(response, s, third, text ? JSON.parse(text) : {});
}

/** Dashboards, charts and Prometheus' part of the API. */
async function drawn(request, response, url) {
  const parts = url.pathname.split("/").map(decodeURIComponent);
  if (url.pathname.startsWith("/prometheus/api/v1/label/")) return json(response, 200, labelValues(shop, parts[5]));
  if (url.pathname === "/prometheus/api/v1/query_range") return json(response, 200, queryRange(shop, url.searchParams));
  if (parts[2] === "charts") return json(response, 200, charts(shop, JSON.parse(await body(request))));
  const given = request.method === "PUT" ? JSON.parse(await body(request)) : null;
  const [status, answer] = dashboards(request.method, parts[3], given, url.searchParams.get("revision"));
  json(response, status, status < 400 ? answer : { status, ...answer }, status < 400 ? undefined : "application/problem+json");
}

async function alerting(request, response, url) {
  const text = await body(request);
  const [status, answer] = answerAlerts(shop, request.method, url.pathname.slice(4).split("/").map(decodeURIComponent), text ? JSON.parse(text) : {}, url.searchParams);
  json(response, status, status < 400 ? answer : { status, ...answer }, status < 400 ? undefined : "application/problem+json");
}

async function page(response, path) {
  try {
    const name = normalize(path === "/" ? "/index.html" : path);
    const content = await readFile(join(DIST, name));
    response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream", "content-security-policy": POLICY }).end(content);
  } catch {
    problem(response, 404, `there is no page ${path}`);
  }
}

function ask(request, response, parts, query) {
  const [kind, name, third] = parts;
  if (kind === "state") return json(response, 200, shop.state());
  if (kind === "live") {
    const entry = { response, service: query.get("service") };
    stream(request, response, streams, entry);
    return push(entry);
  }
  if (kind === "series" && name === "names") return json(response, 200, { names: NAMES });
  if (kind === "series") return series(response, query);
  if (kind === "proxy" && !name) return json(response, 200, proxy(shop));
  if (kind === "doctor") return json(response, 200, DOCTOR);
  if (kind === "logs") return ask_logs(shop, request, response, name, query, { json, stream });
  if (kind === "topics") return json(response, 200, third === "dead" ? { dead: shop.dead } : { topics: shop.topics() });
  if (kind === "resolve" && shop.defined[name]) return json(response, 200, resolve(shop, name));
  if (kind !== "services") return problem(response, 404, "there is no such request");
  if (!shop.defined[name]) return problem(response, 404, `there is no service '${name}'`);
  if (third !== "logs") return json(response, 200, shop.detail(name));
  const instance = query.get("instance");
  const lines = Array.from({ length: Number(query.get("lines") ?? 200) }, (_, i) => shop.line(name, Date.now() - (200 - i) * 700, i)).filter((l) => !instance || l.instance === instance);
  if (!query.get("follow")) return json(response, 200, { lines });
  stream(request, response, logs, { response, name, instance });
  for (const line of lines) event(response, "line", line);
}

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://mock");
  const host = `127.0.0.1:${server.address().port}`;
  const origin = request.headers.origin;
  if (request.headers.host !== host || (origin && origin !== `http://${host}`)) return problem(response, 403, "wrong Host or Origin");
  const cookie = `berth_token_${server.address().port}`;
  const allowed = request.headers.authorization === `Bearer ${token}` || (request.headers.cookie ?? "").includes(`${cookie}=${token}`);
  if (url.pathname === "/" && url.searchParams.get("token") === token)
    return response.writeHead(303, { location: "/", "set-cookie": `${cookie}=${token}; HttpOnly; SameSite=Strict; Path=/` }).end();
  const prometheus = url.pathname.startsWith("/prometheus/");
  if (!url.pathname.startsWith("/v1/") && !prometheus) return void page(response, url.pathname);
  if (url.pathname === "/v1/health") return json(response, 200, { ok: true });
  if (!allowed) return problem(response, 401, "this needs the token that berth dev prints");
  if (prometheus || /^\/v1\/(charts|dashboards)/.test(url.pathname)) return void drawn(request, response, url).catch((error) => problem(response, 400, String(error)));
  if (/^\/v1\/(alerts|kpis)/.test(url.pathname)) return void alerting(request, response, url).catch((error) => problem(response, 400, String(error)));
  const parts = url.pathname.slice(4).split("/").map(decodeURIComponent);
  if (request.method === "POST") act(request, response, parts).catch((error) => problem(response, 400, String(error)));
  else ask(request, response, parts, url.searchParams);
});
service.listen(0, "127.0.0.1");
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/?token=${token}`));
