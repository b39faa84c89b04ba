import assert from "node:assert/strict";
import { test } from "node:test";

import * as clock from "../src/clock.ts";
import type { Pace, Playback } from "../src/clock.ts";
import { extended } from "../src/room.ts";
import { holds } from "./vectors.ts";

const head = (line: number[]): number => line.length - 1;

holds("clock/clock.calendar", (line: number[]) => Array.from(clock.calendar(line).at));
holds("clock/clock.first_rate", (ranks: number) => clock.firstRate(ranks));
holds("clock/clock.advance", (s: Playback, line: number[], dt: number) => clock.advance(s, clock.calendar(line), dt));
holds("clock/clock.seek", (s: Playback, line: number[], r: number, f: number) => clock.seek(s, head(line), r, f));
holds("clock/clock.play", (s: Playback, _: number[], rate: number) => clock.play(s, rate));
holds("clock/clock.ranks_per_second", (s: Playback, line: number[]) => clock.ranksPerSecond(s, clock.calendar(line)));
holds("clock/clock.easing", (s: Playback, line: number[]) => clock.easing(s, clock.calendar(line)));
holds("clock/clock.arriving", clock.arriving);
holds("clock/clock.glow_per_rank", (s: Playback, _: number[], seconds: number) => clock.glowPerRank(s, seconds));
holds("clock/clock.progress", (s: Playback, line: number[]) =>
  clock.progress(clock.calendar(line), s.rank, s.fraction, s.pace),
);
holds("clock/clock.at_progress", (s: { pace: Pace }, line: number[], share: number) => {
  const { rank, fraction } = clock.atProgress(clock.calendar(line), share, s.pace);
  return [rank, fraction];
});

test("a calendar is the same from a message's 64-bit times", () => {
  const line = [5, 70, 70, 9_000_000_000];
  assert.deepEqual(clock.calendar(BigInt64Array.from(line.map(BigInt))), clock.calendar(line));
});

test("a calendar that goes on again and again is that of the whole timeline", () => {
  const line: number[] = [1_000_000];
  let dates = clock.calendar(line);
  for (let i = 1; i < 400; i++) {
    const first = i % 7 === 0 ? line.length - 1 : line.length; // the newest may be told anew
    line.length = first;
    for (let k = 0; k <= i % 5; k++) line.push((line.at(-1) ?? 1_000_000) + ((i * 7919) % 400_000));
    dates = clock.calendar(line, dates, first);
    assert.deepEqual(Array.from(dates.at), Array.from(clock.calendar(line).at));
  }
});

test("a column that becomes longer keeps what it held, and leaves other columns alone", () => {
  const whole = new Float64Array([1, 2, 3, 4, 5]);
  const beside = whole.subarray(3);
  let column = whole.subarray(0, 3);
  for (let n = 4; n < 500; n++) {
    const before = Array.from(column);
    column = extended(column, n - 1, n);
    column[n - 1] = n;
    assert.deepEqual(Array.from(column), [...before, n]);
  }
  assert.deepEqual(Array.from(beside), [4, 5]);
});

test("a state can be advanced in place", () => {
  const dates = clock.calendar([0, 60, 120, 180]);
  const state: Playback = { rank: 1, fraction: 0.25, playing: true, rate: 2, pace: "calendar" };
  const fresh = clock.advance(state, dates, 0.3);
  assert.notEqual(fresh, state);
  assert.equal(clock.advance(state, dates, 0.3, state), state);
  assert.deepEqual(state, fresh);
});
