"""What a picture of the city depends on beside what is resident, and what was met in it."""

from __future__ import annotations

from dataclasses import dataclass

from xrserver.spaces import Pose, Vector

#: Colourings by the number that the shaders know them by.
COLOURINGS = ("author", "age", "kind")


@dataclass(frozen=True, slots=True)
class Moment:
    """When, and in what light: everything about a frame that is not a view.

    Attributes
    ----------
    pose : Pose
        ``world_from_scene``.
    rank, fraction : int, float
        The playhead.
    easing, glow_per_rank : float
        See CONVENTIONS, "Time".
    head_rank : int
    colouring : int
        0 author, 1 age, 2 kind.
    daylight : float
        0 night, 1 day.
    selected, hovered, floor : int
        Scene-wide node ids and floor; -1 for none.
    """

    pose: Pose
    rank: int
    fraction: float
    easing: float
    glow_per_rank: float
    head_rank: int
    colouring: int = 0
    daylight: float = 0.0
    selected: int = -1
    hovered: int = -1
    floor: int = -1
    shadow: float | None = None


@dataclass(frozen=True, slots=True)
class Picked:
    """What is seen in a direction: node and floor (-1: a district's), and where, in scene space."""

    node: int
    floor: int
    point: Vector
