"""The columns that belong to a whole scene: its timeline, people and landmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import COURSE, LANDMARKS, PEOPLE, TIMELINE, ColumnSet
from xrserver.history.identity import display_name
from xrserver.history.index import HistoryIndex
from xrserver.scene.definition import Palette
from xrserver.scene.palette import people_colours
from xrserver.scene.spans import NOBODY

#: Column name → array.
Columns = dict[str, NDArray[Any]]

#: Rows of the legend of people.
LEGEND_ROWS = 12
#: Rows more, for who came while it was looked at.
_NEWCOMERS = 3


class Course(NamedTuple):
    """Where a river's mainline is, as `columns.COURSE` has it; no rows: there is none."""

    rank: NDArray[Any]
    position: NDArray[Any]
    across: NDArray[Any]

    @staticmethod
    def of(said: Sequence[Any]) -> Course:
        """Return what lists say that were made of the columns."""
        rank, position, across = said
        return Course(np.array(rank), np.array(position).reshape(-1, 3), np.array(across).reshape(-1, 3))


    def since(self, rank: int) -> Course:
        """Return the rows from a rank on."""
        rows = slice(int(np.searchsorted(self.rank, rank)), None)
        return Course(self.rank[rows], self.position[rows], self.across[rows])


#: Of a scene without a river.
NO_COURSE = Course(np.zeros(0), np.zeros((0, 3)), np.zeros((0, 3)))


@dataclass(frozen=True, slots=True)
class TableColumns:
    """What `stream.messages.TableBody` carries, as columns by name."""

    timeline: Columns
    people: Columns
    people_names: Columns
    landmarks: Columns
    landmark_names: Columns
    course: Columns

    @property
    def nbytes(self) -> int:
        """Bytes of all columns."""
        sets = (self.timeline, self.people, self.people_names, self.landmarks, self.landmark_names,
                self.course)
        return sum(column.nbytes for columns in sets for column in columns.values())


@dataclass(frozen=True, slots=True)
class LegendRow:
    """A person of the legend: id, name for display, commits authored, 0xRRGGBB."""

    id: int
    name: str
    commits: int
    colour: int


def build_table(index: HistoryIndex, palette: Palette, course: Course = NO_COURSE,
                first: int = 0) -> TableColumns:
    """Return the table of a history: one row a rank from `first` on, a person, a tag; its river's course."""
    mainline = np.zeros(len(index.oids) - first, np.uint8)
    mainline[index.mainline[np.searchsorted(index.mainline, first):] - first] = 1
    people = min(len(index.person_names), NOBODY)
    commits = np.bincount(index.author, minlength=len(index.person_names))[:people]
    colours = people_colours(people, palette.people, palette.lightness, palette.chroma)
    tags = sorted((rank, name.removeprefix("refs/tags/").encode("utf-8", "surrogateescape"))
                  for name, rank, kind in index.refs if kind == "tag")
    return TableColumns(
        columns_of(TIMELINE, index.timeline[first:], np.minimum(index.author[first:], NOBODY), mainline),
        columns_of(PEOPLE, commits, colours),
        _names([display_name(name).encode() for name in index.person_names[:people]]),
        columns_of(LANDMARKS, np.array([rank for rank, _ in tags], np.uint32)),
        _names([name for _, name in tags]),
        columns_of(COURSE, *course))


def legend(table: TableColumns, index: HistoryIndex) -> list[LegendRow]:
    """Return the legend: the most active people first."""
    commits, colour = table.people["commits"], table.people["colour"]
    names = [display_name(name)[:256] for name in index.person_names[:LEGEND_ROWS]]
    return [LegendRow(i, name, int(commits[i]), int(colour[i])) for i, name in enumerate(names)]


def legend_of(table: TableColumns, name_of: Callable[[int], str], known: int) -> list[LegendRow]:
    """Return the legend of a history that has grown: the most active people now, then who is new.

    Parameters
    ----------
    name_of : callable
        Takes the number of a person, returns their name for display.
    known : int
        How many people there were before.
    """
    commits, colour = table.people["commits"].astype(np.int64), table.people["colour"]
    rows: list[int] = np.argsort(-commits, kind="stable")[:LEGEND_ROWS].tolist()
    new = range(len(commits) - 1, max(known, len(commits) - _NEWCOMERS) - 1, -1)
    rows += [person for person in new if person not in rows]
    return [LegendRow(i, name_of(i)[:256], int(commits[i]), int(colour[i])) for i in rows]


def columns_of(column_set: ColumnSet, *arrays: NDArray[Any]) -> Columns:
    """Name arrays by the columns of a set, in the set's types."""
    return {c.name: np.ascontiguousarray(a, np.dtype(c.dtype))
            for c, a in zip(column_set.columns, arrays, strict=True)}


def _names(names: Sequence[bytes]) -> Columns:
    """Return strings as `columns.NAMES` has them."""
    offsets = np.zeros(len(names) + 1, np.uint32)
    offsets[1:] = np.cumsum([len(name) for name in names])
    return {"offsets": offsets, "bytes": np.frombuffer(b"".join(names), np.uint8)}
