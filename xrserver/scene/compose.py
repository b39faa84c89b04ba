"""What a scene is made of: a city, a river, or parts of both that stand together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.layout.city import CityLayout
from xrserver.layout.river import RiverLayout, lay_out_river
from xrserver.scene.definition import Part, SceneDefinition
from xrserver.scene.marks import Marks, folded
from xrserver.scene.river import joined, river_columns, shifted
from xrserver.scene.spans import SceneColumns, build_columns
from xrserver.scene.tiles import bounds
from xrserver.scene.walk import Walk


@dataclass(frozen=True, slots=True)
class Composed:
    """The exact columns of a scene over its whole history, and the layouts they come from."""

    columns: SceneColumns
    city: CityLayout | None
    river: RiverLayout | None
    walk: Walk | None
    """The order the columns lie in, by which they can be cut into tiles; None where only as a whole."""


def compose(index: HistoryIndex, versions: FileVersions, definition: SceneDefinition,
            marks: Marks | None = None) -> Composed:
    """Lay out what `definition` describes and return its columns; `marks` say what is greyed or left out."""
    standing, vendored = versions, None
    if marks is not None:
        standing = folded(versions, marks)
        vendored = np.where(np.isin(np.arange(len(marks.block)), marks.block), np.int8(1), marks.vendored)
    parts = definition.parts or (Part(definition),)
    made: list[SceneColumns] = []
    city, river, order = None, None, None
    away = 0.0
    # Paths come first: their node ids are smaller than those of commits.
    for part in sorted(parts, key=lambda part: part.definition.kind):
        if part.definition.kind == "city":
            columns, city, order = build_columns(index, standing, part.definition, vendored)
        else:
            reach = part.reach * away if part.around else math.inf
            river = lay_out_river(index, part.definition.river, away if part.around else 0.0, reach)
            columns = river_columns(index, river, part.definition.metrics.bead)
            river = _moved(river, part.offset)
        made.append(shifted(columns, part.offset) if any(part.offset) else columns)
        box = bounds(columns.spans)
        away = max(away, *(math.hypot(box[i], box[j]) for i in (0, 3) for j in (2, 5)))
    if len(made) == 1 and not any(parts[0].offset):
        return Composed(made[0], city, river, order)
    # What a river has lives for ever: windows of ranks would make it no smaller.
    return Composed(made[0] if len(made) == 1 else joined(made), city, river, None)


def _moved(river: RiverLayout, offset: tuple[float, float, float]) -> RiverLayout:
    """Return where a river's commits and course are when it stands elsewhere."""
    return replace(river, position=river.position + np.array(offset), course=river.course + np.array(offset))
