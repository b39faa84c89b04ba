"""What waits to be sent to one viewer: bounded, urgent things first, tiles in parts behind them.

Messages wait encoded. A tile waits as the one body that all viewers share and is cut into parts
only as they are sent, so a hundred viewers that want the same tile hold it once. When what waits
would pass the limit, the viewer has fallen behind: everything is thrown away and, when it next
takes something, a fresh snapshot is made for it. The server never grows.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable

from xrserver.stream import codec
from xrserver.stream.messages import FRAME_LIMIT, Tile

#: Bytes of a body in one frame: the frame limit less what the message around them takes.
PART_BYTES = FRAME_LIMIT - 128

#: Bodies held here at once; further tiles wait as ids with the session.
BODIES_AT_ONCE = 4


class Outbox:
    """The frames for one viewer, in the order in which they matter.

    Parameters
    ----------
    limit : int
        Most bytes of messages that may wait.
    snapshot : callable
        Makes the messages that bring a viewer that fell behind up to date.
    deflated : bool
        Bodies that are put in are.
    """

    def __init__(self, limit: int, snapshot: Callable[[], Iterable[object]], *,
                 deflated: bool = False) -> None:
        self._limit = limit
        self._snapshot = snapshot
        #: Bodies that are put in are deflated.
        self.deflated = deflated
        self._messages: OrderedDict[str, bytes] = OrderedDict()
        self._bodies: OrderedDict[str, tuple[bytes, int]] = OrderedDict()
        self._after: dict[str, list[bytes]] = {}
        self._serial = 0
        self._behind = False
        self._closed = False
        self._ready = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        #: Bytes of messages that wait (bodies are shared and not counted).
        self.waiting = 0

    def put(self, message: object, key: str = "") -> None:
        """Queue `message` before all tiles; with a `key`, in place of what waits under the same key."""
        if not self._closed and not self._behind:
            self.put_frame(codec.encode(message), key)

    def put_frame(self, frame: bytes, key: str = "") -> None:
        """Queue a message that is encoded already, for several viewers at once."""
        if self._closed or self._behind:
            return
        self._queue(frame, key)
        if self.waiting > self._limit:
            self._fall_behind()
        self._ready.set()

    def _queue(self, frame: bytes, key: str = "") -> None:
        if not key:
            self._serial += 1
            key = f"#{self._serial}"
        self.waiting += len(frame) - len(self._messages.get(key, b""))
        self._messages[key] = frame

    def put_body(self, tile: str, body: bytes, after: Iterable[bytes] = ()) -> None:
        """Queue a tile (or table) to be sent in parts, behind those queued before; `after` follow it."""
        if self._closed or self._behind or tile in self._bodies:
            return
        self._bodies[tile] = (body, 0)
        self._after[tile] = list(after)
        if len(self._bodies) >= BODIES_AT_ONCE:
            self._room.clear()
        self._ready.set()

    def put_after(self, tile: str, frame: bytes) -> None:
        """Queue a message that is encoded already, but not before a tile that is still to be sent."""
        if tile in self._bodies and not self._closed:
            self._after[tile].append(frame)
        else:
            self.put_frame(frame)

    async def room(self) -> None:
        """Wait until another body may be queued."""
        await self._room.wait()

    def drop(self, tiles: Iterable[str]) -> None:
        """Forget tiles; parts not yet sent never are."""
        for tile in tiles:
            self._bodies.pop(tile, None)
            self._after.pop(tile, None)
        if len(self._bodies) < BODIES_AT_ONCE:
            self._room.set()

    def close(self) -> None:
        """Let `frame` return None once, and take nothing more."""
        self._closed = True
        self._messages.clear()
        self._bodies.clear()
        self._after.clear()
        self._ready.set()
        self._room.set()

    async def frame(self) -> bytes | None:
        """Wait for the next frame and return it; None when closed."""
        while True:
            if self._closed:
                return None
            if self._behind:
                self._catch_up()
            if self._messages:
                _, frame = self._messages.popitem(last=False)
                self.waiting -= len(frame)
                return frame
            if self._bodies:
                return self._part()
            self._ready.clear()
            await self._ready.wait()

    def _part(self) -> bytes:
        # One tile after the other in the order wanted: the first is whole as early as can be.
        tile, (body, offset) = next(iter(self._bodies.items()))
        end = min(offset + PART_BYTES, len(body))
        if end == len(body):
            after = self._after.pop(tile, [])
            self.drop((tile,))
            for frame in after:
                self.put_frame(frame)
        else:
            self._bodies[tile] = (body, end)
        data = memoryview(body)[offset:end]
        return codec.encode(Tile(tile, offset, len(body), self.deflated, data))  # type: ignore[arg-type]

    def _fall_behind(self) -> None:
        self._behind = True
        self._messages.clear()
        self.waiting = 0
        self.drop(tuple(self._bodies))

    def _catch_up(self) -> None:
        self._behind = False
        for message in self._snapshot():  # may pass the limit: it is what the viewer needs at least
            self._queue(codec.encode(message))
