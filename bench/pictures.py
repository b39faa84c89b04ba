"""Makes the pictures from inside a headset that the README shows.

    python -m bench.pictures REPO [--out docs/pictures]

An emulated Quest 3 wears one eye (the emulator's room is drawn for one), at twice the size: what is
drawn by a CPU has no smooth edges, halving the picture gives it some.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import math
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from bench import latency
from bench.headset import emulator
from bench.page import FLAGS, serving

SIZE = (2000, 1280)
_ROOM = "office_small"

_DEVICE = """(() => {
  const device = new IWER.XRDevice(IWER.metaQuest3, { stereoEnabled: false });
  device.installRuntime({ forceInstall: true });
  device.position.set(0, 1.6, 0);
  device.installSEM(IWER_SEM.SyntheticEnvironmentModule);
  device.sem.loadEnvironment(%s);
  device.fovy = 1.15;
  window.device = device;
  window.hold = (held, x, y, z, yaw, pitch) => {
    held.position.set(x, y, z);
    const [sy, cy, sp, cp] = [Math.sin(yaw / 2), Math.cos(yaw / 2), Math.sin(pitch / 2), Math.cos(pitch / 2)];
    held.quaternion.set(cy * sp, sy * cp, -sy * sp, cy * cp);
  };
  window.aim = (held, from, at) => {
    const [x, y, z] = at.map((to, i) => to - from[i]);
    hold(held, ...from, Math.atan2(-x, -z), Math.atan2(y, Math.hypot(x, z)));
  };
})()"""


@asynccontextmanager
async def worn(browser: Any, url: str, mode: str, *, welcomed: bool = True, scene: str = "city",
               size: tuple[int, int] = SIZE) -> AsyncGenerator[Any]:
    """A page within VR or AR, worn by an emulated Quest 3; `hold` and `aim` move what it tracks."""
    runtime = emulator()
    assert runtime is not None
    rooms = runtime.parents[2] / "@iwer" / "sem"
    room = (rooms / "captures" / f"{_ROOM}.json").read_text(encoding="utf-8")
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]},
                                        reduced_motion="reduce")
    for script in (runtime.read_text(encoding="utf-8"),
                   (rooms / "build" / "iwer-sem.min.js").read_text(encoding="utf-8"), _DEVICE % room):
        await context.add_init_script(script)
    if welcomed:  # and needs no words about the first minute any more
        await context.add_init_script("localStorage.setItem('xrserver.hint', 'seen')")
    page = await context.new_page()
    page.set_default_timeout(300_000)
    try:
        await page.goto(url)
        await latency.until(page, "window.xrserver?.state().nodesDrawn > 0")
        if scene != "city":
            await page.evaluate("name => xrserver.setScene(name)", scene)
            await latency.until(page, f"xrserver.state().scene === '{scene}'")
            await latency.until(page, "xrserver.state().nodesDrawn > 0")
        await page.get_by_role("button", name=f"Enter {mode.upper()}").click()
        await latency.until(page, f"window.xrserver.state().mode === '{mode}'")
        yield page
    finally:
        await context.close()


async def frames(page: Any, count: int) -> None:
    """Wait until so many frames were drawn in the headset."""
    await page.evaluate("""count => new Promise(done => {
        const next = () => count-- > 0 ? device.activeSession.requestAnimationFrame(next) : done();
        next();
    })""", count)


async def _picture(page: Any, file: Path) -> None:
    await frames(page, 8)
    picture = Image.open(io.BytesIO(await page.screenshot(timeout=300_000))).convert("RGB")
    picture = picture.resize((SIZE[0] // 2, SIZE[1] // 2), Image.Resampling.LANCZOS)
    picture.save(file, quality=88, optimize=True, progressive=True)
    print(file, file=sys.stderr)


async def _tabletop(browser: Any, url: str, path: str, out: Path) -> None:
    async with worn(browser, url, "vr", welcomed=False) as page:
        await page.evaluate("hold(device, 0.05, 1.55, 0.02, 0, -0.42)")
        x, y, z = (await page.evaluate("xrserver.state()"))["worldFromScene"]["position"]
        await page.evaluate("path => xrserver.select(path)", path)
        await page.evaluate("at => aim(device.controllers.right, [0.24, 1.2, -0.42], at)",
                            [x + 0.1, y + 0.03, z - 0.05])
        await page.evaluate("hold(device.controllers.left, -0.27, 1.2, -0.42, -0.3, -0.2)")
        await _picture(page, out / "headset-tabletop.jpg")


async def _life(browser: Any, url: str, out: Path) -> None:
    async with worn(browser, url, "vr") as page:
        await page.evaluate("hold(device, 0, 1.7, 0, 0, 0.12)")
        await page.evaluate("hold(device.controllers.right, 0.25, 1.2, -0.35, 0.1, 0.15)")
        await page.evaluate("hold(device.controllers.left, -0.9, 0.6, 0.2, 0, 0)")
        await page.evaluate("xrserver.headset.preset('life')")
        await _picture(page, out / "headset-life.jpg")


async def _table(browser: Any, url: str, out: Path) -> None:
    async with worn(browser, url, "ar") as page:
        await page.evaluate("hold(device, 0, 1.5, 0.3, 0, -0.5)")
        await page.evaluate("aim(device.controllers.right, [0.15, 1.2, 0.1], [0.06, 0.75, -0.5])")
        await page.evaluate("hold(device.controllers.left, -0.9, 0.6, 0.6, 0, 0)")
        await frames(page, 12)
        for value in (1, 0):
            await page.evaluate(f"device.controllers.right.updateButtonValue('trigger', {value})")
            await frames(page, 3)
        await page.evaluate(f"hold(device, -0.42, 1.3, 0.06, -0.55, {-math.pi / 5})")
        await page.evaluate("hold(device.controllers.right, 0.9, 0.6, 0.6, 0, 0)")
        await _picture(page, out / "headset-table.jpg")


async def _make(chromium: str, repository: Path, path: str, out: Path, which: list[str]) -> None:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright, serving(repository) as served:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            if "tabletop" in which:
                await _tabletop(browser, served.url, path, out)
            if "life" in which:
                await _life(browser, served.url, out)
            if "table" in which:
                await _table(browser, served.url, out)
        finally:
            await browser.close()


def main() -> int:
    """Make them all, or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m bench.pictures", description="Pictures from a headset.")
    parser.add_argument("repository", type=Path)
    parser.add_argument("--path", default="README.md", help="what is selected on the tabletop")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "docs" / "pictures")
    parser.add_argument("--only", nargs="*", default=["tabletop", "life", "table"])
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or emulator() is None:
        parser.error("Chromium and the page's development packages (npm ci) are needed")
    asyncio.run(_make(chromium, arguments.repository, arguments.path, arguments.out, arguments.only))
    return 0


if __name__ == "__main__":
    sys.exit(main())
