"""The scene of a repository, built: headers at once, tiles when asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from xrserver.columns import RANK_END
from xrserver.errors import UnknownPath, UnknownTile
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.layout.city import CityLayout
from xrserver.scene.definition import SceneDefinition
from xrserver.scene.spans import SceneColumns, build_columns, names_of
from xrserver.scene.table import LegendRow, TableColumns, build_table, legend
from xrserver.scene.tiles import TileColumns, TileHeader, bounds, tile_id, window

#: Metres that the longer side of the scene takes in the viewer's world, by `start.scale`.
_SCALES = {"tabletop": 1.0, "room": 4.0}


@dataclass(frozen=True, slots=True)
class StartPose:
    """``world_from_scene`` to start with: translation in metres, quaternion xyzw, scale."""

    position: list[float]
    orientation: list[float]
    scale: float


@dataclass(frozen=True, slots=True)
class BuiltScene:
    """A generation of a scene.

    Attributes
    ----------
    root : TileHeader
        Names its children; nobody holds a list of all tiles.
    columns : SceneColumns
        The whole history, exact; tiles are parts of it.
    layout : CityLayout
        Where every path is placed.
    table_id : str
        What the table of the scene is asked for by; as `tile_id`.
    people : list of LegendRow
        The most active.
    """

    definition: SceneDefinition
    generation: str
    root: TileHeader
    columns: SceneColumns
    layout: CityLayout
    table_id: str
    people: list[LegendRow]
    start_pose: StartPose
    _index: HistoryIndex
    _table: TableColumns
    _headers: dict[str, TileHeader]
    _nodes_by_path: dict[bytes, list[int]] = field(default_factory=dict)

    def header(self, tile: str) -> TileHeader:
        """Return the header of a tile, with those of its children.

        Raises
        ------
        UnknownTile
            This scene has no such tile.
        """
        if tile not in self._headers:
            raise UnknownTile(f"The scene {self.definition.name!r} has no tile {tile!r}: ask for those that "
                              "its root and their headers name.")
        return self._headers[tile]

    def tile(self, tile: str) -> TileColumns:
        """Build a tile and return it.

        Raises
        ------
        UnknownTile
            This scene has no such tile.
        """
        header = self.header(tile)
        columns = self.columns if header.lo == 0 and header.hi == RANK_END else \
            window(self.columns, header.lo, header.hi)
        return _tile(header, columns)

    def table(self) -> TableColumns:
        """Return the columns that belong to the whole scene."""
        return self._table

    def node_path(self, node: int) -> bytes:
        """Return the path of a node, in git's bytes; the root district's is empty.

        Raises
        ------
        UnknownPath
            There is no such node.
        """
        if not 0 <= node >> 1 < len(self._index.paths.parent):
            raise UnknownPath(f"There is no node {node} in this scene.")
        return names_of(self._index.paths, np.array([node >> 1]))[1].tobytes()

    def find(self, path: bytes, rank: int | None = None) -> int:
        """Return the node at a path; a file before a district, where both ever stood.

        Parameters
        ----------
        path : bytes
            As git has it; empty for the root district.
        rank : int, optional
            Prefer what stands at this rank.

        Raises
        ------
        UnknownPath
            Nothing ever stood there on the mainline.
        """
        if not self._nodes_by_path:
            offsets, text = self.columns.name_offsets, self.columns.name_bytes.tobytes()
            for row, node in enumerate(self.columns.nodes["node"].tolist()):
                self._nodes_by_path.setdefault(text[offsets[row]:offsets[row + 1]], []).append(node)
        nodes = self._nodes_by_path.get(path.rstrip(b"/"))
        if nodes is None:
            raise UnknownPath(f"Nothing ever stood at {path.decode('utf-8', 'replace')!r} on the mainline.")
        if rank is not None and len(nodes) > 1:
            spans = self.columns.spans
            for node in nodes:
                own = spans[spans["node"] == node]
                if ((own["birth"] <= rank) & (rank < own["death"])).any():
                    return node
        return nodes[0]


def build_scene(index: HistoryIndex, versions: FileVersions, definition: SceneDefinition,
                generation: str) -> BuiltScene:
    """Build the scene that `definition` describes over a history.

    Parameters
    ----------
    generation : str
        Names this order of ranks; part of every tile's id.

    Notes
    -----
    Everything is computed but the tiles' own columns, which `BuiltScene.tile` cuts out when asked.
    """
    columns, layout = build_columns(index, versions, definition)
    name = tile_id(generation, definition.name, 0, "city", 0, RANK_END)
    root = _header(name, 0, 0, RANK_END, 0.0, bounds(columns.spans), columns, [])
    table = build_table(index, definition.palette)
    return BuiltScene(
        definition, generation, root, columns, layout,
        tile_id(generation, definition.name, 0, "table", 0, RANK_END), legend(table, index),
        start_pose(definition, root.box), index, table, {name: root})


def start_pose(definition: SceneDefinition, box: list[float]) -> StartPose:
    """Return where a scene that fills `box` stands in the viewer's world at first."""
    start = definition.start
    extent = max(box[3] - box[0], box[5] - box[2], 1.0)
    scale = _SCALES[start.scale] / extent if start.scale in _SCALES else 1.0
    half = 0.5 * math.radians(start.turn)
    return StartPose(list(start.centre), [0.0, math.sin(half), 0.0, math.cos(half)], scale)


def _header(name: str, level: int, lo: int, hi: int, error: float, box: list[float], columns: SceneColumns,
            children: list[TileHeader]) -> TileHeader:
    """Return the header of a tile with these columns."""
    return TileHeader(name, level, box, lo, hi, error, len(columns.nodes), len(columns.spans),
                      len(columns.strata), columns.nbytes, children)


def _tile(header: TileHeader, columns: SceneColumns) -> TileColumns:
    """Join a header and its columns."""
    return TileColumns(header, columns.spans, columns.nodes, columns.strata, columns.name_offsets,
                       columns.name_bytes)
