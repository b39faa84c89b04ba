"""From versions and placements to spans, nodes, strata and names: the whole history, exact.

What `tiles` hands out are parts of the columns made here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import NODES, RANK_END, SPANS, STRATA, Category, Flag, Kind
from xrserver.history.index import MODE_SUBMODULE, MODE_SYMLINK, FileVersions, HistoryIndex, PathTree
from xrserver.layout.city import CityLayout, lay_out_city
from xrserver.layout.placement import Placement
from xrserver.ragged import ragged
from xrserver.scene.category import categories
from xrserver.scene.definition import SceneDefinition
from xrserver.scene.walk import Walk, walk

#: The author of what nobody in particular made, and of everybody beyond this many.
NOBODY = 65535

Records = NDArray[Any]


@dataclass(frozen=True, slots=True)
class SceneColumns:
    """Records of `columns.SPANS`, NODES, STRATA and NAMES that belong together.

    Nodes lie in the order of the scene's walk (`scene.walk`), the spans of each together and sorted by
    birth, strata and names by node.
    """

    spans: Records
    nodes: Records
    strata: Records
    name_offsets: NDArray[np.uint32]
    name_bytes: NDArray[np.uint8]

    @property
    def nbytes(self) -> int:
        """Bytes of all columns."""
        return (self.spans.nbytes + self.nodes.nbytes + self.strata.nbytes
                + self.name_offsets.nbytes + self.name_bytes.nbytes)


def build_columns(index: HistoryIndex, versions: FileVersions, definition: SceneDefinition,
                  vendored: NDArray[np.int8] | None = None) -> tuple[SceneColumns, CityLayout, Walk]:
    """Lay the city out and return the exact columns of its whole history, and the order they lie in.

    Parameters
    ----------
    vendored : (n_paths,) int8, optional
        As `category.categories` takes it.

    Notes
    -----
    O(v log v) in versions, nearly all of it in NumPy; 80 bytes a version.
    """
    ever = largest_ever(index, versions, definition)
    layout = lay_out_city(index.paths, ever, definition.layout)
    order = walk(index.paths, layout, np.flatnonzero(ever >= 0))
    columns = columns_of(index, versions, definition, Placement.of(layout, ever), order.node, vendored)
    return columns, layout, order


def columns_of(index: HistoryIndex, versions: FileVersions, definition: SceneDefinition,
               placement: Placement, order: NDArray[Any], vendored: NDArray[np.int8] | None = None,
               ) -> SceneColumns:
    """Return the exact columns of a whole history whose paths stand where `placement` says.

    `order` is that of the nodes, all of them.
    """
    kind = categories(index.paths, placement.ever >= 0, vendored)
    parts = (_file_spans(index, versions, definition, placement, kind),
             _district_spans(index.paths, versions, placement))
    of = [np.searchsorted(part["node"], order) for part in parts]
    count = [np.searchsorted(part["node"], order, side="right") - first
             for part, first in zip(parts, of, strict=True)]
    starts = np.cumsum(count[0] + count[1]) - (count[0] + count[1])
    spans = SPANS.empty(sum(map(len, parts)))
    for part, first, number in zip(parts, of, count, strict=True):
        there = np.flatnonzero(number)
        spans[ragged(starts[there], number[there])] = part[ragged(first[there], number[there])]
    nodes, strata = _nodes_and_strata(index, versions, placement.depth, spans)
    offsets, text = names_of(index.paths, nodes["node"] >> 1)
    return SceneColumns(spans, nodes, strata, offsets, text)


def largest_ever(index: HistoryIndex, versions: FileVersions,
                 definition: SceneDefinition) -> NDArray[np.int64]:
    """Return what each path weighs in the layout: the largest size in bytes it ever had; -1: no file was."""
    ever = np.full(len(index.paths.parent), -1, np.int64)
    np.maximum.at(ever, versions.path, largest_by_then(index, versions, continued(versions), definition))
    return ever if definition.metrics.footprint == "size" else np.where(ever >= 0, 1, -1)


def live_at(spans: Records, nodes: Records, rank: int) -> NDArray[np.int64]:
    """Return the row in `spans` of each node's state at `rank`; -1 where it does not stand.

    Parameters
    ----------
    spans, nodes : records of `columns.SPANS` and `columns.NODES`
        Of one tile.
    rank : int
        A whole rank: the picture is git's own there.

    Returns
    -------
    (n_nodes,) int64
    """
    live = np.flatnonzero((spans["birth"] <= rank) & (rank < spans["death"]))
    rows = np.full(len(nodes), -1, np.int64)
    rows[np.searchsorted(nodes["first_span"], live, side="right") - 1] = live
    return rows


def names_of(paths: PathTree, wanted: NDArray[Any]) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Return the raw bytes of whole paths as `columns.NAMES` has them: offsets, bytes."""
    from xrserver.kernels.spans import full_paths

    starts, text = full_paths(paths.parent, paths.offsets, paths.bytes, wanted.astype(np.int64))
    return starts.astype(np.uint32), text


def continued(versions: FileVersions) -> NDArray[np.int64]:
    """Return the row that each version continues, at its own path or the one it moved from; else -1."""
    v = versions
    rows = np.arange(len(v.path), dtype=np.int64)
    before = rows - 1
    goes_on = np.zeros(len(rows), np.bool_)
    goes_on[1:] = (v.path[1:] == v.path[:-1]) & (v.birth[1:] == v.death[:-1]) & (v.moved_to[:-1] < 0)
    before[~goes_on] = -1

    moved = np.flatnonzero(v.moved_from >= 0)
    if len(moved):
        ends = (v.path.astype(np.int64) << 32) | v.death
        order = np.argsort(ends, kind="stable")
        wanted = (v.moved_from[moved].astype(np.int64) << 32) | v.birth[moved]
        found = np.minimum(np.searchsorted(ends[order], wanted), len(order) - 1)
        source = order[found]
        before[moved] = np.where(ends[source] == wanted, source, -1)
    return before


def largest_by_then(index: HistoryIndex, versions: FileVersions, before: NDArray[np.int64],
                    definition: SceneDefinition) -> NDArray[np.int64]:
    """Return the largest size in bytes each file has had by each version, through moves.

    `before` is what `continued` says of them.
    """
    from xrserver.kernels.spans import largest_so_far

    sizes = sizes_of(index, versions.blob, versions.mode, definition)
    return largest_so_far(sizes, before, np.argsort(versions.birth, kind="stable"))


def sizes_of(index: HistoryIndex, blob: NDArray[np.int32], mode: NDArray[np.uint32],
             definition: SceneDefinition) -> NDArray[np.int64]:
    """Return the size in bytes that each blob counts as: 0 where it is not known."""
    known = blob >= 0
    sizes = np.zeros(len(blob), np.int64)
    sizes[known] = np.maximum(index.blob_sizes[blob[known]], 0)
    sizes[mode == MODE_SUBMODULE] = int(definition.layout.submodule_size)
    return sizes


@dataclass(frozen=True, slots=True)
class Drawn:
    """Versions as they are to be drawn, one row each.

    Attributes
    ----------
    path, birth, death, strata : (n,) int
    mode : (n,) uint32
    largest : (n,) int64, bytes
        The largest size the file has had by then.
    author, category : (n,) int
    eased : (n,) int64
        The row that each eases from; -1 where none.
    enters, leaves : (n,) bool
    """

    path: NDArray[Any]
    birth: NDArray[Any]
    death: NDArray[Any]
    strata: NDArray[Any]
    mode: NDArray[np.uint32]
    largest: NDArray[np.int64]
    author: NDArray[Any]
    category: NDArray[Any]
    eased: NDArray[np.int64]
    enters: NDArray[np.bool_]
    leaves: NDArray[np.bool_]


def _file_spans(index: HistoryIndex, versions: FileVersions, definition: SceneDefinition,
                placement: Placement, kind: NDArray[np.uint8]) -> Records:
    """Return one span for each version, in the order of the versions."""
    v = versions
    before = continued(v)
    newest = v.strata_offsets[v.path] + v.strata - 1
    by = np.where(v.strata > 0, np.append(v.strata_rank, -1)[newest], v.birth)
    leaves = (v.death != RANK_END) & (v.moved_to < 0)
    leaves[:-1] &= (v.path[1:] != v.path[:-1]) | (v.birth[1:] != v.death[:-1])
    spans = spans_of(Drawn(
        v.path, v.birth, v.death, v.strata, v.mode, largest_by_then(index, v, before, definition),
        author_of(index, by), kind[v.path],
        np.where(v.touched, -1, before), before < 0, leaves), definition, placement)
    spans["traits"][v.birth == index.unread] |= np.uint32(int(Flag.UNDATED) << 8)
    return spans


def author_of(index: HistoryIndex, rank: NDArray[Any]) -> NDArray[Any]:
    """Return who made commits, as spans and strata have it: nobody in particular what is not read yet."""
    return np.where(rank == index.unread, NOBODY, np.minimum(index.author[rank], NOBODY))


def spans_of(drawn: Drawn, definition: SceneDefinition, placement: Placement) -> Records:
    """Return one span for each row of `drawn`."""
    building, floor = definition.building, definition.layout.size_floor
    spans = SPANS.empty(len(drawn.path))
    spans["birth"], spans["death"] = drawn.birth, drawn.death
    spans["node"] = drawn.path.astype(np.uint32) * 2

    plot = placement.plot[drawn.path]
    share = np.maximum(drawn.largest, floor) / np.maximum(placement.ever[drawn.path], floor)
    if definition.metrics.footprint == "equal":
        share = np.ones(len(share))
    share = np.minimum(share, 1.0) ** (0.5 * definition.layout.size_exponent)
    submodule, symlink = drawn.mode == MODE_SUBMODULE, drawn.mode == MODE_SYMLINK
    share[submodule] = 1.0
    storeys = drawn.strata if definition.metrics.height == "strata" else drawn.largest / 1000.0
    height = building.lowest + building.storey * np.log2(1.0 + storeys) ** building.growth
    height[symlink], height[submodule] = building.symlink_height, building.submodule_height

    spans["position1"][:, 0], spans["position1"][:, 2] = plot[:, 0], plot[:, 1]
    spans["position1"][:, 1] = placement.ground[drawn.path]
    least = np.minimum(plot[:, 2:], building.least_side)
    spans["size1"][:, ::2] = np.maximum(plot[:, 2:] * share[:, None], least)
    spans["size1"][:, 1] = height
    spans["value1"] = drawn.strata
    spans["author"] = drawn.author

    eased, from_row = drawn.eased >= 0, np.maximum(drawn.eased, 0)
    for now, then in (("position1", "position0"), ("size1", "size0"), ("value1", "value0")):
        spans[then][eased] = spans[now][from_row[eased]]
    kind = drawn.category.astype(np.uint32)
    kind[symlink], kind[submodule] = int(Category.SYMLINK), int(Category.SUBMODULE)
    flags = (np.where(eased, int(Flag.EASED), 0) | np.where(drawn.enters, int(Flag.ENTERS), 0)
             | np.where(drawn.leaves, int(Flag.LEAVES), 0)).astype(np.uint32)
    spans["traits"] = int(Kind.BOX) | (flags << 8) | (kind << 16)
    return spans


def district_lives(paths: PathTree, depth: NDArray[np.int32],
                   versions: FileVersions) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return when files stood below each directory, as unions of their lives.

    Returns
    -------
    path, start, end : (n,) int64
        Sorted by (path, start); the ranks [start, end) of one path neither overlap nor touch.
    """
    found: list[tuple[NDArray[np.int64], ...]] = []
    file_depth = depth[versions.path]
    below = tuple(np.zeros(0, np.int64) for _ in range(3))
    for level in range(int(file_depth.max(initial=0)), 0, -1):
        here = np.flatnonzero(file_depth == level)
        around = np.concatenate([paths.parent[versions.path[here]].astype(np.int64),
                                 paths.parent[below[0]].astype(np.int64)])
        start = np.concatenate([versions.birth[here].astype(np.int64), below[1]])
        end = np.concatenate([versions.death[here].astype(np.int64), below[2]])
        below = _union(around, start, end)
        found.append(below)
    if not found:
        return below[0], below[1], below[2]
    path, start, end = (np.concatenate([f[i] for f in found]) for i in range(3))
    order = np.argsort(path, kind="stable")
    return path[order], start[order], end[order]


def _union(group: NDArray[np.int64], start: NDArray[np.int64],
           end: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Unite the intervals [start, end) of each group."""
    order = np.lexsort((start, group))
    group, start, end = group[order], start[order], end[order]
    # Groups rise, so one running maximum over (group, end) is the running maximum within each.
    reach = np.maximum.accumulate((group << 32) | end)
    first = np.ones(len(group), np.bool_)
    first[1:] = ((group[1:] << 32) | start[1:]) > reach[:-1]
    heads = np.flatnonzero(first)
    tails = np.append(heads[1:], len(group)) - 1 if len(heads) else heads
    return group[heads], start[heads], reach[tails] & 0xFFFF_FFFF


def _district_spans(paths: PathTree, versions: FileVersions, placement: Placement) -> Records:
    """Return the plates of the districts while files stand below them, sorted by (path, birth)."""
    return plates_of(*district_lives(paths, placement.depth, versions), placement)


def plates_of(path: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64],
              placement: Placement) -> Records:
    """Return the spans of districts' plates over the ranks [start, end)."""
    plate = placement.district[path]
    spans = SPANS.empty(len(path))
    spans["birth"], spans["death"], spans["node"] = start, end, 2 * path + 1
    spans["author"] = NOBODY
    spans["position1"][:, 0], spans["position1"][:, 2] = plate[:, 0], plate[:, 1]
    spans["position1"][:, 1] = placement.ground[path]
    spans["size1"][:, ::2], spans["size1"][:, 1] = plate[:, 2:], placement.rise[path]
    flags = np.where(end == RANK_END, int(Flag.ENTERS), int(Flag.ENTERS | Flag.LEAVES)).astype(np.uint32)
    spans["traits"] = int(Kind.BOX) | (flags << 8) | (int(Category.DISTRICT) << 16)
    return spans


def _nodes_and_strata(index: HistoryIndex, versions: FileVersions, depth: NDArray[np.int32],
                      spans: Records) -> tuple[Records, Records]:
    """Return the nodes of spans that lie node by node, and the strata of those that are files."""
    first = np.flatnonzero(np.diff(spans["node"], prepend=np.uint32(RANK_END)))
    nodes = NODES.empty(len(first))
    node = spans["node"][first]
    path = (node >> 1).astype(np.int64)
    is_file = (node & 1) == 0
    nodes["node"], nodes["first_span"] = node, first
    nodes["span_count"] = np.diff(first, append=len(spans))
    nodes["parent"] = index.paths.parent[path].astype(np.uint32) * 2 + 1
    nodes["depth"] = depth[path]
    starts = versions.strata_offsets[path]
    counts = np.where(is_file, versions.strata_offsets[path + 1] - starts, 0)
    nodes["stratum_count"], nodes["first_stratum"] = counts, np.cumsum(counts) - counts
    rank = versions.strata_rank[ragged(starts, counts)]
    strata = STRATA.empty(len(rank))
    strata["rank"], strata["author"] = rank, author_of(index, rank)
    return nodes, strata
