"""Which rows of `uNodes` are drawn, and in which order: a list of pages, the near ones first.

The page does the same (`webxr_client/src/scene/roster.ts`): a tile's rows are written once, when it comes, in
pages of 32 rows of one class; another choice of tiles, or another order, writes the list and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import moderngl
import numpy as np
from numpy.typing import NDArray

from xrserver.columns import COMMIT_NODES, NODES, Category, Kind
from xrserver.native.pools import WIDTH, Pool
from xrserver.spaces import Vector

#: Rows of a page; the shaders know it.
PAGE = 32
#: What programs of their own draw, in the order in which it is listed.
_PLATE, _BED, _RIBBON, _BEAD, _BUILDING = range(5)
#: Pages are put in order again when the eye has gone so much of the city's width.
_REORDER = 0.04
#: Squared metres, beyond which no page comes before another.
_FARTHEST = 1e9
#: Whom an empty row is of.
_NOBODY = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A tile's rows, in pages."""

    #: As the pool knows it.
    number: int
    #: By page: where it lies, what it holds, and about where on the ground that stands.
    pages: NDArray[np.uint32]
    classes: NDArray[np.int64]
    middles: NDArray[np.float32]
    #: By row, page after page: the node, `_NOBODY` where there is none.
    ids: NDArray[np.uint32]
    #: By row of the tile: its row in the pool.
    rows: NDArray[np.int64]


class Pages:
    """The nodes of resident tiles, and what of them is drawn.

    Attributes
    ----------
    rows : int
        Rows that are drawn, with those that are empty.
    plates, ribbons, beads : int
        How many of these are districts, the river's bed and ribbons, and its beads, which come first, in this
        order; the rest are buildings.
    listing : moderngl.Texture
        ``uPages``: which page is drawn as the k-th.
    """

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._pool = Pool(context, 4, NODES.dtype.itemsize // 16)
        self.listing = self._integers(1)
        self._sheets: dict[str, _Sheet] = {}
        self._shown: tuple[str, ...] = ()
        #: By page in the order of the tiles: when it is drawn.
        self._order = np.empty(0, np.int64)
        #: By row in the order of the tiles: the node; put together when somebody asks.
        self._ids: NDArray[np.uint32] | None = None
        self._eye: tuple[float, float] | None = None
        self.rows = self.plates = self.ribbons = self.beads = 0

    @property
    def before(self) -> int:
        """Rows before the first building."""
        return self.plates + self.ribbons + self.beads

    @property
    def texture(self) -> moderngl.Texture:
        """``uNodes``."""
        return self._pool.texture

    def _integers(self, rows: int) -> moderngl.Texture:
        texture = self._context.texture((WIDTH, rows), 1, dtype="u4")
        texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        return texture

    def add(self, tile: str, nodes: NDArray[np.void], spans: NDArray[np.void], first_span: int,
            first_stratum: int, room: int = 0) -> None:
        """Make a tile's nodes ready to be drawn.

        Parameters
        ----------
        nodes, spans : ndarray
            Records of `columns.NODES` and SPANS, rows as the tile numbers them.
        first_span, first_stratum : int
            Where the tile's spans and strata lie in their pools.
        room : int
            So many more may follow, by `change`.
        """
        firsts = spans[np.minimum(nodes["first_span"], max(len(spans) - 1, 0))]
        classes = _classes(firsts["traits"]) if len(nodes) else np.empty(0, np.int64)
        order = np.argsort(classes, kind="stable")
        counts = np.bincount(classes, minlength=5)
        pages = -(-counts // PAGE)
        # Where each class begins, in pages and among the rows in order; then every row's place.
        start = np.concatenate([[0], np.cumsum(pages)[:-1]]) * PAGE
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        sorted_classes = classes[order]
        places = start[sorted_classes] + np.arange(len(nodes)) - first[sorted_classes]
        rows = np.zeros(int(pages.sum()) * PAGE, NODES.dtype)
        rows[places] = nodes[order]
        rows["first_span"][places] += first_span
        rows["first_stratum"][places] += first_stratum
        ids = np.full(len(rows), _NOBODY, np.uint32)
        ids[places] = nodes["node"][order]
        heads = np.zeros(len(rows), np.int64)
        heads[places] = order
        middles = firsts["position1"][heads[::PAGE]][:, [0, 2]] if len(rows) else np.empty((0, 2), np.float32)
        number = self._pool.add(rows, room)
        lie = np.empty(len(nodes), np.int64)
        lie[order] = number + places
        here = number // PAGE + np.arange(int(pages.sum()), dtype=np.uint32)
        self._sheets[tile] = _Sheet(number, here, np.repeat(np.arange(5), pages), middles, ids, lie)

    def change(self, tile: str, nodes: NDArray[np.void], spans: NDArray[np.void], changed: NDArray[np.int64],
               first_span: int, first_stratum: int) -> bool:
        """Write those of a tile's nodes that are new or otherwise; return whether they go where it lies.

        Parameters
        ----------
        nodes, spans, first_span, first_stratum
            As of `add`; what a tile has keeps its row.
        changed : (n,) int64
            Rows, ascending.
        """
        sheet = self._sheets[tile]
        classes = _classes(spans["traits"][nodes["first_span"][changed]])
        known = int(np.searchsorted(changed, len(sheet.rows)))
        lie = sheet.rows[changed[:known]] - sheet.number
        if (sheet.classes[lie // PAGE] != classes[:known]).any():
            return False
        fresh = changed[known:]
        if len(fresh):
            middles = spans["position1"][nodes["first_span"][fresh]][:, [0, 2]]
            grown = _placed(sheet, nodes["node"][fresh], classes[known:], middles)
            if len(grown.ids) > self._pool.holds(sheet.number):
                return False
            if len(grown.pages) > len(sheet.pages):
                self._eye = None  # the list is another
            self._sheets[tile] = sheet = grown
            self._ids = None
        places = sheet.rows[changed] - sheet.number
        order = np.argsort(places)
        records = nodes[changed[order]]
        records["first_span"] += first_span
        records["first_stratum"] += first_stratum
        self._pool.write(sheet.number, places[order], records)
        return True

    def remove(self, tile: str) -> None:
        """Let go of a tile."""
        self._pool.remove(self._sheets.pop(tile).number)
        self._shown = tuple(other for other in self._shown if other != tile)
        self._eye = self._ids = None

    def show(self, tiles: tuple[str, ...], eye: Vector, width: float) -> bool:
        """Draw these tiles from now on, what is near `eye` first; return whether the list is another.

        Parameters
        ----------
        eye : (float, float, float)
            Metres, scene space.
        width : float
            The city's, metres: where the eye has gone little of it the order stays.
        """
        here = eye[0], eye[2]
        if tiles == self._shown and self._eye is not None and (
                np.hypot(here[0] - self._eye[0], here[1] - self._eye[1]) < _REORDER * width):
            return False
        if tiles != self._shown:
            self._ids = None
        self._shown, self._eye = tiles, here
        sheets = [self._sheets[tile] for tile in tiles]
        pages = np.concatenate([np.empty(0, np.uint32), *(sheet.pages for sheet in sheets)])
        classes = np.concatenate([np.empty(0, np.int64), *(sheet.classes for sheet in sheets)])
        middles = np.concatenate([np.empty((0, 2), np.float32), *(sheet.middles for sheet in sheets)])
        aside = middles - np.array(here, np.float32)
        away = np.minimum(aside[:, 0] ** 2 + aside[:, 1] ** 2, _FARTHEST) * (classes == _BUILDING)
        order = np.argsort(classes * (2.0 * _FARTHEST) + away, kind="stable")
        counts = (np.bincount(classes, minlength=5) * PAGE).tolist()
        self.rows, self.plates = sum(counts), counts[_PLATE]
        self.ribbons, self.beads = counts[_BED] + counts[_RIBBON], counts[_BEAD]
        self._order = np.empty(len(order), np.int64)
        self._order[order] = np.arange(len(order))
        words = np.zeros(max(1, -(-len(pages) // WIDTH)) * WIDTH, np.uint32)
        words[:len(pages)] = pages[order]
        rows = len(words) // WIDTH
        if rows > self.listing.size[1]:
            self.listing.release()
            self.listing = self._integers(2 * rows)
        self.listing.write(words.data, viewport=(0, 0, WIDTH, rows))
        return True

    def rows_of(self, tile: str) -> NDArray[np.int64]:
        """Return where each row of a tile lies in `texture`."""
        return self._sheets[tile].rows

    def find(self, nodes: list[int]) -> list[int]:
        """Return which rows, as they are drawn, are of these nodes of the city: the river marks itself."""
        nodes = [node for node in nodes if 0 <= node < COMMIT_NODES]
        if self._eye is None or not nodes:
            return []  # where a tile has gone, what is drawn instead is not known yet
        if self._ids is None:
            every = (self._sheets[tile].ids for tile in self._shown)
            self._ids = np.concatenate([np.empty(0, np.uint32), *every])
        found: list[int] = []
        for node in nodes:
            rows = np.flatnonzero(self._ids == node)
            found += (self._order[rows // PAGE] * PAGE + rows % PAGE).tolist()
        return found


def _placed(sheet: _Sheet, ids: NDArray[np.uint32], classes: NDArray[np.int64],
            middles: NDArray[np.float32]) -> _Sheet:
    """Return a sheet with more nodes: where pages of their class have room, then in pages behind all."""
    every, held = sheet.ids.copy(), np.repeat(sheet.classes, PAGE)
    kinds, near = [sheet.classes], [sheet.middles]
    places = np.empty(len(ids), np.int64)
    end = len(every)
    for one in np.unique(classes).tolist():
        own = np.flatnonzero(classes == one)
        free = np.flatnonzero((every == _NOBODY) & (held == one))[:len(own)]
        more = len(own) - len(free)
        places[own] = np.concatenate([free, end + np.arange(more)])
        pages = -(-more // PAGE)
        kinds.append(np.full(pages, one))
        near.append(middles[own[len(free)::PAGE]])
        end += pages * PAGE
    every = np.concatenate([every, np.full(end - len(every), _NOBODY, np.uint32)])
    every[places] = ids
    return replace(
        sheet, pages=sheet.number // PAGE + np.arange(end // PAGE, dtype=np.uint32),
        classes=np.concatenate(kinds), middles=np.concatenate(near), ids=every,
        rows=np.concatenate([sheet.rows, sheet.number + places]))


def _classes(traits: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return what draws each node: districts and the river's bed are of category 0."""
    ground, kind = traits >> 16 == Category.DISTRICT, traits & 0xFF
    return np.select([kind == Kind.BEAD, (kind == Kind.RIBBON) & ground, kind == Kind.RIBBON, ground],
                     [_BEAD, _BED, _RIBBON, _PLATE], _BUILDING)
