// A shop that moves, for developing the console and testing its page without Berth. Numbers of requests are a
// function of service and second, so that history, state and pushed points agree with one another.

const SERVICES = [
  // name, requests/s, median s, share of errors, instances, public, version
  ["mail", 1.4, 0.0061, 0, 1, null, 1],
  ["orders", 6.2, 0.0124, 0.002, 2, "orders", 3],
  ["payments", 6.2, 0.047, 0.018, 2, null, 1],
  ["products", 21, 0.0019, 0, 2, "products", 2],
  ["recommendations", 9.5, 0.0083, 0, 2, null, 2],
  ["shoppers", null, null, null, 1, null, 1],
  ["users", 14.5, 0.0023, 0, 2, "users", 1],
  ["web", 18, 0.0152, 0, 2, "", 4],
];
const CALLS = [
  ["gateway", "web", 1, 0.6], ["gateway", "orders", 0.2, 0], ["gateway", "users", 0.15, 0], ["web", "products", 0.6, 0],
  ["web", "recommendations", 1, 0], ["orders", "users", 0.4, 0], ["orders", "products", 0.3, 0], ["orders", "payments", 1, 0],
  ["recommendations", "products", 0.1, 0], ["shoppers", "orders", 0.8, 0], ["shoppers", "users", 0.3, 0],
  ["bus", "mail", 1, 0], ["unknown", "products", 0.02, 0],
];
const PATHS = {
  users: ["/users/:id", "/users", "/health"], products: ["/products/:id", "/products"], orders: ["/orders", "/orders/:id"],
  payments: ["/charge"], mail: ["/events/order-created"], recommendations: ["/for/:id"], web: ["/", "/basket", "/product/:id"],
};
const HISTORY = 6 * 3600_000;

/** 0 to 1, the same for the same words. */
function noise(...words) {
  let h = 2166136261;
  for (const c of words.join("|")) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  h ^= h >>> 15;
  h = Math.imul(h, 2246822507);
  h ^= h >>> 13;
  return (h >>> 0) / 4294967296;
}

export class Shop {
  constructor({ broken = true, now = Date.now() } = {}) {
    this.began = now - HISTORY;
    this.revision = 800;
    this.broken = broken ? { from: now - 252_000, until: Infinity } : { from: Infinity, until: Infinity };
    this.pid = 41000;
    this.feed = [];
    this.changed = () => {};
    this.defined = Object.fromEntries(SERVICES.map(([name, rps, median, errors, wanted, route, version]) =>
      [name, { name, rps, median, errors, wanted, route, version, rollouts: [], instances: [] }]));
    for (const s of Object.values(this.defined)) {
      if (s.name === "recommendations" && !broken) s.version = 1;
      s.deployed = s.name === "recommendations" && broken ? now - 252_000 : this.began + 4000;
      for (let v = 1; v <= s.version; v++) {
        const started = v === s.version ? s.deployed : this.began + 4000 + v;
        s.rollouts.unshift({ version: v, started, ended: started + 3100, result: "done", why: "" });
      }
      for (let n = 1; n <= s.wanted; n++) s.instances.push(this.instance(s, n, "healthy", s.deployed + 1400));
    }
    const orders = this.defined.orders;
    orders.deployed = now - 3_400_000;
    Object.assign(orders.rollouts[0], { started: orders.deployed, ended: orders.deployed + 3100 });
    this.marks = [{ time: orders.deployed, kind: "deploy", service: "orders", version: 3 }];
    this.tell("deploy", "ok", "orders", "version 3 begins: 2 instances, one at a time", { version: 3, time: orders.deployed });
    this.tell("done", "ok", "orders", "version 3 is deployed: 2 of 2 healthy after 3.1 s", { version: 3, time: orders.deployed + 3100 });
    this.tell("exit", "bad", "payments", "payments/2 ended with status 1", { instance: "payments/2", time: now - 1_900_000 });
    this.tell("restart", "warn", "payments", "payments/2 is started again after 0.2 s", { instance: "payments/2", time: now - 1_899_800 });
    this.defined.payments.instances[1].restarts = 1;
    if (broken) {
      this.marks.push({ time: now - 252_000, kind: "deploy", service: "recommendations", version: 2 });
      this.tell("deploy", "ok", "recommendations", "version 2 begins: 2 instances, one at a time", { version: 2, time: now - 252_000 });
      this.tell("done", "ok", "recommendations", "version 2 is deployed: 2 of 2 healthy after 3.1 s", { version: 2, time: now - 248_900 });
      this.tell("health", "bad", "recommendations", "34 % of its requests answer 500", { time: now - 241_000 });
    }
    this.dead = [1, 2].map((n) => ({
      id: `01JD${n}`, message: `01JM${n}`, service: "mail", path: "/events/order-created", published: now - n * 700_000, died: now - n * 640_000,
      attempts: 8, why: "answered 500: no such customer", bytes: 66, body: `{"order": ${4100 + n}, "customer": "c-${91 * n}", "total": "18.50 EUR"}`,
    }));
    for (const d of this.dead) this.tell("dead_letter", "bad", "mail", "order.created was given up after 8 attempts: answered 500", { time: d.died });
    this.feed.sort((a, b) => b.time - a.time);
  }

  instance(s, n, state, since) {
    return { id: `${s.name}/${n}`, version: s.version, state, why: "", host: "laptop", address: s.rps === null ? "" : `127.0.0.1:${(this.pid += 7)}`,
             pid: this.pid - 30000, restarts: 0, since };
  }

  tell(kind, level, service, text, more = {}) {
    const id = this.feed.reduce((most, f) => Math.max(most, f.id), 0) + 1;
    this.feed.unshift({ id, time: Date.now(), kind, level, service, text, ...more });
    this.feed.length = Math.min(this.feed.length, 200);
    this.revision++;
    this.changed();
  }

  bad(name, time) {
    return name === "recommendations" && time >= this.broken.from + 3000 && time < this.broken.until;
  }

  /** One second of a service, or of a pair of caller and service. */
  sample(name, time) {
    const s = this.defined[name];
    const second = Math.floor(time / 1000);
    if (!s || s.rps === null || time < this.began || !s.wanted) return null;
    const wave = 1 + 0.22 * Math.sin(second / 97 + name.length) + 0.1 * Math.sin(second / 1310);
    const rate = Math.max(0, Math.round(s.rps * wave + (noise(name, second) - 0.5) * Math.sqrt(s.rps) * 2.2));
    const bad = this.bad(name, time) || (name === "web" && this.bad("recommendations", time));
    const slow = name === "payments" && noise("stall", Math.floor(second / 9)) > 0.93 ? 3.5 : 1;
    const p50 = s.median * (0.86 + 0.3 * noise("p", name, second)) * slow * (bad && name !== "web" ? 1.9 : 1);
    const errors = this.bad(name, time) ? 0.34 : s.errors;
    const failed = Math.min(rate, Math.floor(rate * errors + noise("e", name, second)));
    const wrong = Math.floor(rate * 0.01 + noise("4", name, second));
    return { rate, errors: rate ? failed / rate : null, p50: rate ? p50 : null, p90: rate ? p50 * (2 + noise("90", name, second)) : null,
             p99: rate ? p50 * (4.5 + 5 * noise("99", name, second)) : null, status_2xx: Math.max(0, rate - failed - wrong), status_3xx: 0,
             status_4xx: Math.min(wrong, rate - failed), status_5xx: failed };
  }

  /** Mean of a series over `step` seconds from `time`, in at most 5 samples. */
  mean(name, series, time, step) {
    const every = Math.max(1, Math.floor(step / 5));
    const values = [];
    for (let i = 0; i < step && time + i * 1000 < Date.now() - 1000; i += every) {
      const value = this.sample(name, time + i * 1000)?.[series];
      if (value != null) values.push(value);
    }
    return values.length ? values.reduce((a, b) => a + b, 0) / values.length : null;
  }

  service(s) {
    const now = Date.now();
    const last = Math.floor(now / 1000) * 1000 - 1000;
    const window = s.rps === null ? [] : Array.from({ length: 10 }, (_, i) => this.sample(s.name, last - i * 1000)).filter(Boolean);
    const rate = window.reduce((sum, w) => sum + w.rate, 0);
    const errors = window.reduce((sum, w) => sum + w.status_5xx, 0);
    const healthy = s.instances.filter((i) => i.state === "healthy").length;
    const bad = this.bad(s.name, now);
    let health = healthy === 0 ? (s.wanted ? "failing" : "stopped") : healthy < s.wanted ? "degraded" : "healthy";
    let why = health === "degraded" || health === "failing" ? s.instances.find((i) => i.state !== "healthy")?.why ?? "" : "";
    if (bad) [health, why] = ["failing", "34 % of its requests answer 500"];
    const sum = Math.round((s.rps ?? 0) * (now - this.began) / 1000);
    return {
      name: s.name, version: s.version, ...(s.version > 1 ? { previous_version: s.version - 1 } : {}), health, why, wanted: s.wanted,
      running: s.instances.filter((i) => i.pid).length, healthy, url: s.rps === null ? "" : `http://${s.name}:7480`,
      ...(s.route !== null ? { public_url: `http://${s.name === "web" ? "web.shop" : "api.shop"}.localhost:8080/${s.route}` } : {}),
      requests_per_second: s.rps === null ? null : rate / 10, errors_share: rate ? errors / rate : s.rps === null ? null : 0,
      median_seconds: window.find((w) => w.p50 !== null)?.p50 ?? null, requests: sum, errors: Math.round(sum * (s.errors ?? 0)) + (bad ? Math.round((now - this.broken.from) / 1000 * s.rps * 0.34) : 0), last_deploy: s.deployed,
      spark: s.rps === null ? [] : Array.from({ length: 60 }, (_, i) => this.sample(s.name, last - (59 - i) * 1000)?.rate ?? 0),
      ...(s.rollout ? { rollout: s.rollout } : {}), instances: s.instances,
    };
  }

  state() {
    const time = Date.now();
    const services = Object.values(this.defined).map((s) => this.service(s));
    const wrong = services.filter((s) => s.health !== "healthy" && s.health !== "stopped");
    const worst = wrong.find((s) => s.health === "failing") ?? wrong[0];
    const sentence = !worst
      ? { level: "ok", text: `all ${services.length} services are healthy`, since: this.healed ?? this.began + 5000, others: 0 }
      : this.bad(worst.name, time)
        ? { level: "bad", text: `${worst.name} fails: ${worst.why}`, since: this.broken.from + 11_000, service: worst.name, version: 2, deployed: this.broken.from,
            return_to: 1, others: wrong.length - 1 }
        : { level: "warn", text: `${worst.name} runs ${worst.healthy} of ${worst.wanted} instances: ${worst.why}`, service: worst.name,
            since: Math.max(...worst.instances.map((i) => i.since)), others: wrong.length - 1 };
    const rates = Object.fromEntries(services.map((s) => [s.name, s]));
    const calls = CALLS.filter((c) => rates[c[1]]).map(([from, to, part]) => {
      const whole = CALLS.filter((c) => c[1] === to).reduce((sum, c) => sum + c[2], 0);
      return { from, to, requests_per_second: (rates[to].requests_per_second * part) / whole, errors_share: rates[to].errors_share, median_seconds: rates[to].median_seconds };
    }).filter((c) => c.requests_per_second > 0);
    return { revision: this.revision, time, system: { name: "shop", environment: "dev", version: "0.1.0" }, sentence,
             addresses: [{ name: "web", url: "http://web.shop.localhost:8080/" }, { name: "api", url: "http://api.shop.localhost:8080/" }],
             services, calls, feed: this.feed, topics: this.topics() };
  }

  topics() {
    const published = Math.round((Date.now() - this.began) / 720);
    return [{ name: "order.created", published, per_second: 1.4, subscriptions: [
      { service: "mail", path: "/events/order-created", backlog: Math.floor(noise("backlog", Math.floor(Date.now() / 2000)) * 3), delivered: published - this.dead.length,
        retried: 31, dead: this.dead.length }] }];
  }

  detail(name) {
    const s = this.defined[name];
    const whole = this.service(s);
    const now = Date.now();
    const parts = s.rps === null ? [] : PATHS[name] ?? [];
    const slow = s.rps === null ? [] : Array.from({ length: 12 }, (_, i) => {
      const seconds = s.median * (24 - i * 1.6);
      return { time: now - Math.floor(noise("slow", name, i) * 800_000), method: i % 4 ? "GET" : "POST", path: parts[0].replace(":id", String(17 + i * 7)), status: i % 5 === 3 ? 500 : 200,
               seconds, instance: `${name}/${1 + (i % s.wanted || 0)}`, from: CALLS.find((c) => c[1] === name)?.[0] ?? "unknown", queue_seconds: 0, connect_seconds: 0.0002,
               wait_seconds: seconds * 0.93, transfer_seconds: seconds * 0.06 };
    });
    return { ...whole, rollouts: s.rollouts, slow,
             paths: parts.map((path, i) => ({ path, requests_per_second: whole.requests_per_second / 2 ** (i + 1), errors_share: whole.errors_share,
                                              median_seconds: s.median * (1 + i * 0.3), p99_seconds: s.median * 8 })),
             statuses: s.rps === null ? {} : { 200: whole.requests - whole.errors - 12, 404: 12, ...(whole.errors || this.bad(name, now) ? { 500: whole.errors } : {}) } };
  }

  kill(s, instance) {
    Object.assign(instance, { state: "failed", why: "killed by signal 9; starts again in 0.6 s", pid: 0, since: Date.now() });
    this.tell("exit", "bad", s.name, `${instance.id} was killed by signal 9`, { instance: instance.id });
    setTimeout(() => {
      Object.assign(instance, { state: "starting", why: "waits for its first check", pid: (this.pid += 7) - 30000, restarts: instance.restarts + 1, since: Date.now() });
      this.tell("restart", "warn", s.name, `${instance.id} is started again`, { instance: instance.id });
    }, 600).unref();
    setTimeout(() => {
      Object.assign(instance, { state: "healthy", why: "", since: Date.now() });
      this.healed = Date.now();
      this.tell("health", "ok", s.name, `${instance.id} is healthy again`, { instance: instance.id });
    }, 1700).unref();
  }

  roll(s, version, kind) {
    const from = s.version;
    const started = Date.now();
    Object.assign(s, { version, deployed: started, rollout: { from, to: version, state: "running", why: `0 of ${s.wanted} replaced`, started } });
    s.rollouts.unshift({ version, started, ended: null, result: "running", why: kind === "rollback" ? `returns from version ${from}` : "" });
    this.marks.push({ time: started, kind, service: s.name, version });
    this.tell(kind, "ok", s.name, `${kind === "rollback" ? `returns to version ${version}` : `version ${version} begins`}: ${s.wanted} instances, one at a time`, { version });
    s.instances.forEach((instance, i) => setTimeout(() => {
      Object.assign(instance, { version, state: "healthy", why: "", pid: (this.pid += 7) - 30000, since: Date.now() });
      if (s.rollout) s.rollout.why = `${i + 1} of ${s.wanted} replaced`;
      if (i + 1 < s.instances.length) return this.changed();
      delete s.rollout;
      Object.assign(s.rollouts[0], { ended: Date.now(), result: "done" });
      if (s.name === "recommendations" && version === 1) this.broken.until = this.healed = Date.now();
      this.tell("done", "ok", s.name, `version ${version} is deployed: ${s.wanted} of ${s.wanted} healthy`, { version });
    }, 1200 * (i + 1)).unref());
  }

  scale(s, wanted) {
    while (s.instances.length > wanted) s.instances.pop();
    while (s.instances.length < wanted) s.instances.push(this.instance(s, s.instances.length + 1, "healthy", Date.now()));
    s.wanted = wanted;
    this.tell("scale", "ok", s.name, `is to run ${wanted} instances`);
  }

  line(name, time, n) {
    const s = this.defined[name];
    const instance = `${name}/${1 + Math.floor(noise(time, n) * Math.max(1, s.wanted))}`;
    const path = (PATHS[name]?.[0] ?? "/orders").replace(":id", String(Math.floor(noise("id", time, n) * 400)));
    if (this.bad(name, time) && noise("bad", time, n) < 0.34) return { time, instance, level: "error", text: `KeyError: 'score' in rank(), while answering GET ${path}` };
    if (noise("warn", time, n) > 0.96) return { time, instance, level: "warn", text: "the pool of connections is empty, waited 12 ms" };
    if (s.rps === null) return { time, instance, level: "info", text: `ordered 3 things for customer ${Math.floor(noise(time) * 900)}, answered 201` };
    return { time, instance, level: "info", text: `GET ${path} 200 in ${(s.median * 1000 * (0.8 + noise("t", time, n))).toFixed(1)} ms` };
  }
}
