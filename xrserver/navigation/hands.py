"""What hands do to ``world_from_scene``: pinches that flicker, and one or two hands that hold the scene.

Pure functions of (state, what is seen, seconds); the twin is ``webxr_client/src/navigation/hands.ts``.
The horizon stays level: the scene is moved, turned about the vertical and scaled, never tilted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from xrserver import spaces
from xrserver.navigation.locomotion import drag
from xrserver.spaces import Pose, Vector

#: From here on an analogue press counts as down, and below there as up.
PRESS, RELEASE = 0.6, 0.4
#: Seconds that fingers have to be closed, or open, before it counts: cameras see them flicker.
CLOSE_SECONDS, OPEN_SECONDS = 0.05, 0.09
#: Hands nearer to each other than this (metres) neither scale nor turn; one over the other, they do not turn.
APART_LEAST = 0.05

_UP: Vector = (0.0, 1.0, 0.0)
_NOWHERE: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Pinch:
    """Whether fingers are closed, as far as that is certain.

    Attributes
    ----------
    pressed : bool
    opposed : float
        Seconds for which fingers have said otherwise; −1 where they agree.
    """

    pressed: bool = False
    opposed: float = -1.0


@dataclass(frozen=True, slots=True)
class Grab:
    """Both hands' hold on the scene.

    Attributes
    ----------
    held : int
        Who held in the frame before: 1 left, 2 right, 3 both.
    left, right : Vector
        The scene's points in the left and the right hand.
    """

    held: int = 0
    left: Vector = _NOWHERE
    right: Vector = _NOWHERE


def pinched(state: Pinch, value: float, seconds: float) -> Pinch:
    """Return the pinch after a frame of `seconds` in which fingers are closed by `value`, 0 … 1."""
    pressed = state.pressed
    if value >= RELEASE if pressed else value < PRESS:
        return Pinch(pressed)
    # When they began to is not known, only that it was since the last frame: counted from here.
    opposed = 0.0 if state.opposed < 0.0 else state.opposed + seconds
    if opposed >= (OPEN_SECONDS if pressed else CLOSE_SECONDS):
        return Pinch(not pressed)
    return Pinch(pressed, opposed)


def grabbed(state: Grab, pose: Pose, held: int, left: Vector, right: Vector, scale_least: float,
            scale_most: float) -> tuple[Pose, Grab]:
    """Return the pose after a frame in which the hands `held` hold the scene.

    What was taken hold of stays in the hand; of two hands, in both, as far as moving, scaling and
    turning about the vertical can. Whoever joins or leaves takes hold anew, so nothing jumps. Where
    the scale is at its limit, the middle between the hands is what stays. Hands that are not seen are
    not to be among those that hold: the scene rests until they are.

    Parameters
    ----------
    held : int
        1 left, 2 right, 3 both.
    left, right : Vector
        Where the hands are, in the world; each is read only while it holds.
    """
    if held == 0 or held != state.held:
        return pose, _hold(pose, held, left, right)
    if held == 1:
        return drag(pose, state.left, left), Grab(1, state.left, state.right)
    if held == 2:
        return drag(pose, state.right, right), Grab(2, state.left, state.right)
    reach, across = spaces.subtract(state.right, state.left), spaces.subtract(right, left)
    apart, span = spaces.length(across), spaces.length(reach)
    scale, orientation = pose.scale, pose.orientation
    firm = apart >= APART_LEAST and span * scale >= APART_LEAST
    level = (math.hypot(across[0], across[2]) >= APART_LEAST
             and math.hypot(reach[0], reach[2]) * scale >= APART_LEAST)
    if firm:
        scale = min(max(apart / span, scale_least), scale_most)
    if level:
        turn = math.atan2(across[0], across[2]) - math.atan2(reach[0], reach[2])
        orientation = spaces.about(_UP, turn)
    middle = spaces.scaled(spaces.add(state.left, state.right), 0.5)
    hands = spaces.scaled(spaces.add(left, right), 0.5)
    moved = drag(Pose(pose.position, orientation, scale), middle, hands)
    # Hands that say too little keep what they have now: when they say more again, nothing jumps.
    return moved, state if firm and level else _hold(moved, held, left, right)


def _hold(pose: Pose, held: int, left: Vector, right: Vector) -> Grab:
    return Grab(held, spaces.apply_inverse(pose, left) if held & 1 else _NOWHERE,
                spaces.apply_inverse(pose, right) if held & 2 else _NOWHERE)


def turned_about(pose: Pose, centre: Vector, angle: float) -> Pose:
    """Return the pose turned by `angle` radians about the vertical through the world's point `centre`."""
    turn = spaces.about(_UP, angle)
    away = spaces.rotate(turn, spaces.subtract(pose.position, centre))
    return Pose(spaces.add(away, centre), spaces.unit(spaces.multiply(turn, pose.orientation)), pose.scale)


def scaled_about(pose: Pose, centre: Vector, factor: float, scale_least: float, scale_most: float) -> Pose:
    """Return the pose scaled by `factor` about the world's point `centre`, within the limits."""
    scale = min(max(pose.scale * factor, scale_least), scale_most)
    away = spaces.scaled(spaces.subtract(pose.position, centre), scale / pose.scale)
    return replace(pose, position=spaces.add(centre, away), scale=scale)
