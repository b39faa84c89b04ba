"""A coarse tile whose window is open, as viewers have it: files thinned, and blocks by volume.

What came later joins the block on whose ground it stands, as long as that is no further off than the tile's
error; everything else is shown itself.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END, SPANS
from xrserver.scene.coarse import CoarseColumns
from xrserver.scene.hierarchy import STILL_SHARE, Hierarchy
from xrserver.scene.open_tiles import (
    ALL,
    BIRTH,
    CARRIED,
    DEATH,
    EASED,
    ENTERS,
    LEAVES,
    Ground,
    Key,
    OpenTile,
    Standing,
)
from xrserver.scene.spans import Records
from xrserver.scene.tree import Part

#: What becomes of a path in a coarse tile, where it is in no block of it.
_ITSELF, _ELSEWHERE = -1, -2


class CoarseTile(OpenTile):
    """A tile that is drawn with an error: files thinned, and blocks."""

    _has_strata = False

    def __init__(self, tile: str, tree: Hierarchy, part: Part, ground: Ground, drawn: CoarseColumns) -> None:
        super().__init__(tile, tree, part, ground)
        walk, blocks = tree.walk, drawn.blocks
        self._error, self._building = tree.plan(part).error, tree.definition.building
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
        self._spans = self._base.spans
        self._files = np.where(walk.node[self._a:self._b] & 1, -1, walk.node[self._a:self._b] >> 1).astype(
            np.int64)
        self._paths: dict[int, int] = {}
        #: Files that came later, by the block they stand on.
        self._joined: dict[int, list[int]] = {}

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
                    if found >= 0 and not district:
                        self._joined.setdefault(found, []).append(path)
            self._paths[node] = found
        return found

    def _files_of(self, block: int) -> NDArray[np.int64]:
        """Return the paths of the files that have stood on a block's ground."""
        first, last = self._blocks.first[block] - self._a, self._blocks.last[block] - self._a
        own = self._files[first:last][self._fate[first:last] == block]
        return np.concatenate([own[own >= 0], np.array(self._joined.get(block, []), np.int64)])

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
        for block in sorted(touched):
            rows = now.of_paths(self._files_of(block))
            rows = rows[~self._too_high(now, rows, block)]
            yield Key(int(self._block_node[block]), block), self._adapted(self._versions(now, block, rows))

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
                    held["traits"] = (held["traits"] & (ALL ^ LEAVES)) | (span["traits"] & LEAVES)
                    span = held
            elif before >= 0 and now.rows[before, DEATH] == now.rows[row, BIRTH]:
                held = kept[-1]
                off = max(abs(_top(span) - _top(held)), *(0.5 * abs(float(
                    span["size1"][0, i] - held["size1"][0, i])) for i in (0, 2)))
                if off <= still:
                    held["death"] = span["death"]
                    held["traits"] = (held["traits"] & (ALL ^ LEAVES)) | (span["traits"] & LEAVES)
                    before = row
                    continue
                span["traits"] = (span["traits"] & (ALL ^ ENTERS)) | EASED
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
        events = list(zip(now.rows[rows[~old], BIRTH].tolist(), [1] * int((~old).sum()),
                          volume[~old].tolist(), plot[~old].tolist(), strict=True))
        deaths = now.rows[rows, DEATH]
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
                    kept[-1]["death"], kept[-1]["traits"] = rank, kept[-1]["traits"] | LEAVES
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
        span["traits"] &= np.uint32(ALL ^ (LEAVES | CARRIED | EASED | ENTERS))
        span["traits"] |= np.uint32(ENTERS if held is None else EASED)
        if held is not None:
            for then, was in (("position0", "position1"), ("size0", "size1"), ("value0", "value1")):
                span[then] = held[was]
        return span


def _top(span: Records) -> float:
    return float(span["position1"][0, 1]) + float(span["size1"][0, 1])
