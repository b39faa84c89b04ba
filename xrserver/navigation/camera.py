"""The way of a camera through a film: keys in time, and a level gaze at every moment between them.

Between keys the eye goes around what it looks at: its target, its distance and its two angles each follow
a curve that never overshoots a key (cubic Hermite, monotone slopes) and starts and ends at rest.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from xrserver import spaces
from xrserver.navigation.locomotion import EYE_LEAST, Gaze, gaze_of
from xrserver.spaces import Pose, Vector


@dataclass(frozen=True, slots=True)
class Overview:
    """An eye that looks at the whole: what the scene starts with, seen from elsewhere.

    Attributes
    ----------
    turn : float
        Radians to go around it, to the left of the scene's own side.
    tilt : float or None
        Radians that the gaze is above the horizon; None: the overview's own.
    distance : float
        In distances of the overview.
    """

    turn: float = 0.0
    tilt: float | None = None
    distance: float = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """An eye at a place, and what it looks at; metres, scene space."""

    eye: Vector
    towards: Vector


@dataclass(frozen=True, slots=True)
class Key:
    """Where the camera and the playhead are so many seconds into a film.

    Attributes
    ----------
    at : float
    view : Overview or Place
    moment : str
        Of the history; empty: on the way between those of the keys around it.
    """

    at: float
    view: Overview | Place
    moment: str = ""


class Track:
    """A camera's way, laid through one scene.

    Parameters
    ----------
    keys : sequence of Key
        Ascending in time.
    shares : sequence of float or None
        Of each key: how much of the history lies before its moment, 0 … 1; None where it names none.
    home : Pose
        The pose of the overview.
    ground : float
        Height of what the overview looks at, metres, scene space.
    """

    def __init__(self, keys: Sequence[Key], shares: Sequence[float | None], home: Pose,
                 ground: float = 0.0) -> None:
        whole = gaze_of(home)
        self._scale = whole.scale
        self._times = [key.at for key in keys]
        orbits: list[tuple[float, ...]] = []
        for key in keys:
            before = orbits[-1][3] if orbits else whole.yaw
            orbits.append(_orbit(key.view, whole, ground, before))
        self._curves = [_Curve(self._times, values) for values in zip(*orbits, strict=True)]
        told = [(at, share) for at, share in zip(self._times, shares, strict=True) if share is not None]
        self._moments = told or [(0.0, 1.0)]

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self._times[-1]

    def gaze(self, seconds: float) -> Gaze:
        """Return what is seen so far into the film."""
        x, y, z, yaw, pitch, far = (curve.at(seconds) for curve in self._curves)
        back = spaces.rotate(spaces.yaw_pitch(yaw, pitch), (0.0, 0.0, math.exp(far)))
        eye = spaces.add((x, y, z), back)
        return Gaze((eye[0], max(eye[1], EYE_LEAST), eye[2]), yaw, pitch, self._scale)

    def share(self, seconds: float) -> float:
        """Return how much of the history lies before the playhead, 0 … 1: evenly from moment to moment."""
        for (start, one), (end, other) in pairwise(self._moments):
            if start <= seconds < end:
                return one + (other - one) * (seconds - start) / (end - start)
        return self._moments[0][1] if seconds < self._moments[0][0] else self._moments[-1][1]

    def speed(self, seconds: float) -> float:
        """Return how much of the history passes in a second; 0 where time stands."""
        for (start, one), (end, other) in pairwise(self._moments):
            if start <= seconds < end:
                return (other - one) / (end - start)
        return 0.0


def _orbit(view: Overview | Place, whole: Gaze, ground: float, before: float) -> tuple[float, ...]:
    """Return target, yaw, pitch and the logarithm of the distance; the yaw that is nearest to `before`."""
    if isinstance(view, Place):
        away = spaces.subtract(view.eye, view.towards)
        yaw, pitch = spaces.yaw_pitch_of(spaces.look_at(view.eye, view.towards))
        yaw = before + math.remainder(yaw - before, 2 * math.pi)
        return (*view.towards, yaw, pitch, math.log(max(spaces.length(away), 1e-3)))
    ahead = spaces.rotate(spaces.yaw_pitch(whole.yaw, whole.pitch), (0.0, 0.0, -1.0))
    # Where the overview's gaze meets the ground is the middle of what it shows.
    far = (ground - whole.eye[1]) / ahead[1] if ahead[1] < -1e-6 else spaces.length(whole.eye)
    middle = spaces.add(whole.eye, spaces.scaled(ahead, far))
    pitch = whole.pitch if view.tilt is None else view.tilt
    return (*middle, whole.yaw + view.turn, pitch, math.log(max(far * view.distance, 1e-3)))


class _Curve:
    """A curve through values at times, at rest at both ends, that stays between neighbouring values."""

    def __init__(self, times: Sequence[float], values: Sequence[float]) -> None:
        self._times, self._values = times, values
        steps = [(b - a) / (t - s) for (s, t), (a, b) in zip(
            pairwise(times), pairwise(values), strict=True)]
        slopes = [0.0] * len(values)
        for i in range(1, len(values) - 1):
            one, two = steps[i - 1], steps[i]
            if one * two > 0.0:  # else a turning point: at rest
                slopes[i] = 2.0 * one * two / (one + two)
        self._slopes = slopes

    def at(self, seconds: float) -> float:
        times, values = self._times, self._values
        if seconds <= times[0] or len(times) == 1:
            return values[0]
        if seconds >= times[-1]:
            return values[-1]
        i = bisect.bisect_right(times, seconds) - 1
        wide = times[i + 1] - times[i]
        u = (seconds - times[i]) / wide
        a, b = values[i], values[i + 1]
        one, two = wide * self._slopes[i], wide * self._slopes[i + 1]
        return a + u * (one + u * (3 * (b - a) - 2 * one - two + u * (2 * (a - b) + one + two)))
