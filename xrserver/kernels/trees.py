"""Trees: paths as a tree of segments, and where two of git's tree objects differ."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from xrserver.kernels.intern import hash_bytes
from xrserver.kernels.jit import kernel

#: Arrays of these dtypes. (An element taken from a typed one would not be a number to pyright.)
U8 = NDArray[Any]
I32 = NDArray[Any]
I64 = NDArray[Any]


@kernel
def number_by_appearance(ids: I32, numbers: I32) -> Any:
    """Give each id (-1 is none) the number of ids that appear before it; return how many there are.

    `numbers` comes filled with -1 and tells the number of each id at the end.
    """
    count = 0
    for i in range(len(ids)):
        if ids[i] >= 0 and numbers[ids[i]] < 0:
            numbers[ids[i]] = count
            count += 1
    return count


@kernel
def path_tree(
    order: I32, path_offsets: I64, path_pool: U8,
    slots: I32, parent: I32, offsets: I64, segments: U8, node_of_path: I32,
) -> Any:
    """Split whole paths, taken in `order`, into a tree of segments; return how many nodes it has.

    Node 0 is the root; nodes are numbered as they first appear, so a parent comes before its
    children. Time is that of reading every byte of every path once.
    """
    mask = len(slots) - 1
    parent[0] = 0
    offsets[0] = 0
    offsets[1] = 0
    count = 1
    for k in range(len(order)):
        at = int(path_offsets[order[k]])
        end = int(path_offsets[order[k] + 1])
        node = 0
        while at <= end:
            stop = at
            while stop < end and path_pool[stop] != 47:
                stop += 1
            slot = hash_bytes(path_pool, at, stop, node) & mask
            found = -1
            while slots[slot] >= 0:
                row = int(slots[slot])
                if parent[row] == node and offsets[row + 1] - offsets[row] == stop - at:
                    same = True
                    for i in range(stop - at):
                        if segments[offsets[row] + i] != path_pool[at + i]:
                            same = False
                            break
                    if same:
                        found = row
                        break
                slot = (slot + 1) & mask
            if found < 0:
                found = count
                slots[slot] = found
                parent[found] = node
                for i in range(stop - at):
                    segments[offsets[found] + i] = path_pool[at + i]
                offsets[found + 1] = offsets[found] + (stop - at)
                count += 1
            node = found
            at = stop + 1
        node_of_path[order[k]] = node
    return count


@kernel
def _entry_end(tree: U8, start: int, width: int) -> Any:
    """Return where the tree entry at `start` ends, -1 where it is none."""
    at = start
    while at < len(tree) and tree[at] != 0:
        at += 1
    at += 1 + width
    return at if at <= len(tree) else -1


@kernel
def _entry_order(old: U8, i: int, i_end: int, new: U8, j: int, j_end: int) -> Any:
    """Compare the names of two entries as git sorts them: a folder's as if it ended with a slash.

    The ends are those of the names, where their NULs are.
    """
    # Only a folder's mode begins with a 4.
    ours, theirs = 47 if old[i] == 52 else 0, 47 if new[j] == 52 else 0
    while i < i_end and old[i] != 32:
        i += 1
    while j < j_end and new[j] != 32:
        j += 1
    while i < i_end and j < j_end and old[i] == new[j]:
        i += 1
        j += 1
    return int(old[i] if i < i_end else ours) - int(new[j] if j < j_end else theirs)


@kernel
def tree_difference(old: U8, new: U8, width: int, gone: I32, come: I32) -> tuple[Any, Any]:
    """Find the entries of two tree objects that the other one does not have.

    Parameters
    ----------
    gone, come : (n,) int32
        Receive where they begin, in `old` and in `new`; as long as there can be entries.

    Returns
    -------
    tuple of int
        How many are gone and have come; (-1, 0) or (-1, 1) where `old` or `new` is no tree.
    """
    i = j = n_gone = n_come = 0
    i_end = _entry_end(old, 0, width) if len(old) > 0 else 0
    j_end = _entry_end(new, 0, width) if len(new) > 0 else 0
    while i < len(old) or j < len(new):
        if i_end < 0:
            return -1, 0
        if j_end < 0:
            return -1, 1
        order = 0
        if i == len(old):
            order = 1
        elif j == len(new):
            order = -1
        else:
            same = i_end - i == j_end - j
            k = 0
            while same and k < i_end - i:
                same = old[i + k] == new[j + k]
                k += 1
            order = 0 if same else _entry_order(old, i, i_end - width - 1, new, j, j_end - width - 1)
            if order == 0 and not same:
                gone[n_gone], come[n_come] = i, j
                n_gone += 1
                n_come += 1
        if order < 0:
            gone[n_gone] = i
            n_gone += 1
        if order > 0:
            come[n_come] = j
            n_come += 1
        if order <= 0:
            i = i_end
            i_end = _entry_end(old, i, width) if i < len(old) else i
        if order >= 0:
            j = j_end
            j_end = _entry_end(new, j, width) if j < len(new) else j
    return n_gone, n_come
