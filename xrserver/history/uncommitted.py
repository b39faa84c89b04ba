"""What is changed and not committed yet in every worktree of a repository: paths and kinds, never contents.

git compares, in the shadow and with the shadow's settings (`history.shadow`): no filter, file monitor or hook
that the repository names is known there, so none runs. What it refreshes is a copy of the index: the
repository is not written. Submodules are not looked into: git would follow their settings.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xrserver.errors import XrserverError
from xrserver.history.glance import refs_of
from xrserver.history.place import Place, formats
from xrserver.history.shadow import Shadow, find_git

Kind = Literal["added", "modified", "deleted", "untracked"]

#: Most bytes that are read of one of git's answers, and most worktrees that are looked at.
_MOST_BYTES = 4 << 20
MOST_WORKTREES = 32

#: Seconds that git may take for an answer.
_PATIENCE = 120.0

_KINDS: dict[bytes, Kind] = {b"A": "added", b"D": "deleted"}
_EMPTY_TREE = {"sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
               "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"}


@dataclass(frozen=True, slots=True)
class Change:
    """A path that differs from the commit that is checked out; of a new folder its name with a slash."""

    path: bytes
    kind: Kind


@dataclass(frozen=True, slots=True)
class Worktree:
    """A worktree, and what is not committed in it.

    Attributes
    ----------
    name : str
        Its folder's.
    branch : str
        Full name of the ref that is checked out there, ``"HEAD"`` when detached.
    changes : tuple of Change
        Sorted by path.
    complete : bool
        There are no more of them.
    problem : str
        Why it cannot be told, in a sentence; '' where it can.
    """

    name: str
    branch: str
    changes: tuple[Change, ...] = ()
    complete: bool = True
    problem: str = ""


class Uncommitted:
    """Looks into the worktrees of one repository. Not safe to be used by two threads at once; blocking."""

    def __init__(self, place: Place) -> None:
        self._common = place.common_dir
        self._given = place
        git = find_git()
        self._format = formats(place.common_dir).objects
        objects = (self._common / "objects").resolve()
        self._shadow = None if git is None else Shadow(git, objects, self._format)
        self._copies = tempfile.TemporaryDirectory(prefix="xrserver-", ignore_cleanup_errors=True)
        self._running: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._copied: dict[Path, tuple[int, int, int]] = {}

    def look(self) -> tuple[Worktree, ...]:
        """Return the worktrees as they are now, the main one first; of none where there is no git program."""
        if self._shadow is None:
            return ()
        found: list[Worktree] = []
        for place in places(self._given)[:MOST_WORKTREES]:
            assert place.worktree is not None
            name, branch = place.worktree.name, "HEAD"
            try:
                branch, head = refs_of(place).head()
                found.append(self._compare(self._shadow, place, place.worktree, branch, head))
            except (XrserverError, OSError, ValueError) as error:
                if place.worktree.is_dir():  # else it was removed meanwhile
                    found.append(Worktree(name, branch, problem=f"{name} cannot be compared: {error}"))
        return tuple(found)

    def stop(self) -> None:
        """End what runs in another thread; it says nothing any more."""
        self._stopped = True
        if self._running is not None:
            self._running.kill()

    def close(self) -> None:
        """Remove what was temporary."""
        self._copies.cleanup()
        if self._shadow is not None:
            self._shadow.close()

    def _compare(self, shadow: Shadow, place: Place, worktree: Path, branch: str,
                 head: bytes | None) -> Worktree:
        here = copy(shadow)
        here.environment = {**shadow.environment, "GIT_WORK_TREE": str(worktree),
                            "GIT_INDEX_FILE": str(self._copy(place))}
        settings = ("-c", "core.bare=false", "-c", f"core.fileMode={_file_mode(self._common)}")
        self._answer(here, (*settings, "update-index", "-q", "--unmerged", "--ignore-submodules",
                            "--refresh"))
        tree = _EMPTY_TREE[self._format] if head is None else head.hex()
        # Without an index nothing was ever checked out: nobody deleted all of it.
        checked_out = Path(here.environment["GIT_INDEX_FILE"]).is_file()
        differing, all_read = self._answer(here, (
            *settings, "diff-index", "--raw", "-z", "--no-renames", "--no-ext-diff", "--no-textconv",
            "--ignore-submodules=all", tree, "--")) if checked_out else (b"", True)
        if differing is None:
            problem = f"git cannot compare {worktree.name} with the commit that is checked out there."
            return Worktree(worktree.name, branch, problem=problem)
        exclude = self._common / "info" / "exclude"
        hidden = (f"--exclude-from={exclude}",) if exclude.is_file() else ()
        new, all_listed = self._answer(here, (
            *settings, "ls-files", "-z", "--others", "--directory", "--no-empty-directory",
            "--exclude-per-directory=.gitignore", *hidden))
        kinds: dict[bytes, Kind] = dict.fromkeys(_strings(new or b""), "untracked")
        fields = iter(_strings(differing))
        for what in fields:
            path = next(fields, b"")
            kinds[path] = _KINDS.get(what.rpartition(b" ")[2][:1], "modified")
        changes = tuple(Change(path, kinds[path]) for path in sorted(kinds) if path)
        return Worktree(worktree.name, branch, changes, all_read and all_listed and new is not None)

    def _answer(self, git: Shadow, arguments: Sequence[str]) -> tuple[bytes | None, bool]:
        """Return what git prints, and whether that is all; None where it failed."""
        with git.start(arguments) as process:
            assert process.stdin is not None and process.stdout is not None
            self._running = process
            # It would wait for ever where a file that it reads is a pipe.
            late = threading.Timer(_PATIENCE, process.kill)
            late.start()
            try:
                if self._stopped:
                    process.kill()
                process.stdin.close()
                output = process.stdout.read(_MOST_BYTES + 1)
                if len(output) > _MOST_BYTES:
                    process.kill()
                    return output[:_MOST_BYTES], False
            finally:
                late.cancel()
        return (output if process.returncode == 0 else None), True

    def _copy(self, place: Place) -> Path:
        """Return a copy of a worktree's index, as it was refreshed last where the index is the same."""
        name = hashlib.sha256(os.fsencode(place.git_dir)).hexdigest()[:32]
        source, there = place.git_dir / "index", Path(self._copies.name, name)
        try:
            stat = source.stat()
        except FileNotFoundError:  # nothing was ever added
            there.unlink(missing_ok=True)
            self._copied.pop(there, None)
            return there
        known = stat.st_mtime_ns, stat.st_size, stat.st_ino
        if self._copied.get(there) != known:
            shutil.copy2(source, there)  # with its time, by which git knows what changed in the same instant
            self._copied[there] = known
        return there


def places(place: Place) -> list[Place]:
    """Return where the worktrees of a repository are, the main one first; of a bare one the linked ones."""
    common = place.common_dir
    found: list[Place] = []
    if common.name == ".git":
        found.append(Place(common, common, common.parent))
    elif place.git_dir == common and place.worktree is not None:
        found.append(place)
    linked: list[Path] = []
    with contextlib.suppress(OSError):
        linked = sorted((common / "worktrees").iterdir())
    for own in linked:
        with contextlib.suppress(OSError, ValueError):
            if not (own / "gitdir").is_file():  # a pipe would be waited for
                continue
            named = (own / "gitdir").read_text("utf-8", "surrogateescape").strip()
            dot = (own / named).resolve()
            if not dot.is_file():
                continue
            back = dot.read_bytes()[:4096].split(b"\n", 1)[0].decode("utf-8", "surrogateescape")
            # A folder that does not lead back is not this repository's, whatever is written there.
            if (dot.parent / back.removeprefix("gitdir:").strip()).resolve() == own.resolve():
                found.append(Place(own, common, dot.parent))
    return found


def _file_mode(common: Path) -> str:
    """Return whether the file system is said to know executable files: the one setting that is read."""
    config = common / "config"
    with contextlib.suppress(OSError):
        for line in config.read_bytes()[:1 << 16].splitlines() if config.is_file() else ():
            key, _, value = line.strip().lower().partition(b"=")
            if key.strip() == b"filemode" and value.strip() == b"false":
                return "false"
    return "true"


def _strings(output: bytes) -> Iterator[bytes]:
    """Return the strings that NUL ends; one that was cut off is left out."""
    return iter(output.split(b"\0")[:-1])
