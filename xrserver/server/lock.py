"""One process at a time: what several servers keep in one folder is made and mended under this lock."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Seconds to wait for the other; whoever holds the lock does so for a fraction of one.
_PATIENCE = 10.0


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Hold the lock of `folder` until the block ends; the system lets go of it however this process ends.

    Where the file system knows no locks (some network ones), or nobody lets go, the block runs all the same.
    """
    file = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with suppress(OSError):
            _wait(file)
        yield
    finally:
        os.close(file)


if sys.platform == "win32":
    import msvcrt

    def _wait(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_LOCK, 1)  # tries for ten seconds by itself
else:
    import fcntl

    def _wait(file: int) -> None:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
