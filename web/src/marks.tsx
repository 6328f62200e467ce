// Small signs that say the same everywhere.

const LEVEL: Record<string, string> = {
  healthy: "ok",
  ok: "ok",
  done: "ok",
  degraded: "warn",
  warn: "warn",
  starting: "busy",
  running: "busy",
  pending: "busy",
  draining: "busy",
  failing: "bad",
  unhealthy: "bad",
  failed: "bad",
  returned: "warn",
  bad: "bad",
  stopped: "off",
};

export const levelOf = (health: string) => LEVEL[health] ?? "off";

/** Colour is never alone: what it means stands beside it in words, or in the label. */
export function Dot({ health }: { health: string }) {
  return <span class={`dot ${levelOf(health)}`} aria-hidden="true" />;
}

export function Health({ health }: { health: string }) {
  return (
    <span class={`health ${levelOf(health)}`}>
      <Dot health={health} />
      {health}
    </span>
  );
}

const WIDTH = 96;
const HEIGHT = 22;

export function Spark({ points, label }: { points: number[]; label: string }) {
  if (!points.length) return <span class="muted">–</span>;
  const most = Math.max(1, ...points);
  const step = WIDTH / Math.max(1, points.length - 1);
  const line = points.map((value, i) => `${(i * step).toFixed(1)},${(HEIGHT - 1.5 - (value / most) * (HEIGHT - 3)).toFixed(1)}`).join(" ");
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img" aria-label={label}>
      <polygon points={`0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}`} />
      <polyline points={line} />
    </svg>
  );
}
