"""An emulated headset in Chromium (iwer): tests move its head, hands and controllers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import chromium
import pytest
from playwright.async_api import Browser

from xrserver.spaces import Pose, Vector

Side = Literal["left", "right"]

MODULES = Path(__file__).parent.parent / "webxr_client" / "node_modules"
#: Both eyes side by side, small: every pixel is drawn by the CPU.
VIEWPORT = (480, 240)

#: The picture is drawn in every so-manieth frame of a session; in the others its draws are dropped.
SELDOM = 16

#: What the emulator writes to the console; its room is drawn by a three.js of its own.
_EMULATED = ("Nominal frame rate updated", "THREE.WARNING: Multiple instances of Three.js")

_DEVICE = """
(() => {
  const device = new IWER.XRDevice(IWER["%s"], { stereoEnabled: true });
  device.installRuntime({ forceInstall: true }); // else Chromium's own navigator.xr stays
  device.position.set(0, 1.6, 0);
  %s
  window.device = device;
})();
"""


#: A frame counts for so many milliseconds at least: what takes its time takes no more frames on a fast
#: machine than on a slow one, where they are longer by themselves.
STEP = 25

#: Lets the page's clock run ahead by what a session's frames lack of that.
_STEADY = """
(() => {
  const now = performance.now.bind(performance), request = window.requestAnimationFrame.bind(window);
  let ahead = 0, before = 0;
  performance.now = () => now() + ahead;
  window.requestAnimationFrame = (callback) => request((time) => {
    if (time !== before && device.activeSession) ahead += Math.max(%d - (time - before), 0);
    before = time;
    callback(time + ahead);
  });
})();
"""

#: Leaves out draws while a headset is worn, but for one frame in so many. Numbers need no pixels, and on the
#: CPU they are most of what a frame costs; what is drawn seldom still compiles, links and raises its errors.
_SELDOM = """
(() => {
  let frame = 0;
  const request = XRSession.prototype.requestAnimationFrame;
  XRSession.prototype.requestAnimationFrame = function (callback) {
    return request.call(this, (time, ...rest) => {
      frame++;
      callback(time, ...rest);
    });
  };
  for (const name of ["drawArrays", "drawElements", "drawArraysInstanced", "drawElementsInstanced"]) {
    const draw = WebGL2RenderingContext.prototype[name];
    WebGL2RenderingContext.prototype[name] = function (...how) {
      if (!device.activeSession || frame %% %d === 0) draw.apply(this, how);
    };
  }
})();
"""


@dataclass
class Headset:
    """A page in a browser of an emulated headset; `visit` drives the page, this its wearer."""

    visit: chromium.Visit

    async def run(self, script: str, argument: Any = None) -> Any:
        """What a script in the page comes to; `device` is iwer's."""
        return await self.visit.run(script, argument)

    async def state(self) -> dict[str, Any]:
        """What ``window.xrserver.state()`` says."""
        return await self.visit.state()

    async def frames(self, count: int = 2) -> None:
        """Let so many frames go by, of whichever session there is: one that ends while waiting fires none."""
        await self.run("""count => new Promise(done => {
            const next = () => {
                if (count-- <= 0) return done();
                const session = device.activeSession;
                let waiting = true;
                const seen = () => {
                    if (!waiting) return;
                    waiting = false;
                    clearTimeout(late);
                    next();
                };
                const late = setTimeout(seen, 5_000);
                (session ?? window).requestAnimationFrame(seen);
            };
            next();
        })""", count)

    async def seconds(self, seconds: float) -> None:
        """Let so much of the session's own time go by, of which no frame counts for more than a tenth."""
        await self.run("""seconds => new Promise(done => {
            const session = device.activeSession;
            let before = Infinity, passed = 0;
            const next = time => {
                passed += Math.min(Math.max(time - before, 0), 100);
                before = time;
                if (passed >= 1000 * seconds) done();
                else session.requestAnimationFrame(next);
            };
            session.requestAnimationFrame(next);
        })""", seconds)

    async def enter(self, mode: str = "vr") -> None:
        """Press the page's button and wait until the headset shows the picture."""
        await self.visit.page.get_by_role("button", name=f"Enter {mode.upper()}").click()
        await self.visit.until(f"state.mode === '{mode}'")
        await self.frames()

    async def leave(self) -> None:
        """End the session, as the headset's own menu does."""
        await self.run("device.activeSession.end()")
        await self.visit.until("state.mode === 'desktop'")

    async def head(self, x: float, y: float, z: float, yaw: float = 0.0, pitch: float = 0.0) -> None:
        """Put the head somewhere in the room (metres, radians), and let it be seen there."""
        await self.run("""([x, y, z, yaw, pitch]) => {
            device.position.set(x, y, z);
            const [cy, sy] = [Math.cos(yaw / 2), Math.sin(yaw / 2)];
            const [cp, sp] = [Math.cos(pitch / 2), Math.sin(pitch / 2)];
            device.quaternion.set(cy * sp, sy * cp, -sy * sp, cy * cp);
        }""", [x, y, z, yaw, pitch])
        await self.frames()


    # --- what it holds ---------------------------------------------------------------------

    async def controllers(self) -> None:
        """Take up the controllers."""
        await self.run("device.primaryInputMode = 'controller'")
        await self.frames()

    async def hands(self) -> None:
        """Put the controllers away: bare hands are seen."""
        await self.run("device.primaryInputMode = 'hand'")
        await self.frames()

    async def controller(self, side: Side, x: float, y: float, z: float, yaw: float = 0.0,
                         pitch: float = 0.0, frames: int = 2) -> None:
        """Hold a controller somewhere in the room (metres, radians), and let it be seen there."""
        await self._hold("controllers", side, x, y, z, yaw, pitch, frames)

    async def hand(self, side: Side, x: float, y: float, z: float, yaw: float = 0.0, pitch: float = 0.0,
                   frames: int = 2) -> None:
        """Hold a bare hand somewhere in the room (metres, radians), and let it be seen there."""
        await self._hold("hands", side, x, y, z, yaw, pitch, frames)

    async def _hold(self, kind: str, side: Side, x: float, y: float, z: float, yaw: float, pitch: float,
                    frames: int) -> None:
        await self.run("""([kind, side, x, y, z, yaw, pitch]) => {
            const held = device[kind][side];
            held.position.set(x, y, z);
            const [cy, sy] = [Math.cos(yaw / 2), Math.sin(yaw / 2)];
            const [cp, sp] = [Math.cos(pitch / 2), Math.sin(pitch / 2)];
            held.quaternion.set(cy * sp, sy * cp, -sy * sp, cy * cp);
        }""", [kind, side, x, y, z, yaw, pitch])
        await self.frames(frames)

    async def press(self, side: Side, button: str, value: float = 1.0, frames: int = 2) -> None:
        """Press a button of a controller (0 lets go): trigger, squeeze, thumbstick, a-button, b-button …"""
        await self.run("([side, button, value]) => device.controllers[side].updateButtonValue(button, value)",
                       [side, button, value])
        await self.frames(frames)

    async def stick(self, side: Side, x: float, y: float, frames: int = 2) -> None:
        """Push a controller's stick to the right and back, −1 … 1."""
        await self.run("([side, x, y]) => device.controllers[side].updateAxes('thumbstick', x, y)",
                       [side, x, y])
        await self.frames(frames)

    async def pinch(self, side: Side, value: float, frames: int = 2) -> None:
        """Close thumb and index of a bare hand by so much, at once."""
        await self.run("([side, value]) => device.hands[side].updatePinchValue(value)", [side, value])
        await self.frames(frames)

    async def ramp_pinch(self, side: Side, to: float = 1.0, steps: int = 5) -> None:
        """Close (or open) thumb and index as people do, and long enough to be believed."""
        await self.run("""([side, to, steps]) => new Promise(done => {
            const session = device.activeSession, hand = device.hands[side], from = hand.pinchValue;
            let step = 0, until = 0;
            const next = time => {
                if (step < steps) {
                    step++;
                    hand.updatePinchValue(from + (to - from) * step / steps);
                    until = time + 200; // milliseconds: it takes the page 90 to believe that fingers opened
                }
                if (step < steps || time < until) session.requestAnimationFrame(next);
                else done();
            };
            session.requestAnimationFrame(next);
        })""", [side, to, steps])

    async def flicker(self, side: Side, value: float = 0.0, times: int = 3) -> None:
        """Let a bare hand's pinch be seen as `value` for single frames among others, as cameras do."""
        await self.run("""([side, value, times]) => new Promise(done => {
            const session = device.activeSession, hand = device.hands[side], steady = hand.pinchValue;
            let frame = 0;
            const next = () => {
                hand.updatePinchValue(frame % 3 === 0 && frame < 3 * times ? value : steady);
                if (frame++ < 3 * times + 2) session.requestAnimationFrame(next);
                else done();
            };
            session.requestAnimationFrame(next);
        })""", [side, value, times])

    async def seen(self, side: Side, tracked: bool, frames: int = 2) -> None:
        """Let a controller or hand go out of sight, or come back."""
        await self.run("""([side, tracked]) => {
            const { primaryInputMode: mode } = device;
            (mode === 'hand' ? device.hands : device.controllers)[side].connected = tracked;
        }""", [side, tracked])
        await self.frames(frames)

    async def rest(self) -> None:
        """Let go of everything, stand in the middle of the room, and hold controllers."""
        await self.run("""() => {
            for (const side of ['left', 'right']) {
                const held = device.controllers[side];
                for (const button of ['trigger', 'squeeze', 'thumbstick']) held.updateButtonValue(button, 0);
                held.updateAxes('thumbstick', 0, 0);
                held.connected = device.hands[side].connected = true;
                device.hands[side].updatePinchValue(0);
            }
            device.primaryInputMode = 'controller';
        }""")
        await self.head(0, 1.6, 0)

    async def anchors(self) -> tuple[Vector, Vector]:
        """Where the left and the right hand hold the world: grips, or the knuckles of index fingers."""
        left, right = await self.run("""new Promise(done => {
            const session = device.activeSession;
            session.requestReferenceSpace('local-floor').then(space => {
                session.requestAnimationFrame((time, frame) => done(['left', 'right'].map(side => {
                    const source = [...session.inputSources].find(each => each.handedness === side);
                    if (!source) return [NaN, NaN, NaN];
                    const { position: { x, y, z } } = (source.hand
                        ? frame.getJointPose(source.hand.get('index-finger-phalanx-proximal'), space)
                        : frame.getPose(source.gripSpace, space)).transform;
                    return [x, y, z];
                })));
            });
        })""")
        return tuple(left), tuple(right)

    async def grip(self, side: Side) -> Vector:
        """Where one hand holds the world."""
        return (await self.anchors())[side == "right"]

    async def ray(self, side: Side) -> tuple[Vector, Vector]:
        """From where and to where a hand points: a place of the room and a direction."""
        start, way = await self.run("""side => new Promise(done => {
            const session = device.activeSession;
            session.requestReferenceSpace('local-floor').then(space => {
                session.requestAnimationFrame((time, frame) => {
                    const source = [...session.inputSources].find(each => each.handedness === side);
                    const { position: p, matrix: m } = frame.getPose(source.targetRaySpace, space).transform;
                    done([[p.x, p.y, p.z], [-m[8], -m[9], -m[10]]]);
                });
            });
        })""", side)
        return tuple(start), tuple(way)

    async def still(self, milliseconds: int = 160) -> Pose:
        """Where the scene is, once it has not moved for so long: longer than a blink takes to close."""
        await self.run("""milliseconds => new Promise((done, failed) => {
            const session = device.activeSession;
            let where = "", since = 0, began = 0;
            const next = time => {
                began ||= time;
                const now = JSON.stringify(xrserver.state().worldFromScene);
                if (now !== where) since = time;
                where = now;
                if (time - since > milliseconds) done();
                else if (time - began > 30000) failed(new Error("The scene does not come to rest."));
                else session.requestAnimationFrame(next);
            };
            session.requestAnimationFrame(next);
        })""", milliseconds)
        return await self.pose()

    async def eye(self) -> Vector:
        """Where the head is, in the room."""
        at = await self.run("""new Promise(done => {
            const session = device.activeSession;
            session.requestReferenceSpace('local-floor').then(space => {
                session.requestAnimationFrame((time, frame) => {
                    const { x, y, z } = frame.getViewerPose(space).transform.position;
                    done([x, y, z]);
                });
            });
        })""")
        return tuple(at)

    async def pose(self) -> Pose:
        """Where the scene is: ``worldFromScene`` of the page's state."""
        found = (await self.state())["worldFromScene"]
        return Pose(tuple(found["position"]), tuple(found["orientation"]), found["scale"])


@asynccontextmanager
async def worn(browser: Browser, url: str, model: str = "metaQuest3", *, room: str = "",
               viewport: tuple[int, int] = VIEWPORT, scripts: tuple[str, ...] = (), told: bool = True,
               every_frame: bool = False, expected: tuple[str, ...] = (),
               **settings: Any) -> AsyncIterator[Headset]:
    """Open `url` in the browser of a headset.

    Parameters
    ----------
    model : {"metaQuest2", "metaQuest3", "metaQuestPro"}
    room : str
        One of `@iwer/sem`'s captured rooms, such as "office_small", for surfaces to be found in; "" for none.
    scripts : tuple of str
        Run before the page's own, after the headset is there.
    told : bool
        Somebody was here before: the card for their first minute does not come.
    every_frame : bool
        Draw each of a session's frames, for tests that look at pixels; else one in `SELDOM`.
    expected : tuple of str
        What else may stand on the console.
    """
    runtime = MODULES / "iwer" / "build" / "iwer.min.js"
    if not runtime.is_file():
        pytest.skip("the emulated headset is not installed (run `make check`)")
    before = [runtime.read_text(encoding="utf-8")]
    with_room = ""
    if room:
        sem = MODULES / "@iwer" / "sem"
        before.append((sem / "build" / "iwer-sem.min.js").read_text(encoding="utf-8"))
        captured = (sem / "captures" / f"{room}.json").read_text(encoding="utf-8")
        with_room = ("device.installSEM(IWER_SEM.SyntheticEnvironmentModule);"
                     f"device.sem.loadEnvironment({captured});")
    before += [_DEVICE % (model, with_room), _STEADY % STEP]
    if not every_frame:
        before.append(_SELDOM % SELDOM)
    if told:
        before.append("localStorage.setItem('xrserver.hint', 'seen')")
    async with chromium.visit(browser, url, viewport=viewport, scripts=(*before, *scripts),
                              expected=(*_EMULATED, *expected), **settings) as visit:
        yield Headset(visit)
