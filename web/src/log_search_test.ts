import assert from "node:assert/strict";
import test from "node:test";
import { faultParts, fieldsOfText, type FoundLine, logsLink, narrowed, peakOf, quoted, serviceOf, timesOf, underWay, wantedOf } from "./log_search";

test("what is wanted comes back from the address", () => {
  for (const wanted of [
    { q: "", last: 3600 },
    { q: 'level:error "a & b" ä', last: 900 },
    { q: "x", last: 3600, from: 1000, to: 2000 },
  ])
    assert.deepEqual(wantedOf(logsLink(wanted).replace(/^#\/logs\??/, "")), wanted);
  assert.deepEqual(wantedOf("from=5&to=x&last=-1"), { q: "", last: 3600 });
  assert.deepEqual(timesOf({ q: "", last: 60 }, 100_000), { from: 40_000, to: 160_000 });
});

test("a query is narrowed once, and without its opposite", () => {
  assert.equal(narrowed("", "service:orders"), "service:orders");
  assert.equal(narrowed("timeout", "level:error"), "timeout level:error");
  assert.equal(narrowed("timeout level:error", "level:error"), "timeout level:error");
  assert.equal(narrowed("timeout -level:error", "level:error"), "timeout level:error");
  assert.equal(narrowed("a OR b", "-c"), "(a OR b) -c");
  assert.equal(quoted("orders/1"), '"orders/1"');
  assert.equal(quoted('say "x"'), '"say \\"x\\""');
  assert.equal(quoted("users-2.a"), "users-2.a");
  assert.equal(serviceOf("level:error service:orders"), "orders");
  assert.equal(serviceOf("instance:\"users/1\" x"), "users");
  assert.equal(serviceOf("xservice:y"), null);
});

test("fields of JSON and logfmt are shown", () => {
  assert.deepEqual(fieldsOfText('{"a":{"b":1},"c":"x"}'), [["a.b", "1"], ["c", "x"]]);
  assert.deepEqual(fieldsOfText('level=warn msg="it \\"is\\"" n=3'), [["level", "warn"], ["msg", 'it "is"'], ["n", "3"]]);
  assert.deepEqual(fieldsOfText("plain words"), []);
  assert.deepEqual(fieldsOfText("{broken"), []);
});

test("what is wrong in a query stands alone", () => {
  assert.deepEqual(faultParts("ä level:loud x", 8), ["ä level:", "loud", " x"]);
  assert.deepEqual(faultParts("a OR", 4), ["a OR", "␣", ""]);
});

const request = (time: number, seconds: number): FoundLine => ({ id: String(time), time, host: "", service: "s", instance: "s/1", level: "info", text: "", fields: { kind: "request", seconds: String(seconds) } });

test("requests under way, and the peak", () => {
  const all = [request(2000, 1.5), request(2000, 0.1), request(900, 5), request(3000, 0.5)];
  assert.deepEqual(underWay(all, 1000).map((r) => r.fields.seconds), ["1.5"]);
  assert.equal(peakOf([1, 2, 3], [[1, null, 2], [0, 9, 1]]), 2);
  assert.equal(peakOf([1, 2], [[null, null]]), null);
});
