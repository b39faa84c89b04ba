"""What lenses hide: the runtime's mesh of it, drawn first and nearest, so that nothing else is."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from typing import Any

import moderngl
import numpy as np

from xrserver.native.openxr.api import xr
from xrserver.native.openxr.runtime import Runtime, check
from xrserver.spaces import Matrix

_VERTEX = """#version 330 core
uniform mat4 projection;
in vec2 place;
void main() {
  vec4 clip = projection * vec4(place, -1.0, 1.0);
  gl_Position = vec4(clip.xy, -clip.w, clip.w);
}
"""
_FRAGMENT = """#version 330 core
layout(location = 0) out vec4 colour;
void main() { colour = vec4(0.0, 0.0, 0.0, 1.0); }
"""

_UNTOLD = (xr.exception.ValidationFailureError, xr.exception.ViewConfigurationTypeUnsupportedError)


class Hidden:
    """Hidden triangles of every view of a session; empty where the runtime does not tell."""

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._program = context.program(_VERTEX, _FRAGMENT)
        self._arrays: list[moderngl.VertexArray | None] = []

    def load(self, runtime: Runtime, session: Any, configuration: Any, views: int) -> None:
        """Ask the runtime for the meshes anew."""
        self._arrays = []
        if not runtime.has("XR_KHR_visibility_mask"):
            return
        ask = runtime.function("xrGetVisibilityMaskKHR", xr.PFN_xrGetVisibilityMaskKHR)
        kind = xr.VisibilityMaskTypeKHR.HIDDEN_TRIANGLE_MESH
        for view in range(views):
            mask = xr.VisibilityMaskKHR()
            try:
                check(ask(session, configuration.value, view, kind.value, ctypes.byref(mask)))
            except _UNTOLD:
                return  # it knows no mask for such views: everything is drawn
            if not mask.vertex_count_output or not mask.index_count_output:
                self._arrays.append(None)
                continue
            vertices = np.zeros((mask.vertex_count_output, 2), np.float32)
            indices = np.zeros(mask.index_count_output, np.uint32)
            mask.vertex_capacity_input, mask.index_capacity_input = len(vertices), len(indices)
            mask.vertices = vertices.ctypes.data_as(ctypes.POINTER(xr.Vector2f))
            mask.indices = indices.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32))
            check(ask(session, configuration.value, view, kind.value, ctypes.byref(mask)))
            self._arrays.append(self._context.vertex_array(
                self._program, [(self._context.buffer(vertices.tobytes()), "2f", "place")],
                index_buffer=self._context.buffer(indices.tobytes())))

    def of(self, view: int) -> Callable[[Matrix], None] | None:
        """Return what draws a view's hidden triangles into the framebuffer in use, which is clear."""
        array = self._arrays[view] if view < len(self._arrays) else None
        return None if array is None else partial(self._draw, array)

    def _draw(self, array: moderngl.VertexArray, projection: Matrix) -> None:
        self._program["projection"] = projection
        self._context.disable(moderngl.CULL_FACE | moderngl.BLEND)
        self._context.enable(moderngl.DEPTH_TEST)
        self._context.depth_func = "<="
        array.render(moderngl.TRIANGLES)
