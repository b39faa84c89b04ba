"""The scene of a repository, built: headers at once, tiles when asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from xrserver.columns import COMMIT_NODES, RIBBON_NODES
from xrserver.errors import UnknownPath, UnknownTile
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.layout.city import CityLayout
from xrserver.layout.river import RiverLayout
from xrserver.scene.compose import compose
from xrserver.scene.definition import SceneDefinition
from xrserver.scene.hierarchy import Hierarchy, Part
from xrserver.scene.marks import Marks
from xrserver.scene.spans import SceneColumns, names_of
from xrserver.scene.table import LegendRow, TableColumns, build_table, legend
from xrserver.scene.tiles import TileColumns, TileHeader, tile_id

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
    city : CityLayout or None
        Where every path is placed; None where the scene has no city.
    river : RiverLayout or None
        Where every commit is placed; None where the scene has no river.
    table_id : str
        What the table of the scene is asked for by; as `tile_id`.
    people : list of LegendRow
        The most active.
    excluded : int
        Files of the newest moment that stand as blocks only.
    """

    definition: SceneDefinition
    generation: str
    root: TileHeader
    columns: SceneColumns
    city: CityLayout | None
    river: RiverLayout | None
    table_id: str
    people: list[LegendRow]
    start_pose: StartPose
    _index: HistoryIndex
    _table: TableColumns
    _hierarchy: Hierarchy
    _parts: dict[str, Part]
    _nodes_by_path: dict[bytes, list[int]] = field(default_factory=dict)
    excluded: int = 0

    def header(self, tile: str) -> TileHeader:
        """Return the header of a tile, with those of its children.

        Raises
        ------
        UnknownTile
            This scene has no such tile.
        """
        part = self._part(tile)
        header = self._hierarchy.header(part)
        for child, named in zip(self._hierarchy.children(part), header.children, strict=True):
            self._parts.setdefault(named.id, child)
        return header

    def knows(self, tile: str) -> bool:
        """Return whether the root, or a header that was asked for, names this tile."""
        return tile in self._parts

    def tile(self, tile: str) -> TileColumns:
        """Build a tile and return it; any thread may.

        Raises
        ------
        UnknownTile
            This scene has no such tile.
        """
        columns = self._hierarchy.tile(self._part(tile))
        return TileColumns(self.header(tile), columns.spans, columns.nodes, columns.strata,
                           columns.name_offsets, columns.name_bytes)

    def _part(self, tile: str) -> Part:
        if tile not in self._parts:
            raise UnknownTile(f"The scene {self.definition.name!r} has no tile {tile!r}: ask for those that "
                              "its root and their headers name.")
        return self._parts[tile]

    def table(self) -> TableColumns:
        """Return the columns that belong to the whole scene."""
        return self._table

    def node_path(self, node: int) -> bytes:
        """Return the path of a node, in git's bytes (empty: the root district); a commit's object id in hex.

        Raises
        ------
        UnknownPath
            There is no such node.
        """
        rank = self.commit_of(node)
        if rank >= 0:
            return self._index.oids[rank].tobytes().hex().encode()
        if not 0 <= node >> 1 < len(self._index.paths.parent):
            raise UnknownPath(f"There is no node {node} in this scene.")
        return names_of(self._index.paths, np.array([node >> 1]))[1].tobytes()

    def commit_of(self, node: int) -> int:
        """Return the rank of the commit that a node is, or leads to; -1 for everything else."""
        if self.river is None or node < COMMIT_NODES:
            return -1
        if node < RIBBON_NODES:
            rank = (node - COMMIT_NODES) >> 1
            return rank if rank < len(self.river.lane) else -1
        piece = (node - RIBBON_NODES) >> 1
        if piece >= len(self.river.edge):
            return -1
        return int(np.searchsorted(self._index.parent_offsets, self.river.edge[piece], side="right")) - 1

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
                generation: str, marks: Marks | None = None) -> BuiltScene:
    """Build the scene that `definition` describes over a history.

    Parameters
    ----------
    generation : str
        Names this order of ranks; part of every tile's id.
    marks : Marks, optional
        What is greyed or left out.

    Notes
    -----
    Everything is computed but the tiles' own columns, which `BuiltScene.tile` cuts out when asked.
    """
    made = compose(index, versions, definition, marks)
    table = build_table(index, definition.palette, made.river)
    plate = made.city.plate if made.city is not None else 0.0
    hierarchy = Hierarchy(generation, definition, made.columns, made.walk, plate)
    whole = hierarchy.root()
    root = hierarchy.header(whole)
    parts = {root.id: whole} | {named.id: part for part, named in zip(
        hierarchy.children(whole), root.children, strict=True)}
    table_id = tile_id(generation, definition.name, 0, "table", whole.lo, whole.hi)
    return BuiltScene(
        definition, generation, root, made.columns, made.city, made.river, table_id, legend(table, index),
        start_pose(definition, root.box), index, table, hierarchy, parts,
        excluded=0 if marks is None else marks.left_out(versions))


def start_pose(definition: SceneDefinition, box: list[float]) -> StartPose:
    """Return where a scene that fills `box` stands in the viewer's world at first."""
    start = definition.start
    extent = max(box[3] - box[0], box[5] - box[2], 1.0)
    scale = _SCALES[start.scale] / extent if start.scale in _SCALES else 1.0
    half = 0.5 * math.radians(start.turn)
    return StartPose(list(start.centre), [0.0, math.sin(half), 0.0, math.cos(half)], scale)

