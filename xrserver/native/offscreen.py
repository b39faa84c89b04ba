"""Pictures without a window: an OpenGL context that shows nothing, and a file to keep what it drew.

On Linux by EGL, which needs no display; on Windows and macOS by the platform's own hidden context.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import moderngl
from PIL import Image

from xrserver import spaces
from xrserver.errors import NoDisplay
from xrserver.native.backend import Intent, View
from xrserver.spaces import DESKTOP_EYE, DESKTOP_FIELD_OF_VIEW, Pose

if TYPE_CHECKING:
    from xrserver.native.film import Film

#: Samples a pixel.
SAMPLES = 4
#: A picture in which a pixel is a logical one.
_WIDE, _HIGH = 1920, 1080


def create_context() -> moderngl.Context:
    """Return an OpenGL 3.3 context without a window.

    Raises
    ------
    NoDisplay
        This machine offers none; the message says what was tried and what to install.
    """
    ways: list[dict[str, Any]] = [{"backend": "egl"}, {}] if sys.platform.startswith("linux") else [{}]
    reasons: list[str] = []
    for way in ways:
        try:
            return moderngl.create_context(require=330, standalone=True, **way)
        except Exception as reason:  # moderngl raises whatever its loader met: OSError, ValueError, Exception
            reasons.append(str(reason).strip().rstrip(".") or type(reason).__name__)
    hint = " Install Mesa (Debian, Ubuntu: libegl1 libegl-mesa0 libgl1-mesa-dri)." if len(ways) > 1 else ""
    raise NoDisplay(f"No OpenGL 3.3 is to be had without a window ({'; '.join(reasons)}).{hint}") from None


class Offscreen:
    """A backend whose pictures stay in memory.

    Parameters
    ----------
    size : (int, int)
        Width and height in pixels.
    seconds : float
        What each frame takes, by its own clock: the same film every time.
    """

    def __init__(self, size: tuple[int, int], seconds: float = 1 / 60,
                 context: moderngl.Context | None = None) -> None:
        self.context = context or create_context()
        self.size = size
        self._seconds = seconds
        #: What is written is as large in a large picture as in one of 1080 lines.
        self._density = max(1.0, min(size[0] / _WIDE, size[1] / _HIGH))
        samples = min(SAMPLES, int(self.context.max_samples))
        self._target = self.context.framebuffer(
            [self.context.renderbuffer(size, 4, samples=samples)],
            self.context.depth_renderbuffer(size, samples=samples))
        self._picture = self.context.framebuffer([self.context.renderbuffer(size, 4)])
        self.intent = Intent()

    @property
    def refresh_rate(self) -> float:
        """None: a picture takes as long as it takes."""
        return 0.0

    def begin_frame(self) -> float | None:
        """Return the seconds that every frame takes."""
        self._target.use()
        return self._seconds

    def views(self, near: float, far: float) -> list[View]:
        """Return the one view: a desktop's eye."""
        projection = spaces.perspective(DESKTOP_FIELD_OF_VIEW, self.size[0] / self.size[1], near, far)
        return [View(Pose(DESKTOP_EYE), DESKTOP_FIELD_OF_VIEW, projection, self._target, self._density)]

    def actions(self) -> Intent:
        """Return what was put into `intent`, once."""
        intent, self.intent = self.intent, Intent()
        return intent

    def end_frame(self) -> None:
        """Resolve the samples, so that `image` and `pixels` are what was drawn."""
        self.context.copy_framebuffer(self._picture, self._target)

    def pixels(self) -> bytes:
        """Return the last frame: RGB bytes, rows from the top."""
        return self.image().tobytes()

    def rows(self) -> bytes:
        """Return the last frame: RGB bytes, rows from the bottom."""
        return self._picture.read(components=3, alignment=1)

    def image(self) -> Image.Image:
        """Return the last frame."""
        data = self.rows()
        picture = Image.frombytes("RGB", self.size, data)
        return picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def screenshot(url: str, at: str, size: tuple[int, int], file: Path) -> None:
    """Write one picture of the whole city, from the scene's own side, as PNG.

    Parameters
    ----------
    url : str
        Of a running server, with its token.
    at : str
        The moment; empty for the newest.
    size : (int, int)
        Width and height in pixels.

    Raises
    ------
    NoDisplay
        There is no OpenGL 3.3 here.
    ConnectionLost, UnknownMoment
        The server is gone, or knows no such moment.
    """
    from xrserver.native.desktop import DesktopViewer

    backend = Offscreen(size)
    with DesktopViewer(backend, url) as viewer:
        viewer.settle(at)
        viewer.frame()
        backend.image().save(file, "PNG")


def film(url: str, seen: Film, size: tuple[int, int], rate: float, file: Path,
         tell: Callable[[int, int], None]) -> None:
    """Write a film as MP4: every frame with all that belongs into it, however long that takes.

    Parameters
    ----------
    size : (int, int)
        Width and height in pixels; odd ones become one more.
    rate : float
        Frames a second.
    tell : function of (int, int)
        Is told how many frames of how many are done.

    Raises
    ------
    NoDisplay
        There is no OpenGL 3.3 here.
    ConnectionLost, UnknownMoment
        The server is gone, or knows no moment that a key names.
    """
    from xrserver.native.desktop import DesktopViewer
    from xrserver.native.recording import Recording, even

    backend = Offscreen(even(size), 1.0 / rate)
    with DesktopViewer(backend, url, decorated=seen.panels) as viewer:
        viewer.settle()
        director = viewer.direct(seen)
        frames = max(1, math.ceil(director.length * rate))
        with Recording(file, backend.size, rate) as recording:
            for number in range(frames):
                director.seconds = number / rate
                viewer.roll()
                viewer.complete()
                viewer.frame()
                recording.add(backend.rows(), number / rate)
                tell(number + 1, frames)
