"""Tiles whose window is open, as viewers have them: what of them new commits change.

What an exact tile shows of a node are its spans; a coarse one shows files thinned, and blocks by the volume
of what they stand for, as it was built. What came later joins the block on whose ground it stands, as long as
that is no further off than the tile's error; everything else is shown itself.
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
from xrserver.scene.build import BuiltScene
from xrserver.scene.coarse import CoarseColumns
from xrserver.scene.hierarchy import STILL_SHARE
from xrserver.scene.spans import NOBODY, Records, names_of, plates_of

_PATH, _BIRTH, _DEATH = 0, 1, 2
_LEAVES, _CARRIED, _EASED, _ENTERS = (
    int(flag) << 8 for flag in (Flag.LEAVES, Flag.CARRIED, Flag.EASED, Flag.ENTERS))
_ALL = 0xFFFF_FFFF
#: What becomes of a path in a coarse tile, where it is in no block of it.
_ITSELF, _ELSEWHERE = -1, -2


@dataclass(frozen=True, slots=True)
class TilePatch:
    """What changes in one tile, as `stream.messages.Patch` carries it.

    Attributes
    ----------
    tile : str
    closed : list of [int, int, int, int]
        A node, the death and the traits that its last span has now, and which of the node's records is
        meant; death 0 takes that span back.
    spans, nodes, strata : records
        Appended; rows that nodes name count within these.
    name_offsets, name_bytes
        A whole path for each of the nodes.
    """

    tile: str
    closed: list[list[int]]
    spans: Records
    nodes: Records
    strata: Records
    name_offsets: NDArray[np.uint32]
    name_bytes: NDArray[np.uint8]


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
        first, last = np.searchsorted(self.sorted_paths, (path, path + 1)).tolist()
        return np.sort(self.order[first:last])

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

    def __init__(self, scene: BuiltScene, paths: int) -> None:
        walk = scene.walk
        self.rows = np.full(2 * paths, -1, np.int64)
        if walk is not None:
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
    scene : BuiltScene
    tile : str
        Its window is open.
    ground : Ground
    """

    def __init__(self, scene: BuiltScene, tile: str, ground: Ground) -> None:
        self.id = tile
        self._ground = ground
        part = scene.part(tile)
        base = scene.tile(tile)
        self.header = base.header
        self.lo = base.header.lo
        self._a, self._b = part.a, part.b
        self._nodes = base.nodes
        self._by_node = np.argsort(base.nodes["node"], kind="stable")
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
        stood["traits"] &= np.uint32(_ALL ^ _LEAVES)
        return self._adapted(stood)

    def _adapted(self, spans: Records) -> Records:
        spans["traits"][spans["birth"] < self.lo] |= np.uint32(_CARRIED)
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


class CoarseTile(OpenTile):
    """A tile that is drawn with an error: files thinned, and blocks."""

    _has_strata = False

    def __init__(self, scene: BuiltScene, tile: str, ground: Ground, drawn: CoarseColumns) -> None:
        super().__init__(scene, tile, ground)
        walk, blocks = scene.walk, drawn.blocks
        assert walk is not None
        base = scene.tile(tile)
        self._error, self._building = base.header.error, scene.definition.building
        self._least = self._building.lowest
        self._blocks = blocks
        self._block_node = walk.node[blocks.row].astype(np.int64)
        #: Row of the walk by block, else `_ITSELF` or `_ELSEWHERE`.
        self._fate = np.full(self._b - self._a, _ITSELF, np.int64)
        for k, (first, last) in enumerate(zip(blocks.first.tolist(), blocks.last.tolist(), strict=True)):
            self._fate[first - self._a:last - self._a] = k
        place = np.concatenate([drawn.itself, blocks.first])
        order = np.argsort(place, kind="stable")
        position = np.empty(len(order), np.int64)
        position[order] = np.arange(len(order))
        self._record_of_block = position[len(drawn.itself):]
        self._record_of_row = dict(zip(drawn.itself.tolist(), position[:len(drawn.itself)].tolist(),
                                       strict=True))
        # A district may stand as several blocks: they count in the order in which the tile has them.
        self._nth = np.zeros(len(blocks.row), np.int64)
        met: dict[int, int] = {}
        for k in np.argsort(self._record_of_block).tolist():
            node = int(self._block_node[k])
            self._nth[k] = met.get(node, 0)
            met[node] = met.get(node, 0) + 1
        self._spans = base.spans
        self._paths: dict[int, int] = {}

    def _place(self, now: Standing, path: int, district: bool) -> int:
        """Return the block that a path belongs to, else `_ITSELF` or `_ELSEWHERE`."""
        node = 2 * path + district
        found = self._paths.get(node)
        if found is None:
            found = _ELSEWHERE
            if self._takes(now, node):
                row = self._ground.anchor(node, now.index.paths.parent)
                found = int(self._fate[row - self._a])
                if found >= 0 and self._ground.row(node) < 0:
                    plot = now.placement.district[path] if district else now.placement.plot[path]
                    inside = np.abs(plot[:2] - self._blocks.rectangle[found][:2]) + 0.5 * plot[2:] <= (
                        0.5 * self._blocks.rectangle[found][2:] + 1e-6)
                    found = found if inside.all() else _ITSELF
            self._paths[node] = found
        return found

    def _states(self, now: Standing, files: Iterable[int],
                districts: Iterable[int]) -> Iterable[tuple[Key, Records]]:
        touched: set[int] = set()
        for path in files:
            if now.placement.ever[path] < 0:
                continue
            block = self._place(now, path, False)
            if block == _ELSEWHERE:
                continue
            rows = now.of_path(path)
            if block >= 0:
                touched.add(block)
                rows = rows[self._too_high(now, rows, block)]
                if not len(rows) and Key(2 * path) not in self._sent:
                    continue
            yield Key(2 * path), self._adapted(self._thinned(now, path, rows))
        for path in districts:
            if self._place(now, path, True) == _ITSELF:
                yield Key(2 * path + 1), self._adapted(now.plates(path))
        if touched:
            of_path = np.array([self._place(now, path, False) if now.placement.ever[path] >= 0 else _ELSEWHERE
                                for path in range(len(now.index.paths.parent))], np.int64)
            of_row = of_path[now.rows[:, _PATH]]
            for block in sorted(touched):
                rows = np.flatnonzero(of_row == block)
                rows = rows[~self._too_high(now, rows, block)]
                yield (Key(int(self._block_node[block]), block),
                       self._adapted(self._versions(now, block, rows)))

    def _which(self, key: Key) -> int:
        return int(self._nth[key.block]) if key.block >= 0 else 0

    def _first(self, now: Standing, key: Key) -> Records:
        if key.block >= 0:
            return self._adapted(self._last_of(int(self._record_of_block[key.block])))
        if key.node & 1:
            return super()._first(now, key)
        record = self._record_of_row.get(self._ground.row(key.node))
        return self._adapted(SPANS.empty(0) if record is None else self._last_of(record))

    def _last_of(self, record: int) -> Records:
        """Return what stood of a record when the tile was made: its newest span, or nothing."""
        row = self._nodes[record]
        last = int(row["first_span"]) + int(row["span_count"])
        span = self._spans[last - 1:last].copy()
        return span[span["death"] == RANK_END]

    def _too_high(self, now: Standing, rows: NDArray[np.int64], block: int) -> NDArray[np.bool_]:
        spans = now.spans[rows]
        top = spans["position1"][:, 1].astype(np.float64) + spans["size1"][:, 1]
        return top - self._blocks.ground[block] > self._error * (1 + 1e-6) + 1e-6

    def _thinned(self, now: Standing, path: int, rows: NDArray[np.int64]) -> Records:
        """Return the spans of a file without those that would hardly move it."""
        still = STILL_SHARE * self._error
        record = self._record_of_row.get(self._ground.row(2 * path))
        kept: list[Records] = []
        before = -1
        for row in rows.tolist():
            span = now.spans[row:row + 1].copy()
            if row < now.standing and record is not None:
                held = self._last_of(record)
                if len(held):
                    held["death"] = span["death"]
                    held["traits"] = (held["traits"] & (_ALL ^ _LEAVES)) | (span["traits"] & _LEAVES)
                    span = held
            elif before >= 0 and now.rows[before, _DEATH] == now.rows[row, _BIRTH]:
                held = kept[-1]
                off = max(abs(_top(span) - _top(held)), *(0.5 * abs(float(
                    span["size1"][0, i] - held["size1"][0, i])) for i in (0, 2)))
                if off <= still:
                    held["death"] = span["death"]
                    held["traits"] = (held["traits"] & (_ALL ^ _LEAVES)) | (span["traits"] & _LEAVES)
                    before = row
                    continue
                span["traits"] = (span["traits"] & (_ALL ^ _ENTERS)) | _EASED
                for then, was in (("position0", "position1"), ("size0", "size1"), ("value0", "value1")):
                    span[then] = held[was]
            kept.append(span)
            before = row
        return np.concatenate([SPANS.empty(0), *kept])

    def _versions(self, now: Standing, block: int, rows: NDArray[np.int64]) -> Records:
        """Return the spans of a block since the tile was made: that which stood then, and what followed."""
        spans, blocks = now.spans[rows], self._blocks
        tall = spans["position1"][:, 1].astype(np.float64) + spans["size1"][:, 1] - blocks.ground[block]
        plot = spans["size1"][:, 0].astype(np.float64) * spans["size1"][:, 2]
        volume = plot * tall
        old = rows < now.standing
        live, filled, built = int(old.sum()), float(volume[old].sum()), float(plot[old].sum())
        events = list(zip(now.rows[rows[~old], _BIRTH].tolist(), [1] * int((~old).sum()),
                          volume[~old].tolist(), plot[~old].tolist(), strict=True))
        deaths = now.rows[rows, _DEATH]
        gone = deaths != RANK_END
        events += list(zip(deaths[gone].tolist(), [-1] * int(gone.sum()), (-volume[gone]).tolist(),
                           (-plot[gone]).tolist(), strict=True))
        events.sort()
        record = int(self._record_of_block[block])
        foot = float(blocks.foot[block])
        kept = [self._last_of(record)]
        standing = len(kept[0]) > 0
        at = 0
        while at < len(events):
            rank = events[at][0]
            while at < len(events) and events[at][0] == rank:
                live, filled = live + events[at][1], filled + events[at][2]
                built += events[at][3]
                at += 1
            if not live:
                if standing:
                    kept[-1]["death"], kept[-1]["traits"] = rank, kept[-1]["traits"] | _LEAVES
                standing = False
                continue
            wanted = max(filled / built, self._least) if built > 1e-3 else self._least
            held = kept[-1]
            if standing:
                if abs(wanted - (float(held["size1"][0, 1]) - foot)) <= STILL_SHARE * self._error:
                    continue
                held["death"] = rank
            kept.append(self._risen(record, rank, foot, wanted, held if standing else None))
            standing = True
        return np.concatenate(kept)

    def _risen(self, record: int, rank: int, foot: float, height: float, held: Records | None) -> Records:
        """Return a block's next span; it goes on from `held`."""
        first = int(self._nodes[record]["first_span"])
        span = self._spans[first:first + 1].copy()
        span["birth"], span["death"] = rank, RANK_END
        span["size1"][0, 1] = foot + height
        # As many floors as a building of that height has.
        storeys = max(height - self._building.lowest, 0.0) / self._building.storey
        span["value1"] = 2.0 ** (storeys ** (1.0 / self._building.growth)) - 1.0
        span["position0"], span["size0"], span["value0"] = 0.0, 0.0, 0.0
        span["traits"] &= np.uint32(_ALL ^ (_LEAVES | _CARRIED | _EASED | _ENTERS))
        span["traits"] |= np.uint32(_ENTERS if held is None else _EASED)
        if held is not None:
            for then, was in (("position0", "position1"), ("size0", "size1"), ("value0", "value1")):
                span[then] = held[was]
        return span


def _top(span: Records) -> float:
    return float(span["position1"][0, 1]) + float(span["size1"][0, 1])


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
    if one["birth"] != other["birth"] or (int(one["traits"]) ^ int(other["traits"])) & ~_LEAVES:
        return False
    return all(np.array_equal(one[name], other[name]) for name in (
        "author", "position1", "size1", "value1", "position0", "size0", "value0"))
