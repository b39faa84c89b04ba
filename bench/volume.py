"""Much at once: columns by the megabyte, a frame full of things and links, a commit in a large history."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bench import scale
from bench.headset import THROTTLE, worn
from bench.latency import Town, until
from bench.measure import Figure, percentile
from bench.page import FLAGS, serving
from bench.quiet import QuietPage
from bench.stories import growing
from xrserver.stream.messages import FRAME_LIMIT

_WORK = Path(__file__).with_name("work")

#: What a browser says it is: a device whose budget is about as many bytes, and one that may draw more.
PC = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
QUEST = "Mozilla/5.0 (Linux; Android 12; Quest 3)"
#: Bytes that are new to the page.
BYTES = 24_000_000

#: Draws little of each thing, and keeps of each frame that drew, once the graphics card is done: Unix
#: milliseconds, most vertices of a draw, large uploads so far, and where it is wanted our page's head rank.
#: (Uploads that no draw uses pile up in the browser.)
FRAMES = """(() => {
  const contexts = [];
  window.seen = []; window.fewDraws = false; window.tellHead = false;
  let calls = 0, most = 0, uploads = 0;
  window.uploaded = 0;
  const upload = WebGL2RenderingContext.prototype.texSubImage2D;
  WebGL2RenderingContext.prototype.texSubImage2D = function (...a) {
    const size = a[8]?.byteLength ?? 0;
    if (size > 65536) uploads++;
    window.uploaded += size;
    upload.apply(this, a);
  };
  const getContext = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    const made = getContext.call(this, kind, ...rest);
    if (made && kind === 'webgl2' && !contexts.includes(made)) contexts.push(made);
    return made;
  };
  const counts = {
    drawArrays: [2, -1], drawElements: [1, -1], drawArraysInstanced: [2, 3], drawElementsInstanced: [1, 4],
  };
  for (const [name, [count, instances]] of Object.entries(counts)) {
    const draw = WebGL2RenderingContext.prototype[name];
    WebGL2RenderingContext.prototype[name] = function (...a) {
      calls++;
      most = Math.max(most, a[count]);
      if (window.fewDraws) {
        a[count] = Math.min(a[count], 6);
        if (instances > 0) a[instances] = Math.min(a[instances], 1);
      }
      draw.apply(this, a);
    };
  }
  const pixel = new Uint8Array(4);
  const request = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) => request((t) => {
    calls = most = 0;
    callback(t);
    if (calls === 0) return;
    for (const gl of contexts) {
      if (gl.canvas.isConnected) gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    }
    const done = performance.timeOrigin + performance.now();
    window.seen.push([done, most, uploads, window.tellHead ? window.xrserver?.state().headRank : 0]);
  });
})()"""


#: Ask at a port of this machine for so many messages; return ms until they are there.
BARE = """((port, count) => new Promise((done) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  socket.binaryType = 'arraybuffer';
  let begun;
  socket.onopen = () => { begun = performance.now(); socket.send('now'); };
  socket.onmessage = () => {
    if (--count > 0) return;
    socket.close();
    done(performance.now() - begun);
  };
}))"""


def measure(arguments: argparse.Namespace) -> list[Figure]:
    """Measure all of it; needs Chromium and the page's development packages."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("no Chromium: volume is not measured", file=sys.stderr)
        return []
    return asyncio.run(_measure(chromium, arguments.runs))


async def _measure(chromium: str, runs: int) -> list[Figure]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)

        async def new_page(agent: str | None = None) -> QuietPage:
            return await QuietPage.open(browser, FRAMES, agent=agent)

        try:
            return [*await _columns(new_page, runs), *await _crowd(browser), *await _landings(new_page)]
        finally:
            await browser.close()


async def _columns(new_page: Callable[..., Awaitable[QuietPage]], runs: int) -> list[Figure]:
    commits = scale.SIZES[-1]
    async with serving(_grown(commits)) as served:
        page = await new_page(QUEST)
        found, size = await of_xrserver(page, served.url, commits, runs)
        await page.close()
    # As for the peer: so much for each byte.
    note = f"{size / 1e6:.1f} MB of tiles came in {percentile(found, 0.5):.0f} ms, drawn as they came"
    figure = Figure("24 MB of new columns to drawn", "ms", [ms * BYTES / size for ms in found], "≤ 80 ms",
                    note=note)
    try:
        figure.peer_values = await of_viser(new_page, runs)
        figure.peer = "viser 1.1, a point cloud"
    except ImportError:
        figure.note += "; viser is not installed, so not beside it: pip install 'viser==1.1.*'"
    bare = Figure("24 MB through a bare WebSocket to a page that drops them", "ms",
                  await of_socket(new_page, runs))
    return [figure, bare]


async def _crowd(browser: Any) -> list[Figure]:
    """A frame in VR with 100 000 things and the links between commits, history playing."""
    commits = scale.SIZES[-1]
    async with serving(_grown(commits), "both") as served, \
            worn(browser, served.url, commits - 1, agent=PC, share=0.24) as page:
        await settled(page)
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("Emulation.setCPUThrottlingRate", {"rate": THROTTLE})
        await page.evaluate("xrserver.seek('rank:900000').then(() => xrserver.play(2000))")
        await asyncio.sleep(4)
        await page.evaluate("tally.frames.length = 0; tally.part = 'play'")
        await asyncio.sleep(10)
        frames = json.loads(await page.evaluate("JSON.stringify(tally.frames)"))
        nodes = (await page.evaluate("xrserver.state()"))["nodesDrawn"]
    costs = [float(frame[1]) for frame in frames]
    return [Figure(f"page script per frame in VR, {nodes // 1000 * 1000} nodes with their links, playing, "
                   f"{THROTTLE}× throttle, p50", "ms", [percentile(costs, 0.5)], "≤ 3 ms",
                   note=f"{nodes} nodes, {len(frames)} frames, p95 {percentile(costs, 0.95):.2f} ms, "
                        f"{max(frame[2] for frame in frames)} draws")]


async def _landings(new_page: Callable[..., Awaitable[QuietPage]]) -> list[Figure]:
    figures: list[Figure] = []
    found: dict[int, dict[str, float]] = {}
    for commits in scale.SIZES:
        with tempfile.TemporaryDirectory() as folder:
            repository = Grown.copied(_grown(commits), Path(folder) / "grown.git")
            async with serving(repository) as served:
                page = await new_page(QUEST)
                values = await landing(page, served, repository, commits, 20)
                await page.close()
        p50, p95 = (percentile(values, share) for share in (0.5, 0.95))
        found[commits] = {"p50": p50, "p95": p95}
        figures += [Figure(f"ref changed to drawn, city of {commits} commits, {name}", "ms", [value], target)
                    for name, value, target in (("p50", p50, ""), ("p95", p95, "≤ 120 ms"))]
    lines = {"p50": ("ref changed to drawn, p50, ms", "#0072B2"), "p95": ("the same, p95, ms", "#D55E00")}
    Path(__file__).with_name("scale-landing.svg").write_text(scale.plot(found, lines), encoding="utf-8")
    return figures


def _grown(commits: int) -> Path:
    return growing(_WORK / f"grown{commits}.git", commits, max(commits // 10, 100))


async def of_viser(new_page: Callable[[], Awaitable[QuietPage]], runs: int) -> list[float]:
    """Return ms from a point cloud of `BYTES` published by viser, which must be installed, to its frame."""
    import numpy as np
    import viser

    points = BYTES // 15  # three float32 and three bytes each
    chance = np.random.default_rng(1)
    places = chance.standard_normal((points, 3)).astype(np.float32)
    colours = chance.integers(0, 256, (points, 3), np.uint8)
    server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    found: list[float] = []
    try:
        page = await new_page()
        await page.goto(f"http://127.0.0.1:{server.get_port()}/")
        await until(page, "window.seen.length > 20")
        await page.evaluate("window.fewDraws = true")
        for run in range(runs + 1):
            await asyncio.sleep(2)
            await page.evaluate("window.seen.length = 0")
            begun = time.time() * 1e3
            cloud = server.scene.add_point_cloud(f"/cloud{run}", places, colours, point_size=0.01,
                                                 precision="float32")
            await until(page, f"window.seen.some((frame) => frame[1] >= {points})")
            drawn = await page.evaluate(f"window.seen.find((frame) => frame[1] >= {points})[0]")
            found.append(drawn - begun)
            cloud.remove()
        await page.close()
    finally:
        server.stop()
    return found[1:]


async def of_socket(new_page: Callable[[], Awaitable[QuietPage]], runs: int) -> list[float]:
    """Return ms that this browser and this machine take for `BYTES` alone, in frames as ours."""
    from aiohttp import web

    frame, count = bytes(FRAME_LIMIT), -(-BYTES // FRAME_LIMIT)

    async def stream(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        async for _ in socket:
            for _ in range(count):
                await socket.send_bytes(frame)
        return socket

    app = web.Application()
    app.router.add_get("/", stream)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        page = await new_page()
        ask = f"{BARE}({runner.addresses[0][1]}, {count})"
        found = [float(await page.evaluate(ask)) for _ in range(runs + 1)]
        await page.close()
    finally:
        await runner.cleanup()
    return found[1:]


async def settled(page: Any, seconds: float = 2.5) -> None:
    """Wait until nothing has come for so long."""
    before, since = "", time.monotonic()
    while time.monotonic() - since < seconds:
        await asyncio.sleep(0.25)
        now = json.dumps(await page.evaluate(
            "(({residentSpans, nodesDrawn, bytesReceived}) => [residentSpans, nodesDrawn, bytesReceived])"
            "(window.xrserver.state())"))
        if now != before:
            before, since = now, time.monotonic()


async def of_xrserver(page: Any, url: str, commits: int, runs: int) -> tuple[list[float], float]:
    """Return ms from "draw all of it" to the frame in which all of it is, and bytes of columns uploaded.

    The page, which must have `FRAMES`, held a twentieth before; the server has all tiles at hand, as a
    publisher would. What is wanted is asked for first, and frames go on.
    """
    await page.goto(url)
    await until(page, f"window.xrserver?.state().headRank >= {commits - 1}")
    await page.evaluate("window.fewDraws = true")
    found: list[float] = []
    sizes: list[float] = []
    for run in range(runs + 2):
        await page.evaluate("window.xrserver.setDetail(0.05)")
        await settled(page)
        await page.evaluate("window.seen.length = window.uploaded = 0")
        begun = time.time() * 1e3
        await page.evaluate("window.xrserver.setDetail(1)")
        await settled(page)
        if run >= 2:
            frames = json.loads(await page.evaluate("JSON.stringify(window.seen)"))
            found.append(next(frame[0] for frame in frames if frame[1:] == frames[-1][1:]) - begun)
            sizes.append(await page.evaluate("window.uploaded"))
    return found, sum(sizes) / len(sizes)


class Grown(Town):
    """A repository of any size, of which one file after the other is changed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._git("read-tree", "main")
        self._paths = self._git("ls-tree", "-r", "--name-only", "main").splitlines()

    @classmethod
    def copied(cls, source: Path, folder: Path) -> Path:
        """Make a copy of the repository `source` that commits can be added to."""
        subprocess.run(["git", "clone", "-q", "--bare", "--local", str(source), str(folder)], check=True)
        return folder

    def _change(self) -> None:
        path = self._paths[self._count * 7919 % len(self._paths)]
        blob = self._git("hash-object", "-w", "--stdin", given=b"%d\n" % self._count * 40)
        self._git("update-index", "--cacheinfo", f"100644,{blob},{path}")

    def _tree(self) -> str:
        return self._git("write-tree")


async def landing(page: Any, serving: Any, repository: Path, commits: int, count: int) -> list[float]:
    """Return ms from a ref's change in `repository` to the first frame that shows its commit.

    The page must have `FRAMES`; the graphics card, which may be a CPU, draws little of what it is told.
    """
    await page.goto(serving.url)
    await until(page, f"window.xrserver?.state().headRank >= {commits - 1}")
    await page.evaluate("window.fewDraws = window.tellHead = true")
    for following in serving.following:
        await following.current.wait()
    await settled(page)
    town = await asyncio.to_thread(Grown, repository)
    found: list[float] = []
    for i in range(count + 4):
        await asyncio.sleep(1.2)  # the last change has come to rest
        await page.evaluate("window.seen.length = 0")
        head = await page.evaluate("window.xrserver.state().headRank")
        await asyncio.to_thread(town.commit)
        await until(page, f"window.seen.some((frame) => frame[3] > {head})")
        shown = await page.evaluate(f"window.seen.find((frame) => frame[3] > {head})[0]")
        if i >= 4:
            found.append(shown - town.moments[-1])
    return found
