"""Sizes and names along a history: what has to be followed row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.kernels.jit import kernel


@kernel
def largest_so_far(size: NDArray[np.int64], before: NDArray[np.int64], order: NDArray[np.int64]) -> Any:
    """Follow each file through its life, moves included: the largest size it has had by then.

    Parameters
    ----------
    size : (n_versions,) int64, bytes
    before : (n_versions,) int64
        The row that each continues (of the same path, or of the one it moved from); -1 where
        something new begins.
    order : (n_versions,) int64
        Rows such that `before` comes first.

    Returns
    -------
    (n_versions,) int64, bytes
    """
    largest = size.copy()
    for row in order:
        if before[row] >= 0:
            largest[row] = max(size[row], largest[before[row]])
    return largest


@kernel
def full_paths(parent: NDArray[np.int32], offsets: NDArray[np.int64], names: NDArray[np.uint8],
               wanted: NDArray[np.int64]) -> Any:
    """Write out whole paths of a tree of segments, ``/`` between them.

    Parameters
    ----------
    parent, offsets, names
        The path tree, as `history.index.PathTree` has it.
    wanted : (n,) int64
        Path ids, in any order, repeated or not.

    Returns
    -------
    starts : (n + 1,) int64
        Offsets into the bytes.
    text : (m,) uint8
    """
    starts = np.zeros(len(wanted) + 1, np.int64)
    for i in range(len(wanted)):
        length, p = np.int64(0), wanted[i]
        while p > 0:
            length += offsets[p + 1] - offsets[p]
            p = np.int64(parent[p])
            if p > 0:
                length += 1
        starts[i + 1] = starts[i] + length
    text = np.empty(starts[-1], np.uint8)
    for i in range(len(wanted)):
        end, p = starts[i + 1], wanted[i]
        while p > 0:
            end -= offsets[p + 1] - offsets[p]
            for k in range(offsets[p + 1] - offsets[p]):
                text[end + k] = names[offsets[p] + k]
            p = np.int64(parent[p])
            if p > 0:
                end -= 1
                text[end] = 47
    return starts, text
