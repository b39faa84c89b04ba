"""The walk through the city: its nodes in an order in which neighbours follow each other.

A district comes before everything in it; its own files follow, then the districts within, along Hilbert's
curve. So whatever a tile covers is a stretch of rows: a district with all in it, its yard, some neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrserver.history.index import PathTree
from xrserver.layout.city import CityLayout

#: Files that stand in a row next to each other can be drawn as one block; no more than so many.
_LONGEST_RUN = 12
_BITS = 10


@dataclass(frozen=True, slots=True)
class Walk:
    """Rows of nodes and how they lie within each other. Rectangles are (centre x, centre z, width, depth).

    Attributes
    ----------
    node : (n,) int64
        Scene-wide ids.
    parent : (n,) int64
        Row of the district around; -1 for the root.
    end : (n,) int64
        Where what is below the node ends.
    yard_end : (n,) int64
        Of a district: where its own files, which follow it, end. Of a file: its own row.
    run_first, run_end : (n,) int64
        Of a file: where the files begin and end that it stands in a row with.
    depth : (n,) int64
        Districts around.
    outline, yard : (n, 4) float64, metres
        Of a district: its plate, and where its own files stand. Of a file: the rectangle of its run, twice.
    plot : (n, 4) float64, metres
        What the node itself takes up.
    """

    node: NDArray[np.int64]
    parent: NDArray[np.int64]
    end: NDArray[np.int64]
    yard_end: NDArray[np.int64]
    run_first: NDArray[np.int64]
    run_end: NDArray[np.int64]
    depth: NDArray[np.int64]
    outline: NDArray[np.float64]
    yard: NDArray[np.float64]
    plot: NDArray[np.float64]

    def rows(self, node: NDArray[np.unsignedinteger]) -> NDArray[np.int64]:
        """Return the row of each node of `node`, all of which are in the walk."""
        order = np.argsort(self.node, kind="stable")
        return order[np.searchsorted(self.node[order], node)]


def walk(paths: PathTree, layout: CityLayout, files: NDArray[np.int64]) -> Walk:
    """Return the walk through all districts of a layout and the `files` (path ids, ascending) in them.

    Notes
    -----
    Depends on the layout alone. O(n log n).
    """
    from xrserver.kernels.walk import curve, sizes_below, starts_of

    district = layout.district_path.astype(np.int64)
    row_of = np.full(len(paths.parent), -1, np.int64)
    row_of[district] = np.arange(len(district))
    around = row_of[paths.parent[district]]
    within = row_of[paths.parent[files]]
    own = 1 + np.bincount(within, minlength=len(district)).astype(np.int64)
    size = sizes_below(around, own)
    place = curve(layout.district, layout.district[around], _BITS)
    order = np.lexsort((district, place, layout.depth[district]))
    start = starts_of(around, size, own, order)

    number, outline = runs(layout.cell[files], layout.plot[files], within)
    place = curve(outline, layout.yard[within], _BITS)
    # Along a run, its files go one after the other.
    cell = layout.cell[files]
    order = np.lexsort((cell[:, 1], cell[:, 0], number, place, within))
    file_row = np.empty(len(files), np.int64)
    before = np.cumsum(own - 1) - (own - 1)
    file_row[order] = start[within[order]] + 1 + np.arange(len(files)) - before[within[order]]

    n = len(district) + len(files)

    def rows(of_districts: NDArray[np.int64], of_files: NDArray[np.int64]) -> NDArray[np.int64]:
        column = np.empty(n, np.int64)
        column[start], column[file_row] = of_districts, of_files
        return column

    def rectangles(of_districts: NDArray[np.float64],
                   of_files: NDArray[np.float64]) -> NDArray[np.float64]:
        column = np.empty((n, 4))
        column[start], column[file_row] = of_districts, of_files
        return column

    first = np.full(int(number.max(initial=-1)) + 1, n, np.int64)
    np.minimum.at(first, number, file_row)
    members = np.bincount(number, minlength=len(first)).astype(np.int64)
    parent = start[around]
    parent[:1] = -1
    return Walk(
        rows(2 * district + 1, 2 * files), rows(parent, start[within]), rows(start + size, file_row + 1),
        rows(start + own, file_row), rows(start, first[number]), rows(start, first[number] + members[number]),
        rows(layout.depth[district].astype(np.int64), layout.depth[files].astype(np.int64)),
        rectangles(layout.district, outline), rectangles(layout.yard, outline),
        rectangles(layout.district, layout.plot[files]))


def runs(cell: NDArray[np.float64], plot: NDArray[np.float64],
         within: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return which files stand in a row next to each other, and the rectangle that holds each one's row.

    Parameters
    ----------
    cell, plot : (n, 4) float64
        Of the files: neighbours' cells touch, what is built on is their plots.
    within : (n,) int64
        The district of each.

    Returns
    -------
    number : (n,) int64
        Equal for files of one run; a run holds nothing but its files.
    outline : (n, 4) float64
    """
    from xrserver.kernels.walk import chained

    n = len(cell)
    taken, number = np.zeros(n, np.bool_), np.zeros(n, np.int64)
    x, z, width, depth = (np.ascontiguousarray(cell[:, i]) for i in range(4))
    order = np.lexsort((z, width, x, within))
    count = chained(order, within, x, width, z, depth, _LONGEST_RUN, taken, number, 0)
    rest = np.flatnonzero(~taken)
    order = rest[np.lexsort((x[rest], depth[rest], z[rest], within[rest]))]
    count = chained(order, within, z, depth, x, width, _LONGEST_RUN, taken, number, count)
    rest = np.flatnonzero(~taken)
    number[rest] = count + np.arange(len(rest))

    low, high = plot[:, :2] - 0.5 * plot[:, 2:], plot[:, :2] + 0.5 * plot[:, 2:]
    least = np.full((int(number.max(initial=-1)) + 1, 2), np.inf)
    most = -least
    np.minimum.at(least, number, low)
    np.maximum.at(most, number, high)
    outline = np.concatenate([0.5 * (least + most), most - least], axis=1)
    return number, outline[number]
