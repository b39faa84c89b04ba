"""Moving in a headset: where the city stands on entering, and how hands and sticks move it from there.

The page's twin is ``webxr_client/src/xr/locomotion.ts``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from xrserver import spaces
from xrserver.native.hands import Hand, Worn
from xrserver.native.passage import Passage
from xrserver.native.sticks import Sticks, assign, grown_by_stick
from xrserver.native.teleport import Teleport
from xrserver.navigation.comfort import NORMAL, Comfort, vignetted
from xrserver.navigation.hands import Grab, grabbed
from xrserver.navigation.locomotion import PAST_MOST, REST_SECONDS, Journey
from xrserver.navigation.standing import EYES, ROOM, TABLETOP, before, carried, within, yaw_of
from xrserver.spaces import Pose

Preset = Literal["tabletop", "room", "life"]
#: A pinch on a thing that goes farther than this (metres) takes hold of the world instead.
YIELD = 0.03
#: The city is never smaller than this (metres of the room), nor larger than so many times life size.
_SMALLEST, _SCALE_MOST = 0.15, 4.0
#: A hand that holds the world at this speed (metres per second) moves all that is seen.
_FAST = 0.4
#: A smaller scale than this is a model of the city.
MODEL = 0.5


class Moving:
    """What hands and sticks do to ``world_from_scene``.

    Parameters
    ----------
    pulse : function of (side, kind)
        Lets a hand feel something.

    Attributes
    ----------
    journey : Journey
        Where the scene is, and where it was.
    comfort : Comfort
    preset : {"tabletop", "room", "life"}
        Where the city stands on entering and after `recentre`.
    closed : float
        The vignette, 0 … 1.
    """

    def __init__(self, pulse: Callable[[str, str], None], comfort: Comfort = NORMAL,
                 preset: Preset = "tabletop") -> None:
        self.journey = Journey(Pose((0.0, 0.0, 0.0)), Pose((0.0, 0.0, 0.0)))
        self.comfort = comfort
        self.preset: Preset = preset
        self.closed = 0.0
        self.teleport = Teleport(pulse)
        self._pulse = pulse
        self._box: tuple[float, ...] = (-1.0, 0.0, -1.0, 1.0, 1.0, 1.0)
        self._entered = False
        self._grab = Grab()
        self._passage = Passage()
        self._sticks = Sticks()
        self._head = Pose((0.0, EYES, 0.0))
        self._rest = REST_SECONDS

    @property
    def dark(self) -> float:
        """How dark it is between two places, 0 … 1."""
        return self._passage.dark

    @property
    def still(self) -> bool:
        """Nothing but the head moves."""
        return self._rest >= REST_SECONDS and not self._passage.blinking

    # --- what menus call ------------------------------------------------------------------------

    def enter(self, box: tuple[float, ...]) -> None:
        """Take up another city: it stands somewhere with the next frame in which the head is known."""
        self._box, self._entered = box, False
        self._passage.stop()

    def widen(self, box: tuple[float, ...]) -> None:
        """Take note that the city reaches farther: it stays where it is until it is brought elsewhere."""
        self._box = box

    def stand(self, preset: Preset) -> None:
        """Let the city stand like this from now on."""
        self.preset = preset
        if self._entered:
            self._remember()
            # Between a model and life size lies too much to glide through.
            self._go(self._stood(preset), preset == "life" or self._life)

    def recentre(self) -> None:
        """Bring the city before the person as they stand and look now."""
        if self._entered:
            self._remember()
            to = self._stood(self.preset)
            self._go(to, to.scale > MODEL or self._life)

    def undo(self) -> None:
        """Take the last move back."""
        past = self.journey.past
        while past and past[-1] == self.journey.pose:
            past = past[:-1]  # taken hold of, and not moved
        if past:
            self.journey = replace(self.journey, past=past[:-1])
            self._go(past[-1], self._life or past[-1].scale > MODEL)

    @property
    def _life(self) -> bool:
        return self.journey.pose.scale > MODEL

    # --- frames ---------------------------------------------------------------------------------

    def step(self, worn: Worn, seconds: float) -> None:
        """Let what somebody does in a frame move the world."""
        if not worn.seen or not worn.focused:
            self._grab = Grab()  # nothing moves in the dark; who holds on takes hold anew
            self._sticks.rest()
            self.teleport.rest()
            if not worn.seen:
                return
        if worn.shifted and self._entered:
            self._shift(worn)
        self._head = worn.head
        pose = self.journey.pose
        if not self._entered:
            self._entered = True
            pose = self._stood(self.preset)
            self.journey = Journey(pose, pose)
        pose = self._passage.step(pose, seconds)
        earlier = pose
        pose, holding = self._held(worn, pose, seconds)
        pose = self._travelled(worn, pose, seconds)
        moving = self._sticks.moving
        if holding and self.comfort.vignette == "high" and seconds > 0.0:
            pace = spaces.length(spaces.subtract(pose.position, earlier.position)) / seconds
            moving = max(moving, min(pace / _FAST, 1.0))
        self.closed = vignetted(self.closed, moving, self.comfort.vignette, seconds)
        if pose is not self.journey.pose:
            self.journey = replace(self.journey, pose=pose)

    def _held(self, worn: Worn, pose: Pose, seconds: float) -> tuple[Pose, bool]:
        left, right = worn.hands
        holds = (1 if takes(left) else 0) | (2 if takes(right) else 0)
        seen = (1 if left.tracked else 0) | (2 if right.tracked else 0)
        self._rest = min(self._rest + seconds, REST_SECONDS)
        if holds:
            self._begun()
        if self._passage.leaving:
            self._grab = Grab()  # what is taken hold of now is about to go
            return pose, False
        box = self._box
        least = _SMALLEST / max(box[3] - box[0], box[5] - box[2], 1e-6)
        pose, self._grab = grabbed(self._grab, pose, holds & seen, left.anchor, right.anchor, least,
                                   _SCALE_MOST)
        if holds in (1, 2):
            pose = grown_by_stick(left if holds == 1 else right, pose, least, _SCALE_MOST, seconds)
        return pose, holds != 0

    def _travelled(self, worn: Worn, pose: Pose, seconds: float) -> Pose:
        roles = assign(worn.hands, self.comfort)
        to = self.teleport.step(worn, roles[1], pose, self._box, self._floor, seconds)
        if to is not None:
            self._remember()
            self._go(to, True)
        if self._passage.blinking:
            self._sticks.rest()
            return pose
        return self._sticks.step(worn, roles, self.teleport.aiming, self.comfort, pose, self._begun,
                                 lambda hand: self._pulse(hand.side, "snap"), seconds)

    # --- where it stands ------------------------------------------------------------------------

    def _shift(self, worn: Worn) -> None:
        """The room has another origin: what the person has before or around them, they have again."""
        self._passage.stop()
        self._grab = Grab()
        pose, to = self.journey.pose, worn.head
        if self._life:  # nothing that they see moves
            pose = carried(pose, self._head.position, yaw_of(self._head.orientation), to.position,
                           yaw_of(to.orientation))
        else:
            box = self._box
            wide = max(box[3] - box[0], box[5] - box[2]) * pose.scale
            table = replace(ROOM if self.preset == "room" else TABLETOP, wide=wide)
            pose = before(box, to.position, yaw_of(to.orientation), table)
        self.journey = replace(self.journey, pose=pose)

    def _stood(self, preset: Preset) -> Pose:
        position, yaw, box = self._head.position, yaw_of(self._head.orientation), self._box
        if preset != "life":
            return before(box, position, yaw, ROOM if preset == "room" else TABLETOP)
        middle = (box[0] + box[3]) / 2, 0.0, (box[2] + box[5]) / 2
        return within(self.teleport.solids.standpoint(box), middle, position, yaw, self._floor, 1.0)

    @property
    def _floor(self) -> float:
        """Where feet are in life size; who sits is lifted to the height of those who stand."""
        return self._head.position[1] - EYES if self.comfort.posture == "seated" else 0.0

    def _go(self, to: Pose, far: bool) -> None:
        self._passage.begin(self.journey.pose, to, far or self.comfort.reduced_motion)
        self._rest = REST_SECONDS

    def _remember(self) -> None:
        self.journey = replace(self.journey, past=(*self.journey.past, self.journey.pose)[-PAST_MOST:])

    def _begun(self) -> None:
        """A move by hand or stick begins, or goes on."""
        if self._rest >= REST_SECONDS:
            self._remember()
        self._rest = 0.0
        self._passage.halt()


def takes(hand: Hand) -> bool:
    """Return whether a hand holds the world, which it takes hold of where nobody else has the press."""
    select, squeeze = hand.select, hand.squeeze
    fingers = hand.kind == "fingers"
    begins = hand.owner == "" and (squeeze.began or (fingers and select.began))
    strays = hand.owner == "thing" and fingers and select.pressed and hand.travel > YIELD
    if begins or strays:
        hand.owner = "world"
    return hand.owner == "world" and (squeeze.pressed or (fingers and select.pressed))
