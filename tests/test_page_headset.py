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
