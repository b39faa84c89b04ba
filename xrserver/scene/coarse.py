"""The coarse picture of a whole history: districts as blocks, a version only where one is due.

Down to an aggregate depth D, a district that holds files itself gets one block on its yard for
them; a district at depth D is one block with everything in it. So each file is inside exactly one
block: that of the nearest district around it that has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import NODES, RANK_END, SPANS, STRATA, Flag, Kind
from xrserver.history.index import PathTree
from xrserver.layout.city import CityLayout
from xrserver.scene.definition import SceneDefinition
from xrserver.scene.spans import SceneColumns, names_of

#: The deepest aggregate depth tried, and the share of the tile's spans that plates and blocks may
#: take before any has a second version.
_DEEPEST = 8
_FIRST_SHARE = 0.125


@dataclass(frozen=True, slots=True)
class CoarseColumns:
    """A tile's columns over all ranks, and the error that bounds them in metres."""

    columns: SceneColumns
    error: float
    depth: int


def build_coarse(columns: SceneColumns, paths: PathTree, layout: CityLayout,
                 definition: SceneDefinition) -> CoarseColumns:
    """Return the coarse columns of exact ones, within `definition.tiling.coarse_spans` spans.

    The deepest aggregate depth that fits is taken, then the finest steps of height that do. Only a
    history whose plates alone are more than that gets more spans.
    """
    from xrserver.kernels.blocks import blocks

    limit = definition.tiling.coarse_spans
    is_district = (columns.nodes["node"] & 1) == 1
    deep = columns.nodes["depth"][is_district]
    fitting = [d for d in range(_DEEPEST + 1) if 2 * np.count_nonzero(deep <= d) <= _FIRST_SHARE * limit]
    for level in range(fitting[-1] if fitting else 0, -1, -1):
        groups = _Groups.at(level, columns, paths, layout)
        plates = _plate_rows(columns, level)
        for tolerance in [*2.0 ** np.arange(-2, 8), np.inf]:
            room = limit - len(plates) if level or np.isfinite(tolerance) else RANK_END
            count, of, birth, death, top, error = blocks(
                groups.of_event, groups.rank, groups.sign, groups.height, groups.volume, groups.area,
                definition.building.lowest, float(tolerance), max(room, 0))
            if count >= 0:
                spans = groups.spans(of, birth, death, top)
                return CoarseColumns(_joined(columns, paths, layout, plates, spans), float(error), level)
    raise AssertionError("the last attempt has no limit")


@dataclass(frozen=True, slots=True)
class _Groups:
    """The blocks-to-be, and the buildings in them as events sorted by (group, rank)."""

    path: NDArray[np.int64]
    rectangle: NDArray[np.float64]
    base: NDArray[np.float64]
    foot: NDArray[np.float64]
    author: NDArray[np.int64]
    category: NDArray[np.int64]
    area: NDArray[np.float64]
    of_event: NDArray[np.int64]
    rank: NDArray[np.int64]
    sign: NDArray[np.int64]
    height: NDArray[np.float64]
    volume: NDArray[np.float64]

    @staticmethod
    def at(level: int, columns: SceneColumns, paths: PathTree, layout: CityLayout) -> _Groups:
        """Group all buildings at an aggregate depth."""
        spans = columns.spans[(columns.spans["node"] & 1) == 0]
        around = paths.parent[spans["node"] >> 1]
        while (too_deep := layout.depth[around] > level).any():
            around = np.where(too_deep, paths.parent[around], around)
        path, of = np.unique(around.astype(np.int64), return_inverse=True)
        row = np.searchsorted(layout.district_path, path)
        whole = layout.depth[path] == level
        rectangle = np.where(whole[:, None], layout.district[row], layout.yard[row])
        # A whole district's block has the plate as its foot; a yard's stands on the plate.
        ground = layout.plate * (layout.depth[path].astype(np.float64) + 1.0)
        foot = np.where(whole, layout.plate, 0.0)
        size = spans["size1"].astype(np.float64)
        height = spans["position1"][:, 1].astype(np.float64) + size[:, 1] - ground[of]
        volume = size[:, 0] * size[:, 2] * height

        ends = spans["death"] != RANK_END
        of_event = np.concatenate([of, of[ends]])
        rank = np.concatenate([spans["birth"], spans["death"][ends]]).astype(np.int64)
        order = np.lexsort((rank, of_event))
        sign = np.concatenate([np.ones(len(of), np.int64), np.full(np.count_nonzero(ends), -1, np.int64)])
        return _Groups(
            path, rectangle, ground - foot, foot, _most(of, spans["author"]),
            _most(of, spans["traits"] >> 16), np.maximum(rectangle[:, 2] * rectangle[:, 3], 1e-9),
            of_event[order], rank[order], sign[order], np.concatenate([height, height[ends]])[order],
            np.concatenate([volume, volume[ends]])[order])

    def spans(self, of: NDArray[np.int64], birth: NDArray[np.int64], death: NDArray[np.int64],
              top: NDArray[np.float64]) -> NDArray[Any]:
        """Return the spans of blocks, sorted by (node, birth)."""
        spans = SPANS.empty(len(of))
        spans["birth"], spans["death"], spans["node"] = birth, death, 2 * self.path[of] + 1
        spans["author"] = self.author[of]
        rectangle = self.rectangle[of]
        spans["position1"] = np.column_stack([rectangle[:, 0], self.base[of], rectangle[:, 1]])
        spans["size1"] = np.column_stack([rectangle[:, 2], self.foot[of] + top, rectangle[:, 3]])
        eased = np.zeros(len(of), np.bool_)
        eased[1:] = (of[1:] == of[:-1]) & (birth[1:] == death[:-1])
        followed = np.append(eased[1:], False)
        spans["position0"][eased] = spans["position1"][eased]
        spans["size0"][eased] = spans["size1"][np.flatnonzero(eased) - 1]
        flags = (int(Flag.AGGREGATE) | np.where(eased, int(Flag.EASED), int(Flag.ENTERS))
                 | np.where((death != RANK_END) & ~followed, int(Flag.LEAVES), 0))
        spans["traits"] = int(Kind.BOX) | (flags << 8) | (self.category[of] << 16)
        return spans


def _most(group: NDArray[np.int64], value: NDArray[Any]) -> NDArray[np.int64]:
    """Return the most frequent of each group's values (all below 2¹⁶), the smaller of equals."""
    pairs, counts = np.unique((group << 16) | value.astype(np.int64), return_counts=True)
    order = np.lexsort((pairs & 0xFFFF, -counts, pairs >> 16))
    first = np.flatnonzero(np.diff(pairs[order] >> 16, prepend=-1))
    return pairs[order][first] & 0xFFFF


def _plate_rows(columns: SceneColumns, level: int) -> NDArray[np.int64]:
    """Return the rows of the spans that are plates of districts above the aggregate depth."""
    nodes = columns.nodes
    kept = ((nodes["node"] & 1) == 1) & (nodes["depth"] < level)
    return np.flatnonzero(np.repeat(kept, nodes["span_count"]))


def _joined(columns: SceneColumns, paths: PathTree, layout: CityLayout, plates: NDArray[np.int64],
            blocks: NDArray[Any]) -> SceneColumns:
    """Return the columns of plates and blocks; a district with both has two nodes of one id."""
    spans = np.concatenate([columns.spans[plates], blocks])
    is_block = np.arange(len(spans)) >= len(plates)
    order = np.lexsort((is_block, spans["node"]))
    spans, is_block = spans[order], is_block[order]
    key = (spans["node"].astype(np.int64) << 1) | is_block
    first = np.flatnonzero(np.diff(key, prepend=-1))
    nodes = NODES.empty(len(first))
    path = (spans["node"][first] >> 1).astype(np.int64)
    nodes["node"], nodes["first_span"] = spans["node"][first], first
    nodes["span_count"] = np.diff(first, append=len(spans))
    nodes["parent"] = paths.parent[path].astype(np.uint32) * 2 + 1
    nodes["depth"] = layout.depth[path]
    return SceneColumns(spans, nodes, STRATA.empty(0), *names_of(paths, path))
