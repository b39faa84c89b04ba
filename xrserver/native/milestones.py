"""What is written along the river: years, months and tags, each where the playhead passes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrserver.native.city import City, Labels
from xrserver.native.words import MONTHS

#: Beyond all nodes.
KEYS = 0x8000_0000
_YEAR, _TAG, _MONTH = 1, 2, 3
#: Above the mainline, as a share of how far the lanes reach, and metres at least.
_ABOVE, _ABOVE_LEAST = 0.12, 1.5


@dataclass(frozen=True, slots=True)
class Milestones:
    """Names along a river, by rank; one row each.

    Attributes
    ----------
    text : list of str
    ranks : (n,) int64
        Shown from here on.
    depths : (n,) int64
        As of districts: the lower, the more it counts.
    places : (n, 3) float64
        Metres, scene space.
    extents : (n,) float64
        How much of the river each has for itself, metres.
    """

    text: list[str]
    ranks: NDArray[np.int64]
    depths: NDArray[np.int64]
    places: NDArray[np.float64]
    extents: NDArray[np.float64]


NONE = Milestones([], np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 3)), np.empty(0))


def milestones(city: City) -> Milestones:
    """Return all of them for a history; none where there is no river."""
    if not len(city.course[0]):
        return NONE
    months = city.timeline.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    begins = np.flatnonzero(np.diff(months, prepend=months[:1] - 1))
    found: list[tuple[int, int, str]] = []
    year = None
    for rank, month in zip(begins.tolist(), months[begins].tolist(), strict=True):
        before, year = year, 1970 + month // 12
        found.append((rank, _YEAR, str(year)) if year != before
                     else (rank, _MONTH, f"{MONTHS[month % 12]} {year}"))
    found += [(rank, _TAG, name) for rank, name in city.landmarks if rank < len(city.timeline)]
    found.sort(key=lambda each: each[:2])
    ranks, depths = np.array([each[0] for each in found]), np.array([each[1] for each in found])
    on = city.along_river(ranks)
    places = on + (0.0, 1.0, 0.0) * np.maximum(_ABOVE * _reach(city, ranks), _ABOVE_LEAST)[:, None]
    # Until the next of its kind, but as far from the one before at most: of several at one place one is
    # shown.
    ends, since = np.full(len(found), len(city.timeline) - 1), np.full(len(found), np.inf)
    for kind in (_YEAR, _TAG, _MONTH):
        own = np.flatnonzero(depths == kind)
        counting = np.flatnonzero(depths <= kind)
        following = np.searchsorted(counting, own, side="right")
        ends[own] = np.append(ranks[counting], len(city.timeline) - 1)[following]
        if kind != _YEAR:
            since[own[1:]] = np.linalg.norm(np.diff(on[own], axis=0), axis=1)
    extents = np.minimum(np.linalg.norm(places - city.along_river(ends), axis=1), since)
    return Milestones([each[2] for each in found], ranks, depths, places, extents)


def along(labels: Labels, written: Milestones, rank: int) -> Labels:
    """Return labels with what is written along the river up to a rank, the largest first."""
    passed = int(np.searchsorted(written.ranks, rank, side="right"))
    if not passed:
        return labels
    radius = np.concatenate([labels.radius, 0.5 * written.extents[:passed] / written.depths[:passed]])
    order = np.argsort(-radius, kind="stable")
    text = labels.text + written.text[:passed]
    return Labels([text[i] for i in order.tolist()],
                  np.concatenate([labels.anchor, written.places[:passed]])[order], radius[order])


def _reach(city: City, at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how far lanes reach from the mainline at some ranks, metres."""
    ranks, _, across = city.course
    rows = np.maximum(np.searchsorted(ranks, at, side="right") - 1, 0)
    return np.linalg.norm(across[rows].astype(np.float64), axis=1)
