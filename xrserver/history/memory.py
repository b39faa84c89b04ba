"""What a store remembers of a history, loaded while git reads the rest, and added to."""

from __future__ import annotations

from xrserver.history.log import Gathered
from xrserver.history.repository import Repository
from xrserver.history.store import Store

#: Segments are written as one when there would be more.
_SEGMENTS = 16


class Memory:
    """The segments of a store, as one reading finds and leaves them.

    Attributes
    ----------
    heads : list of bytes
        Commits that reach all that was read before.
    """

    def __init__(self, store: Store, repository: Repository, *, forget: bool = False) -> None:
        self._store = store
        self._repository = repository
        self._manifest = None if forget else store.manifest()
        self._begins: tuple[int, int, int, int] | None = None
        self.heads = [bytes.fromhex(head) for head in self._manifest.heads] if self._manifest else []

    def is_of_use(self) -> bool:
        """Say whether there is something, and git can be told that it is known: its heads are there."""
        return bool(self.heads) and all(map(self._repository.objects.header, self.heads))

    def load(self) -> Gathered:
        """Return what was read before.

        Raises
        ------
        Damaged
            It is not whole.
        """
        from xrserver.history.segments import extent, gathered

        assert self._manifest is not None
        found = gathered(self._store.segments(self._manifest), self._repository.width,
                         self._repository.shallow)
        self._begins = extent(*found[:2])
        return Gathered(*found)

    def save(self, read: Gathered) -> None:
        """Add what was read; it is whole, which means that all parents are there."""
        from xrserver.history.segments import NOTHING, Extent, heads, segment

        before, begins = self._manifest, NOTHING if self._begins is None else Extent(*self._begins)
        if before is not None and read.commits.count == before.commits:
            return
        if before is not None and len(before.segments) >= _SEGMENTS:
            before, begins = None, NOTHING
        self._store.append(before, segment(*read, begins), heads(read.commits))
