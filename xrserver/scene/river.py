"""From a river's layout to spans, nodes, strata and names: every commit a bead, every edge a ribbon."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from xrserver.ragged import ragged
from xrserver.room import Room
from xrserver.scene.category import categories, category_of
from xrserver.scene.spans import NOBODY, SceneColumns, names_of

#: Hex digits of an object id that name a commit.
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class River:
    """What is known of each commit and of the bed below: columns are made of any of them.

    Attributes
    ----------
    author : (n_commits,) int64
    gone : (n_commits,) bool
        No ref reaches it.
    kind : (n_commits,) uint32
        The category that it changed most files of.
    radius : (n_commits,) float64
        Of its bead, metres.
    bed_author : (n_pieces,) int64
        Who made most commits of each piece of the bed.
    """

    index: HistoryIndex
    layout: RiverLayout
    author: NDArray[np.int64]
    gone: NDArray[np.bool_]
    kind: NDArray[np.uint32]
    radius: NDArray[np.float64]
    bed_author: NDArray[np.int64]

    @staticmethod
    def of(index: HistoryIndex, layout: RiverLayout, metric: str) -> River:
        """Return the river of a history.

        Parameters
        ----------
        metric : str
            What a bead's size says: ``"files"`` or ``"bytes"`` that the commit changed, or ``"equal"``.
        """
        return River(index, layout, np.minimum(index.author, NOBODY).astype(np.int64), ~reached(index),
                     _kinds(index), _radii(index, layout, metric), _most_active(index, layout.course_rank))

    @property
    def digits(self) -> int:
        """Length of a commit's name."""
        return min(_DIGITS, 2 * self.index.oids.shape[1])

    def grown(self, index: HistoryIndex, layout: RiverLayout, gone: NDArray[np.bool_], metric: str,
              room: Room) -> River:
        """Return it with the commits that `index` and `layout` have more."""
        first = len(self.author)
        more: dict[str, NDArray[Any]] = {
            "author": np.minimum(index.author[first:], NOBODY), "kind": _kinds(index, first),
            "radius": _radii(index, layout, metric, first),
            "bed_author": np.minimum(index.author[layout.course_rank[len(self.bed_author) + 1:]], NOBODY)}
        longer: dict[str, Any] = {name: room.joined(name, getattr(self, name), values)
                                  for name, values in more.items()}
        return replace(self, index=index, layout=layout, gone=gone, **longer)

    def edges(self, commits: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the edges to the parents of some commits: rows of the index's `parents`."""
        offsets = self.layout.parent_offsets
        return ragged(offsets[commits], offsets[commits + 1] - offsets[commits])

    def exact(self, commits: NDArray[np.int64], bed: NDArray[np.int64]) -> SceneColumns:
        """Return the exact columns of some commits (ascending) and their edges, and pieces of the bed.

        Notes
        -----
        Beads, then ribbons, then the bed. What is born at rank r is there from r on: the beads are the
        commits of rank ≤ r, and the ribbons the edges between them. A ribbon's strata are its parent and
        its child.
        """
        beads = self._beads(commits)
        ribbons, strata = self._ribbons(self.edges(commits))
        own = STRATA.empty(len(beads))
        own["rank"], own["author"] = commits, beads["author"]
        return self.written(beads, ribbons, self.bed(bed), commits, np.concatenate([own, strata]))

    def written(self, beads: NDArray[Any], ribbons: NDArray[Any], bed: NDArray[Any],
                commits: NDArray[np.int64], strata: NDArray[Any]) -> SceneColumns:
        """Return the columns of beads, which are named by `commits`, of ribbons, and of the bed.

        `strata` has one row for each bead, then two for each ribbon.
        """
        spans = np.concatenate([beads, ribbons, bed])
        n, m, k = len(beads), len(ribbons), len(bed)
        nodes = NODES.empty(len(spans))
        nodes["node"], nodes["first_span"], nodes["span_count"] = spans["node"], np.arange(len(spans)), 1
        nodes["parent"] = spans["node"]
        nodes["parent"][n:n + m] = COMMIT_NODES + 2 * strata["rank"][n + 1::2]
        # Of a ribbon and the bed the category says what they are; their colour by kind is the commit's.
        nodes["depth"] = spans["traits"] >> 16
        nodes["depth"][n + m:] = int(Category.OTHER)
        nodes["stratum_count"] = np.repeat([1, 2, 0], [n, m, k])
        nodes["first_stratum"] = np.cumsum(nodes["stratum_count"]) - nodes["stratum_count"]
        text = self.index.oids[commits, :self.digits // 2]
        digits = np.frombuffer(b"0123456789abcdef", np.uint8)
        names = np.stack([digits[text >> 4], digits[text & 15]], axis=2).reshape(-1)
        offsets = np.full(len(spans) + 1, n * self.digits, np.uint32)
        offsets[:n + 1] = self.digits * np.arange(n + 1)
        return SceneColumns(spans, nodes, strata, offsets, names)

    def bed(self, pieces: NDArray[np.int64], length: NDArray[np.int64] | None = None) -> NDArray[Any]:
        """Return the bed: bands under all lanes, each from one place of the course to another."""
        layout = self.layout
        place, across = layout.course, layout.across
        last = pieces + (1 if length is None else length)
        spans = SPANS.empty(len(pieces))
        spans["birth"], spans["death"] = layout.course_rank[pieces], RANK_END
        spans["author"] = self.bed_author[pieces]
        spans["node"] = RIBBON_NODES + 2 * layout.bed_piece[pieces]
        along = layout.headings(layout.along[layout.course_rank])
        way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(place, axis=0), axis=1))])
        step = (way[last] - way[pieces])[:, None]
        down = np.array([0.0, 1.1 * layout.parameters.bead * layout.parameters.most_bead, 0.0])
        spans["position1"], spans["position0"] = place[pieces] - down, place[last] - down
        spans["size1"], spans["size0"] = along[pieces] * step, along[last] * step
        width = 2.0 * np.linalg.norm(across, axis=1) + layout.parameters.lane
        spans["value1"], spans["value0"] = width[pieces], width[last]
        spans["spare"] = layout.shape.slope
        flags = int(Flag.ENTERS | Flag.AGGREGATE)
        spans["traits"] = int(Kind.RIBBON) | (flags << 8) | (int(Category.DISTRICT) << 16)
        return spans

    def _beads(self, commits: NDArray[np.int64]) -> NDArray[Any]:
        spans = SPANS.empty(len(commits))
        spans["birth"], spans["death"] = commits, RANK_END
        spans["node"] = COMMIT_NODES + 2 * commits
        spans["author"] = self.author[commits]
        radius = self.radius[commits]
        spans["position1"] = self.layout.position[commits]
        spans["position1"][:, 1] -= radius
        spans["size1"], spans["value1"] = 2.0 * radius[:, None], 1.0
        flags = int(Flag.ENTERS) | np.where(self.gone[commits], int(Flag.GONE), 0).astype(np.uint32)
        spans["traits"] = int(Kind.BEAD) | (flags << 8) | (self.kind[commits] << 16)
        return spans

    def _ribbons(self, edges: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return one span for each piece of an edge, and two strata: its parent and its child."""
        layout = self.layout
        row, curve = layout.ribbons(edges)
        edge = edges[row]
        first = layout.first_piece[edge]
        piece = np.arange(len(row)) - np.searchsorted(row, row)
        width = np.where(self.on_mainline(edge), layout.parameters.current, layout.parameters.branch)
        return self.ribbons(edge, layout.child(edge), curve, first + piece, width)

    def on_mainline(self, edge: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which edges are of the mainline."""
        chain = self.layout.chain
        return (chain[self.layout.child(edge)] == 0) & (chain[self.layout.parents[edge]] == 0)

    def ribbons(self, edge: NDArray[np.int64], birth: NDArray[np.int64], curve: NDArray[np.float64],
                piece: NDArray[np.int64], width: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return spans of curves that look like some edges, and their strata."""
        layout = self.layout
        child, parent = layout.child(edge), layout.parents[edge].astype(np.int64)
        spans = SPANS.empty(len(edge))
        spans["birth"], spans["death"] = birth, RANK_END
        spans["node"] = RIBBON_NODES + 2 * piece
        # A branch keeps its colour until it has merged.
        of = np.where(edge != layout.parent_offsets[child], parent, child)
        spans["author"] = self.author[of]
        spans["position1"], spans["size1"] = curve[:, :3], curve[:, 3:6]
        spans["position0"], spans["size0"] = curve[:, 6:9], curve[:, 9:]
        spans["value1"] = spans["value0"] = width
        flags = int(Flag.ENTERS) | np.where(self.gone[child], int(Flag.GONE), 0).astype(np.uint32)
        spans["spare"] = self.on_mainline(edge)
        spans["traits"] = int(Kind.RIBBON) | (flags << 8) | (np.maximum(self.kind[of], 1) << 16)
        strata = STRATA.empty(2 * len(edge))
        strata["rank"][0::2], strata["rank"][1::2] = parent, child
        strata["author"] = self.author[strata["rank"]]
        return spans, strata


def river_columns(index: HistoryIndex, layout: RiverLayout, metric: str) -> SceneColumns:
    """Return the exact columns of a whole river."""
    river = River.of(index, layout, metric)
    return river.exact(np.arange(len(index.oids)), np.arange(len(river.bed_author)))


def shifted(columns: SceneColumns, offset: tuple[float, float, float]) -> SceneColumns:
    """Return columns of things that stand elsewhere."""
    spans = columns.spans.copy()
    spans["position1"] += np.array(offset, np.float32)
    ribbon = (spans["traits"] & 0xFF) == int(Kind.RIBBON)
    come = ribbon | ((spans["traits"] >> 8 & int(Flag.EASED)) != 0)
    spans["position0"][come] += np.array(offset, np.float32)
    return SceneColumns(spans, columns.nodes, columns.strata, columns.name_offsets, columns.name_bytes)


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


def reached(index: HistoryIndex) -> NDArray[np.bool_]:
    """Return which commits some ref reaches."""
    from xrserver.kernels import order

    tips = np.array([*(rank for _, rank, _ in index.refs), index.mainline[-1]], np.int32)
    return order.reached(index.parent_offsets, index.parents, tips)


def _kinds(index: HistoryIndex, first: int = 0) -> NDArray[np.uint32]:
    """Return the category that each commit changed most files of; merges and empty ones are OTHER."""
    offsets = index.change_offsets[first:]
    n = len(offsets) - 1
    changed = index.change_path[offsets[0]:]
    if first:  # few
        path, of = np.unique(changed, return_inverse=True)
        at, text = names_of(index.paths, path.astype(np.int64))
        whole = text.tobytes()
        of_change = np.array([category_of(whole[at[i]:at[i + 1]]) for i in range(len(path))], np.uint8)[of]
    else:
        file = np.zeros(len(index.paths.parent), np.bool_)
        file[changed] = True
        of_change = categories(index.paths, file)[changed]
    commit = np.repeat(np.arange(n, dtype=np.int64), np.diff(offsets))
    count = np.bincount(commit * len(Category) + of_change, minlength=n * len(Category))
    count = count.reshape(n, len(Category))
    most = count.argmax(axis=1).astype(np.uint32)
    merge = np.diff(index.parent_offsets[first:]) > 1
    return np.where(merge | (count.sum(axis=1) == 0), np.uint32(Category.OTHER), most)


def _radii(index: HistoryIndex, layout: RiverLayout, metric: str, first: int = 0) -> NDArray[np.float64]:
    """Return the radius of each commit's bead, metres: by the logarithm of how much it changed."""
    p, offsets = layout.parameters, index.change_offsets[first:]
    if metric == "files":
        churn = np.diff(offsets).astype(np.float64)
    elif metric == "bytes":
        sizes = np.append(np.maximum(index.blob_sizes, 0), 0)
        of = slice(int(offsets[0]), None)
        changed = np.abs(sizes[index.change_blob[of]] - sizes[index.change_old_blob[of]]).astype(np.float64)
        total = np.concatenate([[0.0], np.cumsum(changed)])
        churn = (total[offsets[1:] - offsets[0]] - total[offsets[:-1] - offsets[0]]) / 400.0
    else:
        churn = np.ones(len(offsets) - 1)
    # What a merge changed against its first parent is others' work: it is a knot and no bead of its own.
    churn = np.where(np.diff(index.parent_offsets[first:]) > 1, 0.0, churn)
    return p.bead * np.minimum(0.6 + 0.4 * np.log2(1.0 + churn), p.most_bead)


def _most_active(index: HistoryIndex, rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return who made most commits of each stretch between two ranks, the more active one of equals."""
    piece = np.searchsorted(rank[1:-1], np.arange(len(index.oids)), side="right")
    pairs, counts = np.unique((piece << 16) | np.minimum(index.author, NOBODY), return_counts=True)
    order = np.lexsort((pairs & 0xFFFF, -counts, pairs >> 16))
    first = np.flatnonzero(np.diff(pairs[order] >> 16, prepend=-1))
    return (pairs[order][first] & 0xFFFF)[:max(len(rank) - 1, 0)]
