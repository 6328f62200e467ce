// The logs of the made-up shop: lines are a function of service and second, and a query understands words,
// "phrases", level:, service:, instance:, name=value and - before any of them. What it does not understand is refused
// with its place, as Berth does (docs/formats/log_lines.md).
const LEVELS = ["debug", "info", "warn", "error"];
const STEPS = [1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000];
const KEPT_MS = 2 * 3600_000;
const tails = new Set();

function found(line, service, sequence, fields = {}) {
  return { id: `${Math.round(line.time)}000000-${sequence}`, time: line.time, host: "laptop", service, instance: line.instance, level: line.level, text: line.text, fields };
}

/** The lines of one second, oldest first. */
function second(shop, time) {
  const out = [];
  Object.keys(shop.defined).forEach((name, i) => {
    const line = shop.line(name, time + i * 17, 0);
    const request = /^GET (\S+) (\d+) in ([\d.]+) ms$/.exec(line.text);
    const sequence = Math.floor(time / 1000) * 100 + i * 3;
    out.push(found(line, name, sequence));
    if (!request) return;
    const [, path, status, ms] = request;
    // A request's line stands at its end; what its instance wrote meanwhile stands before it.
    out.push(found({ ...line, time: line.time + 3, text: `GET ${path} answered ${status} in ${ms} ms` }, name, sequence + 1, {
      kind: "request", method: "GET", path, status, seconds: String(Number(ms) / 1000 + 0.004), from: "web", trace: `t${sequence}`,
    }));
  });
  return out.sort((a, b) => a.time - b.time);
}

function* newest(shop, from, to) {
  const now = Date.now();
  const begin = Math.max(from, now - KEPT_MS);
  for (let time = Math.floor(Math.min(to, now) / 1000) * 1000; time > begin - 1000; time -= 1000)
    for (const line of second(shop, time).reverse()) if (line.time >= from && line.time < to && line.time <= now) yield line;
}

/** A test of lines, or {at, detail}. */
function parsed(query) {
  const tests = [];
  const terms = /(-?)(?:([a-z_.]+)(:|=|>=?))?(?:"([^"]*)"|([^\s"]+))|"/gi;
  for (let match; (match = terms.exec(query)); ) {
    if (match[0] === '"') return { at: match.index, detail: "this quote is not closed" };
    const [, minus, name, compare, phrase, word] = match;
    const value = (phrase ?? word).toLowerCase();
    if (name === "level" && !LEVELS.includes(value)) return { at: match.index + minus.length + 6, detail: "a level is error, warn, info or debug" };
    const escaped = value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const whole = new RegExp(`(?<![a-z0-9])${escaped}(?![a-z0-9])`, "i");
    const test = (line) => {
      if (!name) return whole.test(line.text);
      if (name === "level") return compare === ":" ? line.level === value : LEVELS.indexOf(line.level) >= LEVELS.indexOf(value);
      const held = String(line[name] ?? line.fields[name] ?? "");
      return compare.startsWith(">") ? Number(held) >= Number(value) : compare === "=" || name in line ? held.toLowerCase() === value : whole.test(held);
    };
    tests.push(minus ? (line) => !test(line) : test);
  }
  return (line) => tests.every((test) => test(line));
}

function histogram(shop, test, query) {
  const to = Number(query.get("to") ?? Date.now());
  const begun = Number(query.get("from") ?? to - 3600_000);
  const steps = Number(query.get("steps") ?? 60);
  const step = STEPS.find((each) => (to - begun) / each < steps) ?? 604_800_000;
  const from = Math.floor(begun / step) * step;
  const counts = Object.fromEntries(LEVELS.map((level) => [level, Array(Math.floor((to - from) / step) + 1).fill(0)]));
  let lines = 0;
  for (const line of newest(shop, from, to + 1)) {
    if (!test(line)) continue;
    counts[line.level][Math.floor((line.time - from) / step)]++;
    lines++;
  }
  return { from, step, counts, lines, complete: true, counted_from: from };
}

function search(shop, test, query) {
  const before = query.get("before");
  const most = Number(query.get("lines") ?? 200);
  const after = (line) => !before || Number(line.id.split("-")[1]) < Number(before.split("-")[1]);
  const lines = [];
  const largest = query.get("largest");
  if (largest) {
    for (const line of newest(shop, Number(query.get("from") ?? 0), Number(query.get("to") ?? Infinity))) if (test(line) && line.fields[largest] !== undefined) lines.push(line);
    lines.sort((a, b) => Number(b.fields[largest]) - Number(a.fields[largest]));
    return { lines: lines.slice(0, most), more: null, complete: true, next: 0, blocks: 12, blocks_read: 2 };
  }
  for (const line of newest(shop, Number(query.get("from") ?? 0), Number(query.get("to") ?? Infinity))) {
    if (after(line) && test(line)) lines.push(line);
    if (lines.length > most) break;
  }
  const more = lines.length > most ? lines[most - 1].id : null;
  return { lines: lines.slice(0, most), more, complete: true, next: Math.floor(Date.now() / 1000) * 100 + 100, blocks: 12, blocks_read: 2 };
}

export function logs(shop, request, response, kind, query, { json, stream }) {
  const test = parsed(query.get("q") ?? "");
  if (typeof test !== "function") return json(response, 400, { type: "about:blank", title: "Bad Request", status: 400, ...test }, "application/problem+json");
  if (kind === "histogram") return json(response, 200, histogram(shop, test, query));
  if (kind === "tail") return stream(request, response, tails, { response, test, after: Number(query.get("after") ?? 0) });
  json(response, 200, search(shop, test, query));
}

/** Each second: what is new goes to those who follow. */
export function tell(shop, event) {
  const lines = second(shop, Math.floor(Date.now() / 1000) * 1000);
  for (const { response, test, after } of tails)
    for (const line of lines) if (Number(line.id.split("-")[1]) >= after && test(line)) event(response, "line", line);
}
