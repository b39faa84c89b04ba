"""Names over districts and near buildings, as somebody in a headset sees them: in the room, facing the head.

What is chosen changes a few times a second at most and fades; where it is drawn follows from uniforms, so a
head that moves uploads nothing. The page does the same (`webxr_client/src/xr/names.ts`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import moderngl
import numpy as np

from xrserver import spaces
from xrserver.native.backend import View
from xrserver.native.city import City
from xrserver.native.lettering import SIDE, Lettering, Placed
from xrserver.native.overlay import OVER
from xrserver.native.programs import source
from xrserver.native.survey import Survey
from xrserver.native.uniforms import Uniforms
from xrserver.navigation import naming
from xrserver.navigation.naming import CHOICE_SECONDS, FADE_SECONDS, GAP, LONGEST, MOST, TEXELS
from xrserver.spaces import Pose, Vector

#: Radians that a building must be wide to be looked at closely.
_LEAST = 0.045
#: Metres and radians that a head moves before names are chosen anew.
_MOVED, _TURNED = 0.01, math.radians(0.5)
#: Choices that a name is remembered for after it left the view.
_REMEMBERED = 100
#: A name, and the bar that ties it to its district.
_QUADS = 2
_NUMBERS = 12
_BAR = 0.03


@dataclass(slots=True)
class Name:
    """A name that is seen, fades, or is remembered.

    Attributes
    ----------
    anchor : Vector
        Metres, scene space.
    stem : float
        Degrees from its anchor up.
    box : (left, top, right, bottom)
        As last chosen: degrees right and down of the gaze.
    seen : int
        The choice in which it was last in view.
    """

    text: str
    district: bool
    depth: int
    size: tuple[int, int]
    anchor: Vector = (0.0, 0.0, 0.0)
    stem: float = 0.0
    box: naming.Box = (0.0, 0.0, 0.0, 0.0)
    shown: bool = False
    seen: int = 0
    opacity: float = 0.0

    @property
    def em(self) -> int:
        """Texels."""
        return _em(self.district, self.depth)


class Names:
    """Chooses names, and draws them into every view: one draw each."""

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._program = context.program(source("names", "VERTEX"), source("names"))
        self._program["atlas"] = 0
        self._letters = Lettering(context, round(max(naming.EMS) * TEXELS))
        self._quads = np.zeros((MOST * _QUADS, _NUMBERS), np.float32)
        self._buffer = context.buffer(reserve=self._quads.nbytes, dynamic=True)
        self._array = context.vertex_array(
            self._program, [(self._buffer, "4f 4f 4f /i", "anchor", "frame", "glyphs")])
        self._uniforms = Uniforms()
        self._values: dict[str, object] = {}
        self.survey = Survey()
        self._city: City | None = None
        self._names: dict[int, Name] = {}
        self._choice, self._since, self._measured_of = 0, CHOICE_SECONDS, 0
        #: For what was chosen: passes of the survey, where the city was, and where the head.
        self._chosen: tuple[int, Pose, Vector, float, float] | None = None
        #: Of the candidates, those whose names were never measured: one a frame, then they may be chosen.
        self._unmeasured: list[int] = []
        #: Some name is not yet, or still, as it is going to be.
        self._fading = True
        self.count = 0

    @property
    def shown(self) -> list[Name]:
        """What is named now."""
        return [name for name in self._names.values() if name.shown]

    def step(self, city: City, drawn: tuple[str, ...], rank: int, playing: bool, pose: Pose, head: Pose,
             daylight: float, seconds: float, calm: bool, busy: bool = False) -> None:
        """Choose and fade names for a head in the room.

        Parameters
        ----------
        calm : bool
            Nothing fades.
        busy : bool
            This frame has done enough: what takes time waits for the next.
        """
        if city is not self._city:
            self._city = city
            self._names.clear()
            self.survey.clear()
            self._chosen, self._fading, self._unmeasured = None, True, []
        self.survey.step(city, drawn, rank, spaces.apply_inverse(pose, head.position), _LEAST,
                         2.0 * _MOVED / pose.scale, seconds, playing)
        yaw, pitch = spaces.yaw_pitch_of(head.orientation)
        self._values = {
            "modelMatrix": spaces.matrix(pose), "head": head.position,
            "sideways": (math.cos(yaw), 0.0, -math.sin(yaw)), "daylight": daylight}
        self._since += seconds
        # What takes time has a frame for itself: choosing, measuring a name, drawing its letters.
        free = not busy
        if self.survey.passes != self._measured_of:
            self._measured_of, self._unmeasured = self.survey.passes, []
        if free and self._since >= CHOICE_SECONDS and self._other(pose, head.position, yaw, pitch):
            self._since = 0.0
            self._choose(pose, head.position, yaw, pitch)
            self._fading, free = True, False
        elif free and self._unmeasured:
            self._measure(self._unmeasured.pop(0))
            free = False
        if self._fading:
            self._write(1.0 if calm else seconds / FADE_SECONDS, free)

    def _measure(self, i: int) -> None:
        """Let a candidate have a name; with the last of them another choice is due."""
        found = self.survey.candidates
        if int(found.nodes[i]) not in self._names:
            self._name(int(found.nodes[i]), found.text(i), bool(found.districts[i]), int(found.depths[i]))
        if not self._unmeasured:
            self._chosen = None

    def _other(self, pose: Pose, head: Vector, yaw: float, pitch: float) -> bool:
        """Return whether another choice may come to something else."""
        before = self._chosen
        turned = abs(math.remainder(yaw - before[3], math.tau)) if before is not None else 0.0
        return before is None or before[0] != self.survey.passes or before[1] != pose or (
            turned > _TURNED or abs(pitch - before[4]) > _TURNED) or (
            spaces.length(spaces.subtract(head, before[2])) > _MOVED)

    def _choose(self, pose: Pose, head: Vector, yaw: float, pitch: float) -> None:
        self._chosen = self.survey.passes, pose, head, yaw, pitch
        self._choice += 1
        found = self.survey.candidates
        own = [self._names.get(node) for node in found.nodes.tolist()]
        there = np.array([name is not None and name.shown for name in own], np.bool_)
        sights = naming.sights(found.places, found.extents, found.districts, found.depths, there, pose, head,
                               yaw, pitch)
        rows = np.flatnonzero(sights.named)
        rows = rows[np.argsort(-sights.weight[rows], kind="stable")]
        wishes: list[Name] = []
        weights: list[float] = []
        self._unmeasured = [i for i in rows.tolist() if own[i] is None]
        for i in rows.tolist():
            name = own[i]
            if name is None:
                continue
            x, y, z = found.places[i].tolist()
            name.anchor, name.stem, name.seen = (x, y, z), float(sights.stem[i]), self._choice
            half, high = name.size[0] / 2 / TEXELS, name.size[1] / TEXELS
            across, bottom = float(sights.x[i]), -float(sights.elevation[i]) - name.stem
            name.box = across - half, bottom - high, across + half, bottom
            wishes.append(name)
            weights.append(float(sights.weight[i]))
        placed = naming.place(
            [name.box for name in wishes], weights, [name.shown for name in wishes], MOST, GAP)
        for name in self._names.values():
            name.shown = False
        for i in placed:
            wishes[i].shown = True
        self._names = {node: name for node, name in self._names.items()
                       if name.opacity > 0.0 or name.seen >= self._choice - _REMEMBERED}

    def _name(self, node: int, text: str, district: bool, depth: int) -> None:
        text = f"{text[:LONGEST - 1]}…" if len(text) > LONGEST else text
        size = self._letters.size(text, _em(district, depth))
        self._names[node] = Name(text, district, depth, size, seen=self._choice)

    def _write(self, step: float, free: bool) -> None:
        """Fade names a step; draw the letters of one that was never seen, where there is time."""
        quad = 0
        self._fading = False
        for name in self._names.values():
            target = 1.0 if name.shown else 0.0
            if name.opacity == target == 0.0:
                continue
            placed = self._letters.known(name.text, name.em)
            if placed is None:
                if not free:
                    self._fading = True
                    continue
                free = False
                placed = self._letters.draw(name.text, name.em)
            name.opacity = min(name.opacity + step, 1.0) if target else max(name.opacity - step, 0.0)
            self._fading = self._fading or name.opacity != target
            if name.opacity > 0.0 and quad + _QUADS <= len(self._quads):
                quad = self._lay(name, placed, quad)
        self.count = quad
        if quad:
            self._buffer.write(self._quads[:quad].data)

    def _lay(self, name: Name, placed: Placed, quad: int) -> int:
        # Quarters are named from afar; what stands within them only where it is seen.
        opacity = name.opacity if name.district and name.depth <= 1 else -name.opacity
        anchor, stem = (*name.anchor, opacity), name.stem
        if name.district:
            self._quads[quad] = (*anchor, -_BAR, 0.0, _BAR, stem + 0.15, -1.0, 0.0, -1.0, 0.0)
            quad += 1
        half = placed.width / 2 / TEXELS
        self._quads[quad] = (
            *anchor, -half, stem, half, stem + placed.height / TEXELS, placed.x / SIDE,
            (placed.y + placed.height) / SIDE, (placed.x + placed.width) / SIDE, placed.y / SIDE)
        return quad + 1

    def draw(self, view: View) -> None:
        """Draw over a view."""
        if not self.count:
            return
        self._context.disable(moderngl.CULL_FACE)
        self._context.enable(moderngl.DEPTH_TEST | moderngl.BLEND)
        self._context.blend_func = OVER
        view.target.depth_mask = False
        self._uniforms.set(self._program, {
            **self._values, "viewMatrix": spaces.view_matrix(view.world_from_eye),
            "projectionMatrix": view.projection})
        self._letters.texture.use(0)
        self._array.render(moderngl.TRIANGLE_STRIP, vertices=4, instances=self.count)
        view.target.depth_mask = True
        self._context.disable(moderngl.BLEND)


def _em(district: bool, depth: int) -> int:
    return round(naming.EMS[naming.rank_of(district, depth)] * TEXELS)
