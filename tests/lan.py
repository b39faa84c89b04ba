"""A server of the network over real TLS, and what one needs to talk to it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from served import served
from yarl import URL

from xrserver import app
from xrserver.server.lan import Lan
from xrserver.server.pairing import FREE_TRIES_OF_ALL, Brake


@dataclass
class Served:
    """A server of the network, and what one needs to talk to it."""

    serving: app.Serving
    lan: Lan
    port: int

    @property
    def base(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        return self.serving.url.partition("?token=")[2]

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.lan.ca))

    @asynccontextmanager
    async def browser(self, **headers: str) -> AsyncIterator[aiohttp.ClientSession]:
        connector = aiohttp.TCPConnector(ssl=self.trust)
        async with aiohttp.ClientSession(self.base, connector=connector, headers=headers,
                                         cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
            yield client

    async def pair(self, client: aiohttp.ClientSession, **asked: str) -> tuple[int, dict[str, Any]]:
        async with client.post("/api/pair", json=asked or {"code": self.lan.pairing.code}) as response:
            return response.status, await response.json(content_type=None)

    def forgive(self) -> Served:
        """Hold nobody's wrong codes against them any more."""
        self.lan.pairing._brakes.clear()
        self.lan.pairing._all = Brake(FREE_TRIES_OF_ALL)
        return self


@asynccontextmanager
async def network(repository: Path, **settings: Any) -> AsyncIterator[Served]:
    async with served(repository, lan=True, mdns=False, **settings) as serving:
        assert serving.lan is not None
        yield Served(serving, serving.lan, URL(serving.url).port or 0)


async def raw(served: Served, sent: bytes, *, tls: bool = True) -> bytes:
    """What comes back for some bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port,
                                                   ssl=served.trust if tls else None)
    writer.write(sent)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def alive(served: Served) -> None:
    """Somebody else is answered."""
    async with served.browser() as client, client.get("/health") as response:
        assert response.status == 200
