"""Measures what a frame in a headset costs the viewer's own thread; for ``python -m bench native``.

Run inside the root. Draw calls do nothing here, so that a rasteriser in software does not count; all
else is what a person's computer does: the runtime's client, OpenGL's driver, and us.
"""

from __future__ import annotations

import gc
import json
import os
import time
from contextlib import ExitStack
from pathlib import Path

import moderngl
from conftest import Monado, until, way_to
from remote import Remote

from xrserver.native import frames, spectator
from xrserver.native.openxr.api import raw
from xrserver.native.openxr.headset import Headset
from xrserver.native.worn import WornViewer

FRAMES = 600
#: What the headset shows a second, and how long patches come in.
RATE = 90.0
#: While this file is there, somebody outside commits.
LIVE = Path("/out/live")
#: What is measured: seconds of patches, and pixels of error that are good enough.
SETTINGS = {"live_seconds": 60.0, "error_pixels": 1.5} | (
    json.loads(Path("/out/settings.json").read_text()) if Path("/out/settings.json").is_file() else {})


class Pace:
    """Frames at the rate of a headset, whatever the runtime's own compositor manages without a GPU."""

    def __init__(self) -> None:
        self.due = time.perf_counter()
        self.late = self.frames = 0

    def wait(self) -> None:
        self.due += 1.0 / RATE
        left = self.due - time.perf_counter()
        self.frames += 1
        if left > 0.0:
            time.sleep(left)
        else:
            self.late += 1
            self.due = time.perf_counter()


class Outside:
    """This thread's CPU time in the runtime's client and in OpenGL's driver: what is not ours."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, function):
        def call(*arguments, **named):
            begun = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                self.seconds += time.thread_time() - begun

        return call

    def watch(self, headset: Headset) -> None:
        for name, function in list(vars(raw).items()):
            setattr(raw, name, self.timed(function))
        joints = headset.inputs._joints
        joints._locate = self.timed(joints._locate)
        for kind, names in (
            (moderngl.Framebuffer, ("use", "clear", "read_into")),
            (moderngl.Context, ("copy_framebuffer", "enable", "disable")),
            (moderngl.Uniform, ("write",)),
            (moderngl.Buffer, ("write", "read")),
            (moderngl.Texture, ("use", "write")),
        ):
            for name in names:
                setattr(kind, name, self.timed(getattr(kind, name)))


def measure(viewer: WornViewer, count: int, outside: Outside | None = None,
            pace: Pace | None = None) -> list[float]:
    """Milliseconds of this thread's CPU time, frame by frame; less what was `outside`."""
    taken = []
    for _ in range(count):
        if pace is not None:
            pace.wait()
        away = outside.seconds if outside is not None else 0.0
        begun = time.thread_time()
        assert viewer.frame()
        took = time.thread_time() - begun
        taken.append((took - (outside.seconds - away if outside is not None else 0.0)) * 1e3)
    return taken


def live(viewer: WornViewer, outside: Outside) -> dict[str, list[float]]:
    """Frames while history grows: ours, patches that came, and the pauses for garbage between frames."""
    came: list[float] = []
    arrive = viewer._resident.arrive

    def counted(tile, change=None):
        begun, away = time.thread_time(), outside.seconds
        opened = arrive(tile, change)
        came.append((time.thread_time() - begun - (outside.seconds - away)) * 1e3)
        return opened

    viewer._resident.arrive = counted
    taken, pauses = [], []
    LIVE.touch()
    pace = Pace()
    begun_at = time.monotonic()
    while time.monotonic() < begun_at + SETTINGS["live_seconds"]:
        taken += measure(viewer, 240, outside, pace)
        begun = time.thread_time()
        gc.collect(1)
        pauses.append((time.thread_time() - begun) * 1e3)
    seconds = time.monotonic() - begun_at
    LIVE.unlink()
    viewer._resident.arrive = arrive
    return {"ours, playing, patches coming in": taken, "taking up a patch": came,
            "collection, patches coming in": pauses, "frames a second": [pace.frames / seconds],
            "frames begun late, of a hundred": [100.0 * pace.late / pace.frames]}  # fmt: skip


class Settled:
    """Says whether what is drawn is all that is wanted: it has been the same for two seconds of frames."""

    def __init__(self, viewer: WornViewer) -> None:
        self._viewer, self._drawn, self._since = viewer, (), time.monotonic()

    def __call__(self) -> bool:
        drawn = self._viewer.drawn
        if drawn != self._drawn or not drawn or not self._viewer._resident.complete:
            self._drawn, self._since = drawn, time.monotonic()
        return time.monotonic() - self._since > 2.0


def main() -> None:
    monado = Monado(XRT_COMPOSITOR_DEFAULT_FRAMERATE=f"{RATE:g}")
    monado.start()
    moderngl.VertexArray.render = lambda *_, **__: None
    spectator.ERROR_PIXELS = SETTINGS["error_pixels"]
    headset = Headset(print, samples=1)
    person = Remote()
    person.reset()
    found: dict[str, list[float]] = {}
    with WornViewer(headset, way_to(os.environ["XRSERVER_TEST_URL"])) as viewer, ExitStack() as stack:
        # How much is drawn is what is asked for, not what a rasteriser in software can keep up with.
        viewer._resident.pace = lambda *_: None
        until(lambda: viewer.frame() and viewer.drawn and viewer.moving._entered, "the city is there")
        until(lambda: viewer.frame() and all(hand.tracked for hand in viewer.hands), "hands are seen")
        settled = Settled(viewer)
        until(lambda: viewer.frame() and settled(), "all that is wanted is here", 120)
        found["nodes drawn"] = [float(viewer.renderer.drawn)]
        found["tiles drawn"] = [float(len(viewer.drawn))]
        found["spans held"] = [float(viewer.renderer.resident_spans)]
        stack.enter_context(frames.calm())
        measure(viewer, 60)
        found["runtime and driver included"] = measure(viewer, FRAMES)
        outside = Outside()
        outside.watch(headset)
        found["ours, at rest"] = measure(viewer, FRAMES, outside)
        viewer._asked("play")
        found["ours, playing"] = measure(viewer, FRAMES, outside)
        found |= live(viewer, outside)
        viewer._asked("menu")
        found["ours, playing, menu open"] = measure(viewer, FRAMES, outside)
        pauses = []
        for _ in range(10):
            measure(viewer, 24)
            begun = time.thread_time()
            gc.collect(1)
            pauses.append((time.thread_time() - begun) * 1e3)
        found["collection"] = pauses
        headset.leave()
        while viewer.frame():
            pass
    headset.close()
    monado.stop()
    Path("/out/frames.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
