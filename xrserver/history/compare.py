"""Trees compared by a git that stays open: its caches stay warm from one chunk of commits to the next."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
import threading
from collections.abc import Sequence

from xrserver.history.pipes import Pipe
from xrserver.history.shadow import Shadow, failure

_DIFF = ("diff-tree", "--stdin", "--root", "--always", "-r", "--raw", "-z", "--no-abbrev", "--no-renames",
         "--no-ext-diff", "--no-textconv", "--ignore-submodules=none")


class TreeComparison:
    """One ``git diff-tree --stdin`` in a shadow repository; for one thread at a time."""

    def __init__(self, shadow: Shadow) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 — closed by `close`
        self._process = shadow.start(_DIFF, self._errors)
        assert self._process.stdout is not None
        self._printed = Pipe(self._process.stdout)
        # diff-tree repeats a line that is no object id, and flushes: so the end of a chunk is seen.
        # No path can be made to look like it, for nobody knows it.
        self._end = f"end {secrets.token_hex(16)}\n".encode()

    def changes(self, lines: Sequence[bytes]) -> bytes:
        """Return what git prints for a chunk of lines ``COMMIT`` or ``COMMIT PARENT``.

        Raises
        ------
        UnreadableRepository
            git ended: an object is missing or damaged. The message carries git's last line.
        """
        # git prints while it is still being asked: who asks must not wait for who listens.
        given = b"\n".join((*lines, self._end))
        asking = threading.Thread(target=self._ask, args=(given,), daemon=True)
        asking.start()
        blocks: list[bytes] = []
        tail = b""
        while tail != self._end:
            if blocks:
                self._printed.wait()
            block = self._printed.read()
            if not block:
                asking.join()
                self._process.wait()
                raise failure(self._errors)
            blocks.append(block)
            tail = (tail + block)[-len(self._end):]
        asking.join()
        return b"".join(blocks)[:-len(self._end)]

    def _ask(self, given: bytes) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        # A git that ended is noticed by who listens.
        with contextlib.suppress(BrokenPipeError, ValueError, OSError):
            stdin.write(given)
            stdin.flush()

    def kill(self) -> None:
        """Tell git to end, without waiting until it has."""
        self._process.kill()

    def close(self) -> None:
        """End git."""
        self.kill()
        with contextlib.suppress(BrokenPipeError, OSError):
            self._process.communicate()
        self._errors.close()
