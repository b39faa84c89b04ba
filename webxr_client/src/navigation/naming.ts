/**
 * What somebody in a headset sees named, and where: as between the eyes, upright, of a constant angle.
 *
 * Natively it is the same (`xrserver/navigation/naming.py`); degrees where nothing else is said.
 */
import * as spaces from "../spaces.ts";
import type { Pose, ReadonlyVector, Vector } from "../spaces.ts";

/** Most names at once, and how far apart they are. */
export const MOST = 48;
export const GAP = 0.5;
/** Of an em, for quarters, districts and buildings … */
export const EMS = [1.2, 1.05, 0.9] as const;
/** … and that something must be wide to be named; a name that is there stays down to a smaller part of it. */
export const WIDE_DISTRICT = 4;
export const WIDER_DEEPER = 0.8;
export const WIDE_FILE = 3.6;
export const STAYS = 0.82;
/** From a thing up to its name. */
export const STEM = 0.7;
export const STEM_FILE = 0.3;
/** Of a building's wider side, how far its nearest edge is from its middle, seen over a corner at most. */
export const EDGE = 0.7;
/** From where the head looks; names farther aside are not seen. */
export const ASIDE = 62;
/** Texels in a degree: a Quest 3 shows 25. */
export const TEXELS = 30;
/** Characters of a name, the rest is left out. */
export const LONGEST = 32;
export const FADE_SECONDS = 0.25;
export const CHOICE_SECONDS = 0.1;
const DEGREES = 180 / Math.PI;

/** What may be named. */
export interface Thing {
  /** Where its name is tied to, metres in scene space. */
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** Larger side of the footprint, metres. */
  readonly extent: number;
  readonly district: boolean;
  readonly depth: number;
}

/** Who looks: from where, and the way the head is turned, without its roll. */
export interface Gaze {
  head: ReadonlyVector;
  sinYaw: number;
  cosYaw: number;
  sinPitch: number;
  cosPitch: number;
}

/** How a thing is seen. */
export interface Sight {
  /** Its anchor, right and up of the gaze. */
  x: number;
  elevation: number;
  /** From there up to its name: over the edge of the roof, which hides the middle from below. */
  stem: number;
  /** Districts by size, the outer before the inner; buildings only in what is left. */
  weight: number;
}

export const newGaze = (): Gaze => ({ head: [0, 0, 0], sinYaw: 0, cosYaw: 1, sinPitch: 0, cosPitch: 1 });
export const newSight = (): Sight => ({ x: 0, elevation: 0, stem: 0, weight: 0 });

/** Look along a heading and an inclination, radians. */
export function turn(gaze: Gaze, head: ReadonlyVector, yaw: number, pitch: number): Gaze {
  gaze.head = head;
  gaze.sinYaw = Math.sin(yaw);
  gaze.cosYaw = Math.cos(yaw);
  gaze.sinPitch = Math.sin(pitch);
  gaze.cosPitch = Math.cos(pitch);
  return gaze;
}

/** Which of `EMS` a name has. */
export const rankOf = ({ district, depth }: { district: boolean; depth: number }): 0 | 1 | 2 => (district ? (depth <= 1 ? 0 : 1) : 2);

const point: Vector = [0, 0, 0];

/** How a thing is seen; false where it is too small or too far aside to be named. `there`: its name is seen already. */
export function sight(thing: Thing, there: boolean, pose: Pose, gaze: Gaze, out: Sight): boolean {
  const { head, sinYaw, cosYaw, sinPitch, cosPitch } = gaze;
  const at = spaces.apply(pose, spaces.setVector(point, thing.x, thing.y, thing.z), point);
  spaces.setVector(at, at[0] - head[0], at[1] - head[1], at[2] - head[2]);
  const away = Math.max(Math.sqrt(at[0] * at[0] + at[1] * at[1] + at[2] * at[2]), 1e-9);
  const wide = thing.extent * pose.scale / away * DEGREES;
  const least = thing.district ? WIDE_DISTRICT + WIDER_DEEPER * thing.depth : WIDE_FILE;
  if (wide < (there ? least * STAYS : least)) return false;
  // Right, up and ahead of the gaze, without its roll.
  const across = -at[0] * sinYaw - at[2] * cosYaw;
  const right = at[0] * cosYaw - at[2] * sinYaw;
  const ahead = across * cosPitch + at[1] * sinPitch;
  const up = at[1] * cosPitch - across * sinPitch;
  if (ahead < away * Math.cos(ASIDE / DEGREES)) return false;
  const elevation = Math.asin(Math.min(Math.max(up / away, -1), 1));
  out.x = Math.atan2(right, ahead) * Math.cos(elevation) * DEGREES;
  out.elevation = elevation * DEGREES;
  out.stem = thing.district ? STEM : STEM_FILE + overEdge(at, EDGE * thing.extent * pose.scale);
  out.weight = thing.district ? wide / (1 + 0.6 * thing.depth) : wide * 0.02;
  return true;
}

/** By how much the edge of a roof that is `half` nearer than its middle `at` is higher, seen from below. */
function overEdge(at: ReadonlyVector, half: number): number {
  if (at[1] <= 0) return 0;
  const level = Math.hypot(at[0], at[2]);
  return (Math.atan2(at[1], Math.max(level - half, level * 0.3)) - Math.atan2(at[1], level)) * DEGREES;
}
