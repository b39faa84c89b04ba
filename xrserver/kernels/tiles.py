"""What a tile draws of the nodes in a stretch of the walk: themselves, thinned, or blocks of them.

Rows are those of `scene.walk.Walk`; arrays that a kernel makes for a tile begin at its first row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.kernels.jit import kernel

#: Arrays of integers and floats. (An element taken from a typed one would not be a number to pyright.)
Ints = NDArray[Any]
Floats = NDArray[Any]

#: What becomes of a row: it is not there in the window, it is drawn itself, it is inside a block.
ABSENT, ITSELF, INSIDE = 0, 1, 2
#: What a block stands for: a district with all in it, a district's own files, files in a row.
WHOLE, YARD, RUN = 0, 1, 2


@kernel
def in_window(first: Ints, birth: Ints, death: Ints, a: int, b: int, lo: int, hi: int) -> Any:
    """Return where the spans of the rows [a, b) that the window [lo, hi) holds begin and end.

    Those are the spans born before `hi` that were not gone before `lo`: the playheads in
    (lo - 1, lo) still see what dies at `lo`.
    """
    begin, end = np.empty(b - a, np.int64), np.empty(b - a, np.int64)
    for row in range(a, b):
        i, j = first[row], first[row + 1]
        while i < j and death[i] < lo:
            i += 1
        while j > i and birth[j - 1] >= hi:
            j -= 1
        begin[row - a], end[row - a] = i, j
    return begin, end


@kernel
def highest(begin: Ints, end: Ints, top: Floats) -> Any:
    """Return how high anything of the spans [begin, end) is."""
    found = 0.0
    for row in range(len(begin)):
        for i in range(begin[row], end[row]):
            found = max(found, np.float64(top[i]))
    return found


@kernel
def peaks(a: int, b: int, begin: Ints, end: Ints, top: Floats, node: Ints, parent: Ints,
          run_first: Ints) -> Any:
    """Return how high everything in each district, yard and run ever is within a window.

    Returns
    -------
    whole, yard, run : (b - a,) float64, metres, scene space
        By the row of the district, and of the first file of a run; -inf where nothing is.
    """
    whole = np.full(b - a, -np.inf)
    yard, run = whole.copy(), whole.copy()
    for row in range(b - 1, a - 1, -1):
        here, around = row - a, parent[row] - a
        for i in range(begin[here], end[here]):
            whole[here] = max(whole[here], np.float64(top[i]))
        if around >= 0:
            whole[around] = max(whole[around], whole[here])
        if node[row] & 1 == 0:
            if around >= 0:
                yard[around] = max(yard[around], whole[here])
            if run_first[row] >= a:
                run[run_first[row] - a] = max(run[run_first[row] - a], whole[here])
    return whole, yard, run


@kernel
def looks(peak: Any, ground: Any, rects: Floats, row: int, least: float, share: float) -> Any:
    """Return the error of drawing something as one block: its height, or a share of its longer side."""
    return max(peak - ground, least, share * max(rects[row, 2], rects[row, 3]))


@kernel
def classify(a: int, b: int, begin: Ints, end: Ints, whole: Floats, yards: Floats, runs: Floats, node: Ints,
             ends: Ints, yard_end: Ints, run_first: Ints, run_end: Ints, depth: Ints, outline: Floats,
             yard: Floats, plate: float, least: float, share: float, error: float) -> Any:
    """Say what becomes of each row where no block may be further off than `error`: as few nodes as can be.

    Returns
    -------
    fate, block : (b - a,) int64
        `ABSENT`, `ITSELF` or `INSIDE`; and which block.
    kind, first, last : (n_blocks,) int64
        `WHOLE`, `YARD` or `RUN`, and the rows [first, last) it stands for.
    nodes : int
        Nodes that are drawn.
    """
    n = b - a
    fate, block = np.zeros(n, np.int64), np.full(n, -1, np.int64)
    kind, first, last = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    count, nodes, row = 0, 0, a
    while row < b:
        here = row - a
        what, to = -1, row
        if node[row] & 1 == 1:
            ground = plate * (depth[row] + 1)
            if whole[here] == -np.inf:
                row = min(ends[row], b)
                continue
            if ends[row] <= b and looks(whole[here], ground, outline, row, least, share) <= error:
                what, to = WHOLE, ends[row]
            else:
                if end[here] > begin[here]:
                    fate[here] = ITSELF
                    nodes += 1
                if (yard_end[row] <= b and yard_end[row] - row > 2 and yards[here] > -np.inf
                        and looks(yards[here], ground, yard, row, least, share) <= error):
                    what, to = YARD, yard_end[row]
                row += 1
        else:
            ground = plate * depth[row]
            if (run_first[row] == row and 1 < run_end[row] - row <= b - row and runs[here] > -np.inf
                    and looks(runs[here], ground, outline, row, least, share) <= error):
                what, to = RUN, run_end[row]
            else:
                if end[here] > begin[here]:
                    fate[here] = ITSELF
                    nodes += 1
                row += 1
        if what >= 0:
            kind[count], first[count], last[count] = what, row, to
            for inside in range(row, to):
                fate[inside - a], block[inside - a] = INSIDE, count
            count += 1
            nodes += 1
            row = to
    return fate, block, kind[:count], first[:count], last[:count], nodes


@kernel
def thin(a: int, b: int, fate: Ints, begin: Ints, end: Ints, birth: Ints, death: Ints, top: Floats,
         width: Floats, length: Floats, tolerance: float, limit: int) -> Any:
    """Keep of each row that is drawn itself the spans without which it would be off by more than `tolerance`.

    Returns
    -------
    count : int
        Spans kept; -1 where they are more than `limit`.
    kept, last : (count,) int64
        The span, and the last of those that it stands for.
    before : (count,) int64
        The kept span that it goes on from, where that is not what it went on from anyway; else -1.
    """
    kept, last, before = np.empty(limit, np.int64), np.empty(limit, np.int64), np.empty(limit, np.int64)
    count = 0
    for row in range(a, b):
        here = row - a
        if fate[here] != ITSELF:
            continue
        fresh = True
        for i in range(begin[here], end[here]):
            if not fresh and birth[i] == death[i - 1]:
                held = kept[count - 1]
                off = max(abs(top[i] - top[held]), 0.5 * abs(width[i] - width[held]),
                          0.5 * abs(length[i] - length[held]))
                if off <= tolerance:
                    last[count - 1] = i
                    continue
                follows = held if held != i - 1 else -1
            else:
                follows = -1
            if count >= limit:
                return -1, kept, last, before
            kept[count], last[count], before[count] = i, i, follows
            count += 1
            fresh = False
    return count, kept[:count], last[:count], before[:count]


@kernel
def events_of(a: int, b: int, begin: Ints, end: Ints, birth: Ints, death: Ints, lo: int, hi: int) -> Any:
    """Return what comes and goes in a window as keys to sort: rank (from lo - 1), going, span.

    Bits 33 and up are the rank from `lo` - 1 on, bit 32 says that the span ends there, the rest is its row.
    """
    count = 0
    for here in range(b - a):
        count += 2 * (end[here] - begin[here])
    keys = np.empty(count, np.int64)
    count = 0
    for here in range(b - a):
        for i in range(begin[here], end[here]):
            keys[count] = (np.int64(max(birth[i] - lo + 1, 0)) << 33) | i
            count += 1
            if death[i] < hi:
                keys[count] = (np.int64(death[i] - lo + 1) << 33) | (np.int64(1) << 32) | i
                count += 1
    return keys[:count]


@kernel
def most_standing(keys: Ints) -> int:
    """Return how many spans stand at once at most, of sorted events."""
    standing, most, i = 0, 0, 0
    while i < len(keys):
        rank = keys[i] >> 33
        while i < len(keys) and keys[i] >> 33 == rank:
            standing += 1 - 2 * ((keys[i] >> 32) & 1)
            i += 1
        most = max(most, standing)
    return most


@kernel
def sweep(keys: Ints, a: int, lo: int, rows: Ints, block: Ints, birth: Ints, top: Floats, width: Floats,
          length: Floats, ground: Floats, least: float, tolerance: float, limit: int) -> Any:
    """Follow the blocks through the ranks: each is as high as its buildings are, by the ground they cover.

    A new version begins only where that has moved by more than `tolerance`.

    Parameters
    ----------
    keys : (n,) int64
        Sorted events, as `events_of` makes them.
    rows : (n_spans,) int32
        The row of the walk that each span is of.
    block : (b - a,) int64
        As `classify` has it.
    ground : (n_blocks,) float64, metres
    limit : int
        Give up beyond so many versions.

    Returns
    -------
    count : int
        Versions; -1 where there would be more than `limit`.
    of, born, gone : (count,) int64
        Block, and the ranks; -1 where it has not gone. In the order of ranks.
    height : (count,) float64, metres
        Above the ground.
    """
    blocks = len(ground)
    live, filled, built = np.zeros(blocks, np.int64), np.zeros(blocks), np.zeros(blocks)
    newest, version = np.zeros(blocks, np.int64), np.full(blocks, -1, np.int64)
    touched, is_touched = np.empty(blocks, np.int64), np.zeros(blocks, np.bool_)
    of, born, gone = np.empty(limit, np.int64), np.empty(limit, np.int64), np.empty(limit, np.int64)
    height = np.empty(limit, np.float64)
    count, i = 0, 0
    while i < len(keys):
        rank = keys[i] >> 33
        changed = 0
        while i < len(keys) and keys[i] >> 33 == rank:
            span = keys[i] & 0xFFFF_FFFF
            going = (keys[i] >> 32) & 1
            i += 1
            k = block[rows[span] - a]
            if k < 0:
                continue
            sign = 1 - 2 * going
            live[k] += sign
            plot = np.float64(width[span]) * length[span]
            built[k] += sign * plot
            filled[k] += sign * plot * (top[span] - ground[k])
            if going == 0:
                newest[k] = max(newest[k], birth[span])
            if not is_touched[k]:
                is_touched[k] = True
                touched[changed] = k
                changed += 1
        for t in range(changed):
            k = touched[t]
            is_touched[k] = False
            now = rank + lo - 1
            if live[k] == 0:
                if version[k] >= 0:
                    gone[version[k]] = now
                version[k], filled[k], built[k] = -1, 0.0, 0.0
                continue
            # Of plates without buildings nothing but roundings may be left.
            wanted = max(filled[k] / built[k], least) if built[k] > 1e-3 else least
            if version[k] >= 0:
                if abs(wanted - height[version[k]]) <= tolerance:
                    continue
                gone[version[k]] = now
            if count >= limit:
                return -1, of, born, gone, height
            # What stood before the window came when the newest of it did.
            of[count], born[count] = k, newest[k] if rank == 0 else now
            gone[count], height[count] = -1, wanted
            version[k] = count
            count += 1
    return count, of[:count], born[:count], gone[:count], height[:count]


@kernel
def commonest(first: Ints, last: Ints, a: int, begin: Ints, end: Ints, node: Ints, value: Ints) -> Any:
    """Return the most frequent `value` (below 65536) of each block's files, the smaller of equals."""
    counts = np.zeros(65536, np.int64)
    out = np.zeros(len(first), np.int64)
    for k in range(len(first)):
        for row in range(first[k], last[k]):
            if node[row] & 1 == 0:
                for i in range(begin[row - a], end[row - a]):
                    v = value[i]
                    counts[v] += 1
                    if counts[v] > counts[out[k]] or (counts[v] == counts[out[k]] and v < out[k]):
                        out[k] = v
        for row in range(first[k], last[k]):
            for i in range(begin[row - a], end[row - a]):
                counts[value[i]] = 0
    return out


@kernel
def borders(a: int, b: int, begin: Ints, end: Ints, node: Ints, parent: Ints, run_first: Ints, depth: Ints,
            parts: int) -> Any:
    """Cut the rows [a, b) into so many stretches of about as many spans, between districts where it can be.

    Returns
    -------
    (n,) int64
        Where the stretches begin; `a` first.
    """
    total = 0
    for here in range(b - a):
        total += end[here] - begin[here] + 1
    out = np.empty(parts, np.int64)
    out[0], count = a, 1
    row, sum_ = a, 0
    while count < parts:
        # What is left, shared by the parts that are left; a border may lie half a share off.
        share = (total - sum_) / (parts - count + 1)
        reached, best, worst, off = 0, -1, 0, 0.0
        seen = row
        while seen < b:
            reached += end[seen - a] - begin[seen - a] + 1
            seen += 1
            if seen >= b or (reached > 1.5 * share and best >= 0):
                break
            if reached < 0.5 * share:
                continue
            # Between whole districts is best, within a run worst; what follows a plate stays with it.
            rank = 2 * depth[seen]
            if node[seen] & 1 == 0:
                rank += 1 if run_first[seen] == seen else 1000
            if parent[seen] == seen - 1:
                rank += 2000
            apart = abs(reached - share)
            if best < 0 or rank < worst or (rank == worst and apart < off):
                best, worst, off = seen, rank, apart
        if best < 0:
            break
        while row < best:
            sum_ += end[row - a] - begin[row - a] + 1
            row += 1
        out[count] = best
        count += 1
    return out[:count]
