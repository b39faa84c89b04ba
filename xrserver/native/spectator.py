"""Somebody in a scene: when and where they are, and what of it is held to be seen from there."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self

from xrserver import clock, spaces
from xrserver.clock import Playback
from xrserver.errors import ConnectionLost, XrserverError
from xrserver.native.backend import Backend
from xrserver.native.city import City
from xrserver.native.client import Answered, Link, News, may_return
from xrserver.native.renderer import Renderer
from xrserver.native.residency import Residency
from xrserver.navigation import locomotion
from xrserver.navigation.locomotion import Journey
from xrserver.spaces import Pose, Vector
from xrserver.stream.messages import Panel, Result

#: Error that is good enough, pixels.
ERROR_PIXELS = 1.5
#: Longest that the server may take for the first picture, seconds.
_PATIENCE = 600.0
#: A moment's name for the newest there is.
NEWEST = "newest"


class Spectator(ABC):
    """One scene, one playhead, one place.

    Use as a context manager; it ends its connection on leaving.

    Parameters
    ----------
    backend : Backend
        Shows the pictures.
    url : str
        Of the server, with its token.
    ended : function
        Says why a server that is gone will never come back; nothing while it may.
    """

    def __init__(self, backend: Backend, url: str, ended: Callable[[], str] = may_return) -> None:
        self._backend = backend
        self.renderer = Renderer(backend.context)
        self._link = Link(url, ended)
        self._resident = Residency(self.renderer, self._link)
        self.playback = Playback(0)
        self.journey = Journey(Pose((0.0, 0.0, 0.0)), Pose((0.0, 0.0, 0.0)))
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

    # --- waiting ----------------------------------------------------------------------------------

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
            assert self.city is not None
            self.playback = clock.seek(self.playback, self.city.scene.head_rank, self.rank_of(at))
        self.complete()

    def complete(self) -> None:
        """Wait until all that this view needs is here."""
        # What comes names what is finer.
        self._refine(at_once=True)
        while not self._resident.complete:
            self._until(lambda: self._resident.complete)
            self._refine(at_once=True)

    def rank_of(self, moment: str) -> int:
        """Return the rank of a moment, once the server has said it.

        Raises
        ------
        UnknownMoment
            It knows no such moment.
        """
        if moment == NEWEST and self.city is not None:
            return self.city.scene.head_rank
        answers: list[Result | Panel | XrserverError] = []
        self._link.ask("at", "moment", moment)
        self._until(lambda: bool(answers), answers)
        if isinstance(answers[0], XrserverError):
            raise answers[0]
        assert isinstance(answers[0], Result)
        return answers[0].rank

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

    @abstractmethod
    def _take(self, news: News) -> None:
        """Take up what the stream brought."""

    # --- what is held -----------------------------------------------------------------------------

    def _home(self, city: City) -> Pose:
        view = self._backend.views(0.1, 10.0)[0]
        given = city.scene.pose
        x, y, z = given.position
        qx, qy, qz, qw = given.orientation
        pose = Pose((x, y, z), (qx, qy, qz, qw), given.scale)
        aspect = view.size[0] / view.size[1]
        return locomotion.overview(pose, city.box, view.field_of_view, aspect, round_=len(city.course[0]) > 0)

    def _refine(self, *, at_once: bool = False, later: bool = False) -> None:
        """Draw what is here of what this view needs, and ask for the rest unless that is for `later`."""
        views = self._backend.views(0.1, 10.0)
        if not views:
            return  # nobody looks
        view = views[-1]  # the sharpest, where an eye has two
        eye = spaces.apply_inverse(self.journey.pose, view.world_from_eye.position)
        factor = view.size[1] / (2.0 * math.tan(0.5 * view.field_of_view)) / ERROR_PIXELS
        rank = self.playback.rank + (1 if self.playback.fraction > 0.0 else 0)
        gaze = self._gaze()
        if gaze is not None:
            gaze = spaces.rotate(spaces.conjugate(self.journey.pose.orientation), gaze)
        self._resident.refine(eye, factor, rank, gaze=gaze, at_once=at_once, later=later)

    def _gaze(self) -> Vector | None:
        """Return where somebody looks, in the room; None where that is not known."""
        return None

    def _changed(self, before: tuple[object, ...]) -> None:
        """Hold what the view needs now, where it is not what it was before this frame."""
        if before != self._last or self._resident.pending:
            self._refine()
        self._last = before

    @property
    def _state(self) -> tuple[object, ...]:
        """Everything on which it depends what is seen where."""
        return self.journey.pose, self.playback.rank, self.playback.fraction, self.drawn
