"""Tiles: the pieces of four-dimensional space that a scene is cut into."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END, Category, Flag, Kind, Range, Rank, TileId
from xrserver.ragged import ragged
from xrserver.scene.spans import SceneColumns


@dataclass(frozen=True, slots=True)
class TileHeader:
    """What a tile covers and costs, and the tiles that refine it.

    `box` is (min x, min y, min z, max x, max y, max z) in metres, scene space, of all but the plates
    that go on in other tiles; `lo`, `hi` the window of ranks; `error` the largest distance in metres
    between a drawn and a true surface.
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


def windows(births: NDArray[Any], deaths: NDArray[Any], lo: int, hi: int,
            limit: int) -> list[tuple[int, int]]:
    """Cut the ranks [lo, hi) into windows of at most `limit` spans each, what they carry included.

    Parameters
    ----------
    births, deaths : (n,) integers, sorted
        Of the spans that [lo, hi) holds.
    limit : int
        At least twice what stands at once, or a window carries more than it adds. One rank is never
        cut.
    """
    found: list[tuple[int, int]] = []
    while lo < hi:
        reach = limit + int(np.searchsorted(deaths, lo))
        to = hi if reach >= len(births) else min(max(int(births[reach]), lo + 1), hi)
        found.append((lo, to))
        lo = to
    return found


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of exact columns a tile takes.

    Attributes
    ----------
    nodes : (n_nodes,) int64
        Rows of nodes, ascending.
    first, count : (n_nodes,) int64
        Where the spans of each begin among all, and how many it takes.
    strata : (n_nodes,) int64
        How many strata it keeps: those that stand within the window.
    name_bytes : int
    """

    nodes: NDArray[np.int64]
    first: NDArray[np.int64]
    count: NDArray[np.int64]
    strata: NDArray[np.int64]
    name_bytes: int

    @property
    def spans(self) -> int:
        """How many spans it takes."""
        return int(self.count.sum())

    @property
    def nbytes(self) -> int:
        """Bytes of the columns that `exact` makes of it."""
        return column_bytes(len(self.nodes), self.spans, int(self.strata.sum()), self.name_bytes)


def column_bytes(nodes: int, spans: int, strata: int, name_bytes: int) -> int:
    """Return how many bytes the columns of a tile take."""
    return 80 * spans + 32 * nodes + 8 * strata + 4 * (nodes + 1) + name_bytes


def select(columns: SceneColumns, a: int, begin: NDArray[np.int64], end: NDArray[np.int64]) -> Selection:
    """Return the selection of the rows of nodes from `a` on whose spans are [begin, end)."""
    there = np.flatnonzero(end > begin)
    rows, first, count = there + a, begin[there], (end - begin)[there]
    # What stands only grows along a node, but for those that moved away and came back with less.
    standing = np.zeros(len(rows), np.int64)
    if len(rows):
        values = columns.spans["value1"][first[0]:int(end[there[-1]])]
        # Between two nodes lie spans of the first that are not in the window: they are left out.
        edges = np.column_stack([first, first + count]).reshape(-1) - first[0]
        padded = np.append(values, np.float32(0))
        standing = np.maximum.reduceat(padded, edges)[::2].astype(np.int64)
    strata = np.minimum(standing, columns.nodes["stratum_count"][rows].astype(np.int64))
    names = columns.name_offsets[rows + 1].astype(np.int64) - columns.name_offsets[rows]
    return Selection(rows, first, count, strata, int(names.sum()))


def exact(columns: SceneColumns, chosen: Selection, lo: int, hi: int) -> SceneColumns:
    """Return the part of exact columns that a tile of the window [lo, hi) draws.

    Deaths are clipped to `hi` (what is cut there no longer LEAVES), births never; what stood
    before `lo` is CARRIED.
    """
    spans, nodes = columns.spans[ragged(chosen.first, chosen.count)], columns.nodes[chosen.nodes]
    carry_and_clip(spans, lo, hi)
    strata = columns.strata[ragged(nodes["first_stratum"], chosen.strata)]
    nodes["stratum_count"], nodes["first_stratum"] = chosen.strata, np.cumsum(chosen.strata) - chosen.strata
    nodes["first_span"], nodes["span_count"] = np.cumsum(chosen.count) - chosen.count, chosen.count
    return SceneColumns(spans, nodes, strata, *names_at(columns, chosen.nodes))


def carry_and_clip(spans: NDArray[Any], lo: int, hi: int) -> None:
    """Make spans those of a window: mark what came before it, and cut off what goes on behind it."""
    spans["traits"][spans["birth"] < lo] |= np.uint32(int(Flag.CARRIED) << 8)
    if hi != RANK_END:
        cut = spans["death"] > hi
        spans["traits"][cut] &= np.uint32(~(int(Flag.LEAVES) << 8) & 0xFFFF_FFFF)
        spans["death"][cut] = hi


def names_at(columns: SceneColumns, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Return the names of some nodes as `columns.NAMES` has them: offsets, bytes."""
    starts = columns.name_offsets[rows].astype(np.int64)
    lengths = columns.name_offsets[rows + 1].astype(np.int64) - starts
    offsets = np.zeros(len(rows) + 1, np.uint32)
    offsets[1:] = np.cumsum(lengths)
    return offsets, columns.name_bytes[ragged(starts, lengths)]


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
        # The bed is flat, and tilted by its slope.
        bed = (own["traits"] >> 16) == int(Category.DISTRICT)
        wide = np.repeat(wide, 3, axis=1)
        wide[bed, 1] *= own["spare"][bed]
        low[ribbon], high[ribbon] = points.min(axis=0) - wide, points.max(axis=0) + wide
    return low, high
