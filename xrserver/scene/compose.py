"""What a scene is made of: a city, a river, or parts of both that stand together."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np

from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.layout.city import CityLayout
from xrserver.layout.river import RiverLayout, lay_out_river
from xrserver.scene.deferred import Deferred
from xrserver.scene.definition import Part, SceneDefinition
from xrserver.scene.hierarchy import Hierarchy, Whole
from xrserver.scene.joint import JointTree
from xrserver.scene.marks import Marks, folded
from xrserver.scene.river import River
from xrserver.scene.river_tree import RiverTree, Winding
from xrserver.scene.spans import SceneColumns, build_columns
from xrserver.scene.table import NO_COURSE, Course
from xrserver.scene.tiles import bounds
from xrserver.scene.tree import Tree


@dataclass(frozen=True, slots=True)
class City:
    """A city that is laid out."""

    layout: CityLayout
    whole: Whole


@dataclass(frozen=True, slots=True)
class Member:
    """One of those that stand together, or what stands by itself: as it would stand alone.

    Attributes
    ----------
    offset : (float, float, float), metres
        By how much it stands elsewhere in the scene.
    city : Deferred of City, or None
        A river has none.
    """

    definition: SceneDefinition
    tree: Tree
    offset: tuple[float, float, float]
    city: Deferred[City] | None = None


@dataclass(frozen=True, slots=True)
class Composed:
    """What a scene is made of, computed when it is first needed."""

    tree: Tree
    members: list[Member]
    _rivers: list[Deferred[RiverLayout]]

    @property
    def _cities(self) -> list[Deferred[City]]:
        return [member.city for member in self.members if member.city is not None]

    @property
    def city(self) -> CityLayout | None:
        """Where every path is placed; None where the scene has no city. Of several: the last."""
        return self._cities[-1].value.layout if self._cities else None

    @property
    def river(self) -> RiverLayout | None:
        """Where every commit is placed; None where the scene has no river. Of several: the last."""
        return self._rivers[-1].value if self._rivers else None

    @property
    def has_river(self) -> bool:
        """Commits are seen in it."""
        return bool(self._rivers)

    @property
    def course(self) -> Course:
        """Where the mainline of its river is."""
        river = self.river
        return NO_COURSE if river is None else Course(river.course_rank, river.course, river.across)

    @property
    def paths(self) -> list[SceneColumns]:
        """The exact columns of what has paths."""
        return [city.value.whole.columns for city in self._cities]


def compose(index: HistoryIndex, versions: FileVersions, definition: SceneDefinition, generation: str,
            marks: Marks | None = None, lock: AbstractContextManager[object] | None = None) -> Composed:
    """Say what `definition` describes is made of.

    Parameters
    ----------
    marks : Marks, optional
        What is greyed or left out.
    lock : context manager, optional
        Held while something is laid out; one that who holds it may take again.
    """
    rivers: list[Deferred[RiverLayout]] = []
    members: list[Member] = []
    away: list[Callable[[], float]] = []
    # Paths come first: their node ids are smaller than those of commits.
    for part in sorted(definition.parts or (Part(definition),), key=lambda part: part.definition.kind):
        own = part.definition
        if own.kind == "city":
            city = Deferred(lambda own=own: _city(index, versions, own, marks), lock)
            away.append(lambda part=part, city=city: _reach(part, city.value.whole.columns))
            whole = Deferred(lambda city=city: city.value.whole, lock)
            members.append(Member(own, Hierarchy(generation, own, whole), part.offset, city))
        else:
            before = tuple(away) if part.around else ()
            layout = Deferred(lambda part=part, before=before: _river(index, part, before), lock)
            rivers.append(Deferred(lambda part=part, layout=layout: _moved(layout.value, part.offset), lock))
            winding = Deferred(lambda own=own, layout=layout: Winding.of(
                River.of(index, layout.value, own.metrics.bead)), lock)
            tree = RiverTree(generation, own, winding)
            away.append(lambda part=part, tree=tree: _reach(part, tree.columns))
            members.append(Member(own, tree, part.offset))
    tree = members[0].tree
    if definition.parts:
        tree = JointTree(generation, definition, [(each.tree, each.offset) for each in members])
    return Composed(tree, members, rivers)


def _city(index: HistoryIndex, versions: FileVersions, definition: SceneDefinition,
          marks: Marks | None) -> City:
    vendored = None
    if marks is not None:
        versions = folded(versions, marks)
        vendored = np.where(np.isin(np.arange(len(marks.block)), marks.block), np.int8(1), marks.vendored)
    columns, layout, order = build_columns(index, versions, definition, vendored)
    return City(layout, Whole.of(columns, order, layout.plate))


def _river(index: HistoryIndex, part: Part, before: tuple[Callable[[], float], ...]) -> RiverLayout:
    away = max((reached() for reached in before), default=0.0)
    return lay_out_river(index, part.definition.river, away, part.reach * away if part.around else math.inf)


def _reach(part: Part, columns: SceneColumns) -> float:
    """Return how far from the middle of the ground anything of a part goes, metres."""
    box = [side + part.offset[i % 3] for i, side in enumerate(bounds(columns.spans))]
    return max(math.hypot(box[i], box[j]) for i in (0, 3) for j in (2, 5))


def _moved(river: RiverLayout, offset: tuple[float, float, float]) -> RiverLayout:
    """Return where a river's commits and course are when it stands elsewhere."""
    return replace(river, position=river.position + np.array(offset), course=river.course + np.array(offset))
