"""The page in an emulated Quest 3: two minutes of everything a wearer does, held against the budgets.

Draw calls are counted and dropped, so that what is measured is the page's own script, whatever
would have drawn the picture. The browser's CPU is slowed four times. The emulator (iwer) answers
the page's questions for poses within the frames that are measured, by script, which a headset's
browser does not: that share is measured, taken off, and told beside.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import latency
from bench.heap import Heap, measured
from bench.measure import Figure, percentile
from bench.page import FLAGS, serving
from bench.stories import repository
from bench.tour import COUNTING, DEVICE, TOUR

_ROOT = Path(__file__).parent.parent
_WORK = Path(__file__).with_name("work")
THROTTLE = 4
SECONDS = 120.0

@dataclass
class Toured:
    """What a tour came to.

    Of each frame: part, milliseconds without the emulator's, calls, triangles, the emulator's milliseconds.
    """

    frames: list[tuple[str, float, int, float, float]]
    #: Milliseconds of CPU that scripts took per frame, the emulator's and the tour's with them.
    cpu: float
    state: dict[str, Any]
    bytes_scrubbed: int
    #: Before the first and after each tour.
    heaps: list[Heap]
    #: Bytes allocated per frame, by what allocated them ("function file:line"), most first.
    allocated: list[tuple[str, float]]

    def of(self, column: int) -> list[float]:
        """Return one column of all frames."""
        return [float(frame[column]) for frame in self.frames]


def emulator() -> Path | None:
    """Return where the emulated headset is; None where the page's development packages are not installed."""
    path = _ROOT / "webxr_client" / "node_modules" / "iwer" / "build" / "iwer.min.js"
    return path if path.is_file() else None


@asynccontextmanager
async def worn(browser: Any, url: str, newest: int = 0, *, agent: str = "", share: float = 1.0,
               ) -> AsyncGenerator[Any]:
    """Open `url` in the browser of an emulated Quest 3; enter VR once history up to rank `newest` is there.

    Its draws are counted, not drawn. The browser may say that it is another `agent`, and draw a `share` of
    what it may.
    """
    runtime = emulator()
    assert runtime is not None
    context = await browser.new_context(viewport={"width": 640, "height": 320})
    named = f"Object.defineProperty(navigator, 'userAgent', {{ get: () => {json.dumps(agent)} }})"
    for script in (runtime.read_text(encoding="utf-8"), DEVICE, named if agent else "", COUNTING):
        await context.add_init_script(script)
    page = await context.new_page()
    page.set_default_timeout(600_000)
    try:
        await page.goto(url, wait_until="commit")
        await latency.until(page, "window.xrserver?.state().nodesDrawn > 0")
        await latency.until(page, f"window.xrserver.state().headRank >= {newest}")
        await page.evaluate("tally.drop = true")
        await page.evaluate(f"xrserver.setDetail({share})")
        await page.get_by_role("button", name="Enter VR").click()
        await latency.until(page, "window.xrserver.state().mode === 'vr'")
        yield page
    finally:
        await context.close()


async def tour(page: Any, seconds: float, *, throttle: int = 1, tours: int = 3, before: int = 0) -> Toured:
    """Take the tour so often, so long each; allocations are of the last one, frames of the one before.

    `before` them it is taken so often in a sixth of the time: until all that it uses is compiled and here.
    """
    devtools = await page.context.new_cdp_session(page)
    for _ in range(before):
        await page.evaluate(f"({TOUR})({seconds / SECONDS / 6})")
        await page.evaluate("tally.frames.length = 0")
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    pace = seconds / SECONDS
    heaps = [await measured(devtools)]
    await devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    profile: dict[str, Any] = {}
    frames: list[list[Any]] = []
    cpu = 0.0
    for i in range(tours):
        last = i == tours - 1
        if last:
            await devtools.send("HeapProfiler.startSampling", {
                "samplingInterval": 8192, "includeObjectsCollectedByMajorGC": True,
                "includeObjectsCollectedByMinorGC": True})
        await page.evaluate("tally.frames.length = 0")
        began = await _script(devtools)
        await page.evaluate(f"({TOUR})({pace})")
        cpu = await _script(devtools) - began
        if last:
            profile = (await devtools.send("HeapProfiler.stopSampling"))["profile"]
        if not last or tours == 1:  # sampling the heap has its price
            frames = json.loads(await page.evaluate("JSON.stringify(tally.frames)"))
        await page.evaluate("tally.frames.length = 0")
        heaps.append(await measured(devtools))
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return Toured([(part, cost, calls, faces, answers) for part, cost, calls, faces, answers in frames],
                  1e3 * cpu / max(len(frames), 1), await page.evaluate("xrserver.state()"),
                  int(await page.evaluate("tally.bytes")), heaps, _allocated(profile["head"], len(frames)))


async def _script(devtools: Any) -> float:
    metrics = (await devtools.send("Performance.getMetrics"))["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "ScriptDuration")


def _allocated(head: dict[str, Any], frames: int) -> list[tuple[str, float]]:
    """Sum a sampling heap profile by place in the page's own files, per frame."""
    sums: dict[str, float] = {}
    waiting = [head]
    while waiting:
        node = waiting.pop()
        waiting += node["children"]
        call = node["callFrame"]
        if "/assets/" in call["url"] and node["selfSize"]:
            file = call["url"].rsplit("/", 1)[1]
            name = call["functionName"] or "(nameless)"
            where = f"{name} {file}:{call['lineNumber'] + 1}:{call['columnNumber']}"
            sums[where] = sums.get(where, 0.0) + node["selfSize"] / max(frames, 1)
    return sorted(sums.items(), key=lambda item: -item[1])


def measure(arguments: argparse.Namespace) -> list[Figure]:
    """Measure the tour; needs Chromium and the page's development packages."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or emulator() is None:
        print("no Chromium, or no emulated headset (npm ci): the headset is not measured", file=sys.stderr)
        return []
    return asyncio.run(_measure(chromium))


async def _measure(chromium: str) -> list[Figure]:
    from playwright.async_api import async_playwright

    path = repository(_WORK / "80000.git", 80_000, 300, 1_000)
    async with async_playwright() as playwright, serving(path) as served:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            async with worn(browser, served.url, 300) as page:
                found = await tour(page, SECONDS, throttle=THROTTLE, before=5)
        finally:
            await browser.close()
    for where, size in found.allocated[:12]:
        print(f"  allocated per frame: {size:8.1f} bytes by {where}", file=sys.stderr)
    parts = sorted({frame[0] for frame in found.frames})
    by_part = ", ".join(f"{part} {percentile([f[1] for f in found.frames if f[0] == part], 0.5):.2f}"
                        for part in parts)
    costs = found.of(1)
    what = "two-minute tour in an emulated Quest 3"
    return [
        Figure(f"{what}: page script per frame at {THROTTLE}× throttle, p50", "ms", [percentile(costs, 0.5)],
               "≤ 3 ms", note=f"{len(costs)} frames, p95 {percentile(costs, 0.95):.2f}; by part: {by_part}; "
                              f"the emulator's answers, taken off, p50 {percentile(found.of(4), 0.5):.2f}"),
        Figure(f"{what}: CPU time per frame at {THROTTLE}× throttle, emulator included, mean", "ms",
               [found.cpu]),
        Figure(f"{what}: draw calls, both eyes, most", "calls", [max(found.of(2))], "≤ 60"),
        Figure(f"{what}: triangles, both eyes, most", "triangles", [max(found.of(3))], "≤ 1 200 000"),
        Figure(f"{what}: nodes drawn", "nodes", [float(found.state["nodesDrawn"])], "≤ 80 000"),
        Figure(f"{what}: bytes while scrubbing all of it", "bytes", [float(found.bytes_scrubbed)], "0"),
        Figure(f"{what}: what the page holds, grown from the first to the third time", "kB",
               [(found.heaps[-1].data - found.heaps[1].data) / 1e3], "about 0",
               note="taken quickly five times before; MB before and after each: "
                    + ", ".join(f"{heap.data / 1e6:.2f}" for heap in found.heaps)
                    + "; V8's heap, its compiled code with it: "
                    + ", ".join(f"{heap.used / 1e6:.2f}" for heap in found.heaps)),
        Figure(f"{what}: allocated by the page per frame", "bytes",
               [sum(size for _, size in found.allocated)], "as little as can be"),
    ]
