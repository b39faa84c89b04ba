"""The name in the local network, told and found by real multicast DNS over the loopback interface."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from zeroconf import AddressResolver, ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from xrserver.server import announce
from xrserver.server.addresses import Address
from xrserver.server.announce import Announced, Announcing, announced

HERE = (Address("127.0.0.1", "lo", "lan"),)
#: Names of our own: tests of several checkouts may run at once.
FIRST, SECOND = (f"xrserver-test-{os.getpid()}-{letter}.local" for letter in "ab")


def multicasts() -> bool:
    """Whether this machine delivers multicast over loopback (some sandboxes and macOS firewalls do not)."""
    group = socket.inet_aton("224.0.0.251") + socket.inet_aton("127.0.0.1")
    with (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
          socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other):
        try:
            one.bind(("", 0))
            one.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
            one.settimeout(1)
            other.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            other.sendto(b"here", ("224.0.0.251", one.getsockname()[1]))
            return one.recv(4) == b"here"
        except OSError:
            return False


needs_multicast = pytest.mark.skipif(not multicasts(), reason="no multicast over loopback here")


@asynccontextmanager
async def listener() -> AsyncIterator[AsyncZeroconf]:
    """Another machine of the network."""
    other = AsyncZeroconf(interfaces=["127.0.0.1"])
    try:
        yield other
    finally:
        await other.async_close()


@asynccontextmanager
async def owner(name: str, address: str) -> AsyncIterator[AsyncZeroconf]:
    """Another machine that has `name` already."""
    async with listener() as other:
        kind = "_https._tcp.local."
        await other.async_register_service(AsyncServiceInfo(
            kind, f"other-{address}-{os.getpid()}.{kind}", 1, addresses=[socket.inet_aton(address)],
            server=f"{name}."), cooperating_responders=True)
        yield other


async def resolved(asker: AsyncZeroconf, name: str, milliseconds: int = 3000) -> list[str]:
    resolver = AddressResolver(f"{name}.")
    await resolver.async_request(asker.zeroconf, milliseconds)
    return resolver.parsed_addresses()


@needs_multicast
async def test_the_name_answers_with_our_address_and_is_gone_afterwards() -> None:
    async with announced(8443, HERE, names=[FIRST]) as found:
        assert (found.name, found.notice) == (FIRST, "")
        async with listener() as asker:
            assert await resolved(asker, FIRST) == ["127.0.0.1"]
    async with listener() as asker:  # who asks for the first time hears nothing
        assert await resolved(asker, FIRST, 500) == []


@needs_multicast
async def test_browsers_of_services_find_where_the_page_is_and_hear_that_it_leaves() -> None:
    seen: dict[str, str] = {}
    changed = asyncio.Event()

    def note(zeroconf: object, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        seen[name] = state_change.name
        changed.set()

    async def until(state: str) -> str:
        async with asyncio.timeout(20):
            while True:
                ours = [name for name, last in seen.items()
                        if last == state and name.startswith("xrserver on ")]
                for name in ours:
                    info = AsyncServiceInfo("_https._tcp.local.", name)
                    if state == "Removed" or (await info.async_request(asker.zeroconf, 3000)
                                              and info.server == f"{FIRST}."):
                        assert state == "Removed" or (info.port == 8443 and info.properties[b"path"] == b"/")
                        return name
                await changed.wait()
                changed.clear()

    async with listener() as asker:
        async with announced(8443, HERE, names=[FIRST]):
            browser = AsyncServiceBrowser(asker.zeroconf, "_https._tcp.local.", handlers=[note])
            name = await until("Added")
        assert await until("Removed") == name
        await browser.async_cancel()


@needs_multicast
async def test_a_name_that_another_machine_has_is_left_to_it() -> None:
    async with owner(FIRST, "127.0.0.9"), announced(8443, HERE, names=[FIRST, SECOND]) as found:
        assert found.name == SECOND


@needs_multicast
async def test_a_second_server_of_this_machine_shares_the_name() -> None:
    async with owner(FIRST, "127.0.0.1"), announced(8444, HERE, names=[FIRST, SECOND]) as found:
        assert found.name == FIRST


@needs_multicast
async def test_a_machine_that_moves_is_found_at_its_new_address_by_the_same_name(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announce, "announced_names", lambda: (FIRST, SECOND))
    here = [HERE]
    told: list[Announced] = []
    announcing = Announcing(8443, lambda: here[0])
    announcing.listen(told.append)
    running = asyncio.create_task(announcing.run())
    try:
        async with listener() as asker, asyncio.timeout(30):
            while await resolved(asker, FIRST) != ["127.0.0.1"]:
                pass
            here[0] = (Address("127.0.0.1", "lo", "lan"), Address("127.0.0.2", "lo", "lan"))
            announcing.moved()
            while sorted(await resolved(asker, FIRST)) != ["127.0.0.1", "127.0.0.2"]:
                asker.zeroconf.cache.async_expire(float("inf"))  # what it remembers is what was said before
    finally:
        running.cancel()
        await asyncio.wait((running,))
    assert told == [Announced(FIRST)], "the name stays, and is told once"


@needs_multicast
async def test_when_all_names_are_taken_that_is_said_and_nothing_fails() -> None:
    async with owner(FIRST, "127.0.0.9"), announced(8443, HERE, names=[FIRST]) as found:
        assert found.name == "" and FIRST in found.notice


NOWHERE = Address("203.0.113.9", "eth7", "lan")  # an address that is none of this machine's


async def test_a_network_without_multicast_is_a_notice() -> None:
    async with announced(8443, (NOWHERE,), names=[FIRST]) as found:
        assert found.name == "" and "multicast" in found.notice
    gc.collect()  # a socket left open would be a warning, and that an error


@needs_multicast
async def test_a_network_without_multicast_does_not_cost_the_others_the_name() -> None:
    async with announced(8443, (NOWHERE, *HERE), names=[FIRST]) as found:
        assert (found.name, found.notice) == (FIRST, "")


@pytest.mark.parametrize("addresses", [
    (), (Address("10.8.0.2", "wg0", "vpn"), Address("172.17.0.1", "docker0", "virtual"))])
async def test_without_a_network_nothing_is_announced_and_that_is_said(
        addresses: tuple[Address, ...]) -> None:
    async with announced(8443, addresses, names=[FIRST]) as found:
        assert found.name == "" and "no network" in found.notice
