"""A city of many tiles on the page: the whole comes first, then it is refined, as far as budgets allow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import cycle
from pathlib import Path

import chromium
import pytest
import pytest_asyncio
from playwright.async_api import Browser
from served import files_story, git, served, tell

from xrserver import resources

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Files, in 40 directories; and a scene whose tiles hold few of them.
FILES = 3000
TILES = """
[tiles]
whole_nodes = 0
whole_spans = 0
root_nodes = 150
root_spans = 150
tile_nodes = 300
tile_spans = 300
"""


def later(commits: int) -> bytes:
    """Commits after the first, each of which changes files in one directory."""
    head = b"commit refs/heads/main\ncommitter Bob <b@b> %d +0000\ndata 5\nMore\n"
    return b"".join(head % (1000001000 + n * 3600)
                    + b"".join(b"M 100644 inline d%02d/f%05d.py\ndata 3\n%c%c\n" % (
                        n % 40, n % 40 + 40 * k, 65 + n % 26, 97 + n % 26) for k in range(6))
                    for n in range(commits))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell(tmp_path_factory.mktemp("coarse") / "many.git", files_story(FILES) + later(60))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fine(many: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a scene in many tiles."""
    scene = tmp_path_factory.mktemp("scene") / "fine.toml"
    scene.write_text(resources.text("scenes", "city.toml").partition("[tiles]")[0] + TILES)
    async with served(many, scene=str(scene)) as serving:
        yield serving.url


async def test_a_block_pointed_at_says_of_which_directory_it_is_and_what_that_holds(
        chrome: Browser, fine: str, many: Path) -> None:
    async with chromium.visit(chrome, fine) as visit:
        await visit.run("xrserver.setDetail(0)")  # nothing is refined
        tip = visit.page.locator(".tooltip")

        async def point(words: str) -> str:
            """Point here and there until that is said."""
            at = cycle((240 + dx, 150 + dy) for dy in range(-60, 90, 12) for dx in range(-90, 90, 12))
            said = ""

            async def told() -> bool:
                nonlocal said
                said = await tip.inner_text() if await tip.is_visible() else ""
                if words not in said:
                    await visit.page.mouse.move(*next(at))
                return words in said

            await chromium.soon(told)
            return said.replace("\u2068", "").replace("\u2069", "")

        path, holds, last = filter(None, (await point("drawn as blocks")).split("\n"))
        files = git(many, "ls-tree", "-r", "--name-only", "main", "--", f"{path}/").decode().split()
        commits = git(many, "log", "--format=%H", "main", "--", path).decode().split()
        assert holds == f"{len(files)} files, {len(commits)} commits, drawn as blocks"
        newest = git(many, "log", "-1", "--date=format:%-d %b %Y", "--format=%ad by %an", "main", "--", path)
        assert last == f"Last changed {newest.decode().strip()}"
        # Chosen, its directory is told of.
        await visit.run("path => xrserver.select(path)", path)
        await visit.page.locator(".inspector h2", has_text=path).wait_for()
        facts = (await visit.page.locator(".inspector .facts").first.inner_text()).lower()
        assert f"files\n{len(files)}" in facts and f"commits\n{len(commits)}" in facts
        # Of another moment it says what was then.
        await visit.run("xrserver.select(null)")
        await visit.run("xrserver.seek('rank:0')")
        await point(f"{len(files)} files, 1 commit, drawn as blocks")


#: Keeps what is drawn and held, frame by frame, from the first picture on.
WATCH = """
window.seen = [];
const look = () => {
  const state = window.xrserver?.state();
  if (state && state.nodesDrawn > 0) {
    window.seen.push([state.rank, state.nodesDrawn, state.residentSpans, state.detail]);
  }
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


async def test_the_whole_is_there_first_and_at_every_moment_then_it_is_refined(
        chrome: Browser, fine: str) -> None:
    async with chromium.visit(chrome, fine, scripts=(WATCH,)) as visit:
        # From high above all of it is asked for, which the root alone cannot be.
        await visit.until("state.nodesDrawn > 600")
        seen: list[list[float]] = await visit.run("window.seen")
        first = seen[0]
        assert 0 < first[1] <= 150, "the coarse whole comes first"
        assert min(nodes for _, nodes, _, _ in seen) >= first[1], "never less than the whole is drawn"
        # Of the whole every moment is here: what scrubbing shows takes no byte of a tile.
        await visit.run("xrserver.setDetail(0)")
        await visit.until(f"state.nodesDrawn === {first[1]}")
        head = (await visit.state())["headRank"]
        drawn = [await visit.run("rank => { xrserver.seek(rank); return xrserver.state().nodesDrawn }", rank)
                 for rank in range(0, head + 1, 10)]
        assert min(drawn) > 0


#: Flies through the city, makes it a model and as large as life, and scrubs its history; so many frames.
TOUR = """async (frames) => {
  const { position, orientation } = xrserver.state().worldFromScene;
  const head = xrserver.state().headRank;
  for (let i = 0; i < frames; i++) {
    const at = i / frames * 2 * Math.PI;
    const scale = 10 ** (-1.5 + 1.5 * Math.sin(5 * at));
    xrserver.setPose({ position: [60 * scale * Math.sin(3 * at), -2 * scale, -60 * scale * Math.cos(2 * at)],
                       orientation, scale });
    xrserver.seek(Math.round(head * Math.abs(Math.sin(7 * at))));
    await new Promise(requestAnimationFrame);
  }
}"""


@pytest.mark.slow
async def test_no_budget_is_exceeded_while_flying_scaling_and_scrubbing(chrome: Browser, fine: str) -> None:
    async with chromium.visit(chrome, fine, scripts=(WATCH,)) as visit:
        await visit.run("xrserver.setDetail(0.0016)")  # 800 nodes, of more than 3 000
        await visit.until("state.nodesDrawn <= 800")
        await visit.run("window.seen = []")
        await visit.run(TOUR, 150)
        nodes = [nodes for _, nodes, _, _ in await visit.run("window.seen")]
        assert max(nodes) <= 800, "more is drawn than the budget has"
        assert max(nodes) > 300, "nothing was refined"


#: A display that misses nothing, however late its frames are, once `steady` is set.
STEADY = """
window.steady = false;
let shown = 0;
const request = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (callback) => request((time) => {
  if (!window.steady) { shown = time; callback(time); return; }
  if (window.drawnAt !== time) { window.drawnAt = time; shown += 1000 / 60; }
  callback(shown);
});
"""

#: Nothing rests, so that every frame is drawn.
TURN = """(() => {
  const { position, orientation, scale } = xrserver.state().worldFromScene;
  let i = 0;
  const [x, y, z] = position;
  const turn = () => {
    xrserver.setPose({ position: [x + 1e-3 * Math.sin(i++), y, z], orientation, scale });
    requestAnimationFrame(turn);
  };
  turn();
})()"""


#: Close above the middle: much is wanted.
NEAR = """(() => {
  const { position, orientation, scale } = xrserver.state().worldFromScene;
  xrserver.setPose({ position: position.map((x) => 3 * x), orientation, scale: 3 * scale });
})()"""


@pytest.mark.slow
async def test_who_misses_frames_draws_less_and_more_again_once_none_is_missed(
        chrome: Browser, fine: str) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; Quest 2) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
    named = f"Object.defineProperty(navigator, 'userAgent', {{ value: {agent!r} }});"
    async with chromium.visit(chrome, fine, scripts=(named, STEADY, WATCH)) as visit:
        await visit.run("xrserver.setDetail(0.08)")
        await visit.run(NEAR)
        await visit.until("state.nodesDrawn > 1500")
        await visit.run("xrserver.setDetail(null)")
        await visit.page.evaluate(TURN)
        throttle = await visit.page.context.new_cdp_session(visit.page)
        await throttle.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        await visit.until("state.detail === 0.05 && state.nodesDrawn <= 1500")
        await throttle.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        await visit.run("window.steady = true")
        await visit.until("state.detail > 0.05")
        seen: list[list[float]] = await visit.run("window.seen")
        # A share that falls is answered in the frame after it.
        allowed = [30_000 * detail for *_, detail in seen]
        assert all(nodes <= most for (_, nodes, _, _), most in zip(seen[1:], allowed, strict=False))
