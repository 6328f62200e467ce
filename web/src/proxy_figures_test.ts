import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "./proxy_figures";

const figures = (name: string, requests: number) => ({
  name, requests, status: "UP", why: "", now: 0, total: requests, bytes_in: 0, bytes_out: 0, denied: 0, request_errors: 0, connection_errors: 0, response_errors: 0,
  client_aborts: 0, server_aborts: 0, retries: 0, queue_time: 0, connect_time: 0, response_time: 0, total_time: 0, responses: [0, 0, 0, 0, 0, 0],
});
const answer = (listener: number, instance: number) => ({
  listeners: [figures("web", listener)],
  services: [{ ...figures("users", instance), queued: 0, in_rotation: 1, instances: [{ ...figures("users/1", instance), weight: 1, resting: false }] }],
});

test("what is per second is the difference of two answers", () => {
  const first = read(null, 10_000, answer(100, 40));
  assert.equal(first.rates.size, 0);
  const second = read(first, 12_000, answer(160, 44));
  assert.equal(second.rates.get("listener web"), 30);
  assert.equal(second.rates.get("instance users/1"), 2);
});

test("a proxy that began anew has no rate until the next answer", () => {
  const before = read(null, 10_000, answer(100, 40));
  const anew = read(before, 11_000, answer(3, 2));
  assert.equal(anew.rates.size, 0);
  assert.equal(read(anew, 12_000, answer(5, 2)).rates.get("listener web"), 2);
});
