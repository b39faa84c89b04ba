/**
 * Where the scene stands to somebody who wears a headset: before them on a table, or around them.
 *
 * Pure functions; the twin is `xrserver/navigation/standing.py`. Every pose here is level. `yaw` is the
 * heading of the head, radians: 0 looks along −Z, positive to the left.
 */

import * as spaces from "../spaces.ts";
import { newPose, setVector } from "../spaces.ts";
import { turnedAbout } from "./hands.ts";
import type { Box } from "./locomotion.ts";
import type { Pose, Quaternion, ReadonlyPose, ReadonlyVector, Vector } from "../spaces.ts";

/** How a scene is laid before somebody; metres of the room. */
export interface Table {
  /** Of the scene's longer side. */
  readonly wide: number;
  /** From below the head to the scene's edge. */
  readonly near: number;
  /** From the head down to the scene's ground, and where that may lie above the floor. */
  readonly below: number;
  readonly lowest: number;
  readonly highest: number;
}

export const TABLES = {
  tabletop: { wide: 1, near: 0.45, below: 0.6, lowest: 0.4, highest: 1.1 },
  room: { wide: 4, near: 0.6, below: 1.15, lowest: 0.1, highest: 0.6 },
} as const satisfies Record<string, Table>;

/** A tall scene is made smaller until it rises no more than this part of the table's width. */
export const TALLEST = 0.75;
/** Height of eyes above the ground for those who stand; who sits in life size is lifted to it. */
export const EYES = 1.6;

const UP: ReadonlyVector = [0, 1, 0];
// Room to compute in; nothing here is kept from one call to the next.
const point: Vector = [0, 0, 0];
const there: Vector = [0, 0, 0];
const turn: Quaternion = [0, 0, 0, 1];

/** All of `box` on a table before a head, its front (+Z) towards it. */
export function before(box: Box, head: ReadonlyVector, yaw: number, table: Table, out: Pose = newPose()): Pose {
  const side = Math.max(box[3]! - box[0]!, box[5]! - box[2]!, 1e-6);
  const tall = Math.max(box[4]! - box[1]!, 1e-6);
  const scale = Math.min(table.wide / side, TALLEST * table.wide / tall);
  const ground = Math.min(Math.max(head[1] - table.below, table.lowest), table.highest);
  setVector(point, (box[0]! + box[3]!) / 2, box[1]!, box[5]!);
  setVector(there, head[0] - Math.sin(yaw) * table.near, ground, head[2] - Math.cos(yaw) * table.near);
  return stood(spaces.about(UP, yaw, turn), scale, point, there, out);
}

/** The scene's `place` is below a head, at the height `floor` of the room, and `towards` ahead. */
export function within(
  place: ReadonlyVector, towards: ReadonlyVector, head: ReadonlyVector, yaw: number, floor: number, scale: number,
  out: Pose = newPose(),
): Pose {
  const x = towards[0] - place[0];
  const z = towards[2] - place[2];
  const heading = Math.abs(x) + Math.abs(z) < 1e-9 ? 0 : Math.atan2(-x, -z);
  setVector(there, head[0], floor, head[2]);
  return stood(spaces.about(UP, yaw - heading, turn), scale, place, there, out);
}

/** The pose turned and scaled like this that has the scene's `place` at `at`. */
export function stood(
  orientation: spaces.ReadonlyQuaternion, scale: number, place: ReadonlyVector, at: ReadonlyVector, out: Pose = newPose(),
): Pose {
  spaces.copyQuaternion(orientation, out.orientation);
  spaces.rotate(out.orientation, place, out.position);
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) out.position[i] = at[i] - out.position[i] * scale;
  out.scale = scale;
  return out;
}

/** The pose that is to a head at `to` what `pose` was to one at `from`; heights stay as they are. */
export function carried(
  pose: ReadonlyPose, from: ReadonlyVector, fromYaw: number, to: ReadonlyVector, toYaw: number, out: Pose = newPose(),
): Pose {
  turnedAbout(pose, from, toYaw - fromYaw, out);
  out.position[0] += to[0] - from[0];
  out.position[2] += to[2] - from[2];
  return out;
}

/** The pose `share` (0 … 1) of the way from a to b; the scene's `pivot` goes straight, turns are the shorter way. */
export function glided(
  a: ReadonlyPose, b: ReadonlyPose, share: number, pivot: ReadonlyVector, out: Pose = newPose(),
): Pose {
  spaces.apply(a, pivot, there);
  spaces.apply(b, pivot, point);
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) there[i] += (point[i] - there[i]) * share;
  const scale = a.scale * (b.scale / a.scale) ** share;
  const full = 2 * Math.PI;
  const from = yawOf(a.orientation);
  let by = (yawOf(b.orientation) - from) % full;
  if (by > Math.PI) by -= full;
  else if (by < -Math.PI) by += full;
  return stood(spaces.about(UP, from + by * share, turn), scale, pivot, there, out);
}

const angles: [number, number] = [0, 0];

/** Heading of an orientation, radians; pitch and roll are left out. */
export function yawOf(orientation: spaces.ReadonlyQuaternion): number {
  return spaces.yawPitchOf(orientation, angles)[0];
}
