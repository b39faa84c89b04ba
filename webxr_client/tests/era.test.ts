import assert from "node:assert/strict";
import { test } from "node:test";

import { joined, placeIn, plots } from "../src/era.ts";
import { random } from "./rays.ts";

type History = NonNullable<Parameters<typeof joined>[0][number]>;

/** A history of so many commits, by date; clocks that run backwards have been put right before. */
function history(next: () => number, commits: number): History {
  let time = Math.floor(next() * 1000);
  const times = Array.from({ length: commits }, () => time += Math.floor(next() * 3) * 50);
  return { time: Float64Array.from(times), mainline: Uint8Array.from(times, () => Number(next() < 0.7)), landmarks: [] };
}

test("at every joint rank each history is at its newest commit up to there, in its own order", () => {
  const next = random(2);
  for (let round = 0; round < 40; round++) {
    const histories = Array.from({ length: 1 + Math.floor(next() * 4) }, () => history(next, Math.floor(next() * 30)));
    const joint = joined(histories);
    const commits = histories.flatMap(({ time }, k) => [...time].map((when, rank) => ({ k, rank, when })))
      .sort((a, b) => a.when - b.when || a.k - b.k || a.rank - b.rank);
    assert.deepEqual([...joint.table.time], commits.map(({ when }) => when));
    assert.equal(joint.headRank, Math.max(commits.length - 1, 0));
    const at = histories.map(() => -1);
    commits.forEach(({ k, rank }, now) => {
      at[k] = rank;
      assert.equal(joint.owner[now], k);
      assert.equal(joint.at[k]![rank], now);
      assert.equal(joint.table.mainline[now], histories[k]!.mainline[rank]);
      histories.forEach((_, each) => {
        const place = { rank: 0, fraction: 0 };
        placeIn(joint, each, now, 0.25, place);
        // Between two joint ranks only that one goes on whose commit comes next.
        assert.deepEqual(place, { rank: at[each], fraction: commits[now + 1]?.k === each ? 0.25 : 0 });
      });
    });
  }
});

test("a history that is not known yet has no part in it, and lies where it began", () => {
  const joint = joined([history(random(3), 5), undefined]);
  const place = { rank: 0, fraction: 0 };
  placeIn(joint, 1, 4, 0, place);
  assert.equal(place.rank, -1);
  assert.equal(joint.headRank, 4);
});

test("no two plots overlap, each has a street around it, and the first stays where it is", () => {
  const next = random(4);
  for (let round = 0; round < 60; round++) {
    const boxes = Array.from({ length: 1 + Math.floor(next() * 8) }, () => {
      const [x, z] = [(next() - 0.5) * 80, (next() - 0.5) * 80];
      return [x, 0, z, x + 5 + next() * 300, 20, z + 5 + next() * 300];
    });
    const found = plots(boxes);
    assert.deepEqual(found[0], [0, 0]);
    boxes.forEach((a, i) => boxes.forEach((b, j) => {
      if (j <= i) return;
      const apart = Math.max(
        ...[[a, i, b, j] as const, [b, j, a, i] as const].flatMap(([p, k, q, l]) => [
          q[0]! + found[l]![0] - p[3]! - found[k]![0], q[2]! + found[l]![1] - p[5]! - found[k]![1]]));
      assert.ok(apart > 7.99, `${i} and ${j} are ${apart} m apart`);
    }));
  }
});
