"""A viewer: what the stream brings and what the person wants, frame by frame, on any backend.

What is done with mouse and keyboard is `desktop`'s, what is done with hands and eyes `worn`'s.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace

from xrserver import clock
from xrserver.native.arrival import Arrival
from xrserver.native.backend import Backend, Intent, View
from xrserver.native.city import City
from xrserver.native.client import (
    Answered,
    Arrived,
    Back,
    Failed,
    Grown,
    Lost,
    News,
    Opened,
    Told,
    may_return,
)
from xrserver.native.moment import COLOURINGS, Moment
from xrserver.native.spectator import Spectator
from xrserver.navigation import locomotion, playback, selection
from xrserver.navigation.locomotion import Journey
from xrserver.navigation.selection import NOTHING, Selection
from xrserver.stream import messages
from xrserver.stream.messages import Panel, Result

#: Seconds that the pointer rests on a floor before the server is asked what it was.
ASK_SECONDS = 0.08
#: Seconds of a frame that what the stream brought may take; the last of it may end later.
_NEWS_SECONDS = 0.001
#: Seconds between two reports of the playhead to the server, which remembers it.
_REPORT_SECONDS = 1.0


class Viewer(Spectator):
    """One scene, one playhead, one person.

    Use as a context manager; it ends its connection on leaving.

    Parameters
    ----------
    backend : Backend
        Shows the pictures.
    url : str
        Of the server, with its token.
    ended : function
        Says why a server that is gone will never come back; nothing while it may.

    Attributes
    ----------
    say : function of str
        Is told, for the terminal, that the server is gone and that it is back.
    """

    def __init__(self, backend: Backend, url: str, ended: Callable[[], str] = may_return) -> None:
        super().__init__(backend, url, ended)
        self.say: Callable[[str], object] = bool
        self.scenes: tuple[str, ...] = ()
        self._scene = ""
        self._arrival = Arrival()
        self.selection = Selection()
        self.colouring = 0
        self.daylight = 0.0
        self._hovered_for, self._hovered_rank = 0.0, 0
        #: Of a node and a floor of it, or of a directory and a rank.
        self._floor_text: tuple[int, int, str] | None = None
        self._panel: Panel | None = None
        self._notice = ""
        #: Said while another scene is on its way.
        self._opening = ""
        #: Over passthrough, how dark the city's shadow is; None elsewhere.
        self._shadow: float | None = None
        self._since_report = 0.0
        #: This frame has taken up something that the stream brought.
        self._took = False

    # --- what the stream brings -----------------------------------------------------------------
    def _take(self, news: News) -> None:
        match news:
            case Opened(scene, table, scenes):
                self.scenes = scenes
                self._resident.expect(City(scene, table))
            case Arrived(tile, change):
                before = self.city
                newest = before is not None and (
                    self._arrival.showing or self.playback.rank >= before.scene.head_rank)
                reach = before.box if before is not None else ()
                if self._resident.arrive(tile, change):
                    self._open(before is None, newest)
                elif before is not None and before.box != reach:
                    self._widened()
                self._refine(later=True)
            case Grown(scene, table):
                before = self.city.scene.head_rank if self.city is not None else -1
                if self._resident.grow(scene, table):
                    self.playback = self._arrival.begin(self.playback, before, scene.head_rank)
                    self._grown()
                    self._refine(later=True)
            case Answered(("floor", node, floor), Result() as result):
                self._floor_text = (int(node), int(floor), result.text)
            case Answered(("directory", node, rank), Result() as result):
                self._floor_text = (int(node), int(rank), _contents(result))
            case Answered("seek", Result() as result) if self.city is not None:
                self.playback = clock.seek(clock.pause(self.playback), self.city.scene.head_rank, result.rank)
            case Answered("inspector", Panel() as panel):
                self._panel = panel if panel.rows else None
            case Told(text):
                self._notice = text
            case Lost(text):
                self._notice = text
                self.say(text)
            case Back():
                self._notice = ""
                self.say("The server is back.")
            case Failed(error):
                raise error
            case _:
                pass

    def _open(self, first: bool, newest: bool) -> None:
        """Begin with a new generation: where a resumed session was, or at the head.

        Whoever was at the `newest` commit is there again, whatever the server last heard.
        """
        assert self.city is not None
        scene = self.city.scene
        # Another scene of the same history has the same ranks, and another size.
        other = not first and scene.scene != self._scene
        self._scene = scene.scene
        if self._notice == self._opening:
            self._notice = ""
        rate = clock.first_rate(scene.head_rank) if first else self.playback.rate
        at = self.playback if other else scene
        rank, fraction = (scene.head_rank, 0.0) if newest else (at.rank, at.fraction)
        self.playback = replace(clock.seek(self.playback, scene.head_rank, rank, fraction), rate=rate)
        # Its nodes are other nodes.
        self.selection, self._panel = Selection(), None
        if first or other:
            home = self._home(self.city)
            self.journey = Journey(home, home)

    # --- frames -----------------------------------------------------------------------------------

    def frame(self) -> bool:
        """Draw one frame; return False when the person is done."""
        seconds = self._backend.begin_frame()
        if seconds is None:
            return False
        self._resident.pace(seconds, self._backend.refresh_rate)
        self.renderer.settling.step(seconds)
        self._take_some()
        intent = self._backend.actions()
        if self.city is None:
            for view in self._backend.views(0.1, 10.0):
                self._draw_waiting(view)
            self._backend.end_frame()
            return True
        self._advance(intent, seconds)
        near, far = locomotion.depth_range(self.journey.pose, self.city.box)
        moment = self._moment()
        for view in self._backend.views(near, far):
            view.begin()
            self.renderer.draw(moment, view.world_from_eye, view.projection)
            self._finish(view)
        self._backend.end_frame()
        return True

    def _take_some(self) -> None:
        """Take what came, until that took long enough for a frame."""
        self._took = False
        until = time.perf_counter() + _NEWS_SECONDS
        while (news := self._link.next()) is not None:
            self._take(news)
            self._took = True
            if time.perf_counter() > until:
                return  # the rest is for the next frame

    def _moment(self) -> Moment:
        assert self.city is not None
        return Moment(
            self.journey.pose, self.playback.rank, self.playback.fraction,
            1.0 if self._arrival.showing else clock.easing(self.playback, self.city.calendar),
            clock.glow_per_rank(self.playback, self.city.scene.glow_seconds), self.city.scene.head_rank,
            self.colouring, self.daylight, self.selection.selected, self.selection.hovered,
            self.selection.floor, self._shadow)

    @abstractmethod
    def _widened(self) -> None:
        """Take note that what there is reaches farther than it did."""

    @abstractmethod
    def _grown(self) -> None:
        """Take note that history is longer, and other things may stand."""

    def _play(self, seconds: float) -> None:
        """Let time go on, or a commit that has landed be seen arriving."""
        assert self.city is not None
        self.playback = self._arrival.step(self.playback, self.city.scene.head_rank, seconds)
        if not self._arrival.showing:
            self.playback = clock.advance(self.playback, self.city.calendar, seconds)

    @abstractmethod
    def _advance(self, intent: Intent, seconds: float) -> None:
        """Do what is asked for in a frame of so many seconds."""

    @abstractmethod
    def _finish(self, view: View) -> None:
        """Add to a view what lies over the city."""

    @abstractmethod
    def _draw_waiting(self, view: View) -> None:
        """Draw a view while there is no city yet."""

    def _tell(self, seconds: float) -> None:
        """Ask for the floor pointed at once the pointer rests, and report the playhead now and then."""
        hovered, floor = self.selection.hovered, self.selection.floor
        if _is_directory(hovered) and self.playback.rank != self._hovered_rank:
            self._hovered_for, self._hovered_rank = 0.0, self.playback.rank
        before, self._hovered_for = self._hovered_for, self._hovered_for + seconds
        if hovered != NOTHING and before < ASK_SECONDS <= self._hovered_for:
            if floor != NOTHING:
                self._link.ask(("floor", hovered, floor), "stratum", node=hovered, index=floor)
            elif _is_directory(hovered):
                rank = self.playback.rank
                self._link.ask(("directory", hovered, rank), "directory", node=hovered, rank=rank)
        self._since_report += seconds
        if self._since_report >= _REPORT_SECONDS and self.city is not None:
            self._since_report = 0.0
            pose = self.journey.pose
            self._link.clock(self.playback.rank, self.playback.fraction, self.playback.playing, messages.Pose(
                list(pose.position), list(pose.orientation), pose.scale), self.city.scene.generation)

    # --- what is asked for ----------------------------------------------------------------------

    def do(self, action: str, value: float = 0.0) -> None:
        """Do what is asked for by a name of ``bindings.toml`` that means the same on every device."""
        assert self.city is not None
        dates = self.city.calendar
        match action:
            case "play":
                self.playback = playback.toggle(self.playback, dates)
            case "step":
                self.playback = playback.step(self.playback, dates, int(value))
            case "scrub":
                self.playback = playback.scrub(self.playback, dates, value)
            case "pace":
                self.playback = playback.other_pace(self.playback)
            case "faster":
                self.playback = playback.faster(self.playback, value)
            case "reverse":
                self.playback = playback.faster(self.playback, -1.0)
            case "colouring":
                self.colouring = (self.colouring + 1) % len(COLOURINGS)
            case "daylight":
                self.daylight = 1.0 - self.daylight
            case _:
                pass  # bound, but for viewers that have it

    def press(self, action: tuple[str, ...], share: float = 0.0) -> None:
        """Do what was pressed on a panel: an action's name and what it is asked for with."""
        match action:
            case ("seek", moment):
                self._link.ask("seek", "moment", moment)
            case ("scrub",):
                self.do("scrub", share)
            case ("colour", colouring):
                self.colouring = COLOURINGS.index(colouring)
            case ("faster", factor):
                self.do("faster", float(factor))
            case ("tidy",):
                self._link.tidy()
            case ("scene", scene):
                self._link.show(scene)
                self._notice = self._opening = f"Opening the {scene.replace('-', ' ')} …"
            case ("close",):
                self.choose(NOTHING)
            case (name, *_):
                self.do(name)
            case _:
                pass

    def choose(self, node: int) -> None:
        """Choose a thing and ask what there is to tell of it; `NOTHING` lets go."""
        self.selection = selection.choose(self.selection, node)
        self._panel = None
        if node != NOTHING:
            self._link.select("inspector", node, self.playback.rank)

    def _hover(self, node: int, floor: int) -> None:
        if (node, floor) != (self.selection.hovered, self.selection.floor):
            self.selection = selection.hover(self.selection, node, floor)
            self._hovered_for = 0.0

    def tell(self, text: str) -> None:
        """Show a sentence until there is another, or none."""
        self._notice = text

    def _settings(self) -> dict[str, object]:
        """Return what stands where on a menu, by its name."""
        assert self.city is not None
        return {"colour": COLOURINGS[self.colouring], "categories": self.city.categories(self.drawn),
                "day": self.daylight > 0.5, "scene": self.city.scene.scene, "scenes": self.scenes}


def _is_directory(node: int) -> bool:
    return node > 0 and node & 1 == 1


def _contents(result: Result) -> str:
    """Return what is in a directory, in a line."""
    said = {row.label: row.text for row in result.rows}
    counts = ((int(said[what]), what) for what in ("files", "commits"))
    text = ", ".join(f"{count:,} {what if count != 1 else what[:-1]}" for count, what in counts)
    return f"{text}, last changed {said['date'][:10]} by {said['author']}" if "date" in said else text
