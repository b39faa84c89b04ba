"""What somebody does in their first minutes, in every Quest, with hands and with controllers.

One story a device and input, each of its steps a sentence of what a headset is for. The essential
ones are run always, the others where time is no matter (they are marked slow).
"""

from __future__ import annotations

import math

import headset
import numpy as np
import pytest
from headset import Side
from playwright.async_api import Browser
from reaching import HIP, across, aim, click, finger, outwards, palm, panel, sweep, target, things
from wearer import CENTIMETRE, FEEL, HEAD, SKY, Input, Wearer, apart, every, level

from xrserver import spaces

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Writes down which refresh rates are asked for.
RATES = """(() => {
    window.rates = [];
    const update = XRSession.prototype.updateTargetFrameRate;
    XRSession.prototype.updateTargetFrameRate = function (rate) {
        rates.push(rate);
        return update.call(this, rate);
    };
})()"""


class Story(Wearer):
    """What can be done in a headset, a sentence each."""

    async def sees_with_two_eyes_at_the_best_rate(self) -> None:
        seen = await self.worn.run("""new Promise(done => {
            const session = device.activeSession;
            session.requestReferenceSpace('local-floor').then(space =>
                session.requestAnimationFrame((time, frame) => done({
                    eyes: frame.getViewerPose(space).views.map(each => each.eye),
                    rate: session.frameRate, rates: [...session.supportedFrameRates],
                })));
        })""")
        assert sorted(seen["eyes"]) == ["left", "right"]
        assert await self.worn.run("rates") == [max(seen["rates"])] and max(seen["rates"]) >= 90
        assert seen["rate"] == max(seen["rates"])
        assert 2 <= (await self.worn.state())["drawCalls"] <= 60

    async def sees_what_the_hands_hold(self) -> None:
        """Models of controllers or hands: thousands of triangles, for each hand and eye."""
        await self.hold("left", -0.2, 1.3, -0.3, frames=0)
        await self.hold("right", 0.2, 1.3, -0.3)
        for side in ("left", "right"):
            await self.worn.seen(side, False)
        await self.worn.seconds(0.8)
        without = (await self.worn.state())["triangles"]
        for side in ("left", "right"):
            await self.worn.seen(side, True)
        await self.worn.visit.until(f"state.triangles > {without} + 4 * 2000")
        assert (await self.worn.state())["drawCalls"] <= 60

    async def feels_what_is_taken(self) -> None:
        """Controllers answer in the hand that does something; what cannot be felt troubles nobody."""
        await self.worn.run(FEEL)
        for side in ("left", "right"):
            await self.hold(side, 0.3 if side == "right" else -0.3, 1.4, -0.3)
            await self.take(side)
            await self.take(side, False)
            felt = [hand for hand, _, _ in await self.worn.run("felt.splice(0)")]
            assert felt == ([side, side] if self.kind == "controllers" else [])
        # Fingers that close move their knuckles, and the city by that.
        await self.worn.run("xrserver.headset.preset('tabletop')")
        await self.worn.still()

    async def stands_in_the_city_and_before_it(self) -> None:
        await self.worn.run("xrserver.headset.preset('life')")
        life = await self.worn.still()
        assert life.scale == 1 and level(life)
        feet = spaces.apply_inverse(life, (0, 0, 0))
        assert 0 <= feet[1] < 2.5, "on the ground of the city, or on a district's plate"
        await self.worn.run("xrserver.headset.preset('tabletop')")
        table = await self.worn.still()
        assert level(table)
        x, y, z = table.position
        assert (x, y) == pytest.approx((0, 1.0), abs=CENTIMETRE) and -1.1 < z < -0.6

    async def grabs_the_world(self, side: Side) -> None:
        x = 0.3 if side == "right" else -0.3
        await self.hold(side, x, 1.4, -0.3)
        before = await self.worn.still()
        await self.take(side)
        await self.hold(side, x + 0.05, 1.45, -0.34)
        moved = spaces.subtract((await self.worn.pose()).position, before.position)
        assert moved == pytest.approx((0.05, 0.05, -0.04), abs=CENTIMETRE)
        if self.kind == "hands":
            await self.worn.flicker(side)  # cameras lose a pinch for a frame
        await self.hold(side, x + 0.05, 1.35, -0.34)
        moved = spaces.subtract((await self.worn.pose()).position, before.position)
        assert moved == pytest.approx((0.05, -0.05, -0.04), abs=CENTIMETRE)
        await self.take(side, False)
        await self.hold(side, x, 1.4, -0.3)
        after = spaces.subtract((await self.worn.still()).position, before.position)
        assert after == pytest.approx((0.05, -0.05, -0.04), abs=CENTIMETRE), "let go of, it stays"
        await self.worn.run("xrserver.headset.undo()")
        assert apart((await self.worn.still()).position, before.position) < CENTIMETRE

    async def scales_and_turns_it_with_both(self) -> None:
        await self.hold("left", -0.15, 1.4, -0.3, frames=0)
        await self.hold("right", 0.15, 1.4, -0.3)
        before = await self.worn.still()
        await self.take("left")
        await self.take("right")
        taken = await self.worn.anchors()
        held = spaces.apply_inverse(await self.worn.pose(), spaces.scaled(spaces.add(*taken), 0.5))
        await self.hold("left", -0.2, 1.4, -0.1, frames=0)
        await self.hold("right", 0.2, 1.4, -0.5)
        after, hands = await self.worn.pose(), await self.worn.anchors()
        grown = apart(*hands) / apart(*taken)
        assert grown > 1.3
        assert after.scale == pytest.approx(before.scale * grown, rel=0.02)
        # Hands that stood across the line of sight stand aslant: so does the city.
        first, last = (spaces.subtract(b, a) for a, b in (taken, hands))
        turned = math.atan2(last[0], last[2]) - math.atan2(first[0], first[2])
        assert spaces.yaw_pitch_of(after.orientation)[0] == pytest.approx(turned, abs=0.02)
        assert level(after)
        middle = spaces.scaled(spaces.add(*hands), 0.5)
        assert apart(spaces.apply(after, held), middle) < CENTIMETRE
        await self.take("left", False)
        await self.take("right", False)
        left = spaces.apply(await self.worn.still(), held)
        assert apart(left, middle) < CENTIMETRE, "let go of, what they held stays"
        await self.worn.run("xrserver.headset.recentre()")
        again = await self.worn.still()
        assert apart(again.position, before.position) < CENTIMETRE
        assert again.scale == pytest.approx(before.scale)

    async def goes_elsewhere_in_the_city(self) -> None:
        """By sticks: fly, and turn in steps; and by throwing themselves, which bare hands can do, too."""
        await self.worn.run("xrserver.headset.preset('life')")
        await self.hold("right", 0.1, 1.3, -0.2, pitch=-0.7)
        before = await self.worn.still()
        start, way = await self.worn.ray("right")
        if self.kind == "hands":
            await self.worn.ramp_pinch("right")
            await self.worn.seconds(0.8)  # held still on the ground, it aims
            await self.worn.ramp_pinch("right", 0)
        else:
            await self.worn.stick("right", 0, -1, frames=4)
            assert await self.worn.pose() == before, "nothing moves until the stick is let go of"
            await self.worn.stick("right", 0, 0)
        after = await self.worn.still()
        assert after.scale == 1 and level(after)
        landed = np.array(spaces.apply(before, spaces.apply_inverse(after, (0, 0, 0))))
        assert apart(tuple(landed), (0, 0, 0)) > 0.5
        # On the arc of what is thrown from the hand at 15 m/s.
        thrown = [np.array(start) + np.array(way) * 15 * t + np.array([0, -4.905, 0]) * t * t
                  for t in np.linspace(0, 2.2, 4000)]
        assert min(np.linalg.norm(each - landed) for each in thrown) < 3 * CENTIMETRE
        if self.kind == "controllers":
            await self.worn.stick("right", 1, 0, frames=4)
            await self.worn.stick("right", 0, 0)
            turned = await self.worn.pose()
            assert math.degrees(spaces.yaw_pitch_of(turned.orientation)[0] - spaces.yaw_pitch_of(
                after.orientation)[0]) == pytest.approx(30, abs=0.1)
            assert apart(spaces.apply(turned, spaces.apply_inverse(after, (0, 1.6, 0))), (0, 1.6, 0)) < 0.01
            assert (await self.worn.state())["narrowed"] == 0
            await self.worn.stick("left", 0, -1)
            await self.worn.visit.until("state.narrowed > 0.1")  # the view narrows while it moves by itself
            await self.worn.stick("left", 0, 0)
            flown = await self.worn.still()
            await self.worn.visit.until("state.narrowed === 0")
            assert flown.position[2] - turned.position[2] > 0.05
            assert flown.position[1] == pytest.approx(turned.position[1], abs=CENTIMETRE)
        await self.worn.run("xrserver.headset.preset('tabletop')")
        await self.worn.still()

    async def points_at_a_thing_and_chooses_it(self) -> None:
        for side in ("left", "right"):
            await self.hold("left", -0.2, 1.35, -0.2, frames=0)
            await self.hold("right", 0.2, 1.35, -0.2)
            await self.press(side)  # at the sky: it is the hand used last
            (path, direction), *_ = (await things(self.worn, self.kind, side, least=1)).items()
            await sweep(self.worn, [direction], self.kind, side)
            assert (await self.worn.state())["hovered"] == path
            # Beside the cursor stands what it is: as large as it must be, and turned to the head.
            name = path.rpartition("/")[2]
            await self.worn.visit.until(f"state.label !== null && state.label.lines[0] === {name!r}")
            label = (await self.worn.state())["label"]
            beside = np.array(label["position"]) - HEAD
            assert beside[2] < 0 and math.degrees(math.atan(label["line"] / np.linalg.norm(beside))) >= 1.2
            await self.press(side)
            await self.worn.visit.until(f"state.selected === {path!r}")
            shown = await panel(self.worn, "inspector")
            assert name in shown["words"] and "Last changed" in shown["words"]
            way = np.array(shown["position"]) - HEAD
            distance = float(np.linalg.norm(way))
            assert 0.3 < distance < 0.65, "at arm's length"
            assert math.degrees(math.atan(shown["line"] / distance)) >= 1.2, "readable"
            assert way[2] < 0 and np.dot(outwards(shown), -way / distance) > 0.999, "before the face"
            await self.hold(side, -0.2 if side == "left" else 0.2, 1.35, -0.2)
            await click(self.worn, target(await panel(self.worn, "inspector"), "Close"), self.kind)
            await self.worn.visit.until("state.selected === null")

    async def pulls_time_on_the_wrist(self) -> None:
        if self.kind == "hands":
            at = np.array([-0.05, 1.3, -0.34])
            await self.hold("right", 0.35, 1.1, -0.1)
            await self.worn.hand("left", *at)
            await self.worn.head(0, 1.6, 0, pitch=-0.6)
            await palm(self.worn, "left", HEAD - at, np.array([1.0, 0, 0]))
        else:
            await self.worn.controller("right", *HIP, 0, SKY)
            await self.worn.controller("left", -0.05, 1.25, -0.35)
            await self.worn.head(0, 1.6, 0, pitch=-0.75)
        await panel(self.worn, "time")
        await self.worn.seconds(0.4)  # it follows the wrist, and comes to rest
        shown = await panel(self.worn, "time")
        head = (await self.worn.state())["headRank"]
        track = target(shown, "Time")
        wide = shown["size"][0]
        ranks = []
        if self.kind == "hands":
            for depth in (0.06, 0.0):
                await finger(self.worn, "right", track + across(shown) * wide * 0.4 + outwards(shown) * depth)
            for step in range(1, 9):
                await finger(self.worn, "right", track + across(shown) * wide * (0.4 - 0.93 * step / 8), 1)
                ranks.append((await self.worn.state())["rank"])
            await self.worn.frames(2)
            ranks.append((await self.worn.state())["rank"])
            await finger(self.worn, "right", track + outwards(shown) * 0.06)
        else:
            await aim(self.worn, track)
            await self.worn.press("right", "trigger", 1)
            for step in range(1, 9):
                await aim(self.worn, track - across(shown) * wide * 0.93 * step / 8)
                ranks.append((await self.worn.state())["rank"])
            await self.worn.press("right", "trigger", 0)
        assert ranks == sorted(ranks, reverse=True) and ranks[-1] == 0 and len(set(ranks)) >= 4, ranks
        assert ranks[0] >= head - 1, "time was taken hold of where it was"
        # Pace, and play.
        for name, is_so in (("Commits", "state.pace === 'commit'"), ("Calendar", "state.pace === 'calendar'"),
                            ("Play", "state.playing || state.rank > 0")):
            place = target(await panel(self.worn, "time"), name)
            if self.kind == "hands":
                for depth in (0.06, 0.0, 0.06):
                    await finger(self.worn, "right", place + outwards(shown) * depth)
            else:
                await click(self.worn, place)
            await self.worn.visit.until(is_so)
        await self.worn.run("xrserver.pause()")
        await self.worn.head(0, 1.6, 0)
        await self.hold("left", -0.3, 1.0, -0.1)
        await self.hold("right", 0.3, 1.0, -0.1)
        await self.worn.visit.until("!state.panels.some(each => each.name === 'time')")

    async def changes_to(self, kind: Input) -> None:
        """Put the controllers away in the middle of a grab, or take them up."""
        await self.hold("right", 0.3, 1.4, -0.3)
        await self.take("right")
        before = await self.worn.pose()
        await self.worn.run("kind => device.primaryInputMode = kind", kind.removesuffix("s"))
        await self.worn.frames(3)
        other = Story(self.worn, kind)
        await other.hold("right", -0.3, 1.2, -0.2)
        assert apart((await self.worn.still()).position, before.position) < CENTIMETRE
        await other.grabs_the_world("right")


@every(("metaQuest3", "hands"), ("metaQuest2", "controllers"))
async def test_a_first_visit(chrome: Browser, url: str, model: str, kind: Input) -> None:
    async with headset.worn(chrome, url, model, scripts=(RATES,)) as worn:
        await worn.enter("vr")
        await worn.run("kind => device.primaryInputMode = kind", kind.removesuffix("s"))
        await worn.frames()
        wearer = Story(worn, kind)
        await wearer.sees_with_two_eyes_at_the_best_rate()
        await wearer.stands_in_the_city_and_before_it()
        await wearer.sees_what_the_hands_hold()
        await wearer.feels_what_is_taken()
        await wearer.grabs_the_world("right")
        await wearer.grabs_the_world("left")
        await wearer.scales_and_turns_it_with_both()
        await wearer.points_at_a_thing_and_chooses_it()
        await wearer.pulls_time_on_the_wrist()
        await wearer.goes_elsewhere_in_the_city()
        await wearer.changes_to("controllers" if kind == "hands" else "hands")
        await worn.leave()
        assert (await worn.state())["mode"] == "desktop"
