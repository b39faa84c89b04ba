import assert from "node:assert/strict";
import { test } from "node:test";

import { Runs } from "../src/scene/runs.ts";

test("rows that come back are joined and taken again", () => {
  const runs = new Runs(10);
  assert.deepEqual([runs.take(4), runs.take(3), runs.take(3)], [0, 4, 7]);
  assert.equal(runs.take(1), -1);
  runs.release(0, 4);
  runs.release(7, 3);
  assert.equal(runs.take(5), -1);
  runs.release(4, 3);
  assert.equal(runs.take(10), 0);
});

test("growing adds rows behind, joined to what is free there", () => {
  const runs = new Runs(4);
  assert.equal(runs.take(2), 0);
  runs.grow(8);
  assert.equal(runs.size, 8);
  assert.equal(runs.take(6), 2);
});

test("whatever is taken and given back, no two runs overlap", () => {
  const runs = new Runs(64);
  const owner = new Array<number>(4096).fill(0);
  const held: { first: number; length: number; id: number }[] = [];
  let seed = 7;
  const random = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  for (let id = 1; id < 2000; id++) {
    if (random(3) > 0 || held.length === 0) {
      const length = 1 + random(20);
      let first = runs.take(length);
      if (first < 0) {
        if (runs.size > 2000) continue;
        runs.grow(runs.size * 2);
        first = runs.take(length);
      }
      if (first < 0) continue;
      for (let row = first; row < first + length; row++) {
        assert.equal(owner[row], 0);
        owner[row] = id;
      }
      held.push({ first, length, id });
    } else {
      const [{ first, length }] = held.splice(random(held.length), 1) as [(typeof held)[number]];
      owner.fill(0, first, first + length);
      runs.release(first, length);
    }
  }
  for (const { first, length } of held) runs.release(first, length);
  assert.equal(runs.take(runs.size), 0);
});
