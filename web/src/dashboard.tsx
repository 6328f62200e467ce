import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, Refusal } from "./api";
import { ChartFeed } from "./chart_feed";
import {
  COLUMNS, COMPARED, type Dashboard, type DashboardAnswer, durationText, live, type Panel, placed, queryOf, stepOf, toToml, type View, viewOf, withWindow,
} from "./dashboard_model";
import { DashboardText } from "./dashboard_text";
import { keep } from "./dashboards";
import { clock, moment, span } from "./format";
import { Painter } from "./painter";
import { type Hands, PanelBox } from "./panel";
import type { PanelView } from "./panel_view";
import { link } from "./route";
import { useTheme } from "./theme";

// A page of charts. Its address holds what is seen of it (range, window, variables, comparison), so that a link shows the same.

const RANGES = [300, 900, 3600, 21600, 86400, 604800];
const ROW_HEIGHT = 52;
const GAP = 10;
const CURSOR_TIME = 60; // the address follows a hand that moves through time after so many milliseconds

export function DashboardPage({ name, query }: { name: string; query: string }) {
  const [answer, setAnswer] = useState<DashboardAnswer | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const [again, setAgain] = useState(0);
  const [writing, setWriting] = useState(false);
  useEffect(() => {
    let gone = false;
    setFailed(null);
    get<DashboardAnswer>(`/v1/dashboards/${encodeURIComponent(name)}`)
      .then((found) => !gone && setAnswer(found))
      .catch((error) => !gone && setFailed(error instanceof Refusal ? error.message : "Berth cannot be reached"));
    return () => void (gone = true);
  }, [name, again]);
  const reload = () => setAgain((n) => n + 1);

  if (failed)
    return (
      <div class="alone" data-dashboard-state="failed">
        <h1>This dashboard cannot be shown</h1>
        <p>{failed}</p>
        <p class="row">
          <button onClick={reload}>try again</button> <a href={link.dashboards}>all dashboards</a>
        </p>
      </div>
    );
  if (!answer) return <p class="empty" data-dashboard-state="reading">Reading the dashboard…</p>;
  if (writing || !answer.dashboard) return <DashboardText answer={answer} done={(changed) => (changed && reload(), setWriting(false))} />;
  return <Charts key={answer.revision} answer={answer} dashboard={answer.dashboard} query={query} reload={reload} write={() => setWriting(true)} />;
}

interface ChartsProps {
  answer: DashboardAnswer;
  dashboard: Dashboard;
  query: string;
  reload: () => void;
  write: () => void;
}

function Charts({ answer, dashboard, query, reload, write }: ChartsProps) {
  const [view, setView] = useState<View>(() => viewOf(query, dashboard));
  const [panels, setPanels] = useState<Panel[]>(dashboard.panels);
  const [stale, setStale] = useState<string | null>(null);
  const [, renderLast] = useState(0);
  const grid = useRef<HTMLDivElement>(null);
  const spoken = useRef<HTMLOutputElement>(null);
  const theme = useTheme();
  const latest = useRef({ view, panels, before: null as Panel[] | null });
  latest.current.view = view;
  latest.current.panels = panels;

  const hands = useMemo<Hands>(() => {
    const feed = new ChartFeed();
    const painter = new Painter();
    const views = new Set<PanelView>();
    const shared = { feed, values: view.values, compare: view.compare, cursor: null as number | null };
    const all = () => views.forEach((each) => painter.mark(each));
    return {
      shared, painter, views,
      shownFrom: () => feed.shown(),
      window: (from, to) => setView(withWindow(latest.current.view, from, to)),
      live: () => setView(live(latest.current.view)),
      cursor: (time) => {
        if (shared.cursor === time) return;
        shared.cursor = time;
        if (grid.current) grid.current.dataset.cursor = time === null ? "" : String(time);
        all();
      },
      say: (text) => spoken.current && (spoken.current.textContent = text),
      place: (index, wish) => {
        latest.current.before ??= latest.current.panels;
        setPanels((latest.current.panels = placed(latest.current.panels, index, wish)));
      },
      placed: (keepIt) => {
        if (!keepIt && latest.current.before) setPanels(latest.current.before);
        latest.current.before = null;
      },
      cell: () => ({ width: ((grid.current?.clientWidth ?? 1200) + GAP) / COLUMNS, height: ROW_HEIGHT + GAP }),
    };
  }, []);

  useEffect(() => {
    const stop = hands.shared.feed.onChange(() => {
      hands.views.forEach((each) => hands.painter.mark(each));
      setStale(hands.shared.feed.read ? hands.shared.feed.failed : null);
      const { frame } = hands.shared.feed;
      if (!grid.current) return;
      grid.current.dataset.end = String(frame.from + (frame.count - 1) * frame.step);
      grid.current.dataset.requests = String(hands.shared.feed.requests);
      grid.current.dataset.spent = String(hands.painter.spent());
    });
    return () => {
      stop();
      hands.shared.feed.stop();
      hands.painter.stop();
    };
  }, [hands]);

  // Another address of the same dashboard: a link that was opened in this page.
  useEffect(() => {
    if (query !== queryOf(latest.current.view, dashboard)) setView(viewOf(query, dashboard));
  }, [query]);

  const definitions = JSON.stringify(panels.map((panel) => [panel.kind, panel.queries]));
  const asked = JSON.stringify([view, definitions]);
  useEffect(() => {
    hands.shared.values = view.values;
    hands.shared.compare = view.compare;
    // Children's effects run before: all views are there.
    hands.shared.feed.show([...hands.views].flatMap((each) => each.queries()), view);
    const timer = window.setTimeout(() => {
      const now = queryOf(view, dashboard);
      const address = link.dashboard(answer.name, now);
      if (location.hash !== address) history.replaceState(null, "", address);
    }, CURSOR_TIME);
    return () => window.clearTimeout(timer);
  }, [asked]);
  useEffect(() => {
    hands.painter.themeChanged();
    hands.views.forEach((each) => hands.painter.mark(each));
  }, [theme]);

  const changed = panels !== dashboard.panels && JSON.stringify(panels) !== JSON.stringify(dashboard.panels);
  const save = async () => {
    hands.placed(true);
    if (await keep(answer.name, toToml({ ...dashboard, panels }), answer.revision)) reload();
    else renderLast((n) => n + 1);
  };
  const step = stepOf(view.from === undefined ? view.range : (view.to! - view.from) / 1000);
  return (
    <>
      <div class="dashboard-bar">
        <h1 data-dashboard={answer.name} data-revision={answer.revision}>
          {dashboard.title}
        </h1>
        <Times view={view} set={setView} />
        {dashboard.variables.map((variable) => (
          <VariableSelect key={variable.name} name={variable.name} label={variable.label} value={view.values[variable.name]!} set={(value) => setView({ ...view, values: { ...view.values, [variable.name]: value } })} />
        ))}
        <label class="muted">
          compare with{" "}
          <select data-select="compare" value={view.compare} onChange={(event) => setView({ ...view, compare: Number(event.currentTarget.value) })}>
            {COMPARED.map(([seconds, text]) => (
              <option key={seconds} value={seconds}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <span class="muted" data-step={step}>
          {view.from === undefined ? `live, a point each ${span(step)}` : `a point each ${span(step)}`}
        </span>
        <span class="grow" />
        {changed && (
          <>
            <button class="primary" data-action="save" onClick={save}>
              save places
            </button>
            <button data-action="discard" onClick={() => setPanels(dashboard.panels)}>
              discard
            </button>
          </>
        )}
        <button data-action="write" onClick={write}>
          {answer.built_in ? "change" : "edit"}
        </button>
        <button data-action="link" onClick={() => void navigator.clipboard?.writeText(location.href)} title="the address of what you see">
          copy link
        </button>
        <a href={link.dashboards}>all dashboards</a>
      </div>
      {stale && (
        <p class="banner" role="alert" data-stale>
          What you see is from {clock(hands.shared.feed.shown().to)}: {stale}. Trying again.
        </p>
      )}
      <div class="grid" ref={grid} data-view={view.from === undefined ? "live" : "fixed"} data-range={view.range} data-from={view.from} data-to={view.to}>
        {panels.map((panel, index) => (
          <PanelBox key={index} panel={panel} index={index} hands={hands} />
        ))}
      </div>
      {!panels.length && <p class="empty">There is no panel yet; “edit” opens the dashboard's text.</p>}
      <output class="visually-hidden" ref={spoken} aria-live="polite" />
    </>
  );
}

function Times({ view, set }: { view: View; set: (view: View) => void }) {
  const fixed = view.from !== undefined;
  const ranges = RANGES.includes(view.range) ? RANGES : [...RANGES, view.range].sort((a, b) => a - b);
  return (
    <>
      <div class="choice" role="group" aria-label="How far back">
        {ranges.map((range) => (
          <button key={range} data-range={range} aria-pressed={!fixed && view.range === range} onClick={() => set(live({ ...view, range }))}>
            {durationText(range).replace(/^(\d+)m$/, "$1 min").replace(/^(\d+)([hd])$/, "$1 $2")}
          </button>
        ))}
      </div>
      {fixed && (
        <span class="fixed-time">
          {moment(view.from!)} to {view.to! - view.from! < 86_400_000 ? clock(view.to!) : moment(view.to!)}{" "}
          <button class="small" data-action="live" onClick={() => set(live(view))}>
            back to now
          </button>
        </span>
      )}
    </>
  );
}

/** The values that the label has now, and "all". */
function VariableSelect({ name, label, value, set }: { name: string; label: string; value: string; set: (value: string) => void }) {
  const [values, setValues] = useState<string[]>([]);
  useEffect(() => {
    let gone = false;
    get<{ data: string[] }>(`/prometheus/api/v1/label/${encodeURIComponent(label)}/values`)
      .then((found) => !gone && setValues(found.data))
      .catch(() => {}); // what was chosen stays to choose
    return () => void (gone = true);
  }, [label]);
  const all = value === "*" || values.includes(value) ? values : [...values, value].sort();
  return (
    <label class="muted">
      {name}{" "}
      <select data-select={name} value={value} onChange={(event) => set(event.currentTarget.value)}>
        <option value="*">all</option>
        {all.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}
