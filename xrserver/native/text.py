"""Text as pictures: Inter drawn by FreeType, every other script shaped and drawn by HarfBuzz."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from xrserver.native import fonts
from xrserver.native.fonts import Face, harfbuzz
from xrserver.native.shaping import Run, runs

#: Letters are drawn this much larger and averaged: hinting moves them at small sizes, and spaces them badly …
_FINER = 4
#: … and from so many pixels on half as much, which takes a quarter of the time.
_LARGE = 26
#: Pixels that a line's picture is wider than the line.
MARGIN = 3
_DRAW: Any = harfbuzz.RasterDraw()
_PAINT: Any = harfbuzz.RasterPaint()


def raster(text: str, size: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Return a line of text as pictures.

    Parameters
    ----------
    size : int
        Pixels of the em.

    Returns
    -------
    coverage : (height, width) uint8
        Of letters. Its height depends on the size alone, so that lines share a baseline.
    pictures : (height, width, 4) uint8 or None
        What has colours of its own, RGBA; None where nothing has.
    """
    base = round(size * 1.05)
    if not fonts.own():
        return np.asarray(_plain(text, size), np.uint8), None
    parts = _parts(text, size)
    width, height = int(sum(part.advance for part in parts)) + MARGIN, int(size * 1.4) + 1
    coverage = np.zeros((height, width), np.uint8)
    pictures: NDArray[np.uint8] | None = None
    x = 1.0
    for part in parts:
        part.draw(coverage, x, base)
        if isinstance(part, _Shaped) and part.face.coloured:
            pictures = np.zeros((*coverage.shape, 4), np.uint8) if pictures is None else pictures
            part.paint(pictures, x, base)
        x += part.advance
    return coverage, pictures


@lru_cache(maxsize=1 << 14)
def advance(text: str, size: int) -> float:
    """Return how far a line goes on, pixels, without drawing it."""
    if not fonts.own():
        return ImageFont.load_default(size).getlength(text)
    return sum(part.advance for part in _parts(text, size))


def extent(text: str, size: int) -> tuple[int, int]:
    """Return width and height of a line's picture, pixels, without drawing it."""
    return int(advance(text, size)) + MARGIN, int(size * 1.4) + 1


def _parts(text: str, size: int) -> list[_OfInter | _Shaped]:
    return [_of_inter(run, size) if isinstance(run.font, Path) else _Shaped(run, size) for run in runs(text)]


class _OfInter:
    """A run of Inter's letters."""

    def __init__(self, text: str, font: ImageFont.FreeTypeFont, finer: int) -> None:
        self._text, self._font, self._finer = text, font, finer
        self.advance = font.getlength(text) / finer

    def draw(self, into: NDArray[np.uint8], x: float, base: int) -> None:
        """Add it to a line's coverage."""
        left, right = max(int(x) - 1, 0), min(int(x + self.advance) + MARGIN, into.shape[1])
        finer = self._finer
        picture = Image.new("L", ((right - left) * finer, into.shape[0] * finer))
        ImageDraw.Draw(picture).text(((x - left) * finer, base * finer), self._text, fill=255,
                                     font=self._font, anchor="ls")
        under = into[:, left:right]
        np.maximum(under, np.asarray(picture.reduce(finer)), out=under)


def _of_inter(run: Run, size: int) -> _OfInter:
    assert isinstance(run.font, Path)
    finer = _FINER if size < _LARGE else _FINER // 2
    return _OfInter(run.text, fonts.inter(run.font, size * finer), finer)


class _Shaped:
    """A run of another font's, shaped."""

    def __init__(self, run: Run, size: int) -> None:
        assert isinstance(run.font, Face)
        self.face, self._size = run.font, size
        self._font = self.face.font(size)
        buffer = harfbuzz.Buffer()
        buffer.add_str(run.text)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if run.leftwards else "ltr"
        harfbuzz.shape(self._font, buffer)
        self._glyphs: list[tuple[int, float, float]] = []
        x = 0
        for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            self._glyphs.append((info.codepoint, (x + place.x_offset) / 64, place.y_offset / 64))
            x += place.x_advance
        self.advance = x / 64

    def draw(self, into: NDArray[np.uint8], x: float, base: int) -> None:
        """Add its letters to a line's coverage."""
        if self.face.coloured:
            return
        tall, wide = into.shape
        _DRAW.reset()
        _DRAW.scale_factor = (64.0, 64.0)
        _DRAW.extents = harfbuzz.RasterExtents(0, base - tall, wide, tall, 0)
        for glyph, right, up in self._glyphs:
            _DRAW.transform = (1.0, 0.0, 0.0, 1.0, (x + right) * 64, up * 64)
            _DRAW.draw_glyph(self._font, glyph)
        image = _DRAW.render()
        if image is not None:
            np.maximum(into, _rows(image, 1)[:, :wide, 0], out=into)

    def paint(self, into: NDArray[np.uint8], x: float, base: int) -> None:
        """Add its pictures to a line's."""
        for glyph, right, up in self._glyphs:
            found = self._picture(glyph)
            if found is None:
                continue
            picture, left, top = found
            at = round(x + right + left), base - round(up + top)
            line = Image.fromarray(into)
            line.alpha_composite(picture, (max(at[0], 0), max(at[1], 0)))
            into[:] = np.asarray(line)

    def _picture(self, glyph: int) -> tuple[Image.Image, float, float] | None:
        """Return a letter that is a picture, and its left and upper edge from the pen, pixels."""
        box = self._font.get_glyph_extents(glyph)
        if box is None or not box.width or not box.height:
            return None
        left, top, wide, tall = box.x_bearing / 64, box.y_bearing / 64, box.width / 64, -box.height / 64
        if self.face.bitmaps:
            data = self._font.get_glyph_color_png(glyph).data
            if not data:
                return None
            picture = Image.open(io.BytesIO(data)).convert("RGBA")
            size = max(round(wide), 1), max(round(tall), 1)
            return picture.resize(size, Image.Resampling.BOX, reducing_gap=2.0), left, top
        _PAINT.reset()
        _PAINT.scale_factor = (64.0, 64.0)
        over, under = int(left) - 1, int(top - tall) - 1
        size = int(wide) + 3, int(tall) + 3
        _PAINT.extents = harfbuzz.RasterExtents(over, under, *size, 0)
        _PAINT.paint_glyph(self._font, glyph)
        image = _PAINT.render()
        if image is None:
            return None
        blue, green, red, alpha = np.moveaxis(_rows(image, 4)[:size[1], :size[0]].astype(np.float32), 2, 0)
        # Colours come multiplied by how much they cover.
        share = np.maximum(alpha, 1.0) / 255.0
        straight = np.stack([red / share, green / share, blue / share, alpha], axis=2)
        return Image.fromarray(straight.clip(0, 255).astype(np.uint8)), over, under + size[1]


def _rows(image: Any, channels: int) -> NDArray[np.uint8]:
    """Return a picture of HarfBuzz's, from the top."""
    extents = image.extents
    data = np.frombuffer(image.buffer, np.uint8)[:extents.stride * extents.height]
    return data.reshape(extents.height, -1, channels)[::-1, :extents.width]


def _plain(text: str, size: int) -> Image.Image:
    """Draw with the font inside Pillow, where the bundled one is not."""
    picture = Image.new("L", extent(text, size))
    ImageDraw.Draw(picture).text((1, 0), text, fill=255, font=ImageFont.load_default(size))
    return picture
