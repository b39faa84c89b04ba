"""OpenGL for a headset: a context of this process, and how the runtime is told of it.

On Linux by GLX, behind a window that is never shown, or by EGL where there is no display and the
runtime takes it (Monado does, SteamVR does not); on Windows by WGL, which has not been run yet.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

import moderngl

from xrserver.errors import NoDisplay, NoRuntime
from xrserver.native.offscreen import create_context
from xrserver.native.openxr.api import xr
from xrserver.native.openxr.runtime import EGL, OPENGL

_EGL_CONFIG_ID, _EGL_NONE = 0x3028, 0x3038


class Surface:
    """A context, and the structure that binds a session to it.

    Parameters
    ----------
    offered : frozenset of str
        The runtime's extensions.

    Attributes
    ----------
    extensions : frozenset of str
        Those by which it is bound.
    binding : ctypes structure

    Raises
    ------
    NoDisplay
        There is no OpenGL 3.3, or no display where one is needed.
    NoRuntime
        The runtime takes no OpenGL at all.
    """

    def __init__(self, offered: frozenset[str]) -> None:
        if OPENGL not in offered:
            raise NoRuntime("This OpenXR runtime takes no pictures by OpenGL (XR_KHR_opengl_enable). "
                            "Choose SteamVR or Monado as the OpenXR runtime.")
        self._glfw: Any = None
        #: The window whose context it is; None where there is no display.
        self.window: Any = None
        self.context: moderngl.Context
        self.binding: Any
        headless = sys.platform.startswith("linux") and not os.environ.get("DISPLAY")
        if headless and EGL not in offered:
            raise NoDisplay("There is no X display, which this OpenXR runtime needs for OpenGL. "
                            "Start xrserver in a desktop session.")
        if headless:
            self.extensions = frozenset((OPENGL, EGL))
            self.context = create_context()
            self.binding = _egl()
        else:
            self.extensions = frozenset((OPENGL,))
            self.context = self._hidden_window()
            self.binding = _wgl() if sys.platform == "win32" else _glx()

    def _hidden_window(self) -> moderngl.Context:
        import glfw

        told: list[str] = []
        glfw.set_error_callback(lambda code, text: told.append(
            text.decode("utf-8", "replace") if isinstance(text, bytes) else text))
        if sys.platform.startswith("linux") and hasattr(glfw, "PLATFORM_X11"):
            glfw.init_hint(glfw.PLATFORM, glfw.PLATFORM_X11)  # runtimes take GLX, not Wayland
        if not glfw.init():
            raise NoDisplay(f"There is no display for OpenGL ({_last(told)}).")
        for hint, value in ((glfw.CONTEXT_VERSION_MAJOR, 3), (glfw.CONTEXT_VERSION_MINOR, 3),
                            (glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE), (glfw.VISIBLE, glfw.FALSE)):
            glfw.window_hint(hint, value)
        window: Any = glfw.create_window(64, 64, "xrserver", None, None)
        if not window:
            glfw.terminate()
            raise NoDisplay(f"The display offers no OpenGL 3.3 ({_last(told)}).")
        glfw.make_context_current(window)
        glfw.swap_interval(0)
        self._glfw, self.window = glfw, window
        return moderngl.create_context(require=330)

    def close(self) -> None:
        """Give the context back."""
        self.context.release()
        if self._glfw is not None:
            self._glfw.terminate()


def _glx() -> Any:
    from OpenGL import GLX

    return xr.GraphicsBindingOpenGLXlibKHR(
        x_display=GLX.glXGetCurrentDisplay(), glx_drawable=GLX.glXGetCurrentDrawable(),
        glx_context=GLX.glXGetCurrentContext())


def _wgl() -> Any:
    from OpenGL import WGL

    kind: Any = xr.GraphicsBindingOpenGLWin32KHR  # type: ignore[attr-defined]  # only there on Windows
    return kind(h_dc=WGL.wglGetCurrentDC(), h_glrc=WGL.wglGetCurrentContext())


def _egl() -> Any:
    egl = ctypes.CDLL("libEGL.so.1")
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    for name in ("eglGetCurrentDisplay", "eglGetCurrentContext"):
        getattr(egl, name).restype = pointer
    egl.eglQueryContext.argtypes = [pointer, pointer, integer, pointer]
    egl.eglChooseConfig.argtypes = [pointer, pointer, pointer, integer, pointer]
    display, context = egl.eglGetCurrentDisplay(), egl.eglGetCurrentContext()
    number, count, config = integer(), integer(), pointer()
    egl.eglQueryContext(display, context, _EGL_CONFIG_ID, ctypes.byref(number))
    wanted = (integer * 3)(_EGL_CONFIG_ID, number.value, _EGL_NONE)
    egl.eglChooseConfig(display, wanted, ctypes.byref(config), 1, ctypes.byref(count))
    if not count.value:
        raise NoDisplay("EGL does not say how its OpenGL context was made.")
    binding = xr.GraphicsBindingEGLMNDX()
    kinds = dict(xr.GraphicsBindingEGLMNDX._fields_)
    for field, value in (("display", display), ("config", config.value), ("context", context),
                         ("get_proc_address", ctypes.cast(egl.eglGetProcAddress, pointer).value)):
        setattr(binding, field, ctypes.cast(pointer(value), kinds[field]))
    return binding


def _last(told: list[str]) -> str:
    return (told[-1].rstrip(".") if told else "") or "no reason given"
