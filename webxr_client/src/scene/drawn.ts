/** What the shader draws of a node: the same rules as `shaders/nodes.glsl` has, for those who need the numbers. */
import { Flag, Kind, SPAN } from "../generated/protocol.ts";
import type { Vector } from "../spaces.ts";
import { floatsOf, type Tile } from "./tile.ts";

/** Where time stands, and how long a change eases in; as the shader's uniforms. */
export interface Playhead {
  rank: number;
  fraction: number;
  easing: number;
}

/** A box as it is drawn: centre of its base and extents, metres in scene space. */
export interface Drawn {
  readonly base: Vector;
  readonly size: Vector;
  /** Floors that stand, broken while one is laid. */
  strata: number;
  /** Whether it has floors of its own: districts and what stands for many things have none. */
  floors: boolean;
  district: boolean;
  /** A curve and no box: `base` and `size` say nothing. */
  ribbon: boolean;
}

export const newDrawn = (): Drawn => ({ base: [0, 0, 0], size: [0, 0, 0], strata: 0, floors: false, district: false, ribbon: false });

/** Ways in which two plots count as the same one; metres. */
const SAME_PLOT = 1e-3;

/** Whether the state of a span comes from another plot: on its way it is not within any box of its own. */
export function flies(floats: Float32Array, at: number): boolean {
  return Math.abs(floats[at + SPAN.position0]! - floats[at + SPAN.position1]!) > SAME_PLOT
    || Math.abs(floats[at + SPAN.position0 + 2]! - floats[at + SPAN.position1 + 2]!) > SAME_PLOT;
}

/**
 * What is drawn of node `row` at a playhead; false where nothing is.
 *
 * What moves from one plot to another counts as nowhere until it has landed.
 */
export function drawnAt(tile: Tile, row: number, playhead: Playhead, out: Drawn): boolean {
  const { rank, fraction, easing } = playhead;
  const changing = fraction > 1 - easing;
  const span = tile.spanAt(row, changing ? rank + 1 : rank);
  if (span < 0) return false;
  const { spans } = tile;
  const at = span * SPAN.words;
  const death = spans[at + SPAN.death]!;
  if (death <= rank) return false;
  const floats = floatsOf(tile);
  const traits = spans[at + SPAN.traits]!;
  const { base, size } = out;
  for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
    base[i] = floats[at + SPAN.position1 + i]!;
    size[i] = floats[at + SPAN.size1 + i]!;
  }
  out.strata = floats[at + SPAN.value1]!;
  out.district = traits >>> 16 === 0;
  out.ribbon = (traits & 0xff) === Kind.RIBBON;
  out.floors = !out.district && (traits >> 8 & Flag.AGGREGATE) === 0;
  if (!changing) return true;

  const k = (fraction - 1 + easing) / easing;
  const phase = k * k * (3 - 2 * k);
  if (spans[at + SPAN.birth]! > rank) {
    if ((traits >> 8 & Flag.ENTERS) !== 0) {
      size[1] *= phase;
    } else if ((traits >> 8 & Flag.EASED) !== 0) {
      if (flies(floats, at)) return false;
      for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
        base[i] += (floats[at + SPAN.position0 + i]! - base[i]) * (1 - phase);
        size[i] += (floats[at + SPAN.size0 + i]! - size[i]) * (1 - phase);
      }
      out.strata += (floats[at + SPAN.value0]! - out.strata) * (1 - phase);
    }
  } else if (death === rank + 1) {
    if ((traits >> 8 & Flag.LEAVES) === 0) return false;
    size[1] *= 1 - phase;
  }
  return true;
}

/** The floor at a height above a box's base, −1 where it has none; as picking says it. */
export function floorAt(drawn: Drawn, height: number): number {
  if (!drawn.floors) return -1;
  const floor = Math.floor(height / Math.max(drawn.size[1], 1e-9) * drawn.strata);
  return Math.min(Math.max(floor, 0), Math.max(Math.ceil(drawn.strata) - 1, 0));
}
