"""Lanes of the river: which commits follow each other on one, and which lane each such chain takes.

A *chain* is a run of first parents: the mainline is chain 0, every other one goes from a commit that
nothing before has claimed back to where it forked. It needs a lane from there until the last merge
that takes it up; intervals are coloured greedily by where they begin, which needs no more lanes than
there are chains at once (Gupta, Lee and Leung 1979).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.kernels.jit import kernel

#: Arrays of these dtypes. (An element taken from a typed one would not be a number to pyright.)
U8 = NDArray[Any]
I32 = NDArray[Any]
I64 = NDArray[Any]

#: How an edge goes from a parent to its child: along their own lane; first over to the child's lane,
#: then along it; along the parent's lane, over to the child's at the end; over others, as a bridge.
ALONG, FORK, MERGE, BRIDGE = 0, 1, 2, 3


@kernel
def chains(parent_offsets: I64, parents: I32, mainline: I32) -> tuple[I32, I32, I32, U8]:
    """Divide commits into chains, and say how every edge goes.

    Parameters
    ----------
    parent_offsets, parents : (n + 1,) int64, (m,) int32
        CSR of parents by rank; parents have smaller ranks.
    mainline : (k,) int32
        Ranks of the first-parent chain that is chain 0.

    Returns
    -------
    chain : (n,) int32
    start, end : (n_chains,) int32
        The ranks between which a chain needs a lane, neither included: from the fork (one before its
        first commit, where it has no parent) to its last merge (one after its last commit, where
        nothing takes it up).
    route : (m,) uint8
        ALONG, FORK, MERGE or BRIDGE, by row of `parents`.
    """
    n = len(parent_offsets) - 1
    chain = np.full(n, -1, np.int32)
    after = np.full(n, n, np.int32)  # the next commit of its chain
    for i in range(len(mainline)):
        chain[mainline[i]] = 0
        if i > 0:
            after[mainline[i - 1]] = mainline[i]
    count = 1
    for tip in range(n - 1, -1, -1):
        if chain[tip] >= 0:
            continue
        at = tip
        while True:
            chain[at] = count
            if parent_offsets[at + 1] == parent_offsets[at]:
                break
            parent = parents[parent_offsets[at]]
            if chain[parent] >= 0:
                break
            after[parent] = at
            at = parent
        count += 1

    start = np.full(count, n, np.int32)
    end = np.full(count, -1, np.int32)
    route = np.empty(len(parents), np.uint8)
    for at in range(n):
        own = chain[at]
        if start[own] == n:
            forked = parent_offsets[at + 1] > parent_offsets[at]
            start[own] = parents[parent_offsets[at]] if forked else at - 1
        end[own] = max(end[own], at + 1 if after[at] == n else after[at])
        for i in range(parent_offsets[at], parent_offsets[at + 1]):
            parent = parents[i]
            if i == parent_offsets[at]:
                route[i] = ALONG if chain[parent] == own else FORK
            elif chain[parent] != own and after[parent] > at:
                # Nothing of its chain lies between: the edge has the lane to itself.
                route[i] = MERGE
                end[chain[parent]] = max(end[chain[parent]], at)
            else:
                route[i] = BRIDGE
    if len(mainline) > 0:
        start[0] = -1
        end[0] = n
    return chain, start, end, route


@kernel
def colour_intervals(start: I32, end: I32, order: I64) -> I32:
    """Return a lane for each open interval (start, end): those that overlap have different ones.

    The smallest lane that is free, in the order given. O(n log n).

    Parameters
    ----------
    order : (n,) int64
        Rows by start; the first one keeps lane 0 for itself, always.
    """
    n = len(start)
    lane = np.zeros(n, np.int32)
    # Two binary heaps: lanes given back, and those in use as (end << 32 | lane).
    free = np.empty(n + 1, np.int64)
    busy = np.empty(n + 1, np.int64)
    frees = 0
    busies = 0
    used = 1
    for k in range(1, n):
        row = order[k]
        while busies > 0 and (busy[0] >> 32) <= start[row]:
            found = busy[0] & 0xFFFF_FFFF
            busies -= 1
            _sift_down(busy, busies)
            free[frees] = found
            frees += 1
            _sift_up(free, frees)
        if frees > 0:
            lane[row] = free[0]
            frees -= 1
            _sift_down(free, frees)
        else:
            lane[row] = used
            used += 1
        busy[busies] = (np.int64(end[row]) << 32) | lane[row]
        busies += 1
        _sift_up(busy, busies)
    return lane


@kernel
def _sift_up(heap: I64, size: int) -> None:
    """Let the last of `size` keys rise to its place."""
    at = size - 1
    key = heap[at]
    while at > 0 and heap[(at - 1) // 2] > key:
        heap[at] = heap[(at - 1) // 2]
        at = (at - 1) // 2
    heap[at] = key


@kernel
def _sift_down(heap: I64, size: int) -> None:
    """Take the first key out: the one at `size`, so far the last, sinks from there to its place."""
    key = heap[size]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = key


@kernel
def widest(start: I32, end: I32, lane: I32, order: I64, n: int) -> I32:
    """Return for each rank the largest lane that is needed there: (n,) int32, O(n α(n)).

    Parameters
    ----------
    order : (n_chains,) int64
        Rows of the others, the largest lane first.
    """
    found = np.zeros(n, np.int32)
    # Every rank is painted once, by the first that reaches it: `free` leads to the next one unpainted.
    free = np.arange(n + 1)
    for row in order:
        at = max(start[row], 0)
        last = min(end[row], n - 1)
        while True:
            root = at
            while free[root] != root:
                root = free[root]
            while free[at] != root:
                following = free[at]
                free[at] = root
                at = following
            if root > last:
                break
            found[root] = lane[row]
            free[root] = root + 1
            at = root
    return found
