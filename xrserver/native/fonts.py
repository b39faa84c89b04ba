"""Which fonts there are: Inter, which is bundled, and this system's own for what it lacks."""

from __future__ import annotations

import contextlib
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import uharfbuzz as _harfbuzz
from PIL import Image, ImageDraw, ImageFont

from xrserver import resources

#: HarfBuzz, without its types, of which there are too few.
harfbuzz: Any = _harfbuzz

_OWN = ("inter-latin", "inter-latin-ext", "inter-greek", "inter-cyrillic", "inter-vietnamese")
#: Which of a system's fonts cover much, the best first.
_BROAD = ("notosans-regular", "notosans", "notonaskh", "notocoloremoji", "apple color emoji", "seguiemj",
          "dejavusans", "freesans", "arial unicode", "segoeui", "seguisym", "msyh", "yugoth", "malgun",
          "nirmala", "ebrima", "leelawui", "pingfang", "hiragino", "applesd", "geeza", "symbola",
          "droidsans", "wqy", "unifont", "liberationsans-regular", "arial")
_SLANTED_OR_HEAVY = ("bold", "italic", "oblique", "light", "thin", "black", "mono", "serif", "condensed")
_ENDINGS = (".ttf", ".otf", ".ttc", ".otc")
#: What no font has.
_UNASSIGNED = "\U000F8F8F"


class Face:
    """A font of the system: what HarfBuzz shapes and draws.

    Attributes
    ----------
    covers : set of int
        The characters that it has.
    bitmaps, painted : bool
        Some of its letters are pictures: of pixels, or of coloured outlines.
    """

    def __init__(self, file: Path, index: int = 0) -> None:
        self.face: Any = harfbuzz.Face(harfbuzz.Blob.from_file_path(str(file)), index)
        self.covers = frozenset(self.face.unicodes)
        self.bitmaps = bool(self.face.has_color_png)
        self.painted = bool(self.face.has_color_layers or self.face.has_color_paint)
        self._fonts: dict[int, Any] = {}

    @property
    def coloured(self) -> bool:
        """Some of its letters are pictures."""
        return self.bitmaps or self.painted

    def font(self, size: int) -> Any:
        """Return it at a size: pixels of the em, in 64ths."""
        font = self._fonts.get(size)
        if font is None:
            font = self._fonts[size] = harfbuzz.Font(self.face)
            font.scale = (size * 64, size * 64)
            font.ppem = (size, size)
            if self.face.has_var_data:
                font.set_variations({"wght": 500.0})
        return font


@cache
def own() -> tuple[Path, ...]:
    """Return the files of the bundled font, one for each of its parts."""
    files = (resources.folder("fonts") / f"{name}.woff2" for name in _OWN)
    return tuple(file for file in files if file.is_file())


def _folders() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return [Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts",
                *([Path(local) / "Microsoft/Windows/Fonts"] if local else [])]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    mine = os.environ.get("XDG_DATA_HOME") or str(home / ".local/share")
    return [Path(folder) / "fonts" for folder in (*shared.split(":"), mine)]


@cache
def _system() -> tuple[Path, ...]:
    """Return the fonts of this system: those that cover much first, of a family the plain one."""
    found: list[tuple[int, int, str, Path]] = []
    for folder in _folders():
        for file in folder.rglob("*") if folder.is_dir() else ():
            if file.suffix.lower() not in _ENDINGS:
                continue
            name = file.stem.lower()
            rank = next((i for i, word in enumerate(_BROAD) if name.startswith(word)), len(_BROAD))
            unlike = sum(word in name for word in _SLANTED_OR_HEAVY)
            found.append((rank, unlike, str(file), file))
    return tuple(file for *_, file in sorted(found))


@cache
def _face(file: Path) -> Face | None:
    try:
        return Face(file)
    except Exception:  # whatever HarfBuzz has to say of a file that is damaged, or no font
        return None


@cache
def inter(file: Path, size: int) -> ImageFont.FreeTypeFont:
    """Return a part of the bundled font, for FreeType to draw: pixels of the em."""
    font = ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.BASIC)
    with contextlib.suppress(OSError):  # not a variable font
        font.set_variation_by_axes([500])
    return font


@cache
def _drawn(file: Path, character: str) -> bytes:
    """Return a character's picture, to tell whether it is the one of a character that a font lacks."""
    picture = Image.new("L", (32, 32))
    ImageDraw.Draw(picture).text((4, 22), character, fill=255, font=inter(file, 16), anchor="ls")
    return picture.tobytes()


@cache
def _inter_has(file: Path, character: str) -> bool:
    return _drawn(file, character) not in (_drawn(file, _UNASSIGNED), bytes(32 * 32))


@cache
def of(characters: str, picture: bool) -> Path | Face | None:
    """Return the font for what belongs together: a part of Inter, or one of the system's; None: none has it.

    Parameters
    ----------
    characters : str
        Those that must be in it.
    picture : bool
        It is an emoji, which are pictures where there is a font of them.
    """
    if len(characters) == 1 and not picture:
        found = next((file for file in own() if _inter_has(file, characters)), None)
        if found is not None:
            return found
    wanted = frozenset(map(ord, characters))
    having: Face | None = None
    for file in _system():
        face = _face(file)
        if face is None or not wanted <= face.covers:
            continue
        if face.coloured == picture:
            return face
        having = having or face
    return having
