"""The order of time: ranks, the mainline, and when each commit landed on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.kernels.jit import kernel

#: Arrays of these dtypes. (An element taken from a typed one would not be a number to pyright.)
I32 = NDArray[Any]
I64 = NDArray[Any]


@kernel
def canonical_order(parent_offsets: I64, parents: I32, precedence: I32) -> I32:
    """Return the rows in canonical order: parents first, among ready ones the smallest precedence.

    Kahn's algorithm over a binary heap: O((n + m) log n).

    Parameters
    ----------
    parent_offsets, parents : (n + 1,) int64, (m,) int32
        CSR of each row's parents.
    precedence : (n,) int32
        A permutation of 0 … n - 1: the rows by (committer time, object id).

    Returns
    -------
    order : (k,) int32
        Rows by rank; shorter than n when the parents contain a cycle.
    """
    n = len(precedence)
    row_of = np.empty(n, np.int32)
    waiting = np.empty(n, np.int32)
    child_offsets = np.zeros(n + 1, np.int64)
    for row in range(n):
        row_of[precedence[row]] = row
        waiting[row] = parent_offsets[row + 1] - parent_offsets[row]
    for i in range(len(parents)):
        child_offsets[parents[i] + 1] += 1
    for row in range(n):
        child_offsets[row + 1] += child_offsets[row]
    children = np.empty(len(parents), np.int32)
    filled = child_offsets[:-1].copy()
    for row in range(n):
        for i in range(parent_offsets[row], parent_offsets[row + 1]):
            children[filled[parents[i]]] = row
            filled[parents[i]] += 1
    heap = np.empty(n, np.int32)
    size = 0
    for key in range(n):
        # Ascending keys are a heap already.
        if waiting[row_of[key]] == 0:
            heap[size] = key
            size += 1
    order = np.empty(n, np.int32)
    count = 0
    while size > 0:
        row = row_of[heap[0]]
        order[count] = row
        count += 1
        size -= 1
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
        for i in range(child_offsets[row], child_offsets[row + 1]):
            waiting[children[i]] -= 1
            if waiting[children[i]] == 0:
                key = precedence[children[i]]
                at = size
                size += 1
                while at > 0 and heap[(at - 1) // 2] > key:
                    heap[at] = heap[(at - 1) // 2]
                    at = (at - 1) // 2
                heap[at] = key
    return order[:count].copy()


@kernel
def reached(parent_offsets: I64, parents: I32, tips: I32) -> NDArray[Any]:
    """Return for each row whether some of the rows `tips` reach it: bool, O(n + m)."""
    n = len(parent_offsets) - 1
    found = np.zeros(n, np.bool_)
    stack = np.empty(n, np.int32)
    for tip in tips:
        if found[tip]:
            continue
        found[tip] = True
        stack[0] = tip
        size = 1
        while size > 0:
            size -= 1
            at = stack[size]
            for i in range(parent_offsets[at], parent_offsets[at + 1]):
                if not found[parents[i]]:
                    found[parents[i]] = True
                    stack[size] = parents[i]
                    size += 1
    return found


@kernel
def first_parent_chain(parent_offsets: I64, parents: I32, tip: int) -> I32:
    """Return the ranks of `tip` and its first parents, ascending (parents have smaller ranks)."""
    length = 1
    at = tip
    while parent_offsets[at + 1] > parent_offsets[at]:
        at = parents[parent_offsets[at]]
        length += 1
    chain = np.empty(length, np.int32)
    at = tip
    for i in range(length - 1, 0, -1):
        chain[i] = at
        at = parents[parent_offsets[at]]
    chain[0] = at
    return chain


@kernel
def landing_ranks(parent_offsets: I64, parents: I32, mainline: I32) -> I32:
    """Return for each rank the first rank of `mainline` that reaches it, -1 where none does: O(n + m)."""
    n = len(parent_offsets) - 1
    landing = np.full(n, -1, np.int32)
    stack = np.empty(n, np.int32)
    for k in range(len(mainline)):
        landing[mainline[k]] = mainline[k]
        stack[0] = mainline[k]
        size = 1
        while size > 0:
            size -= 1
            at = stack[size]
            for i in range(parent_offsets[at], parent_offsets[at + 1]):
                if landing[parents[i]] < 0:
                    landing[parents[i]] = mainline[k]
                    stack[size] = parents[i]
                    size += 1
    return landing
