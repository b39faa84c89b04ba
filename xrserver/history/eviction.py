"""What is remembered of all histories together: listed, cleared, and kept below a size."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from xrserver.history.cache import cache_directory
from xrserver.history.locking import held
from xrserver.history.place import discover
from xrserver.history.sealed import Damaged, read_sealed


class Kept(NamedTuple):
    """What is kept of one object store.

    Attributes
    ----------
    name : str
        Of its directory.
    objects : str
        The object directory it was read from; empty where that can no longer be told.
    commits : int
    size : int, bytes
    used : float, seconds UTC
        When it was last written or read.
    """

    name: str
    objects: str
    commits: int
    size: int
    used: float


def histories() -> Path | None:
    """Return the folder of all that is remembered, None where there is no home."""
    cache = cache_directory()
    return None if cache is None else cache / "history"


def kept(folder: Path, repositories: Sequence[Path] = ()) -> list[Kept]:
    """Return what is kept in `folder` (of these repositories, if any are named), the last used first.

    Raises
    ------
    NotARepository
        One of them is none (any more).
    """
    wanted = {str((discover(path).common_dir / "objects").resolve()) for path in repositories}
    found: list[Kept] = []
    with contextlib.suppress(FileNotFoundError):
        for directory in folder.iterdir():
            with contextlib.suppress(OSError):  # gone meanwhile, or none
                found.append(_look(directory))
    found = [one for one in found if not wanted or one.objects in wanted]
    return sorted(found, key=lambda one: one.used, reverse=True)


def forget(folder: Path, name: str) -> bool:
    """Remove what is kept under `name`; False where it is being written to, or cannot be removed."""
    with contextlib.suppress(OSError), held(folder / f"{name}.lock") as mine:
        if mine:
            shutil.rmtree(folder / name)
            return True
    return False


def evict(folder: Path, limit: int, name: str) -> None:
    """Remove what was not used for longest until `limit` bytes hold the rest.

    The one called `name`, which the caller is writing to, goes last, and then with the lock held.
    """
    all_kept = kept(folder)
    size = sum(one.size for one in all_kept)
    for one in reversed(all_kept):
        if size <= limit:
            return
        if one.name != name and forget(folder, one.name):
            size -= one.size
    if size > limit:
        with contextlib.suppress(OSError):
            shutil.rmtree(folder / name)


def _look(directory: Path) -> Kept:
    files = [entry.stat() for entry in directory.iterdir()]
    objects, commits = "", 0
    with contextlib.suppress(Damaged, OSError):
        about = read_sealed(directory / "manifest").about
        objects, commits = about["objects"], about["commits"]
    return Kept(directory.name, objects, commits, sum(file.st_size for file in files),
                max((file.st_mtime for file in files), default=0.0))
