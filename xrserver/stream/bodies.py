"""Tiles, tables and scenes as the scene room builds them become what travels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from xrserver.columns import COURSE
from xrserver.history.index import HistoryIndex
from xrserver.scene.build import BuiltScene
from xrserver.scene.patches import TilePatch
from xrserver.scene.table import Course, TableColumns, columns_of, legend_of
from xrserver.scene.tiles import TileColumns
from xrserver.stream import codec
from xrserver.stream.messages import Columns, Commits, Patch, Person, Pose, Scene, TableBody, TileBody


def tile_body(tile: TileColumns) -> TileBody:
    """Return a tile's columns as its body; no array is copied."""
    return TileBody(tile.header, {"records": tile.spans}, {"records": tile.nodes}, {"records": tile.strata},
                    {"offsets": tile.names_offsets, "bytes": tile.names_bytes})


def table_body(name: str, table: TableColumns) -> TableBody:
    """Return the columns of a whole scene as their body; no array is copied."""
    return TableBody(name, table.timeline, table.people, table.people_names, table.landmarks,
                     table.landmark_names, table.course)


def encode_body(scene: BuiltScene, tile: str) -> bytes:
    """Build and encode a tile of `scene`, or its table.

    Raises
    ------
    UnknownTile
        The scene has neither a tile nor a table of that id.
    """
    if tile == scene.table_id:
        return codec.encode(table_body(tile, scene.table()))
    return codec.encode(tile_body(scene.tile(tile)))


def scene_message(repository: str, scene: BuiltScene, index: HistoryIndex, rank: int | None = None,
                  fraction: float = 0.0, pose: Pose | None = None) -> Scene:
    """Return what opens `scene` at a viewer, at its head and start pose unless told otherwise."""
    start = scene.start_pose
    return Scene(
        repository=repository,
        scene=scene.definition.name,
        generation=scene.generation,
        mainline_ref=ref_name(index.mainline_ref)[:256],
        head_rank=index.head_rank,
        root=scene.root,
        table=scene.table_id,
        table_bytes=scene.table().nbytes,
        pose=pose or Pose(start.position, start.orientation, start.scale),
        rank=index.head_rank if rank is None else min(rank, index.head_rank),
        fraction=fraction,
        glow_seconds=scene.definition.glow_seconds,
        people=[Person(row.id, row.name, row.commits, row.colour) for row in scene.people],
        excluded=scene.excluded,
        whole=index.unread < 0,
    )


def commits_message(scene: BuiltScene, index: HistoryIndex, table: TableColumns, course: Course, first: int,
                    first_person: int, known: int) -> Commits:
    """Return what brings a table that ends before `first` and `first_person` up to `table`.

    Its timeline may begin later than at rank 0, not behind `first`. `course` is how that of a river goes on
    from `first`; `known` people were there when the scene was built.
    """
    names = strings(table.people_names)
    more = index.head_rank + 1 - first
    people = legend_of(table, lambda i: ref_name(names[i].decode("utf-8", "surrogateescape")), known)
    kept = names[first_person:]
    offsets = np.cumsum([0, *map(len, kept)], dtype=np.uint32)
    return Commits(
        generation=scene.generation, head_rank=index.head_rank, first=first,
        timeline={name: column[len(column) - more:] for name, column in table.timeline.items()},
        first_person=first_person,
        people={name: column[first_person:] for name, column in table.people.items()},
        people_names={"offsets": offsets, "bytes": np.frombuffer(b"".join(kept), np.uint8)},
        tags=True, landmarks=table.landmarks, landmark_names=table.landmark_names,
        legend=[Person(row.id, row.name, row.commits, row.colour) for row in people],
        course=columns_of(COURSE, *course))


def patch_message(generation: str, sequence: int, patch: TilePatch) -> Patch:
    """Return a tile's patch as it travels; no array is copied."""
    return Patch(patch.tile, generation, sequence, patch.closed, {"records": patch.spans},
                 {"records": patch.nodes}, {"records": patch.strata},
                 {"offsets": patch.name_offsets, "bytes": patch.name_bytes})


def ref_name(name: str) -> str:
    """Return a ref's name as text for people: bytes that are no UTF-8 are replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def strings(names: Columns) -> list[bytes]:
    """Return the byte strings that columns of the set ``names`` hold."""
    offsets: Sequence[int] = names["offsets"].tolist()
    data = names["bytes"].tobytes()
    return [data[low:high] for low, high in pairwise(offsets)]
