"""What stands on panels, as rows of data: the same for the headset's boards and the window's."""

from __future__ import annotations

from xrserver import clock
from xrserver.clock import Playback
from xrserver.input.actions import actions
from xrserver.native import words
from xrserver.native.city import City
from xrserver.native.legend import legend
from xrserver.native.moment import COLOURINGS
from xrserver.native.typesetting import Row
from xrserver.stream.messages import Panel


def menu(city: City, state: Playback, settings: dict[str, object]) -> tuple[Row, ...]:
    """Return the rows of the menu.

    Parameters
    ----------
    settings : dict
        What is chosen, by its name; rows of what is not in it are left out.
    """
    rows = [Row("title", text=city.scene.repository, action=("menu",)),
            Row("button", text="Pause" if state.playing else "Play", action=("play",), wide=0.5),
            Row("button", text="By commits" if state.pace == "commit" else "By the calendar",
                action=("pace",), wide=0.5),
            Row("button", text="Slower", action=("faster", "0.5"), wide=1 / 3),
            Row("button", text="Backwards" if state.rate > 0 else "On", action=("reverse",), wide=1 / 3),
            Row("button", text="Faster", action=("faster", "2"), wide=1 / 3)]
    scenes = settings.get("scenes")
    if isinstance(scenes, tuple) and len(scenes) > 1:
        words = {str(name): str(name).replace("-", " ").capitalize() for name in scenes}
        rows += some("scene", words, settings)
    for name, words in _CHOICES.items():
        if name in settings:
            rows += some(name, words, settings)
    rows += [Row("button", text="Day" if not settings["day"] else "Night", action=("daylight",), wide=1 / 3),
             Row("button", text="Undo", action=("undo",), wide=1 / 3),
             Row("button", text="Recentre", action=("recentre",), wide=1 / 3),
             Row("button", text="Tidy up", action=("tidy",))]
    if settings.get("sees_through"):
        rows.append(Row("button", text="See the room", action=("passthrough",), on=bool(settings["through"])))
    return (*rows, *_legend(city, settings, columns=2))


def colours(city: City, settings: dict[str, object]) -> tuple[Row, ...]:
    """Return which meaning colours have, and what they mean."""
    return (*some("colour", _CHOICES["colour"], settings), *_legend(city, settings))


def _legend(city: City, settings: dict[str, object], columns: int = 1) -> list[Row]:
    occurring = settings["categories"]
    assert isinstance(occurring, tuple)
    return legend(city, str(settings["colour"]), tuple(map(int, occurring)), columns)


#: Settings of which one of some is chosen, and what their buttons say.
_CHOICES: dict[str, dict[str, str]] = {
    "stand": {"tabletop": "Table", "room": "Room", "life": "Life size"},
    "colour": {name: name.capitalize() for name in COLOURINGS},
    "comfort": {"gentle": "Gentle", "normal": "Normal", "free": "Free"},
    "posture": {"standing": "Standing", "seated": "Seated"},
    "hands": {"right": "Right hand", "left": "Left hand", "one": "One hand"},
}


def told(city: City, state: Playback, settings: dict[str, object]) -> tuple[object, ...]:
    """Return all that `menu` depends on: while it is the same, so are its rows."""
    return city.scene, state.playing, state.pace, state.rate > 0, settings


def some(kind: str, words: dict[str, str], settings: dict[str, object]) -> list[Row]:
    """Return a line of buttons of which one is chosen."""
    chosen = settings[kind]
    return [Row("button", text=text, action=(kind, value),
                on=value in chosen if isinstance(chosen, tuple) else value == chosen, wide=1 / len(words))
            for value, text in words.items()]


def track(city: City, state: Playback) -> Row:
    """Return time as something to pull, with its date."""
    share = clock.progress(city.calendar, state.rank, state.fraction, state.pace)
    text = f"{city.date(state.rank)}   {state.rank:,} of {city.scene.head_rank:,}"
    return Row("track", text=text, action=("scrub",), share=round(share, 4))


def wrist(city: City, state: Playback) -> tuple[Row, ...]:
    """Return what is worn on the wrist: time, and what plays it."""
    return (track(city, state),
            Row("button", text="Pause" if state.playing else "Play", action=("play",), wide=0.25),
            Row("button", text="Slower", action=("faster", "0.5"), wide=0.25),
            Row("button", text="Faster", action=("faster", "2"), wide=0.25),
            Row("button", text="Menu", action=("menu",), wide=0.25))


def inspector(panel: Panel) -> tuple[Row, ...]:
    """Return what is told of what is chosen; a line that names a moment leads there."""
    return (Row("title", text=panel.title, action=("close",)), *(
        Row("text", words.term(row.label), words.fact(row.label, row.text),
            ("seek", row.moment) if row.moment and not row.repository else ())
        for row in panel.rows))


#: What a help names, in the order people need it.
_HELPED = ("grab", "orbit", "zoom", "fly", "turn", "teleport", "select", "play", "step", "pace", "faster",
           "reverse", "colouring", "daylight", "menu", "legend", "close", "undo", "recentre", "fullscreen",
           "screenshot", "help")
#: How keys and mouse are written.
_WRITTEN = {"Comma": ",", "Period": ".", "BracketLeft": "[", "BracketRight": "]", "PageUp": "PgUp",
            "PageDown": "PgDn", "Escape": "Esc", "left-drag": "drag", "right-drag": "right drag",
            "left-double": "double click", "left-click": "click"}


def help_() -> tuple[Row, ...]:
    """Return what keys and mouse do, by the table that all viewers share."""
    table = {action.name: action for action in actions()}
    rows = [Row("title", text="Keys and mouse", action=("help",))]
    for name in _HELPED:
        # Arrows do as the letters beside them; the letters are said.
        of = [each.source for device in ("mouse", "keyboard") for each in table[name].bindings
              if each.device == device and not each.source.startswith("Arrow")]
        keys = "  ".join(_WRITTEN.get(source, source.removeprefix("Key")) for source in of)
        what = table[name].what
        rows.append(Row("text", keys, what[0].upper() + what[1:]))
    return tuple(rows)
