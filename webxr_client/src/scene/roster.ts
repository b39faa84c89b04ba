/** Which nodes are drawn, and in which order: districts, the river's ribbons and beads, then buildings, nearest first. */
import { Kind, NODE, SPAN } from "../generated/protocol.ts";
import type { ReadonlyVector } from "../spaces.ts";
import { floatsOf } from "./survey.ts";
import type { Tile } from "./tile.ts";

/** What of a tile matters here. */
export type Listed = Pick<Tile, "nodes" | "nodeCount" | "spans" | "rowOf" | "otherRowOf">;

/** A tile that is drawn, and where its spans and strata lie in the pools. */
export interface Source {
  readonly tile: Listed;
  readonly firstSpan: number;
  readonly firstStratum: number;
}

/** Most blocks that buildings are put in order by; tiles list neighbours together, so a block is a quarter of the city. */
const BLOCKS = 1024;

/**
 * The records of `uNodes`, one for each drawn node, its rows rebased to the pools.
 *
 * First come districts, then the river's bed and ribbons, then its beads, which are drawn by other programs than
 * buildings; those go from near to far, block by block, so that what is hidden is rarely shaded.
 */
export class Roster {
  /** In the order in which they are drawn. */
  records = new Uint32Array(0);
  rows = 0;
  /** How many of each there are; buildings are the rest. */
  plates = 0;
  ribbons = 0;
  beads = 0;

  #sources: readonly Source[] = [];
  /** In the order in which tiles list them, what the order of drawing is made of; and every tile's rows in it. */
  #listed = new Uint32Array(0);
  #numbers: number[][] = [];
  // Blocks of so many rows: where each is now, and about where on the ground it stands.
  #size = 1;
  #blocks = 0;
  readonly #starts = new Uint32Array(BLOCKS);
  readonly #middles = new Float32Array(2 * BLOCKS);
  /** How far each block is, and which it is: sorted without calling back, which would allocate. */
  readonly #order = new Float64Array(BLOCKS);

  /** Rows before the first building. */
  get before(): number {
    return this.plates + this.ribbons + this.beads;
  }

  /** Draw these and only these. */
  show(sources: readonly Source[]): void {
    this.#sources = sources;
    let rows = 0;
    const counts = [0, 0, 0, 0, 0];
    for (const { tile } of sources) {
      rows += tile.nodeCount;
      for (let row = 0; row < tile.nodeCount; row++) counts[classOf(tile, row)]!++;
    }
    if (rows * NODE.words > this.records.length) {
      // With room behind, so that the first commits move nothing.
      this.records = new Uint32Array((Math.ceil(rows * 1.25) + 64) * NODE.words);
      this.#listed = new Uint32Array(this.records.length);
    }
    this.rows = rows;
    const [plates = 0, beds = 0, ribbons = 0, beads = 0] = counts;
    this.plates = plates;
    this.ribbons = beds + ribbons;
    this.beads = beads;
    const next = [0, plates, plates + beds, plates + beds + ribbons, this.before];
    this.#numbers = [];
    for (const source of sources) {
      const { tile } = source;
      const numbers: number[] = [];
      for (let row = 0; row < tile.nodeCount; row++) {
        const number = next[classOf(tile, row)]!++;
        numbers.push(number);
        this.#list(number, source, row);
      }
      this.#numbers.push(numbers);
    }
    this.#block();
    this.records.set(this.#listed.subarray(0, rows * NODE.words));
  }

  /** Take up what changed in these rows of a tile; returns the drawn rows to write, undefined where all must be shown anew. */
  update(tile: Listed, rows: Iterable<number>): number[] | undefined {
    const s = this.#sources.findIndex((source) => source.tile === tile);
    const changed: number[] = [];
    if (s < 0) return changed;
    for (const row of rows) {
      let number = this.#numbers[s]![row] ?? -1;
      if (number < 0) {
        if (classOf(tile, row) !== BUILDING || (this.rows + 1) * NODE.words > this.records.length) return undefined;
        number = this.#numbers[s]![row] = this.rows++;
      }
      this.#list(number, this.#sources[s]!, row);
      const at = this.#drawn(number);
      this.records.set(this.#listed.subarray(number * NODE.words, (number + 1) * NODE.words), at * NODE.words);
      changed.push(at);
    }
    return changed;
  }

  /** Drawn rows of two nodes, −1 for none: each has one, and another where it is also drawn as a block at other ranks. */
  find(one: number, other: number, found: number[]): void {
    found.length = 0;
    this.#findOne(one, found);
    if (other !== one) this.#findOne(other, found);
  }

  #findOne(node: number, found: number[]): void {
    if (node < 0) return;
    for (let s = 0; s < this.#sources.length; s++) {
      const { tile } = this.#sources[s]!;
      const numbers = this.#numbers[s]!;
      const row = tile.rowOf(node);
      if (row < 0) continue;
      found.push(this.#drawn(numbers[row]!));
      const second = tile.otherRowOf(node);
      if (second >= 0) found.push(this.#drawn(numbers[second]!));
    }
  }

  /** Put the buildings in order, as seen from `eye` (scene space); all rows are to be written then. */
  arrange(eye: ReadonlyVector): void {
    // What patches added belongs to a block from now on.
    if (this.before + this.#blocks * this.#size < this.rows) this.#block();
    for (let b = 0; b < this.#blocks; b++) {
      const dx = this.#middles[2 * b]! - eye[0];
      const dz = this.#middles[2 * b + 1]! - eye[2];
      this.#order[b] = Math.round(16 * (dx * dx + dz * dz)) * BLOCKS + b;
    }
    this.#order.subarray(0, this.#blocks).sort();
    let at = this.before;
    for (let i = 0; i < this.#blocks; i++) {
      const b = this.#order[i]! % BLOCKS;
      const first = this.before + b * this.#size;
      const last = Math.min(first + this.#size, this.rows);
      this.records.set(this.#listed.subarray(first * NODE.words, last * NODE.words), at * NODE.words);
      this.#starts[b] = at;
      at += last - first;
    }
  }

  /** The drawn row of what is listed as `number`. */
  #drawn(number: number): number {
    const block = Math.floor((number - this.before) / this.#size);
    if (number < this.before || block >= this.#blocks) return number;
    return this.#starts[block]! + (number - this.before) % this.#size;
  }

  #list(number: number, source: Source, row: number): void {
    const { nodes } = source.tile;
    const from = row * NODE.words;
    const to = number * NODE.words;
    for (let i = 0; i < NODE.words; i++) this.#listed[to + i] = nodes[from + i]!;
    this.#listed[to + NODE.first_span]! += source.firstSpan;
    this.#listed[to + NODE.first_stratum]! += source.firstStratum;
  }

  /** Make blocks of all buildings, in the order in which they are listed; each is about where its first one is. */
  #block(): void {
    const count = this.rows - this.before;
    this.#size = Math.max(Math.ceil(count / BLOCKS), 1);
    this.#blocks = Math.ceil(count / this.#size);
    this.#sources.forEach(({ tile }, s) => {
      const floats = floatsOf(tile);
      const numbers = this.#numbers[s]!;
      for (let row = 0; row < numbers.length; row++) {
        const number = numbers[row]! - this.before;
        if (number < 0 || number % this.#size !== 0) continue;
        const b = number / this.#size;
        const at = tile.nodes[row * NODE.words + NODE.first_span]! * SPAN.words + SPAN.position1;
        this.#middles[2 * b] = floats[at]!;
        this.#middles[2 * b + 1] = floats[at + 2]!;
        this.#starts[b] = this.before + number;
      }
    });
  }
}

/** What programs of their own draw, in the order of the rows. */
const PLATE = 0;
const BED = 1;
const RIBBON = 2;
const BEAD = 3;
const BUILDING = 4;

/** Which a node is and stays: districts and the river's bed are category 0. */
function classOf(tile: Listed, row: number): number {
  const traits = tile.spans[tile.nodes[row * NODE.words + NODE.first_span]! * SPAN.words + SPAN.traits]!;
  const ground = traits >>> 16 === 0;
  switch (traits & 0xff) {
    case Kind.RIBBON: return ground ? BED : RIBBON;
    case Kind.BEAD: return BEAD;
    default: return ground ? PLATE : BUILDING;
  }
}
