"""What a way of showing pictures must offer: four methods, the same for window, picture and headset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import moderngl

from xrserver.native.hands import Worn
from xrserver.navigation.locomotion import Actions
from xrserver.spaces import Matrix, Pose


@dataclass(frozen=True, slots=True)
class View:
    """One eye's picture.

    Attributes
    ----------
    world_from_eye : Pose
    field_of_view : float
        Vertical, radians.
    projection : Matrix
    target : moderngl.Framebuffer
        What is drawn into, at its full size.
    pixels_per_point : float
        Framebuffer pixels in a logical one (HiDPI).
    mask : function of the projection, or None
        Draws what the lenses hide, nearer than anything.
    """

    world_from_eye: Pose
    field_of_view: float
    projection: Matrix
    target: moderngl.Framebuffer
    pixels_per_point: float = 1.0
    mask: Callable[[Matrix], None] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels: of a window's picture ModernGL knows only how large it was at first."""
        _, _, width, height = self.target.viewport
        return width, height

    def begin(self) -> None:
        """Use the target, clear, and where the lenses hide something, let nothing else be drawn there."""
        self.target.use()
        self.target.clear()
        if self.mask is not None:
            self.mask(self.projection)


@dataclass(frozen=True, slots=True)
class Event:
    """A press of something, by its action's name, with what the binding gives it.

    `select` and `teleport` happen where the pointer is; `scrub` carries a share of the history.
    """

    action: str
    value: tuple[float, ...] = ()


@dataclass(slots=True)
class Intent:
    """What the person asked for since the last frame, free of devices.

    Attributes
    ----------
    actions : Actions
        Motion. Places (`pivot`, `focus`, `grip`) are filled in by whoever knows what is pointed at.
    begun : (float, float) or None
        Where in the picture a grab, orbit or zoom took hold, when one begins with this frame.
    pointer : (float, float) or None
        Where in the picture, −1 … 1, right and up; None when it is elsewhere.
    moved : bool
        The pointer moved, so that what it points at may have changed.
    events : list of Event
    worn : Worn or None
        What somebody in a headset does; None on a desktop.
    """

    actions: Actions = field(default_factory=Actions)
    begun: tuple[float, float] | None = None
    pointer: tuple[float, float] | None = None
    moved: bool = False
    events: list[Event] = field(default_factory=list[Event])
    worn: Worn | None = None


class Backend(Protocol):
    """A device that shows pictures and takes wishes."""

    context: moderngl.Context

    @property
    def refresh_rate(self) -> float:
        """Frames a second that it wants; 0 while it waits for none."""
        ...

    def begin_frame(self) -> float | None:
        """Wait for the next frame; return seconds since the last, or None when it is over."""
        ...

    def views(self, near: float, far: float) -> list[View]:
        """Return the pictures to draw, with these depth planes (metres of the world); none unseen."""
        ...

    def actions(self) -> Intent:
        """Return what was asked for since the last frame."""
        ...

    def end_frame(self) -> None:
        """Show what was drawn."""
        ...
