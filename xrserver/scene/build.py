"""The scene of a repository, built: headers at once, tiles when asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from xrserver.columns import COMMIT_NODES, RANK_END, RIBBON_NODES
from xrserver.errors import UnknownPath, UnknownTile
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.layout.city import CityLayout
from xrserver.layout.river import RiverLayout
from xrserver.scene.coarse import build_coarse
from xrserver.scene.compose import compose
from xrserver.scene.definition import SceneDefinition
from xrserver.scene.marks import Marks
from xrserver.scene.spans import SceneColumns, names_of
from xrserver.scene.table import LegendRow, TableColumns, build_table, legend
from xrserver.scene.tiles import Selection, TileColumns, TileHeader, bounds, select, split, tile_id, window

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
    coarse : SceneColumns or None
        What the root shows when the exact columns are too much for one tile.
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
    coarse: SceneColumns | None
    city: CityLayout | None
    river: RiverLayout | None
    table_id: str
    people: list[LegendRow]
    start_pose: StartPose
    _index: HistoryIndex
    _table: TableColumns
    _headers: dict[str, TileHeader]
    _nodes_by_path: dict[bytes, list[int]] = field(default_factory=dict)
    excluded: int = 0

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
        if header is self.root:
            columns = self.coarse or self.columns
        else:
            columns = window(self.columns, header.lo, header.hi)
        return TileColumns(header, columns.spans, columns.nodes, columns.strata, columns.name_offsets,
                           columns.name_bytes)

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
    columns, layout = made.columns, made.city
    table = build_table(index, definition.palette, made.river)
    box = bounds(columns.spans)

    def name(level: int, lo: int, hi: int, cell: str = "city") -> str:
        return tile_id(generation, definition.name, level, cell, lo, hi)

    def header(level: int, lo: int, hi: int, error: float, held: SceneColumns | Selection,
               children: list[TileHeader]) -> TileHeader:
        strata = int(held.strata.sum()) if isinstance(held, Selection) else len(held.strata)
        return TileHeader(name(level, lo, hi), level, box, lo, hi, error, len(held.nodes), len(held.spans),
                          strata, held.nbytes, children)

    coarse = None
    # What a river has lives for ever: windows of ranks would make it no smaller.
    if len(columns.spans) <= definition.tiling.window_spans or layout is None or made.river is not None:
        root = header(0, 0, RANK_END, 0.0, columns, [])
    else:
        blocks = build_coarse(columns, index.paths, layout, definition)
        coarse = blocks.columns
        box = bounds(np.concatenate([columns.spans, coarse.spans]))
        leaves = [header(1, lo, hi, 0.0, select(columns, lo, hi), [])
                  for lo, hi in split(columns.spans, definition.tiling.window_spans)]
        root = header(0, 0, RANK_END, blocks.error, coarse, leaves)
    return BuiltScene(
        definition, generation, root, columns, coarse, layout, made.river, name(0, 0, RANK_END, "table"),
        legend(table, index), start_pose(definition, box), index, table,
        {tile.id: tile for tile in (root, *root.children)},
        excluded=0 if marks is None else marks.left_out(versions))


def start_pose(definition: SceneDefinition, box: list[float]) -> StartPose:
    """Return where a scene that fills `box` stands in the viewer's world at first."""
    start = definition.start
    extent = max(box[3] - box[0], box[5] - box[2], 1.0)
    scale = _SCALES[start.scale] / extent if start.scale in _SCALES else 1.0
    half = 0.5 * math.radians(start.turn)
    return StartPose(list(start.centre), [0.0, math.sin(half), 0.0, math.cos(half)], scale)

