"""What was read of commits and changes, first in the order it came, then by rank as a `HistoryIndex`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.errors import UnreadableRepository
from xrserver.history.index import HistoryIndex, PathTree, Ref
from xrserver.history.interning import Oids, Strings
from xrserver.history.objects import WIDTHS
from xrserver.history.refs import RawRef

_WORDS = (np.frombuffer(b"tree ", np.uint8), np.frombuffer(b"parent ", np.uint8),
          np.frombuffer(b"author ", np.uint8), np.frombuffer(b"committer ", np.uint8))


class Commits:
    """Commits in the order they were read; parts are columns of one block each.

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
    """

    def __init__(self, width: int, shallow: frozenset[bytes]) -> None:
        self._width = width
        self._shallow = shallow
        self._people = Strings()
        self._parts: list[tuple[NDArray[Any], ...]] = []
        self.count = 0

    def add(self, data: bytes) -> NDArray[np.uint8]:
        """Read records of ``OID\\nraw commit\\0``; return their ids.

        Raises
        ------
        UnreadableRepository
            A record is no commit.
        """
        from xrserver.kernels.parse import parse_commits

        view = np.frombuffer(data, np.uint8)
        rows = data.count(b"\0")
        # "parent " and an object id: so many fit at most.
        most = len(data) // (2 * self._width + 8) + 1
        oids = np.empty((rows, self._width), np.uint8)
        parents = np.empty((most, self._width), np.uint8)
        counts, author, committer = (np.empty(rows, np.int32) for _ in range(3))
        author_time, commit_time = (np.empty(rows, np.int64) for _ in range(2))
        offset = np.empty(rows, np.int16)
        self._people.reserve(2 * rows, len(data))
        n_parents, people = parse_commits(
            view, rows, oids, counts, parents, author, committer, author_time, offset, commit_time,
            self._people.slots, self._people.offsets, self._people.pool, self._people.count, _WORDS)
        if n_parents < 0:
            oid = data.split(b"\0")[people][:2 * self._width].decode("ascii", "replace")
            raise UnreadableRepository(f"commit {oid} cannot be read; `git fsck` there tells more.")
        self._people.count = int(people)
        parents = parents[:n_parents]
        if self._shallow:
            cut = np.array([oid.tobytes() in self._shallow for oid in oids])
            parents = parents[~np.repeat(cut, counts)]
            counts[cut] = 0
        self._parts.append(
            (oids, counts, parents.copy(), author, committer, author_time, offset, commit_time))
        self.count += rows
        return oids

    def columns(self) -> list[NDArray[Any]]:
        """Return all parts as whole columns: oids, parent counts, parents, author … commit time."""
        return [np.concatenate(column) for column in zip(*self._parts, strict=True)]

    def people(self) -> list[tuple[bytes, bytes]]:
        """Return (name, e-mail) of every person, as numbered in the columns."""
        pairs = (self._people[row].partition(b"\n") for row in range(self._people.count))
        return [(name, email) for name, _, email in pairs]


class Changes:
    """Changes of commits in the order they were read.

    Attributes
    ----------
    blobs : Oids
        Every blob met so far.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._paths = Strings()
        self.blobs = Oids(width)
        self._parts: list[tuple[NDArray[Any], ...]] = []

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
        self._paths.reserve(most, len(data))
        self.blobs.reserve(2 * most)
        rows, paths, blobs = parse_changes(
            np.frombuffer(data, np.uint8), oids, counts, path, blob, old_blob, mode, old_mode,
            self._paths.slots, self._paths.offsets, self._paths.pool, self._paths.count,
            self.blobs.slots, self.blobs.rows, self.blobs.wanted, self.blobs.count)
        if rows < 0:
            commit = oids[min(paths, len(oids) - 1)].tobytes().hex()
            raise UnreadableRepository(
                f"the changes of commit {commit} cannot be read; `git fsck` there tells more.")
        self._paths.count, self.blobs.count = int(paths), int(blobs)
        self._parts.append((counts, *(part[:rows].copy() for part in (path, blob, old_blob, mode, old_mode))))

    def columns(self) -> list[NDArray[Any]]:
        """Return all parts as whole columns: counts by commit, then path … old mode by change."""
        return [np.concatenate(column) for column in zip(*self._parts, strict=True)]

    def path_tree(self, path: NDArray[np.int32]) -> tuple[PathTree, NDArray[np.int32]]:
        """Return the tree of the paths in the order that `path` first names them, and `path` as its ids."""
        from xrserver.kernels.trees import number_by_appearance, path_tree

        strings = self._paths
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
    """

    def __init__(self, ask: Callable[[NDArray[np.uint8]], Future[NDArray[np.int64]]]) -> None:
        self._ask = ask
        self._asked: list[tuple[NDArray[np.int64], Future[NDArray[np.int64]]]] = []
        self._next = 0

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
        for wanted, answer in self._asked:
            sizes[wanted] = answer.result()
        return sizes


def to_index(
    repository_format: str, commits: Commits, changes: Changes, sizes: NDArray[np.int64],
    mainline_ref: str, mainline_oid: bytes, refs: Sequence[RawRef],
) -> HistoryIndex:
    """Put what was read into canonical order.

    Parameters
    ----------
    sizes : (n_blobs,) int64
        Of `changes.blobs`, in bytes; -1 when not known.
    refs
        Viewed refs and tags with the commits they name.
    """
    from xrserver.kernels.order import canonical_order, first_parent_chain, landing_ranks
    from xrserver.kernels.trees import number_by_appearance

    width = WIDTHS[repository_format]
    oids, counts, parent_oids, author, committer, author_time, offset, commit_time = commits.columns()
    table = Oids.of(oids)
    parents = table.find(parent_oids)
    if len(parents) and parents.min() < 0:
        oid = parent_oids[int(np.argmin(parents))].tobytes().hex()
        raise UnreadableRepository(f"commit {oid} is missing; `git fsck` there tells more.")
    parent_offsets = _csr(counts)
    order = canonical_order(parent_offsets, parents, _precedence(oids, commit_time))
    if len(order) < len(oids):
        raise UnreadableRepository("commits are their own ancestors; `git fsck` there tells more.")
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)

    ranked_offsets, gathered = _permuted(parent_offsets, counts, order)
    ranked_parents = rank[parents[gathered]]
    tips = np.frombuffer(mainline_oid + b"".join(ref.oid for ref in refs), np.uint8).reshape(-1, width)
    tip_rows = table.find(tips)
    mainline = first_parent_chain(ranked_offsets, ranked_parents, int(rank[tip_rows[0]]))
    named: tuple[Ref, ...] = tuple(
        (ref.name, int(rank[row]), ref.kind) for ref, row in zip(refs, tip_rows[1:].tolist(), strict=True))

    change_counts, path, blob, old_blob, mode, old_mode = changes.columns()
    change_offsets, gathered = _permuted(_csr(change_counts), change_counts, order)
    paths, change_path = changes.path_tree(path[gathered])
    both = np.stack((old_blob[gathered], blob[gathered]), axis=1)
    numbers = np.full(changes.blobs.count + 1, -1, np.int32)
    number_by_appearance(both.reshape(-1), numbers)
    blob_rows = np.empty(changes.blobs.count, np.int64)
    blob_rows[numbers[:-1]] = np.arange(changes.blobs.count)
    both = numbers[both]  # -1 stays -1: it names the spare last number

    people = commits.people()
    authored = np.bincount(author, minlength=len(people)).tolist()
    by_weight = sorted(range(len(people)), key=lambda person: (-authored[person], people[person]))
    person = np.empty(len(people), np.int32)
    person[by_weight] = np.arange(len(people), dtype=np.int32)

    return HistoryIndex(
        repository_format=repository_format, oids=oids[order],
        parent_offsets=ranked_offsets, parents=ranked_parents,
        author=person[author[order]], committer=person[committer[order]],
        author_time=author_time[order], author_offset=offset[order], commit_time=commit_time[order],
        timeline=np.maximum.accumulate(commit_time[order]), mainline=mainline,
        landing=landing_ranks(ranked_offsets, ranked_parents, mainline),
        change_offsets=change_offsets, change_path=change_path,
        change_blob=np.ascontiguousarray(both[:, 1]), change_old_blob=np.ascontiguousarray(both[:, 0]),
        change_mode=mode[gathered], change_old_mode=old_mode[gathered],
        blob_oids=changes.blobs.rows[blob_rows], blob_sizes=sizes[blob_rows], paths=paths,
        person_names=tuple(people[row][0] for row in by_weight),
        person_emails=tuple(people[row][1] for row in by_weight),
        mainline_ref=mainline_ref, refs=named,
    )


def _csr(counts: NDArray[np.int32]) -> NDArray[np.int64]:
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _permuted(offsets: NDArray[np.int64], counts: NDArray[np.int32], order: NDArray[np.int32],
              ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the offsets of a CSR with its rows in `order`, and where each of its values comes from."""
    moved = _csr(counts[order])
    source = np.repeat(offsets[:-1][order] - moved[:-1], counts[order]) + np.arange(moved[-1])
    return moved, source


def _precedence(oids: NDArray[np.uint8], commit_time: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return each row's place when rows are sorted by (committer time, object id)."""
    words = np.zeros((len(oids), -(-oids.shape[1] // 8) * 8), np.uint8)
    words[:, :oids.shape[1]] = oids
    columns = words.view(">u8").astype(np.uint64)
    ordered = np.lexsort((*(columns[:, i] for i in range(columns.shape[1] - 1, -1, -1)), commit_time))
    precedence = np.empty(len(oids), np.int32)
    precedence[ordered] = np.arange(len(oids), dtype=np.int32)
    return precedence
