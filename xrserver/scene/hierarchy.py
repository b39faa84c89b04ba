"""The tiles of a city: stretches of its walk and windows of ranks, with an error or exact."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END
from xrserver.ragged import ragged
from xrserver.scene.coarse import Blocks, CoarseColumns, coarse_columns
from xrserver.scene.deferred import Deferred
from xrserver.scene.definition import SceneDefinition, Tiling
from xrserver.scene.spans import SceneColumns
from xrserver.scene.tiles import Selection, column_bytes, exact, select, windows
from xrserver.scene.tree import Part, Plan, Tree, limits
from xrserver.scene.walk import Walk

#: Errors that a tile may have, metres: from 5 cm on, six of them to a doubling; the last holds any city.
ERRORS = 0.05 * 2.0 ** (np.arange(132) / 6.0)
#: An aggregate counts as off by this share of its longer side at least: what is wide is refined before
#: what is narrow and as high.
SIDE_SHARE = 0.25
#: What an aggregate's height, or a file's extent, may change by without a new version: a share of the error.
STILL_SHARE = 0.125
#: Into how many parts space is cut at once, and about how many time is.
_IN_SPACE, _IN_TIME = 4, 6
#: How full a part of a cut is meant to be, of what it may hold.
_FILL = 0.7


@dataclass(frozen=True, slots=True)
class _Extents:
    """What is asked of every span again and again, each in an array of its own."""

    first: NDArray[np.int64]
    birth: NDArray[np.int32]
    death: NDArray[np.int32]
    top: NDArray[np.float32]
    width: NDArray[np.float32]
    length: NDArray[np.float32]
    row: NDArray[np.int32]

    @staticmethod
    def of(columns: SceneColumns) -> _Extents:
        spans, count = columns.spans, columns.nodes["span_count"].astype(np.int64)
        first = np.concatenate(([0], np.cumsum(count)))
        # Of districts only the height counts: they fill no room.
        size, is_file = spans["size1"], (spans["node"] & 1) == 0
        return _Extents(
            first, spans["birth"].astype(np.int32), spans["death"].astype(np.int32),
            spans["position1"][:, 1] + size[:, 1], np.where(is_file, size[:, 0], np.float32(0)),
            np.where(is_file, size[:, 2], np.float32(0)),
            np.repeat(np.arange(len(count), dtype=np.int32), count))


@dataclass(frozen=True, slots=True)
class Whole:
    """The exact columns of a city, the walk they lie along, and a plate's height."""

    columns: SceneColumns
    walk: Walk
    plate: float
    extents: _Extents

    @staticmethod
    def of(columns: SceneColumns, walk: Walk, plate: float) -> Whole:
        """Return columns with what is asked of them again and again."""
        return Whole(columns, walk, plate, _Extents.of(columns))


class Hierarchy(Tree):
    """The parts of a city.

    Parameters
    ----------
    generation : str
    definition : SceneDefinition
    whole : Deferred of Whole
    """

    def __init__(self, generation: str, definition: SceneDefinition, whole: Deferred[Whole],
                 tiling: Tiling | None = None) -> None:
        super().__init__(generation, definition, tiling)
        self._whole = whole

    @property
    def coarsest(self) -> int:
        """The largest step: a row of `ERRORS`."""
        return len(ERRORS) - 1

    def prepare(self) -> None:
        """Lay the city out."""
        self._whole.value  # noqa: B018

    @property
    def columns(self) -> SceneColumns:
        """The exact columns."""
        return self._whole.value.columns

    @property
    def size(self) -> tuple[int, int]:
        """Nodes and spans of the exact columns."""
        return len(self.columns.nodes), len(self.columns.spans)

    @property
    def walk(self) -> Walk:
        """The order they lie in."""
        return self._whole.value.walk

    @property
    def plate(self) -> float:
        """Thickness of a district's plate, metres."""
        return self._whole.value.plate

    @property
    def _extents(self) -> _Extents:
        return self._whole.value.extents

    def tile(self, part: Part) -> SceneColumns:
        """Return the columns of a part's tile. O(n log n) in the spans of its window."""
        plan = self.plan(part)
        if len(self.columns.spans) == plan.spans and plan.step < 0:
            return self.columns
        drawn = self.drawn(part)
        if drawn is None:
            begin, end = self._window(part)
            return exact(self.columns, select(self.columns, part.a, begin, end), part.lo, part.hi)
        return coarse_columns(self.columns, self.walk, drawn, self.definition.building, part.lo, part.hi)

    def drawn(self, part: Part) -> CoarseColumns | None:
        """Return what is drawn of a part that is not drawn exactly."""
        plan = self.plan(part)
        begin, end = self._window(part)
        if plan.step < 0:
            return None
        drawn = self._drawn(part, begin, end, self._events(part, begin, end), plan.step, RANK_END)
        assert drawn is not None
        return drawn

    # --- what a part costs --------------------------------------------------------------------

    def planned(self, part: Part) -> Plan:
        """Find out how a part is drawn: exactly where it fits, else with the least error that does."""
        from xrserver.kernels.tiles import most_standing

        begin, end = self._window(part)
        spans, nodes = int((end - begin).sum()), int(np.count_nonzero(end > begin))
        exact_nodes, exact_spans, most_nodes, most_spans = limits(self.tiling, part)
        box = self._box(self.walk, part, begin, end)
        if (nodes <= exact_nodes and spans <= exact_spans) or part.hi - part.lo == 1:
            chosen: Selection = select(self.columns, part.a, begin, end)
            return Plan(-1, nodes, spans, int(chosen.strata.sum()), chosen.nbytes, box, 0.0)
        events = self._events(part, begin, end)
        # The finest of the errors that fits; that of the part around this one fits, but for roundings.
        low, high = 0, part.coarsest
        best = None
        while low < high:
            middle = (low + high) // 2
            found = self._drawn(part, begin, end, events, middle, most_spans, most_nodes)
            if found is None:
                low = middle + 1
            else:
                best, high = found, middle
        if best is None:
            best = self._drawn(part, begin, end, events, high, 2 * len(events) + 1)
            assert best is not None
        names = self.columns.name_offsets
        named = best.rows(self.walk)
        name_bytes = int((names[named + 1].astype(np.int64) - names[named]).sum())
        return Plan(high, best.nodes, best.spans, 0, column_bytes(best.nodes, best.spans, 0, name_bytes), box,
                    float(ERRORS[high]), int(most_standing(events)))

    def _window(self, part: Part) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        from xrserver.kernels.tiles import in_window

        if part.b < 0:
            part.b = len(self.columns.nodes)
        e = self._extents
        return in_window(e.first, e.birth, e.death, part.a, part.b, part.lo, part.hi)

    def _events(self, part: Part, begin: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
        from xrserver.kernels.tiles import events_of

        e = self._extents
        keys = events_of(part.a, part.b, begin, end, e.birth, e.death, part.lo, part.hi)
        keys.sort()
        return keys

    def _drawn(self, part: Part, begin: NDArray[np.int64], end: NDArray[np.int64], events: NDArray[np.int64],
               step: int, most_spans: int, most_nodes: int = RANK_END) -> CoarseColumns | None:
        """Return what is drawn with an error, None where that is more than it may be."""
        from xrserver.kernels.tiles import classify, peaks, sweep, thin

        e, w, error = self._extents, self.walk, float(ERRORS[step])
        least = self.definition.building.lowest
        whole, yard, run = peaks(part.a, part.b, begin, end, e.top, w.node, w.parent, w.run_first)
        fate, block, kind, first, last, nodes = classify(
            part.a, part.b, begin, end, whole, yard, run, w.node, w.end, w.yard_end, w.run_first, w.run_end,
            w.depth, w.outline, w.yard, self.plate, least, SIDE_SHARE, error)
        if nodes > most_nodes:
            return None
        limit = min(most_spans, len(events) + 1)
        count, kept, upto, before = thin(part.a, part.b, fate, begin, end, e.birth, e.death, e.top, e.width,
                                         e.length, STILL_SHARE * error, limit)
        if count < 0:
            return None
        blocks = Blocks.of(w, kind, first, last, self.plate)
        versions, of, born, gone, height = sweep(
            events, part.a, part.lo, e.row, block, e.birth, e.top, e.width, e.length, blocks.ground, least,
            STILL_SHARE * error, limit - count)
        if versions < 0:
            return None
        itself = np.flatnonzero(fate == 1) + part.a
        return CoarseColumns(part.a, begin, end, itself, kept, upto, before, blocks, of, born, gone, height)

    def _box(self, w: Walk, part: Part, begin: NDArray[np.int64], end: NDArray[np.int64]) -> list[float]:
        """Return what holds all of a part but the plates that go on outside it; zeros where nothing is."""
        from xrserver.kernels.tiles import highest

        rows = np.flatnonzero(end > begin) + part.a
        if not len(rows):
            return [0.0] * 6
        within, yard_within = w.end[rows] <= part.b, w.yard_end[rows] <= part.b
        plot = np.concatenate([w.outline[rows[within]], w.yard[rows[yard_within]]])
        # Where there are no files of its own, a yard is nothing, and says nothing.
        plot = plot[plot[:, 2] > 0.0]
        plot = plot if len(plot) else w.outline[rows]
        low, high = plot[:, :2] - 0.5 * plot[:, 2:], plot[:, :2] + 0.5 * plot[:, 2:]
        top = highest(begin, end, self._extents.top)
        (x0, z0), (x1, z1) = low.min(axis=0), high.max(axis=0)
        return [float(side) for side in (x0, 0.0, z0, x1, top, z1)]

    # --- what refines a part ------------------------------------------------------------------

    def cut(self, part: Part, plan: Plan) -> list[Part]:
        """Return the parts that refine a part; none of one that is exact.

        Where so little stands at once that two of it fit into a tile, time is cut: that leads to
        what is exact with the fewest spans held at a moment. Else space is.
        """
        from xrserver.kernels.tiles import borders

        w = self.walk
        if plan.step < 0:
            return []
        tiling = self.tiling
        begin, end = self._window(part)
        spans, nodes = int((end - begin).sum()), int(np.count_nonzero(end > begin))
        if plan.standing > min(tiling.tile_nodes, tiling.tile_spans) // 2 and part.b - part.a > 1:
            wanted = max(spans / (_FILL * tiling.tile_spans), nodes / (_FILL * tiling.tile_nodes))
            starts: NDArray[np.int64] = borders(
                part.a, part.b, begin, end, w.node, w.parent, w.run_first, w.depth,
                min(max(int(np.ceil(wanted)), 2), _IN_SPACE))
            return [Part(part.level + 1, a, b, part.lo, part.hi, plan.step, part.of)
                    for a, b in pairwise([*starts.tolist(), part.b])]
        rows = ragged(begin, end - begin)
        births, deaths = np.sort(self._extents.birth[rows]), np.sort(self._extents.death[rows])
        limit = tiling.tile_spans if spans > tiling.tile_spans else spans // 2
        limit = max(limit, spans // _IN_TIME, 2 * plan.standing)
        return [Part(part.level + 1, part.a, part.b, lo, hi, plan.step, part.of)
                for lo, hi in windows(births, deaths, part.lo, part.hi, limit)]
