"""From one place to another: in a glide that the eye can follow, or in the blink of an eye.

The page's twin is ``webxr_client/src/xr/passage.ts``.
"""

from __future__ import annotations

from xrserver.navigation.locomotion import GLIDE_SECONDS
from xrserver.navigation.standing import glided
from xrserver.spaces import Pose

#: A blink: seconds until it is dark, and until it is light again.
SHUT, OPEN = 0.11, 0.17
#: What goes straight in a glide: the middle of the city.
_MIDDLE = (0.0, 0.0, 0.0)


class Passage:
    """One way from a pose to another."""

    def __init__(self) -> None:
        self._from = self._to = Pose(_MIDDLE)
        #: Seconds into a glide, or a blink; −1 while there is none.
        self._glided = self._blinked = -1.0

    @property
    def blinking(self) -> bool:
        """In the dark: nothing can be held, and nothing be seen to move."""
        return self._blinked >= 0.0

    @property
    def leaving(self) -> bool:
        """It is about to be elsewhere."""
        return 0.0 <= self._blinked < SHUT

    @property
    def dark(self) -> float:
        """How dark it is, 0 … 1."""
        at = self._blinked
        if at < 0.0:
            return 0.0
        return at / SHUT if at < SHUT else 1.0 - (at - SHUT) / OPEN

    def begin(self, start: Pose, to: Pose, blinks: bool) -> None:
        """Set out."""
        self._from, self._to = start, to
        self._glided = -1.0 if blinks else 0.0
        if blinks:
            self._blinked = 0.0

    def halt(self) -> None:
        """A hand takes over from a glide."""
        self._glided = -1.0

    def stop(self) -> None:
        """End at once, where it is."""
        self._glided = self._blinked = -1.0

    def step(self, pose: Pose, seconds: float) -> Pose:
        """Return the pose after a frame."""
        if self._blinked >= 0.0:
            before, self._blinked = self._blinked, self._blinked + seconds
            if before < SHUT <= self._blinked:
                pose = self._to
            if self._blinked >= SHUT + OPEN:
                self._blinked = -1.0
        if self._glided < 0.0:
            return pose
        self._glided += seconds
        if self._glided >= GLIDE_SECONDS:
            self._glided = -1.0
            return self._to
        left = 1.0 - self._glided / GLIDE_SECONDS
        return glided(self._from, self._to, 1.0 - left * left * left, _MIDDLE)
