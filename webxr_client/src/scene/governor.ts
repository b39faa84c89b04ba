/**
 * The governor: answers missed frames with a smaller cut, and recovers slowly. Pure functions.
 *
 * The twin is `xrserver/scene/governor.py`; both read `tests/vectors/governor/`.
 */

/** A frame that took so many refreshes was missed. */
const MISSED = 1.5;
/** A pause of so many seconds is none of the picture's: the page slept, or was not looked at. */
const PAUSE = 0.25;
/** Seconds over which misses are averaged, and the shares of frames missed that are too many and few. */
const MEMORY = 0.5;
const TOO_MANY = 0.12;
const FEW = 0.02;
/** What the share falls and rises by, how little it may be, and the seconds it stays after it fell. */
const FALL = 0.8;
const RISE = 1.1;
const LEAST = 0.05;
const SETTLE = 0.6;
/** Seconds without misses before it rises: doubled when a rise was too much, up to a limit. */
const PATIENCE = 3;
const MOST_PATIENCE = 48;

/** How much of its budget of nodes a viewer uses, and why. */
export interface Governor {
  /** Of the budget of nodes; at most 1. */
  share: number;
  /** Share of frames missed lately. */
  late: number;
  /** Seconds since the share changed, and without misses. */
  since: number;
  calm: number;
  /** Seconds that `calm` must last before the share rises. */
  patience: number;
  /** The last change was a rise. */
  rose: boolean;
}

export const newGovernor = (): Governor => ({ share: 1, late: 0, since: 0, calm: 0, patience: PATIENCE, rose: false });

/** Take up a frame that was drawn and came `seconds` after the one before; `refresh` is the display's, in seconds. */
export function governed(state: Readonly<Governor>, seconds: number, refresh: number, out: Governor): Governor {
  let { share, late, since, calm, patience, rose } = state;
  if (seconds > 0 && seconds < PAUSE) {
    late += ((seconds > MISSED * refresh ? 1 : 0) - late) * (1 - Math.exp(-seconds / MEMORY));
    since += seconds;
    calm = late < FEW ? calm + seconds : 0;
    if (late > TOO_MANY && since >= SETTLE) {
      calm = 0;
      if (share > LEAST) {
        if (rose) patience = Math.min(2 * patience, MOST_PATIENCE);
        share = Math.max(share * FALL, LEAST);
        late = since = 0;
        rose = false;
      }
    } else if (calm >= patience && share < 1) {
      share = Math.min(share * RISE, 1);
      since = calm = 0;
      rose = true;
    } else if (calm >= 4 * patience) {
      // All is well, and has been for long: the next rise need not wait so.
      calm = 0;
      patience = Math.max(0.5 * patience, PATIENCE);
      rose = false;
    }
  }
  out.share = share;
  out.late = late;
  out.since = since;
  out.calm = calm;
  out.patience = patience;
  out.rose = rose;
  return out;
}
