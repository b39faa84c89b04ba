"""Refs kept as reftables: git's binary format, a stack of sorted tables of which newer ones win.

Read here because no libgit2 does, and only a git of 2.45 or later; the format is described in git's
``Documentation/technical/reftable``. Only ref blocks are read, from the first to the last.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from xrserver.errors import UnreadableRepository
from xrserver.history.refs import KINDS, SYMBOLIC_DEPTH, RawRef

_NAME = re.compile(r"[0-9A-Za-z-]+\.ref\Z")
_MOST_TABLES = 4096
#: Times that the list of tables is read again, because one of them was put together with others meanwhile.
_TRIES = 20

#: Bytes of the header, and of an object id, by version of the format; version 2 says the hash in its header.
_HEADERS = {1: 24, 2: 28}
_WIDTHS = {b"sha1": 20, b"s256": 32}
_DELETED, _OID, _PEELED, _SYMBOLIC = range(4)


class Value(NamedTuple):
    """What a ref is: an object's raw id, or the name of another ref; neither where it was removed."""

    oid: bytes
    target: str


class Reftables:
    """The refs of one git directory that keeps them as reftables, read anew by each call.

    Parameters
    ----------
    git_dir, common_dir : Path
        As `Refs` has them: a linked worktree has tables of its own, with its HEAD.
    """

    def __init__(self, git_dir: Path, common_dir: Path) -> None:
        self.git_dir = git_dir
        self.common_dir = common_dir

    def head(self) -> tuple[str, bytes | None]:
        """Return the branch that HEAD names (``"HEAD"`` when detached) and its object; None when unborn."""
        refs = self._read()
        name = "HEAD"
        for _ in range(SYMBOLIC_DEPTH):
            value = refs.get(name)
            if value is None or not value.target:
                break
            name = value.target
        return name, _resolved(refs, name)

    def resolve(self, name: str) -> bytes | None:
        """Return what the ref of this full name points at, or None where there is none."""
        return _resolved(self._read(), name)

    def all(self) -> list[RawRef]:
        """Return branches, remote branches, worktree HEADs and tags, sorted by name."""
        refs = self._read()
        found: list[RawRef] = []
        for name, value in refs.items():
            kind = next((kind for prefix, kind in KINDS.items() if name.startswith(prefix)), "")
            # A remote's HEAD only repeats one of its branches.
            if not kind or (value.target and name.endswith("/HEAD")):
                continue
            if (oid := _resolved(refs, name)) is not None:
                found.append(RawRef(name, oid, kind))
        heads = {"HEAD": self.git_dir}
        if self.common_dir != self.git_dir:
            heads["main-worktree/HEAD"] = self.common_dir
        worktrees = self.common_dir / "worktrees"
        if worktrees.is_dir():
            heads |= {f"worktrees/{entry.name}/HEAD": entry for entry in worktrees.iterdir()
                      if entry != self.git_dir}
        for name, folder in heads.items():
            own = refs if folder == self.git_dir else {**refs, **_stack(folder / "reftable")}
            if (oid := _resolved(own, "HEAD")) is not None:
                found.append(RawRef(name, oid, "worktree"))
        return sorted(found, key=lambda ref: ref.name)

    def _read(self) -> dict[str, Value]:
        refs = _stack(self.common_dir / "reftable")
        if self.git_dir != self.common_dir:
            refs.pop("HEAD", None)
            refs |= _stack(self.git_dir / "reftable")
        return refs


def _resolved(refs: dict[str, Value], name: str) -> bytes | None:
    for _ in range(SYMBOLIC_DEPTH + 1):
        value = refs.get(name)
        if value is None:
            return None
        if not value.target:
            return value.oid
        name = value.target
    return None


def _stack(folder: Path) -> dict[str, Value]:
    """Return all refs of a stack of tables."""
    for _ in range(_TRIES):
        try:
            names = (folder / "tables.list").read_text("ascii").split()
            tables = [_content(folder, name) for name in names[:_MOST_TABLES]]
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(folder, error) from None
        break
    else:
        return {}  # a worktree that goes, or never had any
    refs: dict[str, Value] = {}
    for table in tables:
        try:
            for name, value in _refs(table):
                if value is None:
                    refs.pop(name, None)
                else:
                    refs[name] = value
        except (IndexError, ValueError) as error:
            raise _unreadable(folder, error) from None
    return refs


def _content(folder: Path, name: str) -> bytes:
    file = folder / name
    # A name may lead nowhere else, and no pipe is opened.
    if _NAME.match(name) is None:
        raise OSError(f"{name!r} is no table")
    if not file.is_file():
        raise FileNotFoundError(name)
    return file.read_bytes()


def _unreadable(folder: Path, error: Exception) -> UnreadableRepository:
    return UnreadableRepository(f"The refs in {os.fspath(folder)} cannot be read: {error}; `git fsck` and "
                                "`git pack-refs` there tell more.")


def _refs(table: bytes) -> Iterator[tuple[str, Value | None]]:
    """Yield the refs of a table in order, None for one that is removed by it."""
    version = table[4] if table[:4] == b"REFT" else 0
    if version not in _HEADERS:
        raise ValueError("it is no reftable of a version that is known here")
    header = _HEADERS[version]
    width = _WIDTHS[table[24:28]] if version == 2 and table[24:28] in _WIDTHS else 20
    block_size = int.from_bytes(table[5:8], "big")
    start = 0
    while True:
        at = start or header  # the first block has the file's header before it
        if table[at:at + 1] != b"r":
            return
        length = int.from_bytes(table[at + 1:at + 4], "big")
        end = start + length
        restarts = int.from_bytes(table[end - 2:end], "big")
        if length < 6 or end > len(table):
            raise ValueError("a block is cut off")
        yield from _records(table, at + 4, end - 2 - 3 * restarts, width)
        start += length
        if block_size and start % block_size:
            start += block_size - start % block_size


def _records(table: bytes, at: int, end: int, width: int) -> Iterator[tuple[str, Value | None]]:
    name = b""
    while at < end:
        shared, at = _varint(table, at)
        packed, at = _varint(table, at)
        length, kind = packed >> 3, packed & 7
        name = name[:shared] + table[at:at + length]
        at += length
        _, at = _varint(table, at)  # when it was written, behind the table's first
        value: Value | None = None
        if kind in (_OID, _PEELED):
            value = Value(table[at:at + width], "")
            at += width * kind
        elif kind == _SYMBOLIC:
            length, at = _varint(table, at)
            value = Value(b"", table[at:at + length].decode("utf-8", "replace"))
            at += length
        elif kind != _DELETED:
            raise ValueError(f"a ref is of kind {kind}")
        if at > end:
            raise ValueError("a ref is cut off")
        yield name.decode("utf-8", "replace"), value


def _varint(table: bytes, at: int) -> tuple[int, int]:
    """Return a number as git packs them, and where it ends."""
    value = table[at] & 0x7f
    while table[at] & 0x80:
        at += 1
        value = (value + 1) << 7 | (table[at] & 0x7f)
    return value, at + 1
