"""All viewers of a server: who comes in, and what is told to many."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import hdrs, web

from xrserver.config import Config
from xrserver.errors import SchemaMismatch
from xrserver.scene.build import BuiltScene
from xrserver.server import listening
from xrserver.server.access import ACCESS
from xrserver.server.opened import OpenRepository
from xrserver.server.opening import Opening
from xrserver.server.resume import Resumes
from xrserver.server.session import TRY_AGAIN_LATER, Session, close
from xrserver.stream import codec, messages, schema

#: Most sessions at once.
MOST_SESSIONS = 256

#: Seconds between heartbeats that find out who is gone.
HEARTBEAT_SECONDS = 20.0

#: What aiohttp reads before it gives up by itself: a little more than allowed, so that we can say why.
_READ_LIMIT = 4 * messages.CLIENT_MESSAGE_LIMIT

_GOING_AWAY = 1001


class Sessions:
    """All viewers of one server, and where those that left were."""

    def __init__(self, config: Config, repositories: dict[str, OpenRepository], opening: Opening) -> None:
        self.config = config
        self.opening = opening
        self.repositories = repositories
        self.resumes = Resumes(config.resume_seconds)
        self._live: set[Session] = set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Answer ``/api/stream``: hold the socket until either side closes it."""
        offered = [name.strip() for name in request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(",")]
        ours = schema.subprotocol()
        device = request.app[ACCESS].admitted(request).device
        # A browser tells its page nothing about a refused handshake: accept what it offers, then say why not.
        socket = web.WebSocketResponse(
            protocols=(ours,) if ours in offered else tuple(filter(None, offered[:1])),
            heartbeat=HEARTBEAT_SECONDS, max_msg_size=_READ_LIMIT, compress=False)
        await socket.prepare(request)
        if ours not in offered:
            given = offered[0] or "none"
            await close(socket, SchemaMismatch.close_code,
                        f"The server speaks {ours}, the viewer {given[:40]}: use the same version of both.")
            return socket
        if len(self._live) >= MOST_SESSIONS:
            await close(socket, TRY_AGAIN_LATER, f"{MOST_SESSIONS} viewers are here: try again later.")
            return socket
        # Within this machine bytes are there sooner than they are inflated; no address is a local one, too.
        near = request.remote is None or listening.is_here(request.remote)
        session = Session(self, socket, device.id if device else "", deflated=not near)
        self._live.add(session)
        try:
            await session.run()
        finally:
            self._live.discard(session)
        return socket

    def publish(self, generation: str, body: str, frame: bytes) -> None:
        """Send a frame about a tile or table to every session of its generation that has it, behind it."""
        for session in self._live:
            session.publish(generation, body, frame)

    def tell(self, message: object, repository: str, generation: str = "") -> None:
        """Send `message` to every session of a repository, or only to those that show a generation of it."""
        self.tell_frame(codec.encode(message), repository, generation)

    def tell_frame(self, frame: bytes, repository: str, generation: str = "") -> None:
        """Send what is encoded already, as `tell`."""
        for session in self._live:
            session.tell(frame, repository, generation)

    def begin_again(self, repository: str, scenes: Mapping[str, BuiltScene]) -> None:
        """Show every session of a repository its new generation, by the scene's name."""
        for session in self._live:
            session.begin_again(repository, scenes)

    def restage(self, repository: OpenRepository, scene: BuiltScene) -> None:
        """Show a scene that was built anew to every session that shows the one of its name."""
        for session in self._live:
            session.restage(repository, scene)

    def notify(self, repository: OpenRepository, scene: str, text: str) -> None:
        """Tell those who show a scene of a repository something in a sentence."""
        for session in self._live:
            session.notify(repository, scene, text)

    def expel(self, devices: frozenset[str]) -> frozenset[str]:
        """Close the sockets of paired devices that are none of `devices` any more; return those that stay."""
        staying: set[str] = set()
        for session in self._live:
            if session.device in devices:
                staying.add(session.device)
            elif session.device:
                session.dismiss()
        return frozenset(staying)

    async def close(self) -> None:
        """Close every socket: the server stops."""
        await asyncio.gather(*(close(s.socket, _GOING_AWAY, "The server stops.") for s in tuple(self._live)))

    def is_live(self, token: str) -> bool:
        """Return whether the viewer with this resume token is here."""
        return any(session.token == token for session in self._live)

    @property
    def count(self) -> int:
        """How many viewers are here."""
        return len(self._live)
