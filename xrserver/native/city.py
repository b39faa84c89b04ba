"""What a viewer knows of the scene beside its textures: names, floors, districts to label."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xrserver import clock
from xrserver.columns import NODES, SPANS, STRATA
from xrserver.stream.messages import Columns, Scene, TableBody, TileBody

#: Districts deeper than this are not labelled.
_LABEL_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Labels:
    """The districts that can be labelled, largest first; columns of one row each.

    Attributes
    ----------
    text : list of str
    node : (n,) int64
    anchor : (n, 3) float64
        Above the middle of the district's highest thing; metres, scene space.
    radius : (n,) float64
        Half of the district's diagonal, metres.
    birth, death : (n,) int64
        Ranks between which the district stands.
    """

    text: list[str]
    node: NDArray[np.int64]
    anchor: NDArray[np.float64]
    radius: NDArray[np.float64]
    birth: NDArray[np.int64]
    death: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Tile:
    spans: NDArray[np.void]
    nodes: NDArray[np.void]
    strata: NDArray[np.void]
    offsets: NDArray[np.uint32]
    text: bytes
    order: NDArray[np.int64]
    ids: NDArray[np.int64]


class City:
    """One generation of a scene, as far as it has arrived.

    Parameters
    ----------
    scene : Scene
    table : TableBody
        Its timeline, people and landmarks.
    """

    def __init__(self, scene: Scene, table: TableBody) -> None:
        self.scene = scene
        self.timeline: NDArray[np.int64] = table.timeline["time"]
        self.calendar = clock.calendar(self.timeline)
        self.people = [name.decode("utf-8", "replace") for name in _strings(table.people_names)]
        self.colours: NDArray[np.uint32] = table.people["colour"]
        self.landmarks = list(zip(table.landmarks["rank"].tolist(),
                                  (name.decode("utf-8", "replace") for name in _strings(table.landmark_names)),
                                  strict=True))
        self._tiles: dict[str, _Tile] = {}

    @property
    def box(self) -> tuple[float, ...]:
        """What the city fills: min x, y, z, max x, y, z in metres, scene space."""
        return tuple(self.scene.root.box)

    def add(self, body: TileBody) -> None:
        """Take up a tile."""
        nodes = _records(body.nodes, NODES.dtype)
        ids = nodes["node"].astype(np.int64)
        order = np.argsort(ids, kind="stable")
        self._tiles[body.header.id] = _Tile(
            _records(body.spans, SPANS.dtype), nodes, _records(body.strata, STRATA.dtype),
            body.names["offsets"], body.names["bytes"].tobytes(), order, ids[order])

    def remove(self, tile: str) -> None:
        """Let go of a tile."""
        self._tiles.pop(tile, None)

    def _row(self, node: int, drawn: tuple[str, ...]) -> tuple[_Tile, int] | None:
        for name in drawn:
            tile = self._tiles[name]
            at = int(np.searchsorted(tile.ids, node))
            if at < len(tile.ids) and tile.ids[at] == node:
                return tile, int(tile.order[at])
        return None

    def path(self, node: int, drawn: tuple[str, ...]) -> str:
        """Return a node's path for people: districts end in a slash, the root is the repository's name."""
        found = self._row(node, drawn)
        if found is None:
            return ""
        tile, row = found
        name = tile.text[tile.offsets[row]:tile.offsets[row + 1]].decode("utf-8", "replace")
        if node & 1:
            return f"{name}/" if name else self.scene.repository
        return name

    def stratum(self, node: int, floor: int, drawn: tuple[str, ...]) -> tuple[int, int] | None:
        """Return rank and author of a floor (from 0, oldest); None where its tile does not say."""
        found = self._row(node, drawn)
        if found is None:
            return None
        tile, row = found
        record = tile.nodes[row]
        at = floor - int(record["strata_before"])
        if not 0 <= at < int(record["stratum_count"]):
            return None
        stratum = tile.strata[int(record["first_stratum"]) + at]
        return int(stratum["rank"]), int(stratum["author"])

    def span(self, node: int, rank: int, drawn: tuple[str, ...]) -> np.void | None:
        """Return a node's span at a rank."""
        found = self._row(node, drawn)
        if found is None:
            return None
        tile, row = found
        first = int(tile.nodes[row]["first_span"])
        own = tile.spans[first:first + int(tile.nodes[row]["span_count"])]
        at = int(np.searchsorted(own["birth"], rank, side="right")) - 1
        return own[at] if at >= 0 and rank < int(own[at]["death"]) else None

    def author(self, person: int) -> str:
        """Return a person's name."""
        return self.people[person] if person < len(self.people) else "someone"

    def date(self, rank: int) -> str:
        """Return the day of a rank."""
        return datetime.fromtimestamp(int(self.timeline[rank]), UTC).strftime("%Y-%m-%d")

    def labels(self, drawn: tuple[str, ...]) -> Labels:
        """Return the districts of the tiles drawn that can be labelled."""
        parts = [_tile_labels(self._tiles[name]) for name in drawn]
        text = [t for part in parts for t in part.text]
        joined = [np.concatenate([getattr(part, name) for part in parts]) if parts else np.empty(0)
                  for name in ("node", "anchor", "radius", "birth", "death")]
        order = np.argsort(-joined[2], kind="stable")
        return Labels([text[i] for i in order], *(column[order] for column in joined))


def _tile_labels(tile: _Tile) -> Labels:
    nodes, spans = tile.nodes, tile.spans
    count = len(nodes)
    first = nodes["first_span"].astype(np.int64)
    last = first + nodes["span_count"].astype(np.int64) - 1
    # The highest that each node ever is, and then everything within it.
    top = (spans["position1"][:, 1] + spans["size1"][:, 1]).astype(np.float64)
    highest = np.array([top[a:b + 1].max() for a, b in zip(first, last, strict=True)]) if count else np.empty(0)
    at = np.minimum(np.searchsorted(tile.ids, nodes["parent"].astype(np.int64)), max(count - 1, 0))
    parent = tile.order[at] if count else at
    depth = nodes["depth"].astype(np.int64)
    for level in range(int(depth.max(initial=0)), 0, -1):
        rows = np.flatnonzero(depth == level)
        np.maximum.at(highest, parent[rows], highest[rows])
    wanted = np.flatnonzero((nodes["node"] & 1 == 1) & (depth >= 1) & (depth <= _LABEL_DEPTH))
    own = spans[last[wanted]]
    place, size = own["position1"].astype(np.float64), own["size1"].astype(np.float64)
    anchor = np.stack([place[:, 0], highest[wanted], place[:, 2]], axis=1)
    names = [tile.text[tile.offsets[row]:tile.offsets[row + 1]].rsplit(b"/", 1)[-1].decode("utf-8", "replace")
             for row in wanted]
    return Labels([f"{name}/" for name in names], nodes["node"][wanted].astype(np.int64), anchor,
                  0.5 * np.hypot(size[:, 0], size[:, 2]), spans["birth"][first[wanted]].astype(np.int64),
                  own["death"].astype(np.int64))


def _records(columns: Columns, dtype: np.dtype[np.void]) -> NDArray[np.void]:
    records = columns["records"]
    return np.ascontiguousarray(records).view(dtype).reshape(-1)


def _strings(names: Columns) -> list[bytes]:
    data = names["bytes"].tobytes()
    return [data[low:high] for low, high in pairwise(names["offsets"].tolist())]
