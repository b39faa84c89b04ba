"""How much a viewer may send: so many messages and bytes a second, with some in hand."""

from __future__ import annotations

import time
from collections.abc import Callable

from xrserver.errors import TooManyMessages

#: Messages a second, and how many may come at once after a pause.
RATE, BURST = 120.0, 360.0

#: A message of this many bytes counts as two.
BYTES_A_MESSAGE = 8192


class Allowance:
    """A token bucket."""

    def __init__(self, rate: float = RATE, burst: float = BURST,
                 now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._now = now
        self._left = burst
        self._last = now()

    def spend(self, size: int) -> None:
        """Count a message of `size` bytes.

        Raises
        ------
        TooManyMessages
            There is nothing left to spend.
        """
        now = self._now()
        self._left = min(self._burst, self._left + (now - self._last) * self._rate)
        self._last = now
        self._left -= 1.0 + size / BYTES_A_MESSAGE
        if self._left < 0.0:
            raise TooManyMessages(f"More than {self._rate:.0f} messages a second came for too long.")
