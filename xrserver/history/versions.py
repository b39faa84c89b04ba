"""What stood when on the mainline, and which commits built it, from the index alone."""

from __future__ import annotations

import numpy as np

from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.interning import Strings


def file_versions(index: HistoryIndex) -> FileVersions:
    """Return every version of every path on the mainline, and its strata.

    A removal and an addition of the same blob in one mainline commit's difference to its first
    parent is a move (same file names are paired first, then in order of path bytes); so is what
    commits that land with it moved so, even where it was edited besides. A moved path begins with
    the strata of its source, and what landed commits did to it under its older names counts too.

    Notes
    -----
    Time is linear in changes, except that a path that already had strata when something moves to it
    takes a copy of those it has not.
    """
    from xrserver.kernels.moves import mainline_moves, number_segments
    from xrserver.kernels.strata import build_versions, list_strata

    paths = index.paths
    n_paths = len(paths.parent)
    strings = Strings()
    strings.reserve(n_paths, len(paths.bytes))
    segment = number_segments(paths.offsets, paths.bytes, strings.slots, strings.offsets, strings.pool)
    landed = np.argsort(index.landing, kind="stable").astype(np.int32)
    landed = landed[np.searchsorted(index.landing[landed], 0):]
    landed_offsets = np.zeros(len(index.mainline) + 1, np.int64)
    landed_offsets[1:] = np.searchsorted(index.landing[landed], index.mainline, side="right")
    line = (index.parent_offsets, index.mainline, landed_offsets, landed, index.change_offsets)
    moves = mainline_moves(*line, index.change_path, index.change_blob, index.change_old_blob,
                           index.change_mode, index.change_old_mode, segment)
    rows, mode, nodes, head = build_versions(
        *line, index.change_path, index.change_blob, index.change_mode, n_paths, *moves)
    strata_offsets, strata_rank = list_strata(nodes, head)
    # Born in this order, so a stable sort by path leaves births ascending.
    order = np.argsort(rows[:, 0], kind="stable")
    path, birth, death, blob, strata, touched, moved_from, moved_to = (
        np.ascontiguousarray(column) for column in rows[order].T)
    return FileVersions(
        path=path, birth=birth, death=death, blob=blob, mode=mode[order], strata=strata,
        touched=touched.astype(np.bool_), moved_from=moved_from, moved_to=moved_to,
        strata_offsets=strata_offsets, strata_rank=strata_rank,
    )
