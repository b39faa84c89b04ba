/**
 * The model while somebody chooses where it is to stand: it goes along a hand's ray (a head's, where there is no
 * hand), onto the table or floor that the ray meets; a stick turns and sizes it. Where nothing is met it floats.
 */
import type { Hand } from "../input/hands.ts";
import { newSurface, onto, SIZE_LEAST, SIZE_MOST, SIZE_USUAL } from "../navigation/tabletop.ts";
import * as spaces from "../spaces.ts";
import type { Pose, ReadonlyPose, Vector } from "../spaces.ts";
import type { Moment } from "./part.ts";
import { Surfaces } from "./surfaces.ts";

/** Seconds in which the preview follows a ray, or somebody's gaze. */
const SWIFT = 0.05;
const CALM = 0.3;
/** Where it floats while nothing is found: so far ahead of the head and below it; metres. */
const AHEAD = 1.0;
const BELOW = 0.75;
/** With a stick: radians, and growth (natural logarithm), in a second. */
const TURNS = 1.6;
const GROWS = 0.8;

export class Preview {
  /** Where it would stand. */
  readonly target: ReadonlyPose;
  /** Of what is placed: min x, min z, max x, max z; metres of the scene. */
  readonly footprint: [number, number, number, number] = [0, 0, 1, 1];
  /** The hand that it goes along with. */
  hand: Hand | null = null;
  /** Whether a surface is met now. */
  found = false;

  readonly #surfaces = new Surfaces();
  readonly #surface = newSurface();
  readonly #target = spaces.newPose();
  readonly #direction: Vector = [0, 0, 0];
  readonly #angles: [number, number] = [0, 0];
  #viewerSpace: XRReferenceSpace | null = null;
  #shown = false;
  #turned = 0;
  #wish = 0;

  constructor() {
    this.target = this.#target;
  }

  begin(session: XRSession): void {
    this.#surfaces.begin();
    this.#viewerSpace = null;
    this.#wish = 0;
    void session.requestReferenceSpace("viewer").then((space) => this.#viewerSpace = space, () => undefined);
  }

  end(): void {
    this.#surfaces.end();
  }

  /** Choose anew; `stands`: it goes on from where it stands. */
  again(stands: boolean): void {
    this.hand = null;
    this.#turned = 0;
    this.#shown = stands;
  }

  /** Whether this device may find surfaces at all, and whether any has been seen. */
  able(frame: XRFrame): boolean {
    return this.#surfaces.able(frame);
  }

  get seen(): boolean {
    return this.#surfaces.seen;
  }

  /** Follow for a frame: `pose` goes where it would stand. `box` is what is placed, metres of the scene. */
  step(moment: Moment, box: readonly number[], pose: Pose): void {
    const { hands, head, dt } = moment;
    this.footprint[0] = box[0]!;
    this.footprint[1] = box[2]!;
    this.footprint[2] = box[3]!;
    this.footprint[3] = box[5]!;
    this.#choose(hands.both);
    this.found = this.#aim(moment);
    const heading = spaces.yawPitchOf(head.orientation, this.#angles)[0];
    if (!this.found) {
      spaces.setVector(this.#surface.point, head.position[0] - Math.sin(heading) * AHEAD,
        head.position[1] - BELOW, head.position[2] - Math.cos(heading) * AHEAD);
      this.#surface.width = this.#surface.depth = 0;
    }
    if (this.hand !== null) this.#adjust(this.hand, pose.scale, dt);
    onto(this.#surface, this.footprint, heading + this.#turned, this.#wish, this.#target);
    this.#ease(pose, dt, this.found ? SWIFT : CALM);
  }

  /** The hand that was used last. */
  #choose(both: readonly Hand[]): void {
    for (const hand of both) if (hand.tracked && (hand.select.began || hand.squeeze.began || hand.stick[0] !== 0)) this.hand = hand;
    if (this.hand?.tracked === true) return;
    this.hand = null;
    for (const hand of both) if (hand.tracked) this.hand = hand; // the right one, of two
  }

  /** The surface that hand or head points at. */
  #aim({ frame, space, head }: Moment): boolean {
    const hand = this.hand;
    const orientation = hand?.aim.orientation ?? head.orientation;
    const origin = hand?.aim.position ?? head.position;
    const pointer = hand?.source?.targetRaySpace ?? this.#viewerSpace;
    if (pointer === null) return false;
    spaces.rotate(orientation, spaces.setVector(this.#direction, 0, 0, -1), this.#direction);
    return this.#surfaces.find(frame, space, pointer, origin, this.#direction, this.#surface);
  }

  /** A stick turns it and sizes it. */
  #adjust(hand: Hand, scale: number, dt: number): void {
    const [x, y] = hand.stick;
    this.#turned -= x * TURNS * dt;
    if (y === 0) return;
    const longer = Math.max(this.footprint[2] - this.footprint[0], this.footprint[3] - this.footprint[1]);
    const size = this.#wish > 0 ? this.#wish : (scale * longer || SIZE_USUAL);
    this.#wish = Math.min(Math.max(size * Math.exp(-y * GROWS * dt), SIZE_LEAST), SIZE_MOST);
  }

  #ease(pose: Pose, dt: number, seconds: number): void {
    const share = this.#shown ? 1 - Math.exp(-dt / seconds) : 1;
    this.#shown = true;
    const { position, orientation, scale } = this.#target;
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) pose.position[i] += (position[i] - pose.position[i]) * share;
    const turn = pose.orientation;
    const same = turn[0] * orientation[0] + turn[1] * orientation[1] + turn[2] * orientation[2] + turn[3] * orientation[3] < 0 ? -1 : 1;
    for (let i = 0 as 0 | 1 | 2 | 3; i < 4; i++) turn[i] += (same * orientation[i] - turn[i]) * share;
    spaces.unit(turn, turn);
    pose.scale *= (scale / pose.scale) ** share;
  }
}
