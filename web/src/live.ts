import { useEffect, useState } from "preact/hooks";
import type { Point, ServiceDetail, State } from "./api";

// What the server pushes, and whether it does. One stream per page; a service's page has the detail
// of its service on the same stream. EventSource opens a broken stream again by itself.

export type Link = "connecting" | "open" | "lost" | "no token";

export interface Live {
  state: State | null;
  detail: ServiceDetail | null;
  link: Link;
  since: number; // of `link`, this browser's clock
}

const KEPT_POINTS = 900;
let live: Live = { state: null, detail: null, link: "connecting", since: Date.now() };
let stream: EventSource | null = null;
let watched: string | null = null;
let silence = 0;
const readers = new Set<() => void>();
const pointReaders = new Set<(point: Point) => void>();
export const points: Point[] = [];

function set(change: Partial<Live>) {
  if (change.link && change.link !== live.link) change.since = Date.now();
  live = { ...live, ...change };
  for (const reader of readers) reader();
}

/** Asks why the stream is gone: a missing token is not cured by trying again. */
async function lost() {
  set({ link: live.link === "no token" ? "no token" : "lost" });
  try {
    const response = await fetch("/v1/state", { method: "GET" });
    if (response.status === 401) {
      close();
      set({ link: "no token" });
      return;
    }
  } catch {
    // Not reachable.
  }
  // A broken stream is opened again by the browser, one that was refused is not.
  window.setTimeout(() => stream?.readyState === EventSource.CLOSED && open(watched), 1000);
}

/** A stream that says nothing for 20 s (a comment is due after 15 s, a state each second) is opened anew. */
function heard() {
  window.clearTimeout(silence);
  silence = window.setTimeout(() => open(watched), 20_000);
  if (live.link !== "open") set({ link: "open" });
}

/** A page that nobody sees needs no stream: browsers allow six connections to one server, of all pages together. */
export function useVisible(): boolean {
  const [visible, set] = useState(!document.hidden);
  useEffect(() => {
    const look = () => set(!document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return visible;
}

export function close() {
  window.clearTimeout(silence);
  stream?.close();
  stream = null;
}

/** (Re)opens the stream; with `service`, its detail comes too. */
export function open(service: string | null) {
  close();
  watched = service;
  if (live.detail?.name !== service) set({ detail: null });
  const source = new EventSource(service ? `/v1/live?service=${encodeURIComponent(service)}` : "/v1/live");
  stream = source;
  source.addEventListener("state", (event) => {
    heard();
    set({ state: JSON.parse(event.data) as State });
  });
  source.addEventListener("service", (event) => {
    const detail = JSON.parse(event.data) as ServiceDetail;
    if (detail.name === watched) set({ detail });
  });
  source.addEventListener("point", (event) => {
    const point = JSON.parse(event.data) as Point;
    points.push(point);
    if (points.length > KEPT_POINTS) points.shift();
    for (const reader of pointReaders) reader(point);
  });
  source.onerror = () => {
    if (stream === source) void lost();
  };
}

/** The newest of what was pushed; renders again on each push. */
export function useLive(): Live {
  const [, render] = useState(0);
  useEffect(() => {
    const reader = () => render((n) => n + 1);
    readers.add(reader);
    return () => void readers.delete(reader);
  }, []);
  return live;
}

export function onPoint(reader: (point: Point) => void): () => void {
  pointReaders.add(reader);
  return () => void pointReaders.delete(reader);
}
