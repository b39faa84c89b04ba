"""Pointing at the city with hands and eyes: what their rays meet, and what a press on it chooses.

The page's twin is ``webxr_client/src/xr/aim.ts``. What a ray meets is drawn into one pixel, as the
mouse's is, and read back a frame later, so that nothing ever waits for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import moderngl
import numpy as np

from xrserver import spaces
from xrserver.native.hands import Hand, Worn
from xrserver.native.moment import Moment
from xrserver.native.renderer import Renderer
from xrserver.navigation.selection import NOTHING
from xrserver.spaces import Matrix, Pose, Vector

#: A ray's picture: so wide (radians), and from so near to so far (metres of the room).
_LENS: Matrix = spaces.perspective(0.002, 1.0, 0.01, 400.0)
#: Both hands' rays are drawn in each frame up to so many nodes; of more, one a frame.
_BOTH_MOST = 100_000
#: What was pressed is chosen where the ray, on letting go, is off by less than this: pressing moves a hand.
_SWAY = 0.035
#: A press on the ground lets go of what was chosen if it is over within these seconds and metres.
_BRIEF, _STILL = 0.5, 0.015
#: The hand that points at something takes over from one that points at nothing after so many seconds.
_TAKEOVER = 0.35
#: The plate that everything stands on is the ground.
_ROOT = 1


@dataclass(frozen=True, slots=True)
class Pointed:
    """What a ray meets first.

    Attributes
    ----------
    kind : {"nothing", "panel", "thing", "ground"}
    distance : float
        Along the ray, metres of the room.
    node, floor : int
    point : Vector
        In the room.
    """

    kind: Literal["nothing", "panel", "thing", "ground"] = "nothing"
    distance: float = math.inf
    node: int = NOTHING
    floor: int = NOTHING
    point: Vector = (0.0, 0.0, 0.0)


@dataclass(slots=True)
class _Press:
    node: int | None = None
    age: float = 0.0
    start: Vector = (0.0, 0.0, 0.0)
    ray: Vector = (0.0, 0.0, 0.0)


class _Probe:
    """One ray: a pixel, and buffers by which it comes back."""

    def __init__(self, context: moderngl.Context) -> None:
        self.target: moderngl.Framebuffer = context.framebuffer(
            [context.texture((1, 1), 2, dtype="u4")], context.depth_texture((1, 1)))
        self._word, self._depth = context.buffer(reserve=8), context.buffer(reserve=4)
        self._asked: tuple[Pose, Pose] | None = None
        self.found = Pointed()

    def ask(self, aim: Pose, pose: Pose) -> None:
        """Have what was drawn into the pixel brought here."""
        self.target.read_into(self._word, components=2, dtype="u4")
        self.target.read_into(self._depth, attachment=-1, dtype="f4")
        self._asked = aim, pose

    def collect(self) -> Pointed:
        """Return what the ray of the frame before met."""
        if self._asked is None:
            self.found = Pointed()
            return self.found
        aim, pose = self._asked
        node, floor = np.frombuffer(self._word.read(), np.uint32).tolist()
        ray = spaces.rotate(aim.orientation, (0.0, 0.0, -1.0))
        if node == 0 or node - 1 == _ROOT:
            self.found = _ground(aim, ray, pose)
            return self.found
        depth = 2.0 * float(np.frombuffer(self._depth.read(), np.float32)[0]) - 1.0
        distance = _LENS[14] / (depth + _LENS[10])
        self.found = Pointed("thing", distance, node - 1, NOTHING if floor == 0xFFFF_FFFF else floor,
                             spaces.add(aim.position, spaces.scaled(ray, distance)))
        return self.found

    def rest(self) -> None:
        self._asked = None


def _ground(aim: Pose, ray: Vector, pose: Pose) -> Pointed:
    """Return where a ray meets the scene's ground."""
    drop = aim.position[1] - pose.position[1]
    if drop <= 0.0 or ray[1] >= -1e-6:
        return Pointed()
    distance = -drop / ray[1]
    return Pointed("ground", distance, point=spaces.add(aim.position, spaces.scaled(ray, distance)))


class Aiming:
    """What both hands and the eyes point at.

    Parameters
    ----------
    pulse : function of (side, kind)
    choose : function of node
        Is called with what was chosen; `NOTHING` lets go.

    Attributes
    ----------
    pointed : list of Pointed
        By the left and the right hand.
    active : int
        The hand whose thing is hovered: the one used last. 0 left, 1 right.
    """

    def __init__(self, renderer: Renderer, pulse: Callable[[str, str], None],
                 choose: Callable[[int], None]) -> None:
        self._renderer, self._pulse, self._choose = renderer, pulse, choose
        self._probes = [_Probe(renderer.context) for _ in range(3)]
        self.pointed = [Pointed(), Pointed()]
        self.active = 1
        self._presses = _Press(), _Press()
        self._elsewhere = 0.0
        self._turn = 0
        self._hovered = NOTHING

    def step(self, worn: Worn, moment: Moment, panels: list[Pointed], seconds: float) -> Pointed:
        """Take up what hands do in a frame; return what is hovered.

        `panels` is what each hand's ray meets of panels, which hide what is behind them.
        """
        looked = self._collect(worn, panels)
        for i, hand in enumerate(worn.hands):
            self._press(hand, self._presses[i], self._met(hand, i, looked), i, seconds)
        self._ask(worn, moment)
        return self._hover(worn, looked, seconds)

    def _collect(self, worn: Worn, panels: list[Pointed]) -> Pointed:
        for i, hand in enumerate(worn.hands):
            free = hand.tracked and hand.owner in ("", "thing")
            met = self._probes[i].collect() if free else Pointed()
            self.pointed[i] = panels[i] if panels[i].distance < met.distance else met
        return self._probes[2].collect() if worn.gaze is not None else Pointed()

    def _met(self, hand: Hand, i: int, looked: Pointed) -> Pointed:
        """Return what a press of a hand is on: where its ray meets no thing, what is looked at."""
        own = self.pointed[i]
        if looked.kind == "thing" and hand.tracked and own.kind in ("nothing", "ground"):
            return looked
        return own

    def _ask(self, worn: Worn, moment: Moment) -> None:
        rays = [hand.aim if hand.tracked and hand.owner in ("", "thing") else None for hand in worn.hands]
        rays.append(worn.gaze)
        many = self._renderer.drawn > _BOTH_MOST
        self._turn = (self._turn + 1) % len(rays)
        for i, (probe, aim) in enumerate(zip(self._probes, rays, strict=True)):
            if aim is None or not self._renderer.drawn:
                probe.rest()
            elif not many or i == self._turn:
                self._renderer.draw_pick(probe.target, moment, aim, _LENS)
                probe.ask(aim, moment.pose)

    def _press(self, hand: Hand, press: _Press, met: Pointed, i: int, seconds: float) -> None:
        ray = spaces.rotate(hand.aim.orientation, (0.0, 0.0, -1.0))
        press.age += seconds
        if hand.select.began:
            self._use(i)
            press.node, press.age, press.start, press.ray = None, 0.0, hand.grip.position, ray
            if hand.owner == "" and hand.tracked:
                if met.kind == "thing":
                    press.node, hand.owner = met.node, "thing"
                elif met.kind == "ground":
                    press.node = NOTHING
                    if hand.kind == "controller":  # fingers may take hold of the world there
                        hand.owner = "thing"
        elif hand.squeeze.began:
            self._use(i)
        if not hand.select.ended or press.node is None:
            return
        node, press.node = press.node, None
        if node == NOTHING:
            travel = spaces.length(spaces.subtract(hand.grip.position, press.start))
            if press.age < _BRIEF and travel < _STILL:
                self._choose(NOTHING)
            return
        sway = spaces.length(spaces.subtract(press.ray, ray))
        if hand.owner == "thing" and (met.node == node or sway < _SWAY):
            self._pulse(hand.side, "select")
            self._choose(node)

    def _use(self, i: int) -> None:
        self.active, self._elsewhere = i, 0.0

    def _hover(self, worn: Worn, looked: Pointed, seconds: float) -> Pointed:
        other = 1 - self.active
        waits = (self.pointed[self.active].kind != "thing" and self.pointed[other].kind == "thing"
                 and worn.hands[self.active].owner == "")
        self._elsewhere = self._elsewhere + seconds if waits else 0.0
        if self._elsewhere > _TAKEOVER:
            self._use(other)
        own = self.pointed[self.active]
        found = looked if own.kind in ("nothing", "ground") and looked.kind == "thing" else own
        if found.node not in (self._hovered, NOTHING):
            self._pulse(worn.hands[self.active].side, "hover")
        self._hovered = found.node
        return found
