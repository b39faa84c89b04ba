"""The scene of a repository, built: headers at once, tiles when asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xrserver.columns import COMMIT_NODES, RANK_END, RIBBON_NODES
from xrserver.errors import UnknownPath, UnknownTile
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.layout.city import CityLayout
from xrserver.layout.river import RiverLayout
from xrserver.scene.compose import Composed, Member, compose
from xrserver.scene.definition import SceneDefinition
from xrserver.scene.joint import JointTree
from xrserver.scene.marks import Marks
from xrserver.scene.spans import SceneColumns, names_of
from xrserver.scene.table import Course, LegendRow, TableColumns, build_table, legend
from xrserver.scene.tiles import TileColumns, TileHeader, tile_id
from xrserver.scene.tree import Part, Tree

#: Metres that the longer side of the scene takes in the viewer's world, by `start.scale`.
_SCALES = {"tabletop": 1.0, "room": 4.0}


@dataclass(frozen=True, slots=True)
class StartPose:
    """``world_from_scene`` to start with: translation in metres, quaternion xyzw, scale."""

    position: list[float]
    orientation: list[float]
    scale: float


@dataclass(slots=True)
class Later:
    """What a river has grown by since it was built.

    Attributes
    ----------
    commits : int
        So many more.
    pieces : list of int
        Which commit each piece leads to that came later; -1: one of the bed.
    """

    commits: int = 0
    pieces: list[int] = field(default_factory=list[int])


@dataclass(frozen=True, slots=True)
class BuiltScene:
    """A generation of a scene.

    Attributes
    ----------
    root : TileHeader
        Names its children; nobody holds a list of all tiles.
    table_id : str
        What the table of the scene is asked for by; as `tile_id`.
    people : list of LegendRow
        The most active.
    excluded : int
        Files of the newest moment that stand as blocks only.
    marks : Marks or None
        What is greyed or left out.
    later : Later
        What its river has grown by.
    """

    definition: SceneDefinition
    generation: str
    root: TileHeader
    table_id: str
    people: list[LegendRow]
    start_pose: StartPose
    _index: HistoryIndex
    _table: TableColumns
    _made: Composed
    _tree: Tree
    _parts: dict[str, Part]
    _course: Course
    _nodes_by_path: dict[bytes, list[int]] = field(default_factory=dict)
    excluded: int = 0
    marks: Marks | None = None
    later: Later = field(default_factory=Later)

    @property
    def columns(self) -> SceneColumns:
        """The whole history, exact; tiles are parts of it."""
        return self._tree.columns

    @property
    def city(self) -> CityLayout | None:
        """Where every path is placed; None where the scene has no city."""
        return self._made.city

    @property
    def river(self) -> RiverLayout | None:
        """Where every commit is placed; None where the scene has no river."""
        return self._made.river

    @property
    def has_river(self) -> bool:
        """Commits are seen in it."""
        return self._made.has_river

    def prepare(self) -> None:
        """Compute what tiles that are not remembered are made of, so that the first of them need not wait."""
        self._tree.prepare()

    def recipe(self, tile: str) -> list[Any]:
        """Return what `remember` takes, for another time: how the tile and what refines it are drawn.

        Raises
        ------
        UnknownTile
            This scene has no such tile.
        """
        said = self._tree.recipe(self._part(tile))
        if tile == self.root.id:
            said.append([column.tolist() for column in self._course])
        return said

    def remember(self, tile: str, recipe: list[Any]) -> None:
        """Take up what `recipe` said of a tile of this generation before.

        Raises
        ------
        UnknownTile
            This scene has no such tile.
        """
        self._tree.remember(self._part(tile), recipe)
        self.header(tile)

    def header(self, tile: str) -> TileHeader:
        """Return the header of a tile, with those of its children.

        Raises
        ------
        UnknownTile
            This scene has no such tile.
        """
        part = self._part(tile)
        header = self._tree.header(part)
        for child, named in zip(self._tree.children(part), header.children, strict=True):
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
        columns = self._tree.tile(self._part(tile))
        return TileColumns(self.header(tile), columns.spans, columns.nodes, columns.strata,
                           columns.name_offsets, columns.name_bytes)

    def _part(self, tile: str) -> Part:
        if tile not in self._parts:
            raise UnknownTile(f"The scene {self.definition.name!r} has no tile {tile!r}: ask for those that "
                              "its root and their headers name.")
        return self._parts[tile]

    @property
    def open_tiles(self) -> list[str]:
        """The tiles that are known whose windows are open: what new commits change."""
        return [tile for tile, part in list(self._parts.items()) if part.hi == RANK_END]

    @property
    def members(self) -> list[Member]:
        """What stands together in it."""
        return self._made.members

    def part_of(self, tile: str, member: int) -> Part | None:
        """Return what a tile has of one of the `members`; None where it is of others.

        Raises
        ------
        UnknownTile
            This scene has no such tile.
        """
        part = self._part(tile)
        if not isinstance(self._tree, JointTree) or part.of == member:
            return part
        return self._tree.tops(part)[member] if part.of < 0 else None

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
        if not self.has_river or node < COMMIT_NODES:
            return -1
        if node < RIBBON_NODES:
            rank = (node - COMMIT_NODES) >> 1
            return rank if rank < len(self._index.oids) + self.later.commits else -1
        river, piece = self.river, (node - RIBBON_NODES) >> 1
        if river is None:
            return -1
        if piece >= river.first_piece[-1]:
            later = piece - int(river.first_piece[-1]) - (len(river.course_rank) - 1)
            return self.later.pieces[later] if 0 <= later < len(self.later.pieces) else -1
        edge = np.searchsorted(river.first_piece, piece, side="right") - 1
        return int(river.child(np.array([edge]))[0])

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
            for columns in self._made.paths:
                offsets, text = columns.name_offsets, columns.name_bytes.tobytes()
                for row, node in enumerate(columns.nodes["node"].tolist()):
                    self._nodes_by_path.setdefault(text[offsets[row]:offsets[row + 1]], []).append(node)
        nodes = self._nodes_by_path.get(path.rstrip(b"/"))
        if nodes is None:
            raise UnknownPath(f"Nothing ever stood at {path.decode('utf-8', 'replace')!r} on the mainline.")
        if rank is not None and len(nodes) > 1:
            for columns in self._made.paths:
                spans = columns.spans
                stands = spans["node"][(spans["birth"] <= rank) & (rank < spans["death"])]
                for node in nodes:
                    if (stands == node).any():
                        return node
        return nodes[0]


def build_scene(index: HistoryIndex, versions: FileVersions, definition: SceneDefinition,
                generation: str, marks: Marks | None = None,
                remembered: Callable[[str], list[Any] | None] = lambda tile: None,
                lock: AbstractContextManager[object] | None = None) -> BuiltScene:
    """Build the scene that `definition` describes over a history.

    Parameters
    ----------
    generation : str
        Names this order of ranks; part of every tile's id.
    marks : Marks, optional
        What is greyed or left out.
    remembered : callable, optional
        Returns what `BuiltScene.recipe` said of a tile another time, None where nobody knows.
    lock : context manager, optional
        Held while the history is laid out, where several threads may need that first; one that who
        holds it may take again.

    Notes
    -----
    Where the root is remembered nothing is laid out before a tile is asked for that is not. Else
    everything is computed but the tiles' own columns, which `BuiltScene.tile` cuts out when asked.
    """
    made = compose(index, versions, definition, generation, marks, lock)
    tree = made.tree
    whole = tree.root()
    recipe = remembered(tree.id(whole))
    if recipe is not None:
        tree.remember(whole, recipe)
    course = made.course if recipe is None else Course.of(recipe[2])
    table = build_table(index, definition.palette, course)
    root = tree.header(whole)
    parts = {root.id: whole} | {named.id: part for part, named in zip(
        tree.children(whole), root.children, strict=True)}
    table_id = tile_id(generation, definition.name, 0, "table", whole.lo, whole.hi)
    return BuiltScene(
        definition, generation, root, table_id, legend(table, index), start_pose(definition, root.box),
        index, table, made, tree, parts, course,
        excluded=0 if marks is None else marks.left_out(versions), marks=marks)


def start_pose(definition: SceneDefinition, box: list[float]) -> StartPose:
    """Return where a scene that fills `box` stands in the viewer's world at first."""
    start = definition.start
    extent = max(box[3] - box[0], box[5] - box[2], 1.0)
    scale = _SCALES[start.scale] / extent if start.scale in _SCALES else 1.0
    half = 0.5 * math.radians(start.turn)
    return StartPose(list(start.centre), [0.0, math.sin(half), 0.0, math.cos(half)], scale)

