"""Chromium for tests of the page: headless, on the CPU, and watched for anything out of order."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

from xrserver import resources

#: WebGL 2 by SwiftShader; nothing that asks the network by itself.
ARGUMENTS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
             "--ignore-gpu-blocklist", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--enable-precise-memory-info"]

#: Small: every pixel is drawn by the CPU.
VIEWPORT = (480, 300)

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE = 60_000  # milliseconds; a loaded machine draws slowly
_LONGEST_SCRIPT = 120.0  # seconds


def executable() -> str:
    """Where Chromium is; without it the test is skipped, or fails where everything must run."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), "")
    missing = ("no Chromium here (install it, or set CHROMIUM to its path)" if not found else
               "the page is not built (run `make page`)"
               if not (resources.folder("page") / "index.html").is_file() else "")
    if missing and os.environ.get("CI") == "true":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    return found


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A Chromium that ends with the block."""
    path = executable()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield chromium
        finally:
            await chromium.close()


@dataclass
class Visit:
    """A page that was opened: `page` to drive it, and what it did that it should not have."""

    page: Page
    origin: str
    #: Whatever was written to the console, and errors nobody caught.
    said: list[str] = field(default_factory=list)
    #: Addresses of other origins that were asked for.
    strayed: list[str] = field(default_factory=list)

    async def state(self) -> dict[str, Any]:
        """What ``window.xrserver.state()`` says."""
        return await self.page.evaluate("window.xrserver.state()")

    async def run(self, script: str, argument: Any = None) -> Any:
        """What a script in the page comes to; one that never ends is a failure, not a wait for ever."""
        async with asyncio.timeout(_LONGEST_SCRIPT):
            return await self.page.evaluate(script, argument)

    async def until(self, condition: str) -> None:
        """Wait until a condition on `state` (an expression of JavaScript) holds."""
        await soon(lambda: self.run(f"(() => {{ const state = xrserver.state(); return {condition} }})()"))

    async def seek(self, moment: str | int) -> int:
        """Go to a moment and return its rank."""
        return await self.page.evaluate("moment => xrserver.seek(moment)", moment)

    async def picture(self) -> Image.Image:
        """The view without the interface, once it stands still."""
        await self.page.evaluate("document.querySelector('#interface').style.visibility = 'hidden'")
        before = b""
        for _ in range(40):
            await self.page.evaluate(
                "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            shot = await self.page.screenshot(timeout=_PATIENCE)
            if shot == before:
                break
            before = shot
        else:
            raise AssertionError("The picture never came to rest.")
        await self.page.evaluate("document.querySelector('#interface').style.visibility = ''")
        return Image.open(io.BytesIO(before)).convert("RGB")


@asynccontextmanager
async def visit(chromium: Browser, url: str, *, viewport: tuple[int, int] = VIEWPORT, calm: bool = True,
                drawn: bool = True, scripts: tuple[str, ...] = (),
                expected: tuple[str, ...] = ()) -> AsyncIterator[Visit]:
    """Open `url` and wait until the first building is drawn; nothing may be out of order at the end.

    Parameters
    ----------
    calm : bool
        Ask for reduced motion, so that pictures come to rest at once.
    scripts : tuple of str
        Run before the page's own.
    expected : tuple of str
        What may stand on the console: the beginnings of messages that are not the page's own.
    """
    context = await chromium.new_context(viewport={"width": viewport[0], "height": viewport[1]},
                                         reduced_motion="reduce" if calm else "no-preference")
    context.set_default_timeout(_PATIENCE)
    page = await context.new_page()
    seen = Visit(page, url.split("/?")[0].rstrip("/"))

    def heard(message: ConsoleMessage) -> None:
        if not message.text.startswith(expected or "\0"):
            seen.said.append(f"{message.type}: {message.text}")

    def asked(request: Request) -> None:
        if not request.url.startswith((seen.origin, "blob:", "data:")):
            seen.strayed.append(request.url)

    page.on("console", heard)
    page.on("pageerror", lambda error: seen.said.append(f"error: {error.stack or error}"))
    page.on("request", asked)
    for script in scripts:
        await page.add_init_script(script)
    try:
        await page.goto(url)
        if drawn:
            await page.wait_for_selector(".loading.done", state="attached")
        yield seen
        assert seen.said == [], seen.said
        assert seen.strayed == [], seen.strayed
    finally:
        await context.close()


def differing(a: Image.Image, b: Image.Image) -> float:
    """The share of pixels of two pictures that differ."""
    from PIL import ImageChops

    difference = ImageChops.difference(a, b).convert("L").point(lambda value: 255 if value else 0)
    return difference.histogram()[255] / (a.width * a.height)


def colours(picture: Image.Image) -> int:
    """How many colours a picture has, up to 4096 and then some."""
    return len(picture.getcolors(picture.width * picture.height) or ())


async def soon(condition: Callable[[], Awaitable[Any]], seconds: float = 30.0) -> None:
    """Wait until `condition()` is true.

    Asked from here: Playwright's own waiting evaluates text in the page, which its policy forbids.
    """
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 (what is waited for happens in another process)
            await asyncio.sleep(0.02)

