"""From a river's layout to spans, nodes, strata and names: every commit a bead, every edge a ribbon."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import (
    COMMIT_NODES,
    NODES,
    RANK_END,
    RIBBON_NODES,
    SPANS,
    STRATA,
    Category,
    Flag,
    Kind,
)
from xrserver.history.index import HistoryIndex
from xrserver.layout.river import RiverLayout
from xrserver.scene.category import categories
from xrserver.scene.spans import NOBODY, SceneColumns

#: Hex digits of an object id that name a commit.
_DIGITS = 12

def river_columns(index: HistoryIndex, layout: RiverLayout, metric: str) -> SceneColumns:
    """Return the exact columns of the river: beads by rank, then ribbons, then the bed below.

    Parameters
    ----------
    metric : str
        What a bead's size says: ``"files"`` or ``"bytes"`` that the commit changed, or ``"equal"``.

    Notes
    -----
    What is born at rank r is there from r on: the beads are the commits of rank ≤ r, and the ribbons the
    edges between them. A ribbon's strata are its parent and its child.
    """
    gone = ~_reached(index)
    kind = _kinds(index)
    beads = _bead_spans(index, layout, metric, gone, kind)
    ribbons, strata = _ribbon_spans(index, layout, gone, kind)
    bed = _bed_spans(index, layout, len(ribbons))
    spans = np.concatenate([beads, ribbons, bed])

    n, m, k = len(beads), len(ribbons), len(bed)
    nodes = NODES.empty(len(spans))
    nodes["node"], nodes["first_span"], nodes["span_count"] = spans["node"], np.arange(len(spans)), 1
    nodes["parent"] = spans["node"]
    nodes["parent"][n:n + m] = COMMIT_NODES + 2 * ribbons["birth"]
    # Of a ribbon and the bed the category says what they are; their colour by kind is the commit's.
    nodes["depth"] = np.concatenate([kind, ribbons["traits"] >> 16, np.full(k, int(Category.OTHER))])
    nodes["stratum_count"] = np.repeat([1, 2, 0], [n, m, k])
    nodes["first_stratum"] = np.cumsum(nodes["stratum_count"]) - nodes["stratum_count"]
    own = STRATA.empty(n)
    own["rank"], own["author"] = np.arange(n), beads["author"]

    width = min(_DIGITS, 2 * index.oids.shape[1])
    text = index.oids[:, :width // 2]
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    names = np.stack([digits[text >> 4], digits[text & 15]], axis=2).reshape(-1)
    offsets = np.full(len(spans) + 1, n * width, np.uint32)
    offsets[:n + 1] = width * np.arange(n + 1)
    return SceneColumns(spans, nodes, np.concatenate([own, strata]), offsets, names)


def shifted(columns: SceneColumns, offset: tuple[float, float, float]) -> SceneColumns:
    """Return columns of things that stand elsewhere; their spans are changed in place."""
    spans = columns.spans
    spans["position1"] += np.array(offset, np.float32)
    ribbon = (spans["traits"] & 0xFF) == int(Kind.RIBBON)
    come = ribbon | ((spans["traits"] >> 8 & int(Flag.EASED)) != 0)
    spans["position0"][come] += np.array(offset, np.float32)
    return columns


def joined(parts: list[SceneColumns]) -> SceneColumns:
    """Return the columns of several parts as one: of each, node ids are larger than of those before."""
    nodes = np.concatenate([part.nodes for part in parts])
    spans = strata = text = row = 0
    offsets = [np.zeros(1, np.uint32)]
    for part in parts:
        of = slice(row, row + len(part.nodes))
        nodes["first_span"][of] += np.uint32(spans)
        nodes["first_stratum"][of] += np.uint32(strata)
        offsets.append(part.name_offsets[1:] + np.uint32(text))
        row, spans, strata = of.stop, spans + len(part.spans), strata + len(part.strata)
        text += len(part.name_bytes)
    return SceneColumns(
        np.concatenate([part.spans for part in parts]), nodes,
        np.concatenate([part.strata for part in parts]),
        np.concatenate(offsets), np.concatenate([part.name_bytes for part in parts]))


def _reached(index: HistoryIndex) -> NDArray[np.bool_]:
    """Return which commits some ref reaches."""
    from xrserver.kernels.order import reached

    tips = np.array([*(rank for _, rank, _ in index.refs), index.mainline[-1]], np.int32)
    return reached(index.parent_offsets, index.parents, tips)


def _kinds(index: HistoryIndex) -> NDArray[np.uint32]:
    """Return the category that each commit changed most files of; merges and empty ones are OTHER."""
    n = len(index.oids)
    file = np.zeros(len(index.paths.parent), np.bool_)
    file[index.change_path] = True
    of_path = categories(index.paths, file)
    commit = np.repeat(np.arange(n, dtype=np.int64), np.diff(index.change_offsets))
    count = np.bincount(commit * len(Category) + of_path[index.change_path], minlength=n * len(Category))
    count = count.reshape(n, len(Category))
    most = count.argmax(axis=1).astype(np.uint32)
    merge = np.diff(index.parent_offsets) > 1
    return np.where(merge | (count.sum(axis=1) == 0), np.uint32(Category.OTHER), most)


def _radii(index: HistoryIndex, layout: RiverLayout, metric: str) -> NDArray[np.float64]:
    """Return the radius of each commit's bead, metres: by the logarithm of how much it changed."""
    p = layout.parameters
    n = len(index.oids)
    if metric == "files":
        churn = np.diff(index.change_offsets).astype(np.float64)
    elif metric == "bytes":
        sizes = np.append(np.maximum(index.blob_sizes, 0), 0)
        changed = np.abs(sizes[index.change_blob] - sizes[index.change_old_blob]).astype(np.float64)
        total = np.concatenate([[0.0], np.cumsum(changed)])
        churn = (total[index.change_offsets[1:]] - total[index.change_offsets[:-1]]) / 400.0
    else:
        churn = np.ones(n)
    # What a merge changed against its first parent is others' work: it is a knot and no bead of its own.
    churn = np.where(np.diff(index.parent_offsets) > 1, 0.0, churn)
    return p.bead * np.minimum(0.6 + 0.4 * np.log2(1.0 + churn), p.most_bead)


def _bead_spans(index: HistoryIndex, layout: RiverLayout, metric: str, gone: NDArray[np.bool_],
                kind: NDArray[np.uint32]) -> NDArray[Any]:
    """Return one span for each commit, by rank."""
    n = len(index.oids)
    radius = _radii(index, layout, metric)
    spans = SPANS.empty(n)
    spans["birth"], spans["death"] = np.arange(n), RANK_END
    spans["node"] = COMMIT_NODES + 2 * np.arange(n)
    spans["author"] = np.minimum(index.author, NOBODY)
    spans["position1"] = layout.position
    spans["position1"][:, 1] -= radius
    spans["size1"], spans["value1"] = 2.0 * radius[:, None], 1.0
    flags = int(Flag.ENTERS) | np.where(gone, int(Flag.GONE), 0).astype(np.uint32)
    spans["traits"] = int(Kind.BEAD) | (flags << 8) | (kind << 16)
    return spans


def _ribbon_spans(index: HistoryIndex, layout: RiverLayout, gone: NDArray[np.bool_],
                  kind: NDArray[np.uint32]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return one span for each piece of an edge, and two strata: its parent and its child."""
    p, edge = layout.parameters, layout.edge
    child = np.repeat(np.arange(len(index.oids), dtype=np.int64), np.diff(index.parent_offsets))[edge]
    parent = index.parents[edge]
    spans = SPANS.empty(len(edge))
    spans["birth"], spans["death"] = child, RANK_END
    spans["node"] = RIBBON_NODES + 2 * np.arange(len(edge))
    # A branch keeps its colour until it has merged.
    merging = edge != index.parent_offsets[child]
    spans["author"] = np.minimum(index.author[np.where(merging, parent, child)], NOBODY)
    spans["position1"], spans["size1"] = layout.curve[:, :3], layout.curve[:, 3:6]
    spans["position0"], spans["size0"] = layout.curve[:, 6:9], layout.curve[:, 9:]
    main = (layout.chain[child] == 0) & (layout.chain[parent] == 0)
    spans["value1"] = spans["value0"] = np.where(main, p.current, p.branch)
    flags = int(Flag.ENTERS) | np.where(gone[child], int(Flag.GONE), 0).astype(np.uint32)
    category = np.maximum(kind[np.where(merging, parent, child)], 1)
    spans["spare"] = main
    spans["traits"] = int(Kind.RIBBON) | (flags << 8) | (category << 16)
    strata = STRATA.empty(2 * len(edge))
    strata["rank"][0::2], strata["rank"][1::2] = parent, child
    strata["author"] = np.minimum(index.author[strata["rank"]], NOBODY)
    return spans, strata


def _most_active(index: HistoryIndex, rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return who made most commits of each stretch between two ranks, the more active one of equals."""
    piece = np.searchsorted(rank[1:-1], np.arange(len(index.oids)), side="right")
    pairs, counts = np.unique((piece << 16) | np.minimum(index.author, NOBODY), return_counts=True)
    order = np.lexsort((pairs & 0xFFFF, -counts, pairs >> 16))
    first = np.flatnonzero(np.diff(pairs[order] >> 16, prepend=-1))
    return (pairs[order][first] & 0xFFFF)[:max(len(rank) - 1, 0)]


def _bed_spans(index: HistoryIndex, layout: RiverLayout, before: int) -> NDArray[Any]:
    """Return the bed: bands under all lanes, from one place of the course to the next."""
    rank, place, across = layout.course_rank, layout.course, layout.across
    spans = SPANS.empty(max(len(rank) - 1, 0))
    spans["birth"], spans["death"] = rank[:-1], RANK_END
    spans["author"] = _most_active(index, rank)
    spans["node"] = RIBBON_NODES + 2 * (before + np.arange(len(spans)))
    # Derivatives as those of a smooth curve through the places.
    run = np.gradient(place, axis=0) if len(rank) > 1 else np.zeros_like(place)
    step = np.linalg.norm(np.diff(place, axis=0), axis=1)[:, None]
    along = run / np.maximum(np.linalg.norm(run, axis=1), 1e-9)[:, None]
    down = np.array([0.0, 1.1 * layout.parameters.bead * layout.parameters.most_bead, 0.0])
    spans["position1"], spans["position0"] = place[:-1] - down, place[1:] - down
    spans["size1"], spans["size0"] = along[:-1] * step, along[1:] * step
    width = 2.0 * np.linalg.norm(across, axis=1) + layout.parameters.lane
    spans["value1"], spans["value0"] = width[:-1], width[1:]
    spans["spare"] = layout.slope
    flags = int(Flag.ENTERS | Flag.AGGREGATE)
    spans["traits"] = int(Kind.RIBBON) | (flags << 8) | (int(Category.DISTRICT) << 16)
    return spans
