"""Whatever happens to somebody who wears a headset, they are where they were: in every Quest."""

from __future__ import annotations

import math

import headset
import pytest
from playwright.async_api import Browser
from wearer import CENTIMETRE, Input, Wearer, apart, every, level

from xrserver.spaces import Pose

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: What the page asks of its worker, the history itself with it, waits until `release()`.
LOADING = """(() => {
    const post = Worker.prototype.postMessage, waiting = [];
    window.release = () => {
        window.release = null;
        for (const [worker, how] of waiting) post.apply(worker, how);
    };
    Worker.prototype.postMessage = function (...how) {
        if (window.release) waiting.push([this, how]);
        else post.apply(this, how);
    };
})()"""


class Returning(Wearer):
    """What happens, one thing after the other; nothing of it may move the city."""

    there: Pose

    async def is_there(self) -> None:
        """Nothing has moved, and nothing is tilted or lost."""
        now = await self.worn.still()
        assert apart(now.position, self.there.position) < CENTIMETRE and now.scale == self.there.scale
        assert level(now) and all(map(math.isfinite, (*now.position, *now.orientation)))
        state = await self.worn.state()
        assert (state["mode"], state["rank"], state["selected"]) == ("vr", 2, "README.md")

    async def ends_a_session_while_the_page_loads(self) -> None:
        await self._enters()
        assert (await self.worn.state())["residentSpans"] == 0
        await self.worn.leave()
        await self._enters()
        await self.worn.run("release()")
        await self.worn.visit.until("state.nodesDrawn > 0 && state.residentSpans > 0")
        await self.worn.run("kind => device.primaryInputMode = kind", self.kind.removesuffix("s"))
        stands = await self.worn.still()
        assert stands.position[1] == pytest.approx(1.0, abs=CENTIMETRE) and stands.position[2] < -0.5

    async def finds_a_place(self) -> None:
        """Take the city elsewhere by hand, at another moment, with something selected."""
        assert await self.worn.run("xrserver.seek(2)") == 2
        assert await self.worn.run("xrserver.select('README.md')")
        before = await self.worn.still()
        await self.hold("left", -0.3, 1.0, -0.1, frames=0)
        await self.hold("right", 0.3, 1.4, -0.3)
        await self.take("right")
        await self.hold("right", 0.4, 1.3, -0.35)
        await self.take("right", False)
        self.there = await self.worn.still()
        assert apart(self.there.position, before.position) > 0.1

    async def sleeps_and_wakes(self) -> None:
        await self.worn.run("xrserver.play(0.001)")
        await self.worn.run("device.updateVisibilityState('hidden')")
        await self.worn.visit.until("!state.playing")
        await self.worn.run("device.updateVisibilityState('visible')")
        await self.worn.visit.until("state.playing")
        await self.worn.run("xrserver.pause()")
        await self.worn.run("xrserver.seek(2)")
        await self.is_there()

    async def opens_the_systems_menu_with_the_world_in_hand(self) -> None:
        await self.hold("right", 0.3, 1.4, -0.3)
        await self.take("right")
        await self.worn.run("device.updateVisibilityState('visible-blurred')")
        await self.worn.frames(3)
        await self.hold("right", 0.6, 1.5, -0.4)
        await self.worn.run("device.updateVisibilityState('visible')")
        await self.take("right", False)
        await self.is_there()

    async def loses_a_hand_and_finds_it_elsewhere(self) -> None:
        held = await self._takes_hold()
        await self.worn.seen("right", False, frames=3)
        await self.hold("right", 0.5, 1.2, -0.5)
        await self.worn.seen("right", True, frames=3)
        assert apart((await self.worn.pose()).position, held.position) < CENTIMETRE
        await self._lets_go()

    async def is_lost_from_sight(self) -> None:
        """The headset does not know where the head is, while a hand holds the world and moves."""
        held = await self._takes_hold()
        await self.worn.run("""() => {
            window.found = XRFrame.prototype.getViewerPose;
            XRFrame.prototype.getViewerPose = () => null;
        }""")
        await self.worn.frames(3)
        await self.hold("right", 0.5, 1.2, -0.5)
        await self.worn.run("() => { XRFrame.prototype.getViewerPose = found; }")
        await self.worn.frames(3)
        assert apart((await self.worn.pose()).position, held.position) < CENTIMETRE
        await self._lets_go()

    async def _takes_hold(self) -> Pose:
        await self.worn.seconds(0.7)  # a move of its own, which is undone by itself
        await self.hold("right", 0.3, 1.4, -0.3)
        await self.take("right")
        return await self.worn.pose()

    async def _lets_go(self) -> None:
        await self.take("right", False)
        if await self.worn.still() != self.there:  # by fingers, whose knuckles move as they close
            await self.worn.run("xrserver.headset.undo()")
        await self.is_there()

    async def takes_it_off_and_puts_it_on(self) -> None:
        await self.worn.leave()
        window = await self.worn.pose()
        assert apart(window.position, self.there.position) > 0.1, "the window has a view of its own"
        await self._enters()
        await self.is_there()
        await self.worn.leave()
        assert await self.worn.pose() == window
        await self._enters()

    async def enters_as_the_socket_drops(self) -> None:
        await self.worn.leave()
        await self._enters(dropping=True)
        await self.worn.visit.until("lines.includes(true) && state.connected")
        await self.is_there()

    async def _enters(self, *, dropping: bool = False) -> None:
        # By the keyboard: a panel, or what is said while the page loads, may lie over the button.
        await self.worn.visit.page.get_by_role("button", name="Enter VR").press("Enter")
        if dropping:
            await self.worn.run("""() => {
                window.lines = [];
                xrserver.on('connection', ({ connected }) => lines.push(connected));
                xrserver.setScene(''); // the worker takes another socket, with the resume token
            }""")
        await self.worn.visit.until("state.mode === 'vr'")
        await self.worn.frames()

    async def asks_for_the_middle(self) -> None:
        """The room has another origin then, and the city is before them in it."""
        await self.worn.run("xrserver.headset.preset('tabletop')")
        stood = await self.worn.still()
        await self.worn.head(1.2, 1.6, 0.8, yaw=2.0)
        await self.worn.run("device.recenter()")
        await self.worn.frames(3)
        again = await self.worn.still()
        assert apart(again.position, stood.position) < 2 * CENTIMETRE and level(again)


@every(("metaQuest3", "hands"))
async def test_whatever_happens_they_are_where_they_were(chrome: Browser, url: str, model: str,
                                                          kind: Input) -> None:
    async with headset.worn(chrome, url, model, scripts=(LOADING,), drawn=False) as worn:
        wearer = Returning(worn, kind)
        await wearer.ends_a_session_while_the_page_loads()
        await wearer.finds_a_place()
        await wearer.sleeps_and_wakes()
        await wearer.opens_the_systems_menu_with_the_world_in_hand()
        await wearer.loses_a_hand_and_finds_it_elsewhere()
        await wearer.is_lost_from_sight()
        await wearer.takes_it_off_and_puts_it_on()
        await wearer.enters_as_the_socket_drops()
        await wearer.asks_for_the_middle()
