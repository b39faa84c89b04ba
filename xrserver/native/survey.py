"""Looks over everything that stands for what deserves a name, in a thread beside the frame loop.

That is: how tall each district has become, and which buildings are near. The page does the same
(`webxr_client/src/scene/survey.ts`), a slice a frame.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import COMMIT_NODES, Flag
from xrserver.native.city import City
from xrserver.native.milestones import KEYS, NONE, Milestones, milestones
from xrserver.native.tile import Tile
from xrserver.spaces import Vector

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
    """

    def __init__(self) -> None:
        self.candidates = _NOTHING
        self.passes = 0
        self._beside = ThreadPoolExecutor(1, "survey")
        self._pass: Future[Candidates] | None = None
        #: Belongs to the pass that is under way.
        self._known: dict[Tile, _Found] = {}
        self._along, self._along_of = NONE, (None, 0)
        #: For what the pass is, or the last was.
        self._key: tuple[object, ...] = ()
        self._eye: Vector | None = None
        self._since = 0.0

    def clear(self) -> None:
        """Another generation: its nodes are others."""
        self.candidates, self._pass, self._known = _NOTHING, None, {}
        self._key, self._eye, self._since = (), None, 0.0

    def step(self, city: City, drawn: tuple[str, ...], rank: int, eye: Vector, least: float, moved: float,
             seconds: float, playing: bool) -> bool:
        """Let a frame of so many seconds pass; return whether a pass has finished.

        Parameters
        ----------
        eye : Vector
            Metres, scene space.
        least : float
            Radians that a building must be wide.
        moved : float
            Metres by which the eye must have moved for another pass.
        """
        if self._pass is not None:
            if not self._pass.done():
                return False
            self.candidates, self._pass = self._pass.result(), None
            self.passes += 1
            self._since = 0.0
            return True
        self._since += seconds
        if self._since < (_PAUSE_PLAYING if playing else _PAUSE) or not drawn:
            return False
        tiles = city.tiles(drawn)
        key = (city, city.scene, rank, *tiles)
        if key == self._key and self._eye is not None and sum(
                (a - b) ** 2 for a, b in zip(eye, self._eye, strict=True)) < moved * moved:
            self._since = 0.0
            return False
        self._key, self._eye = key, eye
        of = city, city.scene.head_rank
        if of != self._along_of:
            self._along, self._along_of = milestones(city), of
        self._pass = self._beside.submit(_look_over, tiles, self._known, self._along, rank, eye, least)
        return False


def _look_over(tiles: list[Tile], known: dict[Tile, _Found], along: Milestones, rank: int, eye: Vector,
               least: float) -> Candidates:
    """Return what deserves a name; what is `known` of tiles is brought up to date."""
    for gone in known.keys() - set(tiles):
        del known[gone]
    near: list[Floats] = []
    for at, tile in enumerate(tiles):
        found = known.get(tile)
        if found is None or not found.since <= rank < found.until:
            found = known[tile] = _Found(*_unchanged(tile, rank), *_look(tile, rank))
        size = _sizes(found.files, eye)
        large = np.flatnonzero(size > least * least)
        if len(large) > _MOST_FILES:
            large = large[np.argpartition(-size[large], _MOST_FILES)[:_MOST_FILES]]
        near.append(np.column_stack([found.files[large], size[large], np.full(len(large), float(at))]))
    own, where = _districts([known[tile] for tile in tiles])
    size = _sizes(own, eye)
    seen = (own[:, _DEPTH] > 0) & (size >= (_LEAST_DISTRICT * least) ** 2)
    files = np.concatenate([np.empty((0, 10)), *near])
    files = files[np.argsort(-files[:, 8], kind="stable")[:_MOST_FILES]]
    passed = int(np.searchsorted(along.ranks, rank, side="right"))
    things = np.concatenate([own[seen], files[:, :8]])
    districts = np.ones(len(things) + passed, np.bool_)
    districts[int(seen.sum()):len(things)] = False
    nowhere = np.zeros(passed, np.int64)
    return Candidates(
        np.concatenate([things[:, _NODE].astype(np.int64), KEYS + np.arange(passed)]), districts,
        np.concatenate([things[:, _DEPTH].astype(np.int64), along.depths[:passed]]),
        np.concatenate([things[:, _X:_EXTENT], along.places[:passed]]),
        np.concatenate([things[:, _EXTENT], along.extents[:passed]]), tiles,
        np.concatenate([where[seen], files[:, 9].astype(np.int64), nowhere]),
        np.concatenate([things[:, _ROW].astype(np.int64), nowhere]), along)


def _districts(found: list[_Found]) -> tuple[Floats, Integers]:
    """Return every district once, as high as what stands in it, and in which of the tiles it is."""
    where = np.repeat(np.arange(len(found)), [len(each.districts) for each in found])
    every = np.concatenate([_EMPTY, *(each.districts for each in found)])
    tops = np.concatenate([np.empty((0, 2)), *(each.tops for each in found)])
    # A district may stand as a plate and as blocks: its name is tied to the largest.
    order = np.lexsort((-every[:, _EXTENT], every[:, _NODE]))
    first = order[np.diff(every[order, _NODE], prepend=-1.0) != 0.0]
    own = every[first]
    ids = own[:, _NODE]
    if len(ids):
        highest = own[:, _TOP].copy()
        at = np.minimum(np.searchsorted(ids, tops[:, 0]), len(ids) - 1)
        there = ids[at] == tops[:, 0]
        np.maximum.at(highest, at[there], tops[there, 1])
        # The deepest first: how tall each is depends on those in it.
        parents = np.minimum(np.searchsorted(ids, own[:, _PARENT]), len(ids) - 1)
        for depth in range(int(own[:, _DEPTH].max()), 0, -1):
            within = np.flatnonzero((own[:, _DEPTH] == depth) & (ids[parents] == own[:, _PARENT]))
            np.maximum.at(highest, parents[within], highest[within])
        own[:, _TOP] = highest
    return own, where[first]


def _sizes(things: Floats, eye: Vector) -> Floats:
    """Return how wide each looks from `eye`: the square of a tangent."""
    away = things[:, _X:_EXTENT] - eye
    return things[:, _EXTENT] ** 2 / np.maximum((away * away).sum(axis=1), 1e-9)


def _unchanged(tile: Tile, rank: int) -> tuple[int, int]:
    """Return from which rank and up to which nothing in a tile changes."""
    events = np.concatenate([tile.spans["birth"], tile.spans["death"]]).astype(np.int64)
    before = events <= rank
    return int(events[before].max(initial=0)), int(events[~before].min(initial=1 << 40))


def _look(tile: Tile, rank: int) -> tuple[Floats, Floats, Floats]:
    """Return what stands in a tile.

    Returns
    -------
    tops : (n, 2) float64
        Districts, and how high what stands in each reaches.
    districts, files : (n, 8) float64
        Row, node, parent, depth; the middle of what stands, as high as its top, and the larger side of its
        footprint; metres, scene space.
    """
    at, live = tile.standing(rank)
    rows = np.flatnonzero(live)
    nodes, spans = tile.nodes[rows], tile.spans[at[rows]]
    node = nodes["node"].astype(np.int64)
    place, size = spans["position1"].astype(np.float64), spans["size1"].astype(np.float64)
    every: Floats = np.column_stack([
        rows, node, nodes["parent"], nodes["depth"], place[:, 0], place[:, 1] + size[:, 1],
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
