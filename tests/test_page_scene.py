"""The page shows what git says: driven in Chromium against a real server of a scripted repository."""

from __future__ import annotations

from pathlib import Path

import chromium
import pytest
from playwright.async_api import Browser
from served import git

pytestmark = pytest.mark.asyncio(loop_scope="session")


def tree(story: Path, commit: str) -> list[bytes]:
    """The paths of a commit, as git lists them."""
    return git(story, "ls-tree", "-r", "-z", "--name-only", commit).split(b"\0")[:-1]


def districts(paths: list[bytes]) -> set[bytes]:
    """The directories around paths, the root among them."""
    found = {b""}
    for path in paths:
        parts = path.split(b"/")[:-1]
        found |= {b"/".join(parts[:n + 1]) for n in range(len(parts))}
    return found


async def test_the_page_draws_the_newest_tree_and_says_so(chrome: Browser, url: str,
                                                          story: Path) -> None:
    async with chromium.visit(chrome, url) as visit:
        state = await visit.state()
        paths = tree(story, "main")
        assert state["connected"] is True
        assert (state["mode"], state["scene"]) == ("desktop", "city")
        assert state["headRank"] == state["rank"] == len(git(story, "rev-list", "--all").split()) - 1
        assert state["nodesDrawn"] == len(paths) + len(districts(paths))
        assert state["residentSpans"] > state["nodesDrawn"]
        assert 1 <= state["drawCalls"] <= 6
        assert state["triangles"] > 0
        assert chromium.colours(await visit.picture()) > 200


async def test_at_every_rank_what_is_drawn_is_what_git_lists(chrome: Browser, url: str,
                                                             story: Path) -> None:
    mainline = git(story, "rev-list", "--first-parent", "main").decode().split()
    async with chromium.visit(chrome, url) as visit:
        for commit in mainline:
            rank = await visit.seek(commit)
            state = await visit.state()
            paths = tree(story, commit)
            assert state["rank"] == rank
            assert state["nodesDrawn"] == len(paths) + len(districts(paths)), commit


async def test_the_same_rank_is_the_same_picture_from_both_sides(chrome: Browser, url: str) -> None:
    async with chromium.visit(chrome, url) as visit:
        head = (await visit.state())["headRank"]
        forwards = {}
        for rank in range(head + 1):
            await visit.seek(rank)
            forwards[rank] = await visit.picture()
        for rank in reversed(range(head + 1)):
            await visit.seek(rank)
            assert chromium.differing(forwards[rank], await visit.picture()) == 0.0, rank
        assert chromium.differing(forwards[0], forwards[head]) > 0.001


async def test_scrubbing_through_what_is_resident_asks_for_nothing(chrome: Browser, url: str,
                                                                   story: Path) -> None:
    order = git(story, "rev-list", "--date-order", "--reverse", "--all").decode().split()
    async with chromium.visit(chrome, url) as visit:
        head = (await visit.state())["headRank"]
        # Words for a commit come once, when the playhead has rested on it: let them come first.
        for rank in range(head + 1):
            await visit.seek(rank)
            subject = git(story, "log", "-1", "--format=%s", order[rank]).decode().strip()
            await chromium.soon(lambda subject=subject: visit.run(
                "subject => document.querySelector('.dock .subject').textContent === subject", subject))
        received = (await visit.state())["bytesReceived"]
        for rank in [*range(head + 1), *reversed(range(head + 1))]:
            await visit.seek(rank)
            await visit.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert (await visit.state())["bytesReceived"] == received


async def test_playing_reaches_the_end_and_rests_there(chrome: Browser, url: str) -> None:
    async with chromium.visit(chrome, url, calm=False) as visit:
        head = (await visit.state())["headRank"]
        await visit.seek(0)
        await visit.run("xrserver.play(8)")
        assert (await visit.state())["playing"] is True
        await visit.until(f"state.rank === {head} && !state.playing")


async def test_play_pause_step_and_pace_answer_to_keys_and_buttons(chrome: Browser, url: str) -> None:
    async with chromium.visit(chrome, url, viewport=(900, 420)) as visit:
        keyboard = visit.page.keyboard
        await visit.seek(0)
        await keyboard.press("Period")
        await visit.until("state.rank > 0")
        await keyboard.press("Comma")
        await visit.until("state.rank === 0")
        pace = (await visit.state())["pace"]
        await keyboard.press("KeyP")
        await visit.until(f"state.pace !== '{pace}'")
        await visit.run("xrserver.play(0.25)")
        await keyboard.press("Space")
        assert (await visit.state())["playing"] is False
        await visit.page.click("button.play")
        assert (await visit.state())["playing"] is True
        await visit.page.click("button.play")
        assert (await visit.state())["playing"] is False


async def test_the_timeline_is_dragged_to_both_ends(chrome: Browser, url: str) -> None:
    async with chromium.visit(chrome, url, viewport=(700, 360)) as visit:
        box = await visit.page.locator(".track").bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        head = (await visit.state())["headRank"]
        await visit.page.mouse.move(box["x"] + box["width"] - 2, middle)
        await visit.page.mouse.down()
        await visit.page.mouse.move(box["x"] + 1, middle, steps=4)
        await visit.until("state.rank === 0")
        await visit.page.mouse.move(box["x"] + box["width"] - 1, middle, steps=4)
        await visit.page.mouse.up()
        await visit.until(f"state.rank === {head}")


async def test_a_selected_path_is_inspected(chrome: Browser, url: str, story: Path) -> None:
    async with chromium.visit(chrome, url, viewport=(900, 600)) as visit:
        events = await visit.page.evaluate_handle(
            "(() => { const heard = []; xrserver.on('select', e => heard.push(e.path)); return heard })()")
        assert await visit.run("xrserver.select('src/new.py')") is True
        inspector = visit.page.locator(".inspector")
        await inspector.wait_for()
        text = await inspector.inner_text()
        assert "new.py" in text
        assert "13 B" in text                       # hello, world
        assert "Bob" in text
        assert git(story, "log", "-1", "--format=%s", "main~1^2").decode().strip() in text
        assert (await visit.state())["selected"] == "src/new.py"
        await visit.page.keyboard.press("Escape")
        await inspector.wait_for(state="hidden")
        assert (await visit.state())["selected"] is None
        assert await events.json_value() == ["src/new.py", None]


async def test_a_path_or_moment_that_is_not_there_is_refused_in_words(chrome: Browser, url: str) -> None:
    async with chromium.visit(chrome, url) as visit:
        assert await visit.run("xrserver.select('no/such/file')") is False
        said = await visit.run("xrserver.seek('no-such-moment').then(() => '', error => error.message)")
        assert "no-such-moment" in said
        assert (await visit.state())["rank"] == (await visit.state())["headRank"]


async def test_clicking_a_building_selects_it(chrome: Browser, url: str) -> None:
    async with chromium.visit(chrome, url, viewport=(640, 360)) as visit:
        await visit.page.keyboard.press("KeyL")     # the legend out of the way
        found = ""
        for x in range(180, 480, 20):
            await visit.page.mouse.move(x, 130)
            await visit.run("new Promise(done => setTimeout(done, 120))")
            found = (await visit.state())["hovered"] or ""
            if found and "." in found:
                break
        assert found, "no building under the pointer anywhere"
        await visit.page.wait_for_selector(".tooltip:not([hidden])")
        await visit.page.mouse.down()
        await visit.page.mouse.up()
        await visit.until("state.selected !== null")
        assert (await visit.state())["selected"] == found


async def test_names_that_are_not_utf8_are_shown_escaped(chrome: Browser, url: str) -> None:
    async with chromium.visit(chrome, url, viewport=(900, 600)) as visit:
        seen = set()
        for node in range(0, 60, 2):
            await visit.run("node => xrserver.select(node)", node)
            seen.add((await visit.state())["selected"])
        assert r"caf\xe9.txt" in seen
        assert r"line\x0abreak.txt" in seen
        assert "漢字/ä.md" in seen


async def test_resizing_fills_the_window_again(chrome: Browser, url: str) -> None:
    async with chromium.visit(chrome, url) as visit:
        await visit.page.set_viewport_size({"width": 360, "height": 480})
        await chromium.soon(lambda: visit.run("document.querySelector('#view').width === 360"))
        picture = await visit.picture()
        assert picture.size == (360, 480)
        assert chromium.colours(picture) > 150


async def test_a_lost_context_comes_back_with_the_same_picture(chrome: Browser, url: str) -> None:
    async with chromium.visit(chrome, url) as visit:
        before = await visit.picture()
        await visit.run("""() => {
            const gl = document.querySelector('#view').getContext('webgl2');
            window.lost = gl.getExtension('WEBGL_lose_context');
            window.lost.loseContext();
        }""")
        await visit.page.wait_for_selector(".notices .line:not([hidden])")
        await visit.run("window.lost.restoreContext()")
        await visit.page.wait_for_selector(".notices .line", state="hidden")
        assert chromium.differing(before, await visit.picture()) == 0.0
        # three.js says on the console that the context went and came.
        visit.said[:] = [said for said in visit.said if "Context" not in said]


async def test_day_and_colours_change_the_picture_and_nothing_is_fetched(chrome: Browser, url: str) -> None:
    async with chromium.visit(chrome, url) as visit:
        night = await visit.picture()
        before = (await visit.state())["bytesReceived"]
        await visit.page.keyboard.press("KeyN")
        day = await visit.picture()
        assert sum(day.resize((1, 1)).getpixel((0, 0))) > 2 * sum(night.resize((1, 1)).getpixel((0, 0)))
        await visit.page.keyboard.press("KeyN")
        await visit.page.keyboard.press("KeyC")
        assert chromium.differing(night, await visit.picture()) > 0.0005
        assert (await visit.state())["bytesReceived"] == before


async def test_flying_undoing_and_recentring_move_the_scene(chrome: Browser, url: str) -> None:
    async with chromium.visit(chrome, url) as visit:
        home = (await visit.state())["worldFromScene"]["position"]
        await visit.page.keyboard.down("KeyW")
        await visit.until(f"state.worldFromScene.position[2] !== {home[2]}")
        await visit.page.keyboard.up("KeyW")
        await visit.run("new Promise(done => setTimeout(done, 900))")
        away = (await visit.state())["worldFromScene"]["position"]
        await visit.page.keyboard.press("KeyU")
        await visit.until(f"Math.hypot(...[{home}].map((p) => p.map((x, i) => "
                          "x - state.worldFromScene.position[i]))[0]) < 1e-6")
        assert away != home
