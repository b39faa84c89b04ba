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
from xrserver.kernels.parse import intern_bytes

#: Arrays of these dtypes. (An element taken from a typed one would not be a number to pyright.)
U8 = NDArray[Any]
U32 = NDArray[Any]
I32 = NDArray[Any]
I64 = NDArray[Any]

# Columns of strata nodes, and of versions.
_RANK, _BEFORE, _LENGTH = 0, 1, 2
_PATH, _BIRTH, _DEATH, _BLOB, _STRATA, _TOUCHED, _FROM, _TO = range(8)


@kernel
def number_segments(offsets: I64, segments: U8, slots: I32, pool_offsets: I64, pool: U8) -> I32:
    """Return a number for the segment of each path, the same for equal bytes (tables as in `parse`)."""
    numbers = np.empty(len(offsets) - 1, np.int32)
    count = 0
    for path in range(len(numbers)):
        numbers[path] = intern_bytes(slots, pool_offsets, pool, count, segments, offsets[path],
                                     offsets[path + 1])
        count = max(count, numbers[path] + 1)
    return numbers


@kernel
def _kind(mode: int) -> Any:
    """Return 0 for a file, 1 for a symbolic link, 2 for a submodule."""
    return 1 if mode == 0o120000 else 2 if mode == 0o160000 else 0


@kernel
def exact_moves(first: int, last: int, path: I32, blob: I32, old_blob: I32, mode: U32, old_mode: U32,
                segment: I32, partner: I32) -> None:
    """Pair removals with additions of the same blob and kind among the changes of one commit.

    Same file names first, then in order of path bytes (the order of the changes).

    Parameters
    ----------
    first, last : int
        The commit's rows of the change columns.
    segment : (n_paths,) int32
        Number of each path's last segment.
    partner : (n_changes,) int32
        Receives, in these rows, the row at the other end of the move; -1 where there is none.
    """
    n_removed = n_added = 0
    for i in range(first, last):
        partner[i] = -1
        n_removed += mode[i] == 0
        n_added += old_mode[i] == 0
    if n_removed == 0 or n_added == 0:
        return
    size = 4
    while size < 2 * n_removed:
        size *= 2
    mask = size - 1
    # Removals of one key are a list, the first in front: built from the last, taken from the first.
    blobs, names, lists = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int32)
    following = np.empty(last - first, np.int32)
    for by_name in range(2):
        for slot in range(size):
            blobs[slot] = -1
        for step in range(2 * (last - first)):
            removing = step < last - first
            i = last - 1 - step if removing else first + step - (last - first)
            if partner[i] >= 0 or (mode[i] if removing else old_mode[i]) != 0:
                continue
            kind = _kind(int(old_mode[i] if removing else mode[i]))
            what = 4 * int(old_blob[i] if removing else blob[i]) + kind
            name = 0 if by_name == 1 else int(segment[path[i]])
            mixed = what * 0x9E3779 + name * 0x9E3B
            slot = (mixed ^ (mixed >> 20)) & mask
            while blobs[slot] >= 0 and (blobs[slot] != what or names[slot] != name):
                slot = (slot + 1) & mask
            if removing:
                following[i - first] = lists[slot] if blobs[slot] >= 0 else -1
                blobs[slot], names[slot], lists[slot] = what, name, i
            elif blobs[slot] >= 0 and lists[slot] >= 0:
                partner[i] = lists[slot]
                partner[lists[slot]] = i
                lists[slot] = following[lists[slot] - first]


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
def _grown(pairs: I32, used: int) -> I32:
    """Return `pairs`, (n, 2), with room for one more row."""
    if used < len(pairs):
        return pairs
    grown = np.empty((2 * len(pairs), 2), np.int32)
    for i in range(used):
        grown[i, 0], grown[i, 1] = pairs[i, 0], pairs[i, 1]
    return grown


@kernel
def mainline_moves(
    parent_offsets: I64, mainline: I32, landed_offsets: I64, landed: I32,
    change_offsets: I64, path: I32, blob: I32, old_blob: I32, mode: U32, old_mode: U32, segment: I32,
) -> tuple[I64, I32, I64, I32]:
    """Find the moves of every mainline commit: exact ones, and those its landed commits made exactly.

    Returns
    -------
    move_offsets, moves : (n_mainline + 1,) int64, (n_moves, 2) int32
        CSR by mainline row of (source, target) paths.
    heir_offsets, heirs : (n_mainline + 1,) int64, (n_heirs, 2) int32
        CSR by mainline row of (path, target): what changed `path` in this landing belongs to `target`
        too. `path` is a move's source, or a name that the file had in between on its branch.
    """
    n_mainline = len(mainline)
    move_offsets, heir_offsets = np.zeros(n_mainline + 1, np.int64), np.zeros(n_mainline + 1, np.int64)
    moves, heirs = np.empty((64, 2), np.int32), np.empty((64, 2), np.int32)
    n_moves = n_heirs = 0
    # Steps are the exact moves that landed commits made, each knowing the step that brought its source.
    last_step = np.full(len(segment), -1, np.int32)  # by target path; reset after each landing
    removed_at = np.full(len(segment), -1, np.int32)
    partner = np.empty(len(path), np.int32)
    for k in range(n_mainline):
        rank = int(mainline[k])
        first, last = int(change_offsets[rank]), int(change_offsets[rank + 1])
        exact_moves(first, last, path, blob, old_blob, mode, old_mode, segment, partner)
        n_removed = n_added = 0
        for i in range(first, last):
            n_removed += mode[i] == 0
            n_added += old_mode[i] == 0
        n_steps = 0
        size = 0
        if n_removed > 0 and n_added > 0:
            for j in range(landed_offsets[k], landed_offsets[k + 1] - 1):
                if parent_offsets[landed[j] + 1] - parent_offsets[landed[j]] < 2:
                    size += change_offsets[landed[j] + 1] - change_offsets[landed[j]]
        steps = np.empty((size, 3), np.int32)  # source, target, step before
        for j in range(landed_offsets[k], landed_offsets[k + 1] - 1):
            c = int(landed[j])
            if size == 0 or parent_offsets[c + 1] - parent_offsets[c] > 1:
                continue
            a, b = int(change_offsets[c]), int(change_offsets[c + 1])
            exact_moves(a, b, path, blob, old_blob, mode, old_mode, segment, partner)
            start = n_steps
            for i in range(a, b):
                if old_mode[i] == 0 and partner[i] >= 0:
                    steps[n_steps, 0] = path[partner[i]]
                    steps[n_steps, 1] = path[i]
                    steps[n_steps, 2] = last_step[path[partner[i]]]
                    n_steps += 1
            for s in range(start, n_steps):
                last_step[steps[s, 1]] = s
        if n_steps > 0:
            # Renamed, then edited: what pairing blobs left over, same file names first.
            for i in range(first, last):
                if mode[i] == 0 and partner[i] < 0:
                    removed_at[path[i]] = i
            for by_name in range(2):
                for i in range(first, last):
                    s = last_step[path[i]]
                    if old_mode[i] != 0 or partner[i] >= 0 or s < 0:
                        continue
                    while steps[s, 2] >= 0:
                        s = steps[s, 2]
                    source = steps[s, 0]
                    at = int(removed_at[source])
                    if at < 0 or (by_name == 0 and segment[source] != segment[path[i]]):
                        continue
                    if _kind(int(old_mode[at])) == _kind(int(mode[i])):
                        partner[i] = at
                        removed_at[source] = -1
            for i in range(first, last):
                removed_at[path[i]] = -1
        for i in range(first, last):
            if old_mode[i] != 0 or partner[i] < 0:
                continue
            source, target = path[partner[i]], path[i]
            moves = _grown(moves, n_moves)
            moves[n_moves, 0], moves[n_moves, 1] = source, target
            n_moves += 1
            heirs = _grown(heirs, n_heirs)
            heirs[n_heirs, 0], heirs[n_heirs, 1] = source, target
            n_heirs += 1
            s = last_step[target]
            while s >= 0 and steps[s, 2] >= 0:
                heirs = _grown(heirs, n_heirs)
                heirs[n_heirs, 0], heirs[n_heirs, 1] = steps[s, 0], target
                n_heirs += 1
                s = steps[s, 2]
        for s in range(n_steps):
            last_step[steps[s, 1]] = -1
        move_offsets[k + 1], heir_offsets[k + 1] = n_moves, n_heirs
    return move_offsets, moves[:n_moves].copy(), heir_offsets, heirs[:n_heirs].copy()


@kernel
def build_versions(
    parent_offsets: I64, mainline: I32, landed_offsets: I64, landed: I32,
    change_offsets: I64, path: I32, blob: I32, mode: U32, n_paths: int,
    move_offsets: I64, moves: I32, heir_offsets: I64, heirs: I32,
) -> tuple[I32, U32, I32, I32]:
    """Follow the mainline once through all ranks; O(changes), and copies what moves into a used path.

    Parameters
    ----------
    landed_offsets, landed : (n_mainline + 1,) int64, (n,) int32
        CSR by row of `mainline`: the ranks that land with it, ascending, its own the last.
    move_offsets, moves, heir_offsets, heirs
        As `mainline_moves` returns them.

    Returns
    -------
    rows : (n_versions, 8) int32
        In order of birth: path, birth, death, blob, strata, touched, moved_from, moved_to.
    row_mode : (n_versions,) uint32
    nodes : (n_nodes, 3) int32
        Strata: rank, node before, length.
    head : (n_paths,) int32
        Each path's newest node, -1 where it has none.
    """
    n_ranks = len(parent_offsets) - 1
    mainline_row = np.full(n_ranks, -1, np.int32)
    for k in range(len(mainline)):
        mainline_row[mainline[k]] = k
    # A commit off the mainline makes a version of each path when it is made, and one when it lands.
    bound = 0
    for rank in range(n_ranks):
        if mainline_row[rank] >= 0:
            bound += change_offsets[rank + 1] - change_offsets[rank]
        elif parent_offsets[rank + 1] - parent_offsets[rank] < 2:
            bound += 2 * (change_offsets[rank + 1] - change_offsets[rank])
    rows = np.empty((bound, 8), np.int32)
    row_mode = np.empty(bound, np.uint32)
    n_rows = 0
    standing = np.full(n_paths, -1, np.int32)  # the row that stands
    head = np.full(n_paths, -1, np.int32)
    nodes = np.empty((len(path) + 16, 3), np.int32)
    used = np.zeros(1, np.int64)
    rank_mark = np.full(n_ranks, -1, np.int32)
    came_from = np.full(n_paths, -1, np.int32)  # of this rank's moves; reset after it
    heir = np.full(n_paths, -1, np.int32)  # of this landing: row of `heirs`; reset after it
    next_heir = np.empty(len(heirs), np.int32)
    landed_on = np.full(n_paths, -1, np.int32)  # last mainline rank at which a stratum landed on the path
    changed_on = np.full(n_paths, -1, np.int32)  # last mainline rank that changed it
    grew = np.empty(n_paths, np.int32)  # paths that strata landed on at this rank
    for rank in range(n_ranks):
        first, last = change_offsets[rank], change_offsets[rank + 1]
        k = mainline_row[rank]
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
    return rows[:n_rows].copy(), row_mode[:n_rows].copy(), nodes[:used[0]].copy(), head


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
