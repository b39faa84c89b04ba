"""Tidying up on the page: a city that has grown is laid out anew, and everybody stays where they are."""

from __future__ import annotations

import asyncio
from pathlib import Path

import chromium
import pytest
from playwright.async_api import Browser
from served import served
from test_history_live import Work

from xrserver import resources

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_menu_tidies_up_and_what_stands_goes_to_its_own_place(chrome: Browser,
                                                                        tmp_path: Path) -> None:
    work = Work(tmp_path / "work")
    work.commit({f"src/f{n}.py": "x\n" * 60 * (n + 1) for n in range(4)})
    async with served(work.folder) as serving, chromium.visit(chrome, serving.url, calm=False) as visit:
        async with asyncio.timeout(60):
            await asyncio.gather(*(each.current.wait() for each in serving.following))
        later: dict[str, str | None] = {f"src/later{n}.py": "x\n" * 4000 for n in range(9)}
        await asyncio.to_thread(work.commit, later)
        await visit.until("state.headRank === 1 && state.rank === 1")
        await visit.run("xrserver.select('src/f2.py')")
        before = await visit.state()
        await visit.page.keyboard.press("Tab")
        await visit.page.get_by_role("button", name="Tidy up").click()
        await visit.until(f"state.generation !== '{before['generation']}' && state.selected === 'src/f2.py'")
        after = await visit.state()
        assert after["rank"] == 1 and after["worldFromScene"] == before["worldFromScene"]
        await visit.run("xrserver.select(null)")
        async with chromium.visit(chrome, serving.url) as fresh:
            await fresh.run("pose => xrserver.setPose(pose)", after["worldFromScene"])
            there = await fresh.picture()
            assert (await fresh.state())["generation"] == after["generation"]

            async def arrived() -> bool:
                return chromium.differing(there, await visit.picture()) < 0.002

            await chromium.soon(arrived)
        # There is nothing to be tidied any more, and that is said.
        await visit.page.keyboard.press("Tab")
        await visit.page.get_by_role("button", name="Tidy up").click()

        async def said() -> bool:
            return "Everything is in its place." in await visit.page.locator("body").inner_text()

        await chromium.soon(said)


#: Keeps how many nodes are drawn, frame by frame, until told to stop.
SAMPLE = """() => {
  window.seen = [];
  const look = () => {
    const { generation, nodesDrawn } = xrserver.state();
    window.seen.push([generation, nodesDrawn]);
    requestAnimationFrame(look);
  };
  look();
}"""


async def test_a_river_in_tiles_that_grows_is_never_drawn_coarser_than_it_was(chrome: Browser,
                                                                              tmp_path: Path) -> None:
    work = Work(tmp_path / "work")
    for n in range(60):
        work.commit({f"f{n % 5}.py": f"{n}\n"})
    built_in, _, _ = resources.text("scenes", "river.toml").partition("[tiles]")
    scene = tmp_path / "fine.toml"
    scene.write_text(built_in + "\n[tiles]\nwhole_nodes = 0\nwhole_spans = 0\nroot_nodes = 12\n"
                     "root_spans = 12\ntile_nodes = 40\ntile_spans = 40\n")
    async with (served(work.folder, scene=str(scene)) as serving,
                chromium.visit(chrome, serving.url, calm=False) as visit):
        async with asyncio.timeout(60):
            await asyncio.gather(*(each.current.wait() for each in serving.following))
        await visit.until("state.nodesDrawn > 60 && state.headRank === 59")
        before = await visit.state()
        await visit.page.evaluate(SAMPLE)
        await asyncio.to_thread(work.commit, {"f0.py": "more\n"})
        await visit.until(f"state.headRank === 60 && state.nodesDrawn > {before['nodesDrawn']}")
        assert (await visit.state())["generation"] == before["generation"]
        await visit.page.keyboard.press("Tab")
        await visit.page.get_by_role("button", name="Tidy up").click()
        await visit.until(f"state.generation !== '{before['generation']}' && state.headRank === 60")
        await visit.page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        seen = await visit.page.evaluate("window.seen")
        assert {generation for generation, _ in seen} == {before["generation"],
                                                           (await visit.state())["generation"]}
        assert min(drawn for _, drawn in seen) >= before["nodesDrawn"]
