"""Files that are shown as somebody else's: grey where others or programs wrote them, blocks where left out.

Nothing is hidden: what `exclude` names stands as grey blocks, one for each directory of which nothing is
left, and one for each file beside others that are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END
from xrserver.history.globs import Glob, matched
from xrserver.history.index import MODE_FILE, FileVersions, PathTree


@dataclass(frozen=True, slots=True)
class Marks:
    """What is shown otherwise than its path alone would have it.

    Attributes
    ----------
    vendored : (n_paths,) int8
        1: others wrote it, or a program. -1: neither. 0: its path says.
    block : (n_paths,) int32
        The path whose block stands for a file that is left out; -1 for what stands itself.
    """

    vendored: NDArray[np.int8]
    block: NDArray[np.int32]
    exclude: tuple[Glob, ...] = ()
    """What was left out by."""

    @property
    def digest(self) -> str:
        """What a generation's name has of it."""
        return blake2b(self.vendored.tobytes() + self.block.tobytes(), digest_size=16).hexdigest()

    def left_out(self, versions: FileVersions) -> int:
        """Return how many files of the newest moment are left out."""
        return int(np.count_nonzero((self.block[versions.path] >= 0) & (versions.death == RANK_END)))


def mark(paths: PathTree, versions: FileVersions, vendored: NDArray[np.int8],
         exclude: Sequence[Glob]) -> Marks:
    """Return the marks of every path that ever lived.

    Parameters
    ----------
    exclude
        As lines of a ``.gitignore`` at the root: a later one wins, and what is in an excluded directory is
        excluded.
    """
    count = len(paths.parent)
    if not exclude:
        return Marks(vendored, np.full(count, -1, np.int32))
    parent = paths.parent.tolist()
    file = np.zeros(count, np.bool_)
    file[versions.path] = True
    is_file = file.tolist()
    holds = np.zeros(count, np.bool_)
    holds[paths.parent[1:]] = True
    inside = [False] * count
    out = [False] * count
    for path, (whole, directory) in enumerate(zip(paths.whole(), holds.tolist(), strict=True)):
        if not path:
            continue
        name = whole.rpartition(b"/")[2]
        around = inside[parent[path]]
        inside[path] = around or (directory and bool(matched(exclude, whole, name, True)))
        out[path] = is_file[path] and (around or bool(matched(exclude, whole, name, False)))
    # A directory of which nothing is left is one block, the topmost such.
    left = [int(is_file[path] and not out[path]) for path in range(count)]
    gone = [int(out[path]) for path in range(count)]
    for path in range(count - 1, 0, -1):
        left[parent[path]] += left[path]
        gone[parent[path]] += gone[path]
    block = [-1] * count
    for path in range(1, count):
        block[path] = block[parent[path]]
        if (block[path] < 0 and gone[path] and not left[path]) or (block[path] < 0 and out[path]):
            block[path] = path
    marked = np.where(file & np.array(out), block, -1).astype(np.int32)
    return Marks(vendored, marked, tuple(exclude))


def folded(versions: FileVersions, marks: Marks) -> FileVersions:
    """Return the versions of what stands: of what is left out, those of the blocks that stand for it.

    A block stands as long as any of its files does, has no size, and one stratum: the commit it came with.
    """
    v, block = versions, marks.block[versions.path]
    if not np.any(block >= 0):
        return versions
    kept, gone = np.flatnonzero(block < 0), np.flatnonzero(block >= 0)
    path, birth, death = _united(block[gone].astype(np.int64), v.birth[gone].astype(np.int64),
                                 v.death[gone].astype(np.int64))
    added = len(path)

    def joined(own: NDArray[np.generic], more: object) -> NDArray[np.generic]:
        return np.concatenate([own[kept], np.full(added, more) if np.isscalar(more) else np.asarray(more)]
                              ).astype(own.dtype)

    lost = np.append(marks.block, -1) >= 0  # the last for -1, which names no path
    order = np.lexsort((joined(v.birth, birth), joined(v.path, path)))
    length = np.diff(v.strata_offsets)
    length[marks.block >= 0] = 0
    first_row = np.flatnonzero(np.diff(path, prepend=-1))
    length[path[first_row]] = 1
    offsets = np.zeros(len(length) + 1, np.int64)
    np.cumsum(length, out=offsets[1:])
    strata = np.zeros(offsets[-1], v.strata_rank.dtype)
    mine = np.repeat(marks.block < 0, np.diff(v.strata_offsets))
    is_block = np.zeros(len(length), np.bool_)
    is_block[path] = True
    strata[np.repeat(~is_block, length)] = v.strata_rank[mine]
    strata[offsets[path[first_row]]] = birth[first_row]
    columns = {
        "path": joined(v.path, path), "birth": joined(v.birth, birth), "death": joined(v.death, death),
        "blob": joined(v.blob, -1), "mode": joined(v.mode, MODE_FILE), "strata": joined(v.strata, 1),
        "touched": joined(v.touched, False),
        "moved_from": joined(np.where(lost[v.moved_from], -1, v.moved_from).astype(np.int32), -1),
        "moved_to": joined(np.where(lost[v.moved_to], -1, v.moved_to).astype(np.int32), -1)}
    rows: dict[str, NDArray[np.generic]] = {name: column[order] for name, column in columns.items()}
    return FileVersions(**rows, strata_offsets=offsets, strata_rank=strata)  # type: ignore[arg-type]


def _united(group: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64],
            ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Unite the intervals [start, end) of each group; return group, start and end, sorted."""
    order = np.lexsort((start, group))
    group, start, end = group[order], start[order], end[order]
    reached = np.maximum.accumulate((group << 32) | end)
    new = np.ones(len(group), np.bool_)
    new[1:] = ((group[1:] << 32) | start[1:]) > reached[:-1]
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(group)) - 1
    return group[first], start[first], reached[last] & 0xFFFF_FFFF
