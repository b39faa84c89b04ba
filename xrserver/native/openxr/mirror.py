"""What the person in the headset sees, for those beside them: one eye's picture and panels, in a window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import moderngl
import numpy as np

from xrserver import spaces
from xrserver.native.backend import View
from xrserver.native.openxr.swapchains import Sheet
from xrserver.native.overlay import OVER

#: Width and height, logical pixels.
SIZE = (960, 600)
#: Of so many frames one is shown here: those in the headset come first.
_EVERY = 2
#: Seen of the eye's picture at least: the rest is cut off, as lenses do.
_SEEN = 0.8

_PICTURE_VERTEX = """#version 330 core
uniform vec2 share;
out vec2 vPlace;
void main() {
  vec2 corner = vec2(float((gl_VertexID & 1) << 2), float((gl_VertexID & 2) << 1)) - 1.0;
  vPlace = 0.5 + 0.5 * corner * share;
  gl_Position = vec4(corner, 0.0, 1.0);
}
"""
_SHEET_VERTEX = """#version 330 core
uniform mat4 matrix;
uniform vec2 share;
out vec2 vPlace;
void main() {
  vPlace = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  gl_Position = matrix * vec4(vPlace - 0.5, 0.0, 1.0);
  gl_Position.xy /= share;
}
"""
_FRAGMENT = """#version 330 core
uniform sampler2D picture;
in vec2 vPlace;
layout(location = 0) out vec4 outColour;
void main() { outColour = texture(picture, vPlace); }
"""


class Mirror:
    """A window that shows one eye.

    Parameters
    ----------
    window : glfw window
        Whose context is `context`; it is shown from now on.
    closed : function
        Is called when somebody closes it.
    """

    def __init__(self, context: moderngl.Context, window: Any, closed: Callable[[], None]) -> None:
        import glfw

        self._glfw: Any = glfw
        self._context, self._window, self._closed = context, window, closed
        self._whole = context.program(_PICTURE_VERTEX, _FRAGMENT)
        self._flat = context.program(_SHEET_VERTEX, _FRAGMENT)
        self._triangle = context.vertex_array(self._whole, [])
        self._quad = context.vertex_array(self._flat, [])
        self._texture: moderngl.Texture | None = None
        self._copy: moderngl.Framebuffer | None = None
        self._frames = 0
        glfw.set_window_size(window, *SIZE)
        glfw.set_window_title(window, "xrserver: what the headset shows")
        glfw.show_window(window)

    def poll(self) -> None:
        """Let the window live while nothing is shown in it."""
        self._glfw.poll_events()
        if self._glfw.window_should_close(self._window):
            self._glfw.set_window_should_close(self._window, False)
            self._closed()

    def show(self, view: View, sheets: Sequence[Sheet]) -> None:
        """Show a view that was drawn, and the sheets that hang before it, the farthest first."""
        self._frames += 1
        self.poll()
        width, height = self._glfw.get_framebuffer_size(self._window)
        if self._frames % _EVERY or not (width and height):
            return
        texture, copy = self._taken(view.target.size)
        self._context.copy_framebuffer(copy, view.target)
        screen = self._context.detect_framebuffer(0)
        screen.viewport = (0, 0, width, height)
        screen.use()
        share = self._share(view.target.width / view.target.height, width / height)
        self._context.disable(moderngl.CULL_FACE | moderngl.DEPTH_TEST | moderngl.BLEND)
        texture.use(0)
        self._whole["share"] = share
        self._triangle.render(moderngl.TRIANGLES, vertices=3)
        self._context.enable(moderngl.BLEND)
        self._context.blend_func = OVER
        self._flat["share"] = share
        for sheet in sheets:
            sheet.texture.use(0)
            self._flat["matrix"] = _onto(view, sheet)
            self._quad.render(moderngl.TRIANGLE_STRIP, vertices=4)
        self._context.disable(moderngl.BLEND)
        self._glfw.swap_buffers(self._window)

    @staticmethod
    def _share(picture: float, window: float) -> tuple[float, float]:
        """Return how much of the picture is seen, across and down: the window is filled."""
        return (_SEEN * min(1.0, window / picture), _SEEN * min(1.0, picture / window))

    def _taken(self, size: tuple[int, int]) -> tuple[moderngl.Texture, moderngl.Framebuffer]:
        if self._texture is None or self._copy is None or self._texture.size != size:
            self.close()
            self._texture = self._context.texture(size, 4)
            self._copy = self._context.framebuffer([self._texture])
        return self._texture, self._copy

    def close(self) -> None:
        """Let go of what is kept of a picture."""
        if self._copy is not None and self._texture is not None:
            self._copy.release()
            self._texture.release()
            self._copy = self._texture = None


def _onto(view: View, sheet: Sheet) -> tuple[float, ...]:
    """Return the matrix from a square of side 1 onto a sheet as a view sees it; columns after one another."""
    wide, tall = sheet.metres
    model = np.array(spaces.matrix(sheet.pose)).reshape(4, 4)
    model[0] *= wide / sheet.pose.scale
    model[1] *= tall / sheet.pose.scale
    eye = np.array(spaces.view_matrix(view.world_from_eye)).reshape(4, 4)
    return tuple((model @ eye @ np.array(view.projection).reshape(4, 4)).ravel().tolist())
