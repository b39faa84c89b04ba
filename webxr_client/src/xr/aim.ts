/** Pointing at the city with hands: what their rays meet and fingertips touch, and what a press on it chooses. */
import type { Hand, Side } from "../input/hands.ts";
import { NOTHING } from "../navigation/selection.ts";
import { thing } from "../scene/aim.ts";
import { clearHit, newHit } from "../scene/bvh.ts";
import { along, toGround } from "../scene/ray.ts";
import * as spaces from "../spaces.ts";
import type { Vector } from "../spaces.ts";
import type { Viewer } from "../viewer.ts";
import type { World } from "../world.ts";
import type { Haptics } from "./haptics.ts";
import type { Moment, Part, Pointed } from "./part.ts";

/** Metres of the room within which a fingertip, or a controller's end, touches a building instead of pointing. */
const REACH = { fingers: 0.015, controller: 0.03 } as const;
/** From a controller's pose to where it ends, along its aim. */
const END = 0.05;
/** A fingertip that has been within a building pokes the next one once it was out of all by this much. */
const OUT = 0.02;
/** What was pressed is chosen where the ray, on letting go, is off it by less than this: pressing moves a hand. Radians. */
const SWAY = 0.035;
/** A press on the ground lets go of what was chosen if it is over within these seconds and metres. */
const BRIEF = 0.5;
const STILL = 0.015;
/** The hand that points at something takes over from one that points at nothing after so many seconds. */
const TAKEOVER = 0.35;

const WRIST = 0;
const INDEX_TIP = 9;
const MIDDLE_TIP = 14;
const RING_TIP = 19;
/** How much nearer to the wrist the tips of other fingers are while the index points. */
const CURLED = 0.8;

interface Press {
  /** What it began on; `NOTHING` for the ground, undefined where it is none of ours. */
  node: number | undefined;
  time: number;
  /** Where the hand was and pointed, in the room. */
  readonly from: Vector;
  readonly ray: Vector;
}

const newPress = (): Press => ({ node: undefined, time: 0, from: [0, 0, 0], ray: [0, 0, 0] });

export class Pointing implements Part {
  readonly #viewer: Viewer;
  readonly #world: World;
  readonly #haptics: Haptics;
  readonly #dominant: () => Side;
  readonly #goes: (hand: Hand) => boolean;
  readonly #choose: (node: number) => void;

  /** The hand whose thing is hovered: the one used last. */
  #active: 0 | 1 = 1;
  #elsewhere = 0;
  readonly #presses: readonly [Press, Press] = [newPress(), newPress()];
  /** Whether a poke counts: the fingertip was out of everything since the last one. */
  readonly #out: [boolean, boolean] = [false, false];
  readonly #hit = newHit();
  readonly #eye: Vector = [0, 0, 0];
  readonly #ray: Vector = [0, 0, 0];
  readonly #roomRay: Vector = [0, 0, 0];
  readonly #turn: spaces.Quaternion = [0, 0, 0, 1];

  /** `dominant` is the hand that is used first, `goes` whether one aims to go somewhere and points at nothing. */
  constructor(viewer: Viewer, world: World, haptics: Haptics, dominant: () => Side, goes: (hand: Hand) => boolean, choose: (node: number) => void) {
    this.#goes = goes;
    this.#dominant = dominant;
    this.#viewer = viewer;
    this.#world = world;
    this.#haptics = haptics;
    this.#choose = choose;
  }

  /** The hand whose ray is followed by what is written beside it. */
  get active(): Side {
    return this.#active === 0 ? "left" : "right";
  }

  begin(): void {
    this.#active = this.#dominant() === "left" ? 0 : 1;
    for (const press of this.#presses) press.node = undefined;
    this.#out[0] = this.#out[1] = false;
  }

  step(moment: Moment): void {
    for (let i = 0 as 0 | 1; i < 2; i++) {
      const hand = moment.hands.both[i];
      const pointed = moment.pointed[i];
      if (hand.tracked && (hand.owner === "" || hand.owner === "thing") && !this.#goes(hand)) {
        spaces.rotate(hand.aim.orientation, spaces.setVector(this.#roomRay, 0, 0, -1), this.#roomRay);
        const touches = hand.owner === "" && hand.kind !== "gaze" && pointed.kind !== "panel" && this.#touch(hand, i, pointed, moment.time);
        if (!touches) this.#point(hand, pointed);
      } else {
        this.#out[i] = false;
      }
      this.#press(hand, i, pointed, moment.time);
    }
    this.#hover(moment);
  }

  end(): void {
    this.#viewer.aim.hover(NOTHING, NOTHING);
  }

  /** What the hand's ray meets, if it is nearer than what is pointed at already. */
  #point(hand: Hand, pointed: Pointed): void {
    const { pose } = this.#viewer.journey;
    const { scale } = pose;
    const eye = spaces.applyInverse(pose, hand.aim.position, this.#eye);
    const ray = spaces.rotate(spaces.conjugate(pose.orientation, this.#turn), this.#roomRay, this.#ray);
    const hit = clearHit(this.#hit, pointed.distance / scale);
    const met = this.#world.cast(eye, ray, this.#viewer.playhead, hit) && thing(hit.node) !== NOTHING;
    const distance = met ? hit.distance : Math.min(hit.distance, eye[1] > 0 ? toGround(eye, ray, Infinity) : Infinity);
    if (distance * scale >= pointed.distance) return;
    pointed.kind = met ? "thing" : "ground";
    pointed.distance = distance * scale;
    pointed.node = met ? hit.node : NOTHING;
    pointed.floor = met ? hit.floor : NOTHING;
    along(hand.aim.position, this.#roomRay, pointed.distance, pointed.point);
    spaces.rotate(pose.orientation, met ? hit.normal : spaces.setVector(hit.normal, 0, 1, 0), pointed.normal);
  }

  /** Whether the hand's tip is at a building, which is pointed at then; poking it chooses it. */
  #touch(hand: Hand, i: 0 | 1, pointed: Pointed, time: number): boolean {
    const fingers = hand.kind === "fingers";
    const { pose } = this.#viewer.journey;
    const tip = pointed.point;
    if (fingers) for (let k = 0 as 0 | 1 | 2; k < 3; k++) tip[k] = hand.joints[INDEX_TIP * 16 + 12 + k]!;
    else along(hand.aim.position, this.#roomRay, END, tip);
    spaces.applyInverse(pose, tip, this.#eye);
    const reach = fingers ? REACH.fingers : REACH.controller;
    const hit = clearHit(this.#hit, OUT / pose.scale);
    if (!this.#world.touch(this.#eye, this.#viewer.playhead, hit)) {
      this.#out[i] = true;
      return false;
    }
    const away = hit.distance * pose.scale;
    if (away > reach || away >= pointed.distance) return false;
    pointed.kind = "thing";
    pointed.distance = away;
    pointed.node = hit.node;
    pointed.floor = hit.floor;
    pointed.touched = true;
    spaces.rotate(pose.orientation, hit.normal, pointed.normal);
    if (fingers && away === 0) {
      if (this.#out[i] && !hand.select.pressed && points(hand)) {
        this.#use(i);
        this.#take(hand, hit.node);
        this.#presses[i].time = time;
      }
      this.#out[i] = false;
    }
    return true;
  }

  #press(hand: Hand, i: 0 | 1, pointed: Pointed, time: number): void {
    const press = this.#presses[i];
    if (hand.select.began) {
      this.#use(i);
      press.node = undefined;
      press.time = time;
      for (let k = 0 as 0 | 1 | 2; k < 3; k++) {
        press.from[k] = hand.grip.position[k];
        press.ray[k] = this.#roomRay[k];
      }
      if (hand.owner === "" && hand.tracked) {
        if (pointed.kind === "thing") {
          press.node = pointed.node;
          hand.owner = "thing";
        } else if (pointed.kind === "ground") {
          press.node = NOTHING;
          // Fingers may take hold of the world there; a trigger is for choosing.
          if (hand.kind === "controller") hand.owner = "thing";
        }
      }
    } else if (hand.squeeze.began) {
      this.#use(i);
    }
    if (!hand.select.ended || press.node === undefined) return;
    const { node } = press;
    press.node = undefined;
    if (node === NOTHING) {
      const { from } = press;
      const { position: to } = hand.grip;
      const travel = Math.hypot(to[0] - from[0], to[1] - from[1], to[2] - from[2]);
      if (time - press.time < BRIEF && travel < STILL) this.#choose(NOTHING);
    } else if (hand.owner === "thing" && (pointed.node === node || this.#still(press))) {
      this.#take(hand, node);
    }
  }

  /** Whether the hand points about where it did when its press began. */
  #still({ ray }: Press): boolean {
    const now = this.#roomRay;
    return Math.hypot(ray[0] - now[0], ray[1] - now[1], ray[2] - now[2]) < SWAY;
  }

  #take(hand: Hand, node: number): void {
    this.#haptics.pulse(hand.side, "select");
    this.#choose(node);
  }

  #use(i: 0 | 1): void {
    this.#active = i;
    this.#elsewhere = 0;
  }

  /** Hover what the hand used last points at; where that is nothing, in a while what the other one does. */
  #hover(moment: Moment): void {
    const other = this.#active === 0 ? 1 : 0;
    const waits = moment.pointed[this.#active].kind !== "thing" && moment.pointed[other].kind === "thing"
      && moment.hands.both[this.#active].owner === "";
    this.#elsewhere = waits ? this.#elsewhere + moment.dt : 0;
    const touches = moment.pointed[other].touched && !moment.pointed[this.#active].touched;
    if (touches || this.#elsewhere > TAKEOVER) this.#use(other);
    const { node, floor } = moment.pointed[this.#active];
    const { hovered } = this.#viewer.aim.selection;
    this.#viewer.aim.hover(node, floor);
    if (node !== hovered && node !== NOTHING) this.#haptics.pulse(this.active, "hover");
  }
}

/** Whether a hand points with its index finger: the next two are curled. */
function points(hand: Hand): boolean {
  const reach = CURLED * fromWrist(hand, INDEX_TIP);
  return fromWrist(hand, MIDDLE_TIP) < reach && fromWrist(hand, RING_TIP) < reach;
}

function fromWrist({ joints }: Hand, joint: number): number {
  let sum = 0;
  for (let k = 12; k < 15; k++) sum += (joints[joint * 16 + k]! - joints[WRIST * 16 + k]!) ** 2;
  return Math.sqrt(sum);
}
