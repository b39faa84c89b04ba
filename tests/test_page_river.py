"""The river in the page: beads name their commits, and a commit that is selected lights up its files."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import chromium
import pytest
from playwright.async_api import Browser
from served import git, served
from test_history_live import Work

from xrserver.history.log import read_index
from xrserver.history.repository import Repository
from xrserver.layout.continued import Continued
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


@pytest.mark.parametrize("scene", ["river", "both"])
async def test_a_commit_that_lands_is_drawn_where_the_river_ends(chrome: Browser, tmp_path: Path,
                                                                scene: str) -> None:
    work = Work(tmp_path / "work")
    for n in range(12):
        work.commit({f"src/f{n}.py": "x\n" * 60 * (n + 1)})
    with Repository.open(work.folder) as repository:
        index = read_index(repository)
    async with (served(work.folder, scene=scene) as serving,
                chromium.visit(chrome, serving.url, calm=False) as visit):
        before = await visit.state()
        async with asyncio.timeout(60):
            await asyncio.gather(*(each.current.wait() for each in serving.following))
        for n in range(8):  # far beyond where the river ended, and seen from near by
            work.second += 86_400
            changes: dict[str, str | None] = {"src/f3.py": f"{n}\n" * 900, "new.py": f"{n}\n" * 500}
            oid = await asyncio.to_thread(work.commit, changes)
            await visit.until(f"state.headRank === {12 + n} && state.rank === {12 + n}")
        after = await visit.state()
        assert after["generation"] == before["generation"]
        assert after["nodesDrawn"] > before["nodesDrawn"]
        if scene == "river":
            course = Continued(lay_out_river(index, load_scene("river").river), index)
            with Repository.open(work.folder) as repository:
                course.grow(read_index(repository))
            await visit.run("pose => xrserver.setPose(pose)",
                            looking_at(course.layout.position[19].tolist(), 6.0))
            await visit.page.mouse.move(240, 148)
            await visit.until(f"state.hovered !== null && '{oid}'.startsWith(state.hovered)")
            await chromium.soon(lambda: says(visit, f"change {work.second}"))
            await visit.page.mouse.move(2, 2)
            await visit.until("state.hovered === null")
        pose = (await visit.state())["worldFromScene"]
        async with chromium.visit(chrome, serving.url) as late:
            await late.until("state.headRank === 19 && state.rank === 19")
            await late.run("pose => xrserver.setPose(pose)", pose)

            async def same() -> bool:
                return chromium.differing(await late.picture(), await visit.picture()) < 0.002

            await chromium.soon(same)
            assert (await late.state())["generation"] == before["generation"]


async def says(visit: chromium.Visit, subject: str) -> bool:
    """Whether that stands beside what is pointed at."""
    return subject in await visit.page.locator(".tooltip").inner_text()


async def lit(visit: chromium.Visit, dark: object) -> bool:
    """Whether buildings are outlined that were not."""
    return chromium.differing(dark, await visit.picture()) > 0.001
