/** What the ray tests share: a city made up by number, and the plain way to meet what stands in it. */
import { Flag, NODE, RANK_END, SPAN, type Patch, type TileBody } from "../src/generated/protocol.ts";
import { newDrawn, drawnAt, floorAt, type Playhead } from "../src/scene/drawn.ts";
import { toBox } from "../src/scene/ray.ts";
import { Tile } from "../src/scene/tile.ts";
import type { ReadonlyVector, Vector } from "../src/spaces.ts";

/** Numbers that are the same every time. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state ^ state >>> 15, state | 1) + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ t >>> 15, t | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return ((t ^ t >>> 14) >>> 0) / 4294967296;
  };
}

export const RANKS = 400;
export const CELL = 12;

export interface Made {
  node: number;
  category: number;
  spans: number[][];
  /** The district that it is in, and how deep. */
  parent?: number;
  depth?: number;
}

/** Spans of one building on the plot at (x, z): born, grown, sometimes gone and back. */
function building(next: () => number, node: number, x: number, z: number, versions: number): Made {
  const spans: number[][] = [];
  const births = Array.from({ length: versions }, () => Math.floor(next() * RANKS)).sort((a, b) => a - b);
  let height = 3 + next() * 8;
  let side = 2 + next() * 4;
  let before: number[] | undefined;
  for (let i = 0; i < versions; i++) {
    const birth = births[i]!;
    const until = births[i + 1] ?? RANK_END;
    if (until <= birth) continue;
    const gone = next() < 0.2;
    const death = gone ? Math.min(until, birth + 1 + Math.floor(next() * 30)) : until;
    const state = [x, 0.4, z, side, height, side * 0.9, spans.length + 1];
    const follows = before !== undefined && spans.at(-1)?.[1] === birth;
    const flags = follows ? Flag.EASED : Flag.ENTERS;
    spans.push([birth, death, (flags | (death < until ? Flag.LEAVES : 0)), ...state, ...(follows ? before! : state)]);
    before = state;
    height += next() * 9;
    side = Math.min(side * (1 + next() * 0.3), CELL - 1);
  }
  return { node, category: 1 + node % 3, spans };
}

/** A plate, or with `AGGREGATE` a block, that always stands. */
function still(node: number, category: number, flags: number, box: readonly number[]): Made {
  return { node, category, spans: [[0, RANK_END, flags, ...box, 0, ...box, 0]] };
}

/** A city of about so many things: plots on a grid, districts of 8 × 8 plots, a few blocks. */
export function city(count: number, seed = 1, versions = 5): Made[] {
  const next = random(seed);
  const side = Math.ceil(Math.sqrt(count));
  const wide = side * CELL;
  const made: Made[] = [still(1, 0, 0, [0, 0, 0, wide + 20, 0.2, wide + 20])];
  for (let row = 0; row < side; row += 8) {
    for (let column = 0; column < side; column += 8) {
      const x = (column + 4) * CELL - wide / 2;
      const z = (row + 4) * CELL - wide / 2;
      made.push({ ...still(2 * made.length + 1, 0, 0, [x, 0.2, z, 8 * CELL - 1, 0.2, 8 * CELL - 1]), parent: 1, depth: 1 });
    }
  }
  for (let i = 0; i < count; i++) {
    const x = (i % side + 0.5) * CELL - wide / 2;
    const z = (Math.floor(i / side) + 0.5) * CELL - wide / 2;
    const node = 2 * made.length;
    const parent = made[1 + Math.floor(Math.floor(i / side) / 8) * Math.ceil(side / 8) + Math.floor(i % side / 8)]!.node;
    made.push({ ...(i % 97 === 5 ? still(node + 1, 2, Flag.AGGREGATE, [x, 0.4, z, CELL - 2, 6 + next() * 30, CELL - 2])
      : building(next, node, x, z, 1 + Math.floor(next() * versions))), parent, depth: 2 });
  }
  return made;
}

/** Columns as they come on the wire. */
export function columns(made: readonly Made[], rowsBefore = 0): { spans: Uint32Array; nodes: Uint32Array } {
  const spans = new Uint32Array(made.reduce((sum, { spans: own }) => sum + own.length, 0) * SPAN.words);
  const floats = new Float32Array(spans.buffer);
  const nodes = new Uint32Array(made.length * NODE.words);
  let at = 0;
  made.forEach(({ node, category, spans: own, parent = 1, depth = 0 }, row) => {
    nodes[row * NODE.words + NODE.node] = node;
    nodes[row * NODE.words + NODE.parent] = parent;
    nodes[row * NODE.words + NODE.depth] = depth;
    nodes[row * NODE.words + NODE.first_span] = rowsBefore + at / SPAN.words;
    nodes[row * NODE.words + NODE.span_count] = own.length;
    for (const [birth = 0, death = 0, flags = 0, ...rest] of own) {
      spans[at + SPAN.birth] = birth;
      spans[at + SPAN.death] = death;
      spans[at + SPAN.node] = node;
      spans[at + SPAN.traits] = flags << 8 | category << 16;
      for (let i = 0; i < 3; i++) {
        floats[at + SPAN.position1 + i] = rest[i]!;
        floats[at + SPAN.size1 + i] = rest[3 + i]!;
        floats[at + SPAN.position0 + i] = rest[7 + i]!;
        floats[at + SPAN.size0 + i] = rest[10 + i]!;
      }
      floats[at + SPAN.value1] = rest[6]!;
      floats[at + SPAN.value0] = rest[13]!;
      at += SPAN.words;
    }
  });
  return { spans, nodes };
}

export function tileOf(made: readonly Made[]): Tile {
  const { spans, nodes } = columns(made);
  const floats = new Float32Array(spans.buffer);
  const box: [number, number, number, number, number, number] = [Infinity, 0, Infinity, -Infinity, 0, -Infinity];
  for (let at = 0; at < spans.length; at += SPAN.words) {
    for (const i of [0, 2] as const) {
      box[i] = Math.min(box[i], floats[at + SPAN.position1 + i]! - floats[at + SPAN.size1 + i]! / 2);
      box[i + 3 as 3 | 5] = Math.max(box[i + 3 as 3 | 5], floats[at + SPAN.position1 + i]! + floats[at + SPAN.size1 + i]! / 2);
    }
  }
  const body: TileBody = {
    type: "tilebody",
    header: { id: "a".repeat(32), level: 0, box, lo: 0, hi: RANK_END, error: 0, nodes: made.length, spans: spans.length / SPAN.words,
      strata: 0, bytes: 0, children: [] },
    spans: { records: spans }, nodes: { records: nodes }, strata: { records: new Uint32Array(0) },
    names: { offsets: new Uint32Array(made.length + 1), bytes: new Uint8Array(0) },
  };
  return new Tile(body);
}

export function patchOf(made: readonly Made[], sequence: number): Patch {
  const { spans, nodes } = columns(made);
  return {
    type: "patch", tile: "a".repeat(32), generation: "g", sequence, closed: [],
    spans: { records: spans }, nodes: { records: nodes }, strata: { records: new Uint32Array(0) },
    names: { offsets: new Uint32Array(made.length + 1), bytes: new Uint8Array(0) },
  };
}

export interface Met {
  node: number;
  floor: number;
  distance: number;
}

/** What a ray meets first, asked of every node in turn. */
export function plainCast(tile: Tile, eye: ReadonlyVector, ray: ReadonlyVector, playhead: Playhead): Met {
  const met: Met = { node: -1, floor: -1, distance: Infinity };
  const drawn = newDrawn();
  for (let row = 0; row < tile.nodeCount; row++) {
    if (!drawnAt(tile, row, playhead, drawn)) continue;
    const distance = toBox(eye, ray, drawn.base, drawn.size);
    if (distance <= 0 || distance >= met.distance) continue;
    met.distance = distance;
    met.node = tile.nodes[row * NODE.words + NODE.node]!;
    met.floor = floorAt(drawn, eye[1] + ray[1] * distance - drawn.base[1]);
  }
  return met;
}

/** The building nearest to a point, asked of every node in turn. */
export function plainTouch(tile: Tile, point: ReadonlyVector, reach: number, playhead: Playhead): Met {
  const met: Met = { node: -1, floor: -1, distance: reach };
  const drawn = newDrawn();
  for (let row = 0; row < tile.nodeCount; row++) {
    if (!drawnAt(tile, row, playhead, drawn) || drawn.district) continue;
    const { base, size } = drawn;
    const off: Vector = [
      Math.max(Math.abs(point[0] - base[0]) - size[0] / 2, 0),
      Math.max(base[1] - point[1], point[1] - base[1] - size[1], 0),
      Math.max(Math.abs(point[2] - base[2]) - size[2] / 2, 0)];
    const distance = Math.hypot(...off);
    if (distance >= met.distance) continue;
    met.distance = distance;
    met.node = tile.nodes[row * NODE.words + NODE.node]!;
    met.floor = floorAt(drawn, point[1] - base[1]);
  }
  return met;
}

/** Rays as hands and eyes have them: from above the city, from its streets, and from afar. */
export function someRay(next: () => number, wide: number, eye: Vector, ray: Vector): void {
  const low = next() < 0.5;
  eye[0] = (next() - 0.5) * wide * 1.4;
  eye[1] = low ? 0.6 + next() * 6 : next() * wide * 0.5;
  eye[2] = (next() - 0.5) * wide * 1.4;
  const yaw = next() * 2 * Math.PI;
  const pitch = low ? (next() - 0.5) * 0.5 : -next() * 1.5;
  ray[0] = Math.cos(pitch) * Math.sin(yaw);
  ray[1] = Math.sin(pitch);
  ray[2] = Math.cos(pitch) * Math.cos(yaw);
  const norm = Math.hypot(...ray);
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) ray[i] /= norm;
}
