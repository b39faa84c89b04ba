/** The tiles that are resident: their columns here, their spans and strata in pooled textures. */
import type { WebGLRenderer } from "three";
import { SPAN, STRATUM, type Patch, type TileBody } from "../generated/protocol.ts";
import { Pool } from "./pool.ts";
import { Runs } from "./runs.ts";
import { Tile, type Dirty } from "./tile.ts";

/** Where a tile's rows lie in the pools. */
interface Place {
  readonly tile: Tile;
  firstSpan: number;
  spanRoom: number;
  firstStratum: number;
  stratumRoom: number;
}

export class Tiles {
  readonly spans: Pool;
  readonly strata: Pool;
  /** Counts up whenever what is resident, or where it lies, changed. */
  version = 0;

  readonly #places = new Map<string, Place>();
  readonly #spanRuns = new Runs(0);
  readonly #stratumRuns = new Runs(0);

  constructor(renderer: WebGLRenderer) {
    this.spans = new Pool(renderer, 4, () => this.#each((place) => this.#writeSpans(place)));
    this.strata = new Pool(renderer, 2, () => this.#each((place) => this.#writeStrata(place)));
  }

  get residentSpans(): number {
    let rows = 0;
    for (const { tile } of this.#places.values()) rows += tile.spanRows;
    return rows;
  }

  get ids(): Iterable<string> {
    return this.#places.keys();
  }

  get(id: string): Tile | undefined {
    return this.#places.get(id)?.tile;
  }

  firstSpan(id: string): number {
    return this.#places.get(id)?.firstSpan ?? 0;
  }

  firstStratum(id: string): number {
    return this.#places.get(id)?.firstStratum ?? 0;
  }

  add(body: TileBody): Tile {
    const tile = new Tile(body);
    this.remove(tile.header.id);
    // What is open grows: with room behind it, the first commits move nothing.
    const slack = tile.open ? 1024 : 0;
    const place: Place = { tile, firstSpan: 0, spanRoom: tile.spanRows + slack, firstStratum: 0, stratumRoom: tile.strataRows + slack };
    this.#places.set(tile.header.id, place);
    this.#settle(place);
    return tile;
  }

  remove(id: string): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    this.#places.delete(id);
    this.#spanRuns.release(place.firstSpan, place.spanRoom);
    this.#stratumRuns.release(place.firstStratum, place.stratumRoom);
    this.version++;
  }

  /**
   * Apply a patch; the rows of the tile's nodes that changed, `"moved"` where all lie elsewhere now,
   * undefined when it does not follow what is here, and the tile must be fetched anew.
   */
  patch(patch: Patch): readonly number[] | "moved" | undefined {
    const place = this.#places.get(patch.tile);
    if (place === undefined) return undefined;
    const { tile } = place;
    if (patch.sequence <= tile.sequence) return []; // came twice
    if (!tile.fits(patch)) return undefined;
    const dirty = tile.apply(patch);
    this.version++;
    if (tile.spanRows > place.spanRoom || tile.strataRows > place.stratumRoom) {
      this.#spanRuns.release(place.firstSpan, place.spanRoom);
      this.#stratumRuns.release(place.firstStratum, place.stratumRoom);
      place.spanRoom = Math.max(place.spanRoom, tile.spanRows * 2);
      place.stratumRoom = Math.max(place.stratumRoom, tile.strataRows * 2);
      this.#settle(place);
      return "moved";
    }
    this.#write(place, dirty);
    return dirty.nodes;
  }

  /** Everything again: the context was lost. */
  restore(): void {
    this.spans.restore();
    this.strata.restore();
    this.version++;
  }

  #each(visit: (place: Place) => void): void {
    for (const place of this.#places.values()) visit(place);
  }

  /** Find rows for a tile and write it there. */
  #settle(place: Place): void {
    place.firstSpan = this.#take(this.#spanRuns, place.spanRoom);
    place.firstStratum = this.#take(this.#stratumRuns, place.stratumRoom);
    this.spans.reserve(this.#spanRuns.size * SPAN.texels);
    this.strata.reserve(this.#stratumRuns.size);
    this.#writeSpans(place);
    this.#writeStrata(place);
    this.version++;
  }

  #take(runs: Runs, rows: number): number {
    let first = runs.take(rows);
    if (first < 0) {
      runs.grow(Math.max(runs.size * 2, runs.size + rows));
      first = runs.take(rows);
    }
    return first;
  }

  #writeSpans({ tile, firstSpan }: Place): void {
    this.spans.write(firstSpan * SPAN.texels, tile.spans.subarray(0, tile.spanRows * SPAN.words));
  }

  #writeStrata({ tile, firstStratum }: Place): void {
    this.strata.write(firstStratum, tile.strata.subarray(0, tile.strataRows * STRATUM.words));
  }

  #write({ tile, firstSpan, firstStratum }: Place, dirty: Dirty): void {
    for (const [from, to] of dirty.spans) {
      this.spans.write((firstSpan + from) * SPAN.texels, tile.spans.subarray(from * SPAN.words, to * SPAN.words));
    }
    for (const [from, to] of dirty.strata) {
      this.strata.write(firstStratum + from, tile.strata.subarray(from * STRATUM.words, to * STRATUM.words));
    }
  }
}
