"""The flat layer over a picture: rectangles and lines of text, drawn in one call."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from xrserver.native.programs import source
from xrserver.native.shaping import clusters
from xrserver.native.text import MARGIN, advance, extent, raster
from xrserver.native.wrapping import lines

Colour = tuple[float, float, float, float]
#: Of the atlas: left, top, width, height; texels.
_Place = tuple[int, int, int, int]

#: Over what is there, whose alpha it adds to: a panel's letters leave no holes in it.
OVER: Any = (moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA, moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA)

_ATLAS = 2048
_MOST = 4096
#: Texels between lines, so that filtering never reaches a neighbour.
_BORDER = 1
_NOWHERE: _Place = (0, 0, 0, 0)
_WIDEST = _ATLAS - 2 * _BORDER

#: Numbers of a quad: its box, its letters' place in the atlas, colour, radius of corners and depth.
_NUMBERS = 14
_COLOUR = slice(8, 12)
_NO_LETTERS = (0.0, 0.0, 0.0, 0.0)


class Overlay:
    """Collects quads for a frame and draws them.

    Text is rasterised once and kept in an atlas; when that is full it starts anew, with what the
    next frames ask for.
    """

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._program = context.program(source("overlay", "VERTEX"), source("overlay"))
        self._program["uAtlas"] = 0
        self._picture = 0, 0
        self._atlas = context.texture((_ATLAS, _ATLAS), 4)
        self._atlas.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._quads = np.zeros((_MOST, _NUMBERS), np.float32)
        self._buffer = context.buffer(reserve=self._quads.nbytes, dynamic=True)
        self._array = context.vertex_array(
            self._program, [(self._buffer, "4f 4f 4f 2f /i", "aBox", "aGlyph", "aColour", "aRadius")])
        self.count = 0
        #: Changes when text moves in the atlas: quads kept from before are stale then.
        self.generation = 0
        #: By text and pixels: where its letters lie in the atlas, and its pictures, whose width may be 0.
        self._lines: dict[tuple[str, int], tuple[_Place, _Place]] = {}
        self._shelf = (_BORDER, _BORDER, 0)
        self.scale = 1.0
        #: How many lines that were never seen may still be drawn.
        self.new = math.inf
        #: All that was asked for since `begin` was added.
        self.whole = True
        self._origin: tuple[float, float] = (0.0, 0.0)
        #: Depth of what is added from now on, −1 (before everything) … 1: the city hides what is behind it.
        self.depth = -1.0

    def begin(self, scale: float, new: float = math.inf) -> None:
        """Start a frame; `scale` framebuffer pixels make one logical pixel, in which all else is said.

        At most `new` lines of text that were never seen are drawn: with more, what is added is not `whole`.
        """
        self.scale = scale
        self.new, self.whole = new, True
        self.count = 0
        self.depth = -1.0
        self._origin = (0.0, 0.0)

    @contextmanager
    def within(self, x: float, y: float, unit: float) -> Generator[None, None, None]:
        """Place all that is added in the block from (x, y) on, in units of so many logical pixels."""
        scale, origin = self.scale, self._origin
        self._origin = origin[0] + x * scale, origin[1] + y * scale
        self.scale = scale * unit
        yield
        self.scale, self._origin = scale, origin

    @property
    def frame(self) -> tuple[float, float, float]:
        """Where things are added now, and how large: quads kept from elsewhere lie there."""
        x, y = self._origin
        return x, y, self.scale

    def rectangle(self, x: float, y: float, width: float, height: float, colour: Colour,
                  radius: float = 0.0) -> None:
        """Add a rectangle."""
        s, (left, top) = self.scale, self._origin
        box = left + x * s, top + y * s, width * s, height * s
        self._add(box, _NO_LETTERS, colour, radius * s)

    def heighten(self, quad: int, height: float) -> None:
        """Give a rectangle another height: the one added when there were `quad` of them."""
        self._quads[quad, 3] = height * self.scale

    def recolour(self, first: int, last: int, colour: Colour) -> None:
        """Give quads another colour: those added when there were `first` … `last` − 1 of them."""
        self._quads[first:last, _COLOUR] = colour

    def text(self, x: float, y: float, text: str, size: float, colour: Colour) -> None:
        """Add a line of text whose box has its upper left corner at (x, y)."""
        if not text:
            return
        letters, pictures = self._line(text, size)
        if not letters[2]:
            return
        s, (over, down) = self.scale, self._origin
        # On whole pixels, or small letters blur.
        at = round(over + x * s), round(down + y * s)
        self._add((*at, *letters[2:]), letters, colour, 0.0)
        if pictures[2]:
            self._add((*at, *pictures[2:]), pictures, (1.0, 1.0, 1.0, colour[3]), 0.0)

    def figures(self, x: float, y: float, text: str, size: float, colour: Colour) -> None:
        """Add a line that changes all the time, character by character: each is rasterised but once."""
        for character in text:
            self.text(x, y, character, size, colour)
            x += self.measure(character, size)[0] - MARGIN / self.scale

    def measure(self, text: str, size: float) -> tuple[float, float]:
        """Return width and height of a line of text."""
        if not text:
            return 0.0, size * 1.4
        width, height = extent(text, self._pixels(size))
        return min(width, _WIDEST) / self.scale, height / self.scale

    def fitted(self, text: str, size: float, width: float) -> str:
        """Return `text`, its middle left out where it is wider than `width`."""
        if self.measure(text, size)[0] <= width:
            return text
        parts = clusters(text)
        low, high = 0, len(parts)
        while low < high:
            kept = (low + high + 1) // 2
            if self.measure(_shortened(parts, kept), size)[0] <= width:
                low = kept
            else:
                high = kept - 1
        return _shortened(parts, low)

    def wrapped(self, text: str, size: float, width: float) -> list[str]:
        """Break a text into lines that fit, where its script may be broken."""
        pixels = self._pixels(size)
        return lines(text, width - MARGIN / self.scale, lambda part: advance(part, pixels) / self.scale,
                     lambda part: self.fitted(part, size, width))

    def since(self, count: int) -> NDArray[np.float32]:
        """Return a copy of the quads added after there were `count`, to paste into later frames."""
        return self._quads[count:self.count].copy()

    def paste(self, quads: NDArray[np.float32]) -> None:
        """Add quads kept from an earlier frame."""
        kept = quads[:_MOST - self.count]
        self._quads[self.count:self.count + len(kept)] = kept
        self.count += len(kept)

    def _add(self, box: tuple[float, ...], glyph: tuple[float, ...], colour: Colour, radius: float) -> None:
        if self.count < _MOST:
            self._quads[self.count] = (*box, *glyph, *colour, radius, self.depth)
            self.count += 1

    def _pixels(self, size: float) -> int:
        return max(6, round(size * self.scale))

    def _line(self, text: str, size: float) -> tuple[_Place, _Place]:
        key = (text, self._pixels(size))
        places = self._lines.get(key)
        if places is None and self.new <= 0:
            self.whole = False
            return _NOWHERE, _NOWHERE
        if places is None:
            self.new -= 1
            coverage, pictures = raster(*key)
            white = np.full((*coverage.shape, 4), 255, np.uint8)
            white[..., 3] = coverage
            letters, generation = self._store(white), self.generation
            places = letters, self._store(pictures) if pictures is not None else (0, 0, 0, 0)
            if generation != self.generation:  # the atlas began anew between the two
                places = self._store(white), places[1]
            self._lines[key] = places
        return places

    def _store(self, line: NDArray[np.uint8]) -> _Place:
        height, width = line.shape[:2]
        width = min(width, _WIDEST)
        line = np.ascontiguousarray(line[:, :width])
        x, y, tall = self._shelf
        if x + width + _BORDER > _ATLAS:
            x, y, tall = _BORDER, y + tall + _BORDER, 0
        if y + height + _BORDER > _ATLAS:
            # Full: what this frame already placed may show wrong text once.
            self._lines.clear()
            self.generation += 1
            x, y, tall = _BORDER, _BORDER, 0
        self._atlas.write(line.data, viewport=(x, y, width, height), alignment=1)
        self._shelf = (x + width + _BORDER, y, max(tall, height))
        return x, y, width, height

    def draw(self, target: moderngl.Framebuffer) -> None:
        """Draw what was collected over `target`."""
        if not self.count:
            return
        target.use()
        self._buffer.write(self._quads[:self.count].data)
        self._atlas.use(0)
        _, _, width, height = target.viewport
        if (width, height) != self._picture:
            self._picture = width, height
            self._program["uPicture"] = (float(width), float(height))
        self._context.disable(moderngl.CULL_FACE)
        self._context.enable(moderngl.DEPTH_TEST | moderngl.BLEND)
        target.depth_mask = False
        self._context.blend_func = OVER
        self._array.render(moderngl.TRIANGLE_STRIP, vertices=4, instances=self.count)
        target.depth_mask = True
        self._context.disable(moderngl.BLEND)


def _shortened(parts: list[str], kept: int) -> str:
    front = (kept + 1) // 2
    return f"{''.join(parts[:front])}…{''.join(parts[len(parts) - (kept - front):])}"
