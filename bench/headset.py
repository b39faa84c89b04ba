"""The page in an emulated Quest 3: two minutes of everything a wearer does, held against the budgets.

Draw calls are counted and dropped, so that what is measured is the page's own script, whatever
would have drawn the picture. The browser's CPU is slowed four times. The emulator (iwer) answers
the page's questions for poses within the frames that are measured: a real headset's browser is
faster at that.
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
from bench.measure import Figure, percentile
from bench.page import FLAGS, serving
from bench.stories import repository

_ROOT = Path(__file__).parent.parent
_WORK = Path(__file__).with_name("work")
THROTTLE = 4
SECONDS = 120.0

#: After the emulator: a Quest 3 that is worn at a desk's height.
DEVICE = """(() => {
  const device = new IWER.XRDevice(IWER.metaQuest3, { stereoEnabled: true });
  device.installRuntime({ forceInstall: true });
  device.position.set(0, 1.6, 0);
  window.device = device;
})()"""

#: Counts draw calls and triangles of a frame, and how long its script took; drops the draws.
COUNTING = """(() => {
  const tally = window.tally = { drop: false, calls: 0, triangles: 0, part: "", frames: [] };
  const shapes = {
    drawArrays: [2, -1], drawElements: [1, -1], drawArraysInstanced: [2, 3], drawElementsInstanced: [1, 4],
  };
  for (const [name, [count, instances]] of Object.entries(shapes)) {
    const draw = WebGL2RenderingContext.prototype[name];
    WebGL2RenderingContext.prototype[name] = function (...a) {
      tally.calls++;
      const times = instances < 0 ? 1 : a[instances];
      if (a[0] === this.TRIANGLES) tally.triangles += a[count] / 3 * times;
      else if (a[0] === this.TRIANGLE_STRIP) tally.triangles += (a[count] - 2) * times;
      if (!tally.drop) draw.apply(this, a);
    };
  }
  const request = XRSession.prototype.requestAnimationFrame;
  XRSession.prototype.requestAnimationFrame = function (callback) {
    if (callback.tour === true) return request.call(this, callback);
    return request.call(this, (time, frame) => {
      tally.calls = tally.triangles = 0;
      const began = performance.now();
      callback(time, frame);
      if (tally.part !== "" && tally.calls > 0) {
        tally.frames.push([tally.part, performance.now() - began, tally.calls, tally.triangles]);
      }
    });
  };
})()"""

#: What the wearer does; `pace` shortens or stretches it.
TOUR = """async (pace) => {
  const session = device.activeSession;
  const { left, right } = device.controllers;
  const seconds = async (count, each) => {
    const from = performance.now();
    for (;;) {
      const at = Math.min((performance.now() - from) / 1000 / (count * pace), 1);
      each?.(at);
      if (at === 1) return;
      await new Promise((done) => {
        const next = () => done();
        next.tour = true;
        session.requestAnimationFrame(next);
      });
    }
  };
  const aim = (held, x, y, z, yaw, pitch) => {
    held.position.set(x, y, z);
    const [sy, cy, sp, cp] = [Math.sin(yaw / 2), Math.cos(yaw / 2), Math.sin(pitch / 2), Math.cos(pitch / 2)];
    held.quaternion.set(cy * sp, sy * cp, -sy * sp, cy * cp);
  };
  const press = async (held, button, value) => { held.updateButtonValue(button, value); await seconds(0.1); };
  const rest = () => { aim(left, -0.2, 1.1, -0.3, 0.1, -0.4); aim(right, 0.2, 1.1, -0.3, -0.1, -0.4); };
  const both = async (count, from, to) => {
    await press(left, "squeeze", 1);
    await press(right, "squeeze", 1);
    await seconds(count, (at) => {
      const wide = from + (to - from) * at;
      aim(left, -wide, 1.1, -0.4, 0, -0.4);
      aim(right, wide, 1.1, -0.4, 0, -0.4);
    });
    await press(left, "squeeze", 0);
    await press(right, "squeeze", 0);
  };
  const head = xrserver.state().headRank;
  const parts = {
    async look() {
      rest();
      await seconds(6, (at) => {
        const half = Math.sin(at * 6.28) * 0.4;
        device.quaternion.set(0, Math.sin(half), 0, Math.cos(half));
      });
      device.quaternion.set(0, 0, 0, 1);
    },
    async point() {
      await seconds(12, (at) =>
        aim(right, 0.2, 1.2, -0.2, Math.sin(at * 25) * 0.5, -0.6 + 0.3 * Math.sin(at * 7)));
      for (let i = 0; i < 4; i++) {
        aim(right, 0.2, 1.2, -0.2, -0.25 + i * 0.15, -0.55);
        await press(right, "trigger", 1);
        await press(right, "trigger", 0);
        await seconds(1.5);
      }
    },
    async grab() {
      await press(right, "squeeze", 1);
      await seconds(5, (at) =>
        aim(right, 0.2 + 0.2 * Math.sin(at * 9), 1.1 + 0.1 * Math.sin(at * 5), -0.3, -0.1, -0.4));
      await press(right, "squeeze", 0);
    },
    async scale() {
      for (let i = 0; i < 3; i++) await both(2, 0.1, 0.6);
      for (let i = 0; i < 3; i++) await both(2, 0.6, 0.1);
    },
    async walk() {
      xrserver.headset.preset("life");
      await seconds(2);
      for (let i = 0; i < 4; i++) {
        left.updateAxes("thumbstick", 0.2, -1);
        await seconds(2);
        left.updateAxes("thumbstick", 0, 0);
        right.updateAxes("thumbstick", i % 2 ? 1 : -1, 0);
        await seconds(0.5);
        right.updateAxes("thumbstick", 0, 0);
        await seconds(0.5);
      }
    },
    async scrub() {
      xrserver.headset.preset("tabletop");
      await xrserver.select(null);
      await seconds(3);
      tally.bytes = xrserver.state().bytesReceived;
      await seconds(10, (at) => void xrserver.seek(Math.round(head * Math.abs(1 - 2 * at))));
      tally.bytes = xrserver.state().bytesReceived - tally.bytes;
    },
    async play() {
      await xrserver.seek(0);
      xrserver.play(head / (15 * pace));
      await seconds(14, (at) => aim(right, 0.2, 1.2, -0.2, Math.sin(at * 9) * 0.4, -0.6));
      xrserver.pause();
    },
    async hands() {
      device.primaryInputMode = "hand";
      const hand = device.hands.right;
      await seconds(2);
      for (let i = 0; i < 3; i++) {
        aim(hand, 0.2, 1.2, -0.4, 0, -0.5);
        await seconds(0.4, (at) => hand.updatePinchValue(at));
        await seconds(2, (at) => aim(hand, 0.2 - 0.2 * at, 1.2, -0.4, 0, -0.5));
        await seconds(0.4, (at) => hand.updatePinchValue(1 - at));
      }
      device.primaryInputMode = "controller";
      await seconds(1);
    },
  };
  for (const [name, act] of Object.entries(parts)) {
    tally.part = name;
    await act();
    tally.part = "";
  }
  await xrserver.seek(head);
  await seconds(1);
}"""


@dataclass
class Toured:
    """What a tour came to: of each frame its part, milliseconds, calls and triangles; and the rest."""

    frames: list[tuple[str, float, int, float]]
    #: Milliseconds of CPU that scripts took per frame, the emulator's and the tour's with them.
    cpu: float
    state: dict[str, Any]
    bytes_scrubbed: int
    #: Of the page's heap after collecting what is garbage, by the end of each tour; bytes.
    heaps: list[int]
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
async def worn(browser: Any, url: str) -> AsyncGenerator[Any]:
    """Open `url` in the browser of an emulated Quest 3 and enter VR; its draws are counted, not drawn."""
    runtime = emulator()
    assert runtime is not None
    context = await browser.new_context(viewport={"width": 640, "height": 320})
    for script in (runtime.read_text(encoding="utf-8"), DEVICE, COUNTING):
        await context.add_init_script(script)
    page = await context.new_page()
    page.set_default_timeout(600_000)
    try:
        await page.goto(url, wait_until="commit")
        await latency.until(page, "window.xrserver?.state().nodesDrawn > 0")
        await page.evaluate("tally.drop = true")
        await page.get_by_role("button", name="Enter VR").click()
        await latency.until(page, "window.xrserver.state().mode === 'vr'")
        yield page
    finally:
        await context.close()


async def tour(page: Any, seconds: float, *, throttle: int = 1, tours: int = 3) -> Toured:
    """Take the tour so often, so long each; allocations are of the last one, frames of the one before."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    pace = seconds / SECONDS
    heaps = [await _heap(devtools)]
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
        heaps.append(await _heap(devtools))
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return Toured([(part, cost, calls, triangles) for part, cost, calls, triangles in frames],
                  1e3 * cpu / max(len(frames), 1), await page.evaluate("xrserver.state()"),
                  int(await page.evaluate("tally.bytes")), heaps, _allocated(profile["head"], len(frames)))


async def _script(devtools: Any) -> float:
    metrics = (await devtools.send("Performance.getMetrics"))["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "ScriptDuration")


async def _heap(devtools: Any) -> int:
    for _ in range(2):
        await devtools.send("HeapProfiler.collectGarbage")
    return int((await devtools.send("Runtime.getHeapUsage"))["usedSize"])


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
            async with worn(browser, served.url) as page:
                found = await tour(page, SECONDS, throttle=THROTTLE)
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
               "≤ 3 ms", note=f"{len(costs)} frames, p95 {percentile(costs, 0.95):.2f}; by part: {by_part}"),
        Figure(f"{what}: CPU time per frame at {THROTTLE}× throttle, emulator included, mean", "ms",
               [found.cpu]),
        Figure(f"{what}: draw calls, both eyes, most", "calls", [max(found.of(2))], "≤ 60"),
        Figure(f"{what}: triangles, both eyes, most", "triangles", [max(found.of(3))], "≤ 1 200 000"),
        Figure(f"{what}: nodes drawn", "nodes", [float(found.state["nodesDrawn"])], "≤ 80 000"),
        Figure(f"{what}: bytes while scrubbing all of it", "bytes", [float(found.bytes_scrubbed)], "0"),
        Figure(f"{what}: heap grown by the third time", "kB",
               [(found.heaps[-1] - found.heaps[-2]) / 1e3], "about 0",
               note="MB before and after each: " + ", ".join(f"{heap / 1e6:.2f}" for heap in found.heaps)),
        Figure(f"{what}: allocated by the page per frame", "bytes",
               [sum(size for _, size in found.allocated)], "as little as can be"),
    ]
