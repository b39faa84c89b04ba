"""Pairing over real TLS: codes, links and what they are worth; what is revoked is out at once."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import hdrs
from lan import Served, network

import xrserver
from xrserver.errors import ConnectionLost, UsageError
from xrserver.server.devices import Devices
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


async def test_paired_devices_survive_a_restart(story: Path) -> None:
    async with network(story) as first, first.browser() as client:
        await first.pair(client)
        secret = next(iter(client.cookie_jar)).value
    async with network(story) as second, \
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


async def test_the_invitation_is_the_best_address_with_a_secret(shared: Served) -> None:
    address, _, secret = shared.lan.invitation.partition("#pair=")
    assert address == shared.lan.addresses[0] and secret == shared.lan.pairing.secret and len(secret) >= 22
