"""Under which addresses and names other devices reach this machine, best first."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

#: `lan`: home or office network; `public`: reachable from everywhere, or a network that hands out such
#: addresses; `vpn`: a tunnel; `virtual`: containers and virtual machines of this machine;
#: `link-local`: nobody handed out an address.
Kind = Literal["lan", "public", "vpn", "virtual", "link-local"]

_ORDER: tuple[Kind, ...] = ("lan", "public", "vpn", "virtual", "link-local")

#: Interfaces as Linux, macOS and Windows name them, in lower case.
_VPN = re.compile(r"tun\d|tap\d|utun|wg|ppp|ipsec|gpd\d|cscotun|tailscale|zt|ham\d|nordlynx|proton|wireguard"
                  r"|openvpn|tap-windows|zerotier|hamachi|nebula|.*\bvpn\b|cloudflarewarp|warp")
_VIRTUAL = re.compile(r"docker|br-[0-9a-f]{12}|veth|virbr|vmnet|vmenet|vboxnet|cni|flannel|cali|lxc"
                      r"|lxd|incus|podman|nerdctl|kube|bridge\d|vethernet|vmware|virtualbox|hyper-v|wsl|awdl|llw"
                      r"|bluetooth|pan\d|dummy")


@dataclass(frozen=True, slots=True)
class Address:
    """One address of this machine.

    Attributes
    ----------
    address : str
        IPv4 or IPv6, without a scope.
    interface : str
        As the system calls it.
    kind : str
        What sort of network it leads to.
    """

    address: str
    interface: str
    kind: Kind


def addresses() -> tuple[Address, ...]:
    """Return the addresses of this machine's interfaces that are up, those a headset can use first.

    Loopback is left out, and so are IPv6 link-local addresses, which no browser takes.
    """
    import psutil

    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup}
    found = [(name, given.address) for name, held in psutil.net_if_addrs().items() if name in up
             for given in held if given.family in (socket.AF_INET, socket.AF_INET6)]
    return ordered(found, _towards_the_internet())


def ordered(found: Iterable[tuple[str, str]], preferred: str = "") -> tuple[Address, ...]:
    """Return addresses best first: by kind, then `preferred`, IPv4 before IPv6, then as they came.

    Parameters
    ----------
    found : iterable of (str, str)
        Interface and address.
    preferred : str
        The address that this machine uses for most of what it sends.
    """
    usable: list[Address] = []
    for interface, text in found:
        address = ipaddress.ip_address(text.partition("%")[0])
        if address.is_loopback or address.is_unspecified or (address.version == 6 and address.is_link_local):
            continue
        usable.append(Address(str(address), interface, _kind(interface, address)))
    return tuple(sorted(usable, key=lambda one: (
        _ORDER.index(one.kind), one.address != preferred, ":" in one.address)))


def _kind(interface: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Kind:
    name = interface.lower()
    if address.is_link_local:
        return "link-local"
    if _VPN.match(name):
        return "vpn"
    if _VIRTUAL.match(name):
        return "virtual"
    return "public" if address.is_global else "lan"


def _towards_the_internet() -> str:
    """Return the address that packets to elsewhere would carry, or ''; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
            return str(probe.getsockname()[0])
        except OSError:  # there is no way to elsewhere
            return ""


def names() -> tuple[str, ...]:
    """Return this machine's host name and its name in the local network; empty where it has none."""
    host = host_name()
    return (host, f"{host}.local") if host else ()


def host_name() -> str:
    """Return this machine's name: one label of a DNS name, or ''."""
    label = socket.gethostname().partition(".")[0].lower()
    label = re.sub("[^a-z0-9-]+", "-", label).strip("-")[:63]
    return "" if label == "localhost" else label


def announced_names() -> tuple[str, ...]:
    """Return the names that `announce` tries in turn: the short one, and others where it is taken.

    A certificate that is to cover the one announced covers all of them.
    """
    host = host_name()
    own = (f"xrserver-{host}"[:63].rstrip("-"),) if host and host != "xrserver" else ()
    return tuple(f"{label}.local" for label in ("xrserver", *own, "xrserver-2", "xrserver-3"))
