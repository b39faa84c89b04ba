"""What may stand in a scene file: every key with its unit and range, by kind of scene, and how it is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from xrserver.errors import UsageError


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit, ``"2.5 m"``, or without one (`unit` empty)."""

    unit: str
    low: float
    high: float
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """As many values of one kind as the two bounds allow."""

    of: Quantity | str
    least: int
    most: int


#: How many of the schema's unit one of each unit is.
UNITS: dict[str, dict[str, float]] = {
    "m": {"m": 1.0, "cm": 0.01, "mm": 0.001, "km": 1000.0},
    "m²": {"m²": 1.0, "m2": 1.0},
    "B": {"B": 1.0, "kB": 1e3, "MB": 1e6},
    "s": {"s": 1.0, "ms": 0.001, "min": 60.0},
    "°": {"°": 1.0, "deg": 1.0},
}

TEXT = "text"
_COLOUR = "colour"
YES_OR_NO = "true or false"
_LENGTH = Quantity("m", 0.0, 1000.0)
_THICKNESS = Quantity("m", 0.01, 1000.0)
_SHARE = Quantity("", 0.0, 0.45)

_SHARED: dict[str, dict[str, Any]] = {
    "": {"title": TEXT},
    "time": {"glow": Quantity("s", 0.01, 1000.0)},
    "palette": {
        "light": Choice(("night", "day")), "people": ListOf(_COLOUR, 1, 256),
        "lightness": Quantity("", 0.0, 1.0), "chroma": Quantity("", 0.0, 0.4),
    },
    "start": {
        "scale": Choice(("tabletop", "room", "life")),
        "centre": ListOf(Quantity("m", -1e6, 1e6), 3, 3), "turn": Quantity("°", -360.0, 360.0),
    },
    "tiles": {
        "whole_nodes": Quantity("", 0, 2_000_000, whole=True),
        "whole_spans": Quantity("", 0, 2_000_000, whole=True),
        "root_nodes": Quantity("", 1, 2_000_000, whole=True),
        "root_spans": Quantity("", 1, 2_000_000, whole=True),
        "tile_nodes": Quantity("", 4, 2_000_000, whole=True),
        "tile_spans": Quantity("", 4, 2_000_000, whole=True),
    },
}

_KINDS = ("city", "river", "together")

#: By `layout.kind`: section → key → what fits.
SCHEMAS: dict[str, dict[str, dict[str, Any]]] = {
    "city": {
        **_SHARED,
        "layout": {
            "kind": Choice(_KINDS),
            "plot_area": Quantity("m²", 1.0, 10_000.0), "aspect": Quantity("", 0.25, 4.0),
            "size_floor": Quantity("B", 1.0, 1e9), "size_exponent": Quantity("", 0.05, 1.0),
            "submodule_size": Quantity("B", 1.0, 1e9), "street": _LENGTH, "kerb": _LENGTH,
            "narrowing": Quantity("", 0.0, 0.95), "gap": _LENGTH, "gap_share": _SHARE, "plate": _LENGTH,
            "spare_share": Quantity("", 0.0, 4.0), "spare_least": Quantity("", 0, 1000, whole=True),
        },
        "metrics": {
            "footprint": Choice(("size", "equal")), "height": Choice(("strata", "size")),
            "colour": Choice(("author", "age", "kind")), "glow": Choice(("change",)),
            "label": Choice(("name",)),
        },
        "building": {
            "lowest": Quantity("m", 0.01, 1000.0), "storey": _LENGTH, "growth": Quantity("", 0.1, 4.0),
            "least_side": _LENGTH, "symlink_height": Quantity("m", 0.01, 1000.0),
            "submodule_height": Quantity("m", 0.01, 1000.0),
        },
    },
    "river": {
        **_SHARED,
        "layout": {
            "kind": Choice(_KINDS),
            "pitch": _THICKNESS, "least_pitch": Quantity("", 0.05, 1.0),
            "most_pitch": Quantity("", 1.0, 100.0), "lane": _THICKNESS,
            "lanes_exponent": Quantity("", 0.1, 1.0), "bend": _LENGTH, "bridge": _LENGTH,
            "straight": Quantity("m", 0.0, 1e6), "radius": Quantity("m", 1.0, 1e5), "air": _LENGTH,
            "slope": Quantity("", 0.0, 2.0), "clearance": _LENGTH, "bead": _THICKNESS,
            "most_bead": Quantity("", 1.0, 20.0), "current": _THICKNESS, "branch": _THICKNESS,
        },
        "metrics": {
            "bead": Choice(("files", "bytes", "equal")), "colour": Choice(("author", "age", "kind")),
            "glow": Choice(("change",)), "label": Choice(("name",)),
        },
    },
    "together": {
        **_SHARED,
        "layout": {"kind": Choice(_KINDS)},
        "part": {
            "scene": TEXT, "offset": ListOf(Quantity("m", -1e6, 1e6), 3, 3), "around": YES_OR_NO,
            "reach": Quantity("", 1.1, 100.0),
        },
    },
}


def read_value(schema: Any, value: Any, wrong: Callable[[str], UsageError]) -> Any:
    """Return `value` as the schema has it, or raise what `wrong` makes of the reason."""
    if isinstance(schema, Quantity):
        return _quantity(schema, value, wrong)
    if isinstance(schema, Choice):
        if value not in schema.words:
            raise wrong(f"{value!r} is none of those known: {remedy(str(value), list(schema.words))}")
        return value
    if isinstance(schema, ListOf):
        if not isinstance(value, list) or not schema.least <= len(value) <= schema.most:
            many = str(schema.least) if schema.least == schema.most else f"{schema.least} to {schema.most}"
            raise wrong(f"{value!r} must be a list of {many}")
        return tuple(read_value(schema.of, item, wrong) for item in value)
    if schema == YES_OR_NO:
        if not isinstance(value, bool):
            raise wrong(f"{value!r} must be true or false, without quotes")
        return value
    if not isinstance(value, str):
        raise wrong(f"{value!r} must be text in quotes")
    if schema == _COLOUR:
        if not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
            raise wrong(f"{value!r} is no colour: write it as \"#E69F00\"")
        return int(value[1:], 16)
    return value


def _quantity(schema: Quantity, value: Any, wrong: Callable[[str], UsageError]) -> float | int:
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
        scale = UNITS[schema.unit].get(match[2])
        if scale is None:
            raise wrong(f"the unit {match[2]!r} does not fit: use {any_of(list(UNITS[schema.unit]))}")
        try:
            number = float(match[1]) * scale
        except ValueError:
            raise wrong(f"{value!r} is no quantity: {example}") from None
    if not schema.low <= number <= schema.high:
        most = f"{_number(schema.high)} {schema.unit}".rstrip()
        raise wrong(f"{value!r} is out of range: choose {_number(schema.low)} to {most}")
    return number


def remedy(word: str, known: list[str]) -> str:
    """Suggest what `word` may have been meant to be."""
    close = get_close_matches(word, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"use {any_of(known)}"


def any_of(words: list[str]) -> str:
    """Join words as a choice."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _number(value: float) -> str:
    """Write a number without a needless fraction."""
    return f"{value:g}"
