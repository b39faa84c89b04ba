import assert from "node:assert/strict";
import { test } from "node:test";

import { place, type Wish } from "../src/scene/placement.ts";

const wish = (key: number, left: number, top: number, weight: number, shown = false): Wish =>
  ({ key, left, top, right: left + 60, bottom: top + 20, weight, shown });
const shown = (wishes: readonly Wish[]): number[] => wishes.filter((each) => each.shown).map(({ key }) => key).sort();

test("of labels that would overlap, the heavier is shown", () => {
  const wishes = [wish(1, 0, 0, 5), wish(2, 30, 10, 9), wish(3, 200, 0, 1)];
  assert.equal(place(wishes, 3, 10, 4), 2);
  assert.deepEqual(shown(wishes), [2, 3]);
});

test("what is shown stays when something a little heavier comes near, and yields to the much heavier", () => {
  assert.deepEqual(run(wish(1, 0, 0, 10, true), wish(2, 10, 0, 12)), [1]);
  assert.deepEqual(run(wish(1, 0, 0, 10, true), wish(2, 10, 0, 14)), [2]);
});

function run(...wishes: Wish[]): number[] {
  place(wishes, wishes.length, 10, 4);
  return shown(wishes);
}

test("no two shown labels come nearer than the gap, and no more than allowed are shown", () => {
  let seed = 3;
  const random = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  const wishes = Array.from({ length: 300 }, (_, key) => wish(key, random(900), random(500), random(1000)));
  const count = place(wishes, wishes.length, 40, 6);
  const placed = wishes.filter((each) => each.shown);
  assert.equal(placed.length, count);
  assert.ok(count <= 40 && count > 20);
  for (const a of placed) {
    for (const b of placed) {
      if (a === b) continue;
      assert.ok(a.left >= b.right + 6 || b.left >= a.right + 6 || a.top >= b.bottom + 6 || b.top >= a.bottom + 6);
    }
  }
});
