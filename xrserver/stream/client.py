"""The stream for Python: the same messages and tiles the viewers get, for scripts and the native viewer.

::

    async with xrserver.connect("http://127.0.0.1:8080/?token=…") as session:
        city = await session.tile()
        print(len(city.nodes["records"]), "things in", session.scene.repository)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeVar

import aiohttp
from aiohttp import WSMsgType

from xrserver import errors
from xrserver.errors import ConnectionLost, SchemaMismatch, WireError, XrserverError
from xrserver.stream import codec, messages, reach, schema
from xrserver.stream.deflated import inflate
from xrserver.stream.messages import (
    Activity,
    Clock,
    Commits,
    Drop,
    Error,
    Hello,
    Panel,
    Patch,
    Pose,
    Query,
    Result,
    Scene,
    Select,
    TableBody,
    Tidy,
    Tile,
    TileBody,
    Want,
    Welcome,
)
from xrserver.stream.patches import apply_commits, apply_patch

Tier = Literal["quest2", "quest3", "pcvr", "desktop"]
Body = TileBody | TableBody
_T = TypeVar("_T")

#: Messages kept for whoever iterates; the oldest go first.
_KEPT = 1024

#: Largest message taken. Tiles come in parts of FRAME_LIMIT; patches and panels may be larger.
_LARGEST = 64 << 20

_ERRORS: dict[str, type[XrserverError]] = {
    "unknown-tile": errors.UnknownTile, "unknown-moment": errors.UnknownMoment,
    "unknown-path": errors.UnknownPath, "unknown-scene": errors.SceneError,
    "unreadable": errors.UnreadableRepository}


@asynccontextmanager
async def connect(url: str, token: str | None = None, *, ca: Path | str | None = None,
                  tier: Tier = "desktop", scene: str = "", resume: str = "",
                  patience: float = 30.0) -> AsyncGenerator[Session, None]:
    """Open a session with the server at `url`.

    Parameters
    ----------
    url : str
        As the server printed it, with its token.
    token : str, optional
        Where `url` carries none: what the server printed, or what `pair` returned.
    ca : path, optional
        File with the certificate of an authority to trust besides the system's, and besides the one that
        servers of this user sign with: what another machine's server has at ``/ca.crt``.
    tier : str
        What the viewer is.
    scene : str
        A scene's name or ``repository/scene``; '' for the server's own choice.
    resume : str
        ``welcome.resume`` of a session to go on with.
    patience : float
        Seconds until the server must have greeted.

    Raises
    ------
    ConnectionLost
        Nothing answers at `url`, it refuses, or it cannot show that it is who it says.
    SchemaMismatch
        The server is of another version.
    UsageError
        `url` is no address, or `ca` no certificate.
    """
    address = reach.address_of(url)
    token = token or address.query.get("token", "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    stream = address.with_query(None).with_fragment(None) / "api" / "stream"
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(reach.http(address, ca, headers))
        try:
            async with reach.reaching(stream, patience):
                socket = await http.ws_connect(stream, protocols=(schema.subprotocol(),), heartbeat=20.0,
                                               max_msg_size=_LARGEST, compress=0)
                stack.push_async_callback(socket.close)
                session = Session(socket)
                await session._begin(Hello(tier, resume, scene))  # pyright: ignore[reportPrivateUsage]
        except aiohttp.WSServerHandshakeError as error:
            why = "the token is missing or wrong" if error.status == 401 else f"it answers {error.status}"
            raise ConnectionLost(f"The server at {reach.shown(stream)} refuses: {why}.") from None
        try:
            yield session
        finally:
            await session.close()


class Session:
    """A viewer's end of the stream; made by `connect`.

    Attributes
    ----------
    welcome : Welcome
    scene : Scene
        The newest; a later one replaces it when the server begins a new generation.
    activity : Activity or None
        What is changed and not committed in every worktree, as it was told last.
    bytes_received : int
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.welcome: Welcome
        self.scene: Scene
        self.activity: Activity | None = None
        self.bytes_received = 0
        self._number = 0
        self._partial: dict[str, tuple[bytearray, int]] = {}
        self._bodies: dict[str, asyncio.Future[Body]] = {}
        self._patches: dict[str, list[Patch]] = {}
        self._answers: dict[int, asyncio.Future[Result]] = {}
        self._panels: deque[asyncio.Future[Panel]] = deque()
        self._heard: deque[object] = deque(maxlen=_KEPT)
        self._news = asyncio.Event()
        self._end: XrserverError | None = None
        self._reader: asyncio.Task[None] | None = None
        self._again: asyncio.Task[None] | None = None

    # --- what to ask --------------------------------------------------------------------------

    async def tile(self, id: str = "") -> TileBody:
        """Return a tile ('' for the scene's root), with all patches that came for it.

        It is fetched once and kept until it is dropped; its arrays look into what was received.
        """
        body = await self._body(id or self.scene.root.id)
        if not isinstance(body, TileBody):
            raise WireError(f"{id} is a table, not a tile.")
        return body

    async def table(self) -> TableBody:
        """Return the columns that belong to the whole scene."""
        body = await self._body(self.scene.table)
        if not isinstance(body, TableBody):
            raise WireError(f"{self.scene.table} is a tile, not a table.")
        return body

    async def drop(self, *tiles: str) -> None:
        """Forget tiles; parts not yet sent are cancelled."""
        for tile in tiles:
            self._partial.pop(tile, None)
            self._patches.pop(tile, None)
            if (waiting := self._bodies.pop(tile, None)) is not None:
                waiting.cancel()
        await self._send(Drop(list(tiles)))

    async def query(self, kind: Literal["moment", "find", "stratum", "commit", "directory"],
                    text: str = "", *, node: int = 0, index: int = 0, rank: int = 0) -> Result:
        """Ask a question, as `messages.Query` says.

        Raises
        ------
        UnknownMoment, UnknownPath
            What is asked for is not there.
        """
        self._number += 1
        number = self._number
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            await self._send(Query(number, kind, text, node, index, rank))
            return await answer
        finally:
            self._answers.pop(number, None)

    async def select(self, node: int, rank: int) -> Panel:
        """Return the inspector panel of a node at a rank."""
        answer: asyncio.Future[Panel] = asyncio.get_running_loop().create_future()
        self._panels.append(answer)
        await self._send(Select(node, rank))
        return await answer

    async def tidy(self) -> None:
        """Ask that the scene be laid out anew: a `Scene` comes for everybody, or a `Notice` says why not."""
        await self._send(Tidy())

    async def clock(self, rank: int, fraction: float = 0.0, playing: bool = False,
                    pose: Pose | None = None, generation: str = "") -> None:
        """Tell the server where the playhead and the world are, for a resumed session.

        `generation` is that of the scene in which the rank is; default: of the newest.
        """
        await self._send(Clock(rank, fraction, playing, pose or self.scene.pose,
                               generation or self.scene.generation))

    async def __aiter__(self) -> AsyncIterator[object]:
        """Yield messages that nobody asked for: scenes, patches, notices, progress, errors.

        Raises
        ------
        ConnectionLost
            The server is gone; what was heard before is yielded first.
        """
        while True:
            while self._heard:
                yield self._heard.popleft()
            if self._end is not None:
                raise self._end
            self._news.clear()
            await self._news.wait()

    async def close(self) -> None:
        """End the session."""
        self._finish(ConnectionLost("This session was closed."))
        await self._socket.close()
        await asyncio.gather(*filter(None, (self._reader, self._again)), return_exceptions=True)

    # --- what comes ---------------------------------------------------------------------------

    async def _begin(self, hello: Hello) -> None:
        await self._send(hello)
        while not hasattr(self, "scene"):
            message = await self._receive()
            if isinstance(message, Welcome):
                self.welcome = message
            elif isinstance(message, Scene):
                self.scene = message
            else:
                self._heard.append(message)
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                self._take(await self._receive())
        except XrserverError as error:
            self._finish(error)
        except Exception as error:
            self._finish(ConnectionLost(f"The connection broke: {error}."))

    async def _receive(self) -> object:
        received = await self._socket.receive()
        if received.type is WSMsgType.BINARY:
            data: bytes = received.data
            self.bytes_received += len(data)
            return codec.decode(data, messages.FROM_SERVER)
        code = received.data if received.type is WSMsgType.CLOSE else self._socket.close_code
        reason = received.extra if isinstance(received.extra, str) else ""
        if code == SchemaMismatch.close_code:
            raise SchemaMismatch(reason)
        raise ConnectionLost(f"The server closed the connection: {reason or f'code {code}'}")

    def _take(self, message: object) -> None:
        match message:
            case Tile():
                self._assemble(message)
                return
            case Result() if (answer := self._answers.get(message.number)) is not None:
                _settle(answer, message)
                return
            case Panel() if self._panels:
                _settle(self._panels.popleft(), message)
                return
            case Error() if self._refused(message):
                return
            case Scene():
                self._begin_again(message)
            case Patch():
                self._patch(message)
            case Commits():
                self._grow(message)
            case Activity():
                self.activity = message
            case _:
                pass
        self._heard.append(message)
        self._news.set()

    def _begin_again(self, scene: Scene) -> None:
        """Take a new generation, or the fresh start of a viewer that fell behind: what was held is stale."""
        self.scene = scene
        self._patches.clear()
        self._partial.clear()
        self._bodies = {tile: body for tile, body in self._bodies.items() if not body.done()}
        if self._bodies:
            self._again = asyncio.create_task(self._want_again(list(self._bodies)))

    async def _want_again(self, tiles: list[str]) -> None:
        with suppress(XrserverError):  # whoever waits is told by the reader
            await self._send(Want(tiles))

    def _assemble(self, part: Tile) -> None:
        if part.id not in self._bodies:
            return  # dropped while it was on its way
        body, filled = self._partial.get(part.id, (bytearray(), 0))
        if part.offset == 0:
            body, filled = bytearray(part.total), 0
        elif part.id not in self._partial:
            return
        end = part.offset + len(part.data)
        if part.offset != filled or end > len(body):
            raise WireError(f"A part of the tile {part.id} does not follow the one before it.")
        body[part.offset:end] = part.data
        self._partial[part.id] = (body, end)
        if end == len(body):
            del self._partial[part.id]
            whole = codec.decode_body(inflate(body) if part.deflated else body)
            for patch in self._patches.pop(part.id, []):
                whole = apply_patch(whole, patch) if isinstance(whole, TileBody) else whole
            _settle(self._bodies[part.id], whole)

    def _patch(self, patch: Patch) -> None:
        held = self._bodies.get(patch.tile)
        if held is None or not held.done():  # its tile comes without it
            self._patches.setdefault(patch.tile, []).append(patch)
        elif isinstance(body := held.result(), TileBody):
            self._bodies[patch.tile] = renewed = asyncio.get_running_loop().create_future()
            renewed.set_result(apply_patch(body, patch))

    def _grow(self, commits: Commits) -> None:
        """Take a longer history: the scene, and its table where that is held."""
        if commits.generation != self.scene.generation:
            return
        self.scene = replace(self.scene, head_rank=commits.head_rank, people=commits.legend)
        held = self._bodies.get(self.scene.table)
        if held is not None and held.done() and isinstance(body := held.result(), TableBody):
            self._bodies[self.scene.table] = renewed = asyncio.get_running_loop().create_future()
            renewed.set_result(apply_commits(body, commits))

    def _refused(self, error: Error) -> bool:
        """Pass an error on to whoever asked; return whether somebody did."""
        asked: asyncio.Future[Body] | asyncio.Future[Result] | asyncio.Future[Panel] | None
        asked = self._bodies.pop(error.subject, None)
        if asked is None and error.subject.isdecimal():
            asked = self._answers.get(int(error.subject))
        if asked is None and error.subject == "" and self._panels:
            asked = self._panels.popleft()
        if asked is None or asked.done():
            return False
        asked.set_exception(_ERRORS.get(error.code, XrserverError)(error.text))
        return True

    async def _body(self, tile: str) -> Body:
        if self._end is not None:
            raise self._end
        waiting = self._bodies.get(tile)
        if waiting is None:
            waiting = self._bodies[tile] = asyncio.get_running_loop().create_future()
            await self._send(Want([tile]))
        body = await asyncio.shield(waiting)
        # Patches may have come between its last part and whoever waited for it.
        newest = self._bodies.get(tile, waiting)
        return newest.result() if newest.done() and not newest.cancelled() else body

    async def _send(self, message: object) -> None:
        if self._end is not None:
            raise self._end
        try:
            await self._socket.send_bytes(codec.encode(message))
        except (ConnectionError, aiohttp.ClientError) as error:
            raise self._end or ConnectionLost(f"The connection broke: {error}.") from None

    def _finish(self, end: XrserverError) -> None:
        """Tell everybody who waits that nothing more comes."""
        if self._end is not None:
            return
        self._end = end
        for waiting in (*self._bodies.values(), *self._answers.values(), *self._panels):
            if not waiting.done():
                waiting.set_exception(end)
                waiting.exception()  # whoever awaits it is told; nobody need
        self._news.set()


def _settle(waiting: asyncio.Future[_T], value: _T) -> None:
    if not waiting.done():  # whoever asked may have stopped waiting
        waiting.set_result(value)
