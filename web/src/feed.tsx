import type { FeedEntry } from "./api";
import { clock, moment } from "./format";
import { link } from "./route";

const SIGN: Record<FeedEntry["kind"], [string, string]> = {
  deploy: ["▲", "deploy"],
  done: ["✓", "deployed"],
  rollback: ["↩", "return"],
  restart: ["↻", "restart"],
  exit: ["✕", "exit"],
  dead_letter: ["✉", "dead letter"],
  scale: ["↕", "scale"],
  health: ["♥", "health"],
};

interface Told {
  entry: FeedEntry; // the newest
  times: number;
}

/** What happened again and again with nothing between is told once, with how often. */
export function told(entries: FeedEntry[], limit: number): Told[] {
  const all: Told[] = [];
  for (const entry of entries) {
    const last = all.at(-1);
    const { kind, service, instance, text } = last?.entry ?? {};
    if (last && kind === entry.kind && service === entry.service && instance === entry.instance && text === entry.text) last.times++;
    else if (all.push({ entry, times: 1 }) > limit) return all.slice(0, limit);
  }
  return all;
}

export function Feed({ entries, now, limit }: { entries: FeedEntry[]; now: number; limit: number }) {
  if (!entries.length) return <p class="empty">Nothing yet: deploys, restarts and dead letters will stand here.</p>;
  const today = new Date(now).toDateString();
  return (
    <ol class="feed" tabIndex={0} aria-label="Deploys, restarts and dead letters, newest first">
      {told(entries, limit).map(({ entry, times }) => (
        <li key={entry.id} class={entry.level} data-kind={entry.kind} data-instance={entry.instance}>
          <time title={moment(entry.time)}>{new Date(entry.time).toDateString() === today ? clock(entry.time) : moment(entry.time).slice(5, 16)}</time>
          <span class="sign" title={SIGN[entry.kind]?.[1] ?? entry.kind} aria-label={SIGN[entry.kind]?.[1] ?? entry.kind} role="img">
            {SIGN[entry.kind]?.[0] ?? "·"}
          </span>
          <span>
            <Subject entry={entry} />
            {times > 1 && <b class="times"> {times} times</b>}
          </span>
        </li>
      ))}
    </ol>
  );
}

/** The text with its service or instance as a link, which stands in front where the text does not begin with it. */
function Subject({ entry: { service, instance, text } }: { entry: FeedEntry }) {
  const name = instance && text.startsWith(instance) ? instance : service;
  return (
    <>
      <a href={name === instance ? link.instance(instance) : link.service(service)}>{name}</a>{" "}
      {text.startsWith(`${name} `) ? text.slice(name.length + 1) : text}
    </>
  );
}
