"""The history of one repository as columns: what every other room computes from.

Nothing here reads a repository; `history.log` fills these columns and `tests` hold them
against git.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: git's file modes, as `git ls-tree` prints them in octal.
MODE_FILE, MODE_EXECUTABLE, MODE_SYMLINK, MODE_SUBMODULE = 0o100644, 0o100755, 0o120000, 0o160000

#: A ref as (full name, rank of its commit, kind): kind is "head", "remote", "worktree" or "tag".
Ref = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class PathTree:
    """Every path that ever lived, as a tree of segments. Path 0 is the root (empty bytes).

    Attributes
    ----------
    parent : (n_paths,) int32
        Path id of the directory around it; 0 for the root itself. A parent's id is smaller.
    offsets : (n_paths + 1,) int64
        Into `bytes`: the segment (file or directory name, raw bytes as git has them).
    bytes : (n,) uint8
    """

    parent: NDArray[np.int32]
    offsets: NDArray[np.int64]
    bytes: NDArray[np.uint8]

    def whole(self) -> list[bytes]:
        """Return every path, from the root, in git's bytes."""
        text, offsets, parents = self.bytes.tobytes(), self.offsets.tolist(), self.parent.tolist()
        found = [b""]
        for path in range(1, len(parents)):
            around = found[parents[path]]
            segment = text[offsets[path]:offsets[path + 1]]
            found.append(around + b"/" + segment if around else segment)
        return found


@dataclass(frozen=True, slots=True)
class HistoryIndex:
    """All commits that viewed refs and tags reach, by rank, and what each changed.

    Rank is the time axis: parents first, among ready commits the smallest
    (committer time, object id). Rows of all commit columns are ranks.

    Attributes
    ----------
    repository_format : str
        ``"sha1"`` or ``"sha256"``.
    oids : (n_commits, 20 | 32) uint8
    parent_offsets, parents : (n_commits + 1,) int64, (n,) int32
        CSR of parents in git's order. Parents beyond a shallow boundary are absent.
    author, committer : (n_commits,) int32
        Person ids (row of `person_*`): most commits authored first, ties by raw bytes.
    coauthor_offsets, coauthors : (n_commits + 1,) int64, (n,) int32
        CSR of the people that ``Co-authored-by`` trailers name.
    author_time, commit_time : (n_commits,) int64, seconds UTC
    author_offset : (n_commits,) int16, minutes east of UTC
    timeline : (n_commits,) int64, seconds UTC
        Running maximum of `commit_time`.
    mainline : (n_mainline,) int32
        Ranks of the first-parent chain of `mainline_ref`, ascending.
    landing : (n_commits,) int32
        Rank of the first mainline commit that reaches the commit; -1 if none does.
    change_offsets : (n_commits + 1,) int64
        CSR of `change_*`: the commit against its first parent (a root against nothing).
    change_path, change_blob, change_old_blob : (n_changes,) int32
        Path id; rows of `blob_oids` after and before (-1: absent).
    change_mode, change_old_mode : (n_changes,) uint32
        git's mode after and before (0: absent).
    blob_oids : (n_blobs, 20 | 32) uint8
        Blobs, and commits of submodules.
    blob_sizes : (n_blobs,) int64, bytes
        -1 when not known (submodules, missing objects of a partial clone).
    paths : PathTree
    person_names, person_emails : tuple of bytes
        As the mailmap gives them.
    identity_names, identity_emails : tuple of bytes
        As commits say, in UTF-8 wherever they name an encoding; most commits authored first.
    identity_person : (n_identities,) int32
        Whose each identity is.
    mainline_ref : str
        Full ref name, or ``"HEAD"`` when detached.
    refs : tuple of Ref
    unread : int
        Rank of a commit that stands for everything before it, which is not read yet; -1: there is nothing.
    """

    repository_format: str
    oids: NDArray[np.uint8]
    parent_offsets: NDArray[np.int64]
    parents: NDArray[np.int32]
    author: NDArray[np.int32]
    committer: NDArray[np.int32]
    coauthor_offsets: NDArray[np.int64]
    coauthors: NDArray[np.int32]
    author_time: NDArray[np.int64]
    author_offset: NDArray[np.int16]
    commit_time: NDArray[np.int64]
    timeline: NDArray[np.int64]
    mainline: NDArray[np.int32]
    landing: NDArray[np.int32]
    change_offsets: NDArray[np.int64]
    change_path: NDArray[np.int32]
    change_blob: NDArray[np.int32]
    change_old_blob: NDArray[np.int32]
    change_mode: NDArray[np.uint32]
    change_old_mode: NDArray[np.uint32]
    blob_oids: NDArray[np.uint8]
    blob_sizes: NDArray[np.int64]
    paths: PathTree
    person_names: tuple[bytes, ...]
    person_emails: tuple[bytes, ...]
    identity_names: tuple[bytes, ...]
    identity_emails: tuple[bytes, ...]
    identity_person: NDArray[np.int32]
    mainline_ref: str
    refs: tuple[Ref, ...]
    unread: int = -1

    @property
    def head_rank(self) -> int:
        """The newest rank."""
        return len(self.oids) - 1


@dataclass(frozen=True, slots=True)
class FileVersions:
    """What stood when on the mainline, and which commits built it.

    One row is one path's state over the ranks [birth, death); rows are sorted by (path, birth).
    A new row begins where the mainline changes the path (birth is a mainline rank), where a
    landing adds strata without changing it, and where a commit off the mainline touches a
    standing path (`touched`: nothing but activity). At rank r the rows with birth <= r < death
    are exactly `git ls-tree -r` of the newest mainline commit with rank <= r.

    Attributes
    ----------
    path, birth, death, blob : (n_versions,) int32
        death is `columns.RANK_END` for what still stands; blob a row of `HistoryIndex.blob_oids`.
    mode : (n_versions,) uint32
    strata : (n_versions,) int32
        How many of the path's strata stand (a prefix of its list).
    touched : (n_versions,) bool
    moved_from : (n_versions,) int32
        On the first row after a move: the path it came from. Otherwise -1.
    moved_to : (n_versions,) int32
        On the last row before a move: the path it went to. Otherwise -1.
    strata_offsets : (n_paths + 1,) int64
        CSR by path of `strata_rank`.
    strata_rank : (n_strata,) int32
        Ranks of the commits that built the path, in the order they landed, within one landing in
        rank order: a floor once laid never changes its place. A moved path begins with the strata
        it had before.
    """

    path: NDArray[np.int32]
    birth: NDArray[np.int32]
    death: NDArray[np.int32]
    blob: NDArray[np.int32]
    mode: NDArray[np.uint32]
    strata: NDArray[np.int32]
    touched: NDArray[np.bool_]
    moved_from: NDArray[np.int32]
    moved_to: NDArray[np.int32]
    strata_offsets: NDArray[np.int64]
    strata_rank: NDArray[np.int32]
