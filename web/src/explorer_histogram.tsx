import { useRef, useState } from "preact/hooks";
import { clock, count, moment } from "./format";
import { type HistogramAnswer, LEVELS } from "./log_search";

const HEIGHT = 76;

/** Lines by time and level. Dragging over it, or arrows with Shift and then Enter, picks a time. */
export function Histogram(props: { counts: HistogramAnswer | null; busy: boolean; onRange: (from: number, to: number) => void }) {
  const { counts } = props;
  const box = useRef<HTMLDivElement>(null);
  const [picked, setPicked] = useState<[number, number] | null>(null); // steps, in the order in which they were picked
  const dragging = useRef(false);
  const bars = counts ? counts.counts.error.length : 0;
  const sums = Array.from({ length: bars }, (_, i) => LEVELS.reduce((sum, level) => sum + (counts!.counts[level][i] ?? 0), 0));
  const most = Math.max(1, ...sums);
  const ends = picked && ([Math.min(...picked), Math.max(...picked)] as const);
  const startOf = (step: number) => counts!.from + step * counts!.step;

  const stepAt = (event: PointerEvent) => {
    const place = box.current!.getBoundingClientRect();
    return Math.max(0, Math.min(bars - 1, Math.floor(((event.clientX - place.left) / place.width) * bars)));
  };
  const pick = () => {
    if (!ends || !counts) return;
    setPicked(null);
    props.onRange(startOf(ends[0]), startOf(ends[1] + 1));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!bars) return;
    const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (by) {
      const at = Math.max(0, Math.min(bars - 1, (picked ? picked[1] : by > 0 ? -1 : bars) + by));
      setPicked(event.shiftKey && picked ? [picked[0], at] : [at, at]);
    } else if (event.key === "Enter") pick();
    else if (event.key === "Escape" && picked) setPicked(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  if (!counts) return <div class="histogram empty" style={{ height: `${HEIGHT}px` }}>{props.busy ? "Counting…" : ""}</div>;
  const shown = ends ?? [0, bars - 1];
  const within = sums.slice(shown[0], shown[1] + 1).reduce((a, b) => a + b, 0);
  const errors = counts.counts.error.slice(shown[0], shown[1] + 1).reduce((a, b) => a + b, 0);
  return (
    <figure class="histogram" data-from={counts.from} data-step={counts.step} data-lines={counts.lines} data-bars={bars} data-complete={counts.complete}>
      <div
        ref={box}
        class="bars"
        role="slider"
        tabIndex={0}
        aria-label="Lines by time; arrows pick a time, with Shift a longer one, Enter shows it alone"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, bars - 1)}
        aria-valuenow={picked ? picked[1] : 0}
        aria-valuetext={`${clock(startOf(shown[0]))} to ${clock(startOf(shown[1] + 1))}: ${within} lines, ${errors} errors`}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          if (event.button !== 0 || !bars) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          dragging.current = true;
          const at = stepAt(event);
          setPicked([at, at]);
        }}
        onPointerMove={(event) => dragging.current && setPicked((old) => old && [old[0], stepAt(event)])}
        onPointerUp={() => {
          if (!dragging.current) return;
          dragging.current = false;
          pick();
        }}
        onPointerCancel={() => {
          dragging.current = false;
          setPicked(null);
        }}
      >
        <svg viewBox={`0 0 ${bars} ${HEIGHT}`} preserveAspectRatio="none" width="100%" height={HEIGHT} aria-hidden="true">
          {sums.map((_, i) => {
            let y = HEIGHT;
            return LEVELS.map((level) => {
              const value = counts.counts[level][i] ?? 0;
              if (!value) return null;
              const height = Math.max(1, (value / most) * (HEIGHT - 4));
              y -= height;
              return <rect key={`${i}${level}`} class={level} x={i + 0.08} width={0.84} y={y} height={height} />;
            });
          })}
          {ends && <rect class="picked" x={ends[0]} width={ends[1] - ends[0] + 1} y={0} height={HEIGHT} />}
        </svg>
      </div>
      <figcaption>
        <span title={moment(startOf(shown[0]))}>{clock(startOf(shown[0]), counts.step < 60_000)}</span>
        <span>
          {count(within)} lines{errors > 0 && <b class="bad"> · {count(errors)} errors</b>}
          {!counts.complete && <span class="warn"> · since {clock(counts.counted_from)} only, it took too long</span>}
        </span>
        <span title={moment(startOf(shown[1] + 1))}>{clock(startOf(shown[1] + 1), counts.step < 60_000)}</span>
      </figcaption>
    </figure>
  );
}
