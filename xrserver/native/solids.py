"""What stands at a rank, as boxes: for what is thrown, and for a good place to stand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xrserver.spaces import Vector

#: Places that are looked at for one to stand on, across and deep; enough room around somebody, metres.
_ACROSS, _DEEP, _AMPLE, _AHEAD = 33, 25, 12.0, 0.6
#: Closer to a wall's top than this (metres) one is on it.
_NEAR = 1e-3


class Solids:
    """Boxes that stand, scene space; districts among them, which are low plates.

    Attributes
    ----------
    low, high : (n, 3) float64
    plates : (n,) bool
    river : (x, y, z) or None
        Where the mainline is now.
    """

    def __init__(self) -> None:
        self.river: Vector | None = None
        self.low = self.high = np.empty((0, 3))
        self.plates = np.empty(0, np.bool_)

    def take(self, low: NDArray[np.float64], high: NDArray[np.float64], plates: NDArray[np.bool_]) -> None:
        """Let these stand from now on."""
        self.low, self.high, self.plates = low, high, plates

    def landing(self, start: Vector, end: Vector, aside: float, model: bool) -> Vector | None:
        """Return where somebody lands who flies straight from `start` to `end`; None while in the air.

        On top of what is met; where that is a wall, `aside` metres before it, or in a model on its roof.
        """
        a, b = np.array(start), np.array(end)
        way = b - a
        here = np.flatnonzero(((self.low <= np.maximum(a, b)) & (self.high >= np.minimum(a, b))).all(axis=1))
        with np.errstate(divide="ignore", invalid="ignore"):
            one, two = (self.low[here] - a) / way, (self.high[here] - a) / way
        enter, leave = np.fmin(one, two), np.fmax(one, two)
        inside = (self.low[here] <= a) & (a <= self.high[here])
        still = way == 0.0
        enter[:, still] = np.where(inside[:, still], -np.inf, np.inf)
        leave[:, still] = np.where(inside[:, still], np.inf, -np.inf)
        share, out = enter.max(axis=1), leave.min(axis=1)
        hits = np.flatnonzero((share <= out) & (share >= 0.0) & (share <= 1.0))
        if not len(hits):
            if end[1] < 0.0 <= start[1]:
                at = start[1] / (start[1] - end[1])
                return (start[0] + way[0] * at, 0.0, start[2] + way[2] * at)
            return None
        first = hits[np.argmin(share[hits])]
        point = a + way * share[first]
        face = int(np.argmax(enter[first]))
        if face == 1 and way[1] < 0.0:
            return (float(point[0]), float(self.high[here[first], 1]), float(point[2]))
        if model:
            return (float(point[0]), float(self.high[here[first], 1]), float(point[2]))
        if face != 1:
            point[face] -= np.sign(way[face]) * aside
        return (float(point[0]), self.top(float(point[0]), float(point[2]), float(point[1])), float(point[2]))

    def top(self, x: float, z: float, below: float) -> float:
        """Return the height of what lies under a place, no higher than `below`; 0 where it is the ground."""
        under = ((self.low[:, 0] <= x) & (x <= self.high[:, 0]) & (self.low[:, 2] <= z)
                 & (z <= self.high[:, 2]) & (self.high[:, 1] <= below + _NEAR))
        return float(self.high[under, 1].max(initial=0.0))

    def standpoint(self, box: tuple[float, ...]) -> Vector:
        """Return a place in the open, near the front of a city, with the city ahead; scene space.

        Of places on a grid, the one with room around it that lies nearest to the middle of the front
        third. They are looked at from there on, until none that is farther off can be better. Where there
        is a river only, on it: its coil lies within.
        """
        if self.river is not None and self.plates.all():
            return self.river
        if self.plates.any():  # of the scene, the city
            size = (self.high - self.low)[self.plates]
            whole = int(np.argmax(size[:, 0] * size[:, 2]))
            box = (*self.low[self.plates][whole].tolist(), *self.high[self.plates][whole].tolist())
        xs, zs = (axis.ravel() for axis in np.meshgrid(
            np.linspace(box[0], box[3], _ACROSS), np.linspace(box[2], box[5], _DEEP)))
        wide, deep = box[3] - box[0], box[5] - box[2]
        away = np.hypot(xs - (box[0] + box[3]) / 2, zs - (box[5] - deep / 3)) / max(wide, deep, 1e-6)
        low, high = self.low[~self.plates], self.high[~self.plates]
        best, place = -np.inf, ((box[0] + box[3]) / 2, box[5])
        for at in np.argsort(away, kind="stable").tolist():
            # Being squeezed in counts more than being far from the front.
            if 1.0 - 1.2 * away[at] <= best:
                break
            x, z = float(xs[at]), float(zs[at])
            near = np.flatnonzero((low[:, 0] < x + _AMPLE) & (high[:, 0] > x - _AMPLE)
                                  & (low[:, 2] < z + _AMPLE) & (high[:, 2] > z - _AMPLE))
            dx = np.maximum(np.maximum(low[near, 0] - x, x - high[near, 0]), 0.0)
            dz = np.maximum(np.maximum(low[near, 2] - z, z - high[near, 2]), 0.0)
            # What is ahead counts as so much nearer.
            ahead = np.where(z > high[near, 2], _AHEAD, 1.0)
            room = min(_AMPLE, float((np.hypot(dx, dz) * ahead).min(initial=_AMPLE)))
            value = room / _AMPLE - 1.2 * float(away[at])
            if value > best:
                best, place = value, (x, z)
        low, high = self.low[self.plates], self.high[self.plates]
        x, z = place
        on = (low[:, 0] <= x) & (x <= high[:, 0]) & (low[:, 2] <= z) & (z <= high[:, 2])
        return (x, float(high[on, 1].max(initial=0.0)), z)
