"""A git repository on disk, opened for reading only. The only importer of pygit2.

libgit2 opens packs and nothing else: no configuration, no ownership rules and no extensions of the
user's repository come into play. Refs are read by `history.refs`, loose objects by `history.loose`; in
bulk, objects are read by git in a `history.shadow`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pygit2

from xrserver.errors import UnreadableRepository
from xrserver.history.glance import completed, no_commits, no_such_ref, refs_of
from xrserver.history.loose import alternates, loose_header, missing, read_loose
from xrserver.history.objects import WIDTHS, Commit, ObjectStore, parse_commit, parse_tag, parse_tree
from xrserver.history.place import Place, discover, formats, shallow_boundary
from xrserver.history.refs import RawRef
from xrserver.history.shadow import GitObjects, Shadow, find_git

_KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
#: Deepest chain of tags that name tags.
_TAG_DEPTH = 16


def library_versions() -> dict[str, str]:
    """Return the versions of what reads git's objects here."""
    from importlib import metadata  # only for this: it takes long to import

    return {"pygit2": metadata.version("pygit2"), "libgit2": pygit2.LIBGIT2_VERSION}


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file as `git ls-tree -r -l` lists it; `size` in bytes, -1 when not known (submodules)."""

    path: bytes
    mode: int
    oid: bytes
    size: int


class Repository:
    """One repository; use `open`.

    Attributes
    ----------
    path : Path
        What was asked for.
    place : Place
    format : str
        ``"sha1"`` or ``"sha256"``.
    refs : Refs or Reftables
    mainline_ref : str
        Full name of the mainline's ref, ``"HEAD"`` when detached, or a commit id asked for.
    shallow : frozenset of bytes
        Commits whose parents are not here.
    shadow : Shadow or None
        Where git reads in bulk; None where there is no git program.
    """

    def __init__(self, path: Path, place: Place, ref: str) -> None:
        self.path = path
        self.place = place
        self.refs = refs_of(place)
        self.format = formats(place.common_dir).objects
        self.width = WIDTHS[self.format]
        self._objects_dir = place.common_dir / "objects"
        shallow = place.common_dir / "shallow"
        self.shallow = shallow_boundary(shallow)
        git = find_git()
        self.shadow = None if git is None else Shadow(
            git, self._objects_dir.resolve(), self.format, shallow if self.shallow else None)
        self.objects = self._open_objects()
        try:
            self.mainline_ref, self.mainline_oid = self.find_mainline(ref)
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, path: str | Path, ref: str = "") -> Repository:
        """Open the repository at or around `path`: a worktree, a folder in it, a git directory.

        Parameters
        ----------
        path : str or Path
        ref : str
            The mainline: a branch, tag or commit; default the branch that HEAD points at.

        Raises
        ------
        NotARepository
            There is none at `path`.
        EmptyRepository
            It has no commits where the mainline should be.
        UnknownMoment
            `ref` names nothing.
        UnreadableRepository
            Its objects are missing, damaged or in a format that cannot be read here.
        """
        path = Path(path)
        return cls(path, discover(path), ref)

    def close(self) -> None:
        """End helper processes; remove what was temporary."""
        self.objects.close()
        if self.shadow is not None:
            self.shadow.close()

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    # --- objects --------------------------------------------------------------------------

    def commit(self, oid: bytes) -> Commit:
        """Return what a commit says, by raw object id; parents beyond a shallow boundary are absent."""
        kind, raw = self.objects.read(oid)
        try:
            if kind != "commit":
                raise ValueError
            commit = parse_commit(oid, raw)
        except ValueError:
            raise UnreadableRepository(f"object {oid.hex()} is no commit that can be read.") from None
        if oid in self.shallow:
            return Commit(oid, commit.tree, (), commit.author, commit.committer, commit.message)
        return commit

    def files(self, commit: bytes, sizes: bool = True) -> list[TreeEntry]:
        """Return the files of a commit's tree, in the order and with the values of `git ls-tree -r -l`.

        Parameters
        ----------
        commit : bytes
            Raw object id.
        sizes : bool
            False leaves every size -1, which is faster.
        """
        entries: list[TreeEntry] = []
        self._walk(self.commit(commit).tree, b"", entries, sizes)
        return entries

    def _walk(self, tree: bytes, prefix: bytes, entries: list[TreeEntry], sizes: bool) -> None:
        for mode, name, oid in self.tree(tree):
            path = prefix + name
            if mode & 0o170000 == 0o040000:
                self._walk(oid, path + b"/", entries, sizes)
            else:
                entries.append(TreeEntry(path, mode, oid, self.size(mode, oid) if sizes else -1))

    def tree(self, oid: bytes) -> list[tuple[int, bytes, bytes]]:
        """Return (mode, name, object id) of each entry of a tree object."""
        kind, raw = self.objects.read(oid)
        try:
            if kind != "tree":
                raise ValueError
            return list(parse_tree(raw, self.width))
        except ValueError:
            raise UnreadableRepository(f"object {oid.hex()} is no tree that can be read.") from None

    def size(self, mode: int, oid: bytes) -> int:
        """Return the size in bytes of a file's blob; -1 for submodules and missing blobs."""
        header = None if mode & 0o170000 == 0o160000 else self.objects.header(oid)
        return -1 if header is None else header[1]

    # --- refs -----------------------------------------------------------------------------

    def peel(self, oid: bytes) -> bytes | None:
        """Return the commit that an object is, or that a tag names at last; None for trees and blobs."""
        for _ in range(_TAG_DEPTH):
            header = self.objects.header(oid)
            if header is None:
                raise UnreadableRepository(missing(oid))
            if header[0] != "tag":
                return oid if header[0] == "commit" else None
            try:
                oid, _ = parse_tag(self.objects.read(oid)[1])
            except ValueError:
                raise UnreadableRepository(f"object {oid.hex()} is no tag that can be read.") from None
        return None

    def commit_refs(self, refs: Sequence[RawRef] | None = None) -> list[RawRef]:
        """Return viewed refs and tags, each with the commit it names in the end, sorted by name.

        `refs` are those read before, with `Refs.all`.
        """
        peeled = [(ref, self.peel(ref.oid)) for ref in (self.refs.all() if refs is None else refs)]
        return [RawRef(ref.name, oid, ref.kind) for ref, oid in peeled if oid is not None]

    def find_ref(self, text: str) -> tuple[str, bytes] | None:
        """Return the full name and commit of the ref that `text` names as `git rev-parse` reads it."""
        for name in completed(text):
            oid = self.refs.resolve(name)
            if oid is not None and (commit := self.peel(oid)) is not None:
                return name, commit
        return None

    def find_mainline(self, ref: str = "") -> tuple[str, bytes]:
        """Return name and tip of the mainline that `ref` names ('' is HEAD's branch)."""
        if not ref:
            name, oid = self.refs.head()
            commit = None if oid is None else self.peel(oid)
            if commit is not None:
                return name, commit
            raise no_commits(self.path, name, self.refs)
        found = self.find_ref(ref)
        if found is not None:
            return (self.refs.head()[0], found[1]) if found[0] == "HEAD" else found
        if len(ref) == 2 * self.width and re.fullmatch("[0-9a-f]+", ref) \
                and self.objects.header(bytes.fromhex(ref)) is not None \
                and (commit := self.peel(bytes.fromhex(ref))) is not None:
            return commit.hex(), commit
        raise no_such_ref(self.path, ref)

    # --- opening --------------------------------------------------------------------------

    def _open_objects(self) -> ObjectStore:
        if not self._objects_dir.is_dir():
            raise UnreadableRepository(
                f"{self._objects_dir} is missing: restore it, or clone {self.path} again from elsewhere.")
        directories = [self._objects_dir, *alternates(self._objects_dir)]
        if self.format == "sha1":
            return _LibgitObjects(directories)
        if self.shadow is None:
            raise UnreadableRepository(
                f"{self.path} has SHA-256 object ids, which only the git program reads: install git.")
        return GitObjects(self.shadow)


class _LibgitObjects:
    """Packed objects read by libgit2, loose ones here: libgit2 1.9 never returns from a cut-off one."""

    def __init__(self, directories: list[Path]) -> None:
        self._directories = directories
        self._packs = pygit2.Odb()
        try:
            for place, directory in enumerate(directories):
                self._packs.add_backend(pygit2.OdbBackendPack(str(directory)), len(directories) - place)
        except (pygit2.GitError, OSError) as error:
            raise UnreadableRepository(f"{directories[0]} cannot be read: {error}.") from None

    def read(self, oid: bytes) -> tuple[str, bytes]:
        if (file := self._loose(oid)) is not None:
            return read_loose(file, oid)
        try:
            kind, content = self._packs.read(pygit2.Oid(raw=oid))
        except (KeyError, ValueError, pygit2.GitError, OSError):
            raise UnreadableRepository(missing(oid)) from None
        return _KINDS[int(kind)], content

    def header(self, oid: bytes) -> tuple[str, int] | None:
        if (file := self._loose(oid)) is not None:
            return loose_header(file, oid)
        try:
            kind, size = self._packs.read_header(pygit2.Oid(raw=oid))
        except KeyError:
            return None
        except (ValueError, pygit2.GitError, OSError):
            raise UnreadableRepository(missing(oid)) from None
        return _KINDS[int(kind)], size

    def _loose(self, oid: bytes) -> Path | None:
        digits = oid.hex()
        for directory in self._directories:
            file = f"{directory}/{digits[:2]}/{digits[2:]}"
            if os.path.isfile(file):  # noqa: PTH113 — asked for every object: a Path costs more than the question
                return Path(file)
        return None

    def close(self) -> None:
        """libgit2 closes its files when the last reference goes."""
