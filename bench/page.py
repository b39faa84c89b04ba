"""The page in a real browser: how soon it shows something, and what a frame costs it."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench import boxes, latency
from bench.measure import Figure, percentile
from bench.stories import repository

_WORK = Path(__file__).with_name("work")
FLAGS = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
          "--ignore-gpu-blocklist", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync", "--enable-precise-memory-info")

#: Counts draw calls and drops them, and keeps how long each animation frame's script took.
SCRIPT_ONLY = """(() => {
  window.frameCosts = []; window.drawCalls = 0; window.dropDraws = false;
  for (const name of ['drawArrays', 'drawElements', 'drawArraysInstanced', 'drawElementsInstanced']) {
    const draw = WebGL2RenderingContext.prototype[name];
    WebGL2RenderingContext.prototype[name] = function (...a) {
      window.drawCalls++;
      if (!window.dropDraws) draw.apply(this, a);
    };
  }
  const request = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) => request((t) => {
    const start = performance.now(), calls = window.drawCalls;
    callback(t);
    if (window.drawCalls > calls) window.frameCosts.push(performance.now() - start);
  });
})()"""


def measure(arguments: argparse.Namespace) -> list[Figure]:
    """Measure everything about the page; needs Chromium."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("no Chromium: the page is not measured", file=sys.stderr)
        return []
    return asyncio.run(_measure(chromium, arguments.runs))


async def _measure(chromium: str, runs: int) -> list[Figure]:
    from playwright.async_api import async_playwright

    five = repository(_WORK / "5000.git", 5_000, 200, 50)
    quest = repository(_WORK / "80000.git", 80_000, 300, 1_000)
    figures = [await _start(five, runs)]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            figures += await _opening(browser, five, runs)
            figures += await _frames(browser, quest)
            figures += await _changes(browser, repository(_WORK / "10.git", 10, 5, 2))
        finally:
            await browser.close()
    return figures


@asynccontextmanager
async def serving(path: Path, scene: str = "city") -> AsyncGenerator[Any]:
    from xrserver import app
    from xrserver.config import Config

    config = Config(repositories=(path,), port=0, scene=scene)
    async with app.server(config, lambda phase, done, total: None) as serving:
        await serving.opened()
        yield serving


async def _start(path: Path, runs: int) -> Figure:
    """From the command to the printed address, its history read."""
    found: list[float] = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "xrserver", "serve", str(path), "--port", "0",
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        while b"http://" not in (line := await process.stdout.readline()):
            if not line:
                raise RuntimeError(f"xrserver ended with {await process.wait()} before it served")
        found.append(time.perf_counter() - start)
        process.terminate()
        await process.wait()
    return Figure("server start to ready, 5 000 files, 201 commits", "s", found[1:])


#: Wait for the graphics card to be done with all it was told, and return the page's own clock then, in ms.
FINISHED = """(() => {
  const gl = document.querySelector('#view').getContext('webgl2');
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  return performance.now();
})()"""


async def _opening(browser: Any, path: Path, runs: int) -> list[Figure]:
    first: list[float] = []
    finished: list[float] = []
    scrubbed: list[float] = []
    async with serving(path) as served:
        for _ in range(runs + 1):
            context = await browser.new_context(viewport={"width": 640, "height": 360})
            page = await context.new_page()
            await page.goto(served.url, wait_until="commit")
            first.append(await latency.until(page, "window.xrserver?.state().nodesDrawn > 0") / 1e3)
            finished.append(await page.evaluate(FINISHED) / 1e3)
            await latency.until(page, "window.xrserver.state().residentSpans >= 15000")
            before = await page.evaluate("window.xrserver.state().bytesReceived")
            for rank in range(200, -1, -10):
                await page.evaluate(f"window.xrserver.seek('rank:{rank}')")
            # Seeking by name asks the server; dragging does not. Both are compared to a drag below.
            moved = await page.evaluate("window.xrserver.state().bytesReceived") - before
            scrubbed.append(float(moved))
            await context.close()
    return [Figure("page opened to first building drawn, 5 000 files", "s", first[1:], "≤ 1 s"),
            Figure("page opened to that picture finished, the graphics card being a CPU", "s", finished[1:]),
            Figure("bytes of tiles while scrubbing all of it", "bytes", scrubbed, "0 when all is resident")]


async def _frames(browser: Any, path: Path) -> list[Figure]:
    async with serving(path) as served:
        # A small window: where a CPU puts windows together, a large one is in the script's way, not of it.
        context = await browser.new_context(
            viewport={"width": 640, "height": 360}, user_agent="Mozilla/5.0 (Linux; Android 12; Quest 3)")
        await context.add_init_script(SCRIPT_ONLY)
        page = await context.new_page()
        page.set_default_timeout(120_000)
        await page.goto(served.url, wait_until="commit")
        await latency.until(page, "window.xrserver?.state().headRank >= 300")
        # All that this device may draw, though this machine could not keep up with it: draws are dropped, and
        # frames of a slowed browser are late whatever is drawn.
        await page.evaluate("window.dropDraws = true")
        await page.evaluate("window.xrserver.setDetail(1)")
        held, before = await _resident(page), -1
        while held != before:
            await asyncio.sleep(3)
            held, before = await _resident(page), held
        devtools = await context.new_cdp_session(page)
        await devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        await page.evaluate("window.xrserver.seek('rank:0')")
        await page.evaluate("window.xrserver.play(20)")
        await asyncio.sleep(2)
        await page.evaluate("window.frameCosts.length = 0")
        await asyncio.sleep(8)
        costs = json.loads(await page.evaluate("JSON.stringify(window.frameCosts)"))
        state = await page.evaluate("window.xrserver.state()")
        await context.close()
    name = f"page script per frame, {state['nodesDrawn']} nodes, playing, 4× throttle, p50"
    script = Figure(name, "ms", [percentile(costs, 0.5)], "≤ 3 ms",
                    note=f"{len(costs)} frames, p95 {percentile(costs, 0.95):.2f} ms")

    async def page_of_peer() -> Any:
        context = await browser.new_context(viewport={"width": 640, "height": 360})
        await context.add_init_script(SCRIPT_ONLY)
        return await context.new_page()

    try:
        theirs = await boxes.of_viser(page_of_peer, 4)
    except ImportError:
        script.note += "; viser is not installed, so not beside it: pip install 'viser==1.1.*'"
    else:
        script.peer, script.peer_values = f"viser 1.1, {boxes.BOXES} boxes", [percentile(theirs, 0.5)]
        script.note += f"; of viser {len(theirs)} frames, p95 {percentile(theirs, 0.95):.2f} ms"
    return [
        script,
        Figure("draw calls per frame, one eye", "calls", [float(state["drawCalls"])], "≤ 60 for both eyes"),
    ]


async def _resident(page: Any) -> int:
    return int(await page.evaluate("window.xrserver.state().residentSpans"))


async def _changes(browser: Any, path: Path) -> list[Figure]:
    """A change published by the server until drawn: p50 and p95, beside viser where it is installed."""
    count = 60

    async def new_page(probe: str = latency.PROBE) -> Any:
        wide = 320 if probe is latency.PROBE else 640
        context = await browser.new_context(viewport={"width": wide, "height": wide * 9 // 16})
        await context.add_init_script(probe)
        return await context.new_page()

    async with serving(path) as served:
        ours = await latency.of_xrserver(new_page, served, count)
    figures = [
        Figure("change published to drawn, p50", "ms", [percentile(ours, 0.5)], "≤ 12 ms"),
        Figure("change published to drawn, p95", "ms", [percentile(ours, 0.95)], "≤ 20 ms"),
    ]
    for scene, kind in (("city", ""), ("river", ", river"), ("both", ", city and river")):
        with tempfile.TemporaryDirectory() as folder:
            town = latency.Town.make(Path(folder) / "town.git")
            async with serving(town, scene) as served:
                commits = await latency.of_commits(lambda: new_page(latency.PICTURE), served, town, count)
        figures += [Figure(f"ref changed to drawn{kind}, {name}", "ms", [percentile(commits, share)], target)
                    for name, share, target in (("p50", 0.5, ""), ("p95", 0.95, "≤ 120 ms"))]
    try:
        theirs = await latency.of_viser(new_page, count)
    except ImportError:
        for figure in figures[:2]:
            figure.note = "viser is not installed, so not beside it: pip install 'viser==1.1.*'"
        return figures
    for figure, share in zip(figures[:2], (0.5, 0.95), strict=True):
        figure.peer, figure.peer_values = "viser 1.1", [percentile(theirs, share)]
    return figures
