/** A city that was laid out anew: what stood elsewhere goes from there to where it stands now. */
import { COMMIT_NODES, NODE, SPAN } from "../generated/protocol.ts";
import { isBlock } from "./districts.ts";
import { floatsOf, type Tile } from "./tile.ts";

/** Seconds that it takes. */
const SECONDS = 0.8;

/** Words that `uBefore` has of each row: where the middle of its base was and that it was somewhere, then its extents. */
export const BEFORE_WORDS = 8;

export class Settling {
  /** Of each row of `uNodes`; filled as tiles come. */
  records = new Uint32Array(0);
  /** What is still to be gone of the way, 1 … 0. */
  left = 0;
  /** Where things stood, five numbers each, and which five are whose. */
  #places = new Float32Array(0);
  readonly #known = new Map<number, number>();
  /** How many blocks of each district of a tile there were by now. */
  readonly #blocks = new Map<number, number>();
  #passed = 0;

  /** Take down where everything stands at a rank; from there it goes to wherever it is drawn next. */
  leave(tiles: readonly Tile[], rank: number, rows: number): void {
    this.#known.clear();
    this.#places = new Float32Array(5 * tiles.reduce((sum, tile) => sum + tile.nodeCount, 0));
    this.records = new Uint32Array(rows * BEFORE_WORDS);
    this.#passed = 0;
    this.left = 1;
    for (const tile of tiles) {
      const floats = floatsOf(tile);
      this.#blocks.clear();
      for (let row = 0; row < tile.nodeCount; row++) {
        if (!settles(tile, row)) continue;
        const key = this.#keyOf(tile, row);
        const span = tile.liveSpan(row, rank);
        if (span < 0) continue;
        const at = span * SPAN.words;
        const to = 5 * this.#known.size;
        this.#known.set(key, to);
        for (let axis = 0; axis < 3; axis++) this.#places[to + axis] = floats[at + SPAN.position1 + axis]!;
        this.#places[to + 3] = floats[at + SPAN.size1]!;
        this.#places[to + 4] = floats[at + SPAN.size1 + 2]!;
      }
    }
  }

  /** A tile has come: say of each of its rows, which lie where `place` says, where that was. */
  arrive(tile: Tile, place: (row: number) => number, rows: number): void {
    if (this.records.length < rows * BEFORE_WORDS) {
      const longer = new Uint32Array(rows * BEFORE_WORDS);
      longer.set(this.records);
      this.records = longer;
    }
    const floats = new Float32Array(this.records.buffer);
    this.#blocks.clear();
    for (let row = 0; row < tile.nodeCount; row++) {
      const to = place(row) * BEFORE_WORDS;
      const from = settles(tile, row) ? this.#known.get(this.#keyOf(tile, row)) : undefined;
      this.records[to + 3] = from === undefined ? 0 : 1;
      if (from === undefined) continue;
      for (let axis = 0; axis < 3; axis++) floats[to + axis] = this.#places[from + axis]!;
      floats[to + 4] = this.#places[from + 3]!;
      floats[to + 6] = this.#places[from + 4]!;
    }
  }

  /** Let `seconds` pass; all are there at once where things are `calm`. */
  step(seconds: number, calm: boolean): void {
    this.#passed += seconds;
    const t = calm ? 1 : Math.min(this.#passed / SECONDS, 1);
    this.left = 1 - t * t * (3 - 2 * t);
    if (t === 1) this.rest();
  }

  /** What a node of a tile is told by; rows are asked for in their order. */
  #keyOf(tile: Tile, row: number): number {
    if (!isBlock(tile, row)) return keyOf(tile, row, 0);
    const node = tile.nodes[row * NODE.words + NODE.node]!;
    const which = (this.#blocks.get(node) ?? 0) + 1;
    this.#blocks.set(node, which);
    return keyOf(tile, row, which);
  }

  /** Everything is where it belongs; nothing is kept of the way there. */
  rest(): void {
    this.left = 0;
    this.#known.clear();
    this.#places = new Float32Array(0);
    this.records = new Uint32Array(0);
  }
}

/** Whether a node has a place of its own: a file, a district or a block, nothing of the river. */
function settles({ nodes }: Tile, row: number): boolean {
  return nodes[row * NODE.words + NODE.node]! < COMMIT_NODES;
}

/**
 * What tells paths apart, files from districts, and those from their blocks by the order in which a tile has them: 53 bits.
 * Another generation may number paths otherwise.
 */
function keyOf(tile: Tile, row: number, block: number): number {
  const bytes = tile.nameOf(row);
  let one = 0x811c9dc5 ^ (tile.nodes[row * NODE.words + NODE.node]! & 1) ^ block << 1;
  let other = 0x9e3779b9 ^ bytes.length ^ block << 16;
  for (let i = 0; i < bytes.length; i++) {
    one = Math.imul(one ^ bytes[i]!, 0x01000193);
    other = Math.imul(other ^ bytes[i]!, 0x85ebca6b) ^ other >>> 13;
  }
  return (one >>> 0) * 2 ** 21 + (other >>> 11);
}
