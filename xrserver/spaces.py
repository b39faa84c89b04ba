"""Poses, quaternions and projections: where things are, as pure functions of plain tuples.

Right-handed, +X right, +Y up, −Z forward; quaternions are ``xyzw``; matrices act on column vectors
and are given as 16 numbers, column after column, as OpenGL takes them. ``a_from_b`` turns what is
said in b into what is said in a. The twin is ``webxr_client/src/spaces.ts``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Matrix = tuple[float, ...]

IDENTITY: Quaternion = (0.0, 0.0, 0.0, 1.0)

#: Where a desktop viewer's eye is in its world, looking along −Z: there it is the scene that moves.
DESKTOP_EYE: Vector = (0.0, 1.6, 0.0)

#: Vertical field of view of a desktop viewer, radians.
DESKTOP_FIELD_OF_VIEW = 0.8


@dataclass(frozen=True, slots=True)
class Pose:
    """``a_from_b``: a point of b is scaled, turned, then moved.

    Attributes
    ----------
    position : Vector
        Where b's origin is in a; metres of a.
    orientation : Quaternion
    scale : float
        Metres of a in a metre of b.
    """

    position: Vector
    orientation: Quaternion = IDENTITY
    scale: float = 1.0


def add(a: Vector, b: Vector) -> Vector:
    """Return a + b."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def subtract(a: Vector, b: Vector) -> Vector:
    """Return a − b."""
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def scaled(a: Vector, factor: float) -> Vector:
    """Return a · factor."""
    return (a[0] * factor, a[1] * factor, a[2] * factor)


def dot(a: Vector, b: Vector) -> float:
    """Return the inner product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> Vector:
    """Return the outer product."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def length(a: Vector) -> float:
    """Return |a|."""
    return math.sqrt(dot(a, a))


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """Return the turn that turns by `b`, then by `a`."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def conjugate(q: Quaternion) -> Quaternion:
    """Return the opposite turn of a unit quaternion."""
    return (-q[0], -q[1], -q[2], q[3])


def unit(q: Quaternion) -> Quaternion:
    """Return `q` with length 1; the identity where it has none."""
    norm = math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3])
    if norm < 1e-12:
        return IDENTITY
    return (q[0] / norm, q[1] / norm, q[2] / norm, q[3] / norm)


def rotate(q: Quaternion, v: Vector) -> Vector:
    """Return `v` turned by the unit quaternion `q`."""
    x, y, z, w = q
    # v + 2w (q × v) + 2 q × (q × v)
    tx = 2.0 * (y * v[2] - z * v[1])
    ty = 2.0 * (z * v[0] - x * v[2])
    tz = 2.0 * (x * v[1] - y * v[0])
    return (
        v[0] + w * tx + y * tz - z * ty,
        v[1] + w * ty + z * tx - x * tz,
        v[2] + w * tz + x * ty - y * tx,
    )


def about(axis: Vector, angle: float) -> Quaternion:
    """Return the turn by `angle` radians about the unit `axis`, counterclockwise seen from its tip."""
    s = math.sin(0.5 * angle)
    return (axis[0] * s, axis[1] * s, axis[2] * s, math.cos(0.5 * angle))


def yaw_pitch(yaw: float, pitch: float) -> Quaternion:
    """Return the level gaze: a turn about +Y by `yaw`, then up by `pitch` about its own +X; radians."""
    return multiply(about((0.0, 1.0, 0.0), yaw), about((1.0, 0.0, 0.0), pitch))


def yaw_pitch_of(q: Quaternion) -> tuple[float, float]:
    """Return yaw and pitch of the way `q` looks (its −Z); its roll is lost."""
    forward = rotate(q, (0.0, 0.0, -1.0))
    pitch = math.asin(max(-1.0, min(1.0, forward[1])))
    if abs(forward[0]) + abs(forward[2]) < 1e-9:
        # Straight up or down: what is up in the picture tells the heading.
        up = rotate(q, (0.0, 1.0, 0.0))
        sign = 1.0 if forward[1] < 0.0 else -1.0
        return math.atan2(-sign * up[0], -sign * up[2]), pitch
    return math.atan2(-forward[0], -forward[2]), pitch


def look_at(eye: Vector, target: Vector) -> Quaternion:
    """Return the level gaze of an eye at `eye` towards `target`."""
    to = subtract(target, eye)
    flat = math.hypot(to[0], to[2])
    return yaw_pitch(math.atan2(-to[0], -to[2]) if flat > 1e-12 else 0.0, math.atan2(to[1], flat))


def compose(a_from_b: Pose, b_from_c: Pose) -> Pose:
    """Return a_from_c."""
    return Pose(
        apply(a_from_b, b_from_c.position),
        unit(multiply(a_from_b.orientation, b_from_c.orientation)),
        a_from_b.scale * b_from_c.scale,
    )


def invert(a_from_b: Pose) -> Pose:
    """Return b_from_a."""
    back = conjugate(a_from_b.orientation)
    scale = 1.0 / a_from_b.scale
    return Pose(scaled(rotate(back, a_from_b.position), -scale), back, scale)


def apply(a_from_b: Pose, point: Vector) -> Vector:
    """Return a point of b as one of a."""
    return add(scaled(rotate(a_from_b.orientation, point), a_from_b.scale), a_from_b.position)


def apply_inverse(a_from_b: Pose, point: Vector) -> Vector:
    """Return a point of a as one of b."""
    turned = rotate(conjugate(a_from_b.orientation), subtract(point, a_from_b.position))
    return scaled(turned, 1.0 / a_from_b.scale)


def matrix(pose: Pose) -> Matrix:
    """Return the pose as a matrix."""
    x = scaled(rotate(pose.orientation, (1.0, 0.0, 0.0)), pose.scale)
    y = scaled(rotate(pose.orientation, (0.0, 1.0, 0.0)), pose.scale)
    z = scaled(rotate(pose.orientation, (0.0, 0.0, 1.0)), pose.scale)
    return (*x, 0.0, *y, 0.0, *z, 0.0, *pose.position, 1.0)


def view_matrix(eye: Pose) -> Matrix:
    """Return view_from_world of an eye that stands in the world at ``world_from_eye`` (scale 1)."""
    return matrix(invert(eye))


def perspective(field_of_view: float, aspect: float, near: float, far: float) -> Matrix:
    """Return the symmetric projection with a vertical field of view in radians, depth −1 … 1."""
    focal = 1.0 / math.tan(0.5 * field_of_view)
    depth = near - far
    return (
        focal / aspect, 0.0, 0.0, 0.0,
        0.0, focal, 0.0, 0.0,
        0.0, 0.0, (near + far) / depth, -1.0,
        0.0, 0.0, 2.0 * near * far / depth, 0.0,
    )  # fmt: skip


def ray_through(x: float, y: float, field_of_view: float, aspect: float, orientation: Quaternion) -> Vector:
    """Return the unit direction, in the world, from an eye through a point of its picture.

    Parameters
    ----------
    x, y : float
        −1 … 1, right and up.
    field_of_view : float
        Vertical, radians.
    orientation : Quaternion
        The eye's, in the world.
    """
    tall = math.tan(0.5 * field_of_view)
    view = (x * tall * aspect, y * tall, -1.0)
    return rotate(orientation, scaled(view, 1.0 / length(view)))
