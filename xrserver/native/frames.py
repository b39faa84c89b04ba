"""The loop of a viewer's frames, and when garbage is collected beside it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator
from contextlib import contextmanager

#: Frames between two collections of garbage, done when a frame is over.
_COLLECT_FRAMES = 240


@contextmanager
def calm() -> Generator[None, None, None]:
    """Collect no garbage in the block but by `tidy`; what lives as long as a viewer is never looked at."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
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
