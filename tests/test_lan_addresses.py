"""Addresses are offered in the order in which a headset can use them."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from xrserver.server import addresses
from xrserver.server.addresses import Address, ordered

#: Interfaces of a Linux laptop, a Mac and a Windows PC, as their systems name them.
LINUX = [("lo", "127.0.0.1"), ("lo", "::1"), ("docker0", "172.17.0.1"), ("br-0a1b2c3d4e5f", "172.18.0.1"),
         ("virbr0", "192.168.122.1"), ("tailscale0", "100.101.102.103"), ("wg0", "10.8.0.2"),
         ("wlp3s0", "fe80::1%wlp3s0"), ("wlp3s0", "fd12:3456::7"), ("wlp3s0", "192.168.1.20"),
         ("enp0s31f6", "10.0.0.5"), ("usb0", "169.254.7.7")]
MAC = [("lo0", "127.0.0.1"), ("utun4", "10.9.0.3"), ("bridge100", "192.168.64.1"), ("en0", "192.168.0.12"),
       ("awdl0", "fe80::2%awdl0")]
WINDOWS = [("vEthernet (WSL)", "172.25.48.1"), ("OpenVPN TAP-Windows6", "10.7.0.2"),
           ("VMware Network Adapter VMnet8", "192.168.80.1"), ("Wi-Fi", "192.168.178.31"),
           ("Ethernet 2", "169.254.11.12"), ("Loopback Pseudo-Interface 1", "127.0.0.1")]


def kinds(found: list[tuple[str, str]]) -> dict[str, str]:
    return {one.address: one.kind for one in ordered(found)}


def test_networks_a_headset_shares_come_before_tunnels_and_containers() -> None:
    assert [one.address for one in ordered(LINUX)] == [
        "192.168.1.20", "10.0.0.5", "fd12:3456::7", "100.101.102.103", "10.8.0.2", "172.17.0.1", "172.18.0.1",
        "192.168.122.1", "169.254.7.7"]
    assert [one.address for one in ordered(MAC)] == ["192.168.0.12", "10.9.0.3", "192.168.64.1"]
    assert [one.address for one in ordered(WINDOWS)] == [
        "192.168.178.31", "10.7.0.2", "172.25.48.1", "192.168.80.1", "169.254.11.12"]


def test_the_address_used_towards_elsewhere_comes_first_among_its_kind() -> None:
    assert ordered(LINUX, preferred="10.0.0.5")[0].address == "10.0.0.5"
    assert ordered(LINUX, preferred="10.8.0.2")[0].address == "192.168.1.20"


def test_each_address_says_what_network_it_leads_to() -> None:
    assert kinds(LINUX) == {
        "192.168.1.20": "lan", "10.0.0.5": "lan", "fd12:3456::7": "lan", "100.101.102.103": "vpn",
        "10.8.0.2": "vpn", "172.17.0.1": "virtual", "172.18.0.1": "virtual", "192.168.122.1": "virtual",
        "169.254.7.7": "link-local"}
    assert ordered([("eth0", "8.8.8.8"), ("br-lan", "192.168.5.1")]) == (
        Address("192.168.5.1", "br-lan", "lan"), Address("8.8.8.8", "eth0", "public"))


def test_loopback_and_addresses_that_browsers_do_not_take_are_left_out() -> None:
    useless = [("lo", "127.0.0.1"), ("lo", "127.8.0.1"), ("eth0", "fe80::1%eth0"), ("eth0", "0.0.0.0")]
    assert ordered(useless) == ()


def test_this_machines_addresses_are_ones_it_can_listen_on() -> None:
    for one in addresses.addresses():
        family = socket.AF_INET6 if ":" in one.address else socket.AF_INET
        assert not ipaddress.ip_address(one.address).is_loopback
        with socket.create_server((one.address, 0), family=family):
            pass


@pytest.mark.parametrize(("given", "label"), [
    ("Desk", "desk"), ("desk.example.com", "desk"), ("Adas-MacBook.local", "adas-macbook"),
    ("my_pc", "my-pc"),
    ("localhost", ""), ("Zoë's PC", "zo-s-pc"), ("", "")])
def test_a_host_name_becomes_one_label(given: str, label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: given)
    assert addresses.host_name() == label
    assert addresses.names() == ((label, f"{label}.local") if label else ())


def test_the_short_name_is_announced_before_the_machines_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "desk")
    assert addresses.announced_names()[:2] == ("xrserver.local", "xrserver-desk.local")
    monkeypatch.setattr(socket, "gethostname", lambda: "x" * 80)
    assert all(len(name.removesuffix(".local")) <= 63 for name in addresses.announced_names())
