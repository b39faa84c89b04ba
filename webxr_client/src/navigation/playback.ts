/**
 * Playing: what actions do to the clock, as pure functions. The twin is `xrserver/navigation/playback.py`.
 */

import * as clock from "../clock.ts";
import type { Calendar, Playback, Playhead } from "../clock.ts";

const found: Playhead = { rank: 0, fraction: 0 };

/** The state playing or at rest, whichever it was not; at the end it starts over. */
export function toggle(state: Readonly<Playback>, dates: Calendar, out: Playback = clock.newPlayback()): Playback {
  if (state.playing) return clock.pause(state, out);
  const head = clock.headRank(dates);
  let { rank, fraction } = state;
  if (state.rate > 0 && rank >= head) {
    rank = 0;
    fraction = 0;
  } else if (state.rate < 0 && rank === 0 && fraction === 0) {
    rank = head;
  }
  clock.seek(state, head, rank, fraction, out);
  return clock.play(out, out.rate, out);
}

/** The state at rest, `ranks` whole commits on (negative: back). */
export function step(
  state: Readonly<Playback>,
  dates: Calendar,
  ranks: number,
  out: Playback = clock.newPlayback(),
): Playback {
  const from = state.rank + (ranks < 0 && state.fraction > 0 ? 1 : 0);
  clock.seek(state, clock.headRank(dates), from + ranks, 0, out);
  return clock.pause(out, out);
}

/**
 * The state at rest where `share` (0 … 1) of the history lies before, at its pace. It stops on whole
 * ranks: what a hand points at is a commit, and the picture there is git's.
 */
export function scrub(
  state: Readonly<Playback>,
  dates: Calendar,
  share: number,
  out: Playback = clock.newPlayback(),
): Playback {
  clock.atProgress(dates, share, state.pace, found);
  clock.seek(state, clock.headRank(dates), found.rank + (found.fraction >= 0.5 ? 1 : 0), 0, out);
  return clock.pause(out, out);
}

/** The state at `factor` times the rate, within what is sensible; negative turns around. */
export function faster(state: Readonly<Playback>, factor: number, out: Playback = clock.newPlayback()): Playback {
  const { playing } = state;
  clock.play(state, state.rate * factor, out);
  out.playing = playing;
  return out;
}

/** The state at the other pace. */
export function otherPace(state: Readonly<Playback>, out: Playback = clock.newPlayback()): Playback {
  clock.seek(state, Infinity, state.rank, state.fraction, out);
  out.pace = state.pace === "commit" ? "calendar" : "commit";
  return out;
}
