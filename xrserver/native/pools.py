"""Pools: integer textures that hold the columns of many tiles, so that one draw call reaches them all.

Every tile takes whole rows of a pool (2048 texels each); what it wastes is less than a row.
"""

from __future__ import annotations

from itertools import pairwise

import moderngl
import numpy as np
from numpy.typing import NDArray

#: Texels in a row of every integer texture.
WIDTH = 2048


class Pool:
    """Records of one column set, one tile after the other in a texture.

    Parameters
    ----------
    components : int
        32-bit words in a texel: 4 (RGBA32UI) or 2 (RG32UI).
    texels : int
        Texels in a record.
    """

    def __init__(self, context: moderngl.Context, components: int, texels: int) -> None:
        self._context = context
        self._components = components
        self._texels = texels
        self._free: list[tuple[int, int]] = []
        #: By the row that each begins at: how many it has.
        self._held: dict[int, int] = {}
        self._rows = 0
        self.texture = self._make(1)

    def _make(self, rows: int) -> moderngl.Texture:
        texture = self._context.texture((WIDTH, rows), self._components, dtype="u4")
        texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._free = _joined([*self._free, (self._rows, rows - self._rows)])
        self._rows = rows
        return texture

    def add(self, records: NDArray[np.void], room: int = 0) -> int:
        """Upload packed records and return the number of the first: what rows are rebased by.

        Records never straddle: the first lies at a texel that is a multiple of its size in texels. Behind
        them is `room` for so many more.
        """
        words = np.ascontiguousarray(records).view(np.uint32).reshape(-1)
        # Rows in steps that are whole numbers of records.
        step = self._texels
        rows = -(-max(words.size // self._components + room * step, 1) // WIDTH)
        rows += -rows % step
        first = self._take(rows, step)
        self._held[first] = rows
        self._upload(first * WIDTH, words)
        return first * WIDTH // self._texels

    def remove(self, number: int) -> None:
        """Give back what `add` returned `number` for."""
        first = number * self._texels // WIDTH
        rows = self._held.pop(first)
        self._free = _joined([*self._free, (first, rows)])

    def holds(self, number: int) -> int:
        """Return how many records there is room for where `add` returned `number`."""
        return self._held[number * self._texels // WIDTH] * WIDTH // self._texels

    def write(self, number: int, rows: NDArray[np.int64], records: NDArray[np.void]) -> None:
        """Write some records again, or behind what was there.

        Parameters
        ----------
        number : int
            What `add` returned.
        rows : (n,) int64
            Ascending: where each lies from there.
        """
        words = np.ascontiguousarray(records).view(np.uint32).reshape(-1, self._components * self._texels)
        # What lies together is written at once.
        ends = [*(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
        for first, last in pairwise([0, *ends] if len(rows) else []):
            self._upload((number + int(rows[first])) * self._texels, words[first:last].reshape(-1))

    def _take(self, rows: int, step: int) -> int:
        for i, (start, length) in enumerate(self._free):
            first = start + -start % step
            if first + rows <= start + length:
                self._free[i:i + 1] = [part for part in ((start, first - start),
                                                         (first + rows, start + length - first - rows))
                                       if part[1] > 0]
                return first
        self._grow(self._rows + rows + step)
        return self._take(rows, step)

    def _grow(self, least: int) -> None:
        rows = max(least, 2 * self._rows)
        limit = int(self._context.info["GL_MAX_TEXTURE_SIZE"])
        if least > limit:
            raise MemoryError(f"The scene needs {least * WIDTH} texels in one texture; this OpenGL "
                              f"holds {limit * WIDTH}.")
        old, self.texture = self.texture, self._make(min(rows, limit))
        # On the card: uploading all of it again would hold up a frame, and take as much memory here.
        frames = [self._context.framebuffer([texture]) for texture in (self.texture, old)]
        self._context.copy_framebuffer(*frames)
        for made in (*frames, old):
            made.release()

    def _upload(self, at: int, words: NDArray[np.uint32]) -> None:
        """Write words from a texel on: the rest of its line, whole lines, and what begins another."""
        while words.size:
            line, column = divmod(at, WIDTH)
            left = words.size // self._components
            lines = left // WIDTH if column == 0 and left >= WIDTH else 1
            wide = min(WIDTH - column, left)
            some = words[:lines * wide * self._components]
            self.texture.write(some.data, viewport=(column, line, wide, lines))
            at, words = at + lines * wide, words[some.size:]


def _joined(parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return free stretches (start, length) sorted, neighbours joined."""
    joined: list[tuple[int, int]] = []
    for start, length in sorted(part for part in parts if part[1] > 0):
        if joined and sum(joined[-1]) == start:
            joined[-1] = (joined[-1][0], joined[-1][1] + length)
        else:
            joined.append((start, length))
    return joined
