"""The playback clock: how seconds at the viewer move the playhead through ranks, as pure functions.

The playhead is an integer rank and a fraction in [0, 1), never one float. Two *paces* share one
clock: at ``commit`` pace every rank takes equally long, at ``calendar`` pace it takes as long as
it took in history, with idle gaps compressed. Both take the same time for the whole history, so
that changing pace changes the rhythm and not the length. The twin is ``webxr_client/src/clock.ts``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Pace = Literal["commit", "calendar"]

#: Seconds at the viewer that a change eases for.
EASE_SECONDS = 0.35
EASE_LEAST = 1e-6
#: The last fraction of a rank.
_LAST = 1.0 - 1e-9

#: Seconds of history up to which a gap between two commits is as long as it was, and at least.
GAP_KEPT = 3 * 86400.0
GAP_LEAST = 60.0

#: Seconds that the whole history plays for at first, and ranks per second at least and at most.
WHOLE_SECONDS = 90.0
RATE_LEAST, RATE_MOST = 0.25, 20_000.0
RATE_FIRST_LEAST = 2.0


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where each rank lies in compressed time.

    Attributes
    ----------
    at : (head_rank + 1,) float64, seconds
        Rises strictly from 0: gaps beyond `GAP_KEPT` grow by their logarithm only.
    """

    at: NDArray[np.float64]

    @property
    def head_rank(self) -> int:
        """The newest rank."""
        return len(self.at) - 1


@dataclass(frozen=True, slots=True)
class Playback:
    """Where the playhead is and how it moves.

    Attributes
    ----------
    rank, fraction : int, float in [0, 1)
    playing : bool
    rate : float
        Ranks per second, averaged over the history; negative plays backwards.
    pace : {"commit", "calendar"}
    """

    rank: int
    fraction: float = 0.0
    playing: bool = False
    rate: float = RATE_FIRST_LEAST
    pace: Pace = "commit"


def calendar(timeline: NDArray[np.int64]) -> Calendar:
    """Return the calendar of a timeline.

    Parameters
    ----------
    timeline : (head_rank + 1,) int64, seconds UTC
        Never falls.
    """
    gaps = np.maximum(np.diff(timeline).astype(np.float64), GAP_LEAST)
    long = gaps > GAP_KEPT
    gaps[long] = GAP_KEPT * (1.0 + np.log(gaps[long] / GAP_KEPT))
    at = np.zeros(len(timeline), np.float64)
    np.cumsum(gaps, out=at[1:])
    return Calendar(at)


def first_rate(head_rank: int) -> float:
    """Return the rate to start with: the whole history in `WHOLE_SECONDS`, but not slower than a stroll."""
    return min(max(head_rank / WHOLE_SECONDS, RATE_FIRST_LEAST), RATE_MOST)


def progress(dates: Calendar, rank: int, fraction: float, pace: Pace) -> float:
    """Return how much of the history lies before the playhead at this pace, 0 … 1."""
    head = dates.head_rank
    if head == 0:
        return 1.0
    if pace == "commit":
        return (rank + fraction) / head
    return _seconds(dates, rank, fraction) / float(dates.at[head])


def at_progress(dates: Calendar, share: float, pace: Pace) -> tuple[int, float]:
    """Return rank and fraction where `share` of the history lies before, clamped to its ends."""
    head = dates.head_rank
    share = min(max(share, 0.0), 1.0)
    if pace == "commit":
        t = share * head
        rank = min(math.floor(t), head)
        return (rank, t - rank) if rank < head else (head, 0.0)
    return _place(dates, share * float(dates.at[head]))


def _seconds(dates: Calendar, rank: int, fraction: float) -> float:
    here = float(dates.at[rank])
    return here if fraction == 0.0 else here + fraction * (float(dates.at[rank + 1]) - here)


def _place(dates: Calendar, seconds: float) -> tuple[int, float]:
    head = dates.head_rank
    rank = int(np.searchsorted(dates.at, seconds, side="right")) - 1
    if rank >= head:
        return head, 0.0
    here = float(dates.at[rank])
    return rank, min((seconds - here) / (float(dates.at[rank + 1]) - here), 1.0 - 2.0**-53)


def advance(state: Playback, dates: Calendar, seconds: float) -> Playback:
    """Return the state after `seconds` at the viewer. It stops where history ends."""
    if not state.playing or seconds == 0.0:
        return state
    head = dates.head_rank
    ranks = state.rate * seconds
    if state.pace == "commit":
        # Whole ranks and fraction apart: far from 0 a sum would lose the fraction's last bits.
        moved = state.fraction + ranks
        rank, fraction = state.rank + math.floor(moved), moved - math.floor(moved)
        if fraction >= 1.0:
            rank, fraction = rank + 1, 0.0
        arrived = rank >= head if ranks > 0.0 else rank < 0
    else:
        whole = float(dates.at[head])
        target = _seconds(dates, state.rank, state.fraction) + (ranks / head * whole if head else 0.0)
        arrived = target >= whole if ranks > 0.0 else target < 0.0
        rank, fraction = _place(dates, max(target, 0.0))
    if arrived:
        return replace(state, rank=head if ranks > 0.0 else 0, fraction=0.0, playing=False)
    return replace(state, rank=rank, fraction=fraction)


def seek(state: Playback, head_rank: int, rank: int, fraction: float = 0.0) -> Playback:
    """Return the state with the playhead at rank + fraction, clamped to the history."""
    if rank >= head_rank:
        rank, fraction = head_rank, 0.0
    elif rank < 0:
        rank, fraction = 0, 0.0
    return replace(state, rank=rank, fraction=fraction)


def play(state: Playback, rate: float) -> Playback:
    """Return the state playing at `rate` (ranks per second; negative: backwards), within what is sensible."""
    speed = min(max(abs(rate), RATE_LEAST), RATE_MOST)
    return replace(state, playing=True, rate=-speed if rate < 0.0 else speed)


def pause(state: Playback) -> Playback:
    """Return the state at rest."""
    return replace(state, playing=False)


def ranks_per_second(state: Playback, dates: Calendar) -> float:
    """Return how fast ranks pass at the playhead (without sign), playing or not."""
    head = dates.head_rank
    speed = abs(state.rate)
    if state.pace == "commit" or head == 0:
        return speed
    after = min(state.rank, head - 1)
    gap = float(dates.at[after + 1]) - float(dates.at[after])
    return speed * (float(dates.at[head]) / head) / gap


def easing(state: Playback, dates: Calendar) -> float:
    """Return the share of a rank that a change eases for: the uniform ``easing``."""
    return min(max(EASE_SECONDS * ranks_per_second(state, dates), EASE_LEAST), 1.0)


def arriving(share: float) -> float:
    """Return the fraction of a rank at which a commit that lands is shown, `share` of the time since.

    What is between two states goes by smoothstep of it: together they begin at once and ease out, by a cube.
    """
    out = 1.0 - (1.0 - min(max(share, 0.0), 1.0)) ** 3
    return min(0.5 - math.sin(math.asin(1.0 - 2.0 * out) / 3.0), _LAST)


def glow_per_rank(state: Playback, glow_seconds: float) -> float:
    """Return how fast glow fades with ranks: the uniform ``glowPerRank``.

    It follows the average rate at either pace, so that nothing flickers where the calendar hurries.
    """
    return 1.0 / (abs(state.rate) * glow_seconds)
