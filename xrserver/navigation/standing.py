"""Where the scene stands to somebody who wears a headset: before them on a table, or around them.

Pure functions; the twin is ``webxr_client/src/navigation/standing.ts``. Every pose here is level. `yaw`
is the heading of the head, radians: 0 looks along −Z, positive to the left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from xrserver import spaces
from xrserver.navigation.hands import turned_about
from xrserver.spaces import Pose, Quaternion, Vector


@dataclass(frozen=True, slots=True)
class Table:
    """How a scene is laid before somebody; metres of the room.

    Attributes
    ----------
    wide : float
        Of the scene's longer side.
    near : float
        From below the head to the scene's edge.
    below, lowest, highest : float
        From the head down to the scene's ground, and where that may lie above the floor.
    """

    wide: float
    near: float
    below: float
    lowest: float
    highest: float


TABLETOP = Table(wide=1.0, near=0.45, below=0.6, lowest=0.4, highest=1.1)
ROOM = Table(wide=4.0, near=0.6, below=1.15, lowest=0.1, highest=0.6)

#: A tall scene is made smaller until it rises no more than this part of the table's width.
TALLEST = 0.75
#: Height of eyes above the ground for those who stand; who sits in life size is lifted to it.
EYES = 1.6

_UP: Vector = (0.0, 1.0, 0.0)


def before(box: tuple[float, ...], head: Vector, yaw: float, table: Table) -> Pose:
    """Return the pose of all of `box` on a table before a head, its front (+Z) towards it.

    Parameters
    ----------
    box : (min x, min y, min z, max x, max y, max z), metres, scene space
    """
    side = max(box[3] - box[0], box[5] - box[2], 1e-6)
    scale = min(table.wide / side, TALLEST * table.wide / max(box[4] - box[1], 1e-6))
    ground = min(max(head[1] - table.below, table.lowest), table.highest)
    edge = ((box[0] + box[3]) / 2, box[1], box[5])
    at = (head[0] - math.sin(yaw) * table.near, ground, head[2] - math.cos(yaw) * table.near)
    return stood(spaces.about(_UP, yaw), scale, edge, at)


def within(place: Vector, towards: Vector, head: Vector, yaw: float, floor: float, scale: float) -> Pose:
    """Return the pose with the scene's `place` below a head, at the height `floor`, and `towards` ahead."""
    x, z = towards[0] - place[0], towards[2] - place[2]
    heading = 0.0 if abs(x) + abs(z) < 1e-9 else math.atan2(-x, -z)
    return stood(spaces.about(_UP, yaw - heading), scale, place, (head[0], floor, head[2]))


def stood(orientation: Quaternion, scale: float, place: Vector, at: Vector) -> Pose:
    """Return the pose turned and scaled like this that has the scene's `place` at `at`."""
    away = spaces.scaled(spaces.rotate(orientation, place), scale)
    return Pose(spaces.subtract(at, away), orientation, scale)


def carried(pose: Pose, origin: Vector, origin_yaw: float, to: Vector, to_yaw: float) -> Pose:
    """Return the pose that is to a head at `to` what `pose` was to one at `origin`; heights stay."""
    turned = turned_about(pose, origin, to_yaw - origin_yaw)
    x, y, z = turned.position
    return Pose((x + to[0] - origin[0], y, z + to[2] - origin[2]), turned.orientation, turned.scale)


def glided(a: Pose, b: Pose, share: float, pivot: Vector) -> Pose:
    """Return the pose `share` (0 … 1) of the way from a to b.

    The scene's `pivot` goes straight, turns are the shorter way.
    """
    here, there = spaces.apply(a, pivot), spaces.apply(b, pivot)
    at = spaces.add(here, spaces.scaled(spaces.subtract(there, here), share))
    origin = yaw_of(a.orientation)
    by = math.fmod(yaw_of(b.orientation) - origin, 2.0 * math.pi)
    if by > math.pi:
        by -= 2.0 * math.pi
    elif by < -math.pi:
        by += 2.0 * math.pi
    scale = a.scale * (b.scale / a.scale) ** share
    return stood(spaces.about(_UP, origin + by * share), scale, pivot, at)


def yaw_of(orientation: Quaternion) -> float:
    """Return the heading of an orientation, radians; pitch and roll are left out."""
    return spaces.yaw_pitch_of(orientation)[0]
