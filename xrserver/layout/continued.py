"""A river that goes on: where the commits are that came after it was laid out.

What has a place keeps it. The course is continued beyond its end, by the steps that were usual when it was
laid out; a commit takes the lane of its first parent where that is still free, else the first that is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xrserver.history.index import HistoryIndex
from xrserver.layout.river import RiverLayout, aside_of, steps_between, usual_gap
from xrserver.room import Room


class Continued:
    """A river's layout, and what becomes of it.

    Parameters
    ----------
    layout : RiverLayout
    index : HistoryIndex
        What it was made of.

    Attributes
    ----------
    layout : RiverLayout
        With all commits that came since. Places of its course are one for each of them; pieces of its ribbons
        are numbered behind all there were, those of the bed among them.
    """

    def __init__(self, layout: RiverLayout, index: HistoryIndex) -> None:
        self.layout = layout
        self._behind = Room()
        self._usual, p = usual_gap(index.timeline), layout.parameters
        # A winding beyond those that were laid out has room for the widest of them on either side.
        self._room = 2.0 * (float(np.abs(layout.aside).max()) + p.bead * p.most_bead) + p.air
        self._mainline = index.mainline
        chain = layout.chain
        self._chains = int(chain.max()) + 1
        self._ends, self._owners = layout.lane_end.tolist(), layout.lane_chain.tolist()
        # Who goes on in a commit of its own chain.
        self._followed = np.zeros(len(chain), np.bool_)
        child = np.flatnonzero(np.diff(layout.parent_offsets))
        parent = layout.parents[layout.parent_offsets[child]]
        self._followed[parent[chain[child] == chain[parent]]] = True
        self._piece = int(layout.first_piece[-1]) + len(layout.course_rank) - 1

    def holds(self, index: HistoryIndex) -> bool:
        """Return whether the mainline of a longer history goes on from its end, by new commits alone."""
        before = len(self._mainline)
        return (len(index.mainline) >= before and bool((index.mainline[:before] == self._mainline).all())
                and bool((index.mainline[before:] >= len(self.layout.along)).all()))

    def grow(self, index: HistoryIndex) -> list[int]:
        """Place the commits that `index` has more than the layout; it `holds`.

        Returns
        -------
        list of int
            Which commit each new piece leads to, by their numbers: of ribbons, then -1 for each of the bed.
        """
        layout, first, n = self.layout, len(self.layout.along), len(index.oids)
        p = layout.parameters
        lane, chain, route = self._lanes(index, first)
        step = steps_between(index.timeline[first - 1:], self._usual, p)
        behind = self._behind
        along = behind.joined("along", layout.along, layout.along[-1] + np.cumsum(step))
        own = aside_of(lane, p)
        aside = behind.joined("aside", layout.aside, own)
        layout = replace(layout, shape=layout.shape.continued(float(along[-1]), self._room))
        position = layout.places(along[first:], own)
        edges = np.arange(index.parent_offsets[first], len(index.parents))
        child = np.repeat(np.arange(first, n, dtype=np.int32), np.diff(index.parent_offsets[first:]))
        of, _ = layout.curves(child, index.parents[edges], route, along, aside)
        count = np.bincount(of, minlength=len(edges))
        pieces = self._piece + np.concatenate([[0], np.cumsum(count)])
        self._piece = int(pieces[-1]) + n - first

        on = layout.places(along[first:], np.zeros(n - first))
        wide = max(float(np.linalg.norm(layout.across[-1])), float(np.abs(own).max()) + p.most_bead * p.bead)
        outside = layout.places(along[first:], np.full(n - first, wide))
        self._mainline = index.mainline
        more = {"chain": chain, "lane": lane, "position": position, "route": route,
                "course_rank": np.arange(first, n), "bed_piece": pieces[-1] + np.arange(n - first),
                "course": on, "across": outside - on}
        longer = {name: behind.joined(name, getattr(layout, name), values) for name, values in more.items()}
        self.layout = replace(
            layout, **longer, along=along, aside=aside, parents=index.parents,
            parent_offsets=index.parent_offsets, first_piece=np.append(layout.first_piece[:-1], pieces))
        return [*child[of].tolist(), *[-1] * (n - first)]

    def _lanes(self, index: HistoryIndex, first: int) -> tuple[
            NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]:
        """Return lane and chain of each new commit, and how each of the new edges goes."""
        from xrserver.kernels.lanes import ALONG, BRIDGE, FORK, MERGE

        n = len(index.oids)
        main = set(index.mainline[np.searchsorted(index.mainline, first):].tolist())
        lane: list[int] = []
        chain: list[int] = []
        route: list[int] = []
        offsets, parents = index.parent_offsets[first:].tolist(), index.parents
        self._followed = self._behind.joined("followed", self._followed, np.zeros(n - first, np.bool_))

        def of(commit: int) -> tuple[int, int]:
            if commit < first:
                return int(self.layout.chain[commit]), int(self.layout.lane[commit])
            return chain[commit - first], lane[commit - first]

        for k in range(n - first):
            rank = first + k
            from_, *others = parents[offsets[k]:offsets[k + 1]].tolist() or [rank - 1]
            born = offsets[k] == offsets[k + 1]
            own, at = (0, 0) if rank in main else of(from_)
            along = not born and (rank in main or (
                own != 0 and not self._followed[from_] and self._owners[at] == own))
            if along or rank in main:
                self._followed[from_] = self._followed[from_] or along
            else:
                own, self._chains = self._chains, self._chains + 1
                at = next((i for i in range(1, len(self._ends)) if self._ends[i] <= from_), len(self._ends))
                if at == len(self._ends):
                    self._ends.append(0)
                    self._owners.append(own)
                self._owners[at] = own
            self._ends[at] = rank + 1
            lane.append(at)
            chain.append(own)
            if not born:
                route.append(ALONG if along and of(from_)[0] == own else FORK)
            for other in others:
                theirs, there = of(other)
                beside = theirs != own and not self._followed[other] and self._owners[there] == theirs
                route.append(MERGE if beside else BRIDGE)
                if beside and there:
                    self._ends[there] = max(self._ends[there], rank)
        return np.array(lane, np.int32), np.array(chain, np.int32), np.array(route, np.uint8)
