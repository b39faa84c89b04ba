"""The course of the river: from how far along, beside and above it to metres, and its ribbons as curves.

The course is straight, or a coil on a cone: a winding's radius grows evenly from its beginning to
its end, and what lies farther out lies higher. Ribbons are cubic Hermite curves in scene space.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.kernels.jit import kernel
from xrserver.kernels.lanes import ALONG, BRIDGE, FORK

#: Arrays of these dtypes. (An element taken from a typed one would not be a number to pyright.)
U8 = NDArray[Any]
I32 = NDArray[Any]
I64 = NDArray[Any]
F64 = NDArray[Any]
#: What is a float to Numba; pyright takes elements of arrays for arrays.
Float = Any

#: The most that a piece of a ribbon turns, radians: drawn as three straight stretches, nobody sees them.
_TURN = 0.3

#: Step for derivatives, as a share of a piece.
_STEP = 1e-3


@kernel
def coil(length: float, radius: float, air: float, slope: float, half_width: F64) -> tuple[F64, F64]:
    """Wind a river of `length` metres up, so that no winding touches the one before.

    Parameters
    ----------
    radius : float, metres
        Of the innermost winding, where it begins.
    air : float, metres
        Between the lanes of two windings.
    slope : float
        How much the cone rises for each metre outwards.
    half_width : (k,) float64, metres
        How far the lanes reach to either side, at k places evenly along the river.

    Returns
    -------
    radii : (n_windings + 1,) float64, metres
        Where each winding begins; the last one ends at the last.
    angle : (m,) float64, radians
        At m places evenly along the river, from 0.
    """
    per = len(half_width) / length
    radii = [radius]
    done = 0.0
    before = 0.0
    while done < length:
        at = radii[-1]
        about = 2.0 * math.pi * at
        here = _most(half_width, done * per, (done + about) * per)
        then = _most(half_width, (done + about) * per, (done + 2.2 * about) * per)
        growth = air + here + max(before, then)
        radii.append(at + growth)
        middle = at + 0.5 * growth
        done += math.hypot(2.0 * math.pi * middle, growth * math.hypot(1.0, slope))
        before = here
    # By small steps: the angle that each step along the cone turns.
    count = max(1024, 96 * len(radii))
    angle = np.zeros(count)
    found = np.array(radii)
    turn_on(found, angle, 1, length / (count - 1), slope)
    return found, angle


@kernel
def turn_on(radii: F64, angle: F64, first: int, step: float, slope: float) -> None:
    """Write how far the coil has turned by each step from `first` on, each `step` metres long."""
    for k in range(first, len(angle)):
        turned = angle[k - 1]
        for half in range(2):  # the middle of the step says how far it turns
            winding = min(int(turned / (2.0 * math.pi)), len(radii) - 2)
            growth = (radii[winding + 1] - radii[winding]) / (2.0 * math.pi)
            here = radii[winding] + growth * (turned - 2.0 * math.pi * winding)
            turn = step / math.hypot(here, growth * math.hypot(1.0, slope))
            turned = angle[k - 1] + (0.5 * turn if half == 0 else turn)
        angle[k] = turned


@kernel
def _most(values: F64, first: float, last: float) -> float:
    """Return the largest of the values [first, last), 0 beyond their end."""
    most = 0.0
    for i in range(int(first), min(int(last) + 1, len(values))):
        most = max(most, values[i])
    return most


@kernel
def place(along: Float, aside: Float, above: Float, begin: Float, step: Float, radii: F64, angle: F64,
          slope: Float, base: Float, out: F64) -> None:
    """Write where something is into `out`: x, y, z in metres, scene space.

    Parameters
    ----------
    along, aside, above : Float, metres
        From the river's beginning, from its mainline (outwards where it is coiled), over its bed.
    begin : Float
        Where the river begins: along X in metres where it is straight, else the direction, radians.
    step : Float, metres
        From one of the angles to the next.
    radii, angle : float64
        As `coil` returns them; empty where the river is straight.
    base : Float, metres
        Height of the bed where the innermost winding begins.
    """
    if len(radii) == 0:
        out[0] = along + begin
        out[1] = base + above
        out[2] = -aside
        return
    # Beyond either end it goes on as it does there, so that derivatives are whole.
    at = along / step
    k = min(max(int(at), 0), len(angle) - 2)
    turned = angle[k] + (at - k) * (angle[k + 1] - angle[k])
    winding = min(max(int(turned / (2.0 * math.pi)), 0), len(radii) - 2)
    away = radii[winding] + (radii[winding + 1] - radii[winding]) * (turned / (2.0 * math.pi) - winding)
    facing = turned + begin
    out[0] = (away + aside) * math.cos(facing)
    out[1] = base + above + slope * (away + aside - radii[0])
    out[2] = (away + aside) * math.sin(facing)


@kernel
def places(along: F64, aside: F64, above: F64, begin: Float, step: Float, radii: F64, angle: F64,
           slope: Float, base: Float) -> F64:
    """Return where many things are, as `place` does: (n, 3) float64."""
    found: F64 = np.empty((len(along), 3))
    for i in range(len(along)):
        place(along[i], aside[i], above[i], begin, step, radii, angle, slope, base, found[i])
    return found


@kernel
def _local(t: Float, s0: Float, s1: Float, x0: Float, x1: Float, lift: Float, out: F64) -> None:
    """Write how far along, aside and above a stretch of an edge is, at t of it."""
    eased = t * t * (3.0 - 2.0 * t)
    out[0] = s0 + t * (s1 - s0)
    out[1] = x0 + eased * (x1 - x0)
    out[2] = lift * 16.0 * t * t * (1.0 - t) * (1.0 - t)


@kernel
def pieces(child: I32, parent: I32, route: U8, along: F64, aside: F64, bend: Float, step: Float,
           angle: F64) -> tuple[I64, F64]:
    """Return of how many pieces edges are made; parameters are those of `ribbons`.

    Returns
    -------
    first : (m + 1,) int64
        Pieces before each edge, and all.
    middle : (m,) float64, metres
        How far along the river the stretch that goes over to another lane meets the one beside it.
    """
    m = len(child)
    first: I64 = np.zeros(m + 1, np.int64)
    middle: F64 = np.empty(m)
    turns = len(angle) - 1
    for e in range(m):
        s0 = along[parent[e]]
        s1 = along[child[e]]
        wide = min(s1 - s0, bend + 0.9 * abs(aside[child[e]] - aside[parent[e]]))
        kind = route[e]
        middle[e] = s0 + wide if kind == FORK else (s0 if kind == BRIDGE else s1 - wide)
        if kind == ALONG:
            middle[e] = s1
        first[e + 1] = first[e] + _pieces(s0, middle[e], kind == FORK, step, angle, turns) \
            + _pieces(middle[e], s1, kind != FORK, step, angle, turns)
    return first, middle


@kernel
def ribbons(child: I32, parent: I32, route: U8, along: F64, aside: F64, bend: Float, lift: Float,
            begin: Float, step: Float, radii: F64, angle: F64, slope: Float,
            base: Float) -> tuple[I64, F64]:
    """Return the edges as pieces of curves, from each parent to its child, one after the other.

    Parameters
    ----------
    child, parent : (m,) int32
        Ranks.
    route : (m,) uint8
        See `kernels.lanes`.
    along, aside : (n,) float64, metres
        Of each commit.
    bend, lift : Float, metres
        How long it takes to go over to the next lane, and how high a bridge is at most.

    Returns
    -------
    edge : (k,) int64
        Rows of `child`, ascending.
    curve : (k, 12) float64, metres
        Where a piece begins, its derivative there, where it ends, and its derivative there; by a
        parameter that goes from 0 to 1.
    """
    m = len(child)
    first, middle = pieces(child, parent, route, along, aside, bend, step, angle)
    turns = len(angle) - 1
    edge = np.empty(first[m], np.int64)
    curve: F64 = np.empty((first[m], 12))
    local: F64 = np.empty(3)
    near: F64 = np.empty(3)
    far: F64 = np.empty(3)
    for e in range(m):
        kind = route[e]
        at = first[e]
        x0 = aside[parent[e]]
        x1 = aside[child[e]]
        lane = x1 if kind == FORK else x0  # of the stretch beside the bend
        for part in range(2):
            s0 = along[parent[e]] if part == 0 else middle[e]
            s1 = middle[e] if part == 0 else along[child[e]]
            bends = (part == 0) == (kind == FORK)
            count = _pieces(s0, s1, bends, step, angle, turns)
            a0 = x0 if bends else lane
            a1 = x1 if bends else lane
            high = min(lift, 0.3 * (s1 - s0)) if kind == BRIDGE else 0.0
            for j in range(count):
                edge[at] = e
                for side in range(2):
                    t = (j + side) / count
                    low = max(t - _STEP / count, 0.0)
                    top = min(t + _STEP / count, 1.0)
                    _local(t, s0, s1, a0, a1, high, local)
                    place(local[0], local[1], local[2], begin, step, radii, angle, slope, base,
                          curve[at, 6 * side:6 * side + 3])
                    _local(low, s0, s1, a0, a1, high, local)
                    place(local[0], local[1], local[2], begin, step, radii, angle, slope, base, near)
                    _local(top, s0, s1, a0, a1, high, local)
                    place(local[0], local[1], local[2], begin, step, radii, angle, slope, base, far)
                    for axis in range(3):
                        curve[at, 6 * side + 3 + axis] = (far[axis] - near[axis]) / ((top - low) * count)
                at += 1
    return edge, curve


@kernel
def _pieces(s0: Float, s1: Float, bends: bool, step: Float, angle: F64, turns: int) -> int:
    """Return how many pieces a stretch of an edge is made of: none where it has no length."""
    if s1 - s0 <= 0.0:
        return 0
    turned = 0.0
    if turns > 0:
        first = min(int(s0 / step), turns)
        last = min(int(s1 / step) + 1, turns)
        turned = angle[last] - angle[first]
    return max(2 if bends else 1, int(turned / _TURN) + 1)
