import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Call, State } from "./api";
import { rate, seconds, share } from "./format";
import { draw, type Drawn, type Edge, labelled } from "./layout";
import { levelOf } from "./marks";
import { link } from "./route";

const BOX: [number, number] = [140, 38]; // width, height
const NARROW_BOX: [number, number] = [104, 38];
const NARROW = 560; // below that the layers go from top to bottom
const MARGIN = 6;
const OUTSIDE: Record<string, string> = { gateway: "from outside", bus: "messages", unknown: "caller not known" };
const LABEL: [number, number] = [30, 13];

/** Edges grow with the logarithm of what runs over them: 1/s is thin, 1000/s is thick. */
const widthOf = (perSecond: number) => 1 + Math.min(7, Math.log2(1 + perSecond) * 0.75);

/** A curve between two layers, a straight line past one. */
function curve(points: [number, number][], vertical: boolean): string {
  let d = `M${points[0]!.join(" ")}`;
  for (let i = 1; i < points.length; i++) {
    const [x0, y0] = points[i - 1]!;
    const [x1, y1] = points[i]!;
    const [mx, my] = [(x0 + x1) / 2, (y0 + y1) / 2];
    if (i % 2 === 0) d += ` L${x1} ${y1}`;
    else d += vertical ? ` C${x0} ${my} ${x1} ${my} ${x1} ${y1}` : ` C${mx} ${y0} ${mx} ${y1} ${x1} ${y1}`;
  }
  return d;
}

/** Only who and whom decide the drawing, so that it stands still while the traffic moves. */
function useDrawing(names: string[], edges: Edge[], vertical: boolean): Drawn {
  const key = JSON.stringify([names, edges, vertical]);
  return useMemo(
    () =>
      vertical
        ? draw(names, edges, { node: [NARROW_BOX[1], NARROW_BOX[0]], gap: [44, 8], vertical })
        : draw(names, edges, { node: BOX, gap: [64, 16], vertical }),
    [key],
  );
}

export function CallMap({ state }: { state: State }) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [lit, setLit] = useState<string | null>(null);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width));
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, []);
  const vertical = width > 0 && width < NARROW;
  const names = [...new Set([...state.services.map((s) => s.name), ...state.calls.flatMap((c) => [c.from, c.to])])].sort();
  const edges = state.calls
    .map(({ from, to }) => ({ from, to }))
    .sort((a, b) => a.from.localeCompare(b.from) || a.to.localeCompare(b.to));
  const drawing = useDrawing(names, edges, vertical);
  useLayoutEffect(() => {
    const element = place.current!;
    element.scrollLeft = vertical ? (element.scrollWidth - element.clientWidth) / 2 : 0; // callers stand on the left
  }, [drawing]);
  const calls = new Map(state.calls.map((call) => [`${call.from} ${call.to}`, call]));
  const total = [drawing.width + 2 * MARGIN, drawing.height + 2 * MARGIN] as const;
  const labels = useMemo(() => labelled(drawing, vertical ? NARROW_BOX : BOX, LABEL, vertical), [drawing]);
  const near = (edge: Edge) => lit === null || edge.from === lit || edge.to === lit;

  return (
    <div class="map" ref={place} data-map tabIndex={0} role="region" aria-label="Map of calls">
      {!names.length && <p class="empty">Nobody yet.</p>}
      <svg
        viewBox={`${-MARGIN} ${-MARGIN} ${total[0]} ${total[1]}`}
        style={{ width: `${total[0]}px`, maxWidth: total[0] > width * 1.35 ? "none" : "100%" }}
        role="group"
        aria-label="Who calls whom; the table that follows says the same"
      >
        {drawing.edges.map(({ edge, points, back }) => {
          const call = calls.get(`${edge.from} ${edge.to}`);
          if (!call) return null;
          return <Arrow key={`${edge.from} ${edge.to}`} call={call} d={curve(points, vertical)} back={back} faint={!near(edge)} />;
        })}
        {drawing.edges.map(({ edge }, i) => {
          const call = calls.get(`${edge.from} ${edge.to}`);
          const at = labels[i];
          if (!call || !at) return null;
          return (
            <text key={`${edge.from} ${edge.to}`} class={`rate ${near(edge) ? "" : "faint"}`} x={at[0]} y={at[1]} dy="0.32em" aria-hidden="true">
              {rate(call.requests_per_second)}
            </text>
          );
        })}
        {names.map((name) => (
          <Node key={name} name={name} box={vertical ? NARROW_BOX : BOX} state={state} at={drawing.nodes.get(name)!} onLit={setLit} faint={lit !== null && lit !== name && !edges.some((e) => near(e) && (e.from === name || e.to === name))} />
        ))}
      </svg>
      <div class="visually-hidden"><table>
        <caption>Who calls whom</caption>
        <tbody>
          {state.calls.map((call) => (
            <tr key={`${call.from} ${call.to}`} data-call={`${call.from} ${call.to}`} data-rate={call.requests_per_second}>
              <th scope="row">
                {call.from} calls {call.to}
              </th>
              <td>{rate(call.requests_per_second)} requests/s</td>
              <td>{share(call.errors_share)} errors</td>
              <td>median {seconds(call.median_seconds)}</td>
            </tr>
          ))}
        </tbody>
      </table></div>
    </div>
  );
}

function Arrow(props: { call: Call; d: string; back: boolean; faint: boolean }) {
  const { call } = props;
  const width = widthOf(call.requests_per_second);
  const red = call.errors_share > 0 ? Math.max(1, width * call.errors_share) : 0;
  return (
    <g class={`arrow ${props.faint ? "faint" : ""} ${props.back ? "back" : ""}`}>
      <title>
        {call.from} calls {call.to}: {rate(call.requests_per_second)} requests/s, {share(call.errors_share)} errors, median {seconds(call.median_seconds)}
      </title>
      <path d={props.d} class="reach" />
      <path d={props.d} class="line" stroke-width={width} />
      {red > 0 && <path d={props.d} class="red" stroke-width={red} />}
    </g>
  );
}

function Node(props: { name: string; box: [number, number]; state: State; at: { x: number; y: number }; faint: boolean; onLit: (name: string | null) => void }) {
  const { name, at } = props;
  const service = props.state.services.find((s) => s.name === name);
  const [width, height] = props.box;
  const letters = Math.floor((width - 24) / 6.6);
  const on = { onMouseEnter: () => props.onLit(name), onMouseLeave: () => props.onLit(null), onFocus: () => props.onLit(name), onBlur: () => props.onLit(null) };
  const box = (
    <>
      <rect x={at.x - width / 2} y={at.y - height / 2} width={width} height={height} rx="6" />
      <text class="name" x={at.x - width / 2 + (service ? 20 : 10)} y={at.y - 3}>
        {name.length > letters ? `${name.slice(0, letters - 1)}…` : name}
      </text>
      <text class="numbers" x={at.x - width / 2 + (service ? 20 : 10)} y={at.y + 12}>
        {service ? (service.requests_per_second === null ? "no port" : `${rate(service.requests_per_second)}/s · ${seconds(service.median_seconds)}`) : (OUTSIDE[name] ?? "")}
      </text>
    </>
  );
  if (!service) return <g class={`node outside ${props.faint ? "faint" : ""}`} data-node={name} {...on}>{box}</g>;
  return (
    <a href={link.service(name)} class={`node ${levelOf(service.health)} ${props.faint ? "faint" : ""}`} data-node={name} aria-label={`${name}, ${service.health}`} {...on}>
      {box}
      <circle cx={at.x - width / 2 + 11} cy={at.y - 7} r="3.5" class={levelOf(service.health)} />
    </a>
  );
}
