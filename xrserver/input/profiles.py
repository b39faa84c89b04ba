"""Reads ``profiles.toml``: which component of each OpenXR device plays which part."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from xrserver.input.actions import Binding, by_source

TABLE = Path(__file__).with_name("profiles.toml")
HANDS = ("left", "right")
#: The profile in whose words bindings.toml speaks, and the one for bare hands.
TOUCH = "/interaction_profiles/oculus/touch_controller"
FINGERS = "/interaction_profiles/ext/hand_interaction_ext"
#: The one whose sticks are trackpads.
TRACKPADS = "/interaction_profiles/htc/vive_controller"


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of device.

    Attributes
    ----------
    path : str
        OpenXR's name of it.
    extension : str
        What must be on for it; empty for core profiles.
    parts : tuple of (str, str)
        Part, and the full path of the component that plays it.
    """

    path: str
    extension: str
    parts: tuple[tuple[str, str], ...]


@cache
def profiles() -> tuple[Profile, ...]:
    """Return every profile, in the order of the table."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return tuple(_profile(path, row) for path, row in table.items())


def _profile(path: str, row: dict[str, Any]) -> Profile:
    parts: list[tuple[str, str]] = []
    for part, component in row.items():
        if part == "extension":
            continue
        if part == "gaze":
            parts.append((part, f"/user/eyes_ext/{component}"))
            continue
        by_hand = cast("dict[str, str]", component if isinstance(component, dict)
                       else dict.fromkeys(HANDS, component))
        parts += [(part, f"/user/hand/{hand}/{component}") for hand, component in by_hand.items()]
    return Profile(path, str(row.get("extension", "")), tuple(parts))


@cache
def asks(part: str, hand: str) -> tuple[str, ...]:
    """Return the actions that a press of a part of a hand asks for, as bindings.toml says."""
    found: list[str] = []
    for profile in profiles():
        if profile.path not in (TOUCH, FINGERS):
            continue
        for name, component in profile.parts:
            if name == part:
                side, source = component.removeprefix("/user/hand/").split("/", 1)
                found += [each.action for each in by_source("openxr").get(source, ())
                          if _of(each, hand) and (side == hand or part != "menu")]
    return tuple(dict.fromkeys(found))


def _of(binding: Binding, hand: str) -> bool:
    return binding.hand in (hand, "either", "both")
