/** Looks over what stands, a slice a frame, for what deserves a label: districts, and the buildings that are near enough. */
import { NODE, SPAN } from "../generated/protocol.ts";
import { setVector, type ReadonlyVector, type Vector } from "../spaces.ts";
import { Districts } from "./districts.ts";
import type { Milestone } from "./milestones.ts";
import { floatsOf, type Tile } from "./tile.ts";

/** What finds buildings by place. */
interface Places {
  readonly ready: boolean;
  near(eye: ReadonlyVector, least: number, rank: number, found: (tile: Tile, row: number, span: number) => void): void;
}

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

const MOST_FILES = 48;
/** What a district must be wide, as a share of what a file must: until the next pass the eye may come nearer. */
const LEAST_DISTRICT = 0.6;
/** Milliseconds between two passes while the view moves, and while only time goes on: names need not follow every frame. */
const PAUSE = 150;
const PAUSE_PLAYING = 500;
/** … and between two measures of all districts, while time goes on. */
const PAUSE_MEASURED = 1000;

/** Districts between two looks at the clock. */
const DISTRICTS_A_SLICE = 128;

/** Where a pass is. */
const BEGIN = 0;
const OFFER = 1;
const DONE = 2;

export class Survey {
  /** Districts that stand, and the nearest files; valid up to `count`. Refilled at the end of each pass. */
  candidates: Candidate[] = [];
  count = 0;
  /** Where what it looks over stands, metres in the scene that all share, and what its nodes are numbered from. */
  readonly origin = { x: 0, z: 0, first: 0 };
  /** What is written along the river. */
  milestones: readonly Milestone[] = [];
  /** Counts up with each pass that is finished. */
  passes = 0;

  readonly #places: Places;
  readonly #keep = (tile: Tile, row: number, span: number): void => this.#weigh(tile, row, span);
  readonly #districts = new Districts();
  #phase = BEGIN;
  /** The level that is offered, and how far. */
  #at = 0;
  #row = 0;
  #rank = -1;
  readonly #eye: Vector = [0, 0, 0];
  #least = 0;
  #again = true;
  #finished = -Infinity;
  #measured = -Infinity;
  #nearCount = 0;
  readonly #near: { tile: Tile; row: number; span: number; size: number }[] = [];
  /** What will be `candidates`. */
  #offered: Candidate[] = [];
  #offers = 0;

  constructor(places: Places) {
    this.#places = places;
  }

  /** Another generation: its nodes are others. */
  clear(): void {
    this.#districts.clear();
    this.count = 0;
  }

  /** These tiles are drawn from now on. */
  show(tiles: readonly Tile[]): void {
    this.#districts.show(tiles);
    this.#phase = BEGIN;
  }

  /** The view or the playhead moved: look again. */
  stir(): void {
    this.#again = true;
  }

  /** Nothing would be found that is not known. */
  get settled(): boolean {
    return this.#phase === DONE && !this.#again && this.#districts.measured(this.#rank);
  }

  /**
   * Look on for about so many milliseconds; true when this finished a pass.
   *
   * `eye` in scene space; what is of less than `least` radians does not count. While the view is moving or history
   * playing passes come with pauses between them, in which districts are measured; where all has come to rest the last
   * one comes at once.
   */
  step(rank: number, eye: ReadonlyVector, least: number, milliseconds: number, moving: boolean, playing: boolean): boolean {
    const now = performance.now();
    const until = now + milliseconds;
    this.#rank = rank;
    setVector(this.#eye, eye[0] - this.origin.x, eye[1], eye[2] - this.origin.z);
    this.#least = least;
    if (this.#phase === DONE) {
      const pause = moving || !this.#places.ready ? PAUSE : playing ? PAUSE_PLAYING : 0;
      if (!this.#again || now - this.#finished < pause) {
        this.#measure(rank, until, now - this.#measured < (playing ? PAUSE_MEASURED : 0));
        return false;
      }
      this.#phase = BEGIN;
    }
    if (this.#phase === BEGIN) {
      if (!this.#districts.raise(rank, until)) return false;
      this.#again = !this.#places.ready; // what cannot be found yet is there soon
      this.#nearCount = this.#offers = 0;
      this.#places.near(this.#eye, least, rank, this.#keep);
      this.#phase = OFFER;
      this.#at = this.#districts.levels.length - 1;
      this.#row = 0;
    }
    for (;;) {
      this.#offerDistricts();
      if (this.#at < 0) {
        this.#finish();
        return true;
      }
      if (performance.now() > until) return false;
    }
  }

  /** Measure districts on where they may be of another height by now. */
  #measure(rank: number, until: number, pausing: boolean): void {
    if (this.#districts.measured(rank) || (pausing && !this.#districts.measuring) || !this.#districts.measure(rank, until)) return;
    this.#measured = performance.now();
    this.#again = true;
  }

  /** Keep a building if it is among the few that look largest. */
  #weigh(tile: Tile, row: number, span: number): void {
    const floats = floatsOf(tile);
    const eye = this.#eye;
    const at = span * SPAN.words;
    const dx = floats[at + SPAN.position1]! - eye[0];
    const dy = floats[at + SPAN.position1 + 1]! + floats[at + SPAN.size1 + 1]! - eye[1];
    const dz = floats[at + SPAN.position1 + 2]! - eye[2];
    const wide = Math.max(floats[at + SPAN.size1]!, floats[at + SPAN.size1 + 2]!);
    const size = wide * wide / (dx * dx + dy * dy + dz * dz);
    if (size <= this.#least * this.#least) return;
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

  /** Offer some districts, the deepest first. */
  #offerDistricts(): void {
    const level = this.#districts.levels[this.#at];
    if (level === undefined) return;
    const end = Math.min(this.#row + DISTRICTS_A_SLICE, level.length);
    for (let i = this.#row; i < end; i++) {
      const { tile, row, depth, top, drawn } = level[i]!;
      const span = drawn > 0 && depth > 0 ? tile.liveSpan(row, this.#rank) : -1;
      if (span >= 0) this.#offer(tile, row, span, true, top, LEAST_DISTRICT * this.#least);
    }
    this.#row = end;
    if (end < level.length) return;
    this.#districts.forget(level);
    this.#at--;
    this.#row = 0;
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
      candidate.node = this.origin.first + milestone.key;
      candidate.district = true;
      candidate.depth = milestone.depth;
      candidate.x = milestone.x + this.origin.x;
      candidate.y = milestone.y;
      candidate.z = milestone.z + this.origin.z;
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
  #offer(tile: Tile, row: number, span: number, district: boolean, top: number, least = 0): void {
    const floats = floatsOf(tile);
    const at = span * SPAN.words;
    const x = floats[at + SPAN.position1]!;
    const y = Math.max(top, floats[at + SPAN.position1 + 1]! + floats[at + SPAN.size1 + 1]!);
    const z = floats[at + SPAN.position1 + 2]!;
    const extent = Math.max(floats[at + SPAN.size1]!, floats[at + SPAN.size1 + 2]!);
    const dx = x - this.#eye[0];
    const dy = y - this.#eye[1];
    const dz = z - this.#eye[2];
    if (extent * extent < least * least * (dx * dx + dy * dy + dz * dz)) return;
    const candidate = this.#next();
    candidate.text = "";
    candidate.tile = tile;
    candidate.row = row;
    candidate.node = this.origin.first + tile.nodes[row * NODE.words + NODE.node]!;
    candidate.district = district;
    candidate.depth = tile.nodes[row * NODE.words + NODE.depth]!;
    candidate.x = x + this.origin.x;
    candidate.y = y;
    candidate.z = z + this.origin.z;
    candidate.extent = extent;
  }
}
