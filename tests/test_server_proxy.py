"""--behind-proxy: what a proxy says of its requests counts, and nobody else's word."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import hdrs, web
from served import asking, served

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def proxied(target: str, **forwarded: str) -> AsyncIterator[str]:
    """A proxy that says of its requests what real ones do; the address it answers at."""
    async def pass_on(request: web.Request) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items()
                   if not name.startswith("X-Forwarded")}
        headers |= {name.replace("_", "-"): value for name, value in forwarded.items()}
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client, \
                client.request(request.method, target + request.raw_path, headers=headers,
                               allow_redirects=False) as answer:
            return web.Response(status=answer.status, body=await answer.read(), headers={
                name: value for name, value in answer.headers.items() if name != hdrs.CONTENT_LENGTH})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", pass_on)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    socket_ = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, socket_).start()
    try:
        yield f"http://127.0.0.1:{socket_.getsockname()[1]}"
    finally:
        await runner.cleanup()


async def test_behind_a_proxy_its_word_counts(story: Path) -> None:
    async with served(story, behind_proxy=True) as serving:
        inner, _, token = serving.url.partition("/?token=")
        async with proxied(inner, X_Forwarded_Proto="https", X_Forwarded_Host="git.example.org",
                           X_Forwarded_For="6.6.6.6, 203.0.113.9") as address, \
                aiohttp.ClientSession(address, cookie_jar=aiohttp.DummyCookieJar()) as client:
            async with client.get(f"/?token={token}", allow_redirects=False) as response:
                cookie = response.headers[hdrs.SET_COOKIE]
                assert cookie.startswith("__Host-xrserver-") and "Secure" in cookie.split("; ")
            cookies = {"Cookie": cookie.partition(";")[0]}
            for origin, status in (("https://git.example.org", 200), ("http://git.example.org", 403),
                                   ("https://evil.example", 403), (address, 403)):
                async with client.get("/api/repositories", headers={**cookies, "Origin": origin}) as response:
                    assert response.status == status, origin
                    if status == 200:
                        assert "wss://git.example.org" in response.headers["Content-Security-Policy"]
            async with client.get("/api/repositories") as response:
                assert response.status == 401


async def test_behind_a_proxy_only_names_that_were_given_are_known(story: Path) -> None:
    async with served(story, behind_proxy=True, token=False, names="git.example.org") as serving:
        for host, status in (("git.example.org", 200), ("evil.example", 421)):
            async with aiohttp.ClientSession(serving.url) as client, \
                    client.get("/api/repositories", headers={"X-Forwarded-Host": host}) as response:
                assert response.status == status


async def test_without_a_proxy_nobody_is_believed(story: Path) -> None:
    async with served(story) as serving, asking(serving) as client:
        told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
        async with client.get("/api/repositories", headers=told) as response:
            assert response.status == 200
            assert "evil.example" not in response.headers["Content-Security-Policy"]
        told["Origin"] = "https://evil.example"
        async with client.get("/api/repositories", headers=told) as response:
            assert response.status == 403
