"""Tiles whose window is open, as viewers have them: what of them new commits change.

What an exact tile shows of a node are its spans; of coarse ones `coarse_tile` knows more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import NODES, RANK_END, SPANS, STRATA, Flag
from xrserver.history.index import HistoryIndex
from xrserver.history.versions import Followed
from xrserver.layout.placement import Placement
from xrserver.ragged import ragged
from xrserver.scene.hierarchy import Hierarchy
from xrserver.scene.patches import TilePatch
from xrserver.scene.spans import NOBODY, Records, names_of, plates_of
from xrserver.scene.tree import Part
from xrserver.scene.walk import Walk

PATH, BIRTH, DEATH = 0, 1, 2
LEAVES, CARRIED, EASED, ENTERS = (
    int(flag) << 8 for flag in (Flag.LEAVES, Flag.CARRIED, Flag.EASED, Flag.ENTERS))
ALL = 0xFFFF_FFFF

@dataclass(frozen=True, slots=True)
class Standing:
    """A scene as it is now, exactly: what stood when it was built, then all since.

    Attributes
    ----------
    rows : (n, 8) int32
        As `history.versions.Followed` has them; the first `standing` stood when the scene was built.
    spans : (n,) records of `columns.SPANS`
        Of each of the rows.
    lives : dict of int to list of (int, int)
        Of districts of which something came or went: when files stood below them.
    stood : set of int
        Districts below which files stood when the scene was built.
    """

    index: HistoryIndex
    followed: Followed
    rows: NDArray[np.int32]
    spans: Records
    standing: int
    lives: dict[int, list[tuple[int, int]]]
    stood: NDArray[np.bool_]
    placement: Placement
    order: NDArray[np.int64]
    sorted_paths: NDArray[np.int32]

    def of_path(self, path: int) -> NDArray[np.int64]:
        """Return the rows of one path, in the order of birth."""
        return self.of_paths(np.array([path]))

    def of_paths(self, paths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of paths, in the order of birth."""
        first = np.searchsorted(self.sorted_paths, paths)
        counts = np.searchsorted(self.sorted_paths, paths, side="right") - first
        return np.sort(self.order[ragged(first, counts)])

    def plates(self, path: int) -> Records:
        """Return the spans of a district since the scene was built, that which stood then first."""
        lives = self.lives.get(path, [(0, RANK_END)] if self.has_stood(path) else [])
        lifes = np.array([(path, *life) for life in lives], np.int64).reshape(-1, 3).T
        return plates_of(lifes[0], lifes[1], lifes[2], self.placement)

    def has_stood(self, path: int) -> bool:
        """Return whether files stood below a district when the scene was built."""
        return path < len(self.stood) and bool(self.stood[path])


class Key(NamedTuple):
    """A record of a tile: a node itself, or a block that is called by a district's node."""

    node: int
    block: int = -1


class Ground:
    """The walk of a scene by path: on which row each thing is, or where what came later belongs."""

    def __init__(self, walk: Walk, paths: int) -> None:
        self.rows = np.full(2 * paths, -1, np.int64)
        self.rows[walk.node] = np.arange(len(walk.node))
        self._anchors: dict[int, int] = {}

    def row(self, node: int) -> int:
        """Return the row of a node; -1 where it came later."""
        return int(self.rows[node]) if node < len(self.rows) else -1

    def anchor(self, node: int, parent: NDArray[np.int32]) -> int:
        """Return the row of a node, or of the nearest district around it that has one."""
        found = self._anchors.get(node)
        if found is None:
            found, path = self.row(node), node >> 1
            while found < 0 and path:
                path = int(parent[path])
                found = self.row(2 * path + 1)
            found = self._anchors[node] = max(found, 0)
        return found


class OpenTile:
    """One tile as viewers have it by now; exact.

    Parameters
    ----------
    tile : str
    tree : Hierarchy
        Of the city.
    part : Part
        What of it the tile is of; its window is open.
    ground : Ground
    """

    def __init__(self, tile: str, tree: Hierarchy, part: Part, ground: Ground) -> None:
        self.id = tile
        self._ground = ground
        self._base = tree.tile(part)
        self.lo = part.lo
        self._a, self._b = part.a, part.b
        self._nodes = self._base.nodes
        self._by_node = np.argsort(self._nodes["node"], kind="stable")
        #: What viewers have of a record since the scene was built, that which stood then first.
        self._sent: dict[Key, Records] = {}
        self._strata_sent: dict[int, int] = {}
        #: Nodes and spans that were appended.
        self.grown = 0

    def patch(self, now: Standing, files: Iterable[int], districts: Iterable[int]) -> TilePatch | None:
        """Return what changed of these paths since the last call."""
        closed: list[list[int]] = []
        fresh: list[tuple[Key, Records]] = []
        for key, wanted in self._states(now, files, districts):
            held = self._sent.get(key)
            if held is None:
                held = self._first(now, key)
            self._sent[key] = wanted
            more = _difference(key.node, self._which(key), held, wanted, closed)
            if len(more) or self._lacks_strata(now, key):
                fresh.append((key, more))
        return self._packed(now, closed, fresh) if closed or fresh else None

    _has_strata = True

    # --- what there is ------------------------------------------------------------------------

    def _takes(self, now: Standing, node: int) -> bool:
        return self._a <= self._ground.anchor(node, now.index.paths.parent) < self._b

    def _states(self, now: Standing, files: Iterable[int],
                districts: Iterable[int]) -> Iterable[tuple[Key, Records]]:
        """Yield the records of the paths that are drawn here, and their spans since the scene was built."""
        for path in files:
            if self._takes(now, 2 * path) and now.placement.ever[path] >= 0:
                yield Key(2 * path), self._adapted(now.spans[now.of_path(path)])
        for path in districts:
            if self._takes(now, 2 * path + 1):
                yield Key(2 * path + 1), self._adapted(now.plates(path))

    def _which(self, key: Key) -> int:
        """Return which of the records of its node a record is."""
        return 0

    def _first(self, now: Standing, key: Key) -> Records:
        """Return what stood of a record when the tile was made: its newest span, or nothing."""
        node = key.node
        if node & 1:
            stood = SPANS.empty(0)
            if now.has_stood(node >> 1):
                life = np.array([[node >> 1], [0], [RANK_END]], np.int64)
                stood = plates_of(life[0], life[1], life[2], now.placement)
            return self._adapted(stood)
        rows = now.of_path(node >> 1)
        stood = now.spans[rows[rows < now.standing]]
        stood["death"] = RANK_END
        stood["traits"] &= np.uint32(ALL ^ LEAVES)
        return self._adapted(stood)

    def _adapted(self, spans: Records) -> Records:
        spans["traits"][spans["birth"] < self.lo] |= np.uint32(CARRIED)
        return spans

    def _lacks_strata(self, now: Standing, key: Key) -> bool:
        if not self._has_strata or key.node & 1:
            return False
        head = int(now.followed.head[key.node >> 1])
        return head >= 0 and int(now.followed.nodes[head, 2]) > self._strata(key.node)

    def _strata(self, node: int) -> int:
        """Return how many strata of a node viewers have."""
        if node not in self._strata_sent:
            at = int(np.searchsorted(self._nodes["node"], node, sorter=self._by_node))
            row = int(self._by_node[at]) if at < len(self._by_node) else -1
            known = row >= 0 and int(self._nodes["node"][row]) == node
            self._strata_sent[node] = int(self._nodes["stratum_count"][row]) if known else 0
        return self._strata_sent[node]

    # --- packing ------------------------------------------------------------------------------

    def _packed(self, now: Standing, closed: list[list[int]],
                fresh: Sequence[tuple[Key, Records]]) -> TilePatch:
        fresh = sorted(fresh, key=lambda each: each[0])
        spans = np.concatenate([SPANS.empty(0), *(more for _, more in fresh)])
        nodes = NODES.empty(len(fresh))
        nodes["node"] = [key.node for key, _ in fresh]
        path = (nodes["node"] >> 1).astype(np.int64)
        nodes["span_count"] = [len(more) for _, more in fresh]
        nodes["first_span"] = np.cumsum(nodes["span_count"]) - nodes["span_count"]
        nodes["parent"] = now.index.paths.parent[path].astype(np.uint32) * 2 + 1
        nodes["depth"] = now.placement.depth[path]
        listed: list[int] = []
        for row, (key, _) in enumerate(fresh):
            if key.block >= 0:
                nodes["first_stratum"][row] = self._which(key)  # it has no strata
                continue
            ranks: list[int] = []
            if self._has_strata and not key.node & 1:
                sent = self._strata(key.node)
                ranks = now.followed.strata_of(key.node >> 1)[sent:]
                self._strata_sent[key.node] = sent + len(ranks)
            nodes["first_stratum"][row], nodes["stratum_count"][row] = len(listed), len(ranks)
            listed += ranks
        strata = STRATA.empty(len(listed))
        strata["rank"] = listed
        strata["author"] = np.minimum(now.index.author[strata["rank"].astype(np.int64)], NOBODY)
        self.grown += len(spans)
        return TilePatch(self.id, closed, spans, nodes, strata, *names_of(now.index.paths, path))


def _difference(node: int, which: int, held: Records, wanted: Records,
                closed: list[list[int]]) -> Records:
    """Return the spans to append to those that are held, after what is put into `closed`."""
    shared = min(len(held), len(wanted))
    at = 0
    while at < shared and _same(held[at], wanted[at]):
        at += 1
    for span in held[at:][::-1]:
        closed.append([node, 0, int(span["traits"]), which])
    if at and any(held[at - 1][name] != wanted[at - 1][name] for name in ("death", "traits")):
        closed.append([node, int(wanted["death"][at - 1]), int(wanted["traits"][at - 1]), which])
    return wanted[at:]


def _same(one: np.void, other: np.void) -> bool:
    """Return whether two spans are the same but for how they end."""
    if one["birth"] != other["birth"] or (int(one["traits"]) ^ int(other["traits"])) & ~LEAVES:
        return False
    return all(np.array_equal(one[name], other[name]) for name in (
        "author", "position1", "size1", "value1", "position0", "size0", "value0"))
