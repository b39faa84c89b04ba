"""Looks over everything that stands, a slice a frame, for what deserves a name.

That is: how tall each district has become, and which buildings are near. The page does the same
(`webxr_client/src/scene/survey.ts`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import COMMIT_NODES, Flag
from xrserver.native.city import City
from xrserver.native.milestones import KEYS, NONE, Milestones, milestones
from xrserver.native.tile import Tile
from xrserver.spaces import Vector

#: Rows that are looked at in a frame, and how many of those that were looked at before count as one.
_ROWS, _KNOWN = 768, 12
#: Of buildings, the largest are kept.
_MOST_FILES = 48
#: What a district must be wide, as a share of what a building must: the eye may come nearer meanwhile.
_LEAST_DISTRICT = 0.6
#: Seconds between two passes, and while history plays.
_PAUSE, _PAUSE_PLAYING = 0.15, 0.5

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What may be named; one row each.

    Attributes
    ----------
    nodes : (n,) int64
        Unlike one another: nodes, and from `milestones.KEYS` on what stands along the river.
    districts : (n,) bool
    depths : (n,) int64
    places : (n, 3) float64
        Where a name is tied to; metres, scene space.
    extents : (n,) float64
        The larger side of the footprint, metres.
    """

    nodes: Integers
    districts: NDArray[np.bool_]
    depths: Integers
    places: Floats
    extents: Floats
    _tiles: list[Tile]
    _where: Integers
    _rows: Integers
    _along: Milestones

    def text(self, i: int) -> str:
        """Return what is written."""
        node = int(self.nodes[i])
        if node >= KEYS:
            return self._along.text[node - KEYS]
        return self._tiles[int(self._where[i])].name(int(self._rows[i]))


@dataclass(frozen=True, slots=True)
class _Found:
    """What a tile holds while the playhead is in [since, until); districts and files as `_look` has them."""

    since: int
    until: int
    tops: Floats
    districts: Floats
    files: Floats


_EMPTY = np.empty((0, 8))
#: Columns of what was found.
_ROW, _NODE, _PARENT, _DEPTH, _X, _TOP, _Z, _EXTENT = range(8)
_NOTHING = Candidates(np.empty(0, np.int64), np.empty(0, np.bool_), np.empty(0, np.int64), np.empty((0, 3)),
                      np.empty(0), [], np.empty(0, np.int64), np.empty(0, np.int64), NONE)


class Survey:
    """What of a city deserves a name, seen from where somebody is.

    Attributes
    ----------
    candidates : Candidates
        As the last pass found them.
    passes : int
        Counts those that were finished.
    worked : bool
        The last step took time.
    """

    def __init__(self) -> None:
        self.candidates = _NOTHING
        self.passes = 0
        self.worked = False
        self._known: dict[Tile, _Found] = {}
        self._along, self._along_of = NONE, (None, 0)
        #: For what the pass is, and the one before was.
        self._key: tuple[object, ...] = ()
        self._eye: Vector | None = None
        self._since = 0.0
        self._tiles: list[Tile] = []
        self._at = self._row = self._row_rank = 0
        self._parts: list[tuple[Floats, Floats, Floats]] = []
        self._near: list[tuple[int, Floats]] = []
        self._busy = False

    def clear(self) -> None:
        """Another generation: its nodes are others."""
        self.__init__()

    def step(self, city: City, drawn: tuple[str, ...], rank: int, eye: Vector, least: float, moved: float,
             seconds: float, playing: bool) -> bool:
        """Look on for a frame of so many seconds; return whether this finished a pass.

        Parameters
        ----------
        eye : Vector
            Metres, scene space.
        least : float
            Radians that a building must be wide.
        moved : float
            Metres by which the eye must have moved for another pass.
        """
        self._since += seconds
        self.worked = self._busy
        if not self._busy:
            if self._since < (_PAUSE_PLAYING if playing else _PAUSE) or not drawn:
                return False
            key = (city, city.scene, rank, *city.tiles(drawn))
            if key == self._key and self._eye is not None and sum(
                    (a - b) ** 2 for a, b in zip(eye, self._eye, strict=True)) < moved * moved:
                self._since = 0.0
                return False
            self._begin(city, drawn, key, eye)
            self.worked = True
        if self._at == len(self._tiles):  # a frame of its own
            self._finish(rank, least)
            return True
        work = 0
        while self._at < len(self._tiles) and work < _ROWS:
            work += self._look(rank, least)
        return False

    def _begin(self, city: City, drawn: tuple[str, ...], key: tuple[object, ...], eye: Vector) -> None:
        self._key, self._eye, self._busy = key, eye, True
        self._tiles = city.tiles(drawn)
        self._at = self._row = 0
        self._parts, self._near = [], []
        self._known = {tile: self._known[tile] for tile in self._tiles if tile in self._known}
        of = city, city.scene.head_rank
        if of != self._along_of:
            self._along, self._along_of = milestones(city), of

    def _look(self, rank: int, least: float) -> int:
        """Look at some rows; return how much work that was."""
        tile = self._tiles[self._at]
        found = self._known.get(tile)
        if self._row == 0 and found is not None and found.since <= rank < found.until:
            work = len(tile.nodes) // _KNOWN + _ROWS // 64
        else:
            self._row_rank = rank if self._row == 0 or rank == self._row_rank else -1
            last = min(self._row + _ROWS, len(tile.nodes))
            self._parts.append(_look(tile, rank, self._row, last))
            work, self._row = last - self._row, last
            if last < len(tile.nodes):
                return work
            tops, districts, files = (np.concatenate(part) for part in zip(*self._parts, strict=True))
            found = self._known[tile] = _Found(*_unchanged(tile, self._row_rank), tops, districts, files)
            self._parts, self._row = [], 0
        files = found.files
        if len(files):
            assert self._eye is not None
            away = files[:, _X:_EXTENT] - self._eye
            size = files[:, _EXTENT] ** 2 / np.maximum((away * away).sum(axis=1), 1e-9)
            near = np.flatnonzero(size > least * least)
            if len(near) > _MOST_FILES:
                near = near[np.argpartition(-size[near], _MOST_FILES)[:_MOST_FILES]]
            if len(near):
                self._near.append((self._at, np.column_stack([files[near], size[near]])))
        self._at += 1
        return work

    def _finish(self, rank: int, least: float) -> None:
        found = [self._known[tile] for tile in self._tiles]
        counts = [len(each.districts) for each in found]
        where = np.repeat(np.arange(len(found)), counts)
        every = np.concatenate([_EMPTY, *(each.districts for each in found)])
        tops = np.concatenate([np.empty((0, 2)), *(each.tops for each in found)])
        # A district may stand as a plate and as blocks: its name is tied to the largest.
        order = np.lexsort((-every[:, _EXTENT], every[:, _NODE]))
        first = order[np.diff(every[order, _NODE], prepend=-1.0) != 0.0]
        own, where = every[first], where[first]
        ids = own[:, _NODE]
        highest = own[:, _TOP].copy()
        at = np.minimum(np.searchsorted(ids, tops[:, 0]), max(len(ids) - 1, 0))
        if len(ids):
            there = ids[at] == tops[:, 0]
            np.maximum.at(highest, at[there], tops[there, 1])
            # The deepest first: how tall each is depends on those in it.
            parents = np.minimum(np.searchsorted(ids, own[:, _PARENT]), len(ids) - 1)
            for depth in range(int(own[:, _DEPTH].max()), 0, -1):
                within = np.flatnonzero((own[:, _DEPTH] == depth) & (ids[parents] == own[:, _PARENT]))
                np.maximum.at(highest, parents[within], highest[within])
        own[:, _TOP] = highest
        assert self._eye is not None
        away = own[:, _X:_EXTENT] - self._eye
        size = own[:, _EXTENT] ** 2 / np.maximum((away * away).sum(axis=1), 1e-9)
        seen = (own[:, _DEPTH] > 0) & (size >= (_LEAST_DISTRICT * least) ** 2)
        near = np.concatenate([np.empty((0, 9)), *(each for _, each in self._near)])
        tile_of = np.repeat([i for i, _ in self._near] or [0], [len(each) for _, each in self._near] or [0])
        largest = np.argsort(-near[:, -1], kind="stable")[:_MOST_FILES]
        along = self._along
        passed = int(np.searchsorted(along.ranks, rank, side="right"))
        things = np.concatenate([own[seen], near[largest, :8]])
        districts = np.zeros(len(things) + passed, np.bool_)
        districts[:int(seen.sum())] = True
        districts[len(things):] = True
        nowhere = np.zeros(passed, np.int64)
        self.candidates = Candidates(
            np.concatenate([things[:, _NODE].astype(np.int64), KEYS + np.arange(passed)]), districts,
            np.concatenate([things[:, _DEPTH].astype(np.int64), along.depths[:passed]]),
            np.concatenate([things[:, _X:_EXTENT], along.places[:passed]]),
            np.concatenate([things[:, _EXTENT], along.extents[:passed]]), self._tiles,
            np.concatenate([where[seen], tile_of[largest], nowhere]),
            np.concatenate([things[:, _ROW].astype(np.int64), nowhere]), along)
        self.passes += 1
        self._busy, self._since, self._near = False, 0.0, []


def _unchanged(tile: Tile, rank: int) -> tuple[int, int]:
    """Return from which rank and up to which nothing in a tile changes; none where it was seen at several."""
    if rank < 0:
        return 0, 0
    events = np.concatenate([tile.spans["birth"], tile.spans["death"]]).astype(np.int64)
    before = events <= rank
    return int(events[before].max(initial=0)), int(events[~before].min(initial=1 << 40))


def _look(tile: Tile, rank: int, first: int, last: int) -> tuple[Floats, Floats, Floats]:
    """Return what stands in some rows of a tile.

    Returns
    -------
    tops : (n, 2) float64
        Districts, and how high what stands in each reaches.
    districts, files : (n, 8) float64
        Row, node, parent, depth; the middle of what stands, as high as its top, and the larger side of its
        footprint; metres, scene space.
    """
    at, live = tile.standing(rank, first, last)
    rows = np.flatnonzero(live)
    nodes, spans = tile.nodes[first:last][rows], tile.spans[at[rows]]
    node = nodes["node"].astype(np.int64)
    place, size = spans["position1"].astype(np.float64), spans["size1"].astype(np.float64)
    every: Floats = np.column_stack([
        rows + first, node, nodes["parent"], nodes["depth"], place[:, 0], place[:, 1] + size[:, 1],
        place[:, 2], np.maximum(size[:, 0], size[:, 2])]).astype(np.float64)
    city = node < COMMIT_NODES
    quarter = (node & 1 == 1) & city
    block = quarter & (spans["traits"] >> 8 & int(Flag.AGGREGATE) != 0)
    file = city & ~quarter
    # What stands for many of a district's buildings is as high as they are: its name goes above.
    things = np.flatnonzero(file | block)
    outer = np.where(block, node, nodes["parent"])[things]
    order = np.argsort(outer, kind="stable")
    outer, high = outer[order], every[things[order], _TOP]
    starts = np.flatnonzero(np.diff(outer, prepend=-1))
    highest = np.maximum.reduceat(high, starts) if len(starts) else high
    return np.column_stack([outer[starts], highest]), every[quarter], every[file]
