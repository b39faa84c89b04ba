"""The stream beside a frame loop: one thread talks to the server, the loop asks and drains.

Nothing here waits. Messages are decoded in the thread; columns reach the loop as views of the
bytes that came.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Literal

from xrserver.errors import ConnectionLost, XrserverError
from xrserver.native import tile as records
from xrserver.native.tile import Change, Tile
from xrserver.stream.client import Session, connect
from xrserver.stream.messages import (
    Commits,
    Notice,
    Panel,
    Patch,
    Pose,
    Progress,
    Result,
    Scene,
    TableBody,
)

#: Seconds between attempts to reach a server that went away.
_RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Opened:
    """A generation of the scene, with its table; and the names of all scenes that the server has."""

    scene: Scene
    table: TableBody
    scenes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grown:
    """History has grown: the scene and its table as they are now; the tiles that changed came before."""

    scene: Scene
    table: TableBody


@dataclass(frozen=True, slots=True)
class Arrived:
    """A tile, or how it stands after a patch and in what it is another than when it came last."""

    tile: Tile
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to what was asked under `key`: a result, a panel, or why there is none."""

    key: object
    answer: Result | Panel | XrserverError


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence for the person at the screen; empty when it no longer holds."""

    text: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The server is gone, why, and that it is tried again; said once."""

    text: str


@dataclass(frozen=True, slots=True)
class Back:
    """The server that was gone is back."""


@dataclass(frozen=True, slots=True)
class Failed:
    """There is nothing to show: the first connection did not come about, or no other ever will."""

    error: BaseException


News = Opened | Grown | Arrived | Answered | Told | Lost | Back | Failed


def may_return() -> str:
    """Say nothing: a server that is gone may come back."""
    return ""


class Link:
    """A session with a server in a thread of its own; it comes back when the server does.

    Parameters
    ----------
    url : str
        As the server printed it, with its token.
    ended : function
        Says why a server that is gone will never come back; nothing while it may.
    """

    def __init__(self, url: str, ended: Callable[[], str] = may_return) -> None:
        self._url, self._why_ended = url, ended
        self._news: SimpleQueue[News] = SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._session: Session | None = None
        #: As each came last; None of what is on its way.
        self._wanted: dict[str, Tile | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        #: The scene that is to be shown, empty for the server's choice; and that another one is wanted.
        self._scene = ""
        self._other = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)
        self._thread.start()

    # --- for the frame loop -------------------------------------------------------------------

    def next(self) -> News | None:
        """Return the next that came; None where nothing did."""
        try:
            return self._news.get_nowait()
        except Empty:
            return None

    def wait(self, seconds: float) -> News | None:
        """Return the next that comes; None after `seconds`."""
        try:
            return self._news.get(timeout=seconds)
        except Empty:
            return None

    def want(self, tiles: list[str]) -> None:
        """Ask for tiles, most wanted first."""
        self._call(lambda session: [self._fetch(session, tile) for tile in tiles])

    def drop(self, tiles: list[str]) -> None:
        """Let go of tiles."""
        def forget(session: Session) -> list[Coroutine[Any, Any, None]]:
            for tile in tiles:
                self._wanted.pop(tile, None)
            return [session.drop(*tiles)]

        self._call(forget)

    def ask(self, key: object, kind: Literal["moment", "find", "stratum", "commit", "directory"],
            text: str = "", *, node: int = 0, index: int = 0, rank: int = 0) -> None:
        """Ask a question; its answer comes as `Answered` under `key`."""
        self._call(lambda session: [self._answer(key, session.query(
            kind, text, node=node, index=index, rank=rank))])

    def select(self, key: object, node: int, rank: int) -> None:
        """Ask for the inspector of a node; it comes as `Answered` under `key`."""
        self._call(lambda session: [self._answer(key, session.select(node, rank))])

    def tidy(self) -> None:
        """Ask that the scene be laid out anew: it comes as `Opened`, or a sentence that says why not."""
        self._call(lambda session: [session.tidy()])

    def clock(self, rank: int, fraction: float, playing: bool, pose: Pose, generation: str) -> None:
        """Tell the server where playhead and world are, and in which generation of the scene."""
        self._call(lambda session: [session.clock(rank, fraction, playing, pose, generation)])

    def show(self, scene: str) -> None:
        """Go on with another scene of the server's: it comes as `Opened`."""
        def begin() -> None:
            self._scene = scene
            self._other.set()

        with contextlib.suppress(RuntimeError):  # closed
            self._loop.call_soon_threadsafe(begin)

    def close(self) -> None:
        """End the session and its thread."""
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    # --- in the thread ------------------------------------------------------------------------

    def _call(self, make: Callable[[Session], list[Coroutine[Any, Any, None]]]) -> None:
        def start() -> None:
            if self._session is not None:
                for work in make(self._session):
                    self._start(work)

        with contextlib.suppress(RuntimeError):  # closed
            self._loop.call_soon_threadsafe(start)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        # What breaks with the connection is asked for again after it, by whoever still wants it.
        try:
            await work
        except ConnectionLost:
            pass
        except XrserverError as error:
            self._news.put(Told(str(error)))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live())
        except BaseException as error:  # the frame loop must hear of it, whatever it is
            self._news.put(Failed(error))
        finally:
            self._loop.run_until_complete(asyncio.sleep(0.05))  # what TLS has begun to close is closed
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _live(self) -> None:
        resume, first, away = "", True, False
        while not self._ended.is_set():
            try:
                async with connect(self._url, scene=self._scene, resume=resume) as session:
                    resume = session.welcome.resume
                    self._session = session
                    if away:
                        self._news.put(Back())
                    first = away = False
                    await self._first_of(self._listen(session), self._ended.wait(), self._other.wait())
            except ConnectionLost as lost:
                why = self._why_ended()
                if first or why:
                    self._news.put(Failed(ConnectionLost(why) if why else lost))
                    return
                if not away:
                    self._news.put(Lost(f"{str(lost).rstrip('.')}. Trying again until the server is back."))
                away = True
            finally:
                self._session = None
                self._wanted.clear()
                await self._stop_tasks()
            if self._other.is_set():  # at once, and as somebody new: what was resumed is another scene's
                self._other.clear()
                resume = ""
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _RETRY_SECONDS)

    async def _first_of(self, *work: Coroutine[Any, Any, Any]) -> None:
        tasks = [self._loop.create_task(part) for part in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _stop_tasks(self) -> None:
        waiting = list(self._tasks)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _listen(self, session: Session) -> None:
        self._news.put(self._opened(session.scene, await session.table(), session))
        async for message in session:
            match message:
                case Scene():
                    self._wanted.clear()
                    self._news.put(self._opened(message, await session.table(), session))
                case Patch() if message.tile in self._wanted:
                    await self._bring(session, message.tile)
                case Commits() if message.generation == session.scene.generation:
                    self._news.put(Grown(session.scene, await session.table()))
                case Notice():
                    self._news.put(Told(message.text))
                case Progress():
                    of = f" of {message.total:,}" if message.total else ""
                    self._news.put(Told(f"{message.phase}: {message.done:,}{of}" if message.phase else ""))
                case _:
                    pass

    @staticmethod
    def _opened(scene: Scene, table: TableBody, session: Session) -> Opened:
        return Opened(scene, table, tuple(session.welcome.scenes))

    async def _fetch(self, session: Session, tile: str) -> None:
        if tile not in self._wanted:
            self._wanted[tile] = None
            await self._bring(session, tile)

    async def _bring(self, session: Session, tile: str) -> None:
        """Let the frame loop have a tile as it stands, unless it has it so or gave it up meanwhile."""
        body = await session.tile(tile)
        if tile not in self._wanted:
            return
        before = self._wanted[tile]
        if before is None or before.body is not body:
            now = self._wanted[tile] = records.read(body)
            self._news.put(Arrived(now, None if before is None else records.change(before, now)))

    async def _answer(self, key: object, asked: Coroutine[Any, Any, Result | Panel]) -> None:
        try:
            self._news.put(Answered(key, await asked))
        except ConnectionLost:
            raise
        except XrserverError as error:
            self._news.put(Answered(key, error))
