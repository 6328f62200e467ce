import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { State } from "./api";
import { Histogram } from "./explorer_histogram";
import { Line, whose } from "./explorer_line";
import { SlowRequests } from "./explorer_slow";
import { clock, count, moment } from "./format";
import { useVisible } from "./live";
import { faultParts, type FoundLine, type HistogramAnswer, LASTS, logsLink, type SearchAnswer, timesOf, type Wanted, wantedOf } from "./log_search";
import "./explorer.css";

// The log explorer: #/logs?q=…&last=seconds, or &from=ms&to=ms. The address holds all that was asked for.

const PAGE_LINES = 200;
const KEPT_LINES = 5000;
const WHO_MAX = 24; // characters of a name that the column has room for
const DRAWN_EVERY_MS = 200;
const COUNTED_EVERY_MS = 10_000;
const AGAIN_AFTER_MS = 2000;

interface Problem {
  text: string;
  at?: number; // the character of the query
  query: string;
}

interface Found {
  asked: "nothing" | "asking" | "done";
  lines: FoundLine[];
  more: string | null;
  complete: boolean;
  next: number;
  problem: Problem | null;
}

const NOTHING: Found = { asked: "nothing", lines: [], more: null, complete: true, next: 0, problem: null };

async function ask<T>(path: string, query: string): Promise<T | Problem> {
  try {
    const response = await fetch(path, { headers: { accept: "application/json" } });
    const body = (await response.json()) as T & { detail?: string; at?: number };
    if (response.ok) return body;
    return { text: body.detail ?? `Berth answered ${response.status}`, at: body.at, query };
  } catch {
    return { text: "Berth does not answer", query };
  }
}
const failed = (answer: object): answer is Problem => "query" in answer;

export function LogsPage({ search, state }: { search: string; state: State }) {
  const wanted = wantedOf(search);
  const [found, setFound] = useState<Found>(NOTHING);
  const [counts, setCounts] = useState<HistogramAnswer | null>(null);
  const [live, setLive] = useState(false);
  const [again, setAgain] = useState(0);
  const visible = useVisible();
  const fixed = wanted.from !== undefined;
  const key = `${wanted.q}\n${wanted.last}\n${wanted.from}\n${wanted.to}\n${again}`;

  useEffect(() => {
    let gone = false;
    setFound((old) => ({ ...old, asked: "asking" }));
    const { from, to } = timesOf(wanted, Date.now());
    const where = `q=${encodeURIComponent(wanted.q)}&from=${Math.floor(from)}&to=${Math.ceil(to)}`;
    void ask<SearchAnswer>(`/v1/logs?${where}&lines=${PAGE_LINES}`, wanted.q).then((answer) => {
      if (gone) return;
      if (failed(answer)) setFound({ ...NOTHING, asked: "done", problem: answer });
      else setFound({ asked: "done", lines: answer.lines, more: answer.more, complete: answer.complete, next: answer.next, problem: null });
    });
    void ask<HistogramAnswer>(`/v1/logs/histogram?${where.replace(/&to=\d+/, `&to=${Math.floor(fixed ? to - 1 : Date.now())}`)}&steps=${steps()}`, wanted.q).then((answer) => {
      if (!gone) setCounts(failed(answer) ? null : answer);
    });
    return () => {
      gone = true;
    };
  }, [key]);

  useEffect(() => {
    if (fixed || live || !visible) return;
    // The lines that are shown stay; how many there are goes on.
    const timer = window.setInterval(() => setCountsAgain(wanted, setCounts), COUNTED_EVERY_MS);
    return () => window.clearInterval(timer);
  }, [key, fixed, live, visible]);

  const older = useCallback(async () => {
    const { from } = timesOf(wanted, Date.now());
    const answer = await ask<SearchAnswer>(`/v1/logs?q=${encodeURIComponent(wanted.q)}&from=${Math.floor(from)}&before=${found.more}&lines=${PAGE_LINES}`, wanted.q);
    if (failed(answer)) setFound((old) => ({ ...old, problem: answer }));
    else setFound((old) => ({ ...old, lines: [...old.lines, ...answer.lines].slice(-KEPT_LINES), more: answer.more, complete: answer.complete, problem: null }));
  }, [key, found.more]);

  const tail = useTail(live && visible && !found.problem && found.asked === "done", wanted.q, found.next, (lines) => {
    setFound((old) => ({ ...old, lines: [...lines.reverse(), ...old.lines].slice(0, KEPT_LINES) }));
    if (counts) setCountsAgain(wanted, setCounts);
  });

  const go = (change: Partial<Wanted>) => (location.hash = logsLink({ ...wanted, ...change }));
  useKeys(() => !fixed && setLive((now) => !now));
  const services = state.services.map((s) => s.name);

  return (
    <section class="explorer" aria-labelledby="explorer-title" data-asked={found.asked} data-lines={found.lines.length} data-live={live}>
      <h1 id="explorer-title" class="visually-hidden">
        Logs
      </h1>
      <QueryBox key={wanted.q} query={wanted.q} problem={found.problem} services={services} onQuery={(q) => (q === wanted.q ? setAgain(again + 1) : go({ q }))} />
      <div class="when">
        <div class="ranges" role="group" aria-label="Time searched">
          {LASTS.map(([label, last]) => (
            <button key={last} class="small" aria-pressed={!fixed && wanted.last === last} onClick={() => go({ last, from: undefined, to: undefined })}>
              {label}
            </button>
          ))}
        </div>
        {fixed && (
          <span class="fixed" data-from={wanted.from} data-to={wanted.to}>
            {moment(wanted.from!)} to {clock(wanted.to!)}
            <button class="small" aria-label="The time is not fixed any more" onClick={() => go({ from: undefined, to: undefined })}>
              ×
            </button>
          </span>
        )}
        <button class="small live" data-action="live" aria-pressed={live} disabled={fixed} onClick={() => setLive(!live)} title={fixed ? "a fixed time has no new lines" : "show new lines as they come (f)"}>
          live
        </button>
      </div>
      <Histogram counts={counts} busy={!found.problem} onRange={(from, to) => go({ from, to })} />
      {fixed && wanted.to! - wanted.from! <= 3_600_000 && <SlowRequests wanted={wanted} />}
      {tail.lost > 0 && <p class="lost">{count(tail.lost)} lines were left out: they came faster than they were looked at</p>}
      <Lines found={found} wanted={wanted} live={live} onOlder={older} onAgain={() => setAgain(again + 1)} />
    </section>
  );
}

const steps = () => Math.max(20, Math.min(120, Math.floor(window.innerWidth / 12)));

function setCountsAgain(wanted: Wanted, set: (counts: HistogramAnswer) => void) {
  const { from } = timesOf(wanted, Date.now());
  const to = wanted.to !== undefined ? wanted.to - 1 : Date.now();
  void ask<HistogramAnswer>(`/v1/logs/histogram?q=${encodeURIComponent(wanted.q)}&from=${Math.floor(from)}&to=${Math.floor(to)}&steps=${steps()}`, wanted.q).then((answer) => {
    if (!failed(answer)) set(answer);
  });
}

/** e goes to the query, f follows. */
function useKeys(follow: () => void) {
  const newest = useRef(follow);
  newest.current = follow;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || target.matches("input, textarea, select") || document.querySelector("dialog[open]")) return;
      if (event.key === "e") document.getElementById("query")?.focus();
      else if (event.key === "f") newest.current();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}

/** New lines in crowds, oldest first, from the sequence `after` on. */
function useTail(on: boolean, query: string, after: number, take: (lines: FoundLine[]) => void) {
  const [lost, setLost] = useState(0);
  const [attempt, setAttempt] = useState(0);
  const newest = useRef(take);
  newest.current = take;
  const next = useRef(after);
  useEffect(() => {
    next.current = after;
    setLost(0);
  }, [query, after]);
  useEffect(() => {
    if (!on) return;
    let fresh: FoundLine[] = [];
    const stream = new EventSource(`/v1/logs/tail?q=${encodeURIComponent(query)}&after=${next.current}`);
    stream.addEventListener("line", (event) => {
      const line = JSON.parse(event.data) as FoundLine;
      next.current = Number(line.id.split("-").pop()) + 1;
      fresh.push(line);
    });
    stream.addEventListener("lost", (event) => setLost((n) => n + (JSON.parse(event.data) as { lines: number }).lines));
    stream.onerror = () => {
      // The browser would ask for the old place again.
      stream.close();
      window.setTimeout(() => setAttempt(attempt + 1), AGAIN_AFTER_MS);
    };
    const timer = window.setInterval(() => {
      if (fresh.length) newest.current(fresh.splice(0));
    }, DRAWN_EVERY_MS);
    return () => {
      stream.close();
      window.clearInterval(timer);
    };
  }, [on, query, attempt]);
  return { lost };
}

function QueryBox(props: { query: string; problem: Problem | null; services: string[]; onQuery: (query: string) => void }) {
  const [text, setText] = useState(props.query);
  const fault = props.problem?.at !== undefined ? faultParts(props.problem.query, props.problem.at) : null;
  return (
    <form
      class="query"
      role="search"
      aria-label="Logs"
      onSubmit={(event) => {
        event.preventDefault();
        props.onQuery(text.trim());
      }}
    >
      <div class="row">
        <input
          id="query"
          type="search"
          aria-label="What to look for"
          aria-invalid={fault !== null}
          aria-describedby={fault ? "query-fault" : "query-hint"}
          placeholder="all lines; e.g. level:error timeout -retry"
          autoComplete="off"
          autoCapitalize="off"
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" data-action="search">
          search
        </button>
      </div>
      {fault ? (
        <p class="fault" id="query-fault" role="alert" data-at={props.problem!.at}>
          <code>
            {fault[0]}
            <mark>{fault[1]}</mark>
            {fault[2]}
          </code>
          <span>{props.problem!.text}</span>
        </p>
      ) : (
        <p class="hint" id="query-hint">
          <code>word</code> <code>"a phrase"</code> <code>/expr.*/</code> <code>level&gt;=warn</code> <code>service:{props.services[0] ?? "orders"}</code> <code>status&gt;=500</code>{" "}
          <code>-without</code> <code>a OR b</code>
        </p>
      )}
    </form>
  );
}

function Lines(props: { found: Found; wanted: Wanted; live: boolean; onOlder: () => Promise<void>; onAgain: () => void }) {
  const { found, wanted } = props;
  const [reading, setReading] = useState(false);
  if (found.problem && found.problem.at === undefined)
    return (
      <div class="failed" role="alert">
        <p>The logs cannot be searched: {found.problem.text}.</p>
        <button onClick={props.onAgain}>try again</button>
      </div>
    );
  if (found.problem) return null;
  if (!found.lines.length)
    return (
      <p class="empty" role="status">
        {found.asked !== "done" ? "Searching…" : wanted.q ? "No line in this time matches." : "No line in this time."}
        {found.asked === "done" && wanted.from === undefined && wanted.last < 604800 && (
          <>
            {" "}
            <a href={logsLink({ q: wanted.q, last: 604800 })}>search seven days</a>
          </>
        )}
        {props.live && " New ones are shown as they come."}
      </p>
    );
  const longest = found.lines.reduce((most, line) => Math.max(most, whose(line).length), 0);
  return (
    <>
      <ol class={`found ${found.asked === "asking" ? "old" : ""}`} style={{ "--who": `${Math.min(WHO_MAX, longest)}ch` }} aria-label="Lines, newest first">
        {found.lines.map((line) => (
          <Line key={line.id} line={line} wanted={wanted} />
        ))}
      </ol>
      {!found.complete && <p class="muted">The search took long and was ended; what is older has not been looked at.</p>}
      {found.more && (
        <button
          class="older"
          data-action="older"
          disabled={reading}
          onClick={async () => {
            setReading(true);
            await props.onOlder();
            setReading(false);
          }}
        >
          {reading ? "searching…" : found.complete ? "older lines" : "go on searching"}
        </button>
      )}
    </>
  );
}
