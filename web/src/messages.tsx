import { useEffect, useState } from "preact/hooks";
import { type DeadLetter, get, path, type State, type Topic } from "./api";
import { change } from "./dialogs";
import { ago, count, moment, rate } from "./format";
import { link } from "./route";

/** The subscriptions of a service with their dead letters; nothing at all for one without. */
export function Messages({ state, service }: { state: State; service: string }) {
  const topics = state.topics.filter((topic) => topic.subscriptions.some((s) => s.service === service));
  if (!topics.length) return null;
  return (
    <section aria-labelledby="messages-title">
      <h2 id="messages-title">Messages</h2>
      <Subscriptions topics={topics} service={service} />
      {topics.map((topic) => (
        <DeadLetters key={topic.name} topic={topic} service={service} now={state.time} />
      ))}
    </section>
  );
}

export function Subscriptions({ topics, service }: { topics: Topic[]; service?: string }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">{service ? "topic" : "service"}</th>
            <th scope="col">delivered to</th>
            {["backlog", "delivered", "retried", "dead"].map((name) => (
              <th key={name} scope="col" class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {topics.flatMap((topic) =>
            topic.subscriptions
              .filter((s) => !service || s.service === service)
              .map((s) => (
                <tr key={topic.name + s.service} data-topic={topic.name} data-subscription={s.service} data-backlog={s.backlog} data-dead={s.dead}>
                  <th scope="row">{service ? <a href={link.topic(topic.name)}>{topic.name}</a> : <a href={link.service(s.service)}>{s.service}</a>}</th>
                  <td>
                    <code>POST {s.path}</code>
                  </td>
                  <td class="number">{count(s.backlog)}</td>
                  <td class="number">{count(s.delivered)}</td>
                  <td class="number">{count(s.retried)}</td>
                  <td class={`number ${s.dead ? "bad" : "muted"}`}>{count(s.dead)}</td>
                </tr>
              )),
          )}
        </tbody>
      </table>
    </div>
  );
}

/** Asked for anew whenever the pushed count of dead letters changes. */
export function DeadLetters({ topic, service, now }: { topic: Topic; service?: string; now: number }) {
  const [dead, setDead] = useState<DeadLetter[]>([]);
  const number = topic.subscriptions.filter((s) => !service || s.service === service).reduce((sum, s) => sum + s.dead, 0);
  useEffect(() => {
    let gone = false;
    if (!number) setDead([]);
    else
      get<{ dead: DeadLetter[] }>(`${path.dead(topic.name)}${service ? `?service=${encodeURIComponent(service)}` : ""}`)
        .then((answer) => !gone && setDead(answer.dead))
        .catch(() => {}); // the next change asks again
    return () => void (gone = true);
  }, [topic.name, service, number]);
  if (!number) return null;
  return (
    <>
      <div class="heading">
        <h3>
          Dead letters of {topic.name} <span class="bad">{count(number)}</span>
        </h3>
        <button class="small" data-action="send-all" onClick={() => change(`${path.dead(topic.name)}/send_again`, service ? { service } : {})}>
          send all again
        </button>
      </div>
      <ul class="dead">
        {dead.map((letter) => (
          <li key={letter.id} data-dead={letter.id}>
            <p>
              <time title={moment(letter.died)}>{ago(letter.died, now)}</time> to {letter.service}
              <code>{letter.path}</code>, given up after {letter.attempts} attempts: <span class="bad">{letter.why}</span>
            </p>
            <pre>{letter.body}</pre>
            <button class="small" data-action="send-again" onClick={() => change(`${path.dead(topic.name)}/${encodeURIComponent(letter.id)}/send_again`)}>
              send again
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

export function TopicFigures({ topic }: { topic: Topic }) {
  return (
    <dl class="figures">
      <div>
        <dt>published</dt>
        <dd>{count(topic.published)}</dd>
      </div>
      <div>
        <dt>per second</dt>
        <dd>{rate(topic.per_second)}</dd>
      </div>
    </dl>
  );
}
