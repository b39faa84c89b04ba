"""In a headset hands point at what the picture shows there, choose it, touch it, and are seen and felt."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import AsyncIterator

import chromium
import headset
import pytest
import pytest_asyncio
from headset import Headset, Side
from native_scene import town
from playwright.async_api import Browser
from reaching import Direction, sweep, things
from served import served
from wearer import FEEL

from xrserver.spaces import DESKTOP_EYE, DESKTOP_FIELD_OF_VIEW

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Where the tip of an index finger is in the room.
TIP = """side => new Promise(async done => {
    const session = device.activeSession, space = await session.requestReferenceSpace('local-floor');
    session.requestAnimationFrame((time, frame) => {
        const source = [...session.inputSources].find(each => each.hand && each.handedness === side);
        const { x, y, z } = frame.getJointPose(source.hand.get('index-finger-tip'), space).transform.position;
        done([x, y, z]);
    });
})"""

#: Holds a hand at places, one a frame, until (or unless) something is hovered; what is, at each of them.
MOVE = """([side, places, until]) => new Promise(done => {
    const found = [], held = device.hands[side], session = device.activeSession;
    let i = -1;
    const next = () => {
        if (i >= 0) found.push(xrserver.state().hoveredFloor < 0 ? null : xrserver.state().hovered);
        if (++i === places.length || (until && found.at(-1))) return done(found);
        held.position.set(...places[i]);
        session.requestAnimationFrame(next);
    };
    session.requestAnimationFrame(next);
})"""

DOWN: Direction = (0.0, -1.5)
UP: Direction = (0.0, 1.2)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with served(town().write(tmp_path_factory.mktemp("town") / "town.git", bare=True)) as serving:
        yield serving.url


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(chrome: Browser, url: str) -> AsyncIterator[Headset]:
    """One page for all that need no other."""
    async with headset.worn(chrome, url) as worn:
        await worn.enter("vr")
        yield worn


@pytest_asyncio.fixture(loop_scope="session")
async def worn(page: Headset) -> Headset:
    await page.controllers()
    await page.head(0, 1.6, 0)
    await page.run("xrserver.select(null)")
    await page.run("xrserver.headset.preset('tabletop')")
    await page.still()
    for side in ("left", "right"):
        await page.controller(side, -0.2 if side == "left" else 0.2, 1.35, -0.2, 0, UP[1])
    await click(page)  # at the sky: it is the right hand that was used last
    return page


async def turn(worn: Headset, direction: Direction, kind: str = "controllers", side: Side = "right") -> None:
    await sweep(worn, [direction], kind, side)


async def click(worn: Headset, side: Side = "right") -> None:
    await worn.press(side, "trigger", 1)
    await worn.press(side, "trigger", 0)


async def test_a_hand_points_at_what_a_mouse_finds_in_the_picture(chrome: Browser, url: str) -> None:
    """The ray kernel against the id buffer: the same eye, the same directions, the same floors."""
    wide, high = viewport = (640, 360)
    chance = random.Random(3)
    places = [(chance.randrange(170, 470), chance.randrange(90, 270)) for _ in range(48)]
    tall = math.tan(0.5 * DESKTOP_FIELD_OF_VIEW)

    def direction(x: float, y: float) -> Direction:
        right, up = (x / wide * 2 - 1) * tall * wide / high, (1 - y / high * 2) * tall
        return math.atan2(-right, 1), math.atan2(up, math.hypot(right, 1))

    async with headset.worn(chrome, url, viewport=viewport) as worn:
        await worn.enter("vr")
        # Larger than on its table, and right before the eye.
        pose = (await worn.state())["worldFromScene"]
        pose = {"position": [0, 1.3, -1.2], "orientation": [0, 0.2588, 0, 0.9659],
                "scale": 1.6 * pose["scale"]}
        await worn.run("document.querySelector('#interface').style.display = 'none'")
        await worn.controllers()
        await worn.controller("left", -0.4, 1.2, 0.3, 0, UP[1])
        await worn.run("pose => xrserver.setPose(pose)", pose)
        await worn.controller("right", *DESKTOP_EYE)
        # What lies a pixel beside an edge may be rounded to either side of it.
        around = [(0.5, 0.5), (-0.4, -0.4), (1.4, 1.4), (-0.4, 1.4), (1.4, -0.4)]
        met = await sweep(worn, [direction(x + dx, y + dy) for x, y in places for dx, dy in around])
        sure = [(place, met[5 * i]) for i, place in enumerate(places) if len(set(met[5 * i:5 * i + 5])) == 1]
        assert len({path for _, (path, floor) in sure if floor >= 0}) >= 4
        await worn.leave()
        await worn.run("pose => xrserver.setPose(pose)", pose)
        for (x, y), (path, floor) in sure[:20]:
            await worn.visit.page.mouse.move(x, y)
            name = "null" if path is None else f"{path!r}"
            await worn.visit.until(f"state.hovered === {name} && state.hoveredFloor === {floor}")


async def test_a_trigger_chooses_what_it_was_pressed_on_and_let_go_of(worn: Headset) -> None:
    found = await things(worn)
    (a, at_a), *_, (b, at_b) = found.items()
    assert a != b
    # Pressed on one and let go of on another: neither is meant.
    await turn(worn, at_b)
    await worn.press("right", "trigger", 1)
    await turn(worn, at_a)
    await worn.press("right", "trigger", 0)
    assert (await worn.state())["selected"] is None
    await click(worn)
    await worn.visit.until(f"state.selected === {a!r}")
    await turn(worn, DOWN)
    assert (await worn.state())["hovered"] is None
    await click(worn)
    await worn.visit.until("state.selected === null")


async def test_pressing_may_move_the_hand_a_little(worn: Headset) -> None:
    found = await things(worn)
    path, (yaw, pitch) = next(iter(found.items()))
    await turn(worn, (yaw, pitch))
    await worn.press("right", "trigger", 1)
    await turn(worn, (yaw + 0.02, pitch - 0.02))
    await worn.press("right", "trigger", 0)
    await worn.visit.until(f"state.selected === {path!r}")


async def test_the_other_hand_takes_over_by_pressing_and_by_pointing_alone(worn: Headset) -> None:
    await click(worn, "left")  # at the sky: it is the hand used last
    left = await things(worn, side="left")
    await turn(worn, UP, side="left")
    await click(worn)
    right = await things(worn)
    one, at = next(iter(right.items()))
    other, direction = next((path, at) for path, at in left.items() if path != one)
    await turn(worn, UP, side="left")
    await turn(worn, at)
    await turn(worn, direction, side="left")
    assert (await worn.state())["hovered"] == one, "the right hand is the one that points"
    await turn(worn, UP)
    await worn.visit.until(f"state.hovered === {other!r}")
    await turn(worn, at)
    assert (await worn.state())["hovered"] == other, "now it is the left one"
    await click(worn)
    await worn.visit.until(f"state.selected === {one!r}")


async def test_other_things_and_choosing_are_felt_in_the_hand_that_points(worn: Headset) -> None:
    found = await things(worn)
    await turn(worn, UP)
    await worn.run(FEEL)
    await turn(worn, next(iter(found.values())))
    await worn.frames(3)
    hovered = await worn.run("felt.splice(0)")
    assert [side for side, _, _ in hovered] == ["right"] and 0 < hovered[0][1] < 0.2
    await click(worn)
    felt = await worn.run("felt.splice(0)")
    assert [side for side, _, _ in felt] == ["right"] and felt[0][1] > hovered[0][1]
    await turn(worn, UP)
    await worn.press("left", "squeeze", 1)
    await worn.press("left", "squeeze", 0)
    assert [side for side, _, _ in await worn.run("felt.splice(0)")] == ["left", "left"]


async def test_sweeping_over_a_city_is_no_rattle(worn: Headset) -> None:
    await worn.run(FEEL)
    grid = [(yaw / 40, -0.4) for yaw in range(-10, 30)]
    began = await worn.run("performance.now()")
    names = [path for path, _ in await sweep(worn, grid)]
    seconds = (await worn.run("performance.now()") - began) / 1000
    changes = sum(1 for a, b in itertools.pairwise(names) if b and a != b)
    felt = await worn.run("felt.length")
    assert 1 <= felt <= min(changes + 1, 16 * seconds + 2)


async def test_a_pinch_on_a_thing_chooses_it_unless_it_is_drawn_along(worn: Headset) -> None:
    await worn.hands()
    await worn.hand("left", -0.35, 1.3, -0.1, 0, UP[1])
    await worn.hand("right", 0.2, 1.35, -0.2, 0, -0.5)
    found = await things(worn, "hands")
    path, at = next(iter(found.items()))
    await turn(worn, at, "hands")
    before = await worn.pose()
    await worn.ramp_pinch("right")
    assert (await worn.state())["selected"] is None
    for step in range(1, 6):
        await worn.hand("right", 0.2 + 0.02 * step, 1.35, -0.2, *at)
    await worn.ramp_pinch("right", 0)
    assert (await worn.state())["selected"] is None
    moved = (await worn.pose()).position[0] - before.position[0]
    assert moved > 0.04
    await worn.run("xrserver.headset.preset('tabletop')")
    await worn.still()
    await worn.hand("right", 0.2, 1.35, -0.2, *at)
    await worn.ramp_pinch("right")
    await worn.ramp_pinch("right", 0)
    await worn.visit.until(f"state.selected === {path!r}")


async def test_a_fingertip_touches_a_building_and_pokes_it(worn: Headset) -> None:
    await worn.hands()
    await worn.hand("left", -0.35, 1.3, -0.1, 0, UP[1])
    # What stands where, seen from above.
    await worn.hand("right", 0, 1.9, -0.6, 0, -math.pi / 2)
    over = [[-0.33 + 0.09 * column, 1.9, -0.55 - 0.06 * row] for row in range(7) for column in range(8)]
    seen = await worn.run(MOVE, ["right", over, False])
    path, (x, _, z) = next((path, place) for path, place in zip(seen, over, strict=True) if path)
    # The hand points at the sky, its index finger's tip goes down onto the roof.
    await worn.run("device.hands.right.poseId = 'point'")
    await worn.hand("right", 0.2, 1.5, -0.2, *UP)
    tip = await worn.run(TIP, "right")
    off = [there - here for there, here in zip(tip, (0.2, 1.5, -0.2), strict=True)]
    assert (await worn.state())["hovered"] is None

    steps = [[x - off[0], 1.5 - 0.006 * step - off[1], z - off[2]] for step in range(90)]
    lowered = await worn.run(MOVE, ["right", steps, True])
    assert lowered[-1] == path and (await worn.state())["selected"] is None, "touched before it is poked"
    await worn.run(MOVE, ["right", steps[len(lowered):len(lowered) + 5], False])
    await worn.visit.until(f"state.selected === {path!r}")
    await worn.run("device.hands.right.poseId = 'default'")


async def test_switching_between_hands_and_controllers_leaves_nothing_of_the_other(worn: Headset) -> None:
    async def drawn(side_by_side: int) -> None:
        """Wait until the hands are so many triangles: each of two, for each of two eyes."""
        await worn.visit.until(f"state.triangles === {base + 4 * side_by_side}")

    # As the models' files have it: corners of triangles.
    hand, controller = 6942 // 3, (9489 + 480 + 624 + 1473 + 864 + 480) // 3
    for kind in ("controllers", "hands"):
        for side in ("left", "right"):
            await worn.run("([kind, side]) => device[kind][side].position.set(0, 1.2, 0.3)", [kind, side])
            await sweep(worn, [UP], kind, side)
    await worn.controllers()
    await chromium.soon(lambda: worn.run("performance.getEntriesByType('resource').filter("
                                         "each => each.name.includes('meta-quest-touch-plus')).length === 2"))
    await worn.seconds(0.6)
    base = (await worn.state())["triangles"] - 4 * controller
    assert base > 0
    await worn.hands()
    await drawn(hand)
    await worn.controllers()
    await drawn(controller)
    await worn.seen("left", False)
    await worn.seen("right", False)
    await drawn(0)
    await worn.seen("left", True)
    await worn.seen("right", True)
    await drawn(controller)
    assert (await worn.state())["drawCalls"] <= 60


@pytest.mark.parametrize(("model", "profile"), [("metaQuest2", "oculus-touch-v3"),
                                                ("metaQuestPro", "meta-quest-touch-pro")])
async def test_each_headset_has_its_own_controllers(chrome: Browser, url: str, model: str,
                                                    profile: str) -> None:
    async with headset.worn(chrome, url, model) as worn:
        await worn.enter("vr")
        await worn.controllers()
        names = ("performance.getEntriesByType('resource').map(each => each.name)"
                 ".filter(each => each.endsWith('.glb'))")
        await chromium.soon(lambda: worn.run(f"{names}.length === 2"))
        assert all(f"/models/{profile}/" in each for each in await worn.run(names))
        assert (await worn.state())["drawCalls"] <= 60
