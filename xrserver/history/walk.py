"""Reading a whole history where there is no git program: libgit2's objects, in git's notation.

It gives what git would print, so that one set of kernels reads both. Trees are compared here and
not by libgit2, whose differences are no record of the trees (it follows settings, and is slower).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from xrserver.errors import UnreadableRepository
from xrserver.history.listing import Known
from xrserver.history.objects import canonical_mode
from xrserver.history.repository import Repository

_BLOCK = 1 << 18
#: How much of trees is kept: neighbouring commits share most of theirs.
_KEPT_BYTES = 64 << 20
_TREE_MODE = 0o040000

#: Canonical mode and object id.
Entry = tuple[int, bytes]


class LibgitSource:
    """Commits, changes and sizes of a repository, read through its object store alone."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._zeros = b"0" * (2 * repository.width)
        self._tree_of: dict[bytes, bytes] = {}
        self._trees: OrderedDict[bytes, bytes] = OrderedDict()
        self._kept = 0

    def close(self) -> None:
        """Nothing stays open."""

    def commits(self, tips: Sequence[bytes], known: Known) -> Iterator[bytes]:
        """Yield blocks of records of all that `tips` reach, but not `known`."""
        read, shallow = self._repository.objects.read, self._repository.shallow
        there = known.oids
        waiting = [tip for tip in reversed(tips) if tip not in there]
        seen = set(waiting)
        block: list[bytes] = []
        size = 0
        while waiting:
            oid = waiting.pop()
            kind, raw = read(oid)
            header, _, message = raw.partition(b"\n\n")
            header = header.rstrip(b"\n") + b"\n"
            if kind != "commit" or not header.startswith(b"tree ") or b"\0" in header:
                raise UnreadableRepository(f"commit {oid.hex()} cannot be read; `git fsck` there tells more.")
            lines = header.split(b"\n")
            self._tree_of[oid] = bytes.fromhex(lines[0][5:].decode("ascii"))
            # Whoever reads it wants to know of a message only whether it names co-authors.
            message = b"\n    ".join((b"", *message.partition(b"\0")[0].split(b"\n"))) \
                if b"co-authored-by" in message.lower() else b""
            block.append(b"%s\n%s%s\0" % (oid.hex().encode(), header, message))
            size += len(header) + len(message)
            if oid not in shallow:
                for line in lines[1:]:
                    if not line.startswith(b"parent "):
                        break
                    parent = bytes.fromhex(line[7:].decode("ascii"))
                    if parent not in seen and parent not in there:
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

    def _raw(self, oid: bytes | None) -> bytes:
        """Return a tree object's content; nothing for no tree."""
        if oid is None:
            return b""
        raw = self._trees.get(oid)
        if raw is None:
            kind, raw = self._repository.objects.read(oid)
            if kind != "tree":
                raise UnreadableRepository(f"object {oid.hex()} is no tree; `git fsck` there tells more.")
            self._trees[oid] = raw
            self._kept += len(raw)
            while self._kept > _KEPT_BYTES:
                self._kept -= len(self._trees.popitem(last=False)[1])
        return raw

    def _difference(self, old: bytes | None, new: bytes | None,
                    ) -> tuple[dict[bytes, Entry], dict[bytes, Entry]]:
        """Return the entries of `old` that `new` does not have, and the other way round, by name."""
        from xrserver.kernels.trees import tree_difference

        before, after = self._raw(old), self._raw(new)
        width = self._repository.width
        gone, come = (np.empty(len(raw) // (width + 2) + 1, np.int32) for raw in (before, after))
        n_gone, n_come = tree_difference(np.frombuffer(before, np.uint8), np.frombuffer(after, np.uint8),
                                         width, gone, come)
        try:
            if n_gone < 0:
                raise ValueError
            return (dict(_entry(before, at, width) for at in gone[:n_gone].tolist()),
                    dict(_entry(after, at, width) for at in come[:n_come].tolist()))
        except ValueError:
            named = " or ".join(oid.hex() for oid in (old, new) if oid is not None)
            raise UnreadableRepository(f"tree {named} cannot be read; `git fsck` there tells more.") from None

    def _compare(self, old: bytes | None, new: bytes | None, prefix: bytes,
                 changed: list[tuple[bytes, bytes]]) -> None:
        """Append (path, raw difference) of every file that differs between two trees."""
        gone, come = self._difference(old, new)
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
                changed.append((path, b":%06o %06o %s %s %s" % (
                    old_mode, mode, old_oid.hex().encode() or self._zeros, oid.hex().encode() or self._zeros,
                    b"A" if old_mode == 0 else b"D" if mode == 0 else b"M")))


def _entry(tree: bytes, at: int, width: int) -> tuple[bytes, Entry]:
    """Return (name, (canonical mode, object id)) of the tree entry at `at`."""
    blank = tree.index(b" ", at)
    nul = tree.index(b"\0", blank)
    return tree[blank + 1:nul], (canonical_mode(int(tree[at:blank], 8)), tree[nul + 1:nul + 1 + width])
