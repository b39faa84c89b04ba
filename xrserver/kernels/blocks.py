"""Many buildings as one block: how high it is drawn when, and how wrong that is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END
from xrserver.kernels.jit import kernel

#: Heights of live buildings are counted in this many bins: the highest is known to one of them.
BINS = 1024


@kernel
def blocks(group: NDArray[np.int64], rank: NDArray[np.int64], sign: NDArray[np.int64],
           height: NDArray[np.float64], volume: NDArray[np.float64], area: NDArray[np.float64],
           least: float, tolerance: float, limit: int) -> Any:
    """Sweep the comings and goings of each group's buildings and give its block a height.

    The block's height spreads its buildings' volume over its area; a new version begins only where
    that has moved by more than `tolerance`.

    Parameters
    ----------
    group, rank, sign : (n,) int64
        Sorted by (group, rank). `sign` is 1 where a building begins to stand, -1 where it ends.
    height, volume : (n,) float64, metres, m³
        Of the building, above the group's ground.
    area : (n_groups,) float64, m²
    least : float, metres
        No block is lower.
    limit : int
        Give up beyond so many versions.

    Returns
    -------
    count : int
        Versions; -1 when there would be more than `limit`.
    of, birth, death : (count,) int64
        Group, and the ranks [birth, death).
    top : (count,) float64, metres
        Height of the block above its ground.
    error : float, metres
        The most that the top of a block is off from a surface below or above it, at any rank.
    """
    n = len(group)
    room = min(n, limit) + 1
    of, birth, death = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    top = np.empty(room, np.float64)
    counts = np.zeros(BINS + 1, np.int64)
    tallest = 1e-9
    for k in range(n):
        tallest = max(tallest, height[k])
    step = tallest / BINS * 1.000001
    count, error, i = 0, 0.0, 0
    while i < n:
        g = group[i]
        counts[:] = 0
        live, filled, highest, is_open = 0, 0.0, 0, False
        while i < n and group[i] == g:
            now = rank[i]
            while i < n and group[i] == g and rank[i] == now:
                b = int(height[i] / step)
                counts[b] += sign[i]
                live += sign[i]
                filled += sign[i] * volume[i]
                highest = max(highest, b)
                i += 1
            if live == 0:
                if is_open:
                    death[count - 1] = now
                is_open, filled, highest = False, 0.0, 0
                continue
            while highest > 0 and counts[highest] == 0:
                highest -= 1
            wanted = max(filled / area[g], least)
            if not is_open or abs(wanted - top[count - 1]) > tolerance:
                if is_open:
                    death[count - 1] = now
                if count >= limit:
                    return -1, of, birth, death, top, error
                of[count], birth[count], death[count], top[count] = g, now, RANK_END, wanted
                count += 1
                is_open = True
            drawn = top[count - 1]
            error = max(error, drawn, (highest + 1) * step - drawn)
    return count, of[:count], birth[:count], death[:count], top[:count], error
