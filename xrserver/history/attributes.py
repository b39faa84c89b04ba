"""What ``.gitattributes`` says of files that others or programs wrote: linguist-vendored, -generated."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END
from xrserver.errors import UnreadableRepository, UsageError
from xrserver.history.globs import Glob
from xrserver.history.index import FileVersions, HistoryIndex, PathTree
from xrserver.history.repository import Repository

_FILE = b".gitattributes"
_NAMES = (b"linguist-vendored", b"linguist-generated")
_BLANKS = b" \t\r\n"
#: A larger file is not read, as git does not.
_LARGEST = 100 << 20


class Rule(NamedTuple):
    """A line: what matches is said to be so (True), not to be so, or neither (None), for each of the two."""

    glob: Glob
    says: dict[bytes, bool | None]


def vendored_paths(repository: Repository, index: HistoryIndex, versions: FileVersions) -> NDArray[np.int8]:
    """Return what the mainline's tip says of every path that ever lived.

    Returns
    -------
    (n_paths,) int8
        1: others wrote it, or a program. -1: neither. 0: nothing is said.
    """
    rules = _rules(repository, index, versions)
    marks = np.zeros(len(index.paths.parent), np.int8)
    if not rules:
        return marks
    names = index.paths.whole()
    for path in np.unique(versions.path).tolist():
        whole = names[path]
        name = whole.rpartition(b"/")[2]
        said: dict[bytes, bool | None] = {}
        for folder in _around(whole):
            for rule in rules.get(folder, ()):
                if rule.glob.matches(whole[len(folder) + 1 if folder else 0:], name, False):
                    said |= rule.says
        marks[path] = 1 if True in said.values() else -1 if False in said.values() else 0
    return marks


def _around(path: bytes) -> list[bytes]:
    """Return the directories around a path, the root's empty name first."""
    folders = path.split(b"/")[:-1]
    return [b"/".join(folders[:depth]) for depth in range(len(folders) + 1)]


def _rules(repository: Repository, index: HistoryIndex, versions: FileVersions) -> dict[bytes, list[Rule]]:
    """Return the lines that say something of the two, by the directory their file is in."""
    paths = index.paths
    found: dict[bytes, list[Rule]] = {}
    for path in np.flatnonzero(np.diff(paths.offsets) == len(_FILE)).tolist():
        at = int(paths.offsets[path])
        if paths.bytes[at:at + len(_FILE)].tobytes() != _FILE:
            continue
        first, last = np.searchsorted(versions.path, [path, path + 1]).tolist()
        if first == last or versions.death[last - 1] != RANK_END:
            continue
        if versions.mode[last - 1] & 0o170000 != 0o100000:  # git follows no symbolic link there
            continue
        blob = int(versions.blob[last - 1])
        if not 0 <= index.blob_sizes[blob] <= _LARGEST:
            continue
        try:
            text = repository.objects.read(index.blob_oids[blob].tobytes())[1]
        except UnreadableRepository:
            continue
        rules = [rule for line in text.split(b"\n") if (rule := _rule(line)) is not None]
        if rules:
            folder = int(paths.parent[path])
            found[_path(paths, folder)] = rules
    return found


def _path(paths: PathTree, path: int) -> bytes:
    segments: list[bytes] = []
    while path:
        segments.append(paths.bytes[paths.offsets[path]:paths.offsets[path + 1]].tobytes())
        path = int(paths.parent[path])
    return b"/".join(reversed(segments))


def _rule(line: bytes) -> Rule | None:
    words = line.strip(_BLANKS).split()
    if len(words) < 2 or words[0][:1] in (b"#", b"!"):
        return None
    says: dict[bytes, bool | None] = {}
    for word in words[1:]:
        name, valued, value = word.lstrip(b"-!").partition(b"=")
        if name in _NAMES:
            says[name] = None if word[:1] == b"!" else not (
                word[:1] == b"-" or (valued and value.lower() in (b"false", b"0", b"no")))
    try:
        return Rule(Glob.read(words[0].decode("utf-8", "surrogateescape")), says) if says else None
    except UsageError:
        return None
