"""The newest part of a history, as it is shown before all of it is known: held against git."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from random_histories import random_script
from repositories import HISTORIES, Script, everything, git

from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.log import read_index
from xrserver.history.recent import read_recent
from xrserver.history.repository import Repository
from xrserver.history.versions import file_versions


def read(folder: Path, landings: int) -> tuple[HistoryIndex, FileVersions] | None:
    with Repository.open(folder) as repository:
        return read_recent(repository, landings, jobs=2, progress=lambda phase, done, total: None)


def names(index: HistoryIndex) -> list[bytes]:
    paths, found = index.paths, [b""]
    for row in range(1, len(paths.parent)):
        segment = paths.bytes[paths.offsets[row]:paths.offsets[row + 1]].tobytes()
        above = found[paths.parent[row]]
        found.append(above + b"/" + segment if above else segment)
    return found


def standing(index: HistoryIndex, versions: FileVersions, rank: int) -> set[tuple[bytes, str, str]]:
    at = names(index)
    rows = np.flatnonzero((versions.birth <= rank) & (versions.death > rank))
    return {(at[versions.path[row]], f"{versions.mode[row]:06o}",
             index.blob_oids[versions.blob[row]].tobytes().hex()) for row in rows.tolist()}


def listed(folder: Path, oid: str) -> set[tuple[bytes, str, str]]:
    found = set[tuple[bytes, str, str]]()
    for line in git(folder, "ls-tree", "-r", "-z", oid).split(b"\0")[:-1]:
        about, _, path = line.partition(b"\t")
        mode, _, blob = about.decode().split()
        found.add((path, mode, blob))
    return found


def written(name: str, folder: Path) -> Path:
    if name == "everything":
        script = everything()
    elif name.startswith("random"):
        script = random_script(int(name.removeprefix("random ")))
    else:
        script = Script()
        HISTORIES[name](script)
    return script.write(folder / "repository")


@pytest.mark.parametrize("name", [*HISTORIES, "everything", "random 1", "random 5"])
@pytest.mark.parametrize("landings", [1, 2, 5])
def test_at_each_of_the_newest_commits_the_files_of_git_stand(name: str, landings: int, tmp_path: Path,
                                                              ) -> None:
    folder = written(name, tmp_path)
    chain = git(folder, "rev-list", "--first-parent", "HEAD").decode().split()
    found = read(folder, landings)
    if len(chain) <= landings:
        assert found is None
        return
    assert found is not None
    index, versions = found
    mainline = [index.oids[rank].tobytes().hex() for rank in index.mainline.tolist()]
    assert mainline == chain[:landings][::-1]
    for rank, oid in zip(index.mainline.tolist(), mainline, strict=True):
        assert standing(index, versions, rank) == listed(folder, oid)


def test_of_a_straight_history_it_is_what_a_shallow_clone_has(tmp_path: Path) -> None:
    script = Script()
    for number in range(12):
        script.commit({f"folder/{number % 5}.txt": b"%d\n" % number, "same.txt": b"%d\n" % (number // 3)})
    folder = script.write(tmp_path / "repository")
    git(tmp_path, "clone", "--quiet", "--bare", "--depth=4", folder.as_uri(), "shallow.git")
    with Repository.open(tmp_path / "shallow.git") as repository:
        shallow = read_index(repository, jobs=1)
    found = read(folder, 4)
    assert found is not None
    index, versions = found
    for column in ("oids", "parents", "parent_offsets", "mainline", "landing", "timeline", "author",
                   "change_offsets", "change_path", "change_blob", "change_old_blob", "blob_oids",
                   "blob_sizes"):
        np.testing.assert_array_equal(getattr(index, column), getattr(shallow, column), column)
    np.testing.assert_array_equal(versions.strata_rank, file_versions(shallow).strata_rank)


def test_what_landed_lately_is_there_and_what_landed_before_is_not(tmp_path: Path) -> None:
    folder = written("everything", tmp_path)
    chain = git(folder, "rev-list", "--first-parent", "HEAD").decode().split()
    found = read(folder, 3)
    assert found is not None
    lately = git(folder, "rev-list", "HEAD", "--not", *(f"{chain[2]}^@",)).decode().split()
    assert {oid.tobytes().hex() for oid in found[0].oids} == set(lately)
