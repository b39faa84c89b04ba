"""One process at a time: what several servers keep in one folder is made and mended under this lock."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

#: Seconds to wait for the other; whoever holds the lock does so for a fraction of one.
_PATIENCE = 10.0
#: Seconds between two attempts.
_AGAIN = 0.02


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Hold the lock of `folder` until the block ends; the system lets go of it however this process ends.

    Where the file system knows no locks (some network ones), or nobody lets go, the block runs all the same.
    Waiting blocks: on an event loop, use `locked_soon`.
    """
    file = _open(folder)
    try:
        end = time.monotonic() + _PATIENCE
        while not _taken(file) and time.monotonic() < end:
            time.sleep(_AGAIN)
        yield
    finally:
        os.close(file)


@asynccontextmanager
async def locked_soon(folder: Path) -> AsyncGenerator[None]:
    """Do as `locked`, and let the event loop go on while waiting; the block is to be short."""
    file = _open(folder)
    try:
        end = time.monotonic() + _PATIENCE
        while not _taken(file) and time.monotonic() < end:  # noqa: ASYNC110 (another process lets go)
            await asyncio.sleep(_AGAIN)
        yield
    finally:
        os.close(file)


def _open(folder: Path) -> int:
    return os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)


if sys.platform == "win32":
    import errno
    import msvcrt

    def _taken(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            return error.errno not in (errno.EACCES, errno.EDEADLK)  # there are no locks here: go on without
        return True
else:
    import fcntl

    def _taken(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass  # there are no locks here: go on without
        return True
