"""The index: what git says of every commit, in canonical order, by either way of reading."""

from __future__ import annotations

import dataclasses
import random
import threading
from pathlib import Path

import numpy as np
import pytest
import reference_history as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from random_histories import random_script
from repositories import HISTORIES, PEOPLE, Script, everything, git

from xrserver.errors import UnreadableRepository
from xrserver.history.generation import generation
from xrserver.history.index import HistoryIndex
from xrserver.history.log import read_index
from xrserver.history.repository import Repository
from xrserver.history.versions import file_versions

_NAMES = [*HISTORIES, "everything", "random"]


def make(name: str, folder: Path) -> Path:
    if name == "everything":
        return everything().write(folder)
    script = random_script(7) if name == "random" else Script()
    if name in HISTORIES:
        HISTORIES[name](script)
    return script.write(folder)


@pytest.fixture(scope="module", params=_NAMES)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory,
           ) -> tuple[Path, HistoryIndex]:
    folder = make(request.param, tmp_path_factory.mktemp("index") / "repository")
    with Repository.open(folder) as repository:
        return folder, read_index(repository, jobs=2)


def assert_same(one: object, two: object) -> None:
    assert dataclasses.is_dataclass(one) and dataclasses.is_dataclass(two)
    for field in dataclasses.fields(one):
        ours, theirs = getattr(one, field.name), getattr(two, field.name)
        if isinstance(ours, np.ndarray):
            assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), field.name
            assert np.array_equal(ours, theirs), field.name
        elif dataclasses.is_dataclass(ours):
            assert_same(ours, theirs)
        else:
            assert ours == theirs, field.name


def test_ranks_are_the_canonical_order(opened: tuple[Path, HistoryIndex]) -> None:
    folder, index = opened
    listed = [line.split() for line in
              git(folder, "log", "--all", "--format=%ct %H %P").decode().splitlines()]
    row_of = {words[1]: row for row, words in enumerate(listed)}
    parents = [[row_of[parent] for parent in words[2:]] for words in listed]
    keys = [(int(words[0]), bytes.fromhex(words[1])) for words in listed]
    order = reference.canonical_order(parents, keys)
    assert [oid.tobytes() for oid in index.oids] == [keys[row][1] for row in order]
    rank_of = {row: rank for rank, row in enumerate(order)}
    assert reference.parents_of(index) == [[rank_of[parent] for parent in parents[row]] for row in order]


def test_people_times_and_offsets_are_those_git_prints(opened: tuple[Path, HistoryIndex]) -> None:
    folder, index = opened
    printed = git(folder, "log", "--all", "--no-use-mailmap", "--date=format:%z",
                  "--format=%H%x00%an%x00%ae%x00%at%x00%ad%x00%cn%x00%ct").splitlines()
    said = {line.split(b"\0")[0].decode(): line.split(b"\0")[1:] for line in printed}
    for rank, oid in enumerate(index.oids):
        name, email, time, zone, committer, commit_time = said[oid.tobytes().hex()]
        author = index.author[rank]
        assert (index.person_names[author], index.person_emails[author]) == (name, email)
        assert index.person_names[index.committer[rank]] == committer
        assert (index.author_time[rank], index.commit_time[rank]) == (int(time), int(commit_time))
        minutes = int(zone[1:3]) * 60 + int(zone[3:])
        assert index.author_offset[rank] == (minutes if zone.startswith(b"+") else -minutes)
    counts = np.bincount(index.author, minlength=len(index.person_names)).tolist()
    keys = [(-count, name, email) for count, name, email in
            zip(counts, index.person_names, index.person_emails, strict=True)]
    assert keys == sorted(keys)
    assert np.array_equal(index.timeline, np.maximum.accumulate(index.commit_time))


def test_changes_are_those_git_prints_against_the_first_parent(opened: tuple[Path, HistoryIndex]) -> None:
    folder, index = opened
    names, changes = reference.path_names(index), reference.changes_of(index)
    blob = [oid.tobytes().hex() for oid in index.blob_oids] + ["0" * 2 * index.oids.shape[1]]
    for rank, parents in enumerate(reference.parents_of(index)):
        commit = index.oids[rank].tobytes().hex()
        ends = [index.oids[parents[0]].tobytes().hex(), commit] if parents else ["--root", commit]
        printed = git(folder, "diff-tree", "-r", "--raw", "-z", "--no-abbrev", "--no-commit-id",
                      "--no-renames", *ends).split(b"\0")[:-1]
        expected = [(*words.decode().lstrip(":").split()[:4], path)
                    for words, path in zip(printed[::2], printed[1::2], strict=True)]
        assert [(f"{c.old_mode:06o}", f"{c.mode:06o}", blob[c.old_blob], blob[c.blob], names[c.path])
                for c in changes[rank]] == expected


def test_paths_are_numbered_parents_first_and_once(opened: tuple[Path, HistoryIndex]) -> None:
    _, index = opened
    names = reference.path_names(index)
    assert names[0] == b"" and len(set(names)) == len(names)
    assert all(parent < path for path, parent in enumerate(index.paths.parent.tolist()) if path)


def test_sizes_are_the_blobs_and_unknown_for_submodules(opened: tuple[Path, HistoryIndex]) -> None:
    folder, index = opened
    asked = b"".join(oid.tobytes().hex().encode() + b"\n" for oid in index.blob_oids)
    printed = git(folder, "cat-file", "--batch-check=%(objectsize)", given=asked).splitlines()
    assert index.blob_sizes.tolist() == [-1 if line.endswith(b"missing") else int(line) for line in printed]


def test_landing_is_the_first_mainline_commit_that_reaches(opened: tuple[Path, HistoryIndex]) -> None:
    folder, index = opened
    chain = git(folder, "rev-list", "--first-parent", "main").decode().split()[::-1]
    assert [index.oids[rank].tobytes().hex() for rank in index.mainline] == chain
    parents = reference.parents_of(index)
    assert index.landing.tolist() == reference.landing_ranks(parents, index.mainline.tolist())


def test_refs_name_branches_and_tags_at_their_commits(opened: tuple[Path, HistoryIndex]) -> None:
    folder, index = opened
    printed = git(folder, "for-each-ref", "--format=%(refname) %(objectname) %(*objectname)",
                  "refs/heads", "refs/tags").decode().splitlines()
    expected = {name: rest.split()[-1] for name, _, rest in (line.partition(" ") for line in printed)}
    found = {name: index.oids[rank].tobytes().hex() for name, rank, kind in index.refs if kind != "worktree"}
    assert found == expected
    assert ("HEAD", index.mainline[-1], "worktree") in index.refs
    assert index.mainline_ref == "refs/heads/main"
    assert {kind for name, _, kind in index.refs if name.startswith("refs/tags/")} <= {"tag"}


@pytest.mark.parametrize("name", _NAMES)
def test_libgit2_alone_gives_the_same_records(name: str, tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(name, tmp_path / "repository")
    with Repository.open(folder) as repository:
        assert repository.shadow is not None
        by_git = read_index(repository, jobs=3)
    monkeypatch.setenv("PATH", "")
    with Repository.open(folder) as repository:
        assert repository.shadow is None
        assert_same(read_index(repository), by_git)


def test_the_same_records_come_from_any_number_of_processes(everything_repository: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xrserver.history.listing._FEWEST", 1)
    monkeypatch.setattr("xrserver.history.listing._MOST", 3)
    monkeypatch.setattr("xrserver.history.pipes._BLOCK", 700)
    with Repository.open(everything_repository) as repository:
        one, many = (read_index(repository, jobs=jobs) for jobs in (1, 8))
        assert_same(one, many)
        monkeypatch.undo()
        assert_same(one, read_index(repository))


def test_odd_commits_are_read_the_same_by_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies that git fsck would scold: no time, a lying zone, NUL in the message, signatures, odd people."""
    folder = Script().write(tmp_path / "repository")
    blob = git(folder, "hash-object", "-w", "--stdin", given=b"x\n").decode().strip()
    tree = git(folder, "mktree", given=f"100644 blob {blob}\tf\n".encode()).decode().strip()
    # Modes that only old trees have.
    entries = b"".join(mode + b"\0" + bytes.fromhex(blob) for mode in (b"100664 f", b"100600 g"))
    old_tree = git(folder, "hash-object", "-w", "-t", "tree", "--stdin", "--literally", given=entries)
    old_tree = old_tree.decode().strip()
    bodies = [
        f"tree {tree}\nauthor A <a@x> 5 +0000\ncommitter A <a@x> 7 +0000\n\none\n",
        f"tree {old_tree}\nauthor  B  B  < b@x > 1600000000 -1145\ncommitter <> 1600000000 +9999\n\n",
        f"tree {tree}\nauthor no brackets\ncommitter C <c@x>\nencoding ISO-8859-1\n\nm\xe4h\n",
        f"tree {tree}\nauthor D <d>e> 12 +0530\ncommitter D <d@x> 99999999999999999999 +0000\n"
        "gpgsig -----BEGIN\n parent 0000\n \n -----END\nmergetag x\n author y\n\nparent of nothing\n",
        f"tree {old_tree}\nauthor E <e@x> -5 +0000\ncommitter E <e@x> 1600000000 0\n\nthree\0hidden\n",
    ]
    parent = ""
    for body in bodies:
        given = body.replace("\nauthor", f"\nparent {parent}\nauthor", 1) if parent else body
        parent = git(folder, "hash-object", "-w", "-t", "commit", "--stdin", "--literally",
                     given=given.encode("latin-1")).decode().strip()
    git(folder, "update-ref", "refs/heads/main", parent)
    with Repository.open(folder) as repository:
        by_git = read_index(repository)
        commits = [repository.commit(oid.tobytes()) for oid in by_git.oids]
    monkeypatch.setenv("PATH", "")
    with Repository.open(folder) as repository:
        assert_same(read_index(repository), by_git)
    assert by_git.commit_time.tolist() == [7, 1_600_000_000, 0, 0, 1_600_000_000]
    assert by_git.author_offset.tolist() == [0, -705, 0, 330, 0]
    assert [c.author.name for c in commits] == ["A", " B  B", "no brackets", "D", "E"]
    assert [c.author.name for c in commits] == [by_git.person_names[p].decode() for p in by_git.author]
    assert [c.author.time for c in commits] == by_git.author_time.tolist()
    assert [c.committer.time for c in commits] == by_git.commit_time.tolist()
    assert commits[2].message == "mäh\n"
    names = reference.path_names(by_git)
    assert [(names[c.path], c.mode) for c in reference.changes_of(by_git)[1]] == [(b"g", 0o100644)]


def test_progress_counts_every_commit_and_ends(everything_repository: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with Repository.open(everything_repository) as repository:
        index = read_index(repository, progress=lambda *what: told.append(what))
    commits = len(index.oids)
    assert ("commits", commits, commits) in told
    assert told[-1] == ("order", commits, commits)
    for phase in ("commits", "sizes", "order"):
        done = [count for name, count, _ in told if name == phase]
        assert done and done == sorted(done)


def test_progress_that_raises_ends_the_reading(everything_repository: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(phase: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("xrserver.history.listing._FEWEST", 1)
    monkeypatch.setattr("xrserver.history.listing._MOST", 1)
    before = threading.active_count()
    with Repository.open(everything_repository) as repository, pytest.raises(KeyboardInterrupt):
        read_index(repository, jobs=1, progress=stop)
    assert threading.active_count() == before


@pytest.mark.parametrize("commits", [1, 3])
def test_commits_that_change_nothing_are_a_history_too(commits: int, tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script()
    for _ in range(commits):
        script.commit({})
    folder = script.write(tmp_path / "repository")
    with Repository.open(folder) as repository:
        index = read_index(repository)
        assert repository.files(repository.mainline_oid) == []
    assert index.mainline.tolist() == list(range(commits))
    assert (len(index.change_path), len(index.blob_oids), len(index.paths.parent)) == (0, 0, 1)
    versions = file_versions(index)
    assert (len(versions.path), versions.strata_offsets.tolist()) == (0, [0, 0])
    monkeypatch.setenv("PATH", "")
    with Repository.open(folder) as repository:
        assert_same(read_index(repository), index)


def test_the_mainline_can_be_another_ref(tmp_path: Path) -> None:
    folder = make("merges", tmp_path / "repository")
    for ref, full in (("never", "refs/heads/never"), ("refs/heads/long", "refs/heads/long")):
        with Repository.open(folder, ref) as repository:
            index = read_index(repository)
        assert index.mainline_ref == full
        tip = git(folder, "rev-parse", full).decode().strip()
        assert index.oids[index.mainline[-1]].tobytes().hex() == tip
    with Repository.open(folder) as repository:
        assert_same(read_index(repository, ref="refs/heads/long"), index)
        commit = git(folder, "rev-parse", "main~3").decode().strip()
        index = read_index(repository, ref=commit)
    assert index.mainline_ref == commit
    assert index.oids[index.mainline[-1]].tobytes().hex() == commit


@pytest.mark.parametrize("way", ["git", "libgit2"])
@pytest.mark.parametrize("what", ["commit", "tree"])
def test_a_missing_commit_or_tree_is_an_error_that_names_the_remedy(
        way: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make("merges", tmp_path / "repository")
    loose(folder)
    oid = git(folder, "rev-parse", "main~4^0" if what == "commit" else "main~4:src").decode().strip()
    (folder / ".git/objects" / oid[:2] / oid[2:]).unlink()
    if way == "libgit2":
        monkeypatch.setenv("PATH", "")
    with Repository.open(folder) as repository, pytest.raises(UnreadableRepository, match="git fsck"):
        read_index(repository)


def loose(folder: Path) -> None:
    """Turn packs into loose objects."""
    for pack in sorted((folder / ".git/objects/pack").iterdir()):
        moved = folder / pack.name
        pack.rename(moved)
        if moved.suffix == ".pack":
            packed = moved
    git(folder, "unpack-objects", "-q", given=packed.read_bytes())


@pytest.mark.parametrize("way", ["git", "libgit2"])
def test_missing_blobs_have_no_size_and_are_no_error(way: str, tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make("merges", tmp_path / "repository")
    loose(folder)
    oid = git(folder, "rev-parse", "main:readme").decode().strip()
    (folder / ".git/objects" / oid[:2] / oid[2:]).unlink()
    if way == "libgit2":
        monkeypatch.setenv("PATH", "")
    with Repository.open(folder) as repository:
        index = read_index(repository)
        files = {file.path: file.size for file in repository.files(repository.mainline_oid)}
    unknown = [oid.tobytes().hex() for oid in index.blob_oids[index.blob_sizes < 0]]
    assert unknown == [oid]
    assert files[b"readme"] == -1 and files[b"src/a"] == 3


@pytest.mark.parametrize("way", ["git", "libgit2"])
@pytest.mark.parametrize("damage", [20, -1, 0, "noise"])
def test_a_damaged_object_is_an_error(way: str, damage: int | str, tmp_path: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off early (libgit2 reads such a file for ever), at its end, emptied, or overwritten."""
    folder = make("merges", tmp_path / "repository")
    loose(folder)
    oid = git(folder, "rev-parse", "main~2").decode().strip()
    file = folder / ".git/objects" / oid[:2] / oid[2:]
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:damage] if isinstance(damage, int) else damage.encode())
    if way == "libgit2":
        monkeypatch.setenv("PATH", "")
    with Repository.open(folder) as repository, pytest.raises(UnreadableRepository, match="git fsck"):
        read_index(repository)


def test_a_generation_is_named_by_all_that_ranks_depend_on(tmp_path: Path) -> None:
    folder = make("merges", tmp_path / "repository")
    with Repository.open(folder) as repository:
        index = read_index(repository)
        again = read_index(repository, jobs=1)
        other = read_index(repository, ref="long")
    name = generation(index, (), "1", "city")
    assert len(name) == 32
    assert generation(again, (), "1", "city") == name
    different = [generation(other, (), "1", "city"), generation(index, [bytes(20)], "1", "city"),
                 generation(index, (), "2", "city"), generation(index, (), "1", "river"),
                 generation(index, (), "1city"), generation(index, (), "1", "city", ""),
                 generation(dataclasses.replace(index, oids=index.oids[::-1]), (), "1", "city")]
    assert len({name, *different}) == 1 + len(different)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(st.data())
def test_order_and_landing_of_random_graphs_equal_the_reference(data: st.DataObject) -> None:
    from xrserver.kernels.order import canonical_order, first_parent_chain, landing_ranks

    count = data.draw(st.integers(1, 30))
    shuffled = data.draw(st.permutations(range(count)))
    parents: list[list[int]] = [[] for _ in range(count)]
    for place in range(1, count):
        earlier = st.lists(st.sampled_from(shuffled[:place]), max_size=3, unique=True)
        parents[shuffled[place]] = data.draw(earlier)
    times = data.draw(st.lists(st.integers(0, 5), min_size=count, max_size=count))
    keys = [(time, bytes([row])) for row, time in enumerate(times)]
    precedence = np.empty(count, np.int32)
    precedence[sorted(range(count), key=lambda row: keys[row])] = np.arange(count)
    offsets = np.cumsum([0, *map(len, parents)]).astype(np.int64)
    flat = np.array([parent for found in parents for parent in found], np.int32)
    order = canonical_order(offsets, flat, precedence).tolist()
    assert order == reference.canonical_order(parents, keys)

    rank = {row: at for at, row in enumerate(order)}
    ranked = [[rank[parent] for parent in parents[row]] for row in order]
    offsets = np.cumsum([0, *map(len, ranked)]).astype(np.int64)
    flat = np.array([parent for found in ranked for parent in found], np.int32)
    tip = data.draw(st.integers(0, count - 1))
    mainline = first_parent_chain(offsets, flat, tip)
    chain = reference.first_parents(ranked, tip)
    assert mainline.tolist() == chain
    assert landing_ranks(offsets, flat, mainline).tolist() == reference.landing_ranks(ranked, chain)


_names = st.lists(st.text(st.sampled_from("a.-/0\xff"), min_size=1, max_size=3), max_size=8)


@settings(deadline=None, max_examples=200, derandomize=True)
@given(_names, _names, st.randoms(use_true_random=False))
def test_the_difference_of_two_trees_is_that_of_their_entries(
        ours: list[str], theirs: list[str], rng: random.Random) -> None:
    from xrserver.kernels.trees import tree_difference

    def tree(names: list[str]) -> list[bytes]:
        """Entries in git's order; names with a slash make folders."""
        kinds = {name.encode("latin-1").split(b"/")[0]: "/" in name for name in names}
        kinds.pop(b"", None)
        ordered = sorted(kinds.items(), key=lambda item: item[0] + b"/" * item[1])
        return [(b"40000 " if folder else b"100644 ") + name + b"\0" + bytes([rng.randrange(2)]) * 20
                for name, folder in ordered]

    old, new = tree(ours), tree(theirs)
    before, after = b"".join(old), b"".join(new)
    gone, come = np.empty(20, np.int32), np.empty(20, np.int32)
    n_gone, n_come = tree_difference(np.frombuffer(before, np.uint8), np.frombuffer(after, np.uint8), 20,
                                     gone, come)
    starts = np.cumsum([0, *map(len, old)]).tolist(), np.cumsum([0, *map(len, new)]).tolist()
    assert gone[:n_gone].tolist() == [at for at, e in zip(starts[0], old, strict=False) if e not in new]
    assert come[:n_come].tolist() == [at for at, e in zip(starts[1], new, strict=False) if e not in old]
    if before:
        cut = np.frombuffer(before[:-1], np.uint8)
        assert tree_difference(cut, np.frombuffer(b"", np.uint8), 20, gone, come)[0] == -1


def test_a_cycle_of_parents_leaves_commits_without_a_rank() -> None:
    from xrserver.kernels.order import canonical_order

    offsets, parents = np.array([0, 0, 1, 2], np.int64), np.array([2, 1], np.int32)
    assert canonical_order(offsets, parents, np.arange(3, dtype=np.int32)).tolist() == [0]


def test_people_of_the_scripts_are_all_met(everything_repository: Path) -> None:
    with Repository.open(everything_repository) as repository:
        index = read_index(repository)
    met = {b"%s <%s>" % person for person in zip(index.person_names, index.person_emails, strict=True)}
    assert met == set(PEOPLE)
