"""Measures what a frame in a headset costs the viewer's own thread; for ``python -m bench native``.

Run inside the root. Draw calls do nothing here, so that a rasteriser in software does not count; all
else is what a person's computer does: the runtime's client, OpenGL's driver, and us.
"""

from __future__ import annotations

import gc
import json
import os
import time
from pathlib import Path

import moderngl
from conftest import Monado, until, way_to
from remote import Remote

from xrserver.native.openxr.headset import Headset
from xrserver.native.worn import WornViewer

FRAMES = 600


def measure(viewer: WornViewer, frames: int) -> list[float]:
    """Milliseconds of this thread's CPU time, frame by frame; garbage is looked for after the last."""
    taken = []
    for _ in range(frames):
        begun = time.thread_time()
        assert viewer.frame()
        taken.append((time.thread_time() - begun) * 1e3)
    return taken


def main() -> None:
    monado = Monado()
    monado.start()
    moderngl.VertexArray.render = lambda *_, **__: None
    headset = Headset(print, samples=1)
    person = Remote()
    person.reset()
    found: dict[str, list[float]] = {}
    with WornViewer(headset, way_to(os.environ["XRSERVER_TEST_URL"])) as viewer:
        until(lambda: viewer.frame() and viewer.drawn and viewer.moving._entered, "the city is there")
        until(lambda: viewer.frame() and all(hand.tracked for hand in viewer.hands), "hands are seen")
        gc.collect()
        gc.freeze()
        gc.disable()
        measure(viewer, 60)
        found["at rest"] = measure(viewer, FRAMES)
        viewer._asked("play")
        found["playing"] = measure(viewer, FRAMES)
        viewer._asked("menu")
        found["playing, menu open"] = measure(viewer, FRAMES)
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
