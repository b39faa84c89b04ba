/**
 * Moving: what a viewer's hands do to `world_from_scene`, as pure functions of (state, actions, seconds).
 *
 * The viewer stays where it is in its world and the scene moves. On a desktop the eye stands at
 * `DESKTOP_EYE` and looks along −Z, so `world_from_scene` alone says what is seen; every function
 * here leaves its horizon level. The twin is `xrserver/navigation/locomotion.py`.
 *
 * Results are written into `out`, which may be the state itself, so that frames allocate nothing.
 */

import * as spaces from "../spaces.ts";
import { newPose, setVector } from "../spaces.ts";
import type { Pose, Quaternion, ReadonlyPose, ReadonlyVector, Vector } from "../spaces.ts";
import { approached, between, gazeOf, newGaze, orbited, poseOf, zoomed, type Gaze } from "./gaze.ts";

export * from "./gaze.ts";

/** The eye never comes nearer to the ground than this; metres, scene space. */
export const EYE_LEAST = 1.2;
/** Flying: metres of the scene per second for a metre of height above the ground, and at least. */
export const FLY_PER_HEIGHT = 0.9;
export const FLY_LEAST = 6;
/** Turning: radians per second. */
export const TURN_RATE = 1.6;
/** Seconds in which flying and turning reach their speed, and in which a zoom is mostly done. */
export const FLY_SETTLE = 0.1;
export const ZOOM_SETTLE = 0.07;
/** Seconds of a glide (undo, recentre, teleport), and of rest after which a move is a new one to undo. */
export const GLIDE_SECONDS = 0.35;
export const REST_SECONDS = 0.6;
/** A pointer lower than this (sine of the angle) drags along the ground, a higher one upright. */
export const GRAB_LEVEL = 0.12;
/** Farthest that a drag along the ground reaches, in heights of the eye. */
export const GRAB_REACH = 12;
/** Moves that can be undone. */
export const PAST_MOST = 64;

/** What is asked for in one frame, free of devices. */
export interface Actions {
  /** Right, up, back; −1 … 1 each. Level: up is the scene's. */
  fly: Vector;
  /** −1 … 1, positive to the left. */
  turn: number;
  /** Radians to go around `pivot` this frame: to the left, and down. */
  orbit: [number, number];
  /** Scene space. */
  pivot: Vector;
  /** Natural logarithm of the factor to grow by, about `focus` (scene space). */
  zoom: number;
  focus: Vector;
  /** Direction of the pointer (world, unit) while it holds the scene; null: let go. */
  grab: Vector | null;
  /** Scene point under the pointer when it took hold. */
  grip: Vector;
  /** Scene point to go to, and stop `reach` metres (scene) before. */
  teleport: Vector | null;
  reach: number;
  undo: boolean;
  recentre: boolean;
}

/** Where the scene is, how it moves, and where it was. */
export interface Journey {
  /** `world_from_scene` now, and after recentring. */
  pose: Pose;
  home: Pose;
  /** To undo, newest last. */
  past: Pose[];
  /** Of the eye, right, up, back; metres of the scene per second. */
  velocity: Vector;
  /** Radians per second. */
  spin: number;
  /** What is left to zoom (natural logarithm), about `focus`. */
  zooming: number;
  focus: Vector;
  /** The scene is held at `grip`; it follows along the ground if `level`, else upright. */
  holding: boolean;
  level: boolean;
  grip: Vector;
  /** From, to, `glided` seconds ago, while `gliding`. */
  gliding: boolean;
  from: Pose;
  to: Pose;
  glided: number;
  /** Seconds since the last move by hand. */
  rest: number;
}

export const newActions = (): Actions => ({
  fly: [0, 0, 0],
  turn: 0,
  orbit: [0, 0],
  pivot: [0, 0, 0],
  zoom: 0,
  focus: [0, 0, 0],
  grab: null,
  grip: [0, 0, 0],
  teleport: null,
  reach: 0,
  undo: false,
  recentre: false,
});

export function newJourney(pose: ReadonlyPose = newPose(), home: ReadonlyPose = pose): Journey {
  return {
    pose: spaces.copyPose(pose),
    home: spaces.copyPose(home),
    past: [],
    velocity: [0, 0, 0],
    spin: 0,
    zooming: 0,
    focus: [0, 0, 0],
    holding: false,
    level: true,
    grip: [0, 0, 0],
    gliding: false,
    from: newPose(),
    to: newPose(),
    glided: 0,
    rest: REST_SECONDS,
  };
}

/** Be at `pose`, with these moves to undo, and at rest. */
export function rest(journey: Journey, pose: ReadonlyPose, past: Pose[]): Journey {
  spaces.copyPose(pose, journey.pose);
  journey.past = past;
  setVector(journey.velocity, 0, 0, 0);
  journey.spin = journey.zooming = 0;
  journey.holding = journey.gliding = false;
  journey.rest = REST_SECONDS;
  return journey;
}

function copy(from: Readonly<Journey>, out: Journey): Journey {
  if (from === out) return out;
  spaces.copyPose(from.pose, out.pose);
  spaces.copyPose(from.home, out.home);
  out.past = from.past.slice();
  copyVector(from.velocity, out.velocity);
  out.spin = from.spin;
  out.zooming = from.zooming;
  copyVector(from.focus, out.focus);
  out.holding = from.holding;
  out.level = from.level;
  copyVector(from.grip, out.grip);
  out.gliding = from.gliding;
  spaces.copyPose(from.from, out.from);
  spaces.copyPose(from.to, out.to);
  out.glided = from.glided;
  out.rest = from.rest;
  return out;
}

function copyVector(from: ReadonlyVector, out: Vector): Vector {
  return setVector(out, from[0], from[1], from[2]);
}

// Room to compute in; nothing here is kept from one call to the next.
const turned: Quaternion = [0, 0, 0, 1];
const ray: Vector = [0, 0, 0];
const gazeNow = newGaze();
const gazeTo = newGaze();

/** Moves the gaze so that the grip stays under the pointer. */
function hold(gaze: Gaze, journey: Readonly<Journey>, pointer: ReadonlyVector): void {
  const { eye } = gaze;
  const { grip } = journey;
  spaces.rotate(spaces.yawPitch(gaze.yaw, gaze.pitch, turned), pointer, ray);
  if (journey.level) {
    const reach = (eye[1] - grip[1]) / Math.max(-ray[1], 1 / GRAB_REACH);
    eye[0] = grip[0] - ray[0] * reach;
    eye[2] = grip[2] - ray[2] * reach;
    return;
  }
  // The plane through the grip that faces the heading.
  const aheadX = -Math.sin(gaze.yaw);
  const aheadZ = -Math.cos(gaze.yaw);
  const along = (grip[0] - eye[0]) * aheadX + (grip[2] - eye[2]) * aheadZ;
  const reach = along / Math.max(ray[0] * aheadX + ray[2] * aheadZ, 0.05);
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) eye[i] = grip[i] - ray[i] * reach;
}

function remember(journey: Journey): void {
  journey.past.push(spaces.copyPose(journey.pose));
  if (journey.past.length > PAST_MOST) journey.past.shift();
}

export function glide(journey: Journey, to: ReadonlyPose): void {
  spaces.copyPose(journey.pose, journey.from);
  spaces.copyPose(to, journey.to);
  journey.gliding = true;
  journey.glided = 0;
  setVector(journey.velocity, 0, 0, 0);
  journey.spin = 0;
  journey.zooming = 0;
  journey.holding = false;
}

/** Takes up what is asked for once: undo, recentre, teleport. */
function ask(journey: Journey, actions: Readonly<Actions>): void {
  if (actions.undo && journey.past.length > 0) {
    glide(journey, journey.past.pop()!);
  } else if (actions.recentre) {
    remember(journey);
    glide(journey, journey.home);
  } else if (actions.teleport !== null) {
    remember(journey);
    approached(gazeOf(journey.pose, gazeNow), actions.teleport, actions.reach, gazeNow);
    gazeNow.eye[1] = Math.max(gazeNow.eye[1], EYE_LEAST);
    glide(journey, poseOf(gazeNow));
  }
}

const isZero = (v: ReadonlyVector): boolean => v[0] === 0 && v[1] === 0 && v[2] === 0;

/** The journey after a frame of `seconds` with these actions, on a desktop. */
export function step(
  state: Readonly<Journey>,
  actions: Readonly<Actions>,
  seconds: number,
  out: Journey = newJourney(),
): Journey {
  const journey = copy(state, out);
  ask(journey, actions);
  const orbiting = actions.orbit[0] !== 0 || actions.orbit[1] !== 0;
  const byHand =
    !isZero(actions.fly) || actions.turn !== 0 || orbiting || actions.zoom !== 0 || actions.grab !== null;
  if (byHand) {
    if (journey.rest >= REST_SECONDS) remember(journey);
    journey.gliding = false;
    journey.rest = 0;
  } else if (journey.rest < REST_SECONDS) {
    journey.rest += seconds;
  }

  if (journey.gliding) {
    journey.glided += seconds;
    if (journey.glided >= GLIDE_SECONDS) {
      spaces.copyPose(journey.to, journey.pose);
      journey.gliding = false;
      journey.glided = 0;
      return journey;
    }
    const left = 1 - journey.glided / GLIDE_SECONDS;
    between(gazeOf(journey.from, gazeNow), gazeOf(journey.to, gazeTo), 1 - left * left * left, gazeNow);
    poseOf(gazeNow, journey.pose);
    return journey;
  }

  const still = isZero(journey.velocity) && journey.spin === 0 && journey.zooming === 0;
  if (byHand || !still || journey.holding) move(journey, actions, seconds);
  return journey;
}

function move(journey: Journey, actions: Readonly<Actions>, seconds: number): void {
  const gaze = gazeOf(journey.pose, gazeNow);
  const { velocity } = journey;

  // Speeds follow what is asked for within a moment, and come to rest.
  const speed = Math.max(FLY_PER_HEIGHT * gaze.eye[1], FLY_LEAST);
  const follow = 1 - Math.exp(-seconds / FLY_SETTLE);
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) velocity[i] += (actions.fly[i] * speed - velocity[i]) * follow;
  journey.spin += (actions.turn * TURN_RATE - journey.spin) * follow;
  const pace = Math.sqrt(velocity[0] ** 2 + velocity[1] ** 2 + velocity[2] ** 2);
  if (isZero(actions.fly) && pace < 0.01 * speed) setVector(velocity, 0, 0, 0);
  if (actions.turn === 0 && Math.abs(journey.spin) < 0.01) journey.spin = 0;
  gaze.yaw += journey.spin * seconds;
  spaces.rotate(spaces.yawPitch(gaze.yaw, 0, turned), velocity, ray);
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) gaze.eye[i] += ray[i] * seconds;

  const [left, down] = actions.orbit;
  if (left !== 0 || down !== 0) orbited(gaze, actions.pivot, left, down, gaze);

  if (actions.zoom !== 0) copyVector(actions.focus, journey.focus);
  const zooming = journey.zooming + actions.zoom;
  const part = Math.abs(zooming) < 1e-3 ? zooming : zooming * (1 - Math.exp(-seconds / ZOOM_SETTLE));
  if (part !== 0) zoomed(gaze, journey.focus, Math.exp(part), gaze);
  journey.zooming = zooming - part;

  if (actions.grab !== null) {
    if (!journey.holding) {
      spaces.rotate(spaces.yawPitch(gaze.yaw, gaze.pitch, turned), actions.grab, ray);
      journey.holding = true;
      journey.level = ray[1] <= -GRAB_LEVEL && gaze.eye[1] > actions.grip[1];
      copyVector(actions.grip, journey.grip);
    }
    hold(gaze, journey, actions.grab);
  } else {
    journey.holding = false;
  }

  gaze.eye[1] = Math.max(gaze.eye[1], EYE_LEAST);
  poseOf(gaze, journey.pose);
}
