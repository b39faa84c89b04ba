/** Whether somebody looks at their wrist: turned to the face, or a controller raised into view; and where it is. */
import type { Hand } from "../input/hands.ts";
import * as spaces from "../spaces.ts";
import type { Vector } from "../spaces.ts";
import type { Moment } from "./part.ts";

const cosine = (degrees: number): number => Math.cos(degrees * Math.PI / 180);

/** How far from the face's direction the inside of the wrist may be turned: to come, and to stay. */
const TURNED = [cosine(40), cosine(62)] as const;
/** And how far from where the head looks it may be. */
const SEEN = [cosine(36), cosine(52)] as const;
/** A controller is looked at more closely: it is in view while it is used, too. */
const RAISED = [cosine(20), cosine(34)] as const;
/** Seconds that either takes to be believed. */
const COMES = 0.12;
const GOES = 0.35;
const REACH = 0.75; // metres from the eye
/** Metres from the wrist to the face, so that no hand is in the way; over a controller. */
const BEFORE = 0.06;
const OVER = 0.09;
const SETTLE = 0.05; // seconds in which what is worn follows

export class Raised {
  up = false;
  /** Where what is worn there is, in the room. */
  readonly position: Vector = [0, 0, 0];

  #changing = 0;
  #over = 0;
  readonly #wrist: Vector = [0, 0, 0];
  readonly #gaze: Vector = [0, 0, 0];
  readonly #toHead: Vector = [0, 0, 0];

  lower(): void {
    this.up = false;
    this.#changing = 0;
  }

  /** Follow a hand for a frame; `stays`: it is in use and remains where it is. */
  step(moment: Moment, hand: Hand, stays: boolean): void {
    if (stays) return;
    const wanted = hand.tracked && moment.seen && this.#looked(moment, hand);
    if (wanted === this.up) {
      this.#changing = 0;
    } else {
      this.#changing += moment.dt;
      if (this.#changing >= (wanted ? COMES : GOES)) {
        this.up = wanted;
        this.#changing = 0;
        if (wanted) this.#move(1);
      }
    }
    if (this.up && hand.tracked) this.#move(1 - Math.exp(-moment.dt / SETTLE));
  }

  #looked({ head }: Moment, hand: Hand): boolean {
    const { joints, kind } = hand;
    const which = this.up ? 1 : 0;
    const fingers = kind === "fingers";
    this.#over = fingers ? 0 : OVER; // what is worn by a controller floats over it
    let long = 0;
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
      this.#wrist[i] = fingers ? joints[12 + i]! : hand.grip.position[i];
      this.#toHead[i] = head.position[i] - this.#wrist[i];
      long += this.#toHead[i] * this.#toHead[i];
    }
    long = Math.sqrt(long);
    if (long > REACH || long < 0.1) return false;
    spaces.rotate(head.orientation, spaces.setVector(this.#gaze, 0, 0, -1), this.#gaze);
    let seen = 0;
    let turned = 0;
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
      this.#toHead[i] /= long;
      seen -= this.#gaze[i] * this.#toHead[i];
      turned -= joints[4 + i]! * this.#toHead[i]; // +Y of the wrist is its back
    }
    if (fingers) return turned > TURNED[which] && seen > SEEN[which];
    return seen > RAISED[which] && (this.up || (!hand.select.pressed && !hand.squeeze.pressed));
  }

  /** A share of the way to where it belongs now. */
  #move(share: number): void {
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
      const goal = this.#wrist[i] + this.#toHead[i] * BEFORE + (i === 1 ? this.#over : 0);
      this.position[i] += (goal - this.position[i]) * share;
    }
  }
}
