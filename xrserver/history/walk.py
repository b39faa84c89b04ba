"""Reading a whole history where there is no git program: libgit2's objects, in git's notation.

It gives what git would print, so that one set of kernels reads both. Trees are compared here and
not by libgit2, whose differences are no record of the trees (it follows settings, and is slower).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from xrserver.errors import UnreadableRepository
from xrserver.history.objects import canonical_mode
from xrserver.history.repository import Repository

_BLOCK = 1 << 18
#: Parsed trees kept: neighbouring commits share most of theirs.
_TREES = 4096
_NOTHING: frozenset[tuple[bytes, bytes, bytes]] = frozenset()
_TREE_MODE = 0o040000

Entries = frozenset[tuple[bytes, bytes, bytes]]


class LibgitSource:
    """Commits, changes and sizes of a repository, read through its object store alone."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._entry = re.compile(rb"([0-7]+) ([^\0]+)\0(.{%d})" % repository.width, re.DOTALL)
        self._tree_of: dict[bytes, bytes] = {}
        self._trees: OrderedDict[bytes, Entries] = OrderedDict()

    def commits(self, tips: Sequence[bytes]) -> Iterator[bytes]:
        """Yield blocks of records ``OID\\ncommit header\\0`` of all that `tips` reach, each once."""
        read, shallow = self._repository.objects.read, self._repository.shallow
        seen, waiting = set(tips), list(reversed(tips))
        block: list[bytes] = []
        size = 0
        while waiting:
            oid = waiting.pop()
            kind, raw = read(oid)
            header = raw.partition(b"\n\n")[0].rstrip(b"\n") + b"\n"
            if kind != "commit" or not header.startswith(b"tree ") or b"\0" in header:
                raise UnreadableRepository(f"commit {oid.hex()} cannot be read; `git fsck` there tells more.")
            lines = header.split(b"\n")
            self._tree_of[oid] = bytes.fromhex(lines[0][5:].decode("ascii"))
            block.append(b"%s\n%s\0" % (oid.hex().encode(), header))
            size += len(header)
            if oid not in shallow:
                for line in lines[1:]:
                    if not line.startswith(b"parent "):
                        break
                    parent = bytes.fromhex(line[7:].decode("ascii"))
                    if parent not in seen:
                        seen.add(parent)
                        waiting.append(parent)
            if size >= _BLOCK:
                yield b"".join(block)
                block, size = [], 0
        yield b"".join(block)

    def changes(self, lines: Sequence[bytes]) -> bytes:
        """Return what ``git diff-tree --stdin --raw -z`` prints for `lines`."""
        printed: list[bytes] = []
        for line in lines:
            commit, _, parent = line.partition(b" ")
            old = self._tree(bytes.fromhex(parent.decode())) if parent else None
            changed: list[tuple[bytes, bytes]] = []
            self._compare(old, self._tree(bytes.fromhex(commit.decode())), b"", changed)
            # In git's order of trees, files come in that of their whole paths' bytes.
            changed.sort()
            printed.append(commit)
            printed.append(b"\0")
            for path, change in changed:
                printed += (change, b"\0", path, b"\0")
        return b"".join(printed)

    def sizes(self, oids: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the sizes of blobs in bytes, -1 for those missing."""
        header = self._repository.objects.header
        found = (header(oid.tobytes()) for oid in oids)
        return np.array([-1 if answer is None else answer[1] for answer in found], np.int64)

    def _tree(self, commit: bytes) -> bytes:
        """Return a commit's tree; parents may be asked for before the walk comes to them."""
        tree = self._tree_of.get(commit)
        return self._repository.commit(commit).tree if tree is None else tree

    def _entries(self, oid: bytes | None) -> Entries:
        """Return a tree's (mode, name, object id) as git stores them."""
        if oid is None:
            return _NOTHING
        entries = self._trees.get(oid)
        if entries is None:
            kind, raw = self._repository.objects.read(oid)
            found: list[tuple[bytes, bytes, bytes]] = self._entry.findall(raw)
            read = sum(len(mode) + len(name) for mode, name, _ in found)
            if kind != "tree" or read + len(found) * (2 + self._repository.width) != len(raw):
                raise UnreadableRepository(f"tree {oid.hex()} cannot be read; `git fsck` there tells more.")
            entries = self._trees[oid] = frozenset(found)
            if len(self._trees) > _TREES:
                self._trees.popitem(last=False)
        return entries

    def _compare(self, old: bytes | None, new: bytes | None, prefix: bytes,
                 changed: list[tuple[bytes, bytes]]) -> None:
        """Append (path, raw difference) of every file that differs between two trees."""
        before, after = self._entries(old), self._entries(new)
        gone = {name: (canonical_mode(int(mode, 8)), oid) for mode, name, oid in before - after}
        come = {name: (canonical_mode(int(mode, 8)), oid) for mode, name, oid in after - before}
        for name in gone.keys() | come.keys():
            old_mode, old_oid = gone.get(name, (0, b""))
            mode, oid = come.get(name, (0, b""))
            path = prefix + name
            if old_mode == _TREE_MODE or mode == _TREE_MODE:
                self._compare(old_oid if old_mode == _TREE_MODE else None,
                              oid if mode == _TREE_MODE else None, path + b"/", changed)
                old_mode, old_oid = (0, b"") if old_mode == _TREE_MODE else (old_mode, old_oid)
                mode, oid = (0, b"") if mode == _TREE_MODE else (mode, oid)
            if (mode, oid) != (old_mode, old_oid):
                zeros = b"0" * (2 * self._repository.width)
                changed.append((path, b":%06o %06o %s %s %s" % (
                    old_mode, mode, old_oid.hex().encode() or zeros, oid.hex().encode() or zeros,
                    b"A" if old_mode == 0 else b"D" if mode == 0 else b"M")))
