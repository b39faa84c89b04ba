"""The shaders of the city, compiled, and the faces that each of them draws."""

from __future__ import annotations

import moderngl
import numpy as np

from xrserver import resources
from xrserver.native.moment import COLOURINGS

#: Corners of the faces towards the eye, whose last of three tells the face (CONVENTIONS, "Drawing").
_SIDES = np.array([0, 2, 6, 0, 4, 6, 0, 1, 3, 0, 2, 3], np.uint32)
_TOP = np.array([0, 1, 5, 0, 4, 5], np.uint32)
_ALL = np.concatenate([_SIDES, _TOP])
#: A disc of eight corners, and a strip of three stretches.
_DISC = np.array([(0, k, k + 1) for k in range(1, 7)], np.uint32).reshape(-1)
_STRIP = np.array([0, 1, 2, 2, 1, 3, 2, 3, 4, 4, 3, 5, 4, 5, 6, 6, 5, 7], np.uint32)
#: By the unit they are bound to.
TEXTURES = ("uSpans", "uNodes", "uStrata", "uPages", "uPeople", "uCategories", "uBefore")
#: Programs whose vertex stage is nodes.glsl; each has a fragment stage of its own.
_OF_NODES = ("walls", "roofs", "plates", "mark", "pick")
#: … and river.glsl.
_OF_RIVER = ("beads", "ribbons")
#: What is written knows no light.
_WRITTEN = ("overlay", "names")


def source(body: str, *defines: str, preamble: str = "gl") -> str:
    """Return the GLSL of a program's stage (CONVENTIONS, "Drawing")."""
    vertex = "VERTEX" in defines
    if body in (*_OF_NODES, *_OF_RIVER):
        defines = (*defines, body.upper())
    names = "".join(f"#define {name}\n" for name in defines)
    version, rest = resources.text("shaders", f"preamble.{preamble}.glsl").split("\n", 1)
    parts = [version + "\n", names, rest]
    if body not in _WRITTEN:
        parts.append(resources.text("shaders", "light.glsl"))
    file = body
    if vertex and body in (*_OF_NODES, *_OF_RIVER):
        river = body in _OF_RIVER or "BEADS" in defines or "RIBBONS" in defines
        parts.append(resources.text("shaders", "live.glsl"))
        file = "river" if river else "nodes"
    return "".join([*parts, resources.text("shaders", f"{file}.glsl")])


class Programs:
    """Every program of the city in one OpenGL context, with arrays for as many rows as were asked for.

    Attributes are the programs by their name in CONVENTIONS, "Drawing", and what draws them.
    """

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self.walls = tuple(self._program("walls", name.upper()) for name in COLOURINGS)
        self.roofs, self.plates = self._program("roofs"), self._program("plates")
        self.mark, self.pick = self._program("mark"), self._program("pick")
        self.sky, self.foot = self._program("sky"), self._program("foot")
        self.foot["outline"] = (0.0, 0.0, 0.0, 0.0)
        self.ribbons, self.beads = self._program("ribbons"), self._program("beads")
        self.gate = self._program("gate")
        self.pick_ribbons, self.pick_beads = (self._program("pick", name) for name in ("RIBBONS", "BEADS"))
        self.backdrop = context.vertex_array(self.sky, [])
        self.around = context.vertex_array(self.foot, [])
        self.sheet = context.vertex_array(self.gate, [])
        self._capacity = 0
        self.grow(1)

    def _program(self, body: str, *defines: str) -> moderngl.Program:
        program = self._context.program(source(body, *defines, "VERTEX"), source(body, *defines))
        for unit, name in enumerate(TEXTURES):
            if name in program:
                program[name] = unit
        return program

    def grow(self, rows: int) -> None:
        """Make room for the faces of so many rows."""
        if rows <= self._capacity:
            return
        self._capacity = max(rows, 2 * self._capacity)
        of_row = 8 * np.arange(self._capacity, dtype=np.uint32)[:, None]
        context = self._context
        sides, tops, boxes, strips, discs = (context.buffer((corners + of_row).tobytes())
                                             for corners in (_SIDES, _TOP, _ALL, _STRIP, _DISC))

        def array(program: moderngl.Program, indices: moderngl.Buffer) -> moderngl.VertexArray:
            return context.vertex_array(program, [], index_buffer=indices)

        self.wall_arrays = tuple(array(program, sides) for program in self.walls)
        self.roof_array = array(self.roofs, tops)
        self.plate_array, self.mark_array, self.pick_array = (
            array(program, boxes) for program in (self.plates, self.mark, self.pick))
        self.ribbon_arrays = tuple(array(program, strips) for program in (self.ribbons, self.pick_ribbons))
        self.bead_arrays = tuple(array(program, discs) for program in (self.beads, self.pick_beads))
