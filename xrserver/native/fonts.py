"""Text as pictures: Inter with this system's own fonts for what it lacks, shaped by HarfBuzz where there is."""

from __future__ import annotations

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
          "segoeui", "seguisym", "msyh", "yugoth", "malgun", "nirmala", "pingfang", "hiragino", "applesd", "unifont",
          "wqy", "droidsansfallback", "liberationsans-regular", "arial")
_ENDINGS = (".ttf", ".otf", ".ttc")
#: What stands for a character that no font here has.
_MISSING = "\N{REPLACEMENT CHARACTER}"


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
    try:
        font.set_variation_by_axes([500])
    except OSError:  # not a variable font
        pass
    return font


@cache
def _has(file: Path, character: str) -> bool:
    font = _font(file, 16)
    if font is None:
        return False
    return bytes(font.getmask(character)) != _blank(file)


@cache
def _blank(file: Path) -> bytes:
    """Return what a font draws for a character that it lacks."""
    font = _font(file, 16)
    return bytes(font.getmask("\U000F8F8F")) if font else b""


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
    height = int(size * 1.4) + 1
    baseline = round(size * 1.05)
    if not _files():
        drawn = _plain(text, size)
        return np.asarray(drawn, np.uint8)
    pieces: list[tuple[str, ImageFont.FreeTypeFont]] = []
    for run, file in _runs(text):
        font = _font(file, size)
        if font is not None:
            pieces.append((run, font))
    width = int(sum(font.getlength(run) for run, font in pieces)) + 3
    picture = Image.new("L", (max(width, 1), height))
    pen, x = ImageDraw.Draw(picture), 1.0
    for run, font in pieces:
        pen.text((x, baseline), run, fill=255, font=font, anchor="ls")
        x += font.getlength(run)
    return np.asarray(picture, np.uint8)


def _plain(text: str, size: int) -> Image.Image:
    """Draw with the font inside Pillow, where no file of a font was found."""
    font = ImageFont.load_default(size)
    picture = Image.new("L", (int(font.getlength(text)) + 3, int(size * 1.4) + 1))
    ImageDraw.Draw(picture).text((1, 0), text, fill=255, font=font)
    return picture
