/** A good place to stand in a city: in the open, near its front, with the city ahead. */
import { COMMIT_NODES, NODE, SPAN } from "../generated/protocol.ts";
import type { Vector } from "../spaces.ts";
import type { Look } from "./look.ts";
import { floatsOf } from "./tile.ts";

/** Places that are looked at, across and deep. */
const ACROSS = 33;
const DEEP = 25;
/** Enough room around somebody; metres. What is ahead of them counts as so much nearer. */
const AMPLE = 12;
const AHEAD = 0.6;

/**
 * The ground of scene space to stand on at life size, at a whole rank; undefined where no building stands.
 *
 * Of places on a grid, the one with room around it that lies nearest to the middle of the front
 * third. Looked for once, on entering: the cost is nodes × places near them.
 *
 * @param box What all of the scene lies in; metres. Where the city is a part of it, it counts by itself.
 */
export function standpoint(look: Look, rank: number, box: readonly number[]): Vector | undefined {
  const [minX, minZ, maxX, maxZ] = cityOf(look, rank) ?? [box[0]!, box[2]!, box[3]!, box[5]!];
  const [wide, deep] = [maxX - minX, maxZ - minZ];
  const stepX = wide / (ACROSS - 1);
  const stepZ = deep / (DEEP - 1);
  const room = new Float64Array(ACROSS * DEEP).fill(AMPLE);
  const ground = new Float64Array(ACROSS * DEEP);
  let buildings = false;
  for (const tile of look.tiles) {
    const floats = floatsOf(tile);
    for (let row = 0; row < tile.nodeCount; row++) {
      const span = tile.liveSpan(row, rank);
      if (span < 0) continue;
      const at = span * SPAN.words;
      const x = floats[at + SPAN.position1]!;
      const z = floats[at + SPAN.position1 + 2]!;
      const top = floats[at + SPAN.position1 + 1]! + floats[at + SPAN.size1 + 1]!;
      const halfX = floats[at + SPAN.size1]! / 2;
      const halfZ = floats[at + SPAN.size1 + 2]! / 2;
      const node = tile.nodes[row * NODE.words + NODE.node]!;
      const plate = (node & 1) === 1;
      buildings ||= !plate && node < COMMIT_NODES;
      const near = plate ? 0 : AMPLE;
      const fromI = Math.max(Math.ceil((x - halfX - near - minX) / stepX), 0);
      const toI = Math.min(Math.floor((x + halfX + near - minX) / stepX), ACROSS - 1);
      const fromJ = Math.max(Math.ceil((z - halfZ - near - minZ) / stepZ), 0);
      const toJ = Math.min(Math.floor((z + halfZ + near - minZ) / stepZ), DEEP - 1);
      for (let j = fromJ; j <= toJ; j++) {
        for (let i = fromI; i <= toI; i++) {
          const cell = j * ACROSS + i;
          if (plate) {
            ground[cell] = Math.max(ground[cell]!, top);
            continue;
          }
          const dx = Math.max(Math.abs(minX + i * stepX - x) - halfX, 0);
          const dz = Math.max(Math.abs(minZ + j * stepZ - z) - halfZ, 0);
          const ahead = minZ + j * stepZ > z + halfZ ? AHEAD : 1;
          room[cell] = Math.min(room[cell]!, Math.hypot(dx, dz) * ahead);
        }
      }
    }
  }
  if (!buildings) return undefined;
  const wishedX = (minX + maxX) / 2;
  const wishedZ = maxZ - deep / 3;
  const size = Math.max(wide, deep, 1e-6);
  let best = -1;
  let most = -Infinity;
  for (let cell = 0; cell < room.length; cell++) {
    const x = minX + (cell % ACROSS) * stepX;
    const z = minZ + Math.floor(cell / ACROSS) * stepZ;
    // Being squeezed in counts more than being far from the front.
    const value = room[cell]! / AMPLE - 1.2 * Math.hypot(x - wishedX, z - wishedZ) / size;
    if (value > most) {
      most = value;
      best = cell;
    }
  }
  return [minX + (best % ACROSS) * stepX, ground[best]!, minZ + Math.floor(best / ACROSS) * stepZ];
}

/** What the plate below all others covers: least and greatest x and z. */
function cityOf(look: Look, rank: number): [number, number, number, number] | undefined {
  for (const tile of look.tiles) {
    for (let row = 0; row < tile.nodeCount; row++) {
      const at = row * NODE.words;
      if (tile.nodes[at + NODE.depth] !== 0 || (tile.nodes[at + NODE.node]! & 1) === 0) continue;
      const span = tile.liveSpan(row, rank);
      if (span < 0) continue;
      const floats = floatsOf(tile);
      const from = span * SPAN.words;
      const [x, z] = [floats[from + SPAN.position1]!, floats[from + SPAN.position1 + 2]!];
      const [halfX, halfZ] = [floats[from + SPAN.size1]! / 2, floats[from + SPAN.size1 + 2]! / 2];
      return [x - halfX, z - halfZ, x + halfX, z + halfZ];
    }
  }
  return undefined;
}
