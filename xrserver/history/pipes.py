"""What a program prints, read in few large pieces rather than as it comes.

Where every buffer that is printed (4 KiB) wakes who listens, listening to git takes half a core-second
for a history of 85 000 commits, as much as taking it apart.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import IO

#: Bytes that a pipe may hold (what Linux allows everybody), and that are read at once.
_BLOCK = 1 << 20
#: Seconds in which more may gather: git prints less than half of a pipe meanwhile.
_PAUSE = 0.005


class Pipe:
    """The reading end of a pipe.

    Parameters
    ----------
    stream : file
        As `subprocess.Popen` gives it; nothing else may read from it.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._file = stream.fileno()
        self._pause = 0.0  # a small pipe is full before anyone wakes
        if sys.platform == "linux":
            import fcntl

            with contextlib.suppress(OSError):  # this user's pipes hold too much already
                fcntl.fcntl(self._file, fcntl.F_SETPIPE_SZ, _BLOCK)
                self._pause = _PAUSE

    def read(self) -> bytes:
        """Return what is there, waiting until there is something; nothing at the end."""
        return os.read(self._file, _BLOCK)

    def wait(self) -> None:
        """Let more gather before it is read."""
        if self._pause:
            time.sleep(self._pause)
