import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { Matrix4, Vector3 } from "three";
import { read, type Model } from "../src/xr/glb.ts";

const PROFILES = new URL("../node_modules/@webxr-input-profiles/assets/dist/profiles/", import.meta.url);

async function model(profile: string, side: string): Promise<Model> {
  const bytes = await readFile(new URL(`${profile}/${side}.glb`, PROFILES));
  return read(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Longest extent of all vertices, metres. */
function extent({ positions }: Model): number {
  let longest = 0;
  for (let i = 0; i < 3; i++) {
    const along = positions.filter((_, at) => at % 3 === i);
    longest = Math.max(longest, along.reduce((a, b) => Math.max(a, b)) - along.reduce((a, b) => Math.min(a, b)));
  }
  return longest;
}

const CONTROLLERS = ["meta-quest-touch-plus", "meta-quest-touch-pro", "oculus-touch-v3"];

for (const side of ["left", "right"]) {
  for (const profile of CONTROLLERS) {
    test(`the ${side} ${profile} is one mesh as large as a hand, whose parts are at rest where they were`, async () => {
      const found = await model(profile, side);
      const long = extent(found);
      assert.ok(long > 0.08 && long < 0.2, `${long} m`);
      assert.ok(found.image !== null && found.image.size > 10_000);
      const world: Matrix4[] = [];
      for (const { parent, before, rest, inverse } of found.bones) {
        const around = parent < 0 ? new Matrix4() : world[parent]!;
        world.push(around.clone().multiply(before).multiply(new Matrix4().compose(rest.position, rest.orientation, new Vector3(1, 1, 1))));
        const off = world.at(-1)!.clone().multiply(inverse).elements.map((each, i) => Math.abs(each - (i % 5 === 0 ? 1 : 0)));
        assert.ok(Math.max(...off) < 1e-5);
      }
      const names = new Set(found.bones.map(({ name }) => name));
      for (const part of ["xr_standard_trigger", "xr_standard_squeeze", "xr_standard_thumbstick_yaxis"]) assert.ok(names.has(part), part);
      const trigger = found.bones.findIndex(({ name }) => name === "xr_standard_trigger");
      assert.ok(found.joints.some((joint, at) => at % 4 === 0 && joint === trigger), "the trigger's mesh goes with it");
      assert.ok(found.indices.every((index) => index < found.positions.length / 3));
    });
  }

  test(`the ${side} hand has WebXR's 25 joints, and every vertex is held by some`, async () => {
    const found = await model("generic-hand", side);
    assert.equal(found.bones.length, 25);
    assert.ok(["wrist", "thumb-tip", "index-finger-tip", "pinky-finger-metacarpal"].every((name) =>
      found.bones.some((bone) => bone.name === name)));
    for (let at = 0; at < found.weights.length; at += 4) {
      const sum = found.weights[at]! + found.weights[at + 1]! + found.weights[at + 2]! + found.weights[at + 3]!;
      assert.ok(Math.abs(sum - 1) < 1e-3);
    }
  });
}

test("what is no model is refused", () => {
  assert.throws(() => read(new ArrayBuffer(64)), /no binary glTF/);
});
