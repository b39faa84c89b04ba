"""Noticing that something happened in a repository: file events, and looking, where there are none.

What is watched are HEAD, refs, packed-refs, reftables and the worktrees' own directories, never objects.
Where events do not come (network mounts, exhausted watches), a fingerprint of the same files is
compared now and then, and more often once it knew something that no event told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from pathlib import Path

from watchfiles import awatch

from xrserver.history.place import Place

#: Milliseconds without an event after which those that came are told, and the most that are waited.
_STEP, _DEBOUNCE = 10, 50
#: Seconds between two looks where events come, and where they do not.
_LOOK, _LOOK_OFTEN = 2.0, 0.5
#: Seconds that an event may take before a look counts as having been first.
_GRACE = 0.5
#: Files beside refs that say what is shown.
_NAMED = frozenset({"HEAD", "packed-refs", "shallow"})

_log = logging.getLogger(__name__)


class Watch:
    """Watches one repository.

    Parameters
    ----------
    place : Place
    events : bool
        Take file events; False only looks.
    """

    def __init__(self, place: Place, events: bool = True) -> None:
        self._place = place
        self._events = events
        self._stirred = asyncio.Event()
        self._told = False
        self._again = asyncio.Event()

    async def stirs(self) -> AsyncGenerator[None]:
        """Yield whenever refs may have changed; what comes meanwhile is told once."""
        tasks = [asyncio.create_task(self._looking())]
        if self._events:
            tasks.append(asyncio.create_task(self._watching()))
        try:
            while True:
                await self._stirred.wait()
                self._stirred.clear()
                yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _stir(self) -> None:
        self._told = True
        self._stirred.set()

    async def _watching(self) -> None:
        """Take events from the directories there are; new ones are watched once they are there."""
        common, own = self._place.common_dir, self._place.git_dir
        while True:
            flat = [path for path in {common, own} if path.is_dir()]
            deep = [path for name in ("refs", "worktrees", "reftable") if (path := common / name).is_dir()]
            self._again.clear()
            async with contextlib.AsyncExitStack() as stack:
                for paths, recursive in ((flat, False), (deep, True)):
                    if paths:
                        task = asyncio.create_task(events(paths, recursive, self._take))
                        stack.push_async_callback(ended, task)
                await self._again.wait()
            await asyncio.sleep(_STEP / 1000)

    async def _take(self, paths: Iterable[str]) -> None:
        common = self._place.common_dir
        for path in paths:
            name = os.path.basename(path)  # noqa: PTH119 — many come at once
            if name.endswith(".lock"):
                continue
            if name in ("worktrees", "reftable", "refs"):
                self._again.set()
            if name in _NAMED or Path(path).is_relative_to(common / "refs") or Path(path).is_relative_to(
                    common / "reftable") or Path(path).parent == common / "worktrees":
                self._stir()

    async def _looking(self) -> None:
        seen = await asyncio.to_thread(fingerprint, self._place)
        often = not self._events
        while True:
            self._told = False
            await asyncio.sleep(_LOOK_OFTEN if often else _LOOK)
            now = await asyncio.to_thread(fingerprint, self._place)
            if now == seen:
                continue
            seen = now
            if not self._told and not often:
                await asyncio.sleep(_GRACE)
                often = not self._told
            if often or not self._told:
                self._stirred.set()


async def events(paths: list[Path], recursive: bool,
                 take: Callable[[Iterable[str]], Awaitable[None]]) -> None:
    """Call `take` with the paths that changed, soon after, for as long as there are events to be had."""
    try:
        async for changes in awatch(*paths, watch_filter=None, debounce=_DEBOUNCE, step=_STEP,
                                    recursive=recursive, rust_timeout=1000, yield_on_timeout=False,
                                    ignore_permission_denied=True, raise_interrupt=False):
            await take([path for _, path in changes])
    except (OSError, RuntimeError) as error:  # too many watches, or a folder that is gone
        _log.info("no file events: %s", error)


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def fingerprint(place: Place) -> frozenset[tuple[str, int, int, int]]:
    """Return what files look like that say which refs there are (blocking)."""
    found: set[tuple[str, int, int, int]] = set()
    for path in _files(place):
        try:
            stat = os.stat(path)  # noqa: PTH116
        except OSError:
            continue
        found.add((path, stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return frozenset(found)


def _files(place: Place) -> Iterator[str]:
    for folder in {place.common_dir, place.git_dir}:
        yield from (str(folder / name) for name in sorted(_NAMED))
    worktrees = place.common_dir / "worktrees"
    with contextlib.suppress(OSError):
        yield from (str(each / "HEAD") for each in worktrees.iterdir())
    for folder in (place.common_dir / "refs", place.common_dir / "reftable"):
        for parent, _, names in os.walk(folder):
            yield from (os.path.join(parent, name) for name in names)  # noqa: PTH118
