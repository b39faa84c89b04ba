/**
 * Looks over everything that stands, a slice a frame, for what deserves a label: how tall each
 * district has become, and which buildings are near enough to be named.
 */
import { COMMIT_NODES, NODE, SPAN } from "../generated/protocol.ts";
import type { Milestone } from "./milestones.ts";
import type { Tile } from "./tile.ts";

/** Something that may be labelled; where the label is tied to, metres in scene space. */
export interface Candidate {
  tile: Tile;
  row: number;
  node: number;
  district: boolean;
  depth: number;
  x: number;
  y: number;
  z: number;
  /** Larger side of the footprint, metres. */
  extent: number;
  /** What is written; "": the last part of the node's path. */
  text: string;
}

/** Nodes between two looks at the clock. */
const NODES_A_SLICE = 256;
const MOST_FILES = 48;
/** Milliseconds between two passes while the view moves, and while only time goes on: names need not follow every frame. */
const PAUSE = 150;
const PAUSE_PLAYING = 500;

interface District {
  readonly tile: Tile;
  readonly row: number;
  readonly node: number;
  readonly depth: number;
  parent: number;
  top: number;
  nextTop: number;
}

export class Survey {
  /** Districts that stand, and the nearest files; valid up to `count`. Refilled at the end of each pass. */
  readonly candidates: Candidate[] = [];
  count = 0;
  /** What is written along the river. */
  milestones: readonly Milestone[] = [];
  /** Counts up with each pass that is finished. */
  passes = 0;

  #tiles: readonly Tile[] = [];
  #parents: Int32Array[] = [];
  #districts: District[] = [];
  #deepestFirst: District[] = [];
  #tile = 0;
  #row = 0;
  #rank = -1;
  #stale = true;
  #again = true;
  #finished = -Infinity;
  #nearCount = 0;
  readonly #near: { tile: Tile; row: number; span: number; size: number }[] = [];

  /** These tiles are drawn from now on. */
  show(tiles: readonly Tile[]): void {
    this.#tiles = tiles;
    this.#districts = [];
    const index = new Map<number, number>();
    for (const tile of tiles) {
      for (let row = 0; row < tile.nodeCount; row++) {
        const at = row * NODE.words;
        const node = tile.nodes[at + NODE.node]!;
        if ((node & 1) === 0 || index.has(node)) continue;
        index.set(node, this.#districts.length);
        this.#districts.push({ tile, row, node, depth: tile.nodes[at + NODE.depth]!, parent: -1, top: 0, nextTop: 0 });
      }
    }
    for (const district of this.#districts) {
      const parent = district.tile.nodes[district.row * NODE.words + NODE.parent]!;
      district.parent = parent === district.node ? -1 : (index.get(parent) ?? -1);
    }
    this.#parents = tiles.map((tile) => Int32Array.from({ length: tile.nodeCount }, (_, row) =>
      index.get(tile.nodes[row * NODE.words + NODE.parent]!) ?? -1));
    this.#deepestFirst = [...this.#districts].sort((a, b) => b.depth - a.depth);
    this.#begin();
    this.#stale = true;
  }

  /** The view or the playhead moved: look again. */
  stir(): void {
    this.#again = true;
  }

  /**
   * Look on for about so many milliseconds; true when this finished a pass.
   *
   * `eye` in scene space; files of less than `least` radians do not count. While the view is moving or history
   * playing passes come with pauses between them; where all has come to rest the last one comes at once.
   */
  step(rank: number, eye: readonly [number, number, number], least: number, milliseconds: number, moving: boolean, playing: boolean): boolean {
    if (!this.#stale) {
      if (!this.#again || ((moving || playing) && performance.now() - this.#finished < (moving ? PAUSE : PAUSE_PLAYING))) return false;
      this.#begin();
      this.#stale = true;
      this.#again = false;
    }
    this.#rank = rank;
    const until = performance.now() + milliseconds;
    while (this.#tile < this.#tiles.length) {
      const tile = this.#tiles[this.#tile]!;
      const end = Math.min(this.#row + NODES_A_SLICE, tile.nodeCount);
      this.#look(tile, this.#parents[this.#tile]!, this.#row, end, eye, least);
      this.#row = end;
      if (this.#row >= tile.nodeCount) {
        this.#tile++;
        this.#row = 0;
      }
      if (performance.now() > until) break;
    }
    if (this.#tile < this.#tiles.length) return false;
    this.#finish();
    this.#finished = performance.now();
    return true;
  }

  #begin(): void {
    this.#tile = 0;
    this.#row = 0;
    this.#nearCount = 0;
    for (const district of this.#districts) district.nextTop = 0;
  }

  #look(tile: Tile, parents: Int32Array, from: number, to: number, eye: readonly [number, number, number], least: number): void {
    const { nodes } = tile;
    const floats = floatsOf(tile);
    for (let row = from; row < to; row++) {
      const node = nodes[row * NODE.words + NODE.node]!;
      if ((node & 1) !== 0 || node >= COMMIT_NODES) continue;
      const span = tile.liveSpan(row, this.#rank);
      if (span < 0) continue;
      const at = span * SPAN.words;
      const top = floats[at + SPAN.position1 + 1]! + floats[at + SPAN.size1 + 1]!;
      const district = this.#districts[parents[row]!];
      if (district !== undefined && top > district.nextTop) district.nextTop = top;
      // Angular size; only the largest few are kept.
      const dx = floats[at + SPAN.position1]! - eye[0];
      const dy = top - eye[1];
      const dz = floats[at + SPAN.position1 + 2]! - eye[2];
      const wide = Math.max(floats[at + SPAN.size1]!, floats[at + SPAN.size1 + 2]!);
      const size = wide * wide / (dx * dx + dy * dy + dz * dz);
      if (size > least * least) this.#keep(tile, row, span, size);
    }
  }

  #keep(tile: Tile, row: number, span: number, size: number): void {
    const near = this.#near;
    if (this.#nearCount >= MOST_FILES && size <= near[this.#nearCount - 1]!.size) return;
    // The one that falls out, or the next free one, is filled and moved to its place.
    let i = this.#nearCount < MOST_FILES ? this.#nearCount++ : this.#nearCount - 1;
    const kept = (near[i] ??= { tile, row, span, size });
    kept.tile = tile;
    kept.row = row;
    kept.span = span;
    kept.size = size;
    for (; i > 0 && near[i - 1]!.size < size; i--) near[i] = near[i - 1]!;
    near[i] = kept;
  }

  #finish(): void {
    for (const district of this.#deepestFirst) {
      district.top = district.nextTop;
      const parent = this.#districts[district.parent];
      if (parent !== undefined && district.nextTop > parent.nextTop) parent.nextTop = district.nextTop;
    }
    this.count = 0;
    for (const { tile, row, node, depth, top } of this.#districts) {
      const span = depth > 0 ? tile.liveSpan(row, this.#rank) : -1;
      if (span >= 0) this.#offer(tile, row, span, node, true, depth, top);
    }
    for (let i = 0; i < this.#nearCount; i++) {
      const { tile, row, span } = this.#near[i]!;
      const at = row * NODE.words;
      this.#offer(tile, row, span, tile.nodes[at + NODE.node]!, false, tile.nodes[at + NODE.depth]!, 0);
    }
    for (let i = 0; i < this.milestones.length; i++) {
      const milestone = this.milestones[i]!;
      if (milestone.rank > this.#rank) break;
      const candidate = this.#next();
      candidate.node = milestone.key;
      candidate.district = true;
      candidate.depth = milestone.depth;
      candidate.x = milestone.x;
      candidate.y = milestone.y;
      candidate.z = milestone.z;
      candidate.extent = milestone.extent;
      candidate.text = milestone.text;
    }
    this.#stale = false;
    this.passes++;
  }

  /** The next one to fill. */
  #next(): Candidate {
    return (this.candidates[this.count++] ??= {} as Candidate);
  }

  #offer(tile: Tile, row: number, span: number, node: number, district: boolean, depth: number, top: number): void {
    const floats = floatsOf(tile);
    const at = span * SPAN.words;
    const candidate = this.#next();
    candidate.text = "";
    candidate.tile = tile;
    candidate.row = row;
    candidate.node = node;
    candidate.district = district;
    candidate.depth = depth;
    candidate.x = floats[at + SPAN.position1]!;
    candidate.z = floats[at + SPAN.position1 + 2]!;
    candidate.y = Math.max(top, floats[at + SPAN.position1 + 1]! + floats[at + SPAN.size1 + 1]!);
    candidate.extent = Math.max(floats[at + SPAN.size1]!, floats[at + SPAN.size1 + 2]!);
  }
}

/** The same words as floats: a view is made once for each array of spans. */
const views = new WeakMap<Uint32Array, Float32Array>();

export function floatsOf(tile: Pick<Tile, "spans">): Float32Array {
  let floats = views.get(tile.spans);
  if (floats === undefined) {
    floats = new Float32Array(tile.spans.buffer, tile.spans.byteOffset, tile.spans.length);
    views.set(tile.spans, floats);
  }
  return floats;
}
