"""The columns of a coarse tile: nodes with fewer versions, and blocks that stand for many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END, SPANS, STRATA, Flag, Kind
from xrserver.scene.definition import Building
from xrserver.scene.spans import SceneColumns
from xrserver.scene.tiles import carry_and_clip, names_at
from xrserver.scene.walk import Walk

_EASED, _ENTERS, _LEAVES = (int(flag) << 8 for flag in (Flag.EASED, Flag.ENTERS, Flag.LEAVES))
_ALL = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Blocks:
    """What stands for many files: whole districts, yards, and files in a row.

    Attributes
    ----------
    row : (n,) int64
        Row of the walk of the district it belongs to.
    first, last : (n,) int64
        The rows [first, last) it stands for.
    rectangle : (n, 4) float64, metres
    ground : (n,) float64, metres
        What its buildings stand on.
    foot : (n,) float64, metres
        How much lower it begins: a whole district's block has the plate as its foot.
    """

    row: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    rectangle: NDArray[np.float64]
    ground: NDArray[np.float64]
    foot: NDArray[np.float64]

    @staticmethod
    def of(walk: Walk, kind: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64],
           plate: float) -> Blocks:
        """Return the blocks that `kernels.tiles.classify` found."""
        whole = kind == 0
        row = np.where(whole, first, walk.parent[first])
        rectangle = np.where((kind == 1)[:, None], walk.yard[row], walk.outline[first])
        ground: NDArray[np.float64] = plate * (walk.depth[row].astype(np.float64) + 1.0)
        return Blocks(row, first, last, rectangle, ground, np.where(whole, plate, 0.0))


@dataclass(frozen=True, slots=True)
class CoarseColumns:
    """What a coarse tile draws, before it is written out.

    Attributes
    ----------
    a : int
        The tile's first row of the walk.
    begin, end : (n_rows,) int64
        The spans of its rows within its window.
    itself : (n,) int64
        Rows of the walk that are drawn themselves.
    kept, last, before : (n_kept,) int64
        As `kernels.tiles.thin` has them.
    blocks : Blocks
    of, born, gone, height : (n_versions,) arrays
        As `kernels.tiles.sweep` has them.
    """

    a: int
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    itself: NDArray[np.int64]
    kept: NDArray[np.int64]
    last: NDArray[np.int64]
    before: NDArray[np.int64]
    blocks: Blocks
    of: NDArray[np.int64]
    born: NDArray[np.int64]
    gone: NDArray[np.int64]
    height: NDArray[np.float64]

    @property
    def nodes(self) -> int:
        """How many nodes it has."""
        return len(self.itself) + len(self.blocks.row)

    @property
    def spans(self) -> int:
        """How many spans it has."""
        return len(self.kept) + len(self.of)

    def rows(self, walk: Walk) -> NDArray[np.int64]:
        """Return the row of the walk that names each node, in the order in which the tile has them."""
        at = np.concatenate([self.itself, self.blocks.first])
        return np.concatenate([self.itself, self.blocks.row])[np.argsort(at, kind="stable")]


def coarse_columns(columns: SceneColumns, walk: Walk, drawn: CoarseColumns, building: Building, lo: int,
                   hi: int) -> SceneColumns:
    """Return the columns of a coarse tile of the window [lo, hi); it has no strata; blocks have floors."""
    blocks = drawn.blocks
    spans = np.concatenate([_thinned(columns, drawn), _versions(columns, walk, drawn, building, hi)])
    carry_and_clip(spans, lo, hi)
    starts = np.concatenate(([0], np.cumsum(columns.nodes["span_count"].astype(np.int64))))
    itself = np.searchsorted(starts, drawn.kept, side="right") - 1
    place = np.concatenate([itself, blocks.first[np.sort(drawn.of)]])
    order = np.argsort(place, kind="stable")
    spans, place = spans[order], place[order]
    first = np.flatnonzero(np.diff(place, prepend=-1))

    rows = drawn.rows(walk)
    nodes = columns.nodes[rows]
    nodes["first_span"], nodes["span_count"] = first, np.diff(first, append=len(spans))
    nodes["first_stratum"] = nodes["stratum_count"] = nodes["strata_before"] = 0
    return SceneColumns(spans, nodes, STRATA.empty(0), *names_at(columns, rows))


def _thinned(columns: SceneColumns, drawn: CoarseColumns) -> NDArray[Any]:
    """Return the spans of what is drawn itself, each standing for those up to its last."""
    spans, exact = columns.spans[drawn.kept], columns.spans
    spans["death"] = exact["death"][drawn.last]
    leaves = exact["traits"][drawn.last] & np.uint32(_LEAVES)
    spans["traits"] = (spans["traits"] & np.uint32(_ALL ^ _LEAVES)) | leaves
    late = drawn.before >= 0
    before = drawn.before[late]
    spans["traits"][late] = (spans["traits"][late] & np.uint32(_ALL ^ _ENTERS)) | np.uint32(_EASED)
    for then, now in (("position0", "position1"), ("size0", "size1"), ("value0", "value1")):
        spans[then][late] = exact[now][before]
    return spans


def _versions(columns: SceneColumns, walk: Walk, drawn: CoarseColumns, building: Building,
              hi: int) -> NDArray[Any]:
    """Return the spans of the blocks, sorted by (block, birth)."""
    from xrserver.kernels.tiles import commonest

    order = np.argsort(drawn.of, kind="stable")
    of, height = drawn.of[order], drawn.height[order]
    birth, gone = drawn.born[order], drawn.gone[order]
    death = np.where(gone < 0, hi, gone)
    blocks, begin, end = drawn.blocks, drawn.begin, drawn.end
    who = (blocks.first, blocks.last, drawn.a, begin, end, walk.node)
    author = commonest(*who, np.ascontiguousarray(columns.spans["author"]))
    category = commonest(*who, columns.spans["traits"] >> 16)

    spans = SPANS.empty(len(of))
    spans["birth"], spans["death"], spans["node"] = birth, death, walk.node[blocks.row[of]]
    spans["author"] = author[of]
    rectangle = blocks.rectangle[of]
    base = (blocks.ground - blocks.foot)[of]
    spans["position1"] = np.column_stack([rectangle[:, 0], base, rectangle[:, 1]])
    spans["size1"] = np.column_stack([rectangle[:, 2], blocks.foot[of] + height, rectangle[:, 3]])
    # As many floors as a building of that height has: they give it a scale.
    spans["value1"] = np.exp2(
        (np.maximum(height - building.lowest, 0.0) / building.storey) ** (1.0 / building.growth)) - 1.0
    eased = np.zeros(len(of), np.bool_)
    eased[1:] = (of[1:] == of[:-1]) & (birth[1:] == death[:-1])
    followed = np.append(eased[1:], False)[:len(of)]
    spans["position0"][eased] = spans["position1"][eased]
    before = np.flatnonzero(eased) - 1
    spans["size0"][eased], spans["value0"][eased] = spans["size1"][before], spans["value1"][before]
    leaves = (gone >= 0) & (death != RANK_END) & ~followed
    flags = np.where(eased, _EASED, _ENTERS) | np.where(leaves, _LEAVES, 0) | (int(Flag.AGGREGATE) << 8)
    spans["traits"] = int(Kind.BOX) | flags | (category[of] << 16)
    return spans
