"""Which removals and additions of a commit are one file that moved."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.kernels.intern import intern_bytes
from xrserver.kernels.jit import kernel

#: Arrays of these dtypes. (An element taken from a typed one would not be a number to pyright.)
U8 = NDArray[Any]
U32 = NDArray[Any]
I32 = NDArray[Any]
I64 = NDArray[Any]


@kernel
def number_segments(paths: I32, offsets: I64, segments: U8, slots: I32, pool_offsets: I64, pool: U8) -> I32:
    """Return a number for the segment of each of `paths`, the same for equal bytes; of others nothing.

    A path may be named several times. (Tables as in `intern`.)
    """
    numbers = np.full(len(offsets) - 1, -1, np.int32)
    count = 0
    for i in range(len(paths)):
        path = int(paths[i])
        if numbers[path] < 0:
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
