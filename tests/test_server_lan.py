"""--lan over real TLS: names and addresses, HTTP on the same port, and what changes while it runs."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lan import Served, network, raw
from served import asking, served

import xrserver
from xrserver.errors import UsageError
from xrserver.server import addresses, lan, listening
from xrserver.server.lock import locked
from xrserver.stream import codec, messages, schema

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(story: Path) -> AsyncIterator[Served]:
    async with network(story) as running:
        yield running


async def test_names_of_this_machine_are_known_and_others_are_not(story: Path) -> None:
    async with network(story, names="desk.example.org, Other.Example") as served:
        known = ["localhost", *addresses.names(), *addresses.announced_names(), "desk.example.org",
                 "other.example", "192.168.1.7", "[fd00::7]"]
        for host, status in ((host, b"200") for host in known):
            head = f"GET /health HTTP/1.1\r\nHost: {host}:{served.port}\r\nConnection: close\r\n\r\n"
            assert (await raw(served, head.encode()))[9:12] == status, host
        for host in ("evil.example", "xrserver.local.evil.example", "", "desk.example.org.evil"):
            head = f"GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            assert (await raw(served, head.encode()))[9:12] in (b"400", b"421"), host


# --- HTTP on the port of HTTPS ------------------------------------------------------------------------------


async def from_network(served: Served, sent: bytes) -> bytes:
    """What plain HTTP is answered that does not come from this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listening, "is_here", lambda peer: False)
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(sent)
        try:
            return await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()


async def test_plain_http_from_the_network_is_sent_on_to_https(shared: Served) -> None:
    host = f"127.0.0.1:{shared.port}"
    answer = await from_network(shared, f"GET /a?b=%2Fc HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 307") and f"Location: https://{host}/a?b=%2Fc\r\n".encode() in answer
    answer = await from_network(shared, b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 421") and b"Location" not in answer
    for path in ("/api/repositories", f"/?token={shared.token}", "//evil.example/"):
        answer = await from_network(shared, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert b"Set-Cookie" not in answer and f"Location: https://{host}/".encode() in answer


async def test_the_certificate_to_install_is_for_everybody(shared: Served) -> None:
    async with shared.browser() as client, client.get("/ca.crt") as response:
        assert response.content_type == "application/x-x509-ca-cert"
        assert await response.read() == shared.lan.authority.pem
    answer = await from_network(shared, f"GET /ca.crt HTTP/1.1\r\nHost: 127.0.0.1:{shared.port}\r\n"
                                        "Connection: close\r\n\r\n".encode())
    assert answer.endswith(shared.lan.authority.pem)
    assert answer.count(b"-----BEGIN") == 1 and b"PRIVATE" not in answer


async def test_this_machine_and_a_cable_need_no_certificate(shared: Served) -> None:
    async with asking(shared.serving) as client, client.get("/api/repositories") as response:
        assert response.status == 200 and response.url.scheme == "http"
    async with xrserver.connect(shared.serving.url) as session:
        assert session.scene.repository == "story"


async def test_ipv6_is_served_where_there_is_any(shared: Served) -> None:
    try:
        probe = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    probe.close()
    async with shared.browser() as client, client.get(f"https://[::1]:{shared.port}/health") as response:
        assert response.status == 200


# --- while it runs ------------------------------------------------------------------------------------------


async def test_a_new_address_gets_a_certificate_while_the_server_runs(
        story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan, "ADDRESSES_SECONDS", 0.1)
    async with network(story) as served:
        moved: list[tuple[str, ...]] = []
        served.lan.on_moved(lambda: moved.append(served.lan.addresses))

        async def names() -> set[str]:
            _, writer = await asyncio.open_connection("127.0.0.1", served.port, ssl=served.trust)
            shown = writer.get_extra_info("ssl_object").getpeercert()
            writer.close()
            return {value for _, value in shown["subjectAltName"]}

        assert "10.20.30.40" not in await names()
        async with served.browser() as client:
            await served.pair(client)
            async with client.ws_connect("/api/stream", protocols=(schema.subprotocol(),)) as stream:
                await stream.send_bytes(codec.encode(messages.Hello("quest3", "", "")))
                await stream.receive()
                here = (*addresses.addresses(), addresses.Address("10.20.30.40", "wlan0", "lan"))
                monkeypatch.setattr(addresses, "addresses", lambda: here)
                async with asyncio.timeout(10):
                    while "10.20.30.40" not in await names():  # noqa: ASYNC110 (asked of another connection)
                        await asyncio.sleep(0.05)
                address = f"https://10.20.30.40:{served.port}/"
                assert address in served.lan.addresses
                # Who shows addresses is told once, when the certificate is good for the new ones.
                assert len(moved) == 1 and address in moved[0]
                await stream.ping()
                assert not stream.closed


async def test_a_lock_that_another_process_holds_holds_nobody_up_who_is_served(
        story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan, "ADDRESSES_SECONDS", 0.05)
    async with network(story) as served:
        here = (*addresses.addresses(), addresses.Address("10.20.30.41", "wlan0", "lan"))
        with locked(served.lan.ca.parent):  # as if it made a certificate of its own
            monkeypatch.setattr(addresses, "addresses", lambda: here)
            loop, longest, began = asyncio.get_running_loop(), 0.0, time.monotonic()
            async with served.browser() as client:
                while time.monotonic() < began + 1.0:
                    asked = loop.time()
                    async with client.get("/health") as response:
                        assert response.status == 200
                    longest = max(longest, loop.time() - asked)
            assert longest < 0.9, "somebody waited for the lock"
            assert f"https://10.20.30.41:{served.port}/" not in served.lan.addresses
        async with asyncio.timeout(10):
            while f"https://10.20.30.41:{served.port}/" not in served.lan.addresses:  # noqa: ASYNC110 (polled)
                await asyncio.sleep(0.05)


# --- settings that do not go together -----------------------------------------------------------------------


@pytest.mark.parametrize(("settings", "said"), [
    ({"lan": True, "token": False}, "no-token"), ({"lan": True, "behind_proxy": True}, "proxy"),
    ({"lan": True, "host": "192.168.1.7"}, "192.168.1.7"),
    ({"behind_proxy": True, "token": False}, "XRSERVER_NAMES"),
    ({"names": "git.example.org, https://other.example/"}, "https://other.example/"),
    ({"names": "a b"}, "a b"), ({"lan": True, "names": "x.example:8080"}, "port")])
async def test_what_would_let_everybody_in_is_refused(story: Path, settings: dict[str, Any],
                                                      said: str) -> None:
    with pytest.raises(UsageError, match=said):
        async with served(story, **settings):
            pass
