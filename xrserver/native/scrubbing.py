"""Time in the hand: the stick of a hand whose trigger is held moves it.

The page's twin is ``webxr_client/src/xr/wrist.ts``.
"""

from __future__ import annotations

from collections.abc import Callable

from xrserver import clock
from xrserver.clock import Calendar, Playback
from xrserver.native.hands import Hand
from xrserver.navigation import playback

#: A stick counts from here; pushed all the way, so much of the history goes by in a second.
_LEAST, _SHARE = 0.15, 0.25
#: Commits that pass under the hand are felt, at most so often: seconds.
_TICK = 0.04


class Scrubbing:
    """One hand's hold on the playhead."""

    def __init__(self, pulse: Callable[[str, str], None]) -> None:
        self._pulse = pulse
        self._share = -1.0
        self._since = 0.0

    @property
    def busy(self) -> bool:
        """Somebody holds the playhead."""
        return self._share >= 0.0

    def step(self, hands: tuple[Hand, Hand], state: Playback, dates: Calendar, seconds: float,
             left_handed: bool = False) -> Playback:
        """Return the playback after a frame; a stick that scrubs does nothing else."""
        hand = hands[1 if left_handed else 0]
        x = hand.stick[0] if abs(hand.stick[0]) > _LEAST else 0.0
        held = hand.kind == "controller" and hand.select.pressed and (
            hand.owner in ("", "thing") or self.busy)
        if not held or not (x or self.busy):
            self._share = -1.0
            return state
        if not self.busy:
            self._share = clock.progress(dates, state.rank, state.fraction, state.pace)
        hand.owner = "panel"
        hand.stick = (0.0, 0.0)
        self._since += seconds
        self._share = min(max(self._share + x * abs(x) * _SHARE * seconds, 0.0), 1.0)
        after = playback.scrub(state, dates, self._share)
        if after.rank != state.rank and self._since >= _TICK:
            self._since = 0.0
            self._pulse(hand.side, "tick")
        return after
