"""Which tiles a viewer holds: asks for what the cut wants, keeps what came, and swaps generations whole."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace

from xrserver import spaces
from xrserver.native.city import City
from xrserver.native.client import Link
from xrserver.native.renderer import Renderer
from xrserver.native.tile import Change, Tile
from xrserver.scene.frontier import Budget, Frontier
from xrserver.scene.governor import Governor, governed
from xrserver.scene.palette import CATEGORY_COLOURS
from xrserver.spaces import Vector
from xrserver.stream.messages import Scene, TableBody

#: The desktop's.
BUDGET = Budget(500_000, 2_000_000)
#: Tiles that one message may name.
_MOST_NAMED = 512
#: Seconds between two choices of tiles.
_CHOICE_SECONDS = 0.1
#: A tile that has grown out of its place gets so much more, as a share of what it has.
_ROOM = 0.25
#: Tiles are asked for in rings around the gaze of so many radians: as wide as eyes see sharply, and beyond.
_RING = 0.15


class Residency:
    """The tiles of one scene, here and on their way.

    Attributes
    ----------
    city : City or None
        The generation that is drawn; None until its coarsest tile is here.
    drawn : tuple of str
        Tiles drawn now.
    pending : bool
        `refine` should be called again, whether or not the view moves.
    """

    def __init__(self, renderer: Renderer, link: Link) -> None:
        self.city: City | None = None
        self.drawn: tuple[str, ...] = ()
        self._renderer = renderer
        self._link = link
        self._coming: City | None = None
        self._frontier: Frontier | None = None
        self._governor = Governor()
        self._chosen = -_CHOICE_SECONDS
        self._rank = 0
        #: What is to be drawn, and for what that was found: something moves in most frames.
        self._shown: tuple[str, ...] = ()
        self._shown_for: tuple[object, ...] = ()
        #: Counts changes of what is held.
        self._changes = 0
        self.pending = False

    @property
    def complete(self) -> bool:
        """Everything that was asked for is here."""
        return self._frontier is None or self._frontier.complete

    def expect(self, city: City) -> None:
        """Ask for a generation's coarsest tile; what is drawn stays until it comes."""
        self._coming = city
        self._link.want([city.scene.root.id])

    def grow(self, scene: Scene, table: TableBody) -> bool:
        """Take a longer history; return whether it is that of what is drawn."""
        if self._coming is not None and self._coming.scene.generation == scene.generation:
            self._coming.grow(scene, table)
        if self.city is None or self.city.scene.generation != scene.generation:
            return False
        self.city.grow(scene, table)
        self._renderer.set_people(self.city.colours, CATEGORY_COLOURS)
        self._renderer.set_course(*self.city.course)
        return True

    def arrive(self, tile: Tile, change: Change | None = None) -> bool:
        """Take up a tile, or the `change` of one; return whether a new generation begins with it."""
        name = tile.body.header.id
        opened = self._coming is not None and name == self._coming.scene.root.id
        if self._coming is not None and opened:
            self._open(self._coming)
        city, frontier = self.city, self._frontier
        if city is None or frontier is None or not frontier.knows(name):
            return False
        held, settling = frontier.holds(name), self._renderer.settling
        if change is not None and not held:
            return False  # it was given up meanwhile
        if change is not None and change.since is city.tile(name) and settling.left == 0.0 and (
                self._renderer.change(name, tile, change)):
            self._add(city, name, tile)
            return opened
        if held:
            self._renderer.remove(name)
        self._renderer.add(name, tile.spans, tile.nodes, tile.strata, _ROOM if held else 0.0)
        self._add(city, name, tile)
        if settling.left > 0.0:
            self._renderer.come_from(name, tile.keys())
        frontier.hold(tile.body.header)
        if not held:
            self.drawn = ()
            self._changes += 1
        return opened

    def _add(self, city: City, name: str, tile: Tile) -> None:
        city.add(name, tile)
        self._renderer.set_bounds(city.box)

    def _open(self, city: City) -> None:
        before = self.city
        if before is not None and (before.scene.scene, before.scene.repository) == (
                city.scene.scene, city.scene.repository):
            self._renderer.settling.leave(*before.places(self.drawn, self._rank))
        for name in self._held():
            self._release(name)
        self.city, self._coming, self.drawn = city, None, ()
        self._frontier = Frontier(city.scene.root)
        self._renderer.set_people(city.colours, CATEGORY_COLOURS)
        self._renderer.set_course(*city.course)

    def pace(self, seconds: float, rate: float) -> None:
        """Answer a frame that took so many `seconds` where `rate` of them a second are wanted (0: none)."""
        if rate > 0.0:
            before, self._governor = self._governor, governed(self._governor, seconds, 1.0 / rate)
            self.pending = self.pending or before.share != self._governor.share

    def refine(self, eye: Vector, factor: float, rank: int, *, gaze: Vector | None = None,
               at_once: bool = False, later: bool = False) -> bool:
        """Hold what a view needs and draw what of it is here; return whether that changed.

        Parameters are those of `scene.cut.cut`; what lies along `gaze` (unit, scene space) is asked for
        first. What only passes by is not fetched: a choice is made
        ten times a second, or `at_once`, and not in a frame that has done enough (`later`); `pending` says
        that one is due.
        """
        frontier = self._frontier
        if frontier is None:
            return False
        self._rank = rank
        now = time.monotonic()
        self.pending = not at_once and (later or now - self._chosen < _CHOICE_SECONDS)
        if not self.pending:
            self._chosen = now
            self._choose(frontier, eye, factor, rank, gaze)
        key = frontier, self._changes, frontier.window(rank), self._budget.nodes
        if key != self._shown_for:
            self._shown, self._shown_for = tuple(frontier.drawn(rank, self._budget.nodes)), key
        shown = self._shown
        changed, self.drawn = shown != self.drawn, shown
        self._renderer.show(shown, eye)
        return changed

    @property
    def _budget(self) -> Budget:
        return replace(BUDGET, nodes=int(BUDGET.nodes * self._governor.share))

    def _choose(self, frontier: Frontier, eye: Vector, factor: float, rank: int,
                gaze: Vector | None) -> None:
        held = set(self._held())
        change = frontier.choose(eye, factor, rank, self._budget)
        want = change.want if gaze is None else sorted(
            change.want, key=lambda name: aside(frontier.box(name), eye, gaze))
        if want or change.drop:
            self._changes += 1
        for names in _batches(want):
            self._link.want(names)
        for names in _batches(change.drop):
            self._link.drop(names)
        for name in held.intersection(change.drop):
            self._release(name)
            self.drawn = ()

    def _held(self) -> list[str]:
        frontier = self._frontier
        if frontier is None:
            return []
        return [name for name, held in zip(frontier.ids, frontier.held, strict=True) if held]

    def _release(self, name: str) -> None:
        self._renderer.remove(name)
        if self.city is not None:
            self.city.remove(name)


def aside(box: Sequence[float], eye: Vector, gaze: Vector) -> int:
    """Return how far from where somebody looks a box begins, in rings: what is within one is as important."""
    low, high = (box[0], box[1], box[2]), (box[3], box[4], box[5])
    middle = spaces.scaled(spaces.add(low, high), 0.5)
    radius = 0.5 * spaces.length(spaces.subtract(high, low))
    to = spaces.subtract(middle, eye)
    away = spaces.length(to)
    if away <= radius:
        return 0  # it is all around
    off = math.acos(min(max(spaces.dot(to, gaze) / away, -1.0), 1.0)) - math.asin(radius / away)
    return max(0, math.ceil(off / _RING))


def _batches(names: list[str]) -> list[list[str]]:
    """Cut a list into as many as one message may name."""
    return [names[first:first + _MOST_NAMED] for first in range(0, len(names), _MOST_NAMED)]
