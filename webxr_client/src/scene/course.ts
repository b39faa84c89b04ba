/** Where the river's mainline is at any rank: between the places that the scene's table names. */
import type { Vector3 } from "three";
import type { CourseColumns } from "../generated/protocol.ts";

export class Course {
  readonly #columns: CourseColumns;

  constructor(columns: CourseColumns) {
    this.#columns = columns;
  }

  /** Write where it is at a rank, and from there to its outermost lane (scene space, metres); false where there is no river. */
  at(rank: number, place: Vector3, across: Vector3): boolean {
    const { rank: ranks, position, across: sides } = this.#columns;
    if (ranks.length === 0) return false;
    let low = 0;
    let high = ranks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (ranks[middle]! <= rank) low = middle;
      else high = middle - 1;
    }
    const next = Math.min(low + 1, ranks.length - 1);
    const span = ranks[next]! - ranks[low]!;
    const share = span > 0 ? Math.min((rank - ranks[low]!) / span, 1) : 0;
    place.fromArray(position, 3 * low).multiplyScalar(1 - share);
    place.x += share * position[3 * next]!;
    place.y += share * position[3 * next + 1]!;
    place.z += share * position[3 * next + 2]!;
    across.fromArray(sides, 3 * low);
    return true;
  }
}

/** A course with what takes the place of all of it from a rank on. */
export function continued(course: CourseColumns, further: CourseColumns): CourseColumns {
  const beyond = course.rank.findIndex((rank) => rank >= further.rank[0]!);
  const kept = beyond < 0 ? course.rank.length : beyond;
  const rank = new Uint32Array(kept + further.rank.length);
  rank.set(course.rank.subarray(0, kept));
  rank.set(further.rank, kept);
  const places = (before: Float32Array, after: Float32Array): Float32Array => {
    const all = new Float32Array(3 * rank.length);
    all.set(before.subarray(0, 3 * kept));
    all.set(after, 3 * kept);
    return all;
  };
  return { rank, position: places(course.position, further.position), across: places(course.across, further.across) };
}
