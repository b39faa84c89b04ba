/**
 * Where a panel goes when it comes: within an arm's length, upright, facing the head, beside what it
 * is about, before everything the city has there, and over no other panel. There it stays.
 */
import { clearHit, newHit } from "../scene/bvh.ts";
import * as spaces from "../spaces.ts";
import type { ReadonlyVector, Vector } from "../spaces.ts";
import type { Viewer } from "../viewer.ts";
import type { World } from "../world.ts";
import { CORNER } from "./canvas.ts";
import type { Panel } from "./panel.ts";
import type { Moment } from "./part.ts";

/** Metres from the eye: as panels are made for, and nearer where the city leaves no more. */
const DISTANCES = [0.6, 0.46, 0.34];
const DEGREE = Math.PI / 180;
/** Beside its thing, and up or down from the eye's height. */
const BESIDE = 21 * DEGREE;
const PITCHES = [-8 * DEGREE, 4 * DEGREE, -20 * DEGREE, 15 * DEGREE, 30 * DEGREE];
/** It comes where it is seen: no farther from where the head looks than this. */
const ASIDE_MOST = 34 * DEGREE;
/** All of it is seen where no corner is farther than this from there, degrees; what each degree more costs. */
const SEEN = 44;
const UNSEEN = 0.15;
/** Farther than this from where the head looks, a panel that is there already comes anew. */
const LOST = 55 * DEGREE;
/** Metres that a panel keeps before what the city has there. */
const CLEAR = 0.04;

export class Stand {
  readonly #viewer: Viewer;
  readonly #world: World;
  readonly #eye: Vector = [0, 0, 0];
  readonly #ray: Vector = [0, 0, 0];
  readonly #hit = newHit();
  readonly #point: Vector = [0, 0, 0];
  readonly #turn: spaces.Quaternion = [0, 0, 0, 1];
  readonly #gaze: [number, number] = [0, 0];
  readonly #to: [number, number] = [0, 0];

  constructor(viewer: Viewer, world: World) {
    this.#viewer = viewer;
    this.#world = world;
  }

  /** Whether a panel is where it can be read from here: not far, not behind, and nothing before it. */
  readable(panel: Panel, { head }: Moment): boolean {
    const { position } = panel.sheet.pose;
    const away = Math.hypot(position[0] - head.position[0], position[1] - head.position[1], position[2] - head.position[2]);
    if (away < 0.25 || away > 1.1) return false;
    this.#heading(head, position);
    if (Math.abs(turned(this.#to[0] - this.#gaze[0])) > LOST) return false;
    return this.#hidden(panel, head.position) === 0;
  }

  /** Place a panel beside `thing` (room), to the right of it where `side` is 1, to the left where −1; or before the head. */
  place(panel: Panel, moment: Moment, thing: ReadonlyVector | undefined, side: number, others: readonly Panel[]): void {
    const { position } = moment.head;
    this.#heading(moment.head, thing ?? position);
    const gaze = this.#gaze[0];
    const towards = thing === undefined ? gaze : this.#to[0];
    let best = Infinity;
    let found = [0, 0, 0];
    for (const [nth, distance] of DISTANCES.entries()) {
      for (const [step, pitch] of PITCHES.entries()) {
        for (const turn of thing === undefined ? [0, side, -side] : [side, -side]) {
          const yaw = gaze + within(turned(towards - turn * BESIDE - gaze), ASIDE_MOST);
          this.#put(panel, position, yaw, pitch, distance);
          const cost = 10 * this.#hidden(panel, position) + 6 * this.#covered(panel, position, others)
            + UNSEEN * this.#unseen(panel, moment.head) + nth + 0.4 * step
            + (turn === side || turn === 0 ? 0 : 0.5) + (thing === undefined && turn !== 0 ? 0.5 : 0);
          if (cost >= best) continue;
          best = cost;
          found = [yaw, pitch, distance];
        }
      }
    }
    this.#put(panel, position, found[0]!, found[1]!, found[2]!);
  }

  #put(panel: Panel, head: ReadonlyVector, yaw: number, pitch: number, distance: number): void {
    const level = Math.cos(pitch) * distance;
    spaces.setVector(this.#point, head[0] - Math.sin(yaw) * level, head[1] + Math.sin(pitch) * distance, head[2] - Math.cos(yaw) * level);
    panel.readFrom(distance);
    panel.sheet.face(this.#point, head);
  }

  /** Yaw and pitch of where the head looks, and from there to a point. */
  #heading(head: Moment["head"], point: ReadonlyVector): void {
    spaces.yawPitchOf(head.orientation, this.#gaze);
    spaces.yawPitchOf(spaces.lookAt(head.position, point, this.#turn), this.#to);
  }

  /** How much of a panel would be behind, or in, what stands: 0 … 1. */
  #hidden(panel: Panel, head: ReadonlyVector): number {
    const { pose } = this.#viewer.journey;
    spaces.applyInverse(pose, head, this.#eye);
    let hidden = 0;
    for (let corner = 0; corner < 5; corner++) {
      spaces.applyInverse(pose, outline(panel, corner, this.#point), this.#ray);
      for (let i = 0 as 0 | 1 | 2; i < 3; i++) this.#ray[i] -= this.#eye[i];
      const long = Math.hypot(this.#ray[0], this.#ray[1], this.#ray[2]);
      for (let i = 0 as 0 | 1 | 2; i < 3; i++) this.#ray[i] /= long;
      const before = clearHit(this.#hit, long + CLEAR / pose.scale);
      if (this.#world.cast(this.#eye, this.#ray, this.#viewer.playhead, before)) hidden += 0.2;
    }
    return hidden;
  }

  /** Degrees by which a panel's farthest corner is aside of what a head sees at once. */
  #unseen(panel: Panel, { position, orientation }: Moment["head"]): number {
    const ahead = spaces.rotate(orientation, spaces.setVector(this.#ray, 0, 0, -1), this.#ray);
    let least = 1;
    for (let corner = 0; corner < 4; corner++) {
      const at = outline(panel, corner, this.#point);
      for (let i = 0 as 0 | 1 | 2; i < 3; i++) at[i] -= position[i];
      const along = at[0] * ahead[0] + at[1] * ahead[1] + at[2] * ahead[2];
      least = Math.min(least, along / Math.hypot(at[0], at[1], at[2]));
    }
    return Math.max(Math.acos(Math.max(least, -1)) / DEGREE - SEEN, 0);
  }

  /** How much a panel and others cover each other, seen from the head: 0 … 1. */
  #covered(panel: Panel, head: ReadonlyVector, others: readonly Panel[]): number {
    spaces.yawPitchOf(spaces.lookAt(head, panel.sheet.pose.position, this.#turn), this.#to);
    const [yaw, pitch] = this.#to;
    let most = 0;
    for (const other of others) {
      if (other === panel || !other.open || other.options.worn !== undefined) continue;
      spaces.yawPitchOf(spaces.lookAt(head, other.sheet.pose.position, this.#turn), this.#to);
      const beside = Math.abs(turned(this.#to[0] - yaw)) / DEGREE - (panel.sheet.width + other.sheet.width) / 40;
      const over = Math.abs(this.#to[1] - pitch) / DEGREE - (panel.sheet.height + other.sheet.height) / 40;
      most = Math.max(most, Math.min(-beside, -over) / 20);
    }
    return Math.min(Math.max(most, 0), 1);
  }
}

/** The corners of a panel, and its middle. */
function outline({ sheet }: Panel, index: number, out: Vector): Vector {
  const x = index === 4 ? 0.5 : index & 1;
  const y = index === 4 ? 0.5 : index >> 1;
  return sheet.inRoom(CORNER + x * (sheet.width - 2 * CORNER), CORNER + y * (sheet.height - 2 * CORNER), out);
}

const turned = (angle: number): number => angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
const within = (value: number, most: number): number => Math.min(Math.max(value, -most), most);
