/** Going somewhere at once: thrown from a hand onto the ground or a roof, seen before it is done. */
import type { Hand } from "../input/hands.ts";
import { LET_GO, PUSHED, THROW, thrown } from "../navigation/comfort.ts";
import type { Box } from "../navigation/locomotion.ts";
import { stood } from "../navigation/standing.ts";
import { clearHit, newHit } from "../scene/bvh.ts";
import * as spaces from "../spaces.ts";
import type { Pose, ReadonlyPose, Vector } from "../spaces.ts";
import type { Viewer } from "../viewer.ts";
import type { World } from "../world.ts";
import type { Haptics } from "./haptics.ts";
import { Marker } from "./marker.ts";
import type { Moment } from "./part.ts";

/** Pieces of the arc that is looked along, and seconds of each. */
const PIECES = 32;
const PIECE = 0.07;
/** Where it meets a wall one lands so far (metres, scene) before it; on a model, on the roof instead. */
const BEFORE_WALL = 2;
const INSIDE = 0.3;
/** Steeper than this (upwards part of the normal) is a wall. */
const WALL = 0.5;
/** Around the city one may stand, too; of its longer side. */
const AROUND = 0.15;
/** Fingers that hold still on the ground so long (seconds), nearer than this (metres), aim. */
const HOLD_SECONDS = 0.7;
const STILL = 0.015;
const MOVED = 0.03;
/** A smaller scale than this is a model of the city: who goes there, goes there in life size. */
const MODEL = 0.5;

/** Higher than anything; metres, scene. */
const SKY = 1e4;
const DOWN: Vector = [0, -1, 0];

export class Teleport {
  /** Where it leads to: the pose, once `step` says that it is asked for. */
  readonly to = spaces.newPose();
  readonly #marker = new Marker();
  readonly #viewer: Viewer;
  readonly #world: World;
  readonly #haptics: Haptics;
  #aiming: Hand | null = null;
  #bySticks = false;
  #valid = false;
  /** Seconds for which each hand's pinch has held still. */
  readonly #held: [number, number] = [0, 0];
  readonly #hit = newHit();
  readonly #ray: Vector = [0, 0, 0];
  readonly #from: Vector = [0, 0, 0];
  readonly #next: Vector = [0, 0, 0];
  readonly #sceneFrom: Vector = [0, 0, 0];
  readonly #sceneNext: Vector = [0, 0, 0];
  readonly #landing: Vector = [0, 0, 0];
  readonly #velocity: Vector = [0, 0, 0];

  constructor(viewer: Viewer, world: World, haptics: Haptics) {
    this.#viewer = viewer;
    this.#world = world;
    this.#haptics = haptics;
  }

  get mesh() {
    return this.#marker.mesh;
  }

  /** The hand that aims. */
  get aiming(): Hand | null {
    return this.#aiming;
  }

  rest(): void {
    this.#aiming = null;
    this.#held[0] = this.#held[1] = 0;
    this.#marker.hide();
  }

  /**
   * Aim with the stick of `turning`, or with fingers that hold still; true when it is done, to `to`.
   *
   * @param floor Height of the ground under who lands; in the room.
   */
  step(moment: Moment, turning: Hand | null, box: Box, floor: number): boolean {
    const aimed = this.#aiming;
    if (aimed === null) this.#begin(moment, turning);
    else if (!aimed.tracked || aimed.kind === "absent") this.rest();
    else if (this.#bySticks ? Math.hypot(aimed.stick[0], aimed.stick[1]) < LET_GO : !aimed.select.pressed) {
      const go = this.#valid && (this.#bySticks || aimed.select.ended);
      this.rest();
      if (go) this.#land(moment, floor);
      return go;
    } else if (!this.#bySticks && aimed.travel > MOVED) this.rest();
    if (this.#aiming !== null) this.#aim(this.#aiming, box);
    return false;
  }

  #begin(moment: Moment, turning: Hand | null): void {
    if (turning !== null && turning.tracked && turning.stick[1] < -PUSHED && Math.abs(turning.stick[0]) < -turning.stick[1]) {
      this.#aiming = turning;
      this.#bySticks = true;
      return;
    }
    for (let i = 0 as 0 | 1; i < 2; i++) {
      const hand = moment.hands.both[i];
      const { select, travel } = hand;
      if (hand.kind !== "fingers" || !select.pressed || hand.owner !== "world" || travel > STILL) {
        this.#held[i] = 0;
        continue;
      }
      if (select.began) this.#held[i] = moment.pointed[i].kind === "ground" ? 1e-6 : 0;
      if (this.#held[i] === 0) continue;
      this.#held[i] += moment.dt;
      if (this.#held[i] < HOLD_SECONDS || this.#aiming !== null) continue;
      this.#aiming = hand;
      this.#bySticks = false;
    }
  }

  #aim(hand: Hand, box: Box): void {
    const { pose } = this.#viewer.journey;
    const from = hand.aim.position;
    const ray = spaces.rotate(hand.aim.orientation, spaces.setVector(this.#ray, 0, 0, -1), this.#ray);
    const before = this.#valid;
    const seconds = this.#follow(from, ray, pose);
    const [x, , z] = this.#landing;
    const around = AROUND * Math.max(box[3]! - box[0]!, box[5]! - box[2]!);
    this.#valid = seconds > 0
      && x > box[0]! - around && x < box[3]! + around && z > box[2]! - around && z < box[5]! + around;
    if (this.#valid && !before) this.#haptics.pulse(hand.side, "hover");
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) this.#velocity[i] = ray[i] * THROW;
    const shown = spaces.apply(pose, this.#landing, this.#next);
    this.#marker.show(from, this.#velocity, seconds > 0 ? seconds : PIECE * 8, shown, this.#valid, pose.scale,
      this.#viewer.city.uniforms.daylight.value);
  }

  /** Seconds until what is thrown lands, at `#landing` of the scene; 0 where it does not. */
  #follow(from: Readonly<Vector>, ray: Readonly<Vector>, pose: ReadonlyPose): number {
    const { look } = this.#world;
    const { playhead } = this.#viewer;
    const at = this.#sceneFrom;
    const next = this.#sceneNext;
    spaces.setVector(this.#from, from[0], from[1], from[2]);
    spaces.applyInverse(pose, this.#from, at);
    for (let piece = 1; piece <= PIECES; piece++) {
      spaces.applyInverse(pose, thrown(from, ray, piece * PIECE, this.#next), next);
      for (let i = 0 as 0 | 1 | 2; i < 3; i++) this.#next[i] = next[i] - at[i];
      const length = Math.hypot(this.#next[0], this.#next[1], this.#next[2]);
      for (let i = 0 as 0 | 1 | 2; i < 3; i++) this.#next[i] /= length;
      const hit = clearHit(this.#hit, length);
      if (look.cast(at, this.#next, playhead, hit)) {
        const share = hit.distance / length;
        this.#touchdown(at, this.#next, hit.distance);
        return (piece - 1 + share) * PIECE;
      }
      if (next[1] < 0 && at[1] >= 0) {
        const share = at[1] / (at[1] - next[1]);
        spaces.setVector(this.#landing, at[0] + (next[0] - at[0]) * share, 0, at[2] + (next[2] - at[2]) * share);
        return (piece - 1 + share) * PIECE;
      }
      spaces.setVector(at, next[0], next[1], next[2]);
    }
    return 0;
  }

  /** It met something: land on top of it; where that is a wall, at its foot, or in a model on its roof. */
  #touchdown(at: Readonly<Vector>, way: Readonly<Vector>, distance: number): void {
    const { normal } = this.#hit;
    const landing = this.#landing;
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) landing[i] = at[i] + way[i] * distance;
    if (normal[1] > WALL) return;
    const aside = this.#viewer.journey.pose.scale < MODEL ? -INSIDE : BEFORE_WALL;
    landing[0] += normal[0] * aside;
    landing[2] += normal[2] * aside;
    if (aside < 0) landing[1] += SKY;
    const below = clearHit(this.#hit, landing[1]);
    landing[1] = this.#world.cast(landing, DOWN, this.#viewer.playhead, below) ? landing[1] - below.distance : 0;
  }

  #land(moment: Moment, floor: number): Pose {
    const { pose } = this.#viewer.journey;
    const { position } = moment.head;
    const scale = pose.scale < MODEL ? 1 : pose.scale;
    spaces.setVector(this.#next, position[0], floor, position[2]);
    return stood(pose.orientation, scale, this.#landing, this.#next, this.to);
  }
}
