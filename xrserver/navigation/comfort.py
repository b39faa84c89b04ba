"""Moving without getting sick: how somebody in a headset turns and flies, and what is dimmed meanwhile.

Pure functions of (state, sticks, seconds); the twin is ``webxr_client/src/navigation/comfort.ts``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from xrserver import spaces
from xrserver.spaces import Quaternion, Vector

Vignette = Literal["off", "low", "high"]


@dataclass(frozen=True, slots=True)
class Comfort:
    """What somebody can bear, and how they hold their hands.

    Attributes
    ----------
    turn : {"snap", "smooth"}
    angle : float
        Of a snap turn, degrees.
    vignette : {"off", "low", "high"}
    speed : float
        Times the usual speed of flying and of smooth turning.
    flying : bool
        Flying follows the gaze up and down; else it stays level.
    steer : {"head", "hand"}
        Where the left stick leads: to where the head looks, or the hand points.
    posture : {"standing", "seated"}
    left_handed, one_handed : bool
    reduced_motion : bool
        Glides become blinks.
    """

    turn: Literal["snap", "smooth"]
    angle: float
    vignette: Vignette
    speed: float
    flying: bool
    steer: Literal["head", "hand"]
    posture: Literal["standing", "seated"] = "standing"
    left_handed: bool = False
    one_handed: bool = False
    reduced_motion: bool = False


GENTLE = Comfort("snap", 30.0, "high", 0.6, flying=False, steer="head", reduced_motion=True)
NORMAL = Comfort("snap", 30.0, "low", 1.0, flying=False, steer="head")
FREE = Comfort("smooth", 45.0, "off", 1.6, flying=True, steer="hand")

#: A stick counts as pushed from here on, and as let go below there.
PUSHED, LET_GO = 0.7, 0.45
#: What a resting thumb does is nothing.
DEAD = 0.15
#: Flying: metres of the room per second for a metre that the eyes are above the ground, at least and at most.
FLY_PER_HEIGHT, FLY_LEAST, FLY_MOST = 0.9, 0.4, 60.0
#: Smooth turning: radians per second.
TURN_RATE = 1.6
#: Seconds in which both reach their speed.
SETTLE = 0.12
#: The eyes stay so far above the ground when flying; metres of the room.
ABOVE_GROUND = 0.1
#: Seconds in which the vignette closes and opens.
VIGNETTE_SETTLE = 0.12
#: A teleport is thrown from the hand: metres (of the room) per second, and per second².
THROW, GRAVITY = 15.0, 9.81


def snapped(armed: bool, x: float) -> tuple[int, bool]:
    """Return −1, 0 or 1 (to the right) for a snap turn that is asked for, and whether the stick is armed."""
    pushed = abs(x)
    armed = armed or pushed < LET_GO
    if not armed or pushed < PUSHED:
        return 0, armed
    return (1 if x > 0.0 else -1), False


def live(value: float) -> float:
    """Return a stick's axis without what a resting thumb does; −1 … 1."""
    over = abs(value) - DEAD
    return 0.0 if over <= 0.0 else math.copysign(min(over / (1.0 - DEAD), 1.0), value)


def flown(velocity: Vector, x: float, y: float, steer: Quaternion, height: float, speed: float,
          flying: bool, seconds: float) -> Vector:
    """Return the velocity after a frame in which a stick is pushed right by `x` and back by `y`.

    Parameters
    ----------
    velocity : Vector
        Of the head, metres of the room per second.
    steer : Quaternion
        Where ahead is; its pitch counts only when `flying`.
    height : float
        Of the eyes above the scene's ground, metres of the room.
    speed : float
        Times the usual.
    """
    most = speed * min(max(FLY_PER_HEIGHT * height, FLY_LEAST), FLY_MOST)
    yaw, pitch = spaces.yaw_pitch_of(steer)
    gaze = spaces.yaw_pitch(yaw, pitch if flying else 0.0)
    way = spaces.rotate(gaze, (live(x) * most, 0.0, live(y) * most))
    follow = 1.0 - math.exp(-seconds / SETTLE)
    after = spaces.add(velocity, spaces.scaled(spaces.subtract(way, velocity), follow))
    wanted = live(x) != 0.0 or live(y) != 0.0
    return (0.0, 0.0, 0.0) if not wanted and spaces.dot(after, after) < (0.02 * most) ** 2 else after


def spun(spin: float, x: float, speed: float, seconds: float) -> float:
    """Return radians per second after a frame with a stick pushed right by `x`; positive turns left."""
    wanted = -live(x) * TURN_RATE * speed
    after = spin + (wanted - spin) * (1.0 - math.exp(-seconds / SETTLE))
    return 0.0 if wanted == 0.0 and abs(after) < 0.02 else after


def vignetted(closed: float, moving: float, setting: Vignette, seconds: float) -> float:
    """Return how far the vignette is closed after a frame, 0 … 1.

    Parameters
    ----------
    moving : float
        How much of what is seen moves by itself, 0 … 1.
    """
    wanted = {"off": 0.0, "low": 0.6, "high": 1.0}[setting] * min(max(moving, 0.0), 1.0)
    after = closed + (wanted - closed) * (1.0 - math.exp(-seconds / VIGNETTE_SETTLE))
    return wanted if abs(after - wanted) < 0.005 else after


def thrown(origin: Vector, ray: Vector, seconds: float) -> Vector:
    """Return where what is thrown along the unit `ray` is after so many seconds."""
    x, y, z = spaces.add(origin, spaces.scaled(ray, THROW * seconds))
    return x, y - 0.5 * GRAVITY * seconds * seconds, z
