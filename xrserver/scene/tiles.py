"""Tiles: the pieces of four-dimensional space that a scene is cut into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from xrserver.columns import Range, Rank, TileId


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
