"""Opening a repository with its whole history: what was read before is remembered, the rest is read."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from xrserver.errors import UnreadableRepository
from xrserver.history.log import Progress, Remembered, gather, index_of, tips_of
from xrserver.history.memory import Memory
from xrserver.history.recent import is_long, read_recent
from xrserver.history.refs import RawRef
from xrserver.history.repository import Repository
from xrserver.history.sealed import Damaged
from xrserver.history.store import Store, state_of

if TYPE_CHECKING:
    from xrserver.history.index import FileVersions, HistoryIndex


def open_history(path: Path, *, ref: str = "", jobs: int = 0, cache_bytes: int = 0, people: str = "mailmap",
                 progress: Progress) -> tuple[Repository, HistoryIndex, FileVersions]:
    """Open the repository at `path` with its whole history (blocking).

    Parameters
    ----------
    ref, jobs, people
        As in `read_index`.
    cache_bytes : int
        Use what earlier readings left in the user's cache directory, and leave there what is new, so
        much of all histories together; 0: neither.
    progress : callable
        As in `read_index`, with "versions" as the last phase; not called where all is remembered.

    Raises
    ------
    NotARepository, EmptyRepository, UnreadableRepository, UnknownMoment
        There is nothing that can be shown; the message says why.
    """
    repository = Repository.open(path, ref)
    try:
        # Read once: what is remembered of a state must be of this state.
        refs = repository.refs.all()
        store = Store.of(repository) if cache_bytes else None
        if store is None:
            return repository, *_read(repository, refs, None, jobs, people, progress)
        state = state_of(repository, refs, people)
        seen = store.view(state)
        if seen is not None:
            return repository, *seen
        with store.writing():
            stock = store.stock()
            index, versions = _update(repository, refs, store, jobs, people, progress)
            store.save_view(state, stock, index, versions)
            store.evict(cache_bytes)
        return repository, index, versions
    except BaseException:
        repository.close()
        raise


def open_newest(path: Path, *, ref: str = "", jobs: int = 0, cache_bytes: int = 0, people: str = "mailmap",
                progress: Progress) -> tuple[Repository, HistoryIndex, FileVersions, bool]:
    """Open the repository at `path` with what is there soonest (blocking): all, or the present tree.

    Parameters
    ----------
    ref, jobs, cache_bytes, people, progress
        As in `open_history`.

    Returns
    -------
    (Repository, HistoryIndex, FileVersions, bool)
        And whether that is the whole history: it is where it is remembered or short.
    """
    repository = Repository.open(path, ref)
    try:
        store = Store.of(repository) if cache_bytes else None
        if (store is None or store.manifest() is None) and is_long(repository):
            newest = read_recent(repository, 1, jobs=jobs, people=people, progress=progress)
            if newest is not None:
                return repository, *newest, False
    except BaseException:
        repository.close()
        raise
    repository.close()
    return *open_history(path, ref=ref, jobs=jobs, cache_bytes=cache_bytes, people=people,
                         progress=progress), True


def _update(repository: Repository, refs: Sequence[RawRef], store: Store, jobs: int, people: str,
            progress: Progress) -> tuple[HistoryIndex, FileVersions]:
    """Read what is new, or everything where what is remembered is of no use."""
    try:
        memory = Memory(store, repository)
        if memory.is_of_use():
            return _read(repository, refs, memory, jobs, people, progress)
    except Damaged as error:
        store.tell(error)
    except UnreadableRepository:
        pass  # reading everything finds out whether it is
    return _read(repository, refs, Memory(store, repository, forget=True), jobs, people, progress)


def _read(repository: Repository, refs: Sequence[RawRef], memory: Memory | None, jobs: int, people: str,
          progress: Progress) -> tuple[HistoryIndex, FileVersions]:
    """Read what is not remembered, remember it, and return what it makes with the rest."""
    named = repository.commit_refs(refs)
    before = Remembered(memory.heads, memory.load) if memory is not None and memory.heads else None
    read = gather(repository, tips_of(repository.mainline_oid, named), before, jobs=jobs, report=progress)
    mainline = (repository.mainline_ref, repository.mainline_oid)
    index = index_of(repository, read, mainline, named, people, progress)
    from xrserver.history.versions import file_versions

    progress("versions", 0, 0)
    with ThreadPoolExecutor(1) as pool:
        saved = None if memory is None else pool.submit(memory.save, read)
        versions = file_versions(index)
        if saved is not None:
            saved.result()
    return index, versions


def counts(index: HistoryIndex, versions: FileVersions) -> dict[str, int]:
    """Return how much there is of what in a history."""
    from xrserver.columns import RANK_END

    head = (versions.birth <= index.head_rank) & (versions.death == RANK_END)
    return {
        "commits": len(index.oids), "mainline commits": len(index.mainline),
        "people": len(index.person_names), "files": int(head.sum()), "paths": len(index.paths.parent),
        "changes": len(index.change_path), "file versions": len(versions.path),
        "blobs": len(index.blob_oids),
    }
