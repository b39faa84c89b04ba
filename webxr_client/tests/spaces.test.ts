import assert from "node:assert/strict";
import { test } from "node:test";

import * as spaces from "../src/spaces.ts";
import type { Pose, Quaternion, Vector } from "../src/spaces.ts";
import { holds } from "./vectors.ts";

holds("navigation/spaces.compose", (a: Pose, b: Pose) => spaces.compose(a, b));
holds("navigation/spaces.invert", (a: Pose) => spaces.invert(a));
holds("navigation/spaces.apply", (a: Pose, point: Vector) => spaces.apply(a, point));
holds("navigation/spaces.apply_inverse", (a: Pose, point: Vector) => spaces.applyInverse(a, point));
holds("navigation/spaces.matrix", (a: Pose) => spaces.matrix(a));
holds("navigation/spaces.view_matrix", (a: Pose) => spaces.viewMatrix(a));
holds("navigation/spaces.look_at", (eye: Vector, target: Vector) => spaces.lookAt(eye, target));
holds("navigation/spaces.yaw_pitch", (yaw: number, pitch: number) => spaces.yawPitch(yaw, pitch));
holds("navigation/spaces.yaw_pitch_of", (q: Quaternion) => spaces.yawPitchOf(q));
holds("navigation/spaces.perspective", (fov: number, aspect: number, near: number, far: number) =>
  spaces.perspective(fov, aspect, near, far),
);
holds("navigation/spaces.ray_through", (x: number, y: number, fov: number, aspect: number, q: Quaternion) =>
  spaces.rayThrough(x, y, fov, aspect, q),
);

test("results may be written over arguments", () => {
  const a: Pose = { position: [1, 2, 3], orientation: spaces.yawPitch(0.4, -0.2), scale: 0.5 };
  const b: Pose = { position: [-4, 0, 2], orientation: spaces.yawPitch(-2, 0.7), scale: 3 };
  const expected = spaces.compose(a, b);
  assert.deepEqual(spaces.compose(a, b, spaces.copyPose(a)), expected);
  const over = spaces.copyPose(b);
  assert.deepEqual(spaces.compose(a, over, over), expected);
  const inverse = spaces.copyPose(a);
  assert.deepEqual(spaces.invert(inverse, inverse), spaces.invert(a));
  const point: Vector = [7, 8, 9];
  assert.deepEqual(spaces.apply(a, point, point), spaces.apply(a, [7, 8, 9]));
});
