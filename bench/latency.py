"""A change published by a server, until its pixels are drawn in a page: ours and viser's alike.

Both pages are looked at in the same way, from outside: when a task of the page that drew something
ends, one pixel of its WebGL canvas is read back, and the moment it differs from the picture before is
kept. The read-back waits for the drawing, so the figure is to finished pixels, not to submitted ones;
the screen's next refresh, up to a whole one later, comes on top for everybody.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

#: Runs before the page's own scripts. Times are Unix milliseconds, comparable with time.time().
PROBE = """(() => {
  const contexts = [];
  let last = null;
  window.pixelChanges = [];
  const getContext = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    const made = getContext.call(this, kind, ...rest);
    if (made && kind === 'webgl2' && !contexts.includes(made)) contexts.push(made);
    return made;
  };
  const pixel = new Uint8Array(4);
  const area = (gl) => (gl.canvas.isConnected ? gl.drawingBufferWidth * gl.drawingBufferHeight : 0);
  const look = () => {
    const gl = contexts.reduce((best, each) => (area(each) > (best ? area(best) : 0) ? each : best), null);
    if (!gl) return;
    const target = gl.getParameter(gl.READ_FRAMEBUFFER_BINDING);
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null);
    const x = gl.drawingBufferWidth >> 1, y = gl.drawingBufferHeight >> 1;
    gl.readPixels(x, y, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, target);
    const now = performance.timeOrigin + performance.now();
    if (pixel[3] === 0) return;  // nothing was drawn in this frame
    const off = (i) => Math.abs(pixel[i] - last[i]);
    if (last && off(0) + off(1) + off(2) > 24) window.pixelChanges.push(now);
    last = [...pixel];
  };
  let waiting = false;
  const drawn = () => { waiting = false; look(); };
  for (const name of ['drawArrays', 'drawElements', 'drawArraysInstanced', 'drawElementsInstanced']) {
    const draw = WebGL2RenderingContext.prototype[name];
    WebGL2RenderingContext.prototype[name] = function (...a) {
      draw.apply(this, a);
      if (waiting) return;
      waiting = true;
      queueMicrotask(drawn);
    };
  }
})()"""


async def until(page: Any, expression: str) -> float:
    """Wait until `expression` holds, two minutes at most; return the page's own clock then, in ms.

    (Playwright's wait_for_function compiles strings in the page, which its content policy forbids.)
    """
    return await page.evaluate(f"""new Promise((resolve, reject) => {{
      const end = performance.now() + 120_000;
      const look = () => {{
        if ({expression}) resolve(performance.now());
        else if (performance.now() > end) reject(new Error('never came true: ' + {expression!r}));
        else setTimeout(look, 1);
      }};
      look();
    }})""")


async def delays(page: Any, publish: Callable[[int], Awaitable[None] | None], count: int) -> list[float]:
    """Publish `count` changes at random moments; return the milliseconds until each was drawn."""
    chance = random.Random(1)
    found: list[float] = []
    for i in range(count + 5):
        await asyncio.sleep(0.6 + chance.random() * 0.1)  # the last change has come to rest
        await page.evaluate("window.pixelChanges.length = 0")
        start = time.time() * 1e3
        waiting = publish(i)
        if waiting is not None:
            await waiting
        await until(page, "window.pixelChanges.length > 0")
        if i >= 5:
            found.append(await page.evaluate("window.pixelChanges[0]") - start)
    return found


async def of_viser(new_page: Callable[[], Awaitable[Any]], count: int) -> list[float]:
    """Measure viser, which must be installed, with one box that changes colour."""
    import viser

    server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    try:
        box = server.scene.add_box("/box", color=(200, 30, 30), dimensions=(2.0, 2.0, 2.0))
        page = await new_page()
        await page.goto(f"http://127.0.0.1:{server.get_port()}/")
        await until(page, "window.pixelChanges.length > 0")
        await asyncio.sleep(2)

        def publish(i: int) -> None:
            box.color = (30, 200, 30) if i % 2 == 0 else (200, 30, 30)

        found = await delays(page, publish, count)
        await page.close()
        return found
    finally:
        server.stop()


async def of_xrserver(new_page: Callable[[], Awaitable[Any]], serving: Any, count: int) -> list[float]:
    """Measure `serving` (an `app.Serving`) with one building in the middle, now tall, now flat.

    Each change is a commit as the pipeline would publish it: the building's open span is closed,
    one with another height is appended, the head moves on; the page follows the head.
    """
    page = await new_page()
    await page.goto(serving.url)
    await until(page, "window.xrserver?.state().residentSpans > 0")
    head = (await page.evaluate("window.xrserver.state()"))["headRank"]
    change = await _Building.of(serving, head)
    # Face to face with the building: it fills the middle of the picture.
    await page.evaluate(
        "window.xrserver.setPose({position: [0, -10, -60], orientation: [0, 0, 0, 1], scale: 1})")
    await change.publish(0)
    await until(page, "window.pixelChanges.length > 0")
    await asyncio.sleep(1)
    found = await delays(page, lambda i: change.publish(i + 1), count)
    await page.close()
    return found


class _Building:
    """A building nobody has: every change raises it before the eye, or takes it away."""

    def __init__(self, serving: Any, scene: Any, head: int) -> None:
        self._serving, self._scene, self._head = serving, scene, head
        self._sequence = 0

    @classmethod
    async def of(cls, serving: Any, head: int) -> _Building:
        import xrserver

        async with xrserver.connect(serving.url) as session:
            return cls(serving, session.scene, head)

    async def publish(self, i: int) -> None:
        import numpy as np

        from xrserver.columns import COURSE, NODES, RANK_END, SPANS, STRATA, Category
        from xrserver.scene.table import NO_COURSE, columns_of
        from xrserver.stream import codec
        from xrserver.stream.messages import Commits, Patch

        self._head += 1
        span = SPANS.empty(1)
        span["birth"], span["death"], span["node"] = self._head, RANK_END, 0x7FFF_FFF0
        span["traits"] = Category.SOURCE << 16
        height = 20 if i % 2 == 0 else 0.1
        span["position1"], span["size1"], span["value1"] = (0, 0, 0), (40, height, 40), 1 + i
        node, stratum = NODES.empty(1), STRATA.empty(1)
        node["node"], node["parent"] = 0x7FFF_FFF0, 1
        node["span_count"] = node["stratum_count"] = 1
        stratum["rank"], stratum["author"] = self._head, i % 2
        span["author"] = i % 2
        closed = [] if i == 0 else [[0x7FFF_FFF0, self._head, Category.SOURCE << 16]]
        names = {"offsets": np.array([0, 5], "<u4"), "bytes": np.frombuffer(b"bench", np.uint8)}
        self._sequence += 1
        scene, publish = self._scene, self._serving.sessions.publish
        publish(scene.generation, scene.root.id, codec.encode(Patch(
            scene.root.id, scene.generation, self._sequence, closed, {"records": span}, {"records": node},
            {"records": stratum}, names)))
        none = {"offsets": np.zeros(1, "<u4"), "bytes": np.zeros(0, "|u1")}
        publish(scene.generation, scene.table, codec.encode(Commits(
            scene.generation, self._head, self._head, {
                "time": np.array([1_900_000_000], "<i8"), "author": np.array([i % 2], "<u4"),
                "mainline": np.ones(1, "|u1")}, len(scene.people),
            {"commits": np.zeros(0, "<u4"), "colour": np.zeros(0, "<u4")}, none, False,
            {"rank": np.zeros(0, "<u4")}, none, scene.people, columns_of(COURSE, *NO_COURSE))))


#: As `PROBE`, but the whole picture is looked at: `pictureChanges` are when so many pixels changed visibly.
PICTURE = """(() => {
  let gl = null, last = null, now = null;
  window.pictureChanges = [];
  const getContext = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    const made = getContext.call(this, kind, ...rest);
    if (made && kind === 'webgl2') gl = made;
    return made;
  };
  const look = () => {
    const wide = gl.drawingBufferWidth, high = gl.drawingBufferHeight;
    if (now?.length !== 4 * wide * high) now = new Uint8Array(4 * wide * high), last = null;
    const target = gl.getParameter(gl.READ_FRAMEBUFFER_BINDING);
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null);
    gl.readPixels(0, 0, wide, high, gl.RGBA, gl.UNSIGNED_BYTE, now);
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, target);
    const at = performance.timeOrigin + performance.now();
    let changed = 0;
    if (last) for (let i = 0; i < now.length; i += 4) {
      const off = (k) => Math.abs(now[i + k] - last[i + k]);
      changed += off(0) + off(1) + off(2) > 24;
    }
    if (changed >= 24) window.pictureChanges.push(at);
    if (!last || changed >= 24) last = now.slice();
  };
  let waiting = false;
  const drawn = () => { waiting = false; if (gl?.canvas.isConnected) look(); };
  const draw = WebGL2RenderingContext.prototype.drawElementsInstanced;
  WebGL2RenderingContext.prototype.drawElementsInstanced = function (...a) {
    draw.apply(this, a);
    if (this.getParameter(this.DRAW_FRAMEBUFFER_BINDING) !== null || waiting) return;  // not the picture
    waiting = true;
    queueMicrotask(drawn);
  };
})()"""


async def of_commits(new_page: Callable[[], Awaitable[Any]], serving: Any, repository: Path,
                     count: int) -> list[float]:
    """Measure commits in `repository`, which `serving` serves: from the ref's change to its first picture.

    One file after the other is changed, comes, or goes. The page shows the city as it opens, and needs
    `PICTURE`; what is looked for is the first picture in which 24 pixels or more differ visibly from that at
    rest: floors ease to their place for a third of a second from then on.
    """
    page = await new_page()
    await page.goto(serving.url)
    await until(page, "window.xrserver?.state().residentSpans > 0")
    for following in serving.following:
        await following.current.wait()
    town = Town(repository)
    chance = random.Random(1)
    found: list[float] = []
    for i in range(count + 4):
        await asyncio.sleep(1.2 + chance.random() * 0.1)  # the last change has come to rest
        await page.evaluate("window.pictureChanges.length = 0")
        await asyncio.to_thread(town.commit)
        await until(page, "window.pictureChanges.length > 0")
        if i >= 4:
            found.append(await page.evaluate("window.pictureChanges[0]") - town.moments[-1])
    await page.close()
    return found


class Town:
    """A repository of a few files, of which one after the other is changed, comes, or goes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = {f"{place}/f{n}.py": 2_000 * (n + 1) for place in ("src", "docs") for n in range(5)}
        self._count = 0
        #: Unix milliseconds at which each ref was moved.
        self.moments: list[float] = []

    @classmethod
    def make(cls, folder: Path) -> Path:
        """Make the repository at `folder`."""
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
        town = cls(folder)
        town._git("update-ref", "refs/heads/main", town._git("commit-tree", town._tree(), "-m", "begin"))
        return folder

    def commit(self) -> None:
        """Make a commit and move the branch to it."""
        self._count += 1
        self._change()
        tip = self._git("rev-parse", "main")
        made = self._git("commit-tree", self._tree(), "-p", tip, "-m", f"{self._count}")
        # As git does it: the new value is written beside, then put in place.
        ref = self._folder / "refs" / "heads" / "main"
        beside = ref.with_suffix(".lock")
        beside.write_text(made + "\n")
        beside.replace(ref)
        self.moments.append(time.time() * 1e3)

    def _change(self) -> None:
        guest = "src/guest.py"
        if self._count % 3 == 1:
            self._files[f"{'src' if self._count % 2 else 'docs'}/f{self._count % 5}.py"] += 10
        elif self._count % 3 == 2:
            self._files[guest] = 9_000
        else:
            del self._files[guest]

    def _tree(self) -> str:
        folders: dict[str, list[str]] = {}
        for path, size in sorted(self._files.items()):
            folder, name = path.split("/")
            blob = self._git("hash-object", "-w", "--stdin", given=path.encode() * (size // len(path)))
            folders.setdefault(folder, []).append(f"100644 blob {blob}\t{name}\n")
        trees = [f"040000 tree {self._git('mktree', given=''.join(lines).encode())}\t{folder}\n"
                 for folder, lines in folders.items()]
        return self._git("mktree", given="".join(trees).encode())

    def _git(self, *arguments: str, given: bytes | None = None) -> str:
        named = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
                 for what, value in (("NAME", "Bench"), ("EMAIL", "bench@example.org"))}
        return subprocess.run(["git", "-C", str(self._folder), *arguments], input=given, check=True,
                              stdout=subprocess.PIPE, env={
                                  **os.environ, **named, "GIT_INDEX_FILE": str(self._folder / "bench-index"),
                              }).stdout.decode().strip()
