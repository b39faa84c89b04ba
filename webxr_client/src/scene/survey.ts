/**
 * Looks over everything that stands, a slice a frame, for what deserves a label: how tall each
 * district has become, and which buildings are near enough to be named.
 */
import { COMMIT_NODES, Flag, NODE, SPAN } from "../generated/protocol.ts";
import type { Milestone } from "./milestones.ts";
import { floatsOf, type Tile } from "./tile.ts";

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
/** What a district must be wide, as a share of what a file must: until the next pass the eye may come nearer. */
const LEAST_DISTRICT = 0.6;
/** Milliseconds between two passes while the view moves, and while only time goes on: names need not follow every frame. */
const PAUSE = 150;
const PAUSE_PLAYING = 500;

/** A district that is or was drawn; there is one of each as long as a generation lasts. */
interface District {
  readonly node: number;
  depth: number;
  /** It is in itself where it has none. */
  parent: District | undefined;
  /** A tile that draws it, its row there, and how many do. */
  tile: Tile;
  row: number;
  drawn: number;
  /** It is in its level. */
  listed: boolean;
  top: number;
  nextTop: number;
}

/** What was found out about a tile's rows, once: which are districts, and which district each is in. */
interface Quarters {
  readonly districts: number[];
  readonly outer: District[];
  /** By row: of `outer`. */
  inner: Uint32Array;
  /** By row: the span that stood when it was last looked at, −1 where none did; and when that was. */
  spans: Int32Array;
  rank: number;
  sequence: number;
  rows: number;
}

/** Where a pass is. */
const LOOK = 0;
const OFFER = 1;
const DONE = 2;

export class Survey {
  /** Districts that stand, and the nearest files; valid up to `count`. Refilled at the end of each pass. */
  candidates: Candidate[] = [];
  count = 0;
  /** What is written along the river. */
  milestones: readonly Milestone[] = [];
  /** Counts up with each pass that is finished. */
  passes = 0;

  #tiles: readonly Tile[] = [];
  #quarters = new WeakMap<Tile, Quarters>();
  #byNode = new Map<number, District>();
  /** Districts by depth; those that are not drawn any more go at the next pass. */
  readonly #levels: District[][] = [];
  #phase = LOOK;
  /** The tile or level that is looked at, and how far. */
  #at = 0;
  #row = 0;
  #rank = -1;
  /** The rank at which all of this tile's rows so far were looked at, −1 where at several. */
  #since = -1;
  /** The patch that this tile was at when its first row was looked at. */
  #sequence = -1;
  #again = true;
  #finished = -Infinity;
  #nearCount = 0;
  readonly #near: { tile: Tile; row: number; span: number; size: number }[] = [];
  /** What will be `candidates`. */
  #offered: Candidate[] = [];
  #offers = 0;

  /** Another generation: its nodes are others. */
  clear(): void {
    this.#tiles = [];
    this.#quarters = new WeakMap();
    this.#byNode = new Map();
    this.#levels.length = 0;
    this.count = 0;
  }

  /** These tiles are drawn from now on. */
  show(tiles: readonly Tile[]): void {
    for (const tile of this.#tiles) if (!tiles.includes(tile)) this.#leave(tile, tiles);
    for (const tile of tiles) this.#enter(tile, this.#tiles.includes(tile));
    this.#tiles = tiles;
    this.#begin();
  }

  #enter(tile: Tile, drawn: boolean): void {
    const quarters = this.#quartersOf(tile);
    const known = drawn ? quarters.districts.length : 0;
    if (quarters.rows < tile.nodeCount) this.#describe(tile, quarters);
    for (let i = known; i < quarters.districts.length; i++) {
      const row = quarters.districts[i]!;
      const district = this.#byNode.get(tile.nodes[row * NODE.words + NODE.node]!)!;
      district.drawn++;
      district.tile = tile;
      district.row = row;
      if (district.listed) continue;
      district.listed = true;
      while (this.#levels.length <= district.depth) this.#levels.push([]);
      this.#levels[district.depth]!.push(district);
    }
  }

  #leave(tile: Tile, left: readonly Tile[]): void {
    const { districts } = this.#quartersOf(tile);
    for (const row of districts) {
      const node = tile.nodes[row * NODE.words + NODE.node]!;
      const district = this.#byNode.get(node)!;
      if (--district.drawn <= 0 || district.tile !== tile) continue;
      const other = left.find((one) => one.rowOf(node) >= 0);
      if (other === undefined) continue; // it comes with this choice of tiles
      district.tile = other;
      district.row = other.rowOf(node);
    }
  }

  #quartersOf(tile: Tile): Quarters {
    let quarters = this.#quarters.get(tile);
    if (quarters === undefined) {
      quarters = { districts: [], outer: [], inner: new Uint32Array(tile.nodeCount), spans: new Int32Array(tile.nodeCount), rank: -1, sequence: -1, rows: 0 };
      this.#quarters.set(tile, quarters);
    }
    return quarters;
  }

  /** Find out about rows that are new. */
  #describe(tile: Tile, quarters: Quarters): void {
    const { nodes } = tile;
    if (quarters.inner.length < tile.nodeCount) {
      const inner = new Uint32Array(2 * tile.nodeCount);
      inner.set(quarters.inner);
      quarters.inner = inner;
      quarters.spans = new Int32Array(2 * tile.nodeCount);
      quarters.sequence = -1;
    }
    const known = new Map<number, number>();
    quarters.outer.forEach(({ node }, k) => known.set(node, k));
    const from = quarters.rows;
    quarters.rows = tile.nodeCount;
    for (let row = from; row < tile.nodeCount; row++) {
      const node = nodes[row * NODE.words + NODE.node]!;
      if ((node & 1) === 0) continue;
      quarters.districts.push(row);
      this.#district(node, tile).depth = nodes[row * NODE.words + NODE.depth]!;
    }
    for (let row = from; row < tile.nodeCount; row++) {
      const at = row * NODE.words;
      const node = nodes[at + NODE.node]!;
      const parent = nodes[at + NODE.parent]!;
      let k = known.get(parent);
      if (k === undefined) {
        known.set(parent, k = quarters.outer.length);
        quarters.outer.push(this.#district(parent, tile));
      }
      quarters.inner[row] = k;
      if ((node & 1) === 0) continue;
      if (parent !== node) this.#byNode.get(node)!.parent ??= quarters.outer[k];
      if (!isBlock(tile, row)) continue;
      // What stands for many of a district's buildings is as high as they are: its name goes above.
      let own = known.get(node);
      if (own === undefined) {
        known.set(node, own = quarters.outer.length);
        quarters.outer.push(this.#district(node, tile));
      }
      quarters.inner[row] = own;
    }
  }

  /** The district that a node is; where no tile with it has been here, only that it is. */
  #district(node: number, tile: Tile): District {
    let district = this.#byNode.get(node);
    if (district === undefined) {
      district = { node, depth: 0, parent: undefined, tile, row: -1, drawn: 0, listed: false, top: 0, nextTop: 0 };
      this.#byNode.set(node, district);
    }
    return district;
  }

  /** The view or the playhead moved: look again. */
  stir(): void {
    this.#again = true;
  }

  /**
   * Look on for about so many milliseconds; true when this finished a pass.
   *
   * `eye` in scene space; what is of less than `least` radians does not count. While the view is moving or history
   * playing passes come with pauses between them; where all has come to rest the last one comes at once.
   */
  step(rank: number, eye: readonly [number, number, number], least: number, milliseconds: number, moving: boolean, playing: boolean): boolean {
    if (this.#phase === DONE) {
      if (!this.#again || ((moving || playing) && performance.now() - this.#finished < (moving ? PAUSE : PAUSE_PLAYING))) return false;
      this.#begin();
      this.#again = false;
    }
    this.#rank = rank;
    const until = performance.now() + milliseconds;
    for (;;) {
      if (this.#phase === LOOK) this.#look(eye, least);
      else this.#offerDistricts(eye, least * LEAST_DISTRICT);
      if (this.#phase === DONE) return true;
      if (performance.now() > until) return false;
    }
  }

  #begin(): void {
    this.#phase = LOOK;
    this.#at = this.#row = 0;
    this.#nearCount = this.#offers = 0;
    for (const level of this.#levels) for (const district of level) district.nextTop = 0;
  }

  /** Look at some rows. */
  #look(eye: readonly [number, number, number], least: number): void {
    const tile = this.#tiles[this.#at];
    if (tile === undefined) {
      this.#phase = OFFER;
      this.#at = this.#levels.length - 1;
      this.#row = 0;
      return;
    }
    const quarters = this.#quartersOf(tile);
    const end = Math.min(this.#row + NODES_A_SLICE, quarters.rows);
    const { nodes } = tile;
    const { spans } = quarters;
    const floats = floatsOf(tile);
    const rank = this.#rank;
    // While only the view moves, what stands is known; while time goes on, most of it stands on.
    const same = quarters.sequence === tile.sequence;
    const known = same && quarters.rank === rank;
    for (let row = this.#row; row < end; row++) {
      const node = nodes[row * NODE.words + NODE.node]!;
      const block = (node & 1) !== 0;
      if (node >= COMMIT_NODES || (block && !isBlock(tile, row))) continue;
      let span = spans[row]!;
      if (!known && !(same && tile.stands(span, rank))) span = spans[row] = tile.liveSpan(row, rank);
      if (span < 0) continue;
      const at = span * SPAN.words;
      const top = floats[at + SPAN.position1 + 1]! + floats[at + SPAN.size1 + 1]!;
      const district = quarters.outer[quarters.inner[row]!]!;
      if (top > district.nextTop) district.nextTop = top;
      if (block) continue;
      // Angular size; only the largest few are kept.
      const dx = floats[at + SPAN.position1]! - eye[0];
      const dy = top - eye[1];
      const dz = floats[at + SPAN.position1 + 2]! - eye[2];
      const wide = Math.max(floats[at + SPAN.size1]!, floats[at + SPAN.size1 + 2]!);
      const size = wide * wide / (dx * dx + dy * dy + dz * dz);
      if (size > least * least) this.#keep(tile, row, span, size);
    }
    if (this.#row === 0) {
      this.#since = rank;
      this.#sequence = tile.sequence;
    }
    if (rank !== this.#since) this.#since = -1; // the playhead moved meanwhile
    this.#row = end;
    if (end < quarters.rows) return;
    quarters.rank = this.#since;
    quarters.sequence = this.#sequence === tile.sequence ? tile.sequence : -1; // or patched meanwhile
    this.#at++;
    this.#row = 0;
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

  /** Offer some districts, the deepest first: how tall each is depends on those in it. */
  #offerDistricts(eye: readonly [number, number, number], least: number): void {
    const level = this.#levels[this.#at];
    if (level === undefined) {
      this.#finish();
      return;
    }
    const end = Math.min(this.#row + NODES_A_SLICE, level.length);
    for (let i = this.#row; i < end; i++) {
      const district = level[i]!;
      if (district.drawn <= 0) continue;
      district.top = district.nextTop;
      const { parent, tile, row, depth, top } = district;
      if (parent !== undefined && top > parent.nextTop) parent.nextTop = top;
      const span = depth > 0 ? tile.liveSpan(row, this.#rank) : -1;
      if (span >= 0) this.#offer(tile, row, span, true, top, eye, least);
    }
    this.#row = end;
    if (end < level.length) return;
    this.#forget(level);
    this.#at--;
    this.#row = 0;
  }

  /** Strike those off that are not drawn any more. */
  #forget(level: District[]): void {
    let stay = 0;
    for (const district of level) {
      if (district.drawn > 0) level[stay++] = district;
      else district.listed = false;
    }
    level.length = stay;
  }

  #finish(): void {
    // Outer districts go first: where all are equal, they are named.
    for (let i = 0, j = this.#offers - 1; i < j; i++, j--) {
      const candidate = this.#offered[i]!;
      this.#offered[i] = this.#offered[j]!;
      this.#offered[j] = candidate;
    }
    for (let i = 0; i < this.#nearCount; i++) {
      const { tile, row, span } = this.#near[i]!;
      this.#offer(tile, row, span, false, 0);
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
    const before = this.candidates;
    this.candidates = this.#offered;
    this.count = this.#offers;
    this.#offered = before;
    this.#phase = DONE;
    this.#finished = performance.now();
    this.passes++;
  }

  /** The next one to fill. */
  #next(): Candidate {
    return (this.#offered[this.#offers++] ??= {} as Candidate);
  }

  /** Offer what stands there, unless it is of less than `least` radians. */
  #offer(tile: Tile, row: number, span: number, district: boolean, top: number, eye?: readonly [number, number, number], least = 0): void {
    const floats = floatsOf(tile);
    const at = span * SPAN.words;
    const x = floats[at + SPAN.position1]!;
    const y = Math.max(top, floats[at + SPAN.position1 + 1]! + floats[at + SPAN.size1 + 1]!);
    const z = floats[at + SPAN.position1 + 2]!;
    const extent = Math.max(floats[at + SPAN.size1]!, floats[at + SPAN.size1 + 2]!);
    if (eye !== undefined) {
      const dx = x - eye[0];
      const dy = y - eye[1];
      const dz = z - eye[2];
      if (extent * extent < least * least * (dx * dx + dy * dy + dz * dz)) return;
    }
    const candidate = this.#next();
    candidate.text = "";
    candidate.tile = tile;
    candidate.row = row;
    candidate.node = tile.nodes[row * NODE.words + NODE.node]!;
    candidate.district = district;
    candidate.depth = tile.nodes[row * NODE.words + NODE.depth]!;
    candidate.x = x;
    candidate.y = y;
    candidate.z = z;
    candidate.extent = extent;
  }
}

/** Whether a district's row is a block that stands for buildings, and no plate. */
export function isBlock({ nodes, spans }: Tile, row: number): boolean {
  const first = nodes[row * NODE.words + NODE.first_span]!;
  return (spans[first * SPAN.words + SPAN.traits]! >> 8 & Flag.AGGREGATE) !== 0;
}
