"""The tiles of what stands together: all of it coarsely in one, refined by each for itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xrserver.columns import RANK_END
from xrserver.scene.definition import SceneDefinition
from xrserver.scene.river import joined, shifted
from xrserver.scene.spans import SceneColumns
from xrserver.scene.tree import Part, Plan, Tree

#: A tree, and by how much what it has stands elsewhere: metres, scene space.
Member = tuple[Tree, tuple[float, float, float]]


class JointTree(Tree):
    """The parts of several trees.

    Parameters
    ----------
    members : list of (Tree, offset)
        Node ids of each are larger than of those before.
    """

    def __init__(self, generation: str, definition: SceneDefinition, members: Sequence[Member]) -> None:
        super().__init__(generation, definition)
        self._members = members
        self._made: list[Part] = []

    @property
    def coarsest(self) -> int:
        """The largest step: the errors are those of the members."""
        return 0

    @property
    def columns(self) -> SceneColumns:
        """The exact columns of all."""
        return joined([_moved(tree.columns, offset) for tree, offset in self._members])

    @property
    def size(self) -> tuple[int, int]:
        """Nodes and spans of the exact columns."""
        sizes = [tree.size for tree, _ in self._members]
        return sum(nodes for nodes, _ in sizes), sum(spans for _, spans in sizes)

    def prepare(self) -> None:
        """Lay everything out."""
        for tree, _ in self._members:
            tree.prepare()

    def tile(self, part: Part) -> SceneColumns:
        """Return the columns of a part's tile."""
        if part.of < 0:
            tops = self.tops(part)
            return joined([self.tile(top) for top in tops])
        tree, offset = self._members[part.of]
        return _moved(tree.tile(part), offset)

    def planned(self, part: Part) -> Plan:
        """Find out how a part is drawn: as its tree does, or all trees together."""
        if part.of < 0:
            plans = [self.plan(top) for top in self.tops(part)]
            boxes = [plan.box for plan in plans]
            box = [min(box[i] for box in boxes) if i < 3 else max(box[i] for box in boxes) for i in range(6)]
            return Plan(max(plan.step for plan in plans), sum(plan.nodes for plan in plans),
                        sum(plan.spans for plan in plans), sum(plan.strata for plan in plans),
                        sum(plan.nbytes for plan in plans) - 4 * (len(plans) - 1), box,
                        max(plan.error for plan in plans))
        tree, offset = self._members[part.of]
        plan = tree.planned(part)
        at = [side + offset[i % 3] for i, side in enumerate(plan.box)]
        return replace(plan, box=at)

    def cut(self, part: Part, plan: Plan) -> list[Part]:
        """Return the parts that refine a part: of all, each member; none of what is exact."""
        if part.of >= 0:
            return self._members[part.of][0].cut(part, plan)
        return self.tops(part) if plan.error > 0.0 else []

    def tops(self, part: Part) -> list[Part]:
        """Return what each member has of everything.

        Where all of it fits into one exact tile, each is exact; else they share what a coarse one may hold.
        """
        if part.children:
            return part.children
        if not self._made:
            nodes, spans = self.size
            tiling, count = self.tiling, len(self._members)
            fits = nodes <= tiling.whole_nodes and spans <= tiling.whole_spans
            for tree, _ in self._members:
                share = (nodes, spans) if fits else (tiling.root_nodes // count, tiling.root_spans // count)
                tree.tiling = replace(tiling, whole_nodes=share[0], whole_spans=share[1],
                                      root_nodes=share[0], root_spans=share[1])
            self._made = [Part(part.level + 1, 0, -1, 0, RANK_END, tree.coarsest, of, True)
                          for of, (tree, _) in enumerate(self._members)]
        return self._made


def _moved(columns: SceneColumns, offset: tuple[float, float, float]) -> SceneColumns:
    return shifted(columns, offset) if any(offset) else columns
