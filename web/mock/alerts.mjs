// Alerts, KPIs and objectives of the made-up shop, as docs/formats/api.md has them. Silences are kept; what fires is a function of the
// scene, so that a test can hold the page against it.
const iso = (time) => new Date(time).toISOString();
const NEVER = iso(0);
const RULES = [
  ["an instance keeps failing", "round(sum by (service, instance) (increase(berth_instance_restarts[10m]))) >= 3", 0, "critical", [], ""],
  ["a service fails", 'round(100 * sum by (service) (rate(berth_requests_total{status=~"5..|0|-.*"}[1m])) / sum by (service) (rate(berth_requests_total[1m])), 0.1) > 5', 15, "critical", ["an instance keeps failing"], ""],
  ["a service is slow", "histogram_quantile(0.9, sum by (service, le) (rate(berth_request_duration_seconds_bucket[2m]))) > 1", 30, "warning", ["a service fails"], ""],
  ["messages were given up", "sum by (topic, service) (berth_dead_letters) > 0", 0, "warning", [], "berth topics tells why; they can be sent again"],
];
const began = Date.now();
let silences = [];
let history = [];
let numbered = 0;

function alert(rule, labels, phase, since, value, summary, more = {}) {
  const severity = RULES.find(([name]) => name === rule)[3];
  const fired = phase === "pending" ? NEVER : iso(since);
  return { labels: { alertname: rule, severity, ...labels }, phase, value: String(value), active_at: iso(since - 15_000), fired_at: fired, resolved_at: phase === "resolved" ? iso(since + 60_000) : NEVER, flapping: false, summary, ...more };
}

function matches(matchers, labels) {
  const all = [...matchers.replace(/^\{|\}$/g, "").matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)];
  return all.length > 0 && all.every(([, name, value]) => (labels[name] ?? "") === value.replace(/\\(.)/g, "$1"));
}

function active(shop) {
  const out = [
    alert("an instance keeps failing", { service: "payments", instance: "payments/2" }, "resolved", began - 400_000, 0, "payments/2 keeps failing: it was started again 3 times in ten minutes"),
  ];
  if (shop.dead.length) out.push(alert("messages were given up", { service: "mail", topic: "order.created" }, "firing", began - 640_000, shop.dead.length, `${shop.dead.length} messages of order.created were given up for mail`));
  if (shop.broken.until === Infinity && shop.broken.from < Infinity) {
    const cause = alert("a service fails", { service: "recommendations" }, "firing", began - 241_000, 34.2, "recommendations fails: 34.2 % of its requests");
    out.push(cause, alert("a service fails", { service: "web" }, "firing", began - 230_000, 20.1, "web fails: 20.1 % of its requests", { explained_by: cause.labels }));
    out.push(alert("a service is slow", { service: "payments" }, "pending", began - 20_000, 1.2, "payments is slow: one of ten requests takes 1.2 s and more"));
  }
  for (const each of out) {
    const silence = silences.find((s) => s.ends / 1e6 > Date.now() && matches(s.matchers, each.labels));
    if (silence) each.silenced_by = silence.id;
  }
  return out;
}

function alerts(shop) {
  const all = active(shop);
  return {
    alerts: all,
    rules: RULES.map(([name, condition, stands, severity, depends_on, description]) => ({
      name, condition, for: stands, severity, calls: name.startsWith("a"), description, depends_on, to: ["chat"], alerts: all.filter((each) => each.labels.alertname === name).length, trouble: "",
    })),
    silences,
  };
}

function past(shop) {
  const lines = active(shop).flatMap((each) => {
    const line = (time, what) => ({ time, what, alert: each.labels.alertname, labels: each.labels, value: Number(each.value) });
    const out = [line(each.active_at, "pending")];
    if (each.phase !== "pending") out.push(line(each.fired_at, "firing"));
    if (each.phase === "resolved") out.push(line(each.resolved_at, "resolved"));
    return out;
  });
  const deploys = shop.marks.map((mark) => ({ time: iso(mark.time), what: "annotation", service: "deploys", description: `${mark.service}: version ${mark.version} begins` }));
  return [...lines, ...deploys, ...history].sort((a, b) => (a.time < b.time ? 1 : -1));
}

export const alertMarks = (shop) => active(shop).filter((each) => each.fired_at !== NEVER).map((each) => ({ time: Date.parse(each.fired_at), kind: "alert", service: each.labels.service, text: each.summary }));

/** What the KPI was in the stretch that ended then (seconds since 1970). */
export const kpiAt = (name, ended) => (name.includes("orders") ? 70 + Math.round(8 * Math.sin(ended / 600)) : name.includes("gift") ? 300 + Math.round(90 * Math.sin(ended / 900)) : 4);

function goals(now) {
  const kpi = (name, topic, field, per, least, most) => {
    const at = Math.floor(now / 1000 / per) * per;
    return { name, topic, field, per, value: kpiAt(name, at), at, least, most, series: `{berth_name="kpi ${name}"}`, to: ["chat"] };
  };
  const burns = (rates) => [[3600, 14.4, "critical"], [21600, 6, "critical"], [86400, 3, "warning"], [259200, 1, "warning"]].map(([over, factor, severity], i) => ({ over, factor, severity, rate: rates[i] }));
  return {
    kpis: [kpi("orders per minute", "order.created", "", 60, 40, 120), kpi("gift value sold", "gift.sold", "amount", 60, null, null), kpi("baskets left", "", "", 300, 0, 3)],
    objectives: [
      { name: "the web answers", percent: 99.9, window: 2592000, left: 0.83, burns: burns([0.2, 0.4, 0.9, 0.7]), to: ["chat"], trouble: "" },
      { name: "recommendations answers", percent: 99, window: 2592000, left: -0.12, burns: burns([34.2, 8.1, 3.4, null]), to: [], trouble: "" },
    ],
  };
}

/** GET and, with a body, POST and DELETE below /v1/alerts; GET /v1/kpis. [status, answer]. */
export function answerAlerts(shop, method, parts, given, query) {
  const [kind, what, id] = parts;
  if (kind === "kpis") return [200, goals(Date.now())];
  if (method === "GET" && !what) return [200, alerts(shop)];
  if (method === "GET" && what === "history") return [200, { history: past(shop).slice(0, Number(query.get("limit") ?? 100)) }];
  if (method === "GET" && what === "file") return [200, { file: "/shop/observe.toml", problem: process.env.MOCK_WRONG_FILE ?? "" }];
  if (method === "POST" && what === "silences") {
    const length = /^(\d+)(s|m|h)$/.exec(given.for ?? "");
    if (!length || !given.matchers) return [422, { detail: "a silence needs matchers and a length" }];
    const ms = Number(length[1]) * { s: 1000, m: 60_000, h: 3600_000 }[length[2]];
    const silence = { id: `01JS${++numbered}`, matchers: `{${given.matchers}}`, starts: Date.now() * 1e6, ends: (Date.now() + ms) * 1e6, by: given.by, comment: given.comment };
    silences.push(silence);
    history.push({ time: iso(Date.now()), what: "silenced", silence });
    return [201, { id: silence.id }];
  }
  const ended = silences.find((silence) => silence.id === id && silence.ends / 1e6 > Date.now());
  if (method === "DELETE" && what === "silences" && ended) {
    ended.ends = Date.now() * 1e6;
    history.push({ time: iso(Date.now()), what: "silence ended", id });
    return [200, {}];
  }
  return [404, { detail: `there is no silence ${id} that goes on` }];
}
