"""The tiles of a river: what is near each other, from its first commit on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END
from xrserver.scene.deferred import Deferred
from xrserver.scene.definition import SceneDefinition, Tiling
from xrserver.scene.river import River
from xrserver.scene.river_coarse import Coarse, Stretch, coarse, coarse_columns, error_of
from xrserver.scene.spans import SceneColumns
from xrserver.scene.tiles import bounds, column_bytes
from xrserver.scene.tree import Part, Plan, Tree, limits

#: Sides of squares, in the usual distances between two commits: three of them to a doubling.
_SIDES = 2.0 ** (np.arange(75) / 3.0)
#: Into how many parts a stretch is cut at once, and how full they are meant to be.
_PARTS, _FILL = 4, 0.7
_BITS = 10


@dataclass(frozen=True, slots=True)
class Winding:
    """A river and the order of its commits in which neighbours on the ground follow each other.

    Attributes
    ----------
    order : (n_commits,) int64
        Ranks.
    place : (n_commits,) int64
        Where each commit is in it.
    before : (n_commits + 1,) int64
        Nodes of the commits before each, in that order, and all.
    stretched : float
        How much longer its outermost lane may be than its mainline.
    """

    river: River
    order: NDArray[np.int64]
    place: NDArray[np.int64]
    before: NDArray[np.int64]
    stretched: float

    @staticmethod
    def of(river: River) -> Winding:
        """Return the order: by time where it runs straight, else along a curve over the ground."""
        from xrserver.kernels.reaches import along_course

        layout = river.layout
        n = len(layout.along)
        order, stretched = np.arange(n), 1.0
        if layout.coiled:
            # All lanes of a place go together.
            on = layout.places(layout.along, np.zeros(n))
            order = np.argsort(along_course(on[:, 0], on[:, 2], _BITS), kind="stable").astype(np.int64)
            away, out = (np.hypot(at[:, 0], at[:, 2]) for at in (on, layout.position))
            wider = float((out / np.maximum(away, 1e-9)).max())
            stretched = float(np.hypot(1.0, layout.shape.slope)) * max(wider, 1.0)
        place = np.empty(n, np.int64)
        place[order] = np.arange(n)
        nodes = 1 + np.diff(layout.first_piece[layout.parent_offsets])
        nodes += np.bincount(layout.course_rank[:-1], minlength=n)
        return Winding(river, order, place, np.concatenate(([0], np.cumsum(nodes[order]))), stretched)

    def stretch(self, part: Part) -> Stretch:
        """Return what a part holds."""
        if part.b < 0:
            part.b = len(self.order)
        start = self.place[self.river.layout.course_rank[:-1]]
        return Stretch.of(self.river, np.sort(self.order[part.a:part.b]),
                          np.flatnonzero((start >= part.a) & (start < part.b)))


class RiverTree(Tree):
    """The parts of a river. Where commits are, their edges to their parents are.

    Parameters
    ----------
    winding : Deferred of Winding
    """

    def __init__(self, generation: str, definition: SceneDefinition, winding: Deferred[Winding],
                 tiling: Tiling | None = None) -> None:
        super().__init__(generation, definition, tiling)
        self._winding = winding

    @property
    def winding(self) -> Winding:
        """The river, laid out."""
        return self._winding.value

    @property
    def coarsest(self) -> int:
        """The largest step: a row of `_SIDES`."""
        return len(_SIDES) - 1

    @property
    def columns(self) -> SceneColumns:
        """The exact columns."""
        river = self._winding.value.river
        return river.exact(np.arange(len(river.author)), np.arange(len(river.bed_author)))

    @property
    def size(self) -> tuple[int, int]:
        """Nodes and spans of the exact columns."""
        nodes = int(self._winding.value.before[-1])
        return nodes, nodes

    def prepare(self) -> None:
        """Lay the river out."""
        self._winding.value  # noqa: B018

    def tile(self, part: Part) -> SceneColumns:
        """Return the columns of a part's tile. O(n log n) in its commits."""
        plan, winding = self.plan(part), self._winding.value
        stretch = winding.stretch(part)
        if plan.step < 0:
            return winding.river.exact(stretch.commits, stretch.bed)
        drawn = coarse(winding.river, stretch, self._side(plan.step), RANK_END)
        assert drawn is not None
        return coarse_columns(winding.river, stretch, drawn, self._side(plan.step))

    def planned(self, part: Part) -> Plan:
        """Find out how a part is drawn: exactly where it fits, else by the smallest squares that do."""
        winding = self._winding.value
        river, stretch = winding.river, winding.stretch(part)
        nodes = int(winding.before[part.b] - winding.before[part.a])
        exact_nodes, exact_spans, most_nodes, most_spans = limits(self.tiling, part)
        if nodes <= min(exact_nodes, exact_spans) or part.b - part.a == 1:
            beads = len(stretch.commits)
            strata = beads + 2 * (nodes - beads - len(stretch.bed))
            return Plan(-1, nodes, nodes, strata, column_bytes(nodes, nodes, strata, beads * river.digits),
                        self._box(part, stretch), 0.0)
        low, high = 0, part.coarsest
        best: Coarse | None = None
        while low < high:
            middle = (low + high) // 2
            found = coarse(river, stretch, self._side(middle), min(most_nodes, most_spans))
            if found is None:
                low = middle + 1
            else:
                best, high = found, middle
        if best is None:
            best = coarse(river, stretch, self._side(high), RANK_END)
            assert best is not None
        beads, ribbons = len(best.along), len(best.row)
        strata = beads + 2 * ribbons
        return Plan(high, best.nodes, best.nodes, strata,
                    column_bytes(best.nodes, best.nodes, strata, beads * river.digits),
                    self._box(part, stretch), error_of(river, self._side(high), winding.stretched))

    def _box(self, part: Part, stretch: Stretch) -> list[float]:
        """Return what holds all commits of a part; edges and the bed go on to where other parts are."""
        river = self._winding.value.river
        at, wide = river.layout.position[stretch.commits], river.radius[stretch.commits][:, None]
        low, high = (at - wide).min(axis=0), (at + wide).max(axis=0)
        if part.top and len(stretch.bed):
            box = bounds(river.bed(stretch.bed))
            low, high = np.minimum(low, box[:3]), np.maximum(high, box[3:])
        return [float(side) for side in (*low, *high)]

    def cut(self, part: Part, plan: Plan) -> list[Part]:
        """Return the parts that refine a part, of about as many nodes each; none of one that is exact."""
        if plan.step < 0:
            return []
        winding, tiling = self._winding.value, self.tiling
        if part.b < 0:
            part.b = len(winding.order)
        begin, end = winding.before[part.a], winding.before[part.b]
        wanted = np.ceil((end - begin) / (_FILL * min(tiling.tile_nodes, tiling.tile_spans)))
        shares = np.linspace(begin, end, min(max(int(wanted), 2), _PARTS) + 1)[1:-1]
        borders = np.unique(np.clip(np.searchsorted(winding.before, shares), part.a + 1, part.b - 1))
        return [Part(part.level + 1, a, b, int(winding.order[a:b].min()), RANK_END, plan.step, part.of)
                for a, b in pairwise([part.a, *borders.tolist(), part.b])]

    def _side(self, step: int) -> float:
        """Return the side of the squares of a step, metres."""
        return float(_SIDES[step]) * self._winding.value.river.layout.parameters.pitch
