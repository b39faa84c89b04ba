"""A viewer at a desk: mouse and keyboard, and names, panels and timeline over the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xrserver.columns import COMMIT_NODES
from xrserver.native import pointing
from xrserver.native.backend import Backend, Event, Intent, View
from xrserver.native.client import may_return
from xrserver.native.desk import Desk, Spot
from xrserver.native.film import Director, Film
from xrserver.native.moment import COLOURINGS, Picked
from xrserver.native.viewer import ASK_SECONDS, Viewer
from xrserver.navigation import locomotion
from xrserver.navigation.locomotion import Actions, Journey
from xrserver.navigation.selection import NOTHING
from xrserver.spaces import Vector

#: Node of the root district: the plate that everything stands on is the ground.
_ROOT = 1

#: Who does any of these wants no film any more.
_OWN = frozenset(("play", "step", "scrub", "pace", "faster", "reverse", "teleport", "undo", "recentre"))


class DesktopViewer(Viewer):
    """A viewer whose backend is a window, or a picture that nobody sees.

    Parameters
    ----------
    decorated : bool
        Labels, timeline and panels are drawn over the city.

    Attributes
    ----------
    director : Director or None
        Holds camera and playhead while a film is shown; whoever takes hold of either ends it.
    """

    def __init__(self, backend: Backend, url: str, decorated: bool = False,
                 ended: Callable[[], str] = may_return) -> None:
        super().__init__(backend, url, ended)
        self._desk = Desk(backend.context, self.press) if decorated else None
        self.director: Director | None = None
        self._place: Vector = (0.0, 0.0, 0.0)
        self._pointer: pointing.Place | None = None
        #: What the mouse took hold of is a panel, not the world.
        self._on_panel = False

    # --- films --------------------------------------------------------------------------------

    def direct(self, film: Film) -> Director:
        """Begin a film: its camera and playhead are this viewer's until it is over.

        Raises
        ------
        UnknownMoment
            The server knows no moment by the name that a key gives.
        """
        assert self.city is not None
        ranks = [self.rank_of(key.moment) if key.moment else None for key in film.keys]
        self.director = Director(film, ranks, self.city, self._home(self.city))
        if film.light:
            self.daylight = float(film.light == "day")
        if film.colour:
            self.colouring = COLOURINGS.index(film.colour)
        return self.director

    def roll(self) -> None:
        """Put camera and playhead where the film has them now."""
        assert self.director is not None
        self.playback, pose = self.director.now(self.playback)
        self.journey = Journey(pose, self.journey.home)

    # --- frames -------------------------------------------------------------------------------

    def _open(self, first: bool, newest: bool) -> None:
        super()._open(first, newest)
        if self._desk is not None:
            self._desk.forget()

    def _widened(self) -> None:
        assert self.city is not None
        self.journey = locomotion.rehomed(self.journey, self._home(self.city))

    def _grown(self) -> None:
        if self._desk is not None:
            self._desk.forget()

    def _advance(self, intent: Intent, seconds: float) -> None:
        assert self.city is not None
        if self.director is not None and _takes_over(intent):
            self.director = None
        if self.director is not None:
            self.roll()
        else:
            self._play(seconds)
        self._pointer = intent.pointer
        before = self._state
        spot = self._pressed(intent)
        picked = self._pointed(intent, before, spot)
        if intent.begun is not None:
            self._on_panel = spot is not None
            if not self._on_panel:
                held = self._pick(intent.begun)
                self._place = held.point if held is not None else pointing.ground(
                    self.city, self.journey.pose, self._backend.views(0.1, 10.0)[0], intent.begun)
        actions = intent.actions
        for event in intent.events:
            actions = self._event(event, actions, picked, spot)
        if self._on_panel:
            actions = replace(actions, grab=None, orbit=(0.0, 0.0), zoom=0.0)
        if self.director is None:
            actions = replace(actions, pivot=self._place, focus=self._place, grip=self._place)
            self.journey = locomotion.step(self.journey, actions, seconds)
        self._changed(before)
        self._tell(seconds)
        if self._desk is not None:
            self._desk.age(seconds)

    def _pressed(self, intent: Intent) -> Spot | None:
        """Return the place of a panel that the pointer is on."""
        if self._desk is None:
            return None
        return self._desk.point(intent.pointer if intent.begun is None else intent.begun)

    def _pointed(self, intent: Intent, before: tuple[object, ...], spot: Spot | None) -> Picked | None:
        """Hover what the pointer is on; return it where that was looked for."""
        if intent.pointer is None or spot is not None:
            if self.selection.hovered != NOTHING:
                self._hover(NOTHING, NOTHING)
            return None
        if not (intent.moved or intent.events or before != self._last):
            return None
        picked = self._pick(intent.pointer)
        found = picked is not None and picked.node != _ROOT
        self._hover(*((picked.node, picked.floor) if picked is not None and found else (NOTHING, NOTHING)))
        return picked

    def _pick(self, place: pointing.Place) -> Picked | None:
        assert self.city is not None
        near, far = locomotion.depth_range(self.journey.pose, self.city.box)
        return pointing.picked(self.renderer, self._moment(), self._backend.views(near, far)[0], place)

    def _event(self, event: Event, actions: Actions, picked: Picked | None, spot: Spot | None) -> Actions:
        assert self.city is not None
        match event.action:
            case "select" if spot is not None:
                spot.press()
            case "select":
                self.choose(picked.node if picked is not None else NOTHING)
            case "teleport" if picked is not None:
                target, reach = pointing.goal(
                    self.city, self.drawn, self.playback.rank, self.journey.pose, picked)
                return replace(actions, teleport=target, reach=reach)
            case "undo":
                return replace(actions, undo=True)
            case "recentre":
                return replace(actions, recentre=True)
            case _:
                self.do(event.action, event.value[0] if event.value else 0.0)
        return actions

    def do(self, action: str, value: float = 0.0) -> None:
        """Do what is asked for by name; moves of the world glide."""
        if self._desk is not None and self._desk.do(action):
            return
        if action == "close":
            self.choose(NOTHING)
        elif action in ("undo", "recentre"):
            asked = Actions(undo=action == "undo", recentre=action == "recentre")
            self.journey = locomotion.step(self.journey, asked, 0.0)
        else:
            super().do(action, value)

    # --- over the picture ---------------------------------------------------------------------

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
        if self.director is not None or (self._desk is not None and self._desk.stale(self.playback.rank)):
            return False
        waiting = self.selection.hovered != NOTHING and self._hovered_for < ASK_SECONDS
        settling = self.renderer.settling.left > 0.0
        return not (self.playback.playing or self._arrival.showing or moving or waiting or settling)

    def _finish(self, view: View) -> None:
        if self._desk is None or self.city is None:
            return
        self._desk.draw(view, self.city, self.drawn, self.playback, self.journey.pose, self._tip(),
                        self._pointer, self._panel, self._notice, self._settings(), self.daylight)

    def _tip(self) -> list[str]:
        hovered, floor = self.selection.hovered, self.selection.floor
        if self.city is None or hovered == NOTHING:
            return []
        # A ribbon of a river seen from afar leads to a commit that is not drawn by itself.
        afar = "Commits drawn as one line" if hovered >= COMMIT_NODES else ""
        lines = [self.city.path(hovered, self.drawn) or afar]
        stratum = self.city.stratum(hovered, floor, self.drawn) if floor != NOTHING else None
        if stratum is not None:
            rank, author = stratum
            lines.append(f"floor {floor + 1} · {self.city.author(author)} · {self.city.date(rank)}")
            if self._floor_text is not None and self._floor_text[:2] == (hovered, floor):
                lines.append(self._floor_text[2])
        elif self._floor_text is not None and self._floor_text[:2] == (hovered, self.playback.rank):
            lines.append(self._floor_text[2])
            if self.city.gathers(hovered, self.drawn):
                lines.append("Drawn as blocks from here")
        return lines if lines[0] else []

    def _draw_waiting(self, view: View) -> None:
        view.target.use()
        view.target.clear(0.06, 0.08, 0.12)
        if self._desk is not None:
            self._desk.draw_waiting(view, self._notice or "Reading history…")


def _takes_over(intent: Intent) -> bool:
    """Return whether somebody takes hold of camera or playhead."""
    actions = intent.actions
    return intent.begun is not None or actions.grab is not None or actions.turn != 0.0 or (
        actions.fly != (0.0, 0.0, 0.0)) or any(event.action in _OWN for event in intent.events)
