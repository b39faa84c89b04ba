/** A city as a model on a real surface: how large, which way about, and where on it. Pure; metres, radians. */
import * as spaces from "../spaces.ts";
import type { Pose, Vector } from "../spaces.ts";

/** How wide the longer side of a city may be on a surface, and is where nothing limits it. */
export const SIZE_LEAST = 0.4;
export const SIZE_MOST = 1.2;
export const SIZE_USUAL = 0.9;
/** Free rim of a surface around the city. */
export const RIM = 0.04;
const QUARTER = Math.PI / 2;

/** What is level and something can stand on; in the room. */
export interface Surface {
  /** Where it is pointed at. */
  point: Vector;
  /** A rectangle with this middle, turned by `yaw`, `width` along its x and `depth` along its z; 0 where unknown. */
  middle: Vector;
  yaw: number;
  width: number;
  depth: number;
}

export const newSurface = (): Surface => ({ point: [0, 0, 0], middle: [0, 0, 0], yaw: 0, width: 0, depth: 0 });

/** What a city stands on: min x, min z, max x, max z; scene space. */
export type Footprint = readonly [number, number, number, number];

const UP: spaces.ReadonlyVector = [0, 1, 0];
const away: Vector = [0, 0, 0];

/**
 * `world_from_scene` of a city that stands on a surface, its front to somebody who looks along `heading`.
 *
 * On a rectangle it is turned by quarters from the rectangle's sides, fits on it, and stands as near to the
 * point as it can without hanging over. `wish` is how wide it is to be; 0: as wide as fits.
 */
export function onto(surface: Surface, footprint: Footprint, heading: number, wish: number, out: Pose): Pose {
  const wide = Math.max(footprint[2] - footprint[0], 1e-6);
  const deep = Math.max(footprint[3] - footprint[1], 1e-6);
  const longer = Math.max(wide, deep);
  const bounded = surface.width > 0 && surface.depth > 0;
  let yaw = heading;
  let size = wish > 0 ? wish : SIZE_USUAL;
  let roomX = Infinity;
  let roomZ = Infinity;
  if (bounded) {
    const quarters = Math.round((heading - surface.yaw) / QUARTER);
    const across = Math.abs(quarters) % 2 === 1;
    yaw = surface.yaw + quarters * QUARTER;
    roomX = Math.max(surface.width - 2 * RIM, 0);
    roomZ = Math.max(surface.depth - 2 * RIM, 0);
    const fits = Math.min((across ? roomZ : roomX) / wide, (across ? roomX : roomZ) / deep) * longer;
    if (wish <= 0) size = fits;
    roomX = Math.max(roomX - (across ? deep : wide) * clamp(size) / longer, 0);
    roomZ = Math.max(roomZ - (across ? wide : deep) * clamp(size) / longer, 0);
  }
  const scale = clamp(size) / longer;
  spaces.setVector(out.position, surface.point[0], surface.point[1], surface.point[2]);
  if (bounded) within(surface, roomX / 2, roomZ / 2, out.position);
  spaces.about(UP, yaw, out.orientation);
  out.scale = scale;
  // The middle of the footprint is to be there.
  spaces.setVector(away, (footprint[0] + footprint[2]) / 2, 0, (footprint[1] + footprint[3]) / 2);
  spaces.rotate(out.orientation, away, away);
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) out.position[i] -= away[i] * scale;
  return out;
}

function clamp(size: number): number {
  return Math.min(Math.max(size, SIZE_LEAST), SIZE_MOST);
}

/** The point nearest to `point` that is at most so far from the surface's middle along its sides. */
function within(surface: Surface, x: number, z: number, point: Vector): void {
  const cos = Math.cos(surface.yaw);
  const sin = Math.sin(surface.yaw);
  const dx = point[0] - surface.middle[0];
  const dz = point[2] - surface.middle[2];
  // A turn by yaw about +Y takes (1, 0) to (cos, −sin) and (0, 1) to (sin, cos).
  const along = Math.min(Math.max(dx * cos - dz * sin, -x), x);
  const across = Math.min(Math.max(dx * sin + dz * cos, -z), z);
  point[0] = surface.middle[0] + along * cos + across * sin;
  point[2] = surface.middle[2] - along * sin + across * cos;
}
