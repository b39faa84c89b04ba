/**
 * Poses, quaternions and projections: where things are, as pure functions of arrays of numbers.
 *
 * Right-handed, +X right, +Y up, −Z forward; quaternions are `xyzw`; matrices act on column vectors
 * and are 16 numbers, column after column. `a_from_b` turns what is said in b into what is said
 * in a. The twin is `xrserver/spaces.py`. Every result can be written into an array that is given
 * (`out`, which may be one of the arguments), so that frames allocate nothing.
 */

export type Vector = [number, number, number];
export type Quaternion = [number, number, number, number];

/** What is only read may be any row of numbers: a message's, a typed array's. */
export type ReadonlyVector = readonly [number, number, number];
export type ReadonlyQuaternion = readonly [number, number, number, number];

/** Where a desktop viewer's eye is in its world, looking along −Z: there it is the scene that moves. */
export const DESKTOP_EYE: ReadonlyVector = [0, 1.6, 0];

/** Vertical field of view of a desktop viewer, radians. */
export const DESKTOP_FIELD_OF_VIEW = 0.8;

/** `a_from_b`: a point of b is scaled, turned, then moved. */
export interface Pose {
  /** Where b's origin is in a; metres of a. */
  position: Vector;
  orientation: Quaternion;
  /** Metres of a in a metre of b. */
  scale: number;
}

export interface ReadonlyPose {
  readonly position: ReadonlyVector;
  readonly orientation: ReadonlyQuaternion;
  readonly scale: number;
}

export const newPose = (): Pose => ({ position: [0, 0, 0], orientation: [0, 0, 0, 1], scale: 1 });

export function setVector(out: Vector, x: number, y: number, z: number): Vector {
  out[0] = x;
  out[1] = y;
  out[2] = z;
  return out;
}

export function setQuaternion(out: Quaternion, x: number, y: number, z: number, w: number): Quaternion {
  out[0] = x;
  out[1] = y;
  out[2] = z;
  out[3] = w;
  return out;
}

export function copyQuaternion(q: ReadonlyQuaternion, out: Quaternion): Quaternion {
  return setQuaternion(out, q[0], q[1], q[2], q[3]);
}

export function copyPose(pose: ReadonlyPose, out: Pose = newPose()): Pose {
  const { position: p, orientation: q } = pose;
  setVector(out.position, p[0], p[1], p[2]);
  setQuaternion(out.orientation, q[0], q[1], q[2], q[3]);
  out.scale = pose.scale;
  return out;
}

/** The turn that turns by `b`, then by `a`. */
export function multiply(a: ReadonlyQuaternion, b: ReadonlyQuaternion, out: Quaternion = [0, 0, 0, 1]): Quaternion {
  const [ax, ay, az, aw] = a;
  const [bx, by, bz, bw] = b;
  return setQuaternion(
    out,
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  );
}

/** The opposite turn of a unit quaternion. */
export function conjugate(q: ReadonlyQuaternion, out: Quaternion = [0, 0, 0, 1]): Quaternion {
  return setQuaternion(out, -q[0], -q[1], -q[2], q[3]);
}

/** `q` with length 1; the identity where it has none. */
export function unit(q: ReadonlyQuaternion, out: Quaternion = [0, 0, 0, 1]): Quaternion {
  const [x, y, z, w] = q;
  const norm = Math.sqrt(x * x + y * y + z * z + w * w);
  return norm < 1e-12
    ? setQuaternion(out, 0, 0, 0, 1)
    : setQuaternion(out, x / norm, y / norm, z / norm, w / norm);
}

/** `v` turned by the unit quaternion `q`. */
export function rotate(q: ReadonlyQuaternion, v: ReadonlyVector, out: Vector = [0, 0, 0]): Vector {
  // By number: taking arrays apart allocates until a function is optimised.
  const x = q[0], y = q[1], z = q[2], w = q[3];
  const vx = v[0], vy = v[1], vz = v[2];
  // v + 2w (q × v) + 2 q × (q × v)
  const tx = 2 * (y * vz - z * vy);
  const ty = 2 * (z * vx - x * vz);
  const tz = 2 * (x * vy - y * vx);
  return setVector(out, vx + w * tx + y * tz - z * ty, vy + w * ty + z * tx - x * tz, vz + w * tz + x * ty - y * tx);
}

/** The turn by `angle` radians about the unit `axis`, counterclockwise seen from its tip. */
export function about(axis: ReadonlyVector, angle: number, out: Quaternion = [0, 0, 0, 1]): Quaternion {
  const s = Math.sin(0.5 * angle);
  return setQuaternion(out, axis[0] * s, axis[1] * s, axis[2] * s, Math.cos(0.5 * angle));
}

/** The level gaze: a turn about +Y by `yaw`, then up by `pitch` about its own +X; radians. */
export function yawPitch(yaw: number, pitch: number, out: Quaternion = [0, 0, 0, 1]): Quaternion {
  const sy = Math.sin(0.5 * yaw);
  const cy = Math.cos(0.5 * yaw);
  const sp = Math.sin(0.5 * pitch);
  const cp = Math.cos(0.5 * pitch);
  return setQuaternion(out, cy * sp, sy * cp, -sy * sp, cy * cp);
}

const axis: Vector = [0, 0, 0];

/** Yaw and pitch of the way `q` looks (its −Z); its roll is lost. */
export function yawPitchOf(q: ReadonlyQuaternion, out: [number, number] = [0, 0]): [number, number] {
  const [x, y, z] = rotate(q, setVector(axis, 0, 0, -1), axis);
  out[1] = Math.asin(Math.max(-1, Math.min(1, y)));
  if (Math.abs(x) + Math.abs(z) < 1e-9) {
    // Straight up or down: what is up in the picture tells the heading.
    const sign = y < 0 ? 1 : -1;
    const up = rotate(q, setVector(axis, 0, 1, 0), axis);
    out[0] = Math.atan2(-sign * up[0], -sign * up[2]);
  } else {
    out[0] = Math.atan2(-x, -z);
  }
  return out;
}

/** The level gaze of an eye at `eye` towards `target`. */
export function lookAt(eye: ReadonlyVector, target: ReadonlyVector, out: Quaternion = [0, 0, 0, 1]): Quaternion {
  const x = target[0] - eye[0];
  const y = target[1] - eye[1];
  const z = target[2] - eye[2];
  const flat = Math.hypot(x, z);
  return yawPitch(flat > 1e-12 ? Math.atan2(-x, -z) : 0, Math.atan2(y, flat), out);
}

/** Whether two are the very same. */
export function samePose(one: ReadonlyPose, other: ReadonlyPose): boolean {
  return one.scale === other.scale && one.position.every((x, i) => x === other.position[i])
    && one.orientation.every((x, i) => x === other.orientation[i]);
}

/** A point of b as one of a. */
export function apply(aFromB: ReadonlyPose, point: ReadonlyVector, out: Vector = [0, 0, 0]): Vector {
  rotate(aFromB.orientation, point, out);
  const { position, scale } = aFromB;
  return setVector(out, out[0] * scale + position[0], out[1] * scale + position[1], out[2] * scale + position[2]);
}

const turn: Quaternion = [0, 0, 0, 1];

/** A point of a as one of b. */
export function applyInverse(aFromB: ReadonlyPose, point: ReadonlyVector, out: Vector = [0, 0, 0]): Vector {
  const { position, scale } = aFromB;
  setVector(out, point[0] - position[0], point[1] - position[1], point[2] - position[2]);
  rotate(conjugate(aFromB.orientation, turn), out, out);
  return setVector(out, out[0] / scale, out[1] / scale, out[2] / scale);
}

/** a_from_c of a_from_b and b_from_c. */
export function compose(aFromB: ReadonlyPose, bFromC: ReadonlyPose, out: Pose = newPose()): Pose {
  apply(aFromB, bFromC.position, axis);
  unit(multiply(aFromB.orientation, bFromC.orientation, turn), out.orientation);
  out.scale = aFromB.scale * bFromC.scale;
  setVector(out.position, axis[0], axis[1], axis[2]);
  return out;
}

/** b_from_a of a_from_b. */
export function invert(aFromB: ReadonlyPose, out: Pose = newPose()): Pose {
  const scale = 1 / aFromB.scale;
  conjugate(aFromB.orientation, turn);
  rotate(turn, aFromB.position, axis);
  setQuaternion(out.orientation, turn[0], turn[1], turn[2], turn[3]);
  out.scale = scale;
  setVector(out.position, -axis[0] * scale, -axis[1] * scale, -axis[2] * scale);
  return out;
}

/** The pose as a matrix. */
export function matrix(pose: ReadonlyPose, out: number[] | Float32Array | Float64Array = new Array<number>(16)) {
  const { orientation, position, scale } = pose;
  for (let column = 0; column < 3; column++) {
    rotate(orientation, setVector(axis, Number(column === 0), Number(column === 1), Number(column === 2)), axis);
    for (let row = 0; row < 3; row++) out[4 * column + row] = axis[row as 0 | 1 | 2] * scale;
    out[4 * column + 3] = 0;
    out[12 + column] = position[column as 0 | 1 | 2];
  }
  out[15] = 1;
  return out;
}

const scratch = newPose();

/** view_from_world of an eye that stands in the world at `world_from_eye` (scale 1). */
export function viewMatrix(eye: ReadonlyPose, out: number[] | Float32Array | Float64Array = new Array<number>(16)) {
  return matrix(invert(eye, scratch), out);
}

/** The symmetric projection with a vertical field of view in radians, depth −1 … 1. */
export function perspective(
  fieldOfView: number,
  aspect: number,
  near: number,
  far: number,
  out: number[] | Float32Array | Float64Array = new Array<number>(16),
) {
  const focal = 1 / Math.tan(0.5 * fieldOfView);
  out.fill(0);
  out[0] = focal / aspect;
  out[5] = focal;
  out[10] = (near + far) / (near - far);
  out[11] = -1;
  out[14] = (2 * near * far) / (near - far);
  return out;
}

/** The unit direction, in the world, from an eye through (x, y) of its picture, each −1 … 1, right and up. */
export function rayThrough(
  x: number,
  y: number,
  fieldOfView: number,
  aspect: number,
  orientation: ReadonlyQuaternion,
  out: Vector = [0, 0, 0],
): Vector {
  const tall = Math.tan(0.5 * fieldOfView);
  const right = x * tall * aspect;
  const up = y * tall;
  const norm = Math.sqrt(right * right + up * up + 1);
  return rotate(orientation, setVector(out, right / norm, up / norm, -1 / norm), out);
}
