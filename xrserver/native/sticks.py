"""Flying and turning by the sticks of controllers.

The page's twin is ``webxr_client/src/xr/sticks.ts``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from xrserver import spaces
from xrserver.native.hands import Hand, Worn
from xrserver.navigation.comfort import ABOVE_GROUND, Comfort, flown, live, snapped, spun
from xrserver.navigation.hands import scaled_about, turned_about
from xrserver.spaces import Pose, Vector

#: Growing by the stick of the one hand that holds the world: times e a second.
_GROW_RATE = 1.2
#: Speeds at which all that is seen counts as moving: metres and radians per second.
_FAST, _FAST_TURN = 0.5, 0.6


def assign(hands: tuple[Hand, Hand], comfort: Comfort) -> tuple[Hand | None, Hand | None]:
    """Return the hand that flies and the one that turns, or one for all where there is one, or so wanted."""
    left, right = hands
    main, other = (left, right) if comfort.left_handed else (right, left)
    alone = main if comfort.one_handed or other.kind != "controller" else (
        other if main.kind != "controller" else None)
    return _free(other) if alone is None else None, _free(alone or main)


def _free(hand: Hand) -> Hand | None:
    return hand if hand.kind == "controller" and hand.owner == "" else None


class Sticks:
    """How fast the world goes because of sticks.

    Attributes
    ----------
    moving : float
        How much of what is seen moves because of them, 0 … 1.
    """

    def __init__(self) -> None:
        self.moving = 0.0
        self._velocity: Vector = (0.0, 0.0, 0.0)
        self._spin = 0.0
        self._armed = True

    def rest(self) -> None:
        """Come to rest at once."""
        self.moving, self._velocity, self._spin, self._armed = 0.0, (0.0, 0.0, 0.0), 0.0, True

    def step(self, worn: Worn, roles: tuple[Hand | None, Hand | None], aiming: bool, comfort: Comfort,
             pose: Pose, begin: Callable[[], None], snap: Callable[[Hand], None], seconds: float) -> Pose:
        """Return the pose after a frame; `begin` is called before anything moves that did not."""
        flying, turning = roles
        head = worn.head
        x = 0.0 if turning is None or aiming else turning.stick[0]
        fly_x, fly_y = flying.stick if flying is not None else (0.0, 0.0)
        turn = 0
        if comfort.turn == "snap":
            turn, self._armed = snapped(self._armed, x)
        smooth = comfort.turn == "smooth" and live(x) != 0.0
        if turn or smooth or live(fly_x) != 0.0 or live(fly_y) != 0.0:
            begin()
        if turn:
            pose = turned_about(pose, head.position, turn * math.radians(comfort.angle))
            if turning is not None:
                snap(turning)
        self._spin = spun(self._spin, x if smooth else 0.0, comfort.speed, seconds)
        if self._spin != 0.0:
            pose = turned_about(pose, head.position, -self._spin * seconds)
        steer = flying.aim.orientation if comfort.steer == "hand" and flying is not None else head.orientation
        height = head.position[1] - pose.position[1]
        self._velocity = flown(self._velocity, fly_x, fly_y, steer, height, comfort.speed, comfort.flying,
                               seconds)
        pace = spaces.length(self._velocity)
        self.moving = min(pace / _FAST + abs(self._spin) / _FAST_TURN, 1.0)
        if pace == 0.0:
            return pose
        lowest = max(pose.position[1], head.position[1] - ABOVE_GROUND)
        x, y, z = spaces.subtract(pose.position, spaces.scaled(self._velocity, seconds))
        return Pose((x, min(y, lowest), z), pose.orientation, pose.scale)


def grown_by_stick(hand: Hand, pose: Pose, least: float, most: float, seconds: float) -> Pose:
    """Return the pose grown and turned about the one hand that holds the world, by its own stick."""
    turn, grow = live(hand.stick[0]), live(hand.stick[1])
    if turn:
        pose = turned_about(pose, hand.anchor, turn * seconds)
    if grow:
        pose = scaled_about(pose, hand.anchor, math.exp(-grow * _GROW_RATE * seconds), least, most)
    return pose
