"""The panels of a headset: which boards hang where, what stands on them, and what a press on them does."""

from __future__ import annotations

import math
from collections.abc import Callable

from xrserver import spaces
from xrserver.clock import Playback
from xrserver.native import hud, menu
from xrserver.native.aiming import Pointed
from xrserver.native.boards import METRES, Board
from xrserver.native.city import City
from xrserver.native.hands import Worn
from xrserver.native.openxr.headset import Headset
from xrserver.native.openxr.swapchains import Sheet
from xrserver.native.overlay import Overlay
from xrserver.native.typesetting import Row
from xrserver.spaces import Pose, Vector
from xrserver.stream.messages import Panel

#: Where boards hang: degrees to the right and up, metres away.
_MENU, _TIME, _INSPECTOR, _NOTICE = (0.0, -8.0, 0.9), (0.0, -30.0, 0.9), (32.0, -8.0, 1.0), (0.0, 6.0, 1.2)
#: Lines of new text that are drawn in a frame, and seconds between two looks at time that plays.
_NEW, _TIME_SECONDS = 4, 1 / 30


class Panels:
    """Menu, time, inspector and notices before somebody in a headset.

    Parameters
    ----------
    act : function of (action, share)
        Does what is pressed.
    """

    def __init__(self, headset: Headset, act: Callable[[tuple[str, ...], float], None]) -> None:
        self._headset, self._act = headset, act
        self._overlay = Overlay(headset.context)
        self.menu, self.time = Board("menu", 520, 640), Board("time", 620, 92)
        self.inspector, self.notice = Board("inspector", 560, 640), Board("notice", 620, 60)
        self.wrist = Board("wrist", 520, 176)
        self.boards = [self.inspector, self.menu, self.time, self.notice, self.wrist]
        self._places = {"menu": _MENU, "time": _TIME, "inspector": _INSPECTOR, "notice": _NOTICE}
        self._daylight = -1.0
        #: What menu and inspector were filled for.
        self._told: tuple[object, ...] = ()
        self._inspected: Panel | None = None
        self._time_for = 0.0
        #: Boards whose sheet nothing was ever given to.
        self._blank: set[str] = set()
        #: Of each hand: the board and the action that its press began on.
        self._held: list[tuple[Board, tuple[str, ...]] | None] = [None, None]

    def toggle(self, worn: Worn) -> None:
        """Open the menu, or close everything."""
        opened = not self.menu.shown
        self._show(self.menu, worn, opened)
        self._show(self.time, worn, opened)
        if not opened:
            self.inspector.shown = False

    def _show(self, board: Board, worn: Worn, shown: bool) -> None:
        if shown and not board.shown:
            right, up, away = self._places[board.name]
            yaw = spaces.yaw_pitch_of(worn.head.orientation)[0]
            board.place(worn.head, yaw, math.radians(right), math.radians(up), away)
            board.stale = True
        board.shown = shown

    # --- what stands on them --------------------------------------------------------------------

    def holds(self, board: Board) -> bool:
        """Return whether a hand has taken hold of a board."""
        return any(held is not None and held[0] is board for held in self._held)

    def wear(self, worn: Worn, place: Vector | None) -> None:
        """Let time hang at a place, over a wrist, towards the face; None: no wrist is looked at."""
        self.wrist.shown = place is not None or self.holds(self.wrist)
        if place is None or self.holds(self.wrist):
            return
        away = spaces.length(spaces.subtract(place, worn.head.position))
        self.wrist.pose = Pose(place, spaces.look_at(worn.head.position, place), METRES * max(away, 0.3))

    def write(self, worn: Worn, city: City, state: Playback, panel: Panel | None, notice: str,
              settings: Callable[[], dict[str, object]], seconds: float) -> None:
        """Bring every board up to date; those that changed are drawn with `draw`."""
        self._show(self.inspector, worn, panel is not None)
        if panel is not None and panel is not self._inspected:
            self._inspected = panel
            self.inspector.fill(menu.inspector(panel))
        self._show(self.notice, worn, bool(notice))
        if notice:
            self.notice.fill((Row("text", text=notice),))
        if self.menu.shown or not self.menu.rows:
            chosen = settings()
            told = menu.told(city, state, chosen)
            if told != self._told:
                self._told = told
                self.menu.fill(menu.menu(city, state, chosen))
        self._time_for += seconds
        if state.playing and self._time_for < _TIME_SECONDS and self.time.rows:
            return
        self._time_for = 0.0
        if self.time.shown or not self.time.rows:
            self.time.fill((menu.track(city, state),))
        if self.wrist.shown or not self.wrist.rows:
            self.wrist.fill(menu.wrist(city, state))

    # --- hands ------------------------------------------------------------------------------------

    def step(self, worn: Worn) -> list[Pointed]:
        """Let hands press what they point at; return what each hand's ray meets of the boards."""
        met = [Pointed(), Pointed()]
        cursors: dict[str, tuple[float, float]] = {}
        for i, hand in enumerate(worn.hands):
            if not hand.tracked or hand.owner not in ("", "panel"):
                self._held[i] = None
                continue
            nearest = self._nearest(hand.aim)
            held = self._held[i]
            if nearest is None:
                if hand.select.ended:
                    self._held[i] = None
                continue
            away, x, y, board = nearest
            met[i] = Pointed("panel", away, point=board.point(x, y))
            cursors[board.name] = x, y
            under = board.at(x, y)
            if hand.select.began and hand.owner == "":
                hand.owner = "panel"
                self._held[i] = held = (board, under[0].action) if under is not None else None
                if under is not None:
                    board.press(under[0].action)
                    self._headset.pulse(hand.side, "tick")
            if held is None:
                continue
            if under is not None and under[0].kind == "track" and hand.select.pressed and held[0] is board:
                self._act(under[0].action, under[1])
            if hand.select.ended:
                held[0].press(())
                self._held[i] = None
                if under is not None and under[0].kind != "track" and under[0].action == held[1]:
                    self._headset.pulse(hand.side, "select")
                    self._act(under[0].action, under[1])
        for board in self.boards:
            board.touch(cursors.get(board.name))
        return met

    def _nearest(self, ray: Pose) -> tuple[float, float, float, Board] | None:
        found = [(*met, board) for board in self.boards
                 if board.shown and (met := board.met(ray)) is not None]
        return min(found, key=lambda each: each[0], default=None)

    # --- drawing ----------------------------------------------------------------------------------

    def draw(self, daylight: float) -> None:
        """Write what changed onto the sheets, and hang those that are shown."""
        if daylight != self._daylight:
            self._daylight = daylight
            for board in self.boards:
                board.stale = True
        left = float(_NEW)
        hung = []
        for board in sorted(self.boards, key=lambda each: not each.shown):
            # What is not shown yet is made ready where there is time: opened, it is there.
            if not board.shown and (not board.rows or not board.stale or left <= 0):
                continue
            found = self._headset.sheet(board.name, board.pixels)
            if found is None:
                return
            sheet, new = found
            if new:
                self._blank.add(board.name)
            if new or board.stale:
                left = self._write(board, sheet, hud.ink(daylight), left)
            if board.shown and board.name not in self._blank:
                sheet.hang(board.pose, board.metres)
                hung.append(sheet)
        self._headset.hung = hung

    def _write(self, board: Board, sheet: Sheet, ink: hud.Ink, new: float) -> float:
        """Write a board onto its sheet, once all its text is drawn; return how much new text may still be."""
        self._overlay.begin(board.pixels[0] / board.wide, new)
        board.draw(self._overlay, ink)
        if not self._overlay.whole:
            return 0.0
        sheet.target.use()
        sheet.target.clear()
        self._overlay.draw(sheet.target)
        self._headset.publish(sheet)
        self._blank.discard(board.name)
        return self._overlay.new

