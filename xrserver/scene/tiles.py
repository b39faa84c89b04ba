"""Tiles: the pieces of four-dimensional space that a scene is cut into."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END, Flag, Kind, Range, Rank, TileId
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


def split(spans: NDArray[Any], limit: int) -> list[tuple[int, int]]:
    """Cut all ranks into windows [lo, hi) of at most `limit` spans each, what they carry included.

    A window is wide enough to be worth it: where so much stands at once that half of `limit` would
    be carried, the limit is twice what stands. One rank is never cut.
    """
    births, deaths = np.sort(spans["birth"]), np.sort(spans["death"])
    gone = np.searchsorted(deaths, births, side="right")
    standing = int((np.searchsorted(births, births, side="right") - gone).max(initial=0))
    limit = max(limit, 2 * standing)
    windows: list[tuple[int, int]] = []
    lo = 0
    while True:
        reach = limit + int(np.searchsorted(deaths, lo))
        hi = RANK_END if reach >= len(births) else max(int(births[reach]), lo + 1)
        windows.append((lo, hi))
        if hi == RANK_END:
            return windows
        lo = hi


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of exact columns a window takes.

    Attributes
    ----------
    spans : (n_spans,) int64
        Rows of spans, ascending.
    nodes, first, strata : (n_nodes,) int64
        Rows of nodes, where the spans of each begin in `spans`, and how many strata it keeps.
    name_bytes : int
    """

    spans: NDArray[np.int64]
    nodes: NDArray[np.int64]
    first: NDArray[np.int64]
    strata: NDArray[np.int64]
    name_bytes: int

    @property
    def nbytes(self) -> int:
        """Bytes of the columns that `window` makes of it."""
        return (80 * len(self.spans) + 32 * len(self.nodes) + 8 * int(self.strata.sum())
                + 4 * (len(self.nodes) + 1) + self.name_bytes)


def select(columns: SceneColumns, lo: int, hi: int) -> Selection:
    """Return which rows the window [lo, hi) takes; nodes keep the strata that stand within it."""
    rows = in_window(columns.spans, lo, hi)
    owner = np.searchsorted(columns.nodes["first_span"], rows, side="right") - 1
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    kept = owner[first]
    strata = np.zeros(len(first), np.int64)
    if len(first):
        standing = np.maximum.reduceat(columns.spans["value1"][rows], first).astype(np.int64)
        strata = np.minimum(standing, columns.nodes["stratum_count"][kept].astype(np.int64))
    names = columns.name_offsets[kept + 1].astype(np.int64) - columns.name_offsets[kept]
    return Selection(rows, kept, first, strata, int(names.sum()))


def window(columns: SceneColumns, lo: int, hi: int) -> SceneColumns:
    """Return the part of exact columns that the window [lo, hi) draws.

    Deaths are clipped to `hi` (what is cut there no longer LEAVES), births never; what stood
    before `lo` is CARRIED.
    """
    chosen = select(columns, lo, hi)
    spans, nodes = columns.spans[chosen.spans], columns.nodes[chosen.nodes]
    spans["traits"][spans["birth"] < lo] |= np.uint32(int(Flag.CARRIED) << 8)
    if hi != RANK_END:
        cut = spans["death"] > hi
        spans["traits"][cut] &= np.uint32(~(int(Flag.LEAVES) << 8) & 0xFFFF_FFFF)
        spans["death"][cut] = hi

    strata = columns.strata[ragged(nodes["first_stratum"], chosen.strata)]
    nodes["stratum_count"], nodes["first_stratum"] = chosen.strata, np.cumsum(chosen.strata) - chosen.strata
    nodes["first_span"], nodes["span_count"] = chosen.first, np.diff(chosen.first, append=len(spans))

    starts = columns.name_offsets[chosen.nodes].astype(np.int64)
    lengths = columns.name_offsets[chosen.nodes + 1].astype(np.int64) - starts
    offsets = np.zeros(len(nodes) + 1, np.uint32)
    offsets[1:] = np.cumsum(lengths)
    return SceneColumns(spans, nodes, strata, offsets, columns.name_bytes[ragged(starts, lengths)])


def bounds(spans: NDArray[Any]) -> list[float]:
    """Return the box that holds all spans at any time: min x, y, z, max x, y, z; zeros when empty."""
    if not len(spans):
        return [0.0] * 6
    low, high = span_boxes(spans)
    return [float(x) for x in (*low.min(axis=0), *high.max(axis=0))]


def span_boxes(spans: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the smallest and the largest corner of a box around each span: (n, 3) float32, metres."""
    middle, half = spans["position1"], np.float32(0.5) * spans["size1"]
    low: NDArray[np.float32] = middle - half * np.array([1, 0, 1], np.float32)
    high: NDArray[np.float32] = middle + half * np.array([1, 2, 1], np.float32)
    ribbon = np.flatnonzero((spans["traits"] & 0xFF) == int(Kind.RIBBON))
    if len(ribbon):
        own = spans[ribbon]
        # A cubic curve lies within its four control points.
        points = np.stack([own["position1"], own["position1"] + own["size1"] / 3.0,
                           own["position0"] - own["size0"] / 3.0, own["position0"]])
        wide = 0.5 * np.maximum(own["value1"], own["value0"])[:, None]
        low[ribbon], high[ribbon] = points.min(axis=0) - wide, points.max(axis=0) + wide
    return low, high
