"""A name in the local network by multicast DNS: what is typed on a headset instead of numbers.

A name that another machine has is found by asking for it during three quarters of a second. A machine
that takes it later is not noticed: xrserver does not defend names, as RFC 6762 would have it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xrserver import __version__
from xrserver.server.addresses import Address, announced_names, host_name

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncZeroconf

#: Kinds of networks where somebody may ask for the name.
_KINDS = ("lan", "public", "link-local")

#: Where multicast DNS is spoken, by IPv4.
_GROUP = "224.0.0.251"

#: Milliseconds that a name is asked for before it counts as free.
_PROBE = 750

#: Seconds that taking the name back may take.
_LEAVE = 2.0


@dataclass(frozen=True, slots=True)
class Announced:
    """What came of announcing.

    Attributes
    ----------
    name : str
        The name that other devices can use, such as ``xrserver.local``; '' when there is none.
    notice : str
        Why there is none, and what to do instead; '' when there is one.
    """

    name: str
    notice: str = ""


class Announcing:
    """Keeps a name announced wherever this machine is.

    Parameters
    ----------
    port : int
        Where the page is served, by HTTPS.
    here : callable
        Where this machine is now.

    Attributes
    ----------
    latest : Announced or None
        What came of it last; None until then.
    """

    def __init__(self, port: int, here: Callable[[], Sequence[Address]]) -> None:
        self._port = port
        self._here = here
        self._moved = asyncio.Event()
        self._listeners: list[Callable[[Announced], None]] = []
        self.latest: Announced | None = None

    def listen(self, listener: Callable[[Announced], None]) -> None:
        """Call `listener` with what came of announcing: now, if that is known, and whenever it changes."""
        self._listeners.append(listener)
        if self.latest is not None:
            listener(self.latest)

    def moved(self) -> None:
        """Announce anew: this machine has other addresses."""
        self._moved.set()

    async def run(self) -> None:
        """Announce until cancelled."""
        before: Sequence[Address] = ()
        while True:
            self._moved.clear()
            here = self._here()
            async with announced(self._port, here, before=before) as told:
                if told != self.latest:
                    self.latest = told
                    for listener in self._listeners:
                        listener(told)
                await self._moved.wait()
            before = here


class _NameTaken(Exception):
    """Others have all the names."""


@asynccontextmanager
async def announced(port: int, addresses: Sequence[Address], *, secure: bool = True,
                    names: Sequence[str] | None = None, before: Sequence[Address] = (),
                    ) -> AsyncGenerator[Announced, None]:
    """Answer to the first free of `names` at `addresses` until the block ends.

    A network in which that fails is no error: the addresses work without a name.

    Parameters
    ----------
    port : int
        Where the page is served.
    addresses : sequence of Address
        This machine's; what leads to tunnels and containers is left out.
    secure : bool
        Whether the page is served by HTTPS.
    names : sequence of str, optional
        Names ending in ``.local``, in the order to try them; default `announced_names()`.
    before : sequence of Address
        This machine's until now: who answers with them is no other one.
    """
    reached = [one.address for one in addresses if one.kind in _KINDS]
    if not reached:
        yield Announced("", "No name is announced: this machine is in no network.")
        return
    async with contextlib.AsyncExitStack() as stack:
        try:
            name = await _announce(stack, port, reached, secure, names or announced_names(),
                                   [*reached, *(one.address for one in before)])
            told = Announced(name)
        except _NameTaken as taken:
            told = Announced("", f"No name is announced: others in this network have {taken}.")
        except Exception as error:  # whatever the system makes of it: nothing else needs the name
            told = Announced("", "No name is announced: this network or machine does not allow multicast DNS "
                                 f"({str(error) or type(error).__name__}).")
        yield told


async def _announce(stack: contextlib.AsyncExitStack, port: int, reached: Sequence[str], secure: bool,
                    names: Sequence[str], own: Sequence[str]) -> str:
    from zeroconf import IPVersion
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

    logging.getLogger("zeroconf").setLevel(logging.CRITICAL)  # an interface that fails is no news
    reached = _heard(reached)
    version = IPVersion.All if any(":" in one for one in reached) else IPVersion.V4Only
    responder = AsyncZeroconf(interfaces=list(reached), ip_version=version)
    stack.push_async_callback(_leave, responder)
    name = await _free_name(responder, own, names)
    label = f"xrserver on {host_name() or 'this machine'}"
    packed = [ipaddress.ip_address(one).packed for one in reached]
    kinds = ("_https._tcp.local.", "_xrserver._tcp.local.") if secure else (
        "_http._tcp.local.", "_xrserver._tcp.local.")
    services = [AsyncServiceInfo(kind, f"{label}.{kind}", port, addresses=packed, server=f"{name}.",
                                 properties={"path": "/", "version": __version__}) for kind in kinds]
    # Each returns a task that repeats the announcement; `_leave` ends with the goodbye either way.
    for repeating in await asyncio.gather(*(
            responder.async_register_service(service, allow_name_change=True) for service in services)):
        task = asyncio.ensure_future(repeating)
        stack.callback(task.cancel)
    return name


def _heard(addresses: Sequence[str]) -> list[str]:
    """Return those of `addresses` where multicast can be heard: what fails costs the others no name.

    Raises
    ------
    OSError
        It can be heard at none of them. Asked here, as zeroconf leaves a socket open when it finds out.
    """
    heard: list[str] = []
    failed = OSError("no address")
    for address in addresses:
        six = ":" in address
        try:
            with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as asked:
                asked.bind((address if six else "", 0))
                if not six:
                    asked.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                                     socket.inet_aton(_GROUP) + socket.inet_aton(address))
        except OSError as error:
            failed = error
        else:
            heard.append(address)
    if not heard:
        raise failed
    return heard


async def _free_name(responder: AsyncZeroconf, addresses: Sequence[str], names: Sequence[str]) -> str:
    """Return the first of `names` that nobody but this machine, at its `addresses`, answers to."""
    from zeroconf import AddressResolver, IPVersion  # pyright: ignore[reportPrivateImportUsage]

    own = {ipaddress.ip_address(one) for one in addresses}
    for name in names:
        resolver = AddressResolver(f"{name}.")
        await resolver.async_request(responder.zeroconf, _PROBE)
        # Another xrserver of this machine answers with the same addresses: both can have the name.
        if not {ipaddress.ip_address(str(one).partition("%")[0])
                for one in resolver.ip_addresses_by_version(IPVersion.All)} - own:
            return name
    raise _NameTaken(" and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0])


async def _leave(responder: AsyncZeroconf) -> None:
    """Say goodbye, so that nobody remembers a name that no longer answers."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_LEAVE):
            await responder.async_close()
