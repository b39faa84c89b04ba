/**
 * The cut: which tiles a viewer holds, and which of them it draws now. A pure function.
 *
 * The twin is `xrserver/scene/cut.py`; both read `tests/vectors/cut/`. A cut looks only at the tiles that
 * it takes and at their children, however many are known, and allocates nothing.
 */

import { Heap } from "./heap.ts";

/** Nearer than this, in metres, a tile's error looks no larger. */
export const NEAREST = 1e-3;

/**
 * The headers known so far, as columns; the root first, the children of a tile one after the other.
 *
 * `first` is the row of the tile's first child, `children` how many there are (0 where none are known), `box`
 * six metres a row, the others as in `TileHeader`. The children of a tile together cover all that it does, in
 * space and in time.
 */
export interface Candidates {
  readonly first: Int32Array;
  readonly children: Int32Array;
  readonly box: Float64Array;
  readonly error: Float64Array;
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  readonly nodes: Int32Array;
  readonly spans: Int32Array;
}

/** Rows of the tiles to hold, most wanted first, and of those to draw now, ascending: the first so many of each. */
export class Cut {
  resident = new Int32Array(64);
  residents = 0;
  drawn = new Int32Array(64);
  draws = 0;

  readonly #heap = new Heap();
  readonly #refused = new Heap();
  #refined = new Uint8Array(64);
  #coarse = new Int32Array(64);

  /**
   * Choose the tiles that fit a view and its budgets.
   *
   * First what is drawn now is refined, the largest error on the screen first; a tile gives way to all of its
   * children at this rank or to none. What room is left goes to windows of other ranks, the nearest in time
   * first. Ties go to the smaller row.
   *
   * @param eye metres, scene space
   * @param factor screen error that a metre has at a distance of a metre, in units of what is good enough: a
   *   tile is refined while error · factor / distance is above 1
   * @param rank ⌈t⌉ of the playhead
   * @param nodeBudget the most nodes drawn at once; like `spanBudget`, the most spans held, never exceeded by
   *   anything but the root, which is held whatever it costs
   */
  choose(tiles: Candidates, eye: ArrayLike<number>, factor: number, rank: number, nodeBudget: number, spanBudget: number): void {
    this.#room(tiles.first.length);
    const { first, children, lo, hi } = tiles;
    const heap = this.#heap;
    heap.clear();
    this.resident[0] = 0;
    this.residents = 1;
    let coarse = 0;
    let nodes = tiles.nodes[0]!;
    let spans = tiles.spans[0]!;
    const atRoot = screen(tiles, 0, eye, factor);
    if (atRoot > 1) {
      this.#coarse[coarse++] = 0;
      heap.push(-atRoot, 0);
    }
    while (heap.size > 0) {
      const best = heap.pop();
      const from = first[best]!;
      const to = from + children[best]!;
      let moreNodes = -tiles.nodes[best]!;
      let moreSpans = 0;
      let group = 0;
      for (let child = from; child < to; child++) {
        if (lo[child]! > rank || rank >= hi[child]!) continue;
        moreNodes += tiles.nodes[child]!;
        moreSpans += tiles.spans[child]!;
        group++;
      }
      if (group === 0 || nodes + moreNodes > nodeBudget || spans + moreSpans > spanBudget) continue;
      nodes += moreNodes;
      spans += moreSpans;
      this.#refined[best] = 1;
      for (let child = from; child < to; child++) {
        if (lo[child]! > rank || rank >= hi[child]!) continue;
        this.resident[this.residents++] = child;
        const worst = screen(tiles, child, eye, factor);
        if (worst > 1) {
          this.#coarse[coarse++] = child;
          heap.push(-worst, child);
        }
      }
    }
    this.#draw(tiles, rank);

    for (let i = 0; i < coarse; i++) {
      const row = this.#coarse[i]!;
      this.#refined[row] = 0;
      for (let child = first[row]!, to = child + children[row]!; child < to; child++) {
        if (lo[child]! > rank || rank >= hi[child]!) heap.push(gap(tiles, child, rank), child);
      }
    }
    while (heap.size > 0) {
      const best = heap.pop();
      if (tiles.nodes[best]! > nodeBudget || spans + tiles.spans[best]! > spanBudget) continue;
      spans += tiles.spans[best]!;
      this.resident[this.residents++] = best;
      if (screen(tiles, best, eye, factor) <= 1) continue;
      for (let child = first[best]!, to = child + children[best]!; child < to; child++) heap.push(gap(tiles, child, rank), child);
    }
  }

  /**
   * Set `drawn` to what to draw at `rank` (⌈t⌉) of the tiles really held: each file is in one of them.
   *
   * A tile gives way to all of its children at this rank, where they are held and `nodeBudget` allows it, the
   * largest error first; what was too much at first is tried again once others have given way.
   */
  show(tiles: Candidates, held: ArrayLike<unknown>, rank: number, nodeBudget: number): void {
    this.#room(tiles.first.length);
    const { first, children, lo, hi } = tiles;
    const heap = this.#heap;
    const refused = this.#refused;
    heap.clear();
    refused.clear();
    heap.push(-tiles.error[0]!, 0);
    let nodes = tiles.nodes[0]!;
    let progress = false;
    let gone = 0;
    for (;;) {
      if (heap.size === 0) {
        if (!progress || refused.size === 0) break;
        progress = false;
        while (refused.size > 0) heap.push(refused.least, refused.pop());
      }
      const key = heap.least;
      const row = heap.pop();
      const from = first[row]!;
      const to = from + children[row]!;
      let more = -tiles.nodes[row]!;
      let group = 0;
      let whole = true;
      for (let child = from; child < to; child++) {
        if (lo[child]! > rank || rank >= hi[child]!) continue;
        more += tiles.nodes[child]!;
        group++;
        if (!held[child]) whole = false;
      }
      if (group === 0 || !whole) continue;
      if (more > 0 && nodes + more > nodeBudget) {
        refused.push(key, row);
        continue;
      }
      nodes += more;
      progress = true;
      this.#refined[row] = 1;
      this.#coarse[gone++] = row;
      for (let child = from; child < to; child++) {
        if (lo[child]! <= rank && rank < hi[child]!) heap.push(-tiles.error[child]!, child);
      }
    }
    this.#draw(tiles, rank);
    for (let i = 0; i < gone; i++) this.#refined[this.#coarse[i]!] = 0;
  }

  /** What is drawn: the leaves of what was refined. */
  #draw(tiles: Candidates, rank: number): void {
    const heap = this.#heap;
    heap.clear();
    heap.push(0, 0);
    this.draws = 0;
    while (heap.size > 0) {
      const row = heap.pop();
      if (this.#refined[row] === 0) {
        this.drawn[this.draws++] = row;
        continue;
      }
      // Children have larger rows, and the smallest row comes first: what is drawn ascends.
      for (let child = tiles.first[row]!, to = child + tiles.children[row]!; child < to; child++) {
        if (tiles.lo[child]! <= rank && rank < tiles.hi[child]!) heap.push(child, child);
      }
    }
  }

  #room(rows: number): void {
    if (rows <= this.resident.length) return;
    const room = Math.max(rows, 2 * this.resident.length);
    this.resident = new Int32Array(room);
    this.drawn = new Int32Array(room);
    this.#coarse = new Int32Array(room);
    this.#refined = new Uint8Array(room);
  }
}

/** How large a tile's error looks. */
function screen({ box, error }: Candidates, row: number, eye: ArrayLike<number>, factor: number): number {
  const at = 6 * row;
  const x = Math.max(box[at]! - eye[0]!, 0, eye[0]! - box[at + 3]!);
  const y = Math.max(box[at + 1]! - eye[1]!, 0, eye[1]! - box[at + 4]!);
  const z = Math.max(box[at + 2]! - eye[2]!, 0, eye[2]! - box[at + 5]!);
  return error[row]! * factor / Math.max(Math.sqrt(x * x + y * y + z * z), NEAREST);
}

/** How many ranks a window is away. */
function gap({ lo, hi }: Candidates, row: number, rank: number): number {
  return rank < lo[row]! ? lo[row]! - rank : rank - hi[row]! + 1;
}
