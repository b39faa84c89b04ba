"""What a headset will see: addresses, the port, firewalls, the certificate, paired devices, and adb."""

from __future__ import annotations

import asyncio
import errno
import http.client
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xrserver.config import Config
from xrserver.directories import CA_FILE, config_directory
from xrserver.doctor.finding import Finding
from xrserver.errors import XrserverError
from xrserver.server import addresses as own

_SECONDS = 8.0
_SOON_DAYS = 30

#: Where Linux' firewalls say that they are on, for everybody to read.
_UFW = Path("/etc/ufw/ufw.conf")
_FIREWALLD = Path("/sys/fs/cgroup/system.slice/firewalld.service")


def addresses(config: Config) -> list[Finding]:
    """List what a headset of the same network would open."""
    found = own.addresses()
    reached = [one for one in found if one.kind in ("lan", "public")]
    names = own.announced_names()[:1] if config.mdns else own.names()[1:]
    short = [one for one in reached if ":" not in one.address] or reached  # what can be typed
    urls = [_url(one.address, config.port) for one in short]
    facts = {"addresses": [{"address": one.address, "interface": one.interface, "kind": one.kind}
                           for one in found], "urls": urls, "names": list(names)}
    if not reached:
        others = ", ".join(f"{one.address} ({one.kind})" for one in found) or "none at all"
        return [Finding("network", "notice", f"no address that a headset could reach ({others})",
                        "Join the Wi-Fi that the headset is in, or use --adb with a cable.", facts)]
    named = f", or {' or '.join(_url(name, config.port) for name in names)}" if names else ""
    public = [one for one in reached if one.kind == "public" and ":" not in one.address]
    if public:
        return [Finding("network", "notice", f"with --lan, a headset opens {' or '.join(urls[:2])}{named}",
                        f"{public[0].address} may be reached from the whole internet: prefer a private "
                        "network, or --adb with a cable.", facts)]
    return [Finding("network", "good", f"with --lan, a headset opens {' or '.join(urls[:2])}{named}", "",
                    facts)]


def _url(host: str, port: int) -> str:
    return f"https://{f'[{host}]' if ':' in host else host}:{port}/"


def port(config: Config) -> list[Finding]:
    """Look whether the port is free."""
    facts: dict[str, Any] = {"port": config.port}
    if config.port == 0:
        return [Finding("port", "good", "any free one is taken", "", facts)]
    for host in ("127.0.0.1", "0.0.0.0"):
        try:
            with socket.create_server((host, config.port)):
                pass
        except (OSError, OverflowError) as error:
            if getattr(error, "errno", None) == errno.EADDRINUSE:
                ours = _is_xrserver(config.port)
                who = "an xrserver runs there already" if ours else "another program listens there"
                return [Finding("port", "notice", f"{config.port}: {who}",
                                "Give another --port, or 0 for any free one.",
                                {**facts, "free": False, "xrserver": ours})]
            return [Finding("port", "notice", f"{config.port} cannot be used: {error}",
                            "Give another --port.", {**facts, "free": False})]
    return [Finding("port", "good", f"{config.port} is free", "", {**facts, "free": True})]


def _is_xrserver(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().headers.get("Server") == "xrserver"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def certificate(config: Config) -> list[Finding]:
    """Read the certificate authority and the server's certificate; none is made."""
    from xrserver.server.authority import FILE, Authority, read_pem
    from xrserver.server.tls import FILE as SERVER_FILE
    from xrserver.server.tls import covered

    folder = config_directory()
    facts: dict[str, Any] = {"folder": str(folder)}
    if not (folder / FILE).is_file():
        return [Finding("certificate", "good", f"none yet: the first --lan makes one in {folder}", "", facts)]
    remade = "The next --lan makes new ones; devices that installed the former must install the new one."
    try:
        authority = Authority(*read_pem(folder / FILE))
    except (OSError, ValueError) as error:
        return [Finding("certificate", "notice", f"{folder / FILE} cannot be read ({error})", remade, facts)]
    ends = authority.certificate.not_valid_after_utc
    facts |= {"ca": str(folder / CA_FILE), "sha256": authority.fingerprint, "expires": ends.isoformat()}
    told = (f"authority {folder / CA_FILE}, good until {ends:%Y-%m-%d}, "
            f"SHA-256 {authority.fingerprint}")
    state, remedy = ("good", "") if (ends - datetime.now(UTC)).days > 397 + _SOON_DAYS else ("notice", remade)
    found = [Finding("certificate", state, told, remedy, facts)]
    if sys.platform != "win32" and (folder / FILE).stat().st_mode & 0o077:
        found.append(Finding("certificate", "notice", f"other users of this machine may read {folder / FILE}",
                             f"chmod 600 {folder / FILE}"))
    try:
        served = read_pem(folder / SERVER_FILE)[1]
    except (OSError, ValueError):
        return found
    names = sorted(covered(served))
    until = served.not_valid_after_utc
    found.append(Finding("", "good", f"the server's is good until {until:%Y-%m-%d}, renewed by itself, for "
                         f"{', '.join(names)}", "", {"names": names, "expires": until.isoformat()}))
    return found


def devices(config: Config) -> list[Finding]:
    """Count the devices that were paired."""
    from xrserver.server.devices import FILE, Devices

    if not (config_directory() / FILE).is_file():
        return [Finding("devices", "good", "none is paired yet", "", {"paired": 0})]
    try:
        with Devices(config_directory()) as known:
            paired = known.all()
    except XrserverError as error:
        return [Finding("devices", "notice", str(error), "", {})]
    count = len(paired)
    what = f"{count} paired; the last seen is {paired[0].name}" if count else "none is paired yet"
    return [Finding("devices", "good", what, "`xrserver devices` lists and revokes them." if count else "",
                    {"paired": count})]


def adb() -> list[Finding]:
    """Look for adb and what is plugged in."""
    from xrserver.server.adb import Adb, AdbError, find_adb, how_to_install

    program = find_adb()
    if program is None:
        return [Finding("adb", "good", "not installed: only --adb needs it, for headsets on a cable",
                        f"{how_to_install()}.", {"path": None})]
    facts: dict[str, Any] = {"path": str(program)}

    async def listed() -> Any:
        async with asyncio.timeout(_SECONDS):
            bridge = Adb(program)
            await bridge.start()
            return await bridge.devices()

    try:
        plugged = asyncio.run(listed())
    except (AdbError, TimeoutError, OSError) as error:
        return [Finding("adb", "notice", f"{program} does not work: {error or 'no answer'}",
                        "`adb kill-server` starts it afresh.", facts)]
    facts["devices"] = [{"serial": one.serial, "state": one.state, "model": one.model} for one in plugged]
    troubles = " ".join(filter(None, (one.trouble() for one in plugged)))
    names = ", ".join(f"{one.name} ({one.state.split(' (')[0]})" for one in plugged)
    return [Finding("adb", "notice" if troubles else "good",
                    f"{program}; {names or 'no headset is plugged in'}", troubles, facts)]


def firewall(config: Config) -> list[Finding]:
    """Look for a firewall that may keep headsets out, by reading only."""
    name, remedy = _firewall(config.port)
    if not name:
        return [Finding("firewall", "good", "none was found that is on", "", {"name": None})]
    return [Finding("firewall", "notice", f"{name} is on, and may keep headsets from this machine", remedy,
                    {"name": name})]


def _firewall(port: int) -> tuple[str, str]:
    if sys.platform == "win32":
        return _windows_firewall(port)
    if sys.platform == "darwin":
        return _mac_firewall()
    try:
        if "enabled=yes" in _UFW.read_text(encoding="utf-8").lower().replace(" ", "").splitlines():
            return "ufw", f"sudo ufw allow {port}/tcp, and for its name sudo ufw allow 5353/udp"
    except OSError:
        pass  # not there, or not for us to read
    if _FIREWALLD.exists():
        return "firewalld", (f"sudo firewall-cmd --add-port={port}/tcp, and for its name "
                             "sudo firewall-cmd --add-service=mdns")
    return "", ""


def _mac_firewall() -> tuple[str, str]:
    import plistlib

    try:
        state = plistlib.loads(Path("/Library/Preferences/com.apple.alf.plist").read_bytes())["globalstate"]
    except (OSError, ValueError, KeyError):
        return "", ""
    if not state:
        return "", ""
    return "The firewall of macOS", ("Allow incoming connections for Python when you are asked, or in System "
                                     "Settings, Network, Firewall, Options.")


def _windows_firewall(port: int) -> tuple[str, str]:
    if sys.platform != "win32":
        return "", ""
    import winreg

    policy = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\StandardProfile"
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, policy) as key:
            if not winreg.QueryValueEx(key, "EnableFirewall")[0]:
                return "", ""
    except OSError:
        return "", ""
    return "Windows Defender Firewall", (
        "Choose Allow for private networks when Windows asks on the first --lan, and have this Wi-Fi be a "
        "private network in Settings. Or, as administrator: netsh advfirewall firewall add rule "
        f"name=xrserver dir=in action=allow protocol=TCP localport={port} profile=private")
