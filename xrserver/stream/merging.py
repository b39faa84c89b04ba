"""Many patches of one tile as one: what a viewer that comes later has to hear of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import NODES, SPANS, STRATA, Flag
from xrserver.scene.patches import TilePatch

Records = NDArray[Any]

#: Among traits; a plain number, for it is asked of every row.
_AGGREGATE = int(Flag.AGGREGATE) << 8


@dataclass(slots=True)
class _Record:
    """What became of a node, or of a block that is called by it."""

    taken: list[int] = field(default_factory=list[int])
    """Traits of spans of the tile itself that were taken back."""
    end: tuple[int, int] | None = None
    """Death and traits that the tile's last span has now."""
    spans: list[Records] = field(default_factory=list[Records])
    strata: list[Records] = field(default_factory=list[Records])
    node: Records | None = None
    name: bytes = b""


class Merged:
    """The patches of one tile since its body was made, put together as they come.

    What was begun and ended since, or taken back, is told as it is now; what was overtaken is not told.

    Parameters
    ----------
    tile : str
    """

    def __init__(self, tile: str) -> None:
        self._tile = tile
        self._records: dict[tuple[int, bool, int], _Record] = {}

    def take(self, patch: TilePatch) -> None:
        """Take up the next patch. O(n) in its nodes and spans."""
        for node, death, traits, which in patch.closed:
            record = self._record(node, traits, which)
            if not record.spans and death:
                record.end = death, traits
            elif not record.spans:
                record.taken.append(traits)
                record.end = None
            elif death:
                record.spans[-1]["death"], record.spans[-1]["traits"] = death, traits
            else:
                record.spans.pop()
        text = patch.name_bytes.tobytes()
        for row, node in enumerate(patch.nodes):
            first, count = int(node["first_span"]), int(node["span_count"])
            traits = int(patch.spans["traits"][first]) if count else 0
            block = bool(traits & _AGGREGATE)
            record = self._record(int(node["node"]), traits, int(node["first_stratum"]) if block else 0)
            record.spans += [patch.spans[at:at + 1].copy() for at in range(first, first + count)]
            floor, floors = int(node["first_stratum"]), int(node["stratum_count"])
            if floors:
                record.strata.append(patch.strata[floor:floor + floors])
            record.node = patch.nodes[row:row + 1]
            record.name = text[patch.name_offsets[row]:patch.name_offsets[row + 1]]

    def patch(self) -> TilePatch:
        """Return all of them as one."""
        closed: list[list[int]] = []
        added: list[_Record] = []
        for (node, _, which), record in self._records.items():
            closed += [[node, 0, traits, which] for traits in record.taken]
            if record.end is not None:
                closed.append([node, *record.end, which])
            if record.node is not None and (record.spans or record.strata):
                added.append(record)
        named = [record.node for record in added if record.node is not None]
        nodes = np.concatenate([NODES.empty(0), *named])
        spans = np.concatenate([SPANS.empty(0), *(span for record in added for span in record.spans)])
        strata = np.concatenate([STRATA.empty(0), *(some for record in added for some in record.strata)])
        nodes["span_count"] = [len(record.spans) for record in added]
        nodes["first_span"] = np.cumsum(nodes["span_count"]) - nodes["span_count"]
        nodes["stratum_count"] = [sum(map(len, record.strata)) for record in added]
        # Where there are none, the first of the strata says which of a district's blocks it is.
        nodes["first_stratum"] = np.where(nodes["stratum_count"] > 0, np.cumsum(nodes["stratum_count"])
                                          - nodes["stratum_count"], nodes["first_stratum"])
        names = [record.name for record in added]
        offsets = np.cumsum([0, *map(len, names)]).astype(np.uint32)
        return TilePatch(self._tile, closed, spans, nodes, strata, offsets,
                         np.frombuffer(b"".join(names), np.uint8))

    def _record(self, node: int, traits: int, which: int) -> _Record:
        key = node, bool(traits & _AGGREGATE), which
        record = self._records.get(key)
        if record is None:
            record = self._records[key] = _Record()
        return record
