"""What a coarse stretch of a river draws: commits near each other as one, and the edges between those."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.kernels.jit import kernel
from xrserver.kernels.walk import along_hilbert

#: Arrays of integers and floats. (An element taken from a typed one would not be a number to pyright.)
Ints = NDArray[Any]
Floats = NDArray[Any]


@kernel
def gathered(along: Floats, aside: Floats, size: float, limit: int) -> Any:
    """Gather commits into squares of `size` a side, the mainline running through the middle of some.

    Parameters
    ----------
    along, aside : (n,) float64, metres
        Of the commits by rank; `along` never falls.
    limit : int
        Give up beyond so many squares.

    Returns
    -------
    count : int
        Squares that hold something; -1 where they are more than `limit`.
    of : (n,) int64
        Which of them each commit is in; they are numbered by the first that came.
    """
    of = np.empty(len(along), np.int64)
    if len(along) == 0:
        return 0, of
    least = np.int64(np.floor(aside.min() / size + 0.5))
    most = np.int64(np.floor(aside.max() / size + 0.5))
    newest = np.full(most - least + 1, -1, np.int64)
    column = np.empty(most - least + 1, np.int64)
    count = 0
    for i in range(len(along)):
        at = np.int64(np.floor(along[i] / size))
        lane = np.int64(np.floor(aside[i] / size + 0.5)) - least
        if newest[lane] < 0 or column[lane] != at:
            if count >= limit:
                return -1, of
            newest[lane], column[lane] = count, at
            count += 1
        of[i] = newest[lane]
    return count, of


@kernel
def joined(begin: Ints, end: Ints, main: Ints, limit: int) -> Any:
    """Return which pairs of things are joined by edges, each pair once.

    Parameters
    ----------
    begin, end : (m,) int64
        What each edge goes from and to, below 2**31; in the order in which the edges came.
    main : (m,) bool
        Edges of the mainline: where a pair has one, that stands for the others.
    limit : int
        Give up beyond so many pairs.

    Returns
    -------
    count : int
        Pairs of different things; -1 where they are more than `limit`.
    first, chosen, edges : (count,) int64
        Of each pair: its first edge, the one that stands for all, and how many there are.
    """
    room = 16
    while room < 2 * min(limit, len(begin)) + 2:
        room *= 2
    slot = np.full(room, -1, np.int64)
    most = min(limit, len(begin))
    first, chosen, edges = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    count = 0
    for i in range(len(begin)):
        if begin[i] == end[i]:
            continue
        key = (np.uint64(begin[i]) << np.uint64(32)) | np.uint64(end[i])
        at = np.int64((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(33)) & (room - 1)
        while slot[at] >= 0 and (begin[first[slot[at]]] != begin[i] or end[first[slot[at]]] != end[i]):
            at = (at + 1) & (room - 1)
        pair = slot[at]
        if pair < 0:
            if count >= limit:
                return -1, first, chosen, edges
            slot[at] = count
            first[count], chosen[count], edges[count] = i, i, 1
            count += 1
            continue
        edges[pair] += 1
        if main[i] and not main[chosen[pair]]:
            chosen[pair] = i
    return count, first[:count], chosen[:count], edges[:count]


@kernel
def along_course(x: Floats, z: Floats, bits: int) -> Any:
    """Return where along Hilbert's curve over the square around all of them each place lies."""
    from_x, from_z = x.min(), z.min()
    side = max(x.max() - from_x, z.max() - from_z, 1e-9)
    most = (1 << bits) - 1
    out = np.empty(len(x), np.int64)
    for i in range(len(x)):
        out[i] = along_hilbert(np.int64((x[i] - from_x) / side * most),
                               np.int64((z[i] - from_z) / side * most), bits)
    return out
