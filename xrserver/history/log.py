"""Reading a whole history in bulk: git's own output, several processes at once, into a `HistoryIndex`.

Three stages run side by side: one git lists the commits, several compare trees, and this process
turns what they print into columns (in kernels, without the GIL). Where there is no git program,
libgit2 reads the same (`history.walk`) through the same columns.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

from xrserver.history.bulk import GitSource
from xrserver.history.listing import Listing, Source
from xrserver.history.repository import Repository

if TYPE_CHECKING:
    from xrserver.history.index import HistoryIndex

#: Called with phase, how much is done, and of how much (0: not known yet).
Progress = Callable[[str, int, int], None]

#: So many blobs make one question for sizes.
_ASKED = 1 << 14
#: Chunks of commits that may wait for each process, so that git goes on while kernels are loaded.
_AHEAD = 16


def read_index(repository: Repository, *, ref: str = "", jobs: int = 0,
               progress: Progress | None = None) -> HistoryIndex:
    """Read the whole history of a repository.

    Parameters
    ----------
    ref : str
        The mainline; default the one the repository was opened with.
    jobs : int
        How many processes compare trees; 0 is one for each core.
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
    jobs = jobs or os.cpu_count() or 1
    mainline_ref, mainline_oid = (repository.find_mainline(ref) if ref
                                  else (repository.mainline_ref, repository.mainline_oid))
    refs = repository.commit_refs()
    tips = list(dict.fromkeys([mainline_oid, *(r.oid for r in refs)]))
    source = _source(repository)
    if repository.shadow is None:
        jobs = 1  # it holds the GIL while it reads
    with closing(source), ThreadPoolExecutor(1) as asking, ThreadPoolExecutor(jobs) as pool, \
            closing(Listing(source, tips, repository.shallow, pool, _AHEAD * jobs)) as listing:
        # From here on git is at work: what takes long to import is imported meanwhile.
        from xrserver.history.gather import Changes, Commits, Sizes, to_index
        from xrserver.history.rehearsal import rehearse

        rehearse(repository.format, repository.width)
        commits, changes = Commits(repository.width, repository.shallow), Changes(repository.width)
        sizes = Sizes(lambda oids: asking.submit(source.sizes, oids))
        for records, output in listing:
            changes.add(output, commits.add(records))
            sizes.ask(changes.blobs, _ASKED)
            report("commits", commits.count, 0 if listing.open else listing.count)
        sizes.ask(changes.blobs)
        for known in sizes.answers():
            report("sizes", known, changes.blobs.count)
    report("order", 0, commits.count)
    index = to_index(repository.format, commits, changes, sizes.column(), mainline_ref, mainline_oid, refs)
    report("order", commits.count, commits.count)
    return index


def _source(repository: Repository) -> Source:
    if repository.shadow is not None:
        return GitSource(repository.shadow)
    from xrserver.history.walk import LibgitSource

    return LibgitSource(repository)
