"""What was read of a history, remembered on disk: never trusted, and made again where it is not whole.

One directory for each object store holds

- *segments*: what one reading added, by ordinal (`history.segments`), never changed;
- the *manifest*: which segments there are, in which order, and what they were read from;
- *views*: a whole `HistoryIndex` with its `FileVersions`, for one state of the refs.

All are `history.sealed` files. One process at a time writes, and others do without: see
``docs/adr/0006-store.md``.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from xrserver.history.eviction import evict, histories
from xrserver.history.locking import held
from xrserver.history.loose import stock
from xrserver.history.refs import RawRef
from xrserver.history.repository import Repository
from xrserver.history.sealed import Damaged, read_sealed, write_sealed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from xrserver.history.index import FileVersions, HistoryIndex

_MANIFEST = "manifest"
#: States of the refs that are kept for each object store, newest first.
_VIEWS = 4

_log = logging.getLogger(__name__)


class Manifest(NamedTuple):
    """What a store's segments were read from.

    Attributes
    ----------
    objects : str
        The object directory.
    boundary : str
        Names the format and the shallow boundary: other ones make other columns.
    segments : list of str
        File names in the order of ordinals.
    heads : list of str
        Commits that reach all that was read, in hexadecimal.
    commits : int
    """

    objects: str
    boundary: str
    segments: list[str]
    heads: list[str]
    commits: int


class Store:
    """The directory of one repository's object store.

    Parameters
    ----------
    folder : Path
        Holds all stores.
    repository : Repository

    Attributes
    ----------
    mine : bool
        This process may write now.
    """

    def __init__(self, folder: Path, repository: Repository) -> None:
        self._objects = str((repository.place.common_dir / "objects").resolve())
        name = hashlib.sha256(os.fsencode(self._objects) + repository.format.encode()).hexdigest()[:32]
        self.directory = folder / name
        self._lock = folder / f"{name}.lock"
        self._boundary = _digest([repository.format.encode(), *sorted(repository.shallow)])
        self._told = False
        self.mine = False

    @classmethod
    def of(cls, repository: Repository) -> Store | None:
        """Return the store of a repository in the user's cache directory, None where there is no home."""
        folder = histories()
        return None if folder is None else cls(folder, repository)

    # --- reading --------------------------------------------------------------------------

    def view(self, state: str) -> tuple[HistoryIndex, FileVersions] | None:
        """Return the index and versions of this `state`, None where there are none to be trusted."""
        path = self.directory / _view(state)
        try:
            about, columns = read_sealed(path)
            if about["state"] != state:
                raise Damaged(f"{path} is of another state")
            if about["stock"] not in ("", stock(Path(self._objects))):
                return None  # what was missing may be there by now
        except OSError:
            return None
        except Damaged as error:
            self.tell(error)
            return None
        with contextlib.suppress(OSError):  # used just now: the last to be evicted
            os.utime(path)
        from xrserver.history.view import from_columns

        return from_columns(about["plain"], columns)

    def manifest(self) -> Manifest | None:
        """Return what the segments were read from, None where there are none that fit."""
        path = self.directory / _MANIFEST
        try:
            manifest = Manifest(**read_sealed(path).about)
        except OSError:
            return None
        except Damaged as error:
            self.tell(error)
            return None
        same = manifest.objects == self._objects and manifest.boundary == self._boundary
        return manifest if same else None

    def segments(self, manifest: Manifest) -> list[dict[str, NDArray[Any]]]:
        """Return the columns of each segment.

        Raises
        ------
        Damaged
            One is missing, or is not what was written.
        """
        found: list[dict[str, NDArray[Any]]] = []
        for name in manifest.segments:
            try:
                about, columns = read_sealed(self.directory / name)
            except OSError as error:
                raise Damaged(f"{name} cannot be read: {error}") from None
            if name != _segment(about["first"], about["id"]):
                raise Damaged(f"{name} is another segment")
            found.append(columns)
        return found

    # --- writing --------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Generator[None, None, None]:
        """Be the one process that writes, where none is and the cache can be written: see `mine`."""
        with contextlib.ExitStack() as stack:
            try:
                # What is in a history may be nobody else's business on this machine.
                self.directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self.directory.mkdir(exist_ok=True)
                self.mine = stack.enter_context(held(self._lock))
                if self.mine:  # what is half-written now was left by one that was killed
                    for part in self.directory.glob(".*"):
                        _unlink(part)
            except OSError as error:
                self._unwritten(error)
            try:
                yield
            finally:
                self.mine = False

    def stock(self) -> str:
        """Return a name for what is in the object store."""
        return stock(Path(self._objects))

    def append(self, before: Manifest | None, columns: Mapping[str, NDArray[Any]], heads: Sequence[bytes],
               ) -> None:
        """Add a segment behind those of `before` (None: begin anew), where this process may write."""
        if not self.mine:
            return
        first = before.commits if before else 0
        name = _segment(first, identity := os.urandom(8).hex())
        try:
            write_sealed(self.directory / name, {"first": first, "id": identity}, columns)
            manifest = Manifest(self._objects, self._boundary, [*(before.segments if before else ()), name],
                                [head.hex() for head in heads], first + len(columns["oid"]))
            write_sealed(self.directory / _MANIFEST, manifest._asdict())
            self._sweep(manifest)
        except OSError as error:
            self._unwritten(error)

    def save_view(self, state: str, stock: str, index: HistoryIndex, versions: FileVersions) -> None:
        """Remember the index and versions of `state`, where this process may write.

        Parameters
        ----------
        stock : str
            What `stock` said before they were read: where files are missing, they hold for it only.
        """
        if not self.mine:
            return
        from xrserver.history.view import is_complete, to_columns

        plain, columns = to_columns(index, versions)
        try:
            about = {"state": state, "stock": "" if is_complete(index) else stock, "plain": plain}
            write_sealed(self.directory / _view(state), about, columns)
            views = sorted(self.directory.glob("view-*"), key=lambda view: view.stat().st_mtime, reverse=True)
            for view in views[_VIEWS:]:
                _unlink(view)
        except OSError as error:
            self._unwritten(error)

    def evict(self, limit: int) -> None:
        """Keep all stores together below `limit` bytes, where this process may write."""
        if self.mine:
            evict(self.directory.parent, limit, self.directory.name)

    def _sweep(self, manifest: Manifest) -> None:
        """Remove segments that are not listed (any more)."""
        for path in self.directory.glob("segment-*"):
            if path.name not in manifest.segments:
                _unlink(path)

    def _unwritten(self, error: OSError) -> None:
        self._tell(f"Nothing can be remembered in {self.directory}: {error.strerror or error}. "
                   "Each start will read the whole history again.")

    def tell(self, error: Exception) -> None:
        """Say once that what is here is of no use, because of `error`."""
        self._tell(f"What was remembered of {self._objects} is of no use and is read again: {error}.")

    def _tell(self, text: str) -> None:
        if not self._told:
            self._told = True
            _log.warning(text)


def state_of(repository: Repository, refs: Sequence[RawRef], people: str) -> str:
    """Return a name for all that an index of `repository` depends on, its `refs` as they stand on disk.

    The mailmap is in the tree of the mainline's tip; `people` says what is made of it.
    """
    named = [part for ref in refs for part in (ref.name.encode("utf-8", "surrogateescape"), ref.oid,
                                               ref.kind.encode())]
    return _digest([repository.format.encode(), repository.mainline_ref.encode("utf-8", "surrogateescape"),
                    repository.mainline_oid, people.encode(), b"".join(sorted(repository.shallow)), *named])


def _digest(parts: Sequence[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def _segment(first: int, identity: str) -> str:
    return f"segment-{first:010}-{identity}"


def _view(state: str) -> str:
    return f"view-{state}"


def _unlink(path: Path) -> None:
    """Remove a file, unless somebody holds it open where that is not allowed."""
    with contextlib.suppress(OSError):
        path.unlink()
