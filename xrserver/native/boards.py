"""Boards: rows of text and things to press, as data, laid out on a flat picture that hangs in the room."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from xrserver import spaces
from xrserver.native.hud import Ink
from xrserver.native.overlay import Overlay
from xrserver.spaces import Pose, Vector

#: Pixels of a board's picture in one of its own units, and metres of a unit at a distance of a metre: a
#: line is 26 units, which is 1.25°.
SCALE, METRES = 2.0, 0.00084
_LINE, _AIR, _LABEL = 26.0, 16.0, 0.30
_TITLE, _TEXT = 19.0, 16.0
_NOWHERE = Pose((0.0, 0.0, 0.0))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a board, or several where its text is long.

    Attributes
    ----------
    kind : {"title", "text", "button", "track", "swatch"}
        A track is a share of something, 0 … 1, that can be pulled.
    label, text : str
    action : tuple of str
        What a press asks for; empty for nothing.
    on : bool
        Chosen, of several.
    share : float
        Of a track.
    colour : int
        Of a swatch, 0xRRGGBB.
    wide : float
        Part of the line that a button takes.
    """

    kind: Literal["title", "text", "button", "track", "swatch"]
    label: str = ""
    text: str = ""
    action: tuple[str, ...] = ()
    on: bool = False
    share: float = 0.0
    colour: int = 0
    wide: float = 1.0


@dataclass(slots=True)
class Board:
    """A board of a fixed width, as high as its rows.

    Attributes
    ----------
    wide, tall : float
        Units.
    pose : Pose
        Of its middle in the room, facing +Z; scale: metres of a unit.
    """

    name: str
    wide: float
    tall: float
    pose: Pose = _NOWHERE
    rows: tuple[Row, ...] = ()
    shown: bool = False
    cursor: tuple[float, float] | None = None
    pressed: tuple[str, ...] = ()
    areas: list[tuple[tuple[float, float, float, float], Row]] = field(
        default_factory=list[tuple[tuple[float, float, float, float], Row]])
    stale: bool = True

    def fill(self, rows: tuple[Row, ...]) -> None:
        """Show other rows."""
        if rows != self.rows:
            self.rows, self.stale = rows, True

    def place(self, head: Pose, yaw: float, right: float, up: float, away: float) -> None:
        """Hang it before a head whose heading is `yaw`, so far to the right and up (radians, metres)."""
        turn = spaces.multiply(spaces.about((0.0, 1.0, 0.0), yaw - right), spaces.about((1.0, 0.0, 0.0), up))
        ahead = spaces.rotate(turn, (0.0, 0.0, -away))
        self.pose = Pose(spaces.add(head.position, ahead), turn, METRES * away)

    @property
    def pixels(self) -> tuple[int, int]:
        """Of its picture."""
        return round(self.wide * SCALE), round(self.tall * SCALE)

    @property
    def metres(self) -> tuple[float, float]:
        """Across and down, in the room."""
        return self.wide * self.pose.scale, self.tall * self.pose.scale

    def met(self, ray: Pose) -> tuple[float, float, float] | None:
        """Return how far along a ray it is met, and where: units from the upper left; None: beside it."""
        origin = spaces.apply_inverse(self.pose, ray.position)
        turned = spaces.rotate(spaces.conjugate(self.pose.orientation), spaces.rotate(
            ray.orientation, (0.0, 0.0, -1.0)))
        if turned[2] > -1e-6 or origin[2] <= 0.0:
            return None
        along = -origin[2] / turned[2]
        x = origin[0] + turned[0] * along + self.wide / 2
        y = self.tall / 2 - origin[1] - turned[1] * along
        if not (0.0 <= x <= self.wide and 0.0 <= y <= self.tall):
            return None
        return along * self.pose.scale, x, y

    def at(self, x: float, y: float) -> tuple[Row, float] | None:
        """Return the row that can be pressed at a place, and how far along it (0 … 1) that is."""
        for (left, top, wide, tall), row in self.areas:
            if left <= x <= left + wide and top <= y <= top + tall and row.action:
                return row, min(max((x - left) / wide, 0.0), 1.0)
        return None

    def point(self, x: float, y: float) -> Vector:
        """Return where a place of it is in the room."""
        return spaces.apply(self.pose, (x - self.wide / 2, self.tall / 2 - y, 0.0))

    def draw(self, overlay: Overlay, ink: Ink, fits: float = 0.0) -> None:
        """Add it to an overlay that has begun, and remember what can be pressed where.

        With `fits` it becomes as high as what stands on it, up to so many units.
        """
        self.areas.clear()
        sheet = overlay.count
        self.tall = fits or self.tall
        overlay.rectangle(0, 0, self.wide, self.tall, (*ink.panel[:3], 0.95 if fits else 1.0), 18.0)
        y, x = _AIR, _AIR
        inner = self.wide - 2 * _AIR
        for row in self.rows:
            if row.kind != "button" and x > _AIR:
                x, y = _AIR, y + 1.6 * _LINE
            if y + _LINE > self.tall - 4:
                break
            match row.kind:
                case "title":
                    overlay.text(x, y, overlay.fitted(row.text, _TITLE, inner), _TITLE, ink.text)
                    y += 1.35 * _LINE
                case "button":
                    x, y = self._button(overlay, ink, row, x, y, inner)
                case "track":
                    self._track(overlay, ink, row, y, inner)
                    y += 2.2 * _LINE
                case "swatch":
                    colour = tuple((row.colour >> shift & 255) / 255 for shift in (16, 8, 0))
                    overlay.rectangle(x, y + 6, 14, 14, (colour[0], colour[1], colour[2], 1.0), 4.0)
                    overlay.text(x + 24, y, overlay.fitted(row.text, _TEXT, inner - 24), _TEXT, ink.text)
                    y += _LINE
                case _:
                    y = self._lines(overlay, ink, row, y, inner)
        if fits:
            self.tall = min(fits, (y if x <= _AIR else y + 1.6 * _LINE) + _AIR)
            overlay.heighten(sheet, self.tall)
        elif self.cursor is not None:
            x, y = self.cursor
            overlay.rectangle(x - 6, y - 6, 12, 12, (*ink.panel[:3], 1.0), 6.0)
            overlay.rectangle(x - 4, y - 4, 8, 8, ink.text, 4.0)
        self.stale = False

    def _button(self, overlay: Overlay, ink: Ink, row: Row, x: float, y: float, inner: float
                ) -> tuple[float, float]:
        wide, tall = inner * row.wide - 6, 1.4 * _LINE
        over = self.cursor is not None and x <= self.cursor[0] <= x + wide and y <= self.cursor[1] <= y + tall
        held = row.on or (over and self.pressed == row.action)
        face = ink.accent if held else (*ink.bar[:3], 0.75 if over else 0.4)
        words = ink.panel if face is ink.accent else ink.text
        overlay.rectangle(x, y, wide, tall, face, 10.0)
        text = overlay.fitted(row.text, _TEXT, wide - 12)
        across, down = overlay.measure(text, _TEXT)
        overlay.text(x + (wide - across) / 2, y + (tall - down) / 2, text, _TEXT, (*words[:3], 1.0))
        self.areas.append(((x, y, wide, tall), row))
        x += inner * row.wide
        return (x, y) if x < self.wide - _AIR - 8 else (_AIR, y + 1.6 * _LINE)

    def _track(self, overlay: Overlay, ink: Ink, row: Row, y: float, inner: float) -> None:
        overlay.figures(_AIR, y, row.text, _TEXT, ink.text)
        top = y + 1.25 * _LINE
        overlay.rectangle(_AIR, top, inner, 8, (*ink.bar[:3], 0.6), 4.0)
        overlay.rectangle(_AIR, top, inner * row.share, 8, ink.accent, 4.0)
        overlay.rectangle(_AIR + inner * row.share - 9, top - 5, 18, 18, ink.accent, 9.0)
        self.areas.append(((_AIR, top - 14, inner, 36), row))

    def _lines(self, overlay: Overlay, ink: Ink, row: Row, y: float, inner: float) -> float:
        indent = inner * _LABEL if row.label else 0.0
        if row.label:
            label = overlay.fitted(row.label, 0.85 * _TEXT, indent - 8)
            overlay.text(_AIR, y + 2, label, 0.85 * _TEXT, ink.faint)
        top = y
        for text in row.text.split("\n"):
            for line in overlay.wrapped(text, _TEXT, inner - indent):
                if y + _LINE > self.tall - 4:
                    return y + _LINE
                overlay.text(_AIR + indent, y, line, _TEXT, ink.accent if row.action else ink.text)
                y += _LINE
        if row.action:
            self.areas.append(((_AIR, top, inner, y - top), row))
        return y
