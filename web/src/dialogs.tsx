import { useEffect, useRef, useState } from "preact/hooks";
import { post, reasonOfChange } from "./api";
import { KEYS } from "./keys";
import { useLive } from "./live";

// What stands above the page: a question before a change, the list of keys, and the line that says what a change did.

interface Question {
  text: string;
  verb: string;
  danger: boolean;
  done: (yes: boolean) => void;
}

interface Shown {
  question: Question | null;
  help: boolean;
  note: { text: string; bad: boolean } | null;
}

let shown: Shown = { question: null, help: false, note: null };
let render = () => {};
let noteTimer = 0;

function show(change: Partial<Shown>) {
  shown = { ...shown, ...change };
  render();
}

export function showHelp() {
  show({ help: true });
}

export function dialogIsOpen(): boolean {
  return shown.help || shown.question !== null;
}

export function closeDialogs() {
  shown.question?.done(false);
  show({ question: null, help: false });
}

export function note(text: string, bad: boolean) {
  show({ note: { text, bad } });
  window.clearTimeout(noteTimer);
  noteTimer = window.setTimeout(() => show({ note: null }), bad ? 12_000 : 5_000);
}

/** Asks (if there is a question), sends the change, and says what came of it. */
export async function change(path: string, body?: unknown, question?: { text: string; verb: string; danger?: boolean }): Promise<boolean> {
  if (question) {
    const yes = await new Promise<boolean>((done) =>
      show({ question: { text: question.text, verb: question.verb, danger: question.danger ?? false, done } }),
    );
    if (!yes) return false;
  }
  try {
    note((await post(path, body)).text, false);
    return true;
  } catch (error) {
    note(reasonOfChange(error), true);
    return false;
  }
}

function Modal(props: { label: string; children: preact.ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current!;
    const before = document.activeElement as HTMLElement | null;
    dialog.showModal();
    return () => {
      dialog.close();
      before?.focus?.();
    };
  }, []);
  return (
    <dialog
      ref={element}
      aria-label={props.label}
      onCancel={(event) => {
        event.preventDefault();
        closeDialogs();
      }}
      onClick={(event) => event.target === element.current && closeDialogs()}
    >
      {props.children}
    </dialog>
  );
}

/** Everything that listens, for curl, dig and the like. */
function Addresses() {
  const addresses = useLive().state?.addresses ?? [];
  if (!addresses.length) return null;
  return (
    <>
      <h2 class="next">Addresses</h2>
      <dl class="keys">
        {addresses.map(({ name, url }) => (
          <div key={name + url}>
            <dt>{name}</dt>
            <dd>
              <code>{url}</code>
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

export function Dialogs() {
  const [, set] = useState(0);
  useEffect(() => {
    render = () => set((n) => n + 1);
    return () => void (render = () => {});
  }, []);
  const { question, help, note } = shown;
  const answer = (yes: boolean) => {
    question?.done(yes);
    show({ question: null });
  };
  return (
    <>
      {question && (
        <Modal label="Confirm">
          <p>{question.text}</p>
          <p class="buttons">
            <button onClick={() => answer(false)}>cancel</button>
            <button class={question.danger ? "danger" : "primary"} data-action="confirm" autoFocus onClick={() => answer(true)}>
              {question.verb}
            </button>
          </p>
        </Modal>
      )}
      {help && (
        <Modal label="Keys">
          <h2>Keys</h2>
          <dl class="keys">
            {KEYS.map(([key, does]) => (
              <div key={key}>
                <dt>
                  {key.split("  ").map((k) => (
                    <kbd key={k}>{k}</kbd>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
          <Addresses />
          <p class="buttons">
            <button autoFocus onClick={closeDialogs}>
              close
            </button>
          </p>
        </Modal>
      )}
      <div class="note-place" role="status" aria-live="polite">
        {note && <p class={`note ${note.bad ? "bad" : ""}`}>{note.text}</p>}
      </div>
    </>
  );
}
