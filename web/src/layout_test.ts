import assert from "node:assert/strict";
import test from "node:test";
import { draw, type Edge, labelled, onCurve, type Sizes } from "./layout";

const SIZES: Sizes = { node: [132, 38], gap: [64, 16], vertical: false };
const edges = (text: string): Edge[] => text.split(" ").map((pair) => ({ from: pair.split(">")[0]!, to: pair.split(">")[1]! }));
const names = (all: Edge[]) => [...new Set(all.flatMap((e) => [e.from, e.to]))];

test("callers stand before the called", () => {
  const all = edges("gateway>web web>orders orders>users orders>payments web>users");
  const drawn = draw(names(all), all, SIZES);
  for (const { from, to } of all) assert.ok(drawn.nodes.get(from)!.x < drawn.nodes.get(to)!.x, `${from} before ${to}`);
});

test("no two nodes lie on one another", () => {
  const all = edges("a>x b>x c>x d>y e>y a>y x>z y>z b>z f>z g>x h>y a>z");
  for (const vertical of [false, true]) {
    const places = [...draw(names(all), all, { ...SIZES, node: vertical ? [38, 132] : [132, 38], vertical }).nodes.values()];
    for (const a of places) {
      for (const b of places) assert.ok(a === b || Math.abs(a.x - b.x) >= 132 || Math.abs(a.y - b.y) >= 38, JSON.stringify([a, b]));
    }
  }
});

test("a ring and a call to oneself are drawn, the closing edge as going back", () => {
  const all = edges("a>b b>c c>a b>b");
  const drawn = draw(names(all), all, SIZES);
  assert.equal(drawn.edges.length, 4);
  assert.deepEqual(drawn.edges.filter((e) => e.back).map((e) => `${e.edge.from}>${e.edge.to}`).sort(), ["b>b", "c>a"]);
});

test("the same input gives the same drawing, none an empty one", () => {
  const all = edges("a>b a>c b>d c>d a>d");
  assert.deepEqual(draw(names(all), all, SIZES), draw(names(all), all, SIZES));
  assert.equal(draw([], [], SIZES).nodes.size, 0);
});

test("no two labels lie on one another where there is room", () => {
  const all = edges("gateway>web gateway>orders gateway>users web>products web>recommendations orders>users orders>products orders>payments recommendations>products");
  for (const vertical of [false, true]) {
    const node: [number, number] = vertical ? [104, 38] : [140, 38];
    const drawn = draw(names(all), all, { node: vertical ? [38, 104] : node, gap: vertical ? [44, 8] : [64, 16], vertical });
    const labels = labelled(drawn, node, [30, 13], vertical);
    assert.equal(labels.length, all.length);
    for (const a of labels) for (const b of labels) assert.ok(a === b || Math.abs(a[0] - b[0]) >= 30 || Math.abs(a[1] - b[1]) >= 13, JSON.stringify([vertical, a, b]));
  }
});

test("a point of a curve is on it: its ends and its middle", () => {
  assert.deepEqual(onCurve([0, 0], [10, 20], 0, false), [0, 0]);
  assert.deepEqual(onCurve([0, 0], [10, 20], 1, false), [10, 20]);
  assert.deepEqual(onCurve([0, 0], [10, 20], 0.5, true), [5, 10]);
});
