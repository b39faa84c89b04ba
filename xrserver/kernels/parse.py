"""What git prints, read into columns: commit headers, raw diffs, and paths as a tree of segments.

Strings and object ids are *interned*: a table of int32 slots (a power of two, -1 for free, never
more than half full) finds the row of bytes seen before by FNV-1a with linear probing. Callers own
the arrays and see to it that they have room; every kernel returns how many rows it filled, or a
negative number where the input is not what git prints.
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

# 32 bits of FNV-1a: products stay within int64, so plain Python computes the same.
_FNV_OFFSET = 0x811C9DC5
_FNV_PRIME = 0x01000193
_FNV_MASK = 0xFFFFFFFF
#: Times beyond this many digits are no times (git prints at most 19).
_MOST_DIGITS = 18


@kernel
def _hash(data: U8, start: int, end: int, seed: int) -> Any:
    value = _FNV_OFFSET ^ seed
    for i in range(start, end):
        value = ((value ^ int(data[i])) * _FNV_PRIME) & _FNV_MASK
    return value ^ (value >> 15)


@kernel
def _oid_hash(oids: U8, row: int) -> Any:
    """Return the first bytes of an object id: it is a hash already."""
    value = 0
    for i in range(7):
        value = (value << 8) | int(oids[row, i])
    return value


@kernel
def intern_bytes(slots: I32, offsets: I64, pool: U8, count: int, data: U8, start: int, end: int) -> Any:
    """Return the row of ``data[start:end]``; a row equal to `count` is new (and already written)."""
    mask = len(slots) - 1
    slot = _hash(data, start, end, 0) & mask
    length = end - start
    while slots[slot] >= 0:
        row = slots[slot]
        first = offsets[row]
        if offsets[row + 1] - first == length:
            same = True
            for i in range(length):
                if pool[first + i] != data[start + i]:
                    same = False
                    break
            if same:
                return row
        slot = (slot + 1) & mask
    first = offsets[count]
    for i in range(length):
        pool[first + i] = data[start + i]
    offsets[count + 1] = first + length
    slots[slot] = count
    return count


@kernel
def _oid_row(slots: I32, oids: U8, wanted: U8, row: int) -> Any:
    """Return the row of ``wanted[row]`` in `oids`, or -1 - (the free slot where it belongs)."""
    mask = len(slots) - 1
    slot = _oid_hash(wanted, row) & mask
    while slots[slot] >= 0:
        found = int(slots[slot])
        same = True
        for i in range(oids.shape[1]):
            if oids[found, i] != wanted[row, i]:
                same = False
                break
        if same:
            return found
        slot = (slot + 1) & mask
    return -1 - slot


@kernel
def intern_oid(slots: I32, oids: U8, count: int, oid: U8) -> Any:
    """Return the row of the one `oid`, (1, width), in `oids`; a row equal to `count` is new (and written)."""
    found = _oid_row(slots, oids, oid, 0)
    if found >= 0:
        return found
    for i in range(oids.shape[1]):
        oids[count, i] = oid[0, i]
    slots[-1 - found] = count
    return count


@kernel
def rehash_bytes(slots: I32, offsets: I64, pool: U8, count: int) -> None:
    """Fill the empty table `slots` with the rows of `offsets` and `pool`."""
    mask = len(slots) - 1
    for row in range(count):
        slot = _hash(pool, offsets[row], offsets[row + 1], 0) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = row


@kernel
def rehash_oids(slots: I32, oids: U8, count: int) -> None:
    """Fill the empty table `slots` with the rows of `oids`."""
    mask = len(slots) - 1
    for row in range(count):
        slot = _oid_hash(oids, row) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = row


@kernel
def find_oids(slots: I32, oids: U8, wanted: U8, found: I32) -> None:
    """Write to `found` the row of each of `wanted` in the interned `oids`, -1 where it is not there."""
    for row in range(len(wanted)):
        found[row] = max(-1, _oid_row(slots, oids, wanted, row))


@kernel
def _nibble(character: int) -> Any:
    if 48 <= character <= 57:
        return character - 48
    if 97 <= character <= 102:
        return character - 87
    return -1


@kernel
def _oid_at(data: U8, start: int, oids: U8, row: int) -> Any:
    """Decode the lower-case hexadecimal object id at `start` into ``oids[row]``; say whether it was one."""
    width = oids.shape[1]
    if start + 2 * width > len(data):
        return False
    for i in range(width):
        high = _nibble(int(data[start + 2 * i]))
        low = _nibble(int(data[start + 2 * i + 1]))
        if high < 0 or low < 0:
            return False
        oids[row, i] = high * 16 + low
    return True


@kernel
def _starts(data: U8, start: int, end: int, word: U8) -> Any:
    if start + len(word) > end:
        return False
    same = True
    for i in range(len(word)):
        same &= data[start + i] == word[i]
    return same


@kernel
def _person(data: U8, start: int, end: int, scratch: U8) -> tuple[Any, Any, Any]:
    """Read ``NAME <EMAIL> TIME ZONE``: fill `scratch` with ``NAME\\nEMAIL``; return its length, time, zone.

    As git does: the e-mail lies between the first ``<`` and the next ``>``, the time follows the
    last ``>``; what does not parse is 0.
    """
    opening = start
    while opening < end and data[opening] != 60:
        opening += 1
    closing = opening
    while closing < end and data[closing] != 62:
        closing += 1
    first, last = start, opening
    while first < last and data[first] <= 32:
        first += 1
    while last > first and data[last - 1] <= 32:
        last -= 1
    length = 0
    for i in range(first, last):
        scratch[length] = data[i]
        length += 1
    scratch[length] = 10
    length += 1
    first, last = min(opening + 1, end), closing
    while first < last and data[first] <= 32:
        first += 1
    while last > first and data[last - 1] <= 32:
        last -= 1
    for i in range(first, last):
        scratch[length] = data[i]
        length += 1
    i = end
    while i > closing and data[i - 1] != 62:
        i -= 1
    if i <= closing:
        return length, 0, 0
    while i < end and data[i] == 32:
        i += 1
    time = 0
    digits = 0
    while i < end and 48 <= data[i] <= 57:
        if digits < _MOST_DIGITS:
            time = time * 10 + int(data[i]) - 48
        digits += 1
        i += 1
    if digits == 0 or digits > _MOST_DIGITS:
        return length, 0, 0
    while i < end and data[i] == 32:
        i += 1
    sign = 1
    if i < end and (data[i] == 45 or data[i] == 43):
        sign = -1 if data[i] == 45 else 1
        i += 1
    zone = 0
    digits = 0
    while i < end and 48 <= data[i] <= 57 and digits < 6:
        zone = zone * 10 + int(data[i]) - 48
        digits += 1
        i += 1
    minutes = sign * (zone // 100 * 60 + zone % 100)
    return length, time, max(-32768, min(32767, minutes))


@kernel
def parse_commits(
    data: U8, rows: int, oids: U8, parent_counts: I32, parents: U8, author: I32, committer: I32,
    author_time: I64, author_offset: NDArray[Any], commit_time: I64,
    slots: I32, offsets: I64, pool: U8, people: int, words: tuple[U8, U8, U8, U8],
) -> tuple[Any, Any]:
    """Read `rows` records of ``OID\\nraw commit\\0`` (``git rev-list --header``) into columns.

    Parameters
    ----------
    data
        Whole records, each ended by NUL.
    slots, offsets, pool, people
        Interned ``NAME\\nEMAIL`` and how many there are.
    words
        ``tree``, ``parent``, ``author`` and ``committer``, each with a blank after it.

    Returns
    -------
    tuple of int
        Rows of `parents` and of people; (-1, row) where record `row` is no commit.
    """
    tree_word, parent_word, author_word, committer_word = words
    width = oids.shape[1]
    scratch = np.empty(len(data) + 2, np.uint8)
    unread = np.empty((1, width), np.uint8)
    at = 0
    n_parents = 0
    for row in range(rows):
        end = at
        while data[end] != 0:
            end += 1
        if not _oid_at(data, at, oids, row):
            return -1, row
        at += 2 * width + 1
        if not _starts(data, at, end, tree_word) or not _oid_at(data, at + 5, unread, 0):
            return -1, row
        at += 5 + 2 * width + 1
        parent_counts[row] = 0
        while _starts(data, at, end, parent_word):
            if not _oid_at(data, at + 7, parents, n_parents):
                return -1, row
            parent_counts[row] += 1
            n_parents += 1
            at += 7 + 2 * width + 1
        for who in range(2):
            word = author_word if who == 0 else committer_word
            if not _starts(data, at, end, word):
                return -1, row
            stop = at
            while stop < end and data[stop] != 10:
                stop += 1
            length, time, zone = _person(data, at + len(word), stop, scratch)
            person = intern_bytes(slots, offsets, pool, people, scratch, 0, length)
            people = max(people, person + 1)
            if who == 0:
                author[row] = person
                author_time[row] = time
                author_offset[row] = zone
            else:
                committer[row] = person
                commit_time[row] = time
            at = stop + 1
        at = end + 1
    return n_parents, people


@kernel
def _mode_at(data: U8, start: int) -> Any:
    mode = 0
    for i in range(6):
        mode = mode * 8 + int(data[start + i]) - 48
    return mode


@kernel
def parse_changes(
    data: U8, oids: U8, counts: I32, path: I32, blob: I32, old_blob: I32,
    mode: NDArray[Any], old_mode: NDArray[Any],
    path_slots: I32, path_offsets: I64, path_pool: U8, n_paths: int,
    blob_slots: I32, blob_oids: U8, blob_wanted: U8, n_blobs: int,
) -> tuple[Any, Any, Any]:
    """Read what ``git diff-tree --stdin --raw -z`` printed for the commits `oids` into columns.

    Parameters
    ----------
    data
        For each commit ``OID\\0`` and its changes ``:MODE MODE OID OID LETTER\\0PATH\\0``.
    oids : (n_commits, width)
        The commits, in the order they were asked for.
    counts : (n_commits,)
        Receives how many changes each has.
    blob_wanted : (n,)
        Receives 1 for a blob whose size can be asked for: not for the commits of submodules.

    Returns
    -------
    tuple of int
        Numbers of changes, paths and blobs; (-1, commit, 0) where the output is not for `oids`.
    """
    width = oids.shape[1]
    oid = np.empty((1, width), np.uint8)
    at = 0
    size = len(data)
    row = 0
    for commit in range(len(oids)):
        if not _oid_at(data, at, oid, 0):
            return -1, commit, 0
        for i in range(width):
            if oid[0, i] != oids[commit, i]:
                return -1, commit, 0
        at += 2 * width
        if at >= size or data[at] != 0:
            return -1, commit, 0
        at += 1
        first = row
        while at < size and data[at] == 58:
            if at + 20 + 4 * width > size:
                return -1, commit, 0
            old_mode[row] = _mode_at(data, at + 1)
            mode[row] = _mode_at(data, at + 8)
            if old_mode[row] == 0:
                old_blob[row] = -1
            else:
                if not _oid_at(data, at + 15, oid, 0):
                    return -1, commit, 0
                old_blob[row] = intern_oid(blob_slots, blob_oids, n_blobs, oid)
                if old_blob[row] == n_blobs:
                    blob_wanted[n_blobs] = old_mode[row] != 0o160000
                    n_blobs += 1
            if mode[row] == 0:
                blob[row] = -1
            else:
                if not _oid_at(data, at + 16 + 2 * width, oid, 0):
                    return -1, commit, 0
                blob[row] = intern_oid(blob_slots, blob_oids, n_blobs, oid)
                if blob[row] == n_blobs:
                    blob_wanted[n_blobs] = mode[row] != 0o160000
                    n_blobs += 1
            at += 17 + 4 * width
            while at < size and data[at] != 0:
                at += 1
            at += 1
            start = at
            while at < size and data[at] != 0:
                at += 1
            if at >= size or at == start:
                return -1, commit, 0
            path[row] = intern_bytes(path_slots, path_offsets, path_pool, n_paths, data, start, at)
            n_paths = max(n_paths, path[row] + 1)
            at += 1
            row += 1
        counts[commit] = row - first
    if at != size:
        return -1, len(oids), 0
    return row, n_paths, n_blobs


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
            slot = _hash(path_pool, at, stop, node) & mask
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
