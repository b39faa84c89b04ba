/**
 * The districts that stand, and how tall each has become: the highest roof in it.
 *
 * Finding that out takes a look at every node, so it goes in slices beside frames: what has just come is looked at
 * first and only raises roofs; when that is done all of it is measured again wherever what stands has changed.
 */
import { COMMIT_NODES, Flag, NODE, SPAN } from "../generated/protocol.ts";
import { floatsOf, type Tile } from "./tile.ts";

/** Nodes between two looks at the clock. */
const NODES_A_SLICE = 128;

/** A district that is or was drawn; there is one of each as long as a generation lasts. */
export interface District {
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
  /** Height of the highest roof in it, metres; and as far as is known of the measure that is being taken. */
  top: number;
  nextTop: number;
}

/** What was found out about a tile's rows, once: which are districts, and which district each is in. */
interface Quarters {
  readonly districts: number[];
  readonly outer: District[];
  /** By row: of `outer`. */
  inner: Uint32Array;
  /** By row: the span that stood when it was last looked at, −1 where none did. */
  spans: Int32Array;
  /** How many rows, and how many of them were looked at since the tile came. */
  rows: number;
  seen: number;
  /** The rank and the patch at which it was measured last; −1 where time went on meanwhile. */
  rank: number;
  sequence: number;
}

export class Districts {
  /** By depth; those that are not drawn any more go when they are met. */
  readonly levels: District[][] = [];
  #tiles: readonly Tile[] = [];
  #quarters = new WeakMap<Tile, Quarters>();
  #byNode = new Map<number, District>();
  /** Other tiles are drawn than were measured. */
  #others = false;
  /** The tile that is being measured, its row, and the rank at which that began. */
  #at = -1;
  #row = 0;
  #rank = -1;
  #sequence = -1;

  /** Another generation: its nodes are others. */
  clear(): void {
    this.#tiles = [];
    this.#quarters = new WeakMap();
    this.#byNode = new Map();
    this.levels.length = 0;
    this.#at = -1;
  }

  /** These tiles are drawn from now on. */
  show(tiles: readonly Tile[]): void {
    for (const tile of this.#tiles) if (!tiles.includes(tile)) this.#leave(tile, tiles);
    for (const tile of tiles) this.#enter(tile, this.#tiles.includes(tile));
    this.#tiles = tiles;
    this.#others = true;
    this.#at = -1;
  }

  /** A measure is being taken. */
  get measuring(): boolean {
    return this.#at >= 0;
  }

  /** Every district is as tall as what stands at `rank`. */
  measured(rank: number): boolean {
    if (this.measuring || this.#others) return false;
    for (let i = 0; i < this.#tiles.length; i++) {
      const tile = this.#tiles[i]!;
      const quarters = this.#quartersOf(tile);
      if (quarters.rank !== rank || quarters.sequence !== tile.sequence) return false;
    }
    return true;
  }

  /** Look at what has come since the last measure, until `performance.now()` is past `until`; true when nothing is left. */
  raise(rank: number, until: number): boolean {
    for (let i = 0; i < this.#tiles.length; i++) {
      const tile = this.#tiles[i]!;
      const quarters = this.#quartersOf(tile);
      while (quarters.seen < quarters.rows) {
        const from = quarters.seen;
        quarters.seen = Math.min(from + NODES_A_SLICE, quarters.rows);
        this.#look(tile, quarters, from, quarters.seen, rank, true);
        if (performance.now() > until) return false;
      }
    }
    return true;
  }

  /** Measure everything that stands, on until `performance.now()` is past `until`; true when that is done. */
  measure(rank: number, until: number): boolean {
    if (this.#at < 0) {
      this.#at = this.#row = 0;
      this.#others = false;
      for (const level of this.levels) for (const district of level) district.nextTop = 0;
    }
    for (;;) {
      const tile = this.#tiles[this.#at];
      if (tile === undefined) {
        this.#finish();
        return true;
      }
      const quarters = this.#quartersOf(tile);
      if (this.#row === 0) {
        this.#rank = rank;
        this.#sequence = tile.sequence;
      }
      if (rank !== this.#rank) this.#rank = -1;
      const end = Math.min(this.#row + NODES_A_SLICE, quarters.rows);
      this.#look(tile, quarters, this.#row, end, rank, false);
      this.#row = end;
      if (end >= quarters.rows) {
        quarters.rank = this.#rank;
        quarters.sequence = this.#sequence === tile.sequence ? tile.sequence : -1;
        quarters.seen = quarters.rows;
        this.#at++;
        this.#row = 0;
      }
      if (performance.now() > until) return false;
    }
  }

  /** A district is as tall as what is in it. */
  #finish(): void {
    this.#at = -1;
    for (let depth = this.levels.length - 1; depth >= 0; depth--) {
      for (const district of this.levels[depth]!) {
        const { parent, nextTop } = district;
        district.top = nextTop;
        if (parent !== undefined && nextTop > parent.nextTop) parent.nextTop = nextTop;
      }
    }
  }

  /** Look at some rows of a tile: what stands there at `rank`, and how high. */
  #look(tile: Tile, { spans, outer, inner }: Quarters, from: number, end: number, rank: number, raise: boolean): void {
    const { nodes } = tile;
    const floats = floatsOf(tile);
    for (let row = from; row < end; row++) {
      const node = nodes[row * NODE.words + NODE.node]!;
      if (node >= COMMIT_NODES || ((node & 1) !== 0 && !isBlock(tile, row))) continue;
      // While time goes on, most of it stands on.
      let span = spans[row]!;
      if (!tile.stands(span, rank)) span = spans[row] = tile.liveSpan(row, rank);
      if (span < 0) continue;
      const at = span * SPAN.words;
      const top = floats[at + SPAN.position1 + 1]! + floats[at + SPAN.size1 + 1]!;
      const district = outer[inner[row]!]!;
      if (!raise) {
        if (top > district.nextTop) district.nextTop = top;
      } else {
        for (let each: District | undefined = district; each !== undefined && top > each.top; each = each.parent) each.top = top;
      }
    }
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
      while (this.levels.length <= district.depth) this.levels.push([]);
      this.levels[district.depth]!.push(district);
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
      quarters = { districts: [], outer: [], inner: new Uint32Array(tile.nodeCount), spans: new Int32Array(tile.nodeCount).fill(-1), rows: 0, seen: 0, rank: -1, sequence: -1 };
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
      quarters.spans = new Int32Array(2 * tile.nodeCount).fill(-1);
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

  /** Strike those off that are not drawn any more. */
  forget(level: District[]): void {
    let stay = 0;
    for (const district of level) {
      if (district.drawn > 0) level[stay++] = district;
      else district.listed = false;
    }
    level.length = stay;
  }
}

/** Whether a district's row is a block that stands for buildings, and no plate. */
export function isBlock({ nodes, spans }: Tile, row: number): boolean {
  const first = nodes[row * NODE.words + NODE.first_span]!;
  return (spans[first * SPAN.words + SPAN.traits]! >> 8 & Flag.AGGREGATE) !== 0;
}
