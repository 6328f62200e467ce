// A layered drawing of a directed graph (after Sugiyama): callers before the called, long edges through places of
// their own in each layer between, few crossings. Pure: the same input gives the same drawing.

export interface Edge {
  from: string;
  to: string;
}

export interface Drawn {
  nodes: Map<string, { x: number; y: number; layer: number }>; // centres
  edges: { edge: Edge; points: [number, number][]; back: boolean }[]; // pairs: out of one layer, into the next
  width: number;
  height: number;
}

export interface Sizes {
  node: [number, number]; // along the layers' axis, across it
  gap: [number, number];
  vertical: boolean; // layers from top to bottom, else from left to right
}

interface Place {
  name: string;
  layer: number;
  real: boolean;
  across: number;
}

const SWEEPS = 12;
const ROUNDS = 16;
const PASSAGE = 8; // what a long edge takes of a layer's breadth

/** Edges that close a ring, found by depth first from those whom nobody calls, then by name. */
function ringClosers(names: string[], edges: Edge[]): Set<Edge> {
  const out = new Map<string, Edge[]>(names.map((name) => [name, []]));
  for (const edge of edges) out.get(edge.from)?.push(edge);
  const called = new Set(edges.map((edge) => edge.to));
  const state = new Map<string, "open" | "done">();
  const closers = new Set<Edge>();
  const visit = (name: string) => {
    state.set(name, "open");
    for (const edge of out.get(name) ?? []) {
      if (state.get(edge.to) === "open") closers.add(edge);
      else if (!state.has(edge.to)) visit(edge.to);
    }
    state.set(name, "done");
  };
  for (const name of [...names.filter((n) => !called.has(n)), ...names]) if (!state.has(name)) visit(name);
  return closers;
}

function layersOf(names: string[], edges: Edge[]): Map<string, number> {
  const layer = new Map(names.map((name) => [name, 0]));
  for (let round = 0; round < names.length; round++) {
    let moved = false;
    for (const { from, to } of edges) {
      if (layer.get(to)! <= layer.get(from)!) {
        layer.set(to, layer.get(from)! + 1);
        moved = true;
      }
    }
    if (!moved) break;
  }
  // A caller stands right before the first that it calls, so that its edges are short.
  for (const name of names) {
    const outs = edges.filter((e) => e.from === name).map((e) => layer.get(e.to)!);
    if (outs.length && !edges.some((e) => e.to === name)) layer.set(name, Math.min(...outs) - 1);
  }
  return layer;
}

type Neighbours = Map<Place, { before: Place[]; after: Place[] }>;

function crossings(layers: Place[][], neighbours: Neighbours): number {
  let count = 0;
  for (const layer of layers) {
    const spans = layer.flatMap((place) => neighbours.get(place)!.after.map((next) => [place.across, next.across] as const));
    for (let i = 0; i < spans.length; i++)
      for (let j = 0; j < i; j++) if ((spans[i]![0] - spans[j]![0]) * (spans[i]![1] - spans[j]![1]) < 0) count++;
  }
  return count;
}

/** Orders each layer by the mean place of its neighbours, down and up some times, and keeps the best of these. */
function order(layers: Place[][], neighbours: Neighbours) {
  const number = () => layers.forEach((layer) => layer.forEach((place, i) => (place.across = i - (layer.length - 1) / 2)));
  number();
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(layers, neighbours);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      const wish = new Map(layer.map((place) => {
        const near = neighbours.get(place)![down ? "before" : "after"];
        return [place, near.length ? near.reduce((sum, n) => sum + n.across, 0) / near.length : place.across];
      }));
      layer.sort((a, b) => wish.get(a)! - wish.get(b)! || a.name.localeCompare(b.name));
      layer.forEach((place, i) => (place.across = i - (layer.length - 1) / 2));
    }
    const now = crossings(layers, neighbours);
    if (now < fewest) [fewest, best] = [now, layers.map((layer) => [...layer])];
  }
  layers.forEach((layer, i) => layer.splice(0, layer.length, ...best[i]!));
  number();
}

/** The places nearest to the wished ones that keep their order and distances (pool adjacent violators). */
function apart(wished: number[], distances: number[]): number[] {
  const offsets = distances.reduce<number[]>((all, d, i) => [...all, i ? all[i - 1]! + d : 0], []);
  const pools: { sum: number; count: number }[] = [];
  wished.forEach((wish, i) => {
    let pool = { sum: wish - offsets[i]!, count: 1 };
    while (pools.length && pools.at(-1)!.sum / pools.at(-1)!.count > pool.sum / pool.count) {
      const last = pools.pop()!;
      pool = { sum: pool.sum + last.sum, count: pool.count + last.count };
    }
    pools.push(pool);
  });
  return pools.flatMap((pool) => Array<number>(pool.count).fill(pool.sum / pool.count)).map((at, i) => at + offsets[i]!);
}

export function draw(names: string[], edges: Edge[], sizes: Sizes): Drawn {
  const closers = ringClosers(names, edges);
  const forward = edges.filter((edge) => edge.from !== edge.to && !closers.has(edge));
  const layer = layersOf(names, forward);
  const count = Math.max(0, ...layer.values()) + 1;
  const layers: Place[][] = Array.from({ length: count }, () => []);
  const places = new Map<string, Place>();
  const neighbours: Neighbours = new Map();
  const add = (name: string, at: number, real: boolean) => {
    const place = { name, layer: at, real, across: 0 };
    layers[at]!.push(place);
    neighbours.set(place, { before: [], after: [] });
    return place;
  };
  for (const name of [...names].sort()) places.set(name, add(name, layer.get(name)!, true));
  const chains = new Map<Edge, Place[]>();
  for (const edge of forward) {
    const chain = [places.get(edge.from)!];
    for (let at = layer.get(edge.from)! + 1; at < layer.get(edge.to)!; at++) chain.push(add(`${edge.from} ${edge.to}`, at, false));
    chain.push(places.get(edge.to)!);
    for (let i = 1; i < chain.length; i++) {
      neighbours.get(chain[i - 1]!)!.after.push(chain[i]!);
      neighbours.get(chain[i]!)!.before.push(chain[i - 1]!);
    }
    chains.set(edge, chain);
  }
  order(layers, neighbours);
  return place(layers, neighbours, places, edges, chains, sizes);
}

/** Moves each place towards the middle of its neighbours, so that edges are straight where they can be. */
function settle(layers: Place[][], neighbours: Neighbours, breadth: (p: Place) => number, gap: number) {
  const distances = layers.map((layer) => layer.map((p, i) => (i ? (breadth(layer[i - 1]!) + breadth(p)) / 2 + gap : 0)));
  for (let round = 0; round < ROUNDS; round++) {
    const down = round % 2 === 0;
    for (let k = 0; k < layers.length; k++) {
      const i = down ? k : layers.length - 1 - k;
      const layer = layers[i]!;
      const wished = layer.map((p) => {
        const { before, after } = neighbours.get(p)!;
        const near = round < ROUNDS / 2 ? [...before, ...after] : down ? before : after;
        return near.length ? near.reduce((sum, n) => sum + n.across, 0) / near.length : p.across;
      });
      apart(wished, distances[i]!).forEach((at, n) => (layer[n]!.across = at));
    }
  }
  const least = Math.min(...layers.flat().map((p) => p.across - breadth(p) / 2));
  for (const p of layers.flat()) p.across -= least;
}

function place(layers: Place[][], neighbours: Neighbours, places: Map<string, Place>, edges: Edge[], chains: Map<Edge, Place[]>, sizes: Sizes): Drawn {
  const [long, wide] = sizes.node;
  const [gapLong, gapWide] = sizes.gap;
  const breadth = (p: Place) => (p.real ? wide : PASSAGE);
  for (const p of layers.flat()) p.across *= wide + gapWide;
  settle(layers, neighbours, breadth, gapWide);
  const most = Math.max(0, ...layers.flat().map((p) => p.across + breadth(p) / 2));
  const along = (p: Place) => p.layer * (long + gapLong) + long / 2;
  const point = (a: number, b: number): [number, number] => (sizes.vertical ? [b, a] : [a, b]);
  const nodes: Drawn["nodes"] = new Map();
  for (const [name, p] of places) {
    const [x, y] = point(along(p), p.across);
    nodes.set(name, { x, y, layer: p.layer });
  }
  const drawn = edges.map((edge) => {
    const chain = chains.get(edge);
    const inner = chain ?? [places.get(edge.from)!, places.get(edge.to)!];
    // From box to box; past the boxes of a layer between it runs straight.
    const points = inner.flatMap((p, i): [number, number][] => [
      ...(i > 0 ? [point(along(p) - long / 2, p.across)] : []),
      ...(i < inner.length - 1 ? [point(along(p) + long / 2, p.across)] : []),
    ]);
    return { edge, points, back: !chain };
  });
  const extent = Math.max(0, layers.length * (long + gapLong) - gapLong);
  const [width, height] = point(extent, most);
  return { nodes, edges: drawn, width, height };
}

const SPOTS = [0.5, 0.38, 0.62, 0.28, 0.72]; // of a curve between two layers, the best first

/** A point of the curve that map.tsx draws from `a` to `b`: a cubic with its bends half way. */
export function onCurve(a: [number, number], b: [number, number], t: number, vertical: boolean): [number, number] {
  const along = 3 * t * (1 - t) * 0.5 + t ** 3; // of the axis of the layers
  const across = 3 * t * t * (1 - t) + t ** 3;
  const mix = (from: number, to: number, part: number) => from + (to - from) * part;
  return vertical ? [mix(a[0], b[0], across), mix(a[1], b[1], along)] : [mix(a[0], b[0], along), mix(a[1], b[1], across)];
}

/** Where each edge's label stands: on its line, on no box and on no other label where there is room. */
export function labelled(drawn: Drawn, node: [number, number], label: [number, number], vertical: boolean): [number, number][] {
  const taken: { at: [number, number]; size: [number, number] }[] = [...drawn.nodes.values()].map(({ x, y }) => ({ at: [x, y], size: node }));
  const overlap = (at: [number, number]) =>
    taken.reduce((sum, box) => {
      const wide = (box.size[0] + label[0]) / 2 - Math.abs(box.at[0] - at[0]);
      const high = (box.size[1] + label[1]) / 2 - Math.abs(box.at[1] - at[1]);
      return sum + (wide > 0 && high > 0 ? wide * high : 0);
    }, 0);
  return drawn.edges.map(({ points }) => {
    // The last curve first: there the edges of one caller are apart already.
    const pairs: [[number, number], [number, number]][] = [];
    for (let i = points.length - 2; i >= 0; i -= 2) pairs.push([points[i]!, points[i + 1]!]);
    let best: [number, number] = [0, 0];
    let least = Infinity;
    for (const [a, b] of pairs)
      for (const t of SPOTS) {
        const at = onCurve(a, b, t, vertical);
        const over = overlap(at);
        if (over < least) [best, least] = [at, over];
      }
    taken.push({ at: best, size: label });
    return best;
  });
}
