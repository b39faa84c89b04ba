import assert from "node:assert/strict";
import { test } from "node:test";
import { Kind, SPAN } from "../src/generated/protocol.ts";
import { hold } from "../src/scene/extent.ts";

test("a box is widened by what stands beyond it, and by nothing else", () => {
  const spans = new Uint32Array(2 * SPAN.words);
  const floats = new Float32Array(spans.buffer);
  floats.set([10, 0, 0], SPAN.position1);
  floats.set([4, 6, 2], SPAN.size1);
  const ribbon = SPAN.words;
  spans[ribbon + SPAN.traits] = Kind.RIBBON;
  floats.set([0, 1, 0], ribbon + SPAN.position1);
  floats.set([0, 1, -20], ribbon + SPAN.position0);
  floats[ribbon + SPAN.value1] = floats[ribbon + SPAN.value0] = 2;
  const box = [-5, 0, -5, 5, 3, 5];
  hold(box, spans);
  assert.deepEqual(box, [-5, 0, -21, 12, 6, 5]);
  hold(box, spans.subarray(0, 0));
  assert.deepEqual(box, [-5, 0, -21, 12, 6, 5]);
});
