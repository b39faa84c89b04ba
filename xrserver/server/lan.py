"""What makes a server one of its network: certificate, pairing, paired devices and addresses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from xrserver.directories import CA_FILE
from xrserver.errors import XrserverError
from xrserver.server import addresses
from xrserver.server.addresses import Address
from xrserver.server.authority import authority
from xrserver.server.devices import Devices
from xrserver.server.pairing import Pairing
from xrserver.server.tls import ServerCertificate

_log = logging.getLogger(__name__)

#: How often revoked devices are looked for, and changed addresses.
REVOKED_SECONDS = 0.25
ADDRESSES_SECONDS = 2.0

#: Where a machine always is for itself.
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Lan:
    """Access from other devices of the network. Making one may wait for another process: use a thread.

    Parameters
    ----------
    folder : Path
        Where keys and devices are kept.
    port : int
        What the server listens on.
    names : iterable of str
        Host names besides the machine's own.

    Attributes
    ----------
    authority : Authority
    certificate : ServerCertificate
    devices : Devices
    pairing : Pairing
    ca : Path
        The certificate that a device can install, so that it warns no more.
    """

    def __init__(self, folder: Path, port: int, names: Iterable[str] = ()) -> None:
        self._port = port
        self.names = (*addresses.names(), *addresses.announced_names(), *names)
        self.authority = authority(folder, (*addresses.names(), *names))
        self.ca = folder / CA_FILE
        self.certificate = ServerCertificate(folder, self.authority)
        self._here: tuple[Address, ...] = ()
        self._listeners: list[Callable[[], None]] = []
        here = addresses.addresses()
        self.certificate.cover(self._names_at(here))
        self._here = here
        self.devices = Devices(folder)
        self.pairing = Pairing(self.devices)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority's certificate, to compare with what a device shows before it trusts it."""
        return self.authority.fingerprint

    @property
    def addresses(self) -> tuple[str, ...]:
        """Addresses for other devices, best first; last public ones, which the certificate cannot cover."""
        reached = sorted((*(one.address for one in self._here), *addresses.names()[1:]),
                         key=lambda one: not self.authority.permits(one))
        hosts = [f"[{host}]" if ":" in host else host for host in reached]
        return tuple(f"https://{host}:{self._port}/" for host in hosts)

    @property
    def here(self) -> tuple[Address, ...]:
        """Where this machine is now."""
        return self._here

    def on_moved(self, listener: Callable[[], None]) -> None:
        """Call `listener`, on the server's loop, whenever this machine has other addresses than before."""
        self._listeners.append(listener)

    @property
    def invitation(self) -> str:
        """The best address with a secret that pairs the device that opens it: once, as long as the code.

        It is in the fragment, which browsers send to nobody.
        """
        best = next(iter(self.addresses), f"https://localhost:{self._port}/")
        return f"{best}#pair={self.pairing.secret}"

    def close(self) -> None:
        """Let go of what is kept."""
        self.devices.close()

    async def watch(self, expel: Callable[[frozenset[str]], frozenset[str]]) -> None:
        """Keep certificate and code fresh until cancelled.

        `expel` is told which devices there are, and returns which of them are connected.
        """
        loop = asyncio.get_running_loop()
        look = loop.time() + ADDRESSES_SECONDS
        while True:
            await asyncio.sleep(REVOKED_SECONDS)
            try:
                self.pairing.tick()
                self.devices.stay(expel(self.devices.ids()))
                if loop.time() >= look:
                    look = loop.time() + ADDRESSES_SECONDS
                    await self._look()
            except XrserverError as error:
                _log.warning("%s", error)
            except Exception:  # what is watched over must not end with one failure
                _log.exception("watching over devices and certificate failed")

    async def _look(self) -> None:
        """See where this machine is now, and that the certificate says so, before anybody is told."""
        here = addresses.addresses()
        await self.certificate.cover_soon(self._names_at(here))
        if here == self._here:
            return
        self._here = here
        for listener in self._listeners:
            listener()

    def _names_at(self, here: Iterable[Address]) -> tuple[str, ...]:
        return (*_LOOPBACK, *self.names, *(one.address for one in here))
