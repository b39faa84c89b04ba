/** The timeline's axis: how shares of the history, dates and pixels belong together. Pure. */
import { atProgress, progress, type Calendar, type Pace, type Playhead } from "../clock.ts";
import { monthOf } from "./words.ts";

/** A mark of the axis: where (share 0 … 1), and what is written there. */
export interface Tick {
  readonly share: number;
  readonly text: string;
  readonly strong: boolean;
}

/** How much of the history lies before a date, at a pace; `timeline` is seconds UTC by rank. */
export function shareAt(timeline: Float64Array, dates: Calendar, seconds: number, pace: Pace): number {
  const rank = rankAt(timeline, seconds);
  if (rank < 0) return 0;
  if (rank >= timeline.length - 1) return 1;
  const gap = timeline[rank + 1]! - timeline[rank]!;
  const part = gap > 0 ? (seconds - timeline[rank]!) / gap : 0;
  return progress(dates, rank, Math.min(part, 1 - Number.EPSILON), pace);
}

/** The newest rank dated at or before `seconds`; −1 before the first. */
export function rankAt(timeline: Float64Array, seconds: number): number {
  let low = 0;
  let high = timeline.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeline[middle]! <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The date at a share of the history, seconds UTC. */
export function dateAt(timeline: Float64Array, dates: Calendar, share: number, pace: Pace, scratch: Playhead): number {
  const { rank, fraction } = atProgress(dates, share, pace, scratch);
  const here = timeline[rank]!;
  return fraction > 0 ? here + fraction * (timeline[rank + 1]! - here) : here;
}

/** Steps of ticks, finest first: months, then years. */
const STEPS = [1, 3, 6, 12, 24, 60, 120, 240];
const DAYS = [1, 2, 7, 14];

/**
 * Ticks for the shares [from, to] over `width` pixels, at least `room` pixels apart.
 *
 * The finest step is taken whose ticks mostly have room; single ones that do not are left out.
 */
export function ticks(timeline: Float64Array, dates: Calendar, pace: Pace, from: number, to: number, width: number, room: number): Tick[] {
  const scratch = { rank: 0, fraction: 0 };
  const first = dateAt(timeline, dates, from, pace, scratch);
  const last = dateAt(timeline, dates, to, pace, scratch);
  const most = Math.max(1, Math.floor(width / room));
  const monthsSeen = (last - first) / (30.44 * 86400);
  const found: Tick[] = [];
  const add = (seconds: number, text: string, strong: boolean) => {
    const share = shareAt(timeline, dates, seconds, pace);
    if (share >= from && share <= to && seconds >= first && seconds <= last) found.push({ share, text, strong });
  };
  if (monthsSeen < 2.5) {
    const days = Math.max((last - first) / 86400, 1);
    const step = DAYS.find((each) => days / each <= most) ?? 14;
    for (let day = Math.floor(first / 86400); day * 86400 <= last; day++) {
      const date = new Date(day * 86_400_000);
      if ((date.getUTCDate() - 1) % step !== 0) continue;
      add(day * 86400, `${date.getUTCDate()} ${monthOf(date.getUTCMonth())}`, date.getUTCDate() === 1);
    }
  } else {
    const step = STEPS.find((each) => monthsSeen / each <= most) ?? 240;
    const start = new Date(first * 1000).getUTCFullYear();
    const base = step > 12 ? Math.floor(start / (step / 12)) * (step / 12) : start;
    for (let month = 0; ; month += step) {
      const year = base + Math.floor(month / 12);
      const seconds = Date.UTC(year, month % 12, 1) / 1000;
      if (seconds > last) break;
      const isYear = month % 12 === 0;
      add(seconds, isYear ? String(year) : monthOf(month % 12), isYear);
    }
  }
  return spaced(found, (to - from) * room / width);
}

/** Leave out what has no room; years stay rather than months. */
function spaced(found: Tick[], gap: number): Tick[] {
  const kept: Tick[] = [];
  for (const tick of found) {
    const before = kept[kept.length - 1];
    if (before === undefined || tick.share - before.share >= gap) kept.push(tick);
    else if (tick.strong && !before.strong) kept[kept.length - 1] = tick;
  }
  return kept;
}

/**
 * Commits per second of calendar time, in `bins` bins over the shares [from, to], each 0 … 1 of the
 * busiest (square root, so that quiet times are seen beside busy ones).
 */
export function density(timeline: Float64Array, dates: Calendar, pace: Pace, from: number, to: number, bins: number): Float32Array {
  const out = new Float32Array(bins);
  const scratch = { rank: 0, fraction: 0 };
  const day = 86400;
  let most = 0;
  let rank = ceiling(atProgress(dates, from, pace, scratch));
  let began = dateAt(timeline, dates, from, pace, scratch);
  for (let bin = 0; bin < bins; bin++) {
    const share = from + ((bin + 1) / bins) * (to - from);
    const ended = dateAt(timeline, dates, share, pace, scratch);
    const until = bin === bins - 1 && to === 1 ? timeline.length : ceiling(atProgress(dates, share, pace, scratch));
    const rate = (until - rank) / Math.max(ended - began, day);
    out[bin] = rate;
    most = Math.max(most, rate);
    rank = until;
    began = ended;
  }
  for (let bin = 0; bin < bins; bin++) out[bin] = most > 0 ? Math.sqrt(out[bin]! / most) : 0;
  return out;
}

const ceiling = ({ rank, fraction }: Playhead): number => rank + (fraction > 0 ? 1 : 0);

/** Tags that announce another. */
const UNFINISHED = /(rc|alpha|beta|pre|dev)[-.]?\d*$/i;

/** Where tags are marked, in pixels of `width`: releases first, and only those that have `room`. */
export function tagged(
  landmarks: readonly { readonly rank: number; readonly name: string }[], dates: Calendar, pace: Pace,
  from: number, to: number, width: number, room: number,
): number[] {
  const taken = new Set<number>();
  const found: number[] = [];
  for (const wanted of [false, true]) {
    for (const { rank, name } of landmarks) {
      const share = progress(dates, Math.min(rank, dates.at.length - 1), 0, pace);
      const x = (share - from) / (to - from) * width;
      const cell = Math.round(x / room);
      if (UNFINISHED.test(name) !== wanted || x < -3 || x > width + 3) continue;
      if (taken.has(cell) || taken.has(cell - 1)) continue;
      taken.add(cell);
      found.push(x);
    }
  }
  return found;
}
