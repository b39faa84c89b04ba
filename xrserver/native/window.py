"""A window on the desktop: mouse and keyboard as the bindings say, by glfw."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import moderngl
from PIL import Image

from xrserver import spaces
from xrserver.errors import NoDisplay
from xrserver.input.actions import by_source
from xrserver.native import hud
from xrserver.native.backend import Event, Intent, View
from xrserver.native.recording import Recording
from xrserver.navigation import selection
from xrserver.navigation.locomotion import Actions
from xrserver.spaces import DESKTOP_EYE, DESKTOP_FIELD_OF_VIEW, Pose

#: Samples a pixel; radians for the width of the picture dragged; logarithm for a notch of the wheel.
SAMPLES, ORBIT_RADIANS, ZOOM_NOTCH = 4, 3.0, 0.22
#: Longest step of time that a frame may take, seconds: after a pause the world does not jump.
_LONGEST = 0.1
#: Seconds of rest after which a turn of the wheel is about a new place.
_WHEEL_REST = 0.4
#: Seconds that a window in which nothing moves waits for input.
_CALM_SECONDS = 0.1
#: Frames a second that a window is meant to keep up with.
_REFRESH_RATE = 60.0


class Window:
    """A backend in a window.

    Parameters
    ----------
    size : (int, int)
        Width and height in logical pixels.

    Raises
    ------
    NoDisplay
        There is no display, or no OpenGL 3.3 on it.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        import glfw

        self._glfw: Any = glfw
        told: list[str] = []

        def tell(code: int, text: bytes | str) -> None:  # bytes, whatever its stub says
            told.append(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)

        glfw.set_error_callback(tell)
        if not glfw.init():
            raise NoDisplay(f"There is no display to open a window on ({_reason(told)}). "
                            "Use --screenshot FILE.png for a picture without one.")
        for hint, value in ((glfw.CONTEXT_VERSION_MAJOR, 3), (glfw.CONTEXT_VERSION_MINOR, 3),
                            (glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE),
                            (glfw.OPENGL_FORWARD_COMPAT, glfw.TRUE), (glfw.SAMPLES, SAMPLES)):
            glfw.window_hint(hint, value)
        self._window: Any = glfw.create_window(*size, "xrserver", None, None)
        if not self._window:
            glfw.terminate()
            raise NoDisplay(f"The display offers no OpenGL 3.3 ({_reason(told)}).")
        glfw.make_context_current(self._window)
        glfw.swap_interval(1)
        self.context = moderngl.create_context(require=330)
        self.calm = False
        self._target = self.context.detect_framebuffer(0)
        self._time = time.perf_counter()
        #: Seconds that the last frame took.
        self.elapsed = 0.0
        self._keys = {_key(glfw, code): found for code, found in by_source("keyboard").items()}
        self._held: set[int] = set()
        self._events: list[Event] = []
        self._pointer = selection.Pointer()
        self._inside = True
        self._button = ""
        self._scrubbing = False
        self._grabbing = False
        self._moved = False
        self._letting_go = False
        self._begun: tuple[float, float] | None = None
        self._orbit = (0.0, 0.0)
        self._zoom = 0.0
        self._wheel_at = -1e9
        self._keep = False
        #: The picture that was asked for, once it is in its file; whoever tells of it clears it.
        self.kept: Path | None = None
        #: What is seen goes there as well, while the window keeps its size.
        self.recording: Recording | None = None
        self._begun_at = self._time
        #: Place and size of the window while it fills a screen.
        self._windowed: tuple[int, int, int, int] | None = None
        self._woken = True
        glfw.set_key_callback(self._window, self._on_key)
        glfw.set_mouse_button_callback(self._window, self._on_button)
        glfw.set_cursor_pos_callback(self._window, self._on_move)
        glfw.set_cursor_enter_callback(self._window, self._on_enter)
        glfw.set_scroll_callback(self._window, self._on_wheel)
        glfw.set_framebuffer_size_callback(self._window, self._on_resize)
        glfw.set_window_refresh_callback(self._window, self._on_refresh)
        glfw.set_window_focus_callback(self._window, self._on_focus)

    def close(self) -> None:
        """Close the window."""
        self.context.release()
        self._glfw.destroy_window(self._window)
        self._glfw.terminate()

    def record(self, file: Path) -> Recording:
        """Keep what is seen from now on as a film, until its block ends; the window keeps its size."""
        width, height = self._size()
        self._glfw.set_window_attrib(self._window, self._glfw.RESIZABLE, self._glfw.FALSE)
        self.recording, self._begun_at = Recording(file, (width & ~1, height & ~1), _REFRESH_RATE), self._time
        return self.recording

    def set_title(self, title: str) -> None:
        """Set the window's title."""
        self._glfw.set_window_title(self._window, title.replace("\0", "�"))

    # --- the four methods ---------------------------------------------------------------------

    @property
    def refresh_rate(self) -> float:
        """Frames a second that a window is meant to keep up with; 0 while nothing moves."""
        return 0.0 if self.calm else _REFRESH_RATE

    def begin_frame(self) -> float | None:
        """Take up input; return seconds since the last frame, or None when the window was closed."""
        glfw = self._glfw
        if self.calm and not self._woken:
            glfw.wait_events_timeout(_CALM_SECONDS)
        else:
            glfw.poll_events()
        self._woken = False
        while not self._size()[0] and not glfw.window_should_close(self._window):
            glfw.wait_events_timeout(_CALM_SECONDS)  # minimised
        if glfw.window_should_close(self._window):
            return None
        now = time.perf_counter()
        self.elapsed, self._time = min(now - self._time, _LONGEST), now
        return self.elapsed

    def views(self, near: float, far: float) -> list[View]:
        """Return the one view: a desktop's eye."""
        width, height = self._size()
        projection = spaces.perspective(DESKTOP_FIELD_OF_VIEW, width / height, near, far)
        return [View(Pose(DESKTOP_EYE), DESKTOP_FIELD_OF_VIEW, projection, self._target, self._scale())]

    def actions(self) -> Intent:
        """Return what mouse and keyboard asked for since the last frame."""
        fly = [0.0, 0.0, 0.0]
        turn = 0.0
        for key in self._held:
            for binding in self._keys.get(key, ()):
                if binding.action == "fly":
                    fly = [max(-1.0, min(1.0, a + b)) for a, b in zip(fly, binding.value, strict=True)]
                elif binding.action == "turn":
                    turn += binding.value[0]
        actions = Actions(fly=(fly[0], fly[1], fly[2]), turn=max(-1.0, min(1.0, turn)), orbit=self._orbit,
                          zoom=self._zoom, grab=self._ray() if self._grabbing else None)
        intent = Intent(actions, self._begun, self._place(), self._moved, self._events)
        self._events, self._begun, self._moved = [], None, False
        if self._letting_go:
            # Pressed, dragged and let go between two frames: it was held in this one.
            self._grabbing = self._letting_go = False
        self._orbit, self._zoom = (0.0, 0.0), 0.0
        return intent

    def end_frame(self) -> None:
        """Show the frame, and keep it where that was asked for."""
        if self._keep:
            self._keep = False
            self.kept = self._save()
        if self.recording is not None:
            self.recording.add(self._rows(), self._time - self._begun_at)
        self._glfw.swap_buffers(self._window)

    def _save(self) -> Path:
        """Write what was drawn into a file of the current directory, named by the time."""
        file = Path.cwd() / time.strftime("xrserver-%Y%m%d-%H%M%S.png")
        data = self._target.read((0, 0, *self._size()), components=3, alignment=1)
        picture = Image.frombytes("RGB", self._size(), data)
        part = file.with_suffix(".part")  # whoever looks for pictures finds whole ones
        picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(part, "PNG")
        return part.replace(file)

    def _rows(self) -> bytes:
        """Return what was drawn: RGB bytes, rows from the bottom, sides even."""
        width, height = self._size()
        return self._target.read((0, 0, width & ~1, height & ~1), components=3, alignment=1)

    def _fill(self) -> None:
        """Fill the screen that the window is on, or go back to how it was."""
        glfw, window = self._glfw, self._window
        if self._windowed is not None:
            glfw.set_window_monitor(window, None, *self._windowed, glfw.DONT_CARE)
            self._windowed = None
            return
        x, y, width, height = *glfw.get_window_pos(window), *glfw.get_window_size(window)
        self._windowed = x, y, width, height
        middle = x + width // 2, y + height // 2
        monitors = [(monitor, glfw.get_monitor_pos(monitor), glfw.get_video_mode(monitor))
                    for monitor in glfw.get_monitors()]
        monitor, _, mode = next(
            (each for each in monitors if each[1][0] <= middle[0] < each[1][0] + each[2].size.width
             and each[1][1] <= middle[1] < each[1][1] + each[2].size.height), monitors[0])
        glfw.set_window_monitor(window, monitor, 0, 0, *mode.size, mode.refresh_rate)

    # --- where things are ---------------------------------------------------------------------

    def _size(self) -> tuple[int, int]:
        return self._glfw.get_framebuffer_size(self._window)

    def _scale(self) -> float:
        """Return framebuffer pixels in a logical pixel."""
        return max(self._per_window(), self._glfw.get_window_content_scale(self._window)[0])

    def _per_window(self) -> float:
        """Return framebuffer pixels in a unit of glfw's cursor positions."""
        width = self._glfw.get_window_size(self._window)[0]
        return self._size()[0] / width if width else 1.0

    def _logical(self) -> tuple[float, float]:
        scale = self._scale()
        width, height = self._size()
        return width / scale, height / scale

    def _place(self) -> tuple[float, float] | None:
        width, height = self._logical()
        x, y = self._pointer.x, self._pointer.y
        held = self._pointer.down
        on_strip = hud.timeline_share(x, y, width, height) is not None
        if not held and (not self._inside or on_strip):
            return None
        return self._in_picture(x, y)

    def _in_picture(self, x: float, y: float) -> tuple[float, float]:
        width, height = self._logical()
        return 2 * x / width - 1, 1 - 2 * y / height

    def _ray(self) -> spaces.Vector:
        width, height = self._logical()
        place = self._in_picture(self._pointer.x, self._pointer.y)
        return spaces.ray_through(*place, DESKTOP_FIELD_OF_VIEW, width / height, spaces.IDENTITY)

    # --- what glfw tells ------------------------------------------------------------------------

    def _on_key(self, window: Any, key: int, scancode: int, action: int, mods: int) -> None:
        self._woken = True
        glfw = self._glfw
        if action == glfw.RELEASE:
            self._held.discard(key)
            return
        for binding in self._keys.get(key, ()):
            if binding.action in ("fly", "turn"):
                self._held.add(key)
            elif action == glfw.PRESS and binding.action == "fullscreen":
                if self.recording is None:
                    self._fill()
            elif action == glfw.PRESS and binding.action == "screenshot":
                self._keep = True
            elif action == glfw.PRESS or binding.action == "step":
                self._events.append(Event(binding.action, binding.value))

    def _on_button(self, window: Any, button: int, action: int, mods: int) -> None:
        self._woken = True
        glfw = self._glfw
        name = {glfw.MOUSE_BUTTON_LEFT: "left", glfw.MOUSE_BUTTON_RIGHT: "right"}.get(button, "")
        if not name or (self._button and name != self._button):
            return
        x, y = self._pointer.x, self._pointer.y
        if action == glfw.PRESS:
            self._button = name
            self._pointer = selection.press(self._pointer, x, y)
            if name == "left":
                share = hud.timeline_share(x, y, *self._logical())
                if share is not None:
                    self._scrubbing = True
                    self._events.append(Event("scrub", (share,)))
            return
        self._button = ""
        self._pointer, gesture = selection.release(self._pointer, time.perf_counter())
        if name == "left" and not self._scrubbing and gesture in ("click", "double"):
            self._ask(f"left-{gesture}")
        self._scrubbing, self._letting_go = False, self._grabbing

    def _on_move(self, window: Any, x: float, y: float) -> None:
        self._woken = self._moved = self._inside = True
        ratio = self._per_window() / self._scale()
        before = self._pointer.x, self._pointer.y
        self._pointer, gesture = selection.move(self._pointer, x * ratio, y * ratio)
        if self._scrubbing:
            self._events.append(Event("scrub", (hud.along_timeline(self._pointer.x, self._logical()[0]),)))
            return
        if gesture == "drag":
            self._begun = self._in_picture(self._pointer.down_x, self._pointer.down_y)
            self._grabbing, self._letting_go = self._button == "left", False
        if self._pointer.dragging and self._button == "right":
            width = self._logical()[0]
            left, down = self._orbit
            self._orbit = (left - (self._pointer.x - before[0]) / width * ORBIT_RADIANS,
                           down - (self._pointer.y - before[1]) / width * ORBIT_RADIANS)

    def _on_enter(self, window: Any, entered: int) -> None:
        self._inside = self._woken = bool(entered)

    def _on_wheel(self, window: Any, x: float, y: float) -> None:
        self._woken = True
        now = time.perf_counter()
        if now - self._wheel_at > _WHEEL_REST:
            self._begun = self._in_picture(self._pointer.x, self._pointer.y)
        self._wheel_at = now
        self._zoom += y * ZOOM_NOTCH

    def _on_resize(self, window: Any, width: int, height: int) -> None:
        self._woken = True
        if width and height:
            self._target.viewport = (0, 0, width, height)

    def _on_refresh(self, window: Any) -> None:
        self._woken = True

    def _on_focus(self, window: Any, focused: int) -> None:
        if not focused:
            self._held.clear()

    def _ask(self, source: str) -> None:
        self._events += [Event(binding.action) for binding in by_source("mouse").get(source, ())]


def _key(glfw: Any, code: str) -> int:
    """Return glfw's number of a key that the bindings name by its place."""
    name = code.removeprefix("Key").removeprefix("Arrow").removeprefix("Digit")
    words = {"PageUp": "PAGE_UP", "PageDown": "PAGE_DOWN", "BracketLeft": "LEFT_BRACKET",
             "BracketRight": "RIGHT_BRACKET"}
    return int(getattr(glfw, f"KEY_{words.get(name, name.upper())}"))


def _reason(told: list[str]) -> str:
    return (told[-1].rstrip(".") if told else "no reason given") or "no reason given"
