/** Moving in a headset: where the city stands on entering, and how hands and sticks move it from there. */
import { memberOf, nodeIn } from "../beside.ts";
import { Group } from "three";
import type { Hand } from "../input/hands.ts";
import { vignetted } from "../navigation/comfort.ts";
import { grabbed, newGrab } from "../navigation/hands.ts";
import { PAST_MOST, REST_SECONDS, type Box } from "../navigation/locomotion.ts";
import { before, carried, EYES, TABLES, within, yawOf } from "../navigation/standing.ts";
import { standpoint } from "../scene/standpoint.ts";
import * as spaces from "../spaces.ts";
import type { ReadonlyPose, Vector } from "../spaces.ts";
import type { Viewer } from "../viewer.ts";
import type { World } from "../world.ts";
import { beside } from "./approach.ts";
import type { Haptics } from "./haptics.ts";
import type { Mode, Moment, Part } from "./part.ts";
import { Passage } from "./passage.ts";
import { Settings, type Preset } from "./settings.ts";
import { assign, growByStick, Sticks, type Roles } from "./sticks.ts";
import { Teleport } from "./teleport.ts";
import { Vignette } from "./vignette.ts";

/** A pinch on a thing that goes farther than this (metres) takes hold of the world instead. */
const YIELD = 0.03;
/** The city is never smaller than this (metres of the room), nor larger than so many times life size. */
const SMALLEST = 0.15;
const SCALE_MOST = 4;
/** A hand that holds the world at this speed (metres per second) moves all that is seen. */
const FAST = 0.4;
/** A smaller scale than this is a model of the city. */
const MODEL = 0.5;

export class Locomotion implements Part {
  readonly root = new Group();
  readonly settings = new Settings();
  /** Where the city was put on something real; null while it was not. */
  placed: () => ReadonlyPose | null = () => null;

  readonly #viewer: Viewer;
  readonly #world: World;
  readonly #grab = newGrab();
  readonly #head = { position: [0, EYES, 0] as Vector, yaw: 0 };
  /** Where the city stood to the head when the headset was taken off, by mode; of which generation. */
  readonly #left: Partial<Record<Mode, { pose: spaces.Pose; head: Vector; yaw: number; generation: string }>> = {};
  /** Since the last move by hand, seconds. */
  #rest = REST_SECONDS;
  #mode: Mode = "vr";
  #generation: string | null = null;
  /** The room's origin moved since the last frame. */
  #shifted = false;
  readonly #to = spaces.newPose();
  readonly #passage = new Passage();
  #closed = 0;
  readonly #roles: Roles = { flying: null, turning: null };
  readonly #sticks: Sticks;
  readonly #teleport: Teleport;
  readonly #vignette = new Vignette();
  readonly #before = spaces.newPose();
  readonly #begin = () => this.#begun();

  constructor(viewer: Viewer, world: World, haptics: Haptics) {
    this.#viewer = viewer;
    this.#world = world;
    this.#sticks = new Sticks(haptics);
    this.#teleport = new Teleport(viewer, world, haptics);
    this.root.add(this.#teleport.mesh, this.#vignette.mesh);
    this.root.matrixAutoUpdate = this.root.matrixWorldAutoUpdate = false;
  }

  // --- what menus call -----------------------------------------------------------------------

  /** Let the city stand like this from now on. */
  preset(preset: Preset): void {
    this.settings.preset = preset;
    if (this.#generation === null) return;
    this.#remember();
    // Between a model and life size lies too much to glide through.
    this.#go(this.#stand(preset, this.#to), preset === "life" || this.#isLife);
  }

  /** Bring the city back to where it was put, or before the person as they stand and look now. */
  recentre(): void {
    if (this.#generation === null) return;
    this.#remember();
    const to = this.placed() ?? this.#stand(this.settings.preset, this.#to);
    this.#go(to, to.scale > MODEL || this.#isLife);
  }

  /** Go to a thing, and stand before it in life size. A model on a table stays there. */
  approach(node: number): void {
    if (this.#generation === null || this.#mode !== "vr") return;
    const { journey, rank } = this.#viewer;
    const member = this.#world.beside?.members[memberOf(node)];
    const { look } = member?.world ?? this.#world;
    const { playhead, plot: [x, z] } = member ?? { playhead: this.#viewer.playhead, plot: [0, 0] };
    const found = look.find(nodeIn(node), member === undefined ? rank : playhead.rank);
    if (found === undefined) return;
    const base: Vector = [0, 0, 0];
    const size: Vector = [0, 0, 0];
    look.box(found, base, size);
    const { position, yaw } = this.#head;
    const eye = spaces.applyInverse(journey.pose, position, [0, 0, 0]);
    const place = beside(look, playhead, nodeIn(node), base, size, [eye[0] - x, eye[1], eye[2] - z], [0, 0, 0]);
    for (const point of [place, base]) [point[0], point[2]] = [point[0] + x, point[2] + z];
    this.#remember();
    this.#go(within(place, base, position, yaw, this.#floor, 1, this.#to), true);
  }

  /** Take the last move back. */
  undo(): void {
    const { pose: now, past } = this.#viewer.journey;
    let pose = this.#generation === null ? undefined : past.pop();
    while (pose !== undefined && same(pose, now)) pose = past.pop(); // taken hold of, and not moved
    if (pose !== undefined) this.#go(pose, this.#isLife || pose.scale > MODEL);
  }

  /** Whether a hand aims to go somewhere: it points at nothing else meanwhile. */
  aims(hand: Hand): boolean {
    return this.#teleport.aiming === hand;
  }

  /** How far the view is narrowed, 0 … 1. */
  get narrowed(): number {
    return this.#closed;
  }

  get #isLife(): boolean {
    return this.#viewer.journey.pose.scale > MODEL;
  }

  // --- a session -----------------------------------------------------------------------------

  begin(_session: XRSession, mode: Mode): void {
    this.#mode = mode;
    this.#generation = null;
    this.#shifted = false;
    this.#passage.stop();
    this.#grab.held = 0;
    this.#rest = REST_SECONDS;
    this.#closed = 0;
    this.#sticks.rest();
    this.#teleport.rest();
    this.#vignette.show(0, 0, 0);
  }

  end(): void {
    if (this.#generation === null) return;
    const { position, yaw } = this.#head;
    this.#left[this.#mode] = {
      pose: spaces.copyPose(this.#viewer.journey.pose), head: [...position], yaw, generation: this.#generation,
    };
    this.#generation = null;
  }

  step(moment: Moment): void {
    const { head } = moment;
    if (!moment.seen) {
      this.#grab.held = 0; // nothing moves in the dark; who holds on takes hold anew
      this.#sticks.rest();
      this.#teleport.rest();
      return;
    }
    const yaw = yawOf(head.orientation);
    if (this.#shifted) this.#shift(head.position, yaw);
    spaces.setVector(this.#head.position, head.position[0], head.position[1], head.position[2]);
    this.#head.yaw = yaw;
    this.#enter();
    this.#passage.step(moment.dt, this.#viewer.journey.pose);
    spaces.copyPose(this.#viewer.journey.pose, this.#before);
    const holding = this.#hold(moment);
    if (this.#mode === "vr") {
      this.#travel(moment);
      this.#shade(moment.dt, holding);
    }
  }

  /** The room has another origin: what the person has before or around them, they have again. */
  reset(): void {
    this.#shifted = this.#generation !== null && this.#mode === "vr";
  }

  /** Headsets move the origin when somebody asks for the middle to be where they are. */
  #shift(position: Vector, yaw: number): void {
    const { pose } = this.#viewer.journey;
    this.#shifted = false;
    this.#passage.stop();
    this.#grab.held = 0;
    // A model comes before them as large as it was; in life size nothing they see moves.
    if (this.#isLife) carried(pose, this.#head.position, this.#head.yaw, position, yaw, pose);
    else before(this.#box, position, yaw, { ...TABLES[this.settings.preset === "room" ? "room" : "tabletop"], wide: this.#wide }, pose);
  }

  /** Of the city's longer side, metres of the room. */
  get #wide(): number {
    const box = this.#box;
    return Math.max(box[3]! - box[0]!, box[5]! - box[2]!) * this.#viewer.journey.pose.scale;
  }

  /** The first frame of a session, or of another city: let it stand somewhere. */
  #enter(): void {
    const generation = this.#world.shown?.scene.generation;
    if (generation === undefined || generation === this.#generation) return;
    const { pose, past } = this.#viewer.journey;
    const left = this.#left[this.#mode];
    const again = this.#generation === null && left?.generation === generation;
    this.#generation = generation;
    past.length = 0;
    this.#passage.stop();
    if (this.#mode === "ar" && !same(pose, this.#viewer.seat)) return; // it was placed on something real
    if (again) carried(left.pose, left.head, left.yaw, this.#head.position, this.#head.yaw, pose);
    else this.#stand(this.#mode === "ar" ? "tabletop" : this.settings.preset, pose);
  }

  // --- where it stands -----------------------------------------------------------------------

  get #box(): Box {
    return this.#world.box;
  }

  #stand(preset: Preset, out: spaces.Pose): spaces.Pose {
    const { position, yaw } = this.#head;
    const box = this.#box;
    if (preset !== "life") return before(box, position, yaw, TABLES[preset], out);
    // Where there is a river only, on it at the playhead: its coil lies within.
    const { x, y, z } = this.#viewer.city.uniforms.gatePlace.value;
    const place = standpoint(this.#world.look, this.#viewer.rank, box) ?? [x, y, z];
    const middle: Vector = [(box[0]! + box[3]!) / 2, 0, (box[2]! + box[5]!) / 2];
    return within(place, middle, position, yaw, this.#floor, 1, out);
  }

  /** Where feet are in life size; who sits is lifted to the height of those who stand. */
  get #floor(): number {
    return this.settings.comfort.posture === "seated" ? this.#head.position[1] - EYES : 0;
  }

  /** Go there: in a glide, or in the blink of an eye. */
  #go(to: ReadonlyPose, far: boolean): void {
    const blinks = far || this.settings.comfort.reducedMotion || this.#viewer.calm;
    this.#passage.begin(this.#viewer.journey.pose, to, blinks);
    this.#rest = REST_SECONDS;
  }

  #remember(): void {
    const { pose, past } = this.#viewer.journey;
    past.push(spaces.copyPose(pose));
    if (past.length > PAST_MOST) past.shift();
  }

  // --- hands ---------------------------------------------------------------------------------

  /** A move by hand or stick begins, or goes on. */
  #begun(): void {
    if (this.#rest >= REST_SECONDS) this.#remember();
    this.#rest = 0;
    this.#passage.halt();
  }

  /** Let hands move the world; whether any holds it. */
  #hold(moment: Moment): boolean {
    const { left, right } = moment.hands;
    const holds = (this.#takes(left) ? 1 : 0) | (this.#takes(right) ? 2 : 0);
    const seen = (left.tracked ? 1 : 0) | (right.tracked ? 2 : 0);
    if (this.#rest < REST_SECONDS) this.#rest += moment.dt;
    if (holds !== 0) this.#begun();
    if (this.#passage.leaving) {
      this.#grab.held = 0; // what is taken hold of now is about to go
      return false;
    }
    const { pose } = this.#viewer.journey;
    const box = this.#box;
    const least = SMALLEST / Math.max(box[3]! - box[0]!, box[5]! - box[2]!);
    grabbed(this.#grab, pose, holds & seen, left.anchor, right.anchor, least, SCALE_MOST, pose, this.#grab);
    if (holds === 1 || holds === 2) growByStick(holds === 1 ? left : right, moment.dt, least, SCALE_MOST, pose);
    return holds !== 0;
  }

  /** Whether a hand holds the world. */
  #takes(hand: Hand): boolean {
    const { select, squeeze } = hand;
    const fingers = hand.kind !== "controller"; // eyes aim for a pinch, too
    if (hand.owner === "" && (squeeze.began || (fingers && select.began))) hand.owner = "world";
    else if (hand.owner === "thing" && fingers && select.pressed && hand.travel > YIELD) hand.owner = "world";
    return hand.owner === "world" && (squeeze.pressed || (fingers && select.pressed));
  }

  // --- sticks --------------------------------------------------------------------------------

  #travel(moment: Moment): void {
    const { comfort } = this.settings;
    const { pose } = this.#viewer.journey;
    const roles = assign(moment.hands, comfort, this.#roles);
    if (this.#teleport.step(moment, roles.turning, this.#box, this.#floor)) {
      this.#remember();
      this.#go(this.#teleport.to, true);
    }
    if (!this.#passage.blinking) this.#sticks.step(moment, roles, this.#teleport.aiming !== null, comfort, pose, this.#begin);
    else this.#sticks.rest();
  }

  /** Narrow the view while it moves by itself, and darken it in a blink. */
  #shade(dt: number, holding: boolean): void {
    const { vignette } = this.settings.comfort;
    let { moving } = this.#sticks;
    if (holding && vignette === "high" && dt > 0) {
      const { position } = this.#viewer.journey.pose;
      const was = this.#before.position;
      const pace = Math.hypot(position[0] - was[0], position[1] - was[1], position[2] - was[2]) / dt;
      moving = Math.max(moving, Math.min(pace / FAST, 1));
    }
    this.#closed = vignetted(this.#closed, moving, vignette, dt);
    this.#vignette.show(this.#closed, this.#passage.dark, this.#viewer.city.uniforms.daylight.value);
  }
}

function same(a: ReadonlyPose, b: ReadonlyPose | null): boolean {
  return b !== null && a.scale === b.scale && a.position.every((each, i) => each === b.position[i])
    && a.orientation.every((each, i) => each === b.orientation[i]);
}
