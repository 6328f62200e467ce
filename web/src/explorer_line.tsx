import { useState } from "preact/hooks";
import { clock, moment, seconds } from "./format";
import { fieldsOfText, type FoundLine, logsLink, narrowed, quoted, type SearchAnswer, underWay, type Wanted } from "./log_search";
import { link } from "./route";

const AROUND_MS = 30_000;
const REQUEST_MAX_MS = 60_000; // requests that take longer are not looked for

const milliseconds = (time: number) => String(Math.floor(time % 1000)).padStart(3, "0");

export const whose = (line: FoundLine) => line.instance || line.service || line.host;

/** One line of the explorer; Enter or a click opens its fields. */
export function Line({ line, wanted }: { line: FoundLine; wanted: Wanted }) {
  const [open, setOpen] = useState(false);
  return (
    <li class={`line ${line.level}`} data-id={line.id} data-level={line.level} data-service={line.service} data-time={line.time}>
      <button class="summary" data-row aria-expanded={open} onClick={() => setOpen(!open)}>
        <time title={moment(line.time)}>
          {clock(line.time)}
          <small>.{milliseconds(line.time)}</small>
        </time>
        <span class="who">{whose(line)}</span>
        <span class="text">{open ? line.text : line.text.split("\n", 1)[0]}</span>
      </button>
      {open && <Opened line={line} wanted={wanted} />}
    </li>
  );
}

function Opened({ line, wanted }: { line: FoundLine; wanted: Wanted }) {
  const own: [string, string, string][] = [
    ["level", line.level, "level"],
    ["service", line.service, "service"],
    ["instance", line.instance, "instance"],
    ["host", line.host, "host"],
  ];
  const fields: [string, string, string][] = [
    ...own.filter(([, value]) => value),
    ...Object.entries(line.fields).map(([name, value]): [string, string, string] => [name, value, name]),
    ...fieldsOfText(line.text).map(([name, value]): [string, string, string] => [name, value, name]),
  ];
  return (
    <div class="opened">
      <nav aria-label="From this line">
        <From line={line} />
        {line.instance && <a href={logsLink({ q: `instance:${quoted(line.instance)}`, from: line.time - AROUND_MS, to: line.time + AROUND_MS })}>around it</a>}
        {line.instance && <a href={link.instance(line.instance)}>{line.instance}</a>}
      </nav>
      <dl>
        {fields.map(([name, value, field], i) => (
          <div key={`${name}${i}`} data-field={name}>
            <dt>{name}</dt>
            <dd>
              <span>{value}</span>
              <a class="only" href={logsLink({ ...wanted, q: narrowed(wanted.q, `${field}:${quoted(value)}`) })} aria-label={`only lines with ${name} ${value}`} title="only these">
                =
              </a>
              <a class="only" href={logsLink({ ...wanted, q: narrowed(wanted.q, `-${field}:${quoted(value)}`) })} aria-label={`only lines without ${name} ${value}`} title="without these">
                ≠
              </a>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** To the line's request, or from a request to its lines. */
function From({ line }: { line: FoundLine }) {
  const trace = line.fields.trace ?? line.fields.request ?? traceOf(line.text);
  const all = trace && <a href={logsLink({ q: quoted(trace), from: line.time - REQUEST_MAX_MS, to: line.time + REQUEST_MAX_MS })}>all lines of {trace}</a>;
  if (line.fields.kind === "request") {
    const begun = line.time - Number(line.fields.seconds) * 1000;
    return (
      <>
        {all}
        <a data-action="its-lines" href={logsLink({ q: `instance:${quoted(line.instance)}`, from: begun - 1, to: line.time + 2 })}>
          what {line.instance || "it"} wrote meanwhile
        </a>
      </>
    );
  }
  return (
    <>
      {all}
      {line.instance && <Requests line={line} />}
    </>
  );
}

const TRACE_NAMES = /^(trace|trace_?id|request|request_?id|req_?id|correlation_?id)$/i;
function traceOf(text: string): string | undefined {
  return fieldsOfText(text).find(([name]) => TRACE_NAMES.test(name.split(".").pop()!))?.[1];
}

/** Without an id of the request in the line: those that its instance was answering when it was written. */
function Requests({ line }: { line: FoundLine }) {
  const [found, setFound] = useState<FoundLine[] | "asking" | "failed" | null>(null);
  const look = async () => {
    setFound("asking");
    const query = `instance:${quoted(line.instance)} kind=request`;
    try {
      const response = await fetch(`/v1/logs?q=${encodeURIComponent(query)}&from=${Math.floor(line.time)}&to=${Math.ceil(line.time + REQUEST_MAX_MS)}&lines=5000`);
      if (!response.ok) throw new Error();
      setFound(underWay(((await response.json()) as SearchAnswer).lines, line.time));
    } catch {
      setFound("failed");
    }
  };
  if (found === null)
    return (
      <button class="small" data-action="its-request" onClick={look}>
        its request
      </button>
    );
  if (found === "asking") return <span class="muted">looking…</span>;
  if (found === "failed") return <span class="bad">its request cannot be looked for now</span>;
  if (!found.length) return <span class="muted">{line.instance} was answering no request then</span>;
  return (
    <ul class="requests" aria-label="Requests under way then">
      {found.map((r) => (
        <li key={r.id} data-request={r.id}>
          <a href={logsLink({ q: `instance:${quoted(r.instance)}`, from: r.time - Number(r.fields.seconds) * 1000 - 1, to: r.time + 2 })}>
            {r.fields.method} {r.fields.path}
          </a>{" "}
          {r.fields.status} in {seconds(Number(r.fields.seconds))}
          {r.fields.from && `, asked by ${r.fields.from}`}
        </li>
      ))}
    </ul>
  );
}
