"""What colours mean, as rows of a panel; the page says it alike (`webxr_client/src/ui/legend.ts`)."""

from __future__ import annotations

from xrserver.columns import Category
from xrserver.native.city import City
from xrserver.native.typesetting import Row
from xrserver.native.words import day_of, grouped
from xrserver.scene.palette import AGE_COLOURS, CATEGORY_COLOURS, NOBODY

#: Categories in words, where their names are not enough.
_KINDS = {Category.VENDORED: "Vendored or generated"}


def legend(city: City, colour: str, categories: tuple[int, ...], columns: int = 1) -> list[Row]:
    """Return what colours mean.

    Parameters
    ----------
    colour : str
        One of `moment.COLOURINGS`.
    categories : tuple of int
        Those that occur.
    columns : int
        How many people or kinds beside each other.
    """
    wide = 1.0 / columns
    rows: list[Row] = []
    if colour == "author":
        shown = city.scene.people
        rows = [Row("swatch", grouped(person.commits) if columns == 1 else "", person.name,
                    colour=person.colour, wide=wide) for person in shown]
        others = len(city.people) - len(shown)
        if others > 0:
            rows.append(Row("note", text=f"and {grouped(others)} more"))
        if Category.VENDORED in categories:
            rows.append(Row("swatch", text=_KINDS[Category.VENDORED], colour=NOBODY))
    elif colour == "kind":
        rows = [Row("swatch", text=_KINDS.get(kind, kind.name.capitalize()), colour=CATEGORY_COLOURS[kind],
                    wide=wide if kind not in _KINDS else 1.0)
                for kind in map(Category, categories) if kind != Category.DISTRICT]
    else:
        oldest, newest = (day_of(int(city.timeline[rank])) for rank in (0, city.scene.head_rank))
        rows = [Row("scale", oldest, newest, colours=AGE_COLOURS)]
    left = city.scene.excluded
    if left:
        what = "file" if left == 1 else "files"
        rows.append(Row("note", text=f"{grouped(left)} {what} excluded by --exclude"))
    return rows
