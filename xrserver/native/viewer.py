"""A viewer: what the stream brings and what the person wants, frame by frame, on any backend."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

from xrserver import clock, spaces
from xrserver.clock import Playback
from xrserver.errors import ConnectionLost, XrserverError
from xrserver.native import hud
from xrserver.native.backend import Backend, Event, Intent, View
from xrserver.native.city import City, Labels
from xrserver.native.client import Answered, Arrived, Failed, Link, News, Opened, Told
from xrserver.native.overlay import Overlay
from xrserver.native.renderer import COLOURINGS, Moment, Picked, Renderer
from xrserver.native.residency import Residency
from xrserver.navigation import locomotion, playback, selection
from xrserver.navigation.locomotion import Journey
from xrserver.navigation.selection import NOTHING, Selection
from xrserver.spaces import DESKTOP_EYE, Pose, Vector
from xrserver.stream import messages
from xrserver.stream.messages import Panel, Result

#: Error that is good enough, pixels.
ERROR_PIXELS = 1.5
#: Seconds that the pointer rests on a floor before the server is asked what it was.
_ASK_SECONDS = 0.08
#: Seconds between two looks at how high districts stand, for their labels.
_LABEL_SECONDS = 0.1
#: Seconds between two reports of the playhead to the server, which remembers it.
_REPORT_SECONDS = 1.0
#: Node of the root district.
_ROOT = 1
#: Longest that the server may take for the first picture, seconds.
_PATIENCE = 600.0


class Viewer:
    """One scene, one playhead, one pair of hands.

    Use as a context manager; it ends its connection on leaving.

    Parameters
    ----------
    backend : Backend
        Shows the pictures.
    url : str
        Of the server, with its token.
    decorated : bool
        Labels, timeline and panels are drawn over the city.
    """

    def __init__(self, backend: Backend, url: str, decorated: bool = False) -> None:
        self._backend = backend
        self.renderer = Renderer(backend.context)
        self._overlay = Overlay(backend.context) if decorated else None
        self._timeline = hud.Timeline()
        self._link = Link(url)
        self._resident = Residency(self.renderer, self._link)
        self._labels: Labels | None = None
        self._labelled, self._label_age = -1, 0.0
        self.playback = Playback(0)
        self.journey = Journey(Pose((0.0, 0.0, 0.0)), Pose((0.0, 0.0, 0.0)))
        self.selection = Selection()
        self.colouring = 0
        self.daylight = 0.0
        self._place: Vector = (0.0, 0.0, 0.0)
        self._pointer: tuple[float, float] | None = None
        self._hovered_for = 0.0
        self._floor_text: tuple[int, int, str] | None = None
        self._panel: Panel | None = None
        self._notice = ""
        #: Over passthrough, how dark the city's shadow is; None elsewhere.
        self._shadow: float | None = None
        self._since_report = 0.0
        self._last: tuple[object, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._link.close()

    @property
    def city(self) -> City | None:
        """What is known of the generation that is drawn; None until there is one."""
        return self._resident.city

    @property
    def drawn(self) -> tuple[str, ...]:
        """The tiles drawn now."""
        return self._resident.drawn

    # --- what the stream brings -----------------------------------------------------------------

    def settle(self, at: str = "") -> None:
        """Wait until everything that the picture needs is here, with the playhead at the moment `at`.

        Of a history that is still being read all is waited for.

        Raises
        ------
        ConnectionLost
            The server is gone or does not answer.
        UnknownMoment
            It knows no such moment.
        """
        self._until(lambda: self.city is not None and self.city.scene.whole)
        if at:
            answers: list[Result | Panel | XrserverError] = []
            self._link.ask("at", "moment", at)
            self._until(lambda: bool(answers), answers)
            if isinstance(answers[0], XrserverError):
                raise answers[0]
            assert self.city is not None and isinstance(answers[0], Result)
            self.playback = clock.seek(self.playback, self.city.scene.head_rank, answers[0].rank)
        # What comes names what is finer.
        self._refine(at_once=True)
        while not self._resident.complete:
            self._until(lambda: self._resident.complete)
            self._refine(at_once=True)

    def _until(self, done: Callable[[], bool],
               answers: list[Result | Panel | XrserverError] | None = None) -> None:
        while not done():
            news = self._link.wait(_PATIENCE)
            if news is None:
                raise ConnectionLost(f"The server sent nothing for {_PATIENCE:g} s.")
            if answers is not None and isinstance(news, Answered):
                answers.append(news.answer)
            else:
                self._take(news)

    def _take(self, news: News) -> None:
        match news:
            case Opened(scene, table):
                self._resident.expect(City(scene, table))
            case Arrived(body):
                first = self.city is None
                if self._resident.arrive(body):
                    self._open(first)
                self._refine()
            case Answered(("floor", node, floor), Result() as result):
                self._floor_text = (int(node), int(floor), result.text)
            case Answered("seek", Result() as result) if self.city is not None:
                self.playback = clock.seek(clock.pause(self.playback), self.city.scene.head_rank, result.rank)
            case Answered("inspector", Panel() as panel):
                self._panel = panel if panel.rows else None
            case Told(text):
                self._notice = text
            case Failed(error):
                raise error
            case _:
                pass

    def _open(self, first: bool) -> None:
        """Begin with a new generation: where a resumed session was, or at the head."""
        assert self.city is not None
        scene = self.city.scene
        rate = clock.first_rate(scene.head_rank) if first else self.playback.rate
        self.playback = replace(self.playback, rank=min(scene.rank, scene.head_rank), fraction=scene.fraction,
                                rate=rate)
        # Its nodes are other nodes.
        self.selection, self._panel, self._labels = Selection(), None, None
        if first:
            home = self._home(self.city)
            self.journey = Journey(home, home)

    def _home(self, city: City) -> Pose:
        view = self._backend.views(0.1, 10.0)[0]
        given = city.scene.pose
        x, y, z = given.position
        qx, qy, qz, qw = given.orientation
        pose = Pose((x, y, z), (qx, qy, qz, qw), given.scale)
        aspect = view.target.width / view.target.height
        return locomotion.overview(pose, city.box, view.field_of_view, aspect)

    def _refine(self, *, at_once: bool = False) -> None:
        """Hold what this view needs and draw what of it is here."""
        views = self._backend.views(0.1, 10.0)
        if not views:
            return  # nobody looks
        view = views[-1]  # the sharpest, where an eye has two
        eye = spaces.apply_inverse(self.journey.pose, view.world_from_eye.position)
        factor = view.target.height / (2.0 * math.tan(0.5 * view.field_of_view)) / ERROR_PIXELS
        rank = self.playback.rank + (1 if self.playback.fraction > 0.0 else 0)
        if self._resident.refine(eye, factor, rank, at_once=at_once):
            self._labels = None

    # --- frames -----------------------------------------------------------------------------------

    def frame(self) -> bool:
        """Draw one frame; return False when the person is done."""
        seconds = self._backend.begin_frame()
        if seconds is None:
            return False
        self._resident.pace(seconds, self._backend.refresh_rate)
        for news in self._link.news():
            self._take(news)
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

    def _moment(self) -> Moment:
        assert self.city is not None
        return Moment(
            self.journey.pose, self.playback.rank, self.playback.fraction,
            clock.easing(self.playback, self.city.calendar),
            clock.glow_per_rank(self.playback, self.city.scene.glow_seconds), self.city.scene.head_rank,
            self.colouring, self.daylight, self.selection.selected, self.selection.hovered,
            self.selection.floor, self._shadow)

    def _advance(self, intent: Intent, seconds: float) -> None:
        assert self.city is not None
        self.playback = clock.advance(self.playback, self.city.calendar, seconds)
        self._pointer = intent.pointer
        changed = (self.journey.pose, self.playback.rank, self.playback.fraction, self.drawn)
        picked: Picked | None = None
        if intent.pointer is not None and (intent.moved or intent.events or changed != self._last):
            picked = self._pick(intent.pointer)
            self._hover(picked)
        elif intent.pointer is None and self.selection.hovered != NOTHING:
            self.selection = selection.hover(self.selection, NOTHING, NOTHING)
        if intent.begun is not None:
            held = self._pick(intent.begun)
            self._place = held.point if held is not None else self._ground(intent.begun)
        for event in intent.events:
            intent = self._do(event, intent, picked)
        actions = replace(intent.actions, pivot=self._place, focus=self._place, grip=self._place)
        self.journey = locomotion.step(self.journey, actions, seconds)
        if changed != self._last or self._resident.pending:
            self._refine()
        self._last = changed
        self._tell(seconds)

    def _tell(self, seconds: float) -> None:
        """Ask for the floor pointed at once the pointer rests, and report the playhead now and then."""
        hovered, floor = self.selection.hovered, self.selection.floor
        before, self._hovered_for = self._hovered_for, self._hovered_for + seconds
        if hovered != NOTHING and floor != NOTHING and before < _ASK_SECONDS <= self._hovered_for:
            self._link.ask(("floor", hovered, floor), "stratum", node=hovered, index=floor)
        self._label_age += seconds
        self._since_report += seconds
        if self._since_report >= _REPORT_SECONDS:
            self._since_report = 0.0
            pose = self.journey.pose
            self._link.clock(self.playback.rank, self.playback.fraction, self.playback.playing, messages.Pose(
                list(pose.position), list(pose.orientation), pose.scale))

    def _do(self, event: Event, intent: Intent, picked: Picked | None) -> Intent:
        assert self.city is not None
        dates = self.city.calendar
        value = event.value[0] if event.value else 0.0
        match event.action:
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
            case "select":
                node = picked.node if picked is not None else NOTHING
                self.selection = selection.choose(self.selection, node)
                self._panel = None
                if node != NOTHING:
                    self._link.select("inspector", node, self.playback.rank)
            case "teleport" if picked is not None:
                target, reach = self._goal(picked)
                return replace(intent, actions=replace(intent.actions, teleport=target, reach=reach))
            case "undo":
                return replace(intent, actions=replace(intent.actions, undo=True))
            case "recentre":
                return replace(intent, actions=replace(intent.actions, recentre=True))
            case _:
                pass  # bound, but for viewers that have it
        return intent

    # --- pointing ---------------------------------------------------------------------------------

    def _pick(self, pointer: tuple[float, float]) -> Picked | None:
        assert self.city is not None
        near, far = locomotion.depth_range(self.journey.pose, self.city.box)
        view = self._backend.views(near, far)[0]
        pixel = 1.0 / view.target.width, 1.0 / view.target.height
        return self.renderer.pick(self._moment(), view.world_from_eye, view.projection, *pointer, pixel)

    def _hover(self, picked: Picked | None) -> None:
        # The plate that everything stands on is the ground: pointing at it is pointing at nothing.
        found = picked is not None and picked.node != _ROOT
        node, floor = (picked.node, picked.floor) if picked is not None and found else (NOTHING, NOTHING)
        if (node, floor) != (self.selection.hovered, self.selection.floor):
            self.selection = selection.hover(self.selection, node, floor)
            self._hovered_for = 0.0

    def _ground(self, pointer: tuple[float, float]) -> Vector:
        """Return where the pointer meets the ground, or, above the horizon, a place as far as the city."""
        assert self.city is not None
        view = self._backend.views(0.1, 10.0)[0]
        gaze = locomotion.gaze_of(self.journey.pose)
        aspect = view.target.width / view.target.height
        ray = spaces.ray_through(*pointer, view.field_of_view, aspect, spaces.yaw_pitch(gaze.yaw, gaze.pitch))
        box = self.city.box
        farthest = math.hypot(box[3] - box[0], box[5] - box[2])
        away = min(-gaze.eye[1] / ray[1], farthest) if ray[1] < -1e-6 else farthest
        return spaces.add(gaze.eye, spaces.scaled(ray, away))

    def _goal(self, picked: Picked) -> tuple[Vector, float]:
        """Return where to go for a look at what was picked, and how near."""
        assert self.city is not None
        span = self.city.span(picked.node, self.playback.rank, self.drawn)
        eye = spaces.apply_inverse(self.journey.pose, DESKTOP_EYE)
        away = spaces.length(spaces.subtract(picked.point, eye))
        if span is None or picked.node & 1:
            return picked.point, 0.4 * away
        x, y, z = span["position1"].tolist()
        size = span["size1"].tolist()
        return (x, y + 0.5 * size[1], z), 1.7 * max(size) + 6.0

    # --- over the picture ---------------------------------------------------------------------------

    def tell(self, text: str) -> None:
        """Show a sentence until there is another, or none."""
        self._notice = text

    def title(self) -> str:
        """Return what a window's title should say."""
        if self.city is None:
            return "xrserver"
        parts = [self.city.scene.repository, self.city.date(self.playback.rank)]
        if self.selection.hovered != NOTHING:
            parts.append(self.city.path(self.selection.hovered, self.drawn))
        return " — ".join(parts)

    def still(self) -> bool:
        """Return whether the next frame would look like this one."""
        moving = self.journey.glide is not None or self.journey.velocity != (0.0, 0.0, 0.0) or (
            self.journey.spin != 0.0 or self.journey.zooming != 0.0 or self.journey.holding)
        if self._labelled != self.playback.rank:
            return False
        waiting = self.selection.hovered != NOTHING and self._hovered_for < _ASK_SECONDS
        return not (self.playback.playing or moving or waiting)

    def _finish(self, view: View) -> None:
        """Add to a view what lies over the city."""
        if self._overlay is not None:
            self._decorate(self._overlay, view)

    def _decorate(self, overlay: Overlay, view: View) -> None:
        assert self.city is not None
        scale = view.pixels_per_point
        width, height = view.target.width / scale, view.target.height / scale
        colours = hud.ink(self.daylight)
        overlay.begin(scale)
        stale = self._labelled != self.playback.rank and self._label_age >= _LABEL_SECONDS
        if self._labels is None or stale:
            self._labels = self.city.labels(self.drawn, self.playback.rank)
            self._labelled, self._label_age = self.playback.rank, 0.0
        hud.draw_labels(overlay, self._labels, view, self.journey.pose, width, height, colours)
        if self.colouring == 0:
            hud.draw_legend(overlay, self.city, colours)
        self._timeline.draw(overlay, self.city, self.playback, width, height, colours)
        if self._panel is not None:
            hud.draw_panel(overlay, self._panel, width, height, colours)
        lines = self._tip()
        if lines and self._pointer is not None:
            x, y = (self._pointer[0] + 1) / 2 * width, (1 - self._pointer[1]) / 2 * height
            hud.draw_tip(overlay, x, y, lines, width, height, colours)
        if self._notice:
            hud.draw_tip(overlay, hud.MARGIN, height - hud.STRIP - 70, [self._notice], width, height, colours)
        overlay.draw(view.target)

    def _tip(self) -> list[str]:
        hovered, floor = self.selection.hovered, self.selection.floor
        if self.city is None or hovered == NOTHING:
            return []
        lines = [self.city.path(hovered, self.drawn)]
        stratum = self.city.stratum(hovered, floor, self.drawn) if floor != NOTHING else None
        if stratum is not None:
            rank, author = stratum
            lines.append(f"floor {floor + 1} · {self.city.author(author)} · {self.city.date(rank)}")
            if self._floor_text is not None and self._floor_text[:2] == (hovered, floor):
                lines.append(self._floor_text[2])
        return lines if lines[0] else []

    def _draw_waiting(self, view: View) -> None:
        view.target.use()
        view.target.clear(0.06, 0.08, 0.12)
        if self._overlay is not None:
            self._overlay.begin(view.pixels_per_point)
            text = self._notice or "Reading history…"
            width, height = (side / view.pixels_per_point for side in (view.target.width, view.target.height))
            wide, tall = self._overlay.measure(text, 18)
            self._overlay.text((width - wide) / 2, (height - tall) / 2, text, 18, hud.NIGHT.text)
            self._overlay.draw(view.target)
