import assert from "node:assert/strict";
import { test } from "node:test";
import { type Dashboard, durationOf, durationText, filledIn, legendText, placed, queryOf, stepOf, toToml, viewOf, withWindow } from "./dashboard_model";
import { scaleOf, stacked, thinned } from "./plot";
import { bucketsOf, levelOf } from "./panel_view";
import { formatOf, ticks } from "./units";

const place = (column: number, row: number, columns = 6, rows = 4) => ({ column, row, columns, rows });
const panel = { ...place(0, 0), title: "A", kind: "lines" as const, unit: "s", logarithmic: false, limit: 10, queries: [{ expr: 'x{a="b"}', legend: "" }] };
const dashboard: Dashboard = { title: "It's \"mine\"", range: 3600, variables: [{ name: "service", label: "service", value: "*" }], panels: [panel] };

test("a dashboard's text has what differs from the defaults", () => {
  assert.equal(
    toToml(dashboard),
    'title = "It\'s \\"mine\\""\nrange = "1h"\n\n[[variable]]\nname = "service"\nlabel = "service"\nvalue = "*"\n\n[[panel]]\ntitle = "A"\nkind = "lines"\nunit = "s"\ncolumn = 0\nrow = 0\ncolumns = 6\nrows = 4\n[[panel.query]]\nexpr = \'x{a="b"}\'\n',
  );
});

test("an expression of several lines stays one", () => {
  const lines = toToml({ ...dashboard, panels: [{ ...panel, queries: [{ expr: "sum(\n  up)", legend: "" }] }] });
  assert.ok(lines.endsWith("expr = '''\nsum(\n  up)'''\n"), lines);
});

test("durations", () => {
  for (const [seconds, text] of [[90, "90s"], [300, "5m"], [7200, "2h"], [604800, "7d"]] as const) {
    assert.equal(durationText(seconds), text);
    assert.equal(durationOf(text), seconds);
  }
  assert.equal(durationOf("1 h"), null);
});

test("a panel goes where it is put, others make room, and all rise", () => {
  const places = (panels: { column: number; row: number }[]) => panels.map((each) => `${each.column} ${each.row}`).join(", ");
  const three = [place(0, 0), place(6, 0), place(0, 4)];
  assert.equal(places(placed(three, 0, { column: 1 })), "1 0, 6 4, 0 4");
  assert.equal(places(placed(three, 2, { row: 0 })), "0 4, 6 0, 0 0");
  assert.equal(places(placed(three, 0, { row: 4 })), "0 4, 6 0, 0 0");
  assert.equal(places(placed(three, 1, { row: 9 })), "0 0, 6 0, 0 4");
  assert.equal(places(placed(three, 1, { column: 40, columns: 40 })), "0 4, 0 0, 0 8");
  assert.deepEqual(placed(three, 0, { columns: 0, rows: -3 })[0], place(0, 0, 1, 1));
  assert.equal(places(three), "0 0, 6 0, 0 4", "what was given is not changed");
});

test("no two panels overlap, wherever one is put", () => {
  let seed = 7;
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below;
  let panels = Array.from({ length: 12 }, (_, i) => place((i % 2) * 6, Math.floor(i / 2) * 4));
  for (let round = 0; round < 500; round++) {
    panels = placed(panels, random(12), { column: random(14) - 1, row: random(40), columns: random(13), rows: random(9) });
    for (const a of panels)
      for (const b of panels)
        assert.ok(a === b || a.column >= b.column + b.columns || b.column >= a.column + a.columns || a.row >= b.row + b.rows || b.row >= a.row + a.rows);
  }
});

test("variables as what matches them alone", () => {
  assert.equal(filledIn('x{a=~"$service"}', { service: "*" }), 'x{a=~".*"}');
  assert.equal(filledIn('x{a=~"${service}x"}', { service: 'a.b"c\\' }), 'x{a=~"a\\\\.b\\"c\\\\\\\\x"}');
  assert.equal(filledIn('x{a=~"users$"} $other', { service: "u" }), 'x{a=~"users$"} $other');
});

test("legends", () => {
  assert.equal(legendText("{{service}}: {{ path }}{{none}}!", { service: "users", path: "/a" }, "x"), "users: /a!");
  assert.equal(legendText("", { __name__: "x", service: "users" }, "x"), "users");
  assert.equal(legendText("", {}, "up"), "up");
});

test("what the address holds is what is seen, and no more", () => {
  assert.equal(queryOf(viewOf("", dashboard), dashboard), "");
  for (const query of ["range=5m", "from=1000&to=9000", "range=6h&compare=7d&v.service=users"]) assert.equal(queryOf(viewOf(query, dashboard), dashboard), query);
  assert.equal(viewOf("from=9&to=3", dashboard).from, undefined);
  assert.equal(viewOf("range=1s", dashboard).range, 60);
  const near = withWindow(viewOf("", dashboard), 1_000_000, 1_000_001);
  assert.equal(near.to! - near.from!, 5000);
});

test("steps keep a chart at about 900 points", () => {
  for (const [seconds, step] of [[300, 1], [900, 1], [3600, 5], [21600, 30], [86400, 120], [604800, 900]] as const) assert.equal(stepOf(seconds), step);
});

test("values with their units", () => {
  assert.equal(formatOf("s")(0.0042), "4.2 ms");
  assert.equal(formatOf("share")(0.25), "25 %");
  assert.equal(formatOf("bytes")(1536), "1.5 KiB");
  assert.equal(formatOf("bytes/s")(3 * 1024 ** 2), "3 MiB/s");
  assert.equal(formatOf("1/s")(12), "12/s");
  assert.equal(formatOf("EUR")(-3), "−3 EUR");
  assert.equal(formatOf("")(2.5e6), "2.5 M");
  assert.equal(formatOf("s")(NaN), "–");
});

test("an axis has round places", () => {
  assert.deepEqual(ticks(0, 1, 5), [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
  assert.deepEqual(ticks(0, 4096, 4, true), [0, 1024, 2048, 3072, 4096]);
  assert.deepEqual(ticks(0, 0, 4), []);
});

test("thresholds, also where less is worse", () => {
  const up = { ...panel, warn: 1, bad: 5 };
  assert.deepEqual([0, 1, 5, NaN].map((value) => levelOf(value, up)), ["ok", "warn", "bad", "off"]);
  const down = { ...panel, warn: 5, bad: 1 };
  assert.deepEqual([9, 5, 1].map((value) => levelOf(value, down)), ["ok", "warn", "bad"]);
});

test("stacks are sums, crowded lines keep their peaks, buckets what fell into each", () => {
  const line = (...points: number[]) => ({ points: Float64Array.from(points), colour: "" });
  assert.deepEqual(stacked([line(1, NaN), line(2, 3)], 0, 1).map((each) => [...each]), [[1, 0], [3, 3]]);
  assert.deepEqual(thinned(Float64Array.from([1, 9, 2, 3, NaN, NaN, NaN, 0, 5]), 0, 8, 4), [0, 1, 7, 8]);
  const { bounds, points } = bucketsOf([{ le: Infinity, points: Float64Array.from([7]) }, { le: 0.1, points: Float64Array.from([2]) }], 1);
  assert.deepEqual([bounds, points.map((each) => each[0])], [[0.1, Infinity], [2, 5]]);
  const plot = { kind: "lines" as const, frame: { from: 0, step: 1000, count: 2 }, from: 0, to: 1000, lines: [line(1, 3)], logarithmic: false, binary: false, format: String as never, marks: [], cursor: null, selected: null };
  assert.deepEqual(scaleOf(plot, null), { least: 0, most: 3.24, logarithmic: false });
  assert.equal(scaleOf({ ...plot, bad: 5 }, null).most, 5.4);
});
