/** Which nodes are drawn, and in which order: districts, the river's ribbons and beads, then buildings, nearest first. */
import { Kind, NODE, SPAN } from "../generated/protocol.ts";
import type { ReadonlyVector } from "../spaces.ts";
import { Runs } from "./runs.ts";
import { floatsOf, type Tile } from "./tile.ts";

/** What of a tile matters here. */
export type Listed = Pick<Tile, "nodes" | "nodeCount" | "spans" | "rowOf" | "otherRowOf">;

/** Where rows are kept: `uNodes`. */
export interface Store {
  /** Make sure that so many rows fit. */
  reserve(rows: number): void;
  /** Records of rows from `row` on. */
  write(row: number, records: Uint32Array): void;
}

/** Rows of a page; the shaders know it. */
export const PAGE = 32;
const PAGE_BITS = 5;

/** A tile's rows, in pages of one class each. */
interface Sheet {
  readonly tile: Listed;
  firstSpan: number;
  firstStratum: number;
  /** Runs of pages, as they were taken: first and length, one after the other. */
  readonly runs: number[];
  /** Where each of its pages lies in the store, and what it holds. */
  readonly pages: number[];
  readonly classes: number[];
  /** By row of the tile: which of its pages, and where in that. */
  places: Int32Array;
  rows: number;
  /** By class: where the next row goes; at the start of a page where a new one is needed. */
  readonly next: number[];
}

/**
 * The rows of `uNodes`, one for each node of each resident tile, rebased to the pools, and which of them are drawn.
 *
 * A tile's rows are written once, when it comes, in pages of one class: districts, the river's bed, ribbons, beads,
 * buildings. What is drawn is a list of pages (`uPages`): first all districts, then the river's, which other programs
 * draw, then the buildings from near to far, so that what is hidden is rarely shaded. Another choice of tiles or
 * another order writes that list and nothing else.
 */
export class Roster {
  /** Pages in the order in which they are drawn: so many. */
  table = new Uint32Array(64);
  pages = 0;
  /** Rows of each that are drawn, those that are empty with them; buildings are the rest. */
  plates = 0;
  ribbons = 0;
  beads = 0;
  /** Counts up when the list became another. */
  version = 0;

  readonly #store: Store;
  readonly #runs = new Runs(0);
  readonly #sheets = new Map<Listed, Sheet>();
  #shown: Sheet[] = [];
  /** By page in the store: when it is drawn, −1: not; and about where on the ground its buildings stand. */
  #positions = new Int32Array(0);
  #middles = new Float32Array(0);
  /** How far each page of buildings is, and which it is: sorted without calling back, which would allocate. */
  #order = new Float64Array(64);
  readonly #eye = new Float64Array(3);
  #records = new Uint32Array(0);
  #classes = new Uint8Array(0);

  constructor(store: Store) {
    this.#store = store;
  }

  /** Rows that are drawn, those that are empty with them. */
  get rows(): number {
    return this.pages * PAGE;
  }

  /** Rows before the first building. */
  get before(): number {
    return this.plates + this.ribbons + this.beads;
  }

  /** A tile is here, its spans and strata from these rows of the pools on. */
  add(tile: Listed, firstSpan: number, firstStratum: number): void {
    const sheet: Sheet = {
      tile, firstSpan, firstStratum, runs: [], pages: [], classes: [], places: new Int32Array(tile.nodeCount), rows: tile.nodeCount, next: [0, 0, 0, 0, 0],
    };
    this.#sheets.set(tile, sheet);
    if (this.#classes.length < tile.nodeCount) this.#classes = new Uint8Array(2 * tile.nodeCount);
    const classes = this.#classes;
    const counts = [0, 0, 0, 0, 0];
    for (let row = 0; row < tile.nodeCount; row++) counts[classes[row] = classOf(tile, row)]!++;
    for (let of = 0, pages = 0; of < counts.length; of++) {
      sheet.next[of] = pages * PAGE;
      for (const end = pages + Math.ceil(counts[of]! / PAGE); pages < end; pages++) sheet.classes.push(of);
    }
    for (let row = 0; row < tile.nodeCount; row++) sheet.places[row] = sheet.next[classes[row]!]!++;
    this.#take(sheet, sheet.classes.length);
    this.#write(sheet);
  }

  /** A tile is gone. */
  remove(tile: Listed): void {
    const sheet = this.#sheets.get(tile);
    if (sheet === undefined) return;
    this.#sheets.delete(tile);
    for (let i = 0; i < sheet.runs.length; i += 2) this.#runs.release(sheet.runs[i]!, sheet.runs[i + 1]!);
    if (!this.#shown.includes(sheet)) return;
    this.#shown = this.#shown.filter((other) => other !== sheet);
    this.#list();
  }

  /** A tile's spans and strata lie elsewhere now, and it may have more nodes. */
  rebase(tile: Listed, firstSpan: number, firstStratum: number): void {
    const sheet = this.#sheets.get(tile);
    if (sheet === undefined) return;
    sheet.firstSpan = firstSpan;
    sheet.firstStratum = firstStratum;
    this.#grow(sheet);
    this.#write(sheet);
  }

  /** Take up what changed in these rows of a tile. */
  update(tile: Listed, rows: Iterable<number>): void {
    const sheet = this.#sheets.get(tile);
    if (sheet === undefined) return;
    this.#grow(sheet);
    const record = new Uint32Array(NODE.words);
    for (const row of rows) {
      fill(sheet, row, record, 0);
      this.#store.write(this.#rowOf(sheet, row), record);
    }
  }

  /** Where a row of a tile lies in the store; −1 where it does not. */
  rowOf(tile: Listed, row: number): number {
    const sheet = this.#sheets.get(tile);
    return sheet === undefined ? -1 : this.#rowOf(sheet, row);
  }

  /** Draw these and only these. */
  show(tiles: readonly Listed[]): void {
    this.#shown = tiles.flatMap((tile) => this.#sheets.get(tile) ?? []);
    this.#list();
  }

  /** Put the buildings in order, as seen from `eye` (scene space). */
  arrange(eye: ReadonlyVector): void {
    this.#eye.set(eye);
    this.#sort();
  }

  /** Write every row again: the store is a new one. */
  restore(): void {
    for (const sheet of this.#sheets.values()) this.#write(sheet);
  }

  /** When two nodes of the city are drawn, −1 for none: each once, and again where it is also drawn as a block at other ranks. */
  find(one: number, other: number, found: number[]): void {
    found.length = 0;
    this.#findOne(one, found);
    if (other !== one) this.#findOne(other, found);
  }

  #findOne(node: number, found: number[]): void {
    if (node < 0) return;
    for (const sheet of this.#shown) {
      const row = sheet.tile.rowOf(node);
      if (row < 0) continue;
      this.#drawn(sheet, row, found);
      const second = sheet.tile.otherRowOf(node);
      if (second >= 0) this.#drawn(sheet, second, found);
    }
  }

  #drawn(sheet: Sheet, row: number, found: number[]): void {
    const place = sheet.places[row]!;
    const k = place >> PAGE_BITS;
    const of = sheet.classes[k]!;
    if (of === PLATE || of === BUILDING) found.push(this.#positions[sheet.pages[k]!]! * PAGE + place % PAGE);
  }

  #rowOf(sheet: Sheet, row: number): number {
    const place = sheet.places[row]!;
    return sheet.pages[place >> PAGE_BITS]! * PAGE + place % PAGE;
  }

  /** Find places for rows that patches added. */
  #grow(sheet: Sheet): void {
    const { tile, next } = sheet;
    let taken = false;
    for (; sheet.rows < tile.nodeCount; sheet.rows++) {
      if (sheet.rows === sheet.places.length) sheet.places = grown(sheet.places, 2 * sheet.rows + 8);
      const of = classOf(tile, sheet.rows);
      if (next[of]! % PAGE === 0) {
        next[of] = sheet.pages.length * PAGE;
        sheet.classes.push(of);
        this.#take(sheet, 1);
        // Nothing of what had these rows before may be seen.
        this.#store.write(sheet.pages.at(-1)! * PAGE, new Uint32Array(PAGE * NODE.words));
        taken = true;
      }
      sheet.places[sheet.rows] = next[of]!++;
      if (next[of]! % PAGE === 1) this.#locate(sheet, sheet.rows);
    }
    if (taken && this.#shown.includes(sheet)) this.#list();
  }

  #take(sheet: Sheet, pages: number): void {
    let first = this.#runs.take(pages);
    if (first < 0) {
      this.#runs.grow(Math.max(this.#runs.size * 2, this.#runs.size + pages, 64));
      this.#store.reserve(this.#runs.size * PAGE);
      this.#positions = grown(this.#positions, this.#runs.size);
      const middles = new Float32Array(2 * this.#runs.size);
      middles.set(this.#middles);
      this.#middles = middles;
      first = this.#runs.take(pages);
    }
    sheet.runs.push(first, pages);
    for (let i = 0; i < pages; i++) sheet.pages.push(first + i);
  }

  /** Write all rows of a tile, run by run. */
  #write(sheet: Sheet): void {
    const words = sheet.pages.length * PAGE * NODE.words;
    if (this.#records.length < words) this.#records = new Uint32Array(words);
    const records = this.#records.fill(0, 0, words);
    for (let row = 0; row < sheet.rows; row++) {
      const place = sheet.places[row]!;
      fill(sheet, row, records, place * NODE.words);
      if (place % PAGE === 0) this.#locate(sheet, row);
    }
    for (let i = 0, from = 0; i < sheet.runs.length; i += 2) {
      const to = from + sheet.runs[i + 1]! * PAGE * NODE.words;
      this.#store.write(sheet.runs[i]! * PAGE, records.subarray(from, to));
      from = to;
    }
  }

  /** A page is about where its first building is: tiles list neighbours together. */
  #locate({ tile, pages, places }: Sheet, row: number): void {
    const page = pages[places[row]! >> PAGE_BITS]!;
    const at = tile.nodes[row * NODE.words + NODE.first_span]! * SPAN.words + SPAN.position1;
    const floats = floatsOf(tile);
    this.#middles[2 * page] = floats[at]!;
    this.#middles[2 * page + 1] = floats[at + 2]!;
  }

  #list(): void {
    let pages = 0;
    for (const sheet of this.#shown) pages += sheet.pages.length;
    if (pages > this.table.length) {
      this.table = new Uint32Array(2 * pages);
      this.#order = new Float64Array(2 * pages);
    }
    this.#positions.fill(-1);
    this.pages = 0;
    this.plates = this.#append(PLATE);
    this.ribbons = this.#append(BED) + this.#append(RIBBON);
    this.beads = this.#append(BEAD);
    this.#append(BUILDING);
    this.#sort();
  }

  /** List the pages of a class; returns of how many rows. */
  #append(of: number): number {
    const from = this.pages;
    for (const { pages, classes } of this.#shown) {
      for (let k = 0; k < pages.length; k++) {
        if (classes[k] !== of) continue;
        this.#positions[pages[k]!] = this.pages;
        this.table[this.pages++] = pages[k]!;
      }
    }
    return (this.pages - from) * PAGE;
  }

  #sort(): void {
    const first = this.before / PAGE;
    const count = this.pages - first;
    const [x, , z] = this.#eye;
    for (let i = 0; i < count; i++) {
      const page = this.table[first + i]!;
      const dx = this.#middles[2 * page]! - x!;
      const dz = this.#middles[2 * page + 1]! - z!;
      this.#order[i] = Math.min(Math.round(16 * (dx * dx + dz * dz)), FARTHEST) * MOST_PAGES + page;
    }
    this.#order.subarray(0, count).sort();
    for (let i = 0; i < count; i++) {
      const page = this.#order[i]! % MOST_PAGES;
      this.table[first + i] = page;
      this.#positions[page] = first + i;
    }
    this.version++;
  }
}

/** Squared sixteenths of a metre and the number of a page are one number that is exact. */
const MOST_PAGES = 2 ** 20;
const FARTHEST = 2 ** 32;

/** What programs of their own draw, in the order in which they are listed. */
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

/** The record of a tile's row, rebased to the pools. */
function fill({ tile, firstSpan, firstStratum }: Sheet, row: number, records: Uint32Array, to: number): void {
  const from = row * NODE.words;
  for (let i = 0; i < NODE.words; i++) records[to + i] = tile.nodes[from + i]!;
  records[to + NODE.first_span]! += firstSpan;
  records[to + NODE.first_stratum]! += firstStratum;
}

function grown(column: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(length);
  longer.set(column);
  return longer;
}
