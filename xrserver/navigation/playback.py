"""Playing: what actions do to the clock, as pure functions.

The twin is ``webxr_client/src/navigation/playback.ts``.
"""

from __future__ import annotations

from dataclasses import replace

from xrserver import clock
from xrserver.clock import Calendar, Playback


def toggle(state: Playback, dates: Calendar) -> Playback:
    """Return the state playing or at rest, whichever it was not; at the end it starts over."""
    if state.playing:
        return clock.pause(state)
    head = dates.head_rank
    if state.rate > 0.0 and state.rank >= head:
        state = clock.seek(state, head, 0)
    elif state.rate < 0.0 and state.rank == 0 and state.fraction == 0.0:
        state = clock.seek(state, head, head)
    return clock.play(state, state.rate)


def step(state: Playback, dates: Calendar, ranks: int) -> Playback:
    """Return the state at rest, `ranks` whole commits on (negative: back)."""
    rank = state.rank
    if ranks < 0 and state.fraction > 0.0:
        rank += 1
    return clock.seek(clock.pause(state), dates.head_rank, rank + ranks)


def scrub(state: Playback, dates: Calendar, share: float) -> Playback:
    """Return the state at rest where `share` (0 … 1) of the history lies before, at its pace.

    It stops on whole ranks: what a hand points at is a commit, and the picture there is git's.
    """
    rank, fraction = clock.at_progress(dates, share, state.pace)
    return clock.seek(clock.pause(state), dates.head_rank, rank + (1 if fraction >= 0.5 else 0))


def faster(state: Playback, factor: float) -> Playback:
    """Return the state at `factor` times the rate, within what is sensible; negative turns around."""
    changed = clock.play(state, state.rate * factor)
    return replace(changed, playing=state.playing)


def other_pace(state: Playback) -> Playback:
    """Return the state at the other pace."""
    return replace(state, pace="calendar" if state.pace == "commit" else "commit")
