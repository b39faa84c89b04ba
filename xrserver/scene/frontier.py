"""Which tiles a viewer holds and draws of a scene: the cut, applied to what has come. No I/O.

Its twin is ``webxr_client/src/scene/frontier.ts``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from xrserver.scene.cut import Candidates, cut, drawn
from xrserver.scene.tiles import TileHeader


@dataclass(frozen=True, slots=True)
class Budget:
    """The most nodes drawn at once, and spans held."""

    nodes: int
    spans: int


@dataclass(frozen=True, slots=True)
class Change:
    """What to ask for, most wanted first, and what to give up, by tile id."""

    want: list[str] = field(default_factory=list[str])
    drop: list[str] = field(default_factory=list[str])


class Frontier:
    """The headers that are known, and which of their tiles are here or on their way.

    Headers stay known when their tiles are given up: the tree only grows.
    """

    def __init__(self, root: TileHeader) -> None:
        self.ids: list[str] = []
        self.held: list[bool] = []
        self._asked: set[int] = set()
        self._rows: dict[str, int] = {}
        #: Ranks at which windows begin or end, ascending.
        self._borders: list[int] = []
        self.tiles = Candidates()
        self._add([root])
        self._know(0, root.children)

    @property
    def single(self) -> bool:
        """There is but one tile: nothing to choose."""
        return len(self.ids) == 1

    @property
    def complete(self) -> bool:
        """Everything that was asked for is here."""
        return not self._asked

    def knows(self, tile: str) -> bool:
        """Return whether a tile of this id was named."""
        return tile in self._rows

    def holds(self, tile: str) -> bool:
        """Return whether a tile is here."""
        row = self._rows.get(tile, -1)
        return row >= 0 and self.held[row]

    def box(self, tile: str) -> Sequence[float]:
        """Return what a tile fills: min x, y, z, max x, y, z."""
        return self.tiles.box[self._rows[tile]]

    def window(self, rank: int) -> int:
        """Return a number that is the same for ranks at which the same tiles may be drawn."""
        return bisect_right(self._borders, rank)

    def hold(self, header: TileHeader) -> None:
        """Take note that a tile has come, and with it the names of its children."""
        row = self._rows[header.id]
        self._asked.discard(row)
        self.held[row] = True
        self._know(row, header.children)

    def forget(self) -> None:
        """Take note that nothing that was asked for will come: the line is a new one."""
        self._asked.clear()

    def choose(self, eye: Sequence[float], factor: float, rank: int, budget: Budget) -> Change:
        """Choose for a view; `factor` as in `cut`."""
        resident = cut(self.tiles, eye, factor, rank, budget.nodes, budget.spans).resident
        want = [row for row in resident if not self.held[row] and row not in self._asked]
        kept = set(resident)
        drop = [row for row, held in enumerate(self.held) if (held or row in self._asked) and row not in kept]
        self._asked.update(want)
        for row in drop:
            self.held[row] = False
            self._asked.discard(row)
        return Change([self.ids[row] for row in want], [self.ids[row] for row in drop])

    def drawn(self, rank: int, node_budget: int) -> list[str]:
        """Return the tiles to draw at ⌈t⌉, of those held; none before the root is here."""
        if not self.held[0]:
            return []
        return [self.ids[row] for row in drawn(self.tiles, self.held, rank, node_budget)]

    def _know(self, row: int, children: Sequence[TileHeader]) -> None:
        if children and not self.tiles.children[row]:
            self.tiles.first[row], self.tiles.children[row] = len(self.ids), len(children)
            self._add(children)

    def _add(self, headers: Sequence[TileHeader]) -> None:
        tiles = self.tiles
        for header in headers:
            self._rows[header.id] = len(self.ids)
            self.ids.append(header.id)
            self.held.append(False)
            tiles.first.append(0)
            tiles.children.append(0)
            tiles.box.append(header.box)
            tiles.error.append(header.error)
            tiles.lo.append(header.lo)
            tiles.hi.append(header.hi)
            tiles.nodes.append(header.nodes)
            tiles.spans.append(header.spans)
        borders = {border for header in headers for border in (header.lo, header.hi)}
        if not borders.issubset(self._borders):
            self._borders = sorted(borders.union(self._borders))
        for header in headers:
            self._know(self._rows[header.id], header.children)
