/**
 * What hands do to `world_from_scene`: pinches that flicker, and one or two hands that hold the scene.
 *
 * Pure functions of (state, what is seen, seconds); the twin is `xrserver/navigation/hands.py`. The
 * horizon stays level: the scene is moved, turned about the vertical and scaled, never tilted.
 * Results are written into `out`, which may be the state itself, so that frames allocate nothing.
 */

import * as spaces from "../spaces.ts";
import { newPose, setVector } from "../spaces.ts";
import type { Pose, ReadonlyPose, ReadonlyVector, Vector } from "../spaces.ts";

/** From here on an analogue press counts as down, and below there as up. */
export const PRESS = 0.6;
export const RELEASE = 0.4;
/** Seconds that fingers have to be closed, or open, before it counts: cameras see them flicker. */
export const CLOSE_SECONDS = 0.05;
export const OPEN_SECONDS = 0.09;
/** Hands nearer to each other than this (metres) neither scale nor turn; one above the other, nor do they turn. */
export const APART_LEAST = 0.05;

export interface Pinch {
  pressed: boolean;
  /** Seconds for which fingers have said otherwise; −1 where they agree. */
  opposed: number;
}

/** Both hands' hold on the scene. */
export interface Grab {
  /** Who held in the frame before: 1 left, 2 right, 3 both. */
  held: number;
  /** The scene's points in the left and the right hand. */
  left: Vector;
  right: Vector;
}

export const newPinch = (): Pinch => ({ pressed: false, opposed: -1 });
export const newGrab = (): Grab => ({ held: 0, left: [0, 0, 0], right: [0, 0, 0] });

/** The pinch after a frame of `seconds` in which fingers are closed by `value`, 0 … 1. */
export function pinched(state: Readonly<Pinch>, value: number, seconds: number, out: Pinch = newPinch()): Pinch {
  const { pressed } = state;
  if (pressed ? value >= RELEASE : value < PRESS) {
    out.pressed = pressed;
    out.opposed = -1;
    return out;
  }
  // When they began to is not known, only that it was since the last frame: counted from here.
  const opposed = state.opposed < 0 ? 0 : state.opposed + seconds;
  const decided = opposed >= (pressed ? OPEN_SECONDS : CLOSE_SECONDS);
  out.pressed = pressed !== decided;
  out.opposed = decided ? -1 : opposed;
  return out;
}

// Room to compute in; nothing here is kept from one call to the next.
const middle: Vector = [0, 0, 0];
const hands: Vector = [0, 0, 0];
const across: Vector = [0, 0, 0];
const reach: Vector = [0, 0, 0];
const moved: Pose = newPose();

/**
 * The pose after a frame in which the hands `held` (1 left, 2 right, 3 both) hold the scene.
 *
 * What was taken hold of stays in the hand; of two hands, in both, as far as moving, scaling and
 * turning about the vertical can. Whoever joins or leaves takes hold anew, so nothing jumps. Where the
 * scale is at its limit, the middle between the hands is what stays. Hands that are not seen are
 * not to be among those that hold: the scene rests until they are.
 *
 * @param left Where the hands are, in the world; each is read only while it holds.
 */
export function grabbed(
  state: Readonly<Grab>, pose: ReadonlyPose, held: number, left: ReadonlyVector, right: ReadonlyVector,
  scaleLeast: number, scaleMost: number, out: Pose, outState: Grab,
): Pose {
  if (held === 0 || held !== state.held) return hold(spaces.copyPose(pose, out), held, left, right, outState);
  spaces.copyPose(pose, moved);
  if (held !== 3) {
    carry(moved, held === 1 ? state.left : state.right, held === 1 ? left : right);
    hold(moved, held, left, right, outState, state);
    return spaces.copyPose(moved, out);
  }
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
    reach[i] = state.right[i] - state.left[i];
    across[i] = right[i] - left[i];
    middle[i] = (state.left[i] + state.right[i]) / 2;
    hands[i] = (left[i] + right[i]) / 2;
  }
  const apart = length(across);
  const span = length(reach);
  const firm = apart >= APART_LEAST && span * moved.scale >= APART_LEAST;
  const level = Math.hypot(across[0], across[2]) >= APART_LEAST
    && Math.hypot(reach[0], reach[2]) * moved.scale >= APART_LEAST;
  if (firm) moved.scale = Math.min(Math.max(apart / span, scaleLeast), scaleMost);
  if (level) {
    spaces.about(UP, Math.atan2(across[0], across[2]) - Math.atan2(reach[0], reach[2]), moved.orientation);
  }
  carry(moved, middle, hands);
  // Hands that say too little keep what they have now: when they say more again, nothing jumps.
  hold(moved, held, left, right, outState, firm && level ? state : undefined);
  return spaces.copyPose(moved, out);
}

const UP: ReadonlyVector = [0, 1, 0];
const length = (v: ReadonlyVector): number => Math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);

/** Move `pose` so that the scene's point `grip` is at the world's point `hand`. */
function carry(pose: Pose, grip: ReadonlyVector, hand: ReadonlyVector): void {
  const away = spaces.rotate(pose.orientation, grip, pose.position);
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) away[i] = hand[i] - away[i] * pose.scale;
}

/** Who holds what under `pose`: as `before`, or what is in the hands now. */
function hold(
  pose: Pose, held: number, left: ReadonlyVector, right: ReadonlyVector, out: Grab, before?: Readonly<Grab>,
): Pose {
  out.held = held;
  if (before !== undefined) {
    setVector(out.left, before.left[0], before.left[1], before.left[2]);
    setVector(out.right, before.right[0], before.right[1], before.right[2]);
    return pose;
  }
  if ((held & 1) !== 0) spaces.applyInverse(pose, left, out.left);
  else setVector(out.left, 0, 0, 0);
  if ((held & 2) !== 0) spaces.applyInverse(pose, right, out.right);
  else setVector(out.right, 0, 0, 0);
  return pose;
}

/** The pose turned by `angle` radians about the vertical through the world's point `centre`. */
export function turnedAbout(pose: ReadonlyPose, centre: ReadonlyVector, angle: number, out: Pose = newPose()): Pose {
  spaces.about(UP, angle, moved.orientation);
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) middle[i] = pose.position[i] - centre[i];
  spaces.rotate(moved.orientation, middle, middle);
  spaces.unit(spaces.multiply(moved.orientation, pose.orientation, out.orientation), out.orientation);
  out.scale = pose.scale;
  return setVector(out.position, middle[0] + centre[0], middle[1] + centre[1], middle[2] + centre[2]), out;
}

/** The pose scaled by `factor` about the world's point `centre`, within the limits. */
export function scaledAbout(
  pose: ReadonlyPose, centre: ReadonlyVector, factor: number, scaleLeast: number, scaleMost: number, out: Pose = newPose(),
): Pose {
  const scale = Math.min(Math.max(pose.scale * factor, scaleLeast), scaleMost);
  const grown = scale / pose.scale;
  spaces.copyPose(pose, out);
  out.scale = scale;
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) out.position[i] = centre[i] + (out.position[i] - centre[i]) * grown;
  return out;
}
