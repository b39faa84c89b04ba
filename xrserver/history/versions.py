"""What stood when on the mainline, and which commits built it, from the index alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.interning import Strings
from xrserver.ragged import ragged

#: What rows have, by name.
_COLUMNS = ("path", "birth", "death", "blob", "strata", "touched", "moved_from", "moved_to")
_DEATH, _TO = 2, 7


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
    return _followed(index, _State.none(len(index.paths.parent))).versions()


@dataclass(frozen=True, slots=True)
class Followed:
    """Versions in the order of birth, behind those that stood before, and all strata by now.

    Attributes
    ----------
    rows : (n, 8) int32
        Path, birth, death, blob, strata, touched, moved_from and moved_to, as `FileVersions` has them.
    mode : (n,) uint32
    nodes : (n_nodes, 3) int32
        Strata: rank, node before, length.
    head : (n_paths,) int32
        Each path's newest node, -1 where it has none.
    """

    rows: NDArray[np.int32]
    mode: NDArray[np.uint32]
    nodes: NDArray[np.int32]
    head: NDArray[np.int32]

    def strata(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the strata of each path as `FileVersions` has them: offsets, ranks."""
        from xrserver.kernels.strata import list_strata

        return list_strata(self.nodes, self.head)

    def strata_of(self, path: int) -> list[int]:
        """Return the ranks of one path's strata, oldest first."""
        ranks: list[int] = []
        at = int(self.head[path])
        while at >= 0:
            ranks.append(int(self.nodes[at, 0]))
            at = int(self.nodes[at, 1])
        return ranks[::-1]

    def versions(self) -> FileVersions:
        """Return them sorted by path."""
        # Born in this order, so a stable sort by path leaves births ascending.
        order = np.argsort(self.rows[:, 0], kind="stable")
        columns: dict[str, NDArray[Any]] = {
            name: np.ascontiguousarray(column)
            for name, column in zip(_COLUMNS, self.rows[order].T, strict=True)}
        columns["touched"] = columns["touched"].astype(np.bool_)
        strata_offsets, strata_rank = self.strata()
        return FileVersions(**columns, mode=self.mode[order], strata_offsets=strata_offsets,
                            strata_rank=strata_rank)


class VersionsFrom:
    """Follows the mainline on from where it ended, as often as there is more: old ranks are not read again.

    Parameters
    ----------
    index, versions
        As they are now.

    Attributes
    ----------
    first : int
        The rank behind the newest mainline commit of `index`: what is later is followed.
    """

    def __init__(self, index: HistoryIndex, versions: FileVersions) -> None:
        v = versions
        self.first = int(index.mainline[-1]) + 1
        begun = v.birth < self.first
        self._before = slice(None) if begun.all() else np.flatnonzero(begun)
        standing = np.flatnonzero(begun & (v.death >= self.first))
        rows = np.column_stack([getattr(v, name)[standing] for name in _COLUMNS]).astype(np.int32)
        rows[:, _DEATH], rows[:, _TO] = RANK_END, -1
        count = len(v.strata_rank)
        lengths = np.diff(v.strata_offsets)
        length = np.arange(count, dtype=np.int64) - np.repeat(v.strata_offsets[:-1], lengths) + 1
        before = np.where(length > 1, np.arange(count, dtype=np.int64) - 1, -1)
        nodes = np.column_stack([v.strata_rank, before, length]).astype(np.int32)
        head = np.where(lengths > 0, v.strata_offsets[1:] - 1, -1).astype(np.int32)
        self._state = _State(self.first, np.ascontiguousarray(rows), v.mode[standing], nodes, head)
        self._versions, self.standing = versions, standing
        self._standing_of = np.searchsorted(np.flatnonzero(begun), standing)

    def follow(self, index: HistoryIndex) -> Followed:
        """Return what stood at the start, then all versions since, of what `index` has become.

        Its mainline goes on behind the one there was. O(n) in paths and strata, both simply copied.
        """
        missing = len(index.paths.parent) - len(self._state.head)
        if missing:
            head = np.append(self._state.head, np.full(missing, -1, np.int32))
            self._state = self._state._replace(head=head)
        return _followed(index, self._state)

    def versions(self, followed: Followed) -> FileVersions:
        """Return all versions, old ones included. O(n), each column copied."""
        v, stood = self._versions, len(self.standing)
        order = np.argsort(followed.rows[stood:, 0], kind="stable")
        rows = followed.rows[stood:][order]
        path = v.path[self._before]
        # Born later than all that have the same path.
        at = np.searchsorted(path, rows[:, 0], side="right") + np.arange(len(rows))
        old = np.ones(len(path) + len(rows), np.bool_)
        old[at] = False
        standing = np.flatnonzero(old)[self._standing_of]

        def merged(before: NDArray[Any], now: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
            column = np.empty(len(old), before.dtype)
            column[old], column[at], column[standing] = before[self._before], new, now
            return column

        columns = {name: merged(getattr(v, name), followed.rows[:stood, k], rows[:, k])
                   for k, name in enumerate(_COLUMNS)}
        mode = merged(v.mode, followed.mode[:stood], followed.mode[stood:][order])
        strata_offsets, strata_rank = followed.strata()
        return FileVersions(**columns, mode=mode, strata_offsets=strata_offsets, strata_rank=strata_rank)


class _State(NamedTuple):
    """Where following begins, as `kernels.strata.build_versions` takes it."""

    first: int
    rows: NDArray[np.int32]
    mode: NDArray[np.uint32]
    nodes: NDArray[np.int32]
    head: NDArray[np.int32]

    @classmethod
    def none(cls, paths: int) -> _State:
        return cls(0, np.empty((0, 8), np.int32), np.empty(0, np.uint32), np.empty((0, 3), np.int32),
                   np.full(paths, -1, np.int32))


def _followed(index: HistoryIndex, state: _State) -> Followed:
    from xrserver.kernels.moves import mainline_moves, number_segments
    from xrserver.kernels.strata import build_versions

    paths, offsets = index.paths, index.change_offsets
    mainline = index.mainline[np.searchsorted(index.mainline, state.first):]
    landed = np.flatnonzero(index.landing >= state.first)
    landed = landed[np.argsort(index.landing[landed], kind="stable")].astype(np.int32)
    landed_offsets = np.zeros(len(mainline) + 1, np.int64)
    landed_offsets[1:] = np.searchsorted(index.landing[landed], mainline, side="right")
    line = (index.parent_offsets, mainline, landed_offsets, landed, offsets)
    changed = index.change_path[ragged(offsets[landed], offsets[landed + 1] - offsets[landed])]
    strings = Strings()
    strings.reserve(min(len(paths.parent), len(changed)), len(paths.bytes))
    segment = number_segments(changed, paths.offsets, paths.bytes, strings.slots, strings.offsets,
                              strings.pool)
    moves = mainline_moves(*line, index.change_path, index.change_blob, index.change_old_blob,
                           index.change_mode, index.change_old_mode, segment)
    return Followed(*build_versions(*line, index.change_path, index.change_blob, index.change_mode,
                                    len(paths.parent), *moves, *state))
