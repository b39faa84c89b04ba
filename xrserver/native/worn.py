"""A viewer on the head: what hands and eyes do to the city and to time, and what is drawn of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xrserver import clock, spaces
from xrserver.input.profiles import asks
from xrserver.native.aiming import Aiming, Pointed
from xrserver.native.backend import Intent, View
from xrserver.native.city import City
from xrserver.native.client import may_return
from xrserver.native.gestures import Lifted, Raised, Tap
from xrserver.native.hands import Hand, Worn
from xrserver.native.moving import Moving
from xrserver.native.names import Names
from xrserver.native.openxr.headset import Headset
from xrserver.native.panels import Panels
from xrserver.native.scrubbing import Scrubbing
from xrserver.native.strokes import Strokes
from xrserver.native.trace import trace
from xrserver.native.viewer import Viewer
from xrserver.navigation.comfort import FREE, GENTLE, NORMAL, Comfort
from xrserver.navigation.selection import NOTHING
from xrserver.spaces import Pose, Vector

#: What a press of asks for what bindings.toml says.
_BUTTONS = ("stick_press", "primary", "secondary", "menu")
#: Sets of comfort by name; hands and posture are everybody's own.
PRESETS = {"gentle": GENTLE, "normal": NORMAL, "free": FREE}


class WornViewer(Viewer):
    """A viewer whose backend is a headset.

    Attributes
    ----------
    moving : Moving
        Where the city stands; its journey is the viewer's.
    aiming : Aiming
    hands : (Hand, Hand)
        Left and right.
    """

    def __init__(self, headset: Headset, url: str, ended: Callable[[], str] = may_return) -> None:
        super().__init__(headset, url, ended)
        self._headset = headset
        self.moving = Moving(headset.pulse)
        self.aiming = Aiming(self.renderer, headset.pulse, self.choose)
        self._scrubbing = Scrubbing(headset.pulse)
        self._strokes = Strokes(headset.context)
        self.names = Names(headset.context)
        self.panels = Panels(headset, self.press)
        self._raised, self._lifted, self._tap = Raised(), Lifted(), Tap()
        self.hands = Hand("left"), Hand("right")
        self._worn = Worn(Pose((0.0, 0.0, 0.0)), False, self.hands)
        self._present = True
        self._paused = False
        self._solid: tuple[object, ...] = ()

    # --- a generation -----------------------------------------------------------------------------

    def _home(self, city: City) -> Pose:
        self.moving.enter(city.box)
        return self.moving.journey.pose

    def _gaze(self) -> Vector | None:
        looks = self._worn.gaze or self._worn.head  # eyes that are not tracked look where the head does
        return spaces.rotate(looks.orientation, (0.0, 0.0, -1.0)) if self._worn.seen else None

    def _widened(self) -> None:
        assert self.city is not None
        self.moving.widen(self.city.box)

    def _grown(self) -> None:
        self._solid = ()

    # --- frames -----------------------------------------------------------------------------------

    def _advance(self, intent: Intent, seconds: float) -> None:
        assert self.city is not None
        worn = intent.worn
        assert worn is not None
        self.hands, self._worn = worn.hands, worn
        self._shadow = self._headset.shadow
        self._wear(worn)
        self._play(seconds)
        self._ask_for(worn)
        self._gestures(worn, seconds)
        self.playback = self._scrubbing.step(worn.hands, self.playback, self.city.calendar, seconds,
                                             self.moving.comfort.left_handed)
        if self.moving.teleport.aiming or self.moving.preset == "life":
            self._stand_solid()
        self.moving.teleport.grounded = [each.kind == "ground" for each in self.aiming.pointed]
        hovered = self.aiming.step(worn, self._moment(), self.panels.step(worn), seconds)
        self._hover_on(hovered)
        self.moving.step(worn, seconds)
        self.journey = self.moving.journey
        self._changed(self._state)
        self._tell(seconds)
        self.panels.write(worn, self.city, self.playback, self._panel, self._notice, self._settings,
                          seconds)
        self.panels.draw(self.daylight)
        if worn.seen:
            self.names.step(self.city, self.drawn, self.playback.rank, self.playback.playing,
                            self.journey.pose, worn.head, self.daylight, seconds,
                            self.moving.comfort.reduced_motion, busy=self._took)
        self._strokes.begin()
        trace(self._strokes, worn, self.aiming.pointed, self.moving.teleport, self.daylight)
        self._strokes.upload()

    def _wear(self, worn: Worn) -> None:
        """Taken off, time stops; put on again, it goes on as it went."""
        if worn.present == self._present:
            return
        self._present = worn.present
        if not worn.present:
            self._paused = self.playback.playing
            self.playback = clock.pause(self.playback)
        elif self._paused:
            self.playback = clock.play(self.playback, self.playback.rate)

    def _ask_for(self, worn: Worn) -> None:
        for hand in worn.hands:
            for part in _BUTTONS:
                if getattr(hand, part).began and hand.owner == "":
                    for action in asks(part.replace("_", "-"), hand.side):
                        self._asked(action)

    def _gestures(self, worn: Worn, seconds: float) -> None:
        """Time is worn on one wrist, the menu lies in the other palm."""
        wears = 1 if self.moving.comfort.left_handed else 0
        own, other = worn.hands[wears], worn.hands[1 - wears]
        self._raised.step(worn, own, self.panels.holds(self.panels.wrist), seconds)
        self.panels.wear(worn, self._raised.position if self._raised.up else None)
        if self._tap.step(other, own, self.panels.wrist.shown):
            self.do("play")
        if self._lifted.step(worn, other, seconds):
            self._asked("menu")

    def _asked(self, action: str) -> None:
        match action:
            case "menu":
                if self.panels.menu.shown:
                    self.choose(NOTHING)  # what is told of it goes with the menu
                self.panels.toggle(self._worn)
            case "undo":
                self.moving.undo()
            case "recentre":
                self.moving.recentre()
            case _:
                self.do(action)

    def press(self, action: tuple[str, ...], share: float = 0.0) -> None:
        """Do what was pressed on a panel."""
        own = self.moving.comfort
        match action:
            case ("stand", ("tabletop" | "room" | "life") as preset):
                self.moving.stand(preset)
            case ("comfort", name):
                self.moving.comfort = self._own(PRESETS[name])
            case ("posture", ("standing" | "seated") as posture):
                self.moving.comfort = replace(own, posture=posture)
                if self.moving.preset == "life":
                    self.moving.recentre()
            case ("hands", "one"):
                self.moving.comfort = replace(own, one_handed=not own.one_handed)
            case ("hands", side):
                self.moving.comfort = replace(own, left_handed=side == "left")
            case ("passthrough",):
                self._headset.passthrough = not self._headset.passthrough
                self.daylight = 1.0 if self._headset.passthrough else self.daylight
            case (("undo" | "recentre" | "menu") as name,):
                self._asked(name)
            case _:
                super().press(action, share)

    def _own(self, comfort: Comfort) -> Comfort:
        """Return a set of comfort for this person's body."""
        own = self.moving.comfort
        return replace(comfort, posture=own.posture, left_handed=own.left_handed, one_handed=own.one_handed)

    def _settings(self) -> dict[str, object]:
        same = (name for name, preset in PRESETS.items() if self._own(preset) == self.moving.comfort)
        own = self.moving.comfort
        hands = ("left" if own.left_handed else "right", *(("one",) if own.one_handed else ()))
        return {**super()._settings(), "stand": self.moving.preset, "comfort": next(same, ""),
                "posture": own.posture, "hands": hands, "sees_through": self._headset.sees_through,
                "through": self._headset.passthrough}

    def _hover_on(self, pointed: Pointed) -> None:
        self._hover(*((pointed.node, pointed.floor) if pointed.kind == "thing" else (NOTHING, NOTHING)))

    def _stand_solid(self) -> None:
        """Let what stands now be met by what is thrown."""
        assert self.city is not None
        key = self.drawn, self.playback.rank
        if key != self._solid:
            self._solid = key
            self.moving.teleport.solids.take(*self.city.boxes(*key))
            self.moving.teleport.solids.river = self.city.on_river(self.playback.rank)

    # --- drawing ----------------------------------------------------------------------------------

    def _finish(self, view: View) -> None:
        self.names.draw(view)
        self._strokes.draw(view, self.moving.closed, self.moving.dark, self.daylight)

    def _draw_waiting(self, view: View) -> None:
        view.begin()
