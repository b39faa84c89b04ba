"""Which tiles a viewer holds: asks for what the cut wants, keeps what came, and swaps generations whole."""

from __future__ import annotations

from xrserver.native.city import City
from xrserver.native.client import Link
from xrserver.native.renderer import Renderer
from xrserver.scene.frontier import Budget, Frontier
from xrserver.scene.palette import CATEGORY_COLOURS
from xrserver.spaces import Vector
from xrserver.stream.messages import TileBody

#: The desktop's.
BUDGET = Budget(500_000, 2_000_000)
#: Tiles that one message may name.
_MOST_NAMED = 512


class Residency:
    """The tiles of one scene, here and on their way.

    Attributes
    ----------
    city : City or None
        The generation that is drawn; None until its coarsest tile is here.
    drawn : tuple of str
        Tiles drawn now.
    """

    def __init__(self, renderer: Renderer, link: Link) -> None:
        self.city: City | None = None
        self.drawn: tuple[str, ...] = ()
        self._renderer = renderer
        self._link = link
        self._coming: City | None = None
        self._frontier: Frontier | None = None

    @property
    def complete(self) -> bool:
        """Everything that was asked for is here."""
        return self._frontier is None or self._frontier.complete

    def expect(self, city: City) -> None:
        """Ask for a generation's coarsest tile; what is drawn stays until it comes."""
        self._coming = city
        self._link.want([city.scene.root.id])

    def arrive(self, body: TileBody) -> bool:
        """Take up a tile; return whether a new generation begins with it."""
        name = body.header.id
        opened = self._coming is not None and name == self._coming.scene.root.id
        if self._coming is not None and opened:
            self._open(self._coming)
        frontier = self._frontier
        if self.city is None or frontier is None or not frontier.knows(name):
            return False
        if frontier.holds(name):
            self._release(name)
        self._renderer.add(name, body.spans["records"], body.nodes["records"], body.strata["records"])
        self.city.add(body)
        frontier.hold(body.header)
        self.drawn = ()
        return opened

    def _open(self, city: City) -> None:
        for name in self._held():
            self._release(name)
        self.city, self._coming, self.drawn = city, None, ()
        self._frontier = Frontier(city.scene.root)
        self._renderer.set_bounds(city.box)
        self._renderer.set_people(city.colours, CATEGORY_COLOURS)
        self._renderer.set_course(*city.course)

    def refine(self, eye: Vector, factor: float, rank: int) -> bool:
        """Hold what a view needs and draw what of it is here; return whether that changed.

        Parameters are those of `scene.cut.cut`.
        """
        frontier = self._frontier
        if frontier is None:
            return False
        held = set(self._held())
        change = frontier.choose(eye, factor, rank, BUDGET)
        for names in _batches(change.want):
            self._link.want(names)
        for names in _batches(change.drop):
            self._link.drop(names)
        for name in held.intersection(change.drop):
            self._release(name)
            self.drawn = ()
        shown = tuple(frontier.drawn(rank, BUDGET.nodes))
        changed, self.drawn = shown != self.drawn, shown
        self._renderer.show(shown)
        return changed

    def _held(self) -> list[str]:
        frontier = self._frontier
        if frontier is None:
            return []
        return [name for name, held in zip(frontier.ids, frontier.held, strict=True) if held]

    def _release(self, name: str) -> None:
        self._renderer.remove(name)
        if self.city is not None:
            self.city.remove(name)


def _batches(names: list[str]) -> list[list[str]]:
    """Cut a list into as many as one message may name."""
    return [names[first:first + _MOST_NAMED] for first in range(0, len(names), _MOST_NAMED)]
