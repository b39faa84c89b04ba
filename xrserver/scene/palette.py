"""Colours: of people, by how many commits they made, and of what a thing is.

Colour-blind safe where it can be: the most active people get the colours of Okabe and Ito
(*Color Universal Design*, 2008), with a light grey for their black, which no night shows. Everybody
else gets a hue at one lightness and chroma in OKLCH (Ottosson, 2020): as visible as the next
person, never louder. The golden angle keeps hues of neighbours apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import Category

#: Sky blue, bluish green, reddish purple, yellow, blue, vermillion, grey, orange. Orange comes last
#: and the cool ones first, because warm is what glows: the most active people must not look like
#: the latest change.
OKABE_ITO: tuple[int, ...] = (
    0x56B4E9, 0x009E73, 0xCC79A7, 0xF0E442, 0x0072B2, 0xD55E00, 0xA6ACB5, 0xE69F00)

#: Lightness and chroma of everybody else: every hue of it lies within sRGB.
LIGHTNESS, CHROMA = 0.72, 0.10

_OF_CATEGORY = {
    Category.DISTRICT: 0x6B7480,
    Category.SOURCE: 0x648AF2,
    Category.TEST: 0x5CC594,
    Category.DOCUMENTATION: 0xD3E470,
    Category.CONFIGURATION: 0xD6941C,
    Category.DATA: 0x7057BC,
    Category.ASSET: 0xDB9FE6,
    Category.BUILD: 0xA86C20,
    Category.VENDORED: 0x6F5130,
    Category.SYMLINK: 0xB4E8E8,
    Category.SUBMODULE: 0x2E4E75,
    Category.OTHER: 0x8698A0,
}

#: 0xRRGGBB (sRGB) by the value of `columns.Category`.
CATEGORY_COLOURS: tuple[int, ...] = tuple(_OF_CATEGORY[category] for category in Category)

#: Nobody's: of what somebody else made, and of people of whom nothing is known.
NOBODY = 0x828995

#: Of age, oldest first: `ageColour` of shaders/light.glsl at equal steps.
AGE_COLOURS: tuple[int, ...] = (0x082255, 0x424E6A, 0x7D7C78, 0xBBAF6C, 0xFFE935)

# Matrices of OKLab, from its definition: OKLab to cone responses (cube roots), and those to linear sRGB.
_CONES_FROM_LAB = np.array([[1.0, 0.3963377774, 0.2158037573],
                            [1.0, -0.1055613458, -0.0638541728],
                            [1.0, -0.0894841775, -1.2914855480]])
_RGB_FROM_CONES = np.array([[4.0767416621, -3.3077115913, 0.2309699292],
                            [-1.2684380046, 2.6097574011, -0.3413193965],
                            [-0.0041960863, -0.7034186147, 1.7076147010]])
_GOLDEN_ANGLE = np.pi * (3.0 - 5.0**0.5)


def oklch(lightness: float, chroma: float, hue: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Return sRGB colours (0xRRGGBB) of hues in radians; what lies outside sRGB is clipped."""
    lab = np.stack([np.full_like(hue, lightness), chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)
    linear = np.clip((lab @ _CONES_FROM_LAB.T) ** 3 @ _RGB_FROM_CONES.T, 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (np.rint(encoded * 255.0) @ np.array([65536.0, 256.0, 1.0])).astype(np.uint32)


def people_colours(count: int, first: Sequence[int] = OKABE_ITO, lightness: float = LIGHTNESS,
                   chroma: float = CHROMA) -> NDArray[np.uint32]:
    """Return the colours of `count` people, most active first.

    Parameters
    ----------
    first : sequence of int
        0xRRGGBB of the most active.
    lightness, chroma : float
        OKLCH of everybody else.

    Returns
    -------
    (count,) uint32, 0xRRGGBB, sRGB
    """
    colours = oklch(lightness, chroma, _GOLDEN_ANGLE * np.arange(count, dtype=np.float64))
    known = min(count, len(first))
    colours[:known] = first[:known]
    return colours
