"""The walk through the city: an order of nodes in which everything below a district is together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.kernels.jit import kernel

#: Arrays of int64 and float64. (An element taken from a typed one would not be a number to pyright.)
Ints = NDArray[Any]
Floats = NDArray[Any]


@kernel
def along_hilbert(x: Any, y: Any, bits: int) -> Any:
    """Return how far along Hilbert's curve of 2**bits squares a side the square (x, y) lies."""
    distance = np.int64(0)
    side = 1 << (bits - 1)
    while side > 0:
        right, up = (x & side) > 0, (y & side) > 0
        distance += side * side * ((3 if right else 0) ^ (1 if up else 0))
        if not up:
            if right:
                x, y = 2 * side - 1 - (x & (2 * side - 1)), 2 * side - 1 - (y & (2 * side - 1))
            x, y = y, x
        side >>= 1
    return distance


@kernel
def curve(rects: Floats, around: Floats, bits: int) -> Any:
    """Return where along Hilbert's curve over each row of `around` the middle of each of `rects` lies."""
    out = np.empty(len(rects), np.int64)
    most = (1 << bits) - 1
    for i in range(len(rects)):
        width, depth = max(around[i, 2], 1e-9), max(around[i, 3], 1e-9)
        x = np.int64(((rects[i, 0] - around[i, 0]) / width + 0.5) * most)
        y = np.int64(((rects[i, 1] - around[i, 1]) / depth + 0.5) * most)
        out[i] = along_hilbert(min(max(x, 0), most), min(max(y, 0), most), bits)
    return out


@kernel
def chained(order: Ints, group: Ints, across: Floats, thick: Floats, along: Floats, length: Floats,
            longest: int, taken: NDArray[np.bool_], number: Ints, count: int) -> int:
    """Number the files that stand in a row next to each other, as many as `longest` at a time.

    Parameters
    ----------
    order : (m,) int64
        Files, sorted so that those of one row follow each other.
    group, across, thick, along, length : (n,) arrays
        Of each file: its district; middle and extent of its cell across and along the row.
    taken, number : (n,) arrays
        Filled in: whether the file is in a row, and the number of that.
    count : int
        Numbers given so far; those given after this are returned.
    """
    i = 0
    while i < len(order):
        j = i + 1
        while j < len(order):
            a, b = order[j - 1], order[j]
            apart = abs(along[b] - along[a] - 0.5 * (length[a] + length[b]))
            if group[a] != group[b] or across[a] != across[b] or thick[a] != thick[b] or apart > 1e-6:
                break
            j += 1
        if j - i > 1:
            parts = (j - i + longest - 1) // longest
            for k in range(i, j):
                taken[order[k]] = True
                number[order[k]] = count + (k - i) * parts // (j - i)
            count += parts
        i = j
    return count


@kernel
def sizes_below(parent: Ints, own: Ints) -> Any:
    """Return how many rows each district has with all below it; `own` of itself; parents come first."""
    size = own.copy()
    for d in range(len(parent) - 1, 0, -1):
        size[parent[d]] += size[d]
    return size


@kernel
def starts_of(parent: Ints, size: Ints, own: Ints, order: Ints) -> Any:
    """Return the row at which each district begins; `order` lists parents first, siblings as they follow."""
    start = np.zeros(len(parent), np.int64)
    following = np.zeros(len(parent), np.int64)
    for d in order:
        if d > 0:
            start[d] = following[parent[d]]
            following[parent[d]] += size[d]
        following[d] = start[d] + own[d]
    return start
