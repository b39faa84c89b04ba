"""In an emulated headset the page shows the same city to two eyes, and comes back from it."""

from __future__ import annotations

import chromium
import headset
import pytest
from playwright.async_api import Browser

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_headset_is_entered_and_left_by_the_button(chrome: Browser, url: str) -> None:
    async with headset.worn(chrome, url) as worn:
        await worn.enter("vr")
        state = await worn.state()
        assert state["mode"] == "vr"
        assert 2 <= state["drawCalls"] <= 60
        assert await worn.run("device.activeSession.frameRate") == 120
        await worn.leave()
        assert (await worn.state())["mode"] == "desktop"


async def test_a_browser_without_a_headset_offers_none(chrome: Browser, url: str) -> None:
    async with chromium.visit(chrome, url) as visit:
        assert await visit.page.locator(".enter-mode:visible").count() == 0


#: A browser that cannot cut off what one eye sees where the other's part of the picture begins.
UNCUT = """(() => {
  const extension = WebGL2RenderingContext.prototype.getExtension;
  WebGL2RenderingContext.prototype.getExtension = function (name) {
    return name === 'WEBGL_clip_cull_distance' ? null : extension.call(this, name);
  };
})()"""


async def test_both_eyes_are_drawn_at_once_and_see_what_each_alone_would(chrome: Browser, url: str) -> None:
    pictures, calls = [], []
    for scripts in ((), (UNCUT,)):
        async with headset.worn(chrome, url, scripts=scripts, every_frame=True) as worn:
            await worn.enter("vr")
            await worn.run("xrserver.select('/')")
            await worn.seconds(3)  # names have come, panels are there
            pictures.append(await worn.visit.picture())
            calls.append((await worn.state())["drawCalls"])
    both, apart = pictures
    assert calls[0] * 2 == calls[1]
    assert chromium.colours(both) > 50
    assert chromium.differing(both, apart) < 0.001
    left, right = (both.crop((x, 0, x + both.width // 2, both.height)) for x in (0, both.width // 2))
    assert chromium.differing(left, right) > 0.01
