"""One viewer's WebSocket: what it says is checked, what it wants is sent, its place is remembered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from xrserver import __version__
from xrserver.errors import (
    DeviceRevoked,
    MessageTooLarge,
    SceneError,
    TooManyMessages,
    UnknownMoment,
    UnknownPath,
    UnknownTile,
    UnreadableRepository,
    WireError,
    XrserverError,
)
from xrserver.scene.build import BuiltScene
from xrserver.server import answers
from xrserver.server.allowance import Allowance
from xrserver.server.opened import OpenRepository
from xrserver.server.resume import Resumes, Whereabouts
from xrserver.stream import bodies, codec, messages, schema
from xrserver.stream.outbox import Outbox

if TYPE_CHECKING:
    from xrserver.server.sessions import Sessions

_log = logging.getLogger(__name__)

#: Seconds in which a viewer must say hello.
HELLO_SECONDS = 10.0

#: Seconds between two words to a viewer who waits for the first scene; and how many messages may come early.
_TOLD_SECONDS = 0.25
_MOST_EARLY = 64


#: Most tiles a session may be waiting for.
MOST_WANTED = 4096

INTERNAL_ERROR, TRY_AGAIN_LATER = 1011, 1013

#: A close frame holds 125 bytes, two of them the code.
_REASON_BYTES = 123

#: What an `error` message's code is for each error that leaves the connection alive.
_CODES = {UnknownTile: "unknown-tile", UnknownMoment: "unknown-moment", UnknownPath: "unknown-path",
          SceneError: "unknown-scene", UnreadableRepository: "unreadable"}


async def close(socket: web.WebSocketResponse, code: int, reason: str) -> None:
    """Close with a code and a sentence, cut to what fits into a close frame."""
    text = reason.encode()[:_REASON_BYTES].decode("utf-8", "ignore")
    with contextlib.suppress(ConnectionError, asyncio.TimeoutError, RuntimeError):
        await socket.close(code=code, message=text.encode())


class Session:
    """One viewer, from its hello to its end."""

    def __init__(self, sessions: Sessions, socket: web.WebSocketResponse, device: str = "", *,
                 deflated: bool = False) -> None:
        self.socket = socket
        #: Id of the paired device that came; empty for whoever has the token.
        self.device = device
        self._tidying: asyncio.Task[None] | None = None
        self._dismissal: asyncio.Task[None] | None = None
        self._sessions = sessions
        self._allowance = Allowance()
        self._early: deque[object] = deque()
        self._outbox = Outbox(sessions.config.outbox_bytes, self._snapshot, deflated=deflated)
        self._wanted: OrderedDict[str, None] = OrderedDict()
        self._wants = asyncio.Event()
        self._loading = ""
        #: Tiles and tables that were sent or are being sent.
        self._held: set[str] = set()
        #: The playhead is at the newest commit, and stays there when there is a newer one.
        self._at_head = True
        #: What resumes this session; empty until it was greeted.
        self.token = ""
        self._repository: OpenRepository
        self._scene: BuiltScene
        self._where: Whereabouts

    async def run(self) -> None:
        """Talk until either side ends it; what the viewer does wrong ends only this session."""
        try:
            hello = await self._hello()
            await self._wait()
            await self._greet(hello)
            await self._converse()
        except WireError as error:
            await close(self.socket, error.close_code, str(error))
        except ConnectionError:
            pass  # the viewer is gone; nobody is left to be told
        except XrserverError as error:
            await close(self.socket, TRY_AGAIN_LATER, str(error))
        except Exception:
            _log.exception("a session failed")
            await close(self.socket, INTERNAL_ERROR, "The server failed; its log says more.")
        finally:
            self._outbox.close()
            if self.token:
                self._sessions.resumes.keep(self.token, self._where)

    def dismiss(self) -> None:
        """Begin to close: the device may come in no more. A viewer that does not answer is not waited for."""
        if self._dismissal is None:
            self._dismissal = asyncio.create_task(
                close(self.socket, DeviceRevoked.close_code, "This device was unpaired."))

    def publish(self, generation: str, body: str, frame: bytes) -> None:
        """Queue a frame about a tile or table, if this viewer has that or is being sent it."""
        if self.token and generation == self._scene.generation and body in self._held:
            self._outbox.put_after(body, frame)

    def tell(self, frame: bytes, repository: str, generation: str) -> None:
        """Queue a message, if it is about what this viewer shows."""
        if self.token and repository == self._repository.id and generation in ("", self._scene.generation):
            self._outbox.put_frame(frame)

    def begin_again(self, repository: str, scenes: Mapping[str, BuiltScene]) -> None:
        """Go on in another generation of the scene; what was on its way is of no use."""
        scene = scenes.get(self._scene.definition.name) if self.token else None
        if scene is None or repository != self._repository.id:
            return
        self._scene = scene
        self._wanted.clear()
        self._outbox.drop(tuple(self._held | {self._loading}))
        self._held.clear()
        self._loading = ""
        for message in self._snapshot():
            self._outbox.put(message)

    def shows(self, repository: OpenRepository, scene: str) -> bool:
        """Return whether this viewer was greeted and shows the scene of this name."""
        return bool(self.token) and repository is self._repository and scene == self._scene.definition.name

    def restage(self, repository: OpenRepository, scene: BuiltScene) -> None:
        """Go on in another generation of the scene; what was on its way is of no use."""
        if not self.shows(repository, scene.definition.name) or scene.generation == self._scene.generation:
            return
        self._outbox.drop([*self._wanted, self._loading])
        self._scene, self._loading = scene, ""
        self._wanted.clear()
        for message in self._snapshot():
            self._outbox.put(message)

    def notify(self, repository: OpenRepository, scene: str, text: str) -> None:
        """Tell something in a sentence, if this viewer shows that scene."""
        if self.shows(repository, scene):
            self._outbox.put(messages.Notice(text[:4096]))

    # --- the beginning ----------------------------------------------------------------------

    async def _hello(self) -> messages.Hello:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                message = await self._receive()
        except TimeoutError:
            raise WireError(f"No hello came within {HELLO_SECONDS:.0f} seconds.") from None
        if message is None:
            raise ConnectionResetError
        if not isinstance(message, messages.Hello):
            raise WireError(f"The first message must be hello, not {schema.wire_name(type(message))}.")
        return message

    async def _wait(self) -> None:
        """Wait until there is something to show, and tell how far that is."""
        opening, told = self._sessions.opening, ("", 0, 0)
        if opening.opened:
            return
        opened = asyncio.ensure_future(opening.repositories())
        coming = asyncio.ensure_future(self._receive())
        try:
            while not opened.done():
                await asyncio.wait((opened, coming), timeout=_TOLD_SECONDS,
                                   return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    message = coming.result()
                    if message is None:
                        raise ConnectionResetError
                    if len(self._early) >= _MOST_EARLY:
                        raise TooManyMessages(f"More than {_MOST_EARLY} messages came before the welcome.")
                    self._early.append(message)
                    coming = asyncio.ensure_future(self._receive())
                if opening.progress != told and not opened.done():
                    told = opening.progress
                    await self.socket.send_bytes(codec.encode(messages.Progress(*told)))
            opened.result()
        finally:
            for task in (opened, coming):
                task.cancel()
            said = (await asyncio.gather(opened, coming, return_exceptions=True))[1]
            if said is not None and not isinstance(said, BaseException):
                self._early.append(said)

    async def _greet(self, hello: messages.Hello) -> None:
        sessions = self._sessions
        where = sessions.resumes.take(hello.resume)
        problem: XrserverError | None = None
        try:
            await self._open(hello.scene, where)
        except SceneError as error:
            problem = error
            await self._open("", where)
        index = self._repository.index
        rank = index.head_rank
        if where is not None:
            try:
                rank = self._repository.moments.find(where.oid.hex()).rank
            except UnknownMoment:
                where = None
        self._at_head = rank == index.head_rank
        self._where = Whereabouts(
            self._repository.id, self._scene.definition.name, index.oids[rank].tobytes(),
            where.fraction if where else 0.0, where.pose if where else None)
        # Two tabs may show the same token (browsers copy it with the tab): the second gets its own.
        taken = sessions.is_live(hello.resume)
        self.token = hello.resume if where and not taken else Resumes.new_token()
        sessions.resumes.keep(self.token, self._where)
        self._outbox.put(messages.Welcome(
            __version__, self.token, where is not None,
            [messages.Repository(r.id, r.name[:256], len(r.index.oids))
             for r in sessions.repositories.values()],
            list(self._repository.scene_names)))
        if problem is not None:
            self._refuse(problem, hello.scene)
        for message in self._snapshot():
            self._outbox.put(message)

    async def _open(self, asked: str, where: Whereabouts | None) -> None:
        """Choose repository and scene: those asked for (``scene`` or ``repository/scene``), or the first."""
        repositories = self._sessions.repositories
        name, slash, scene = asked.partition("/")
        if not slash:
            name, scene = (where.repository if where else ""), asked
        if slash and name not in repositories:
            raise SceneError(f"There is no repository {name!r} here: choose {' or '.join(repositories)}.")
        self._repository = repositories.get(name) or next(iter(repositories.values()))
        if not scene and where and where.scene in self._repository.scene_names:
            scene = where.scene
        self._scene = await self._repository.scene(scene)

    def _snapshot(self) -> Iterator[object]:
        self._held.clear()  # it is all asked for anew
        index = self._repository.index
        rank = index.head_rank if self._at_head else self._repository.rank_near(self._where.oid)
        yield bodies.scene_message(self._repository.id, self._scene, index, rank, self._where.fraction,
                                   self._where.pose)
        if self._repository.activity is not None:
            yield self._repository.activity

    # --- the conversation -------------------------------------------------------------------

    async def _converse(self) -> None:
        workers = [asyncio.create_task(self._write()), asyncio.create_task(self._load())]
        try:
            while self._early:
                await self._take(self._early.popleft())
            while (message := await self._receive()) is not None:
                await self._take(message)
        finally:
            if self._tidying is not None:
                workers.append(self._tidying)
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _receive(self) -> object | None:
        """Return the viewer's next message, checked; None when it is gone."""
        received = await self.socket.receive()
        if received.type is WSMsgType.BINARY:
            data: bytes = received.data
            self._allowance.spend(len(data))
            if len(data) > messages.CLIENT_MESSAGE_LIMIT:
                raise MessageTooLarge(f"A message of {len(data)} bytes came; the most is "
                                      f"{messages.CLIENT_MESSAGE_LIMIT}.")
            return codec.decode(data, messages.FROM_VIEWER)
        if received.type is WSMsgType.TEXT:
            raise WireError("A text message came; the protocol is binary.")
        return None

    async def _write(self) -> None:
        try:
            while (frame := await self._outbox.frame()) is not None:
                await self.socket.send_bytes(frame)
        except ConnectionError:
            pass  # the reader learns of it too, and ends the session
        except Exception:
            _log.exception("sending to a viewer failed")
            await close(self.socket, INTERNAL_ERROR, "The server failed; its log says more.")

    async def _load(self) -> None:
        """Bring wanted tiles to the outbox, most wanted first, as it has room for them."""
        while True:
            await self._wants.wait()
            await self._outbox.room()
            if not self._wanted:
                self._wants.clear()
                continue
            tile, _ = self._wanted.popitem(last=False)
            self._loading = tile
            try:
                body = await self._repository.body(self._scene, tile, deflated=self._outbox.deflated)
                await self._repository.current(self._scene, tile)
            except XrserverError as error:
                self._refuse(error, tile)
                continue
            except Exception:
                _log.exception("the tile %s could not be built", tile)
                self._outbox.put(messages.Error("failed", "The server failed; its log says more.", tile))
                continue
            if self._loading == tile:
                self._held.add(tile)
                self._outbox.put_body(tile, body, self._repository.published(self._scene).after(tile))

    async def _take(self, message: object) -> None:
        match message:
            case messages.Want(tiles):
                self._wanted.update(dict.fromkeys(tiles))
                if len(self._wanted) > MOST_WANTED:
                    raise TooManyMessages(f"More than {MOST_WANTED} tiles are wanted at once.")
                self._wants.set()
            case messages.Drop(tiles):
                for tile in tiles:
                    self._wanted.pop(tile, None)
                    self._held.discard(tile)
                    if tile == self._loading:
                        self._loading = ""
                self._outbox.drop(tiles)
            case messages.Clock(generation=generation) if generation != self._scene.generation:
                pass  # it crossed the scene that took this one's place, and told where it stands in that
            case messages.Clock(rank, fraction, _, pose):
                index = self._repository.index
                self._where.oid = index.oids[min(rank, index.head_rank)].tobytes()
                self._at_head = rank >= self._repository.head_of(self._scene)
                self._where.fraction, self._where.pose = fraction, pose
            case messages.Query():
                try:
                    self._outbox.put(await answers.answer(self._repository, self._scene, message))
                except XrserverError as error:
                    self._refuse(error, str(message.number))
            case messages.Select():
                try:
                    self._outbox.put(await answers.inspect(self._repository, self._scene, message))
                except XrserverError as error:
                    self._refuse(error, "")
            case messages.Tidy():
                if self._tidying is None or self._tidying.done():
                    self._tidying = asyncio.create_task(self._tidy())
            case _:
                raise WireError(f"{schema.wire_name(type(message))} comes once, at the beginning.")

    async def _tidy(self) -> None:
        try:
            if not await self._repository.tidy(self._scene):
                self._outbox.put(messages.Notice("Everything is in its place."))
        except XrserverError as error:
            self._refuse(error, "")

    def _refuse(self, error: XrserverError, subject: str) -> None:
        code = next((code for cls, code in _CODES.items() if isinstance(error, cls)), "failed")
        text = str(error).encode("utf-8", "replace").decode()  # may name a file that is not UTF-8
        self._outbox.put(messages.Error(code, text[:4096], subject[:256]))
