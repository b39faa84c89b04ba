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
def treemap(parent: NDArray[np.int32], offsets: Ints, names: NDArray[np.uint8], file_area: Ints,
            file_order: Ints, street: Floats, kerb: Floats, unit: float, aspect: float, spare_share: float,
            spare_least: int, margin_share: float) -> Any:
    """Place every file and district of a path tree.

    Parameters
    ----------
    parent, offsets, names
        The path tree, as `history.index.PathTree` has it.
    file_area : (n_paths,) int64
        Area of the file at each path in `unit` m²; 0 where there never was one.
    file_order : (n_files,) int64
        The paths with an area, largest first, ties in any order.
    street, kerb : (levels,) float64, metres
        Air around a district, and from the rim of its plate to what stands on it, by depth.
    unit : float, m²
    aspect : float
        Width / depth of the whole.
    spare_share, spare_least : float, int
        Free room in each yard: a share of its files' area, and the least in `unit` m².
    margin_share : float
        No street or kerb takes more than this share of a rectangle's shorter side.

    Returns
    -------
    cell : (n_paths, 4) float64, metres
        (min x, min z, width, depth) of each file; zero where there never was one.
    district_path : (n_districts,) int32
        The paths that are districts, ascending: the rows of the next three.
    plate, yard, spare : (n_districts, 4) float64, metres
        The district, the part of it where its own files stand, and what is free in that.
    depth : (n_paths,) int32
        Districts around the path; the root's is 0.
    """
    n = len(parent)
    deepest = len(street) - 1
    depth = np.zeros(n, np.int32)
    prefix = np.zeros(n, np.uint64)
    for p in range(n):
        if p > 0:
            depth[p] = depth[parent[p]] + 1
        for i in range(8):
            prefix[p] <<= np.uint64(8)
            if offsets[p] + i < offsets[p + 1]:
                prefix[p] |= np.uint64(names[offsets[p] + i])

    yard_area, park_area = np.zeros(n, np.int64), np.zeros(n, np.int64)
    inside, area = np.zeros(n, np.int64), np.zeros(n, np.int64)
    file_start, district_start = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    for p in range(n - 1, -1, -1):
        if yard_area[p] > 0:
            park_area[p] = max(np.int64(spare_share * yard_area[p]), spare_least)
            yard_area[p] += park_area[p]
        total = yard_area[p] + inside[p]
        if total > 0:
            level = min(depth[p], deepest)
            side = np.sqrt(total * unit) + 2.0 * (street[level] + kerb[level])
            area[p] = max(np.int64(side * side / unit + 0.5), total)
        if p > 0:
            q = parent[p]
            inside[q] += area[p]
            yard_area[q] += file_area[p]
            file_start[q + 1] += file_area[p] > 0
            district_start[q + 1] += area[p] > 0
    for p in range(n):
        file_start[p + 1] += file_start[p]
        district_start[p + 1] += district_start[p]

    files, districts = np.empty(file_start[n], np.int64), np.empty(district_start[n], np.int64)
    next_file, next_district = file_start.copy(), district_start.copy()
    for p in range(1, n):
        q = parent[p]
        if area[p] > 0:
            districts[next_district[q]] = p
            next_district[q] += 1
    for p in file_order:
        q = parent[p]
        files[next_file[q]] = p
        next_file[q] += 1

    at = np.full(n, -1, np.int32)
    count = 0
    for p in range(n):
        if area[p] > 0:
            at[p] = count
            count += 1
    district_path = np.empty(count, np.int32)
    cell, plate = np.zeros((n, 4)), np.zeros((count, 4))
    yard, spare = np.zeros((count, 4)), np.zeros((count, 4))
    room = max(len(files), len(districts)) + 1
    scratch, areas, codes = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    cells, inner = np.zeros((room, 4)), np.zeros((1, 4))
    if count > 0:
        plate[0, 2] = np.sqrt(area[0] * unit * aspect)
        plate[0, 3] = area[0] * unit / plate[0, 2]
        plate[0, 0], plate[0, 1] = -0.5 * plate[0, 2], -0.5 * plate[0, 3]
    for p in range(n):
        row = at[p]
        if row < 0:
            continue
        district_path[row] = p
        level = min(depth[p], deepest)
        inset(plate, row, street[level], margin_share, plate, row)
        inset(plate, row, kerb[level], margin_share, inner, 0)

        start, end = district_start[p], district_start[p + 1]
        sort_siblings(districts, start, end, scratch, area, prefix, offsets, names)
        count = end - start
        for i in range(count):
            codes[i] = districts[start + i]
            areas[i] = area[codes[i]]
        if yard_area[p] > 0:
            insert_by_area(areas, codes, count, yard_area[p], -1)
            count += 1
        squarify(areas, count, inner, 0, cells)
        for i in range(count):
            if codes[i] < 0:
                copy(cells, i, yard, row)
            else:
                copy(cells, i, plate, at[codes[i]])

        start, end = file_start[p], file_start[p + 1]
        if start == end:
            continue
        sort_siblings(files, start, end, scratch, file_area, prefix, offsets, names)
        count = end - start
        for i in range(count):
            codes[i] = files[start + i]
            areas[i] = file_area[codes[i]]
        if park_area[p] > 0:
            insert_by_area(areas, codes, count, park_area[p], -1)
            count += 1
        squarify(areas, count, yard, row, cells)
        for i in range(count):
            if codes[i] < 0:
                copy(cells, i, spare, row)
            else:
                copy(cells, i, cell, codes[i])
    return cell, district_path, plate, yard, spare, depth
