"""The river in the page: beads name their commits, and a commit that is selected lights up its files."""

from __future__ import annotations

import math
from pathlib import Path

import chromium
import pytest
from playwright.async_api import Browser
from served import git

from xrserver.history.log import read_index
from xrserver.history.repository import Repository
from xrserver.layout.river import lay_out_river
from xrserver.navigation import locomotion
from xrserver.navigation.locomotion import Gaze
from xrserver.scene.definition import load_scene

pytestmark = pytest.mark.asyncio(loop_scope="session")


def looking_at(place: list[float], away: float, down: float = 0.0) -> dict[str, object]:
    """Return the pose in which a place of the scene lies straight before the eye."""
    x, y, z = place
    eye = (x, y + away * math.sin(down), z + away * math.cos(down))
    pose = locomotion.pose_of(Gaze(eye, 0.0, -down, 1.0))
    return {"position": pose.position, "orientation": pose.orientation, "scale": pose.scale}


async def test_pointing_at_a_bead_names_its_commit_and_every_commit_has_one(chrome: Browser, url: str,
                                                                           story: Path) -> None:
    with Repository.open(story) as repository:
        index = read_index(repository)
    layout = lay_out_river(index, load_scene("river").river)
    async with chromium.visit(chrome, url) as visit:
        await visit.run("xrserver.setScene('river')")
        await visit.until("state.scene === 'river'")
        head = (await visit.state())["headRank"]
        for rank in (0, int(index.mainline[len(index.mainline) // 2]), head):
            await visit.run("pose => xrserver.setPose(pose)", looking_at(layout.position[rank].tolist(), 6.0))
            oid = index.oids[rank].tobytes().hex()
            await visit.page.mouse.move(240, 148 + rank % 2)
            await visit.until(f"state.hovered !== null && '{oid}'.startsWith(state.hovered)")
            subject = git(story, "log", "-1", "--format=%s", oid).decode().strip()
            await chromium.soon(lambda subject=subject: says(visit, subject))


async def test_a_selected_commit_lights_up_its_files_beside_the_river(chrome: Browser, url: str,
                                                                      story: Path) -> None:
    tip = git(story, "rev-parse", "main").decode().strip()
    async with chromium.visit(chrome, url) as visit:
        await visit.run("xrserver.setScene('both')")
        await visit.until("state.scene === 'both'")
        # Over the city, whose files are lit: the river is out of the picture.
        await visit.run("pose => xrserver.setPose(pose)", looking_at([0.0, 0.0, 0.0], 60.0, 1.2))
        dark = await visit.picture()
        await visit.run("oid => xrserver.select(oid)", tip)
        await visit.until("state.selected !== null")
        await chromium.soon(lambda: lit(visit, dark))


async def says(visit: chromium.Visit, subject: str) -> bool:
    """Whether that stands beside what is pointed at."""
    return subject in await visit.page.locator(".tooltip").inner_text()


async def lit(visit: chromium.Visit, dark: object) -> bool:
    """Whether buildings are outlined that were not."""
    return chromium.differing(dark, await visit.picture()) > 0.001
