/**
 * The playback clock: how seconds at the viewer move the playhead through ranks, as pure functions.
 *
 * The playhead is an integer rank and a fraction in [0, 1), never one float. Two *paces* share one
 * clock: at `commit` pace every rank takes equally long, at `calendar` pace it takes as long as it
 * took in history, with idle gaps compressed. Both take the same time for the whole history, so
 * that changing pace changes the rhythm and not the length. The twin is `xrserver/clock.py`.
 *
 * Functions that make a state take an `out` to write it into (it may be the state itself), so that
 * frames allocate nothing.
 */

import { extended } from "./room.ts";

export type Pace = "commit" | "calendar";

/** Seconds at the viewer that a change eases for. */
export const EASE_SECONDS = 0.35;
export const EASE_LEAST = 1e-6;
/** The last fraction of a rank. */
const LAST = 1 - 1e-9;

/** Seconds of history up to which a gap between two commits is as long as it was, and at least. */
export const GAP_KEPT = 3 * 86400;
export const GAP_LEAST = 60;

/** Seconds that the whole history plays for at first, and ranks per second at least and at most. */
export const WHOLE_SECONDS = 90;
export const RATE_LEAST = 0.25;
export const RATE_MOST = 20_000;
export const RATE_FIRST_LEAST = 2;

/** Where each rank lies in compressed time: seconds, rising strictly from 0. */
export interface Calendar {
  readonly at: Float64Array;
}

/** Rank and fraction in [0, 1). */
export interface Playhead {
  rank: number;
  fraction: number;
}

/** Where the playhead is and how it moves. */
export interface Playback extends Playhead {
  playing: boolean;
  /** Ranks per second, averaged over the history; negative plays backwards. */
  rate: number;
  pace: Pace;
}

export const newPlayback = (rank = 0): Playback => ({
  rank,
  fraction: 0,
  playing: false,
  rate: RATE_FIRST_LEAST,
  pace: "commit",
});

function copy(state: Readonly<Playback>, out: Playback): Playback {
  out.rank = state.rank;
  out.fraction = state.fraction;
  out.playing = state.playing;
  out.rate = state.rate;
  out.pace = state.pace;
  return out;
}

/** The calendar of a timeline (seconds UTC by rank, never falling); `known`, which it replaces, is right before rank `first`. */
export function calendar(timeline: ArrayLike<bigint> | ArrayLike<number>, known?: Calendar, first = 0): Calendar {
  const at = known === undefined ? new Float64Array(timeline.length) : extended(known.at, first, timeline.length);
  for (let rank = Math.max(first, 1); rank < at.length; rank++) {
    const gap = Math.max(Number(timeline[rank]) - Number(timeline[rank - 1]), GAP_LEAST);
    at[rank] = at[rank - 1]! + (gap > GAP_KEPT ? GAP_KEPT * (1 + Math.log(gap / GAP_KEPT)) : gap);
  }
  return { at };
}

export const headRank = (dates: Calendar): number => dates.at.length - 1;

/** The rate to start with: the whole history in `WHOLE_SECONDS`, but not slower than a stroll. */
export function firstRate(head: number): number {
  return Math.min(Math.max(head / WHOLE_SECONDS, RATE_FIRST_LEAST), RATE_MOST);
}

/** How much of the history lies before the playhead at this pace, 0 … 1. */
export function progress(dates: Calendar, rank: number, fraction: number, pace: Pace): number {
  const head = headRank(dates);
  if (head === 0) return 1;
  return pace === "commit" ? (rank + fraction) / head : seconds(dates, rank, fraction) / dates.at[head]!;
}

/** Rank and fraction where `share` of the history lies before, clamped to its ends. */
export function atProgress(
  dates: Calendar,
  share: number,
  pace: Pace,
  out: Playhead = { rank: 0, fraction: 0 },
): Playhead {
  const head = headRank(dates);
  const clamped = Math.min(Math.max(share, 0), 1);
  if (pace === "calendar") return place(dates, clamped * dates.at[head]!, out);
  const t = clamped * head;
  out.rank = Math.min(Math.floor(t), head);
  out.fraction = out.rank < head ? t - out.rank : 0;
  return out;
}

function seconds(dates: Calendar, rank: number, fraction: number): number {
  const here = dates.at[rank]!;
  return fraction === 0 ? here : here + fraction * (dates.at[rank + 1]! - here);
}

function place(dates: Calendar, at: number, out: Playhead): Playhead {
  const head = headRank(dates);
  let low = 0;
  let high = dates.at.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (dates.at[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  out.rank = Math.min(low - 1, head);
  const here = dates.at[out.rank]!;
  out.fraction =
    out.rank < head ? Math.min((at - here) / (dates.at[out.rank + 1]! - here), 1 - Number.EPSILON / 2) : 0;
  return out;
}

/** The state after `dt` seconds at the viewer. It stops where history ends. */
export function advance(
  state: Readonly<Playback>,
  dates: Calendar,
  dt: number,
  out: Playback = newPlayback(),
): Playback {
  copy(state, out);
  if (!state.playing || dt === 0) return out;
  const head = headRank(dates);
  const ranks = state.rate * dt;
  let arrived: boolean;
  if (state.pace === "commit") {
    // Whole ranks and fraction apart: far from 0 a sum would lose the fraction's last bits.
    const moved = out.fraction + ranks;
    out.rank += Math.floor(moved);
    out.fraction = moved - Math.floor(moved);
    if (out.fraction >= 1) {
      out.rank += 1;
      out.fraction = 0;
    }
    arrived = ranks > 0 ? out.rank >= head : out.rank < 0;
  } else {
    const whole = dates.at[head]!;
    const target = seconds(dates, out.rank, out.fraction) + (head > 0 ? (ranks / head) * whole : 0);
    arrived = ranks > 0 ? target >= whole : target < 0;
    place(dates, Math.max(target, 0), out);
  }
  if (arrived) {
    out.rank = ranks > 0 ? head : 0;
    out.fraction = 0;
    out.playing = false;
  }
  return out;
}

/** The state with the playhead at rank + fraction, clamped to the history. */
export function seek(
  state: Readonly<Playback>,
  head: number,
  rank: number,
  fraction = 0,
  out: Playback = newPlayback(),
): Playback {
  copy(state, out);
  const outside = rank >= head || rank < 0;
  out.rank = Math.min(Math.max(rank, 0), head);
  out.fraction = outside ? 0 : fraction;
  return out;
}

/** The state playing at `rate` (ranks per second; negative: backwards), within what is sensible. */
export function play(state: Readonly<Playback>, rate: number, out: Playback = newPlayback()): Playback {
  copy(state, out);
  const speed = Math.min(Math.max(Math.abs(rate), RATE_LEAST), RATE_MOST);
  out.playing = true;
  out.rate = rate < 0 ? -speed : speed;
  return out;
}

/** The state at rest. */
export function pause(state: Readonly<Playback>, out: Playback = newPlayback()): Playback {
  copy(state, out);
  out.playing = false;
  return out;
}

/** How fast ranks pass at the playhead (without sign), playing or not. */
export function ranksPerSecond(state: Readonly<Playback>, dates: Calendar): number {
  const head = headRank(dates);
  const speed = Math.abs(state.rate);
  if (state.pace === "commit" || head === 0) return speed;
  const after = Math.min(state.rank, head - 1);
  return (speed * (dates.at[head]! / head)) / (dates.at[after + 1]! - dates.at[after]!);
}

/**
 * The fraction of a rank at which a commit that lands is shown, `share` of the time since.
 *
 * What is between two states goes by smoothstep of it: together they begin at once and ease out, by a cube.
 */
export function arriving(share: number): number {
  const out = 1 - (1 - Math.min(Math.max(share, 0), 1)) ** 3;
  return Math.min(0.5 - Math.sin(Math.asin(1 - 2 * out) / 3), LAST);
}

/** The share of a rank that a change eases for: the uniform `easing`. */
export function easing(state: Readonly<Playback>, dates: Calendar): number {
  return Math.min(Math.max(EASE_SECONDS * ranksPerSecond(state, dates), EASE_LEAST), 1);
}

/**
 * How fast glow fades with ranks: the uniform `glowPerRank`. It follows the average rate at either
 * pace, so that nothing flickers where the calendar hurries.
 */
export function glowPerRank(state: Readonly<Playback>, glowSeconds: number): number {
  return 1 / (Math.abs(state.rate) * glowSeconds);
}
