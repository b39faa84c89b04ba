"""The cut: which tiles a viewer holds, and which of them it draws now. A pure function.

Its twin is ``webxr_client/src/scene/cut.ts``; both read ``tests/vectors/cut/``. It is plain Python
because the native viewer's process has no Numba, and because a cut weighs some dozens of headers
when the view has moved, not every frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from xrserver.scene.tiles import TileHeader

#: Nearer than this, in metres, a tile's error looks no larger.
NEAREST = 1e-3


@dataclass(frozen=True, slots=True)
class Candidates:
    """The headers known so far, as columns; the root first, parents before their children.

    `parent` is a row of these (-1: the root), `box` six metres a row, the others as in
    `TileHeader`. The children of a tile together cover all that it does, in space and in time.
    """

    parent: Sequence[int]
    box: Sequence[Sequence[float]]
    error: Sequence[float]
    lo: Sequence[int]
    hi: Sequence[int]
    nodes: Sequence[int]
    spans: Sequence[int]


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows of the tiles to hold, most wanted first, and of those to draw now, ascending."""

    resident: list[int]
    drawn: list[int]


def candidates(root: TileHeader) -> tuple[Candidates, list[str]]:
    """Return all headers below (and with) `root` as columns, and their ids."""
    headers, parent = [root], [-1]
    for row, header in enumerate(headers):
        headers += header.children
        parent += [row] * len(header.children)
    columns = Candidates(
        parent, [h.box for h in headers], [h.error for h in headers], [h.lo for h in headers],
        [h.hi for h in headers], [h.nodes for h in headers], [h.spans for h in headers])
    return columns, [h.id for h in headers]


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
    the nearest in time first. Ties go to the smaller row. O(n²) in the tiles weighed, at worst.
    """
    children: list[list[int]] = [[] for _ in tiles.parent]
    for row, parent in enumerate(tiles.parent):
        if parent >= 0:
            children[parent].append(row)

    def screen(row: int) -> float:
        return tiles.error[row] * factor / max(_distance(tiles.box[row], eye), NEAREST)

    def now(row: int) -> bool:
        return tiles.lo[row] <= rank < tiles.hi[row]

    def gap(row: int) -> int:
        return tiles.lo[row] - rank if rank < tiles.lo[row] else rank - tiles.hi[row] + 1

    held = [False] * len(tiles.parent)
    held[0] = True
    resident: list[int] = [0]
    coarse: list[int] = [0] if screen(0) > 1.0 else []
    nodes, spans = tiles.nodes[0], tiles.spans[0]

    waiting: list[int] = list(coarse)
    while waiting:
        best = max(sorted(waiting), key=screen)
        waiting.remove(best)
        group = [child for child in children[best] if now(child)]
        more_nodes = sum(tiles.nodes[child] for child in group) - tiles.nodes[best]
        more_spans = sum(tiles.spans[child] for child in group)
        if not group or nodes + more_nodes > node_budget or spans + more_spans > span_budget:
            continue
        nodes, spans = nodes + more_nodes, spans + more_spans
        for child in group:
            held[child] = True
            resident.append(child)
            if screen(child) > 1.0:
                coarse.append(child)
                waiting.append(child)

    waiting = [child for row in coarse for child in children[row] if not now(child)]
    while waiting:
        best = min(sorted(waiting), key=gap)
        waiting.remove(best)
        if tiles.nodes[best] > node_budget or spans + tiles.spans[best] > span_budget:
            continue
        spans += tiles.spans[best]
        held[best] = True
        resident.append(best)
        if screen(best) > 1.0:
            waiting += children[best]
    return Cut(resident, drawn(tiles, held, rank))


def drawn(tiles: Candidates, held: Sequence[bool], rank: int) -> list[int]:
    """Return the rows to draw at `rank` (⌈t⌉) of those really held: each file is in one of them.

    A tile is drawn unless all of its children at this rank are held; then they are, in its place.
    """
    group: list[list[int]] = [[] for _ in tiles.parent]
    for row, parent in enumerate(tiles.parent):
        if parent >= 0 and tiles.lo[row] <= rank < tiles.hi[row]:
            group[parent].append(row)
    rows: list[int] = []
    waiting = [0]
    while waiting:
        row = waiting.pop()
        if group[row] and all(held[child] for child in group[row]):
            waiting += group[row]
        else:
            rows.append(row)
    return sorted(rows)


def _distance(box: Sequence[float], eye: Sequence[float]) -> float:
    """Return the distance from a point to the nearest point of a box."""
    x = max(box[0] - eye[0], 0.0, eye[0] - box[3])
    y = max(box[1] - eye[1], 0.0, eye[1] - box[4])
    z = max(box[2] - eye[2], 0.0, eye[2] - box[5])
    return math.sqrt(x * x + y * y + z * z)

