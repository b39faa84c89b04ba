"""Going somewhere at once: thrown from a hand onto the ground or a roof, seen before it is done.

The page's twin is ``webxr_client/src/xr/teleport.ts``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from xrserver import spaces
from xrserver.native.hands import Hand, Worn
from xrserver.native.solids import Solids
from xrserver.navigation.comfort import LET_GO, PUSHED, thrown
from xrserver.navigation.standing import stood
from xrserver.spaces import Pose, Vector

#: Pieces of the arc that is looked along, and seconds of each.
PIECES, PIECE = 32, 0.07
#: Where it meets a wall one lands so far (metres, scene) before it; on a model, on the roof instead.
_BEFORE_WALL = 2.0
#: Around the city one may stand, too; of its longer side.
_AROUND = 0.15
#: Fingers that hold still on the ground so long (seconds), nearer than this (metres), aim.
_HOLD_SECONDS, _STILL, _MOVED = 0.7, 0.015, 0.03
#: A smaller scale than this is a model of the city: who goes there, goes there in life size.
_MODEL = 0.5


class Teleport:
    """One throw at a time.

    Attributes
    ----------
    solids : Solids
        What it can meet.
    arc : list of Vector
        Where it flies, in the room; empty while nothing is aimed at.
    landing : Vector
        Scene space.
    valid : bool
        One may land there.
    """

    def __init__(self, pulse: Callable[[str, str], None]) -> None:
        self.solids = Solids()
        self.arc: list[Vector] = []
        self.landing: Vector = (0.0, 0.0, 0.0)
        self.valid = False
        #: Of each hand: whether its ray meets the ground; told by whoever knows.
        self.grounded = [False, False]
        self._pulse = pulse
        self._aiming: Hand | None = None
        self._by_stick = False
        self._held = [0.0, 0.0]

    @property
    def aiming(self) -> bool:
        """Somebody aims."""
        return self._aiming is not None

    def rest(self) -> None:
        """Aim no more."""
        self._aiming, self.arc, self._held, self.valid = None, [], [0.0, 0.0], False

    def step(self, worn: Worn, turning: Hand | None, pose: Pose, box: tuple[float, ...], floor: float,
             seconds: float) -> Pose | None:
        """Aim with the stick of `turning`, or with fingers that hold still; return where to go, once.

        `floor` is the height of the ground under who lands, in the room.
        """
        aimed = self._aiming
        if aimed is None:
            self._begin(worn, turning, seconds)
        elif not aimed.tracked or aimed.kind == "absent":
            self.rest()
        elif (math.hypot(*aimed.stick) < LET_GO) if self._by_stick else not aimed.select.pressed:
            go = self.valid and (self._by_stick or aimed.select.ended)
            landing = self.landing
            self.rest()
            return self._landed(worn, pose, landing, floor) if go else None
        elif not self._by_stick and aimed.travel > _MOVED:
            self.rest()
        if self._aiming is not None:
            self._aim(self._aiming, pose, box)
        return None

    def _begin(self, worn: Worn, turning: Hand | None, seconds: float) -> None:
        if turning is not None and turning.tracked:
            x, y = turning.stick
            if y < -PUSHED and abs(x) < -y:
                self._aiming, self._by_stick = turning, True
                return
        for i, hand in enumerate(worn.hands):
            if (hand.kind != "fingers" or not hand.select.pressed or hand.owner != "world"
                    or hand.travel > _STILL):
                self._held[i] = 0.0
                continue
            if hand.select.began:
                self._held[i] = 1e-6 if self.grounded[i] else 0.0
            if self._held[i] == 0.0:
                continue
            self._held[i] += seconds
            if self._held[i] >= _HOLD_SECONDS and self._aiming is None:
                self._aiming, self._by_stick = hand, False

    def _aim(self, hand: Hand, pose: Pose, box: tuple[float, ...]) -> None:
        origin = hand.aim.position
        ray = spaces.rotate(hand.aim.orientation, (0.0, 0.0, -1.0))
        before, self.valid = self.valid, False
        arc = [origin]
        at = spaces.apply_inverse(pose, origin)
        model = pose.scale < _MODEL
        for piece in range(1, PIECES + 1):
            room = thrown(origin, ray, piece * PIECE)
            following = spaces.apply_inverse(pose, room)
            met = self.solids.landing(at, following, _BEFORE_WALL, model)
            if met is not None:
                self.landing, self.valid = met, True
                arc.append(spaces.apply(pose, met))
                break
            arc.append(room)
            at = following
        x, _, z = self.landing
        around = _AROUND * max(box[3] - box[0], box[5] - box[2])
        self.valid = self.valid and (box[0] - around < x < box[3] + around
                                     and box[2] - around < z < box[5] + around)
        self.arc = arc
        if self.valid and not before:
            self._pulse(hand.side, "hover")

    @staticmethod
    def _landed(worn: Worn, pose: Pose, landing: Vector, floor: float) -> Pose:
        scale = 1.0 if pose.scale < _MODEL else pose.scale
        x, _, z = worn.head.position
        return stood(pose.orientation, scale, landing, (x, floor, z))
