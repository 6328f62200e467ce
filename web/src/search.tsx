import { useRef, useState } from "preact/hooks";
import type { State } from "./api";
import { Dot } from "./marks";
import { link } from "./route";

export interface Found {
  kind: "service" | "instance" | "topic";
  name: string;
  href: string;
  health: string;
}

const MOST = 12;

/** Services, instances and topics with all the words in their name; those that begin with it come first. */
export function find(state: State, text: string): Found[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const all: Found[] = [
    ...state.services.map((s): Found => ({ kind: "service", name: s.name, href: link.service(s.name), health: s.health })),
    ...state.topics.map((t): Found => ({ kind: "topic", name: t.name, href: link.topic(t.name), health: "" })),
    ...state.services.flatMap((s) =>
      s.instances.map((i): Found => ({ kind: "instance", name: i.id, href: link.instance(i.id), health: i.state })),
    ),
  ];
  const rank = (found: Found) => (found.name.toLowerCase().startsWith(words[0] ?? "") ? 0 : 1);
  return all
    .filter((found) => words.every((word) => found.name.toLowerCase().includes(word)))
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, MOST);
}

export function Search({ state }: { state: State | null }) {
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const [opened, setOpened] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const found = state && opened ? find(state, text) : [];
  const at = Math.min(active, found.length - 1);

  const go = (target: Found | undefined) => {
    if (!target) return;
    location.hash = target.href;
    setText("");
    setOpened(false);
    input.current?.blur();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setActive(Math.min(found.length - 1, at + 1));
    else if (event.key === "ArrowUp") setActive(Math.max(0, at - 1));
    else if (event.key === "Enter") go(found[at]);
    else if (event.key === "Escape" && text) setText("");
    else return;
    event.preventDefault();
  };

  return (
    <div class="search" role="search">
      <input
        id="search"
        ref={input}
        type="search"
        role="combobox"
        aria-label="Search services, instances and topics"
        aria-expanded={found.length > 0}
        aria-controls="found"
        aria-activedescendant={found.length ? `found-${at}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        spellcheck={false}
        placeholder="search"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setActive(0);
          setOpened(true);
        }}
        onFocus={() => setOpened(true)}
        onBlur={() => setOpened(false)}
        onKeyDown={onKeyDown}
      />
      <kbd aria-hidden="true">/</kbd>
      {opened && state && (
        <ul id="found" role="listbox" aria-label="Found">
          {found.map((each, index) => (
            <li
              key={each.kind + each.name}
              id={`found-${index}`}
              role="option"
              aria-selected={index === at}
              onMouseDown={(event) => {
                event.preventDefault();
                go(each);
              }}
            >
              <Dot health={each.health} />
              <span>{each.name}</span>
              <small>{each.kind}</small>
            </li>
          ))}
          {!found.length && <li class="none">nothing has “{text}” in its name</li>}
        </ul>
      )}
    </div>
  );
}
