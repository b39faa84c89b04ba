import assert from "node:assert/strict";
import { test } from "node:test";

import { calendar } from "../src/clock.ts";
import { dateAt, density, rankAt, shareAt, ticks } from "../src/ui/axis.ts";

const DAY = 86400;
/** Two years of a commit a day, a silence of three years, another year. */
const start = Date.UTC(2015, 0, 1) / 1000;
const timeline = Float64Array.from([
  ...Array.from({ length: 730 }, (_, i) => start + i * DAY),
  ...Array.from({ length: 365 }, (_, i) => start + (5 * 365 + i) * DAY),
]);
const dates = calendar(timeline);

test("a date and its share belong together, at either pace", () => {
  for (const pace of ["calendar", "commit"] as const) {
    for (const seconds of [start, start + 10.5 * DAY, start + 1000 * DAY, start + 5.5 * 365 * DAY]) {
      const share = shareAt(timeline, dates, seconds, pace);
      const back = dateAt(timeline, dates, share, pace, { rank: 0, fraction: 0 });
      assert.ok(Math.abs(back - seconds) < DAY, `${pace} ${seconds}: ${back}`);
    }
  }
});

test("the newest rank at a date is found", () => {
  assert.equal(rankAt(timeline, start - 1), -1);
  assert.equal(rankAt(timeline, start), 0);
  assert.equal(rankAt(timeline, start + 1.5 * DAY), 1);
  assert.equal(rankAt(timeline, 9e9), timeline.length - 1);
});

test("ticks rise, have room, and years are written as years", () => {
  for (const pace of ["calendar", "commit"] as const) {
    for (const [from, to] of [[0, 1], [0.2, 0.3], [0.4, 0.41]] as const) {
      const found = ticks(timeline, dates, pace, from, to, 900, 58);
      assert.ok(found.length >= 1 && found.length <= 17, `${pace} ${from} ${found.length}`);
      for (let i = 1; i < found.length; i++) assert.ok((found[i]!.share - found[i - 1]!.share) / (to - from) * 900 >= 58 - 1e-6);
    }
  }
  const years = ticks(timeline, dates, "commit", 0, 1, 900, 58).filter(({ strong }) => strong).map(({ text }) => text);
  assert.ok(years.includes("2016"));
});

test("silence is low and work is high, and every commit is counted once", () => {
  const heights = density(timeline, dates, "calendar", 0, 1, 100);
  assert.equal(Math.max(...heights), 1);
  const silent = Math.floor(shareAt(timeline, dates, start + 3 * 365 * DAY, "calendar") * 100);
  assert.ok(heights[silent]! < 0.35, `${heights[silent]}`);
  assert.ok(heights.every((height) => height >= 0 && height <= 1));
});

test("a history of one commit has an axis", () => {
  const one = Float64Array.of(start);
  assert.deepEqual([...density(one, calendar(one), "calendar", 0, 1, 4)].map((h) => Number.isFinite(h)), [true, true, true, true]);
  assert.ok(Array.isArray(ticks(one, calendar(one), "calendar", 0, 1, 300, 58)));
});
