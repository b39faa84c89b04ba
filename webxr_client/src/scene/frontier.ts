/** Which tiles are held and drawn of a scene that has several: the cut, applied to what has come. */
import type { TileHeader } from "../generated/protocol.ts";
import { Cut } from "./cut.ts";

export interface Budget {
  readonly nodes: number;
  readonly spans: number;
}

/** What to ask for, most wanted first, and what to give up, by tile id. */
export interface Change {
  readonly want: readonly string[];
  readonly drop: readonly string[];
}

const NOTHING: readonly string[] = [];

/** Where a tile is. */
const AWAY = 0;
const ASKED = 1;
const HELD = 2;

/** The headers known so far, as the cut takes them; grows by doubling, never shrinks. */
class Known {
  ids: string[] = [];
  readonly rows = new Map<string, number>();
  first = new Int32Array(16);
  children = new Int32Array(16);
  box = new Float64Array(6 * 16);
  error = new Float64Array(16);
  lo = new Int32Array(16);
  hi = new Int32Array(16);
  nodes = new Int32Array(16);
  spans = new Int32Array(16);
  where = new Uint8Array(16);
  held = new Uint8Array(16);

  add(headers: readonly TileHeader[]): void {
    for (const header of headers) {
      const row = this.ids.length;
      if (row === this.first.length) this.#grow();
      this.rows.set(header.id, row);
      this.ids.push(header.id);
      this.box.set(header.box, 6 * row);
      this.error[row] = header.error;
      this.lo[row] = header.lo;
      this.hi[row] = header.hi;
      this.nodes[row] = header.nodes;
      this.spans[row] = header.spans;
    }
    for (const header of headers) this.know(this.rows.get(header.id)!, header);
  }

  /** Take up the children that a header names, where they are new. */
  know(row: number, header: TileHeader): void {
    if (header.children.length === 0 || this.children[row] !== 0) return;
    this.first[row] = this.ids.length;
    this.children[row] = header.children.length;
    this.add(header.children);
  }

  #grow(): void {
    this.first = longer(this.first);
    this.children = longer(this.children);
    this.box = longer(this.box);
    this.error = longer(this.error);
    this.lo = longer(this.lo);
    this.hi = longer(this.hi);
    this.nodes = longer(this.nodes);
    this.spans = longer(this.spans);
    this.where = longer(this.where);
    this.held = longer(this.held);
  }
}

/** The twin is `xrserver/scene/frontier.py`. */
export class Frontier {
  readonly #known = new Known();
  readonly #cut = new Cut();
  #kept = new Uint8Array(16);
  /** Rows asked for or held. */
  #here: number[] = [];
  #shown: number[] = [];
  // For which playhead and budget `#shown` is, and whether tiles came or went since.
  #rank = -1;
  #nodes = -1;
  #changed = true;

  constructor(root: TileHeader) {
    this.#known.add([root]);
  }

  /** There is but one tile: nothing to choose. */
  get single(): boolean {
    return this.#known.ids.length === 1;
  }

  /** Whether a tile of this id is wanted, or is here. */
  wants(id: string): boolean {
    return (this.#known.where[this.#known.rows.get(id) ?? -1] ?? AWAY) !== AWAY;
  }

  /** Whether tiles that were asked for have not come yet. */
  get waiting(): boolean {
    return this.#here.some((row) => this.#known.where[row] === ASKED);
  }

  /** A tile has come, and with it the names of its children. */
  hold(header: TileHeader): void {
    const row = this.#known.rows.get(header.id);
    if (row === undefined) return;
    const { where, held } = this.#known;
    if (where[row] === AWAY) this.#here.push(row);
    where[row] = HELD;
    held[row] = 1;
    this.#changed = true;
    this.#known.know(row, header);
  }

  /** Tiles held that patches may still change. */
  open(end: number): string[] {
    return this.#here.filter((row) => this.#known.where[row] === HELD && this.#known.hi[row] === end).map((row) => this.#known.ids[row]!);
  }

  /** Nothing that was asked for will come: the line is a new one. */
  forget(): void {
    const { where } = this.#known;
    this.#here = this.#here.filter((row) => {
      if (where[row] === HELD) return true;
      where[row] = AWAY;
      return false;
    });
  }

  /** Choose for a view; `factor` as in `Cut.choose`. */
  choose(eye: readonly number[], factor: number, rank: number, budget: Budget): Change {
    const known = this.#known;
    const { where, held, ids } = known;
    this.#cut.choose(known, eye, factor, rank, budget.nodes, budget.spans);
    const { resident, residents } = this.#cut;
    if (this.#kept.length < where.length) this.#kept = new Uint8Array(where.length);
    let want = NOTHING as string[];
    for (let i = 0; i < residents; i++) {
      const row = resident[i]!;
      this.#kept[row] = 1;
      if (where[row] !== AWAY) continue;
      where[row] = ASKED;
      this.#here.push(row);
      if (want === NOTHING) want = [];
      want.push(ids[row]!);
    }
    let drop = NOTHING as string[];
    let stay = 0;
    for (const row of this.#here) {
      if (this.#kept[row] === 1) {
        this.#here[stay++] = row;
        continue;
      }
      if (held[row] === 1) this.#changed = true;
      where[row] = AWAY;
      held[row] = 0;
      if (drop === NOTHING) drop = [];
      drop.push(ids[row]!);
    }
    this.#here.length = stay;
    for (let i = 0; i < residents; i++) this.#kept[resident[i]!] = 0;
    return want === NOTHING && drop === NOTHING ? UNCHANGED : { want, drop };
  }

  /** The tiles to draw at ⌈t⌉, of those held; undefined where they are the same as the last time. */
  drawn(rank: number, nodeBudget: number): string[] | undefined {
    if (!this.#changed && rank === this.#rank && nodeBudget === this.#nodes) return undefined;
    this.#rank = rank;
    this.#nodes = nodeBudget;
    this.#changed = false;
    const known = this.#known;
    if (known.held[0] !== 1) return undefined;
    this.#cut.show(known, known.held, rank, nodeBudget);
    const { drawn, draws } = this.#cut;
    let same = draws === this.#shown.length;
    for (let i = 0; same && i < draws; i++) same = drawn[i] === this.#shown[i];
    if (same) return undefined;
    this.#shown = [...drawn.subarray(0, draws)];
    return this.#shown.map((row) => known.ids[row]!);
  }
}

const UNCHANGED: Change = { want: NOTHING, drop: NOTHING };

function longer<T extends Int32Array | Float64Array | Uint8Array>(column: T): T {
  const made = new (column.constructor as new (length: number) => T)(2 * column.length);
  made.set(column);
  return made;
}
