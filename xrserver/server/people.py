"""What each person did in a history, counted once for all pages of the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.history.identity import display_name
from xrserver.history.index import HistoryIndex
from xrserver.stream.panels import iso_time


@dataclass(frozen=True, slots=True)
class People:
    """How much each person did, when, and under which names: row number is the person id."""

    index: HistoryIndex
    authored: NDArray[np.int64]
    committed: NDArray[np.int64]
    co_authored: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    names: list[list[str]]

    @classmethod
    def of(cls, index: HistoryIndex) -> People:
        """Count what is in a history."""
        count = len(index.person_names)
        authored, committed = (np.bincount(column, minlength=count)
                               for column in (index.author, index.committer))
        commits = np.repeat(np.arange(len(index.oids)), np.diff(index.coauthor_offsets))
        others = index.coauthors != index.author[commits]
        pairs = np.unique(np.stack([commits, index.coauthors])[:, others], axis=1)
        first, last = np.full(count, np.iinfo(np.int64).max), np.full(count, np.iinfo(np.int64).min)
        every = np.concatenate([index.author, index.committer, index.coauthors])
        times = np.concatenate([index.author_time, index.commit_time, index.author_time[commits]])
        np.minimum.at(first, every, times)
        np.maximum.at(last, every, times)
        names = [[display_name(name)] for name in index.person_names]
        for raw, person in zip(index.identity_names, index.identity_person.tolist(), strict=True):
            if (name := display_name(raw)) not in names[person]:
                names[person].append(name)
        return cls(index, authored, committed, np.bincount(pairs[1], minlength=count), first, last, names)

    def row(self, person: int) -> dict[str, Any]:
        """Return a person's line in the list of people."""
        return {
            "id": person, "name": self.names[person][0],
            "alsoAs": self.names[person][1:],
            "commits": int(self.authored[person]), "committed": int(self.committed[person]),
            "coAuthored": int(self.co_authored[person]),
            "first": iso_time(int(self.first[person])), "last": iso_time(int(self.last[person])),
        }
