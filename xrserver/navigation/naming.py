"""What somebody in a headset sees named, and where: as between the eyes, upright, of a constant angle.

The page does the same (`webxr_client/src/navigation/naming.ts`); degrees where nothing else is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrserver import spaces
from xrserver.spaces import Pose, Vector

#: Most names at once, and how far apart they are.
MOST, GAP = 48, 0.5
#: Of an em, for quarters, districts and buildings …
EMS = (1.2, 1.05, 0.9)
#: … and that something must be wide to be named; a name that is there stays down to a smaller part of it.
WIDE_DISTRICT, WIDER_DEEPER, WIDE_FILE, STAYS = 4.0, 0.8, 3.6, 0.82
#: From a thing up to its name.
STEM, STEM_FILE = 0.7, 0.3
#: Of a building's wider side, how far its nearest edge is from its middle, seen over a corner at most.
EDGE = 0.7
#: From where the head looks; names farther aside are not seen.
ASIDE = 62.0
#: Texels in a degree.
TEXELS = 30
#: Characters of a name, the rest is left out.
LONGEST = 32
FADE_SECONDS, CHOICE_SECONDS = 0.25, 0.1
#: How much heavier a name counts while it is shown, so that two of like weight do not take turns.
LOYALTY = 1.3

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Sights:
    """How things are seen, one row each; rows of what has no name here say nothing.

    Attributes
    ----------
    named : (n,) bool
        It is wide enough, and not too far aside, to be named.
    x, elevation : (n,) float64
        Its anchor, right and up of the gaze.
    stem : (n,) float64
        From there up to its name: over the edge of the roof, which hides the middle from below.
    weight : (n,) float64
        Districts by size, the outer before the inner; buildings only in what is left.
    """

    named: Bools
    x: Floats
    elevation: Floats
    stem: Floats
    weight: Floats


def rank_of(district: bool, depth: int) -> int:
    """Return which of `EMS` a name has."""
    return (0 if depth <= 1 else 1) if district else 2


def sights(places: Floats, extents: Floats, districts: Bools, depths: NDArray[np.int64], there: Bools,
           pose: Pose, head: Vector, yaw: float, pitch: float) -> Sights:
    """Return how things are seen by a head that looks along `yaw` and `pitch` (radians).

    Parameters
    ----------
    places : (n, 3) float64
        Where names are tied to; metres, scene space.
    extents : (n,) float64
        The larger side of the footprint, metres.
    districts, depths
        Which of them are districts, and how many districts are around each.
    there : (n,) bool
        Whose names are seen already.
    pose : Pose
        ``world_from_scene``.
    """
    turn = np.array(spaces.matrix(pose)).reshape(4, 4)  # columns after one another: transposed
    at = places @ turn[:3, :3] + turn[3, :3] - np.array(head)
    away = np.maximum(np.sqrt((at * at).sum(axis=1)), 1e-9)
    wide = np.degrees(extents * pose.scale / away)
    least = np.where(districts, WIDE_DISTRICT + WIDER_DEEPER * depths, WIDE_FILE)
    least = np.where(there, least * STAYS, least)
    # Right, up and ahead of the gaze, without its roll.
    sin_yaw, cos_yaw, sin_pitch, cos_pitch = np.sin(yaw), np.cos(yaw), np.sin(pitch), np.cos(pitch)
    across = -at[:, 0] * sin_yaw - at[:, 2] * cos_yaw
    right = at[:, 0] * cos_yaw - at[:, 2] * sin_yaw
    ahead = across * cos_pitch + at[:, 1] * sin_pitch
    up = at[:, 1] * cos_pitch - across * sin_pitch
    elevation = np.arcsin(np.clip(up / away, -1.0, 1.0))
    over = np.where(districts, 0.0, _over_edge(at, EDGE * extents * pose.scale))
    return Sights(
        (wide >= least) & (ahead >= away * np.cos(np.radians(ASIDE))),
        np.degrees(np.arctan2(right, ahead) * np.cos(elevation)), np.degrees(elevation),
        np.where(districts, STEM, STEM_FILE) + over,
        np.where(districts, wide / (1.0 + 0.6 * depths), wide * 0.02))


def _over_edge(at: Floats, half: Floats) -> Floats:
    """Return by how much the edge of a roof that is `half` nearer than its middle is higher, from below."""
    level = np.hypot(at[:, 0], at[:, 2])
    higher = np.arctan2(at[:, 1], np.maximum(level - half, level * 0.3)) - np.arctan2(at[:, 1], level)
    return np.where(at[:, 1] > 0.0, np.degrees(higher), 0.0)


def place(boxes: Sequence[Box], weights: Sequence[float], shown: Sequence[bool], most: int,
          gap: float) -> list[int]:
    """Return which names are shown, the heaviest first: none over another, and those shown stay.

    Parameters
    ----------
    boxes : sequence of (left, top, right, bottom)
        Down is more.
    most : int
        How many at most, `gap` apart.
    """
    own = [weight * (LOYALTY if stays else 1.0) for weight, stays in zip(weights, shown, strict=True)]
    placed: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: -own[i]):
        if len(placed) >= most:
            break
        left, top, right, bottom = boxes[i]
        if own[i] > 0.0 and not any(
                left < boxes[k][2] + gap and boxes[k][0] < right + gap
                and top < boxes[k][3] + gap and boxes[k][1] < bottom + gap for k in placed):
            placed.append(i)
    return placed
