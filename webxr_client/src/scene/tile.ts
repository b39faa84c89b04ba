/** One tile's columns on this side, kept in the order in which the textures hold them. */
import { NODE, RANK_END, SPAN, STRATUM, type Patch, type TileBody, type TileHeader } from "../generated/protocol.ts";
import { nameAt } from "../stream/names.ts";

/** Rows of nodes, and rows [from, to) of spans and strata, that changed. */
export interface Dirty {
  readonly nodes: number[];
  readonly spans: [number, number][];
  readonly strata: [number, number][];
}

/** A node that patches have changed: the rows it may fill. */
interface Patched {
  spanRoom: number;
  stratumRoom: number;
}

/**
 * A tile and what patches made of it.
 *
 * A node's spans must lie together, and so must its strata. What a patch adds to a node goes behind
 * what it has where there is room; else all of it moves to new rows with as much room again, so
 * that a node moves only each time it has doubled.
 */
export class Tile {
  readonly header: TileHeader;
  /** Open-ended: patches may come. */
  readonly open: boolean;
  nodes: Uint32Array;
  nodeCount: number;
  spans: Uint32Array;
  spanRows: number;
  strata: Uint32Array;
  strataRows: number;
  sequence = 0;
  /** Rows that patches have changed or added, in the order they came: for who keeps something about each row. */
  readonly grown: number[] = [];

  readonly #names: TileBody["names"];
  readonly #baseNodes: number;
  readonly #newNames: string[] = [];
  readonly #shown: (string | undefined)[] = [];
  readonly #rows = new Map<number, number>();
  readonly #patched = new Map<number, Patched>();
  /** Rows of the blocks that a district has several of; made when a patch asks for them. */
  #blocks: Map<number, number[]> | undefined;

  constructor(body: TileBody) {
    this.header = body.header;
    this.open = body.header.hi === RANK_END;
    this.nodes = body.nodes.records;
    this.nodeCount = this.nodes.length / NODE.words;
    this.spans = body.spans.records;
    this.spanRows = this.spans.length / SPAN.words;
    this.strata = body.strata.records;
    this.strataRows = this.strata.length / STRATUM.words;
    this.#names = body.names;
    this.#baseNodes = this.nodeCount;
    for (let row = 0; row < this.nodeCount; row++) {
      // Of several blocks of a district the first counts.
      const key = this.#keyOf(row);
      if (!this.#rows.has(key)) this.#rows.set(key, row);
    }
  }

  /** The row of a node, -1 where it is not in this tile. */
  rowOf(node: number): number {
    return this.#rows.get(2 * node) ?? this.#rows.get(2 * node + 1) ?? -1;
  }

  /** What tells nodes apart: a district may also stand as an aggregate, which is another. */
  #keyOf(row: number): number {
    const at = row * NODE.words;
    return keyOf(this.nodes[at + NODE.node]!, this.spans[this.nodes[at + NODE.first_span]! * SPAN.words + SPAN.traits] ?? 0);
  }

  /** The row of a node, or of a block that is called by it: the `which`-th of those; -1 where there is none. */
  #rowBy(key: number, which: number): number {
    if (which === 0) return this.#rows.get(key) ?? -1;
    if (this.#blocks === undefined) {
      this.#blocks = new Map();
      for (let row = 0; row < this.#baseNodes; row++) {
        const block = this.#keyOf(row);
        if ((block & 1) === 0) continue;
        const rows = this.#blocks.get(block);
        if (rows === undefined) this.#blocks.set(block, [row]);
        else rows.push(row);
      }
    }
    return this.#blocks.get(key)?.[which] ?? -1;
  }

  /** The second row of a node that has two, else -1. */
  otherRowOf(node: number): number {
    return this.#rows.has(2 * node) ? (this.#rows.get(2 * node + 1) ?? -1) : -1;
  }

  /** The whole path of the node, as text. */
  pathOf(row: number): string {
    const known = this.#shown[row];
    if (known !== undefined) return known;
    const name = row < this.#baseNodes ? nameAt(this.#names, row) : (this.#newNames[row - this.#baseNodes] ?? "");
    this.#shown[row] = name;
    return name;
  }

  /** The whole path of the node, in git's bytes. */
  nameOf(row: number): Uint8Array {
    if (row >= this.#baseNodes) return utf8.encode(this.pathOf(row));
    return this.#names.bytes.subarray(this.#names.offsets[row], this.#names.offsets[row + 1]);
  }

  /** The row of the last span of node `row` with birth ≤ rank, -1 where none. */
  spanAt(row: number, rank: number): number {
    const { spans, nodes } = this;
    const start = nodes[row * NODE.words + NODE.first_span]!;
    let low = start;
    let high = start + nodes[row * NODE.words + NODE.span_count]!;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (spans[middle * SPAN.words + SPAN.birth]! <= rank) low = middle + 1;
      else high = middle;
    }
    return low > start ? low - 1 : -1;
  }

  /** The span that stands at a whole rank, -1 where none does. */
  liveSpan(row: number, rank: number): number {
    const span = this.spanAt(row, rank);
    return this.stands(span, rank) ? span : -1;
  }

  /** Whether a span, −1 for none, is alive at a whole rank. */
  stands(span: number, rank: number): boolean {
    const at = span * SPAN.words;
    return span >= 0 && this.spans[at + SPAN.birth]! <= rank && this.spans[at + SPAN.death]! > rank;
  }

  /** Whether a patch fits: it follows what is here, and all that it names is there. */
  fits(patch: Patch): boolean {
    if (this.sequence > 0 && patch.sequence !== this.sequence + 1) return false;
    const spans = patch.spans.records.length / SPAN.words;
    const strata = patch.strata.records.length / STRATUM.words;
    const { records } = patch.nodes;
    for (let at = 0; at < records.length; at += NODE.words) {
      if (records[at + NODE.first_span]! + records[at + NODE.span_count]! > spans) return false;
      const floors = records[at + NODE.stratum_count]!;
      if (floors > 0 && records[at + NODE.first_stratum]! + floors > strata) return false;
    }
    return patch.closed.every(([node = -1, , traits = 0, which = 0]) => this.#rowBy(keyOf(node, traits), which) >= 0);
  }

  /** Take what new commits changed; returns the rows to write into the textures. */
  apply(patch: Patch): Dirty {
    const dirty: Dirty = { nodes: [], spans: [], strata: [] };
    this.sequence = patch.sequence;
    for (const [node = -1, death = RANK_END, traits = 0, which = 0] of patch.closed) {
      const row = this.#rowBy(keyOf(node, traits), which);
      const at = row * NODE.words;
      if (death === 0) {
        this.nodes[at + NODE.span_count]!--; // it never was
        dirty.nodes.push(row);
        continue;
      }
      const span = this.nodes[at + NODE.first_span]! + this.nodes[at + NODE.span_count]! - 1;
      this.spans[span * SPAN.words + SPAN.death] = death;
      this.spans[span * SPAN.words + SPAN.traits] = traits;
      dirty.spans.push([span, span + 1]);
    }
    const added = patch.nodes.records;
    for (let i = 0; i < added.length / NODE.words; i++) this.#append(patch, i, dirty);
    return dirty;
  }

  #append(patch: Patch, i: number, dirty: Dirty): void {
    const record = patch.nodes.records.subarray(i * NODE.words, (i + 1) * NODE.words);
    const row = this.#rowFor(record, patch, i);
    this.grown.push(row);
    dirty.nodes.push(row);
    const at = row * NODE.words;
    const spans = record[NODE.span_count]!;
    const strata = record[NODE.stratum_count]!;
    this.#withRoom(row, spans, strata, dirty);

    const held = this.nodes[at + NODE.span_count]!;
    const to = this.nodes[at + NODE.first_span]! + held;
    this.spans.set(rowsOf(patch.spans.records, SPAN.words, record[NODE.first_span]!, spans), to * SPAN.words);
    this.nodes[at + NODE.span_count] = held + spans;
    dirty.spans.push([to, to + spans]);

    const laid = this.nodes[at + NODE.stratum_count]!;
    const floor = this.nodes[at + NODE.first_stratum]! + laid;
    this.strata.set(rowsOf(patch.strata.records, STRATUM.words, record[NODE.first_stratum]!, strata), floor * STRATUM.words);
    this.nodes[at + NODE.stratum_count] = laid + strata;
    dirty.strata.push([floor, floor + strata]);
  }

  /** The row of the node that `record` adds to: a new one, still empty, where it is not here yet. */
  #rowFor(record: Uint32Array, patch: Patch, i: number): number {
    const first = record[NODE.first_span]! * SPAN.words;
    const traits = record[NODE.span_count]! > 0 ? patch.spans.records[first + SPAN.traits]! : 0;
    const key = keyOf(record[NODE.node]!, traits);
    const known = this.#rowBy(key, (key & 1) === 1 ? record[NODE.first_stratum]! : 0);
    if (known >= 0) return known;
    const row = this.nodeCount++;
    const at = row * NODE.words;
    this.nodes = grown(this.nodes, at + NODE.words);
    this.nodes.set(record, at);
    this.nodes[at + NODE.span_count] = 0;
    this.nodes[at + NODE.stratum_count] = 0;
    this.#rows.set(key, row);
    this.#newNames[row - this.#baseNodes] = nameAt(patch.names, i);
    this.#patched.set(row, { spanRoom: 0, stratumRoom: 0 });
    return row;
  }

  /** Make sure that `spans` and `strata` more fit behind those of node `row`. */
  #withRoom(row: number, spans: number, strata: number, dirty: Dirty): void {
    const at = row * NODE.words;
    let patched = this.#patched.get(row);
    if (patched === undefined) {
      patched = { spanRoom: this.nodes[at + NODE.span_count]!, stratumRoom: this.nodes[at + NODE.stratum_count]! };
      this.#patched.set(row, patched);
    }
    const held = this.nodes[at + NODE.span_count]!;
    if (held + spans > patched.spanRoom) {
      const from = this.nodes[at + NODE.first_span]!;
      const to = this.spanRows;
      patched.spanRoom = 2 * (held + spans);
      this.spanRows += patched.spanRoom;
      this.spans = grown(this.spans, this.spanRows * SPAN.words);
      this.spans.copyWithin(to * SPAN.words, from * SPAN.words, (from + held) * SPAN.words);
      this.nodes[at + NODE.first_span] = to;
      dirty.spans.push([to, to + held]);
    }
    const laid = this.nodes[at + NODE.stratum_count]!;
    if (laid + strata > patched.stratumRoom) {
      const from = this.nodes[at + NODE.first_stratum]!;
      const to = this.strataRows;
      patched.stratumRoom = 2 * (laid + strata);
      this.strataRows += patched.stratumRoom;
      this.strata = grown(this.strata, this.strataRows * STRATUM.words);
      this.strata.copyWithin(to * STRATUM.words, from * STRATUM.words, (from + laid) * STRATUM.words);
      this.nodes[at + NODE.first_stratum] = to;
      dirty.strata.push([to, to + laid]);
    }
  }
}

const utf8 = new TextEncoder();

function keyOf(node: number, traits: number): number {
  return 2 * node + (traits >> 13 & 1); // Flag.AGGREGATE
}

function rowsOf(records: Uint32Array, words: number, first: number, count: number): Uint32Array {
  return records.subarray(first * words, (first + count) * words);
}

/** Return `array`, or a copy twice as long where `length` does not fit. */
function grown(array: Uint32Array, length: number): Uint32Array {
  if (length <= array.length) return array;
  const larger = new Uint32Array(Math.max(length, array.length * 2));
  larger.set(array);
  return larger;
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
