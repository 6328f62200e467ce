import { useEffect, useState } from "preact/hooks";
import { get, reasonOfChange, Refusal } from "./api";
import type { DashboardAnswer, Problem } from "./dashboard_model";
import { note } from "./dialogs";
import { link } from "./route";

// The list of dashboards, and how one is kept.

interface Listed {
  name: string;
  title: string;
  revision: string;
  built_in: boolean;
  panels: number;
  problem?: string;
}

const NAME = "[a-z0-9][a-z0-9_.\\-]{0,63}";
export const NEW_TEXT = `title = "New dashboard"

[[panel]]
title = "Requests"
unit = "1/s"
[[panel.query]]
expr = 'sum by (service) (rate(berth_requests_total[1m]))'
legend = "{{service}}"
`;

export class Wrong extends Refusal {
  constructor(
    status: number,
    detail: string,
    readonly problems: Problem[],
  ) {
    super(status, detail);
  }
}

async function send(method: string, path: string, body?: unknown): Promise<{ text: string; revision?: string }> {
  const response = await fetch(path, { method, headers: { "content-type": "application/json" }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const answer = (await response.json().catch(() => ({}))) as { text?: string; revision?: string; detail?: string; problems?: Problem[] };
  if (response.ok) return { text: answer.text ?? "", revision: answer.revision };
  throw new Wrong(response.status, answer.detail ?? `Berth answered ${response.status}`, answer.problems ?? []);
}

/** Throws Wrong with what is wrong in the text, or the conflict. */
export async function put(name: string, toml: string, revision: string): Promise<void> {
  note((await send("PUT", `/v1/dashboards/${encodeURIComponent(name)}`, { toml, revision })).text, false);
}

/** As put, but says what is wrong itself. */
export async function keep(name: string, toml: string, revision: string): Promise<boolean> {
  try {
    await put(name, toml, revision);
    return true;
  } catch (error) {
    const said = reasonOfChange(error);
    note(error instanceof Wrong && error.status === 409 ? `${said}; load it again and make your change anew` : said, true);
    return false;
  }
}

export async function remove(name: string, revision: string): Promise<boolean> {
  try {
    note((await send("DELETE", `/v1/dashboards/${encodeURIComponent(name)}?revision=${revision}`)).text, false);
    return true;
  } catch (error) {
    note((error as Error).message, true);
    return false;
  }
}

export function DashboardsPage() {
  const [list, setList] = useState<Listed[] | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const [name, setName] = useState("");
  const read = () =>
    get<{ dashboards: Listed[] }>("/v1/dashboards")
      .then((answer) => (setList(answer.dashboards), setFailed(null)))
      .catch((error) => setFailed((error as Error).message));
  useEffect(() => void read(), []);
  const create = async (event: Event) => {
    event.preventDefault();
    if (await keep(name, NEW_TEXT, "")) location.hash = link.dashboard(name);
  };
  return (
    <section aria-labelledby="dashboards-title">
      <h1 id="dashboards-title">Dashboards</h1>
      {failed && (
        <p class="empty" role="alert">
          The list cannot be read: {failed} <button class="small" onClick={() => void read()}>try again</button>
        </p>
      )}
      {!list && !failed && <p class="empty">Reading the list…</p>}
      {list && (
        <ul class="dashboard-list">
          {list.map((each) => (
            <li key={each.name} data-listed={each.name}>
              <a href={link.dashboard(each.name)} data-row>
                {each.title || each.name}
              </a>{" "}
              <span class="muted">
                {each.name}, {each.built_in ? "built in" : `${each.panels} ${each.panels === 1 ? "panel" : "panels"}`}
              </span>
              {each.problem && <span class="bad"> {each.problem}</span>}
              {!each.built_in && (
                <button class="small" data-action="remove" aria-label={`remove ${each.name}`} onClick={async () => (await remove(each.name, each.revision)) && read()}>
                  remove
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      <form class="new-dashboard" onSubmit={create}>
        <label>
          new dashboard <input data-input="name" value={name} pattern={NAME} required placeholder="name" onInput={(event) => setName(event.currentTarget.value)} />
        </label>{" "}
        <button data-action="create">create</button>
      </form>
    </section>
  );
}

export type { DashboardAnswer };
