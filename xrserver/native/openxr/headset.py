"""The backend that is a headset: a runtime that may come and go, around one OpenGL context that stays."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from xrserver.errors import NoRuntime
from xrserver.native.backend import Intent, View
from xrserver.native.hands import Hand, Worn
from xrserver.native.openxr import runtime as runtimes
from xrserver.native.openxr.api import xr
from xrserver.native.openxr.binding import Surface
from xrserver.native.openxr.inputs import Inputs
from xrserver.native.openxr.mirror import Mirror
from xrserver.native.openxr.runtime import GONE, OPTIONAL, Runtime
from xrserver.native.openxr.session import Session
from xrserver.native.openxr.swapchains import Sheet
from xrserver.spaces import Pose

#: Samples a pixel.
SAMPLES = 4
#: Seconds between looks for a runtime that went away, and between frames that nobody sees.
_RETRY_SECONDS, _IDLE_SECONDS = 1.0, 0.02
#: Longest step of time that a frame may take, seconds: after a pause the world does not jump.
_LONGEST = 0.1
#: How long the runtime may take to end a session, seconds.
_PATIENCE = 3.0
#: As dark as the shadow of a thing on a table; 0 … 1.
_SHADE = 0.65
_STANDING = Pose((0.0, 1.6, 0.0))
_SEEN_THROUGH = xr.CompositionLayerFlags.BLEND_TEXTURE_SOURCE_ALPHA_BIT


class Headset:
    """A backend on the head.

    Parameters
    ----------
    say : function of str
        Is told, in a sentence each, what the person cannot see in a headset that shows nothing.
    samples : int
        A pixel's.
    mirrored : bool
        A window shows the left eye's picture, where there is a display.

    Attributes
    ----------
    hung : list of Sheet
        Flat pictures that are shown in the room, the farthest first.
    passthrough : bool
        Show the room behind the city, where the headset can.

    Raises
    ------
    NoRuntime
        There is no OpenXR runtime, or no headset.
    NoDisplay
        There is no OpenGL 3.3.
    """

    def __init__(self, say: Callable[[str], None], samples: int = SAMPLES, mirrored: bool = False) -> None:
        self._say, self._samples = say, samples
        offered = runtimes.offered()
        self._surface = Surface(offered)
        self.context = self._surface.context
        self.hung: list[Sheet] = []
        self.passthrough = False
        self._sheets: dict[str, Sheet] = {}
        self._runtime: Runtime | None = None
        self._session: Session | None = None
        self._inputs: Inputs | None = None
        self._hands = Hand("left"), Hand("right")
        self._worn = Worn(_STANDING, False, self._hands)
        self._in_frame = self._seen = self._leaving = False
        self._drawn: list[View] = []
        self.mirror: Mirror | None = None
        self._missed = 0
        self._retry_at = 0.0
        self._clock = time.perf_counter()
        try:
            self._connect(offered)
        except BaseException:
            self._surface.close()
            raise
        if mirrored and self._surface.window is not None:
            self.mirror = Mirror(self.context, self._surface.window, self.leave)

    # --- coming and going ---------------------------------------------------------------------

    def _connect(self, offered: frozenset[str]) -> None:
        wanted = frozenset(OPTIONAL) & offered | self._surface.extensions
        self._runtime = Runtime(wanted)
        try:
            self._session = Session(self._runtime, self._surface, self._samples)
            self._inputs = Inputs(self._runtime, self._session)
        except GONE as reason:
            self._lose()
            raise NoRuntime(f"The OpenXR runtime ended while it began ({reason}).") from None
        except BaseException:
            self._lose()
            raise

    def _lose(self) -> None:
        """Give up what belongs to a runtime; what is drawn with stays."""
        for sheet in self._sheets.values():
            sheet.close()
        self._sheets.clear()
        self.hung.clear()
        if self._session is not None:
            self._missed += self._session.missed
            self._session.close()
        if self._runtime is not None:
            self._runtime.close()
        self._runtime = self._session = self._inputs = None
        self._in_frame = self._seen = False
        for hand in self._hands:
            hand.leave()
        self._retry_at = time.perf_counter() + _RETRY_SECONDS

    def _gone(self) -> None:
        self._lose()
        self._say("The OpenXR runtime ended. Waiting for it to come back; Ctrl-C ends xrserver.")

    def _come_back(self) -> None:
        if time.perf_counter() < self._retry_at:
            return
        self._retry_at = time.perf_counter() + _RETRY_SECONDS
        try:
            self._connect(runtimes.offered())
        except NoRuntime:
            return  # not yet
        self._say(f"The OpenXR runtime is back: {self.description}.")

    @property
    def description(self) -> str:
        """The headset and its runtime, for people."""
        runtime = self._runtime
        return f"{runtime.headset} by {runtime.name}" if runtime is not None else "no headset"

    @property
    def session(self) -> Session | None:
        """The session with the runtime; None while there is none."""
        return self._session

    @property
    def inputs(self) -> Inputs | None:
        """What people have in hand; None while there is no runtime."""
        return self._inputs

    @property
    def missed(self) -> int:
        """Frames so far that came too late."""
        return self._missed + (self._session.missed if self._session is not None else 0)

    def leave(self) -> None:
        """Ask for the end: `begin_frame` says None once the runtime agrees, or does not answer."""
        self._leaving = True
        if self._session is not None:
            self._safely(self._session.leave)

    def close(self) -> None:
        """End the session, wait a moment for the runtime to agree, and give the context back."""
        self.leave()
        patience = time.perf_counter() + _PATIENCE
        while self._session is not None and self._session.running and time.perf_counter() < patience:
            if self.begin_frame() is None:
                break
            self.end_frame()
        self._lose()
        self._surface.close()

    # --- the four methods ---------------------------------------------------------------------

    @property
    def refresh_rate(self) -> float:
        """Frames a second that the headset shows; 0 while it shows none, or does not say."""
        session = self._session
        return session.refresh if session is not None and session.running else 0.0

    def begin_frame(self) -> float | None:
        """Wait for the next frame; return seconds since the last, or None when it is over."""
        self._drawn = []
        if self._session is None:
            if self._leaving:
                return None
            self._come_back()
        session, inputs = self._session, self._inputs
        if session is not None and inputs is not None:
            self._safely(lambda: self._poll(session, inputs))
        if session is None or self._session is None or not session.running:
            if session is not None and (session.ended or (self._leaving and not session.running)):
                return None
            self._worn = Worn(self._worn.head, False, self._hands, present=False)
            if self.mirror is not None:
                self.mirror.poll()
            time.sleep(_IDLE_SECONDS)
            now = time.perf_counter()
            seconds, self._clock = min(now - self._clock, _LONGEST), now
            return seconds
        self._clock = time.perf_counter()
        seconds = [0.0]
        assert inputs is not None
        self._safely(lambda: self._wait(session, inputs, seconds))
        return seconds[0]

    def _poll(self, session: Session, inputs: Inputs) -> None:
        if "profile" in session.poll() and session.running:
            inputs.look_up()
        if session.lost:
            self._gone()

    def _wait(self, session: Session, inputs: Inputs, seconds: list[float]) -> None:
        elapsed, self._seen = session.begin()
        self._in_frame = True
        seconds[0] = min(max(elapsed, 0.0), _LONGEST)
        head = session.head() if session.views.locate(session.time) else None
        known = head is not None
        head = head if head is not None else self._worn.head
        gaze: Pose | None = None
        if session.focused:
            left, right, gaze = inputs.read(head)
            self._hands[0].read(left, seconds[0])
            self._hands[1].read(right, seconds[0])
        else:
            for hand in self._hands:
                hand.leave()
        self._worn = Worn(head, known, self._hands, gaze, session.shifted, session.present, session.focused)
        session.shifted = False

    def views(self, near: float, far: float) -> list[View]:
        """Return both eyes (or all four views), where somebody sees them."""
        if not (self._in_frame and self._seen and self._session is not None and self._worn.seen):
            return []
        self._drawn = self._session.views.views(near, far)
        return self._drawn

    def actions(self) -> Intent:
        """Return what head, hands and eyes do in this frame."""
        return Intent(worn=self._worn)

    def end_frame(self) -> None:
        """Hand what was drawn to the runtime."""
        session = self._session
        if not self._in_frame or session is None:
            return
        self._in_frame = False
        self._safely(lambda: self._show(session))

    def _show(self, session: Session) -> None:
        layers: list[Any] = []
        session.passthrough = self.passthrough
        if self._drawn:
            session.views.resolve()
            through = self.passthrough and session.sees_through
            session.views.layer._layer_flags = _SEEN_THROUGH.value if through else 0
            layers = [session.views.layer, *(sheet.layer for sheet in self.hung)]
        session.end(layers)
        if self._drawn and self.mirror is not None:
            self.mirror.show(self._drawn[0], self.hung)

    # --- more than a window has ---------------------------------------------------------------

    @property
    def sees_through(self) -> bool:
        """Whether the room can be shown behind the city."""
        return self._session is not None and self._session.sees_through

    @property
    def shadow(self) -> float | None:
        """How dark shadows on what is real are to be; None where nothing real is seen."""
        if not (self.passthrough and self._session is not None and self._session.sees_through):
            return None
        return _SHADE if self._session.shadows else 0.0

    def sheet(self, name: str, size: tuple[int, int]) -> tuple[Sheet, bool] | None:
        """Return the flat picture of a name, and whether it is new; None while there is no runtime."""
        if self._session is None:
            return None
        sheet = self._sheets.get(name)
        if sheet is not None and sheet.size == size:
            return sheet, False
        if sheet is not None:
            self.hung = [each for each in self.hung if each is not sheet]
            sheet.close()
        made = Sheet(self.context, self._session.handle, size)
        made.layer.space = self._session.space
        self._sheets[name] = made
        return made, True

    def publish(self, sheet: Sheet) -> None:
        """Let a sheet be seen as it is drawn now."""
        self._safely(sheet.show)

    def pulse(self, side: str, kind: str) -> None:
        """Let a hand feel something: one of `inputs.PULSES`."""
        inputs = self._inputs
        if inputs is not None:
            self._safely(lambda: inputs.pulse(side, kind))

    def _safely(self, work: Callable[[], object]) -> None:
        """Do something with the runtime; where it has gone meanwhile, wait for it from now on."""
        try:
            work()
        except GONE:
            self._gone()
