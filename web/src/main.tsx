import { render } from "preact";
import { useEffect } from "preact/hooks";
import { AlertsPage } from "./alerts";
import { DashboardPage } from "./dashboard";
import { DashboardsPage } from "./dashboards";
import { Dialogs } from "./dialogs";
import { LogsPage } from "./explorer";
import { clock } from "./format";
import { Header } from "./header";
import { startKeys } from "./keys";
import { KpisPage } from "./kpis";
import { close, open, useLive, useVisible } from "./live";
import { Overview } from "./overview";
import { ProxyPage } from "./proxy";
import { ServicePage } from "./service";
import { startTheme } from "./theme";
import { TopicPage } from "./topic";
import { useRoute } from "./route";
import "./style.css";
import "./dashboard.css";

function App() {
  const route = useRoute();
  const { state, detail, link, since } = useLive();
  const service = route.page === "service" ? route.name : null;
  const visible = useVisible();
  useEffect(() => (visible ? open(service) : close()), [service, visible]);
  const worst = state?.sentence.level ?? "ok";
  useEffect(() => {
    const mark = worst === "bad" ? "● " : "";
    document.title = `${mark}${service ? `${service} · ` : ""}${state?.system.name ?? "Berth"}`;
  }, [service, worst, state?.system.name]);

  if (link === "no token") return <NoToken />;
  return (
    <>
      <a class="skip" href="#main">
        to the content
      </a>
      <Header state={state} />
      {link === "lost" && (
        <p class="banner" role="alert">
          No connection to Berth since {clock(since)}; what you see is from then. Trying again.
        </p>
      )}
      <main id="main" tabIndex={-1} data-link={link} data-revision={state?.revision}>
        {!state ? (
          <p class="empty">Waiting for the first state…</p>
        ) : route.page === "service" ? (
          <ServicePage key={route.name} name={route.name} state={state} detail={detail} instance={route.instance} />
        ) : route.page === "topic" ? (
          <TopicPage key={route.name} name={route.name} state={state} />
        ) : route.page === "logs" ? (
          <LogsPage search={route.search} state={state} />
        ) : route.page === "dashboard" ? (
          <DashboardPage key={route.name} name={route.name} query={route.query} />
        ) : route.page === "proxy" ? (
          <ProxyPage />
        ) : route.page === "dashboards" ? (
          <DashboardsPage />
        ) : route.page === "alerts" ? (
          <AlertsPage service={route.service} />
        ) : route.page === "kpis" ? (
          <KpisPage />
        ) : (
          <Overview state={state} />
        )}
      </main>
      <Dialogs />
    </>
  );
}

function NoToken() {
  return (
    <main class="alone">
      <h1>This console needs its token</h1>
      <p>
        Open the whole address that <code>berth dev</code> printed when it started; it ends in <code>?token=…</code>. It is kept for this browser
        from then on.
      </p>
    </main>
  );
}

startTheme();
startKeys();
render(<App />, document.getElementById("root")!);
