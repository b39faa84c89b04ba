"""Which submodules of a repository are checked out: its ``.gitmodules`` says where they may be, no more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from xrserver.errors import XrserverError
from xrserver.history.glance import glance
from xrserver.history.place import discover

_LARGEST = 1 << 20
#: Submodules within submodules are followed so deep.
_DEEPEST = 8


def with_submodules(repositories: Sequence[Path]) -> tuple[Path, ...]:
    """Return `repositories`, each followed by its submodules that are checked out and have commits."""
    found: list[Path] = []
    seen: set[Path] = set()

    def add(path: Path, depth: int) -> None:
        place = discover(path)
        if place.git_dir in seen and depth:
            return
        seen.add(place.git_dir)
        found.append(path)
        if place.worktree is not None and depth < _DEEPEST:
            for folder in checked_out(place.worktree):
                add(folder, depth + 1)

    for path in repositories:
        add(path, 0)
    return tuple(found)


def checked_out(worktree: Path) -> list[Path]:
    """Return where submodules are checked out in a worktree, in the order of its ``.gitmodules``."""
    file = worktree / ".gitmodules"
    try:
        with file.open("rb") as content:
            text = content.read(_LARGEST).decode("utf-8", "surrogateescape") if file.is_file() else ""
    except OSError:
        return []
    found: list[Path] = []
    for match in re.finditer(r"^\s*path\s*=\s*(.+?)\s*$", text, re.MULTILINE):
        named = PurePosixPath(match[1].strip('"'))
        folder = worktree.joinpath(*named.parts)
        # What leads out of the worktree is none of its submodules, whatever the file says.
        beyond = named.is_absolute() or ".." in named.parts
        if beyond or not folder.resolve().is_relative_to(worktree.resolve()):
            continue
        if (folder / ".git").exists() and folder not in found:
            try:
                glance(folder)
            except XrserverError:
                continue  # begun and never filled: its plot says that it is not served
            found.append(folder)
    return found
