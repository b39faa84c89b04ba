import assert from "node:assert/strict";
import { test } from "node:test";

import { tierOf } from "../src/tier.ts";

const quest = (model: string): string =>
  `Mozilla/5.0 (X11; Linux x86_64; ${model}) AppleWebKit/537.36 (KHTML, like Gecko) OculusBrowser/33.0 Chrome/126.0 VR Safari/537.36`;

test("a headset's browser says which budget it has", () => {
  assert.equal(tierOf(quest("Quest 2"), true), "quest2");
  assert.equal(tierOf(quest("Quest 1"), true), "quest2");
  for (const model of ["Quest 3", "Quest 3S", "Quest Pro", "Quest 4"]) assert.equal(tierOf(quest(model), true), "quest3");
});

test("what is touched draws as much as a headset, what is clicked as much as a desktop", () => {
  assert.equal(tierOf("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", true), "quest3");
  assert.equal(tierOf("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36", false), "desktop");
});
