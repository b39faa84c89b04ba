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

/** Stretches that a curve is taken as, as it is drawn. */
const STRETCHES = 3;

/**
 * Distance along the unit ray to where it passes a cubic Hermite curve (begin, derivative, end, derivative at four
 * indices of an array) nearer than `half`; −1 where it does not.
 */
export function toCurve(eye: ReadonlyVector, ray: ReadonlyVector, floats: Float32Array, a: number, da: number, b: number, db: number,
  half: number): number {
  let best = -1;
  let x0 = floats[a]! - eye[0];
  let y0 = floats[a + 1]! - eye[1];
  let z0 = floats[a + 2]! - eye[2];
  for (let k = 1; k <= STRETCHES; k++) {
    const t = k / STRETCHES;
    const u = 1 - t;
    const p = (1 + 2 * t) * u * u;
    const q = t * u * u;
    const r = t * t * (3 - 2 * t);
    const s = -t * t * u;
    const x1 = floats[a]! * p + floats[da]! * q + floats[b]! * r + floats[db]! * s - eye[0];
    const y1 = floats[a + 1]! * p + floats[da + 1]! * q + floats[b + 1]! * r + floats[db + 1]! * s - eye[1];
    const z1 = floats[a + 2]! * p + floats[da + 2]! * q + floats[b + 2]! * r + floats[db + 2]! * s - eye[2];
    // Across the ray, both ends of the stretch; the nearest point between them to the ray.
    const d0 = x0 * ray[0] + y0 * ray[1] + z0 * ray[2];
    const d1 = x1 * ray[0] + y1 * ray[1] + z1 * ray[2];
    const ax = x0 - d0 * ray[0];
    const ay = y0 - d0 * ray[1];
    const az = z0 - d0 * ray[2];
    const bx = x1 - d1 * ray[0] - ax;
    const by = y1 - d1 * ray[1] - ay;
    const bz = z1 - d1 * ray[2] - az;
    const long = bx * bx + by * by + bz * bz;
    const share = long > 0 ? Math.min(Math.max(-(ax * bx + ay * by + az * bz) / long, 0), 1) : 0;
    const away = Math.hypot(ax + share * bx, ay + share * by, az + share * bz);
    const distance = d0 + share * (d1 - d0);
    if (away <= half && distance > 0 && (best < 0 || distance < best)) best = distance;
    x0 = x1;
    y0 = y1;
    z0 = z1;
  }
  return best;
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
