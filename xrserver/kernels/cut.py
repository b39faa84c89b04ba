"""The cut over arrays, for servers and tools: what `xrserver.scene.cut` says, for any number of headers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.kernels.jit import kernel

#: Arrays of int64, int32 and float64. (An element taken from a typed one would not be a number to pyright.)
Ints = NDArray[Any]
Floats = NDArray[Any]


@kernel
def push(keys: Floats, rows: Ints, count: int, key: float, row: int) -> None:
    """Put (key, row) into the heap of the first `count` of `keys` and `rows`, the least on top."""
    at = count
    while at > 0:
        above = (at - 1) >> 1
        if keys[above] < key or (keys[above] == key and rows[above] < row):
            break
        keys[at], rows[at] = keys[above], rows[above]
        at = above
    keys[at], rows[at] = key, row


@kernel
def pop(keys: Floats, rows: Ints, count: int) -> None:
    """Take the least out of a heap of `count`: fill its place with the last."""
    last = count - 1
    key, row = keys[last], rows[last]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= last:
            break
        other = below + 1
        if other < last and (keys[other] < keys[below]
                             or (keys[other] == keys[below] and rows[other] < rows[below])):
            below = other
        if key < keys[below] or (key == keys[below] and row < rows[below]):
            break
        keys[at], rows[at] = keys[below], rows[below]
        at = below
    keys[at], rows[at] = key, row


@kernel
def screen(box: Floats, row: int, error: Floats, eye: Floats, factor: float, nearest: float) -> Any:
    """Return how large a tile's error looks."""
    x = max(box[row, 0] - eye[0], 0.0, eye[0] - box[row, 3])
    y = max(box[row, 1] - eye[1], 0.0, eye[1] - box[row, 4])
    z = max(box[row, 2] - eye[2], 0.0, eye[2] - box[row, 5])
    return error[row] * factor / max(np.sqrt(x * x + y * y + z * z), nearest)


@kernel
def gap(lo: Any, hi: Any, rank: int) -> Any:
    """Return how many ranks a window [lo, hi) is away."""
    return float(lo - rank) if rank < lo else float(rank - hi + 1)


@kernel
def cut(first: Ints, children: Ints, box: Floats, error: Floats, lo: Ints, hi: Ints, nodes: Ints, spans: Ints,
        eye: Floats, factor: float, nearest: float, rank: int, node_budget: int, span_budget: int) -> Any:
    """Choose the tiles that fit a view and its budgets.

    Parameters
    ----------
    first, children, box, error, lo, hi, nodes, spans : arrays, one row a header
        As `scene.cut.Candidates` has them.
    eye : (3,) float64, metres, scene space
    nearest : float, metres
        `scene.cut.NEAREST`. The others are as in `scene.cut.cut`.

    Returns
    -------
    resident, drawn : (n,) int64
        Rows to hold, most wanted first, and to draw, ascending.
    """
    n = len(first)
    resident, coarse = np.empty(n, np.int64), np.empty(n, np.int64)
    keys, rows = np.empty(n, np.float64), np.empty(n, np.int64)
    refined = np.zeros(n, np.bool_)
    resident[0], held, coarsely = 0, 1, 0
    node_sum, span_sum = np.int64(nodes[0]), np.int64(spans[0])
    waiting = 0
    worst = screen(box, 0, error, eye, factor, nearest)
    if worst > 1.0:
        coarse[0], coarsely = 0, 1
        push(keys, rows, 0, -worst, 0)
        waiting = 1
    while waiting > 0:
        best = rows[0]
        pop(keys, rows, waiting)
        waiting -= 1
        more_nodes, more_spans, group = np.int64(-nodes[best]), np.int64(0), 0
        for child in range(first[best], first[best] + children[best]):
            if lo[child] <= rank < hi[child]:
                more_nodes += nodes[child]
                more_spans += spans[child]
                group += 1
        if group == 0 or node_sum + more_nodes > node_budget or span_sum + more_spans > span_budget:
            continue
        node_sum += more_nodes
        span_sum += more_spans
        refined[best] = True
        for child in range(first[best], first[best] + children[best]):
            if lo[child] <= rank < hi[child]:
                resident[held] = child
                held += 1
                worst = screen(box, child, error, eye, factor, nearest)
                if worst > 1.0:
                    coarse[coarsely] = child
                    coarsely += 1
                    push(keys, rows, waiting, -worst, child)
                    waiting += 1
    shown = np.empty(held, np.int64)
    count, waiting = 0, 1
    rows[0] = 0
    while waiting > 0:
        waiting -= 1
        row = rows[waiting]
        if not refined[row]:
            shown[count] = row
            count += 1
            continue
        for child in range(first[row], first[row] + children[row]):
            if lo[child] <= rank < hi[child]:
                rows[waiting] = child
                waiting += 1

    waiting = 0
    for i in range(coarsely):
        row = coarse[i]
        for child in range(first[row], first[row] + children[row]):
            if not lo[child] <= rank < hi[child]:
                push(keys, rows, waiting, gap(lo[child], hi[child], rank), child)
                waiting += 1
    while waiting > 0:
        best = rows[0]
        pop(keys, rows, waiting)
        waiting -= 1
        if nodes[best] > node_budget or span_sum + spans[best] > span_budget:
            continue
        span_sum += spans[best]
        resident[held] = best
        held += 1
        if screen(box, best, error, eye, factor, nearest) > 1.0:
            for child in range(first[best], first[best] + children[best]):
                push(keys, rows, waiting, gap(lo[child], hi[child], rank), child)
                waiting += 1
    return resident[:held], np.sort(shown[:count])
