"""What a viewer knows of the scene beside its textures: names, floors, districts to label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xrserver import clock
from xrserver.columns import COMMIT_NODES, Flag
from xrserver.native.tile import Tile
from xrserver.spaces import Vector
from xrserver.stream.messages import Columns, Scene, TableBody

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

    def add(self, name: str, tile: Tile) -> None:
        """Take up a tile, or how it stands now."""
        before = self._tiles.get(name)
        self._tiles[name] = tile
        box = tile.body.header.box  # what came later may stand beyond what there was
        self._box = (*map(min, self._box[:3], box[:3]), *map(max, self._box[3:], box[3:]))
        if before is None or before.categories != tile.categories:
            self._occurring = (), ()

    def remove(self, tile: str) -> None:
        """Let go of a tile."""
        self._tiles.pop(tile, None)

    def tile(self, name: str) -> Tile | None:
        """Return a tile by its name; None where it is not here."""
        return self._tiles.get(name)

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
            As `Tile.keys`.
        places : (n, 5) float32
            The middle of its base, width and depth; metres, scene space.
        """
        keys, places = [np.empty(0, np.uint64)], [np.empty((0, 5), np.float32)]
        for tile in (self._tiles[name] for name in drawn):
            at, live = tile.standing(rank)
            own = tile.spans[at[live]]
            keys.append(tile.keys()[live])
            places.append(np.concatenate([own["position1"], own["size1"][:, [0, 2]]], axis=1))
        known, places = np.concatenate(keys), np.concatenate(places)
        return known[known > 0], places[known > 0]

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


def _strings(names: Columns) -> list[bytes]:
    data = names["bytes"].tobytes()
    return [data[low:high] for low, high in pairwise(names["offsets"].tolist())]
