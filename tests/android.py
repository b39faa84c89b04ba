"""An Android device as adb sees one over TCP: it speaks the device's side of adb's protocol.

No headset can be plugged in where tests run; the adb program, its server and the way back through
`adb reverse` are the real ones. The device does what tests need: it allows debugging or does not,
keeps what its shell is told, and opens connections through ports that were reversed onto it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import struct
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

CNXN, AUTH, OPEN, OKAY, CLSE, WRTE = (
    int.from_bytes(word, "little") for word in (b"CNXN", b"AUTH", b"OPEN", b"OKAY", b"CLSE", b"WRTE"))
_TOKEN, _SIGNATURE, _KEY = 1, 2, 3
_VERSION, _LARGEST = 0x01000000, 4096
SECONDS = 30.0

ADB = shutil.which("adb")
needs_adb = pytest.mark.skipif(ADB is None, reason="adb is not installed (Debian, Ubuntu: apt install adb)")


@contextmanager
def adb_server(folder: Path) -> Iterator[dict[str, str]]:
    """Yield an environment in which adb has a server and keys of its own."""
    assert ADB
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "ANDROID_ADB_SERVER_PORT": str(port), "HOME": str(folder),
                   "USERPROFILE": str(folder), "ADB_MDNS": "0"}
    environment.pop("ANDROID_SERIAL", None)
    try:
        yield environment
    finally:
        subprocess.run([ADB, "kill-server"], env=environment, capture_output=True, timeout=SECONDS,
                       check=False)


class Android:
    """One device; `commands` is what its shell was told, `reversed` the ports that lead back."""

    def __init__(self, model: str, allowed: bool = True) -> None:
        self.model = model
        self.allowed = allowed
        self.answer = "Starting: Intent { act=android.intent.action.VIEW }\n"
        self.commands: list[str] = []
        self.reversed: dict[int, int] = {}
        self.changed = asyncio.Event()
        self.serial = ""
        self._writer: asyncio.StreamWriter | None = None
        self._streams: dict[int, asyncio.Queue[tuple[int, int, bytes]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # --- what happens to it -----------------------------------------------------------------------------

    async def until(self, what: str) -> None:
        """Wait until the Python expression `what`, of this device, is true."""
        async with asyncio.timeout(SECONDS):
            while not eval(what, {}, {"self": self}):
                self.changed.clear()
                await self.changed.wait()

    def allow(self) -> None:
        """Choose Allow where the headset asks whether this computer may debug."""
        self.allowed = True
        self._connect()

    async def fetch(self, port: int, request: bytes) -> bytes:
        """Return what comes back for `request` through `port`, as the device's browser would see it."""
        target = self.reversed[port]
        number = self._number()
        self._send(OPEN, number, 0, b"tcp:%d\0" % target)
        command, remote, _ = await self._next(number)
        assert command == OKAY, "the other end refused the connection"
        self._send(WRTE, number, remote, request)
        answer = b""
        while True:
            command, _, data = await self._next(number)
            if command == WRTE:
                answer += data
                self._send(OKAY, number, remote, b"")
            elif command == CLSE:
                return answer

    # --- adb's protocol -----------------------------------------------------------------------------------

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Be the device on one connection of adb's server."""
        self._writer = writer
        try:
            while True:
                header = await reader.readexactly(24)
                command, first, second, length, _, magic = struct.unpack("<6I", header)
                assert magic == command ^ 0xFFFFFFFF
                self._take(command, first, second, await reader.readexactly(length))
                self.changed.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # unplugged
        finally:
            writer.close()

    def _take(self, command: int, first: int, second: int, data: bytes) -> None:
        if command == CNXN or (command == AUTH and first in (_SIGNATURE, _KEY)):
            if self.allowed:
                self._connect()
            elif first != _KEY:
                self._send(AUTH, _TOKEN, 0, b"20 random characters")
        elif command == OPEN:
            task = asyncio.create_task(self._serve_stream(first, data.rstrip(b"\0").decode()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif second in self._streams:
            self._streams[second].put_nowait((command, first, data))

    def _connect(self) -> None:
        banner = f"device::ro.product.name=x;ro.product.model={self.model};ro.product.device=y;features=cmd"
        self._send(CNXN, _VERSION, _LARGEST, banner.encode())

    async def _serve_stream(self, remote: int, service: str) -> None:
        number = self._number()
        self._send(OKAY, number, remote, b"")
        kind, _, rest = service.partition(":")
        if kind == "shell":
            self.commands.append(rest)
            reply = self.answer
        elif forward := re.fullmatch(r"forward:(?:norebind:)?tcp:(\d+);tcp:(\d+)", rest):
            self.reversed[int(forward[1])] = int(forward[2])
            reply = "OKAY"
        elif (removal := re.fullmatch(r"killforward:tcp:(\d+)", rest)) and int(removal[1]) in self.reversed:
            del self.reversed[int(removal[1])]
            reply = "OKAY"
        else:
            reply = f"FAIL{len(rest):04x}{rest}"
        self.changed.set()
        self._send(WRTE, number, remote, reply.encode())
        await self._next(number)
        self._send(CLSE, number, remote, b"")

    def _number(self) -> int:
        number = len(self._streams) + 1
        self._streams[number] = asyncio.Queue()
        return number

    async def _next(self, number: int) -> tuple[int, int, bytes]:
        async with asyncio.timeout(SECONDS):
            return await self._streams[number].get()

    def _send(self, command: int, first: int, second: int, data: bytes) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(struct.pack("<6I", command, first, second, len(data), sum(data),
                                           command ^ 0xFFFFFFFF) + data)


async def adb(environment: dict[str, str], *arguments: str) -> str:
    """Return what the adb program prints."""
    assert ADB
    process = await asyncio.create_subprocess_exec(
        ADB, *arguments, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    async with asyncio.timeout(SECONDS):
        output, _ = await process.communicate()
    return output.decode()


async def answering(environment: dict[str, str]) -> None:
    """Wait until adb's server, which somebody else starts, takes connections."""
    async with asyncio.timeout(SECONDS):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(
                    "127.0.0.1", int(environment["ANDROID_ADB_SERVER_PORT"]))
                writer.close()
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def plugged_in(environment: dict[str, str], device: Android) -> AsyncIterator[Android]:
    """Have `device` connected to adb's server until the block ends."""
    server = await asyncio.start_server(device.serve, "127.0.0.1", 0)
    try:
        device.serial = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await adb(environment, "connect", device.serial)
        yield device
    finally:
        await adb(environment, "disconnect", device.serial)
        server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS):
                await server.wait_closed()
