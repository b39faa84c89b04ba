"""Uncommitted changes of every worktree, told to who watches: looked for while anybody is there."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor

from xrserver.errors import XrserverError
from xrserver.history.index import HistoryIndex
from xrserver.history.tree import path_row
from xrserver.history.uncommitted import Change, Uncommitted, Worktree
from xrserver.server.opened import OpenRepository
from xrserver.server.sessions import Sessions
from xrserver.stream import messages

_log = logging.getLogger(__name__)

#: Most changes that are listed of all worktrees together, and least of each; all are counted.
LISTED, LISTED_EACH = 400, 12

#: Seconds between two looks at least and at most, and how many times as long as a look takes: so it never
#: takes more than a twentieth of a core.
_SHORTEST, _LONGEST, _TIMES = 0.5, 60.0, 20

#: How worktrees are told apart: Okabe and Ito's colours.
COLOURS = (0xE69F00, 0x56B4E9, 0x009E73, 0xF0E442, 0xCC79A7, 0xD55E00, 0x0072B2)


class Watching:
    """Watches the worktrees of one open repository.

    Where there is nobody to see it, nothing is looked at.
    """

    def __init__(self, opened: OpenRepository, sessions: Sessions) -> None:
        self._opened, self._sessions = opened, sessions
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"activity {opened.id}")
        self._uncommitted: Uncommitted | None = None
        self._found: tuple[Worktree, ...] | None = None
        self._index: HistoryIndex | None = None
        self._message = messages.Activity([])

    async def run(self) -> None:
        """Look and tell, until cancelled."""
        opened = self._opened
        opened.look = self.look
        loop = asyncio.get_running_loop()
        try:
            while True:
                pause = _SHORTEST
                if self._sessions.count:
                    began = time.monotonic()
                    try:
                        message = await self.look()
                        if message is not opened.activity:
                            opened.activity = message
                            self._sessions.tell(message, opened.id)
                    except (XrserverError, OSError) as error:
                        _log.warning("%s: uncommitted changes cannot be told: %s", opened.name, error)
                        return
                    pause = min(max(_TIMES * (time.monotonic() - began), _SHORTEST), _LONGEST)
                await asyncio.sleep(pause)
        finally:
            opened.look = None
            if self._uncommitted is not None:
                self._uncommitted.stop()
            await loop.run_in_executor(None, self._thread.shutdown)
            if self._uncommitted is not None:
                self._uncommitted.close()

    async def look(self) -> messages.Activity:
        """Return how it is now."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._look)

    def _look(self) -> messages.Activity:
        if self._uncommitted is None:
            self._uncommitted = Uncommitted(self._opened.repository.place)
        found, index = self._uncommitted.look(), self._opened.index
        if found != self._found or index is not self._index:
            self._found, self._index = found, index
            self._message = messages.Activity([
                _told(index, worktree, COLOURS[n % len(COLOURS)], max(LISTED // len(found), LISTED_EACH))
                for n, worktree in enumerate(found)])
        return self._message


def _told(index: HistoryIndex, worktree: Worktree, colour: int, most: int) -> messages.Worktree:
    changes = [messages.Change(change.path, change.kind, node_of(index, change))
               for change in worktree.changes[:most]]
    return messages.Worktree(_text(worktree.name), _text(worktree.branch), colour, len(worktree.changes),
                             not worktree.complete, changes, worktree.problem[:4096])


def _text(name: str) -> str:
    """Return a name of a file or ref, in which bytes that are no UTF-8 are replaced."""
    return os.fsencode(name).decode("utf-8", "replace")[:256]


def node_of(index: HistoryIndex, change: Change) -> int:
    """Return the node marked for a change: its building, or else the nearest district around it; or -1."""
    path = change.path.rstrip(b"/")
    row = path_row(index.paths, path)
    if row > 0:
        return 2 * row + change.path.endswith(b"/")
    while path := path.rpartition(b"/")[0]:
        if (row := path_row(index.paths, path)) > 0:
            return 2 * row + 1
    return -1
