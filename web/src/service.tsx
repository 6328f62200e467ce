import { useState } from "preact/hooks";
import { type Instance, path, type Rollout, type Service, type ServiceDetail, type SlowRequest, type State } from "./api";
import { useAlerts } from "./alerts_live";
import { counts } from "./alerts_model";
import { Chart, type Line } from "./chart";
import { change } from "./dialogs";
import { ago, clock, count, moment, rate, seconds, share, span } from "./format";
import { Logs } from "./logs";
import { Health } from "./marks";
import { Messages } from "./messages";
import { PeakLink } from "./peak";
import { errorClass } from "./overview";
import { link } from "./route";
import { marksOf, nothingOf, RANGES, RangePicker, useSeries } from "./series";

const PERCENTILES = ["p50", "p90", "p99"];
const STATUSES = ["status_5xx", "status_4xx", "status_3xx", "status_2xx"];

export function ServicePage(props: { name: string; state: State; detail: ServiceDetail | null; instance: string | undefined }) {
  const { name, state, detail } = props;
  const service = state.services.find((s) => s.name === name);
  if (!service) {
    return (
      <div class="alone">
        <h1>There is no service “{name}”</h1>
        <p>
          <a href="#/">all services</a>
        </p>
      </div>
    );
  }
  const serves = service.requests_per_second !== null || service.url !== "";
  return (
    <>
      <Head service={service} />
      <div class="split even">
        <Instances service={service} now={state.time} />
        <Rollouts service={service} rollouts={detail?.rollouts ?? null} now={state.time} />
      </div>
      {serves && <Charts service={service} state={state} />}
      <Logs service={name} instances={service.instances} instance={props.instance} />
      {serves && (
        <div class="split even">
          <Paths detail={detail} />
          <Slow detail={detail} />
        </div>
      )}
      <Messages state={state} service={name} />
    </>
  );
}

function Head({ service: s }: { service: Service }) {
  const base = path.service(s.name);
  return (
    <section class="head" aria-label="Service" data-service={s.name} data-health={s.health}>
      <div class="title">
        <h1>{s.name}</h1>
        <Health health={s.health} />
        <span class="muted">version {s.version}</span>
        <a href={link.dashboard("service", `v.service=${encodeURIComponent(s.name)}`)}>charts</a>
        <AlertsOf service={s.name} />
        {s.url && <code>{s.url}</code>}
        {s.public_url && (
          <a href={s.public_url} target="_blank" rel="noreferrer">
            {s.public_url.replace(/^https?:\/\//, "")}
          </a>
        )}
      </div>
      {s.why && <p class="why">{s.why}</p>}
      <dl class="figures">
        <Figure name="requests/s" value={rate(s.requests_per_second)} />
        <Figure name="errors" value={share(s.errors_share)} level={errorClass(s.errors_share)} />
        <Figure name="median" value={seconds(s.median_seconds)} />
        <Figure name="requests so far" value={count(s.requests)} />
        <Figure name="of them errors" value={count(s.errors)} />
      </dl>
      <div class="buttons">
        <span class="scale" role="group" aria-label="Instances wanted">
          <button aria-label="one instance fewer" disabled={s.wanted === 0} onClick={() => scale(s, s.wanted - 1)}>
            −
          </button>
          <output aria-label="instances wanted">{s.wanted}</output>
          <button aria-label="one instance more" onClick={() => scale(s, s.wanted + 1)}>
            +
          </button>
        </span>
        <button
          data-action="restart"
          onClick={() => change(`${base}/restart`, {}, { text: `Replace each instance of ${s.name}, one after the other?`, verb: "restart" })}
        >
          restart
        </button>
        <button
          class="danger"
          data-action="rm"
          onClick={async () => {
            const gone = await change(`${base}/rm`, {}, { text: `Stop ${s.name} and forget it? Its callers will get 503.`, verb: `remove ${s.name}`, danger: true });
            if (gone) location.hash = "#/";
          }}
        >
          remove
        </button>
      </div>
    </section>
  );
}

function AlertsOf({ service }: { service: string }) {
  const firing = (useAlerts().alerts?.alerts ?? []).filter((alert) => alert.labels.service === service && counts(alert)).length;
  return (
    <a href={link.alerts(service)} data-link="alerts" class={firing ? "bad" : ""}>
      {firing ? `${firing} ${firing === 1 ? "alert fires" : "alerts fire"}` : "alerts"}
    </a>
  );
}

function scale(s: Service, instances: number) {
  const last = instances === 0 ? { text: `Stop the last instance of ${s.name}? Its callers will get 503.`, verb: "stop it", danger: true } : undefined;
  return change(`${path.service(s.name)}/scale`, { instances }, last);
}

function Figure({ name, value, level }: { name: string; value: string; level?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={level}>{value}</dd>
    </div>
  );
}

function Instances({ service, now }: { service: Service; now: number }) {
  return (
    <section aria-labelledby="instances-title">
      <h2 id="instances-title">
        Instances{" "}
        <span class="muted">
          {service.healthy} of {service.wanted} healthy
        </span>
      </h2>
      <div class="scroll">
        <table class="instances">
          <thead>
            <tr>
              <th scope="col">instance</th>
              <th scope="col">state</th>
              <th scope="col">since</th>
              <th scope="col" class="address">
                address
              </th>
              <th scope="col" class="number">
                pid
              </th>
              <th scope="col" class="number">
                restarts
              </th>
              <th>
                <span class="visually-hidden">actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {service.instances.map((instance) => (
              <InstanceRow key={instance.id} instance={instance} current={service.version} now={now} />
            ))}
          </tbody>
        </table>
      </div>
      {!service.instances.length && <p class="empty">None runs and none is wanted.</p>}
    </section>
  );
}

function InstanceRow({ instance: i, current, now }: { instance: Instance; current: number; now: number }) {
  return (
    <tr data-instance={i.id} data-state={i.state} data-pid={i.pid} data-restarts={i.restarts}>
      <th scope="row">
        <a href={link.instance(i.id)} data-row title="its logs alone">
          {i.id}
        </a>
        {i.version !== current && <small class="muted"> v{i.version}</small>}
      </th>
      <td>
        <Health health={i.state} />
        {i.why && <p class="why">{i.why}</p>}
      </td>
      <td title={moment(i.since)}>{span((now - i.since) / 1000)}</td>
      <td class="address">
        <code>{i.address || i.host}</code>
      </td>
      <td class="number">{i.pid || "–"}</td>
      <td class={`number ${i.restarts ? "" : "muted"}`}>{i.restarts}</td>
      <td class="number">
        <button
          class="small danger"
          data-action="kill"
          disabled={!i.pid}
          onClick={() =>
            change(`${path.instance(i.id)}/kill`, undefined, { text: `Kill ${i.id} (pid ${i.pid}) with signal 9? Berth starts it again.`, verb: `kill ${i.id}`, danger: true })
          }
        >
          kill
        </button>
      </td>
    </tr>
  );
}

function Rollouts({ service, rollouts, now }: { service: Service; rollouts: Rollout[] | null; now: number }) {
  return (
    <section aria-labelledby="rollouts-title">
      <h2 id="rollouts-title">Rollouts</h2>
      <div class="scroll short">
        <table class="rollouts">
          <thead>
            <tr>
              <th scope="col">version</th>
              <th scope="col">result</th>
              <th scope="col">begun</th>
              <th scope="col" class="number">
                took
              </th>
              <th>
                <span class="visually-hidden">actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rollouts?.map((rollout) => (
              <tr key={`${rollout.version} ${rollout.started}`} data-version={rollout.version} data-result={rollout.result}>
                <th scope="row">v{rollout.version}</th>
                <td>
                  <Health health={rollout.result} />
                  {rollout.why && <p class="why">{rollout.why}</p>}
                </td>
                <td class="when" title={moment(rollout.started)}>{ago(rollout.started, now)}</td>
                <td class="number">{rollout.ended === null ? "–" : seconds((rollout.ended - rollout.started) / 1000)}</td>
                <td class="number">
                  {rollout.version !== service.version && rollout.result === "done" && (
                    <button
                      class="small"
                      data-action="rollback"
                      data-version={rollout.version}
                      onClick={() =>
                        change(`${path.service(service.name)}/rollback`, { to: rollout.version }, {
                          text: `Return ${service.name} from version ${service.version} to version ${rollout.version}?`,
                          verb: `return to version ${rollout.version}`,
                        })
                      }
                    >
                      return to v{rollout.version}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {!rollouts?.length && <p class="empty">{rollouts ? "None yet." : "Reading…"}</p>}
      </div>
    </section>
  );
}

function Charts({ service, state }: { service: Service; state: State }) {
  const [range, setRange] = useState(RANGES[0]!);
  const series = useSeries(service.name, ["rate", ...PERCENTILES, ...STATUSES], range);
  const marks = marksOf(series, state.feed, service.name);
  const line = (name: string, label: string, colour: string): Line => ({ key: name, label, colour, points: series.lines.get(`${name} ${service.name}`) ?? [] });
  const empty = nothingOf(series, "No request in this time.");
  const common = { times: series.times, marks, height: 170, range: range.seconds, compact: true, empty };
  return (
    <section aria-labelledby="charts-title">
      <div class="heading">
        <h2 id="charts-title">Requests</h2>
        <RangePicker range={range} onPick={setRange} />
      </div>
      <div class="charts">
        <div>
          <h3>Requests/s</h3>
          <Chart {...common} name="rate" label="Requests per second" format={rate} lines={[line("rate", "rate", "--s0")]} />
        </div>
        <div>
          <h3>Latency</h3>
          <Chart
            {...common}
            name="percentiles"
            label="Percentiles of latency"
            format={seconds}
            lines={[line("p50", "p50", "--s0"), line("p90", "p90", "--s4"), line("p99", "p99", "--s6")]}
          />
          <PeakLink service={service.name} times={series.times} lines={[line("p99", "", "").points]} what="peak" />
        </div>
        <div>
          <h3>Errors by status</h3>
          <Chart
            {...common}
            name="statuses"
            label="Answers that are errors, per second"
            format={rate}
            lines={[line("status_5xx", "5xx /s", "--bad"), line("status_4xx", "4xx /s", "--s4")]}
          />
          <PeakLink service={service.name} times={series.times} lines={[line("status_5xx", "", "").points]} what="most 5xx" />
        </div>
      </div>
    </section>
  );
}

function Paths({ detail }: { detail: ServiceDetail | null }) {
  const statuses = Object.entries(detail?.statuses ?? {}).sort(([a], [b]) => Number(a) - Number(b));
  return (
    <section aria-labelledby="paths-title">
      <h2 id="paths-title">Paths</h2>
      <div class="scroll short">
        <table>
          <thead>
            <tr>
              <th scope="col">path</th>
              <th scope="col" class="number">
                req/s
              </th>
              <th scope="col" class="number">
                errors
              </th>
              <th scope="col" class="number">
                median
              </th>
              <th scope="col" class="number">
                p99
              </th>
            </tr>
          </thead>
          <tbody>
            {detail?.paths.map((p) => (
              <tr key={p.path} data-path={p.path}>
                <th scope="row">
                  <code>{p.path}</code>
                </th>
                <td class="number">{rate(p.requests_per_second)}</td>
                <td class={`number ${errorClass(p.errors_share)}`}>{share(p.errors_share)}</td>
                <td class="number">{seconds(p.median_seconds)}</td>
                <td class="number">{seconds(p.p99_seconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {!detail?.paths.length && <p class="empty">{detail ? "No request in the last 10 s." : "Reading…"}</p>}
      </div>
      {statuses.length > 0 && (
        <p class="statuses">
          <span class="muted">answers so far</span>
          {statuses.map(([status, n]) => (
            <span key={status} data-status={status} data-count={n} class={status >= "500" || status === "0" ? "bad" : ""}>
              {status === "0" ? "no answer" : status} <b>{count(n)}</b>
            </span>
          ))}
        </p>
      )}
    </section>
  );
}

const PARTS = [
  ["queue", "queue"],
  ["connect", "connect"],
  ["wait", "first byte"],
  ["transfer", "rest"],
] as const;

/** Where the time of a request went, as a bar of four parts, as long as it took beside the slowest. */
function Parts({ request: r, slowest }: { request: SlowRequest; slowest: number }) {
  const of = { queue: r.queue_seconds, connect: r.connect_seconds, wait: r.wait_seconds, transfer: r.transfer_seconds };
  const words = PARTS.map(([key, label]) => `${label} ${seconds(of[key])}`).join(", ");
  return (
    <span class="bar" role="img" aria-label={words} title={words} style={{ width: `${Math.max(4, (r.seconds / slowest) * 100)}%` }}>
      {PARTS.map(([key]) => (
        <i key={key} class={key} style={{ flexGrow: of[key] / r.seconds }} />
      ))}
    </span>
  );
}

function Slow({ detail }: { detail: ServiceDetail | null }) {
  return (
    <section aria-labelledby="slow-title">
      <h2 id="slow-title">
        Slow requests <span class="muted">of the last 15 min</span>
        <span class="parts-key" aria-hidden="true">
          {PARTS.map(([key, label]) => (
            <span key={key}>
              <i class={key} />
              {label}
            </span>
          ))}
        </span>
      </h2>
      <div class="scroll short">
        <table class="slow">
          <thead>
            <tr>
              <th scope="col" class="number">
                took
              </th>
              <th scope="col" class="parts">
                spent
              </th>
              <th scope="col">request</th>
              <th scope="col" class="number">
                status
              </th>
              <th scope="col">from → by</th>
              <th scope="col" class="at">
                at
              </th>
            </tr>
          </thead>
          <tbody>
            {detail?.slow.map((r) => (
              <tr key={`${r.time}${r.path}${r.seconds}`}>
                <th scope="row" class="number">
                  {seconds(r.seconds)}
                </th>
                <td class="parts">
                  <Parts request={r} slowest={detail.slow[0]!.seconds} />
                </td>
                <td class="request">
                  <code>
                    {r.method} {r.path}
                  </code>
                </td>
                <td class={`number ${r.status >= 500 || r.status === 0 ? "bad" : ""}`}>{r.status || "none"}</td>
                <td>
                  {r.from} → {r.instance}
                </td>
                <td class="at" title={moment(r.time)}>
                  {clock(r.time)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {!detail?.slow.length && <p class="empty">{detail ? "No request in that time." : "Reading…"}</p>}
      </div>
    </section>
  );
}
