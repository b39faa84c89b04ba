"""Sharp where the eyes look: quad views whose inner pair follows them (XR_VARJO_foveated_rendering).

The other extensions of this kind thin out pictures while a runtime's own images are drawn into, by Vulkan or
OpenGL ES; here eyes are drawn aside, by OpenGL, so they could not act.
"""

from __future__ import annotations

import ctypes
from typing import Any

from xrserver.native.openxr.api import raw, xr
from xrserver.native.openxr.runtime import Runtime, check

_KNOWN_NOW = 4 | 1  # orientation tracked, and valid


class Foveation:
    """Asks for views that follow the eyes, while they are seen.

    Parameters
    ----------
    session : ctypes handle
    space : ctypes handle
        The room.
    """

    def __init__(self, session: Any, space: Any) -> None:
        self._space = space
        self._eyes: Any = xr.create_reference_space(session, xr.ReferenceSpaceCreateInfo(
            reference_space_type=xr.ReferenceSpaceType.COMBINED_EYE_VARJO))
        self._found = xr.SpaceLocation()
        self._asked = xr.ViewLocateFoveatedRenderingVARJO(foveated_rendering_active=1)
        #: For the chain of what views are located by.
        self.link: Any = ctypes.cast(ctypes.pointer(self._asked), ctypes.c_void_p)

    def follow(self, time: int) -> None:
        """Let the views of this time follow the eyes where those are seen, and stay in the middle else."""
        check(raw.xrLocateSpace(self._eyes, self._space, time, ctypes.byref(self._found)))
        seen = int(self._found._location_flags) & _KNOWN_NOW == _KNOWN_NOW
        self._asked.foveated_rendering_active = int(seen)


def sizes(runtime: Runtime, configuration: Any) -> list[tuple[int, int]]:
    """Return how large the four pictures should be where the inner pair follows the eyes."""
    count = ctypes.c_uint32(4)
    follows = [xr.FoveatedViewConfigurationViewVARJO(foveated_rendering_active=1) for _ in range(4)]
    views = (xr.ViewConfigurationView * 4)(*(xr.ViewConfigurationView() for _ in range(4)))
    for view, link in zip(views, follows, strict=True):
        view._next = ctypes.cast(ctypes.pointer(link), ctypes.c_void_p)
    check(raw.xrEnumerateViewConfigurationViews(
        runtime.instance, runtime.system, configuration.value, 4, ctypes.byref(count), views))
    return [(int(view.recommended_image_rect_width), int(view.recommended_image_rect_height))
            for view in views]
