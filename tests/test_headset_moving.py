"""In a headset the city stands before one, and follows the hands to the centimetre."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import headset
import pytest
import pytest_asyncio
from headset import Headset
from playwright.async_api import Browser
from reaching import click, panel, sweep, target

from xrserver import spaces
from xrserver.spaces import Pose, Vector

pytestmark = pytest.mark.asyncio(loop_scope="session")

CENTIMETRE = 0.01
MILLIMETRE = 0.001


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(chrome: Browser, url: str) -> AsyncIterator[Headset]:
    """One page for all; each test begins before a new tabletop."""
    async with headset.worn(chrome, url) as worn:
        await worn.enter("vr")
        yield worn


@pytest_asyncio.fixture(loop_scope="session")
async def worn(page: Headset) -> Headset:
    await page.rest()
    await page.run("xrserver.headset.comfort({turn: 'snap', leftHanded: false, oneHanded: false})")
    await page.run("xrserver.headset.preset('tabletop')")
    await page.still()
    return page


def level(pose: Pose) -> bool:
    """Whether up is up."""
    return abs(spaces.rotate(pose.orientation, (0, 1, 0))[1] - 1) < 1e-9


def middle(points: tuple[Vector, Vector]) -> Vector:
    """The point between two."""
    return spaces.scaled(spaces.add(*points), 0.5)


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


async def test_two_hands_move_turn_and_scale_about_the_middle_between_them(worn: Headset) -> None:
    before = await worn.pose()
    await worn.controller("left", -0.2, 1.2, -0.4, frames=0)
    await worn.controller("right", 0.2, 1.2, -0.4)
    await worn.press("left", "squeeze", frames=0)
    await worn.press("right", "squeeze")
    taken = await worn.anchors()
    held = spaces.apply_inverse(before, middle(taken))
    # Twice as far apart, turned by a quarter, and higher.
    await worn.controller("left", 0.1, 1.3, 0.1, frames=0)
    await worn.controller("right", 0.1, 1.3, -0.7)
    after, hands = await worn.pose(), await worn.anchors()
    assert after.scale == pytest.approx(before.scale * apart(*hands) / apart(*taken), rel=0.001)
    assert after.scale > 1.8 * before.scale
    assert spaces.yaw_pitch_of(after.orientation) == pytest.approx((math.pi / 2, 0), abs=0.02)
    assert apart(spaces.apply(after, held), middle(hands)) < MILLIMETRE
    # The second hand leaves, and nothing jumps; the first drags on.
    await worn.press("right", "squeeze", 0)
    assert apart((await worn.pose()).position, after.position) < 1e-9
    await worn.controller("left", 0.1, 1.4, 0.1)
    await worn.press("left", "squeeze", 0)
    last = await worn.still()
    assert spaces.subtract(last.position, after.position) == pytest.approx((0, 0.1, 0), abs=MILLIMETRE)


async def test_a_pinch_in_empty_space_takes_the_world_along_and_flickering_does_not_drop_it(
        worn: Headset) -> None:
    before = await worn.pose()
    await worn.hand("right", 0.3, 1.5, -0.3, pitch=0.6)
    await worn.hands()
    await worn.ramp_pinch("right")
    await worn.hand("right", 0.35, 1.55, -0.3, pitch=0.6)
    moved = await worn.pose()
    assert spaces.subtract(moved.position, before.position) == pytest.approx((0.05, 0.05, 0), abs=CENTIMETRE)
    # Fingers that open for a frame are still closed.
    await worn.flicker("right")
    await worn.hand("right", 0.35, 1.45, -0.3, pitch=0.6)
    after = await worn.pose()
    assert spaces.subtract(after.position, before.position) == pytest.approx((0.05, -0.05, 0), abs=CENTIMETRE)
    await worn.ramp_pinch("right", 0.0)
    dropped = await worn.still()
    assert apart(dropped.position, after.position) < CENTIMETRE
    await worn.hand("right", 0.0, 1.0, 0.0)
    assert await worn.still() == dropped


async def test_a_hand_that_is_lost_and_found_does_not_throw_the_world(worn: Headset) -> None:
    await worn.controller("right", 0.3, 1.2, -0.4)
    await worn.press("right", "squeeze")
    before = await worn.pose()
    await worn.seen("right", False, frames=1)
    await worn.controller("right", 0.9, 1.9, 0.4, frames=1)
    await worn.seen("right", True)
    assert apart((await worn.pose()).position, before.position) < MILLIMETRE
    # Controllers put away in mid-grab let go.
    await worn.hands()
    await worn.hand("right", -0.4, 1.0, -0.2)
    assert apart((await worn.still()).position, before.position) < MILLIMETRE
    await worn.controllers()
    await worn.controller("right", 0.1, 1.0, 0.0)
    await worn.press("right", "squeeze", 0)
    assert apart((await worn.still()).position, before.position) < 1.5  # it may have been held on


async def test_the_stick_turns_in_steps_about_the_head(worn: Headset) -> None:
    await worn.head(0.5, 1.6, 0.3)
    before = await worn.still()
    await worn.stick("right", 1.0, 0.0, frames=4)
    once = await worn.pose()
    await worn.stick("right", 0.0, 0.0)
    eye = (0.5, 1.6, 0.3)
    assert apart(spaces.apply(once, spaces.apply_inverse(before, eye)), eye) < MILLIMETRE
    turned = spaces.yaw_pitch_of(once.orientation)[0] - spaces.yaw_pitch_of(before.orientation)[0]
    assert math.degrees(turned) == pytest.approx(30, abs=0.1)
    assert await worn.still() == once


async def test_the_other_stick_flies_where_the_head_looks_and_stops(worn: Headset) -> None:
    await worn.head(0, 1.6, 0, yaw=math.pi / 2, pitch=-0.5)
    before = await worn.still()
    await worn.stick("left", 0, -1)
    await worn.seconds(0.3)
    await worn.stick("left", 0, 0)
    after = await worn.still()
    x, y, z = spaces.subtract(after.position, before.position)
    assert x > 0.05  # it looks along −X: the city comes towards +X
    assert (y, z) == pytest.approx((0, 0), abs=MILLIMETRE)
    await worn.run("xrserver.headset.undo()")
    assert apart((await worn.still()).position, before.position) < MILLIMETRE


async def test_a_teleport_from_the_table_stands_one_in_the_city_and_back(worn: Headset) -> None:
    before = await worn.still()
    await worn.controller("right", 0.1, 1.3, -0.3, pitch=-0.8)
    await worn.stick("right", 0, -1, frames=4)
    assert await worn.pose() == before
    await worn.stick("right", 0, 0)
    there = await worn.still()
    assert there.scale == 1
    assert level(there)
    # The ray from the hand met the model at arm's length: that is where feet are now.
    feet = spaces.apply_inverse(there, (0, 0, 0))
    assert apart(spaces.apply(before, feet), (0.1, 1.0, -0.55)) < 0.15
    await worn.run("xrserver.headset.undo()")
    assert apart((await worn.still()).position, before.position) < MILLIMETRE


async def test_smooth_turning_goes_round_the_head_and_stops(worn: Headset) -> None:
    await worn.run("xrserver.headset.comfort({turn: 'smooth'})")
    await worn.head(0.5, 1.6, 0.3)
    before = await worn.still()
    for way in (1, -1):
        began = await worn.pose()
        await worn.stick("right", way, 0.0)
        await worn.seconds(0.3)
        await worn.stick("right", 0.0, 0.0)
        after = await worn.still()
        turned = spaces.yaw_pitch_of(after.orientation)[0] - spaces.yaw_pitch_of(began.orientation)[0]
        assert way * turned > 0.02, "to the right: the world goes to the left"
        eye = (0.5, 1.6, 0.3)
        assert apart(spaces.apply(after, spaces.apply_inverse(before, eye)), eye) < MILLIMETRE
        assert level(after) and after.scale == before.scale


async def test_left_handed_the_left_hand_turns_and_throws_and_the_right_one_flies(worn: Headset) -> None:
    await worn.run("xrserver.headset.comfort({leftHanded: true})")
    before = await worn.still()
    await worn.stick("left", 1.0, 0.0, frames=4)
    await worn.stick("left", 0.0, 0.0)
    once = await worn.still()
    turned = spaces.yaw_pitch_of(once.orientation)[0] - spaces.yaw_pitch_of(before.orientation)[0]
    assert math.degrees(turned) == pytest.approx(30, abs=0.1)
    await worn.stick("right", 0, -1)
    await worn.seconds(0.3)
    await worn.stick("right", 0, 0)
    flown = await worn.still()
    assert flown.position[2] - once.position[2] > 0.02
    assert flown.orientation == once.orientation
    await worn.run("xrserver.headset.undo()")
    await worn.still()
    await worn.controller("left", -0.1, 1.3, -0.3, pitch=-0.8)
    await worn.stick("left", 0, -1, frames=4)
    await worn.stick("left", 0, 0)
    assert (await worn.still()).scale == 1


async def test_with_one_hand_its_stick_does_all_that_two_would(worn: Headset) -> None:
    """One controller, and the other hand away: it turns and throws; a grab turns and sizes by its stick."""
    await worn.run("xrserver.headset.comfort({oneHanded: true})")
    await worn.seen("left", False)
    before = await worn.still()
    await worn.stick("right", 1.0, 0.0, frames=4)
    await worn.stick("right", 0.0, 0.0)
    once = await worn.still(700)  # what moves after a rest is undone by itself
    turned = spaces.yaw_pitch_of(once.orientation)[0] - spaces.yaw_pitch_of(before.orientation)[0]
    assert math.degrees(turned) == pytest.approx(30, abs=0.1)
    await worn.controller("right", 0.3, 1.2, -0.4)
    await worn.press("right", "squeeze")
    held = spaces.apply_inverse(await worn.pose(), (await worn.grip("right")))
    await worn.stick("right", 0.0, -1.0)
    await worn.seconds(0.3)
    await worn.stick("right", 0.0, 0.0)
    grown = await worn.pose()
    assert grown.scale > 1.02 * once.scale
    assert apart(spaces.apply(grown, held), await worn.grip("right")) < MILLIMETRE
    await worn.stick("right", 1.0, 0.0)
    await worn.seconds(0.3)
    await worn.stick("right", 0.0, 0.0)
    spun = await worn.pose()
    assert spaces.yaw_pitch_of(spun.orientation)[0] - spaces.yaw_pitch_of(grown.orientation)[0] > 0.02
    assert apart(spaces.apply(spun, held), await worn.grip("right")) < MILLIMETRE
    await worn.press("right", "squeeze", 0)
    await worn.run("xrserver.headset.undo()")
    assert apart((await worn.still()).position, once.position) < MILLIMETRE


async def test_who_is_led_to_a_thing_stands_before_it_in_life_size(worn: Headset) -> None:
    before = await worn.still()
    await worn.run("xrserver.select('README.md')")
    shown = await panel(worn, "inspector")
    await click(worn, target(shown, "Go there"))
    there = await worn.still()
    assert there.scale == 1 and level(there)
    # What was chosen is straight ahead of the eyes.
    await worn.controller("right", 0, 1.6, 0, pitch=0)
    ahead = [(0.0, pitch / 20) for pitch in range(-12, 4)]
    assert "README.md" in [path for path, _ in await sweep(worn, ahead)]
    await worn.run("xrserver.headset.undo()")
    assert apart((await worn.still()).position, before.position) < MILLIMETRE
    await worn.run("xrserver.select(null)")
