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
import { DESKTOP_EYE, newPose, setVector } from "../spaces.ts";
import type { Pose, Quaternion, ReadonlyPose, ReadonlyVector, Vector } from "../spaces.ts";

/** The eye never comes nearer to the ground than this; metres, scene space. */
export const EYE_LEAST = 1.2;
/** How far gaze may turn down and up; radians. */
export const PITCH_LEAST = -1.55;
export const PITCH_MOST = 0.6;
export const SCALE_LEAST = 1e-6;
export const SCALE_MOST = 50;
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
/** Pitch of the overview, and the part of the picture it may fill. */
export const OVERVIEW_PITCH = -0.52;
export const OVERVIEW_FILL = 0.88;

/** min x, min y, min z, max x, max y, max z; metres, scene space. */
export type Box = readonly number[];

/** A level eye in scene space: what a pose comes to on a desktop. */
export interface Gaze {
  /** Metres, scene space. */
  eye: Vector;
  /** Radians; 0 looks along −Z, positive to the left and up. */
  yaw: number;
  pitch: number;
  scale: number;
}

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

export const newGaze = (): Gaze => ({ eye: [0, 0, 0], yaw: 0, pitch: 0, scale: 1 });

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
const other: Quaternion = [0, 0, 0, 1];
const ray: Vector = [0, 0, 0];
const angles: [number, number] = [0, 0];
const gazeNow = newGaze();
const gazeTo = newGaze();

/** What a desktop's eye sees under `pose`, without roll. */
export function gazeOf(pose: ReadonlyPose, out: Gaze = newGaze()): Gaze {
  spaces.yawPitchOf(spaces.conjugate(pose.orientation, turned), angles);
  spaces.applyInverse(pose, DESKTOP_EYE, out.eye);
  out.yaw = angles[0];
  out.pitch = angles[1];
  out.scale = pose.scale;
  return out;
}

/** The pose under which a desktop's eye sees `gaze`. */
export function poseOf(gaze: Readonly<Gaze>, out: Pose = newPose()): Pose {
  spaces.conjugate(spaces.yawPitch(gaze.yaw, gaze.pitch, turned), out.orientation);
  const away = spaces.rotate(out.orientation, gaze.eye, out.position);
  out.scale = gaze.scale;
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) away[i] = DESKTOP_EYE[i] - away[i] * gaze.scale;
  return out;
}

/** The pose that shows the whole of `box`, with heading and scale of `pose`. */
export function overview(
  pose: ReadonlyPose,
  box: Box,
  fieldOfView: number,
  aspect: number,
  out: Pose = newPose(),
): Pose {
  const [yaw] = spaces.yawPitchOf(spaces.conjugate(pose.orientation, turned), angles);
  const gaze = spaces.yawPitch(yaw, OVERVIEW_PITCH);
  const back = spaces.conjugate(gaze);
  const centre: Vector = [0.5 * (box[0]! + box[3]!), box[1]!, 0.5 * (box[2]! + box[5]!)];
  const tall = OVERVIEW_FILL * Math.tan(0.5 * fieldOfView);
  const wide = tall * aspect;
  const seen = (corner: number): Vector =>
    spaces.rotate(back, [
      box[3 * (corner & 1)]! - centre[0],
      box[1 + 3 * ((corner >> 1) & 1)]! - centre[1],
      box[2 + 3 * (corner >> 2)]! - centre[2],
    ]);
  let distance = 0;
  // Each round finds how far to stand, then moves what is seen to the middle of the picture.
  for (let round = 0; round < 8; round++) {
    distance = 0;
    for (let corner = 0; corner < 8; corner++) {
      const [x, y, z] = seen(corner);
      distance = Math.max(distance, Math.max(Math.abs(x) / wide, Math.abs(y) / tall) + z);
    }
    let left = Infinity;
    let right = -Infinity;
    let low = Infinity;
    let high = -Infinity;
    for (let corner = 0; corner < 8; corner++) {
      const [x, y, z] = seen(corner);
      left = Math.min(left, x / (distance - z));
      right = Math.max(right, x / (distance - z));
      low = Math.min(low, y / (distance - z));
      high = Math.max(high, y / (distance - z));
    }
    const shift = spaces.rotate(gaze, [0.5 * (left + right) * distance, 0.5 * (low + high) * distance, 0]);
    setVector(centre, centre[0] + shift[0], centre[1] + shift[1], centre[2] + shift[2]);
  }
  const away = spaces.rotate(gaze, [0, 0, distance]);
  const eye: Vector = [centre[0] + away[0], centre[1] + away[1], centre[2] + away[2]];
  return poseOf({ eye, yaw, pitch: OVERVIEW_PITCH, scale: pose.scale }, out);
}

/** Near and far plane, metres of the world, that hold all of `box` seen from `eye`. */
export function depthRange(
  pose: ReadonlyPose,
  box: Box,
  eye: ReadonlyVector = DESKTOP_EYE,
  out: [number, number] = [0, 0],
): [number, number] {
  const at = spaces.applyInverse(pose, eye, ray);
  let far = 0;
  let outside = 0;
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
    const low = box[i]!;
    const high = box[i + 3]!;
    far += Math.max(Math.abs(at[i] - low), Math.abs(at[i] - high)) ** 2;
    outside += Math.max(low - at[i], 0, at[i] - high) ** 2;
  }
  far = Math.sqrt(far);
  out[0] = Math.max(0.5 * Math.sqrt(outside), far * 2e-4) * pose.scale;
  out[1] = far * 1.01 * pose.scale;
  return out;
}

/** The pose moved so that the scene's point `grip` is at the world's point `hand`. */
export function drag(pose: ReadonlyPose, grip: ReadonlyVector, hand: ReadonlyVector, out: Pose = newPose()): Pose {
  spaces.copyPose(pose, out);
  const away = spaces.rotate(pose.orientation, grip, ray);
  const { scale } = pose;
  setVector(out.position, hand[0] - away[0] * scale, hand[1] - away[1] * scale, hand[2] - away[2] * scale);
  return out;
}

/** The gaze after going around `pivot`; the picture turns about it. */
export function orbited(
  gaze: Readonly<Gaze>,
  pivot: ReadonlyVector,
  left: number,
  down: number,
  out: Gaze = newGaze(),
): Gaze {
  const { scale, yaw } = gaze;
  const pitch = Math.min(Math.max(gaze.pitch + down, PITCH_LEAST), PITCH_MOST);
  // About the vertical through the pivot, then about the level axis to the right.
  spaces.conjugate(spaces.yawPitch(yaw, gaze.pitch, turned), turned);
  spaces.yawPitch(yaw + left, pitch, other);
  setVector(ray, gaze.eye[0] - pivot[0], gaze.eye[1] - pivot[1], gaze.eye[2] - pivot[2]);
  spaces.rotate(other, spaces.rotate(turned, ray, ray), ray);
  setVector(out.eye, pivot[0] + ray[0], pivot[1] + ray[1], pivot[2] + ray[2]);
  out.yaw = yaw + left;
  out.pitch = pitch;
  out.scale = scale;
  return out;
}

/** The gaze after the world grew by `factor` about the scene's point `focus`. */
export function zoomed(gaze: Readonly<Gaze>, focus: ReadonlyVector, factor: number, out: Gaze = newGaze()): Gaze {
  const scale = Math.min(Math.max(gaze.scale * factor, SCALE_LEAST), SCALE_MOST);
  const shrink = gaze.scale / scale;
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) out.eye[i] = focus[i] + (gaze.eye[i] - focus[i]) * shrink;
  out.yaw = gaze.yaw;
  out.pitch = gaze.pitch;
  out.scale = scale;
  return out;
}

/** The gaze that stands `reach` metres before `target` and looks at it. */
export function approached(
  gaze: Readonly<Gaze>,
  target: ReadonlyVector,
  reach: number,
  out: Gaze = newGaze(),
): Gaze {
  const { yaw, scale } = gaze;
  const pitch = Math.min(Math.max(gaze.pitch, -0.6), -0.2);
  const back = spaces.rotate(spaces.yawPitch(yaw, pitch, turned), setVector(ray, 0, 0, reach), ray);
  setVector(out.eye, target[0] + back[0], target[1] + back[1], target[2] + back[2]);
  out.yaw = yaw;
  out.pitch = pitch;
  out.scale = scale;
  return out;
}

/** The gaze `share` (0 … 1) of the way from a to b, turning the shorter way. */
export function between(a: Readonly<Gaze>, b: Readonly<Gaze>, share: number, out: Gaze = newGaze()): Gaze {
  const full = 2 * Math.PI;
  let turn = (b.yaw - a.yaw) % full;
  if (turn > Math.PI) turn -= full;
  else if (turn < -Math.PI) turn += full;
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) out.eye[i] = a.eye[i] + (b.eye[i] - a.eye[i]) * share;
  out.yaw = a.yaw + turn * share;
  out.pitch = a.pitch + (b.pitch - a.pitch) * share;
  out.scale = a.scale * (b.scale / a.scale) ** share;
  return out;
}

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

function glide(journey: Journey, to: ReadonlyPose): void {
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
