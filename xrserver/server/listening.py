"""One port for HTTPS and, on loopback, HTTP: the first byte of a connection says which it speaks.

A browser of this machine needs no certificate for ``http://localhost`` to be a secure context, and neither
does a headset plugged in by USB, whose port is led to ours. Whoever comes over the network without
TLS is sent on to ``https://``.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import socket
import ssl
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress

from xrserver.errors import AddressInUse, UsageError

_log = logging.getLogger(__name__)

#: Seconds that a connection has to say what it speaks, and then for its TLS handshake.
HANDSHAKE_SECONDS = 10.0

#: Most connections at once, in all and from one address: whoever opens more waits for their own to end.
MOST_CONNECTIONS = 1024
MOST_FROM_ONE = 64

#: The first byte of every TLS connection: a handshake record.
_HANDSHAKE = b"\x16"

Factory = Callable[[], asyncio.Protocol]


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host` and `port` (0: any free one).

    Raises
    ------
    AddressInUse
        Another program listens there.
    UsageError
        The address is none of this machine's, or the port is not allowed.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM,
                                                      flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=128)  # type: ignore[arg-type]
    except socket.gaierror:
        raise UsageError(f"{host!r} is no address of this machine: give one, such as 127.0.0.1.") from None
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None)
        if number == errno.EADDRINUSE:
            raise AddressInUse(f"Another program listens on {host}:{port}: give another --port, or 0 for any "
                               "free one.") from None
        if number == errno.EADDRNOTAVAIL:
            raise UsageError(f"{host!r} is no address of this machine: give one that is.") from None
        raise UsageError(f"Listening on {host}:{port} is not possible: {error}.") from None


def listen_everywhere(port: int) -> list[socket.socket]:
    """Return sockets that listen on `port` of every address, IPv4 and, where there is any, IPv6.

    Raises
    ------
    AddressInUse, UsageError
        As `listen` does.
    """
    first = listen("0.0.0.0", port)
    sockets = [first]
    # Without IPv6, or with its port taken, the IPv4 addresses work.
    with suppress(OSError):
        if socket.has_ipv6:
            sockets.append(socket.create_server(("::", first.getsockname()[1]), family=socket.AF_INET6,
                                                backlog=128))
    return sockets


class Listener:
    """Accepts connections and hands each to what answers it.

    Parameters
    ----------
    sockets : sequence of socket
        That listen; closed at the end.
    context : SSLContext
        For those that speak TLS; what is loaded into it later holds for connections to come.
    served : callable
        Makes the protocol that serves TLS and loopback.
    sent_on : callable
        Makes the protocol that answers those who speak plain HTTP from elsewhere.
    """

    def __init__(self, sockets: Sequence[socket.socket], context: ssl.SSLContext, served: Factory,
                 sent_on: Factory) -> None:
        self._sockets = sockets
        self._context = context
        self._served = served
        self._sent_on = sent_on
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: defaultdict[str, set[asyncio.BaseTransport | asyncio.Task[None]]] = defaultdict(set)

    def start(self) -> None:
        """Begin to accept."""
        for listening in self._sockets:
            listening.setblocking(False)
            self._run(self._accept(listening))

    async def close(self) -> None:
        """Accept no more; connections that were handed on are their protocols' business."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listening in self._sockets:
            listening.close()

    def _run(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError as error:  # too many open files, or the other is gone already
                _log.warning("A connection could not be accepted: %s.", error)
                await asyncio.sleep(0.2)
                continue
            peer = str(address[0])
            if not self._room(peer):
                connection.close()
                continue
            self._open[peer].add(self._run(self._admit(connection, peer)))

    def _room(self, peer: str) -> bool:
        """Return whether another connection from `peer` may be had."""
        for address, held in tuple(self._open.items()):
            held -= {each for each in held if _ended(each)}
            if not held:
                del self._open[address]
        mine = len(self._open[peer]) if peer in self._open else 0
        return mine < MOST_FROM_ONE and sum(map(len, self._open.values())) < MOST_CONNECTIONS

    async def _admit(self, connection: socket.socket, peer: str) -> None:
        """Find out what a connection speaks and hand it to what answers that."""
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                encrypted = await _first_byte(connection) == _HANDSHAKE
            answers = self._served if encrypted or is_here(peer) else self._sent_on
            transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
                answers, connection, ssl=self._context if encrypted else None,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if encrypted else None)
        except (OSError, TimeoutError):  # gone, silent, or no TLS that we speak (ssl.SSLError is an OSError)
            connection.close()
        except BaseException:
            connection.close()
            raise
        else:
            self._open[peer].add(transport)


def is_here(peer: str) -> bool:
    """Return whether a connection comes from this machine."""
    return ipaddress.ip_address(peer.partition("%")[0]).is_loopback


def _ended(held: asyncio.BaseTransport | asyncio.Task[None]) -> bool:
    return held.done() if isinstance(held, asyncio.Task) else held.is_closing()


async def _first_byte(connection: socket.socket) -> bytes:
    """Return the first byte that comes, which stays to be read; b'' where the other side hung up."""
    connection.setblocking(False)
    pause = 0.001
    while True:
        try:
            return connection.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            # Looked for again and again, as not every loop (Windows') tells when something can be read.
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.1)
