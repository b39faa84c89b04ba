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

_FEWEST, _MOST = 64, 1024


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
        self._shallow = frozenset(oid.hex().encode() for oid in shallow)
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
            for records in _chunks(self._source.commits(self._tips, self._known)):
                lines = [first_parent_line(record, self._shallow) for record in records]
                self.count += len(lines)
                if self._ended.is_set() or not self._put(
                        (b"\0".join((*records, b"")), self._pool.submit(self._source.changes, lines))):
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


def first_parent_line(record: bytes, shallow: Container[bytes]) -> bytes:
    """Return ``COMMIT FIRST-PARENT`` (a root: ``COMMIT``), which asks for a commit's changes.

    What is no commit is found out by those who read the record. `shallow` are commits, in hexadecimal,
    whose parents are not there.
    """
    width = record.find(b"\n")
    commit, after = record[:width], 2 * width + 7  # "\ntree OID\n"
    if record[after:after + 7] != b"parent " or commit in shallow:
        return commit
    return b"%s %s" % (commit, record[after + 7:after + 7 + width])


def _chunks(blocks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Cut blocks of records into chunks, small ones first so that the first result comes soon."""
    size = _FEWEST
    records: list[bytes] = []
    for block in blocks:
        records += block.split(b"\0")[:-1]
        at = 0
        while len(records) - at >= size:
            yield records[at:at + size]
            at += size
            size = min(_MOST, 2 * size)
        del records[:at]
    if records:
        yield records
