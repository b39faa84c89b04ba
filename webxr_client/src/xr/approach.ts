/** Where somebody stands who wants to go to a thing: beside it, in the open, with all of it before them. */
import { EYES } from "../navigation/standing.ts";
import { clearHit, newHit } from "../scene/bvh.ts";
import type { Playhead } from "../scene/drawn.ts";
import type { Look } from "../scene/look.ts";
import * as spaces from "../spaces.ts";
import type { ReadonlyVector, Vector } from "../spaces.ts";

/** From its wall: of its height, and at least and at most so many metres of the scene. */
const OFF = 0.8;
const OFF_LEAST = 4;
const OFF_MOST = 40;
/** Sides that are looked at, beginning with the one that is nearest; then again from half as far. */
const SIDES = 12;
const STEPS = 3;
/** Higher than where the thing stands by more than this is no open ground. */
const STEP = 1;
/** Higher than anything; metres, scene. */
const SKY = 1e4;
const DOWN: ReadonlyVector = [0, -1, 0];

/**
 * A place in the scene beside a `node` that stands at `base` and is `size` large; sides near `from` come first.
 *
 * It is one from which the node is seen, in the open; where there is none, the best of those there are.
 */
export function beside(
  look: Look, playhead: Playhead, node: number, base: ReadonlyVector, size: ReadonlyVector, from: ReadonlyVector, out: Vector,
): Vector {
  const hit = newHit();
  const eye: Vector = [0, 0, 0];
  const way: Vector = [0, 0, 0];
  const heading = Math.atan2(from[0] - base[0], from[2] - base[2]);
  const most = Math.min(Math.max(size[1] * OFF, OFF_LEAST), OFF_MOST);
  let best = Infinity;
  for (let step = 0; step < STEPS * SIDES; step++) {
    const side = step % SIDES;
    const off = Math.max(size[0], size[2]) / 2 + most / 2 ** Math.floor(step / SIDES);
    // Nearest, then one to the left, one to the right, …
    const angle = heading + (side % 2 === 0 ? 1 : -1) * Math.ceil(side / 2) * 2 * Math.PI / SIDES;
    spaces.setVector(eye, base[0] + Math.sin(angle) * off, SKY, base[2] + Math.cos(angle) * off);
    const top = look.cast(eye, DOWN, playhead, clearHit(hit, SKY)) ? SKY - hit.distance : 0;
    eye[1] = top + EYES;
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) way[i] = base[i] + (i === 1 ? size[1] / 2 : 0) - eye[i];
    const long = Math.hypot(way[0], way[1], way[2]);
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) way[i] /= long;
    const seen = look.cast(eye, way, playhead, clearHit(hit, long)) && hit.node === node;
    const cost = (seen ? 0 : 2 * STEPS * SIDES) + (top < base[1] + STEP ? 0 : STEPS * SIDES) + step;
    if (cost >= best) continue;
    best = cost;
    spaces.setVector(out, eye[0], top, eye[2]);
    if (cost === step) break;
  }
  return out;
}
