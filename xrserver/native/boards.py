"""Boards: rows of text and things to press, as data, on a flat picture in the room or over a window."""

from __future__ import annotations

from dataclasses import dataclass

from xrserver import spaces
from xrserver.native.hud import Ink
from xrserver.native.overlay import Overlay
from xrserver.native.typesetting import Area, Row, Setting, typeset
from xrserver.spaces import Pose, Vector

#: Pixels of a board's picture in one of its own units, and metres of a unit at a distance of a metre: a
#: line is 26 units, which is 1.25°.
SCALE, METRES = 2.0, 0.00084
#: A board is drawn anew for a cursor that moved by so many units.
_MOVED = 1.0
_NOWHERE = Pose((0.0, 0.0, 0.0))


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
    stale: bool = True
    #: What stands on it, as it was set last, and for what.
    _setting: Setting | None = None
    _set_for: tuple[object, ...] = ()

    def fill(self, rows: tuple[Row, ...]) -> None:
        """Show other rows."""
        if rows != self.rows:
            self.rows, self.stale = rows, True

    def touch(self, cursor: tuple[float, float] | None) -> None:
        """Point at a place of it; None: at nothing."""
        before = self.cursor
        if cursor is None or before is None:
            moved = cursor is not before
        else:
            moved = abs(cursor[0] - before[0]) + abs(cursor[1] - before[1]) > _MOVED
        if moved:
            self.cursor, self.stale = cursor, True

    def press(self, action: tuple[str, ...]) -> None:
        """Show something as held down; empty: nothing."""
        if action != self.pressed:
            self.pressed, self.stale = action, True

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

    @property
    def areas(self) -> tuple[Area, ...]:
        """What can be pressed, as it was set last."""
        return self._setting.areas if self._setting is not None else ()

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
        for area in self.areas:
            left, top, wide, tall = area.box
            if left <= x <= left + wide and top <= y <= top + tall:
                return area.row, min(max((x - left) / wide, 0.0), 1.0)
        return None

    def point(self, x: float, y: float) -> Vector:
        """Return where a place of it is in the room."""
        return spaces.apply(self.pose, (x - self.wide / 2, self.tall / 2 - y, 0.0))

    def draw(self, overlay: Overlay, ink: Ink, fits: float = 0.0, *, opaque: bool = True) -> None:
        """Add it to an overlay that has begun; its rows are set anew only where they are others.

        It stays stale where the overlay took up less than all of it.

        With `fits` it becomes as high as what stands on it, up to so many units.
        """
        first = overlay.count
        key = (self.rows, ink, fits or self.tall, self.wide, overlay.generation, overlay.frame)
        setting = self._setting
        if setting is None or key != self._set_for:
            setting = self._setting = typeset(overlay, ink, self.rows, self.wide, fits or self.tall,
                                              opaque=opaque, shrinks=bool(fits))
            self._set_for = key
        else:
            overlay.paste(setting.quads)
        if fits:
            self.tall = setting.tall
        self._point_out(overlay, ink, setting, first)
        if not fits and self.cursor is not None:
            x, y = self.cursor
            overlay.rectangle(x - 6, y - 6, 12, 12, (*ink.panel[:3], 1.0), 6.0)
            overlay.rectangle(x - 4, y - 4, 8, 8, ink.text, 4.0)
        # Where the atlas began anew, what was set before shows other letters.
        self.stale = key[4] != overlay.generation or not overlay.whole
        if self.stale:
            self._set_for = ()

    def _point_out(self, overlay: Overlay, ink: Ink, setting: Setting, first: int) -> None:
        """Show what the cursor is on, and what is held down there."""
        found = self.at(*self.cursor) if self.cursor is not None else None
        if found is None:
            return
        area = next(area for area in setting.areas if area.row is found[0])
        if area.row.kind == "button" and not area.row.on:
            held = self.pressed == area.row.action
            face, words = area.face + first, area.end + first
            overlay.recolour(face, face + 1, ink.accent if held else (*ink.bar[:3], 0.75))
            overlay.recolour(face + 1, words, (*(ink.panel if held else ink.text)[:3], 1.0))
