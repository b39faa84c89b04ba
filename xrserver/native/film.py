"""A film: the file that says where the camera goes and when, and who holds it while it is shown.

The format is described in ``docs/films.md``; how the camera gets from key to key in `navigation.camera`.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xrserver import clock
from xrserver.clock import Calendar, Pace, Playback
from xrserver.errors import CameraError
from xrserver.native.city import City
from xrserver.navigation.camera import Key, Overview, Place, Track
from xrserver.navigation.locomotion import pose_of
from xrserver.scene.definition import line_of
from xrserver.scene.schema import TEXT, YES_OR_NO, Choice, ListOf, Quantity, read_value, remedy
from xrserver.spaces import Pose

_PLACE = ListOf(Quantity("m", -1e6, 1e6), 3, 3)
_WHOLE: dict[str, Any] = {
    "pace": Choice(("commit", "calendar")), "light": Choice(("night", "day")),
    "colour": Choice(("author", "age", "kind")), "panels": YES_OR_NO,
}
_KEY: dict[str, Any] = {
    "at": Quantity("s", 0.0, 86_400.0), "moment": TEXT, "eye": _PLACE, "towards": _PLACE,
    "turn": Quantity("°", -3600.0, 3600.0), "tilt": Quantity("°", -88.0, 34.0),
    "distance": Quantity("", 0.01, 100.0),
}
_RADIANS = math.pi / 180.0
#: A film without a file: around the whole city while its whole history passes, then a look at it.
_ROUND = (Key(0.0, Overview(), "rank:0"), Key(22.0, Overview(turn=150 * _RADIANS, distance=0.8)),
          Key(24.0, Overview(turn=158 * _RADIANS, distance=0.78), "newest"),
          Key(30.0, Overview(turn=180 * _RADIANS)))


@dataclass(frozen=True, slots=True)
class Film:
    """What a file says.

    Attributes
    ----------
    keys : tuple of Key
        One at least, ascending in time.
    pace : {"commit", "calendar"}
        How time runs from moment to moment.
    light, colour : str
        Empty: as the scene has it.
    panels : bool
        Names, legend and timeline lie over the picture.
    """

    keys: tuple[Key, ...] = _ROUND
    pace: Pace = "commit"
    light: str = ""
    colour: str = ""
    panels: bool = True


def read_film(file: Path) -> Film:
    """Read a film's file.

    Raises
    ------
    CameraError
        It is not there, or something in it does not fit.
    """
    try:
        return parse_film(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise CameraError(f"The camera's path {str(file)!r} cannot be read ({error}).") from None


def parse_film(text: str, file: str) -> Film:
    """Return the film that `text`, the content of `file`, describes."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CameraError(f"{file}: not TOML: {error}.") from None
    rows = document.pop("key", [])
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise CameraError(f"{file}: a film needs keys: add [[key]] with a line such as at = \"0 s\".")
    whole = _read(_WHOLE, document, text, file, "", 0)
    keys: list[Key] = []
    for number, row in enumerate(rows):
        where = f"{file}:{line_of(text, 'key', None, number)}"
        key = _key(_read(_KEY, row, text, file, "key", number), where)
        if keys and key.at <= keys[-1].at:
            raise CameraError(f"{file}:{line_of(text, 'key', 'at', number)}: at: {row['at']!r} must be later "
                              f"than the key before it ({keys[-1].at:g} s).")
        keys.append(key)
    return Film(tuple(keys), **whole)


def _read(schema: dict[str, Any], row: dict[str, Any], text: str, file: str, section: str,
          number: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        def wrong(what: str, name: str = name) -> CameraError:
            return CameraError(f"{file}:{line_of(text, section, name, number)}: {name}: {what}.")
        if name not in schema:
            raise wrong(f"unknown key: {remedy(name, list(schema))}")
        found[name] = read_value(schema[name], value, wrong)
    return found


def _key(values: dict[str, Any], where: str) -> Key:
    if "at" not in values:
        raise CameraError(f"{where}: this key has no time: add a line such as at = \"4 s\".")
    by_place = {"eye", "towards"} & values.keys()
    around = sorted({"turn", "tilt", "distance"} & values.keys())
    if by_place and around:
        raise CameraError(f"{where}: {around[0]} goes around the whole, and cannot stand beside eye: "
                          "leave one out.")
    if len(by_place) == 1:
        other = "towards" if "eye" in by_place else "eye"
        raise CameraError(f"{where}: eye and towards belong together: add {other}.")
    if by_place:
        if values["eye"] == values["towards"]:
            raise CameraError(f"{where}: eye and towards are the same place: choose two.")
        view: Place | Overview = Place(values["eye"], values["towards"])
    else:
        tilt = values.get("tilt")
        view = Overview(values.get("turn", 0.0) * _RADIANS, None if tilt is None else tilt * _RADIANS,
                        values.get("distance", 1.0))
    return Key(values["at"], view, values.get("moment", ""))


class Director:
    """Whoever holds camera and playhead of a viewer while a film is shown.

    Parameters
    ----------
    ranks : list of int or None
        Of the film's keys: the rank of the moment that each names.

    Attributes
    ----------
    seconds : float
        How far into the film it is.
    """

    def __init__(self, film: Film, ranks: list[int | None], city: City, home: Pose) -> None:
        self._pace: Pace = film.pace
        self._calendar: Calendar = city.calendar
        shares = [None if rank is None else clock.progress(city.calendar, rank, 0.0, film.pace)
                  for rank in ranks]
        self._track = Track(film.keys, shares, home, city.box[1])
        self._rate = clock.first_rate(city.scene.head_rank)
        self.seconds = 0.0

    @property
    def over(self) -> bool:
        """The film has come to its end."""
        return self.seconds >= self._track.seconds

    @property
    def length(self) -> float:
        """Seconds that it takes."""
        return self._track.seconds

    def now(self, state: Playback) -> tuple[Playback, Pose]:
        """Return where the playhead and the world are, `seconds` into the film."""
        speed = self._track.speed(self.seconds) * max(self._calendar.head_rank, 1)
        if speed:
            # Changes ease and glow as they do at this rate of playback; where time stands, as before.
            self._rate = clock.play(state, speed).rate
        rank, fraction = clock.at_progress(self._calendar, self._track.share(self.seconds), self._pace)
        return (replace(state, rank=rank, fraction=fraction, rate=self._rate, pace=self._pace,
                        playing=True), pose_of(self._track.gaze(self.seconds)))
