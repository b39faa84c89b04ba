"""What new commits change of a city that is being looked at: spans that end, spans that begin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END, Category, Flag
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.versions import Followed, VersionsFrom
from xrserver.layout.growth import Growth
from xrserver.layout.placement import Placement
from xrserver.room import Room
from xrserver.scene.build import BuiltScene
from xrserver.scene.category import category_of
from xrserver.scene.coarse_tile import CoarseTile
from xrserver.scene.hierarchy import Hierarchy
from xrserver.scene.left_out import LeftOut
from xrserver.scene.open_tiles import BIRTH, DEATH, PATH, Ground, OpenTile, Standing
from xrserver.scene.patches import PastChanged, TilePatch
from xrserver.scene.spans import (
    NOBODY,
    Drawn,
    Records,
    continued,
    largest_by_then,
    largest_ever,
    names_of,
    sizes_of,
    spans_of,
)

_BLOB, _STRATA, _TOUCHED, _FROM, _TO = range(3, 8)
_LENGTH = 2
#: What of a version says that it is the same one; its end may be told later.
_SAME = [PATH, BIRTH, _BLOB, _STRATA, _TOUCHED, _FROM]


#: A whole version as one value.
_WHOLE = np.dtype("V32")

#: So many new spans make no tile too large.
_LEAST_GROWN = 20_000


class LiveCity:
    """A city as it was built, and what has become of it.

    Parameters
    ----------
    scene : BuiltScene
    number : int
        Which of the scene's members it is.
    index, versions
        What it was built of.
    followed_from : VersionsFrom
        Of the same.

    Attributes
    ----------
    placement : Placement
        Where everything stands, what came later included.
    """

    def __init__(self, scene: BuiltScene, number: int, index: HistoryIndex, versions: FileVersions,
                 followed_from: VersionsFrom) -> None:
        member = scene.members[number]
        assert member.city is not None and isinstance(member.tree, Hierarchy)
        self._scene, self._number, self._tree = scene, number, member.tree
        self._definition = member.definition
        self._left_out: LeftOut | None = None
        if scene.marks is not None and scene.marks.exclude:
            self._left_out = LeftOut(scene.marks, index, versions, followed_from)
            versions = self._left_out.versions
        self._late_from = len(index.oids)
        layout, definition = member.city.value.layout, self._definition
        self.placement = Placement.of(layout, largest_ever(index, versions, definition))
        self._growth = Growth(layout, definition.layout, self.placement)

        followed = self._stand(index, followed_from.follow(index))
        self._standing = len(followed.rows)
        self._rows, self._mode = followed.rows, followed.mode
        self._room = Room()
        # All of these rows are versions; sorted by (path, birth), so one search finds each.
        keys = (versions.path.astype(np.int64) << 32) | versions.birth
        at = np.searchsorted(keys, (self._rows[:, PATH].astype(np.int64) << 32) | self._rows[:, BIRTH])
        largest = largest_by_then(index, versions, continued(versions), definition)
        self._largest = largest[at]
        columns = self._tree.columns
        self._order = np.argsort(columns.nodes["node"], kind="stable")
        row = self._node_rows(versions.path[at].astype(np.uint32) * 2)
        nth = at - np.searchsorted(versions.path, versions.path[at])
        self._spans: Records = columns.spans[columns.nodes["first_span"][row].astype(np.int64) + nth]
        self._lengths = self._lengths_before = _lengths(followed)
        self._counts = self._count_standing(index)
        self._lives: dict[int, list[tuple[int, int]]] = {}
        self._ground = Ground(self._tree.walk, len(index.paths.parent))
        self._tiles: dict[str, OpenTile] = {}
        self._now = self._as_it_is(index, followed)

    def update(self, index: HistoryIndex, followed: Followed) -> list[TilePatch]:
        """Return what changed since the last call, of the tiles that are tracked.

        Parameters
        ----------
        index, followed
            As they are now.

        Raises
        ------
        PastChanged
            Ranks before those of an open tile would look different, or a tile has grown too large.
        """
        followed = self._stand(index, followed)
        rows, old = followed.rows, self._rows
        same, ended = self._compared(followed)
        if same < self._standing:
            raise PastChanged("Commits that were ranked long ago have come to the mainline.")
        spans = self._new_spans(index, followed, same)

        follows = set(zip(rows[same:, PATH].tolist(), rows[same:, BIRTH].tolist(), strict=True))
        kept = self._spans[:same]
        for row in ended.tolist():
            path, death = int(rows[row, PATH]), int(rows[row, DEATH])
            leaves = death != RANK_END and rows[row, _TO] < 0 and (path, death) not in follows
            traits = int(kept["traits"][row]) & ~(int(Flag.LEAVES) << 8)
            kept["death"][row], kept["traits"][row] = death, traits | (int(Flag.LEAVES) << 8 if leaves else 0)
        self._spans = self._room.joined("spans", kept, spans)
        self._rows, self._mode = rows, followed.mode

        lengths = _lengths(followed)
        files = np.unique(np.concatenate([old[same:, PATH], rows[same:, PATH], rows[ended, PATH],
                                          _grown(self._lengths, lengths)])).tolist()
        self._lengths = lengths
        lives = _district_lives(rows, self._standing, self._counts, index.paths.parent)
        districts = sorted(path for path in lives.keys() | self._lives.keys()
                           if lives.get(path) != self._lives.get(path))
        self._lives = lives
        self._now = self._as_it_is(index, followed)
        tiling = self._definition.tiling
        found = [tile.patch(self._now, files, districts) for tile in self._tiles.values()]
        if any(tile.grown > max(tiling.tile_spans, _LEAST_GROWN) for tile in self._tiles.values()):
            raise PastChanged("So much is new that the scene is cut into tiles anew.")
        return [patch for patch in found if patch is not None]

    def track(self, tiles: Iterable[str]) -> list[TilePatch]:
        """Follow more tiles whose windows are open; return what has changed of them by now."""
        now = self._now
        files = np.unique(np.concatenate([
            now.rows[self._standing:, PATH],
            now.rows[:self._standing][now.rows[:self._standing, DEATH] != RANK_END, PATH],
            _grown(self._lengths_before, self._lengths)])).tolist()
        found: list[TilePatch] = []
        for name in tiles:
            part = self._scene.part_of(name, self._number)
            if name in self._tiles or part is None:
                continue
            drawn = self._tree.drawn(part)
            tile = self._tiles[name] = OpenTile(name, self._tree, part, self._ground) if drawn is None else (
                CoarseTile(name, self._tree, part, self._ground, drawn))
            patch = tile.patch(now, files, sorted(self._lives))
            found += [] if patch is None else [patch]
        return found

    def _stand(self, index: HistoryIndex, followed: Followed) -> Followed:
        """Return the versions of what stands: blocks instead of what is left out."""
        return followed if self._left_out is None else self._left_out.folded(index, followed)

    def _as_it_is(self, index: HistoryIndex, followed: Followed) -> Standing:
        order = np.argsort(self._rows[:, PATH], kind="stable")
        return Standing(index, followed, self._rows, self._spans, self._standing, self._lives,
                        self._counts > 0, self.placement, order, self._rows[order, PATH])

    # --- files --------------------------------------------------------------------------------

    def _compared(self, followed: Followed) -> tuple[int, NDArray[np.int64]]:
        """Return how many versions there are that are still the same, and which of them end otherwise."""
        shared = min(len(self._rows), len(followed.rows))
        old, new = self._rows[:shared], followed.rows[:shared]
        changed = np.flatnonzero((old.view(_WHOLE) != new.view(_WHOLE))[:, 0])
        others = changed[(old[changed][:, _SAME] != new[changed][:, _SAME]).any(axis=1)]
        others = np.append(others, np.flatnonzero(self._mode[:shared] != followed.mode[:shared]))
        same = int(others.min()) if len(others) else shared
        return same, changed[changed < same]

    def _new_spans(self, index: HistoryIndex, followed: Followed, same: int) -> Records:
        """Return the spans of all rows from `same` on; new files get a place."""
        rows, mode = followed.rows, followed.mode
        new = rows[same:]
        before = _continued(rows, same, len(index.paths.parent))
        sizes = sizes_of(index, new[:, _BLOB], mode[same:], self._definition)
        largest = self._room.joined("largest", self._largest[:same], sizes)
        for row in range(same, len(rows)):  # what each continues comes before it
            if before[row - same] >= 0:
                largest[row] = max(largest[row], largest[before[row - same]])

        self.placement.extend(index.paths, self._definition.layout.plate)
        placeless = self.placement.ever[new[:, PATH]] < 0
        self._growth.place(index.paths, dict(zip(new[placeless, PATH].tolist(),
                                                 largest[same:][placeless].tolist(), strict=True)))
        # The rows that are eased from come first, so that all are drawn by one rule.
        bases, eased = np.unique(np.where(before >= 0, before, same), return_inverse=True)
        bases = bases[bases < same]
        of_new = before >= same
        count = len(bases)
        eased = np.where(before < 0, -1, np.where(of_new, before - same + count, eased))
        every = np.concatenate([bases, np.arange(same, len(rows))]).astype(np.int64)
        eased = np.concatenate([np.full(count, -1), np.where(new[:, _TOUCHED] > 0, -1, eased)])
        drawn = rows[every]
        follows = {(path, birth) for path, birth in zip(new[:, PATH].tolist(), new[:, BIRTH].tolist(),
                                                        strict=True)}
        leaves = np.array([death != RANK_END and to < 0 and (path, death) not in follows for path, death, to
                           in zip(drawn[:, PATH].tolist(), drawn[:, DEATH].tolist(),
                                  drawn[:, _TO].tolist(), strict=True)], np.bool_)
        made = spans_of(Drawn(
            drawn[:, PATH], drawn[:, BIRTH], drawn[:, DEATH], drawn[:, _STRATA], mode[every],
            largest[every], self._authors(index, followed, drawn), self._categories(index, drawn[:, PATH]),
            eased, np.concatenate([np.zeros(count, np.bool_), before < 0]), leaves),
            self._definition, self.placement)[count:]
        births = made["birth"].astype(np.int64)
        since = index.timeline[np.maximum(births - 1, 0)]
        late = (births >= self._late_from) & (index.commit_time[births] < since)
        made["traits"][late] |= np.uint32(int(Flag.LATE) << 8)
        self._largest = largest
        return made

    def _authors(self, index: HistoryIndex, followed: Followed, drawn: NDArray[np.int32]) -> NDArray[Any]:
        """Return who made the newest stratum of each version."""
        nodes, head = followed.nodes, followed.head
        by = drawn[:, BIRTH].astype(np.int64)
        at = head[drawn[:, PATH]].astype(np.int64)
        # Lists go back in time: as far as so many strata stand.
        while (beyond := (at >= 0) & (nodes[at, _LENGTH] > drawn[:, _STRATA])).any():
            at = np.where(beyond, nodes[at, 1], at)
        known = (at >= 0) & (drawn[:, _STRATA] > 0)
        by[known] = nodes[at[known], 0]
        return np.minimum(index.author[by], NOBODY)

    def _categories(self, index: HistoryIndex, path: NDArray[np.int32]) -> NDArray[np.uint8]:
        wanted, of = np.unique(path, return_inverse=True)
        offsets, text = names_of(index.paths, wanted.astype(np.int64))
        whole = text.tobytes()
        found = np.array([int(category_of(whole[offsets[i]:offsets[i + 1]])) for i in range(len(wanted))],
                         np.uint8)
        # What was there when the scene was built may have been said to be something else.
        columns = self._tree.columns
        nodes = columns.nodes["node"]
        row = self._node_rows(wanted.astype(np.uint32) * 2)
        known = nodes[row] == wanted * 2
        kind = columns.spans["traits"][columns.nodes["first_span"][row]] >> 16
        known &= (kind != int(Category.SYMLINK)) & (kind != int(Category.SUBMODULE))
        found[known] = kind[known]
        if self._left_out is not None:
            found[self._left_out.is_block(wanted)] = int(Category.VENDORED)
        return found[of]

    # --- districts ----------------------------------------------------------------------------

    def _count_standing(self, index: HistoryIndex) -> NDArray[np.int64]:
        """Return how many files stood below each path at the start."""
        counts = np.zeros(len(index.paths.parent), np.int64)
        np.add.at(counts, self._rows[:self._standing, PATH], 1)
        own = counts.copy()
        for path in range(len(counts) - 1, 0, -1):  # a parent's id is smaller
            counts[index.paths.parent[path]] += counts[path]
        return counts - own

    def _node_rows(self, wanted: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return where nodes are in the scene's columns; any row for those that are not."""
        nodes = self._tree.columns.nodes["node"]
        at = np.searchsorted(nodes, wanted, sorter=self._order)
        return self._order[np.minimum(at, len(nodes) - 1)]


def _grown(before: NDArray[np.int32], now: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the paths that have more strata than before."""
    padded = np.zeros(len(now), np.int32)
    padded[:len(before)] = before
    return np.flatnonzero(now > padded)


def _lengths(followed: Followed) -> NDArray[np.int32]:
    """Return how many strata each path has."""
    return np.where(followed.head >= 0, followed.nodes[np.maximum(followed.head, 0), _LENGTH]
                    if len(followed.nodes) else 0, 0).astype(np.int32)


def _continued(rows: NDArray[np.int32], first: int, paths: int) -> NDArray[np.int64]:
    """Return the row that each version from `first` on continues, as `spans.continued` does; else -1."""
    last = np.full(paths, -1, np.int64)
    last[rows[:first, PATH]] = np.arange(first)  # of equal ones the last is kept
    found = np.full(len(rows) - first, -1, np.int64)
    own: dict[int, int] = {}
    table = rows[first:].tolist()
    deaths = rows[:, DEATH]
    for i, (path, birth, _, _, _, _, source, _) in enumerate(table):
        row = int(last[path if source < 0 else source])
        while source >= 0 and row >= first and deaths[row] != birth:
            row = own[row]  # the source's path was taken again by the same commit
        if row >= 0 and deaths[row] == birth and (source >= 0 or rows[row, _TO] < 0):
            found[i] = row
        own[first + i] = int(last[path])
        last[path] = first + i
    return found


def _district_lives(rows: NDArray[np.int32], standing: int, counts: NDArray[np.int64],
                    parent: NDArray[np.int32]) -> dict[int, list[tuple[int, int]]]:
    """Return when files stood below each directory of which something came or went.

    The life that began before the start has birth 0.
    """
    born, died = rows[standing:], rows[rows[:, DEATH] != RANK_END]
    events = np.concatenate([
        np.column_stack([born[:, BIRTH], born[:, PATH], np.ones(len(born), np.int64)]),
        np.column_stack([died[:, DEATH], died[:, PATH], np.full(len(died), -1)])]).astype(np.int64)
    # What ends where its successor begins neither came nor went.
    pairs, of = np.unique(events[:, :2], axis=0, return_inverse=True)
    net = np.zeros(len(pairs), np.int64)
    np.add.at(net, of.reshape(-1), events[:, 2])
    now: dict[int, int] = {}
    lives: dict[int, list[tuple[int, int]]] = {}
    at, total = 0, len(pairs)
    while at < total:
        rank = int(pairs[at, 0])
        touched: dict[int, int] = {}
        while at < total and pairs[at, 0] == rank:
            path = int(pairs[at, 1])
            while net[at] and path:
                path = int(parent[path])
                if path not in now:
                    now[path] = int(counts[path]) if path < len(counts) else 0
                touched.setdefault(path, now[path])
                now[path] += int(net[at])
            at += 1
        for path, before in touched.items():
            known = lives.setdefault(path, [(0, RANK_END)] if before and path not in lives else [])
            if before and not now[path]:
                known[-1] = (known[-1][0], rank)
            elif now[path] and not before:
                known.append((rank, RANK_END))
    return lives
