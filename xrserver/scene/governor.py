"""The governor: answers missed frames with a smaller cut, and recovers slowly. Pure functions.

Its twin is ``webxr_client/src/scene/governor.ts``; both read ``tests/vectors/governor/``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

#: A frame that took so many refreshes was missed.
MISSED = 1.5
#: A pause of so many seconds is none of the picture's: the viewer slept, or was not looked at.
PAUSE = 0.25
#: Seconds over which misses are averaged, and the shares of frames missed that are too many and few.
MEMORY, TOO_MANY, FEW = 0.5, 0.12, 0.02
#: What the share falls and rises by, how little it may be, and the seconds it stays after it fell.
FALL, RISE, LEAST, SETTLE = 0.8, 1.1, 0.05, 0.6
#: Seconds without misses before it rises: doubled when a rise was too much, up to a limit.
PATIENCE, MOST_PATIENCE = 3.0, 48.0


@dataclass(frozen=True, slots=True)
class Governor:
    """How much of its budget of nodes a viewer uses, and why.

    Attributes
    ----------
    share : float
        Of the budget of nodes; at most 1.
    late : float
        Share of frames missed lately.
    since, calm : float, seconds
        Since the share changed, and without misses.
    patience : float, seconds
        How long `calm` must last before the share rises.
    rose : bool
        The last change was a rise.
    """

    share: float = 1.0
    late: float = 0.0
    since: float = 0.0
    calm: float = 0.0
    patience: float = PATIENCE
    rose: bool = False


def governed(state: Governor, seconds: float, refresh: float) -> Governor:
    """Return the state after a frame that was drawn and came `seconds` after the one before.

    Parameters
    ----------
    seconds : float
    refresh : float
        Seconds between two refreshes of the display.
    """
    if not 0.0 < seconds < PAUSE:
        return state
    missed = 1.0 if seconds > MISSED * refresh else 0.0
    late = state.late + (missed - state.late) * (1.0 - math.exp(-seconds / MEMORY))
    since = state.since + seconds
    calm = state.calm + seconds if late < FEW else 0.0
    if late > TOO_MANY and since >= SETTLE:
        if state.share <= LEAST:
            return replace(state, late=late, since=since, calm=0.0)
        patience = min(2.0 * state.patience, MOST_PATIENCE) if state.rose else state.patience
        return Governor(max(state.share * FALL, LEAST), 0.0, 0.0, 0.0, patience, False)
    if calm >= state.patience and state.share < 1.0:
        return Governor(min(state.share * RISE, 1.0), late, 0.0, 0.0, state.patience, True)
    if calm >= 4.0 * state.patience:  # all is well, and has been for long: the next rise need not wait so
        return Governor(state.share, late, since, 0.0, max(0.5 * state.patience, PATIENCE), False)
    return Governor(state.share, late, since, calm, state.patience, state.rose)
