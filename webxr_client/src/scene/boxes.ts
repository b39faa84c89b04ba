/**
 * A hierarchy of boxes over a tile's nodes, of any playhead: what finds by place goes through it.
 *
 * Each node counts with the box that holds all its states, so time moves without anything being built
 * anew. Nodes are sorted by size class, then along a Morton curve over x and z, and eight at a time
 * are the leaves of a complete binary tree in one array (Lauterbach et al. 2009, with the places of
 * children implied): large plates do not blow up the boxes of small buildings. Building goes in slices;
 * what a patch adds widens boxes upwards, O(log n).
 */
import { Flag, Kind, NODE, SPAN } from "../generated/protocol.ts";
import { flies } from "./drawn.ts";
import { CLASS_BITS, DIGITS, keyOf, Sorted } from "./morton.ts";
import { floatsOf, type Tile } from "./tile.ts";

/** Nodes in a leaf. */
export const LEAF = 8;
/** Room for nodes to come, as a share of those there are. */
const SPARE = 0.125;
/** Rows, leaves or branches between two looks at the clock. */
const SLICE = 256;
/** From a state's position to its size, words. */
const SIZE = SPAN.size1 - SPAN.position1;
/** Single precision rounds by up to this share: boxes are kept that much wider. */
const ROUNDING = 2.4e-7;

const BOUNDS = 0;
const SORT = 1;
const LEAVES = 2;
const DONE = 4; // after the branches

export class Boxes {
  protected readonly tile: Tile;
  protected floats: Float32Array = new Float32Array(0);
  /** By place along the curve: min x y z, max x y z. */
  protected boxes = new Float32Array(0);
  /** Rows in the order of the curve. */
  protected rows: Uint32Array;
  /** Of the tree: 1 is all, the children of i are 2i and 2i + 1, leaf k is `leaves` + k. */
  protected tree = new Float32Array(0);
  /** Of each branch: how wide its widest node ever is. */
  protected widest = new Float32Array(0);
  protected leaves = 1;
  /** How many rows are in. */
  protected count = 0;
  /** All that a node ever is, by row, as `boxes`. */
  #ever = new Float32Array(0);
  #sorted = new Sorted(0);
  /** Where rows are along the curve. */
  #places = new Int32Array(0);
  #seen = 0;
  #phase = BOUNDS;
  #at = 0;
  /** Size class 0 ends at this extent; each next one is four times as large. */
  #common = 1;

  constructor(tile: Tile) {
    this.tile = tile;
    this.rows = this.#sorted.rows;
    this.#begin();
  }

  /** Everything that the tile holds can be met. */
  get built(): boolean {
    return this.#phase === DONE;
  }

  /** Build on until `performance.now()` is past `until`; true when all is built. */
  step(until: number): boolean {
    while (this.#phase !== DONE) {
      this.#advance();
      if (performance.now() > until) break;
    }
    return this.built;
  }

  /** Take in what patches have changed since. */
  follow(): void {
    const { grown } = this.tile;
    if (this.#phase !== DONE || this.#seen === grown.length) return;
    this.floats = floatsOf(this.tile);
    for (; this.#seen < grown.length; this.#seen++) {
      const row = grown[this.#seen]!;
      if (row >= this.count) {
        if (this.count + 1 > this.leaves * LEAF || row !== this.count) {
          this.#begin(); // no room left
          return;
        }
        this.rows[this.count] = row;
        this.#places[row] = this.count++;
      }
      this.#bound(row);
      this.#widen(row);
    }
  }

  #begin(): void {
    const rows = this.tile.nodeCount;
    const room = Math.ceil(rows * (1 + SPARE)) + LEAF;
    this.leaves = 1;
    while (this.leaves * LEAF < room) this.leaves *= 2;
    const most = this.leaves * LEAF;
    if (this.#ever.length < most * 6) {
      this.#ever = new Float32Array(most * 6);
      this.boxes = new Float32Array(most * 6);
      this.#sorted = new Sorted(most);
      this.#places = new Int32Array(most);
      this.tree = new Float32Array(this.leaves * 2 * 6);
      this.widest = new Float32Array(this.leaves * 2);
    }
    this.count = rows;
    this.#seen = this.tile.grown.length;
    const [minX, , minZ, maxX, , maxZ] = this.tile.header.box;
    // Twice the side that each would have if all had one size: most are below.
    this.#common = Math.max(2 * Math.sqrt((maxX - minX) * (maxZ - minZ) / Math.max(rows, 1)), 1e-6);
    this.#phase = BOUNDS;
    this.#at = 0;
  }

  #advance(): void {
    const from = this.#at;
    if (this.#phase === BOUNDS) {
      this.floats = floatsOf(this.tile);
      const to = Math.min(from + SLICE, this.count);
      for (let row = from; row < to; row++) {
        this.#bound(row);
        this.#sorted.keys[row] = this.#key(row);
        this.#sorted.rows[row] = row;
      }
      this.#next(to, this.count);
    } else if (this.#phase === SORT) {
      this.#sorted.pass(from, this.count);
      this.rows = this.#sorted.rows;
      this.#next(from + 1, DIGITS);
    } else if (this.#phase === LEAVES) {
      const to = Math.min(from + SLICE / 8, this.leaves);
      for (let leaf = from; leaf < to; leaf++) this.#gather(leaf);
      this.#next(to, this.leaves);
    } else {
      // Upwards from the last branch.
      const to = Math.min(from + SLICE, this.leaves - 1);
      for (let i = from; i < to; i++) this.#join(this.leaves - 1 - i);
      this.#next(to, this.leaves - 1);
    }
    // Rows that patches changed meanwhile.
    if (this.#phase === DONE) this.follow();
  }

  #next(at: number, end: number): void {
    this.#at = at;
    if (at < end) return;
    this.#at = 0;
    this.#phase++;
  }

  /** The box of all states of a row. */
  #bound(row: number): void {
    const { spans, nodes } = this.tile;
    const floats = this.floats;
    const first = nodes[row * NODE.words + NODE.first_span]! * SPAN.words;
    const last = first + nodes[row * NODE.words + NODE.span_count]! * SPAN.words;
    let x0 = Infinity, y0 = Infinity, z0 = Infinity;
    let x1 = -Infinity, y1 = -Infinity, z1 = -Infinity;
    for (let at = first; at < last; at += SPAN.words) {
      if ((spans[at + SPAN.traits]! & 0xff) === Kind.RIBBON) {
        // Within its four control points, and as much wider as it is.
        const half = Math.max(floats[at + SPAN.value1]!, floats[at + SPAN.value0]!) / 2;
        for (let end = 0; end < 2; end++) {
          const from = at + (end === 0 ? SPAN.position1 : SPAN.position0);
          for (let inner = 0; inner < 2; inner++) {
            const pull = inner * (end === 0 ? 1 : -1) / 3;
            const x = floats[from]! + pull * floats[from + SIZE]!;
            const y = floats[from + 1]! + pull * floats[from + SIZE + 1]!;
            const z = floats[from + 2]! + pull * floats[from + SIZE + 2]!;
            x0 = Math.min(x0, x - half);
            y0 = Math.min(y0, y - half);
            z0 = Math.min(z0, z - half);
            x1 = Math.max(x1, x + half);
            y1 = Math.max(y1, y + half);
            z1 = Math.max(z1, z + half);
          }
        }
        continue;
      }
      const eased = (spans[at + SPAN.traits]! >> 8 & Flag.EASED) !== 0 && !flies(floats, at);
      for (let from = at + SPAN.position1; ; from = at + SPAN.position0) {
        const size = from + SIZE;
        const x = floats[from]!;
        const y = floats[from + 1]!;
        const z = floats[from + 2]!;
        const wide = floats[size]! / 2;
        const deep = floats[size + 2]! / 2;
        if (x - wide < x0) x0 = x - wide;
        if (y < y0) y0 = y;
        if (z - deep < z0) z0 = z - deep;
        if (x + wide > x1) x1 = x + wide;
        if (y + floats[size + 1]! > y1) y1 = y + floats[size + 1]!;
        if (z + deep > z1) z1 = z + deep;
        if (!eased || from !== at + SPAN.position1) break;
      }
    }
    const ever = this.#ever;
    const to = row * 6;
    ever[to] = x0 - Math.abs(x0) * ROUNDING - 1e-6;
    ever[to + 1] = y0 - Math.abs(y0) * ROUNDING - 1e-6;
    ever[to + 2] = z0 - Math.abs(z0) * ROUNDING - 1e-6;
    ever[to + 3] = x1 + Math.abs(x1) * ROUNDING + 1e-6;
    ever[to + 4] = y1 + Math.abs(y1) * ROUNDING + 1e-6;
    ever[to + 5] = z1 + Math.abs(z1) * ROUNDING + 1e-6;
  }

  #key(row: number): number {
    const ever = this.#ever;
    const at = row * 6;
    const extent = wide(ever, at);
    const size = extent <= this.#common ? 0 : Math.min(Math.ceil(Math.log2(extent / this.#common) / 2), (1 << CLASS_BITS) - 1);
    return keyOf(size, (ever[at]! + ever[at + 3]!) / 2, (ever[at + 2]! + ever[at + 5]!) / 2, this.tile.header.box);
  }

  /** Put the boxes of a leaf's rows beside each other, and the one around them into the tree. */
  #gather(leaf: number): void {
    const tree = this.tree;
    const to = (this.leaves + leaf) * 6;
    empty(tree, to);
    let widest = 0;
    const last = Math.min((leaf + 1) * LEAF, this.count);
    for (let place = leaf * LEAF; place < last; place++) {
      const row = this.rows[place]!;
      this.#places[row] = place;
      for (let i = 0; i < 6; i++) this.boxes[place * 6 + i] = this.#ever[row * 6 + i]!;
      around(tree, to, this.boxes, place * 6);
      widest = Math.max(widest, wide(this.#ever, row * 6));
    }
    this.widest[this.leaves + leaf] = widest;
  }

  #join(branch: number): void {
    empty(this.tree, branch * 6);
    around(this.tree, branch * 6, this.tree, branch * 12);
    around(this.tree, branch * 6, this.tree, branch * 12 + 6);
    this.widest[branch] = Math.max(this.widest[2 * branch]!, this.widest[2 * branch + 1]!);
  }

  /** Let everything above a row hold it. */
  #widen(row: number): void {
    const place = this.#places[row]!;
    for (let i = 0; i < 6; i++) this.boxes[place * 6 + i] = this.#ever[row * 6 + i]!;
    for (let branch = this.leaves + Math.floor(place / LEAF); branch >= 1; branch >>= 1) {
      around(this.tree, branch * 6, this.boxes, place * 6);
      this.widest[branch] = Math.max(this.widest[branch]!, wide(this.#ever, row * 6));
    }
  }
}

/** The wider side of a box's ground. */
const wide = (boxes: Float32Array, at: number): number => Math.max(boxes[at + 3]! - boxes[at]!, boxes[at + 5]! - boxes[at + 2]!);

function empty(boxes: Float32Array, at: number): void {
  boxes[at] = boxes[at + 1] = boxes[at + 2] = Infinity;
  boxes[at + 3] = boxes[at + 4] = boxes[at + 5] = -Infinity;
}

/** Widen a box to hold another. */
function around(boxes: Float32Array, at: number, others: Float32Array, from: number): void {
  for (let i = 0; i < 3; i++) {
    if (others[from + i]! < boxes[at + i]!) boxes[at + i] = others[from + i]!;
    if (others[from + 3 + i]! > boxes[at + 3 + i]!) boxes[at + 3 + i] = others[from + 3 + i]!;
  }
}
