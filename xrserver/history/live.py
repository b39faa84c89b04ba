"""A history that is kept current: what refs reach anew is read and put behind what has a rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xrserver.errors import UnreadableRepository, XrserverError
from xrserver.history.append import advance, append, with_room
from xrserver.history.gather import Changes, Commits
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.listing import Known, chunks
from xrserver.history.log import tips_of
from xrserver.history.numbers import Numbers, PersonNumbers
from xrserver.history.people import mailmap_oid, read_mailmap
from xrserver.history.place import shallow_boundary
from xrserver.history.refs import RawRef
from xrserver.history.repository import Repository
from xrserver.history.versions import Followed, VersionsFrom
from xrserver.history.walk import LibgitSource
from xrserver.room import Room

#: While one of these is in the git directory, HEAD is detached only for as long as that takes.
_UNDERWAY = ("rebase-merge", "rebase-apply", "BISECT_LOG")


class Overtaken(XrserverError):
    """History is no longer what it was with more behind it: ranks have to be given anew."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What became of a history.

    Attributes
    ----------
    index : HistoryIndex
    first : int
        The lowest rank of which something is new.
    commits : bool
        There are new commits, or commits have come to the mainline.
    gone : (n_commits,) bool
        Commits that no ref reaches any more.
    """

    index: HistoryIndex
    first: int
    commits: bool
    gone: NDArray[np.bool_]


class LiveHistory:
    """One repository's history, from how it was opened through all that happens in it.

    Not safe to be used by two threads at once; blocking.

    Parameters
    ----------
    path, ref, people
        As the repository was opened with.
    index, versions
        What was read of it.
    """

    def __init__(self, path: Path, ref: str, people: str, index: HistoryIndex,
                 versions: FileVersions) -> None:
        self._path, self._ref = path, ref
        self.repository = Repository.open(path, ref)
        self._room = Room()
        self.index = with_room(index, self._room)
        self.gone = np.zeros(len(index.oids), np.bool_)
        self.versions_from = VersionsFrom(index, versions)
        # As it was when who is who was found out; its change asks for that anew.
        tip = index.oids[index.mainline[-1]].tobytes()
        self._mailmap = mailmap_oid(self.repository, tip)
        self._numbers = Numbers(index, PersonNumbers(index, people, read_mailmap(self.repository, tip)))
        self._peeled: dict[bytes, bytes | None] = {}
        self._tips: frozenset[bytes] = frozenset()

    def close(self) -> None:
        """Let go of the repository."""
        self.repository.close()

    def update(self) -> Growth | None:
        """Read what happened since; None where nothing did that is shown.

        Raises
        ------
        Overtaken
            Ranks no longer hold: the mainline went elsewhere, or the shallow boundary moved.
        UnreadableRepository, EmptyRepository, NotARepository, UnknownMoment
            What is there cannot be read (now).
        """
        try:
            return self._update()
        except UnreadableRepository:
            # A pack that was open may have been repacked meanwhile: look at what is there now.
            self.repository.close()
            self.repository = Repository.open(self._path, self._ref)
            return self._update()

    def followed(self) -> Followed:
        """Return the versions since the history was opened, behind what stood then."""
        return self.versions_from.follow(self.index)

    # --- reading ----------------------------------------------------------------------------

    def _update(self) -> Growth | None:
        repository, index = self.repository, self.index
        if shallow_boundary(repository.place.common_dir / "shallow") != repository.shallow:
            raise Overtaken("The shallow boundary has moved.")
        name, tip = self._mainline()
        if name != index.mainline_ref:
            raise Overtaken(f"The branch shown is {name} now.")
        refs = self._commit_refs()
        tips = tips_of(tip, refs)
        before = len(index.oids)
        if any(oid not in self._numbers.commits for oid in tips):
            index = self._read(index, tips)
        chain = self._chain(index, tip)
        if chain and mailmap_oid(repository, tip) != self._mailmap:
            raise Overtaken("The mailmap has changed: people are others now.")
        index = advance(index, chain, self._room)
        named = tuple((ref.name, self._numbers.commits.find(ref.oid), ref.kind) for ref in refs)
        index = replace(index, refs=named)
        left = self._tips.difference(tips, self._parents_since(index, before))
        if left or len(index.oids) > len(self.gone):
            self.gone = self._unreached(index, tips) if left or self.gone.any() else np.zeros(
                len(index.oids), np.bool_)
        grew = len(index.oids) > before or bool(chain)
        same = not grew and not left and index.refs == self.index.refs
        self.index, self._tips = index, frozenset(tips)
        first = min([before, *chain]) if grew else before
        return None if same else Growth(index, first, grew, self.gone)

    def _mainline(self) -> tuple[str, bytes]:
        repository, shown = self.repository, self.index.mainline_ref
        if not self._ref:
            name, oid = repository.refs.head()
            underway = any((repository.place.git_dir / each).exists() for each in _UNDERWAY)
            if name == shown or name != "HEAD" or not underway:
                commit = None if oid is None else self._peel(oid)
                if commit is not None:
                    return name, commit
            # HEAD is being moved about, or on a branch without commits: what was shown stays.
        oid = repository.refs.resolve(shown)
        commit = None if oid is None else self._peel(oid)
        if commit is not None:
            return shown, commit
        return repository.find_mainline(self._ref)

    def _peel(self, oid: bytes) -> bytes | None:
        if oid not in self._peeled:
            self._peeled[oid] = oid if oid in self._numbers.commits else self.repository.peel(oid)
        return self._peeled[oid]

    def _commit_refs(self) -> list[RawRef]:
        peeled = [(ref, self._peel(ref.oid)) for ref in self.repository.refs.all()]
        return [RawRef(ref.name, oid, ref.kind) for ref, oid in peeled if oid is not None]

    def _read(self, index: HistoryIndex, tips: Sequence[bytes]) -> HistoryIndex:
        """Return `index` with all behind it that `tips` reach."""
        repository = self.repository
        source = LibgitSource(repository)
        commits, changes = Commits(repository.width, repository.shallow), Changes(repository.width)
        for records, lines in chunks(source.commits(tips, Known((), self._numbers.commits)),
                                     repository.shallow):
            changes.add(source.changes(lines), commits.add(records))
        sizes = np.full(changes.blobs.count, -1, np.int64)
        wanted = np.flatnonzero(changes.blobs.wanted[:changes.blobs.count])
        sizes[wanted] = source.sizes(changes.blobs.rows[wanted])
        return append(index, self._numbers, commits, changes, sizes, self._room)

    def _chain(self, index: HistoryIndex, tip: bytes) -> list[int]:
        """Return the ranks by which the mainline goes on to `tip`, ascending."""
        at, end = self._numbers.commits.find(tip), int(index.mainline[-1])
        chain: list[int] = []
        while at > end:
            chain.append(at)
            first, last = index.parent_offsets[at:at + 2].tolist()
            at = int(index.parents[first]) if last > first else -1
        if at != end:
            raise Overtaken("The newest commit of the mainline is no longer on it.")
        return chain[::-1]

    def _parents_since(self, index: HistoryIndex, rank: int) -> set[bytes]:
        """Return the parents of the commits from a rank on, which refs reach: nothing of them was left."""
        ranks = index.parents[index.parent_offsets[rank]:]
        return {index.oids[parent].tobytes() for parent in ranks.tolist()}

    def _unreached(self, index: HistoryIndex, tips: Sequence[bytes]) -> NDArray[np.bool_]:
        from xrserver.kernels.order import reached

        rows = np.array([self._numbers.commits.find(oid) for oid in tips], np.int32)
        return ~reached(index.parent_offsets, index.parents, rows)
