"""What new commits change of one tile, in pieces that a frame loop takes without a hitch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrserver.errors import XrserverError
from xrserver.ragged import ragged
from xrserver.scene.spans import Records

#: Most bytes of columns in one piece, and most closed spans.
_MOST_BYTES, _MOST_CLOSED = 192 << 10, 4096


class PastChanged(XrserverError):
    """What was built can be patched no further: the scene would have to be made anew."""


@dataclass(frozen=True, slots=True)
class TilePatch:
    """What changes in one tile, as `stream.messages.Patch` carries it.

    Attributes
    ----------
    tile : str
    closed : list of [int, int, int, int]
        A node, the death and the traits that its last span has now, and which of the node's records is
        meant; death 0 takes that span back.
    spans, nodes, strata : records
        Appended; rows that nodes name count within these.
    name_offsets, name_bytes
        A whole path for each of the nodes.
    """

    tile: str
    closed: list[list[int]]
    spans: Records
    nodes: Records
    strata: Records
    name_offsets: NDArray[np.uint32]
    name_bytes: NDArray[np.uint8]


def parts(patch: TilePatch) -> Iterator[TilePatch]:
    """Yield a patch as pieces of a bounded size, in the order in which they are to be applied.

    What is closed comes first; a node with more than fits by itself is one piece all the same.
    """
    nodes, offsets = patch.nodes, patch.name_offsets.astype(np.int64)
    cost = (80 * nodes["span_count"].astype(np.int64) + 8 * nodes["stratum_count"].astype(np.int64)
            + 36 + np.diff(offsets))
    bounds = [0]
    held = 0
    for row, size in enumerate(cost.tolist()):
        if held and held + size > _MOST_BYTES:
            bounds.append(row)
            held = 0
        held += size
    bounds.append(len(nodes))
    closed = [patch.closed[at:at + _MOST_CLOSED] for at in range(0, max(len(patch.closed), 1), _MOST_CLOSED)]
    for some in closed[:-1]:
        yield _piece(patch, some, 0, 0)
    for at in range(len(bounds) - 1):
        yield _piece(patch, closed[-1] if at == 0 else [], bounds[at], bounds[at + 1])


def _piece(patch: TilePatch, closed: list[list[int]], first: int, last: int) -> TilePatch:
    nodes = patch.nodes[first:last].copy()
    spans = patch.spans[ragged(nodes["first_span"], nodes["span_count"])]
    strata = patch.strata[ragged(nodes["first_stratum"], nodes["stratum_count"])]
    for start, count in (("first_span", "span_count"), ("first_stratum", "stratum_count")):
        # Where there are none, the first of the strata says which of a district's blocks it is.
        nodes[start] = np.where(nodes[count] > 0, np.cumsum(nodes[count]) - nodes[count], nodes[start])
    offsets = patch.name_offsets[first:last + 1]
    return TilePatch(patch.tile, closed, spans, nodes, strata, offsets - offsets[0],
                     patch.name_bytes[offsets[0]:offsets[-1]])
