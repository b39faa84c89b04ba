"""The newest part of a history, read long before all of it is: what is shown first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xrserver.history.log import Progress, Remembered, gather, index_of, nothing
from xrserver.history.repository import Repository

if TYPE_CHECKING:
    from xrserver.history.gather import Commits
    from xrserver.history.index import FileVersions, HistoryIndex

#: Mainlines longer than this are shown before all of them is read; shorter ones are read in a moment.
_LONG = 300


def is_long(repository: Repository) -> bool:
    """Return whether reading all of a history takes so long that its newest part is worth showing first."""
    return repository.shadow is not None and len(_landing(repository, _LONG)) > 0


def _landing(repository: Repository, back: int) -> list[bytes]:
    """Return the mainline's commit so many before its tip, and its parents; nothing where there is none."""
    assert repository.shadow is not None
    found = repository.shadow.run(["rev-list", "--first-parent", "--parents", "-n", "1", f"--skip={back}",
                                   repository.mainline_oid.hex()])
    return [bytes.fromhex(oid.decode("ascii")) for oid in found.split()]


def read_recent(repository: Repository, landings: int, *, jobs: int = 0, people: str = "mailmap",
                progress: Progress) -> tuple[HistoryIndex, FileVersions] | None:
    """Read the newest `landings` commits of the mainline, and all that landed with them but the oldest.

    The oldest of them is read as a root: with its whole tree, as one that added everything (`unread`). So at
    each of these commits the files that stand are git's, while floors are only those that are known by now.

    Parameters
    ----------
    landings : int
        1 or more; of 1, the present tree.
    jobs, people, progress
        As in `read_index`.

    Returns
    -------
    (HistoryIndex, FileVersions) or None
        None where the mainline is no longer than that, so that this would be all, and where there is no git.

    Raises
    ------
    UnreadableRepository
        Commits or trees are missing or damaged.
    """
    if repository.shadow is None:
        return None
    found = _landing(repository, landings - 1)
    if len(found) < 2:
        return None
    root, *beyond = found
    tip = repository.mainline_oid
    before = Remembered(beyond, lambda: nothing(repository, frozenset((root,))))
    read = gather(repository, [tip], before, jobs=jobs, roots=frozenset((root,)), report=progress)
    known = _cut(read.commits)
    refs = [ref for ref in repository.commit_refs() if ref.oid in known]
    index = index_of(repository, read, (repository.mainline_ref, tip), refs, people, progress)
    index = replace(index, unread=int(index.mainline[0]))
    from xrserver.history.versions import file_versions

    return index, file_versions(index)


def _cut(commits: Commits) -> frozenset[bytes]:
    """Take out parents that were not read; return the commits that were."""
    import numpy as np

    from xrserver.history.interning import Oids

    oids, counts, parents, *rest = commits.columns()
    there = Oids.of(oids).find(parents) >= 0
    owner = np.repeat(np.arange(len(oids)), counts)
    commits.parts = [(oids, np.bincount(owner[there], minlength=len(oids)).astype(counts.dtype),
                      parents[there], *rest)]
    return frozenset(oid.tobytes() for oid in oids)

