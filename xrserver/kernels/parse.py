"""What git prints, read into columns: commit headers and raw diffs.

Strings and object ids are interned (`kernels.intern`). Callers own the arrays and see to it that they
have room; a kernel returns how many rows it filled, or a negative number where the input is not what
git prints.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.kernels.intern import intern_bytes, intern_oid
from xrserver.kernels.jit import kernel

#: Arrays of these dtypes. (An element taken from a typed one would not be a number to pyright.)
U8 = NDArray[Any]
I32 = NDArray[Any]
I64 = NDArray[Any]

#: Times beyond this many digits are no times (git prints at most 19).
_MOST_DIGITS = 18


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
def _is_blank(character: int) -> Any:
    return character == 32 or character == 9 or character == 10 or character == 13


@kernel
def _co_authored(data: U8, start: int, end: int, word: U8) -> tuple[Any, Any]:
    """Find the message behind the header lines at `start`; say where it begins and whether a line of it
    begins with `word`, in whatever case.

    Each line of a message is indented by four blanks; lines of a header never are by more than one.
    """
    at = start
    while at < end and data[at] != 10:
        while at < end and data[at] != 10:
            at += 1
        at += 1
    begin = min(at + 1, end)
    at = begin
    while at < end:
        if at + 4 + len(word) <= end and data[at + 4] | 32 == word[0]:
            same = True
            for i in range(len(word)):
                same &= data[at + 4 + i] | 32 == word[i] | 32
            if same:
                return begin, True
        while at < end and data[at] != 10:
            at += 1
        at += 1
    return begin, False


@kernel
def _person(data: U8, start: int, end: int, scratch: U8) -> tuple[Any, Any, Any]:
    """Read ``NAME <EMAIL> TIME ZONE``: fill `scratch` with ``NAME\\nEMAIL``; return its length, time, zone.

    As git does: the e-mail lies between the first ``<`` and the next ``>``, blanks and all; blanks are
    taken off the name's end; the time follows the last ``>``; what does not parse is 0.
    """
    opening = start
    while opening < end and data[opening] != 60:
        opening += 1
    closing = opening
    while closing < end and data[closing] != 62:
        closing += 1
    last = opening
    while last > start and _is_blank(data[last - 1]):
        last -= 1
    length = 0
    for i in range(start, last):
        scratch[length] = data[i]
        length += 1
    scratch[length] = 10
    length += 1
    for i in range(min(opening + 1, end), closing):
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
    shared: NDArray[Any], slots: I32, offsets: I64, pool: U8, people: int, words: tuple[U8, U8, U8, U8, U8],
) -> tuple[Any, Any]:
    """Read `rows` records of ``OID\\nraw commit\\0`` (``git rev-list --header``) into columns.

    Parameters
    ----------
    data
        Whole records, each ended by NUL.
    shared : (n_commits, 2) int64
        Receives where the message begins and ends in `data` of commits that may name co-authors, else 0.
    slots, offsets, pool, people
        Interned ``NAME\\nEMAIL`` and how many there are.
    words
        ``tree``, ``parent``, ``author`` and ``committer``, each with a blank after it; ``co-authored-by``.

    Returns
    -------
    tuple of int
        Rows of `parents` and of people; (-1, row) where record `row` is no commit.
    """
    tree_word, parent_word, author_word, committer_word, shared_word = words
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
        begin, named = _co_authored(data, at, end, shared_word)
        shared[row, 0] = begin if named else 0
        shared[row, 1] = end if named else 0
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
