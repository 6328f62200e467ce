import { useAlerts } from "./alerts_live";
import { counts } from "./alerts_model";
import type { State } from "./api";
import { showHelp } from "./dialogs";
import { link } from "./route";
import { Search } from "./search";
import { toggleTheme, useTheme } from "./theme";

const SHOWN = 3;

/** What a browser can open and is not this page; the rest stands in the list that ? shows. */
function pagesOf(state: State | null) {
  return (state?.addresses ?? []).filter(({ url }) => /^https?:/.test(url) && !url.startsWith(location.origin));
}

/** How many fire, which is to be seen on each page. */
function AlertsLink() {
  const firing = (useAlerts().alerts?.alerts ?? []).filter(counts).length;
  return (
    <a class={`address ${firing ? "fires" : ""}`} href={link.alerts()} data-firing={firing} aria-label={firing ? `alerts, ${firing} of them fire` : "alerts"}>
      alerts{firing > 0 && <span class="firing-count"> {firing}</span>}
    </a>
  );
}

export function Header({ state }: { state: State | null }) {
  const dark = useTheme() === "dark";
  return (
    <header class="top">
      <a class="brand" href="#/" aria-label="Berth, first page">
        <svg viewBox="0 0 16 16" width="20" height="20" aria-hidden="true">
          <path d="M2 9h12M4 9V5m4 4V3m4 6V5M2 13c2-1.6 4-1.6 6 0s4 1.6 6 0" />
        </svg>
        <span class="system">{state?.system.name ?? "Berth"}</span>
        {state && <span class="environment">{state.system.environment}</span>}
      </a>
      <Search state={state} />
      <nav class="tools" aria-label="Tools">
        <a class="address" href={link.dashboard("system")}>
          charts
        </a>
        <a class="address" href="#/logs">
          logs
        </a>
        <AlertsLink />
        <a class="address" href="#/proxy">
          proxy
        </a>
        <a class="address" href={link.kpis}>
          KPIs
        </a>
        {pagesOf(state).slice(0, SHOWN).map((address) => (
          <a key={address.name} class="address" href={address.url} target="_blank" rel="noreferrer" title={address.url}>
            {address.name}
            <span aria-hidden="true"> ↗</span>
          </a>
        ))}
        <button class="icon" onClick={toggleTheme} aria-label={dark ? "Light theme" : "Dark theme"} title="theme (t)" data-action="theme">
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="1.4" />
            <path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor" />
          </svg>
        </button>
        <button class="icon" onClick={showHelp} aria-label="Keys" title="keys (?)">
          ?
        </button>
      </nav>
    </header>
  );
}
