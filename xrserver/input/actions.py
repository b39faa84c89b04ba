"""Reads ``bindings.toml``: which key, button or component of which device means which action.

Nothing here knows a device: viewers ask what an event of theirs means. The page gets the same table
as ``webxr_client/src/generated/bindings.ts``, written by ``python -m xrserver.input.codegen``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

DEVICES = ("mouse", "touch", "keyboard", "openxr", "webxr", "fingers")
TABLE = Path(__file__).with_name("bindings.toml")


@dataclass(frozen=True, slots=True)
class Binding:
    """One way to ask for an action.

    Attributes
    ----------
    action : str
    device : {"mouse", "touch", "keyboard", "openxr", "webxr", "fingers"}
    source : str
        A gesture, a key's code, an OpenXR component path or a WebXR component.
    hand : {"", "left", "right", "either", "both"}
    value : tuple of float
        What an action with direction gets while a key is held; empty for others.
    """

    action: str
    device: str
    source: str
    hand: str = ""
    value: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """An action, what it does in words, and every way to ask for it."""

    name: str
    what: str
    bindings: tuple[Binding, ...]


def _binding(action: str, device: str, entry: Any) -> Binding:
    if isinstance(entry, str):
        return Binding(action, device, entry)
    fields = cast("dict[str, Any]", entry)
    source = next(str(fields[name]) for name in ("key", "path", "component") if name in fields)
    return Binding(action, device, source, str(fields.get("hand", "")),
                   tuple(float(number) for number in fields.get("value", ())))


@cache
def actions() -> tuple[Action, ...]:
    """Return every action, in the order of the table."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return tuple(
        Action(name, row["what"], tuple(
            _binding(name, device, entry) for device in DEVICES for entry in row.get(device, ())))
        for name, row in table.items()
    )


@cache
def by_source(device: str) -> dict[str, tuple[Binding, ...]]:
    """Return the bindings of a device by what triggers them."""
    found: dict[str, tuple[Binding, ...]] = {}
    for action in actions():
        for binding in action.bindings:
            if binding.device == device:
                found[binding.source] = (*found.get(binding.source, ()), binding)
    return found
