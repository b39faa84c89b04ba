"""A line of text as runs: stretches that one font draws in one direction, in the order they are seen."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xrserver.native import fonts
from xrserver.native.bidi import MIRRORED, levels, visual
from xrserver.native.fonts import Face

#: What stands for a character that may not be shown, or that no font here has.
MISSING = "\N{REPLACEMENT CHARACTER}"
_JOINER, _NON_JOINER, _PICTURE = "\u200d", "\u200c", "\ufe0f"
_FLAGS = range(0x1F1E6, 0x1F200)
_TAGS, _SKINS = range(0xE0020, 0xE0080), range(0x1F3FB, 0x1F400)
#: What a joiner may join to an emoji begins here: signs, such as hearts.
_SYMBOLS = 0x2190
#: From here on nearly all that has no letters' category is an emoji.
_EMOJI = 0x1F000


@dataclass(frozen=True, slots=True)
class Run:
    """Part of a line.

    Attributes
    ----------
    text : str
        As it is spoken, first to last.
    font : path or Face
        A part of Inter's, or a font of the system's.
    leftwards : bool
    """

    text: str
    font: Path | Face
    leftwards: bool


def clusters(text: str) -> list[str]:
    """Split a line into what cannot be parted: letters with their marks, emoji with what changes them."""
    found: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        code, before = ord(character), found[-1] if found else ""
        mark = unicodedata.category(character) in ("Mn", "Mc", "Me")
        joins = mark or _ignorable(character) or code in _SKINS
        picture = before[-1:] == _JOINER and code >= _SYMBOLS
        flag = code in _FLAGS and len(before) == 1 and ord(before) in _FLAGS
        if before and (joins or picture or flag):
            found[-1] += character
        else:
            found.append(_shown(character))
    return found


def _shown(character: str) -> str:
    """Return what is drawn for a character: spaces of any width as one, that fonts have."""
    if unicodedata.category(character) == "Zs":
        return " "
    return character if character.isprintable() else MISSING


def _pictured(cluster: str) -> bool:
    return _PICTURE in cluster or (ord(cluster[0]) >= _EMOJI and unicodedata.category(cluster[0])[0] == "S")


@cache
def _font(cluster: str) -> Path | Face | None:
    """Return the font of a cluster: one that has all of it, or, failing that, its letter."""
    needed = "".join(c for c in cluster if not _ignorable(c))
    picture = _pictured(cluster)
    return fonts.of(needed, picture) or (fonts.of(needed[0], picture) if len(needed) > 1 else None)


def _ignorable(character: str) -> bool:
    """Return whether a font that lacks a character draws nothing instead."""
    code = ord(character)
    return character in (_JOINER, _NON_JOINER) or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code < 0xE01F0 or (
        code in _TAGS)


@cache
def _script(character: str) -> str:
    """Return the script of a letter; empty for what every script has."""
    buffer = fonts.harfbuzz.Buffer()
    buffer.add_str(character)
    buffer.guess_segment_properties()
    found = str(buffer.script)
    return "" if found in ("None", "Zyyy", "Zinh", "Zzzz") else found


def runs(text: str) -> list[Run]:
    """Return the runs of a line from left to right."""
    parts = clusters(text)
    whole = "".join(parts)
    each = levels(whole)
    made: list[tuple[list[str], Path | Face, int, str]] = []
    at = 0
    for part in parts:
        level, script = each[at], _script(part[0])
        at += len(part)
        before = made[-1] if made else None
        font = _font(part) if not part.isspace() else None
        if isinstance(font, Path) and level % 2 and before is not None and before[2] == level:
            # Among letters that run to the left, what is neutral is of their font, where that has it.
            other = before[1]
            font = other if isinstance(other, Face) and set(map(ord, part)) <= other.covers else font
        if font is None:
            # Spaces go with the letters before them; what no font has leaves a mark.
            part = part if part.isspace() else MISSING
            letters = before is not None and before[2] == level and not (
                isinstance(before[1], Face) and before[1].coloured)
            font = before[1] if before is not None and letters and part.isspace() else _font(
                "x" if part.isspace() else MISSING)
        if font is None:
            continue
        alike = before is not None and before[1] is font and before[2] == level and (
            not script or not before[3] or script == before[3])
        if before is not None and alike:
            before[0].append(part)
            made[-1] = (before[0], font, level, before[3] or script)
        else:
            made.append(([part], font, level, script))
    return [_run(*made[i][:3]) for i in visual([run[2] for run in made])]


def _run(parts: list[str], font: Path | Face, level: int) -> Run:
    leftwards = level % 2 == 1
    if leftwards and isinstance(font, Path):  # FreeType draws one letter after the other, to the right
        return Run("".join(MIRRORED.get(part, part) for part in reversed(parts)), font, False)
    return Run("".join(parts), font, leftwards)
