import { useState } from "preact/hooks";
import { reasonOfChange } from "./api";
import type { DashboardAnswer, Problem } from "./dashboard_model";
import { put, Wrong } from "./dashboards";

// A dashboard's text, and what is wrong with it, line by line.

export function DashboardText({ answer, done }: { answer: DashboardAnswer; done: (changed: boolean) => void }) {
  const [text, setText] = useState(answer.toml);
  const [problems, setProblems] = useState<Problem[]>(answer.problems ?? []);
  const [said, setSaid] = useState("");
  const [revision, setRevision] = useState(answer.revision);
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      await put(answer.name, text, revision);
      done(true);
    } catch (error) {
      const wrong = error instanceof Wrong ? error : null;
      setProblems(wrong?.problems ?? []);
      if (wrong?.status === 409) {
        setSaid(`${wrong.message}. Save again to put yours in its place, or close to see it.`);
        const now = (await fetch(`/v1/dashboards/${encodeURIComponent(answer.name)}`).then((response) => response.json()).catch(() => null)) as DashboardAnswer | null;
        if (now) setRevision(now.revision ?? "");
      } else setSaid(wrong?.problems.length ? "" : reasonOfChange(error));
    }
  };
  const show = (problem: Problem) => {
    const area = document.getElementById("dashboard-text") as HTMLTextAreaElement;
    const at = text.split("\n").slice(0, problem.line - 1).reduce((sum, line) => sum + line.length + 1, 0) + problem.column - 1;
    area.focus();
    area.setSelectionRange(at, at);
  };
  return (
    <form class="dashboard-text" onSubmit={save} data-text={answer.name}>
      <h1>{answer.name}.toml</h1>
      <label class="muted" for="dashboard-text">
        {answer.built_in ? "Built in; what you save is kept and stands before it." : "Kept with the system."} Its keys: docs/formats/dashboards.md
      </label>
      <textarea id="dashboard-text" spellcheck={false} rows={28} value={text} onInput={(event) => setText(event.currentTarget.value)} aria-invalid={problems.length > 0} aria-describedby="dashboard-problems" />
      <ul id="dashboard-problems" role="alert" class="problems">
        {said && <li class="bad">{said}</li>}
        {problems.map((problem) => (
          <li key={`${problem.line} ${problem.text}`} data-line={problem.line} data-column={problem.column}>
            <button type="button" class="small" onClick={() => show(problem)}>
              line {problem.line}, column {problem.column}
            </button>{" "}
            {problem.text}
          </li>
        ))}
      </ul>
      <p class="row">
        <button class="primary" data-action="keep">
          save
        </button>
        <button type="button" data-action="close" onClick={() => done(revision !== answer.revision)}>
          close
        </button>
      </p>
    </form>
  );
}
