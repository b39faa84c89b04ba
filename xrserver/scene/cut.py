"""The cut: which tiles a viewer holds, and which of them it draws now. A pure function.

Its twins are ``webxr_client/src/scene/cut.ts`` and, for servers and tools, ``kernels/cut.py``; all read
``tests/vectors/cut/``. This one has no kernels because the native viewer's process has no Numba: all errors
are found at once, and beside that a cut looks only at the tiles that it takes and at their children.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

#: Nearer than this, in metres, a tile's error looks no larger.
NEAREST = 1e-3


@dataclass
class Candidates:
    """The headers known so far, as columns; the root first, the children of a tile one after the other.

    Attributes
    ----------
    first, children : list of int
        Row of the tile's first child, and how many there are; 0 of those where none are known.
    box : list of list of six float
        The others are as in `TileHeader`. The children of a tile together cover all that it does, in
        space and in time.
    """

    first: list[int] = field(default_factory=list[int])
    children: list[int] = field(default_factory=list[int])
    box: list[list[float]] = field(default_factory=list[list[float]])
    error: list[float] = field(default_factory=list[float])
    lo: list[int] = field(default_factory=list[int])
    hi: list[int] = field(default_factory=list[int])
    nodes: list[int] = field(default_factory=list[int])
    spans: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        self._boxes: NDArray[np.float64] = np.empty((0, 6))
        self._errors: NDArray[np.float64] = np.empty(0)

    def screens(self, eye: Sequence[float], factor: float) -> list[float]:
        """Return the error of every tile on the screen; parameters as of `cut`."""
        if len(self._boxes) != len(self.box):  # they only ever become more
            self._boxes, self._errors = np.array(self.box, np.float64), np.array(self.error, np.float64)
        at = np.asarray(eye, np.float64)
        off = np.maximum(np.maximum(self._boxes[:, :3] - at, at - self._boxes[:, 3:]), 0.0)
        off *= off
        away = np.sqrt(off[:, 0] + off[:, 1] + off[:, 2])
        found: list[float] = (self._errors * factor / np.maximum(away, NEAREST)).tolist()
        return found


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows of the tiles to hold, most wanted first, and of those to draw now, ascending."""

    resident: list[int]
    drawn: list[int]


def cut(tiles: Candidates, eye: Sequence[float], factor: float, rank: int, node_budget: int,
        span_budget: int) -> Cut:
    """Choose the tiles that fit a view and its budgets.

    Parameters
    ----------
    eye : (3,) float, metres, scene space
    factor : float
        Screen error that a metre has at a distance of a metre, in units of what is good enough:
        a tile is refined while error · factor / distance is above 1.
    rank : int
        ⌈t⌉ of the playhead.
    node_budget, span_budget : int
        The most nodes drawn at once, and spans held. The root is held whatever it costs; nothing
        else ever exceeds them.

    Notes
    -----
    First what is drawn now is refined, the largest error on the screen first; a tile gives way to
    all of its children at this rank or to none. What room is left goes to windows of other ranks,
    the nearest in time first. Ties go to the smaller row. O(n log n) in the tiles taken.
    """
    screen = tiles.screens(eye, factor)

    def gap(row: int) -> int:
        return tiles.lo[row] - rank if rank < tiles.lo[row] else rank - tiles.hi[row] + 1

    resident: list[int] = [0]
    refined: set[int] = set()
    nodes, spans = tiles.nodes[0], tiles.spans[0]
    at_root = screen[0]
    coarse: list[int] = [0] if at_root > 1.0 else []
    waiting: list[tuple[float, int]] = [(-at_root, 0)] if coarse else []
    while waiting:
        _, best = heappop(waiting)
        group = _group(tiles, best, rank)
        more_nodes = sum(tiles.nodes[child] for child in group) - tiles.nodes[best]
        more_spans = sum(tiles.spans[child] for child in group)
        if not group or nodes + more_nodes > node_budget or spans + more_spans > span_budget:
            continue
        nodes, spans = nodes + more_nodes, spans + more_spans
        refined.add(best)
        for child in group:
            resident.append(child)
            worst = screen[child]
            if worst > 1.0:
                coarse.append(child)
                heappush(waiting, (-worst, child))
    now = [0]
    shown: list[int] = []
    while now:
        row = now.pop()
        if row in refined:
            now += _group(tiles, row, rank)
        else:
            shown.append(row)

    later: list[tuple[int, int]] = []
    for row in coarse:
        for child in range(tiles.first[row], tiles.first[row] + tiles.children[row]):
            if not tiles.lo[child] <= rank < tiles.hi[child]:
                heappush(later, (gap(child), child))
    while later:
        _, best = heappop(later)
        if tiles.nodes[best] > node_budget or spans + tiles.spans[best] > span_budget:
            continue
        spans += tiles.spans[best]
        resident.append(best)
        if screen[best] > 1.0:
            for child in range(tiles.first[best], tiles.first[best] + tiles.children[best]):
                heappush(later, (gap(child), child))
    return Cut(resident, sorted(shown))


def drawn(tiles: Candidates, held: Sequence[bool], rank: int, node_budget: int) -> list[int]:
    """Return the rows to draw at `rank` (⌈t⌉) of those really held: each file is in one of them.

    A tile gives way to all of its children at this rank, where they are held and `node_budget` allows
    it, the largest error first; what was too much at first is tried again once others have given way.
    """
    rows: list[int] = []
    refused: list[tuple[float, int]] = []
    waiting: list[tuple[float, int]] = [(-tiles.error[0], 0)]
    nodes, progress = tiles.nodes[0], False
    while waiting or (refused and progress):
        if not waiting:
            waiting, refused, progress = refused, [], False
            heapify(waiting)
        key, row = heappop(waiting)
        group = _group(tiles, row, rank)
        if not group or not all(held[child] for child in group):
            rows.append(row)
            continue
        more = sum(tiles.nodes[child] for child in group) - tiles.nodes[row]
        if nodes + more > node_budget and more > 0:
            refused.append((key, row))
            continue
        nodes, progress = nodes + more, True
        for child in group:
            heappush(waiting, (-tiles.error[child], child))
    return sorted([*rows, *(row for _, row in refused)])


def _group(tiles: Candidates, row: int, rank: int) -> list[int]:
    """Return the children of a tile at a rank."""
    first = tiles.first[row]
    return [child for child in range(first, first + tiles.children[row])
            if tiles.lo[child] <= rank < tiles.hi[child]]
