"""Pointing with a mouse: what a place of the picture shows, and where to go for a closer look at it."""

from __future__ import annotations

import math

from xrserver import spaces
from xrserver.native.backend import View
from xrserver.native.city import City
from xrserver.native.moment import Moment, Picked
from xrserver.native.renderer import Renderer
from xrserver.navigation import locomotion
from xrserver.spaces import DESKTOP_EYE, Pose, Vector

Place = tuple[float, float]


def picked(renderer: Renderer, moment: Moment, view: View, place: Place) -> Picked | None:
    """Return what is seen at a place of the picture (−1 … 1 each, right and up)."""
    pixel = 1.0 / view.size[0], 1.0 / view.size[1]
    return renderer.pick(moment, view.world_from_eye, view.projection, *place, pixel)


def ground(city: City, pose: Pose, view: View, place: Place) -> Vector:
    """Return where a place of the picture meets the ground, or, above the horizon, one as far as the city."""
    gaze = locomotion.gaze_of(pose)
    aspect = view.size[0] / view.size[1]
    ray = spaces.ray_through(*place, view.field_of_view, aspect, spaces.yaw_pitch(gaze.yaw, gaze.pitch))
    box = city.box
    farthest = math.hypot(box[3] - box[0], box[5] - box[2])
    away = min(-gaze.eye[1] / ray[1], farthest) if ray[1] < -1e-6 else farthest
    return spaces.add(gaze.eye, spaces.scaled(ray, away))


def goal(city: City, drawn: tuple[str, ...], rank: int, pose: Pose, found: Picked) -> tuple[Vector, float]:
    """Return where to go for a look at what was picked, and how near."""
    span = city.span(found.node, rank, drawn)
    away = spaces.length(spaces.subtract(found.point, spaces.apply_inverse(pose, DESKTOP_EYE)))
    if span is None or found.node & 1:
        return found.point, 0.4 * away
    x, y, z = span["position1"].tolist()
    size = span["size1"].tolist()
    return (x, y + 0.5 * size[1], z), 1.7 * max(size) + 6.0
