"""Texts as pixels in one texture: letters, and around them a halo that keeps them readable anywhere."""

from __future__ import annotations

from dataclasses import dataclass

import moderngl
import numpy as np
from numpy.typing import NDArray

from xrserver.native.text import extent, raster

#: Texels of a side.
SIDE = 2048


@dataclass(frozen=True, slots=True)
class Placed:
    """A text in the atlas, texels."""

    x: int
    y: int
    width: int
    height: int


class Lettering:
    """An atlas of texts, each rasterised once; where it is full, the oldest make room.

    Parameters
    ----------
    tallest : int
        Texels of the largest em.

    Attributes
    ----------
    texture : moderngl.Texture
        Red: the letters, green: their halo.
    """

    def __init__(self, context: moderngl.Context, tallest: int) -> None:
        self.texture = context.texture((SIDE, SIDE), 2)
        self.texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._placed: dict[tuple[str, int], Placed] = {}
        self._x = self._y = 0
        self._high = self.size("x", tallest)[1] + 1

    def size(self, text: str, em: int) -> tuple[int, int]:
        """Return how wide and high a text is, in texels, with an em of so many; it need not be drawn."""
        wide, high = extent(text, em)
        edge = 2 * halo_of(em)
        return min(wide + edge, SIDE), high + edge

    def known(self, text: str, em: int) -> Placed | None:
        """Return where a text lies; None where it was never drawn."""
        return self._placed.get((text, em))

    def draw(self, text: str, em: int) -> Placed:
        """Draw a text, and return where it lies; the oldest may be forgotten."""
        pixels = _lit(text, em)
        high, wide = pixels.shape[:2]
        if self._x + wide > SIDE:
            self._x, self._y = 0, self._y + self._high
            if self._y + self._high > SIDE:
                self._y = 0
            self._placed = {key: each for key, each in self._placed.items() if each.y != self._y}
        placed = self._placed[text, em] = Placed(self._x, self._y, wide, high)
        self._x += wide + 1
        self.texture.write(pixels.data, viewport=(placed.x, placed.y, wide, high), alignment=1)
        return placed


def halo_of(em: int) -> int:
    """Return how far a halo reaches, texels."""
    return max(2, round(em * 0.22))


def _lit(text: str, em: int) -> NDArray[np.uint8]:
    letters, pictures = raster(text, em)
    if pictures is not None:  # what has colours of its own is drawn in ink, as bright as it is
        bright = pictures[..., :3].max(axis=2).astype(np.uint16) * pictures[..., 3] // 255
        letters = np.maximum(letters, bright.astype(np.uint8))
    edge = halo_of(em)
    letters = np.pad(letters, edge)[:, :SIDE]
    return np.ascontiguousarray(np.stack([letters, grown(letters, edge)], axis=2))


def grown(letters: NDArray[np.uint8], radius: int) -> NDArray[np.uint8]:
    """Return the greatest of what is within a disc around each pixel."""
    # A disc is rows: for each height, how far it reaches to either side.
    found = np.zeros_like(letters)
    row, reach = letters.copy(), 0
    for down in range(radius - 1, -1, -1):
        wide = int((radius * radius - down * down) ** 0.5)
        for aside in range(reach + 1, wide + 1):
            row[:, aside:] = np.maximum(row[:, aside:], letters[:, :-aside])
            row[:, :-aside] = np.maximum(row[:, :-aside], letters[:, aside:])
        reach = wide
        found[down:] = np.maximum(found[down:], row[:len(row) - down])
        if down:
            found[:-down] = np.maximum(found[:-down], row[down:])
    return found
