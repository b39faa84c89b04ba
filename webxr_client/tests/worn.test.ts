import assert from "node:assert/strict";
import { test } from "node:test";

import * as comfort from "../src/navigation/comfort.ts";
import type { Comfort } from "../src/navigation/comfort.ts";

import * as hands from "../src/navigation/hands.ts";
import * as naming from "../src/navigation/naming.ts";
import type { Thing } from "../src/navigation/naming.ts";
import * as standing from "../src/navigation/standing.ts";
import type { Table } from "../src/navigation/standing.ts";
import { place } from "../src/scene/placement.ts";
import { apply, copyPose, newPose, rotate } from "../src/spaces.ts";
import type { Pose, Quaternion, Vector } from "../src/spaces.ts";
import { holds } from "./vectors.ts";

holds("navigation/hands.pinched", (script: [number, number][]) => {
  const pinch = hands.newPinch();
  return script.map(([value, seconds]) => ({ ...hands.pinched(pinch, value, seconds, pinch) }));
});
holds("navigation/hands.grabbed", (from: Pose, script: [number, Vector, Vector][], least: number, most: number) => {
  const pose = copyPose(from);
  const grab = hands.newGrab();
  return script.map(([held, left, right]) => {
    hands.grabbed(grab, pose, held, left, right, least, most, pose, grab);
    return structuredClone({ pose, ...grab });
  });
});
holds("navigation/hands.turned_about", (pose: Pose, centre: Vector, angle: number) =>
  hands.turnedAbout(pose, centre, angle));
holds("navigation/hands.scaled_about", (pose: Pose, centre: Vector, by: number, least: number, most: number) =>
  hands.scaledAbout(pose, centre, by, least, most));

holds("navigation/standing.before", (box: number[], head: Vector, yaw: number, table: Table) =>
  standing.before(box, head, yaw, table));
holds("navigation/standing.within", (place: Vector, towards: Vector, head: Vector, yaw: number, floor: number, scale: number) =>
  standing.within(place, towards, head, yaw, floor, scale));
holds("navigation/standing.carried", (pose: Pose, from: Vector, fromYaw: number, to: Vector, toYaw: number) =>
  standing.carried(pose, from, fromYaw, to, toYaw));
holds("navigation/standing.glided", (a: Pose, b: Pose, share: number, pivot: Vector) => standing.glided(a, b, share, pivot));

holds("navigation/comfort.snapped", (script: number[]) => {
  const motion = comfort.newMotion();
  return script.map((x) => [comfort.snapped(motion, x), motion.armed]);
});
holds("navigation/comfort.flown", (script: [number, number][], steer: Quaternion, height: number, speed: number, flying: boolean) => {
  const velocity: Vector = [0, 0, 0];
  return script.map(([x, y]) => [...comfort.flown(velocity, x, y, steer, height, speed, flying, 1 / 72, velocity)]);
});
holds("navigation/comfort.thrown", (from: Vector, ray: Vector, seconds: number) => comfort.thrown(from, ray, seconds));
holds("navigation/comfort.spun", (script: number[], speed: number) => {
  let spin = 0;
  return script.map((x) => (spin = comfort.spun(spin, x, speed, 1 / 72)));
});
holds("navigation/comfort.vignetted", (script: number[], setting: Comfort["vignette"]) => {
  let closed = 0;
  return script.map((moving) => (closed = comfort.vignetted(closed, moving, setting, 1 / 72)));
});

holds("navigation/naming.constants", () => ({ ...naming }));
holds("navigation/naming.sight", (thing: Thing, there: boolean, pose: Pose, head: Vector, yaw: number, pitch: number) => {
  const out = naming.newSight();
  return naming.sight(thing, there, pose, naming.turn(naming.newGaze(), head, yaw, pitch), out) ? out : null;
});
holds("navigation/naming.place", (boxes: [number, number, number, number][], weights: number[], shown: boolean[], most: number, gap: number) => {
  const wishes = boxes.map(([left, top, right, bottom], key) => ({ key, left, top, right, bottom, weight: weights[key]!, shown: shown[key]! }));
  place(wishes, wishes.length, most, gap);
  return wishes.filter((wish) => wish.shown).map((wish) => wish.key).sort((a, b) => a - b);
});

let seed = 7;
const chance = (from: number, to: number): number =>
  from + (to - from) * ((seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648);
const somewhere = (): Vector => [chance(-0.6, 0.6), chance(0.7, 1.6), chance(-0.8, -0.1)];

test("whatever two hands do, nothing jumps, the horizon stays level and the scale within its limits", () => {
  const pose: Pose = { position: [0.3, 0.9, -0.8], orientation: [0, 0, 0, 1], scale: 0.004 };
  const grab = hands.newGrab();
  const left = somewhere();
  const right = somewhere();
  const before = newPose();
  for (let frame = 0; frame < 5000; frame++) {
    // Slowly, as hands do; who holds changes now and then.
    for (let i = 0 as 0 | 1 | 2; i < 3; i++) {
      left[i] += chance(-0.004, 0.004);
      right[i] += chance(-0.004, 0.004);
    }
    const held = Math.floor(frame / 37) % 4;
    copyPose(pose, before);
    const joined = held !== grab.held;
    hands.grabbed(grab, pose, held, left, right, 0.001, 0.02, pose, grab);
    if (joined) assert.deepEqual(pose, before);
    assert.ok(Math.abs(Math.log(pose.scale / before.scale)) < 0.3);
    assert.ok(pose.scale >= 0.001 && pose.scale <= 0.02);
    assert.ok(Math.abs(rotate(pose.orientation, [0, 1, 0])[1] - 1) < 1e-12);
    assert.ok(pose.position.every(Number.isFinite));
    if (held === 1) near(apply(pose, grab.left), left);
    if (held === 2) near(apply(pose, grab.right), right);
    if (held === 3) {
      const a = apply(pose, grab.left);
      const b = apply(pose, grab.right);
      near([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2],
        [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2, (left[2] + right[2]) / 2]);
    }
  }
});

function near(a: readonly number[], b: readonly number[]): void {
  for (let i = 0; i < 3; i++) assert.ok(Math.abs(a[i]! - b[i]!) < 1e-6, `${a.join()} is not ${b.join()}`);
}

test("two hands on a level keep both points in the hands, to the micrometre", () => {
  const pose: Pose = { position: [0.3, 0.9, -0.8], orientation: [0, 0, 0, 1], scale: 0.004 };
  const grab = hands.newGrab();
  const left: Vector = [-0.2, 1.1, -0.4];
  const right: Vector = [0.2, 1.1, -0.4];
  hands.grabbed(grab, pose, 3, left, right, 1e-4, 1, pose, grab);
  for (let t = 0; t < 6; t += 0.05) {
    left[0] = -0.3 * Math.cos(t);
    left[2] = -0.3 * Math.sin(t) - 0.1 * t;
    right[0] = 0.2 * Math.cos(t);
    right[2] = 0.2 * Math.sin(t) - 0.1 * t;
    hands.grabbed(grab, pose, 3, left, right, 1e-4, 1, pose, grab);
    near(apply(pose, grab.left), left);
    near(apply(pose, grab.right), right);
  }
});
