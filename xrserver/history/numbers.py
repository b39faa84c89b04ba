"""By which number an index knows a commit, a path, a blob or a person; what is new gets the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xrserver.history.identity import Identity, Mailmap
from xrserver.history.index import HistoryIndex, PathTree
from xrserver.history.interning import Oids
from xrserver.history.people import same_people

#: So many rows that were asked for are remembered; a row takes about 150 bytes.
_MOST_FOUND = 1 << 17


class OidNumbers:
    """Numbers of object ids: rows of a table, and those that came later. A container of object ids.

    Parameters
    ----------
    rows : (n, width) uint8
        All different.
    """

    def __init__(self, rows: NDArray[np.uint8]) -> None:
        self._table = Oids.of(rows)
        self._added: dict[bytes, int] = {}
        #: Rows of the table that were asked for: refs ask for the same ones whenever one of them moves.
        self._found: dict[bytes, int] = {}

    def __contains__(self, oid: object) -> bool:
        return isinstance(oid, bytes) and self.find(oid) >= 0

    def find(self, oid: bytes) -> int:
        """Return the number of an object id, -1 where it has none."""
        number = self._added.get(oid)
        if number is None:
            number = self._found.get(oid)
        if number is None:
            number = int(self._table.find(np.frombuffer(oid, np.uint8).reshape(1, -1))[0])
            if number >= 0:
                if len(self._found) >= _MOST_FOUND:
                    self._found.clear()
                self._found[oid] = number
        return number

    def number(self, oid: bytes) -> int:
        """Return the number of an object id: the next where it has none yet."""
        number = self.find(oid)
        if number < 0:
            number = self._added[oid] = self._table.count + len(self._added)
        return number

    @property
    def added(self) -> list[bytes]:
        """Those that came later, by number."""
        return list(self._added)


class PathNumbers:
    """Rows of a path tree by whole path, and the rows that later paths add to it."""

    def __init__(self, paths: PathTree) -> None:
        from xrserver.kernels.spans import full_paths

        every = np.arange(len(paths.parent), dtype=np.int64)
        starts, text = full_paths(paths.parent, paths.offsets, paths.bytes, every)
        bounds, whole = starts.tolist(), text.tobytes()
        self._numbers = {whole[bounds[i]:bounds[i + 1]]: i for i in range(len(bounds) - 1)}
        self._parents: list[int] = []
        self._segments: list[bytes] = []

    def find(self, path: bytes) -> int:
        """Return the row of a whole path, -1 where there is none."""
        return self._numbers.get(path, -1)

    def number(self, path: bytes) -> int:
        """Return the row of a whole path; the directories around a new one are made first."""
        found = self._numbers.get(path)
        if found is None:
            around, slash, name = path.rpartition(b"/")
            parent = self.number(around) if slash else 0
            found = self._numbers[path] = len(self._numbers)
            self._parents.append(parent)
            self._segments.append(name)
        return found

    def extend(self, paths: PathTree) -> PathTree:
        """Return `paths`, the tree these rows were of at the last call, with the rows added since."""
        if not self._parents:
            return paths
        lengths = np.cumsum([len(segment) for segment in self._segments], dtype=np.int64)
        grown = PathTree(
            np.concatenate([paths.parent, np.array(self._parents, np.int32)]),
            np.concatenate([paths.offsets, paths.offsets[-1] + lengths]),
            np.concatenate([paths.bytes, np.frombuffer(b"".join(self._segments), np.uint8)]))
        self._parents, self._segments = [], []
        return grown


class PersonNumbers:
    """Whose identities are whose: those of an index, and those that later commits name.

    Parameters
    ----------
    index : HistoryIndex
    how : str
        As `people.grouping` takes it.
    mailmap : Mailmap
        The one that the people of `index` are grouped by.

    Attributes
    ----------
    identities : dict of Identity to int
        Person ids, in the order of identity numbers.
    people : dict of Identity to int
        Person ids by the name and address used for each.
    """

    def __init__(self, index: HistoryIndex, how: str, mailmap: Mailmap) -> None:
        pairs = map(Identity, index.identity_names, index.identity_emails)
        self.identities = dict(zip(pairs, index.identity_person.tolist(), strict=True))
        pairs = map(Identity, index.person_names, index.person_emails)
        self.people = {pair: number for number, pair in enumerate(pairs)}
        self._how, self._mailmap = how, mailmap

    def number(self, identity: Identity) -> int:
        """Return the person id of an identity: the next where nobody is known as this."""
        found = self.identities.get(identity)
        if found is None:
            mapped = identity if self._how == "none" else self._mailmap.map(identity)
            found = self.people.get(mapped)
            if found is None and self._how == "heuristic":
                found = self._guess(mapped)
            if found is None:
                found = self.people[mapped] = len(self.people)
            self.identities[identity] = found
        return found

    def _guess(self, identity: Identity) -> int | None:
        known = list(self.people)
        row = same_people([*known, identity], [1] * len(known) + [0])[-1]
        return self.people[known[row]] if row < len(known) else None


class Numbers:
    """All numbers of one index.

    Attributes
    ----------
    commits, blobs : OidNumbers
        Ranks, and rows of `HistoryIndex.blob_oids`.
    paths : PathNumbers
    people : PersonNumbers
    """

    def __init__(self, index: HistoryIndex, people: PersonNumbers) -> None:
        self.commits = OidNumbers(index.oids)
        self.blobs = OidNumbers(index.blob_oids)
        self.paths = PathNumbers(index.paths)
        self.people = people
