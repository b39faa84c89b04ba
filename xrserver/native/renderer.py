"""Draws the city: the same GLSL bodies over the same textures as the page, by ModernGL."""

from __future__ import annotations

from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from xrserver import spaces
from xrserver.columns import NODES, SPANS, STRATA
from xrserver.native.moment import Moment, Picked
from xrserver.native.pages import Pages
from xrserver.native.pools import Pool
from xrserver.native.programs import Programs
from xrserver.native.settling import Settling
from xrserver.native.tile import Change, Tile
from xrserver.native.uniforms import Uniforms
from xrserver.scene.palette import NOBODY
from xrserver.spaces import Matrix, Pose, Vector

#: Over what is there, whose alpha it adds to.
_OVER: Any = (moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA, moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA)
#: What a district's floor is in the pick pass.
_NO_FLOOR = 0xFFFF_FFFF


class Renderer:
    """The city in one OpenGL context: pools of what is resident, and what of it is drawn.

    Drawing makes no OpenGL object and uploads nothing but uniforms; `add`, `show` and `set_people` do.
    """

    def __init__(self, context: moderngl.Context) -> None:
        self.context = context
        self._programs = Programs(context)
        self._spans = Pool(context, 4, SPANS.dtype.itemsize // 16)
        self._strata = Pool(context, 2, 1)
        self._pages = Pages(context)
        #: What was laid out anew, on its way.
        self.settling = Settling(context)
        self._people = context.texture((256, 1), 4)
        self._categories = context.texture((16, 1), 4)
        for texture in (self._people, self._categories):
            texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        #: By name: where its spans and strata lie, and how many spans it has.
        self._tiles: dict[str, tuple[int, int, int]] = {}
        self._bounds = (-1.0, -1.0, 1.0, 1.0)
        self._pixel_angle = 1e-3
        self._course: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None = None
        #: Selected, hovered, and their rows: looked for when they change, not in every frame.
        self._marks: tuple[int, int, list[int]] = (-1, -1, [])
        self._eye_of_pick = context.framebuffer(
            [context.texture((1, 1), 2, dtype="u4")], context.depth_texture((1, 1)))
        self._uniforms = Uniforms()

    @property
    def resident_spans(self) -> int:
        """How many spans lie in the pools."""
        return sum(spans for _, _, spans in self._tiles.values())

    @property
    def drawn(self) -> int:
        """How many rows are drawn, with those that are empty."""
        return self._pages.rows

    def set_bounds(self, box: list[float] | tuple[float, ...]) -> None:
        """Tell how large the city is: the root tile's box, metres, scene space."""
        self._bounds = (box[0], box[2], box[3], box[5])

    def set_course(self, rank: NDArray[Any], position: NDArray[Any], across: NDArray[Any]) -> None:
        """Tell where the river's mainline is (`columns.COURSE`); no rows: there is no river."""
        self._course = (rank.astype(np.float64), position.astype(np.float64), across.astype(np.float64)) \
            if len(rank) else None

    def _place_gate(self, moment: Moment) -> NDArray[np.float64] | None:
        """Put the gate where the playhead stands on the river; return where, None without a river."""
        if self._course is None:
            return None
        rank, position, across = self._course
        t = moment.rank + moment.fraction
        at = np.array([np.interp(t, rank, position[:, axis]) for axis in range(3)])
        self._programs.gate["gatePlace"] = tuple(at.tolist())
        row = max(int(np.searchsorted(rank, t, side="right")) - 1, 0)
        self._programs.gate["gateAcross"] = tuple(across[row].tolist())
        return at

    def set_people(self, colours: NDArray[np.uint32], categories: tuple[int, ...]) -> None:
        """Set the colours of people by id, and of categories: 0xRRGGBB, sRGB."""
        rows = len(colours) // 256 + 1  # nobody's is behind the last
        if self._people.size[1] != rows:
            self._people.release()
            self._people = self.context.texture((256, rows), 4)
            self._people.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._people.write(_bytes(colours, 256 * rows))
        self._categories.write(_bytes(np.array(categories, np.uint32), 16))

    def add(self, tile: str, spans: NDArray[np.void], nodes: NDArray[np.void], strata: NDArray[np.void],
            room: float = 0.0) -> None:
        """Make a tile resident: packed records of `columns.SPANS`, NODES and STRATA.

        Behind them is `room` for as many more, as a share of what there is.
        """
        more = [int(room * len(records)) for records in (spans, nodes, strata)]
        first_span, first_stratum = self._spans.add(spans, more[0]), self._strata.add(strata, more[2])
        states, rows = spans.view(SPANS.dtype).reshape(-1), nodes.view(NODES.dtype).reshape(-1)
        self._pages.add(tile, rows, states, first_span, first_stratum, more[1])
        self._tiles[tile] = first_span, first_stratum, int(rows["span_count"].sum())

    def change(self, name: str, tile: Tile, change: Change) -> bool:
        """Write what a resident tile has otherwise; return False where it does not fit where the tile lies.

        What was in a row stays there, so nothing else is written, and the list of what is drawn is the same
        as long as what is new finds place in pages that are drawn.
        """
        first_span, first_stratum, _ = self._tiles[name]
        if len(tile.spans) > self._spans.holds(first_span) or (
                len(tile.strata) > self._strata.holds(first_stratum)) or not self._pages.change(
                    name, tile.nodes, tile.spans, change.nodes, first_span, first_stratum):
            return False
        self._spans.write(first_span, change.spans, tile.spans[change.spans])
        self._strata.write(first_stratum, change.strata, tile.strata[change.strata])
        self._tiles[name] = first_span, first_stratum, len(tile.births)
        self._marks = (-1, -1, [])
        return True

    def come_from(self, tile: str, keys: NDArray[np.uint64]) -> None:
        """While things are on their way, let those of a tile begin where they stood (`Tile.keys`)."""
        if self.settling.left > 0.0:
            self.settling.arrive(keys, self._pages.rows_of(tile), self._pages.texture.size[1])

    def remove(self, tile: str) -> None:
        """Let go of a tile."""
        first_span, first_stratum, _ = self._tiles.pop(tile)
        self._spans.remove(first_span)
        self._strata.remove(first_stratum)
        self._pages.remove(tile)
        self._marks = (-1, -1, [])

    def show(self, tiles: tuple[str, ...], eye: Vector = (0.0, 0.0, 0.0)) -> None:
        """Draw these resident tiles from now on, what is near `eye` (metres, scene space) first."""
        west, north, east, south = self._bounds
        if self._pages.show(tiles, eye, max(east - west, south - north)):
            self._marks = (-1, -1, [])
            self._programs.grow(self._pages.rows)

    def draw(self, moment: Moment, eye: Pose, projection: Matrix) -> None:
        """Draw city and backdrop into the framebuffer in use, which is clear.

        Parameters
        ----------
        eye : Pose
            ``world_from_eye``.
        """
        walls = self._programs.walls[moment.colouring]
        marked = self._marked(moment.selected, moment.hovered)
        self._pixel_angle = 2.0 / (projection[5] * self.context.fbo.viewport[3])
        values = self._values(moment, eye, projection)
        gate = self._place_gate(moment)
        through = moment.shadow is not None
        made = self._programs
        for program in (walls, made.roofs, made.plates, made.foot if through else made.sky,
                        *([made.mark] if len(marked) else []),
                        *([made.ribbons, made.beads] if self._pages.beads else []),
                        *([made.gate] if gate is not None else [])):
            self._uniforms.set(program, values)
        self._use_textures()
        self.context.disable(moderngl.CULL_FACE | moderngl.BLEND)
        self.context.enable(moderngl.DEPTH_TEST)
        self.context.depth_func = "<="
        plates, ribbons, beads = self._pages.plates, self._pages.ribbons, self._pages.beads
        before = self._pages.before
        buildings = self.drawn - before
        # What hides most first; the backdrop, at depth 1, last, where nothing stands before it.
        if buildings:
            self._programs.wall_arrays[moment.colouring].render(vertices=12 * buildings, first=12 * before)
            self._programs.roof_array.render(vertices=6 * buildings, first=6 * before)
        if plates:
            self._programs.plate_array.render(vertices=18 * plates)
        if through:
            self._cast_shadow(moment.shadow or 0.0)
        else:
            self._programs.backdrop.render(moderngl.TRIANGLES, vertices=3)
        self.context.enable(moderngl.BLEND)
        self.context.blend_func = _OVER
        if marked:
            for row in marked:
                self._programs.mark_array.render(vertices=18, first=18 * row)
        # Soft edges come after what they lie before: ribbons, beads on them, and the gate's light.
        if ribbons:
            self._programs.ribbon_arrays[0].render(vertices=18 * ribbons, first=18 * plates)
        if beads:
            self._programs.bead_arrays[0].render(vertices=18 * beads, first=18 * (plates + ribbons))
        if gate is not None:
            self.context.fbo.depth_mask = False
            self._programs.sheet.render(moderngl.TRIANGLE_STRIP, vertices=4)
            self.context.fbo.depth_mask = True
        self.context.disable(moderngl.BLEND)

    def pick(self, moment: Moment, eye: Pose, projection: Matrix, x: float, y: float,
             pixel: tuple[float, float]) -> Picked | None:
        """Return what is seen at (x, y) of the picture, each −1 … 1, right and up.

        Parameters
        ----------
        pixel : (float, float)
            Half of a pixel's width and height in the same measure: the one pixel that is drawn.
        """
        if not self.drawn:
            return None
        # The projection that blows that one pixel up to the whole picture.
        wide, tall = 1.0 / pixel[0], 1.0 / pixel[1]
        p = list(projection)
        for column in range(0, 16, 4):
            p[column] = wide * (p[column] - x * p[column + 3])
            p[column + 1] = tall * (p[column + 1] - y * p[column + 3])
        self.draw_pick(self._eye_of_pick, moment, eye, tuple(p))
        node, floor = np.frombuffer(self._eye_of_pick.read(components=2, dtype="u4"), np.uint32).tolist()
        if node == 0:
            return None
        depth = float(np.frombuffer(self._eye_of_pick.read(attachment=-1, dtype="f4"), np.float32)[0])
        point = _unprojected(projection, x, y, 2.0 * depth - 1.0)
        scene = spaces.apply_inverse(moment.pose, spaces.apply(eye, point))
        return Picked(node - 1, -1 if floor == _NO_FLOOR else floor, scene)

    def _cast_shadow(self, shade: float) -> None:
        """Draw what ties the city to a real table; premultiplied, as the room is put behind."""
        self._programs.foot["shade"] = shade
        self.context.enable(moderngl.BLEND)
        self.context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._programs.around.render(moderngl.TRIANGLE_STRIP, vertices=4)
        self.context.disable(moderngl.BLEND)

    def _marked(self, selected: int, hovered: int) -> list[int]:
        if (selected, hovered) != self._marks[:2]:
            self._marks = selected, hovered, self._pages.find(sorted({selected, hovered}))
        return self._marks[2]

    def draw_pick(self, target: moderngl.Framebuffer, moment: Moment, eye: Pose, projection: Matrix) -> None:
        """Draw who is where, (node + 1, floor), into a target of RG32UI with depth."""
        values = self._values(moment, eye, projection)
        self._uniforms.set(self._programs.pick, values)
        self._use_textures()
        target.use()
        target.clear()
        self.context.disable(moderngl.CULL_FACE | moderngl.BLEND)
        self.context.enable(moderngl.DEPTH_TEST)
        self.context.depth_func = "<="
        pages = self._pages
        ribbons, beads, before = pages.plates, pages.plates + pages.ribbons, pages.before
        self._programs.pick_array.render(vertices=18 * pages.plates)
        self._programs.pick_array.render(vertices=18 * (self.drawn - before), first=18 * before)
        if pages.beads:
            for program in (self._programs.pick_ribbons, self._programs.pick_beads):
                self._uniforms.set(program, values)
            self._programs.ribbon_arrays[1].render(vertices=18 * pages.ribbons, first=18 * ribbons)
            self._programs.bead_arrays[1].render(vertices=18 * pages.beads, first=18 * beads)

    def _use_textures(self) -> None:
        textures = (self._spans.texture, self._pages.texture, self._strata.texture, self._pages.listing,
                    self._people, self._categories, self.settling.texture)
        for unit, texture in enumerate(textures):
            texture.use(unit)

    def _values(self, moment: Moment, eye: Pose, projection: Matrix) -> dict[str, object]:
        """Return every uniform that depends on more than the program."""
        return {
            "cameraPosition": eye.position,
            "sceneBounds": self._bounds,
            "unsettled": self.settling.left,
            "playheadRank": moment.rank,
            "playheadFraction": moment.fraction,
            "easing": moment.easing,
            "glowPerRank": moment.glow_per_rank,
            "headRank": moment.head_rank,
            "colouring": moment.colouring,
            "daylight": moment.daylight,
            "haze": 1.0 if moment.shadow is None else 0.0,
            "selectedNode": moment.selected,
            "hoveredNode": moment.hovered,
            "hoveredFloor": moment.floor,
            "pixelAngle": self._pixel_angle,
            "roundness": float(self._course is not None),
            "modelMatrix": spaces.matrix(moment.pose),
            "viewMatrix": spaces.view_matrix(eye),
            "projectionMatrix": projection,
        }


def _bytes(colours: NDArray[np.uint32], count: int) -> bytes:
    """Return 0xRRGGBB as `count` RGBA texels, nobody's colour where there are no more."""
    every = np.full(count, NOBODY, np.uint32)
    every[:len(colours)] = colours
    return np.stack([every >> 16 & 255, every >> 8 & 255, every & 255, np.full_like(every, 255)],
                    axis=1).astype(np.uint8).tobytes()


def _unprojected(projection: Matrix, x: float, y: float, depth: float) -> Vector:
    """Return the point of view space at picture coordinates and depth, each −1 … 1."""
    z = -projection[14] / (depth + projection[10])
    return ((x + projection[8]) * -z / projection[0], (y + projection[9]) * -z / projection[5], z)


#: Record types as numpy sees them, for those who make tiles by hand.
SPAN, NODE, STRATUM = SPANS.dtype, NODES.dtype, STRATA.dtype
