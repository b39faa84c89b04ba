"""Reading a whole history in bulk: git's own output, several processes at once, into a `HistoryIndex`.

Three stages run side by side: one git lists the commits, several compare trees, and this process
turns what they print into columns (in kernels, without the GIL). Where there is no git program,
libgit2 reads the same (`history.walk`) through the same columns.
"""

from __future__ import annotations

import os
import queue
import tempfile
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xrserver.errors import UnreadableRepository
from xrserver.history.compare import TreeComparison
from xrserver.history.gather import Changes, Commits, to_index
from xrserver.history.index import HistoryIndex
from xrserver.history.repository import Repository
from xrserver.history.shadow import Shadow, failure
from xrserver.history.walk import LibgitSource

#: Called with phase, how much is done, and of how much (0: not known yet).
Progress = Callable[[str, int, int], None]

_BLOCK = 1 << 20
_FEWEST, _MOST = 64, 1024


class Source(Protocol):
    """Where commits, changes and sizes come from, in git's own notation."""

    def commits(self, tips: Sequence[bytes]) -> Iterator[bytes]:
        """Yield blocks of records ``OID\\nraw commit\\0`` of all that `tips` reach, each once."""
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


class GitSource:
    """A git in a shadow repository."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow
        self._idle: queue.SimpleQueue[TreeComparison] = queue.SimpleQueue()

    def commits(self, tips: Sequence[bytes]) -> Iterator[bytes]:
        """Yield blocks of commit records."""
        with tempfile.TemporaryFile() as errors, self._shadow.start(
                ["rev-list", "--header", "--encoding=none", "--stdin"], errors) as process:
            assert process.stdin is not None and process.stdout is not None
            try:
                process.stdin.write(b"".join(tip.hex().encode() + b"\n" for tip in tips))
                process.stdin.close()
                rest = b""
                while block := process.stdout.read(_BLOCK):
                    whole, nul, tail = block.rpartition(b"\0")
                    if nul:
                        yield rest + whole + nul
                        rest = tail
                    else:
                        rest += block
            except BrokenPipeError:
                pass
            except BaseException:
                process.kill()
                raise
            if process.wait():
                raise failure(errors)

    def changes(self, lines: Sequence[bytes]) -> bytes:
        """Return the raw diffs of a chunk of commits."""
        try:
            comparison = self._idle.get_nowait()
        except queue.Empty:
            comparison = TreeComparison(self._shadow)
        try:
            output = comparison.changes(lines)
        except BaseException:
            comparison.close()
            raise
        self._idle.put(comparison)
        return output

    def sizes(self, oids: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return sizes from object headers."""
        width = 2 * oids.shape[1]
        text = oids.tobytes().hex()
        given = "\n".join(text[at:at + width] for at in range(0, len(text), width)).encode() + b"\n"
        printed = self._shadow.run(["cat-file", "--batch-check=%(objectsize)", "--buffer"], given)
        sizes = np.array([-1 if line.endswith(b"missing") else int(line)
                          for line in printed.splitlines()], np.int64)
        if len(sizes) != len(oids):
            raise UnreadableRepository(f"git told {len(sizes)} sizes of {len(oids)} blobs.")
        return sizes

    def close(self) -> None:
        """End every git that waits for more."""
        while not self._idle.empty():
            self._idle.get_nowait().close()


def read_index(repository: Repository, *, ref: str = "", jobs: int = 0,
               progress: Progress | None = None) -> HistoryIndex:
    """Read the whole history of a repository.

    Parameters
    ----------
    ref : str
        The mainline; default the one the repository was opened with.
    jobs : int
        How many processes compare trees; 0 is one for each core.
    progress : callable, optional
        Called from this thread as ``(phase, done, total)``: "commits" (total 0 until it is known),
        then "sizes" and "order".

    Raises
    ------
    EmptyRepository, UnknownMoment
        `ref` has no commits or names nothing.
    UnreadableRepository
        Commits or trees are missing or damaged. Missing blobs are not: their size is -1.
    """
    report: Progress = progress or (lambda phase, done, total: None)
    jobs = jobs or os.cpu_count() or 1
    mainline_ref, mainline_oid = (repository.find_mainline(ref) if ref
                                  else (repository.mainline_ref, repository.mainline_oid))
    refs = repository.commit_refs()
    tips = list(dict.fromkeys([mainline_oid, *(r.oid for r in refs)]))
    source = _source(repository)
    if isinstance(source, LibgitSource):
        jobs = 1  # it holds the GIL while it reads
    commits, changes = Commits(repository.width, repository.shallow), Changes(repository.width)
    with closing(source), ThreadPoolExecutor(jobs) as pool:
        done = 0
        with closing(_compared(source, commits, tips, pool, 4 * jobs)) as compared:
            for oids, output in compared:
                changes.add(output, oids)
                done += len(oids)
                report("commits", done, 0 if commits.open else commits.count)
        wanted = np.flatnonzero(changes.blobs.wanted[:changes.blobs.count])
        sizes = np.full(changes.blobs.count, -1, np.int64)
        parts = np.array_split(wanted, max(1, min(4 * jobs, len(wanted) // 1024)))
        asked = [(part, pool.submit(source.sizes, changes.blobs.rows[part])) for part in parts if len(part)]
        done = 0
        for part, answer in asked:
            sizes[part] = answer.result()
            done += len(part)
            report("sizes", done, len(wanted))
    report("order", 0, commits.count)
    index = to_index(repository.format, commits, changes, sizes, mainline_ref, mainline_oid, refs)
    report("order", commits.count, commits.count)
    return index


def _source(repository: Repository) -> Source:
    return LibgitSource(repository) if repository.shadow is None else GitSource(repository.shadow)


def _compared(
    source: Source, commits: Commits, tips: Sequence[bytes], pool: ThreadPoolExecutor, waiting: int,
) -> Generator[tuple[NDArray[np.uint8], bytes], None, None]:
    """Yield the commits and their raw diffs, chunk by chunk, in the order the commits are listed.

    A thread of its own lists commits and hands out chunks, at most `waiting` ahead of what is taken.
    """
    chunks: queue.Queue[tuple[NDArray[np.uint8], Future[bytes]] | BaseException | None] = queue.Queue(waiting)
    ended = threading.Event()

    def put(item: tuple[NDArray[np.uint8], Future[bytes]] | BaseException | None) -> bool:
        while not ended.is_set():
            try:
                chunks.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def list_commits() -> None:
        try:
            for oids, lines in _chunks(commits.add(block) for block in source.commits(tips)):
                if ended.is_set() or not put((oids, pool.submit(source.changes, lines))):
                    return
            put(None)
        except BaseException as error:  # whatever it is, the one who waits must hear of it
            put(error)
        finally:
            commits.open = False

    lister = threading.Thread(target=list_commits, name="xrserver-commits", daemon=True)
    lister.start()
    try:
        while (item := chunks.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item[0], item[1].result()
    finally:
        ended.set()
        while not chunks.empty():
            left = chunks.get_nowait()
            if isinstance(left, tuple):
                left[1].cancel()
        lister.join()


def _chunks(blocks: Iterable[tuple[NDArray[np.uint8], list[bytes]]],
            ) -> Iterator[tuple[NDArray[np.uint8], list[bytes]]]:
    """Cut blocks of commits into chunks, small ones first so that the first result comes soon."""
    size = _FEWEST
    oids: list[NDArray[np.uint8]] = []
    lines: list[bytes] = []
    for more_oids, more_lines in blocks:
        oids.append(more_oids)
        lines += more_lines
        if len(lines) >= size:
            whole = np.concatenate(oids)
            at = 0
            while len(lines) - at >= size:
                yield whole[at:at + size], lines[at:at + size]
                at += size
                size = min(_MOST, 2 * size)
            oids, lines = [whole[at:]], lines[at:]
    if lines:
        yield np.concatenate(oids), lines
