"""What lies over the picture at a desk: names, timeline, what is pointed at, and the panels of a headset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import moderngl

from xrserver.clock import Playback
from xrserver.native import hud, menu
from xrserver.native.backend import View
from xrserver.native.boards import Board
from xrserver.native.city import City, Labels
from xrserver.native.milestones import Milestones, along, milestones
from xrserver.native.overlay import Overlay
from xrserver.native.tile import Tile
from xrserver.native.typesetting import Row
from xrserver.spaces import Pose
from xrserver.stream.messages import Panel

#: Seconds between two looks at how high districts stand, for their labels.
_LABEL_SECONDS = 0.1
#: Logical pixels of a board's unit, at least and at most; and the height of a window that has the most.
_LEAST, _UNIT, _ENOUGH = 0.62, 0.8, 520.0
_HINT = "Tab: menu   H: keys and mouse"
_MENU, _INSPECTOR, _HELP, _LEGEND = 470.0, 540.0, 640.0, 300.0
#: Parts of a window's width that they may take; below this many pixels there is no legend.
_SHARES = {"menu": 0.9, "inspector": 0.46, "help": 0.9, "legend": 0.3}
_SMALL = 640.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A place of a panel, and what a press there does."""

    row: Row | None
    act: Callable[[tuple[str, ...], float], None]

    def press(self) -> None:
        """Do it; nothing where there is nothing to press."""
        if self.row is not None:
            self.act(self.row.action, 0.0)


class Desk:
    """Panels, names and timeline of one window.

    Parameters
    ----------
    act : function of (action, share)
        Does what is pressed.
    """

    def __init__(self, context: moderngl.Context, act: Callable[[tuple[str, ...], float], None]) -> None:
        self._act = act
        self._overlay = Overlay(context)
        self._timeline = hud.Timeline()
        self._labels: Labels | None = None
        self._along: Milestones | None = None
        self._labelled, self._label_age = -1, 0.0
        self._tiles: list[Tile] = []
        self.menu, self.inspector = Board("menu", _MENU, 600.0), Board("inspector", _INSPECTOR, 600.0)
        self.help = Board("help", _HELP, 600.0, rows=menu.help_())
        self.legend = Board("legend", _LEGEND, 400.0, shown=True)
        self._legend = True
        #: What menu or legend, and inspector were filled for.
        self._told: tuple[object, ...] = ()
        self._inspected: Panel | None = None
        #: Where the boards lie: the upper left corner, logical pixels.
        self._corners: dict[str, tuple[float, float]] = {}
        self._size, self._unit = (1.0, 1.0), _UNIT

    def forget(self) -> None:
        """Another generation begins, or history is longer: other districts stand."""
        self._labels = self._along = None

    def age(self, seconds: float) -> None:
        """Let time pass."""
        self._label_age += seconds

    def stale(self, rank: int) -> bool:
        """Return whether names stand where things stood at another rank."""
        return self._labelled != rank

    def do(self, action: str) -> bool:
        """Show or hide something; return whether there was something to show or hide."""
        match action:
            case "menu":
                self.menu.shown = not self.menu.shown
            case "help":
                self.help.shown = not self.help.shown
            case "legend":
                self._legend = not self._legend
            case "close" if self.help.shown:
                self.help.shown = False
            case "close" if self.menu.shown and not self.inspector.shown:
                self.menu.shown = False
            case _:
                return False
        return True

    def point(self, place: tuple[float, float] | None) -> Spot | None:
        """Point at a place of the picture (−1 … 1 each); return the place of a panel that is there."""
        found: Spot | None = None
        for board in (self.help, self.inspector, self.menu, self.legend):
            if place is None or not board.shown or found is not None:
                board.touch(None)
                continue
            left, top = self._corners.get(board.name, (0.0, 0.0))
            x = ((place[0] + 1) / 2 * self._size[0] - left) / self._unit
            y = ((1 - place[1]) / 2 * self._size[1] - top) / self._unit
            if 0.0 <= x <= board.wide and 0.0 <= y <= board.tall:
                board.touch((x, y))
                under = board.at(x, y)
                found = Spot(under[0] if under is not None else None, self._act)
            else:
                board.touch(None)
        return found

    def draw(self, view: View, city: City, drawn: tuple[str, ...], state: Playback, pose: Pose,
             tip: list[str], pointer: tuple[float, float] | None, panel: Panel | None, notice: str,
             settings: dict[str, object], daylight: float) -> None:
        """Draw everything over a view."""
        overlay, scale = self._overlay, view.pixels_per_point
        width, height = self._size = view.size[0] / scale, view.size[1] / scale
        ink = hud.ink(daylight)
        overlay.begin(scale)
        tiles = city.tiles(drawn)  # a patch makes another one of a tile
        if self._labels is None or tiles != self._tiles or (
                self._labelled != state.rank and self._label_age >= _LABEL_SECONDS):
            if self._along is None:
                self._along = milestones(city)
            self._labels, self._tiles = along(city.labels(drawn, state.rank), self._along, state.rank), tiles
            self._labelled, self._label_age = state.rank, 0.0
        self.legend.shown = self._legend and not self.menu.shown and width >= _SMALL
        self.inspector.shown = panel is not None
        hud.draw_labels(overlay, self._labels, view, pose, width, height, ink, self._covered())
        self._timeline.draw(overlay, city, state, width, height, ink, _HINT if pointer is not None else "")
        if self.menu.shown or self.legend.shown:
            told = menu.told(city, state, settings)
            if told != self._told:
                self._told = told
                self.menu.fill(menu.menu(city, state, settings))
                self.legend.fill(menu.colours(city, settings))
            if self.menu.shown:
                self._draw(self.menu, _MENU, ink)
            else:
                self._draw(self.legend, _LEGEND, ink)
        if panel is not None:
            if panel is not self._inspected:
                self._inspected = panel
                self.inspector.fill(menu.inspector(panel))
            self._draw(self.inspector, _INSPECTOR, ink)
        if self.help.shown:
            self._draw(self.help, _HELP, ink)
        if tip and pointer is not None:
            x, y = (pointer[0] + 1) / 2 * width, (1 - pointer[1]) / 2 * height
            hud.draw_tip(overlay, x, y, tip, width, height, ink)
        if notice:
            hud.draw_tip(overlay, hud.MARGIN, height - hud.STRIP - 70, [notice], width, height, ink)
        overlay.draw(view.target)

    def _covered(self) -> list[tuple[float, float, float, float]]:
        """Return what boards take up, as they lay last: left, top, right, bottom."""
        found: list[tuple[float, float, float, float]] = []
        for board in (self.menu, self.legend, self.inspector, self.help):
            if board.shown and board.name in self._corners:
                left, top = self._corners[board.name]
                found.append((left, top, left + board.wide * self._unit, top + board.tall * self._unit))
        return found

    def _draw(self, board: Board, wide: float, ink: hud.Ink) -> None:
        """Draw a board as high as what stands on it, down to the timeline at most."""
        width, height = self._size
        unit = self._unit = _UNIT * min(max(height / _ENOUGH, _LEAST / _UNIT), 1.0)
        board.wide = min(wide, _SHARES[board.name] * width / unit)
        most = (height - hud.STRIP - 3 * hud.MARGIN - 20) / unit
        beside = width - board.wide * unit
        left = {"inspector": beside - hud.MARGIN, "help": beside / 2}.get(board.name, hud.MARGIN)
        self._corners[board.name] = left, hud.MARGIN
        with self._overlay.within(left, hud.MARGIN, unit):
            board.draw(self._overlay, ink, fits=max(most, 40.0), opaque=board is self.help)

    def draw_waiting(self, view: View, text: str) -> None:
        """Write a line into the middle of a picture in which there is nothing yet."""
        overlay, scale = self._overlay, view.pixels_per_point
        overlay.begin(scale)
        wide, tall = overlay.measure(text, 18)
        width, height = view.size[0] / scale, view.size[1] / scale
        overlay.text((width - wide) / 2, (height - tall) / 2, text, 18, hud.NIGHT.text)
        overlay.draw(view.target)
