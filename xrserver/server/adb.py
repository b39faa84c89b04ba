"""Headsets plugged in by USB: the port is reversed onto them, and the page opened in their browser.

There the page is `http://localhost`, which browsers trust as they trust HTTPS: no certificate and
no network is needed, only Android's debug bridge, adb.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from xrserver.errors import UsageError

#: Seconds that one command of adb may take; the first may have to start its server.
_SECONDS = 15.0
#: Seconds between attempts when adb's server has gone.
_AGAIN = 2.0
#: Seconds for taking everything back at the end.
_LEAVE = 3.0

INSTALL = {
    "win32": "winget install Google.PlatformTools",
    "darwin": "brew install android-platform-tools",
}
INSTALL_ELSEWHERE = "Debian, Ubuntu: apt install adb; Fedora: dnf install android-tools"


class AdbError(Exception):
    """adb did not do what it was asked to; the message says why, in a few words."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device as adb lists it.

    Attributes
    ----------
    serial : str
        By which adb addresses it.
    state : str
        ``device`` when all is well; else adb's own word, such as ``unauthorized``.
    model : str
        What it calls itself, such as ``Quest 3``; '' while it does not tell.
    """

    serial: str
    state: str
    model: str = ""

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        return self.model or f"The device {self.serial}"

    def trouble(self) -> str:
        """Return what is in the way and what to do about it; '' when it can be used, or soon will be."""
        match self.state:
            case "device" | "authorizing" | "connecting" | "host":
                return ""
            case "unauthorized":
                return (f"{self.name} has not allowed USB debugging yet: put it on and choose Allow; "
                        "if it does not ask, unplug it and plug it in again.")
            case "offline":
                return (f"{self.name} does not answer: unplug it and plug it in again; "
                        "restart it if that does not help.")
            case state if state.startswith("no permissions"):
                return (f"{self.name} may not be used by this account: add udev rules (Debian and "
                        "Ubuntu: apt install android-sdk-platform-tools-common), then plug it in again.")
            case state:
                return f"{self.name} is in the state “{state}”: restart it."


def find_adb(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the adb program: on ``PATH``, or where Android's development kit is installed.

    Relative entries are passed over: the current directory may be somebody else's repository.
    """
    kits = [environ[name] for name in ("ANDROID_HOME", "ANDROID_SDK_ROOT") if environ.get(name)]
    if home := environ.get("USERPROFILE" if sys.platform == "win32" else "HOME"):
        kits += [f"{home}/Android/Sdk", f"{home}/Library/Android/sdk", f"{home}/AppData/Local/Android/Sdk"]
    folders = [entry.strip('"') for entry in environ.get("PATH", os.defpath).split(os.pathsep)]
    folders += [f"{kit}/platform-tools" for kit in kits]
    for folder in folders:
        program = Path(folder, "adb.exe" if sys.platform == "win32" else "adb")
        if program.is_absolute() and program.is_file() and os.access(program, os.X_OK):
            return program
    return None


def required_adb() -> Adb:
    """Return adb.

    Raises
    ------
    UsageError
        There is none; the message says what to install.
    """
    program = find_adb()
    if program is None:
        raise UsageError(f"adb is not installed, which --adb needs. {how_to_install()}.")
    return Adb(program)


def how_to_install() -> str:
    """Return what installs adb on this system."""
    return INSTALL.get(sys.platform, INSTALL_ELSEWHERE)


def parse_devices(listing: str) -> tuple[Device, ...]:
    """Return the devices in what ``adb devices -l`` prints."""
    found: list[Device] = []
    for line in listing.splitlines():
        serial, *rest = line.split(None, 1)[:2] or [""]
        if not rest or line.startswith(("*", "List of devices")):
            continue
        # The state can be several words; what follows it are pairs such as usb:1-1 or model:Quest_3.
        match = re.fullmatch(r"(.*?)((?:\s+[a-z_]+:\S*)*)", rest[0].strip())
        assert match is not None, rest  # any text is a state
        facts = dict(pair.split(":", 1) for pair in match[2].split())
        found.append(Device(serial, match[1], facts.get("model", "").replace("_", " ")))
    return tuple(found)


class Adb:
    """The adb program; nothing of what is given to it passes through a shell of this machine."""

    def __init__(self, program: Path) -> None:
        self.program = program

    async def devices(self) -> tuple[Device, ...]:
        """Return what is plugged in; with ``ANDROID_SERIAL`` set, that device only."""
        chosen = os.environ.get("ANDROID_SERIAL", "")
        return tuple(device for device in parse_devices(await self._run("devices", "-l"))
                     if not chosen or device.serial == chosen)

    async def reverse(self, serial: str, port: int) -> None:
        """Let `port` on the device lead to the same port of this machine."""
        await self._run("-s", serial, "reverse", f"tcp:{port}", f"tcp:{port}")

    async def end_reverse(self, serial: str, port: int) -> None:
        """Take back what `reverse` did."""
        await self._run("-s", serial, "reverse", "--remove", f"tcp:{port}")

    async def open(self, serial: str, url: str) -> None:
        """Open `url` in the device's browser."""
        # What follows `shell` is joined and read by the device's own shell.
        said = await self._run("-s", serial, "shell",
                               f"am start -a android.intent.action.VIEW -d {shlex.quote(url)}")
        if wrong := re.search(r"^\s*(?:Error|Exception|Security exception)\b.*", said, re.M):
            raise AdbError(wrong[0].strip())

    async def start(self) -> None:
        """Start adb's server, which stays, where none runs."""
        await self._run("start-server", quiet=True)

    @asynccontextmanager
    async def _process(self, *arguments: str, quiet: bool = False,
                       ) -> AsyncGenerator[asyncio.subprocess.Process, None]:
        output = subprocess.DEVNULL if quiet else subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            str(self.program), *arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            env=os.environ.copy(),  # another thread may be changing the one that is inherited
            creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0)
        try:
            yield process
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.communicate()

    async def _run(self, *arguments: str, quiet: bool = False) -> str:
        """Return what adb prints.

        Raises
        ------
        AdbError
            It cannot be started, says that something failed, or does not end.
        """
        try:
            async with asyncio.timeout(_SECONDS), self._process(*arguments, quiet=quiet) as process:
                output, errors = await process.communicate()
        except TimeoutError:
            raise AdbError(f"adb {arguments[-1]} did not end within {_SECONDS:.0f} seconds: "
                           "`adb kill-server` starts it afresh.") from None
        except OSError as error:
            raise AdbError(f"{self.program} cannot be started: {error.strerror or error}.") from None
        if process.returncode:
            lines = (errors or output or b"").decode("utf-8", "replace").strip().splitlines()
            raise AdbError(lines[-1] if lines else f"adb ended with {process.returncode}.")
        return (output or b"").decode("utf-8", "replace")

    async def track(self) -> AsyncGenerator[None, None]:
        """Yield now, and whenever a device comes, goes or changes its state, until adb's server ends."""
        async with self._process("track-devices") as process:
            assert process.stdout is not None
            yield
            while await process.stdout.read(4096):
                yield


@asynccontextmanager
async def tethered(adb: Adb, port: int, url: str, tell: Callable[[str], None]) -> AsyncGenerator[None, None]:
    """Until the block ends, lead every device that is plugged in to `port` of this machine.

    Parameters
    ----------
    adb : Adb
    port : int
        Where this machine serves the page, on the loopback interface.
    url : str
        The page's address on the device; opened when a device appears for the first time.
    tell : callable
        Takes one sentence whenever there is something for people to know.
    """
    tether = _Tether(adb, port, url, tell)
    following = asyncio.create_task(tether.follow())
    try:
        yield
    finally:
        following.cancel()
        await asyncio.wait((following,))
        await tether.end()


class _Tether:
    """What is done for the devices, and what has been said about them."""

    def __init__(self, adb: Adb, port: int, url: str, tell: Callable[[str], None]) -> None:
        self._adb = adb
        self._port = port
        self._url = url
        self._tell = tell
        self._told = ""
        self._changed = asyncio.Event()
        self._known: dict[str, Device] = {}
        self._opened: set[str] = set()

    async def follow(self) -> None:
        """Take care of every device as it comes and goes."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._track())
            both.create_task(self._tend())

    async def _track(self) -> None:
        while True:
            with contextlib.suppress(AdbError, OSError):  # `_tend` meets it too, and says it
                await self._adb.start()
                async with contextlib.aclosing(self._adb.track()) as changes:
                    async for _ in changes:
                        self._changed.set()
            await asyncio.sleep(_AGAIN)  # its server was stopped, or replaced by another version's
            self._changed.set()

    async def _tend(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                settled = await self._look()
            except AdbError as error:
                self._say(f"adb: {error}")
                settled = False
            if not settled:  # a headset that is still starting, for one
                await asyncio.sleep(_AGAIN)
                self._changed.set()

    async def _look(self) -> bool:
        """Lead every device that can be used here; return whether all of that worked."""
        devices = {device.serial: device for device in await self._adb.devices()}
        before, self._known = self._known, devices
        if not devices:
            self._say("No headset is plugged in: connect one by USB, with developer mode on.")
        settled = True
        for serial, device in sorted(devices.items()):
            if device != before.get(serial) and (trouble := device.trouble()):
                self._say(trouble)
            if device.state == "device":
                back = before.get(serial, Device(serial, "")).state != "device"
                settled = await self._lead(device, back) and settled
        return settled

    async def _lead(self, device: Device, back: bool) -> bool:
        try:
            # Always: who was unplugged, or whose adb server was restarted, has forgotten.
            await self._adb.reverse(device.serial, self._port)
            if device.serial not in self._opened:
                await self._adb.open(device.serial, self._url)
                self._opened.add(device.serial)
                self._say(f"{device.name}: the page opens in its browser. Put it on.")
            elif back:
                self._say(f"{device.name} is back.")
        except AdbError as error:
            self._say(f"{device.name}: {error}")
            return False
        return True

    def _say(self, sentence: str) -> None:
        if sentence != self._told:
            self._told = sentence
            self._tell(sentence)

    async def end(self) -> None:
        """Take the port away from every device."""
        ready = [device.serial for device in self._known.values() if device.state == "device"]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE):
                await asyncio.gather(*(self._adb.end_reverse(serial, self._port) for serial in ready),
                                     return_exceptions=True)
