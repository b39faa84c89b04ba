"""Several repositories in one server: the page lets one choose, and its address says which."""

from __future__ import annotations

from pathlib import Path

import chromium
import pytest
from playwright.async_api import Browser
from repositories import Script
from served import git, served

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_another_repository_is_chosen_on_the_page_and_by_its_address(
        chrome: Browser, story: Path, tmp_path: Path) -> None:
    script = Script()
    for number in range(3):
        script.commit({f"file{number}": b"x\n"})
    other = script.write(tmp_path / "other")
    heads = {folder: len(git(folder, "rev-list", "--all").split()) - 1 for folder in (story, other)}
    assert len(set(heads.values())) == 2
    async with served(story, other, resume_seconds=60.0) as serving:
        async with chromium.visit(chrome, serving.url) as visit:
            assert (await visit.state())["headRank"] == heads[story]
            await visit.run("xrserver.select('README.md')")
            chosen = visit.page.get_by_label("Repository", exact=True)
            assert await chosen.evaluate("select => [...select.options].map(option => option.text)") == [
                "story", "other", "All side by side"]
            await chosen.select_option("other")
            await visit.until(f"state.headRank === {heads[other]} && state.nodesDrawn === 4")
            assert (await visit.state())["selected"] is None
            assert await visit.page.title() == "other · xrserver"
            assert visit.page.url.endswith("/?repository=other")
            # Where one was is not gone with the line, nor with the page.
            await visit.page.reload()
            await visit.page.wait_for_selector(".loading.done", state="attached")
            await visit.until(f"state.headRank === {heads[other]}")
            assert await chosen.input_value() == "other"
            await visit.run("xrserver.setScene('city')")
            await visit.until(f"state.connected && state.headRank === {heads[other]}")
            await chosen.select_option("story")
            await visit.until(f"state.headRank === {heads[story]}")
        token = serving.url.partition("?")[2]
        address = f"{serving.url.partition('?')[0]}?{token}&repository=other"
        async with chromium.visit(chrome, address) as visit:
            assert (await visit.state())["headRank"] == heads[other]
            assert "token" not in visit.page.url and "repository=other" in visit.page.url


async def test_one_repository_alone_is_no_choice(chrome: Browser, url: str) -> None:
    async with chromium.visit(chrome, url) as visit:
        assert await visit.page.get_by_label("Repository", exact=True).count() == 0
        assert await visit.page.locator(".place h1").inner_text() == "story"
