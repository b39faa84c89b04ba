"""Commits listed and compared by threads, while whoever wants them still gets ready.

Nothing here needs numpy or a kernel, which take half a second to import: git reads meanwhile.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Container, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FEWEST, _MOST = 64, 2048


class Known(NamedTuple):
    """Commits that need not be read again; their parents are known too.

    Attributes
    ----------
    heads : sequence of bytes
        Raw object ids of commits that reach all of them.
    oids : container of bytes
        All of them, for a source that cannot find them itself.
    """

    heads: Sequence[bytes]
    oids: Container[bytes] = ()


class Source(Protocol):
    """Where commits, changes and sizes come from, in git's own notation."""

    def commits(self, tips: Sequence[bytes], known: Known) -> Iterator[bytes]:
        """Yield blocks of records ``OID\\nraw commit\\0`` of all that `tips` reach, but not `known`.

        Where clocks ran backwards, git may give some that are known.
        """
        ...

    def changes(self, lines: Sequence[bytes]) -> bytes:
        """Return what ``git diff-tree --stdin --raw -z`` prints for `lines`."""
        ...

    def sizes(self, oids: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the sizes of blobs in bytes, -1 for those missing."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...


class Listing:
    """Commits that some tips reach, and what each changed, chunk by chunk as git lists them.

    A thread of its own lists commits and hands chunks to `pool`, at most `waiting` ahead of what is taken.

    Parameters
    ----------
    source : Source
    tips : sequence of bytes
        Raw object ids.
    known : Known
        Commits that are left out.
    shallow : frozenset of bytes
        Commits whose parents are not there.
    pool : ThreadPoolExecutor
        Compares trees.

    Attributes
    ----------
    count : int
        How many commits were listed.
    open : bool
        More may come.
    """

    def __init__(self, source: Source, tips: Sequence[bytes], known: Known, shallow: frozenset[bytes],
                 pool: ThreadPoolExecutor, waiting: int) -> None:
        self._source = source
        self._tips = tips
        self._known = known
        self._shallow = shallow
        self._pool = pool
        self._chunks: queue.Queue[tuple[bytes, Future[bytes]] | BaseException | None] = queue.Queue(waiting)
        self._ended = threading.Event()
        self.count = 0
        self.open = True
        self._lister = threading.Thread(target=self._list, name="xrserver-commits", daemon=True)
        self._lister.start()

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the records of a chunk of commits, and their raw diffs in the same order."""
        while (item := self._chunks.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item[0], item[1].result()

    def close(self) -> None:
        """Stop listing."""
        self._ended.set()
        while not self._chunks.empty():
            left = self._chunks.get_nowait()
            if isinstance(left, tuple):
                left[1].cancel()
        self._lister.join()

    def _list(self) -> None:
        try:
            for records, lines in chunks(self._source.commits(self._tips, self._known), self._shallow):
                self.count += len(lines)
                if self._ended.is_set() or not self._put(
                        (records, self._pool.submit(self._source.changes, lines))):
                    return
            self.open = False
            self._put(None)
        except BaseException as error:  # whatever it is, the one who waits must hear of it
            self._put(error)

    def _put(self, item: tuple[bytes, Future[bytes]] | BaseException | None) -> bool:
        while not self._ended.is_set():
            try:
                self._chunks.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False


def chunks(blocks: Iterable[bytes], shallow: Iterable[bytes]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Yield records of commits, chunk by chunk, and for each a line that asks for its changes.

    Chunks are small at first, so that the first result comes soon.

    Parameters
    ----------
    blocks : iterable of bytes
        Whole records ``OID\\nraw commit\\0``.
    shallow : iterable of bytes
        Raw ids of commits whose parents are not there.
    """
    cut = frozenset(oid.hex().encode() for oid in shallow)
    size = _FEWEST
    parts: list[bytes] = []
    lines: list[bytes] = []
    for block in blocks:
        begin = at = 0
        while (end := block.find(b"\0", at)) >= 0:
            lines.append(_first_parent_line(block, at, cut))
            at = end + 1
            if len(lines) == size:
                parts.append(block[begin:at])
                yield b"".join(parts), lines
                parts, lines, begin = [], [], at
                size = min(_MOST, 2 * size)
        parts.append(block[begin:])
    if lines:
        yield b"".join(parts), lines


def _first_parent_line(block: bytes, at: int, shallow: Container[bytes]) -> bytes:
    """Return ``COMMIT FIRST-PARENT`` (a root: ``COMMIT``) of the record at `at`.

    What is no commit is found out by those who read the record.
    """
    end = block.find(b"\n", at)
    commit, width = block[at:end], end - at
    after = end + width + 7  # "\ntree OID\n"
    if not block.startswith(b"parent ", after) or commit in shallow:
        return commit
    return b"%s %s" % (commit, block[after + 7:after + 7 + width])
