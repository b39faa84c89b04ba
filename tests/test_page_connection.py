"""The page and its server: gone and back, resumed, refused, and watched for what leaves its origin."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import chromium
import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Browser
from served import git, served, silent

import xrserver
from xrserver import app
from xrserver.columns import COURSE, NODES, RANK_END, SPANS, STRATA, Category, Flag
from xrserver.config import Config
from xrserver.scene.build import BuiltScene
from xrserver.scene.table import NO_COURSE, columns_of
from xrserver.server import answers
from xrserver.server.opened import OpenRepository
from xrserver.stream import codec
from xrserver.stream.messages import Commits, Patch, Query, Result

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def serving(story: Path) -> AsyncIterator[app.Serving]:
    async with served(story) as running:
        yield running


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


async def test_a_server_that_goes_and_comes_back_finds_the_page_where_it_was(chrome: Browser,
                                                                             story: Path) -> None:
    config = Config(repositories=(story,), port=free_port(), jobs=1, token=False)
    async with app.server(config, silent) as first:
        url = first.url
        leaving = chromium.visit(chrome, url)
        visit = await leaving.__aenter__()
        await visit.seek("v1.0")
        await visit.run("xrserver.select('src/old.py')")
        await visit.run("xrserver.setPose({position: [0.1, 1, -3], orientation: [0, 0, 0, 1], scale: 0.01})")
        before = await visit.state()
        picture = await visit.picture()
    await visit.until("!state.connected")
    line = visit.page.locator(".notices .line")
    await line.wait_for()
    assert "econnecting" in await line.inner_text()
    async with app.server(config, silent):
        await visit.until("state.connected")
        await line.wait_for(state="hidden")
        after = await visit.state()
        for key in ("rank", "selected", "worldFromScene", "generation", "nodesDrawn", "headRank"):
            assert after[key] == before[key], key
        assert chromium.differing(picture, await visit.picture()) == 0.0
        # What was asked for still works, and what was selected is still inspected.
        assert await visit.seek(0) == 0
        # A browser itself writes each refused attempt to the console; the page adds nothing.
        visit.said[:] = [said for said in visit.said
                         if "WebSocket connection to" not in said and "ERR_CONNECTION_REFUSED" not in said]
        await leaving.__aexit__(None, None, None)


async def test_a_reloaded_page_is_where_it_was(chrome: Browser, serving: app.Serving) -> None:
    async def told() -> bool:
        """Whether the server knows where the page is; it is told twice a second."""
        return any(where.pose is not None and where.pose.scale == pytest.approx(0.02)
                   for _, where in serving.sessions.resumes._kept.values())

    async with chromium.visit(chrome, serving.url) as visit:
        await visit.seek("v1.0")
        await visit.run("xrserver.setPose({position: [0.5, 1, -4], orientation: [0, 0, 0, 1], scale: 0.02})")
        before = await visit.state()
        await chromium.soon(told)
        await visit.page.reload()
        await visit.page.wait_for_selector(".loading.done", state="attached")
        after = await visit.state()
        assert after["rank"] == before["rank"]
        for key, value in before["worldFromScene"].items():
            assert after["worldFromScene"][key] == pytest.approx(value), key


async def test_a_link_opens_at_its_commit_and_file(chrome: Browser, serving: app.Serving,
                                                   story: Path) -> None:
    commit = git(story, "rev-parse", "v1.0^{commit}").decode().strip()
    async with chromium.visit(chrome, serving.url) as visit:
        await visit.seek(commit)
        await visit.run("xrserver.select('src/old.py')")
        wanted = f"#at={commit[:12]}&select=src%2Fold.py"
        await chromium.soon(lambda: visit.run("wanted => location.hash === wanted", wanted))
        link = await visit.run("location.href")
        page = await visit.page.context.new_page()
        await page.goto(link)
        await page.wait_for_selector(".loading.done", state="attached")
        await chromium.soon(lambda: page.evaluate("xrserver.state().selected === 'src/old.py'"))
        assert await page.evaluate("xrserver.state().rank") == (await visit.state())["rank"]


async def test_without_the_token_the_page_says_what_to_do(chrome: Browser, serving: app.Serving) -> None:
    async with chromium.visit(chrome, serving.url.partition("?")[0], drawn=False) as visit:
        line = visit.page.locator(".notices .line")
        await line.wait_for()
        assert "token" in await line.inner_text()
        assert (await visit.state())["connected"] is False
        visit.said[:] = [said for said in visit.said if "401" not in said]


async def test_a_page_of_another_version_is_told_to_reload(chrome: Browser, serving: app.Serving) -> None:
    # As if it had been built for another schema: its script is changed on its way.
    async with chromium.visit(chrome, "about:blank", drawn=False) as visit:
        async def older(route: object) -> None:
            answer = await route.fetch()            # type: ignore[attr-defined]
            body = (await answer.text()).replace("xrserver." + _hash(), "xrserver.0000000000000000")
            await route.fulfill(response=answer, body=body)  # type: ignore[attr-defined]

        visit.origin = serving.url.split("/?")[0]
        await visit.page.route("**/assets/index-*.js", older)
        await visit.page.goto(serving.url)
        line = visit.page.locator(".notices .line")
        await line.wait_for()
        assert "version" in await line.inner_text()
        assert await line.get_by_role("button", name="Reload").count() == 1


def _hash() -> str:
    from xrserver.stream import schema

    return schema.subprotocol().partition(".")[2]


async def test_what_the_page_loads_is_its_own_and_breaks_no_policy(chrome: Browser,
                                                                   serving: app.Serving) -> None:
    watch = """document.addEventListener('securitypolicyviolation',
                                         event => (window.broken ??= []).push(event.blockedURI))"""
    async with chromium.visit(chrome, serving.url, scripts=(watch,), viewport=(900, 500)) as visit:
        for key in ("KeyN", "KeyC", "KeyC", "Tab", "Escape", "?", "Escape", "KeyL", "KeyL"):
            await visit.page.keyboard.press(key)
        await visit.run("xrserver.select('README.md')")
        await visit.page.wait_for_selector(".inspector")
        assert await visit.run("window.broken ?? []") == []
        fonts = await visit.run(
            "[...document.fonts].filter(font => font.status === 'loaded').map(font => font.family)")
        assert any("Inter" in family for family in fonts)


# --- commits that land while the page looks on ----------------------------------------------------------


#: Of the last floor published, once there is another.
_TRAITS = (Category.SOURCE << 16) | (Flag.EASED << 8)


async def _published(serving: app.Serving, sequence: int, node: int, rank: int, strata: int,
                     closed: list[list[int]], flags: Flag) -> None:
    """Publish a commit that builds one floor on `node`."""
    async with xrserver.connect(serving.url) as session:
        scene = session.scene
    span, record, stratum = SPANS.empty(1), NODES.empty(1), STRATA.empty(1)
    span["birth"], span["death"], span["node"] = rank, RANK_END, node
    span["traits"] = (Category.SOURCE << 16) | (flags << 8)
    span["position1"], span["size1"], span["value1"] = (0, 0.5, 0), (9, 4 + strata, 9), strata
    span["position0"], span["size0"], span["value0"] = (0, 0.5, 0), (9, 3 + strata, 9), strata - 1
    record["node"], record["parent"], record["depth"] = node, 1, 1
    record["span_count"] = record["stratum_count"] = 1
    stratum["rank"] = rank
    name = b"new.txt"
    names = {"offsets": np.array([0, len(name)], "<u4"), "bytes": np.frombuffer(name, np.uint8)}
    patch = Patch(scene.root.id, scene.generation, sequence, closed, {"records": span},
                  {"records": record}, {"records": stratum}, names)
    nobody = {"commits": np.zeros(0, "<u4"), "colour": np.zeros(0, "<u4")}
    none = {"offsets": np.zeros(1, "<u4"), "bytes": np.zeros(0, "|u1")}
    commits = Commits(scene.generation, rank, rank, {
        "time": np.array([1_100_000_000 + rank], "<i8"), "author": np.zeros(1, "<u4"),
        "mainline": np.ones(1, "|u1")}, 2, nobody, none, False, {"rank": np.zeros(0, "<u4")}, none,
        scene.people, columns_of(COURSE, *NO_COURSE))
    serving.sessions.publish(scene.generation, scene.root.id, codec.encode(patch))
    serving.sessions.publish(scene.generation, scene.table, codec.encode(commits))


async def test_commits_that_land_are_drawn_and_followed(chrome: Browser, serving: app.Serving) -> None:
    async with chromium.visit(chrome, serving.url) as visit:
        before = await visit.state()
        head, node = before["headRank"], 0x00FF_FFF0
        empty = await visit.picture()
        await _published(serving, 1, node, head + 1, 1, [], Flag.ENTERS)
        await visit.until(f"state.headRank === {head + 1} && state.rank === {head + 1}")
        assert (await visit.state())["nodesDrawn"] == before["nodesDrawn"] + 1
        low = await visit.picture()
        assert chromium.differing(empty, low) > 0.0005
        for n in range(2, 12):                      # more than the room first made for it
            await _published(serving, n, node, head + n, n, [[node, head + n, _TRAITS]], Flag.EASED)
        await visit.until(f"state.rank === {head + 11}")
        assert (await visit.state())["nodesDrawn"] == before["nodesDrawn"] + 1
        high = await visit.picture()
        assert chromium.differing(low, high) > 0.0005
        # Backwards it is the same film.
        await visit.seek(head)
        assert (await visit.state())["nodesDrawn"] == before["nodesDrawn"]
        assert chromium.differing(empty, await visit.picture()) < 0.002  # glow counts ranks from the head
        await visit.seek(head + 11)
        assert chromium.differing(high, await visit.picture()) == 0.0


#: Counts draws of indexed triangles, and holds refreshes back while `window.holding`.
HELD_REFRESHES = """(() => {
  window.draws = 0;
  window.holding = false;
  const draw = WebGL2RenderingContext.prototype.drawElementsInstanced;
  WebGL2RenderingContext.prototype.drawElementsInstanced = function (...how) {
    window.draws++;
    draw.apply(this, how);
  };
  const request = window.requestAnimationFrame.bind(window);
  const held = [];
  window.requestAnimationFrame = (told) => request((time) => {
    if (window.holding) held.push(told);
    else told(time);
  });
  window.release = () => { window.holding = false; for (const told of held.splice(0)) request(told); };
})()"""


async def test_a_commit_is_drawn_before_the_next_refresh_and_only_once(chrome: Browser,
                                                                       serving: app.Serving) -> None:
    async with chromium.visit(chrome, serving.url, scripts=(HELD_REFRESHES,)) as visit:
        head = (await visit.state())["headRank"]
        await visit.picture()
        await visit.run("holding = true")
        before = await visit.run("draws")
        await _published(serving, 1, 0x00FF_FFF0, head + 1, 1, [], Flag.ENTERS)
        await visit.until(f"state.headRank === {head + 1}")
        once = await visit.run("draws")
        assert once > before
        await _published(serving, 2, 0x00FF_FFF2, head + 2, 1, [], Flag.ENTERS)
        await visit.until(f"state.headRank === {head + 2}")
        assert await visit.run("draws") == once
        drawn = (await visit.state())["rank"]
        await visit.run("release()")
        await visit.until(f"draws > {once} && state.rank === {head + 2}")
        assert drawn >= head + 1


async def test_a_patch_that_was_missed_is_made_good(chrome: Browser, serving: app.Serving) -> None:
    async with chromium.visit(chrome, serving.url) as visit:
        before = await visit.state()
        head, nodes = before["headRank"], before["nodesDrawn"]
        await _published(serving, 1, 0x00FF_FFF0, head + 1, 1, [], Flag.ENTERS)
        await visit.until(f"state.nodesDrawn === {nodes + 1}")
        await _published(serving, 3, 0x00FF_FFF2, head + 2, 1, [], Flag.ENTERS)
        # The tile is asked for again, and what is drawn is what the server has.
        await visit.until(f"state.nodesDrawn === {nodes}")


async def test_where_there_is_no_webgl_the_page_says_so(chrome: Browser, serving: app.Serving) -> None:
    without = """const getContext = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
            return kind.startsWith('webgl') ? null : getContext.call(this, kind, ...rest);
        }"""
    async with chromium.visit(chrome, serving.url, drawn=False, scripts=(without,)) as visit:
        shown = visit.page.locator(".loading p")
        await shown.wait_for()
        assert "WebGL 2" in await shown.inner_text()
        visit.said[:] = [said for said in visit.said if "WebGL 2" not in said]


async def test_the_commit_is_named_though_the_line_changed_before_the_answer(
        chrome: Browser, story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, asked, over = answers.answer, asyncio.Event(), asyncio.Event()

    async def late(repository: OpenRepository, scene: BuiltScene, query: Query) -> Result:
        if query.kind == "commit" and not asked.is_set():
            asked.set()
            await over.wait()
        return await answer(repository, scene, query)

    monkeypatch.setattr(answers, "answer", late)
    async with served(story) as serving, chromium.visit(chrome, serving.url, viewport=(900, 600)) as visit:
        async with asyncio.timeout(60):
            await asked.wait()
        line = visit.page.locator(".words .commit")
        assert (await line.inner_text()).strip() == ""
        await visit.run("xrserver.setScene('city')")
        await line.get_by_text(re.compile(r"\S")).first.wait_for()
        over.set()
