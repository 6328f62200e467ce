import { useEffect, useRef, useState } from "preact/hooks";
import { readAlerts, useAlerts } from "./alerts_live";
import { type Alert, type Alerts, type AlertState, endsLater, type HistoryLine, historyOf, keyOf, matchersOf, ordered, ownLabels, type Rule, type Silence, sinceOf, stateOf } from "./alerts_model";
import { get, reasonOfChange, send } from "./api";
import { note } from "./dialogs";
import { ago, clock, moment, span } from "./format";
import { link } from "./route";
import "./alerts.css";

// What fires and what does not: alerts with all that is known of each, silences, rules, and what has happened.

const HISTORY = 200;
const SIGN: Record<AlertState, [string, string]> = {
  firing: ["✕", "bad"],
  flapping: ["≈", "bad"],
  pending: ["…", "busy"],
  "held back": ["↳", "warn"],
  silenced: ["–", "off"],
  resolved: ["✓", "ok"],
};

/** Sends it and says what came of it. */
async function act(method: string, path: string, body: unknown, done: string): Promise<boolean> {
  try {
    await send(method, path, body);
  } catch (error) {
    note(reasonOfChange(error), true);
    return false;
  }
  note(done, false);
  await readAlerts();
  return true;
}

/** The newest lines, asked for anew whenever alerts were. */
function useHistory(alerts: Alerts | null): HistoryLine[] | null {
  const [history, set] = useState<HistoryLine[] | null>(null);
  useEffect(() => {
    let gone = false;
    get<{ history: HistoryLine[] }>(`/v1/alerts/history?limit=${HISTORY}`)
      .then((answer) => !gone && set(answer.history))
      .catch(() => {}); // with the next alerts again
    return () => void (gone = true);
  }, [alerts]);
  return history;
}

function useFileProblem(alerts: Alerts | null): string {
  const [problem, set] = useState("");
  useEffect(() => {
    get<{ problem: string }>("/v1/alerts/file")
      .then((answer) => set(answer.problem))
      .catch(() => {});
  }, [alerts]);
  return problem;
}

export function AlertsPage({ service }: { service: string }) {
  const { alerts, failed } = useAlerts();
  const history = useHistory(alerts);
  const problem = useFileProblem(alerts);
  const shown = ordered(alerts?.alerts ?? []).filter((alert) => !service || alert.labels.service === service);
  const now = Date.now();
  const silences = (alerts?.silences ?? []).filter((silence) => endsLater(silence, now));
  return (
    <div class="alerts-page" data-asked={alerts ? "done" : "reading"}>
      <section aria-labelledby="alerts-title">
        <div class="heading">
          <h1 id="alerts-title">Alerts{service && <span class="muted"> of {service}</span>}</h1>
          {service && <a href={link.alerts()}>of all services</a>}
          <a href={link.kpis}>KPIs and objectives</a>
        </div>
        {failed && (
          <p class="empty" role="alert">
            Alerts cannot be read: {failed}. <button class="small" onClick={() => void readAlerts()}>try again</button>
          </p>
        )}
        {problem && (
          <div class="file-problem" role="alert">
            <p>observe.toml is wrong; what ran before goes on.</p>
            <pre tabIndex={0}>{problem}</pre>
          </div>
        )}
        {!alerts && !failed && <p class="empty">Reading the alerts…</p>}
        {alerts && <Counts alerts={shown} />}
        {alerts && !shown.length && (
          <p class="empty">
            Nothing fires{service && ` for ${service}`}, and nothing did in the last minutes. {alerts.rules.length} rules are looked at.
          </p>
        )}
        <ul class="alerts">
          {shown.map((alert) => (
            <AlertItem key={keyOf(alert)} alert={alert} rule={alerts!.rules.find((rule) => rule.name === alert.labels.alertname)} silences={silences} history={history} now={now} />
          ))}
        </ul>
      </section>
      {silences.length > 0 && <Silences silences={silences} now={now} />}
      <div class="split even">
        {alerts && <Rules rules={alerts.rules} />}
        <History history={history} />
      </div>
    </div>
  );
}

function Counts({ alerts }: { alerts: Alert[] }) {
  const number = (state: AlertState) => alerts.filter((alert) => stateOf(alert) === state).length;
  const told = (["firing", "flapping", "pending", "held back", "silenced"] as AlertState[]).filter((state) => number(state) > 0);
  if (!told.length) return null;
  return (
    <p class="alert-counts" role="status">
      {told.map((state) => (
        <span key={state} data-count={state} class={SIGN[state][1]}>
          <b>{number(state)}</b> {state}
        </span>
      ))}
    </p>
  );
}

function AlertItem(props: { alert: Alert; rule?: Rule; silences: Silence[]; history: HistoryLine[] | null; now: number }) {
  const { alert, rule, silences, history, now } = props;
  const [open, setOpen] = useState(false);
  const [asking, setAsking] = useState(false);
  const row = useRef<HTMLButtonElement>(null);
  const state = stateOf(alert);
  const service = alert.labels.service;
  const since = sinceOf(alert);
  const silence = silences.find((each) => each.id === alert.silenced_by);
  const finish = () => {
    setAsking(false);
    row.current?.focus();
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== "s" || asking || state === "silenced" || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setAsking(true);
  };
  return (
    <li data-alert={alert.labels.alertname} data-service={service} data-state={state} data-since={since} data-value={alert.value}>
      <div class="alert-line">
        <button class="row" ref={row} data-row aria-expanded={open} onClick={() => setOpen(!open)} onKeyDown={key}>
          <span class={`state ${SIGN[state][1]}`}>
            <span aria-hidden="true">{SIGN[state][0]}</span> {state}
          </span>
          <span class="summary">{alert.summary}</span>
        </button>
        <span class="since muted" title={moment(since)}>
          {state === "resolved" ? ago(since, now) : `for ${span((now - since) / 1000)}`}
        </span>
        {state !== "silenced" && state !== "resolved" && (
          <button class="small" data-action="silence" aria-label={`silence ${alert.summary}`} title="silence (s)" onClick={() => setAsking(true)}>
            silence
          </button>
        )}
        {silence && (
          <button class="small" data-action="end" aria-label={`end the silence of ${alert.summary}`} onClick={() => endSilence(silence.id)}>
            tell again
          </button>
        )}
      </div>
      {alert.explained_by && (
        <p class="because">
          held back: it comes of <b>{alert.explained_by.alertname}</b> {ownLabels(alert.explained_by).map(([name, value]) => `${name} ${value}`).join(", ")}
        </p>
      )}
      {silence && (
        <p class="because">
          silenced until {moment(silence.ends / 1e6)}: {silence.comment || "no reason was given"}
        </p>
      )}
      {asking && <SilenceForm alert={alert} done={finish} />}
      {open && <Details alert={alert} rule={rule} history={history} />}
    </li>
  );
}

function Details({ alert, rule, history }: { alert: Alert; rule?: Rule; history: HistoryLine[] | null }) {
  const lines = history ? historyOf(history, alert) : null;
  const service = alert.labels.service;
  return (
    <dl class="alert-details">
      <dt>value</dt>
      <dd data-field="value">{alert.value}</dd>
      <dt>rule</dt>
      <dd data-field="rule">
        {alert.labels.alertname}, {alert.labels.severity}
        {rule && rule.for > 0 && `, once it has held for ${span(rule.for)}`}
        {rule && <code>{rule.condition}</code>}
        {rule?.description && <p>{rule.description}</p>}
      </dd>
      {ownLabels(alert.labels).length > 0 && (
        <>
          <dt>of</dt>
          <dd data-field="labels">
            {ownLabels(alert.labels).map(([name, value]) => (
              <span key={name} class="label">
                {name} {name === "service" ? <a href={link.service(value)}>{value}</a> : <b>{value}</b>}
              </span>
            ))}
            {service && <a href={link.dashboard("service", `v.service=${encodeURIComponent(service)}`)}>charts</a>}
          </dd>
        </>
      )}
      <dt>depends on</dt>
      <dd data-field="depends">
        {rule?.depends_on.length ? rule.depends_on.join(", ") : rule?.calls ? "" : "nothing"}
        {rule?.calls && `${rule.depends_on.length ? "; and " : ""}what is wrong with services that it calls`}
      </dd>
      <dt>told to</dt>
      <dd>{rule?.to.length ? rule.to.join(", ") : "nobody: [alerts] to of observe.toml names no output"}</dd>
      <dt>history</dt>
      <dd data-field="history">
        {!lines && "Reading…"}
        {lines && !lines.length && "It is older than what is shown here."}
        {lines && lines.length > 0 && (
          <ol class="plain">
            {lines.slice(0, 12).map((line) => (
              <li key={line.time + line.what}>
                <time title={moment(Date.parse(line.time))}>{clock(Date.parse(line.time))}</time> {line.what} {line.value !== undefined && <span class="muted">at {line.value}</span>}
              </li>
            ))}
          </ol>
        )}
      </dd>
    </dl>
  );
}

const LENGTHS: [string, number][] = [
  ["30 minutes", 1800],
  ["1 hour", 3600],
  ["4 hours", 14400],
  ["until tomorrow morning", 0],
  ["a week", 604800],
];

/** Seconds until eight o'clock of the next day. */
export function untilMorning(now: Date): number {
  const morning = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 8);
  return Math.round((morning.getTime() - now.getTime()) / 1000);
}

function SilenceForm({ alert, done }: { alert: Alert; done: () => void }) {
  const [reason, setReason] = useState("");
  const [lasts, setLasts] = useState(3600);
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const length = lasts || untilMorning(new Date());
    const body = { matchers: matchersOf(alert.labels), for: `${length}s`, by: "console", comment: reason };
    const sent = await act("POST", "/v1/alerts/silences", body, `silenced until ${moment(Date.now() + length * 1000)}`);
    setBusy(false);
    if (sent) done();
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    done();
  };
  return (
    <form class="silence-form" onSubmit={submit} onKeyDown={key} aria-label={`silence ${alert.summary}`}>
      <label>
        why <input ref={first} data-input="reason" value={reason} required maxLength={500} placeholder="a reason, for the others" onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
      <label>
        for{" "}
        <select data-input="for" value={lasts} onChange={(event) => setLasts(Number(event.currentTarget.value))}>
          {LENGTHS.map(([words, seconds]) => (
            <option key={words} value={seconds}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <span class="buttons">
        <button type="button" onClick={done}>
          cancel
        </button>
        <button class="primary" data-action="confirm-silence" disabled={busy}>
          silence
        </button>
      </span>
    </form>
  );
}

const endSilence = (id: string) => act("DELETE", `/v1/alerts/silences/${encodeURIComponent(id)}`, undefined, "the silence is over");

function Silences({ silences, now }: { silences: Silence[]; now: number }) {
  return (
    <section aria-labelledby="silences-title">
      <h2 id="silences-title">Silences</h2>
      <ul class="silences">
        {silences.map((silence) => (
          <li key={silence.id} data-silence={silence.id}>
            <code>{silence.matchers}</code>
            <span>
              {silence.comment || "no reason was given"} <span class="muted">by {silence.by || "somebody"}, {span((silence.ends / 1e6 - now) / 1000)} left</span>
            </span>
            <button class="small" data-action="end" data-row aria-label={`end the silence of ${silence.matchers}`} onClick={() => endSilence(silence.id)}>
              end it
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Rules({ rules }: { rules: Rule[] }) {
  return (
    <section aria-labelledby="rules-title">
      <h2 id="rules-title">
        Rules <span class="muted">{rules.length}</span>
      </h2>
      <div class="scroll short" tabIndex={0} aria-label="rules">
        <ul class="rules">
          {rules.map((rule) => (
            <li key={rule.name} data-rule={rule.name}>
              <b>{rule.name}</b> <span class="muted">{rule.severity}</span>
              <code>{rule.condition}</code>
              {rule.trouble && <p class="bad">It cannot be evaluated: {rule.trouble}</p>}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

/** A line of the history in words. */
function words(line: HistoryLine): string {
  if (line.what === "annotation") return `${line.service}: ${line.description}`;
  if (line.what === "told") return `told ${line.to?.length ? line.to.join(", ") : "nobody"}: ${line.text ?? ""}`;
  if (line.what === "silenced") return `silenced ${line.silence?.matchers}: ${line.silence?.comment}`;
  if (line.what === "silence ended") return `the silence ${line.id} was ended`;
  const own = ownLabels(line.labels ?? {}).map(([, value]) => value);
  return `${line.alert} ${own.length ? `(${own.join(", ")}) ` : ""}${line.what}`;
}

const LEVEL: Record<string, string> = { firing: "bad", flapping: "bad", resolved: "ok", annotation: "busy" };

function History({ history }: { history: HistoryLine[] | null }) {
  return (
    <section aria-labelledby="history-title">
      <h2 id="history-title">History</h2>
      {!history && <p class="empty">Reading the history…</p>}
      {history && !history.length && <p class="empty">Nothing yet: what fires, ends, is told and silenced will stand here, and deploys.</p>}
      {history && history.length > 0 && (
        <ol class="feed history" tabIndex={0} aria-label="what happened, newest first">
          {history.map((line, n) => (
            <li key={`${line.time} ${n}`} data-what={line.what}>
              <time title={moment(Date.parse(line.time))}>{clock(Date.parse(line.time))}</time>
              <span class={LEVEL[line.what] ?? "muted"} aria-hidden="true">
                ·
              </span>
              <span>{words(line)}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
