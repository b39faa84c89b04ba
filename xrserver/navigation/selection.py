"""Pointing: from presses and moves of a pointer to clicks, drags and what is chosen, as pure functions.

The twin is ``webxr_client/src/navigation/selection.ts``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

Gesture = Literal["none", "drag", "drop", "click", "double"]

#: How far a press may move and stay a click; logical pixels.
CLICK_PIXELS = 5.0
#: Two clicks within this time, seconds, and this distance are a double click.
DOUBLE_SECONDS, DOUBLE_PIXELS = 0.35, 8.0

#: No node, no floor.
NOTHING = -1


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer with one button that matters.

    Attributes
    ----------
    x, y : float
        Now; logical pixels.
    down, dragging : bool
    down_x, down_y : float
        Where it was pressed.
    click_time, click_x, click_y : float
        Of the last single click; seconds.
    """

    x: float = 0.0
    y: float = 0.0
    down: bool = False
    dragging: bool = False
    down_x: float = 0.0
    down_y: float = 0.0
    click_time: float = -1e9
    click_x: float = 0.0
    click_y: float = 0.0


@dataclass(frozen=True, slots=True)
class Selection:
    """What is pointed at and what is chosen; `NOTHING` where nothing is.

    Attributes
    ----------
    hovered, floor : int
        Node and floor (stratum from 0, oldest).
    selected : int
        Node.
    """

    hovered: int = NOTHING
    floor: int = NOTHING
    selected: int = NOTHING


def press(pointer: Pointer, x: float, y: float) -> Pointer:
    """Return the pointer pressed at (x, y)."""
    return replace(pointer, x=x, y=y, down=True, dragging=False, down_x=x, down_y=y)


def move(pointer: Pointer, x: float, y: float) -> tuple[Pointer, Gesture]:
    """Return the pointer at (x, y), and ``drag`` when that makes a press one."""
    pointer = replace(pointer, x=x, y=y)
    if not pointer.down or pointer.dragging:
        return pointer, "none"
    if math.hypot(x - pointer.down_x, y - pointer.down_y) <= CLICK_PIXELS:
        return pointer, "none"
    return replace(pointer, dragging=True), "drag"


def release(pointer: Pointer, time: float) -> tuple[Pointer, Gesture]:
    """Return the pointer let go, and what that was: ``drop``, ``click`` or ``double``."""
    if not pointer.down:
        return pointer, "none"
    released = replace(pointer, down=False, dragging=False)
    if pointer.dragging:
        return released, "drop"
    near = math.hypot(pointer.x - pointer.click_x, pointer.y - pointer.click_y) <= DOUBLE_PIXELS
    if near and time - pointer.click_time <= DOUBLE_SECONDS:
        return replace(released, click_time=-1e9), "double"
    return replace(released, click_time=time, click_x=pointer.x, click_y=pointer.y), "click"


def hover(selection: Selection, node: int, floor: int) -> Selection:
    """Return the selection with the pointer over a floor of a node (or over nothing)."""
    if node == selection.hovered and floor == selection.floor:
        return selection
    return replace(selection, hovered=node, floor=floor if node != NOTHING else NOTHING)


def choose(selection: Selection, node: int) -> Selection:
    """Return the selection with `node` chosen; nothing lets go of what was."""
    return replace(selection, selected=node)
