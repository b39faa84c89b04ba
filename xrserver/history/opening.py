"""Opening a repository with its whole history."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from xrserver.history.log import Progress, read_index
from xrserver.history.repository import Repository

if TYPE_CHECKING:
    from xrserver.history.index import FileVersions, HistoryIndex


def open_history(path: Path, *, ref: str = "", jobs: int = 0, progress: Progress,
                 ) -> tuple[Repository, HistoryIndex, FileVersions]:
    """Open the repository at `path` and read its whole history (blocking).

    Parameters
    ----------
    ref, jobs
        As in `read_index`.
    progress : callable
        As in `read_index`, with "versions" as the last phase.

    Raises
    ------
    NotARepository, EmptyRepository, UnreadableRepository, UnknownMoment
        There is nothing that can be shown; the message says why.
    """
    repository = Repository.open(path, ref)
    try:
        index = read_index(repository, jobs=jobs, progress=progress)
        from xrserver.history.versions import file_versions

        progress("versions", 0, 0)
        return repository, index, file_versions(index)
    except BaseException:
        repository.close()
        raise


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


def display_name(repository: Repository) -> str:
    """Return what people call a repository: the name of its folder."""
    place = repository.place
    folder = (place.worktree or place.git_dir).resolve()
    name = folder.name.removesuffix(".git") or folder.parent.name or "repository"
    return os.fsencode(name).decode("utf-8", "replace")
