/** The scene as it comes in: generations, tiles and tables, until there is something whole to show. */
import { calendar, type Calendar } from "./clock.ts";
import type { Patch, Scene, TileBody } from "./generated/protocol.ts";
import type { City } from "./scene/city.ts";
import { Look } from "./scene/look.ts";
import { Survey } from "./scene/survey.ts";
import type { Session } from "./session.ts";
import type { Table } from "./stream/link.ts";

/** A generation of a scene, once all of it that is needed to draw has come. */
export interface Shown {
  readonly scene: Scene;
  table: Table;
  dates: Calendar;
  headRank: number;
}

export interface WorldListener {
  /** A generation can be drawn; `before` is the one it takes the place of. */
  arrived(shown: Shown, before: Shown | undefined): void;
  /** A commit was added: history is longer, the picture may have changed. */
  grew(shown: Shown, from: number): void;
  /** How much of what is waited for is here, 0 … 1. */
  progress(share: number): void;
}

interface Awaited {
  readonly scene: Scene;
  table: Table | undefined;
  tile: TileBody | undefined;
  /** Bytes here, by id. */
  readonly have: Map<string, number>;
}

export class World {
  shown: Shown | undefined;
  readonly look = new Look();
  readonly survey = new Survey();

  readonly #city: City;
  readonly #session: Session;
  readonly #listener: WorldListener;
  #awaited: Awaited | undefined;
  /** Open tile fetched anew after a gap in its patches: those that come meanwhile. */
  #early: Patch[] = [];
  #drawn = "";

  constructor(city: City, session: Session, listener: WorldListener) {
    this.#city = city;
    this.#session = session;
    this.#listener = listener;
  }

  /** A scene was announced: fetch what is needed to draw it; what is drawn stays until that is here. */
  announce(scene: Scene): void {
    this.#early = [];
    const same = this.shown?.scene.generation === scene.generation ? this.shown : undefined;
    // After a pause in the line, patches may be missing: what is open comes anew, the rest stays.
    this.#awaited = { scene, table: undefined, tile: undefined, have: new Map() };
    if (same === undefined) this.#listener.progress(0);
    this.#session.send({ type: "want", tiles: [scene.root.id, scene.table] });
  }

  part(id: string, have: number): void {
    const awaited = this.#awaited;
    if (awaited === undefined) return;
    awaited.have.set(id, have);
    const { scene } = awaited;
    const total = scene.root.bytes + scene.table_bytes;
    let sum = 0;
    for (const bytes of awaited.have.values()) sum += bytes;
    this.#listener.progress(total > 0 ? Math.min(sum / total, 1) : 0);
  }

  tile(body: TileBody): void {
    const awaited = this.#awaited;
    if (awaited?.scene.root.id !== body.header.id) return;
    awaited.tile = body;
    this.#swap();
  }

  table(table: Table): void {
    const awaited = this.#awaited;
    if (awaited?.scene.table !== table.id) return;
    awaited.table = table;
    this.#swap();
  }

  patch(patch: Patch): void {
    const { shown } = this;
    if (this.#awaited?.scene.generation === patch.generation) {
      this.#early.push(patch);
      return;
    }
    if (shown?.scene.generation !== patch.generation) return;
    if (!this.#city.tiles.patch(patch)) {
      // One was missed: begin again with what is open.
      this.announce(shown.scene);
      return;
    }
    this.#grow(shown, patch);
  }

  /** The context came back: everything is written and drawn again. */
  restore(): void {
    this.#city.restore();
  }

  #swap(): void {
    const { scene, table, tile } = this.#awaited!;
    if (table === undefined || tile === undefined) return;
    this.#awaited = undefined;
    const before = this.shown;
    const { tiles } = this.#city;
    if (this.#drawn !== "" && this.#drawn !== scene.root.id) tiles.remove(this.#drawn);
    tiles.add(tile);
    this.#drawn = scene.root.id;
    this.shown = { scene, table, dates: calendar(table.time), headRank: table.time.length - 1 };
    this.#city.bound(scene.root);
    this.#city.paint(table.colours);
    this.#redraw();
    this.#listener.arrived(this.shown, before);
    const early = this.#early;
    this.#early = [];
    for (const patch of early) this.patch(patch);
  }

  #grow(shown: Shown, patch: Patch): void {
    const from = shown.headRank;
    if (patch.head_rank > from) {
      shown.table = longer(shown.table, patch);
      shown.dates = calendar(shown.table.time);
      shown.headRank = patch.head_rank;
    }
    this.#redraw();
    this.#listener.grew(shown, from);
  }

  #redraw(): void {
    const tile = this.#city.tiles.get(this.#drawn);
    this.#city.show([this.#drawn]);
    this.look.show(tile === undefined ? [] : [tile]);
    this.survey.show(this.look.tiles);
  }
}

/** The table with rows up to a patch's newest rank. */
function longer(table: Table, patch: Patch): Table {
  const rows = patch.head_rank + 1;
  const old = table.time.length;
  const time = new Float64Array(rows);
  time.set(table.time);
  time.fill(Math.max(patch.time, table.time[old - 1] ?? patch.time), old);
  const author = new Uint32Array(rows).fill(65535);
  author.set(table.author);
  const mainline = new Uint8Array(rows).fill(1);
  mainline.set(table.mainline);
  return { ...table, time, author, mainline };
}
