"""Where the eyes are and what they are shown: views located for a time, pictures for them, one layer."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import moderngl

from xrserver.native.backend import View
from xrserver.native.openxr import foveation
from xrserver.native.openxr.api import raw, xr
from xrserver.native.openxr.foveation import Foveation
from xrserver.native.openxr.mask import Hidden
from xrserver.native.openxr.runtime import Runtime, check
from xrserver.native.openxr.swapchains import Picture, depth_format
from xrserver.spaces import Matrix, Pose

_STEREO = xr.ViewConfigurationType.PRIMARY_STEREO
_QUAD = xr.ViewConfigurationType.PRIMARY_QUAD_VARJO
#: Both bits of a pose that is known at all.
KNOWN = 3


class Views:
    """The views of a session: two, or four where the runtime adds a sharp one around each eye's gaze.

    Parameters
    ----------
    space : ctypes handle
        The room.
    samples : int
        A pixel's.

    Attributes
    ----------
    configuration : xr.ViewConfigurationType
    eyes : list of Pose
        ``world_from_eye`` as last located.
    """

    def __init__(self, runtime: Runtime, session: Any, context: moderngl.Context, space: Any,
                 samples: int) -> None:
        self.configuration = self._choose(runtime)
        self._foveation = Foveation(session, space) if (
            self.configuration == _QUAD and runtime.foveated) else None
        if self._foveation is not None:
            sizes = foveation.sizes(runtime, self.configuration)
        else:
            found: Any = xr.enumerate_view_configuration_views(
                runtime.instance, runtime.system, self.configuration)
            sizes = [(int(each.recommended_image_rect_width), int(each.recommended_image_rect_height))
                     for each in found]
        depth = depth_format(session) if runtime.has("XR_KHR_composition_layer_depth") else 0
        samples = min(samples, int(context.max_samples))
        samples = samples if samples > 1 else 0  # one is none, but not to every driver
        self._runtime, self._session = runtime, session
        self._pictures = [Picture(context, session, size, samples, depth) for size in sizes]
        self.hidden = Hidden(context)
        self.load_mask()
        count = len(self._pictures)
        self.eyes = [Pose((0.0, 1.6, 0.0))] * count
        self._state, self._found = xr.ViewState(), ctypes.c_uint32()
        self._located = (xr.View * count)(*(xr.View() for _ in range(count)))
        self._info = xr.ViewLocateInfo(
            view_configuration_type=self.configuration, display_time=0, space=space)
        if self._foveation is not None:
            self._info._next = self._foveation.link
        self._parts = (xr.CompositionLayerProjectionView * count)()
        self._depths: list[Any] = []
        for i, picture in enumerate(self._pictures):
            part = xr.CompositionLayerProjectionView(sub_image=picture.colour.sub_image(picture.size))
            if picture.depth is not None:
                told = xr.CompositionLayerDepthInfoKHR(
                    sub_image=picture.depth.sub_image(picture.size), min_depth=0.0, max_depth=1.0)
                self._depths.append(told)
                part.next = ctypes.cast(ctypes.pointer(told), ctypes.c_void_p)
            self._parts[i] = part
        self.layer = xr.CompositionLayerProjection(space=space, views=self._parts)

    @staticmethod
    def _choose(runtime: Runtime) -> Any:
        offered: Any = xr.enumerate_view_configurations(runtime.instance, runtime.system)
        quad = runtime.has("XR_VARJO_quad_views") and _QUAD.value in [int(each) for each in offered]
        return _QUAD if quad else _STEREO

    def load_mask(self) -> None:
        """Ask anew what the lenses hide."""
        self.hidden.load(self._runtime, self._session, self.configuration, len(self._pictures))

    def locate(self, time: int) -> bool:
        """Find the eyes at a time to come; return whether they are known."""
        if self._foveation is not None:
            self._foveation.follow(time)
        self._info.display_time = time
        check(raw.xrLocateViews(
            self._session, ctypes.byref(self._info), ctypes.byref(self._state), len(self._located),
            ctypes.byref(self._found), self._located))
        if int(self._state._view_state_flags) & KNOWN != KNOWN:
            return False
        for i, located in enumerate(self._located):
            self.eyes[i] = pose_of(located.pose)
            part = self._parts[i]
            part.pose, part.fov = located.pose, located.fov
        return True

    def views(self, near: float, far: float) -> list[View]:
        """Return what is to be drawn, with these depth planes."""
        for told in self._depths:
            told.near_z, told.far_z = near, far
        found: list[View] = []
        for i, (picture, located) in enumerate(zip(self._pictures, self._located, strict=True)):
            fov = located.fov
            lens = projection(fov.angle_left, fov.angle_right, fov.angle_up, fov.angle_down, near, far)
            found.append(View(self.eyes[i], fov.angle_up - fov.angle_down, lens, picture.target,
                              mask=self.hidden.of(i)))
        return found

    def resolve(self) -> None:
        """Give what was drawn to the runtime."""
        for picture in self._pictures:
            picture.resolve()

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Pixels of each view, across and down."""
        return [picture.size for picture in self._pictures]

    def close(self) -> None:
        """Let go of what is ours."""
        for picture in self._pictures:
            picture.close()


def pose_of(pose: Any) -> Pose:
    """Return OpenXR's pose as ours."""
    p, q = pose.position, pose.orientation
    return Pose((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))


def projection(left: float, right: float, up: float, down: float, near: float, far: float) -> Matrix:
    """Return the projection through a window given by the angles of its sides; depth −1 … 1."""
    west, east, north, south = math.tan(left), math.tan(right), math.tan(up), math.tan(down)
    wide, tall, deep = east - west, north - south, near - far
    return (
        2.0 / wide, 0.0, 0.0, 0.0,
        0.0, 2.0 / tall, 0.0, 0.0,
        (east + west) / wide, (north + south) / tall, (near + far) / deep, -1.0,
        0.0, 0.0, 2.0 * near * far / deep, 0.0,
    )  # fmt: skip
