"""Two hands, whatever holds them: controllers, or fingers that are seen. Device-free, frame by frame.

The page's twin is ``webxr_client/src/input/hands.ts``: both make the same record of a hand, so that
nothing behind it knows which it is. Poses are in the room (world space, CONVENTIONS).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from xrserver import spaces
from xrserver.navigation.hands import PRESS, RELEASE, Pinch, pinched
from xrserver.spaces import Pose, Vector

Kind = Literal["absent", "controller", "fingers"]
Owner = Literal["", "panel", "thing", "world"]

#: OpenXR's joints of a hand by their numbers.
WRIST, THUMB_TIP, INDEX_KNUCKLE, INDEX_TIP, MIDDLE_TIP, RING_TIP, PALM = 1, 5, 7, 10, 15, 20, 0
#: Thumb and index are together, and apart; metres between their tips.
_TOGETHER, _APART = 0.012, 0.045
#: A hand that is lost from sight keeps what it presses for so many seconds.
LOST_SECONDS = 0.6
_NOWHERE = Pose((0.0, 0.0, 0.0))


@dataclass(slots=True)
class Seen:
    """What a device says of a hand in one frame.

    Attributes
    ----------
    kind : {"absent", "controller", "fingers"}
    aim, grip : Pose or None
        None where it is not seen.
    select : float or None
        0 … 1; None: the joints tell.
    squeeze : float
    stick : (float, float)
        Right and up, −1 … 1, as OpenXR has it.
    stick_press, primary, secondary, menu : bool
    joints : list of Vector
        Where they are; empty where fingers are not seen.
    """

    kind: Kind = "absent"
    aim: Pose | None = None
    grip: Pose | None = None
    select: float | None = 0.0
    squeeze: float = 0.0
    stick: tuple[float, float] = (0.0, 0.0)
    stick_press: bool = False
    primary: bool = False
    secondary: bool = False
    menu: bool = False
    joints: list[Vector] = field(default_factory=list[Vector])


@dataclass(slots=True)
class Button:
    """Something that can be pressed."""

    value: float = 0.0
    pressed: bool = False
    began: bool = False
    ended: bool = False

    def become(self, pressed: bool, value: float) -> None:
        """Take over the state of this frame."""
        self.began, self.ended = pressed and not self.pressed, self.pressed and not pressed
        self.pressed, self.value = pressed, value

    def press(self, value: float) -> None:
        """Take over an analogue value of this frame, with hysteresis."""
        self.become(value >= (RELEASE if self.pressed else PRESS), value)


@dataclass(slots=True)
class Hand:
    """A hand, as everything behind the devices sees it.

    Attributes
    ----------
    side : {"left", "right"}
    tracked : bool
        Seen now; poses of one that is not are where it was seen last.
    aim, grip : Pose
        Where it points from, along −Z; where it holds things.
    anchor : Vector
        Where it holds the world: what moves least while fingers open.
    travel : float
        Metres that it has gone from where its press began, at most.
    stick : (float, float)
        Right and *down*, −1 … 1, as on the page.
    owner : {"", "panel", "thing", "world"}
        Who has this hand while a press lasts.
    """

    side: Literal["left", "right"]
    kind: Kind = "absent"
    tracked: bool = False
    aim: Pose = _NOWHERE
    grip: Pose = _NOWHERE
    anchor: Vector = (0.0, 0.0, 0.0)
    travel: float = 0.0
    select: Button = field(default_factory=Button)
    squeeze: Button = field(default_factory=Button)
    stick: tuple[float, float] = (0.0, 0.0)
    stick_press: Button = field(default_factory=Button)
    primary: Button = field(default_factory=Button)
    secondary: Button = field(default_factory=Button)
    menu: Button = field(default_factory=Button)
    joints: list[Vector] = field(default_factory=list[Vector])
    owner: Owner = ""
    _pinch: Pinch = field(default_factory=Pinch)
    _lost: float = 0.0
    _from: Vector = (0.0, 0.0, 0.0)

    def read(self, seen: Seen, seconds: float) -> None:
        """Take over a frame of `seconds`."""
        if self.owner and not (self.select.pressed or self.squeeze.pressed):
            self.owner = ""  # its press ended in the frame before
        if seen.kind == "absent":
            self._wait(seconds)
            return
        if self.kind not in (seen.kind, "absent"):
            # Another device takes nothing over from the one before: that lets go first.
            self.leave()
            return
        self.kind = seen.kind
        self.tracked = seen.aim is not None and (seen.grip is not None or bool(seen.joints))
        if not self.tracked and seen.kind == "fingers":
            self._wait(seconds)
            return
        self._lost = 0.0
        self.aim, self.joints = seen.aim or self.aim, seen.joints
        self.grip = seen.grip or self.grip
        self.anchor = self.grip.position
        if seen.kind == "fingers" and seen.joints:
            middle = spaces.scaled(spaces.add(seen.joints[THUMB_TIP], seen.joints[INDEX_TIP]), 0.5)
            self.grip, self.anchor = Pose(middle, self.aim.orientation), seen.joints[INDEX_KNUCKLE]
        self._press(seen, seconds)
        self.stick = seen.stick[0], -seen.stick[1]
        for button, pressed in ((self.stick_press, seen.stick_press), (self.primary, seen.primary),
                                (self.secondary, seen.secondary), (self.menu, seen.menu)):
            button.become(pressed, float(pressed))
        self._follow()

    def _press(self, seen: Seen, seconds: float) -> None:
        value = closed(seen.joints) if seen.select is None else seen.select
        if seen.kind == "controller":
            self.select.press(value)
            self.squeeze.press(seen.squeeze)
            return
        self._pinch = pinched(self._pinch, value, seconds)
        self.select.become(self._pinch.pressed, value)
        self.squeeze.become(False, 0.0)

    def _wait(self, seconds: float) -> None:
        """Gone for a moment, or for good: until that is known, what it presses stays pressed."""
        self.tracked = False
        self._lost += seconds
        if self.kind == "absent" or self._lost > LOST_SECONDS:
            self.leave()
            return
        for button in self._buttons():
            button.began = button.ended = False
        self.stick = (0.0, 0.0)

    def leave(self) -> None:
        """Let go of everything."""
        self.kind, self.tracked, self._pinch, self._lost = "absent", False, Pinch(), 0.0
        for button in self._buttons():
            button.become(False, 0.0)
        self.stick = (0.0, 0.0)

    def _buttons(self) -> tuple[Button, ...]:
        return self.select, self.squeeze, self.stick_press, self.primary, self.secondary, self.menu

    def _follow(self) -> None:
        """Measure how far it has gone since its press began."""
        if not (self.select.pressed or self.squeeze.pressed):
            if not (self.select.ended or self.squeeze.ended):
                self.travel = 0.0
            return
        if self.select.began or self.squeeze.began:
            self._from, self.travel = self.anchor, 0.0
        self.travel = max(self.travel, spaces.length(spaces.subtract(self.anchor, self._from)))


@dataclass(slots=True)
class Worn:
    """What somebody who wears a headset does in one frame.

    Attributes
    ----------
    head : Pose
        Between the eyes, in the room; where it was last while `seen` is false.
    seen : bool
    hands : (Hand, Hand)
        Left and right.
    gaze : Pose or None
        Where the eyes look, along −Z; None where that is not known.
    shifted : bool
        The room's origin moved with this frame.
    present : bool
        Somebody wears it, as far as is known.
    focused : bool
        Hands are ours: no system menu has them.
    """

    head: Pose
    seen: bool
    hands: tuple[Hand, Hand]
    gaze: Pose | None = None
    shifted: bool = False
    present: bool = True
    focused: bool = True


def closed(joints: list[Vector]) -> float:
    """Return how far thumb and index are closed, 0 … 1."""
    if not joints:
        return 0.0
    apart = spaces.length(spaces.subtract(joints[THUMB_TIP], joints[INDEX_TIP]))
    return min(max((_APART - apart) / (_APART - _TOGETHER), 0.0), 1.0)


def pointing(joints: list[Vector], head: Pose, side: str) -> Pose:
    """Return where a bare hand points whose device says no more than its joints.

    The ray leaves the index finger's knuckle, away from the shoulder: a hand that only turns in
    the wrist keeps pointing where it did, which is what makes a far thing possible to hit.
    """
    across = -0.16 if side == "left" else 0.16
    yaw = spaces.yaw_pitch_of(head.orientation)[0]
    shoulder = spaces.add(head.position, spaces.rotate(
        spaces.about((0.0, 1.0, 0.0), yaw), (across, -0.22, 0.03)))
    return Pose(joints[INDEX_KNUCKLE], spaces.look_at(shoulder, joints[INDEX_KNUCKLE]))
