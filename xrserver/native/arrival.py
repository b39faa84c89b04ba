"""A commit that has just landed is seen arriving: its rank passes in a moment, wherever nobody plays."""

from __future__ import annotations

from dataclasses import replace

from xrserver import clock
from xrserver.clock import Playback


class Arrival:
    """What becomes of the playhead when history grows."""

    def __init__(self) -> None:
        self._share = 0.0
        self._left: Playback | None = None

    @property
    def showing(self) -> bool:
        """Whether one is being shown."""
        return self._left is not None

    def begin(self, state: Playback, before: int, head_rank: int) -> Playback:
        """Return the state when history has grown from `before`; what rests there follows."""
        # Commits may come faster than they are seen arriving.
        follows = self.showing or (state.rank >= before and not state.playing)
        if not follows or head_rank <= before:
            return state
        self._share = 0.0
        self._left = replace(clock.seek(state, head_rank, head_rank - 1), fraction=self._share)
        return self._left

    def step(self, state: Playback, head_rank: int, seconds: float) -> Playback:
        """Return the state `seconds` later; where the playhead was moved meanwhile, the arrival is over."""
        if self._left is None or state != self._left:
            self._left = None
            return state
        self._share += seconds / clock.EASE_SECONDS
        if self._share >= 1.0:
            self._left = None
            return clock.seek(state, head_rank, head_rank)
        self._left = replace(state, fraction=clock.arriving(self._share))
        return self._left
