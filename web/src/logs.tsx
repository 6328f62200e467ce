import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Instance, type LogLine, path } from "./api";
import { clock, count, moment } from "./format";
import { useVisible } from "./live";
import { logsLink, quoted } from "./log_search";
import { link } from "./route";

const KEPT_LINES = 2000;
const FIRST_LINES = 200;
const AGAIN_AFTER_MS = 2000;
const DRAWN_EVERY_MS = 200; // a service that writes thousands of lines a second must not stop the page

interface Shown extends LogLine {
  id: number;
}

export function Logs(props: { service: string; instances: Instance[]; instance: string | undefined }) {
  const [lines, setLines] = useState<Shown[]>([]);
  const [lost, setLost] = useState(0);
  const [words, setWords] = useState("");
  const [held, setHeld] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const visible = useVisible();
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    if (!visible) return;
    let number = 0;
    let fresh: Shown[] = [];
    const which = props.instance ? `&instance=${encodeURIComponent(props.instance)}` : "";
    const stream = new EventSource(`${path.service(props.service)}/logs?follow=1&lines=${FIRST_LINES}${which}`);
    stream.onopen = () => {
      // The server begins again with the last lines after a break.
      fresh = [];
      setLines([]);
    };
    stream.addEventListener("line", (event) => fresh.push({ ...(JSON.parse(event.data) as LogLine), id: number++ }));
    stream.addEventListener("lost", (event) => setLost((n) => n + (JSON.parse(event.data) as { lines: number }).lines));
    stream.onerror = () => {
      if (stream.readyState === EventSource.CLOSED) window.setTimeout(() => setAttempt(attempt + 1), AGAIN_AFTER_MS);
    };
    const timer = window.setInterval(() => {
      if (!fresh.length) return;
      const more = fresh;
      fresh = [];
      setLines((old) => [...old, ...more].slice(-KEPT_LINES));
    }, DRAWN_EVERY_MS);
    return () => {
      stream.close();
      window.clearInterval(timer);
    };
  }, [props.service, props.instance, visible, attempt]);

  const wanted = words.toLowerCase();
  const shown = useMemo(
    () => (wanted ? lines.filter((line) => line.text.toLowerCase().includes(wanted) || line.level === wanted) : lines),
    [lines, wanted],
  );
  // The page renders with each pushed state; thousands of lines that did not change are then not looked at again.
  const drawn = useMemo(
    () =>
      shown.map((line) => (
        <div key={line.id} class={line.level}>
          <time title={moment(line.time)}>{clock(line.time)}</time>
          <span class="who">{line.instance.split("/").pop()}</span>
          <span class="text">{line.text}</span>
        </div>
      )),
    [shown],
  );
  useLayoutEffect(() => {
    if (atEnd.current && !held && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [shown, held]);

  return (
    <section aria-labelledby="logs-title">
      <div class="heading">
        <h2 id="logs-title">Logs</h2>
        <a href={logsLink({ q: props.instance ? `instance:${quoted(props.instance)}` : `service:${quoted(props.service)}` })}>search all</a>
        <input type="search" aria-label="Only lines with these words, or of this level" placeholder="only lines with…" value={words} onInput={(e) => setWords(e.currentTarget.value)} />
        <select
          aria-label="Instance"
          value={props.instance ?? ""}
          onChange={(e) => (location.hash = e.currentTarget.value ? link.instance(e.currentTarget.value) : link.service(props.service))}
        >
          <option value="">all instances</option>
          {props.instances.map((instance) => (
            <option key={instance.id}>{instance.id}</option>
          ))}
        </select>
        <button class="small" aria-pressed={!held} onClick={() => setHeld(!held)} title="stay at the newest line">
          follow
        </button>
      </div>
      <div
        class="logs"
        ref={box}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={`Logs of ${props.instance ?? props.service}`}
        data-lines={lines.length}
        onScroll={(e) => (atEnd.current = e.currentTarget.scrollHeight - e.currentTarget.scrollTop - e.currentTarget.clientHeight < 30)}
      >
        {lost > 0 && <p class="lost">{count(lost)} lines were left out: they came faster than this page took them</p>}
        {drawn}
        {!shown.length && <p class="empty">{lines.length ? "No line has these words." : "No line yet."}</p>}
      </div>
    </section>
  );
}
