/** Rows in an order in which neighbours lie near each other: along a Morton curve, by a radix sort. */

/** Bits of a place along each side of the grid; keys may hold more above them. */
export const GRID_BITS = 13;
export const CLASS_BITS = 32 - 2 * GRID_BITS;

/** Passes of the sort. */
export const DIGITS = 4;

/** The key of a place on the grid between two ends on each side, behind a class that counts first. */
export function keyOf(kind: number, x: number, y: number, box: readonly number[]): number {
  const [minX = 0, , minZ = 0, maxX = 0, , maxZ = 0] = box;
  return (kind << 2 * GRID_BITS | spread(onGrid(y, minZ, maxZ)) << 1 | spread(onGrid(x, minX, maxX))) >>> 0;
}

/** A place between two ends as one of 2^GRID_BITS. */
function onGrid(place: number, least: number, most: number): number {
  const cells = 1 << GRID_BITS;
  const cell = Math.floor((place - least) / Math.max(most - least, 1e-9) * cells);
  return Math.min(Math.max(cell, 0), cells - 1);
}

/** Thirteen bits with a zero after each. */
function spread(bits: number): number {
  bits = (bits | bits << 8) & 0x00ff00ff;
  bits = (bits | bits << 4) & 0x0f0f0f0f;
  bits = (bits | bits << 2) & 0x33333333;
  return (bits | bits << 1) & 0x55555555;
}

/** Rows with their keys, and as much room again to sort them in. */
export class Sorted {
  keys: Uint32Array;
  rows: Uint32Array;
  readonly #starts = new Uint32Array(257);
  #otherKeys: Uint32Array;
  #otherRows: Uint32Array;

  constructor(most: number) {
    this.keys = new Uint32Array(most);
    this.rows = new Uint32Array(most);
    this.#otherKeys = new Uint32Array(most);
    this.#otherRows = new Uint32Array(most);
  }

  /** One stable pass over the first `count`: by digit 0, the lowest, to `DIGITS` − 1. */
  pass(digit: number, count: number): void {
    const starts = this.#starts.fill(0);
    const shift = digit * 8;
    const { keys, rows } = this;
    const toKeys = this.#otherKeys;
    const toRows = this.#otherRows;
    for (let i = 0; i < count; i++) starts[(keys[i]! >>> shift & 255) + 1]!++;
    for (let i = 0; i < 256; i++) starts[i + 1]! += starts[i]!;
    for (let i = 0; i < count; i++) {
      const to = starts[keys[i]! >>> shift & 255]!++;
      toKeys[to] = keys[i]!;
      toRows[to] = rows[i]!;
    }
    this.keys = toKeys;
    this.rows = toRows;
    this.#otherKeys = keys;
    this.#otherRows = rows;
  }
}
