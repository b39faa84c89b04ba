"""An emulated headset in Chromium (iwer): tests move its head, hands and controllers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chromium
import pytest
from playwright.async_api import Browser

MODULES = Path(__file__).parent.parent / "webxr_client" / "node_modules"
#: Both eyes side by side, small: every pixel is drawn by the CPU.
VIEWPORT = (480, 240)

_DEVICE = """
(() => {
  const device = new IWER.XRDevice(IWER["%s"], { stereoEnabled: true });
  device.installRuntime({ forceInstall: true }); // else Chromium's own navigator.xr stays
  device.position.set(0, 1.6, 0);
  %s
  window.device = device;
})();
"""


@dataclass
class Headset:
    """A page in a browser of an emulated headset; `visit` drives the page, this its wearer."""

    visit: chromium.Visit

    async def run(self, script: str, argument: Any = None) -> Any:
        """What a script in the page comes to; `device` is iwer's."""
        return await self.visit.run(script, argument)

    async def state(self) -> dict[str, Any]:
        """What ``window.xrserver.state()`` says."""
        return await self.visit.state()

    async def frames(self, count: int = 2) -> None:
        """Let so many frames go by."""
        await self.run("""count => new Promise(done => {
            const session = device.activeSession;
            const next = () => count-- > 0 ? session.requestAnimationFrame(next) : done();
            next();
        })""", count)

    async def enter(self, mode: str = "vr") -> None:
        """Press the page's button and wait until the headset shows the picture."""
        await self.visit.page.get_by_role("button", name=f"Enter {mode.upper()}").click()
        await self.visit.until(f"state.mode === '{mode}'")
        await self.frames()

    async def leave(self) -> None:
        """End the session, as the headset's own menu does."""
        await self.run("device.activeSession.end()")
        await self.visit.until("state.mode === 'desktop'")

    async def head(self, x: float, y: float, z: float, yaw: float = 0.0, pitch: float = 0.0) -> None:
        """Put the head somewhere in the room (metres, radians), and let it be seen there."""
        await self.run("""([x, y, z, yaw, pitch]) => {
            device.position.set(x, y, z);
            const [cy, sy] = [Math.cos(yaw / 2), Math.sin(yaw / 2)];
            const [cp, sp] = [Math.cos(pitch / 2), Math.sin(pitch / 2)];
            device.quaternion.set(cy * sp, sy * cp, -sy * sp, cy * cp);
        }""", [x, y, z, yaw, pitch])
        await self.frames()


@asynccontextmanager
async def worn(browser: Browser, url: str, model: str = "metaQuest3", *, room: str = "",
               viewport: tuple[int, int] = VIEWPORT, scripts: tuple[str, ...] = (),
               **settings: Any) -> AsyncIterator[Headset]:
    """Open `url` in the browser of a headset.

    Parameters
    ----------
    model : {"metaQuest2", "metaQuest3", "metaQuestPro"}
    room : str
        One of `@iwer/sem`'s captured rooms, such as "office_small", for surfaces to be found in; "" for none.
    scripts : tuple of str
        Run before the page's own, after the headset is there.
    """
    runtime = MODULES / "iwer" / "build" / "iwer.min.js"
    if not runtime.is_file():
        pytest.skip("the emulated headset is not installed (run `make check`)")
    before = [runtime.read_text(encoding="utf-8")]
    with_room = ""
    if room:
        sem = MODULES / "@iwer" / "sem"
        before.append((sem / "build" / "iwer-sem.min.js").read_text(encoding="utf-8"))
        captured = (sem / "captures" / f"{room}.json").read_text(encoding="utf-8")
        with_room = ("device.installSEM(IWER_SEM.SyntheticEnvironmentModule);"
                     f"device.sem.loadEnvironment({captured});")
    before.append(_DEVICE % (model, with_room))
    async with chromium.visit(browser, url, viewport=viewport, scripts=(*before, *scripts),
                              expected=("Nominal frame rate updated",), **settings) as visit:
        yield Headset(visit)
