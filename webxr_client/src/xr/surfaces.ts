/** Level surfaces of the real room, found where a ray points: by its planes, else by hit tests. */
import type { Surface } from "../navigation/tabletop.ts";
import * as spaces from "../spaces.ts";
import type { Quaternion, Vector } from "../spaces.ts";

/** How far from level (cosine) something may be to stand on, and how far away. */
const LEVEL = 0.94;
const REACH = 6;

export class Surfaces {
  readonly #sources = new Map<XRSpace, XRHitTestSource | null>();
  readonly #turn: Quaternion = [0, 0, 0, 1];
  readonly #at: Vector = [0, 0, 0];
  readonly #ray: Vector = [0, 0, 0];
  readonly #normal: Vector = [0, 0, 0];
  #refused = false;
  /** Whether any surface has been seen in this session. */
  seen = false;

  /** Whether this device may find any at all. */
  able(frame: XRFrame): boolean {
    return !this.#refused || frame.detectedPlanes !== undefined;
  }

  begin(): void {
    this.#refused = this.seen = false;
  }

  end(): void {
    for (const source of this.#sources.values()) source?.cancel();
    this.#sources.clear();
  }

  /** What a ray along −Z of `pointer` meets first; `origin` and `direction` are the same in `space`. */
  find(frame: XRFrame, space: XRReferenceSpace, pointer: XRSpace, origin: Vector, direction: Vector, out: Surface): boolean {
    const found = this.#plane(frame, space, origin, direction, out) || this.#hit(frame, space, pointer, origin, out);
    this.seen ||= found;
    return found;
  }

  #plane(frame: XRFrame, space: XRReferenceSpace, origin: Vector, direction: Vector, out: Surface): boolean {
    if (frame.detectedPlanes === undefined) return false;
    let nearest = REACH;
    for (const plane of frame.detectedPlanes) {
      const pose = frame.getPose(plane.planeSpace, space);
      if (pose === undefined) continue;
      const { position: p, orientation: q } = pose.transform;
      spaces.setQuaternion(this.#turn, q.x, q.y, q.z, q.w);
      if (!this.#level() || origin[1] < p.y) continue;
      // The ray as the plane sees it, which lies in its own y = 0.
      spaces.conjugate(this.#turn, this.#turn);
      spaces.setVector(this.#at, origin[0] - p.x, origin[1] - p.y, origin[2] - p.z);
      spaces.rotate(this.#turn, this.#at, this.#at);
      spaces.rotate(this.#turn, direction, this.#ray);
      const distance = -this.#at[1] / this.#ray[1];
      if (!(distance > 0 && distance < nearest)) continue;
      const x = this.#at[0] + this.#ray[0] * distance;
      const z = this.#at[2] + this.#ray[2] * distance;
      if (!inside(plane.polygon, x, z)) continue;
      nearest = distance;
      this.#describe(plane.polygon, pose.transform, out);
      for (let i = 0 as 0 | 1 | 2; i < 3; i++) out.point[i] = origin[i] + direction[i] * distance;
    }
    return nearest < REACH;
  }

  /** Whether what was turned by `#turn` is level. Seen from above it is no ceiling: which way its normal goes devices do not agree on. */
  #level(): boolean {
    return Math.abs(spaces.rotate(this.#turn, spaces.setVector(this.#normal, 0, 1, 0), this.#normal)[1]) > LEVEL;
  }

  /** The rectangle around a plane's polygon, along its own sides. */
  #describe(polygon: readonly DOMPointReadOnly[], { position: p, orientation: q }: XRRigidTransform, out: Surface): void {
    let minX = Infinity;
    let maxX = -Infinity;
    let minZ = Infinity;
    let maxZ = -Infinity;
    for (const { x, z } of polygon) {
      minX = Math.min(minX, x);
      maxX = Math.max(maxX, x);
      minZ = Math.min(minZ, z);
      maxZ = Math.max(maxZ, z);
    }
    spaces.setQuaternion(this.#turn, q.x, q.y, q.z, q.w);
    spaces.rotate(this.#turn, spaces.setVector(out.middle, (minX + maxX) / 2, 0, (minZ + maxZ) / 2), out.middle);
    spaces.setVector(out.middle, out.middle[0] + p.x, out.middle[1] + p.y, out.middle[2] + p.z);
    const side = spaces.rotate(this.#turn, spaces.setVector(this.#normal, 1, 0, 0), this.#normal);
    out.yaw = Math.atan2(-side[2], side[0]);
    out.width = maxX - minX;
    out.depth = maxZ - minZ;
  }

  #hit(frame: XRFrame, space: XRReferenceSpace, pointer: XRSpace, origin: Vector, out: Surface): boolean {
    const source = this.#source(frame.session, pointer);
    if (source === null) return false;
    for (const result of frame.getHitTestResults(source)) {
      const pose = result.getPose(space);
      if (pose === undefined) continue;
      const { position: p, orientation: q } = pose.transform;
      spaces.setQuaternion(this.#turn, q.x, q.y, q.z, q.w);
      if (!this.#level() || origin[1] < p.y) continue;
      spaces.setVector(out.point, p.x, p.y, p.z);
      out.width = out.depth = 0;
      return true;
    }
    return false;
  }

  /** The hit test along a pointer; null until there is one. */
  #source(session: XRSession, pointer: XRSpace): XRHitTestSource | null {
    const known = this.#sources.get(pointer);
    if (known !== undefined || this.#refused) return known ?? null;
    this.#sources.set(pointer, null);
    if (session.requestHitTestSource === undefined) {
      this.#refused = true;
      return null;
    }
    const asked = session.requestHitTestSource({ space: pointer });
    if (asked === undefined) {
      this.#refused = true;
      return null;
    }
    asked.then((source) => {
      if (this.#sources.has(pointer)) this.#sources.set(pointer, source);
      else source.cancel(); // the session ended meanwhile
    }, () => {
      this.#refused = true;
    });
    return null;
  }
}

/** Whether (x, z) lies in a polygon. */
function inside(polygon: readonly DOMPointReadOnly[], x: number, z: number): boolean {
  let within = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const a = polygon[i]!;
    const b = polygon[j]!;
    if (a.z > z !== b.z > z && x < (b.x - a.x) * (z - a.z) / (b.z - a.z) + a.x) within = !within;
  }
  return within;
}
