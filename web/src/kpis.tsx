import { useEffect, useState } from "preact/hooks";
import { type Goals, isUnusual, type Kpi, levelOfObjective, type Objective, placeInBand } from "./alerts_model";
import { clock, DASH, span } from "./format";
import { usePolled } from "./polled";
import { link } from "./route";
import "./alerts.css";

// The numbers that a team goes by: KPIs beside their usual band, objectives with what is left of their error budget.

const EVERY_MS = 5000;
const STRETCHES = 60; // shown of a KPI

const number = (value: number | null) => (value === null ? DASH : Number(value.toPrecision(6)).toLocaleString("en").replaceAll(",", "\u202f"));

export function KpisPage() {
  const { last: goals, failed } = usePolled<Goals, Goals>("/v1/kpis", EVERY_MS, (_, answer) => answer);
  return (
    <div class="kpis-page" data-asked={goals ? "done" : "reading"}>
      <section aria-labelledby="kpis-title">
        <div class="heading">
          <h1 id="kpis-title">KPIs</h1>
          <a href={link.alerts()}>alerts</a>
        </div>
        {failed && (
          <p class="empty" role="alert">
            They cannot be read: {failed}; trying again.
          </p>
        )}
        {!goals && !failed && <p class="empty">Reading the numbers…</p>}
        {goals && !goals.kpis.length && <Example title="No KPI has been named yet. In an observe.toml beside berth.toml:" text={KPI_EXAMPLE} />}
        <ul class="kpis">{goals?.kpis.map((kpi) => <KpiItem key={kpi.name} kpi={kpi} />)}</ul>
      </section>
      <section aria-labelledby="objectives-title">
        <h2 id="objectives-title">Objectives</h2>
        {goals && !goals.objectives.length && <Example title="No objective has been set yet. In an observe.toml beside berth.toml:" text={OBJECTIVE_EXAMPLE} />}
        <ul class="objectives">{goals?.objectives.map((objective) => <ObjectiveItem key={objective.name} objective={objective} />)}</ul>
      </section>
    </div>
  );
}

const KPI_EXAMPLE = `[[kpi]]
name = "orders per minute"
topic = "order.created"
usual = [10, 200]`;
const OBJECTIVE_EXAMPLE = `[[objective]]
name = "users answers"
percent = 99.9
errors = 'sum(rate(berth_requests_total{service="users",status=~"5.."}[$window]))'
total = 'sum(rate(berth_requests_total{service="users"}[$window]))'`;

function Example({ title, text }: { title: string; text: string }) {
  return (
    <div class="example">
      <p class="empty">{title}</p>
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}

/** The newest stretches, asked for whenever a new one is over. */
function usePoints(kpi: Kpi): (number | null)[] | null {
  const [points, set] = useState<(number | null)[] | null>(null);
  useEffect(() => {
    let gone = false;
    const to = kpi.at * 1000;
    const step = kpi.per * 1000;
    const body = { from: to - STRETCHES * step, to, step, queries: [{ expr: kpi.series, offset: 0 }] };
    fetch("/v1/charts", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })
      .then((response) => (response.ok ? response.json() : Promise.reject(new Error())))
      .then((answer: { answers: { series?: { points: (number | null)[] }[] }[] }) => !gone && set(answer.answers[0]?.series?.[0]?.points ?? []))
      .catch(() => !gone && set([]));
    return () => void (gone = true);
  }, [kpi.at, kpi.per, kpi.series]);
  return points;
}

function KpiItem({ kpi }: { kpi: Kpi }) {
  const points = usePoints(kpi);
  const unusual = isUnusual(kpi);
  const band = kpi.least !== null && kpi.most !== null;
  const of = kpi.topic ? `${kpi.field ? `the sum of ${kpi.field} of` : "messages of"} ${kpi.topic}` : "events";
  return (
    <li data-kpi={kpi.name} data-value={kpi.value ?? ""} data-unusual={unusual} tabIndex={0} data-row>
      <h3>{kpi.name}</h3>
      <p class={`figure ${unusual ? "bad" : ""}`}>
        {number(kpi.value)}
        {unusual && <span class="word"> ! unusual</span>}
      </p>
      <p class="muted">
        {of}, each {span(kpi.per)}
        {kpi.value !== null ? `, until ${clock(kpi.at * 1000)}` : ": the first whole one is not over"}
      </p>
      {band ? (
        <p class="band" role="img" aria-label={`usual is ${kpi.least} to ${kpi.most}`}>
          <span class="usual" />
          {kpi.value !== null && <span class="at" style={{ left: `${100 * placeInBand(kpi.value, kpi.least, kpi.most)}%` }} />}
          <span class="least">{number(kpi.least)}</span>
          <span class="most">{number(kpi.most)}</span>
        </p>
      ) : (
        <p class="muted">no usual band</p>
      )}
      <Past points={points} least={kpi.least} most={kpi.most} label={`${kpi.name}, the last ${STRETCHES} times`} />
      {kpi.to.length > 0 && <p class="muted">told: {kpi.to.join(", ")}</p>}
    </li>
  );
}

const WIDTH = 300;
const HEIGHT = 60;

/** What it was, over its usual band. */
function Past(props: { points: (number | null)[] | null; least: number | null; most: number | null; label: string }) {
  const { points, least, most } = props;
  const known = (points ?? []).filter((point): point is number => point !== null);
  if (!points) return <p class="muted">Reading…</p>;
  if (known.length < 2) return <p class="muted">Too young for a chart.</p>;
  const top = Math.max(...known, most ?? -Infinity);
  const bottom = Math.min(...known, least ?? Infinity, 0);
  const y = (value: number) => HEIGHT - 2 - ((value - bottom) / (top - bottom || 1)) * (HEIGHT - 4);
  const x = (i: number) => (i / Math.max(1, points.length - 1)) * WIDTH;
  const line = points.flatMap((point, i) => (point === null ? [] : [`${x(i).toFixed(1)},${y(point).toFixed(1)}`])).join(" ");
  return (
    <svg class="past" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={props.label} data-points={known.length} data-last={known.at(-1)}>
      {least !== null && most !== null && <rect x="0" width={WIDTH} y={y(most)} height={Math.max(1, y(least) - y(most))} />}
      <polyline points={line} />
    </svg>
  );
}

const WORD = { ok: "✓ kept", warn: "! burns", bad: "✕ missed", off: "– not known" };

function ObjectiveItem({ objective: o }: { objective: Objective }) {
  const level = levelOfObjective(o);
  const left = o.left === null ? null : Math.round(o.left * 1000) / 10;
  return (
    <li data-objective={o.name} data-left={o.left ?? ""} data-level={level} tabIndex={0} data-row>
      <h3>
        {o.name} <span class={`word ${level}`}>{WORD[level]}</span>
      </h3>
      <p class="muted">
        {o.percent} % over {span(o.window)}
        {o.to.length > 0 && `; told: ${o.to.join(", ")}`}
      </p>
      {o.trouble && <p class="bad">It cannot be computed: {o.trouble}</p>}
      <div class="budget">
        <span class="budget-bar" role="img" aria-label={left === null ? "the budget is not known" : `${left} % of the error budget are left`}>
          <i class={level} style={{ width: `${Math.max(0, Math.min(100, left ?? 0))}%` }} />
        </span>
        <b>{left === null ? DASH : `${left} %`}</b> of the error budget left
      </div>
      <div class="scroll">
        <table class="burns">
          <caption class="visually-hidden">how fast the budget of {o.name} burns</caption>
          <thead>
            <tr>
              <th scope="col">over</th>
              <th scope="col" class="number">
                burns at
              </th>
              <th scope="col" class="number">
                told at
              </th>
            </tr>
          </thead>
          <tbody>
            {o.burns.map((burn) => {
              const over = burn.rate !== null && burn.rate > burn.factor;
              return (
                <tr key={burn.over} data-over={burn.over} data-rate={burn.rate ?? ""}>
                  <th scope="row">{span(burn.over)}</th>
                  <td class={`number ${over ? "bad" : ""}`}>
                    {burn.rate === null ? DASH : `${Number(burn.rate.toPrecision(3))} ×`}
                    {over && " !"}
                  </td>
                  <td class="number muted">
                    {Number(burn.factor.toPrecision(3))} × {burn.severity}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </li>
  );
}
