"""The tree of tiles over a history: which parts of space and time there are, and how finely each is drawn.

A *part* is a stretch of an order in which neighbours follow each other, and a window of ranks. Where it is
small enough it is exact; else it is drawn with an error, and refined by parts of it. Nothing is computed
before it is asked for. What is drawn is said by `hierarchy` for cities, by `river_tree` for rivers, and by
`joint` for what stands together.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from xrserver.columns import RANK_END
from xrserver.scene.definition import SceneDefinition, Tiling
from xrserver.scene.spans import SceneColumns
from xrserver.scene.tiles import TileHeader, tile_id


@dataclass(slots=True)
class Part:
    """A stretch [a, b) during the ranks [lo, hi).

    Attributes
    ----------
    coarsest : int
        The step, as `Plan` has it, that the part it refines has.
    of : int
        Which of those that stand together; -1: all of them, or there is but one.
    top : bool
        All of that; its `b` is not known before it is needed.
    """

    level: int
    a: int
    b: int
    lo: int
    hi: int
    coarsest: int
    of: int = -1
    top: bool = False
    plan: Plan | None = None
    children: list[Part] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How a part is drawn: exactly (`step` -1), or with an error that grows with `step`; what that costs."""

    step: int
    nodes: int
    spans: int
    strata: int
    nbytes: int
    box: list[float]
    error: float
    """Metres."""
    standing: int = 0
    """The most that stands at once; 0 where it was not counted."""


class Tree(ABC):
    """Parts of one scene's exact columns, which are not needed where plans are remembered.

    Parameters
    ----------
    generation : str
    definition : SceneDefinition
    tiling : Tiling, optional
        Where it is not the definition's.
    """

    def __init__(self, generation: str, definition: SceneDefinition, tiling: Tiling | None = None) -> None:
        self.generation = generation
        self.definition = definition
        self.tiling = tiling or definition.tiling

    @property
    @abstractmethod
    def columns(self) -> SceneColumns:
        """The exact columns."""

    @property
    @abstractmethod
    def size(self) -> tuple[int, int]:
        """Nodes and spans of the exact columns."""

    @abstractmethod
    def prepare(self) -> None:
        """Compute what tiles are made of."""

    @abstractmethod
    def tile(self, part: Part) -> SceneColumns:
        """Return the columns of a part's tile."""

    @abstractmethod
    def planned(self, part: Part) -> Plan:
        """Find out how a part is drawn."""

    @abstractmethod
    def cut(self, part: Part, plan: Plan) -> list[Part]:
        """Return the parts that refine a part."""

    @property
    @abstractmethod
    def coarsest(self) -> int:
        """The largest step."""

    def root(self, level: int = 0, of: int = -1) -> Part:
        """Return the part that is everything."""
        return Part(level, 0, -1, 0, RANK_END, self.coarsest, of, True)

    def id(self, part: Part) -> str:
        """Return the name of a part's tile."""
        cell = "all" if part.top else f"{part.a}-{part.b}"
        cell = cell if part.of < 0 else f"{part.of}/{cell}"
        return tile_id(self.generation, self.definition.name, part.level, cell, part.lo, part.hi)

    def header(self, part: Part) -> TileHeader:
        """Return the header of a part's tile, with those of its children, which have none here."""
        return self._header(part, [self._header(child, []) for child in self.children(part)])

    def children(self, part: Part) -> list[Part]:
        """Return the parts that refine a part; none of one that is exact."""
        if part.children is None:
            part.children = self.cut(part, self.plan(part))
        return part.children

    def plan(self, part: Part) -> Plan:
        """Return how a part is drawn."""
        if part.plan is None:
            part.plan = self.planned(part)
        return part.plan

    def recipe(self, part: Part) -> list[Any]:
        """Return what `remember` takes: how a part and its children are drawn, as JSON can say it."""
        def said(one: Part) -> list[Any]:
            plan = self.plan(one)
            return [one.level, one.a, one.b, one.lo, one.hi, one.coarsest, one.of, one.top,
                    [getattr(plan, name) for name in Plan.__slots__]]

        return [said(part), [said(child) for child in self.children(part)]]

    def remember(self, part: Part, recipe: list[Any]) -> None:
        """Take up what `recipe` said of this part before, so that it need not be computed."""
        def heard(said: list[Any]) -> Part:
            return Part(*said[:8], plan=Plan(*said[8]))

        known, children = heard(recipe[0]), [heard(child) for child in recipe[1]]
        part.b, part.plan = known.b, known.plan
        if part.children is None:
            part.children = children

    def _header(self, part: Part, children: list[TileHeader]) -> TileHeader:
        plan = self.plan(part)
        return TileHeader(self.id(part), part.level, plan.box, part.lo, part.hi, plan.error, plan.nodes,
                          plan.spans, plan.strata, plan.nbytes, children)


def limits(tiling: Tiling, part: Part) -> tuple[int, int, int, int]:
    """Return the most nodes and spans of a part's tile where it is exact, and where it is coarse."""
    if part.top:
        return tiling.whole_nodes, tiling.whole_spans, tiling.root_nodes, tiling.root_spans
    return tiling.tile_nodes, tiling.tile_spans, tiling.tile_nodes, tiling.tile_spans
