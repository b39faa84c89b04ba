/** What can be found out about what stands, from the columns here: by node, by place, by number. */
import { NODE, SPAN } from "../generated/protocol.ts";
import { setVector, type ReadonlyVector, type Vector } from "../spaces.ts";
import { Bvh, type Hit } from "./bvh.ts";
import type { Playhead } from "./drawn.ts";
import { along } from "./ray.ts";
import { isBlock } from "./districts.ts";
import { floatsOf, type Tile } from "./tile.ts";

/** Where a node stands at a whole rank. */
export interface Standing {
  readonly tile: Tile;
  readonly row: number;
  /** Row of the live span in the tile. */
  readonly span: number;
}

export class Look {
  tiles: readonly Tile[] = [];
  /** Of the tiles drawn; those of a tile that comes back are still there. */
  #bvhs: Bvh[] = [];
  readonly #known = new WeakMap<Tile, Bvh>();
  #ready = true;
  #counted = -1;
  #countedRank = -1;
  #live = 0;

  /** These tiles are drawn now. */
  show(tiles: readonly Tile[]): void {
    this.tiles = tiles;
    this.#counted = -1;
    this.#bvhs = tiles.map((tile) => {
      const bvh = this.#known.get(tile) ?? new Bvh(tile);
      this.#known.set(tile, bvh);
      return bvh;
    });
    this.#ready = false;
  }

  /** Where a node stands at `rank`; undefined where it does not. */
  find(node: number, rank: number): Standing | undefined {
    for (const tile of this.tiles) {
      const row = tile.rowOf(node);
      const span = row < 0 ? -1 : tile.liveSpan(row, rank);
      if (span >= 0) return { tile, row, span };
    }
    return undefined;
  }

  /** The path of a node, whether it stands or not; "" where it is not known here. */
  path(node: number): string {
    for (const tile of this.tiles) {
      const row = tile.rowOf(node);
      if (row >= 0) return tile.pathOf(row);
    }
    return "";
  }

  /** Whether blocks stand for what is in a directory, all of it or some. */
  gathers(node: number): boolean {
    return this.tiles.some((tile) => {
      const row = tile.rowOf(node);
      return row >= 0 && (tile.otherRowOf(node) >= 0 || isBlock(tile, row));
    });
  }

  /** How many nodes stand at `rank`; counted when asked. */
  live(rank: number, version: number): number {
    if (this.#counted === version && this.#countedRank === rank) return this.#live;
    let live = 0;
    for (const tile of this.tiles) {
      for (let row = 0; row < tile.nodeCount; row++) if (tile.liveSpan(row, rank) >= 0) live++;
    }
    this.#counted = version;
    this.#countedRank = rank;
    this.#live = live;
    return live;
  }

  /** Base (centre) and size of a standing node, metres in scene space. */
  box({ tile, span }: Standing, base: Vector, size: Vector): void {
    const floats = floatsOf(tile);
    const at = span * SPAN.words;
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
      base[i] = floats[at + SPAN.position1 + i]!;
      size[i] = floats[at + SPAN.size1 + i]!;
    }
  }

  /**
   * What a unit ray meets first at a playhead, nearer than `hit` says; false where that is nothing.
   *
   * Where tiles have just come, what they hold is met once `prepare` is through with them.
   */
  cast(eye: ReadonlyVector, ray: ReadonlyVector, playhead: Playhead, hit: Hit): boolean {
    let nearest: Bvh | undefined;
    for (const bvh of this.#bvhs) if (bvh.meet(eye, ray, playhead, hit)) nearest = bvh;
    if (nearest === undefined) return false;
    along(eye, ray, hit.distance, hit.point);
    nearest.describe(playhead, hit);
    return true;
  }

  /** The building nearest to a point at a playhead, nearer than `hit` says. */
  touch(point: ReadonlyVector, playhead: Playhead, hit: Hit): boolean {
    let nearest: Bvh | undefined;
    for (const bvh of this.#bvhs) if (bvh.graze(point, playhead, hit)) nearest = bvh;
    if (nearest === undefined) return false;
    setVector(hit.point, point[0], point[1], point[2]);
    nearest.describe(playhead, hit);
    return true;
  }

  /** Tell of the buildings that stand at a whole rank and look larger than `least` radians, and of some that do not. */
  near(eye: ReadonlyVector, least: number, rank: number, found: (tile: Tile, row: number, span: number) => void): void {
    for (const bvh of this.#bvhs) bvh.near(eye, least, rank, found);
  }

  /** All that is drawn can be met. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Make ready for `cast`, `touch` and `near`, for about so many milliseconds; true when everything is. */
  prepare(milliseconds: number): boolean {
    if (this.#ready) return true;
    const until = performance.now() + milliseconds;
    this.#ready = true;
    for (const bvh of this.#bvhs) {
      bvh.follow();
      this.#ready = this.#ready && bvh.step(until);
    }
    return this.#ready;
  }

  /** How many strata of a node stand at its live span. */
  strata({ tile, span }: Standing): number {
    return Math.round(floatsOf(tile)[span * SPAN.words + SPAN.value1]!);
  }

  /** Category of a standing node. */
  category({ tile, span }: Standing): number {
    return tile.spans[span * SPAN.words + SPAN.traits]! >>> 16;
  }

  /** Categories that ever occur among the drawn nodes, ascending. */
  categories(): number[] {
    const seen = new Set<number>();
    for (const { nodes, nodeCount, spans } of this.tiles) {
      for (let row = 0; row < nodeCount; row++) {
        seen.add(spans[nodes[row * NODE.words + NODE.first_span]! * SPAN.words + SPAN.traits]! >>> 16);
      }
    }
    return [...seen].sort((a, b) => a - b);
  }
}
