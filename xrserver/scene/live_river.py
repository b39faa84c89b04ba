"""What new commits change of a river that is being looked at: they are put behind what there is."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from xrserver.history.index import HistoryIndex
from xrserver.layout.continued import Continued
from xrserver.room import Room
from xrserver.scene.build import BuiltScene
from xrserver.scene.patches import PastChanged, TilePatch
from xrserver.scene.river import reached, shifted
from xrserver.scene.river_tree import RiverTree
from xrserver.scene.table import NO_COURSE, Course

#: A river is laid out anew when it has grown by half; by fewer commits than the first it never is, by as many
#: as the second always.
_LEAST_GROWN, _MOST_GROWN = 256, 20_000
#: … and when one that is straight has become so many times as long as it should be.
_TOO_LONG = 1.5


class LiveRiver:
    """A river as it was built, and what has become of it.

    Commits that came later are exact in every tile on the way to the newest commit: each is drawn once,
    whichever of those tiles are.

    Parameters
    ----------
    scene : BuiltScene
    number : int
        Which of the scene's members it is.
    index : HistoryIndex
        What it was built of.
    """

    def __init__(self, scene: BuiltScene, number: int, index: HistoryIndex) -> None:
        member = scene.members[number]
        assert isinstance(member.tree, RiverTree)
        winding = member.tree.winding
        self._scene, self._number = scene, number
        self._metric, self._offset = member.definition.metrics.bead, member.offset
        self._river = winding.river
        self._course = Continued(winding.river.layout, index)
        self._first, self._beds = len(index.oids), len(winding.river.bed_author)
        self._length = float(winding.river.layout.along[-1])
        #: Where the newest commit is in the order of tiles, and the tiles that hold it.
        self._at = int(winding.place[-1])
        self._tiles: list[str] = []
        self._room = Room()

    def update(self, index: HistoryIndex) -> list[TilePatch]:
        """Return what is new since the last call, of the tiles that are tracked.

        Raises
        ------
        PastChanged
            Commits that have a place would look different, or so many are new that it is laid out anew.
        """
        before, now = len(self._river.author), len(index.oids)
        if not self._course.holds(index):
            raise PastChanged("Commits that were beside the mainline have come to it.")
        gone = ~reached(index)
        if (gone[:before] != self._river.gone).any():
            raise PastChanged("Commits that were reached by a ref are not any more, or the other way about.")
        if now == before:
            return []
        if now - self._first > min(max(self._first // 2, _LEAST_GROWN), _MOST_GROWN):
            raise PastChanged("So much is new that the river is laid out anew.")
        pieces = self._course.grow(index)
        layout = self._course.layout
        if not layout.coiled and layout.along[-1] > _TOO_LONG * max(self._length, layout.parameters.straight):
            raise PastChanged("The river has become so long that it is wound up.")
        self._river = self._river.grown(index, layout, gone, self._metric, self._room)
        self._scene.later.pieces += pieces
        self._scene.later.commits = now - self._first
        return [self._patch(tile, before) for tile in self._tiles]

    def track(self, tiles: Iterable[str]) -> list[TilePatch]:
        """Follow more tiles; return what has changed of them by now."""
        found: list[TilePatch] = []
        for name in tiles:
            part = self._scene.part_of(name, self._number)
            if part is None or name in self._tiles or not (
                    part.a <= self._at and (part.b < 0 or self._at < part.b)):
                continue
            self._tiles.append(name)
            if len(self._river.author) > self._first:
                found.append(self._patch(name, self._first))
        return found

    @property
    def course(self) -> Course:
        """How its course goes on; scene space."""
        if len(self._river.author) == self._first:
            return NO_COURSE
        layout = self._river.layout
        new = slice(self._beds + 1, None)
        return Course(layout.course_rank[new], layout.course[new] + np.array(self._offset),
                      layout.across[new])

    def _patch(self, tile: str, first: int) -> TilePatch:
        """Return the commits from `first` on, their edges, and the bed below them."""
        river, count = self._river, len(self._river.author) - first
        beds = self._beds + np.arange(first - self._first, first - self._first + count)
        columns = river.exact(np.arange(first, first + count), beds)
        if any(self._offset):
            columns = shifted(columns, self._offset)
        columns.nodes["first_stratum"][columns.nodes["stratum_count"] == 0] = 0  # the only one of its node
        return TilePatch(tile, [], columns.spans, columns.nodes, columns.strata, columns.name_offsets,
                         columns.name_bytes)
