"""Where a text may be broken into lines: after spaces and slashes, and between ideographs."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache

from xrserver.native.shaping import clusters

#: Never first on a line: small kana, and signs that lengthen or repeat what is before them.
_CLINGS = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶーゝゞヽヾ々〻")
#: Where a word too long for a line is broken first.
_JOINTS = "._-"


@lru_cache(maxsize=1 << 10)
def pieces(text: str) -> tuple[str, ...]:
    """Split a text into what stays together on a line, each with the spaces after it."""
    found: list[str] = []
    for cluster in clusters(text):
        if found and not _parts(found[-1], cluster):
            found[-1] += cluster
        else:
            found.append(cluster)
    return tuple(found)


def _parts(before: str, cluster: str) -> bool:
    """Return whether a line may end between what was `before` and a cluster."""
    last, first = before[-1], cluster[0]
    if first.isspace():
        return False
    if last.isspace():
        return True
    if last in "/\\":
        return first not in "/\\"
    if not (_ideographic(last) or _ideographic(first)):
        return False
    kind = unicodedata.category(first)
    closes = kind in ("Pe", "Pf", "Po") or first in _CLINGS
    return not closes and unicodedata.category(last) not in ("Ps", "Pi")


def _ideographic(character: str) -> bool:
    """Return whether a character is of a script that is broken anywhere; Hangul has spaces."""
    return unicodedata.east_asian_width(character) in ("W", "F") and not (
        "\uac00" <= character <= "\ud7ff" or unicodedata.category(character)[0] == "S")


def lines(text: str, width: float, measured: Callable[[str], float],
          fitted: Callable[[str], str]) -> list[str]:
    """Return a text as lines that fit.

    Parameters
    ----------
    measured : function of str
        How wide a stretch is, in the measure of `width`.
    fitted : function of str
        Shortens what fits on no line and has nowhere to be broken.
    """
    found: list[str] = []
    line, wide = "", 0.0
    waiting = list(reversed(pieces(text)))
    while waiting:
        piece = waiting.pop()
        bare = piece.rstrip()
        across = measured(bare)
        if across > width:
            smaller = _smaller(piece)
            if len(smaller) > 1:
                waiting += smaller[::-1]
                continue
            piece = bare = fitted(bare)
            across = measured(bare)
        if line and wide + across > width:
            found.append(line.rstrip())
            line, wide = "", 0.0
        line += piece
        wide += across if piece == bare else measured(piece)
    return [*found, line.rstrip()]


def _smaller(piece: str) -> list[str]:
    """Split what is too long for a line: a name at its joints, other scripts' letters anywhere."""
    if not piece.isascii():
        return clusters(piece)
    found = [""]
    for character in piece:
        if found[-1] and found[-1][-1] in _JOINTS and character not in _JOINTS:
            found.append("")
        found[-1] += character
    return found
