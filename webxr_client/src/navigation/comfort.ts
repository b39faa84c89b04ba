/**
 * Moving without getting sick: how somebody in a headset turns and flies, and what is dimmed meanwhile.
 *
 * Pure functions of (state, sticks, seconds); the twin is `xrserver/navigation/comfort.py`. Results are
 * written into `out`, which may be the state itself, so that frames allocate nothing.
 */

import * as spaces from "../spaces.ts";
import { setVector } from "../spaces.ts";
import type { Quaternion, ReadonlyVector, Vector } from "../spaces.ts";

/** What somebody can bear, and how they hold their hands. */
export interface Comfort {
  turn: "snap" | "smooth";
  /** Of a snap turn, degrees. */
  angle: number;
  vignette: "off" | "low" | "high";
  /** Times the usual speed of flying and of smooth turning. */
  speed: number;
  /** Flying follows the gaze up and down; else it stays level. */
  flying: boolean;
  /** Where the left stick leads: to where the head looks, or the hand points. */
  steer: "head" | "hand";
  posture: "standing" | "seated";
  leftHanded: boolean;
  oneHanded: boolean;
  /** Glides become blinks. */
  reducedMotion: boolean;
}

const HANDS = { posture: "standing", leftHanded: false, oneHanded: false } as const;

/** What one can start from. */
export const COMFORTS = {
  gentle: { ...HANDS, turn: "snap", angle: 30, vignette: "high", speed: 0.6, flying: false, steer: "head", reducedMotion: true },
  normal: { ...HANDS, turn: "snap", angle: 30, vignette: "low", speed: 1, flying: false, steer: "head", reducedMotion: false },
  free: { ...HANDS, turn: "smooth", angle: 45, vignette: "off", speed: 1.6, flying: true, steer: "hand", reducedMotion: false },
} as const satisfies Record<string, Comfort>;
export type ComfortName = keyof typeof COMFORTS;

/** A stick counts as pushed from here on, and as let go below there. */
export const PUSHED = 0.7;
export const LET_GO = 0.45;
/** What a resting thumb does is nothing. */
export const DEAD = 0.15;
/** Flying: metres of the room per second for a metre that the eyes are above the ground, at least and at most. */
export const FLY_PER_HEIGHT = 0.9;
export const FLY_LEAST = 0.4;
export const FLY_MOST = 60;
/** Smooth turning: radians per second. */
export const TURN_RATE = 1.6;
/** Seconds in which both reach their speed. */
export const SETTLE = 0.12;
/** The eyes stay so far above the ground when flying; metres of the room. */
export const ABOVE_GROUND = 0.1;
/** Seconds in which the vignette closes and opens. */
export const VIGNETTE_SETTLE = 0.12;

/** A teleport is thrown from the hand: metres (of the room) per second, and per second². */
export const THROW = 15;
export const GRAVITY = 9.81;

/** Movement by sticks. */
export interface Motion {
  /** Of the head, metres of the room per second. */
  velocity: Vector;
  /** Radians per second, positive to the left. */
  spin: number;
  /** The turning stick was let go since it was pushed last. */
  armed: boolean;
  /** 0 … 1: how far the vignette is closed. */
  vignette: number;
}

export const newMotion = (): Motion => ({ velocity: [0, 0, 0], spin: 0, armed: true, vignette: 0 });

/** −1, 0 or 1: a snap turn that is asked for in this frame; 1 is to the right. Writes `motion.armed`. */
export function snapped(motion: Motion, x: number): number {
  const pushed = Math.abs(x);
  if (pushed < LET_GO) motion.armed = true;
  if (!motion.armed || pushed < PUSHED) return 0;
  motion.armed = false;
  return Math.sign(x);
}

/** A stick's axis without what a resting thumb does; −1 … 1. */
export function live(value: number): number {
  const over = Math.abs(value) - DEAD;
  return over <= 0 ? 0 : Math.sign(value) * Math.min(over / (1 - DEAD), 1);
}

const way: Vector = [0, 0, 0];
const gaze: Quaternion = [0, 0, 0, 1];
const angles: [number, number] = [0, 0];

/**
 * The velocity after a frame in which a stick is pushed right by `x` and back by `y`.
 *
 * @param steer Where ahead is; its pitch counts only when `flying`.
 * @param height Of the eyes above the scene's ground, metres of the room.
 * @param speed Times the usual.
 */
export function flown(
  velocity: ReadonlyVector, x: number, y: number, steer: spaces.ReadonlyQuaternion, height: number, speed: number,
  flying: boolean, seconds: number, out: Vector = [0, 0, 0],
): Vector {
  const most = speed * Math.min(Math.max(FLY_PER_HEIGHT * height, FLY_LEAST), FLY_MOST);
  const [yaw, pitch] = spaces.yawPitchOf(steer, angles);
  spaces.yawPitch(yaw, flying ? pitch : 0, gaze);
  spaces.rotate(gaze, setVector(way, live(x) * most, 0, live(y) * most), way);
  const follow = 1 - Math.exp(-seconds / SETTLE);
  let pace = 0;
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
    out[i] = velocity[i] + (way[i] - velocity[i]) * follow;
    pace += out[i] ** 2;
  }
  const wanted = live(x) !== 0 || live(y) !== 0;
  return !wanted && pace < (0.02 * most) ** 2 ? setVector(out, 0, 0, 0) : out;
}

/** Radians per second after a frame in which a stick is pushed right by `x`; positive turns to the left. */
export function spun(spin: number, x: number, speed: number, seconds: number): number {
  const wanted = -live(x) * TURN_RATE * speed;
  const next = spin + (wanted - spin) * (1 - Math.exp(-seconds / SETTLE));
  return wanted === 0 && Math.abs(next) < 0.02 ? 0 : next;
}

/** How far the vignette is closed after a frame, 0 … 1; `moving` is how much of what is seen moves by itself, 0 … 1. */
export function vignetted(closed: number, moving: number, setting: Comfort["vignette"], seconds: number): number {
  const most = setting === "off" ? 0 : setting === "low" ? 0.6 : 1;
  const wanted = most * Math.min(Math.max(moving, 0), 1);
  const next = closed + (wanted - closed) * (1 - Math.exp(-seconds / VIGNETTE_SETTLE));
  return Math.abs(next - wanted) < 0.005 ? wanted : next;
}

/** Where what is thrown along the unit `ray` is after so many seconds. */
export function thrown(from: ReadonlyVector, ray: ReadonlyVector, seconds: number, out: Vector = [0, 0, 0]): Vector {
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) out[i] = from[i] + ray[i] * THROW * seconds;
  out[1] -= 0.5 * GRAVITY * seconds * seconds;
  return out;
}
