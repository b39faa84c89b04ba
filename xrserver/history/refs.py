"""Refs of a repository on disk: HEAD, branches, remote branches, tags and worktrees.

Files are read as git lays them out (loose refs, then packed-refs: in that order, so that a ref packed
meanwhile is not missed). Nothing but regular files is opened, and no configuration is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Longest chain of symbolic refs, as in git.
SYMBOLIC_DEPTH = 5
_HEX = re.compile(rb"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_LARGEST = 64 * 1024

#: Where viewed refs and landmarks live, and what kind each is.
KINDS = {"refs/heads/": "head", "refs/remotes/": "remote", "refs/tags/": "tag"}


@dataclass(frozen=True, slots=True)
class RawRef:
    """A ref as it stands on disk.

    Attributes
    ----------
    name : str
        Full name.
    oid : bytes
        What it names: for an annotated tag the tag object, not yet the commit.
    kind : str
        ``"head"``, ``"remote"``, ``"worktree"`` or ``"tag"``.
    """

    name: str
    oid: bytes
    kind: str


class Refs:
    """The refs of one git directory, looked at anew by each call.

    Parameters
    ----------
    git_dir : Path
        The directory that holds HEAD (that of a linked worktree is its own).
    common_dir : Path
        The directory that holds refs (the same, unless `git_dir` is a linked worktree's).
    """

    def __init__(self, git_dir: Path, common_dir: Path) -> None:
        self.git_dir = git_dir
        self.common_dir = common_dir
        self._read: tuple[bytes, dict[str, bytes]] = b"", {}

    def head(self) -> tuple[str, bytes | None]:
        """Return the branch that HEAD names (``"HEAD"`` when detached) and its object; None when unborn."""
        target = _symbolic(self.git_dir / "HEAD")
        if target is None:
            return "HEAD", self.resolve("HEAD")
        for _ in range(SYMBOLIC_DEPTH):
            deeper = _symbolic(self.common_dir / target)
            if deeper is None:
                break
            target = deeper
        return target, self.resolve(target)

    def resolve(self, name: str) -> bytes | None:
        """Return what the ref of this full name points at, or None where there is none."""
        packed: dict[str, bytes] | None = None
        for _ in range(SYMBOLIC_DEPTH + 1):
            if not _is_safe(name):
                return None
            path = (self.git_dir if name == "HEAD" else self.common_dir) / name
            target = _symbolic(path)
            if target is not None:
                name = target
                continue
            oid = _oid(path)
            if oid is None:
                packed = self._packed() if packed is None else packed
                oid = packed.get(name)
            return oid
        return None

    def all(self) -> list[RawRef]:
        """Return branches, remote branches, worktree HEADs and tags, sorted by name."""
        found: dict[str, bytes] = {}
        symbolic: list[str] = []
        for prefix in KINDS:
            for name, path in _loose(self.common_dir / prefix, prefix):
                oid = _oid(path)
                if oid is not None:
                    found[name] = oid
                elif _symbolic(path) is not None:
                    symbolic.append(name)
        for name, oid in self._packed().items():
            if name not in symbolic:
                found.setdefault(name, oid)
        # A remote's HEAD only repeats one of its branches.
        for name in symbolic:
            oid = None if name.endswith("/HEAD") else self.resolve(name)
            if oid is not None:
                found[name] = oid
        refs = [RawRef(name, oid, kind) for name, oid in found.items()
                for prefix, kind in KINDS.items() if name.startswith(prefix)]
        refs.extend(self._worktrees())
        return sorted(refs, key=lambda ref: ref.name)

    def _worktrees(self) -> Iterator[RawRef]:
        heads = {"HEAD": self.git_dir / "HEAD"}
        if self.common_dir != self.git_dir:
            heads["main-worktree/HEAD"] = self.common_dir / "HEAD"
        worktrees = self.common_dir / "worktrees"
        if worktrees.is_dir():
            heads |= {f"worktrees/{entry.name}/HEAD": entry / "HEAD" for entry in worktrees.iterdir()
                      if entry != self.git_dir}
        for name, path in heads.items():
            target = _symbolic(path)
            oid = _oid(path) if target is None else self.resolve(target)
            if oid is not None:
                yield RawRef(name, oid, "worktree")

    def _packed(self) -> dict[str, bytes]:
        path = self.common_dir / "packed-refs"
        content = path.read_bytes() if path.is_file() else b""
        before, refs = self._read
        if content != before:  # times and sizes may be the same, and parsing thousands takes a while
            refs = {}
            for line in content.splitlines():
                oid, _, name = line.partition(b" ")
                if _HEX.match(oid) and name:
                    refs[name.decode("utf-8", "replace")] = bytes.fromhex(oid.decode())
            self._read = content, refs
        return refs


def _is_safe(name: str) -> bool:
    """Say whether `name` is HEAD or stays below refs/, as git demands."""
    parts = name.split("/")
    return name == "HEAD" or (parts[0] == "refs" and len(parts) > 1
                              and not any(part in ("", ".", "..") for part in parts)
                              and not any(character in name for character in "\\:\0"))


def _content(path: Path) -> bytes | None:
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except (OSError, ValueError):
        return None


def _symbolic(path: Path) -> str | None:
    """Return the full name that a symbolic ref names (also in its oldest form, a symbolic link)."""
    try:
        if path.is_symlink() and (target := str(path.readlink()).replace(os.sep, "/")).startswith("refs/"):
            return target
    except OSError:
        return None
    content = _content(path)
    if content is None or not content.startswith(b"ref:"):
        return None
    return content[4:].split(b"\n", 1)[0].strip().decode("utf-8", "replace")


def _oid(path: Path) -> bytes | None:
    content = _content(path)
    if content is None:
        return None
    word = content.split(b"\n", 1)[0].strip()
    return bytes.fromhex(word.decode()) if _HEX.match(word) else None


def _loose(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if not name.endswith(".lock"):
                below = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "replace")
                yield prefix + below, path
