"""The menu of a headset leads to another repository, and says what the colours of that one mean."""

from __future__ import annotations

from pathlib import Path

import headset
import pytest
from headset import Headset
from playwright.async_api import Browser
from reaching import click, panel, target
from repositories import Script
from served import served

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def choose(worn: Headset, name: str) -> None:
    """Press a button of the menu."""
    await click(worn, target(await panel(worn, "menu"), name))


async def test_another_repository_is_chosen_in_the_menu_and_its_colours_are_told(
        chrome: Browser, story: Path, tmp_path: Path) -> None:
    script = Script()
    script.commit({"main.py": b"x\n", "vendor/lib.js": b"y\n", "docs/one.md": b"z\n", "docs/two.md": b"z\n"})
    other = script.write(tmp_path / "other")
    async with served(story, other, exclude=("docs/",)) as serving, \
            headset.worn(chrome, serving.url) as worn:
        await worn.enter("vr")
        before = await worn.still()
        await worn.press("right", "b-button", 1)
        await worn.press("right", "b-button", 0)
        await choose(worn, "Repository: \u2068story\u2069")
        await worn.visit.until("state.panels[0].words.includes('shown now')")
        await choose(worn, "\u2068other\u2069")
        await worn.visit.until("state.headRank === 0 && state.scene === 'city'")
        assert (await worn.state())["mode"] == "vr"
        assert (await worn.still()).position[1] == pytest.approx(before.position[1], abs=0.01)
        await worn.press("right", "b-button", 1)
        await worn.press("right", "b-button", 0)
        await choose(worn, "Colours")
        await worn.visit.until("state.panels[0].words.includes('Vendored or generated')")
        for colouring in ("Kind", "Age", "Author"):
            await choose(worn, colouring)
            await worn.frames(3)
            assert "2 files excluded by --exclude" in (await panel(worn, "menu"))["words"], colouring


async def test_all_stand_side_by_side_in_a_headset_named_and_within_reach(
        chrome: Browser, story: Path, tmp_path: Path) -> None:
    script = Script()
    for number in range(30):
        script.commit({f"part{number % 3}/file{number}": b"line\n" * 40 * (number + 1)})
    other = script.write(tmp_path / "other")
    async with served(story, other) as serving, headset.worn(chrome, serving.url) as worn:
        await worn.enter("vr")
        await worn.press("right", "b-button", 1)
        await worn.press("right", "b-button", 0)
        await choose(worn, "Repository: \u2068story\u2069")
        await choose(worn, "All side by side")
        await worn.visit.until("state.repositories.length === 2 && state.repositories[1].nodesDrawn > 30")
        await worn.run("xrserver.headset.preset('tabletop')")
        await worn.still()
        await worn.visit.until(
            "['story', 'other'].every(name => state.names.some(({text}) => text === name))")
        state = await worn.state()
        assert state["mode"] == "vr" and state["drawCalls"] <= 30
        first, second = (each["plot"] for each in state["repositories"])
        assert first == [0, 0] and second != [0, 0]
        await worn.press("right", "b-button", 1)
        await worn.press("right", "b-button", 0)
        await choose(worn, "Colours")
        await worn.visit.until(
            "['story', 'other'].every(name => state.panels[0].words.some(word => word.includes(name)))")
        await choose(worn, "Back")
        await choose(worn, "All side by side")
        await choose(worn, "\u2068other\u2069")
        await worn.visit.until("state.repositories.length === 0 && state.headRank === 29")
