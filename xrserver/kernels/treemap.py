"""The stable squarified treemap: areas of a tree in, rectangles of its districts and files out.

After Bruls, Huizing and van Wijk, *Squarified Treemaps* (2000). What is ours: a district's own
files stand together in one rectangle, its *yard*, so that they can be drawn as one block from
afar; areas are integers, so that a sum does not depend on the order of the paths; and a district
is given the room its streets need before its neighbours are, so that files keep their density at
any depth.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.kernels.jit import kernel

#: Arrays of int64 and float64. (An element taken from a typed one would not be a number to pyright.)
Ints = NDArray[Any]
Floats = NDArray[Any]


@kernel
def comes_before(a: int, b: int, area: Ints, prefix: NDArray[Any], offsets: Ints,
                 names: NDArray[np.uint8]) -> Any:
    """Say whether path `a` is placed before its sibling `b`: larger first, then by name in bytes."""
    if area[a] != area[b]:
        return area[a] > area[b]
    if prefix[a] != prefix[b]:
        return prefix[a] < prefix[b]
    i, j = offsets[a] + 8, offsets[b] + 8
    while i < offsets[a + 1] and j < offsets[b + 1]:
        if names[i] != names[j]:
            return names[i] < names[j]
        i += 1
        j += 1
    return offsets[a + 1] - offsets[a] < offsets[b + 1] - offsets[b]


@kernel
def sort_siblings(members: Ints, start: int, end: int, spare: Ints, area: Ints,
                  prefix: NDArray[Any], offsets: Ints, names: NDArray[np.uint8]) -> None:
    """Merge-sort ``members[start:end]`` (path ids) in place by `comes_before`; `spare` is as long.

    Halves that are in order already are left alone: what comes presorted costs O(n).
    """
    run = 8
    for low in range(start, end, run):
        for i in range(low + 1, min(low + run, end)):
            moved = members[i]
            j = i
            while j > low and comes_before(moved, members[j - 1], area, prefix, offsets, names):
                members[j] = members[j - 1]
                j -= 1
            members[j] = moved
    while run < end - start:
        for low in range(start, end, 2 * run):
            middle, high = min(low + run, end), min(low + 2 * run, end)
            if middle >= high or not comes_before(members[middle], members[middle - 1], area, prefix,
                                                  offsets, names):
                continue
            i, j = low, middle
            for k in range(low, high):
                if i < middle and (j >= high or not comes_before(members[j], members[i], area, prefix,
                                                                 offsets, names)):
                    spare[k] = members[i]
                    i += 1
                else:
                    spare[k] = members[j]
                    j += 1
            for k in range(low, high):
                members[k] = spare[k]
        run *= 2


@kernel
def squarify(areas: Ints, count: int, rects: Floats, row: int, out: Floats) -> None:
    """Fill ``rects[row]`` (x, z, width, depth) with `count` cells of `areas` (falling) into ``out[:count]``.

    Rows are laid along the shorter side and grow while their worst aspect ratio gets better. Each
    takes its exact share of what is left, so the last one ends on the border.
    """
    x, z, w, d = rects[row, 0], rects[row, 1], rects[row, 2], rects[row, 3]
    left = np.int64(0)
    for i in range(count):
        left += areas[i]
    first = 0
    while first < count:
        short, long = min(w, d), max(w, d)
        taken = areas[first]
        thick = taken / left * long
        worst = max(short, thick) / max(min(short, thick), 1e-300)
        last = first + 1
        while last < count:
            wider = taken + areas[last]
            thick = wider / left * long
            longest, shortest = areas[first] / wider * short, areas[last] / wider * short
            ratio = max(longest / max(thick, 1e-300), thick / max(shortest, 1e-300))
            if ratio > worst:
                break
            worst, taken = ratio, wider
            last += 1
        thick = taken / left * long
        along = 0.0
        for i in range(first, last):
            length = areas[i] / taken * short
            if w >= d:
                out[i, 0], out[i, 1], out[i, 2], out[i, 3] = x, z + along, thick, length
            else:
                out[i, 0], out[i, 1], out[i, 2], out[i, 3] = x + along, z, length, thick
            along += length
        if w >= d:
            x, w = x + thick, max(w - thick, 0.0)
        else:
            z, d = z + thick, max(d - thick, 0.0)
        left -= taken
        first = last


@kernel
def inset(rects: Floats, row: int, margin: Any, share: float, out: Floats, at: int) -> None:
    """Shrink ``rects[row]`` by `margin` on every side, but by no more than `share` of its shorter side."""
    x, z, w, d = rects[row, 0], rects[row, 1], rects[row, 2], rects[row, 3]
    m = min(margin, share * min(w, d))
    out[at, 0], out[at, 1], out[at, 2], out[at, 3] = x + m, z + m, w - 2.0 * m, d - 2.0 * m


@kernel
def copy(source: Floats, row: int, out: Floats, at: Any) -> None:
    """Copy a rectangle. (An assignment of slices says the same and takes seconds to compile.)"""
    for i in range(4):
        out[at, i] = source[row, i]


@kernel
def insert_by_area(areas: Ints, codes: Ints, count: int, area: int, code: int) -> None:
    """Put one more item into `areas` (falling) and `codes` behind those at least as large."""
    i = count
    while i > 0 and areas[i - 1] < area:
        areas[i], codes[i] = areas[i - 1], codes[i - 1]
        i -= 1
    areas[i], codes[i] = area, code


@kernel
def subtree_areas(parent: Ints, offsets: Ints, names: Ints, file_area: Ints, margin: Floats, unit: float,
                  spare_share: float, spare_least: int) -> Any:
    """Sum areas up the tree: what each district needs, its streets included.

    Returns
    -------
    depth : (n_paths,) int32
    prefix : (n_paths,) uint64
        The first eight bytes of each name, for comparing.
    park, yard, district : (n_paths,) int64
        Area of the free room, of the yard (which has it) and of the district (which has both).
    """
    n = len(parent)
    depth, prefix = np.zeros(n, np.int32), np.zeros(n, np.uint64)
    for p in range(n):
        if p > 0:
            depth[p] = depth[parent[p]] + 1
        for i in range(8):
            prefix[p] <<= np.uint64(8)
            if offsets[p] + i < offsets[p + 1]:
                prefix[p] |= np.uint64(names[offsets[p] + i])
    park, yard, district = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    for p in range(n - 1, -1, -1):
        if yard[p] > 0:
            park[p] = max(np.int64(spare_share * yard[p]), spare_least)
            yard[p] += park[p]
        inside = yard[p] + district[p]
        if inside > 0:
            side = np.sqrt(inside * unit) + 2.0 * margin[min(depth[p], len(margin) - 1)]
            district[p] = max(np.int64(side * side / unit + 0.5), inside)
        if p > 0:
            yard[parent[p]] += file_area[p]
            district[parent[p]] += district[p]
    return depth, prefix, park, yard, district


@kernel
def grouped(members: Ints, parent: Ints) -> Any:
    """Group `members` (path ids) by parent, keeping their order: rows of CSR, and the members."""
    starts = np.zeros(len(parent) + 1, np.int64)
    for p in members:
        starts[parent[p] + 1] += 1
    for p in range(len(parent)):
        starts[p + 1] += starts[p]
    ends, out = starts.copy(), np.empty(len(members), np.int64)
    for p in members:
        out[ends[parent[p]]] = p
        ends[parent[p]] += 1
    return starts, out


@kernel
def sort_groups(starts: Ints, members: Ints, area: Ints, prefix: Ints, offsets: Ints, names: Ints) -> None:
    """Sort each group of siblings in place."""
    spare = np.empty(len(members), np.int64)
    for p in range(len(starts) - 1):
        if starts[p + 1] - starts[p] > 1:
            sort_siblings(members, starts[p], starts[p + 1], spare, area, prefix, offsets, names)


@kernel
def place(depth: Ints, park: Ints, yard_area: Ints, district_area: Ints, file_area: Ints,
          district_starts: Ints, districts: Ints, file_starts: Ints, files: Ints, street: Floats,
          kerb: Floats, unit: float, aspect: float, gap: float, margin_share: float) -> Any:
    """Give every district, yard, file and free room its rectangle, from the root down."""
    n = len(depth)
    at, count = np.full(n, -1, np.int32), 0
    for p in range(n):
        if district_area[p] > 0:
            at[p] = count
            count += 1
    district_path = np.empty(count, np.int32)
    cell, plate = np.zeros((n, 4)), np.zeros((count, 4))
    yard, spare = np.zeros((count, 4)), np.zeros((count, 4))
    room = max(len(files), len(districts)) + 1
    areas, codes = np.empty(room, np.int64), np.empty(room, np.int64)
    cells, inner = np.zeros((room, 4)), np.zeros((1, 4))
    if count > 0:
        plate[0, 2] = np.sqrt(district_area[0] * unit * aspect)
        plate[0, 3] = district_area[0] * unit / plate[0, 2]
        plate[0, 0], plate[0, 1] = -0.5 * plate[0, 2], -0.5 * plate[0, 3]
    for p in range(n):
        row = at[p]
        if row < 0:
            continue
        district_path[row] = p
        level = min(depth[p], len(street) - 1)
        inset(plate, row, street[level], margin_share, plate, row)
        inset(plate, row, kerb[level], margin_share, inner, 0)
        for part in range(2):
            # First the districts within and the yard, then the files and what is free in the yard.
            starts, members, area = district_starts, districts, district_area
            last, outside, target, last_target, where = yard_area[p], inner, plate, yard, 0
            if part == 1:
                starts, members, area = file_starts, files, file_area
                last, outside, target, last_target, where = park[p], yard, cell, spare, row
            count = 0
            for i in range(starts[p], starts[p + 1]):
                codes[count], areas[count] = members[i], area[members[i]]
                count += 1
            if last > 0:
                insert_by_area(areas, codes, count, last, -1)
                count += 1
            squarify(areas, count, outside, where, cells)
            for i in range(count):
                if codes[i] < 0:
                    copy(cells, i, last_target, row)
                else:
                    copy(cells, i, target, codes[i] if part == 1 else at[codes[i]])
    plot = np.empty((n, 4))
    for p in range(n):
        inset(cell, p, gap, margin_share, plot, p)
    for rects in (cell, plot, plate, yard, spare):
        for p in range(len(rects)):
            rects[p, 0] += 0.5 * rects[p, 2]
            rects[p, 1] += 0.5 * rects[p, 3]
    return cell, plot, district_path, plate, yard, spare


def treemap(parent: NDArray[np.int32], offsets: NDArray[np.int64], names: NDArray[np.uint8],
            file_area: NDArray[np.int64], street: NDArray[np.float64], kerb: NDArray[np.float64], unit: float,
            aspect: float, spare_share: float, spare_least: int, gap: float, margin_share: float) -> Any:
    """Place every file and district of a path tree. (Its steps are kernels of their own:
    they compile sooner than one large one.)

    Parameters
    ----------
    parent, offsets, names
        The path tree, as `history.index.PathTree` has it.
    file_area : (n_paths,) int64
        Area of the file at each path in `unit` m²; 0 where there never was one.
    street, kerb : (levels,) float64, metres
        Air around a district, and from the rim of its plate to what stands on it, by depth.
    unit : float, m²
    aspect : float
        Width / depth of the whole.
    spare_share, spare_least : float, int
        Free room in each yard: a share of its files' area, and the least in `unit` m².
    gap : float, metres
        Air on each side of a file's plot.
    margin_share : float
        No gap, street or kerb takes more than this share of a rectangle's shorter side.

    Returns
    -------
    cell, plot : (n_paths, 4) float64, metres
        (centre x, centre z, width, depth) of each file; zero where there never was one.
    district_path : (n_districts,) int32
        The paths that are districts, ascending: the rows of the next three.
    plate, yard, spare : (n_districts, 4) float64, metres
        The district, the part of it where its own files stand, and what is free in that.
    depth : (n_paths,) int32
        Districts around the path; the root's is 0.
    """
    depth, prefix, park, yard_area, area = subtree_areas(
        parent, offsets, names, file_area, street + kerb, unit, spare_share, spare_least)

    def siblings(own: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        # Presorted by area (NumPy does that in SIMD), only ties are left to the names.
        order = np.argsort(-own)[:np.count_nonzero(own)]
        starts, members = grouped(order[order > 0], parent)
        sort_groups(starts, members, own, prefix, offsets, names)
        return starts, members

    placed = place(depth, park, yard_area, area, file_area, *siblings(area), *siblings(file_area), street,
                   kerb, unit, aspect, gap, margin_share)
    return (*placed, depth)
