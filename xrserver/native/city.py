"""What a viewer knows of the scene beside its textures: names, floors, districts to label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xrserver import clock
from xrserver.columns import COMMIT_NODES, NODES, SPANS, STRATA, Flag
from xrserver.spaces import Vector
from xrserver.stream.messages import Columns, Scene, TableBody, TileBody

#: Districts deeper than this are not labelled.
_LABEL_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Labels:
    """The districts that stand at a rank and can be labelled, largest first; one row each.

    Attributes
    ----------
    text : list of str
    anchor : (n, 3) float64
        The district's middle, as high as the highest thing in it; metres, scene space.
    radius : (n,) float64
        Half of the district's diagonal, metres.
    """

    text: list[str]
    anchor: NDArray[np.float64]
    radius: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A tile's records, rows as it numbers them.

    Attributes
    ----------
    offsets : (n + 1,) uint32
        Where in `text` the path of each node lies.
    order, ids : (n,) int64
        Rows by node, and their nodes: ascending.
    births : int64
        Row of the node, then birth, of every span: ascending, so that one search finds many.
    starts : (n,) int64
        Where in `births` each node's begin.
    categories : frozenset of int
        Of its nodes.
    """

    spans: NDArray[np.void]
    nodes: NDArray[np.void]
    strata: NDArray[np.void]
    offsets: NDArray[np.uint32]
    text: bytes
    order: NDArray[np.int64]
    ids: NDArray[np.int64]
    births: NDArray[np.int64]
    starts: NDArray[np.int64]
    categories: frozenset[int]

    def name(self, row: int) -> str:
        """Return the last part of a node's path."""
        path = self.text[self.offsets[row]:self.offsets[row + 1]]
        return path.rsplit(b"/", 1)[-1].decode("utf-8", "replace")

    def standing(self, rank: int, first: int = 0, last: int | None = None) -> tuple[
            NDArray[np.int64], NDArray[np.bool_]]:
        """Return of nodes `first` … `last` − 1 the row of each span at a rank, and which stand then."""
        rows = np.arange(first, len(self.nodes) if last is None else last, dtype=np.int64)
        # Among its node's spans, the last born by now.
        latest = np.searchsorted(self.births, (rows << 32) + rank, side="right") - 1
        starts = self.starts[rows]
        at = self.nodes["first_span"][rows].astype(np.int64) + np.maximum(latest - starts, 0)
        return at, (latest >= starts) & (self.spans["death"][at] > rank)


class City:
    """One generation of a scene, as far as it has arrived.

    Parameters
    ----------
    scene : Scene
    table : TableBody
        Its timeline, people and landmarks.
    """

    def __init__(self, scene: Scene, table: TableBody) -> None:
        self._tiles: dict[str, Tile] = {}
        self._box = tuple(scene.root.box)
        #: Of which tiles the categories were found last.
        self._occurring: tuple[tuple[str, ...], tuple[int, ...]] = (), ()
        self.grow(scene, table)

    def grow(self, scene: Scene, table: TableBody) -> None:
        """Take a history that is as long as this, or longer: ranks mean what they did."""
        self.scene = scene
        #: Columns of `columns.COURSE`: rank, position, across.
        self.course = (table.course["rank"], table.course["position"], table.course["across"])
        self.timeline: NDArray[np.int64] = table.timeline["time"]
        self.calendar = clock.calendar(self.timeline)
        self.people = [name.decode("utf-8", "replace") for name in _strings(table.people_names)]
        self.colours: NDArray[np.uint32] = table.people["colour"]
        tags = [name.decode("utf-8", "replace") for name in _strings(table.landmark_names)]
        self.landmarks: list[tuple[int, str]] = list(zip(table.landmarks["rank"].tolist(), tags, strict=True))

    @property
    def box(self) -> tuple[float, ...]:
        """What the city fills: min x, y, z, max x, y, z in metres, scene space."""
        return self._box

    def add(self, body: TileBody) -> None:
        """Take up a tile."""
        nodes = _records(body.nodes, NODES.dtype)
        ids = nodes["node"].astype(np.int64)
        order = np.argsort(ids, kind="stable")
        spans = _records(body.spans, SPANS.dtype)
        counts = nodes["span_count"].astype(np.int64)
        births = np.repeat(np.arange(len(nodes), dtype=np.int64) << 32, counts) + spans["birth"][
            _ragged(nodes["first_span"].astype(np.int64), counts)]
        box = body.header.box  # what came later may stand beyond what there was
        self._box = (*map(min, self._box[:3], box[:3]), *map(max, self._box[3:], box[3:]))
        self._tiles[body.header.id] = Tile(
            spans, nodes, _records(body.strata, STRATA.dtype), body.names["offsets"],
            body.names["bytes"].tobytes(), order, ids[order], births, np.cumsum(counts) - counts,
            frozenset(np.unique(spans["traits"][nodes["first_span"]] >> 16).tolist()))

    def remove(self, tile: str) -> None:
        """Let go of a tile."""
        self._tiles.pop(tile, None)

    def tiles(self, drawn: tuple[str, ...]) -> list[Tile]:
        """Return tiles by their names."""
        return [self._tiles[name] for name in drawn]

    def categories(self, drawn: tuple[str, ...]) -> tuple[int, ...]:
        """Return the categories that occur among what is drawn, ascending."""
        if drawn is not self._occurring[0]:
            every = frozenset[int]().union(*(self._tiles[name].categories for name in drawn))
            self._occurring = drawn, tuple(sorted(every))
        return self._occurring[1]

    def _rows(self, node: int, drawn: tuple[str, ...]) -> Iterator[tuple[Tile, int]]:
        """Yield a node's records: one, and one more for each patch that went on with it."""
        for name in drawn:
            tile = self._tiles[name]
            low, high = np.searchsorted(tile.ids, (node, node + 1)).tolist()
            for at in range(low, high):
                yield tile, int(tile.order[at])

    def path(self, node: int, drawn: tuple[str, ...]) -> str:
        """Return a node's path for people: districts end in a slash, the root is the repository's name."""
        found = next(self._rows(node, drawn), None)
        if found is None:
            return ""
        tile, row = found
        name = tile.text[tile.offsets[row]:tile.offsets[row + 1]].decode("utf-8", "replace")
        if node & 1:
            return f"{name}/" if name else self.scene.repository
        return name

    def gathers(self, node: int, drawn: tuple[str, ...]) -> bool:
        """Say whether blocks stand for what is in a directory, all of it or some."""
        return any(int(tile.spans["traits"][tile.nodes["first_span"][row]]) >> 8 & Flag.AGGREGATE
                   for tile, row in self._rows(node, drawn))

    def stratum(self, node: int, floor: int, drawn: tuple[str, ...]) -> tuple[int, int] | None:
        """Return rank and author of a floor (from 0, oldest); None where its tile does not say."""
        for tile, row in self._rows(node, drawn):
            record = tile.nodes[row]
            at = floor - int(record["strata_before"])
            if 0 <= at < int(record["stratum_count"]):
                stratum = tile.strata[int(record["first_stratum"]) + at]
                return int(stratum["rank"]), int(stratum["author"])
        return None

    def span(self, node: int, rank: int, drawn: tuple[str, ...]) -> np.void | None:
        """Return a node's span at a rank."""
        for tile, row in self._rows(node, drawn):
            first = int(tile.nodes[row]["first_span"])
            own = tile.spans[first:first + int(tile.nodes[row]["span_count"])]
            at = int(np.searchsorted(own["birth"], rank, side="right")) - 1
            if at >= 0 and rank < int(own[at]["death"]):
                return own[at]
        return None

    def places(self, drawn: tuple[str, ...], rank: int) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
        """Return what tells the things that stand at `rank` apart, and where each stands.

        Returns
        -------
        keys : (n,) uint64
            As `keys_of`.
        places : (n, 5) float32
            The middle of its base, width and depth; metres, scene space.
        """
        keys, places = [np.empty(0, np.uint64)], [np.empty((0, 5), np.float32)]
        for tile in (self._tiles[name] for name in drawn):
            at, live = tile.standing(rank)
            own = tile.spans[at[live]]
            keys.append(_keys(tile)[live])
            places.append(np.concatenate([own["position1"], own["size1"][:, [0, 2]]], axis=1))
        known, places = np.concatenate(keys), np.concatenate(places)
        return known[known > 0], places[known > 0]

    def keys_of(self, tile: str) -> NDArray[np.uint64]:
        """Return by row of a tile what tells paths apart, whatever their numbers; 0: it is no one thing."""
        return _keys(self._tiles[tile])

    def author(self, person: int) -> str:
        """Return a person's name."""
        return self.people[person] if person < len(self.people) else "someone"

    def date(self, rank: int) -> str:
        """Return the day of a rank."""
        return datetime.fromtimestamp(int(self.timeline[rank]), UTC).strftime("%Y-%m-%d")

    def boxes(self, drawn: tuple[str, ...], rank: int) -> tuple[
            NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Return what stands at `rank`: least and greatest corners (n, 3), metres; which are districts.

        Nobody lands on a ribbon or a bead.
        """
        low, high, plates = [np.empty((0, 3))], [np.empty((0, 3))], [np.empty(0, np.bool_)]
        for tile in (self._tiles[name] for name in drawn):
            at, live = tile.standing(rank)
            live &= tile.nodes["node"] < COMMIT_NODES
            own = tile.spans[at[live]]
            place, size = own["position1"].astype(np.float64), own["size1"].astype(np.float64)
            half = 0.5 * size * (1.0, 0.0, 1.0)
            low.append(place - half)
            high.append(place + half + size * (0.0, 1.0, 0.0))
            plates.append(tile.nodes["node"][live] & 1 == 1)
        return np.concatenate(low), np.concatenate(high), np.concatenate(plates)

    def on_river(self, rank: int) -> Vector | None:
        """Return where the river's mainline is at `rank`; None where there is no river."""
        if not len(self.course[0]):
            return None
        x, y, z = self.along_river(np.array([rank]))[0].tolist()
        return x, y, z

    def along_river(self, at: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return where its mainline is at some ranks, (n, 3); there must be one."""
        ranks, position, _ = self.course
        return np.stack([np.interp(at, ranks, position[:, axis]) for axis in range(3)], axis=1)

    def labels(self, drawn: tuple[str, ...], rank: int) -> Labels:
        """Return the districts of the tiles drawn that stand at `rank` and can be labelled."""
        parts = [_tile_labels(self._tiles[name], rank) for name in drawn]
        text = [t for part in parts for t in part.text]
        anchor = np.concatenate([part.anchor for part in parts]) if parts else np.empty((0, 3))
        radius = np.concatenate([part.radius for part in parts]) if parts else np.empty(0)
        order = np.argsort(-radius, kind="stable")
        return Labels([text[i] for i in order], anchor[order], radius[order])


def _keys(tile: Tile) -> NDArray[np.uint64]:
    """Return a hash of each node's path, files' unlike districts' and blocks'; 0 for commits and ribbons.

    Of the blocks that a district has in a tile, each is told by which it is of them.
    """
    nodes = tile.nodes
    data = np.frombuffer(tile.text, np.uint8)
    starts = tile.offsets[:-1].astype(np.int64)
    lengths = np.diff(tile.offsets.astype(np.int64))
    within = np.arange(len(data)) - np.repeat(starts, lengths)
    power = np.cumprod(np.full(int(lengths.max(initial=0)) + 1, 0x9E3779B97F4A7C15, np.uint64))
    sums = np.zeros(len(data) + 1, np.uint64)
    np.cumsum((data.astype(np.uint64) + np.uint64(1)) * power[within], out=sums[1:])
    found = sums[tile.offsets[1:]] - sums[tile.offsets[:-1]]
    found = (found << np.uint64(1) | (nodes["node"] & 1).astype(np.uint64)) + np.uint64(1)
    flags = tile.spans["traits"][np.minimum(nodes["first_span"], max(len(tile.spans) - 1, 0))] >> 8
    blocks = np.flatnonzero(flags & int(Flag.AGGREGATE))
    order = blocks[np.argsort(nodes["node"][blocks], kind="stable")]
    first = np.diff(nodes["node"][order].astype(np.int64), prepend=-1) != 0
    at = np.arange(len(order))
    which = at - np.maximum.accumulate(np.where(first, at, 0)) + 1 if len(order) else at
    found[order] += which.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
    return np.where(nodes["node"] < COMMIT_NODES, found, np.uint64(0))


def _tile_labels(tile: Tile, rank: int) -> Labels:
    nodes, spans = tile.nodes, tile.spans
    count = len(nodes)
    at, live = tile.standing(rank)
    highest = np.where(live, spans["position1"][at, 1] + spans["size1"][at, 1], 0.0).astype(np.float64)
    # The highest of each node, then of everything within it: deepest districts first.
    found = np.minimum(np.searchsorted(tile.ids, nodes["parent"].astype(np.int64)), max(count - 1, 0))
    parent = tile.order[found] if count else found
    depth = nodes["depth"].astype(np.int64)
    # A district may stand as a plate and as blocks: all are as high as the highest of them.
    first = np.searchsorted(tile.ids, tile.ids[np.argsort(tile.order, kind="stable")]) if count else found
    same = tile.order[first] if count else found
    np.maximum.at(highest, same, highest)
    for level in range(int(depth.max(initial=0)), 0, -1):
        within = np.flatnonzero(depth == level)
        np.maximum.at(highest, parent[within], highest[within])
    highest = highest[same]
    wanted = np.flatnonzero(live & (nodes["node"] & 1 == 1) & (depth >= 1) & (depth <= _LABEL_DEPTH))
    own = spans[at[wanted]]
    place, size = own["position1"].astype(np.float64), own["size1"].astype(np.float64)
    anchor = np.stack([place[:, 0], highest[wanted], place[:, 2]], axis=1)
    names = [f"{tile.name(row)}/" for row in wanted.tolist()]
    return Labels(names, anchor, 0.5 * np.hypot(size[:, 0], size[:, 2]))


def _ragged(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows [start, start + count) of every pair, one after the other."""
    before = np.cumsum(counts) - counts
    return np.arange(int(counts.sum()), dtype=np.int64) + np.repeat(starts - before, counts)


def _records(columns: Columns, dtype: np.dtype[np.void]) -> NDArray[np.void]:
    records = columns["records"]
    return np.ascontiguousarray(records).view(dtype).reshape(-1)


def _strings(names: Columns) -> list[bytes]:
    data = names["bytes"].tobytes()
    return [data[low:high] for low, high in pairwise(names["offsets"].tolist())]
