"""Rows that hold any number of values each: offsets into one array of values (CSR)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def csr(counts: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the offsets of rows that hold so many values each."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def ragged(starts: NDArray[Any], counts: NDArray[Any]) -> NDArray[np.int64]:
    """Return the rows of the ranges [start, start + count), one after the other."""
    counts = counts.astype(np.int64)
    before = np.cumsum(counts) - counts
    return np.arange(int(counts.sum()), dtype=np.int64) + np.repeat(starts.astype(np.int64) - before, counts)


def permuted(offsets: NDArray[np.int64], counts: NDArray[np.int32], order: NDArray[np.int32],
             ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the offsets of a CSR with its rows in `order`, and where each of its values comes from."""
    moved = csr(counts[order])
    return moved, ragged(offsets[:-1][order], counts[order])
