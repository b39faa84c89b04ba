"""In a headset the city stands before one, and follows the hands to the centimetre."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from pathlib import Path

import chromium
import headset
import pytest
import pytest_asyncio
from headset import Headset
from playwright.async_api import Browser
from served import served, tell

from xrserver import spaces
from xrserver.spaces import Pose, Vector

pytestmark = pytest.mark.asyncio(loop_scope="module")

CENTIMETRE = 0.01
MILLIMETRE = 0.001


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chrome() -> AsyncIterator[Browser]:
    async with chromium.browser() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    repository: Path = tell(tmp_path_factory.mktemp("headset") / "story.git")
    async with served(repository) as serving:
        yield serving.url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(chrome: Browser, url: str) -> AsyncIterator[Headset]:
    """One page for all; each test begins before a new tabletop."""
    async with headset.worn(chrome, url) as worn:
        await worn.enter("vr")
        yield worn


@pytest_asyncio.fixture(loop_scope="module")
async def worn(page: Headset) -> Headset:
    await page.controllers()
    await page.head(0, 1.6, 0)
    await page.run("xrserver.headset.preset('tabletop')")
    await page.still()
    return page


def level(pose: Pose) -> bool:
    """Whether up is up."""
    return abs(spaces.rotate(pose.orientation, (0, 1, 0))[1] - 1) < 1e-9


def apart(a: Vector, b: Vector) -> float:
    """Metres between two points."""
    return spaces.length(spaces.subtract(a, b))


async def test_the_city_stands_before_the_person_as_a_tabletop(worn: Headset) -> None:
    pose = await worn.pose()
    assert level(pose)
    # A square city of a few files: as wide as a table, its front edge an arm's length ahead, at elbow height.
    x, y, z = pose.position
    assert (x, y) == pytest.approx((0, 1.0), abs=CENTIMETRE)
    assert -1.1 < z < -0.6


async def test_somebody_who_sits_and_looks_aside_has_it_before_them_too(worn: Headset) -> None:
    await worn.head(1.0, 1.15, 2.0, yaw=math.pi / 2, pitch=-0.4)
    await worn.run("xrserver.headset.recentre()")
    pose = await worn.still()
    assert level(pose)
    x, y, z = pose.position
    assert (y, z) == pytest.approx((0.55, 2.0), abs=CENTIMETRE)
    assert -0.1 < x < 0.4


async def test_one_hand_takes_the_world_along_to_the_millimetre(worn: Headset) -> None:
    before = await worn.pose()
    await worn.controller("right", 0.3, 1.2, -0.4)
    await worn.press("right", "squeeze")
    await worn.controller("right", 0.42, 1.31, -0.55)
    after = await worn.pose()
    moved = spaces.subtract(after.position, before.position)
    assert moved == pytest.approx((0.12, 0.11, -0.15), abs=MILLIMETRE)
    assert (after.orientation, after.scale) == (before.orientation, before.scale)
    await worn.press("right", "squeeze", 0)
    await worn.controller("right", 0, 1.0, 0)
    assert await worn.still() == after
    await worn.run("xrserver.headset.undo()")
    assert apart((await worn.still()).position, before.position) < MILLIMETRE
