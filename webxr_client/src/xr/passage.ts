/** From one place to another: in a glide that the eye can follow, or in the blink of an eye. */
import { GLIDE_SECONDS } from "../navigation/locomotion.ts";
import { glided } from "../navigation/standing.ts";
import * as spaces from "../spaces.ts";
import type { Pose, ReadonlyPose, Vector } from "../spaces.ts";

/** A blink: seconds until it is dark, and until it is light again. */
const SHUT = 0.11;
const OPEN = 0.17;
/** What goes straight in a glide: the middle of the city. */
const MIDDLE: Vector = [0, 0, 0];

export class Passage {
  readonly #from = spaces.newPose();
  readonly #to = spaces.newPose();
  /** Seconds into a glide, or a blink; −1 while there is none. */
  #glided = -1;
  #blinked = -1;

  /** In the dark: nothing can be held, and nothing be seen to move. */
  get blinking(): boolean {
    return this.#blinked >= 0;
  }

  /** It is about to be elsewhere. */
  get leaving(): boolean {
    return this.#blinked >= 0 && this.#blinked < SHUT;
  }

  /** How dark it is, 0 … 1. */
  get dark(): number {
    const at = this.#blinked;
    return at < 0 ? 0 : at < SHUT ? at / SHUT : 1 - (at - SHUT) / OPEN;
  }

  begin(from: ReadonlyPose, to: ReadonlyPose, blinks: boolean): void {
    spaces.copyPose(from, this.#from);
    spaces.copyPose(to, this.#to);
    this.#glided = blinks ? -1 : 0;
    if (blinks) this.#blinked = 0;
  }

  /** A hand takes over from a glide. */
  halt(): void {
    this.#glided = -1;
  }

  stop(): void {
    this.#glided = this.#blinked = -1;
  }

  step(dt: number, pose: Pose): void {
    if (this.#blinked >= 0) {
      const before = this.#blinked;
      this.#blinked += dt;
      if (before < SHUT && this.#blinked >= SHUT) spaces.copyPose(this.#to, pose);
      if (this.#blinked >= SHUT + OPEN) this.#blinked = -1;
    }
    if (this.#glided < 0) return;
    this.#glided += dt;
    if (this.#glided >= GLIDE_SECONDS) {
      this.#glided = -1;
      spaces.copyPose(this.#to, pose);
      return;
    }
    const left = 1 - this.#glided / GLIDE_SECONDS;
    glided(this.#from, this.#to, 1 - left * left * left, MIDDLE, pose);
  }
}
