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

/** Distance from a point to a box (centre of its base, full extents), 0 within it. */
export function toSurface(point: ReadonlyVector, base: ReadonlyVector, size: ReadonlyVector): number {
  const x = Math.max(Math.abs(point[0] - base[0]) - size[0] / 2, 0);
  const y = Math.max(base[1] - point[1], point[1] - base[1] - size[1], 0);
  const z = Math.max(Math.abs(point[2] - base[2]) - size[2] / 2, 0);
  return Math.sqrt(x * x + y * y + z * z);
}

/** Distance from a point to the box (min x y z, max x y z) at an index of an array, 0 within it. */
export function toBounds(boxes: Float32Array, at: number, point: ReadonlyVector): number {
  const x = Math.max(boxes[at]! - point[0], point[0] - boxes[at + 3]!, 0);
  const y = Math.max(boxes[at + 1]! - point[1], point[1] - boxes[at + 4]!, 0);
  const z = Math.max(boxes[at + 2]! - point[2], point[2] - boxes[at + 5]!, 0);
  return Math.sqrt(x * x + y * y + z * z);
}

/** The point at a distance along a ray. */
export function along(eye: ReadonlyVector, ray: ReadonlyVector, distance: number, out: Vector): Vector {
  out[0] = eye[0] + ray[0] * distance;
  out[1] = eye[1] + ray[1] * distance;
  out[2] = eye[2] + ray[2] * distance;
  return out;
}
