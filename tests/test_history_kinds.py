"""Repositories of every kind, however odd, are what git says they are, whichever way they are read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import reference_history as reference
from random_histories import random_script
from repositories import ENVIRONMENT, FIRST_SECOND, Script, git
from test_history_index import assert_same

from xrserver.columns import RANK_END
from xrserver.errors import UnreadableRepository
from xrserver.history.index import HistoryIndex
from xrserver.history.log import read_index
from xrserver.history.repository import Repository
from xrserver.history.versions import file_versions


def several_roots(script: Script) -> None:
    script.commit({"a": b"a\n"})
    script.commit({"b": b"b\n"}, "second", parents=[])
    script.commit({"c": b"c\n"}, "third", parents=[])
    script.merge("second", "third", changes={"b": b"b\n", "c": b"c\n"})


def criss_cross(script: Script) -> None:
    first = script.commit({"a": b"1\n", "b": b"1\n"})
    script.branch("other", first)
    script.commit({"a": b"2\n"})
    script.commit({"b": b"2\n"}, "other")
    ours, theirs = script.branches["main"], script.branches["other"]
    script.commit({"b": b"2\n"}, "main", [ours, theirs])
    script.commit({"a": b"2\n"}, "other", [theirs, ours])
    script.commit({"a": b"3\n"})
    script.commit({"b": b"3\n"}, "other")
    script.merge("other", changes={"b": b"3\n"})


def octopus(script: Script) -> None:
    base = script.commit({"base": b"x\n"})
    names = [f"arm{number}" for number in range(20)]
    for name in names:
        script.branch(name, base)
        script.commit({name: name.encode()}, name)
    script.merge(*names, changes={name: name.encode() for name in names})


def odd_times(script: Script) -> None:
    for when in (100, 4_102_444_800, FIRST_SECOND, 0, 99_999_999_999, FIRST_SECOND - 1, 60):
        script.commit({"file": b"%d\n" % when}, when=max(when, 60))


def encodings(script: Script) -> None:
    script.commit({"a": b"1\n"}, message="Grüße\n".encode("latin-1"), encoding="ISO-8859-1")
    script.commit({"a": b"2\n"}, message="привет\n".encode("koi8-r"), encoding="KOI8-R")
    script.commit({"a": b"3\n"}, message=b"\xff\xfe no text at all\n")
    script.commit({"a": b"4\n"}, message="日本\n".encode("shift_jis"), encoding="Shift_JIS")
    script.commit({"a": b"5\n"}, message=b"of an encoding that nobody knows\n", encoding="x-none")


KINDS: dict[str, Callable[[Script], None]] = {
    "several roots": several_roots, "criss-cross merges": criss_cross, "an octopus of twenty": octopus,
    "commits of 1970, 2100 and backwards": odd_times, "messages of many encodings": encodings}


def assert_git_agrees(folder: Path, index: HistoryIndex) -> None:
    """Commits, parents, mainline, and the tree at every mainline commit."""
    printed = git(folder, "rev-list", "--all", "--parents").decode().splitlines()
    oids = [oid.tobytes().hex() for oid in index.oids]
    assert {oids[rank]: [oids[parent] for parent in parents]
            for rank, parents in enumerate(reference.parents_of(index))} == {
        line.split()[0]: line.split()[1:] for line in printed}
    chain = git(folder, "rev-list", "--first-parent", "--reverse", index.mainline_ref).decode().split()
    assert [oids[rank] for rank in index.mainline] == chain
    versions, names = file_versions(index), index.paths.whole()
    for rank in index.mainline.tolist():
        live = np.flatnonzero((versions.birth <= rank) & (rank < versions.death))
        ours = {(names[versions.path[row]], int(versions.mode[row]),
                 index.blob_oids[versions.blob[row]].tobytes().hex()) for row in live.tolist()}
        listed = git(folder, "ls-tree", "-r", "-z", oids[rank]).split(b"\0")[:-1]
        theirs = {(path, int(words.split()[0], 8), words.split()[2].decode())
                  for words, _, path in (line.partition(b"\t") for line in listed)}
        assert ours == theirs


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_history_is_gits_whichever_way_it_is_read(
        kind: str, object_format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(object_format)
    KINDS[kind](script)
    folder = script.write(tmp_path / "r", bare=True)
    with Repository.open(folder) as repository:
        index = read_index(repository, jobs=1)
        messages = [repository.commit(oid.tobytes()).message for oid in index.oids]
    assert_git_agrees(folder, index)
    assert np.array_equal(index.timeline, np.maximum.accumulate(index.commit_time))
    if kind == "messages of many encodings":
        assert [message.split("\n")[0] for message in messages] == [
            "Grüße", "привет", "\ufffd\ufffd no text at all", "日本", "of an encoding that nobody knows"]
    if object_format == "sha1":  # the other one is read by git alone
        monkeypatch.setenv("PATH", "")
        with Repository.open(folder) as repository:
            assert_same(read_index(repository), index)


@pytest.mark.parametrize("seed", range(3))
def test_random_graphs_are_gits(seed: int, tmp_path: Path) -> None:
    folder = random_script(100 + seed).write(tmp_path / "r", bare=True)
    with Repository.open(folder) as repository:
        assert_git_agrees(folder, read_index(repository, jobs=1))


@pytest.mark.slow
def test_a_hundred_thousand_files_in_one_directory_and_a_commit_of_fifty_thousand(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "r.git")
    folder = tmp_path / "r.git"
    small, large = (git(folder, "hash-object", "-w", "--stdin", given=content).strip()
                    for content in (b"a\n", b"bb\n"))
    parents: list[str] = []
    for blobs in ((small, small), (large, small)):  # fast-import takes minutes for so many in one directory
        flat = git(folder, "mktree", given=b"".join(
            b"100644 blob %s\tf%06d\n" % (blobs[number % 2], number) for number in range(100_000))).strip()
        tree = git(folder, "mktree", given=b"040000 tree %s\tflat\n" % flat).decode().strip()
        parents = ["-p", git(folder, "commit-tree", tree, "-m", "x", *parents).decode().strip()]
    git(folder, "update-ref", "refs/heads/main", parents[1])
    with Repository.open(tmp_path / "r.git") as repository:
        index = read_index(repository)
    versions = file_versions(index)
    assert np.diff(index.change_offsets).tolist() == [100_000, 50_000]
    assert np.count_nonzero(versions.death == RANK_END) == 100_000 and len(versions.path) == 150_000
    standing = versions.death == RANK_END
    assert int(index.blob_sizes[versions.blob[standing]].sum()) == 50_000 * 2 + 50_000 * 3


def test_a_partial_clone_has_trees_without_sizes_and_nothing_is_fetched(tmp_path: Path) -> None:
    script = Script()
    script.commit({"a": b"1\n", ".mailmap": b"Other <ada@example.org>\n",
                   ".gitattributes": b"a linguist-vendored\n"})
    script.commit({"a": b"22\n"})
    whole = script.write(tmp_path / "whole", bare=True)
    git(whole, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--bare", "--no-local", "--filter=blob:none", whole.as_uri(), "partial.git")
    partial = tmp_path / "partial.git"
    objects = sorted(str(path) for path in (partial / "objects").rglob("*"))
    with Repository.open(partial) as repository:
        index = read_index(repository, jobs=1)
    assert (index.blob_sizes == -1).all() and len(index.oids) == 2
    assert b"Other" not in index.person_names
    assert sorted(str(path) for path in (partial / "objects").rglob("*")) == objects
    whole.rename(tmp_path / "gone")  # git of today would have to ask it
    with Repository.open(partial) as repository:
        assert_same(read_index(repository, jobs=1), index)


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() != 0,
                    reason="giving a repository to somebody else takes root")
def test_somebody_elses_repository_is_read(tmp_path: Path) -> None:
    folder = random_script(5).write(tmp_path / "r", bare=True)
    with Repository.open(folder) as repository:
        own = read_index(repository, jobs=1)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 12345, 12345)
    refused = subprocess.run(["git", "-C", str(folder), "log", "-1"], capture_output=True, env=ENVIRONMENT,
                             check=False)
    assert refused.returncode != 0 and b"dubious ownership" in refused.stderr
    with Repository.open(folder) as repository:
        assert_same(read_index(repository, jobs=1), own)


def test_refs_kept_in_a_way_that_nobody_knows_are_said_to_be(tmp_path: Path) -> None:
    script = Script()
    script.commit({"a": b"1\n"})
    folder = script.write(tmp_path / "r", bare=True)
    config = (folder / "config").read_text()
    (folder / "config").write_text(config + "[extensions]\n\trefStorage = vault\n")
    with pytest.raises(UnreadableRepository) as error:
        Repository.open(folder)
    text = str(error.value)
    assert "vault" in text and "git refs migrate" in text and "\n" not in text
