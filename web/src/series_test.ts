import assert from "node:assert/strict";
import test from "node:test";
import type { SeriesAnswer } from "./api";
import { joined, type Window } from "./series";

const RANGE = { label: "5 s", seconds: 5, step: 1 };
const EMPTY: Window = { times: [], lines: new Map(), marks: [] };
const answer = (from: number, points: Record<string, (number | null)[]>, marks: SeriesAnswer["marks"] = []): SeriesAnswer => ({
  from: from * 1000,
  step: 1,
  series: Object.entries(points).map(([service, values]) => ({ name: "p50", labels: { service }, points: values })),
  marks,
});

test("a pushed second is put behind, the oldest goes", () => {
  const window = joined(EMPTY, answer(100, { a: [1, 2, 3, 4, 5] }), RANGE);
  const next = joined(window, answer(105, { a: [6] }), RANGE);
  assert.deepEqual(next.times, [101, 102, 103, 104, 105]);
  assert.deepEqual(next.lines.get("p50 a"), [2, 3, 4, 5, 6]);
});

test("a service that is new or gone has no values there, not those of another time", () => {
  const window = joined(EMPTY, answer(100, { a: [1, 2] }), RANGE);
  const next = joined(window, answer(102, { b: [7] }), RANGE);
  assert.deepEqual(next.lines.get("p50 a"), [1, 2, null]);
  assert.deepEqual(next.lines.get("p50 b"), [null, null, 7]);
});

test("an answer replaces what overlaps it, and its marks too", () => {
  const mark = { time: 101_500, kind: "deploy" as const, service: "a", version: 2 };
  const window = joined(EMPTY, answer(100, { a: [1, 9, 9] }, [mark]), RANGE);
  const next = joined(window, answer(101, { a: [2, 3, 4] }, [mark]), RANGE);
  assert.deepEqual(next.times, [100, 101, 102, 103]);
  assert.deepEqual(next.lines.get("p50 a"), [1, 2, 3, 4]);
  assert.equal(next.marks.length, 1);
});
