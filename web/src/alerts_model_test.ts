import assert from "node:assert/strict";
import { test } from "node:test";
import { type Alert, historyOf, isUnusual, levelOfObjective, matchersOf, type Objective, ordered, placeInBand, sinceOf, stateOf } from "./alerts_model";

const NEVER = "1970-01-01T00:00:00.000Z";
function alert(name: string, more: Partial<Alert> = {}, severity = "warning"): Alert {
  return {
    labels: { alertname: name, severity, service: "users" }, phase: "firing", value: "1", active_at: "2026-01-01T10:00:00.000Z", fired_at: "2026-01-01T10:01:00.000Z",
    resolved_at: NEVER, flapping: false, summary: name, ...more,
  };
}

test("what fires stands first, the worst first, then the oldest; what is hushed stands behind", () => {
  const all = [
    alert("resolved", { phase: "resolved", resolved_at: "2026-01-01T10:05:00.000Z" }),
    alert("held", { explained_by: { alertname: "x" } }, "critical"),
    alert("silenced", { silenced_by: "01" }, "critical"),
    alert("pending", { phase: "pending" }, "critical"),
    alert("later", { fired_at: "2026-01-01T10:02:00.000Z" }),
    alert("flaps", { flapping: true }, "critical"),
    alert("earlier"),
    alert("worst", { fired_at: "2026-01-01T10:03:00.000Z" }, "critical"),
  ];
  assert.deepEqual(ordered(all).map((each) => each.summary), ["worst", "earlier", "later", "flaps", "pending", "held", "silenced", "resolved"]);
  assert.equal(stateOf(all[1]!), "held back");
  assert.equal(sinceOf(all[3]!), Date.parse("2026-01-01T10:00:00.000Z"));
});

test("a silence of one alert names all of its labels, whatever is in them", () => {
  assert.equal(matchersOf({ alertname: 'say "a\\b"', path: "x\ny" }), 'alertname="say \\"a\\\\b\\"",path="x\\ny"');
});

test("an alert's history is that of its labels", () => {
  const one = alert("slow");
  const other = { ...one.labels, service: "orders" };
  const lines = [{ time: "1", what: "firing", labels: { service: "users", severity: "warning", alertname: "slow" } }, { time: "2", what: "firing", labels: other }, { time: "3", what: "told" }];
  assert.deepEqual(historyOf(lines, one).map((line) => line.time), ["1"]);
});

test("a value has its place beside its usual band", () => {
  assert.equal(placeInBand(10, 10, 20), 0.25);
  assert.equal(placeInBand(20, 10, 20), 0.75);
  assert.equal(placeInBand(1000, 10, 20), 1);
  assert.equal(placeInBand(-5, 10, 20), 0);
  assert.equal(placeInBand(3, null, null), 0.5);
  const kpi = { name: "k", topic: "", field: "", per: 60, at: 0, series: "", to: [], least: 10, most: null };
  assert.equal(isUnusual({ ...kpi, value: 9 }), true);
  assert.equal(isUnusual({ ...kpi, value: 10 }), false);
  assert.equal(isUnusual({ ...kpi, value: null }), false);
});

test("an objective is bad when its budget is gone or burns at a pace that is critical", () => {
  const burns = [{ over: 3600, factor: 14.4, severity: "critical", rate: 1 as number | null }, { over: 86400, factor: 3, severity: "warning", rate: 1 as number | null }];
  const objective: Objective = { name: "o", percent: 99.9, window: 2592000, left: 0.8, burns, to: [], trouble: "" };
  assert.equal(levelOfObjective(objective), "ok");
  assert.equal(levelOfObjective({ ...objective, left: -0.1 }), "bad");
  assert.equal(levelOfObjective({ ...objective, left: 0.1 }), "warn");
  assert.equal(levelOfObjective({ ...objective, left: null }), "off");
  assert.equal(levelOfObjective({ ...objective, burns: [{ ...burns[0]!, rate: 20 }, burns[1]!] }), "bad");
  assert.equal(levelOfObjective({ ...objective, burns: [burns[0]!, { ...burns[1]!, rate: 4 }] }), "warn");
});
