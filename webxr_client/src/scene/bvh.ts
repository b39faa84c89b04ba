/** What a ray or a fingertip meets first among a tile's nodes, and which are near, at any playhead. */
import { COMMIT_NODES, NODE, SPAN } from "../generated/protocol.ts";
import type { ReadonlyVector, Vector } from "../spaces.ts";
import { Boxes, LEAF } from "./boxes.ts";
import { drawnAt, floorAt, newDrawn, type Playhead } from "./drawn.ts";
import { along, toBounds, toBox, toCurve, toSurface } from "./ray.ts";
import type { Tile } from "./tile.ts";

/** What was met first. */
export interface Hit {
  /** Metres in scene space; `Infinity` where nothing was met, or as far as it is looked at first. */
  distance: number;
  node: number;
  /** As picking has it; −1 where there is none. */
  floor: number;
  readonly point: Vector;
  /** Outwards from the face that was met. */
  readonly normal: Vector;
}

export const newHit = (): Hit => ({ distance: Infinity, node: -1, floor: -1, point: [0, 0, 0], normal: [0, 0, 0] });

/** Nothing yet; at most `farthest` metres away. */
export function clearHit(hit: Hit, farthest = Infinity): Hit {
  hit.distance = farthest;
  hit.node = hit.floor = -1;
  return hit;
}

export class Bvh extends Boxes {
  readonly #waiting = new Int32Array(64);
  readonly #entered = new Float64Array(64);
  readonly #drawn = newDrawn();
  readonly #inverse: Vector = [0, 0, 0];
  #met = -1;

  /** Meet what stands nearest along a unit ray, if it is nearer than `hit` says; what is around the eye is not met. */
  cast(eye: ReadonlyVector, ray: ReadonlyVector, playhead: Playhead, hit: Hit): boolean {
    if (!this.meet(eye, ray, playhead, hit)) return false;
    along(eye, ray, hit.distance, hit.point);
    this.describe(playhead, hit);
    return true;
  }

  /** As `cast`, and of the hit only its distance. */
  meet(eye: ReadonlyVector, ray: ReadonlyVector, playhead: Playhead, hit: Hit): boolean {
    if (!this.built) return false;
    const inverse = this.#inverse;
    for (let i = 0; i < 3; i++) inverse[i] = 1 / (Math.abs(ray[i]!) < 1e-12 ? 1e-12 : ray[i]!);
    const waiting = this.#waiting;
    const entered = this.#entered;
    const leaves = this.leaves;
    let row = -1;
    let depth = 1;
    waiting[0] = 1;
    entered[0] = this.#enter(this.tree, 6, eye);
    while (depth > 0) {
      const branch = waiting[--depth]!;
      if (entered[depth]! >= hit.distance) continue;
      if (branch >= leaves) {
        const first = (branch - leaves) * LEAF;
        const last = Math.min(first + LEAF, this.count);
        for (let place = first; place < last; place++) {
          if (this.#enter(this.boxes, place * 6, eye) >= hit.distance) continue;
          if (!drawnAt(this.tile, this.rows[place]!, playhead, this.#drawn)) continue;
          const distance = this.#drawn.ribbon ? this.#toRibbon(eye, ray, this.rows[place]!) : toBox(eye, ray, this.#drawn.base, this.#drawn.size);
          if (distance <= 0 || distance >= hit.distance) continue;
          hit.distance = distance;
          row = this.rows[place]!;
        }
        continue;
      }
      const left = 2 * branch;
      const toLeft = this.#enter(this.tree, left * 6, eye);
      const toRight = this.#enter(this.tree, left * 6 + 6, eye);
      const leftFirst = toLeft <= toRight;
      const far = leftFirst ? toRight : toLeft;
      const near = leftFirst ? toLeft : toRight;
      if (far < hit.distance) {
        waiting[depth] = leftFirst ? left + 1 : left;
        entered[depth++] = far;
      }
      if (near < hit.distance) {
        waiting[depth] = leftFirst ? left : left + 1;
        entered[depth++] = near;
      }
    }
    if (row >= 0) this.#met = row;
    return row >= 0;
  }

  /** Meet the building or block nearest to a point, if it is nearer than `hit` says; 0 within it. Districts are not met. */
  touch(point: ReadonlyVector, playhead: Playhead, hit: Hit): boolean {
    if (!this.graze(point, playhead, hit)) return false;
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) hit.point[i] = point[i];
    this.describe(playhead, hit);
    return true;
  }

  /** As `touch`, and of the hit only its distance. */
  graze(point: ReadonlyVector, playhead: Playhead, hit: Hit): boolean {
    if (!this.built) return false;
    const waiting = this.#waiting;
    const leaves = this.leaves;
    let row = -1;
    let depth = 1;
    waiting[0] = 1;
    while (depth > 0) {
      const branch = waiting[--depth]!;
      if (toBounds(this.tree, branch * 6, point) >= hit.distance) continue;
      if (branch < leaves) {
        waiting[depth++] = 2 * branch;
        waiting[depth++] = 2 * branch + 1;
        continue;
      }
      const first = (branch - leaves) * LEAF;
      const last = Math.min(first + LEAF, this.count);
      for (let place = first; place < last; place++) {
        if (toBounds(this.boxes, place * 6, point) >= hit.distance) continue;
        const drawn = this.#drawn;
        if (!drawnAt(this.tile, this.rows[place]!, playhead, drawn) || drawn.district || drawn.ribbon) continue;
        const distance = toSurface(point, drawn.base, drawn.size);
        if (distance >= hit.distance) continue;
        hit.distance = distance;
        row = this.rows[place]!;
      }
    }
    if (row >= 0) this.#met = row;
    return row >= 0;
  }

  /** Tell of the buildings that stand at a whole rank and are of more than `least` radians from `eye`, by their box; of some smaller ones too. */
  near(eye: ReadonlyVector, least: number, rank: number, found: (tile: Tile, row: number, span: number) => void): void {
    if (!this.built) return;
    const waiting = this.#waiting;
    const { tile, leaves } = this;
    let depth = 1;
    waiting[0] = 1;
    while (depth > 0) {
      const branch = waiting[--depth]!;
      if (this.widest[branch]! < least * toBounds(this.tree, branch * 6, eye)) continue;
      if (branch < leaves) {
        waiting[depth++] = 2 * branch;
        waiting[depth++] = 2 * branch + 1;
        continue;
      }
      const first = (branch - leaves) * LEAF;
      const last = Math.min(first + LEAF, this.count);
      for (let place = first; place < last; place++) {
        const row = this.rows[place]!;
        const node = tile.nodes[row * NODE.words + NODE.node]!;
        if (node >= COMMIT_NODES || (node & 1) !== 0) continue; // a commit, or a district
        const span = tile.liveSpan(row, rank);
        if (span >= 0) found(tile, row, span);
      }
    }
  }

  /** Distance along a unit ray to a ribbon, as wide as it is; −1 where it misses, and for the bed. */
  #toRibbon(eye: ReadonlyVector, ray: ReadonlyVector, row: number): number {
    if (this.#drawn.district) return -1;
    const at = this.tile.nodes[row * NODE.words + NODE.first_span]! * SPAN.words;
    const floats = this.floats;
    return toCurve(eye, ray, floats, at + SPAN.position1, at + SPAN.size1, at + SPAN.position0, at + SPAN.size0, floats[at + SPAN.value1]! / 2);
  }

  /** Which node, floor and face the point of a hit is that was met here last. */
  describe(playhead: Playhead, hit: Hit): void {
    const row = this.#met;
    const drawn = this.#drawn;
    drawnAt(this.tile, row, playhead, drawn);
    const { point, normal } = hit;
    // A ribbon is of the commit that it leads to.
    hit.node = this.tile.nodes[row * NODE.words + (drawn.ribbon ? NODE.parent : NODE.node)]!;
    hit.floor = drawn.ribbon ? 0 : floorAt(drawn, point[1] - drawn.base[1]);
    if (drawn.ribbon) {
      normal[0] = normal[2] = 0;
      normal[1] = 1;
      return;
    }
    // Of the box's faces, the one that the point lies on; or would soonest.
    let nearest = Infinity;
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
      const half = drawn.size[i] / 2;
      const middle = i === 1 ? drawn.base[1] + half : drawn.base[i];
      const off = point[i] - middle;
      const away = Math.abs(Math.abs(off) - half);
      normal[i] = 0;
      if (away >= nearest) continue;
      nearest = away;
      normal[0] = normal[1] = normal[2] = 0;
      normal[i] = off < 0 ? -1 : 1;
    }
  }

  /** Distance at which the ray of `cast` enters a box, 0 from within it; Infinity where it misses. */
  #enter(boxes: Float32Array, at: number, eye: ReadonlyVector): number {
    if (boxes[at]! > boxes[at + 3]!) return Infinity; // an empty one has no side that is the nearer
    const inverse = this.#inverse;
    const x = eye[0];
    const y = eye[1];
    const z = eye[2];
    const x0 = (boxes[at]! - x) * inverse[0];
    const x1 = (boxes[at + 3]! - x) * inverse[0];
    const y0 = (boxes[at + 1]! - y) * inverse[1];
    const y1 = (boxes[at + 4]! - y) * inverse[1];
    const z0 = (boxes[at + 2]! - z) * inverse[2];
    const z1 = (boxes[at + 5]! - z) * inverse[2];
    const near = Math.max(Math.min(x0, x1), Math.min(y0, y1), Math.min(z0, z1), 0);
    const far = Math.min(Math.max(x0, x1), Math.max(y0, y1), Math.max(z0, z1));
    return near <= far ? near : Infinity;
  }
}
