/** Flying and turning by the sticks of controllers. */
import type { Hand, Hands } from "../input/hands.ts";
import { ABOVE_GROUND, flown, live, newMotion, snapped, spun, type Comfort } from "../navigation/comfort.ts";
import { scaledAbout, turnedAbout } from "../navigation/hands.ts";
import type { Pose } from "../spaces.ts";
import type { Haptics } from "./haptics.ts";
import type { Moment } from "./part.ts";

/** Growing by the stick of the one hand that holds the world: times e a second. */
const GROW_RATE = 1.2;
/** Speeds at which all that is seen counts as moving: metres and radians per second. */
const FAST = 0.5;
const FAST_TURN = 0.6;

/** Which hand does what; null: none. */
export interface Roles {
  flying: Hand | null;
  turning: Hand | null;
}

/** Roles of both hands, or all in one where there is one, or one is wanted. */
export function assign(hands: Hands, comfort: Readonly<Comfort>, out: Roles): Roles {
  const main = comfort.leftHanded ? hands.left : hands.right;
  const other = comfort.leftHanded ? hands.right : hands.left;
  const alone = comfort.oneHanded || other.kind !== "controller" ? main : main.kind !== "controller" ? other : null;
  out.turning = free(alone ?? main);
  out.flying = alone === null ? free(other) : null;
  return out;
}

const free = (hand: Hand): Hand | null => (hand.kind === "controller" && hand.owner === "" ? hand : null);

export class Sticks {
  /** How much of what is seen moves because of them, 0 … 1. */
  moving = 0;
  /** Something is pushed. */
  busy = false;

  readonly #motion = newMotion();
  readonly #haptics: Haptics;

  constructor(haptics: Haptics) {
    this.#haptics = haptics;
  }

  rest(): void {
    this.#motion.velocity.fill(0);
    this.#motion.spin = 0;
    this.#motion.armed = true;
    this.moving = 0;
    this.busy = false;
  }

  /** Turn for a stick that is not aiming; `begin` is called before anything moves that did not. */
  step(moment: Moment, roles: Readonly<Roles>, aiming: boolean, comfort: Readonly<Comfort>, pose: Pose, begin: () => void): void {
    const { head, dt } = moment;
    const { flying, turning } = roles;
    const motion = this.#motion;
    const x = turning === null || aiming ? 0 : turning.stick[0];
    const flyX = flying?.stick[0] ?? 0;
    const flyY = flying?.stick[1] ?? 0;
    const snap = comfort.turn === "snap" ? snapped(motion, x) : 0;
    const turns = comfort.turn === "smooth" && live(x) !== 0;
    this.busy = snap !== 0 || turns || live(flyX) !== 0 || live(flyY) !== 0;
    if (this.busy) begin();

    if (snap !== 0) {
      turnedAbout(pose, head.position, snap * comfort.angle * Math.PI / 180, pose);
      if (turning !== null) this.#haptics.pulse(turning.side, "snap");
    }
    motion.spin = spun(motion.spin, turns ? x : 0, comfort.speed, dt);
    if (motion.spin !== 0) turnedAbout(pose, head.position, -motion.spin * dt, pose);

    const { velocity } = motion;
    const steer = comfort.steer === "hand" && flying !== null ? flying.aim.orientation : head.orientation;
    const height = head.position[1] - pose.position[1];
    flown(velocity, flyX, flyY, steer, height, comfort.speed, comfort.flying, dt, velocity);
    const lowest = Math.max(pose.position[1], head.position[1] - ABOVE_GROUND);
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) pose.position[i] -= velocity[i] * dt;
    pose.position[1] = Math.min(pose.position[1], lowest);
    const pace = Math.hypot(velocity[0], velocity[1], velocity[2]);
    this.moving = Math.min(pace / FAST + Math.abs(motion.spin) / FAST_TURN, 1);
  }
}

/** The world grows and turns about the one hand that holds it, by its own stick. */
export function growByStick(hand: Hand, dt: number, scaleLeast: number, scaleMost: number, pose: Pose): void {
  const turn = live(hand.stick[0]);
  const grow = live(hand.stick[1]);
  if (turn !== 0) turnedAbout(pose, hand.anchor, turn * dt, pose);
  if (grow !== 0) scaledAbout(pose, hand.anchor, Math.exp(-grow * GROW_RATE * dt), scaleLeast, scaleMost, pose);
}
