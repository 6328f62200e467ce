// Dashboards and charts of the mock: docs/formats/dashboards.md over the shop's numbers. Expressions are not computed: what their words
// name is made up from the shop, the same for the same moment, so that a page's values can be held against another answer.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { alertMarks, kpiAt } from "./alerts.mjs";

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), "../../src/console/built_in_dashboards.cc");
const BOUNDS = Array.from({ length: 41 }, (_, i) => (2 ** (16 + Math.floor(i / 2)) * (i % 2 ? 1.5 : 1)) / 1e9);

const builtIn = Object.fromEntries(
  [...readFileSync(SOURCE, "utf8").matchAll(/constexpr std::string_view (\w+)_text = R"\(([\s\S]*?)\n\)";/g)].map(([, name, text]) => [name, `${text}\n`]));
const kept = new Map();

/** The subset of TOML that dashboards are written in; throws [line, column, text]. */
function parse(text) {
  const file = { title: "", range: 900, variables: [], panels: [] };
  let table = file;
  // An expression over several lines becomes one; what follows keeps its number.
  const lines = text.replace(/'''\n([\s\S]*?)'''/g, (whole, inner) => `'${inner.replace(/\n/g, " ")}'${"\n".repeat(whole.split("\n").length - 1)}`).split("\n");
  lines.forEach((line, i) => {
    const wrong = (column, what) => { throw [i + 1, column, what]; };
    if (!line.trim() || line.startsWith("#")) return;
    if (line.startsWith("[[")) {
      const name = line.slice(2, -2);
      if (name === "variable") file.variables.push((table = { name: "", value: "*" }));
      else if (name === "panel") file.panels.push((table = { title: "", kind: "lines", unit: "", columns: 6, rows: 4, logarithmic: false, limit: 10, queries: [] }));
      else if (name === "panel.query") file.panels.at(-1).queries.push((table = { expr: "", legend: "" }));
      else wrong(3, `unknown key '${name}'`);
      return;
    }
    const found = /^(\w+) = (.*)$/.exec(line);
    if (!found) wrong(1, "no key");
    const [, key, value] = found;
    if (!["title", "range", "name", "label", "value", "kind", "unit", "column", "row", "columns", "rows", "warn", "bad", "logarithmic", "limit", "expr", "legend"].includes(key))
      wrong(1, `unknown key '${key}'`);
    table[key] = value.startsWith("'") ? value.slice(1, -1) : JSON.parse(value);
    if (key === "expr" && table.expr.includes("broken(")) wrong(8, "expr is no expression");
  });
  if (typeof file.range === "string") file.range = parseInt(file.range) * { s: 1, m: 60, h: 3600, d: 86400 }[file.range.at(-1)];
  for (const variable of file.variables) variable.label ??= variable.name;
  const placed = [];
  for (const panel of file.panels) {
    const over = (a, b) => a.column < b.column + b.columns && b.column < a.column + a.columns && a.row < b.row + b.rows && b.row < a.row + a.rows;
    const given = panel.column !== undefined || panel.row !== undefined;
    panel.column ??= 0;
    panel.row ??= 0;
    for (; !given; panel.row++) {
      for (panel.column = 0; panel.column + panel.columns <= 12; panel.column++) if (!placed.some((other) => over(other, panel))) break;
      if (panel.column + panel.columns <= 12) break;
    }
    placed.push(panel);
  }
  return file;
}

const revisionOf = (text) => [...text].reduce((hash, c) => (Math.imul(hash, 31) + c.charCodeAt(0)) >>> 0, 7).toString(16).padStart(16, "0");

export function dashboards(method, name, given, revision) {
  const text = kept.get(name);
  const now = text === undefined ? "" : revisionOf(text);
  if (method === "GET" && !name) {
    const names = [...Object.keys(builtIn).filter((each) => !kept.has(each)), ...[...kept.keys()].sort()];
    return [200, { dashboards: names.map((each) => {
      const one = parse(kept.get(each) ?? builtIn[each]);
      return { name: each, title: one.title, revision: kept.has(each) ? revisionOf(kept.get(each)) : "", built_in: !kept.has(each), panels: one.panels.length };
    }) }];
  }
  if (method === "GET") {
    const toml = text ?? builtIn[name];
    if (toml === undefined) return [404, { detail: `there is no dashboard '${name}'` }];
    return [200, { name, revision: now, built_in: text === undefined, toml, dashboard: parse(toml) }];
  }
  const wanted = method === "PUT" ? given.revision : revision;
  if (wanted !== now) return [409, { detail: `the dashboard '${name}' ${wanted ? "was changed by somebody else" : "is there already"}` }];
  if (method === "DELETE") {
    kept.delete(name);
    return [200, { text: `${name} is removed` }];
  }
  try {
    parse(given.toml);
  } catch (wrong) {
    if (!Array.isArray(wrong)) return [422, { detail: String(wrong), problems: [{ file: `${name}.toml`, line: 1, column: 1, text: String(wrong) }] }];
    return [422, { detail: wrong[2], problems: [{ file: `${name}.toml`, line: wrong[0], column: wrong[1], text: wrong[2] }] }];
  }
  kept.set(name, given.toml);
  return [given.revision ? 200 : 201, { revision: revisionOf(given.toml), text: `${name} is kept` }];
}

/** Label sets and a function of time for what an expression names. */
function meant(shop, expr) {
  if (/^-?[\d.]+$/.test(expr)) return [{ labels: {}, at: () => Number(expr) }];
  const kpi = /^\{berth_name="kpi (.*)"\}$/.exec(expr)?.[1];
  if (kpi) return [{ labels: { berth_name: `kpi ${kpi}` }, at: (time) => kpiAt(kpi, time / 1000) }];
  const by = (/by \(([^)]*)\)/.exec(expr)?.[1] ?? "").split(",").map((each) => each.trim()).filter(Boolean);
  const only = /service=~"([^"]*)"/.exec(expr)?.[1];
  if (/absent/.test(expr)) return [];
  const names = Object.keys(shop.defined).filter((name) => shop.defined[name].rps !== null && (!only || new RegExp(`^(?:${only})$`).test(name)));
  const kind = /quantile\(0\.5/.test(expr) ? "p50" : /quantile\(0\.9,/.test(expr) ? "p90" : /quantile\(0\.99/.test(expr) ? "p99"
    : /\) \//.test(expr) ? "errors" : /5\.\.\|0/.test(expr) ? "status_5xx" : "rate";
  const value = (name, time) => shop.sample(name, time - 1000)?.[kind] ?? null;
  const ratio = kind === "errors" || kind.startsWith("p");
  const together = (all) => (time) => {
    const values = all.map((name) => value(name, time)).filter((each) => each !== null);
    return values.length ? values.reduce((a, b) => a + b, 0) / (ratio ? values.length : 1) : null;
  };
  if (by.includes("le") && !/quantile/.test(expr))
    return BOUNDS.map((le, i) => ({ labels: { le: String(le) }, at: (time) => {
      let sum = 0;
      for (const name of names) {
        const sample = shop.sample(name, time - 1000);
        if (sample?.p50) sum += sample.rate / (1 + Math.exp(-2.2 * Math.log2(BOUNDS[i] / sample.p50)));
      }
      return sum;
    } }));
  if (by.includes("service")) return names.map((name) => ({ labels: { service: name, ...(by.includes("path") ? { path: "/" } : {}), ...(by.includes("level") ? { level: "error" } : {}) }, at: (time) => value(name, time) }));
  if (by.includes("path")) return names.map((name) => ({ labels: { path: `/${name}/:id` }, at: (time) => value(name, time) }));
  if (by.includes("status")) return [["200", 0.95], ["404", 0.03], ["500", 0.02]].map(([status, part]) => ({ labels: { status }, at: (time) => together(names)(time) * part }));
  if (by.includes("from")) return names.map((name) => ({ labels: { from: "gateway", to: name }, at: (time) => value(name, time) }));
  return [{ labels: {}, at: together(names) }];
}

function points(shop, expr, from, count, step) {
  return meant(shop, expr).map(({ labels, at }) => ({ labels, points: Array.from({ length: count }, (_, i) => at(Math.floor((from + i * step) / 1000) * 1000)) }));
}

export function charts(shop, { from, to, step, queries }) {
  const until = Math.floor(Date.now() / 1000) * 1000;
  const begin = Math.floor(from / step) * step;
  const end = Math.min(to, until);
  const count = end < begin ? 0 : Math.floor((end - begin) / step) + 1;
  const answers = queries.map(({ expr, offset = 0 }) => {
    if (expr.includes("* on ()")) return { error: "found duplicate series for the match group {} on the right hand-side of the operation" };
    return { series: points(shop, expr, begin - offset, count, step) };
  });
  return { from: begin, step, count, until, marks: [...shop.marks, ...alertMarks(shop)].filter((mark) => mark.time >= begin - step && mark.time <= begin + count * step), answers };
}

/** What tests hold the page against. */
export function queryRange(shop, query) {
  const [start, end, step] = ["start", "end", "step"].map((name) => Number(query.get(name)) * 1000);
  const result = points(shop, query.get("query"), start, Math.floor((end - start) / step) + 1, step);
  return { status: "success", data: { resultType: "matrix", result: result.map(({ labels, points }) => ({ metric: labels, values: points.map((value, i) => [(start + i * step) / 1000, String(value)]).filter(([, value]) => value !== "null") })) } };
}

export function labelValues(shop, label) {
  return { status: "success", data: label === "service" ? Object.keys(shop.defined).sort() : [] };
}
