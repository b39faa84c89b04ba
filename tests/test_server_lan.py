"""--lan over real TLS: strangers get nothing, hostile ones disturb nobody, what is revoked is out at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import hdrs, web
from served import asking, served, tell
from yarl import URL

import xrserver
from xrserver import app
from xrserver.errors import ConnectionLost, UsageError
from xrserver.server import addresses, http, lan, listening
from xrserver.server.access import OPEN, Access
from xrserver.server.devices import Devices
from xrserver.server.lan import Lan
from xrserver.server.lock import locked
from xrserver.server.opening import Opening
from xrserver.server.pairing import FREE_TRIES_OF_ALL, Brake
from xrserver.stream import codec, messages, schema

#: A client whose TLS handshake fails leaves its transport to the collector, which complains of it anywhere.
pytestmark = [pytest.mark.asyncio(loop_scope="module"),
              pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]


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


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell(tmp_path_factory.mktemp("lan") / "story.git")


@asynccontextmanager
async def network(repository: Path, **settings: Any) -> AsyncIterator[Served]:
    async with served(repository, lan=True, mdns=False, **settings) as serving:
        assert serving.lan is not None
        yield Served(serving, serving.lan, URL(serving.url).port or 0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(repository: Path) -> AsyncIterator[Served]:
    async with network(repository) as running:
        yield running


@pytest.fixture
def fresh(shared: Served) -> Served:
    """The shared server, with nobody's wrong codes held against them."""
    shared.lan.pairing._brakes.clear()
    shared.lan.pairing._all = Brake(FREE_TRIES_OF_ALL)
    return shared


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


# --- strangers ------------------------------------------------------------------------------------------


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
                                       ("/x/.." + filled, {404}), ("/" + filled, {401, 404})):
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
    """The handshake is refused, so no message is ever read."""
    sent = [messages.Hello("desktop", "", ""), messages.Want(["0" * 32]), messages.Select(1, 1),
            messages.Query(1, "find", "x", 0, 0, 0)]
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


# --- pairing --------------------------------------------------------------------------------------------


async def test_the_code_lets_a_device_in_and_its_cookie_is_kept_safe(fresh: Served) -> None:
    quest = "Mozilla/5.0 (X11; Linux x86_64; Quest 3) AppleWebKit/537.36 OculusBrowser/40.1"
    async with fresh.browser(**{"User-Agent": quest}) as client:
        async with client.post("/api/pair", json={"code": fresh.lan.pairing.code}) as response:
            assert response.status == 200 and (await response.json())["name"] == "Meta Quest 3"
            cookie = response.headers[hdrs.SET_COOKIE]
            assert cookie.startswith(f"__Host-xrserver-{fresh.port}=")
            assert {"HttpOnly", "SameSite=Strict", "Path=/", "Secure"} <= set(cookie.split("; "))
            assert "Domain" not in cookie
        async with client.get("/api/repositories") as response:
            assert response.status == 200
        async with client.ws_connect("/api/stream", protocols=(schema.subprotocol(),)) as stream:
            await stream.send_bytes(codec.encode(messages.Hello("quest3", "", "")))
            assert isinstance(codec.decode((await stream.receive()).data, messages.FROM_SERVER),
                              messages.Welcome)
        code = fresh.lan.pairing.code
        assert (await fresh.pair(client))[0] == 200 and fresh.lan.pairing.code == code  # nothing is used up


async def test_codes_that_do_not_pair_say_why(fresh: Served) -> None:
    code = fresh.lan.pairing.code
    async with fresh.browser() as client:
        assert (await fresh.pair(client))[0] == 200
    async with fresh.browser() as client:
        status, said = await fresh.pair(client, code=code)
        assert (status, said["reason"]) == (403, "used")
        for _ in range(4):
            status, said = await fresh.pair(client, code=code)
        assert said["wait"] == 30
        async with client.post("/api/pair", json={"code": fresh.lan.pairing.code}) as response:
            assert response.status == 429 and response.headers[hdrs.RETRY_AFTER] == "30"
            assert "Set-Cookie" not in response.headers
        status, _ = await fresh.pair(client, secret=fresh.lan.pairing.secret)
        assert status == 200  # a link cannot be guessed, so it does not wait


async def test_guesses_sent_all_at_once_are_counted_one_by_one(fresh: Served) -> None:
    code = int(fresh.lan.pairing.code)
    async with fresh.browser() as client:
        answers = await asyncio.gather(*(
            fresh.pair(client, code=f"{(code + n) % 1_000_000:06d}") for n in range(1, 41)))
    statuses = [status for status, _ in answers]
    assert statuses.count(403) == 5 and statuses.count(429) == 35


async def test_paired_devices_survive_a_restart(repository: Path) -> None:
    async with network(repository) as first, first.browser() as client:
        await first.pair(client)
        secret = next(iter(client.cookie_jar)).value
    async with network(repository) as second, \
            second.browser(Authorization=f"Bearer {secret}") as client, \
            client.get("/api/repositories") as response:
        assert response.status == 200


async def test_a_revoked_device_is_out_at_once_and_its_socket_closes(fresh: Served) -> None:
    async with fresh.browser() as client, fresh.browser() as other:
        _, device = await fresh.pair(client)
        await fresh.pair(other)
        async with client.ws_connect("/api/stream", protocols=(schema.subprotocol(),)) as stream, \
                other.ws_connect("/api/stream", protocols=(schema.subprotocol(),)) as staying:
            for each in (stream, staying):
                await each.send_bytes(codec.encode(messages.Hello("quest3", "", "")))
                await each.receive()
            with Devices() as elsewhere:  # as `xrserver devices` does in another process
                elsewhere.revoke(device["id"])
            async with client.get("/api/repositories") as response:
                assert response.status == 401
            async with asyncio.timeout(30):
                while (last := await stream.receive()).type is aiohttp.WSMsgType.BINARY:
                    pass
            assert last.data == 4401 and "unpaired" in str(last.extra)
            assert not staying.closed
        async with other.get("/api/repositories") as response:
            assert response.status == 200


async def test_scripts_pair_and_connect_and_trust_our_own_authority(fresh: Served, tmp_path: Path,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConnectionLost, match="not the code"):
        await xrserver.pair(fresh.base, f"{(int(fresh.lan.pairing.code) + 1) % 1_000_000:06d}")
    code = fresh.lan.pairing.code
    token = await xrserver.pair(fresh.base, f"{code[:3]} {code[3:]}", name="a script")
    assert "a script" in [device.name for device in fresh.lan.devices.all()]
    async with xrserver.connect(fresh.base, token) as session:
        assert session.scene.repository == "story"
    # Elsewhere the authority is not known, unless its certificate is given.
    ca = fresh.lan.ca
    der = tmp_path / "ca.crt"
    der.write_bytes(ssl.PEM_cert_to_DER_cert(ca.read_text()))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(ConnectionLost, match=rf"not trusted here.*fetch {fresh.base}/ca\.crt"):
        async with xrserver.connect(fresh.base, token):
            pass
    for file in (ca, der):
        async with xrserver.connect(f"{fresh.base}/?token={token}", ca=file):
            pass
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(ca))
        async with xrserver.connect(fresh.base, token):
            pass
    with pytest.raises(UsageError, match="no certificate"):
        async with xrserver.connect(fresh.base, token, ca=__file__):
            pass
    with pytest.raises(ConnectionLost, match="token is missing or wrong"):
        async with xrserver.connect(fresh.base, ca=ca):
            pass


async def test_the_native_viewer_joins_by_https_and_says_whom_it_does_not_trust(
        fresh: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from xrserver.native.client import Failed, Link, Opened

    token = await xrserver.pair(fresh.base, fresh.lan.pairing.code)

    async def first() -> object:
        link = Link(f"{fresh.base}/?token={token}")
        try:
            return await asyncio.to_thread(link.wait, 30)
        finally:
            await asyncio.to_thread(link.close)

    assert isinstance(await first(), Opened)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for _ in range(5):  # it ends by itself then, and closing it meanwhile is no fault
        failed = await first()
        assert isinstance(failed, Failed) and "not trusted" in str(failed.error)


# --- other sites ----------------------------------------------------------------------------------------


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


async def test_names_of_this_machine_are_known_and_others_are_not(repository: Path) -> None:
    async with network(repository, names="desk.example.org, Other.Example") as served:
        known = ["localhost", *addresses.names(), *addresses.announced_names(), "desk.example.org",
                 "other.example", "192.168.1.7", "[fd00::7]"]
        for host, status in ((host, b"200") for host in known):
            head = f"GET /health HTTP/1.1\r\nHost: {host}:{served.port}\r\nConnection: close\r\n\r\n"
            assert (await raw(served, head.encode()))[9:12] == status, host
        for host in ("evil.example", "xrserver.local.evil.example", "", "desk.example.org.evil"):
            head = f"GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            assert (await raw(served, head.encode()))[9:12] in (b"400", b"421"), host


# --- HTTP on the port of HTTPS ---------------------------------------------------------------------------


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


# --- hostile input --------------------------------------------------------------------------------------


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


# --- while it runs --------------------------------------------------------------------------------------


async def test_a_new_address_gets_a_certificate_while_the_server_runs(
        repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan, "ADDRESSES_SECONDS", 0.1)
    async with network(repository) as served:
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
        repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan, "ADDRESSES_SECONDS", 0.05)
    async with network(repository) as served:
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


async def test_the_invitation_is_the_best_address_with_a_secret(shared: Served) -> None:
    address, _, secret = shared.lan.invitation.partition("#pair=")
    assert address == shared.lan.addresses[0] and secret == shared.lan.pairing.secret and len(secret) >= 22


# --- settings that do not go together --------------------------------------------------------------------


@pytest.mark.parametrize(("settings", "said"), [
    ({"lan": True, "token": False}, "no-token"), ({"lan": True, "behind_proxy": True}, "proxy"),
    ({"lan": True, "host": "192.168.1.7"}, "192.168.1.7"),
    ({"behind_proxy": True, "token": False}, "XRSERVER_NAMES"),
    ({"names": "git.example.org, https://other.example/"}, "https://other.example/"),
    ({"names": "a b"}, "a b"), ({"lan": True, "names": "x.example:8080"}, "port")])
async def test_what_would_let_everybody_in_is_refused(repository: Path, settings: dict[str, Any],
                                                      said: str) -> None:
    with pytest.raises(UsageError, match=said):
        async with served(repository, **settings):
            pass


# --- behind a proxy -------------------------------------------------------------------------------------


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


async def test_behind_a_proxy_its_word_counts(repository: Path) -> None:
    async with served(repository, behind_proxy=True) as serving:
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


async def test_behind_a_proxy_only_names_that_were_given_are_known(repository: Path) -> None:
    async with served(repository, behind_proxy=True, token=False, names="git.example.org") as serving:
        for host, status in (("git.example.org", 200), ("evil.example", 421)):
            async with aiohttp.ClientSession(serving.url) as client, \
                    client.get("/api/repositories", headers={"X-Forwarded-Host": host}) as response:
                assert response.status == status


async def test_without_a_proxy_nobody_is_believed(repository: Path) -> None:
    async with served(repository) as serving, asking(serving) as client:
        told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
        async with client.get("/api/repositories", headers=told) as response:
            assert response.status == 200
            assert "evil.example" not in response.headers["Content-Security-Policy"]
        told["Origin"] = "https://evil.example"
        async with client.get("/api/repositories", headers=told) as response:
            assert response.status == 403
