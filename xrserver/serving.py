"""What a server serves: from an address that answers to repositories that are open and followed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xrserver.config import Config
from xrserver.errors import XrserverError

if TYPE_CHECKING:
    from xrserver.following import Following
    from xrserver.server.announce import Announcing
    from xrserver.server.lan import Lan
    from xrserver.server.opening import Opening
    from xrserver.server.sessions import Sessions

#: Called as (phase, done, total) while history is read, from another thread.
Progress = Callable[[str, int, int], None]

#: Takes a sentence about what goes on while serving.
Tell = Callable[[str], None]


class _Stopped(Exception):
    """Raised within work that is no longer wanted."""


@dataclass(slots=True)
class Serving:
    """A server whose address answers.

    Attributes
    ----------
    url : str
        The address to open, with its token.
    names : tuple of str
        What people call each repository.
    opening : Opening
        What the address answers with as long as repositories are being opened.
    lan : Lan or None
        Addresses, certificate and pairing for other devices of the network, where they are served.
    announced : Announcing or None
        Knows the name under which those devices find this machine.
    following : list of Following
        What keeps each repository current, once it is open.
    """

    url: str
    names: tuple[str, ...]
    opening: Opening
    lan: Lan | None = None
    announced: Announcing | None = None
    following: list[Following] = field(default_factory=list)
    _task: asyncio.Task[Sessions] = field(init=False)
    _wanted: _Wanted = field(init=False)
    _running: list[asyncio.Task[None]] = field(default_factory=list)

    def begin(self, config: Config, wanted: Mapping[Path, Config], progress: Progress, tell: Tell,
              closing: contextlib.AsyncExitStack) -> None:
        """Begin to open the repositories `wanted`, each as its settings say; `closing` lets go of them."""
        self._wanted = _Wanted(progress, self.opening)
        self._task = asyncio.create_task(self._open(config, wanted, tell, closing))

    async def end(self) -> None:
        """Open and follow no more."""
        self._wanted.ended = True
        with contextlib.suppress(Exception):
            await self._task
        for task in self._running:
            await ended(task)

    async def opened(self) -> None:
        """Wait until every repository can be shown.

        Raises
        ------
        UsageError
            A repository or scene cannot be shown; the message says why.
        """
        await asyncio.shield(self._task)

    @property
    def sessions(self) -> Sessions:
        """The viewers, once all is `opened`; what is published goes through them."""
        return self._task.result()

    async def _open(self, config: Config, wanted: Mapping[Path, Config], tell: Tell,
                    closing: contextlib.AsyncExitStack) -> Sessions:
        opening = self.opening
        try:
            await asyncio.to_thread(_load)
            from xrserver import pipeline
            from xrserver.activity import Watching
            from xrserver.following import Following
            from xrserver.server import scenefiles
            from xrserver.server.opened import OpenRepository
            from xrserver.server.sessions import Sessions

            opened: dict[str, OpenRepository] = {}
            sessions = Sessions(config, opened, opening)
            opening.talk(sessions)
            for path, own in wanted.items():
                repository = await pipeline.open_repository(path, own, self._wanted, opened)
                closing.push_async_callback(repository.close)
                opened[repository.id] = repository
                self.following.append(Following(repository, path, sessions, own, tell))
            for repository in opened.values():
                repository.beside = opened
            opening.finish(opened)
        except BaseException as error:
            opening.fail(error if isinstance(error, XrserverError) else
                         XrserverError("The server failed to open what it serves; its log says more."))
            raise
        self._run(scenefiles.follow(opened, sessions))
        if config.activity:
            for repository in opened.values():
                self._run(Watching(repository, sessions).run())
        for following in self.following:
            self._run(following.run())
        return sessions

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._running.append(asyncio.create_task(work))


class _Wanted:
    """Passes on how far opening is; once that is no longer wanted, it ends the work that tells."""

    def __init__(self, progress: Progress, opening: Opening) -> None:
        self._progress, self._opening = progress, opening
        self.ended = False

    def __call__(self, phase: str, done: int, total: int) -> None:
        if self.ended:
            raise _Stopped  # the one way to end a thread that reads history
        self._opening.progress = phase, done, total
        self._progress(phase, done, total)


def _load() -> None:
    """Import what numpy and git come with, in a thread: it takes longer than the address should."""
    for name in ("following", "activity", "server.scenefiles", "server.views"):
        import_module(f"xrserver.{name}")
    with contextlib.suppress(ImportError):
        import_module("anyio._backends._asyncio")  # which anyio imports in whatever loop first uses it


async def ended(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
