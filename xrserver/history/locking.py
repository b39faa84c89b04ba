"""A lock between processes that the system takes back when its holder ends, however that happens."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def held(path: Path) -> Generator[bool, None, None]:
    """Hold the lock on the file `path` (which stays) and yield True; False at once where another does.

    Raises
    ------
    OSError
        The file cannot be made.
    """
    with path.open("ab") as file:
        try:
            _take(file.fileno())
        except OSError:
            yield False
        else:
            yield True
