import { change } from "./dialogs";
import { clock, count, DASH, rate, seconds } from "./format";
import { usePolled } from "./polled";
import { type Answer, type Figures, type Read, read } from "./proxy_figures";
import { link } from "./route";
import { formatOf } from "./units";

// The proxy's figures by listener, service and instance: what HAProxy's statistics page tells. Asked for each second while the page is seen;
// what is per second is the difference of two answers.

const EVERY_MS = 1000;
const size = formatOf("bytes");

const COLUMNS: [string, string][] = [
  ["now", "connections of a listener, requests of services and instances, at this moment"],
  ["per second", "requests, since the last look"],
  ["requests", "since the proxy began"],
  ["in", "bytes of requests"],
  ["out", "bytes of answers"],
  ["2xx", "answers"],
  ["3xx", "answers"],
  ["4xx", "answers"],
  ["5xx", "answers"],
  ["denied", "refused for a reason of access"],
  ["errors", "requests that could not be read, connections that failed, answers that were none"],
  ["aborts", "broken off by the client or the instance"],
  ["retries", "attempts after the first"],
  ["queue", "requests that wait for an instance"],
  ["waited", "in the queue, on average"],
  ["connect", "on average"],
  ["answer", "from the request to the answer's head, on average"],
  ["all", "the whole request, on average"],
];

/** Of a listener: it has no instances behind it. */
const LISTENER_COLUMNS = COLUMNS.slice(0, 12);

function Head({ first, columns = COLUMNS }: { first: string; columns?: [string, string][] }) {
  return (
    <thead>
      <tr>
        <th scope="col">{first}</th>
        <th scope="col">state</th>
        {columns.map(([name, title]) => (
          <th key={name} scope="col" class="number" title={title}>
            {name}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function levelOf(each: Figures & { resting?: boolean }): string {
  if (each.status === "DOWN") return "bad";
  return each.status === "DRAIN" || each.resting ? "warn" : "";
}

const many = (value: number, level = "") => <td class={`number ${value ? level : "muted"}`}>{count(value)}</td>;

function Cells({ each, per }: { each: Figures; per: number | undefined }) {
  const errors = each.request_errors + each.connection_errors + each.response_errors;
  const aborts = each.client_aborts + each.server_aborts;
  return (
    <>
      {many(each.now)}
      <td class="number">{rate(per)}</td>
      {many(each.requests)}
      <td class="number">{size(each.bytes_in)}</td>
      <td class="number">{size(each.bytes_out)}</td>
      {many(each.responses[1]!)}
      {many(each.responses[2]!)}
      {many(each.responses[3]!, "warn")}
      {many(each.responses[4]!, "bad")}
      {many(each.denied, "warn")}
      {many(errors, "bad")}
      {many(aborts, "warn")}
    </>
  );
}

/** What stands behind: tries, queue, times. */
function Behind({ each, queued }: { each: Figures; queued?: number }) {
  const time = (value: number) => <td class="number">{each.requests ? seconds(value) : DASH}</td>;
  return (
    <>
      {many(each.retries, "warn")}
      {queued === undefined ? <td class="number muted">{DASH}</td> : many(queued, "warn")}
      {time(each.queue_time)}
      {time(each.connect_time)}
      {time(each.response_time)}
      {time(each.total_time)}
    </>
  );
}

function State({ each, more }: { each: Figures & { resting?: boolean }; more?: string }) {
  return (
    <td>
      <span class="state">
        <span class={levelOf(each)}>{each.resting ? "RESTS" : each.status}</span>
        {more && <span class="muted"> {more}</span>}
      </span>
      {each.why && <div class="why muted">{each.why}</div>}
    </td>
  );
}

/** What is read out and compared by tests stands on the row. */
const marks = (each: Figures) => ({ "data-requests": each.requests, "data-now": each.now, "data-status": each.status });

export function ProxyPage() {
  const { last, failed } = usePolled<Answer, Read>("/v1/proxy", EVERY_MS, (before, answer) => read(before, Date.now(), answer));
  return (
    <section aria-labelledby="proxy-title" class="proxy">
      <h1 id="proxy-title">Proxy</h1>
      {failed && (
        <p class="empty" role="alert">
          The proxy's figures cannot be read: {failed}
          {last && ` (what you see is of ${clock(last.at)})`}
        </p>
      )}
      {!last && !failed && <p class="empty">Reading the figures…</p>}
      {last && (
        <>
          <h2 id="listeners-title">Listeners</h2>
          <div class="scroll" tabIndex={0} role="region" aria-labelledby="listeners-title">
            <table>
              <Head first="listener" columns={LISTENER_COLUMNS} />
              <tbody>
                {last.answer.listeners.map((each) => (
                  <tr key={each.name + each.address} data-listener={each.name} {...marks(each)}>
                    <th scope="row">
                      {each.name} <code class="muted">{each.address}</code>
                    </th>
                    <State each={each} />
                    <Cells each={each} per={last.rates.get(`listener ${each.name}`)} />
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <h2 id="services-title">Services and their instances</h2>
          <div class="scroll" tabIndex={0} role="region" aria-labelledby="services-title">
            <table>
              <Head first="service" />
              {last.answer.services.map((service) => (
                <tbody key={service.name}>
                  <tr data-service={service.name} class="whole" {...marks(service)}>
                    <th scope="row">
                      <a href={link.service(service.name)} data-row>
                        {service.name}
                      </a>
                      {service.cache_lookups !== undefined && (
                        <div class="muted">
                          {count(service.cache_hits ?? 0)} of {count(service.cache_lookups)} from the cache{" "}
                          <button
                            class="small"
                            data-action="purge"
                            aria-label={`forget the kept answers of ${service.name}`}
                            onClick={() => change(`/v1/proxy/purge?service=${encodeURIComponent(service.name)}`)}
                          >
                            forget
                          </button>
                        </div>
                      )}
                    </th>
                    <State each={service} more={`${service.in_rotation} of ${service.instances.length}`} />
                    <Cells each={service} per={last.rates.get(`service ${service.name}`)} />
                    <Behind each={service} queued={service.queued} />
                  </tr>
                  {service.instances.map((each) => (
                    <tr key={each.name} data-instance={each.name} {...marks(each)}>
                      <th scope="row" class="instance">
                        <a href={link.instance(each.name)} data-row>
                          {each.name}
                        </a>{" "}
                        <code class="muted">{each.address}</code>
                      </th>
                      <State each={each} more={each.weight === 1 ? undefined : `weight ${each.weight}`} />
                      <Cells each={each} per={last.rates.get(`instance ${each.name}`)} />
                      <Behind each={each} />
                    </tr>
                  ))}
                </tbody>
              ))}
            </table>
          </div>
        </>
      )}
    </section>
  );
}
