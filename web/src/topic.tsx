import type { State } from "./api";
import { DeadLetters, Subscriptions, TopicFigures } from "./messages";

export function TopicPage({ name, state }: { name: string; state: State }) {
  const topic = state.topics.find((t) => t.name === name);
  if (!topic) {
    return (
      <div class="alone">
        <h1>There is no topic “{name}”</h1>
        <p>
          <a href="#/">all services</a>
        </p>
      </div>
    );
  }
  return (
    <>
      <section class="head" aria-label="Topic" data-topic={name}>
        <div class="title">
          <h1>{name}</h1>
          <span class="muted">topic</span>
        </div>
        <TopicFigures topic={topic} />
      </section>
      <section aria-labelledby="subscriptions-title">
        <h2 id="subscriptions-title">Subscriptions</h2>
        {topic.subscriptions.length ? <Subscriptions topics={[topic]} /> : <p class="empty">Nobody is subscribed; what is published is kept by nobody.</p>}
        <DeadLetters topic={topic} now={state.time} />
      </section>
    </>
  );
}
