"""What the tests inside the root share: the runtime, a person in a headset, the way to the server outside."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from remote import Remote

from xrserver.native.openxr.headset import Headset
from xrserver.native.worn import WornViewer

SOCKET = Path("/run/xr/monado_comp_ipc")
LOG = Path("/out/monado.log")


class Monado:
    """The runtime's service, which can be stopped, killed and started."""

    def __init__(self, **settings: str) -> None:
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {
            **os.environ,
            "XRT_NO_STDIN": "1",
            "P_OVERRIDE_ACTIVE_CONFIG": "remote",
            "XRT_COMPOSITOR_FORCE_XCB": "1",
            "XRT_COMPOSITOR_SCALE_PERCENTAGE": "15",
            **self.settings,
        }
        with LOG.open("ab") as log:
            self.process = subprocess.Popen(
                ["monado-service"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(lambda: SOCKET.is_socket() and self._listens(), "Monado listens")

    @staticmethod
    def _listens() -> bool:
        try:
            Remote().close()
        except OSError:
            return False
        return True

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(10)
            self.process = None
            SOCKET.unlink(missing_ok=True)


def until(done, what: str, seconds: float = 15.0):
    """Return what `done` does once that is true."""
    patience = time.monotonic() + seconds
    while time.monotonic() < patience:
        found = done()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"Not within {seconds:g} s: {what}.\n{LOG.read_text(errors='replace')[-2000:]}")


@pytest.fixture(scope="session")
def monado() -> Iterator[Monado]:
    service = Monado()
    service.start()
    yield service
    service.stop()


@pytest.fixture
def remote(monado: Monado) -> Iterator[Remote]:
    """Head and hands of somebody who stands and looks ahead, with nothing in hand."""
    person = Remote()
    person.reset()
    yield person
    person.close()


@pytest.fixture(scope="session")
def url() -> str:
    """The server outside."""
    return way_to(os.environ["XRSERVER_TEST_URL"])


def way_to(address: str) -> str:
    """Return an address once it can be reached: by a socket in a folder, since in here is another network."""
    port = urlsplit(address).port
    ready = threading.Event()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection("/out/server.sock")
        await asyncio.gather(pump(reader, back), pump(there, writer))

    async def serve() -> None:
        server = await asyncio.start_server(relay, "127.0.0.1", port)
        ready.set()
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    assert ready.wait(5)
    return address


@pytest.fixture(scope="module")
def worn(monado, url):
    said: list[str] = []
    headset = Headset(said.append, samples=1)
    with WornViewer(headset, url) as viewer:
        viewer.said = said
        yield viewer
        headset.leave()
        while viewer.frame():
            pass
    headset.close()
