"""--lan over real TLS: strangers get nothing, other sites neither, hostile ones disturb nobody."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import hdrs
from lan import Served, alive, network, raw
from stream_examples import EXAMPLES
from yarl import URL

from xrserver.server import http, listening
from xrserver.server.access import OPEN, Access
from xrserver.server.opening import Opening
from xrserver.stream import codec, messages, schema

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(story: Path) -> AsyncIterator[Served]:
    async with network(story) as running:
        yield running


@pytest.fixture
def fresh(shared: Served) -> Served:
    """The shared server, with nobody's wrong codes held against them."""
    return shared.forgive()


async def test_a_stranger_gets_nothing_from_any_route(shared: Served) -> None:
    """Routes are taken from the router, so one that is added tomorrow is asked here."""
    router = http.create_app(Opening(), Access("127.0.0.1", 1, "x"), shared.lan).router
    closed = {(route.method, route.resource.canonical) for route in router.routes()
              if route.resource and route.name not in OPEN}
    assert len(closed) >= 8 and {"page", "pair", "ca", "health"} == OPEN
    async with shared.browser() as client:
        for method, path in sorted(closed):
            filled = path.replace("{repo}", "story").replace("{oid}", "main").replace("{scene}", "city") \
                .replace("{tile}", "0" * 32)
            assert "{" not in filled, f"say what stands for the part in {path}"
            for disguise, statuses in ((filled, {401}), (filled.replace("/api", "/%61pi"), {401}),
                                       ("/x/.." + filled, {401, 404}), ("/" + filled, {401, 404})):
                url = URL(shared.base + disguise, encoded=True)
                async with client.request(method, url, allow_redirects=False) as response:
                    said = await response.read()
                    assert response.status in statuses, (method, disguise, said)
                    if response.status == 401 and method != "HEAD":
                        assert json.loads(said)["pairing"] == "/api/pair"


async def test_a_stranger_gets_nothing_from_paths_and_methods_there_are_not(shared: Served) -> None:
    async with shared.browser() as client:
        for asked in ("GET /api/nothing", "POST /api/stream", "DELETE /api/repositories", "PUT /",
                      "GET /api/", "POST /health", "GET /api/pair", "OPTIONS /api/pair", "POST /v/1"):
            method, path = asked.split()
            async with client.request(method, path) as response:
                assert response.status == 401, (method, path)


async def test_a_strangers_socket_is_refused_whatever_it_would_say(shared: Served) -> None:
    """The handshake is refused, so no message is ever read: every kind that there is."""
    sent = [each for each in EXAMPLES if type(each) in messages.FROM_VIEWER]
    assert {type(each) for each in sent} == set(messages.FROM_VIEWER)
    async with shared.browser() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect("/api/stream", protocols=(schema.subprotocol(),))
        assert refused.value.status == 401
    # Not even by somebody who does not wait for the answer.
    head = (f"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:{shared.port}\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
            f"Sec-WebSocket-Protocol: {schema.subprotocol()}\r\n\r\n").encode()
    frames = b"".join(bytes([0x82, 0x80 | min(len(data), 126)]) + (
        len(data).to_bytes(2, "big") if len(data) > 125 else b"") + b"\0\0\0\0" + data
        for data in map(codec.encode, sent))
    answer = await raw(shared, head + frames)
    assert answer.startswith(b"HTTP/1.1 401") and b"101 Switching" not in answer


async def test_the_token_and_its_cookie_work_over_tls_too(shared: Served) -> None:
    async with shared.browser() as client:
        async with client.get(f"/?token={shared.token}", allow_redirects=False) as response:
            cookie = response.headers[hdrs.SET_COOKIE]
            assert cookie.startswith(f"__Host-xrserver-{shared.port}=")
            assert {"HttpOnly", "SameSite=Strict", "Path=/", "Secure"} <= set(cookie.split("; "))
        async with client.get("/api/repositories") as response:
            assert response.status == 200


# --- other sites --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", [
    "https://evil.example", "null", "http://127.0.0.1:{port}", "https://127.0.0.1", "https://localhost:{port}",
    "https://127.0.0.1:{port}.evil.example"])
async def test_other_sites_can_neither_pair_nor_ask_nor_listen(fresh: Served, origin: str) -> None:
    named = origin.replace("{port}", str(fresh.port))
    async with fresh.browser() as client:
        await fresh.pair(client)
        headers = {"Origin": named}
        async with client.get("/api/repositories", headers=headers) as response:
            assert response.status == 403
        code = {"code": fresh.lan.pairing.code}
        async with client.post("/api/pair", json=code, headers=headers) as response:
            assert response.status == 403 and "Set-Cookie" not in response.headers
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect("/api/stream", headers=headers, protocols=(schema.subprotocol(),))
        assert refused.value.status == 403
        async with client.get("/api/repositories", headers={"Origin": fresh.base}) as response:
            assert response.status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_what_a_browser_says_comes_from_another_site_is_refused(fresh: Served, site: str) -> None:
    """An image or script that another port of this host embeds: no Origin, and cookies of the same site."""
    async with fresh.browser() as client:
        await fresh.pair(client)
        async with client.get("/api/repositories", headers={"Sec-Fetch-Site": site}) as response:
            assert response.status == 403
        for own in ("same-origin", "none"):
            async with client.get("/api/repositories", headers={"Sec-Fetch-Site": own}) as response:
                assert response.status == 200


# --- hostile input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [
    b"\x16\x03\x01", b"\x16" + b"\xff" * 5000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
    b"\0" * 100, b"SSH-2.0-x\r\n", b"\x80\x2e\x01\x00\x02"])
async def test_what_is_neither_tls_nor_http_ends_quietly(shared: Served, sent: bytes,
                                                         caplog: pytest.LogCaptureFixture) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", shared.port)
    writer.write(sent)
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert b"200" not in answer[:15]
    await alive(shared)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(("body", "kind", "status"), [
    (b'{"code": "123456"}', "text/plain", 415), (b'{"code": "123456"}', "", 415),
    (b"code=123456", "application/x-www-form-urlencoded", 415),
    (b'{"code": 123456}', "application/json", 400), (b'{"code": "12345"}', "application/json", 400),
    (b'{"code": "1234567"}', "application/json", 400),
    ('{"code": "١٢٣٤٥٦"}'.encode(), "application/json", 400),
    (b'{"code": "123456", "secret": "x"}', "application/json", 400), (b"{}", "application/json", 400),
    (b'{"code": "123456", "more": "x"}', "application/json", 400), (b"[]", "application/json", 400),
    (b"\xff\xfe", "application/json", 400), (b"[" * 1000, "application/json", 400),
    (b'{"code": "\\ud800"}', "application/json", 400), (b'{"secret": "\\ud800"}', "application/json", 403),
    (b'{"code": "' + b"1" * 2000 + b'"}', "application/json", 413)])
async def test_what_is_no_code_is_refused_without_costing_a_try(fresh: Served, body: bytes, kind: str,
                                                                status: int) -> None:
    async with fresh.browser() as client, \
            client.post("/api/pair", data=body, headers={"Content-Type": kind}) as response:
        assert response.status == status, await response.text()
    assert fresh.lan.pairing._brake("127.0.0.1").left(fresh.lan.pairing._now()) == 5


async def test_a_body_without_end_is_cut_off(fresh: Served) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 4096
            await asyncio.sleep(0)

    async with fresh.browser() as client:
        with contextlib.suppress(aiohttp.ClientError):
            async with client.post("/api/pair", data=endless(),
                                   headers={"Content-Type": "application/json"}) as response:
                assert response.status == 413
    await alive(fresh)


async def test_one_that_opens_many_connections_is_stopped_and_others_are_not(
        shared: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "MOST_FROM_ONE", 8)
    held: list[asyncio.StreamWriter] = []
    closed = 0
    try:
        socket.create_server(("127.0.0.77", 0)).close()
    except OSError:
        pytest.skip("this machine has one loopback address only")
    for _ in range(24):  # silent ones, which would stay for as long as they like
        reader, writer = await asyncio.open_connection("127.0.0.1", shared.port, local_addr=("127.0.0.77", 0))
        held.append(writer)
        with contextlib.suppress(TimeoutError):
            closed += await asyncio.wait_for(reader.read(1), 0.05) == b""
    assert closed >= 16
    await alive(shared)
    for writer in held:
        writer.close()


async def test_a_silent_connection_is_closed(shared: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "HANDSHAKE_SECONDS", 0.2)
    for sent in (b"", b"\x16\x03"):
        reader, writer = await asyncio.open_connection("127.0.0.1", shared.port)
        writer.write(sent)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
