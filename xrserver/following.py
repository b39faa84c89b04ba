"""Keeping what is served current: a ref changes, and every viewer sees it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from xrserver.config import Config
from xrserver.errors import XrserverError
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.live import Growth, LiveHistory, Overtaken
from xrserver.history.log import Progress as Report
from xrserver.history.opening import open_history
from xrserver.history.recent import read_recent
from xrserver.history.repository import Repository
from xrserver.history.watch import Watch
from xrserver.news import News, Piece, Shown
from xrserver.pipeline import Builder
from xrserver.scene.build import BuiltScene
from xrserver.server.moments import Moments
from xrserver.server.opened import OpenRepository
from xrserver.server.sessions import Sessions
from xrserver.stream.messages import Notice, Progress

_R = TypeVar("_R")
_log = logging.getLogger(__name__)

#: The newest landings that are shown while all others are still being read.
_RECENT = 2_000

#: Seconds in which viewers have drawn what they were told.
_DRAWN_SECONDS = 0.1

#: Seconds between two words about how far reading is.
_TOLD_SECONDS = 0.25


class _Ended(Exception):
    """Raised within work that is no longer wanted."""


class Following:
    """Follows one open repository until it is closed.

    Parameters
    ----------
    opened : OpenRepository
    path : Path
        As it was opened.
    tell : callable
        Takes a sentence for who started the server.
    """

    def __init__(self, opened: OpenRepository, path: Path, sessions: Sessions, config: Config,
                 tell: Callable[[str], None] = lambda sentence: None) -> None:
        assert isinstance(opened.build, Builder)
        self._opened, self._builder, self._sessions = opened, opened.build, sessions
        self._path, self._config, self._tell = path, config, tell
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"follow {opened.id}")
        self._history: LiveHistory | None = None
        self._shown = Shown(opened, opened.build)
        self._stirred = asyncio.Event()
        self._trouble = ""
        self._ended = False
        #: Scenes that somebody wants laid out anew, and who waits for that.
        self._untidy: dict[str, asyncio.Future[bool]] = {}
        #: Set whenever everything that was noticed has been told.
        self.current = asyncio.Event()

    async def run(self) -> None:
        """Follow, until cancelled."""
        opened = self._opened
        watching = asyncio.create_task(self._watch())
        try:
            if not opened.whole:
                await self._fill()
            opened.follower = self._follow_tile
            opened.tidier = self.tidy
            while opened.whole:  # what is only known in part cannot be followed
                self._stirred.clear()
                opened.built.clear()
                await self._keep_current()
                if not self._stirred.is_set() and not opened.built.is_set():
                    self.current.set()
                await _any(self._stirred, opened.built)
                self.current.clear()
        finally:
            self._ended, opened.follower, opened.tidier = True, None, None
            self._answer_untidy(*self._untidy)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)
            if self._history is not None:
                self._history.close()

    def look(self) -> None:
        """Look for changes now."""
        self._stirred.set()

    async def tidy(self, name: str) -> bool:
        """Lay a scene out anew; return False where everything is in its place, as nothing has come since."""
        waiting = self._untidy.get(name)
        if waiting is None:
            waiting = self._untidy[name] = asyncio.get_running_loop().create_future()
            self._stirred.set()
        return await asyncio.shield(waiting)

    async def _tidy_up(self) -> None:
        """Show those scenes that are wanted so, and those that have to be, as they would be built today."""
        for name in {**self._untidy, **dict.fromkeys(self._shown.outdated)}:
            scene, index = self._opened.scenes.get(name), self._builder.index
            grown = scene is not None and (
                len(self._builder.base(scene)[0].oids) < len(index.oids) or name in self._shown.outdated)
            if scene is not None and grown:
                made = await self._step(lambda name=name: self._built(name))
                await self._opened.replace_scene(name, made)
                self._shown.forget(scene.generation)
                self._sessions.begin_again(self._opened.id, {name: made})
                self._opened.built.set()  # it is followed from now on
            self._shown.outdated.discard(name)
            self._answer_untidy(name, done=grown)

    def _answer_untidy(self, *names: str, done: bool = False) -> None:
        for name in names:
            waiting = self._untidy.pop(name, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(done)

    async def _watch(self) -> None:
        place = self._opened.repository.place
        async with contextlib.aclosing(Watch(place).stirs()) as stirs:
            async for _ in stirs:
                self._stirred.set()

    async def _step(self, function: Callable[[], _R]) -> _R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    # --- what happened ------------------------------------------------------------------------

    async def _keep_current(self) -> None:
        try:
            try:
                changed = await self._step(self._update)
            except Overtaken:
                await self._begin_again()
                self._answer_untidy(*self._untidy, done=True)
                return
            if changed is not None:
                growth, moments, news = changed
                await self._publish(growth, moments, news)
            await self._tell_of_more()
            if changed is not None:
                growth = changed[0]
                if growth.commits or self._shown.outdated:
                    await self._drawn()
                    index, versions = await self._step(self._versions)
                    self._opened.describe(index, versions)
                    self._builder.know(index, versions)
                await self._put_together()
            await self._tidy_up()
            self._trouble = ""
        except (XrserverError, OSError) as error:
            self._tell_trouble(error)
            self._answer_untidy(*self._untidy)

    async def _drawn(self) -> None:
        """Leave who looks the machine for the moment in which they draw what is new, unless more comes."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stirred.wait(), _DRAWN_SECONDS)

    async def _publish(self, growth: Growth, moments: Moments, news: list[News]) -> None:
        opened, sessions = self._opened, self._sessions
        opened.grow(growth.index, moments)
        for each in news:
            published = opened.published(each.scene)
            await self._send(each.scene, each.patches)
            published.commits, published.head_rank = each.replay, growth.index.head_rank
            sessions.publish(each.scene.generation, published.table, each.commits)

    async def _send(self, scene: BuiltScene, pieces: list[Piece]) -> None:
        published = self._opened.published(scene)
        for i, piece in enumerate(pieces):
            if i:
                await asyncio.sleep(0)  # a large commit holds nobody else up
            published.add(piece.patch, piece.number, piece.frame)
            self._sessions.publish(scene.generation, piece.patch.tile, piece.frame)

    async def _put_together(self) -> None:
        """Make one patch of many, for who comes later."""
        for scene in self._opened.scenes.values():
            published = self._opened.published(scene)
            for tile, later in published.loose():
                published.shorten(tile, later, await self._step(
                    lambda published=published, tile=tile, later=later: published.put_together(tile, later)))

    async def _tell_of_more(self) -> None:
        """Follow the tiles that were asked for while their scene was not followed yet."""
        for scene in self._opened.scenes.values():
            if scene.generation in self._shown.generations:
                published = self._opened.published(scene)
                published.told = published.told or set()
                for tile in published.asked & set(scene.open_tiles) - published.told:
                    await self._follow_tile(scene, tile)

    async def _follow_tile(self, scene: BuiltScene, tile: str) -> None:
        """Tell what changes of a tile from now on, and what has changed of it."""
        await self._send(scene, await self._step(lambda: self._shown.track(scene, tile)))
        told = self._opened.published(scene).told
        if told is not None:
            told.add(tile)

    async def _fill(self) -> None:
        """Read what is older than what is shown, newest first; viewers are told how far that is."""
        opened, loop = self._opened, asyncio.get_running_loop()
        told, whole = 0.0, False

        def report(phase: str, done: int, total: int) -> None:
            nonlocal told
            if self._ended:
                raise _Ended
            now = time.monotonic()
            if now - told > _TOLD_SECONDS:
                told = now
                loop.call_soon_threadsafe(self._sessions.tell, Progress(phase, done, total), opened.id)

        try:
            recent = await self._step(lambda: self._recent(report))
            if recent is not None:
                await self._show(*recent)
            await self._begin_again(report)
            whole = True
            self._tell(f"{opened.name}: all {len(opened.index.oids):,} commits are read")
        except _Ended:
            raise asyncio.CancelledError from None
        except (XrserverError, OSError) as error:
            self._tell_trouble(error)
        finally:
            opened.finish(whole)
            self._sessions.tell(Progress("", 0, 0), opened.id)

    def _recent(self, report: Report) -> tuple[
            HistoryIndex, FileVersions, dict[str, BuiltScene], Moments] | None:
        repository = self._opened.repository
        found = read_recent(repository, _RECENT, jobs=self._config.jobs, people=self._config.people,
                            progress=report)
        if found is None:
            return None
        scenes = {name: self._builder.build_of(name, repository, *found) for name in self._opened.scenes}
        return *found, scenes, Moments(found[0])

    async def _show(self, index: HistoryIndex, versions: FileVersions, scenes: dict[str, BuiltScene],
                    moments: Moments) -> None:
        self._builder.know(index, versions)
        await self._opened.begin_again(index, versions, moments, scenes)
        self._sessions.begin_again(self._opened.id, scenes)

    async def _begin_again(self, report: Report = lambda phase, done, total: None) -> None:
        """Read and build everything anew; viewers go on with what they see until that is there."""
        names = list(self._opened.scenes)
        repository, index, versions, scenes, moments = await self._step(lambda: self._anew(names, report))
        before, self._opened.repository = self._opened.repository, repository
        self._builder.repository = repository
        await self._show(index, versions, scenes, moments)
        await self._opened.run(before.close)

    def _tell_trouble(self, error: Exception) -> None:
        text = str(error) if isinstance(error, XrserverError) else (
            f"{self._path} cannot be read: {getattr(error, 'strerror', None) or error}.")
        if text != self._trouble:
            self._trouble = text
            self._sessions.tell(Notice(f"{text} What is shown is how it was before."), self._opened.id)
            _log.warning("%s: %s", self._opened.name, text)

    # --- in the thread ------------------------------------------------------------------------

    def _start(self) -> None:
        index, versions = self._builder.index, self._builder.versions
        self._history = LiveHistory(self._path, self._config.ref, self._config.people, index,
                                        versions)

    def _update(self) -> tuple[Growth, Moments, list[News]] | None:
        if self._history is None:
            self._start()
        assert self._history is not None
        growth = self._history.update()
        index = self._history.index
        behind = self._shown.take_up(index)
        if growth is None:
            return None if not behind else (Growth(index, len(index.oids), False, self._history.gone),
                                            Moments(index, self._opened.moments),
                                            self._shown.news(index, behind))
        return growth, Moments(index, self._opened.moments), self._shown.news(index, first=growth.first)

    def _built(self, name: str) -> BuiltScene:
        assert self._history is not None
        return self._builder.build_of(name, self._history.repository, self._builder.index,
                                      self._builder.versions)

    def _versions(self) -> tuple[HistoryIndex, FileVersions]:
        assert self._history is not None
        history = self._history
        return history.index, history.versions_from.versions(history.followed())

    def _anew(self, names: list[str], report: Report) -> tuple[
            Repository, HistoryIndex, FileVersions, dict[str, BuiltScene], Moments]:
        repository, index, versions = open_history(
            self._path, ref=self._config.ref, jobs=self._config.jobs, cache_bytes=self._config.cache_bytes,
            people=self._config.people, progress=report)
        try:
            scenes = {name: self._builder.build_of(name, repository, index, versions) for name in names}
            history = LiveHistory(self._path, self._config.ref, self._config.people, index,
                                        versions)
        except BaseException:
            repository.close()
            raise
        if self._history is not None:
            self._history.close()
        self._history = history
        self._shown.clear()
        return repository, index, versions, scenes, Moments(index)


async def _any(*events: asyncio.Event) -> None:
    """Wait until one of the events is set."""
    tasks = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
