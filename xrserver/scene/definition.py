"""Scene definitions: TOML files that say what is placed where and which metric drives what.

Every key, its unit and its range stands once, in `_SCHEMA`; the defaults are those of the
dataclasses. What is unknown, of the wrong type, unit or range is a `SceneError` that names the file,
the line and the remedy.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from typing import Any

from xrserver import resources
from xrserver.errors import SceneError
from xrserver.layout.city import CityParameters
from xrserver.scene.palette import CHROMA, LIGHTNESS, OKABE_ITO


@dataclass(frozen=True, slots=True)
class Metrics:
    """Which metric drives which channel."""

    footprint: str = "size"
    height: str = "strata"
    colour: str = "author"
    glow: str = "change"
    label: str = "name"


@dataclass(frozen=True, slots=True)
class Building:
    """How a file's state becomes a box; metres."""

    lowest: float = 2.2
    storey: float = 6.3
    growth: float = 1.25
    least_side: float = 1.5
    symlink_height: float = 1.2
    submodule_height: float = 3.0


@dataclass(frozen=True, slots=True)
class Palette:
    """The light to start with, and the colours of people (0xRRGGBB; OKLCH for those beyond)."""

    light: str = "night"
    people: tuple[int, ...] = OKABE_ITO
    lightness: float = LIGHTNESS
    chroma: float = CHROMA


@dataclass(frozen=True, slots=True)
class Start:
    """Where the scene stands in the viewer's world at first."""

    scale: str = "room"
    centre: tuple[float, float, float] = (0.0, 0.55, -3.6)
    """Where the middle of the city's ground lies, metres, world space."""
    turn: float = 24.0
    """About the vertical axis, degrees."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """When and how a history is cut into tiles."""

    window_spans: int = 400_000
    """The most spans in a tile; a history with fewer is one exact tile."""
    coarse_spans: int = 60_000
    """The most spans in the coarse tile that covers all ranks."""


@dataclass(frozen=True, slots=True)
class SceneDefinition:
    """A scene file, read and checked. `digest` names its content."""

    name: str
    title: str = "City"
    layout: CityParameters = field(default_factory=CityParameters)
    metrics: Metrics = field(default_factory=Metrics)
    building: Building = field(default_factory=Building)
    glow_seconds: float = 3.0
    palette: Palette = field(default_factory=Palette)
    start: Start = field(default_factory=Start)
    tiling: Tiling = field(default_factory=Tiling)
    digest: str = ""


@dataclass(frozen=True, slots=True)
class _Quantity:
    """A number with a unit, ``"2.5 m"``, or without one (`unit` empty)."""

    unit: str
    low: float
    high: float
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _Choice:
    """One of some words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _List:
    """As many values of one kind as the two bounds allow."""

    of: _Quantity | str
    least: int
    most: int


#: How many of the schema's unit one of each unit is.
_UNITS: dict[str, dict[str, float]] = {
    "m": {"m": 1.0, "cm": 0.01, "mm": 0.001, "km": 1000.0},
    "m²": {"m²": 1.0, "m2": 1.0},
    "B": {"B": 1.0, "kB": 1e3, "MB": 1e6},
    "s": {"s": 1.0, "ms": 0.001, "min": 60.0},
    "°": {"°": 1.0, "deg": 1.0},
}

_TEXT = "text"
_COLOUR = "colour"
_LENGTH = _Quantity("m", 0.0, 1000.0)
_SHARE = _Quantity("", 0.0, 0.45)

_SCHEMA: dict[str, dict[str, Any]] = {
    "": {"title": _TEXT},
    "layout": {
        "kind": _Choice(("city",)),
        "plot_area": _Quantity("m²", 1.0, 10_000.0), "aspect": _Quantity("", 0.25, 4.0),
        "size_floor": _Quantity("B", 1.0, 1e9), "size_exponent": _Quantity("", 0.05, 1.0),
        "submodule_size": _Quantity("B", 1.0, 1e9), "street": _LENGTH, "kerb": _LENGTH,
        "narrowing": _Quantity("", 0.0, 0.95), "gap": _LENGTH, "gap_share": _SHARE, "plate": _LENGTH,
        "spare_share": _Quantity("", 0.0, 4.0), "spare_least": _Quantity("", 0, 1000, whole=True),
    },
    "metrics": {
        "footprint": _Choice(("size", "equal")), "height": _Choice(("strata", "size")),
        "colour": _Choice(("author", "age", "kind")), "glow": _Choice(("change",)),
        "label": _Choice(("name",)),
    },
    "building": {
        "lowest": _Quantity("m", 0.01, 1000.0), "storey": _LENGTH, "growth": _Quantity("", 0.1, 4.0),
        "least_side": _LENGTH, "symlink_height": _Quantity("m", 0.01, 1000.0),
        "submodule_height": _Quantity("m", 0.01, 1000.0),
    },
    "time": {"glow": _Quantity("s", 0.01, 1000.0)},
    "palette": {
        "light": _Choice(("night", "day")), "people": _List(_COLOUR, 1, 256),
        "lightness": _Quantity("", 0.0, 1.0), "chroma": _Quantity("", 0.0, 0.4),
    },
    "start": {
        "scale": _Choice(("tabletop", "room", "life")),
        "centre": _List(_Quantity("m", -1e6, 1e6), 3, 3), "turn": _Quantity("°", -360.0, 360.0),
    },
    "tiles": {
        "window_spans": _Quantity("", 1, 2_000_000, whole=True),
        "coarse_spans": _Quantity("", 1, 2_000_000, whole=True),
    },
}


def scene_names() -> list[str]:
    """Return the names of the scenes that come with xrserver."""
    return sorted(file.stem for file in resources.folder("scenes").glob("*.toml"))


def load_scene(name: str) -> SceneDefinition:
    """Read the scene called `name`, or the file `name` when it ends in ``.toml``.

    Raises
    ------
    SceneError
        There is no such scene, or its file is wrong.
    """
    file = Path(name) if name.endswith(".toml") else resources.folder("scenes") / f"{name}.toml"
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SceneError(f"There is no scene {name!r} ({error}): choose one of {_or(scene_names())}, or give "
                         "the path of a .toml file.") from None
    return parse_scene(text, str(file), file.stem)


def parse_scene(text: str, file: str, name: str) -> SceneDefinition:
    """Return the definition that `text`, the content of `file`, holds.

    Raises
    ------
    SceneError
        A key, type, unit or value does not fit.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SceneError(f"{file}: not TOML: {error}.") from None
    sections: dict[str, dict[str, Any]] = {"": {}}
    for key, value in document.items():
        if isinstance(value, dict):
            sections[key] = value
        else:
            sections[""][key] = value
    read: dict[str, dict[str, Any]] = {}
    for section, entries in sections.items():
        if section not in _SCHEMA:
            raise SceneError(f"{file}:{_line(text, section, None)}: unknown section [{section}]: "
                             f"{_remedy(section, [s for s in _SCHEMA if s])}.")
        read[section] = {}
        for key, value in entries.items():
            def wrong(what: str, section: str = section, key: str = key) -> SceneError:
                return SceneError(f"{file}:{_line(text, section, key)}: {key}: {what}.")
            if key not in _SCHEMA[section]:
                raise wrong(f"unknown key: {_remedy(key, list(_SCHEMA[section]))}")
            read[section][key] = _read(_SCHEMA[section][key], value, wrong)
    layout = read.get("layout", {})
    layout.pop("kind", None)
    return SceneDefinition(
        name=name, title=read[""].get("title", name), layout=CityParameters(**layout),
        metrics=Metrics(**read.get("metrics", {})), building=Building(**read.get("building", {})),
        glow_seconds=read.get("time", {}).get("glow", SceneDefinition(name).glow_seconds),
        palette=Palette(**read.get("palette", {})), start=Start(**read.get("start", {})),
        tiling=Tiling(**read.get("tiles", {})), digest=blake2b(text.encode(), digest_size=16).hexdigest())


def _read(schema: Any, value: Any, wrong: Callable[[str], SceneError]) -> Any:
    """Return `value` as the schema has it, or raise what `wrong` makes of the reason."""
    if isinstance(schema, _Quantity):
        return _quantity(schema, value, wrong)
    if isinstance(schema, _Choice):
        if value not in schema.words:
            raise wrong(f"{value!r} is none of those known: {_remedy(str(value), list(schema.words))}")
        return value
    if isinstance(schema, _List):
        if not isinstance(value, list) or not schema.least <= len(value) <= schema.most:
            many = str(schema.least) if schema.least == schema.most else f"{schema.least} to {schema.most}"
            raise wrong(f"{value!r} must be a list of {many}")
        return tuple(_read(schema.of, item, wrong) for item in value)
    if not isinstance(value, str):
        raise wrong(f"{value!r} must be text in quotes")
    if schema == _COLOUR:
        if not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
            raise wrong(f"{value!r} is no colour: write it as \"#E69F00\"")
        return int(value[1:], 16)
    return value


def _quantity(schema: _Quantity, value: Any, wrong: Callable[[str], SceneError]) -> float | int:
    """Return a number in the unit of the schema."""
    if not schema.unit:
        if isinstance(value, bool) or not isinstance(value, int if schema.whole else (int, float)):
            raise wrong(f"{value!r} must be a {'whole ' if schema.whole else ''}number without a unit")
        number = value if schema.whole else float(value)
    else:
        example = f'write it with its unit, such as "{_number(max(schema.low, 1.0))} {schema.unit}"'
        match = re.fullmatch(r"\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*(\S+)\s*", value) \
            if isinstance(value, str) else None
        if match is None:
            raise wrong(f"{value!r} is no quantity: {example}")
        scale = _UNITS[schema.unit].get(match[2])
        if scale is None:
            raise wrong(f"the unit {match[2]!r} does not fit: use {_or(list(_UNITS[schema.unit]))}")
        try:
            number = float(match[1]) * scale
        except ValueError:
            raise wrong(f"{value!r} is no quantity: {example}") from None
    if not schema.low <= number <= schema.high:
        most = f"{_number(schema.high)} {schema.unit}".rstrip()
        raise wrong(f"{value!r} is out of range: choose {_number(schema.low)} to {most}")
    return number


def _line(text: str, section: str, key: str | None) -> int:
    """Return the number of the line that sets `key` in `section` (that opens the section, without a key)."""
    def sets(line: str, name: str) -> bool:
        return re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[.=]", line) is not None

    here, opened = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*[\"']?([^\]\"']+?)[\"']?\s*\]", line)
        if header:
            here = header[1]
            if here == section:
                opened = number
                if key is None:
                    return number
        elif key is not None and here == section and sets(line, key):
            return number
        elif here == "" and section and sets(line, section):
            opened = number
    return opened


def _remedy(word: str, known: list[str]) -> str:
    """Suggest what `word` may have been meant to be."""
    close = get_close_matches(word, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"use {_or(known)}"


def _or(words: list[str]) -> str:
    """Join words as a choice."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _number(value: float) -> str:
    """Write a number without a needless fraction."""
    return f"{value:g}"
