/** Where a level eye is in scene space, as a pose of the scene and back: what a desktop's viewer looks from. */
import * as spaces from "../spaces.ts";
import { DESKTOP_EYE, newPose, setVector } from "../spaces.ts";
import type { Pose, Quaternion, ReadonlyPose, ReadonlyVector, Vector } from "../spaces.ts";

/** How far gaze may turn down and up; radians. */
export const PITCH_LEAST = -1.55;
export const PITCH_MOST = 0.6;
export const SCALE_LEAST = 1e-6;
export const SCALE_MOST = 50;
/** Pitch of the overview, and the part of the picture it may fill. */
export const OVERVIEW_PITCH = -0.52;
export const OVERVIEW_FILL = 0.88;
/** Places on the rim of what is round that it looks at. */
const OVERVIEW_RIM = 16;

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

export const newGaze = (): Gaze => ({ eye: [0, 0, 0], yaw: 0, pitch: 0, scale: 1 });

// Room to compute in; nothing here is kept from one call to the next.
const turned: Quaternion = [0, 0, 0, 1];
const other: Quaternion = [0, 0, 0, 1];
const ray: Vector = [0, 0, 0];
const angles: [number, number] = [0, 0];

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

/**
 * The pose that shows the whole of `box`, with heading and scale of `pose`.
 *
 * @param round What is in the box is as round as it can be there, as rivers are: its corners are empty.
 */
export function overview(
  pose: ReadonlyPose,
  box: Box,
  fieldOfView: number,
  aspect: number,
  round = false,
  out: Pose = newPose(),
): Pose {
  const [yaw] = spaces.yawPitchOf(spaces.conjugate(pose.orientation, turned), angles);
  const gaze = spaces.yawPitch(yaw, OVERVIEW_PITCH);
  const back = spaces.conjugate(gaze);
  const centre: Vector = [0.5 * (box[0]! + box[3]!), box[1]!, 0.5 * (box[2]! + box[5]!)];
  const tall = OVERVIEW_FILL * Math.tan(0.5 * fieldOfView);
  const wide = tall * aspect;
  const corners = Array.from({ length: round ? 2 * OVERVIEW_RIM : 8 }, (_, i): Vector => {
    if (!round) return [box[3 * (i & 1)]!, box[1 + 3 * ((i >> 1) & 1)]!, box[2 + 3 * (i >> 2)]!];
    const turn = 2 * Math.PI * (i >> 1) / OVERVIEW_RIM;
    return [centre[0] + 0.5 * (box[3]! - box[0]!) * Math.cos(turn), box[1 + 3 * (i & 1)]!,
      centre[2] + 0.5 * (box[5]! - box[2]!) * Math.sin(turn)];
  });
  const seen = (corner: Vector): Vector =>
    spaces.rotate(back, [corner[0] - centre[0], corner[1] - centre[1], corner[2] - centre[2]]);
  let distance = 0;
  // Each round finds how far to stand, then moves what is seen to the middle of the picture.
  for (let repeat = 0; repeat < 8; repeat++) {
    distance = 0;
    for (const corner of corners) {
      const [x, y, z] = seen(corner);
      distance = Math.max(distance, Math.max(Math.abs(x) / wide, Math.abs(y) / tall) + z);
    }
    let left = Infinity;
    let right = -Infinity;
    let low = Infinity;
    let high = -Infinity;
    for (const corner of corners) {
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
