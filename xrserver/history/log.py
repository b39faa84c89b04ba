"""Reading a whole history in bulk: git's own output, several processes at once, into a `HistoryIndex`.

Three stages run side by side: one git lists the commits, several compare trees, and this process
turns what they print into columns (in kernels, without the GIL). Where there is no git program,
libgit2 reads the same (`history.walk`) through the same columns.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, NamedTuple

from xrserver.history.bulk import GitSource
from xrserver.history.listing import Known, Listing, Source
from xrserver.history.refs import RawRef
from xrserver.history.repository import Repository

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from xrserver.history.gather import Changes, Commits
    from xrserver.history.index import HistoryIndex

#: Called with phase, how much is done, and of how much (0: not known yet).
Progress = Callable[[str, int, int], None]

#: So many blobs make one question for sizes, each of a git that starts cold; the last one is waited for.
_ASKED, _ASKED_LAST = 1 << 16, 1 << 13
#: Chunks of commits that may wait for each process, so that git goes on while kernels are loaded.
_AHEAD = 8


class Gathered(NamedTuple):
    """What was read, in the order it came; `sizes` of all blobs, in bytes (-1: not known)."""

    commits: Commits
    changes: Changes
    sizes: NDArray[np.int64]


class Remembered(NamedTuple):
    """What was read before.

    Attributes
    ----------
    heads : sequence of bytes
        Commits that reach all of it.
    load : callable
        Gives it; called while git reads the rest.
    """

    heads: Sequence[bytes]
    load: Callable[[], Gathered]


def gather(repository: Repository, tips: Sequence[bytes], before: Remembered | None = None, *,
           jobs: int = 0, roots: frozenset[bytes] = frozenset(), report: Progress) -> Gathered:
    """Read all that `tips` reach and that was not read before.

    Parameters
    ----------
    tips : sequence of bytes
        Raw object ids of commits.
    roots : frozenset of bytes
        Commits to read as if they had no parents, besides those of a shallow boundary.
    jobs, report
        As in `read_index`.

    Raises
    ------
    UnreadableRepository
        Commits or trees are missing or damaged.
    """
    earlier: Gathered | None = None
    known = Known(before.heads if before else ())
    ended = ExitStack()
    if repository.shadow is not None:
        source: Source = GitSource(ended.enter_context(repository.shadow.with_roots(roots)))
        jobs = jobs or os.cpu_count() or 1
    else:
        from xrserver.history.walk import LibgitSource

        source, jobs = LibgitSource(repository), 1  # it holds the GIL while it reads
        if before is not None:
            earlier = before.load()
            known = Known(before.heads, {oid.tobytes() for part in earlier.commits.parts for oid in part[0]})
    with ended, closing(source), ThreadPoolExecutor(1) as asking, ThreadPoolExecutor(jobs) as pool, \
            closing(Listing(source, tips, known, repository.shallow | roots, pool, _AHEAD * jobs)) as listing:
        # From here on git is at work: what takes long to import is imported meanwhile.
        from xrserver.history.gather import Sizes
        from xrserver.history.rehearsal import rehearse

        rehearse(repository.format, repository.width)
        if earlier is None:
            earlier = before.load() if before else nothing(repository)
        commits, changes, _ = earlier
        first = commits.count
        sizes = Sizes(lambda oids: asking.submit(source.sizes, oids), earlier.sizes)
        sizes.ask_again(changes.blobs)
        for records, output in listing:
            changes.add(output, commits.add(records))
            sizes.ask(changes.blobs, _ASKED if listing.open else _ASKED_LAST)
            report("commits", commits.count - first, 0 if listing.open else listing.count)
        sizes.ask(changes.blobs)
        for answered in sizes.answers():
            report("sizes", answered, changes.blobs.count)
    if before is not None:
        from xrserver.history.segments import drop_repeated

        drop_repeated(commits, changes)
    return Gathered(commits, changes, sizes.column())


def nothing(repository: Repository, roots: frozenset[bytes] = frozenset()) -> Gathered:
    """Return what was read before anything is; `roots` as in `gather`."""
    import numpy as np

    from xrserver.history.gather import Changes, Commits

    return Gathered(Commits(repository.width, repository.shallow | roots), Changes(repository.width),
                    np.empty(0, np.int64))


def read_index(repository: Repository, *, ref: str = "", jobs: int = 0, people: str = "mailmap",
               progress: Progress | None = None) -> HistoryIndex:
    """Read the whole history of a repository.

    Parameters
    ----------
    ref : str
        The mainline; default the one the repository was opened with.
    jobs : int
        How many processes compare trees; 0 is one for each core.
    people : str
        What makes identities one person: ``"mailmap"``, ``"heuristic"`` or ``"none"`` (`people.grouping`).
    progress : callable, optional
        Called from this thread as ``(phase, done, total)``: "commits" (total 0 until it is known),
        then "sizes" and "order".

    Raises
    ------
    EmptyRepository, UnknownMoment
        `ref` has no commits or names nothing.
    UnreadableRepository
        Commits or trees are missing or damaged. Missing blobs are not: their size is -1.
    """
    report: Progress = progress or (lambda phase, done, total: None)
    mainline = repository.find_mainline(ref) if ref else (repository.mainline_ref, repository.mainline_oid)
    refs = repository.commit_refs()
    read = gather(repository, tips_of(mainline[1], refs), jobs=jobs, report=report)
    return index_of(repository, read, mainline, refs, people, report)


def tips_of(mainline: bytes, refs: Sequence[RawRef]) -> list[bytes]:
    """Return the commits that reach all that is shown, each once."""
    return list(dict.fromkeys([mainline, *(ref.oid for ref in refs)]))


def index_of(repository: Repository, read: Gathered, mainline: tuple[str, bytes], refs: Sequence[RawRef],
             people: str, report: Progress) -> HistoryIndex:
    """Return the index of what a mainline (name and tip) and `refs` (with their commits) reach.

    The mailmap is that of the mainline's tip.
    """
    from xrserver.history.people import grouping, read_mailmap
    from xrserver.history.ranking import to_index

    count = read.commits.count
    report("order", 0, count)
    group = grouping(people, read_mailmap(repository, mainline[1]))
    index = to_index(repository.format, *read, *mainline, refs, group)
    report("order", count, count)
    return index
