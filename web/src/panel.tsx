import { useEffect, useRef } from "preact/hooks";
import type { Panel, Place } from "./dashboard_model";
import type { Painter } from "./painter";
import { PanelView, type Shared } from "./panel_view";

// One panel: its frame, its head to drag it by, its corner to resize it by, and how mouse, touch and keys move through time.

export interface Hands {
  shared: Shared;
  painter: Painter;
  views: Set<PanelView>;
  shownFrom: () => { from: number; to: number };
  window: (from: number, to: number) => void;
  live: () => void;
  cursor: (time: number | null) => void;
  say: (text: string) => void;
  place: (index: number, wish: Partial<Place>) => void; // while it moves
  placed: (keep: boolean) => void; // it was put down, or taken back
  cell: () => { width: number; height: number };
}

const STEPS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function PanelBox({ panel, index, hands }: { panel: Panel; index: number; hands: Hands }) {
  const root = useRef<HTMLElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const list = useRef<HTMLElement>(null);
  const note = useRef<HTMLParagraphElement>(null);
  const view = useRef<PanelView | null>(null);
  const drawn = panel.kind === "lines" || panel.kind === "stacked" || panel.kind === "heatmap";
  const definition = JSON.stringify([panel.kind, panel.unit, panel.queries, panel.warn, panel.bad, panel.logarithmic, panel.limit]);

  useEffect(() => {
    const made = new PanelView(panel, { root: root.current!, canvas: canvas.current, list: list.current!, note: note.current! }, hands.shared);
    view.current = made;
    hands.views.add(made);
    const seen = new IntersectionObserver((entries) => hands.painter.setSeen(made, entries.at(-1)!.isIntersecting), { rootMargin: "80px" });
    seen.observe(root.current!);
    const sized = new ResizeObserver(() => {
      made.resized();
      hands.painter.mark(made);
    });
    if (canvas.current) sized.observe(canvas.current.parentElement!);
    hands.painter.mark(made);
    const removeHands = drawn ? plotHands(canvas.current!.parentElement!, made, hands) : undefined;
    return () => {
      removeHands?.();
      seen.disconnect();
      sized.disconnect();
      hands.painter.forget(made);
      hands.views.delete(made);
    };
  }, [definition, hands]);

  const place = { gridColumn: `${panel.column + 1} / span ${panel.columns}`, gridRow: `${panel.row + 1} / span ${panel.rows}`, order: panel.row * 12 + panel.column };
  return (
    <figure class={`panel kind-${panel.kind}`} ref={root} style={place} data-panel={index} data-title={panel.title} data-kind={panel.kind} data-column={panel.column} data-row={panel.row} data-columns={panel.columns} data-rows={panel.rows} data-state="reading">
      <figcaption>
        <h2>{panel.title}</h2>
        <MoveHandle panel={panel} index={index} hands={hands} />
      </figcaption>
      {(drawn || panel.kind === "number") && (
        <div class="panel-plot" {...(drawn ? { tabIndex: 0, role: "application", "aria-roledescription": "chart", "aria-label": `${panel.title}. Arrow keys read its values, plus and minus zoom, Shift with arrows moves through time, 0 returns` } : {})}>
          <canvas ref={canvas} aria-hidden="true" />
        </div>
      )}
      {panel.kind === "table" ? (
        <div class="scroll panel-list" tabIndex={0} role="region" aria-label={panel.title}>
          <table>
            <thead>
              <tr>
                <th scope="col">
                  <span class="visually-hidden">series</span>
                </th>
                {["now", "least", "mean", "most"].map((name) => (
                  <th key={name} scope="col" class="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody ref={list as preact.RefObject<HTMLTableSectionElement>} />
          </table>
        </div>
      ) : (
        <ul class={drawn ? "panel-legend" : "panel-list"} ref={list as preact.RefObject<HTMLUListElement>} aria-label={`${panel.title}, values`} />
      )}
      <p class="panel-note" ref={note} />
      <ResizeHandle panel={panel} index={index} hands={hands} />
    </figure>
  );
}

/** The head's handle: by pointer, or by arrows (with Shift the size). Enter keeps, Escape takes back. */
function MoveHandle({ panel, index, hands }: { panel: Panel; index: number; hands: Hands }) {
  const begun = useRef<Place | null>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step) {
      begun.current ??= { column: panel.column, row: panel.row, columns: panel.columns, rows: panel.rows };
      if (event.shiftKey) hands.place(index, { columns: panel.columns + step[0], rows: panel.rows + step[1] });
      else hands.place(index, { column: panel.column + step[0], row: panel.row + step[1] });
    } else if (event.key === "Escape" && begun.current) {
      begun.current = null;
      hands.placed(false);
    } else return;
    event.preventDefault();
  };
  const onBlur = () => {
    if (begun.current) hands.placed(true);
    begun.current = null;
  };
  return (
    <button
      class="handle"
      data-action="move"
      aria-label={`Move ${panel.title}: arrow keys move it, Shift with arrows resizes it, Escape takes it back; column ${panel.column + 1}, row ${panel.row + 1}, ${panel.columns} wide, ${panel.rows} high`}
      title="drag, or arrow keys; Shift resizes"
      onKeyDown={onKeyDown}
      onBlur={onBlur}
      onPointerDown={(event) => drag(event, hands, (columns, rows) => hands.place(index, { column: panel.column + columns, row: panel.row + rows }))}
    >
      <svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
        <path d="M2 2h2v2H2zM6 2h2v2H6zM2 6h2v2H2zM6 6h2v2H6z" fill="currentColor" />
      </svg>
    </button>
  );
}

function ResizeHandle({ panel, index, hands }: { panel: Panel; index: number; hands: Hands }) {
  return (
    <span class="corner" data-action="resize" aria-hidden="true" onPointerDown={(event) => drag(event, hands, (columns, rows) => hands.place(index, { columns: panel.columns + columns, rows: panel.rows + rows }))} />
  );
}

/** Follows a pointer in whole cells from where it went down, until it goes up (kept) or is lost (taken back). */
function drag(event: PointerEvent, hands: Hands, move: (columns: number, rows: number) => void) {
  if (event.button !== 0) return;
  const element = event.currentTarget as HTMLElement;
  const { width, height } = hands.cell();
  const [x, y, scroll] = [event.clientX, event.clientY, window.scrollY];
  let last = "0 0";
  element.setPointerCapture(event.pointerId);
  const onMove = (now: PointerEvent) => {
    const columns = Math.round((now.clientX - x) / width);
    const rows = Math.round((now.clientY - y + window.scrollY - scroll) / height);
    if (`${columns} ${rows}` === last) return;
    last = `${columns} ${rows}`;
    move(columns, rows);
  };
  const end = (keep: boolean) => {
    element.removeEventListener("pointermove", onMove);
    hands.placed(keep);
  };
  element.addEventListener("pointermove", onMove);
  element.addEventListener("pointerup", () => end(true), { once: true });
  element.addEventListener("pointercancel", () => end(false), { once: true });
}

/** Mouse: move reads, drag chooses a part, Shift and drag moves through time, Ctrl and wheel zooms. Touch: one finger moves, two zoom. */
function plotHands(box: HTMLElement, view: PanelView, hands: Hands): () => void {
  const pointers = new Map<number, number>();
  let grip: { from: number; to: number; at: Map<number, number> } | null = null; // the window and the fingers when they came down
  let chosen: number | null = null;
  const x = (event: MouseEvent) => event.clientX - box.getBoundingClientRect().left;
  const width = () => view.area?.width ?? box.clientWidth;

  const hold = () => (grip = pointers.size ? { ...hands.shownFrom(), at: new Map(pointers) } : null);
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    box.setPointerCapture(event.pointerId);
    if (event.pointerType === "mouse" && !event.shiftKey) {
      chosen = view.timeAt(x(event));
      return;
    }
    pointers.set(event.pointerId, x(event));
    hold();
  };
  const move = (event: PointerEvent) => {
    const time = view.timeAt(x(event));
    if (chosen !== null) {
      view.selected = [chosen, time];
      hands.painter.mark(view);
    } else if (grip && pointers.has(event.pointerId)) {
      pointers.set(event.pointerId, x(event));
      follow();
      return;
    }
    if (event.pointerType === "mouse") hands.cursor(time);
  };
  const follow = () => {
    const length = grip!.to - grip!.from;
    const [a, b] = [...pointers.keys()];
    const moved = (id: number) => [grip!.at.get(id)!, pointers.get(id)!] as const;
    if (a === undefined) return;
    const [a0, a1] = moved(a);
    if (b === undefined) {
      const by = ((a0 - a1) * length) / width();
      return hands.window(grip!.from + by, grip!.to + by);
    }
    const [b0, b1] = moved(b);
    const part = Math.max(0.05, Math.abs(b0 - a0) / Math.max(8, Math.abs(b1 - a1)));
    const middle = grip!.from + (length * ((a0 + b0) / 2 - (view.area?.left ?? 0))) / width();
    const now = ((a1 + b1) / 2 - (view.area?.left ?? 0)) / width();
    hands.window(middle - now * length * part, middle + (1 - now) * length * part);
  };
  const up = (event: PointerEvent) => {
    if (chosen !== null) {
      const [from, to] = [chosen, view.timeAt(x(event))].sort((p, q) => p - q) as [number, number];
      const { from: begin, to: end } = hands.shownFrom();
      chosen = null;
      view.selected = null;
      hands.painter.mark(view);
      if ((to - from) / (end - begin) > 0.01) hands.window(from, to);
    }
    pointers.delete(event.pointerId);
    hold();
  };
  const cancel = (event: PointerEvent) => {
    chosen = null;
    view.selected = null;
    pointers.delete(event.pointerId);
    hold();
  };
  const leave = (event: PointerEvent) => event.pointerType === "mouse" && hands.cursor(null);
  const zoom = (part: number, around: number) => {
    const { from, to } = hands.shownFrom();
    hands.window(around - (around - from) * part, around + (to - around) * part);
  };
  const wheel = (event: WheelEvent) => {
    if (event.ctrlKey || event.metaKey) zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 150), view.timeAt(x(event)));
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan(event.deltaX / width());
    else return;
    event.preventDefault();
  };
  const pan = (part: number) => {
    const { from, to } = hands.shownFrom();
    hands.window(from + (to - from) * part, to + (to - from) * part);
  };
  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { from, to } = hands.shownFrom();
    const { step } = hands.shared.feed.frame;
    const cursor = hands.shared.cursor;
    const side = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (side && event.shiftKey) pan(side * 0.25);
    else if (side) {
      const stride = Math.max(step, Math.round((to - from) / 200 / step) * step);
      const next = cursor === null ? (side < 0 ? to - stride : from) : cursor + side * stride;
      hands.cursor(Math.round(Math.max(from, Math.min(to, next)) / step) * step);
      hands.say(view.spoken());
    } else if (event.key === "+" || event.key === "=") zoom(0.5, cursor ?? (from + to) / 2);
    else if (event.key === "-") zoom(2, cursor ?? (from + to) / 2);
    else if (event.key === "0") hands.live();
    else if (event.key === "Escape" && cursor !== null) hands.cursor(null);
    else return;
    event.preventDefault();
  };
  const listeners: [string, (event: never) => void, AddEventListenerOptions?][] = [
    ["pointerdown", down], ["pointermove", move], ["pointerup", up], ["pointercancel", cancel], ["pointerleave", leave],
    ["wheel", wheel, { passive: false }], ["keydown", key], ["dblclick", () => hands.live()], ["blur", () => hands.cursor(null)],
  ];
  for (const [name, listener, options] of listeners) box.addEventListener(name, listener as EventListener, options);
  return () => {
    for (const [name, listener] of listeners) box.removeEventListener(name, listener as EventListener);
  };
}
