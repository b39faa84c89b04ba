"""The treemap of `xrserver.kernels.treemap`, slowly and plainly: dicts, lists and recursion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from xrserver.history.index import PathTree
from xrserver.layout.city import CityParameters

UNIT = 1e-4
LEVELS = 64

Rect = tuple[float, float, float, float]


def squarify(areas: list[int], rect: Rect) -> list[Rect]:
    """Lay areas (falling) into a rectangle, row by row along its shorter side."""
    x, z, w, d = rect
    cells: list[Rect] = []
    while areas:
        short, long, left = min(w, d), max(w, d), sum(areas)

        def worst(row: list[int], short: float = short, long: float = long, left: int = left) -> float:
            thick = sum(row) / left * long
            if len(row) == 1:
                return max(short, thick) / max(min(short, thick), 1e-300)
            return max(row[0] / sum(row) * short / max(thick, 1e-300),
                       thick / max(row[-1] / sum(row) * short, 1e-300))

        n = 1
        while n < len(areas) and worst(areas[:n + 1]) <= worst(areas[:n]):
            n += 1
        row, areas = areas[:n], areas[n:]
        thick, along = sum(row) / left * long, 0.0
        for area in row:
            length = area / sum(row) * short
            cells.append((x, z + along, thick, length) if w >= d else (x + along, z, length, thick))
            along += length
        if w >= d:
            x, w = x + thick, max(w - thick, 0.0)
        else:
            z, d = z + thick, max(d - thick, 0.0)
    return cells


def inset(rect: Rect, margin: float, share: float) -> Rect:
    m = min(margin, share * min(rect[2], rect[3]))
    return (rect[0] + m, rect[1] + m, rect[2] - 2.0 * m, rect[3] - 2.0 * m)


def place(tree: PathTree, area: list[int], p: CityParameters) -> dict[str, dict[int, Any]]:
    """Return rectangles (min x, min z, width, depth) by path id, as ``cell plot plate yard spare``."""
    n = len(tree.parent)
    text = tree.bytes.tobytes()
    name = [text[tree.offsets[i]:tree.offsets[i + 1]] for i in range(n)]
    children: list[list[int]] = [[] for _ in range(n)]
    depth = [0] * n
    for i in range(1, n):
        children[tree.parent[i]].append(i)
        depth[i] = depth[tree.parent[i]] + 1
    narrower = [float(x) for x in np.float64(p.narrowing) ** np.arange(LEVELS, dtype=np.float64)]
    street = [p.street * x for x in [0.0, *narrower[:-1]]]
    kerb = [p.kerb * x for x in narrower]
    least = p.spare_least * min((a for a in area if a), default=0)

    park, yard_area, outer = [0] * n, [0] * n, [0] * n
    for i in reversed(range(n)):
        files = sum(area[c] for c in children[i])
        if files:
            park[i] = max(int(p.spare_share * files), least)
            yard_area[i] = files + park[i]
        inside = yard_area[i] + sum(outer[c] for c in children[i])
        if inside:
            level = min(depth[i], LEVELS - 1)
            side = math.sqrt(inside * UNIT) + 2.0 * (street[level] + kerb[level])
            outer[i] = max(int(side * side / UNIT + 0.5), inside)

    out: dict[str, dict[int, Any]] = {"cell": {}, "plot": {}, "plate": {}, "yard": {}, "spare": {}}

    def arrange(members: list[int], own: list[int], extra: int, rect: Rect) -> tuple[dict[int, Rect], Rect]:
        order = sorted(members, key=lambda c: (-own[c], name[c]))
        items = [(own[c], c) for c in order]
        if extra:
            items.insert(sum(own[c] >= extra for c in order), (extra, -1))
        cells = dict(zip((c for _, c in items), squarify([a for a, _ in items], rect), strict=True))
        return cells, cells.pop(-1, (0.0, 0.0, 0.0, 0.0))

    if outer[0]:
        width = math.sqrt(outer[0] * UNIT * p.aspect)
        height = outer[0] * UNIT / width
        waiting = [(0, (-0.5 * width, -0.5 * height, width, height))]
        while waiting:
            i, rect = waiting.pop()
            level = min(depth[i], LEVELS - 1)
            plate = inset(rect, street[level], p.gap_share)
            districts, yard = arrange([c for c in children[i] if outer[c]], outer, yard_area[i],
                                      inset(plate, kerb[level], p.gap_share))
            files, spare = arrange([c for c in children[i] if area[c]], area, park[i], yard)
            out["plate"][i], out["yard"][i], out["spare"][i] = plate, yard, spare
            out["cell"].update(files)
            out["plot"].update({c: inset(r, p.gap, p.gap_share) for c, r in files.items()})
            waiting += districts.items()
    return out
