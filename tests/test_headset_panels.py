"""Panels around somebody who wears a headset: where they are, what they say, and hands that use them."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import chromium
import headset
import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Browser
from served import served, tell

from xrserver import spaces

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: The story's city as a model on a table before the person; metres of the room.
TABLETOP = {"position": [0, 0.8, -1.0], "orientation": [0, 0, 0, 1], "scale": 0.008}
HEAD = np.array([0.0, 1.6, 0.0])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chrome() -> AsyncIterator[Browser]:
    async with chromium.browser() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    repository: Path = tell(tmp_path_factory.mktemp("panels") / "story.git")
    async with served(repository) as serving:
        yield serving.url


async def panel(worn: headset.Headset, name: str) -> dict[str, Any]:
    """An open panel, once it is."""
    await worn.visit.until(f"state.panels.some(panel => panel.name === '{name}')")
    return next(each for each in (await worn.state())["panels"] if each["name"] == name)


def target(of: dict[str, Any], name: str) -> np.ndarray:
    """Where something that can be pressed is, metres of the room."""
    return next(np.array(each["position"]) for each in of["targets"] if each["name"] == name)


async def aim(worn: headset.Headset, at: np.ndarray, side: headset.Side = "right") -> None:
    """Point a controller at a place, from beside the hip."""
    x, y, z = (0.25 if side == "right" else -0.25), 1.2, -0.05
    dx, dy, dz = at - (x, y, z)
    await worn.controller(side, x, y, z, math.atan2(-dx, -dz), math.atan2(dy, math.hypot(dx, dz)))


async def click(worn: headset.Headset, at: np.ndarray) -> None:
    """Point there and pull the trigger."""
    await aim(worn, at)
    await worn.press("right", "trigger", 1)
    await worn.press("right", "trigger", 0)


async def test_what_is_selected_is_told_on_a_panel_at_arms_length(chrome: Browser, url: str) -> None:
    async with headset.worn(chrome, url) as worn:
        await worn.enter("vr")
        await worn.run("pose => xrserver.setPose(pose)", TABLETOP)
        assert await worn.run("xrserver.select('src/new.py')")
        shown = await panel(worn, "inspector")
        # At arm's length, in front, upright and facing the head.
        away = np.array(shown["position"]) - HEAD
        distance = float(np.linalg.norm(away))
        assert 0.3 < distance < 0.65
        assert away[2] < 0
        facing = spaces.rotate(shown["orientation"], (0, 0, 1))
        assert np.dot(facing, -away / distance) > 0.999
        assert abs(spaces.rotate(shown["orientation"], (1, 0, 0))[1]) < 1e-6
        # Its lines are as high as a headset needs them.
        assert math.degrees(math.atan(shown["line"] / distance)) >= 1.2
        # It stays where it is while the head turns, and tells more of the same thing there.
        await worn.head(0, 1.6, 0, yaw=0.4)
        await worn.visit.seek("rank:0")
        await worn.visit.until("state.rank === 0")
        assert (await panel(worn, "inspector"))["position"] == shown["position"]
        # Another ray that presses its cross closes it.
        await click(worn, target(await panel(worn, "inspector"), "Close"))
        await worn.visit.until("state.selected === null && !state.panels.some(each => each.name === 'inspector')")
