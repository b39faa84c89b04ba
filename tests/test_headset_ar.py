"""Over passthrough the city is a model on a real surface, and is found there again."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import chromium
import headset
import pytest
from headset import Headset
from playwright.async_api import Browser
from reaching import click, panel, target
from wearer import Input, Wearer, every, every_model

pytestmark = pytest.mark.asyncio(loop_scope="session")

CENTIMETRE = 0.01
#: The desk of the emulated office: its middle, its extents, and somewhere on it that is free.
TABLE = (0.06, 0.75, -0.65)
TABLE_SIZE = (1.60, 0.75)
ON_TABLE = (-0.2, 0.75, -0.5)

#: Lets a test move the room's origin, as a headset does that finds itself again.
ORIGIN = """(() => {
  const ask = XRSession.prototype.requestReferenceSpace;
  XRSession.prototype.requestReferenceSpace = function (type) {
    return ask.call(this, type).then((space) => {
      if (type === "local-floor") window.room = space;
      return space;
    });
  };
  window.shift = (x, z) => {
    const inner = Object.getOwnPropertySymbols(room).find((name) => room[name]?.offsetMatrix);
    room[inner].offsetMatrix[12] += x;
    room[inner].offsetMatrix[14] += z;
  };
})()"""
NO_PLANES = "Object.defineProperty(XRFrame.prototype, 'detectedPlanes', {get: () => new Set()})"
NO_PLANES_AT_ALL = "Object.defineProperty(XRFrame.prototype, 'detectedPlanes', {get: () => undefined})"
NO_ANCHORS = "XRFrame.prototype.createAnchor = () => Promise.reject(new Error('refused'))"


async def aim(worn: Headset, at: Sequence[float], device: str = "controllers") -> None:
    """Hold the right hand before the chest and point it at a place of the room; the other one rests."""
    await worn.run("""([x, y, z, device]) => {
        const {right, left} = window.device[device];
        const from = [0.1, 1.25, 0.2];
        const [dx, dy, dz] = [x - from[0], y - from[1], z - from[2]];
        const yaw = Math.atan2(-dx, -dz), pitch = Math.atan2(dy, Math.hypot(dx, dz));
        const [sy, cy] = [Math.sin(yaw / 2), Math.cos(yaw / 2)];
        const [sp, cp] = [Math.sin(pitch / 2), Math.cos(pitch / 2)];
        right.position.set(...from);
        right.quaternion.set(cy * sp, sy * cp, -sy * sp, cy * cp);
        left.position.set(-0.3, 0.9, 0.3);
    }""", [*at, device])
    await worn.frames(2)


async def press(worn: Headset) -> None:
    """Pull the right trigger and let go of it."""
    for value in (1, 0):
        await worn.run("value => device.controllers.right.updateButtonValue('trigger', value)", value)
        await worn.frames(2)


async def pose(worn: Headset) -> tuple[list[float], float, float]:
    """Return where the city stands, its yaw and its scale."""
    found = (await worn.state())["worldFromScene"]
    x, y, z, w = found["orientation"]
    assert (await worn.state())["mode"] != "ar" or abs(x) + abs(z) < 1e-6, "the horizon is tilted"
    return found["position"], 2 * math.atan2(y, w), found["scale"]


async def rests(worn: Headset) -> tuple[list[float], float, float]:
    """Return where the city stands once it has come to rest."""
    before = await pose(worn)
    for _ in range(60):
        await worn.frames(2)
        now = await pose(worn)
        if all(abs(a - b) < 1e-4 for a, b in zip(now[0], before[0], strict=True)):
            return now
        before = now
    raise AssertionError("The city does not come to rest.")


async def stands(worn: Headset, at: Sequence[float | None], within: float = CENTIMETRE
                 ) -> tuple[list[float], float, float]:
    """Return where the city stands once it has come to rest there; None: wherever along that axis.

    Finding a surface or an anchor may take the headset some frames, in which nothing moves either.
    """
    found = await rests(worn)
    for _ in range(30):
        if all(b is None or abs(a - b) < within for a, b in zip(found[0], at, strict=True)):
            return found
        await worn.seconds(0.1)
        found = await rests(worn)
    raise AssertionError(f"The city stands at {found[0]}, not at {at}.")


async def kept(worn: Headset) -> dict[str, Any]:
    """Return what the page remembers of places, once it does."""
    await chromium.soon(lambda: worn.run("localStorage['xrserver.places']?.includes('anchor')"))
    return json.loads(await worn.run("localStorage['xrserver.places']"))


def close(a: Sequence[float], b: Sequence[float], within: float = CENTIMETRE) -> bool:
    return all(abs(x - y) < within for x, y in zip(a, b, strict=True))


@every(("metaQuest3", "controllers"))
async def test_the_city_is_put_on_the_table_that_a_hand_points_at_and_is_there_after_a_reload(
        chrome: Browser, url: str, model: str, kind: Input) -> None:
    """In a room with planes."""
    async with headset.worn(chrome, url, model, room="office_small", scripts=(ORIGIN,)) as worn:
        wearer = Wearer(worn, kind)
        holding = "kind => device.primaryInputMode = kind"
        before = await pose(worn)
        await worn.run(holding, kind.removesuffix("s"))
        await worn.enter("ar")
        await worn.run("xrserver.select('README.md')")
        await worn.head(0, 1.5, 0.35, 0, -0.5)
        await aim(worn, ON_TABLE, kind)
        place, yaw, scale = await stands(worn, (None, TABLE[1], None))
        bounds = await bounds_of(worn, place, yaw, scale)
        assert 0.4 <= max(bounds[2] - bounds[0], bounds[3] - bounds[1]) <= 1.2
        assert bounds[0] > TABLE[0] - TABLE_SIZE[0] / 2 and bounds[2] < TABLE[0] + TABLE_SIZE[0] / 2
        assert bounds[1] > TABLE[2] - TABLE_SIZE[1] / 2 and bounds[3] < TABLE[2] + TABLE_SIZE[1] / 2
        assert await worn.run("document.documentElement.dataset.light") == "day"
        preview = place

        await wearer.press("right")
        # Fingers that close carry the hand a little, and the preview with it.
        put = await stands(worn, place, CENTIMETRE if kind == "controllers" else 4 * CENTIMETRE)
        place = put[0]
        await aim(worn, (0.5, 0.75, -0.6), kind)
        assert close((await rests(worn))[0], place), "what was put down follows the hand"
        await kept(worn)
        # The city, its shadow, the room's depth, hands, rays and panels, for each eye.
        assert (await worn.state())["drawCalls"] <= 60

        # The room's origin moves, and the city stays on the table.
        await worn.run("shift(0.5, -0.3)")
        await stands(worn, (place[0] - 0.5, place[1], place[2] + 0.3))
        await worn.run("shift(-0.5, 0.3)")

        # Moved and turned by hands, it is kept where they left it.
        (first,) = (await kept(worn)).values()
        await wearer.hold("left", -0.3, 1.1, 0.1, frames=0)
        await wearer.hold("right", 0.2, 1.3, 0.0)
        await wearer.take("right")
        await wearer.hold("right", 0.3, 1.35, 0.0)
        carried = await pose(worn)
        assert close(carried[0], (place[0] + 0.1, place[1] + 0.05, place[2]))
        await wearer.take("left")
        await wearer.hold("left", -0.3, 1.1, 0.2, frames=0)
        await wearer.hold("right", 0.3, 1.35, -0.1)
        await wearer.take("left", False)
        await wearer.take("right", False)
        moved, turned, sized = await rests(worn)
        assert abs(turned - carried[1]) > 0.1
        await chromium.soon(lambda: worn.run("""before => {
            const [{anchor}] = Object.values(JSON.parse(localStorage['xrserver.places']));
            const [only, ...others] = device.activeSession.persistentAnchors;
            return anchor !== before && only === anchor && others.length === 0;
        }""", first["anchor"]))
        await worn.seconds(0.3)  # until the headset has found its new anchor in the room
        await worn.run("shift(0.2, 0)")
        found = await stands(worn, (moved[0] - 0.2, moved[1], moved[2]))
        assert math.isclose(found[2], sized, rel_tol=1e-4)

        await worn.leave()
        assert close((await pose(worn))[0], before[0]), "the window shows what it showed"
        assert (await worn.state())["selected"] == "README.md"
        await worn.run("xrserver.select(null)")  # whose panel would lie over the button
        assert await worn.run("document.documentElement.dataset.light") == "night"

        await worn.visit.page.reload()
        await worn.visit.page.wait_for_selector(".loading.done", state="attached")
        await worn.enter("ar")
        again = await stands(worn, moved)
        assert math.isclose(again[1], turned, abs_tol=1e-3)
        assert math.isclose(again[2], sized, rel_tol=1e-4)

        # The device lost it: it is asked for again, and stands where it is put then.
        await worn.leave()
        await worn.run("localStorage.removeItem('@immersive-web-emulation-runtime/persistent-anchors')")
        await worn.visit.page.reload()
        await worn.visit.page.wait_for_selector(".loading.done", state="attached")
        await worn.run(holding, kind.removesuffix("s"))
        await worn.enter("ar")
        await worn.head(0, 1.5, 0.35, 0, -0.5)
        await aim(worn, ON_TABLE, kind)
        await stands(worn, preview)
        await worn.visit.until("localStorage['xrserver.places'] === '{}'")


async def bounds_of(worn: Headset, place: Sequence[float], yaw: float, scale: float) -> tuple[float, ...]:
    """Return min x, min z, max x, max z of the city in the room; it stands along the table."""
    assert min(yaw % (math.pi / 2), -yaw % (math.pi / 2)) < 0.02
    box = await worn.run("""async () => {
        const [repository] = (await (await fetch('/api/repositories')).json()).items;
        const scene = await (await fetch(`/api/repositories/${repository.name}/scenes/city`)).json();
        return scene.root.box;
    }""")
    corners = [(x, z) for x in (box[0], box[3]) for z in (box[2], box[5])]
    turned = [(place[0] + scale * (x * math.cos(yaw) + z * math.sin(yaw)),
               place[2] + scale * (z * math.cos(yaw) - x * math.sin(yaw))) for x, z in corners]
    return (min(x for x, _ in turned), min(z for _, z in turned),
            max(x for x, _ in turned), max(z for _, z in turned))


@every(("metaQuest3", "hands"))
async def test_where_there_are_no_planes_a_hit_test_meets_the_table_and_no_anchor_is_needed(
        chrome: Browser, url: str, model: str, kind: Input) -> None:
    async with headset.worn(chrome, url, model, room="office_small",
                            scripts=(NO_PLANES, NO_ANCHORS)) as worn:
        wearer = Wearer(worn, kind)
        await worn.enter("vr")
        rank = (await worn.state())["rank"]
        await worn.run("kind => device.primaryInputMode = kind", kind.removesuffix("s"))
        # What the emulator shows lies over the button.
        await worn.visit.page.get_by_role("button", name="Enter AR").dispatch_event("click")
        await worn.visit.until("state.mode === 'ar'")
        assert (await worn.state())["rank"] == rank
        await worn.head(0, 1.5, 0.35, 0, -0.5)
        await aim(worn, ON_TABLE, kind)
        await stands(worn, (None, TABLE[1], None), 3 * CENTIMETRE)  # a room's mesh is rougher than planes
        if kind == "hands":
            await worn.ramp_pinch("right")
            await worn.flicker("right")  # seen open for single frames in the middle
            await worn.ramp_pinch("right", 0)
        else:
            await wearer.press("right")
        put = await rests(worn)
        await aim(worn, (0.5, 0.75, -0.6), kind)
        assert close((await rests(worn))[0], put[0])
        assert await worn.run("localStorage['xrserver.places'] ?? '{}'") == "{}"


@every(("metaQuest3", "controllers"))
async def test_without_a_surface_the_city_floats_before_its_wearer_and_is_left_by_a_press(
        chrome: Browser, url: str, model: str, kind: Input) -> None:
    async with headset.worn(chrome, url, model) as worn:
        await worn.enter("ar")
        await worn.run("kind => device.primaryInputMode = kind", kind.removesuffix("s"))
        await worn.head(0.3, 1.6, 0.4, math.pi / 2)  # looks along −X
        place, _, _ = await stands(worn, (0.3 - 1.0, 1.6 - 0.75, None), 0.1)
        await Wearer(worn, kind).press("right")
        await worn.head(0.3, 1.6, 0.4, 0)
        assert close((await rests(worn))[0], place)


@every_model("metaQuest3")
async def test_a_device_that_finds_no_surfaces_has_it_float_at_once(
        chrome: Browser, url: str, model: str) -> None:
    async with headset.worn(chrome, url, model, scripts=(NO_PLANES_AT_ALL,)) as worn:
        await worn.enter("ar")
        place, _, _ = await rests(worn)
        await worn.head(1, 1.6, 1, 1)
        assert close((await rests(worn))[0], place)
        await kept(worn)


@every_model("metaQuest3")
async def test_the_place_is_chosen_anew_when_it_is_lost_and_when_somebody_wishes(
        chrome: Browser, url: str, model: str) -> None:
    """A room with planes, controllers; then the menu leads out to VR and back, and everything is kept."""
    async with headset.worn(chrome, url, model, room="office_small") as worn:
        await worn.enter("vr")
        await worn.run("xrserver.seek(2)")
        await worn.run("xrserver.select('README.md')")
        standing = await worn.still()

        async def choose(name: str) -> None:
            await worn.press("right", "b-button", 1)
            await worn.press("right", "b-button", 0)
            await click(worn, target(await panel(worn, "menu"), name))

        async def kept_all() -> None:
            state = await worn.state()
            assert (state["rank"], state["selected"]) == (2, "README.md")

        # From VR into the room, by the menu of the headset.
        await worn.head(0, 1.5, 0.35, 0, -0.5)
        await choose("See the room")
        await worn.visit.until("state.mode === 'ar'")
        await worn.frames(3)
        await kept_all()
        await aim(worn, ON_TABLE)
        first, _, _ = await stands(worn, (None, TABLE[1], None))
        await press(worn)
        await kept(worn)
        # The device gives the anchor up: the city follows the hand again, and stands where that leaves it.
        await worn.run("""Object.defineProperty(XRFrame.prototype, "trackedAnchors",
            {configurable: true, get: () => new Set()})""")
        await worn.frames(3)
        await worn.run("delete XRFrame.prototype.trackedAnchors")
        await aim(worn, (0.3, 0.75, -0.65))
        second, _, _ = await stands(worn, (None, TABLE[1], None))
        assert second[0] - first[0] > 0.1
        await press(worn)
        await aim(worn, ON_TABLE)
        assert close((await rests(worn))[0], second)
        await kept(worn)
        # Somebody wishes it elsewhere.
        await choose("Place the city again")
        await aim(worn, ON_TABLE)
        again, _, _ = await rests(worn)
        assert again[0] < second[0] - 0.1
        await press(worn)
        await aim(worn, (0.3, 0.75, -0.65))
        assert close((await rests(worn))[0], again)
        await kept_all()
        # And out of the room again: in VR it stands as it stood.
        await choose("Hide the room")
        await worn.visit.until("state.mode === 'vr'")
        await worn.frames(3)
        await kept_all()
        here = await worn.still()
        assert math.isclose(here.scale, standing.scale, rel_tol=1e-6)
        assert abs(here.position[1] - standing.position[1]) < 0.15, "before the head, as high as it was"
