"""Tiles: the pieces of four-dimensional space that a scene is cut into."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END, Flag, Range, Rank, TileId
from xrserver.scene.spans import SceneColumns, ragged


@dataclass(frozen=True, slots=True)
class TileHeader:
    """What a tile covers and costs, and the tiles that refine it.

    `box` is (min x, min y, min z, max x, max y, max z) in metres, scene space; `lo`, `hi` the
    window of ranks; `error` the largest distance in metres between a drawn and a true surface.
    The tile draws the real playheads t in (lo - 1, hi - 1], for which ceil(t) lies in [lo, hi):
    the change at `lo` eases in before it.
    """

    id: TileId
    level: Annotated[int, Range(0, 64)]
    box: Annotated[list[float], Range(6, 6)]
    lo: Rank
    hi: Rank
    error: Annotated[float, Range(0, 1e7)]
    nodes: Annotated[int, Range(0, 2**31)]
    spans: Annotated[int, Range(0, 2**31)]
    strata: Annotated[int, Range(0, 2**31)]
    bytes: Annotated[int, Range(0, 2**40)]
    children: list[TileHeader]
    """Those of a child are empty until the child itself is fetched."""


@dataclass(frozen=True, slots=True)
class TileColumns:
    """A tile: its header, and records of `columns.SPANS`, NODES, STRATA and NAMES."""

    header: TileHeader
    spans: NDArray[Any]
    nodes: NDArray[Any]
    strata: NDArray[Any]
    names_offsets: NDArray[np.uint32]
    names_bytes: NDArray[np.uint8]


def tile_id(generation: str, scene: str, level: int, cell: str, lo: int, hi: int) -> str:
    """Return the name of a tile: the hash of its recipe, 32 hex digits."""
    recipe = "\0".join((generation, scene, str(level), cell, str(lo), str(hi)))
    return blake2b(recipe.encode(), digest_size=16).hexdigest()


def in_window(spans: NDArray[Any], lo: int, hi: int) -> NDArray[np.int64]:
    """Return the rows a tile with the window [lo, hi) holds.

    Those are the spans born before `hi` that were not gone before `lo`: the playheads in
    (lo - 1, lo) still see what dies at `lo`.
    """
    return np.flatnonzero((spans["birth"] < hi) & (spans["death"] >= lo))


def window(columns: SceneColumns, lo: int, hi: int) -> SceneColumns:
    """Return the part of exact columns that the window [lo, hi) draws.

    Deaths are clipped to `hi` (what is cut there no longer LEAVES), births never; what stood
    before `lo` is CARRIED. Nodes keep their strata up to the most that stand within the window.
    """
    rows = in_window(columns.spans, lo, hi)
    spans = columns.spans[rows]
    carried = spans["birth"] < lo
    spans["traits"][carried] |= np.uint32(int(Flag.CARRIED) << 8)
    if hi != RANK_END:
        cut = spans["death"] > hi
        spans["traits"][cut] &= np.uint32(~(int(Flag.LEAVES) << 8) & 0xFFFF_FFFF)
        spans["death"][cut] = hi

    owner = np.searchsorted(columns.nodes["first_span"], rows, side="right") - 1
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    kept = owner[first]
    nodes = columns.nodes[kept]
    strata_rows = nodes["first_stratum"]
    listed = np.zeros(len(first), np.int64)
    if len(first):
        standing = np.maximum.reduceat(spans["value1"], first).astype(np.int64)
        listed = np.minimum(standing, nodes["stratum_count"].astype(np.int64))
    strata = columns.strata[ragged(strata_rows, listed)]
    nodes["stratum_count"], nodes["first_stratum"] = listed, np.cumsum(listed) - listed
    nodes["first_span"], nodes["span_count"] = first, np.diff(first, append=len(spans))

    starts = columns.name_offsets[kept].astype(np.int64)
    lengths = columns.name_offsets[kept + 1].astype(np.int64) - starts
    offsets = np.zeros(len(kept) + 1, np.uint32)
    offsets[1:] = np.cumsum(lengths)
    return SceneColumns(spans, nodes, strata, offsets, columns.name_bytes[ragged(starts, lengths)])


def bounds(spans: NDArray[Any]) -> list[float]:
    """Return the box that holds all spans at any time: min x, y, z, max x, y, z; zeros when empty."""
    if not len(spans):
        return [0.0] * 6
    middle, half = spans["position1"], 0.5 * spans["size1"]
    low = (middle - half * np.array([1, 0, 1], np.float32)).min(axis=0)
    high = (middle + half * np.array([1, 2, 1], np.float32)).max(axis=0)
    return [float(x) for x in (*low, *high)]
