"""Which tiles a viewer holds: asks for what the cut wants, keeps what came, and swaps generations whole."""

from __future__ import annotations

from xrserver.native.city import City
from xrserver.native.client import Link
from xrserver.native.renderer import Renderer
from xrserver.scene.cut import Candidates, candidates, cut, drawn
from xrserver.scene.palette import CATEGORY_COLOURS
from xrserver.spaces import Vector
from xrserver.stream.messages import TileBody

#: The desktop's budgets (nodes drawn, spans held).
NODE_BUDGET, SPAN_BUDGET = 500_000, 2_000_000


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
        self._tiles: Candidates | None = None
        self._names: list[str] = []
        self._held: set[str] = set()
        self._asked: set[str] = set()

    @property
    def complete(self) -> bool:
        """Everything that was asked for is here."""
        return self._asked <= self._held

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
        if self.city is None or name not in self._names:
            return False
        if name in self._held:
            self._release(name)
        self._renderer.add(name, body.spans["records"], body.nodes["records"], body.strata["records"])
        self.city.add(body)
        self._held.add(name)
        self.drawn = ()
        return opened

    def _open(self, city: City) -> None:
        for name in self._held:
            self._renderer.remove(name)
        self._held.clear()
        self._asked = {city.scene.root.id}
        self.city, self._coming, self.drawn = city, None, ()
        self._tiles, self._names = candidates(city.scene.root)
        self._renderer.set_bounds(city.box)
        self._renderer.set_people(city.colours, CATEGORY_COLOURS)

    def refine(self, eye: Vector, factor: float, rank: int) -> bool:
        """Hold what a view needs and draw what of it is here; return whether that changed.

        Parameters are those of `scene.cut.cut`.
        """
        if self._tiles is None:
            return False
        resident = cut(self._tiles, eye, factor, rank, NODE_BUDGET, SPAN_BUDGET).resident
        chosen = [self._names[row] for row in resident]
        missing = [name for name in chosen if name not in self._asked]
        gone = [name for name in self._held if name not in chosen]
        if missing:
            self._asked.update(missing)
            self._link.want(missing)
        if gone:
            self._asked.difference_update(gone)
            self._link.drop(gone)
            for name in gone:
                self._release(name)
            self.drawn = ()
        held = [name in self._held for name in self._names]
        shown = tuple(self._names[row] for row in drawn(self._tiles, held, rank) if held[row])
        changed, self.drawn = shown != self.drawn, shown
        self._renderer.show(shown)
        return changed

    def _release(self, name: str) -> None:
        self._renderer.remove(name)
        self._held.discard(name)
        if self.city is not None:
            self.city.remove(name)
