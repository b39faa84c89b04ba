"""What is served while it is still being opened: the address answers, and whoever needs more waits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

if TYPE_CHECKING:
    from xrserver.errors import XrserverError
    from xrserver.server.opened import OpenRepository
    from xrserver.server.sessions import Sessions

_T = TypeVar("_T")


class Opening:
    """The way from a bound port to repositories that can be shown.

    Attributes
    ----------
    progress : (str, int, int)
        What is being done now, how far it is, and of how much (0: not known).
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._sessions: asyncio.Future[Sessions] = loop.create_future()
        self._repositories: asyncio.Future[Mapping[str, OpenRepository]] = loop.create_future()
        self.progress: tuple[str, int, int] = ("", 0, 0)

    def talk(self, sessions: Sessions) -> None:
        """Let viewers in: they are told how far opening is."""
        self._sessions.set_result(sessions)

    def finish(self, repositories: Mapping[str, OpenRepository]) -> None:
        """Answer from now on what is asked of `repositories`."""
        self._repositories.set_result(repositories)

    def fail(self, error: XrserverError) -> None:
        """Tell everybody who waits that there will be nothing."""
        for waited in (self._sessions, self._repositories):
            if not waited.done():
                waited.set_exception(error)
                waited.exception()  # whoever awaits it is told; nobody need

    @property
    def opened(self) -> bool:
        """Whether all is there."""
        return self._repositories.done() and self._repositories.exception() is None

    async def sessions(self) -> Sessions:
        """Return what talks to viewers, as soon as it is loaded.

        Raises
        ------
        XrserverError
            What opening failed with.
        """
        return await asyncio.shield(self._sessions)

    async def repositories(self) -> Mapping[str, OpenRepository]:
        """Return what is served, as soon as all of it is open.

        Raises
        ------
        XrserverError
            What opening failed with.
        """
        return await asyncio.shield(self._repositories)

    def expel(self, devices: frozenset[str]) -> frozenset[str]:
        """Close what devices that are none of `devices` hold open; return those that stay."""
        found = self._done(self._sessions)
        return frozenset() if found is None else found.expel(devices)

    async def close(self) -> None:
        """Close every viewer's connection."""
        if (found := self._done(self._sessions)) is not None:
            await found.close()

    @staticmethod
    def _done(waited: asyncio.Future[_T]) -> _T | None:
        return waited.result() if waited.done() and waited.exception() is None else None


#: Where the application keeps it.
OPENING: web.AppKey[Opening] = web.AppKey("opening", Opening)
