"""What was read of a history as columns by ordinal, in pieces that only ever grow at the end.

An *ordinal* is the place of a commit in the order in which it was first read. People, paths and blobs
are numbered the same way. A segment holds the rows that one reading added; all segments of a store
one after the other are everything it read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrserver.history.gather import Changes, Commits
from xrserver.history.interning import Oids, Strings

Columns = Mapping[str, NDArray[Any]]

_COMMITS = ("oid", "parent_count", "parent", "coauthor_count", "coauthor", "author", "committer",
            "author_time", "author_offset", "commit_time")
_CHANGES = ("change_count", "change_path", "change_blob", "change_old_blob", "change_mode", "change_old_mode")


class Extent(NamedTuple):
    """How much of everything there is: where the next segment begins."""

    parts: int
    people: int
    paths: int
    blobs: int


#: Before the first segment.
NOTHING = Extent(0, 0, 0, 0)


def extent(commits: Commits, changes: Changes) -> Extent:
    """Return how much was gathered."""
    return Extent(len(commits.parts), commits.names.count, changes.paths.count, changes.blobs.count)


def segment(commits: Commits, changes: Changes, sizes: NDArray[np.int64], after: Extent,
            ) -> dict[str, NDArray[Any]]:
    """Return the columns of all that was gathered `after` that much; at least one commit was.

    Parameters
    ----------
    sizes : (n_blobs,) int64, bytes
        Of all blobs; -1 when not known.
    """
    columns: dict[str, NDArray[Any]] = dict(zip(_COMMITS, _joined(commits.parts[after.parts:]), strict=True))
    columns |= dict(zip(_CHANGES, _joined(changes.parts[after.parts:]), strict=True))
    columns["person_offsets"], columns["person_bytes"] = commits.names.since(after.people)
    columns["path_offsets"], columns["path_bytes"] = changes.paths.since(after.paths)
    new = slice(after.blobs, changes.blobs.count)
    columns |= {"blob_oid": changes.blobs.rows[new], "blob_wanted": changes.blobs.wanted[new],
                "blob_size": sizes[new]}
    return columns


def gathered(segments: Sequence[Columns], width: int, shallow: frozenset[bytes],
             ) -> tuple[Commits, Changes, NDArray[np.int64]]:
    """Return what the segments hold, ready for more, and the size of each blob.

    Parameters
    ----------
    width : int
        Bytes in an object id.
    shallow : frozenset of bytes
        Commits whose parents are not there.
    """
    def column(name: str) -> NDArray[Any]:
        return np.concatenate([columns[name] for columns in segments])

    commits, changes = Commits(width, shallow), Changes(width)
    commits.parts = [tuple(column(name) for name in _COMMITS)]
    commits.count = len(commits.parts[0][0])
    commits.names = _strings(segments, "person")
    changes.parts = [tuple(column(name) for name in _CHANGES)]
    changes.paths = _strings(segments, "path")
    changes.blobs = Oids.of(column("blob_oid"))
    changes.blobs.wanted = column("blob_wanted")
    return commits, changes, column("blob_size")


def drop_repeated(commits: Commits, changes: Changes) -> None:
    """Take out commits that were read once more, from all parts but the first, which was read before.

    git, told what is known, lists some of it nevertheless where commits are dated before their parents.
    """
    known = Oids.of(commits.parts[0][0])
    for number in range(len(commits.parts) - 1, 0, -1):
        oids, counts, parents, coauthor_counts, coauthors, *people = commits.parts[number]
        change_counts, *columns = changes.parts[number]
        new = known.find(oids) < 0
        if not new.all():
            commits.count -= int(np.count_nonzero(~new))
            commits.parts[number] = (oids[new], counts[new], parents[np.repeat(new, counts)],
                                     coauthor_counts[new], coauthors[np.repeat(new, coauthor_counts)],
                                     *(column[new] for column in people))
            kept = np.repeat(new, change_counts)
            changes.parts[number] = (change_counts[new], *(column[kept] for column in columns))


def heads(commits: Commits) -> list[bytes]:
    """Return the commits that are no other's parents: they reach all that was read."""
    oids, _, parents, *_ = commits.columns()
    leads = np.ones(len(oids), np.bool_)
    leads[Oids.of(oids).find(parents)] = False
    return [oid.tobytes() for oid in oids[leads]]


def _joined(parts: Sequence[tuple[NDArray[Any], ...]]) -> list[NDArray[Any]]:
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _strings(segments: Sequence[Columns], name: str) -> Strings:
    lengths = np.concatenate([np.diff(columns[f"{name}_offsets"]) for columns in segments])
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return Strings.of(offsets, np.concatenate([columns[f"{name}_bytes"] for columns in segments]))
