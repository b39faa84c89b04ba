"""A city that was laid out anew: what stood elsewhere goes from there to where it stands now."""

from __future__ import annotations

import moderngl
import numpy as np
from numpy.typing import NDArray

from xrserver.native.pools import WIDTH

#: Seconds that it takes.
SECONDS = 0.8
#: Words that ``uBefore`` has of each row of ``uNodes``.
_WORDS = 8
_ROWS_A_LINE = WIDTH * 4 // _WORDS


class Settling:
    """How far all is on its way, and from where.

    Attributes
    ----------
    left : float
        What is still to be gone, 1 … 0.
    texture : moderngl.Texture
        ``uBefore``.
    """

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self.left = 0.0
        self._passed = 0.0
        self._keys: NDArray[np.uint64] = np.empty(0, np.uint64)
        self._places: NDArray[np.float32] = np.empty((0, 5), np.float32)
        self._records = np.zeros((_ROWS_A_LINE, _WORDS), np.uint32)
        self.texture = self._make(1)

    def _make(self, lines: int) -> moderngl.Texture:
        texture = self._context.texture((WIDTH, lines), 4, dtype="u4")
        texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        return texture

    def leave(self, keys: NDArray[np.uint64], places: NDArray[np.float32]) -> None:
        """Take down where everything stands (`City.places`): from there it goes where it is drawn next."""
        order = np.argsort(keys, kind="stable")
        self._keys, self._places = keys[order], places[order]
        self._records[:] = 0
        self._passed, self.left = 0.0, 1.0 if len(keys) else 0.0

    def arrive(self, keys: NDArray[np.uint64], rows: NDArray[np.int64], lines: int) -> None:
        """Say of nodes that have come, which lie in these rows of ``uNodes``, where they were.

        Parameters
        ----------
        lines : int
            Of the texture of ``uNodes``.
        """
        if lines * _ROWS_A_LINE > len(self._records):
            longer = np.zeros((lines * _ROWS_A_LINE, _WORDS), np.uint32)
            longer[:len(self._records)] = self._records
            self._records = longer
            self.texture.release()
            self.texture = self._make(lines)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        known = (self._keys[at] == keys) & (keys > 0)
        places = self._places[at[known]].view(np.uint32)
        self._records[rows] = 0
        self._records[rows[known, None], [0, 1, 2, 4, 6]] = places
        self._records[rows[known], 3] = 1
        self.texture.write(self._records.data)

    def step(self, seconds: float) -> None:
        """Let time pass."""
        if self.left > 0.0:
            self._passed += seconds
            t = min(self._passed / SECONDS, 1.0)
            self.left = 1.0 - t * t * (3.0 - 2.0 * t)
