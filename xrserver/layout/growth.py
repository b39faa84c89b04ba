"""Room for what comes later: a free plot of its district, else an annex at the district's edge.

Nothing that stands is moved. A district's free room is kept as rectangles of which pieces are cut off.
Where it has none left, files stand in the street around it, and what is too large for that stands
outside the city, beyond its right edge, where there is always room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from xrserver.history.index import PathTree
from xrserver.layout.city import CityLayout, CityParameters, lay_out_city
from xrserver.layout.placement import Placement

#: Least x, least z, width, depth.
Rectangle = tuple[float, float, float, float]

#: What does not fit is made smaller by this, again and again, but not below `_SMALLEST` of its side.
_STEP, _SMALLEST = 0.8, 0.4
#: A new file is given this share of the median file's cell at least: it has yet to grow.
_ROOM = 0.6
#: The share of its street that a district's annex takes.
_STREET_SHARE = 0.7
#: So many pieces of a district's free room at least.
_PIECES = 4


@dataclass(slots=True)
class _Free:
    """Free rectangles on one level: in a district's yard, and in the street around it."""

    yard: list[Rectangle]
    street: list[Rectangle]
    largest: float
    """Area of the largest piece that is given away, m²."""


class Growth:
    """Places what comes to a city that stands.

    Parameters
    ----------
    layout, parameters
        Of the city.
    placement : Placement
        Is added to.
    """

    def __init__(self, layout: CityLayout, parameters: CityParameters, placement: Placement) -> None:
        self.placement = placement
        self._parameters = parameters
        self._free: dict[int, _Free] = {}
        weights = _weight(placement.ever[placement.ever >= 0], parameters)
        #: Square metres of a file's cell by its weight.
        self._scale = parameters.plot_area / float(np.median(weights)) if len(weights) else 1.0
        for row, path in enumerate(layout.district_path.tolist()):
            self._open(path, _corner(layout.spare[row]))
        root = placement.district[0] if len(placement.district) else np.zeros(4)
        # Beyond the right edge: columns from the back to the front, each as wide as its widest.
        air = parameters.street
        self._column = root[0] + 0.5 * root[2] + air
        self._back, self._front = root[1] - 0.5 * root[3], root[1] + 0.5 * root[3]
        self._width, self._at = 0.0, self._back

    def place(self, paths: PathTree, sizes: Mapping[int, int]) -> None:
        """Give a place to files that have none.

        Parameters
        ----------
        paths : PathTree
            The tree as it is now.
        sizes : mapping of int to int, bytes
            New files by path id, in the order in which they came.
        """
        self.placement.extend(paths, self._parameters.plate)
        quarters: dict[int, dict[int, int]] = {}
        for path, size in sizes.items():
            around = int(paths.parent[path])
            new = -1
            while around and not self._is_district(around):
                new, around = around, int(paths.parent[around])
            if new < 0:
                self._place_file(path, around, size)
            else:
                quarters.setdefault(new, {})[path] = size
        for path, files in quarters.items():
            self._place_quarter(paths, path, files)

    def _is_district(self, path: int) -> bool:
        return bool(self.placement.district[path, 2] > 0)

    # --- files --------------------------------------------------------------------------------

    def _place_file(self, path: int, district: int, size: int) -> None:
        placement, parameters = self.placement, self._parameters
        free = self._free.get(district)
        area = max(self._area(size), _ROOM * parameters.plot_area)
        cell: Rectangle | None = None
        street = False
        if free is not None:
            side = min(area, free.largest) ** 0.5
            cell = _cut(free.yard, side, side, _SMALLEST)
            if cell is None:
                cell, street = _cut(free.street, side, side, 0.25), True
                street = cell is not None
        if cell is None:
            side = area ** 0.5
            cell, street = self._outside(side, side), True
            placement.ground[path] = 0.0
        elif street:
            placement.ground[path] = max(placement.ground[path] - parameters.plate, 0.0)
        self._settle(path, cell)

    def _settle(self, path: int, cell: Rectangle) -> None:
        x, z, w, d = cell
        gap = min(self._parameters.gap, self._parameters.gap_share * min(w, d))
        self.placement.plot[path] = x + 0.5 * w, z + 0.5 * d, w - 2 * gap, d - 2 * gap
        self.placement.ever[path] = (w * d / self._scale) ** (1.0 / self._parameters.size_exponent)

    def _area(self, size: float) -> float:
        return float(_weight(np.array([size], np.float64), self._parameters)[0]) * self._scale

    # --- directories --------------------------------------------------------------------------

    def _place_quarter(self, paths: PathTree, top: int, files: Mapping[int, int]) -> None:
        """Lay out a new directory with what came in it, and find room for all of it."""
        placement, parameters = self.placement, self._parameters
        tree, ids = _subtree(paths, top, files)
        least = (_ROOM * parameters.plot_area / self._scale) ** (1.0 / parameters.size_exponent)
        sizes = np.full(len(ids), -1, np.int64)
        for row, path in enumerate(ids):
            if path in files:
                sizes[row] = max(files[path], int(least))
        level = int(placement.depth[top])
        narrowed = parameters.narrowing ** level
        median = float(np.median(_weight(sizes[sizes >= 0].astype(np.float64), parameters)))
        made = lay_out_city(tree, sizes, replace(
            parameters, plot_area=median * self._scale, street=parameters.street * narrowed,
            kerb=parameters.kerb * narrowed, aspect=1.0))
        wide, deep = float(made.district[0, 2]), float(made.district[0, 3])
        air = parameters.gap
        free = self._free.get(int(paths.parent[top]))
        room = _cut(free.yard, wide + 2 * air, deep + 2 * air, _SMALLEST) if free is not None else None
        if room is None:
            room = self._outside(wide + 2 * air, deep + 2 * air)
            placement.rise[top] += placement.ground[top]
            placement.ground[top] = 0.0
        x, z, w, _ = room
        shrunk = (w - 2 * air) / wide if w > 2 * air else w / (wide + 2 * air)
        middle = np.array([x + 0.5 * w, z + 0.5 * room[3], 0.0, 0.0])
        by_path = {int(path): row for row, path in enumerate(made.district_path)}
        for row, path in enumerate(ids):
            if row in by_path:
                at = by_path[row]
                placement.district[path] = made.district[at] * shrunk + middle
                self._open(path, _corner(made.spare[at] * shrunk + middle), 0.0 if path == top else shrunk)
            if path in files:
                placement.plot[path] = made.plot[row] * shrunk + middle
                placement.ever[path] = float(sizes[row])

    def _open(self, path: int, spare: Rectangle, shrunk: float = 1.0) -> None:
        """Keep a district's free room: what is left in its yard, and the street around it, `shrunk`."""
        parameters = self._parameters
        x, z, w, d = _corner(self.placement.district[path])
        level = int(self.placement.depth[path])
        street: list[Rectangle] = []
        if level:
            share = parameters.gap_share
            margin = min(parameters.street * parameters.narrowing ** (level - 1) * shrunk,
                         share / (1.0 - 2.0 * share) * min(w, d))
            m = _STREET_SHARE * margin if shrunk else 0.0
            if m > 0.0:
                street = [(x, z + d, w, m), (x, z - m, w, m), (x + w, z, m, d), (x - m, z, m, d)]
        area = spare[2] * spare[3]
        self._free[path] = _Free([spare] if area > 0 else [], street,
                                 area / _PIECES if area > 0 else parameters.plot_area)

    def _outside(self, wide: float, deep: float) -> Rectangle:
        """Return a rectangle outside the city."""
        if self._at > self._back and self._at + deep > self._front:
            self._column += self._width
            self._width, self._at = 0.0, self._back
        found = self._column, self._at, wide, deep
        self._width, self._at = max(self._width, wide), self._at + deep
        return found


def _weight(sizes: np.ndarray, parameters: CityParameters) -> np.ndarray:
    return np.maximum(sizes, parameters.size_floor) ** parameters.size_exponent


def _corner(rectangle: np.ndarray) -> Rectangle:
    """Return (centre x, centre z, width, depth) by its least corner."""
    x, z, w, d = rectangle.tolist()
    return x - 0.5 * w, z - 0.5 * d, w, d


def _cut(free: list[Rectangle], wide: float, deep: float, smallest: float) -> Rectangle | None:
    """Take a piece of that shape out of `free`, smaller where none is large enough; None where none is.

    It comes from the smallest rectangle that has it; what is left of that stays free, as two.
    """
    scale = 1.0
    while scale >= smallest:
        w, d = scale * wide, scale * deep
        fitting = [(each[2] * each[3], each) for each in free if each[2] >= w and each[3] >= d]
        if fitting:
            _, chosen = min(fitting)
            free.remove(chosen)
            x, z, room, length = chosen
            # The longer rest stays whole.
            beside = ((x + w, z, room - w, length), (x, z + d, w, length - d))
            behind = ((x + w, z, room - w, d), (x, z + d, room, length - d))
            rests = beside if room - w > length - d else behind
            free.extend(rest for rest in rests if rest[2] > 0 and rest[3] > 0)
            return x, z, w, d
        scale *= _STEP
    return None


def _subtree(paths: PathTree, top: int, files: Mapping[int, int]) -> tuple[PathTree, list[int]]:
    """Return the tree of `files` below `top`, which is its root, and the path id of each of its rows."""
    wanted = {top}
    for path in files:
        while path not in wanted:
            wanted.add(path)
            path = int(paths.parent[path])
    ids = sorted(wanted)  # a parent's id is smaller
    row = {path: at for at, path in enumerate(ids)}
    parent = np.array([0, *(row[int(paths.parent[path])] for path in ids[1:])], np.int32)
    text, bounds = paths.bytes, paths.offsets
    segments = [b"", *(text[bounds[path]:bounds[path + 1]].tobytes() for path in ids[1:])]
    offsets = np.cumsum([0, *map(len, segments)]).astype(np.int64)
    return PathTree(parent, offsets, np.frombuffer(b"".join(segments), np.uint8)), ids
