"""Columns that become longer all the time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Room:
    """Room behind columns, by name: what is appended moves nothing of what they hold.

    A column that has been appended to is as it was; only the newest finds its room again.
    """

    def __init__(self) -> None:
        self._held: dict[str, NDArray[Any]] = {}
        self._used: dict[str, int] = {}

    def joined(self, name: str, before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
        """Return the column called `name` with more behind it."""
        end = len(before) + len(after)
        held = self._held.get(name)
        if held is None or before.base is not held or len(before) != self._used[name] or end > len(held):
            held = self._held[name] = np.empty((end + end // 8 + 64, *before.shape[1:]), before.dtype)
            held[:len(before)] = before
        held[len(before):end] = after
        self._used[name] = end
        return held[:end]
