"""Commits, changes and sizes as git prints them, from a shadow repository."""

from __future__ import annotations

import queue
import tempfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xrserver.errors import UnreadableRepository
from xrserver.history.compare import TreeComparison
from xrserver.history.listing import Known
from xrserver.history.pipes import Pipe
from xrserver.history.shadow import Shadow, failure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class GitSource:
    """A git in a shadow repository."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow
        self._idle: queue.SimpleQueue[TreeComparison] = queue.SimpleQueue()

    def commits(self, tips: Sequence[bytes], known: Known) -> Iterator[bytes]:
        """Yield blocks of commit records."""
        if set(tips) <= set(known.heads):
            return
        with tempfile.TemporaryFile() as errors, self._shadow.start(
                ["rev-list", "--header", "--encoding=none", "--stdin"], errors) as process:
            assert process.stdin is not None and process.stdout is not None
            try:
                asked = [*(tip.hex() for tip in tips), *(f"^{head.hex()}" for head in known.heads), ""]
                process.stdin.write("\n".join(asked).encode())
                process.stdin.close()
                rest = b""
                printed = Pipe(process.stdout)
                while block := printed.read():
                    whole, nul, tail = block.rpartition(b"\0")
                    if nul:
                        yield rest + whole + nul
                        rest = tail
                    else:
                        rest += block
                    printed.wait()
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
        import numpy as np

        # In order, git finds them in a fifth less time.
        order = np.argsort(np.ascontiguousarray(oids[:, :8]).view(">u8").reshape(-1))
        given = oids[order].tobytes().hex("\n", oids.shape[1]).encode() + b"\n"
        printed = self._shadow.run(["cat-file", "--batch-check=%(objectsize)", "--buffer"], given)
        if b"missing" in printed:
            lines = printed.splitlines()
            printed = b"\n".join(b"-1" if line.endswith(b"missing") else line for line in lines)
        told = np.fromstring(printed.decode("ascii"), np.int64, sep="\n")
        if len(told) != len(oids):
            raise UnreadableRepository(f"git told {len(told)} sizes of {len(oids)} blobs.")
        sizes = np.empty(len(oids), np.int64)
        sizes[order] = told
        return sizes

    def close(self) -> None:
        """End every git that waits for more."""
        ending: list[TreeComparison] = []
        while not self._idle.empty():
            ending.append(self._idle.get_nowait())
            ending[-1].kill()  # each frees some 100 MB: all at once
        for comparison in ending:
            comparison.close()
