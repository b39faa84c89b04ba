"""What stood when, and which commits built it: the mainline's structure from every commit's changes.

The strata of a path are a persistent linked list: a node is (rank, node before, length), a path
holds its newest node. A move shares the list it came from, so nothing is copied.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END
from xrserver.kernels.jit import kernel

#: Arrays of these dtypes. (An element taken from a typed one would not be a number to pyright.)
U8 = NDArray[Any]
U32 = NDArray[Any]
I32 = NDArray[Any]
I64 = NDArray[Any]

# Columns of strata nodes, and of versions.
_RANK, _BEFORE, _LENGTH = 0, 1, 2
_PATH, _BIRTH, _DEATH, _BLOB, _STRATA, _TOUCHED, _FROM, _TO = range(8)


@kernel
def _append(nodes: I32, used: I64, head: I32, path: int, rank: int) -> I32:
    """Add the stratum `rank` to `path`, unless it is its newest already; return `nodes`, grown if need be."""
    before = head[path]
    if before >= 0 and nodes[before, _RANK] == rank:
        return nodes
    if used[0] == len(nodes):
        grown = np.empty((2 * len(nodes), 3), np.int32)
        for i in range(len(nodes)):
            for j in range(3):
                grown[i, j] = nodes[i, j]
        nodes = grown
    node = used[0]
    used[0] += 1
    nodes[node, _RANK] = rank
    nodes[node, _BEFORE] = before
    nodes[node, _LENGTH] = nodes[before, _LENGTH] + 1 if before >= 0 else 1
    head[path] = node
    return nodes


@kernel
def _inherit(nodes: I32, used: I64, head: I32, path: int, source: int, rank_mark: I32, mark: int) -> I32:
    """Let `path` begin with the strata of `source`, after those it had itself before."""
    ours, theirs = head[path], head[source]
    if theirs < 0:
        return nodes
    if ours < 0:
        head[path] = theirs
        return nodes
    at = theirs
    while at >= 0 and nodes[at, _LENGTH] > nodes[ours, _LENGTH]:
        at = nodes[at, _BEFORE]
    if at == ours:
        head[path] = theirs
        return nodes
    at = ours
    while at >= 0:
        rank_mark[nodes[at, _RANK]] = mark
        at = nodes[at, _BEFORE]
    ranks = np.empty(nodes[theirs, _LENGTH], np.int32)
    n = 0
    at = theirs
    while at >= 0:
        if rank_mark[nodes[at, _RANK]] != mark:
            ranks[n] = nodes[at, _RANK]
            n += 1
        at = nodes[at, _BEFORE]
    for i in range(n - 1, -1, -1):
        nodes = _append(nodes, used, head, path, ranks[i])
    return nodes


@kernel
def build_versions(
    parent_offsets: I64, mainline: I32, landed_offsets: I64, landed: I32,
    change_offsets: I64, path: I32, blob: I32, mode: U32, n_paths: int,
    move_offsets: I64, moves: I32, heir_offsets: I64, heirs: I32,
    first_rank: int, rows_before: I32, mode_before: U32, nodes_before: I32, head_before: I32,
) -> tuple[I32, U32, I32, I32]:
    """Follow the mainline once through ranks; O(changes), and copies what moves into a used path.

    Parameters
    ----------
    mainline
        From `first_rank` on.
    landed_offsets, landed : (n_mainline + 1,) int64, (n,) int32
        CSR by row of `mainline`: the ranks that land with it, ascending, its own the last.
    move_offsets, moves, heir_offsets, heirs
        As `mainline_moves` returns them.
    first_rank : int
        Where to begin; what is before it is told by what follows, as it was returned.
    rows_before, mode_before, nodes_before, head_before
        Versions that stand before `first_rank`, and all strata by then. For all ranks: no rows, no
        nodes, and -1 for each path.

    Returns
    -------
    rows : (n_versions, 8) int32
        Those of `rows_before`, then new ones in order of birth: path, birth, death, blob, strata,
        touched, moved_from, moved_to.
    row_mode : (n_versions,) uint32
    nodes : (n_nodes, 3) int32
        Strata: rank, node before, length.
    head : (n_paths,) int32
        Each path's newest node, -1 where it has none.
    """
    n_ranks = len(parent_offsets) - 1
    mainline_row = np.full(n_ranks - first_rank, -1, np.int32)
    for k in range(len(mainline)):
        mainline_row[mainline[k] - first_rank] = k
    # A commit off the mainline makes a version of each path when it is made, and one when it lands.
    n_rows = len(rows_before)
    bound = n_rows
    for rank in range(first_rank, n_ranks):
        if mainline_row[rank - first_rank] >= 0:
            bound += change_offsets[rank + 1] - change_offsets[rank]
        elif parent_offsets[rank + 1] - parent_offsets[rank] < 2:
            bound += 2 * (change_offsets[rank + 1] - change_offsets[rank])
    rows = np.empty((bound, 8), np.int32)
    row_mode = np.empty(bound, np.uint32)
    standing = np.full(n_paths, -1, np.int32)  # the row that stands
    for row in range(n_rows):
        for j in range(8):
            rows[row, j] = rows_before[row, j]
        row_mode[row] = mode_before[row]
        standing[rows[row, _PATH]] = row
    head = head_before.copy()
    nodes = np.empty((len(nodes_before) + len(path) - change_offsets[first_rank] + 16, 3), np.int32)
    nodes[:len(nodes_before)] = nodes_before
    used = np.full(1, len(nodes_before), np.int64)
    rank_mark = np.full(n_ranks if len(moves) else 0, -1, np.int32)
    came_from = np.full(n_paths, -1, np.int32)  # of this rank's moves; reset after it
    heir = np.full(n_paths, -1, np.int32)  # of this landing: row of `heirs`; reset after it
    next_heir = np.empty(len(heirs), np.int32)
    landed_on = np.full(n_paths, -1, np.int32)  # last mainline rank at which a stratum landed on the path
    changed_on = np.full(n_paths, -1, np.int32)  # last mainline rank that changed it
    grew = np.empty(n_paths, np.int32)  # paths that strata landed on at this rank
    for rank in range(first_rank, n_ranks):
        first, last = change_offsets[rank], change_offsets[rank + 1]
        k = mainline_row[rank - first_rank]
        if k < 0:
            if parent_offsets[rank + 1] - parent_offsets[rank] > 1:
                continue
            for i in range(first, last):
                row = int(standing[path[i]])
                if row >= 0:
                    _succeed(rows, row_mode, n_rows, row, rank, rows[row, _STRATA], 1)
                    standing[path[i]] = n_rows
                    n_rows += 1
            continue
        for i in range(move_offsets[k], move_offsets[k + 1]):
            source, target = moves[i, 0], moves[i, 1]
            came_from[target] = source
            if standing[source] >= 0:
                rows[standing[source], _TO] = target
            nodes = _inherit(nodes, used, head, target, source, rank_mark, i)
        for i in range(heir_offsets[k], heir_offsets[k + 1]):
            next_heir[i] = heir[heirs[i, 0]]
            heir[heirs[i, 0]] = i
        n_grew = 0
        for j in range(landed_offsets[k], landed_offsets[k + 1]):
            c = landed[j]
            is_merge = parent_offsets[c + 1] - parent_offsets[c] > 1
            if is_merge and c != rank:
                continue
            for i in range(change_offsets[c], change_offsets[c + 1]):
                # A merge is a stratum itself where none of what it brings in is.
                if is_merge and landed_on[path[i]] == rank:
                    continue
                if landed_on[path[i]] != rank:
                    landed_on[path[i]] = rank
                    grew[n_grew] = path[i]
                    n_grew += 1
                nodes = _append(nodes, used, head, int(path[i]), c)
                at = heir[path[i]]
                while at >= 0:
                    nodes = _append(nodes, used, head, int(heirs[at, 1]), c)
                    at = next_heir[at]
        for i in range(first, last):
            row = standing[path[i]]
            changed_on[path[i]] = rank
            if row >= 0:
                rows[row, _DEATH] = rank
                standing[path[i]] = -1
            if mode[i] != 0:
                rows[n_rows, _PATH], rows[n_rows, _BIRTH], rows[n_rows, _DEATH] = path[i], rank, RANK_END
                rows[n_rows, _BLOB], row_mode[n_rows] = blob[i], mode[i]
                rows[n_rows, _STRATA], rows[n_rows, _TOUCHED] = nodes[head[path[i]], _LENGTH], 0
                rows[n_rows, _FROM], rows[n_rows, _TO] = came_from[path[i]], -1
                standing[path[i]] = n_rows
                n_rows += 1
        for i in range(n_grew):
            row = int(standing[grew[i]])
            if row >= 0 and changed_on[grew[i]] != rank:
                _succeed(rows, row_mode, n_rows, row, rank, int(nodes[head[grew[i]], _LENGTH]), 0)
                standing[grew[i]] = n_rows
                n_rows += 1
        for i in range(move_offsets[k], move_offsets[k + 1]):
            came_from[moves[i, 1]] = -1
        for i in range(heir_offsets[k], heir_offsets[k + 1]):
            heir[heirs[i, 0]] = -1
    if used[0] + used[0] // 8 < len(nodes):
        nodes = nodes[:used[0]].copy()
    return rows[:n_rows].copy(), row_mode[:n_rows].copy(), nodes[:used[0]], head


@kernel
def _succeed(rows: I32, row_mode: U32, new: int, row: int, rank: int, strata: int, touched: int) -> None:
    """End version `row` at `rank` and begin version `new` of the same blob there."""
    rows[row, _DEATH] = rank
    rows[new, _PATH], rows[new, _BIRTH], rows[new, _DEATH] = rows[row, _PATH], rank, RANK_END
    rows[new, _BLOB], row_mode[new] = rows[row, _BLOB], row_mode[row]
    rows[new, _STRATA], rows[new, _TOUCHED] = strata, touched
    rows[new, _FROM], rows[new, _TO] = -1, -1


@kernel
def list_strata(nodes: I32, head: I32) -> tuple[I64, I32]:
    """Return each path's strata, oldest first, as CSR (offsets, ranks)."""
    offsets = np.zeros(len(head) + 1, np.int64)
    for path in range(len(head)):
        offsets[path + 1] = offsets[path] + (nodes[head[path], _LENGTH] if head[path] >= 0 else 0)
    ranks = np.empty(offsets[-1], np.int32)
    for path in range(len(head)):
        at = head[path]
        for i in range(offsets[path + 1] - 1, offsets[path] - 1, -1):
            ranks[i] = nodes[at, _RANK]
            at = nodes[at, _BEFORE]
    return offsets, ranks
