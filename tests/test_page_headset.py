"""In an emulated headset the page shows the same city to two eyes, and comes back from it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import chromium
import headset
import pytest
import pytest_asyncio
from playwright.async_api import Browser
from served import served, tell

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chrome() -> AsyncIterator[Browser]:
    async with chromium.browser() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    repository: Path = tell(tmp_path_factory.mktemp("headset") / "story.git")
    async with served(repository) as serving:
        yield serving.url


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
