"""Moving: what a viewer's hands do to ``world_from_scene``, as pure functions of (state, actions, seconds).

The viewer stays where it is in its world and the scene moves. On a desktop the eye stands at
`spaces.DESKTOP_EYE` and looks along −Z, so ``world_from_scene`` alone says what is seen; every
function here leaves its horizon level. The twin is ``webxr_client/src/navigation/locomotion.ts``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from xrserver import spaces
from xrserver.spaces import DESKTOP_EYE, Pose, Quaternion, Vector

#: The eye never comes nearer to the ground than this; metres, scene space.
EYE_LEAST = 1.2
#: How far gaze may turn down and up; radians.
PITCH_LEAST, PITCH_MOST = -1.55, 0.6
SCALE_LEAST, SCALE_MOST = 1e-6, 50.0

#: Flying: metres of the scene per second for a metre of height above the ground, and at least.
FLY_PER_HEIGHT, FLY_LEAST = 0.9, 6.0
#: Turning: radians per second.
TURN_RATE = 1.6
#: Seconds in which flying and turning reach their speed, and in which a zoom is mostly done.
FLY_SETTLE, ZOOM_SETTLE = 0.10, 0.07
#: Seconds of a glide (undo, recentre, teleport), and of rest after which a move is a new one to undo.
GLIDE_SECONDS, REST_SECONDS = 0.35, 0.6
#: A pointer lower than this (sine of the angle) drags along the ground, a higher one upright.
GRAB_LEVEL = 0.12
#: Farthest that a drag along the ground reaches, in heights of the eye.
GRAB_REACH = 12.0
#: Moves that can be undone.
PAST_MOST = 64
#: Pitch of the overview, and the part of the picture it may fill.
OVERVIEW_PITCH, OVERVIEW_FILL = -0.52, 0.88
#: Places on the rim of what is round that it looks at.
OVERVIEW_RIM = 16


@dataclass(frozen=True, slots=True)
class Gaze:
    """A level eye in scene space: what a pose comes to on a desktop.

    Attributes
    ----------
    eye : Vector
        Metres, scene space.
    yaw, pitch : float
        Radians; 0 looks along −Z, positive to the left and up.
    scale : float
    """

    eye: Vector
    yaw: float
    pitch: float
    scale: float


@dataclass(frozen=True, slots=True)
class Actions:
    """What is asked for in one frame, free of devices.

    Attributes
    ----------
    fly : Vector
        Right, up, back; −1 … 1 each. Level: up is the scene's.
    turn : float
        −1 … 1, positive to the left.
    orbit : (float, float)
        Radians to go around `pivot` this frame: to the left, and down.
    pivot : Vector
        Scene space.
    zoom : float
        Natural logarithm of the factor to grow by, about `focus` (scene space).
    focus : Vector
    grab : Vector or None
        Direction of the pointer (world, unit) while it holds the scene; None: let go.
    grip : Vector
        Scene point under the pointer when it took hold.
    teleport : Vector or None
        Scene point to go to, and stop `reach` metres (scene) before.
    undo, recentre : bool
    """

    fly: Vector = (0.0, 0.0, 0.0)
    turn: float = 0.0
    orbit: tuple[float, float] = (0.0, 0.0)
    pivot: Vector = (0.0, 0.0, 0.0)
    zoom: float = 0.0
    focus: Vector = (0.0, 0.0, 0.0)
    grab: Vector | None = None
    grip: Vector = (0.0, 0.0, 0.0)
    teleport: Vector | None = None
    reach: float = 0.0
    undo: bool = False
    recentre: bool = False


@dataclass(frozen=True, slots=True)
class Journey:
    """Where the scene is, how it moves, and where it was.

    Attributes
    ----------
    pose, home : Pose
        ``world_from_scene`` now, and after recentring.
    past : tuple of Pose
        To undo, newest last.
    velocity : Vector
        Of the eye, right, up, back; metres of the scene per second.
    spin : float
        Radians per second.
    zooming : float
        What is left to zoom (natural logarithm), about `focus`.
    focus : Vector
    holding : bool
        The scene is held at `grip`; it follows along the ground if `level`, else upright.
    level : bool
    grip : Vector
    glide : (Pose, Pose) or None
        From, to; `glided` seconds ago.
    glided : float
    rest : float
        Seconds since the last move by hand.
    """

    pose: Pose
    home: Pose
    past: tuple[Pose, ...] = ()
    velocity: Vector = (0.0, 0.0, 0.0)
    spin: float = 0.0
    zooming: float = 0.0
    focus: Vector = (0.0, 0.0, 0.0)
    holding: bool = False
    level: bool = True
    grip: Vector = (0.0, 0.0, 0.0)
    glide: tuple[Pose, Pose] | None = None
    glided: float = 0.0
    rest: float = REST_SECONDS


def gaze_of(pose: Pose) -> Gaze:
    """Return what a desktop's eye sees under `pose`, without roll."""
    yaw, pitch = spaces.yaw_pitch_of(spaces.conjugate(pose.orientation))
    return Gaze(spaces.apply_inverse(pose, DESKTOP_EYE), yaw, pitch, pose.scale)


def pose_of(gaze: Gaze) -> Pose:
    """Return the pose under which a desktop's eye sees `gaze`."""
    orientation = spaces.conjugate(spaces.yaw_pitch(gaze.yaw, gaze.pitch))
    away = spaces.scaled(spaces.rotate(orientation, gaze.eye), gaze.scale)
    return Pose(spaces.subtract(DESKTOP_EYE, away), orientation, gaze.scale)


def overview(pose: Pose, box: tuple[float, ...], field_of_view: float, aspect: float,
             round_: bool = False) -> Pose:
    """Return the pose that shows the whole of `box`, with heading and scale of `pose`.

    Parameters
    ----------
    box : (min x, min y, min z, max x, max y, max z), metres, scene space
    round_ : bool
        What is in the box is as round as it can be there, as rivers are: its corners are empty.
    """
    yaw = spaces.yaw_pitch_of(spaces.conjugate(pose.orientation))[0]
    gaze = spaces.yaw_pitch(yaw, OVERVIEW_PITCH)
    back = spaces.conjugate(gaze)
    centre = (0.5 * (box[0] + box[3]), box[1], 0.5 * (box[2] + box[5]))
    tall = OVERVIEW_FILL * math.tan(0.5 * field_of_view)
    wide = tall * aspect
    corners = [(box[3 * (i & 1)], box[1 + 3 * (i >> 1 & 1)], box[2 + 3 * (i >> 2)]) for i in range(8)]
    if round_:
        middle, half = (centre[0], centre[2]), (0.5 * (box[3] - box[0]), 0.5 * (box[5] - box[2]))
        turns = [math.tau * i / OVERVIEW_RIM for i in range(OVERVIEW_RIM)]
        corners = [(middle[0] + half[0] * math.cos(turn), y, middle[1] + half[1] * math.sin(turn))
                   for turn in turns for y in (box[1], box[4])]
    distance = 0.0
    # Each round finds how far to stand, then moves what is seen to the middle of the picture.
    for _ in range(8):
        seen = [spaces.rotate(back, spaces.subtract(corner, centre)) for corner in corners]
        distance = max(max(abs(x) / wide, abs(y) / tall) + z for x, y, z in seen)
        across = [x / (distance - z) for x, _, z in seen]
        up = [y / (distance - z) for _, y, z in seen]
        aside, higher = 0.5 * (min(across) + max(across)), 0.5 * (min(up) + max(up))
        centre = spaces.add(centre, spaces.rotate(gaze, (aside * distance, higher * distance, 0.0)))
    eye = spaces.add(centre, spaces.rotate(gaze, (0.0, 0.0, distance)))
    return pose_of(Gaze(eye, yaw, OVERVIEW_PITCH, pose.scale))


def depth_range(pose: Pose, box: tuple[float, ...], eye: Vector = DESKTOP_EYE) -> tuple[float, float]:
    """Return near and far plane, metres of the world, that hold all of `box` seen from `eye`."""
    at = spaces.apply_inverse(pose, eye)
    far = math.hypot(*(max(abs(at[i] - box[i]), abs(at[i] - box[i + 3])) for i in range(3)))
    outside = math.hypot(*(max(box[i] - at[i], 0.0, at[i] - box[i + 3]) for i in range(3)))
    near = max(0.5 * outside, far * 2e-4)
    return near * pose.scale, far * 1.01 * pose.scale


def drag(pose: Pose, grip: Vector, hand: Vector) -> Pose:
    """Return the pose moved so that the scene's point `grip` is at the world's point `hand`."""
    away = spaces.scaled(spaces.rotate(pose.orientation, grip), pose.scale)
    return replace(pose, position=spaces.subtract(hand, away))


def orbited(gaze: Gaze, pivot: Vector, left: float, down: float) -> Gaze:
    """Return the gaze after going around `pivot`; the picture turns about it."""
    pitch = min(max(gaze.pitch + down, PITCH_LEAST), PITCH_MOST)
    # About the vertical through the pivot, then about the level axis to the right.
    before = spaces.yaw_pitch(gaze.yaw, gaze.pitch)
    after = spaces.yaw_pitch(gaze.yaw + left, pitch)
    from_pivot = spaces.rotate(spaces.conjugate(before), spaces.subtract(gaze.eye, pivot))
    return Gaze(spaces.add(pivot, spaces.rotate(after, from_pivot)), gaze.yaw + left, pitch, gaze.scale)


def zoomed(gaze: Gaze, focus: Vector, factor: float) -> Gaze:
    """Return the gaze after the world grew by `factor` about the scene's point `focus`."""
    scale = min(max(gaze.scale * factor, SCALE_LEAST), SCALE_MOST)
    shrink = gaze.scale / scale
    eye = spaces.add(focus, spaces.scaled(spaces.subtract(gaze.eye, focus), shrink))
    return replace(gaze, eye=eye, scale=scale)


def approached(gaze: Gaze, target: Vector, reach: float) -> Gaze:
    """Return the gaze that stands `reach` metres before `target` and looks at it."""
    pitch = min(max(gaze.pitch, -0.6), -0.2)
    back = spaces.rotate(spaces.yaw_pitch(gaze.yaw, pitch), (0.0, 0.0, reach))
    return replace(gaze, eye=spaces.add(target, back), pitch=pitch)


def between(a: Gaze, b: Gaze, share: float) -> Gaze:
    """Return the gaze `share` (0 … 1) of the way from a to b, turning the shorter way."""
    turn = math.remainder(b.yaw - a.yaw, 2.0 * math.pi)
    return Gaze(
        spaces.add(a.eye, spaces.scaled(spaces.subtract(b.eye, a.eye), share)),
        a.yaw + turn * share,
        a.pitch + (b.pitch - a.pitch) * share,
        a.scale * (b.scale / a.scale) ** share,
    )


def _held(gaze: Gaze, journey: Journey, pointer: Vector) -> Gaze:
    """Return the gaze moved so that the grip stays under the pointer."""
    orientation = spaces.yaw_pitch(gaze.yaw, gaze.pitch)
    ray = spaces.rotate(orientation, pointer)
    grip = journey.grip
    if journey.level:
        drop = gaze.eye[1] - grip[1]
        reach = drop / max(-ray[1], 1.0 / GRAB_REACH)
        at = spaces.add(gaze.eye, spaces.scaled(ray, reach))
        shift = (grip[0] - at[0], 0.0, grip[2] - at[2])
    else:
        # The plane through the grip that faces the heading.
        ahead: Vector = (-math.sin(gaze.yaw), 0.0, -math.cos(gaze.yaw))
        reach = spaces.dot(spaces.subtract(grip, gaze.eye), ahead) / max(spaces.dot(ray, ahead), 0.05)
        shift = spaces.subtract(grip, spaces.add(gaze.eye, spaces.scaled(ray, reach)))
    return replace(gaze, eye=spaces.add(gaze.eye, shift))


def _remember(journey: Journey) -> Journey:
    return replace(journey, past=(*journey.past, journey.pose)[-PAST_MOST:])


def _glide(journey: Journey, to: Pose) -> Journey:
    return replace(journey, glide=(journey.pose, to), glided=0.0, velocity=(0.0, 0.0, 0.0), spin=0.0,
                   zooming=0.0, holding=False)


def rehomed(journey: Journey, home: Pose) -> Journey:
    """Return the journey with another home: whoever is at home, or on the way there, glides to it."""
    at = journey.pose if journey.glide is None else journey.glide[1]
    moved = at == journey.home != home
    journey = replace(journey, home=home)
    return _glide(journey, home) if moved else journey


def _asked(journey: Journey, actions: Actions) -> Journey:
    """Take up what is asked for once: undo, recentre, teleport."""
    if actions.undo and journey.past:
        return replace(_glide(journey, journey.past[-1]), past=journey.past[:-1])
    if actions.recentre:
        return _glide(_remember(journey), journey.home)
    if actions.teleport is not None:
        to = approached(gaze_of(journey.pose), actions.teleport, actions.reach)
        return _glide(_remember(journey), pose_of(_above_ground(to)))
    return journey


def _above_ground(gaze: Gaze) -> Gaze:
    if gaze.eye[1] >= EYE_LEAST:
        return gaze
    return replace(gaze, eye=(gaze.eye[0], EYE_LEAST, gaze.eye[2]))


def step(journey: Journey, actions: Actions, seconds: float) -> Journey:
    """Return the journey after a frame of `seconds` with these actions, on a desktop."""
    journey = _asked(journey, actions)
    by_hand = (actions.fly != (0.0, 0.0, 0.0) or actions.turn != 0.0 or actions.orbit != (0.0, 0.0)
               or actions.zoom != 0.0 or actions.grab is not None)
    if by_hand:
        if journey.rest >= REST_SECONDS:
            journey = _remember(journey)
        journey = replace(journey, glide=None, rest=0.0)
    elif journey.rest < REST_SECONDS:
        journey = replace(journey, rest=journey.rest + seconds)

    if journey.glide is not None:
        age = journey.glided + seconds
        if age >= GLIDE_SECONDS:
            return replace(journey, pose=journey.glide[1], glide=None, glided=0.0)
        left = 1.0 - age / GLIDE_SECONDS
        gaze = between(gaze_of(journey.glide[0]), gaze_of(journey.glide[1]), 1.0 - left * left * left)
        return replace(journey, pose=pose_of(gaze), glided=age)

    still = journey.velocity == (0.0, 0.0, 0.0) and journey.spin == 0.0 and journey.zooming == 0.0
    if not by_hand and still and not journey.holding:
        return journey
    return _moved(journey, actions, seconds)


def _moved(journey: Journey, actions: Actions, seconds: float) -> Journey:
    gaze = gaze_of(journey.pose)

    # Speeds follow what is asked for within a moment, and come to rest.
    speed = max(FLY_PER_HEIGHT * gaze.eye[1], FLY_LEAST)
    follow = 1.0 - math.exp(-seconds / FLY_SETTLE)
    velocity = spaces.add(journey.velocity, spaces.scaled(
        spaces.subtract(spaces.scaled(actions.fly, speed), journey.velocity), follow))
    spin = journey.spin + (actions.turn * TURN_RATE - journey.spin) * follow
    if actions.fly == (0.0, 0.0, 0.0) and spaces.length(velocity) < 0.01 * speed:
        velocity = (0.0, 0.0, 0.0)
    if actions.turn == 0.0 and abs(spin) < 0.01:
        spin = 0.0
    yaw = gaze.yaw + spin * seconds
    ahead: Quaternion = spaces.about((0.0, 1.0, 0.0), yaw)
    gaze = replace(gaze, yaw=yaw, eye=spaces.add(gaze.eye, spaces.rotate(
        ahead, spaces.scaled(velocity, seconds))))

    if actions.orbit != (0.0, 0.0):
        gaze = orbited(gaze, actions.pivot, *actions.orbit)

    focus = actions.focus if actions.zoom != 0.0 else journey.focus
    zooming = journey.zooming + actions.zoom
    part = zooming * (1.0 - math.exp(-seconds / ZOOM_SETTLE))
    if abs(zooming) < 1e-3:
        part = zooming
    if part != 0.0:
        gaze = zoomed(gaze, focus, math.exp(part))
    zooming -= part

    if actions.grab is not None:
        if not journey.holding:
            ray = spaces.rotate(spaces.yaw_pitch(gaze.yaw, gaze.pitch), actions.grab)
            level = ray[1] <= -GRAB_LEVEL and gaze.eye[1] > actions.grip[1]
            journey = replace(journey, holding=True, level=level, grip=actions.grip)
        gaze = _held(gaze, journey, actions.grab)
    elif journey.holding:
        journey = replace(journey, holding=False)

    return replace(journey, pose=pose_of(_above_ground(gaze)), velocity=velocity, spin=spin,
                   zooming=zooming, focus=focus)
