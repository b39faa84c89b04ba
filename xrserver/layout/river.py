"""The river: commits along time, branches beside the mainline, coiled up where it is long.

Every length follows from the commits there are, and none from the one the playhead is at: nothing moves
when time does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xrserver.history.index import HistoryIndex

#: Part of a generation's name: raised when the same history would be placed differently.
LAYOUT_VERSION = 2

#: Places at which the width of the river is looked at before it is wound up.
_LOOKS = 4096

#: Places by which viewers know its course.
_COURSE = 1024
#: … and how far it turns at most between two of them where it is coiled, radians.
_COURSE_TURN = 0.2

#: The stretch of the mainline by which its heading is found, metres.
_STEP = 0.01


@dataclass(frozen=True, slots=True)
class RiverParameters:
    """What a scene file may say about the river. Lengths in metres."""

    pitch: float = 1.25
    """From one commit to the next, where the usual time passed between them."""
    least_pitch: float = 0.5
    """Of that, where they come fast; as a share."""
    most_pitch: float = 5.0
    """Of that, where nothing happened for long: gaps are compressed."""
    lane: float = 2.0
    """From the mainline to the lane beside it."""
    lanes_exponent: float = 0.66
    """Lanes farther out lie closer: 1 keeps them as far from each other as the first."""
    bend: float = 2.5
    """How long a branch takes to leave a lane, at least."""
    bridge: float = 4.0
    """How high an edge goes over the lanes that it crosses, at most."""
    straight: float = 160.0
    """A river no longer than this is straight."""
    radius: float = 24.0
    """Of the innermost winding of one that is longer."""
    air: float = 4.0
    """Between two windings."""
    slope: float = 0.22
    """How much the windings rise outwards, for each metre."""
    clearance: float = 2.0
    """Of the lowest lane above the ground."""
    bead: float = 0.46
    """Radius of a commit that changed one file."""
    most_bead: float = 3.2
    """The largest radius, in those."""
    current: float = 0.7
    """Width of the mainline."""
    branch: float = 0.3
    """Width of every other lane."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a river runs: what `kernels.course` takes. Metres.

    Attributes
    ----------
    length : float
        Of its mainline.
    begin : float
        Where it begins: along X where it is straight, else the direction, radians.
    step : float
        From one of the angles to the next.
    radii, angle : float64
        Empty where it is straight.
    slope : float
        How much all of it rises outwards, for each metre.
    """

    length: float
    begin: float
    step: float
    radii: NDArray[np.float64]
    angle: NDArray[np.float64]
    slope: float
    base: float

    def places(self, along: NDArray[np.float64], aside: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where on the river's bed that is: (n, 3) float64, metres, scene space."""
        from xrserver.kernels import course

        zero = np.zeros(len(along))
        return course.places(along, aside, zero, self.begin, self.step, self.radii, self.angle, self.slope,
                             self.base)

    def continued(self, length: float, growth: float) -> Shape:
        """Return a river that goes on to `length` metres: what there is of it stays where it is.

        `growth` is how much farther out each winding beyond those that there are ends than it begins.
        """
        from xrserver.kernels import course

        if length <= self.length or not len(self.angle):
            return replace(self, length=max(length, self.length))
        more = math.ceil(length / self.step) + 2 - len(self.angle)
        if more <= 0:
            return replace(self, length=length)
        angle = np.append(self.angle, np.zeros(more))
        radii, turn = self.radii.tolist(), 2.0 * math.pi
        while self.angle[-1] >= turn * (len(radii) - 1):  # its end goes on as it was wound
            radii.append(2.0 * radii[-1] - radii[-2])
        wound = math.ceil(more * self.step / (turn * radii[-2])) + 1
        radii += [radii[-1] + growth * k for k in range(1, wound + 1)]
        course.turn_on(np.array(radii), angle, len(self.angle), self.step, self.slope)
        return replace(self, length=length, radii=np.array(radii), angle=angle)


@dataclass(frozen=True, slots=True)
class RiverLayout:
    """Where everything is placed; metres, scene space.

    Attributes
    ----------
    chain, lane : (n_commits,) int32
        Which run of first parents a commit is of, and its lane: 0 is the mainline's, odd ones lie on one
        side of it and even ones on the other.
    position : (n_commits, 3) float64
        The middle of each commit's bead.
    along, aside : (n_commits,) float64
        How far each commit is along the river, and beside its mainline.
    route : (n_edges,) uint8
        How every edge goes, as `kernels.lanes` says it.
    lane_end, lane_chain : (n_lanes,) int32
        The rank from which on each lane is free, and the chain that had it last.
    first_piece : (n_edges + 1,) int64
        Pieces of curves before each edge, and all.
    course_rank : (k,) int64
    course, across : (k, 3) float64
        The mainline at those ranks, and from there to the outermost lane on its outer side.
    bed_piece : (k - 1,) int64
        Numbers of the pieces of the bed, each from one place of the course to the next: behind all others.
    shape : Shape
    parameters : RiverParameters
    parent_offsets, parents : arrays
        Those of the index.
    """

    chain: NDArray[np.int32]
    lane: NDArray[np.int32]
    position: NDArray[np.float64]
    along: NDArray[np.float64]
    aside: NDArray[np.float64]
    route: NDArray[np.uint8]
    lane_end: NDArray[np.int32]
    lane_chain: NDArray[np.int32]
    first_piece: NDArray[np.int64]
    course_rank: NDArray[np.int64]
    course: NDArray[np.float64]
    across: NDArray[np.float64]
    bed_piece: NDArray[np.int64]
    shape: Shape
    parameters: RiverParameters
    parent_offsets: NDArray[np.int64]
    parents: NDArray[np.int32]

    @property
    def coiled(self) -> bool:
        """It is wound up, and does not run straight."""
        return len(self.shape.angle) > 0

    def child(self, edge: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the commit that each edge (row of the index's `parents`) belongs to."""
        return np.searchsorted(self.parent_offsets, edge, side="right") - 1

    def ribbons(self, edge: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the pieces of some edges, those of each one after the other, from its parent to its child.

        Returns
        -------
        row : (k,) int64
            Which of `edge` a piece is of.
        curve : (k, 12) float64, metres
            Cubic Hermite curves: begin, derivative, end, derivative.
        """
        return self.curves(self.child(edge).astype(np.int32), self.parents[edge], self.route[edge],
                           self.along, self.aside)

    def curves(self, child: NDArray[np.int32], parent: NDArray[np.int32], route: NDArray[np.uint8],
               along: NDArray[np.float64], aside: NDArray[np.float64],
               ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return pieces, as `ribbons` does, between other places of this river."""
        from xrserver.kernels import course

        s = self.shape
        return course.ribbons(child, parent, route, along, aside, self.parameters.bend,
                              self.parameters.bridge, s.begin, s.step, s.radii, s.angle, s.slope, s.base)

    def places(self, along: NDArray[np.float64], aside: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where on the river's bed that is: (n, 3) float64, metres, scene space."""
        return self.shape.places(along, aside)

    def headings(self, along: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return which way the mainline runs there: (n, 3) float64, of length 1."""
        zero, half = np.zeros(len(along)), 0.5 * _STEP
        run = self.places(along + half, zero) - self.places(along - half, zero)
        return run / np.linalg.norm(run, axis=1)[:, None]


def lay_out_river(index: HistoryIndex, parameters: RiverParameters, around: float = 0.0,
                  reach: float = math.inf) -> RiverLayout:
    """Place every commit of a history and every edge between them.

    Parameters
    ----------
    around : float, metres
        Leave this much free: the river winds around it, however short it is. 0: of its own choice.
    reach : float, metres
        Draw it smaller where it would go farther from the middle than this.

    Notes
    -----
    Depends on parents, mainline and timeline alone. O(n log n): a million commits take about a second.
    """
    from xrserver.kernels import course, lanes

    n = len(index.oids)
    chain, start, end, route = lanes.chains(index.parent_offsets, index.parents, index.mainline)
    by_start = np.argsort(((start.astype(np.int64) + 1) << 32) | end.astype(np.int64), kind="stable")
    by_start = np.concatenate([np.zeros(1, np.int64), by_start[by_start != 0]])
    lane_of = lanes.colour_intervals(start, end, by_start)
    lane = lane_of[chain]
    last = np.lexsort((end, lane_of))[np.cumsum(np.bincount(lane_of)) - 1]
    widest = lanes.widest(start, end, lane_of, np.argsort(-lane_of, kind="stable"), n)

    p, usual = parameters, usual_gap(index.timeline)
    steps = np.append(0.0, steps_between(index.timeline, usual, p))
    outermost = np.abs(aside_of(widest, p)) + p.most_bead * p.bead
    if math.isfinite(reach):
        p = _smaller(p, steps, outermost, around, reach)
        steps = np.append(0.0, steps_between(index.timeline, usual, p))
        outermost = np.abs(aside_of(widest, p)) + p.most_bead * p.bead
    along = np.cumsum(steps)
    length = max(float(along[-1]), p.pitch)
    radii, angle, slope, base = np.zeros(0), np.zeros(0), 0.0, p.clearance
    begin, step = -0.5 * length, length
    if around > 0.0 or length > p.straight:
        places = np.linspace(0.0, length, _LOOKS)
        # Of everything between two places: the widest, so that no winding is too narrow for it.
        bins = np.minimum(np.searchsorted(places, along), _LOOKS - 1)
        half_width = np.zeros(_LOOKS)
        np.maximum.at(half_width, bins, outermost)
        half_width = _with_neighbours(half_width)
        radius = max(around + float(half_width[:_LOOKS // 8].max()) + p.air, 0.0) if around > 0.0 \
            else max(p.radius, 1.5 * float(half_width[:_LOOKS // 8].max()))
        slope = p.slope
        radii, angle = course.coil(length, radius, p.air, slope, half_width)
        # Its innermost lanes are the lowest: they stay above the ground.
        base += slope * float(half_width[:_LOOKS // 8].max())
        # The newest commit lies towards +Z, where somebody stands who looks at the scene.
        begin, step = 0.5 * math.pi - float(angle[-1]), length / (len(angle) - 1)
    shape = Shape(length, begin, step, radii, angle, slope, base)

    aside = aside_of(lane, p)
    position = shape.places(along, aside)
    child = np.repeat(np.arange(n, dtype=np.int32), np.diff(index.parent_offsets))
    first_piece, _ = course.pieces(child, index.parents, route, along, aside, p.bend, step, angle)

    course_rank = np.linspace(0, n - 1, min(n, _COURSE)).astype(np.int64)
    if len(angle):
        # As often as the coil needs: its inner windings hold few commits each.
        turns = np.arange(0.0, angle[-1], _COURSE_TURN)
        turned = np.interp(turns, angle, np.linspace(0.0, length, len(angle)))
        course_rank = np.concatenate([[0], np.minimum(np.searchsorted(along, turned), n - 1), [n - 1]])
    course_rank = np.unique(course_rank)
    at = along[course_rank]
    zero = np.zeros(len(at))
    # Wide enough for its neighbourhood, and without steps.
    reached = outermost[course_rank]
    for _ in range(3):
        reached = _with_neighbours(reached)
    reached = np.convolve(np.pad(reached, 3, mode="edge"), np.full(7, 1 / 7), mode="valid")
    on = shape.places(at, zero)
    outside = shape.places(at, reached)
    return RiverLayout(chain, lane, position, along, aside, route, end[last], last.astype(np.int32),
                       first_piece, course_rank, on, outside - on, first_piece[-1] + np.arange(len(at) - 1),
                       shape, p, index.parent_offsets, index.parents)


def _with_neighbours(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest of each value and those beside it."""
    padded = np.pad(values, 1, mode="edge")
    return np.maximum.reduce([padded[:-2], values, padded[2:]])


def aside_of(lane: NDArray[np.int32], parameters: RiverParameters) -> NDArray[np.float64]:
    """Return how far lanes lie from the mainline, metres: to one side and to the other by turns."""
    number = ((lane + 1) // 2).astype(np.float64)
    exponent = parameters.lanes_exponent
    away = ((1.0 + number) ** exponent - 1.0) / (2.0**exponent - 1.0)
    return np.where(lane % 2 == 1, 1.0, -1.0) * parameters.lane * away


def usual_gap(timeline: NDArray[np.int64]) -> float:
    """Return how many seconds usually pass from one commit to the next, where any do."""
    gaps = np.diff(timeline)
    passed = gaps[gaps > 0]
    return float(np.median(passed)) if len(passed) else 1.0


def steps_between(timeline: NDArray[np.int64], usual: float,
                  parameters: RiverParameters) -> NDArray[np.float64]:
    """Return how far commits lie from the one before each: by the root of the time between them."""
    share = np.sqrt(np.diff(timeline) / usual)
    return parameters.pitch * np.clip(share, parameters.least_pitch, parameters.most_pitch)


def _smaller(parameters: RiverParameters, steps: NDArray[np.float64], outermost: NDArray[np.float64],
             around: float, reach: float) -> RiverParameters:
    """Return parameters whose lengths are so much shorter that the river stays within `reach`."""
    ground = float((steps * (2.0 * outermost + parameters.air)).sum())
    room = math.pi * max(reach**2 - around**2, 0.19 * reach**2)
    scale = min(math.sqrt(room / max(ground, 1e-9)), 1.0)
    p = parameters
    return replace(p, pitch=scale * p.pitch, lane=scale * p.lane, bend=scale * p.bend,
                   bridge=scale * p.bridge, air=scale * p.air, bead=scale * p.bead,
                   current=scale * p.current, branch=scale * p.branch)
