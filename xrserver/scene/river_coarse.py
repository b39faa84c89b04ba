"""A stretch of a river drawn coarsely: commits near each other as one bead, and what joins those.

Commits are gathered into squares of (along × aside), the mainline through the middle of some. Two squares are
joined by a ribbon where any of their commits are, or by the mainline if both lie on it: what was joined
stays so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import COMMIT_NODES, RANK_END, SPANS, STRATA, Flag, Kind
from xrserver.scene.river import River
from xrserver.scene.spans import SceneColumns

#: A bead is no larger than this share of its square, a ribbon no wider than that.
_BEAD, _RIBBON = 0.36, 0.16
#: The bed may be off by this share of a square.
_BED = 0.25
#: Nearer to each other along the river than this, in metres, things are joined by a straight line.
_BESIDE = 1e-6


@dataclass(frozen=True, slots=True)
class Stretch:
    """Commits of a part, and what leads to their parents.

    Attributes
    ----------
    commits : (n,) int64
        Ranks, ascending.
    along, aside : (n,) float64, metres
    edge : (m,) int64
        To the parents of all of them: rows of the index's `parents`.
    child, parent : (m,) int64
        Rows of `commits`; the parent's is -1 where that is in another part.
    main : (m,) bool
    bed : (k,) int64
        Pieces of the bed.
    """

    commits: NDArray[np.int64]
    along: NDArray[np.float64]
    aside: NDArray[np.float64]
    edge: NDArray[np.int64]
    child: NDArray[np.int64]
    parent: NDArray[np.int64]
    main: NDArray[np.bool_]
    bed: NDArray[np.int64]

    @staticmethod
    def of(river: River, commits: NDArray[np.int64], bed: NDArray[np.int64]) -> Stretch:
        """Return some commits with their edges."""
        layout = river.layout
        edge = river.edges(commits)
        count = layout.parent_offsets[commits + 1] - layout.parent_offsets[commits]
        parents = layout.parents[edge].astype(np.int64)
        at = np.minimum(np.searchsorted(commits, parents), len(commits) - 1)
        return Stretch(commits, layout.along[commits], layout.aside[commits], edge,
                       np.repeat(np.arange(len(commits)), count),
                       np.where(commits[at] == parents, at, -1), river.on_mainline(edge), bed)


@dataclass(frozen=True, slots=True)
class Coarse:
    """What is drawn of a stretch, before it is written out.

    Attributes
    ----------
    of : (n,) int64
        Which square each commit is in.
    along, aside : (n_squares,) float64, metres
        Where the bead of each lies.
    edge, birth, edges : (n_pairs,) int64
        Of each pair that is joined: the edge that stands for all, when the first came, how many there are.
    row : (n_pieces,) int64
        The pair that each piece of a ribbon is of.
    curve : (n_pieces, 12) float64, metres
    bed, bed_length : (k,) int64
        Pieces of the bed, and for how many in a row each stands.
    """

    of: NDArray[np.int64]
    along: NDArray[np.float64]
    aside: NDArray[np.float64]
    edge: NDArray[np.int64]
    birth: NDArray[np.int64]
    edges: NDArray[np.int64]
    row: NDArray[np.int64]
    curve: NDArray[np.float64]
    bed: NDArray[np.int64]
    bed_length: NDArray[np.int64]

    @property
    def nodes(self) -> int:
        """How many nodes it has; each has one span."""
        return len(self.along) + len(self.row) + len(self.bed)


def error_of(river: River, size: float, stretched: float) -> float:
    """Return how far squares of a size may be off, metres, where the river's outside is so much longer.

    What is drawn of a commit is in its square, as its edges begin and end there; a bead is as large as
    its commits together, and a bridge may end where it began.
    """
    p = river.layout.parameters
    return (1.5 * stretched + _BEAD + _BED) * size + 2.0 * p.bead * p.most_bead + p.bridge


def coarse(river: River, stretch: Stretch, size: float, limit: int) -> Coarse | None:
    """Draw a stretch by squares of `size` metres; None where that takes more than `limit` nodes."""
    from xrserver.kernels.reaches import gathered, joined

    layout = river.layout
    bed, bed_length = _bed(river, stretch.bed, size)
    squares, of = gathered(stretch.along, stretch.aside, size, limit - len(bed))
    if squares < 0:
        return None
    inside = stretch.parent >= 0
    parents = layout.parents[stretch.edge].astype(np.int64)
    end = of[stretch.parent]
    out = parents[~inside]
    # What leads out of it leads to squares as well.
    _, number = np.unique(np.stack([np.floor(layout.along[out] / size),
                                    np.floor(layout.aside[out] / size + 0.5)]), axis=1, return_inverse=True)
    end[~inside] = squares + number.reshape(-1)
    begin = of[stretch.child]
    along, aside, through = _places(river, stretch, of, squares)
    # The mainline joins what lies on it: what else goes from there to there would run within it.
    beside = np.abs(layout.aside[parents]) < 0.5 * size
    within = ~stretch.main & through[begin] & np.where(inside, through[np.where(inside, end, 0)], beside)
    end[within] = begin[within]
    pairs, first, chosen, edges = joined(begin, end, stretch.main, limit - len(bed) - squares)
    if pairs < 0:
        return None

    # Parents elsewhere are met where they are: how their part is drawn is not known.
    outside = ~inside[chosen]
    at_parent = np.where(outside, squares + np.arange(pairs), end[chosen])
    every_along = np.concatenate([along, layout.along[parents[chosen]]])
    every_aside = np.concatenate([aside, layout.aside[parents[chosen]]])
    row, curve = _curves(river, begin[chosen], at_parent, layout.route[stretch.edge[chosen]], every_along,
                         every_aside)
    if len(row) + squares + len(bed) > limit:
        return None
    birth = stretch.commits[stretch.child[first]]
    # What the mainline joins instead is joined from the beginning.
    soonest = np.full(squares, RANK_END)
    np.minimum.at(soonest, of[stretch.child[within]], stretch.commits[stretch.child[within]])
    birth = np.where(stretch.main[chosen], np.minimum(birth, soonest[begin[chosen]]), birth)
    return Coarse(of, along, aside, stretch.edge[chosen], birth, edges, row, curve, bed, bed_length)


def coarse_columns(river: River, stretch: Stretch, drawn: Coarse, size: float) -> SceneColumns:
    """Return the columns of a stretch that is drawn coarsely."""
    p, of = river.layout.parameters, drawn.of
    n = len(drawn.along)
    count = np.bincount(of, minlength=n)
    order = np.argsort(of, kind="stable")
    first = np.concatenate(([0], np.cumsum(count)))[:-1]
    newest = stretch.commits[order[first + count - 1]]
    # The newest of the mainline stands for those that are with it.
    main = np.flatnonzero(river.layout.chain[stretch.commits] == 0)
    newest[of[main]] = stretch.commits[main]

    beads = SPANS.empty(n)
    beads["birth"], beads["death"] = stretch.commits[order[first]], RANK_END
    beads["node"] = COMMIT_NODES + 2 * newest
    beads["author"] = _commonest(of, river.author[stretch.commits], n)
    # As large as all of them together.
    volume = np.bincount(of, river.radius[stretch.commits] ** 3, minlength=n)
    radius = np.where(count > 1, np.minimum(np.cbrt(volume), max(_BEAD * size, p.bead * p.most_bead)),
                      np.cbrt(volume))
    beads["position1"] = river.layout.places(drawn.along, drawn.aside)
    beads["position1"][:, 1] -= radius
    beads["size1"], beads["value1"] = 2.0 * radius[:, None], count
    gone = np.bincount(of, river.gone[stretch.commits], minlength=n) == count
    flags = int(Flag.ENTERS) | np.where(count > 1, int(Flag.AGGREGATE), 0) | np.where(gone, int(Flag.GONE), 0)
    kind = _commonest(of, river.kind[stretch.commits].astype(np.int64), n)
    beads["traits"] = (int(Kind.BEAD) | (flags << 8) | (kind << 16)).astype(np.uint32)

    own = STRATA.empty(n)
    own["rank"], own["author"] = newest, river.author[newest]
    ribbons, strata = _ribbons(river, drawn, size)
    return river.written(beads, ribbons, river.bed(drawn.bed, drawn.bed_length), newest,
                         np.concatenate([own, strata]))


def _ribbons(river: River, drawn: Coarse, size: float) -> tuple[NDArray[np.void], NDArray[np.void]]:
    p, layout, row = river.layout.parameters, river.layout, drawn.row
    width = np.where(river.on_mainline(drawn.edge), p.current, p.branch)
    # Wider where it stands for many.
    many = np.minimum(width * np.sqrt(drawn.edges), np.maximum(_RIBBON * size, width))
    edge = drawn.edge[row]
    number = np.arange(len(row)) - np.searchsorted(row, row)
    piece = np.minimum(layout.first_piece[edge] + number,
                       np.maximum(layout.first_piece[edge + 1] - 1, layout.first_piece[edge]))
    ribbons, strata = river.ribbons(edge, drawn.birth[row], drawn.curve, piece, many[row])
    several = (drawn.edges > 1)[row]
    ribbons["traits"][several] |= np.uint32(int(Flag.AGGREGATE) << 8)
    return ribbons, strata


def _places(river: River, stretch: Stretch, of: NDArray[np.int64],
            squares: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return where beads lie: on the mainline where that runs through, else in the middle of their commits.

    And through which squares it runs.
    """
    main = river.layout.chain[stretch.commits] == 0
    through = np.bincount(of[main], minlength=squares) > 0
    weight = np.where(through[of], main, True).astype(np.float64)
    total = np.maximum(np.bincount(of, weight, minlength=squares), 1.0)
    along = np.bincount(of, weight * stretch.along, minlength=squares) / total
    aside = np.bincount(of, weight * stretch.aside, minlength=squares) / total
    return along, np.where(through, 0.0, aside), through


def _curves(river: River, child: NDArray[np.int64], parent: NDArray[np.int64], route: NDArray[np.uint8],
            along: NDArray[np.float64], aside: NDArray[np.float64],
            ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the ribbons between places: along the river, or straight where they lie side by side."""
    from xrserver.kernels.lanes import ALONG, FORK

    layout = river.layout
    beside = along[child] - along[parent] <= _BESIDE
    # Who leaves a lane does so at once, as long as nothing else is said.
    apart = np.abs(aside[child] - aside[parent]) > _BESIDE
    route = np.where((route == ALONG) & apart, FORK, route).astype(np.uint8)
    there = np.flatnonzero(~beside)
    row, curve = layout.curves(child[there].astype(np.int32), parent[there].astype(np.int32), route[there],
                               along, aside)
    row = there[row]
    near = np.flatnonzero(beside)
    begin = layout.places(along[parent[near]], aside[parent[near]])
    end = layout.places(along[child[near]], aside[child[near]])
    lines = np.concatenate([begin, end - begin, end, end - begin], axis=1)
    order = np.argsort(np.concatenate([row, near]), kind="stable")
    return np.concatenate([row, near])[order], np.concatenate([curve, lines])[order]


def _bed(river: River, pieces: NDArray[np.int64],
         size: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pieces of the bed that begin bands, and how many pieces long those are: one, two or four."""
    layout, together = river.layout, 1
    course = layout.course
    if layout.coiled and len(course) > 2:
        turn = np.diff(np.unwrap(np.arctan2(course[:, 2], course[:, 0])))
        sharp = float(np.abs(turn).max()) / 6.0  # each is drawn as three straight lines
        wide = float(np.hypot(course[:, 0], course[:, 2]).max())
        # What lies inside the curve lies above the cone: it must not hide the mainline.
        p = layout.parameters
        most = min(_BED * size, 0.5 * p.bead * p.most_bead / max(layout.shape.slope, 1e-9))
        while together < 4 and wide * (1.0 - np.cos(2.0 * together * sharp)) <= most:
            together *= 2
    elif len(course) > 2:
        long = layout.shape.length / (len(course) - 1)
        while together < 4 and 2.0 * together * long <= size:
            together *= 2
    new = np.ones(len(pieces), np.bool_)
    new[1:] = (np.diff(pieces) > 1) | (np.diff(pieces // together) > 0)
    first = np.flatnonzero(new)
    return pieces[first], np.diff(np.append(first, len(pieces)))


def _commonest(of: NDArray[np.int64], value: NDArray[np.int64], squares: int) -> NDArray[np.int64]:
    """Return the most frequent `value` (below 65536) of each square, the smaller of equals."""
    pairs, counts = np.unique((of << 16) | value, return_counts=True)
    order = np.lexsort((pairs & 0xFFFF, -counts, pairs >> 16))
    first = np.flatnonzero(np.diff(pairs[order] >> 16, prepend=-1))
    found = np.zeros(squares, np.int64)
    found[pairs[order][first] >> 16] = pairs[order][first] & 0xFFFF
    return found
