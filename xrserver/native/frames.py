"""The loop of a viewer's frames: when garbage is collected beside it, and how soon other threads give way."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

#: Frames between two collections of garbage, done when a frame is over.
_COLLECT_FRAMES = 240
#: Seconds after which a thread beside the loop gives way to it. A frame asks with every call of the runtime:
#: at Python's own 5 ms a look over the city (`survey`) held up one frame in ten for 43 ms, where this is 0.4.
GIVE_WAY_SECONDS = 0.0005


@contextmanager
def calm() -> Generator[None, None, None]:
    """In the block, collect no garbage but by `run`, and let other threads give way soon.

    What lives as long as a viewer is never looked at.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(GIVE_WAY_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.enable()
        gc.unfreeze()


def run(frame: Callable[[], bool], after: Callable[[], None] = lambda: None) -> None:
    """Show frames while `frame` says so; `after` each, do something else."""
    frames = 0
    while frame():
        after()
        frames += 1
        if frames % _COLLECT_FRAMES == 0:
            gc.collect(1)
