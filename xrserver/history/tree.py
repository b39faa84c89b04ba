"""The files of a moment, as git itself lists them."""

from __future__ import annotations

import numpy as np

from xrserver.history.index import HistoryIndex, PathTree
from xrserver.history.moment import Moment
from xrserver.history.repository import Repository, TreeEntry


def mainline_rank(index: HistoryIndex, rank: int) -> int:
    """Return the rank of the newest mainline commit at `rank`, or -1 before the first."""
    at = int(np.searchsorted(index.mainline, rank, side="right")) - 1
    return int(index.mainline[at]) if at >= 0 else -1


def files_at(repository: Repository, index: HistoryIndex, moment: Moment, *,
             sizes: bool = True) -> list[TreeEntry]:
    """Return the files of a moment, exactly as `git ls-tree -r -l` lists them.

    A commit named by id or ref means its own tree; a rank or a date means the newest mainline
    commit (before the first: nothing).
    """
    if moment.oid is not None:
        return repository.files(moment.oid, sizes)
    rank = mainline_rank(index, moment.rank)
    return repository.files(index.oids[rank].tobytes(), sizes) if rank >= 0 else []


def path_row(paths: PathTree, path: bytes) -> int:
    """Return the row of a whole path in a tree of paths, -1 where it has none."""
    row = 0
    for segment in path.split(b"/") if path else []:
        children = np.flatnonzero(paths.parent == row).tolist()
        found = [each for each in children if each and segment == paths.bytes[
            paths.offsets[each]:paths.offsets[each + 1]].tobytes()]
        if not found:
            return -1
        row = found[0]
    return row
