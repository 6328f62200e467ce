import { useMemo, useState } from "preact/hooks";
import type { Sentence as SentenceShape, Service, State } from "./api";
import { path } from "./api";
import { Chart, type Line } from "./chart";
import { change } from "./dialogs";
import { Feed } from "./feed";
import { ago, clock, moment, rate, seconds, share, span } from "./format";
import { CallMap } from "./map";
import { Dot, levelOf, Spark } from "./marks";
import { link } from "./route";
import { marksOf, nothingOf, RANGES, RangePicker, useSeries } from "./series";
import { seriesColour } from "./theme";

export function Overview({ state }: { state: State }) {
  return (
    <>
      <Sentence sentence={state.sentence} now={state.time} />
      <Services services={state.services} now={state.time} />
      <Medians state={state} />
      <div class="split">
        <section aria-labelledby="map-title">
          <h2 id="map-title">Who calls whom</h2>
          <CallMap state={state} />
        </section>
        <section aria-labelledby="feed-title">
          <h2 id="feed-title">What happened</h2>
          <Feed entries={state.feed} now={state.time} limit={60} />
        </section>
      </div>
    </>
  );
}

const WITH_DEPLOY_MS = 5000;

function Sentence({ sentence, now }: { sentence: SentenceShape; now: number }) {
  const { service, version, deployed, return_to } = sentence;
  const begun = version !== undefined && deployed !== undefined;
  return (
    <section class={`sentence ${sentence.level}`} aria-label="State" data-level={sentence.level}>
      <Dot health={sentence.level} />
      <div>
        <p role="status" class="text">
          {service ? <a href={link.service(service)}>{sentence.text}</a> : sentence.text}
          {sentence.others > 0 && `, and ${sentence.others} more ${sentence.others === 1 ? "is" : "are"} not well`}
        </p>
        <p class="since">
          since <time title={moment(sentence.since)}>{clock(sentence.since)}</time>, for {span((now - sentence.since) / 1000)}
          {begun &&
            (sentence.since - deployed < WITH_DEPLOY_MS
              ? `; it began with the deploy of version ${version}`
              : `; it began ${span((sentence.since - deployed) / 1000)} after the deploy of version ${version}`)}
        </p>
      </div>
      {service && return_to !== undefined && (
        <button
          class="primary"
          data-action="return"
          onClick={() =>
            change(`${path.service(service)}/rollback`, { to: return_to }, {
              text: `Return ${service} to version ${return_to}? It is replaced instance by instance; no request is dropped.`,
              verb: `return to version ${return_to}`,
            })
          }
        >
          return to version {return_to}
        </button>
      )}
    </section>
  );
}

const RANK: Record<string, number> = { bad: 0, warn: 1, busy: 2, ok: 3, off: 4 };
const MANY_ERRORS = 0.05;

/** Worst first; by name among equals, so that rows stand still. */
export function worstFirst(services: Service[]): Service[] {
  const rank = (s: Service) => (RANK[levelOf(s.health)] ?? 3) - ((s.errors_share ?? 0) >= MANY_ERRORS ? 0.5 : 0);
  return [...services].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, undefined, { numeric: true }));
}

function Services({ services, now }: { services: Service[]; now: number }) {
  return (
    <section aria-labelledby="services-title">
      <h2 id="services-title">Services</h2>
      <table class="services">
        <thead>
          <tr>
            <th scope="col">service</th>
            <th scope="col" class="number" title="instances that run, of those wanted">
              <span class="wide">instances</span>
              <span class="narrow" aria-hidden="true">
                inst.
              </span>
            </th>
            <th scope="col" class="number">
              <span class="wide">requests/s</span>
              <span class="narrow" aria-hidden="true">
                req/s
              </span>
            </th>
            <th scope="col" class="number">errors</th>
            <th scope="col" class="number">median</th>
            <th scope="col" class="deployed">last deploy</th>
            <th scope="col" class="sparks">last minute</th>
          </tr>
        </thead>
        <tbody>
          {worstFirst(services).map((s) => (
            <ServiceRow key={s.name} service={s} now={now} />
          ))}
        </tbody>
      </table>
      {!services.length && (
        <p class="empty">
          None yet: <code>berth deploy</code> brings the services of a berth.toml here.
        </p>
      )}
    </section>
  );
}

function ServiceRow({ service: s, now }: { service: Service; now: number }) {
  const level = levelOf(s.health);
  const why = s.rollout ? `version ${s.rollout.from} → ${s.rollout.to}: ${s.rollout.why}` : s.why;
  return (
    <tr data-service={s.name} data-health={s.health} data-running={s.running} data-wanted={s.wanted}>
      <th scope="row">
        <a href={link.service(s.name)} data-row>
          <Dot health={s.health} />
          <span class="name">{s.name}</span>
          {s.health === "healthy" ? <span class="visually-hidden"> healthy</span> : <span class={`word ${level}`}>{s.health}</span>}
        </a>
        {why && <p class="why">{why}</p>}
      </th>
      <td class={`number ${s.healthy < s.wanted ? "warn" : ""}`}>
        {s.healthy}/{s.wanted}
      </td>
      <td class="number" data-rate={s.requests_per_second ?? ""}>
        {rate(s.requests_per_second)}
      </td>
      <td class={`number ${errorClass(s.errors_share)}`} data-errors={s.errors_share ?? ""}>
        {share(s.errors_share)}
      </td>
      <td class="number" data-median={s.median_seconds ?? ""}>
        {seconds(s.median_seconds)}
      </td>
      <td class="deployed">
        v{s.version} <span class="muted">{ago(s.last_deploy, now)}</span>
      </td>
      <td class="sparks">
        <Spark points={s.spark} label={`requests in each of the last ${s.spark.length} seconds, now ${rate(s.spark.at(-1))}`} />
      </td>
    </tr>
  );
}

export function errorClass(errors: number | null): string {
  if (!errors) return "muted";
  return errors >= MANY_ERRORS ? "bad" : errors >= 0.01 ? "warn" : "";
}

function Medians({ state }: { state: State }) {
  const [range, setRange] = useState(RANGES[0]!);
  const [logarithmic, setLogarithmic] = useState(true);
  const series = useSeries("*", ["p50"], range);
  const names = useMemo(
    () => [...series.lines].filter(([, points]) => points.some((point) => point !== null)).map(([key]) => key.split(" ")[1]!).sort(),
    [series],
  );
  const lines: Line[] = names.map((name, index) => ({
    key: name,
    label: name,
    colour: seriesColour(index),
    points: series.lines.get(`p50 ${name}`) ?? [],
    href: link.service(name),
    now: state.services.find((s) => s.name === name)?.median_seconds ?? null,
  }));
  return (
    <section aria-labelledby="median-title">
      <div class="heading">
        <h2 id="median-title">Median latency per service</h2>
        <button class="small" aria-pressed={logarithmic} onClick={() => setLogarithmic(!logarithmic)} title="equal steps up are equal factors">
          log
        </button>
        <RangePicker range={range} onPick={setRange} />
      </div>
      <Chart
        name="median"
        label="Median latency per service"
        times={series.times}
        lines={lines}
        marks={marksOf(series, state.feed)}
        format={seconds}
        logarithmic={logarithmic}
        height={230}
        range={range.seconds}
        empty={nothingOf(series, "No service was called in this time.")}
      />
    </section>
  );
}
