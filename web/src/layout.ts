// A layered drawing of a directed graph (after Sugiyama): callers before the called, long edges through places of
// their own in each layer between, few crossings. Pure: the same input gives the same drawing.

export interface Edge {
  from: string;
  to: string;
}

export interface Drawn {
  nodes: Map<string, { x: number; y: number; layer: number }>; // centres
  edges: { edge: Edge; points: [number, number][]; back: boolean }[]; // from the end of one box to the start of the other
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

const SWEEPS = 8;

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

/** Orders each layer by the mean place of its neighbours, down and up some times. */
function order(layers: Place[][], neighbours: Map<Place, { before: Place[]; after: Place[] }>) {
  const settle = () => layers.forEach((layer) => layer.forEach((place, i) => (place.across = i - (layer.length - 1) / 2)));
  settle();
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      const wish = new Map(layer.map((place) => {
        const near = neighbours.get(place)![down ? "before" : "after"];
        return [place, near.length ? near.reduce((sum, n) => sum + n.across, 0) / near.length : place.across];
      }));
      layer.sort((a, b) => wish.get(a)! - wish.get(b)! || a.name.localeCompare(b.name));
      layer.forEach((place, i) => (place.across = i - (layer.length - 1) / 2));
    }
  }
}

export function draw(names: string[], edges: Edge[], sizes: Sizes): Drawn {
  const closers = ringClosers(names, edges);
  const forward = edges.filter((edge) => edge.from !== edge.to && !closers.has(edge));
  const layer = layersOf(names, forward);
  const count = Math.max(0, ...layer.values()) + 1;
  const layers: Place[][] = Array.from({ length: count }, () => []);
  const places = new Map<string, Place>();
  const neighbours = new Map<Place, { before: Place[]; after: Place[] }>();
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
  return place(layers, places, edges, chains, sizes);
}

function place(layers: Place[][], places: Map<string, Place>, edges: Edge[], chains: Map<Edge, Place[]>, sizes: Sizes): Drawn {
  const [long, wide] = sizes.node;
  const [gapLong, gapWide] = sizes.gap;
  const length = (p: Place) => (p.real ? wide : wide * 0.35);
  const across = new Map<Place, number>();
  const breadth = layers.map((layer) => layer.reduce((sum, p) => sum + length(p), 0) + gapWide * Math.max(0, layer.length - 1));
  const most = Math.max(0, ...breadth);
  layers.forEach((layer, i) => {
    // What a layer has to spare goes between its places, less to the ends.
    const spare = (most - breadth[i]!) / (layer.length + 1);
    let at = spare;
    for (const p of layer) {
      across.set(p, at + length(p) / 2);
      at += length(p) + gapWide + spare;
    }
  });
  const along = (p: Place) => p.layer * (long + gapLong) + long / 2;
  const point = (a: number, b: number): [number, number] => (sizes.vertical ? [b, a] : [a, b]);
  const nodes: Drawn["nodes"] = new Map();
  for (const [name, p] of places) {
    const [x, y] = point(along(p), across.get(p)!);
    nodes.set(name, { x, y, layer: p.layer });
  }
  const drawn = edges.map((edge) => {
    const chain = chains.get(edge);
    const inner = chain ?? [places.get(edge.from)!, places.get(edge.to)!];
    const points = inner.map((p, i): [number, number] =>
      point(along(p) + (i === 0 ? long / 2 : i === inner.length - 1 ? -long / 2 : 0), across.get(p)!),
    );
    return { edge, points, back: !chain };
  });
  const extent = Math.max(0, layers.length * (long + gapLong) - gapLong);
  const [width, height] = point(extent, most);
  return { nodes, edges: drawn, width, height };
}
