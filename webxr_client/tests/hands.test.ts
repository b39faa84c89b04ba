import assert from "node:assert/strict";
import { test } from "node:test";

import { Hands } from "../src/input/hands.ts";

/** A frame in which spaces, named by numbers, are where `places` says; what is not in it is not seen. */
function frameOf(places: Readonly<Record<string, readonly [number, number, number]>>): XRFrame {
  return {
    getPose: (space: unknown) => {
      const place = places[space as string];
      if (place === undefined) return null;
      const [x, y, z] = place;
      return { transform: { position: { x, y, z }, orientation: { x: 0, y: 0, z: 0, w: 1 } } };
    },
  } as unknown as XRFrame;
}

const source = (targetRayMode: string, handedness: string, name: string, more: object = {}): XRInputSource => ({
  targetRayMode, handedness, targetRaySpace: `${name} ray`, gripSpace: `${name} grip`, profiles: [], ...more,
}) as unknown as XRInputSource;

const SPACE = "room" as unknown as XRReferenceSpace;
const read = (hands: Hands, places: Parameters<typeof frameOf>[0], ...sources: XRInputSource[]) =>
  hands.read(frameOf(places), SPACE, sources, 1 / 90);

test("a pinch that eyes aim is a hand that points there, for as long as it lasts", () => {
  const hands = new Hands();
  const { left, right } = hands;
  read(hands, {});
  assert.equal(right.kind, "absent");

  const pinch = source("transient-pointer", "right", "p");
  hands.select(pinch, true);
  read(hands, { "p ray": [0, 1.6, 0], "p grip": [0.2, 1, -0.3] }, pinch);
  assert.deepEqual([right.kind, right.tracked, right.select.began, left.kind], ["gaze", true, true, "absent"]);
  assert.deepEqual([right.aim.position, right.grip.position], [[0, 1.6, 0], [0.2, 1, -0.3]]);

  read(hands, { "p ray": [0, 1.6, 0], "p grip": [0.25, 1, -0.3] }, pinch);
  assert.deepEqual([right.select.began, right.select.pressed], [false, true]);
  assert.ok(Math.abs(right.travel - 0.05) < 1e-9);

  hands.select(pinch, false); // it goes with it
  read(hands, {});
  assert.deepEqual([right.kind, right.select.ended, right.select.pressed], ["absent", true, false]);
  read(hands, {});
  assert.equal(right.select.ended, false);
});

test("two pinches that eyes aim are two hands", () => {
  const hands = new Hands();
  const pinches = [source("transient-pointer", "left", "l"), source("transient-pointer", "right", "r")];
  for (const pinch of pinches) hands.select(pinch, true);
  read(hands, { "l ray": [0, 1.6, 0], "l grip": [-0.2, 1, 0], "r ray": [0, 1.6, 0], "r grip": [0.2, 1, 0] }, ...pinches);
  assert.deepEqual(hands.both.map((hand) => [hand.kind, hand.select.began]), [["gaze", true], ["gaze", true]]);
});

test("a press that is over before it is looked at is one", () => {
  const hands = new Hands();
  const gaze = source("gaze", "none", "g", { gripSpace: undefined });
  const seen = { "g ray": [0, 1.6, 0] } as const;
  read(hands, seen, gaze);
  assert.deepEqual([hands.right.kind, hands.right.select.pressed], ["gaze", false]);
  hands.select(gaze, true);
  hands.select(gaze, false);
  read(hands, seen, gaze);
  assert.ok(hands.right.select.began);
  read(hands, seen, gaze);
  assert.ok(hands.right.select.ended);
});

test("a gaze that is always there gives way to what is held", () => {
  const hands = new Hands();
  const gaze = source("gaze", "none", "g", { gripSpace: undefined });
  const held = source("tracked-pointer", "left", "c", { gamepad: { buttons: [{ value: 1 }], axes: [] } });
  read(hands, { "g ray": [0, 1.6, 0] }, gaze);
  assert.equal(hands.right.kind, "gaze");
  const both = { "g ray": [0, 1.6, 0], "c ray": [0, 1, 0], "c grip": [0, 1, 0] } as const;
  read(hands, both, gaze, held);
  assert.deepEqual([hands.left.kind, hands.right.kind, hands.left.select.pressed], ["controller", "absent", true]);
});
