"""Tables that give equal bytes one number, grown here and filled by `kernels.intern`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIRST_SLOTS = 1 << 12


def _slots(rows: int) -> int:
    """Return the least power of two that `rows` rows fill no more than half."""
    return max(_FIRST_SLOTS, 1 << (2 * rows - 1).bit_length())


class Strings:
    """Byte strings by the order of their first appearance.

    Attributes
    ----------
    count : int
        How many there are.
    slots : (n_slots,) int32
    offsets : (capacity + 1,) int64
    pool : (capacity,) uint8
    """

    def __init__(self) -> None:
        self.count = 0
        self.slots: NDArray[np.int32] = np.full(_FIRST_SLOTS, -1, np.int32)
        self.offsets: NDArray[np.int64] = np.zeros(2, np.int64)
        self.pool: NDArray[np.uint8] = np.empty(1 << 16, np.uint8)

    @classmethod
    def of(cls, offsets: NDArray[np.int64], pool: NDArray[np.uint8]) -> Strings:
        """Return the table of the strings ``pool[offsets[i]:offsets[i + 1]]``, which are all different."""
        from xrserver.kernels.intern import rehash_bytes

        table = cls()
        table.count = len(offsets) - 1
        table.offsets = np.append(offsets, np.int64(0))
        table.pool = pool
        table.slots = np.full(_slots(table.count), -1, np.int32)
        rehash_bytes(table.slots, table.offsets, table.pool, table.count)
        return table

    def since(self, row: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return the strings from `row` on: offsets, and bytes."""
        offsets = self.offsets[row:self.count + 1]
        return offsets - offsets[0], self.pool[offsets[0]:offsets[-1]]

    def reserve(self, rows: int, size: int) -> None:
        """Make room for `rows` more strings of `size` bytes together."""
        from xrserver.kernels.intern import rehash_bytes

        used = int(self.offsets[self.count])
        if used + size > len(self.pool):
            self.pool = _grown(self.pool, used + size)
        if self.count + rows + 1 > len(self.offsets):
            self.offsets = _grown(self.offsets, self.count + rows + 1)
        if 2 * (self.count + rows) > len(self.slots):
            self.slots = np.full(_slots(self.count + rows), -1, np.int32)
            rehash_bytes(self.slots, self.offsets, self.pool, self.count)

    def add(self, strings: Sequence[bytes]) -> NDArray[np.int32]:
        """Return the row of each of `strings`."""
        from xrserver.kernels.intern import intern_all

        data = np.frombuffer(b"".join(strings), np.uint8)
        rows = np.empty(len(strings), np.int32)
        self.reserve(len(strings), len(data))
        self.count = int(intern_all(self.slots, self.offsets, self.pool, self.count, data,
                                    np.cumsum([len(string) for string in strings], dtype=np.int64), rows))
        return rows

    def __getitem__(self, row: int) -> bytes:
        return self.pool[self.offsets[row]:self.offsets[row + 1]].tobytes()


class Oids:
    """Object ids of `width` bytes by the order of their first appearance.

    Attributes
    ----------
    count : int
        How many there are.
    slots : (n_slots,) int32
    rows : (capacity, width) uint8
    wanted : (capacity,) uint8
        1 where the object's size can be asked for.
    """

    def __init__(self, width: int) -> None:
        self.count = 0
        self.slots: NDArray[np.int32] = np.full(_FIRST_SLOTS, -1, np.int32)
        self.rows: NDArray[np.uint8] = np.empty((_FIRST_SLOTS, width), np.uint8)
        self.wanted: NDArray[np.uint8] = np.zeros(_FIRST_SLOTS, np.uint8)

    @classmethod
    def of(cls, rows: NDArray[np.uint8]) -> Oids:
        """Return the table of `rows`, which are all different."""
        from xrserver.kernels.intern import rehash_oids

        table = cls(rows.shape[1])
        table.count = len(rows)
        table.rows = np.ascontiguousarray(rows)
        table.slots = np.full(_slots(len(rows)), -1, np.int32)
        rehash_oids(table.slots, table.rows, table.count)
        return table

    def reserve(self, rows: int) -> None:
        """Make room for `rows` more."""
        from xrserver.kernels.intern import rehash_oids

        if self.count + rows > len(self.rows):
            self.rows = _grown(self.rows, self.count + rows)
            self.wanted = _grown(self.wanted, self.count + rows)
        if 2 * (self.count + rows) > len(self.slots):
            self.slots = np.full(_slots(self.count + rows), -1, np.int32)
            rehash_oids(self.slots, self.rows, self.count)

    def find(self, wanted: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Return the row of each of `wanted`, (n, width); -1 where it is not here."""
        from xrserver.kernels.intern import find_oids

        found = np.empty(len(wanted), np.int32)
        find_oids(self.slots, self.rows, np.ascontiguousarray(wanted), found)
        return found


def _grown(array: NDArray[Any], least: int) -> NDArray[Any]:
    """Return a copy of `array` with room for at least `least` rows, and half as many again."""
    grown = np.empty((least + least // 2, *array.shape[1:]), array.dtype)
    grown[:len(array)] = array
    return grown
