"""Where the parts of a repository on disk are, found without reading more of it than two settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from xrserver.errors import NotARepository, UnreadableRepository
from xrserver.history.objects import WIDTHS

_CONFIG_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where the parts of a repository are.

    Attributes
    ----------
    git_dir : Path
        Holds HEAD; a linked worktree has its own.
    common_dir : Path
        Holds objects, refs and config.
    worktree : Path or None
        None when bare.
    """

    git_dir: Path
    common_dir: Path
    worktree: Path | None


def discover(path: Path) -> Place:
    """Find the repository at or around `path`, without reading its configuration.

    Raises
    ------
    NotARepository
        There is none, or what a ``.git`` file names is gone.
    """
    try:
        start = path.expanduser().resolve()
    except (OSError, RuntimeError, ValueError):
        raise NotARepository(f"{path} cannot be a path: name a folder that holds a git repository.") from None
    if start.is_file():
        start = start.parent
    if not start.is_dir():
        raise NotARepository(f"{path} does not exist: name a folder that holds a git repository.")
    for folder in (start, *start.parents):
        dot = folder / ".git"
        if dot.is_file():
            return _linked(path, dot)
        if dot.is_dir() and _is_git_dir(dot):
            return Place(dot, _common(dot), folder)
        if _is_git_dir(folder):
            common = _common(folder)
            worktree = folder.parent if folder.name == ".git" else None
            if folder != common and (back := folder / "gitdir").is_file():
                worktree = Path(back.read_text("utf-8", "surrogateescape").strip()).parent
            return Place(folder, common, worktree)
    raise NotARepository(f"{path} is not in a git repository: name a folder that is, "
                         "or start one there with `git init`.")


def _linked(path: Path, file: Path) -> Place:
    """Follow a ``.git`` file (linked worktree, submodule, separate git directory)."""
    content = file.read_bytes()[:4096].split(b"\n", 1)[0].decode("utf-8", "surrogateescape")
    git_dir = (file.parent / content.removeprefix("gitdir:").strip()).resolve()
    if not content.startswith("gitdir:") or not _is_git_dir(git_dir):
        raise NotARepository(f"{path} is a worktree whose repository {git_dir} is gone: "
                             "`git worktree repair` in the repository mends a moved one.")
    return Place(git_dir, _common(git_dir), file.parent)


def _is_git_dir(folder: Path) -> bool:
    head = folder / "HEAD"
    if not (head.is_file() or head.is_symlink()):
        return False
    return (folder / "commondir").is_file() or ((folder / "objects").is_dir() and (folder / "refs").is_dir())


def _common(git_dir: Path) -> Path:
    file = git_dir / "commondir"
    if not file.is_file():
        return git_dir
    return (git_dir / file.read_text("utf-8", "surrogateescape").strip()).resolve()


class Formats(NamedTuple):
    """How objects are named (``sha1``, ``sha256``) and refs kept (``files``, ``reftable``)."""

    objects: str
    refs: str


def formats(common_dir: Path) -> Formats:
    """Return the formats that the repository's config names.

    Two settings are looked for and nothing is followed: an include could name anything.
    """
    file = common_dir / "config"
    text = ""
    if file.is_file():
        with file.open("rb") as config:
            text = config.read(_CONFIG_LIMIT).decode("utf-8", "replace")
    section = ""
    settings = {"objectformat": "sha1", "refstorage": "files"}
    for line in text.splitlines():
        if match := re.match(r"\s*\[\s*([^\]\s]+)[^\]]*\]", line):
            section, line = match[1].lower(), line[match.end():]
        match = re.match(r"\s*(\w+)\s*=\s*\"?([^\"#;\s]*)", line)
        if match and section == "extensions" and match[1].lower() in settings:
            settings[match[1].lower()] = match[2].lower()
    if settings["refstorage"] not in ("files", "reftable") or settings["objectformat"] not in WIDTHS:
        raise UnreadableRepository(
            f"{common_dir} keeps its objects as {settings['objectformat']} and its refs as "
            f"{settings['refstorage']}, which cannot be read here: "
            "`git refs migrate --ref-format=files` converts refs.")
    return Formats(settings["objectformat"], settings["refstorage"])


def shallow_boundary(file: Path) -> frozenset[bytes]:
    """Return the commits whose parents are not here, from the file that lists them."""
    if not file.is_file():
        return frozenset()
    return frozenset(bytes.fromhex(line.decode()) for line in file.read_bytes().split()
                     if re.fullmatch(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?", line))
