/** Where a ray meets boxes and the ground: arrays of numbers in scene space, nothing allocated. */
import type { ReadonlyVector, Vector } from "../spaces.ts";

/** Distance along the unit ray to the ground y = 0, at most `farthest`. */
export function toGround(eye: ReadonlyVector, ray: ReadonlyVector, farthest: number): number {
  return ray[1] < -1e-6 ? Math.min(eye[1] / -ray[1], farthest) : farthest;
}

/** Distance along the unit ray to a box (centre of its base, full extents); −1 where it misses. */
export function toBox(eye: ReadonlyVector, ray: ReadonlyVector, base: ReadonlyVector, size: ReadonlyVector): number {
  let near = 0;
  let far = Infinity;
  for (let i = 0; i < 3; i++) {
    const low = i === 1 ? base[1] : base[i]! - size[i]! / 2;
    const high = low + size[i]!;
    const along = Math.abs(ray[i]!) < 1e-12 ? 1e-12 : ray[i]!;
    const a = (low - eye[i]!) / along;
    const b = (high - eye[i]!) / along;
    near = Math.max(near, Math.min(a, b));
    far = Math.min(far, Math.max(a, b));
  }
  return near <= far ? near : -1;
}

/** The point at a distance along a ray. */
export function along(eye: ReadonlyVector, ray: ReadonlyVector, distance: number, out: Vector): Vector {
  out[0] = eye[0] + ray[0] * distance;
  out[1] = eye[1] + ray[1] * distance;
  out[2] = eye[2] + ray[2] * distance;
  return out;
}
