"""Whatever happens to a headset, what was there before comes back: place, moment, selection and window."""

from __future__ import annotations

import contextlib
import math
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import headset
import numpy as np
import pytest
import pytest_asyncio
from headset import Headset
from playwright.async_api import Browser
from reaching import panel
from served import silent

from xrserver import app, spaces
from xrserver.config import Config
from xrserver.spaces import Vector

pytestmark = pytest.mark.asyncio(loop_scope="session")

MILLIMETRE = 0.001


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(chrome: Browser, url: str) -> AsyncIterator[Headset]:
    async with headset.worn(chrome, url, "metaQuest2",
                            expected=("THREE.WebGLRenderer: Context",)) as worn:
        yield worn


@pytest_asyncio.fixture(loop_scope="session")
async def worn(page: Headset) -> Headset:
    """The one page, in VR before a tabletop."""
    if (await page.state())["mode"] == "desktop":
        await page.enter("vr")
    await page.rest()
    await page.run("xrserver.select(null)")
    await page.run("xrserver.headset.preset('tabletop')")
    await page.still()
    return page


def apart(a: Vector, b: Vector) -> float:
    """Metres between two points."""
    return spaces.length(spaces.subtract(a, b))


async def test_what_is_refused_is_said_in_words_and_can_be_tried_again(page: Headset) -> None:
    said = page.visit.page.locator(".enter .why")
    button = page.visit.page.get_by_role("button", name="Enter VR")
    # The session ends before it is shown; then the person says no; then two clicks come at once.
    await page.run("""() => {
        const { xr } = navigator, ask = xr.requestSession.bind(xr);
        window.asked = [];
        const ways = [
            async (...how) => { const session = await ask(...how); session.end(); return session; },
            () => Promise.reject(new DOMException('no', 'NotAllowedError')),
            ask,
        ];
        xr.requestSession = (...how) => {
            asked.push(how[0]);
            return ways[Math.min(asked.length - 1, 2)](...how);
        };
    }""")
    await button.click()
    await said.filter(has_text="ended it again at once").wait_for()
    await button.click()
    await said.filter(has_text="the browser was not allowed to show it").wait_for()
    assert (await page.state())["mode"] == "desktop"
    await page.run("""() => {
        const button = document.querySelector('.enter-mode'); // VR comes first
        button.click();
        button.click();
    }""")
    await page.visit.until("state.mode === 'vr'")
    assert await page.run("asked") == ["immersive-vr"] * 3
    assert await said.text_content() == ""
    await page.leave()


async def test_the_window_comes_back_as_it_was_and_so_does_the_headset(page: Headset) -> None:
    window = await page.pose()
    await page.enter("vr")
    await page.run("xrserver.seek(2)")
    assert await page.run("xrserver.select('README.md')")
    await page.rest()
    await page.controller("right", 0.3, 1.2, -0.4)
    await page.press("right", "squeeze")
    await page.controller("right", 0.4, 1.3, -0.6)
    await page.press("right", "squeeze", 0)
    there = await page.still()
    await page.leave()  # as when it is taken off
    assert await page.pose() == window
    # Not under the picture.
    assert await page.run("document.elementFromPoint(240, 200).closest('.dock') !== null")
    size = "(() => { const { width, height } = document.querySelector('#view'); return [width, height] })()"
    assert tuple(await page.run(size)) == headset.VIEWPORT
    await page.visit.page.get_by_role("button", name="Enter VR").press("Enter")
    await page.visit.until("state.mode === 'vr'")
    again = await page.still()
    assert apart(again.position, there.position) < MILLIMETRE
    assert again.scale == there.scale
    state = await page.state()
    assert (state["rank"], state["selected"]) == (2, "README.md")


async def test_asleep_nothing_plays_and_awake_it_goes_on(worn: Headset) -> None:
    await worn.run("xrserver.seek(0)")
    await worn.run("xrserver.play(0.5)")
    await worn.run("device.updateVisibilityState('hidden')")
    await worn.visit.until("!state.playing")
    rank = (await worn.state())["rank"]
    await worn.run("device.updateVisibilityState('visible')")
    await worn.visit.until("state.playing")
    assert (await worn.state())["rank"] <= rank + 1
    await worn.run("xrserver.pause()")


async def test_behind_the_systems_menu_hands_do_nothing_but_the_picture_goes_on(worn: Headset) -> None:
    before = await worn.pose()
    await worn.controller("right", 0.3, 1.2, -0.4)
    await worn.press("right", "squeeze")
    await worn.run("device.updateVisibilityState('visible-blurred')")
    await worn.frames(3)
    await worn.controller("right", 0.6, 1.5, -0.4)
    assert await worn.pose() == before
    assert (await worn.state())["drawCalls"] >= 2
    await worn.run("device.updateVisibilityState('visible')")
    await worn.press("right", "squeeze", 0)
    assert apart((await worn.still()).position, before.position) < MILLIMETRE


async def test_a_head_that_is_lost_keeps_its_last_picture(worn: Headset) -> None:
    before = await worn.pose()
    frames = "(() => { const seen = XRFrame.prototype.getViewerPose; %s })()"
    await worn.run(frames % "window.seenPose = seen; XRFrame.prototype.getViewerPose = () => null;")
    await worn.frames(4)
    await worn.run(frames % "XRFrame.prototype.getViewerPose = window.seenPose;")
    await worn.frames(2)
    assert await worn.pose() == before
    assert all(map(math.isfinite, (*before.position, *before.orientation, before.scale)))


async def test_who_asks_for_the_middle_has_the_city_before_them(worn: Headset) -> None:
    before = await worn.pose()
    await worn.head(1.5, 1.6, 2.0, yaw=2.0)
    await worn.run("device.recenter()")
    await worn.frames(3)
    # The room's origin is where they are and look now, and the city is before them as at first.
    assert apart((await worn.still()).position, before.position) < 0.02
    # In life size nothing that they see moves.
    await worn.run("xrserver.headset.preset('life')")
    life = await worn.still()
    eye = await worn.eye()
    stood = spaces.apply_inverse(life, eye)
    await worn.run("device.position.set(0.7, 1.6, -0.4)")
    await worn.frames(2)
    here = spaces.apply_inverse(life, await worn.eye())
    await worn.run("device.recenter()")
    await worn.frames(3)
    again = spaces.apply_inverse(await worn.still(), await worn.eye())
    assert apart(here, stood) > 0.5
    assert apart(again, here) < 0.01


async def test_a_socket_that_drops_on_entering_loses_nothing(worn: Headset) -> None:
    await worn.run("xrserver.seek(1)")
    pose = await worn.pose()
    await worn.run("xrserver.select('README.md')")
    generation = await worn.run("""() => {
        window.lines = [];
        xrserver.on('connection', ({ connected }) => lines.push(connected));
        xrserver.setScene(''); // the worker closes its socket and opens another, with the resume token
        return xrserver.state().generation;
    }""")
    await worn.visit.until("lines.length > 0 && state.connected")
    state = await worn.state()
    assert (state["mode"], state["rank"], state["selected"]) == ("vr", 1, "README.md")
    assert state["generation"] == generation
    assert await worn.pose() == pose


async def test_a_lost_graphics_card_lets_one_out_and_says_so(worn: Headset) -> None:
    spans = (await worn.state())["residentSpans"]
    await worn.run("""() => {
        const gl = document.querySelector('#view').getContext('webgl2');
        window.losing = gl.getExtension('WEBGL_lose_context');
        losing.loseContext();
    }""")
    await worn.visit.until("state.mode === 'desktop'")
    await worn.visit.page.get_by_text("so the headset was left").wait_for()
    await worn.run("losing.restoreContext()")
    await worn.visit.page.wait_for_selector(".notices .line", state="hidden")
    assert (await worn.state())["residentSpans"] == spans
    await worn.enter("vr")
    assert (await worn.state())["drawCalls"] >= 2
    # The emulator asks a lost context for its state, and stumbles over the answer.
    worn.visit.said[:] = [each for each in worn.visit.said if "onDeviceFrame" not in each]


async def test_a_server_that_goes_away_while_it_is_worn_is_told_and_finds_everything_where_it_was(
        chrome: Browser, story: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    config = Config(repositories=(story,), port=port, jobs=1, token=False)
    refused = ("WebSocket connection to", "Failed to load resource: net::ERR_CONNECTION_REFUSED")
    async with contextlib.AsyncExitStack() as wearing:
        async with app.server(config, silent) as first:
            worn = await wearing.enter_async_context(headset.worn(chrome, first.url, expected=refused))
            await worn.enter("vr")
            await worn.run("xrserver.seek(2)")
            await worn.run("xrserver.select('README.md')")
            await worn.controller("right", 0.3, 1.2, -0.4)
            await worn.press("right", "squeeze")
            await worn.controller("right", 0.4, 1.3, -0.6)
            await worn.press("right", "squeeze", 0)
            pose = await worn.still()
            before = await worn.state()
        # A card says so, where the head looks by then.
        await worn.head(0, 1.6, 0, yaw=1.2)
        shown = await panel(worn, "card")
        way = np.array(shown["position"]) - (0, 1.6, 0)
        gaze = np.array(spaces.rotate(spaces.yaw_pitch(1.2, 0), (0, 0, -1)))
        assert not (await worn.state())["connected"]
        assert np.dot(way / np.linalg.norm(way), gaze) > 0.8
        # The city is there and can be used without a server.
        await worn.head(0, 1.6, 0)
        await worn.controller("right", 0.3, 1.2, -0.4)
        await worn.press("right", "squeeze")
        await worn.controller("right", 0.3, 1.3, -0.4)
        await worn.press("right", "squeeze", 0)
        lifted = spaces.subtract((await worn.still()).position, pose.position)
        assert lifted == pytest.approx((0, 0.1, 0), abs=MILLIMETRE)
        await worn.run("xrserver.headset.undo()")
        await worn.still()
        async with app.server(config, silent):
            await worn.visit.until("state.connected")
            await worn.visit.until("!state.panels.some(each => each.name === 'card')")
            after = await worn.state()
            for key in ("mode", "rank", "selected", "generation", "headRank"):
                assert after[key] == before[key], key
            assert apart((await worn.still()).position, pose.position) < MILLIMETRE
            assert await worn.run("xrserver.seek(0)") == 0
            await wearing.aclose()
