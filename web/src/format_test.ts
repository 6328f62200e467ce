import assert from "node:assert/strict";
import test from "node:test";
import * as format from "./format";

test("what is not known is a dash, never 0", () => {
  for (const show of [format.seconds, format.rate, format.share]) assert.equal(show(null), "–");
  assert.equal(format.seconds(0), "0 ms");
});

test("durations keep three figures and a fitting unit", () => {
  const shown = [0.0000042, 0.00042, 0.0042, 0.0124, 0.2, 1.25, 61, 3725].map(format.seconds);
  assert.deepEqual(shown, ["4.2 µs", "420 µs", "4.2 ms", "12.4 ms", "200 ms", "1.3 s", "61 s", "1 h 2 min"]);
});

test("shares are percent, and few is not none", () => {
  assert.deepEqual([0, 0.0004, 0.012, 0.336, 1].map(format.share), ["0 %", "<0.1 %", "1.2 %", "33.6 %", "100 %"]);
});

test("spans get coarser the longer they are", () => {
  assert.deepEqual([8, 250, 7500, 30000, 200000].map(format.span), ["8 s", "4 min", "2 h 5 min", "8 h", "2 d"]);
});
