"""Makes the pictures of every scene: from outside, from inside and as a tabletop.

    python -m bench.gallery REPO… [--scenes city river both] [--views outside inside tabletop] [--out DIR]

`outside` is what the page opens with on a desktop. `tabletop` and `inside` are what an emulated headset
shows on entering VR and after going to life size. Only head and hands are placed: what is ugly here is ugly
to everybody who opens that repository.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import shutil
import sys
from pathlib import Path
from typing import Any

from PIL import Image

import xrserver
from bench import latency
from bench.headset import emulator
from bench.page import FLAGS, serving
from bench.pictures import frames, worn

SCENES = ("city", "river", "both")
VIEWS = ("outside", "inside", "tabletop")
SIZE = (1200, 750)
#: What is drawn by a CPU has no smooth edges: twice as large, then halved, gives it some.
_FINER = 2
_MOST_BYTES = 250_000


async def _shot(page: Any, file: Path) -> None:
    picture = Image.open(io.BytesIO(await page.screenshot(timeout=300_000))).convert("RGB")
    picture = picture.resize(SIZE, Image.Resampling.LANCZOS)
    for quality in (88, 80, 72, 64, 56):
        packed = io.BytesIO()
        picture.save(packed, "JPEG", quality=quality, optimize=True, progressive=True)
        if packed.tell() <= _MOST_BYTES:
            break
    await asyncio.to_thread(file.write_bytes, packed.getvalue())
    print(file, file=sys.stderr, flush=True)


async def _shown(page: Any, scene: str) -> None:
    """Wait until the scene is drawn and no finer tile has come for two seconds."""
    await latency.until(page, f"xrserver.state().scene === '{scene}' && xrserver.state().nodesDrawn > 0")
    await page.evaluate("""() => new Promise(done => {
        let before = -1, since = 0;
        const look = () => {
          const now = xrserver.state().bytesReceived;
          if (now !== before) { before = now; since = performance.now(); }
          if (performance.now() - since > 2000) done(); else setTimeout(look, 50);
        };
        look();
    })""")


async def _read(url: str) -> None:
    """Wait until all of the history is there: of a long one the newest is shown first."""
    async with xrserver.connect(url, patience=300) as session:
        messages = aiter(session)
        while not session.scene.whole:
            await anext(messages)


async def _outside(browser: Any, url: str, scene: str, file: Path) -> None:
    context = await browser.new_context(viewport={"width": SIZE[0], "height": SIZE[1]},
                                        reduced_motion="reduce", device_scale_factor=_FINER)
    page = await context.new_page()
    page.set_default_timeout(300_000)
    try:
        await page.goto(url)
        await latency.until(page, "window.xrserver?.state().nodesDrawn > 0")
        await page.evaluate("name => xrserver.setScene(name)", scene)
        await _shown(page, scene)
        await _shot(page, file)
    finally:
        await context.close()


async def _inside(browser: Any, url: str, scene: str, files: dict[str, Path]) -> None:
    size = (SIZE[0] * _FINER, SIZE[1] * _FINER)
    async with worn(browser, url, "vr", scene=scene, size=size) as page:
        for hand, x in (("left", -0.9), ("right", 0.9)):  # behind, and pointing at nothing
            await page.evaluate(f"hold(device.controllers.{hand}, {x}, 0.4, 0.6, Math.PI, -1.3)")
        if "tabletop" in files:
            await page.evaluate("hold(device, 0, 1.5, -0.2, 0, -0.6)")
            await _shown(page, scene)
            await frames(page, 8)
            await _shot(page, files["tabletop"])
        if "inside" in files:
            await page.evaluate("hold(device, 0, 1.7, 0, 0, 0.14)")
            await page.evaluate("xrserver.headset.preset('life')")
            await _shown(page, scene)
            await frames(page, 8)
            await _shot(page, files["inside"])


async def _make(chromium: str, repository: Path, scenes: list[str], views: list[str], out: Path) -> None:
    from playwright.async_api import async_playwright

    name = repository.name.removesuffix(".git")
    async with async_playwright() as playwright, serving(repository) as served:
        await _read(served.url)
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            for scene in scenes:
                files = {view: out / f"{name}-{scene}-{view}.jpg" for view in views}
                if "outside" in files:
                    await _outside(browser, served.url, scene, files.pop("outside"))
                if files:
                    await _inside(browser, served.url, scene, files)
        finally:
            await browser.close()


def main() -> int:
    """Make them all, or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m bench.gallery", description="Pictures of every scene.")
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES))
    parser.add_argument("--views", nargs="+", choices=VIEWS, default=list(VIEWS))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "docs" / "pictures")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or emulator() is None:
        parser.error("Chromium and the page's development packages (npm ci) are needed")
    for repository in arguments.repositories:
        asyncio.run(_make(chromium, repository.resolve(), arguments.scenes, arguments.views, arguments.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
