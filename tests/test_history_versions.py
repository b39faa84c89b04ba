"""What stands, and who built it: held against git, and against the plain reference."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import reference_history as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from random_histories import random_index, random_script
from repositories import HISTORIES, Entry, Script, everything, git

from xrserver.columns import RANK_END
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.log import read_index
from xrserver.history.repository import Repository
from xrserver.history.versions import file_versions

Opened = tuple[Path, HistoryIndex, FileVersions]


def scripted(name: str) -> Script:
    if name.startswith("everything"):
        return everything("sha256" if name.endswith("sha256") else "sha1")
    if name.startswith("random"):
        return random_script(int(name.removeprefix("random ")))
    script = Script()
    HISTORIES[name](script)
    return script


@pytest.fixture(scope="module", params=[*HISTORIES, "everything", "everything sha256",
                                        "random 1", "random 2", "random 3"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = scripted(request.param).write(tmp_path_factory.mktemp("versions") / "repository")
    with Repository.open(folder) as repository:
        index = read_index(repository, jobs=2)
    return folder, index, file_versions(index)


def rows(versions: FileVersions) -> list[reference.Version]:
    strata = [tuple(versions.strata_rank[a:a + count].tolist()) for a, count in
              zip(versions.strata_offsets[versions.path], versions.strata, strict=True)]
    columns = (versions.path, versions.birth, versions.death, versions.blob, versions.mode)
    return [reference.Version(*values, built, *rest) for values, built, rest in zip(
        zip(*(column.tolist() for column in columns), strict=True), strata,
        zip(versions.touched.tolist(), versions.moved_from.tolist(), versions.moved_to.tolist(), strict=True),
        strict=True)]


def assert_as_reference(index: HistoryIndex, versions: FileVersions) -> None:
    expected, strata = reference.file_versions(index)
    assert rows(versions) == expected
    assert [versions.strata_rank[a:b].tolist() for a, b in pairwise(versions.strata_offsets)] == strata


def test_versions_and_strata_equal_the_plain_reference(opened: Opened) -> None:
    _, index, versions = opened
    assert len(versions.path) > 0
    assert_as_reference(index, versions)


def test_files_standing_at_every_rank_are_those_git_lists(opened: Opened) -> None:
    folder, index, versions = opened
    names = reference.path_names(index)
    listed: dict[int, set[tuple[bytes, int, str, int]]] = {-1: set()}
    for rank in range(len(index.oids)):
        newest = max((m for m in index.mainline.tolist() if m <= rank), default=-1)
        if newest not in listed:
            listed[newest] = list_tree(folder, index.oids[newest].tobytes().hex())
        standing = np.flatnonzero((versions.birth <= rank) & (rank < versions.death))
        found = [(names[versions.path[row]], int(versions.mode[row]),
                  index.blob_oids[versions.blob[row]].tobytes().hex(),
                  int(index.blob_sizes[versions.blob[row]])) for row in standing]
        assert len(found) == len(set(found))
        assert set(found) == listed[newest]


def list_tree(folder: Path, commit: str) -> set[tuple[bytes, int, str, int]]:
    found: set[tuple[bytes, int, str, int]] = set()
    for line in git(folder, "ls-tree", "-r", "-l", "-z", commit).split(b"\0")[:-1]:
        words, _, path = line.partition(b"\t")
        mode, _, oid, size = words.split()
        found.add((path, int(mode, 8), oid.decode(), -1 if size == b"-" else int(size)))
    return found


def test_strata_are_the_commits_that_git_log_lists(opened: Opened) -> None:
    """Every version of files without a move behind them; merges that stand for themselves apart."""
    folder, index, versions = opened
    names = reference.path_names(index)
    changes, parents = reference.changes_of(index), reference.parents_of(index)
    rank_of = {oid.tobytes().hex(): rank for rank, oid in enumerate(index.oids)}
    moved: set[int] = set()
    checked = 0
    for row in rows(versions):
        if row.moved_from >= 0:
            moved.add(row.path)
        if row.path in moved or row.touched:
            continue
        commit = index.oids[max(m for m in index.mainline.tolist() if m <= row.birth)].tobytes().hex()
        printed = git(folder, "log", "--format=%H", "--full-history", "--no-merges", commit, "--",
                      names[row.path])
        # As a pathspec the name of what was a directory once lists what was in it, too.
        listed = {rank for rank in (rank_of[line.decode()] for line in printed.split())
                  if any(change.path == row.path for change in changes[rank])}
        merges = {rank for rank in row.strata if len(parents[rank]) > 1}
        assert set(row.strata) - merges == listed
        assert all(index.landing[rank] == rank for rank in merges)
        landings = [(int(index.landing[rank]), rank) for rank in row.strata]
        assert landings == sorted(set(landings))
        checked += 1
    assert checked > len(versions.path) / 4


def test_a_floor_once_laid_keeps_its_place(opened: Opened) -> None:
    _, _, versions = opened
    built: dict[int, tuple[int, ...]] = {}
    for row in rows(versions):
        before = built.get(row.path, ())
        assert row.strata[:len(before)] == before
        built[row.path] = row.strata


def test_rows_of_a_path_follow_each_other_without_overlap(opened: Opened) -> None:
    _, index, versions = opened
    same = versions.path[1:] == versions.path[:-1]
    assert np.all(versions.path[1:] >= versions.path[:-1])
    assert np.all(versions.birth[1:][same] >= versions.death[:-1][same])
    assert np.all(versions.birth < versions.death)
    mainline = np.isin(versions.birth, index.mainline)
    assert np.array_equal(versions.touched, ~mainline)
    assert np.all((versions.death == RANK_END) | (versions.death <= index.head_rank))


def named_moves(script: Callable[[Script], object], folder: Path) -> list[tuple[int, str, str, int]]:
    """Return (rank, source, target, strata at the move) of a history's moves."""
    written = Script()
    script(written)
    with Repository.open(written.write(folder / "moves")) as repository:
        index = read_index(repository, jobs=1)
    versions = file_versions(index)
    names = [name.decode() for name in reference.path_names(index)]
    moved = [row for row in rows(versions) if row.moved_from >= 0]
    for row in moved:
        ends = [r for r in rows(versions) if r.path == row.moved_from and r.death == row.birth]
        assert [r.moved_to for r in ends] == [row.path]
    return sorted((row.birth, names[row.moved_from], names[row.path], len(row.strata)) for row in moved)


def test_moves_are_found_and_keep_their_strata(tmp_path: Path) -> None:
    found = named_moves(HISTORIES["moves"], tmp_path)
    assert [(source, target, strata) for _, source, target, strata in found] == [
        ("a/x", "b/x", 3),
        ("a/e", "c/e", 2), ("a/y", "c/y", 2), ("b/x", "c/x", 5),
        ("c/x", "d/z", 10),  # five before the branch, five on it, under three names
        ("d/z", "a/x", 11),  # a/x had three of these itself
        ("k", "l", 4),  # the commit that made both, the end of l, then what changed k
        ("m/one", "o/aaa", 2), ("n/two", "o/two", 2),
        ("o/two", "p/two", 3),
        ("p/two", "q/two", 5),
    ]


def test_a_branch_that_renames_a_folder_and_edits_every_file_is_that_many_moves(tmp_path: Path) -> None:
    def history(script: Script) -> None:
        script.commit({f"old/{n}": b"%d\n" % n for n in range(20)})
        script.branch("topic")
        gone: dict[str | bytes, bytes | Entry | None] = {f"old/{n}": None for n in range(20)}
        script.commit(gone | {f"new/{n}": b"%d\n" % n for n in range(20)}, "topic")
        script.commit({f"new/{n}": b"edited %d\n" % n for n in range(20)}, "topic")
        script.commit({"other": b"o\n"})
        script.merge("topic", changes=gone | {f"new/{n}": b"edited %d\n" % n for n in range(20)})

    found = named_moves(history, tmp_path)
    assert [(source, target, strata) for _, source, target, strata in found] == sorted(
        (f"old/{n}", f"new/{n}", 3) for n in range(20))


@settings(deadline=None, max_examples=150, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 6))
def test_versions_of_random_histories_equal_the_reference(seed: int, commits: int, paths: int) -> None:
    index, trees = random_index(seed, commits, paths)
    versions = file_versions(index)
    assert_as_reference(index, versions)
    for rank in index.mainline.tolist():
        standing = (versions.birth <= rank) & (rank < versions.death)
        assert trees[rank] == {int(p): (int(b), int(m)) for p, b, m in zip(
            versions.path[standing], versions.blob[standing], versions.mode[standing], strict=True)}


def test_kernels_give_the_same_as_plain_python(tmp_path: Path) -> None:
    """The same source, not compiled: a slip that only one of numba and Python forgives would show."""
    folder = everything().write(tmp_path / "repository")
    program = (
        "import sys, hashlib, dataclasses, numpy as np\n"
        "from xrserver.history.repository import Repository\n"
        "from xrserver.history.log import read_index\n"
        "from xrserver.history.versions import file_versions\n"
        "with Repository.open(sys.argv[1]) as repository:\n"
        "    index = read_index(repository, jobs=1)\n"
        "digest = hashlib.sha256()\n"
        "for part in (index, index.paths, file_versions(index)):\n"
        "    for field in dataclasses.fields(part):\n"
        "        value = getattr(part, field.name)\n"
        "        if isinstance(value, np.ndarray):\n"
        "            digest.update(f'{field.name} {value.dtype} {value.shape}'.encode() + value.tobytes())\n"
        "print(digest.hexdigest())\n")
    printed = [subprocess.run([sys.executable, "-W", "error", "-c", program, str(folder)],
                              env=os.environ | extra, capture_output=True, text=True, check=False)
               for extra in ({}, {"NUMBA_DISABLE_JIT": "1"})]
    assert [done.stderr for done in printed] == ["", ""]
    assert len(printed[0].stdout) == 65
    assert printed[0].stdout == printed[1].stdout
