import { useEffect, useState } from "preact/hooks";
import { get, type Mark, reasonOf } from "./api";
import type { Alert, Alerts } from "./alerts_model";

// The alerts of the whole page: one request every few seconds while somebody looks, shared by the header, the alerts page, a service's
// page and the marks of charts.

const EVERY_MS = 3000;

interface Known {
  alerts: Alerts | null;
  failed: string | null;
}

let known: Known = { alerts: null, failed: null };
let timer = 0;
let asking: Promise<void> | null = null;
const readers = new Set<() => void>();

async function ask() {
  try {
    known = { alerts: await get<Alerts>("/v1/alerts"), failed: null };
  } catch (error) {
    known = { ...known, failed: reasonOf(error) };
  }
  asking = null;
  for (const reader of readers) reader();
}

/** As they are now: an answer that was asked for before does not know yet what was just done. */
export async function readAlerts() {
  while (asking) await asking;
  asking = ask();
  await asking;
}

function begin() {
  if (timer) return;
  timer = window.setInterval(() => !document.hidden && !asking && void readAlerts(), EVERY_MS);
  void readAlerts();
}

export function useAlerts(): Known {
  const [, render] = useState(0);
  useEffect(() => {
    const reader = () => render((n) => n + 1);
    readers.add(reader);
    begin();
    return () => {
      readers.delete(reader);
      if (readers.size) return;
      window.clearInterval(timer);
      timer = 0;
    };
  }, []);
  return known;
}

/** Alerts that fire or fired lately, for charts that are not asked for anew. */
export function firedMarks(since: number): Mark[] {
  const fired = (known.alerts?.alerts ?? []).filter((alert: Alert) => Date.parse(alert.fired_at) >= since && Date.parse(alert.fired_at) > 0);
  return fired.map((alert) => ({ time: Date.parse(alert.fired_at), kind: "alert", service: alert.labels.service ?? "", text: alert.summary }));
}
