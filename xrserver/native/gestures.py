"""What bare hands say without touching anything: a wrist that is looked at, a palm held up, a tap.

The page's twins are ``webxr_client/src/xr/raised.ts``, ``menu.ts`` and ``wrist.ts``.
"""

from __future__ import annotations

import math

from xrserver import spaces
from xrserver.native.hands import INDEX_KNUCKLE, INDEX_TIP, MIDDLE_TIP, WRIST, Hand, Worn
from xrserver.spaces import Vector

_LITTLE_KNUCKLE = 22
#: How far from the face's direction the inside of the wrist may be turned: to come, and to stay; cosines.
_TURNED = math.cos(math.radians(40)), math.cos(math.radians(62))
#: How far from where the head looks it may be; a controller, which is in view while it is used, less.
_SEEN = math.cos(math.radians(36)), math.cos(math.radians(52))
_RAISED = math.cos(math.radians(20)), math.cos(math.radians(34))
#: Seconds that either takes to be believed, and metres from the eye at most.
_COMES, _GOES, _REACH = 0.12, 0.35, 0.75
#: Metres from the wrist to the face, so that no hand is in the way; over a controller.
_BEFORE, _OVER = 0.06, 0.09
#: Seconds in which what is worn follows.
_SETTLE = 0.05
#: Seconds that a palm is held up, how level (cosine: to begin, and to go on), how open and how still.
_HELD, _OPEN, _STILL = 0.7, 0.13, 0.2
_LEVEL = math.cos(math.radians(30)), math.cos(math.radians(44))
#: Metres from a fingertip to the other wrist: a tap, and the end of one.
_TAPS, _TAPPED = 0.035, 0.07


def palm(joints: list[Vector], side: str) -> Vector:
    """Return the way that the inside of a hand faces; unit."""
    a = spaces.subtract(joints[INDEX_KNUCKLE], joints[WRIST])
    b = spaces.subtract(joints[_LITTLE_KNUCKLE], joints[WRIST])
    across = spaces.cross(a, b)
    long = spaces.length(across)
    if long < 1e-9:
        return (0.0, -1.0, 0.0)
    return spaces.scaled(across, (1.0 if side == "right" else -1.0) / long)


class Raised:
    """Whether somebody looks at their wrist: turned to the face, or a controller raised into view.

    Attributes
    ----------
    up : bool
    position : Vector
        Where what is worn there is, in the room.
    """

    def __init__(self) -> None:
        self.up = False
        self.position: Vector = (0.0, 0.0, 0.0)
        self._changing = 0.0
        self._goal: Vector = (0.0, 0.0, 0.0)

    def step(self, worn: Worn, hand: Hand, stays: bool, seconds: float) -> None:
        """Follow a hand for a frame; `stays`: what is worn is in use, and remains where it is."""
        if stays:
            return
        wanted = hand.tracked and worn.seen and self._looked(worn, hand)
        if wanted == self.up:
            self._changing = 0.0
        else:
            self._changing += seconds
            if self._changing >= (_COMES if wanted else _GOES):
                self.up, self._changing = wanted, 0.0
                if wanted:
                    self.position = self._goal
        if self.up and hand.tracked:
            share = 1.0 - math.exp(-seconds / _SETTLE)
            way = spaces.subtract(self._goal, self.position)
            self.position = spaces.add(self.position, spaces.scaled(way, share))

    def _looked(self, worn: Worn, hand: Hand) -> bool:
        fingers = hand.kind == "fingers" and bool(hand.joints)
        which = 1 if self.up else 0
        wrist = hand.joints[WRIST] if fingers else hand.grip.position
        to_head = spaces.subtract(worn.head.position, wrist)
        away = spaces.length(to_head)
        if not 0.1 <= away <= _REACH:
            return False
        to_head = spaces.scaled(to_head, 1.0 / away)
        self._goal = spaces.add(wrist, spaces.scaled(to_head, _BEFORE))
        seen = -spaces.dot(spaces.rotate(worn.head.orientation, (0.0, 0.0, -1.0)), to_head)
        if fingers:
            turned = spaces.dot(palm(hand.joints, hand.side), to_head)
            return turned > _TURNED[which] and seen > _SEEN[which]
        self._goal = spaces.add(self._goal, (0.0, _OVER, 0.0))
        idle = not (hand.select.pressed or hand.squeeze.pressed)
        return hand.kind == "controller" and seen > _RAISED[which] and (self.up or idle)


class Lifted:
    """Whether a palm has been held up for long enough: open, level and still."""

    def __init__(self) -> None:
        self._up = 0.0
        self._spent = False
        self._wrist: Vector = (0.0, 0.0, 0.0)

    def step(self, worn: Worn, hand: Hand, seconds: float) -> bool:
        """Follow a hand for a frame; return True once for each time that it is held up."""
        if hand.kind != "fingers" or not hand.tracked or not hand.joints:
            self._up, self._spent = 0.0, False
            return False
        wrist = hand.joints[WRIST]
        moved = spaces.length(spaces.subtract(wrist, self._wrist))
        self._wrist = wrist
        free = hand.owner == "" and hand.select.value < 0.3
        level = palm(hand.joints, hand.side)[1] if free else -1.0
        if level < _LEVEL[1 if self._up > 0.0 or self._spent else 0]:
            self._up, self._spent = 0.0, False
            return False
        long = spaces.length(spaces.subtract(hand.joints[MIDDLE_TIP], wrist))
        seen = wrist[1] > worn.head.position[1] - _REACH
        if self._spent or not seen or long < _OPEN or moved > _STILL * seconds:
            return False
        self._up += seconds
        if self._up < _HELD:
            return False
        self._up, self._spent = 0.0, True
        return True


class Tap:
    """Whether the index finger of one hand taps the other's wrist."""

    def __init__(self) -> None:
        self._tapped = True

    def step(self, by: Hand, on: Hand, hidden: bool) -> bool:
        """Follow both for a frame; return True once for each tap. `hidden`: something is before the wrist."""
        known = all(each.kind == "fingers" and each.tracked and each.joints for each in (by, on))
        if not known or hidden:
            self._tapped = True  # until the finger has been away
            return False
        away = spaces.length(spaces.subtract(by.joints[INDEX_TIP], on.joints[WRIST]))
        if self._tapped:
            self._tapped = away < _TAPPED
            return False
        self._tapped = away < _TAPS
        return self._tapped
