/** Several repositories side by side: the one that a page has anyhow, and guests on the same ground, moved by one clock. */
import { Matrix4 } from "three";
import { Captions, type Caption } from "./captions.ts";
import * as clock from "./clock.ts";
import { joined, placeIn, plots, type Joint } from "./era.ts";
import type { Repository } from "./generated/protocol.ts";
import { NOTHING } from "./navigation/selection.ts";
import { clearHit, newHit, type Hit } from "./scene/bvh.ts";
import { City } from "./scene/city.ts";
import type { Playhead } from "./scene/drawn.ts";
import type { Budget } from "./scene/frontier.ts";
import type { Survey } from "./scene/survey.ts";
import { Session } from "./session.ts";
import type { ReadonlyVector, Vector } from "./spaces.ts";
import type { Heard } from "./stream/link.ts";
import type { Tier } from "./tier.ts";
import { rankAt } from "./ui/axis.ts";
import type { Viewer } from "./viewer.ts";
import { World } from "./world.ts";

/** Most that are shown at once: each takes draws of its own. */
export const MOST_BESIDE = 8;

/** A node among several repositories is its number in its own, and which that is times this. */
const STRIDE = 2 ** 32;
/** Which repository a node is of: 0 is the page's own. */
export const memberOf = (node: number): number => (node < STRIDE ? 0 : Math.floor(node / STRIDE));
/** Its number there. */
export const nodeIn = (node: number): number => (node < STRIDE ? node : node % STRIDE);
/** … and back. */
export const among = (member: number, node: number): number => (node < 0 ? node : member * STRIDE + node);

/** Of names of repositories: unlike that of every node and milestone. */
const KEYS = 0xc0000000;
/** Of a city's height, where its name is tied to. */
const NAMED = 0.6;
const PREPARE = 1;

export interface Member {
  readonly id: string;
  readonly name: string;
  readonly session: Session;
  readonly world: World;
  readonly captions: Captions;
  readonly city: City;
  readonly playhead: Playhead;
  /** x and z of its plot, in the first one's scene. */
  plot: readonly [number, number];
}

export interface BesideListener {
  /** Another city stands, or one stands elsewhere: the view of all is another. */
  arrived(): void;
  /** Commits landed, and the playhead, which was at the newest, may follow. */
  grew(following: boolean): void;
  heard(member: number, message: Heard): void;
}

export class Beside {
  readonly members: readonly Member[];
  /** What looks over each of them. */
  readonly surveys: readonly Survey[];
  joint: Joint;
  /** Of all of them, in the first one's scene. */
  box: readonly number[] = [];

  readonly #viewer: Viewer;
  readonly #listener: BesideListener;
  readonly #eye: Vector = [0, 0, 0];
  readonly #matrix = new Matrix4();
  readonly #hit = newHit();
  #looked = 0;

  constructor(viewer: Viewer, host: Omit<Member, "plot">, guests: readonly Repository[], tier: Tier, budget: Budget, listener: BesideListener) {
    this.#viewer = viewer;
    this.#listener = listener;
    const share = { nodes: Math.floor(budget.nodes / (guests.length + 1)), spans: Math.floor(budget.spans / (guests.length + 1)) };
    host.world.allow(share);
    this.members = [{ ...host, plot: [0, 0] }, ...guests.map((guest, i) => this.#invite(guest, i + 1, tier, share))];
    this.surveys = this.members.map(({ world }) => world.survey);
    this.joint = joined([]);
    this.refresh();
  }

  #invite({ id, name }: Repository, k: number, tier: Tier, budget: Budget): Member {
    const viewer = this.#viewer;
    const city = new City(viewer.renderer);
    const session = new Session(tier, false);
    session.listen({
      line: () => undefined, // the server is one: the page's own line says how it is
      heard: (message) => {
        if (message.type === "scene") world.announce(message);
        else if (message.type === "patch") world.patch(message);
        else if (message.type === "commits") world.commits(message);
        else this.#listener.heard(k, message);
      },
      part: (tile, have, total) => world.part(tile, have, total),
      tile: (body) => world.tile(body),
      table: (table) => world.table(table),
    });
    const captions = new Captions(session);
    const world: World = new World(city, session, budget, {
      progress: () => undefined,
      arrived: () => {
        captions.forget();
        this.refresh();
        this.#listener.arrived();
      },
      grew: () => {
        const newest = this.#newest;
        this.refresh();
        this.#listener.grew(newest);
      },
      came: (more) => viewer.came(more),
    });
    city.join(viewer.city);
    city.colour(viewer.colouring);
    session.repository = id;
    session.open("");
    return { id, name, session, world, captions, city, playhead: { rank: -1, fraction: 0, easing: clock.EASE_LEAST }, plot: [0, 0] };
  }

  get #newest(): boolean {
    return this.#viewer.film.arriving || this.#viewer.playback.rank >= this.joint.headRank;
  }

  /** A history is longer, or another: join them anew, and stay at the same date. */
  refresh(): void {
    const { playback } = this.#viewer;
    const before = this.joint;
    const newest = before.table.time.length === 0 || this.#newest;
    const date = before.table.time[playback.rank] ?? 0;
    const tables = this.members.map(({ world }) => world.shown?.table);
    this.joint = joined(tables);
    const rank = newest ? this.joint.headRank : Math.max(rankAt(this.joint.table.time, date), 0);
    clock.seek(playback, this.joint.headRank, rank, 0, playback);
    // Plots stay as they were laid out: what comes later moves no neighbour.
    const boxes = this.members.map(({ world }) => world.shown?.scene.root.box ?? []);
    const box = [Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity];
    const found = plots(boxes);
    this.members.forEach((member, k) => {
      const [x, z] = (member.plot = found[k]!);
      Object.assign(member.world.survey.origin, { x, z, first: among(k, 0) });
      member.world.survey.stir();
      const own = member.world.shown?.box;
      if (own === undefined) return;
      [x, 0, z].forEach((offset, i) => {
        box[i] = Math.min(box[i]!, own[i]! + offset);
        box[i + 3] = Math.max(box[i + 3]!, own[i + 3]! + offset);
      });
    });
    this.box = Number.isFinite(box[0]) ? box : [];
    this.members[0]!.world.entitle(this.members.flatMap(({ name, plot }, k) => {
      const [x0 = 0, , z0 = 0, x1 = 0, y1 = 0, z1 = 0] = boxes[k]!;
      return boxes[k]!.length === 0 ? [] : [{
        key: KEYS + k, text: name, rank: -Infinity, depth: -1, extent: Math.max(x1 - x0, z1 - z0),
        x: (x0 + x1) / 2 + plot[0], y: y1 * NAMED, z: (z0 + z1) / 2 + plot[1],
      }];
    }));
    this.#viewer.invalidate();
  }

  // --- every frame -------------------------------------------------------------------------

  /** Bring each to where the clock is; the first one's playhead says how long changes ease. */
  step(playback: Readonly<clock.Playback>): void {
    const { easing } = this.members[0]!.playhead;
    for (let k = 0; k < this.members.length; k++) {
      const { playhead, city, world } = this.members[k]!;
      const { shown } = world;
      if (shown === undefined) continue;
      placeIn(this.joint, k, playback.rank, playback.fraction, playhead);
      playhead.easing = easing;
      const { uniforms } = city;
      uniforms.playheadRank.value = playhead.rank;
      uniforms.playheadFraction.value = playhead.fraction;
      uniforms.easing.value = easing;
      uniforms.headRank.value = shown.headRank;
      // Of its own ranks fewer pass in a second than of all.
      uniforms.glowPerRank.value = clock.glowPerRank(playback, shown.scene.glow_seconds) * (this.joint.headRank + 1) / (shown.headRank + 1);
    }
  }

  /** Let guests draw and hold what this view needs; `eye` in the first one's scene. True while it should be asked again. */
  choose(eye: ReadonlyVector, factor: number, choosing: boolean, time: number): boolean {
    let again = false;
    for (let k = 1; k < this.members.length; k++) {
      const { world, playhead } = this.members[k]!;
      const ceiling = Math.max(playhead.fraction > 0 ? playhead.rank + 1 : playhead.rank, 0);
      world.draw(ceiling);
      world.look.prepare(PREPARE);
      if (choosing) again = world.choose(this.#from(k, eye), factor, ceiling, time) || again;
    }
    return again;
  }

  /** Look on over one of them; true where all of it was looked over. */
  look(eye: ReadonlyVector, least: number, milliseconds: number, moving: boolean, playing: boolean): boolean {
    this.#looked = (this.#looked + 1) % this.members.length;
    const { world, playhead } = this.members[this.#looked]!;
    return world.survey.step(Math.max(playhead.rank, 0), eye, least, milliseconds, moving, playing);
  }

  settle(dt: number, calm: boolean): boolean {
    let settling = false;
    for (let k = 1; k < this.members.length; k++) settling = this.members[k]!.city.settle(dt, calm) || settling;
    return settling;
  }

  /** Put each on its plot. */
  place(worldFromScene: Matrix4, eye: ReadonlyVector): void {
    for (let k = 1; k < this.members.length; k++) {
      const { city, plot } = this.members[k]!;
      const { elements } = this.#matrix.copy(worldFromScene);
      for (let i = 0; i < 3; i++) elements[12 + i] = elements[12 + i]! + elements[i]! * plot[0] + elements[8 + i]! * plot[1];
      city.approach(this.#from(k, eye));
      city.place(this.#matrix);
    }
  }

  #from(k: number, point: ReadonlyVector): Vector {
    const { plot } = this.members[k]!;
    this.#eye[0] = point[0] - plot[0];
    this.#eye[1] = point[1];
    this.#eye[2] = point[2] - plot[1];
    return this.#eye;
  }

  // --- pointing ----------------------------------------------------------------------------

  /** What a ray meets of the guests, nearer than `hit` says; its node is one among all. */
  cast(eye: ReadonlyVector, ray: ReadonlyVector, hit: Hit): boolean {
    return this.#nearest(hit, (k, own) => this.members[k]!.world.look.cast(this.#from(k, eye), ray, this.members[k]!.playhead, own));
  }

  /** As `cast`, of what a fingertip touches. */
  touch(point: ReadonlyVector, hit: Hit): boolean {
    return this.#nearest(hit, (k, own) => this.members[k]!.world.look.touch(this.#from(k, point), this.members[k]!.playhead, own));
  }

  #nearest(hit: Hit, find: (k: number, own: Hit) => boolean): boolean {
    let met = false;
    for (let k = 1; k < this.members.length; k++) {
      const own = clearHit(this.#hit, hit.distance);
      if (!find(k, own)) continue;
      met = true;
      hit.node = among(k, own.node);
      hit.floor = own.floor;
      hit.distance = own.distance;
      for (let i = 0 as 0 | 1 | 2; i < 3; i++) hit.normal[i] = own.normal[i];
    }
    return met;
  }

  /** Mark what is pointed at and selected, each in its own city. */
  mark(selected: number, hovered: number, floor: number): void {
    for (let k = 1; k < this.members.length; k++) {
      const { uniforms } = this.members[k]!.city;
      uniforms.selectedNode.value = memberOf(selected) === k ? nodeIn(selected) : -1;
      uniforms.hoveredNode.value = memberOf(hovered) === k ? nodeIn(hovered) : -1;
      uniforms.hoveredFloor.value = memberOf(hovered) === k ? floor : -1;
    }
  }

  // --- what is asked -----------------------------------------------------------------------

  /** The commit at a joint rank. */
  commit(rank: number): Promise<Caption | undefined> {
    const k = this.joint.owner[rank] ?? 0;
    const own = { rank: 0, fraction: 0 };
    placeIn(this.joint, k, rank, 0, own);
    return this.members[k]!.captions.commit(own.rank);
  }

  /** The joint rank of a moment: the newest that any of the repositories knows by that name. */
  async moment(text: string): Promise<number> {
    const asked = await Promise.allSettled(this.members.map(({ session }) => session.query("moment", { text })));
    const found = asked.flatMap((answer, k) => (answer.status === "fulfilled" ? [this.joint.at[k]![answer.value.rank] ?? 0] : []));
    if (found.length > 0) return Math.max(...found);
    throw asked.find((answer) => answer.status === "rejected")!.reason;
  }

  /** The node of a path, in the first repository that has it now, or in the one whose id and a colon come before it; −1 in none. */
  async find(text: string): Promise<number> {
    const named = this.members.findIndex(({ id }) => text.startsWith(`${id}:`));
    if (named >= 0) {
      const { id, session, playhead } = this.members[named]!;
      const answer = await session.query("find", { text: text.slice(id.length + 1), rank: Math.max(playhead.rank, 0) }).catch(() => undefined);
      return answer === undefined ? NOTHING : among(named, answer.node);
    }
    const asked = await Promise.allSettled(this.members.map(({ session, playhead }) =>
      session.query("find", { text, rank: Math.max(playhead.rank, 0) })));
    const k = asked.findIndex((answer) => answer.status === "fulfilled");
    const answer = asked[k];
    return answer?.status === "fulfilled" ? among(k, answer.value.node) : NOTHING;
  }

  // --- the card, and the end ---------------------------------------------------------------

  restore(): void {
    for (const { world } of this.members.slice(1)) world.restore();
  }

  colour(): void {
    for (const { city } of this.members.slice(1)) city.colour(this.#viewer.colouring);
  }

  /** How much of the budget is used, as of the first. */
  detail(share: number): void {
    for (const { world } of this.members.slice(1)) world.detail(share);
  }

  /** Send the guests home. */
  close(): void {
    for (const { session, city } of this.members.slice(1)) {
      session.close();
      city.dispose(this.#viewer.city);
    }
    this.members[0]!.world.entitle([]);
  }
}
