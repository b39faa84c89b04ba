"""What panels show, made once as data; viewers only lay it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END
from xrserver.history.identity import display_name
from xrserver.history.index import (
    MODE_EXECUTABLE,
    MODE_SUBMODULE,
    MODE_SYMLINK,
    FileVersions,
    HistoryIndex,
)
from xrserver.history.objects import Commit
from xrserver.history.repository import Repository
from xrserver.stream.messages import Panel, Row

#: How many of the newest floors the inspector lists.
RECENT = 8

#: How many of the files that a commit changed the inspector lists, and the most that light up.
LISTED = 40
_MOST_NODES = 512

_LONGEST_LABEL, _LONGEST_TITLE, _LONGEST_TEXT = 256, 4096, 65536


def row(label: str, text: str, moment: str = "", repository: str = "") -> Row:
    """Return a row whose texts are cut to what a row holds."""
    return Row(label[:_LONGEST_LABEL], text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT - 1] + "…",
               moment, repository)


def display(path: bytes) -> str:
    """Return git's bytes as text for people."""
    return path.decode("utf-8", "replace")


def iso_time(seconds: int, minutes_east: int = 0) -> str:
    """Return a time as ISO 8601 with its offset, ``Z`` for UTC."""
    zone = timezone(timedelta(minutes=minutes_east)) if abs(minutes_east) < 24 * 60 else UTC
    try:
        text = datetime.fromtimestamp(seconds, zone).isoformat()
    except (OverflowError, OSError, ValueError):  # git takes any 64-bit number
        return f"@{seconds}"
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def person_name(index: HistoryIndex, person: int) -> str:
    """Return the name of a person, as the mailmap gives it."""
    return display_name(index.person_names[person])


def co_author_names(index: HistoryIndex, rank: int) -> list[str]:
    """Return the names of those who made a commit with its author, each once."""
    first, last = index.coauthor_offsets[rank:rank + 2]
    names = dict.fromkeys(person_name(index, person) for person in index.coauthors[first:last].tolist())
    names.pop(person_name(index, int(index.author[rank])), None)
    return list(names)


def commit_rows(index: HistoryIndex, rank: int, commit: Commit) -> list[Row]:
    """Return the rows that show a commit: id, people, date and message."""
    author, committer = int(index.author[rank]), int(index.committer[rank])
    rows = [row("commit", commit.oid.hex(), commit.oid.hex()),
            row("author", person_name(index, author)),
            row("date", iso_time(commit.author.time, commit.author.offset)),
            row("message", commit.message.strip())]
    if committer != author:
        rows.append(row("committer", person_name(index, committer)))
    if others := co_author_names(index, rank):
        rows.append(row("co-authors" if len(others) > 1 else "co-author", ", ".join(others)))
    return rows


@dataclass(frozen=True, slots=True)
class Inspector:
    """Makes the panel of whatever is selected.

    Attributes
    ----------
    elsewhere : callable
        Takes the path of a submodule and the commit it pins, and returns the id of the repository served
        here that has it; '' where there is none.
    """

    repository: Repository
    index: HistoryIndex
    versions: FileVersions
    elsewhere: Callable[[bytes, bytes], str] = lambda path, oid: ""

    def panel(self, node: int, rank: int, path: bytes) -> Panel:
        """Return the inspector panel of `node`, which lies at `path`, as it stood at `rank`."""
        first, last = np.searchsorted(self.versions.path, [node >> 1, (node >> 1) + 1])
        if node & 1:
            rows = self._district(node >> 1, rank)
        elif first == last:  # a block, for a directory that is left out
            rows = [row("left out", "by --exclude"), *self._district(node >> 1, rank)]
        else:
            rows = self._file(node >> 1, rank)
        title = display(path) or "the whole repository"
        return Panel("inspector", title[:_LONGEST_TITLE], rows, [])

    def commit_panel(self, rank: int) -> Panel:
        """Return the inspector panel of the commit at `rank`: what it says, and the files it changed."""
        index = self.index
        commit = self._commit(rank)
        first, last = index.change_offsets[rank:rank + 2].tolist()
        paths = np.unique(index.change_path[first:last])
        low, high = index.parent_offsets[rank:rank + 2].tolist()
        landed = int(index.landing[rank])
        rows = [row("kind", "merge" if high - low > 1 else "commit"), row("files", str(last - first)),
                *commit_rows(index, rank, commit)]
        for parent in index.parents[low:high].tolist():
            rows.append(row("parent", self._commit(parent).summary, self._id(parent)))
        if landed > rank:
            rows.append(row("landed with", self._commit(landed).summary, self._id(landed)))
        for at in range(first, min(last, first + LISTED)):
            before, after = int(index.change_old_mode[at]), int(index.change_mode[at])
            what = "added" if not before else "removed" if not after else "changed"
            rows.append(row(what, display(self._path(int(index.change_path[at])))))
        if last - first > LISTED:
            rows.append(row("more", f"and {last - first - LISTED} more files"))
        title = commit.summary or commit.oid.hex()[:12]
        return Panel("inspector", title[:_LONGEST_TITLE], rows, (2 * paths[:_MOST_NODES]).tolist())

    def _path(self, path: int) -> bytes:
        """Return a whole path, in git's bytes."""
        tree = self.index.paths
        segments: list[bytes] = []
        while path:
            segments.append(tree.bytes[tree.offsets[path]:tree.offsets[path + 1]].tobytes())
            path = int(tree.parent[path])
        return b"/".join(reversed(segments))

    def strata(self, path: int) -> NDArray[np.int32]:
        """Return the ranks of the commits that built `path`, oldest floor first.

        Of a block, for a directory that is left out: the commit that it came with.
        """
        versions = self.versions
        first, last = versions.strata_offsets[path:path + 2]
        if first == last and not np.any(versions.path == path):
            births = versions.birth[self._inside(path)[versions.path]]
            return births[births.argmin():][:1]
        return versions.strata_rank[first:last]

    def _inside(self, path: int) -> NDArray[np.bool_]:
        """Say of every path whether it is `path` or below it."""
        inside = np.zeros(len(self.index.paths.parent), np.bool_)
        inside[path] = True
        while True:  # once a level
            grown = inside | inside[self.index.paths.parent]
            if (grown == inside).all():
                return inside
            inside = grown

    def standing(self, path: int, rank: int) -> int:
        """Return the row of `versions` that stands at `path` at `rank`, or -1."""
        first, last = np.searchsorted(self.versions.path, [path, path + 1])
        at = int(first) + int(np.searchsorted(self.versions.birth[first:last], rank, side="right")) - 1
        return at if at >= first and rank < self.versions.death[at] else -1

    def _file(self, path: int, rank: int) -> list[Row]:
        version = self.standing(path, rank)
        if version < 0:
            return [self._absence(path, rank)]
        strata = self.strata(path)
        standing = int(self.versions.strata[version])
        mode = int(self.versions.mode[version])
        blob = int(self.versions.blob[version])
        size = int(self.index.blob_sizes[blob])
        count = f"{standing} of {len(strata)}" if standing < len(strata) else str(standing)
        if mode == MODE_SUBMODULE:
            rows = [row("kind", "submodule"), row("commits", count),
                    *self._pinned(self._path(path), self.index.blob_oids[blob].tobytes())]
        else:
            rows = [row("kind", _KINDS.get(mode, "file")),
                    row("size", f"{size} B" if size >= 0 else "unknown"),
                    row("mode", f"{mode:06o}"),
                    row("commits", count)]
        return rows + self._commits(strata[:standing])

    def _pinned(self, path: bytes, oid: bytes) -> list[Row]:
        """Return the rows that say which commit of another repository a submodule stands for."""
        found = self.elsewhere(path, oid)
        if found:
            return [row("pinned commit", oid.hex(), oid.hex(), found)]
        return [row("pinned commit", oid.hex()),
                row("its repository", "is not served here: name it on the command line as well, or add "
                                      "--submodules where it is checked out")]

    def directory(self, path: int, rank: int) -> tuple[int, list[Row]]:
        """Return the rank of the last change of what stands below `path` at `rank` (0: nothing), and rows."""
        here = self._below(path, rank)
        ranks = self._built(here)
        rows = [row("files", str(len(here))), row("commits", str(len(ranks)))]
        if not len(ranks):
            return 0, rows
        last = int(ranks[-1])
        return last, rows + commit_rows(self.index, last, self._commit(last))

    def _district(self, path: int, rank: int) -> list[Row]:
        here = self._below(path, rank)
        if not len(here):
            return [row("state", "empty at this moment")]
        sizes = self.index.blob_sizes[self.versions.blob[here]]
        ranks = self._built(here)
        rows = [row("kind", "directory"), row("files", str(len(here))),
                row("size", f"{int(sizes[sizes >= 0].sum())} B"), row("commits", str(len(ranks)))]
        return rows + self._commits(ranks)

    def _below(self, path: int, rank: int) -> NDArray[np.int64]:
        """Return the rows of `versions` that stand at or below `path` at `rank`."""
        versions = self.versions
        inside = self._inside(path)
        return np.flatnonzero(inside[versions.path] & (versions.birth <= rank) & (rank < versions.death))

    def _built(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the ranks of the commits that built these versions, each once, oldest first."""
        held = self.versions.strata[rows].astype(np.int64)
        starts = self.versions.strata_offsets[self.versions.path[rows]].astype(np.int64)
        at = np.arange(int(held.sum())) + np.repeat(starts - np.cumsum(held) + held, held)
        built = np.zeros(len(self.index.oids), np.bool_)
        built[self.versions.strata_rank[at]] = True
        return np.flatnonzero(built)

    def _commits(self, ranks: NDArray[np.int32] | NDArray[np.int64]) -> list[Row]:
        """Return the rows of the last of `ranks` in full, and of some before it in a line each."""
        if not len(ranks):
            return []
        rows = commit_rows(self.index, int(ranks[-1]), self._commit(int(ranks[-1])))
        for rank in ranks[-2:-2 - RECENT:-1].tolist():
            commit = self._commit(rank)
            date = iso_time(commit.author.time, commit.author.offset)[:10]
            author = person_name(self.index, int(self.index.author[rank]))
            rows.append(row(date, f"{commit.summary} — {author}", commit.oid.hex()))
        return rows

    def _absence(self, path: int, rank: int) -> Row:
        """Return the row that says since or until when nothing stands at `path`."""
        own = np.flatnonzero(self.versions.path == path)
        births, deaths = self.versions.birth[own], self.versions.death[own]
        past = deaths[(deaths <= rank) & (deaths != RANK_END)]
        coming = births[births > rank]
        if len(past):
            return row("state", "removed", self._id(int(past.max())))
        if len(coming):
            return row("state", "not there yet", self._id(int(coming.min())))
        return row("state", "never on the mainline")

    def _commit(self, rank: int) -> Commit:
        return self.repository.commit(self.index.oids[rank].tobytes())

    def _id(self, rank: int) -> str:
        return self.index.oids[rank].tobytes().hex()


_KINDS = {MODE_EXECUTABLE: "executable file", MODE_SYMLINK: "symbolic link"}
