"""Sets rows on a board: where their text and what can be pressed lie, as quads of an overlay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xrserver.native.hud import Ink
from xrserver.native.overlay import Overlay

_LINE, _AIR, _LABEL = 26.0, 16.0, 0.30
_TITLE, _TEXT = 19.0, 16.0
#: Room below for the sign that not all of it fits.
_CUT = 16.0
#: Pieces of a scale, and its height.
_STEPS, _SCALE = 48, 12.0
#: Of a button, and of it with the air below.
_BUTTON, _BUTTONS = 1.4 * _LINE, 1.6 * _LINE


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a board, or several where its text is long.

    Attributes
    ----------
    kind : {"title", "text", "note", "button", "track", "swatch", "scale"}
        A track is a share of something, 0 … 1, that can be pulled; a scale goes from its label to its text.
    label, text : str
    action : tuple of str
        What a press asks for; empty for nothing.
    on : bool
        Chosen, of several.
    share : float
        Of a track.
    colour : int
        Of a swatch, 0xRRGGBB.
    colours : tuple of int
        Of a scale, at equal steps.
    wide : float
        Part of the line that a button or a swatch takes.
    """

    kind: Literal["title", "text", "note", "button", "track", "swatch", "scale"]
    label: str = ""
    text: str = ""
    action: tuple[str, ...] = ()
    on: bool = False
    share: float = 0.0
    colour: int = 0
    colours: tuple[int, ...] = ()
    wide: float = 1.0


@dataclass(frozen=True, slots=True)
class Area:
    """What can be pressed.

    Attributes
    ----------
    box : (float, float, float, float)
        Left, top, width, height; units of the board.
    row : Row
    face, end : int
        Its quads, counted from the board's first: the face, then its words up to `end`.
    """

    box: tuple[float, float, float, float]
    row: Row
    face: int
    end: int


@dataclass(frozen=True, slots=True)
class Setting:
    """Rows as they lie on a board.

    Attributes
    ----------
    quads : (n, 14) float32
        Of the overlay that they were set with.
    areas : tuple of Area
    tall : float
        How high the board is with them, units.
    """

    quads: NDArray[np.float32]
    areas: tuple[Area, ...]
    tall: float


def typeset(overlay: Overlay, ink: Ink, rows: tuple[Row, ...], wide: float, tall: float, *,
            opaque: bool, shrinks: bool) -> Setting:
    """Add a board of `wide` × `tall` units with its rows to an overlay, and return how they lie.

    Parameters
    ----------
    opaque : bool
        Nothing is seen through it.
    shrinks : bool
        It becomes as high as its rows, where they leave room.
    """
    first = overlay.count
    overlay.rectangle(0, 0, wide, tall, (*ink.panel[:3], 1.0 if opaque else 0.95), 18.0)
    setter = _Setter(overlay, ink, wide, tall - (_CUT if shrinks else 4.0), first)
    for row in rows:
        if not setter.add(row):
            overlay.text(wide / 2 - 6, tall - _CUT - 6, "…", _TEXT, ink.faint)
            break
    if shrinks:
        tall = min(tall, setter.bottom + _AIR)
        overlay.heighten(first, tall)
    return Setting(overlay.since(first), tuple(setter.areas), tall)


class _Setter:
    """Adds row after row, from the top."""

    def __init__(self, overlay: Overlay, ink: Ink, wide: float, lowest: float, first: int) -> None:
        self._overlay, self._ink, self._wide, self._first = overlay, ink, wide, first
        self._lowest = lowest
        self._inner = wide - 2 * _AIR
        self._x, self._y = _AIR, _AIR
        #: Of what lies beside each other: how far it is to the next line.
        self._beside: tuple[str, float] = ("", 0.0)
        self.areas: list[Area] = []

    @property
    def bottom(self) -> float:
        """How far down it goes so far."""
        return self._y if self._x <= _AIR else self._y + self._beside[1]

    def add(self, row: Row) -> bool:
        """Add a row; return False where there was no room for all of it."""
        if row.kind != self._beside[0] or row.kind not in ("button", "swatch"):
            self._x, self._y = _AIR, self.bottom
            self._beside = row.kind, _BUTTONS if row.kind == "button" else _LINE
        if self._y + _LINE > self._lowest:
            return False
        match row.kind:
            case "title":
                self._title(row)
            case "button":
                self._button(row)
            case "track":
                self._track(row)
            case "swatch":
                self._swatch(row)
            case "scale":
                self._scale(row)
            case "note":
                words = self._overlay.fitted(row.text, 0.9 * _TEXT, self._inner - 24)
                self._overlay.text(_AIR + 24, self._y, words, 0.9 * _TEXT, self._ink.faint)
                self._y += _LINE
            case _:
                return self._lines(row)
        return True

    def _press(self, row: Row, box: tuple[float, float, float, float], face: int) -> None:
        self.areas.append(Area(box, row, face - self._first, self._overlay.count - self._first))

    def _title(self, row: Row) -> None:
        overlay, ink, face = self._overlay, self._ink, self._overlay.count
        room = self._inner - (_LINE if row.action else 0.0)
        overlay.text(_AIR, self._y, overlay.fitted(row.text, _TITLE, room), _TITLE, ink.text)
        if row.action:
            x = self._wide - _AIR - overlay.measure("×", 1.3 * _TITLE)[0]
            overlay.text(x, self._y - 5, "×", 1.3 * _TITLE, ink.faint)
            wide = 2 * _AIR + _LINE
            self._press(row, (self._wide - wide, 0.0, wide, _AIR + 1.35 * _LINE), face)
        self._y += 1.35 * _LINE

    def _button(self, row: Row) -> None:
        overlay, ink, face = self._overlay, self._ink, self._overlay.count
        x, y, wide = self._x, self._y, self._inner * row.wide - 6
        overlay.rectangle(x, y, wide, _BUTTON, ink.accent if row.on else (*ink.bar[:3], 0.4), 10.0)
        text = overlay.fitted(row.text, _TEXT, wide - 12)
        across, down = overlay.measure(text, _TEXT)
        words = ink.panel if row.on else ink.text
        overlay.text(x + (wide - across) / 2, y + (_BUTTON - down) / 2, text, _TEXT, (*words[:3], 1.0))
        self._press(row, (x, y, wide, _BUTTON), face)
        self._go_on(row)

    def _go_on(self, row: Row) -> None:
        """Go on beside what was added, or on the next line."""
        self._x += self._inner * row.wide
        if self._x >= self._wide - _AIR - 8:
            self._x, self._y = _AIR, self._y + self._beside[1]

    def _swatch(self, row: Row) -> None:
        overlay, ink, x, y = self._overlay, self._ink, self._x, self._y
        if x + self._inner * row.wide > self._wide - _AIR + 8:
            x, y = self._x, self._y = _AIR, self.bottom
        wide = self._inner * row.wide
        overlay.rectangle(x, y + 6, 14, 14, _colour(row.colour), 4.0)
        count = overlay.measure(row.label, 0.9 * _TEXT)[0] if row.label else 0.0
        if row.label:
            overlay.text(x + wide - count, y + 1, row.label, 0.9 * _TEXT, ink.faint)
        room = wide - 24 - (count + 8 if row.label else 8)
        overlay.text(x + 24, y, overlay.fitted(row.text, _TEXT, room), _TEXT, ink.text)
        self._go_on(row)

    def _scale(self, row: Row) -> None:
        overlay, ink, top, end = self._overlay, self._ink, self._y + 6, _SCALE / 2
        overlay.rectangle(_AIR, top, self._inner, _SCALE, _between(row.colours, 0.0), end)
        overlay.rectangle(_AIR + end, top, self._inner - end, _SCALE, _between(row.colours, 1.0), end)
        # Between the round ends each piece goes on below the next: no seams.
        long = self._inner - _SCALE
        for i in range(_STEPS):
            x = i / _STEPS * long
            overlay.rectangle(_AIR + end + x, top, long - x, _SCALE,
                              _between(row.colours, (end + x + long / _STEPS / 2) / self._inner))
        below, size = top + _SCALE + 4, 0.9 * _TEXT
        newest = self._inner - overlay.measure(row.text, size)[0]
        overlay.text(_AIR, below, row.label, size, ink.faint)
        overlay.text(_AIR + newest, below, row.text, size, ink.faint)
        self._y = below + _LINE

    def _track(self, row: Row) -> None:
        overlay, ink, face = self._overlay, self._ink, self._overlay.count
        overlay.figures(_AIR, self._y, row.text, _TEXT, ink.text)
        top, along = self._y + 1.25 * _LINE, self._inner * row.share
        overlay.rectangle(_AIR, top, self._inner, 8, (*ink.bar[:3], 0.6), 4.0)
        overlay.rectangle(_AIR, top, along, 8, ink.accent, 4.0)
        overlay.rectangle(_AIR + along - 9, top - 5, 18, 18, ink.accent, 9.0)
        self._press(row, (_AIR, top - 14, self._inner, 36), face)
        self._y += 2.2 * _LINE

    def _lines(self, row: Row) -> bool:
        overlay, ink, face = self._overlay, self._ink, self._overlay.count
        indent = self._inner * _LABEL if row.label else 0.0
        if row.label:
            label = overlay.fitted(row.label, 0.85 * _TEXT, indent - 8)
            overlay.text(_AIR, self._y + 2, label, 0.85 * _TEXT, ink.faint)
        top, whole = self._y, True
        for line in (line for text in row.text.split("\n")
                     for line in overlay.wrapped(text, _TEXT, self._inner - indent)):
            if self._y + _LINE > self._lowest:
                whole = False
                break
            overlay.text(_AIR + indent, self._y, line, _TEXT, ink.accent if row.action else ink.text)
            self._y += _LINE
        if row.action:
            self._press(row, (_AIR, top, self._inner, self._y - top), face)
        return whole


def _colour(number: int) -> tuple[float, float, float, float]:
    """Return 0xRRGGBB as the overlay has colours."""
    return (number >> 16 & 255) / 255, (number >> 8 & 255) / 255, (number & 255) / 255, 1.0


def _between(colours: tuple[int, ...], share: float) -> tuple[float, float, float, float]:
    """Return what lies at a share of the way along colours at equal steps."""
    along = share * (len(colours) - 1)
    k = min(int(along), len(colours) - 2)
    red, green, blue, _ = (x + (y - x) * (along - k) for x, y in zip(
        _colour(colours[k]), _colour(colours[k + 1]), strict=True))
    return red, green, blue, 1.0
