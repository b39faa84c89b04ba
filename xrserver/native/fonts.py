"""Text as pictures: Inter, with this system's own fonts for what it lacks, shaped by HarfBuzz."""

from __future__ import annotations

import contextlib
import os
import sys
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, features

from xrserver import resources

_OWN = ("inter-latin", "inter-latin-ext", "inter-greek", "inter-cyrillic", "inter-vietnamese")
#: Where systems keep their fonts, and which of them cover much, the best first.
_FOLDERS = {
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": (os.environ.get("WINDIR", "C:/Windows") + "/Fonts",),
}
_BROAD = ("notosans-regular", "notosanscjk", "notosanssymbols", "dejavusans", "freesans", "arial unicode",
          "segoeui", "seguisym", "msyh", "yugoth", "malgun", "nirmala", "pingfang", "hiragino", "applesd",
          "unifont", "wqy", "droidsansfallback", "liberationsans-regular", "arial")
_ENDINGS = (".ttf", ".otf", ".ttc")
#: Letters are drawn this much larger and averaged: hinting moves them at small sizes, and spaces them badly.
_FINER = 4
#: Pixels that a line's picture is wider than the line.
MARGIN = 3
#: What stands for a character that no font here has.
_MISSING = "\N{REPLACEMENT CHARACTER}"
#: What no font has.
_UNASSIGNED = "\U000F8F8F"


@cache
def _files() -> tuple[Path, ...]:
    own = [resources.folder("fonts") / f"{name}.woff2" for name in _OWN]
    found: list[tuple[int, str, Path]] = []
    for folder in _FOLDERS.get(sys.platform, _FOLDERS["linux"]):
        for file in Path(folder).expanduser().rglob("*"):
            name = file.stem.lower()
            rank = next((i for i, word in enumerate(_BROAD) if name.startswith(word)), None)
            if rank is not None and file.suffix.lower() in _ENDINGS:
                found.append((rank, str(file), file))
    return (*(file for file in own if file.is_file()), *(file for _, _, file in sorted(found)))


@cache
def _font(file: Path, size: int) -> ImageFont.FreeTypeFont | None:
    layout = ImageFont.Layout.RAQM if features.check("raqm") else ImageFont.Layout.BASIC
    try:
        font = ImageFont.truetype(file, size, layout_engine=layout)
    except OSError:  # damaged, or a format that this FreeType does not read
        return None
    with contextlib.suppress(OSError):  # not a variable font
        font.set_variation_by_axes([500])
    return font


@cache
def _drawn(file: Path, character: str) -> bytes:
    """Return a character's picture, to tell whether it is the one of a character that a font lacks."""
    font = _font(file, 16)
    picture = Image.new("L", (32, 32))
    if font is not None:
        ImageDraw.Draw(picture).text((4, 22), character, fill=255, font=font, anchor="ls")
    return picture.tobytes()


@cache
def _has(file: Path, character: str) -> bool:
    return _drawn(file, character) not in (_drawn(file, _UNASSIGNED), bytes(32 * 32))


@cache
def _file_of(character: str) -> Path | None:
    if character.isspace():
        return None
    return next((file for file in _files() if _has(file, character)), None)


def _runs(text: str) -> list[tuple[str, Path]]:
    """Split text into stretches that one font can draw; spaces go with what is before them."""
    runs: list[tuple[str, Path]] = []
    files = _files()
    for character in text:
        if not character.isprintable():
            character = _MISSING
        file = _file_of(character)
        if file is None:
            file = runs[-1][1] if runs else files[0]
        if runs and runs[-1][1] == file:
            runs[-1] = (runs[-1][0] + character, file)
        else:
            runs.append((character, file))
    return runs


def raster(text: str, size: int) -> NDArray[np.uint8]:
    """Return the coverage of a line of text.

    Parameters
    ----------
    size : int
        Pixels of the em.

    Returns
    -------
    (height, width) uint8
        Its height depends on the size alone, so that lines share a baseline.
    """
    height, fine = int(size * 1.4) + 1, size * _FINER
    if not _files():
        return np.asarray(_plain(text, size), np.uint8)
    pieces: list[tuple[str, ImageFont.FreeTypeFont]] = []
    for run, file in _runs(text):
        font = _font(file, fine)
        if font is not None:
            pieces.append((run, font))
    width = int(sum(font.getlength(run) for run, font in pieces) / _FINER) + MARGIN
    picture = Image.new("L", (max(width, 1) * _FINER, height * _FINER))
    pen, x = ImageDraw.Draw(picture), float(_FINER)
    for run, font in pieces:
        pen.text((x, round(size * 1.05) * _FINER), run, fill=255, font=font, anchor="ls")
        x += font.getlength(run)
    return np.asarray(picture.reduce(_FINER), np.uint8)


def _plain(text: str, size: int) -> Image.Image:
    """Draw with the font inside Pillow, where no file of a font was found."""
    font = ImageFont.load_default(size)
    picture = Image.new("L", (int(font.getlength(text)) + 3, int(size * 1.4) + 1))
    ImageDraw.Draw(picture).text((1, 0), text, fill=255, font=font)
    return picture
