"""What was read of commits and changes, as columns in the order it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.errors import UnreadableRepository
from xrserver.history.identity import Identity
from xrserver.history.index import PathTree
from xrserver.history.interning import Oids, Strings
from xrserver.history.objects import text_codec
from xrserver.history.trailers import co_authors

_WORDS = (np.frombuffer(b"tree ", np.uint8), np.frombuffer(b"parent ", np.uint8),
          np.frombuffer(b"author ", np.uint8), np.frombuffer(b"committer ", np.uint8),
          np.frombuffer(b"co-authored-by", np.uint8))


class Commits:
    """Commits in the order they were read.

    Parameters
    ----------
    width : int
        Bytes in an object id.
    shallow : frozenset of bytes
        Commits whose parents are not there.

    Attributes
    ----------
    count : int
        How many were read.
    parts : list of tuple of arrays
        Object ids, parent counts, parents' ids, co-author counts, co-authors, author, committer, author
        time, its offset, commit time.
    names : Strings
        ``NAME\\nEMAIL`` of every identity, as numbered in the parts.
    """

    def __init__(self, width: int, shallow: frozenset[bytes]) -> None:
        self._width = width
        self._shallow = shallow
        self.names = Strings()
        self.parts: list[tuple[NDArray[Any], ...]] = []
        self.count = 0

    def add(self, data: bytes) -> NDArray[np.uint8]:
        """Read records of ``OID\\nraw commit\\0``, messages indented by four blanks; return their ids.

        Raises
        ------
        UnreadableRepository
            A record is no commit.
        """
        from xrserver.kernels.parse import parse_commits

        data = in_utf8(data)
        view = np.frombuffer(data, np.uint8)
        rows = data.count(b"\0")
        # "parent " and an object id: so many fit at most.
        most = len(data) // (2 * self._width + 8) + 1
        oids = np.empty((rows, self._width), np.uint8)
        parents = np.empty((most, self._width), np.uint8)
        counts, author, committer = (np.empty(rows, np.int32) for _ in range(3))
        author_time, commit_time = (np.empty(rows, np.int64) for _ in range(2))
        offset = np.empty(rows, np.int16)
        shared = np.empty((rows, 2), np.int64)
        self.names.reserve(2 * rows, len(data))
        n_parents, people = parse_commits(
            view, rows, oids, counts, parents, author, committer, author_time, offset, commit_time,
            shared, self.names.slots, self.names.offsets, self.names.pool, self.names.count, _WORDS)
        if n_parents < 0:
            oid = data.split(b"\0")[people][:2 * self._width].decode("ascii", "replace")
            raise UnreadableRepository(f"commit {oid} cannot be read; `git fsck` there tells more.")
        self.names.count = int(people)
        parents = parents[:n_parents]
        if self._shallow:
            cut = np.array([oid.tobytes() in self._shallow for oid in oids])
            parents = parents[~np.repeat(cut, counts)]
            counts[cut] = 0
        self.parts.append((oids, counts, parents.copy(), *self._co_authors(data, shared), author, committer,
                           author_time, offset, commit_time))
        self.count += rows
        return oids

    def _co_authors(self, data: bytes, shared: NDArray[np.int64],
                    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return how many co-authors each commit names, and who; `shared` says where messages are."""
        counts = np.zeros(len(shared), np.int32)
        found: list[bytes] = []
        for row in np.flatnonzero(shared[:, 1]).tolist():
            first, last = shared[row].tolist()
            named = co_authors(b"\n".join(line[4:].rstrip() for line in data[first:last].split(b"\n")))
            counts[row] = len(named)
            found += [b"%s\n%s" % identity for identity in named]
        return counts, self.names.add(found) if found else np.empty(0, np.int32)

    def columns(self) -> list[NDArray[Any]]:
        """Return all parts as whole columns: oids, parent counts, parents, co-author counts … commit time."""
        return [np.concatenate(column) for column in zip(*self.parts, strict=True)]

    def identities(self) -> list[Identity]:
        """Return every identity, as numbered in the columns."""
        pairs = (self.names[row].partition(b"\n") for row in range(self.names.count))
        return [Identity(name, email) for name, _, email in pairs]


def in_utf8(data: bytes) -> bytes:
    """Return records of commits with those that name another encoding put into UTF-8, as git shows them.

    What is no text of that encoding stays as it is.
    """
    if b"\nencoding " not in data:
        return data
    records = data.split(b"\0")
    for number, record in enumerate(records):
        header, _, _ = record.partition(b"\n\n")
        _, named, rest = header.partition(b"\nencoding ")
        if named:
            try:
                text = record.decode(text_codec(rest.partition(b"\n")[0])).encode()
            except UnicodeError:
                continue
            if b"\0" not in text and text[:64] == record[:64]:  # and not one of whose bytes ASCII is no part
                records[number] = text
    return b"\0".join(records)


class Changes:
    """Changes of commits in the order they were read.

    Attributes
    ----------
    parts : list of tuple of arrays
        Counts by commit; then by change path, blob, old blob, mode and old mode.
    paths : Strings
        Whole paths, as numbered in the parts.
    blobs : Oids
        Every blob met so far.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self.paths = Strings()
        self.blobs = Oids(width)
        self.parts: list[tuple[NDArray[Any], ...]] = []

    def add(self, data: bytes, oids: NDArray[np.uint8]) -> None:
        """Read what ``git diff-tree --stdin --raw -z`` printed for the commits `oids`.

        Raises
        ------
        UnreadableRepository
            It is not about these commits.
        """
        from xrserver.kernels.parse import parse_changes

        most = len(data) // (4 * self._width + 20) + 1
        path, blob, old_blob = (np.empty(most, np.int32) for _ in range(3))
        mode, old_mode = (np.empty(most, np.uint32) for _ in range(2))
        counts = np.zeros(len(oids), np.int32)
        self.paths.reserve(most, len(data))
        self.blobs.reserve(2 * most)
        rows, paths, blobs = parse_changes(
            np.frombuffer(data, np.uint8), oids, counts, path, blob, old_blob, mode, old_mode,
            self.paths.slots, self.paths.offsets, self.paths.pool, self.paths.count,
            self.blobs.slots, self.blobs.rows, self.blobs.wanted, self.blobs.count)
        if rows < 0:
            commit = oids[min(paths, len(oids) - 1)].tobytes().hex()
            raise UnreadableRepository(
                f"the changes of commit {commit} cannot be read; `git fsck` there tells more.")
        self.paths.count, self.blobs.count = int(paths), int(blobs)
        self.parts.append((counts, *(part[:rows].copy() for part in (path, blob, old_blob, mode, old_mode))))

    def columns(self) -> list[NDArray[Any]]:
        """Return all parts as whole columns: counts by commit, then path … old mode by change."""
        return [np.concatenate(column) for column in zip(*self.parts, strict=True)]

    def path_tree(self, path: NDArray[np.int32]) -> tuple[PathTree, NDArray[np.int32]]:
        """Return the tree of the paths in the order that `path` first names them, and `path` as its ids."""
        from xrserver.kernels.trees import number_by_appearance, path_tree

        strings = self.paths
        numbers = np.full(strings.count, -1, np.int32)
        count = number_by_appearance(path, numbers)
        order = np.empty(count, np.int32)
        order[numbers[numbers >= 0]] = np.flatnonzero(numbers >= 0)
        size = int(strings.offsets[strings.count])
        most = 1 + strings.count + int(np.count_nonzero(strings.pool[:size] == ord("/")))
        parent = np.empty(most, np.int32)
        offsets = np.empty(most + 1, np.int64)
        segments = np.empty(size, np.uint8)
        slots = np.full(1 << (2 * most).bit_length(), -1, np.int32)
        node = np.empty(strings.count, np.int32)
        used = path_tree(order, strings.offsets, strings.pool, slots, parent, offsets, segments, node)
        tree = PathTree(parent[:used].copy(), offsets[:used + 1].copy(), segments[:offsets[used]].copy())
        return tree, node[path]


class Sizes:
    """Sizes of blobs, asked for while more blobs are still being met.

    Parameters
    ----------
    ask : callable
        Takes object ids, (n, width) uint8, and gives their sizes at some time.
    known : (n,) int64
        Sizes of the first blobs that were met; -1 when not known.
    """

    def __init__(self, ask: Callable[[NDArray[np.uint8]], Future[NDArray[np.int64]]],
                 known: NDArray[np.int64]) -> None:
        self._ask = ask
        self._asked: list[tuple[NDArray[np.int64], Future[NDArray[np.int64]]]] = []
        self._known = known
        self._next = len(known)

    def ask_again(self, blobs: Oids) -> None:
        """Ask once more for those that have a size and were missing when it was asked for."""
        lost = np.flatnonzero((self._known < 0) & (blobs.wanted[:len(self._known)] > 0))
        if len(lost):
            self._asked.append((lost, self._ask(blobs.rows[lost])))

    def ask(self, blobs: Oids, least: int = 1) -> None:
        """Ask for the sizes of all blobs met since, where those are `least` or more."""
        if blobs.count - self._next >= least:
            wanted = self._next + np.flatnonzero(blobs.wanted[self._next:blobs.count])
            self._asked.append((wanted, self._ask(blobs.rows[wanted])))
            self._next = blobs.count

    def answers(self) -> Iterator[int]:
        """Wait for each answer, yielding how many blobs' sizes are known by then."""
        known = self._next - sum(len(wanted) for wanted, _ in self._asked)
        for wanted, answer in self._asked:
            answer.result()
            known += len(wanted)
            yield known

    def column(self) -> NDArray[np.int64]:
        """Return the size of each blob in bytes; -1 of submodules' commits and of missing blobs."""
        sizes = np.full(self._next, -1, np.int64)
        sizes[:len(self._known)] = self._known
        for wanted, answer in self._asked:
            sizes[wanted] = answer.result()
        return sizes
