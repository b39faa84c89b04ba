"""Blocks that stand for what is left out, in a scene that is being looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END
from xrserver.history.globs import matched
from xrserver.history.index import MODE_FILE, FileVersions, HistoryIndex, PathTree
from xrserver.history.versions import Followed, VersionsFrom
from xrserver.scene.marks import Marks, folded
from xrserver.scene.spans import names_of

_PATH, _BIRTH, _DEATH, _FROM, _TO = 0, 1, 2, 6, 7


class LeftOut:
    """Folds what is left out of a history that goes on into the blocks that stand for it.

    Which files are left out is said as it was when the scene was built; of those that come later, by the same
    patterns. What is left out beside others is a block of its own, what comes to a directory that is one
    block is part of that.

    Attributes
    ----------
    versions : FileVersions
        Of what stands in the scene as it was built.
    """

    def __init__(self, marks: Marks, index: HistoryIndex, versions: FileVersions,
                 followed_from: VersionsFrom) -> None:
        self.versions = folded(versions, marks)
        self._marks = marks
        self._block = marks.block.copy()
        self._inside: dict[int, bool] = {0: False}
        self._first_rank = followed_from.first
        v = self.versions
        blocks = np.unique(marks.block[marks.block >= 0])
        self._is_block = np.isin(np.arange(len(marks.block)), blocks)
        standing = np.flatnonzero(self._is_block[v.path] & (v.death == RANK_END))
        #: Of blocks: when that began which stood at the start, and the commit that is their one stratum.
        self._since = dict(zip(v.path[standing].tolist(), v.birth[standing].tolist(), strict=True))
        self._stratum = {path: int(v.strata_rank[v.strata_offsets[path]]) for path in blocks.tolist()
                         if v.strata_offsets[path + 1] > v.strata_offsets[path]}

    def is_block(self, paths: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return which paths are those of blocks."""
        return self._is_block[paths]

    def folded(self, index: HistoryIndex, followed: Followed) -> Followed:
        """Return the versions of what stands.

        They are in the order in which `followed` has them; blocks come last of what stood at the start, and
        of what is born by the same commit.
        """
        self._extend(index.paths)
        rows, mode = followed.rows, followed.mode
        at_start = rows[:, _BIRTH] < self._first_rank
        lost = self._block[rows[:, _PATH]] >= 0
        if not lost.any() and not self._since:
            return followed
        blocks = self._lives(rows[lost])
        stood = np.array([life[_BIRTH] < self._first_rank for life in blocks], np.bool_)
        made = np.array(blocks, np.int32).reshape(-1, 8)
        # What came from there, or went there, is as if from nowhere.
        unseen = np.append(self._block >= 0, False)  # the last for -1, which names no path
        rows = rows.copy()
        for end in (_FROM, _TO):
            rows[unseen[rows[:, end]], end] = -1
        begun, later = np.flatnonzero(at_start & ~lost), np.flatnonzero(~at_start & ~lost)
        tail = np.concatenate([rows[later], made[~stood]])
        tail_mode = np.concatenate([mode[later], np.full(int((~stood).sum()), MODE_FILE, mode.dtype)])
        # What was there comes first among equals, so that what follows changes nothing before it.
        order = np.lexsort((np.arange(len(tail)) >= len(later), tail[:, _BIRTH]))
        nodes, head = followed.nodes, followed.head.copy()
        head[self._block >= 0] = -1
        strata = []
        for path in np.unique(made[:, _PATH]).tolist():
            first = int(made[made[:, _PATH] == path, _BIRTH].min())
            self._stratum.setdefault(path, first)
            head[path] = len(nodes) + len(strata)
            strata.append((self._stratum[path], -1, 1))
        return replace(
            followed, rows=np.concatenate([rows[begun], made[stood], tail[order]]),
            mode=np.concatenate([mode[begun], np.full(int(stood.sum()), MODE_FILE, mode.dtype),
                                 tail_mode[order]]),
            nodes=np.concatenate([nodes, np.array(strata, np.int32).reshape(-1, 3)]), head=head)

    def _lives(self, rows: NDArray[np.int32]) -> list[tuple[int, ...]]:
        """Return when blocks stand of which something did at the start or does since; sorted."""
        block = self._block[rows[:, _PATH]]
        found: list[tuple[int, ...]] = []
        for path in np.unique(block).tolist():
            own = rows[block == path]
            own = own[np.argsort(own[:, _BIRTH], kind="stable")]
            births, deaths = own[:, _BIRTH].tolist(), own[:, _DEATH].tolist()
            start, reached = births[0], deaths[0]
            if start < self._first_rank:
                start = self._since.get(path, start)
            for birth, death in zip(births[1:], deaths[1:], strict=True):
                if birth > reached:
                    found.append((path, start, reached, -1, 1, 0, -1, -1))
                    start = birth
                reached = max(reached, death)
            found.append((path, start, reached, -1, 1, 0, -1, -1))
        return found

    def _extend(self, paths: PathTree) -> None:
        known, count = len(self._block), len(paths.parent)
        if count == known:
            return
        wanted = np.arange(known, count)
        offsets, text = names_of(paths, wanted)
        whole = text.tobytes()
        self._block = np.concatenate([self._block, np.full(count - known, -1, np.int32)])
        self._is_block = np.concatenate([self._is_block, np.zeros(count - known, np.bool_)])
        for at, path in enumerate(wanted.tolist()):
            name = whole[offsets[at]:offsets[at + 1]]
            if not self._is_out(paths, path, name):
                continue
            around = int(paths.parent[path])
            while around and not (around < len(self._is_block) and self._is_block[around]):
                around = int(paths.parent[around])
            self._block[path] = around or path
            self._is_block[around or path] = True

    def _is_out(self, paths: PathTree, path: int, name: bytes) -> bool:
        """Return whether a new file is left out, by itself or with a directory around it."""
        last = name.rpartition(b"/")[2]
        return self._is_inside(paths, int(paths.parent[path]), name.rpartition(b"/")[0]) or bool(
            matched(self._marks.exclude, name, last, False))

    def _is_inside(self, paths: PathTree, path: int, name: bytes) -> bool:
        if path not in self._inside:
            around, _, last = name.rpartition(b"/")
            self._inside[path] = self._is_inside(paths, int(paths.parent[path]), around) or bool(
                matched(self._marks.exclude, name, last, True))
        return self._inside[path]
