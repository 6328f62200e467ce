import assert from "node:assert/strict";
import test from "node:test";
import type { FeedEntry } from "./api";
import { told } from "./feed";

let id = 100;
const entry = (text: string, service = "mail"): FeedEntry => ({ id: id--, time: id * 1000, kind: "dead_letter", level: "bad", service, text });

test("what happened again and again is told once, with the newest time", () => {
  const entries = [entry("given up"), entry("given up"), entry("given up"), entry("other"), entry("given up"), entry("given up", "users")];
  const all = told(entries, 60);
  assert.deepEqual(all.map(({ entry: e, times }) => [e.service, e.text, times]), [
    ["mail", "given up", 3],
    ["mail", "other", 1],
    ["mail", "given up", 1],
    ["users", "given up", 1],
  ]);
  assert.equal(all[0]!.entry, entries[0]);
  assert.equal(told(entries, 2).length, 2);
  assert.deepEqual(told([], 5), []);
});
