"""Moments in words, and the files that stand at them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from repositories import FIRST_SECOND, Script, everything, git, merges

from xrserver.errors import UnknownMoment
from xrserver.history.index import HistoryIndex
from xrserver.history.log import read_index
from xrserver.history.moment import Moment, resolve
from xrserver.history.repository import Repository
from xrserver.history.tree import files_at, mainline_rank

Opened = tuple[Path, Repository, HistoryIndex, Script]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    script = Script()
    merges(script)
    script.tag("v1", 5)
    script.tag("light", 7, annotated=False)
    folder = script.write(tmp_path_factory.mktemp("moments") / "repository")
    with Repository.open(folder) as repository:
        yield folder, repository, read_index(repository), script


def rank_of(index: HistoryIndex, oid: str) -> int:
    return [row.tobytes().hex() for row in index.oids].index(oid)


def test_a_rank_is_itself(opened: Opened) -> None:
    _, repository, index, _ = opened
    assert resolve(repository, index, "rank:0") == Moment(0, None)
    assert resolve(repository, index, f" rank:{index.head_rank} ") == Moment(index.head_rank, None)


def test_an_object_id_of_seven_digits_or_more_is_its_commit(opened: Opened) -> None:
    _, repository, index, script = opened
    for mark in (1, 2, 17, 31):
        oid = script.oid(mark)
        for digits in (7, 8, 39, 40):
            expected = Moment(rank_of(index, oid), bytes.fromhex(oid))
            assert resolve(repository, index, oid[:digits]) == expected
            assert resolve(repository, index, oid[:digits].upper()) == expected


def test_a_ref_is_the_commit_it_names(opened: Opened) -> None:
    folder, repository, index, _ = opened
    for name in ("main", "refs/heads/never", "v1", "tags/light", "HEAD", "heads/long"):
        oid = git(folder, "rev-parse", f"{name}^{{commit}}").decode().strip()
        assert resolve(repository, index, name) == Moment(rank_of(index, oid), bytes.fromhex(oid))


def test_a_branch_named_like_an_object_id_wins_over_an_abbreviation(tmp_path: Path) -> None:
    script = Script()
    script.commit({"a": b"1\n"})
    script.commit({"a": b"2\n"})
    folder = script.write(tmp_path / "repository")
    git(folder, "branch", script.oid(1)[:8], script.oid(2))
    with Repository.open(folder) as repository:
        index = read_index(repository)
        assert resolve(repository, index, script.oid(1)[:8]).rank == 1
        assert resolve(repository, index, script.oid(1)).rank == 0


@pytest.mark.parametrize(("text", "seconds"), [
    ("2020-09-13T13:26:40", FIRST_SECOND + 3600), ("2020-09-13T13:26:40Z", FIRST_SECOND + 3600),
    ("2020-09-13 15:26:40+02:00", FIRST_SECOND + 3600), ("2020-09-13T13:26:40.999", FIRST_SECOND + 3600),
    ("2020-09-13T13:27", FIRST_SECOND + 3620), ("2020-09-14", FIRST_SECOND + 41_600),
    ("9999-12-31", 253_402_214_400),
])
def test_a_date_is_the_newest_rank_not_after_it(text: str, seconds: int, opened: Opened) -> None:
    _, repository, index, _ = opened
    expected = max(rank for rank, time in enumerate(index.timeline.tolist()) if time <= seconds)
    assert resolve(repository, index, text) == Moment(expected, None)
    assert datetime.fromtimestamp(seconds, UTC).year == int(text[:4])


def test_the_second_of_a_commit_belongs_to_it(opened: Opened) -> None:
    _, repository, index, _ = opened
    time = datetime.fromtimestamp(int(index.timeline[9]), UTC)
    assert resolve(repository, index, time.isoformat()).rank == 9
    assert resolve(repository, index, time.replace(second=time.second - 1).isoformat()).rank == 8


@pytest.mark.parametrize(("text", "word"), [
    ("rank:31", "0 to 30"), ("rank:-1", "rank:N"), ("rank:", "rank:N"), ("", "rank:N"), ("nothing", "branch"),
    ("123456", "7 digits"), ("0000000", "7 digits"), ("f" * 41, "7 digits"), ("1999-01-01", "2020-09-13"),
    ("2024-13-01", "date"), ("2024-1-1", "date"), ("2024", "date"), ("20240101", "date"),
    ("2024-01-01T99:00", "date"), ("../HEAD", "branch"), ("a\0b", "branch"), ("x" * 10_000, "branch"),
])
def test_what_names_no_moment_is_said_with_a_remedy(text: str, word: str, opened: Opened) -> None:
    _, repository, index, _ = opened
    with pytest.raises(UnknownMoment) as error:
        resolve(repository, index, text)
    said = str(error.value)
    assert word in said and len(said) < 400 and "\n" not in said
    assert error.value.exit_code == 2


def test_an_ambiguous_abbreviation_asks_for_more_digits(opened: Opened) -> None:
    import dataclasses

    _, repository, index, script = opened
    oids = index.oids.copy()
    oids[3, :10] = oids[2, :10]
    twins = dataclasses.replace(index, oids=oids)
    with pytest.raises(UnknownMoment, match="begins 2 commit ids: give more digits"):
        resolve(repository, twins, oids[2].tobytes().hex()[:12])
    assert resolve(repository, twins, oids[2].tobytes().hex()).rank == 2
    assert script.oid(1)


def test_a_commit_that_came_after_the_reading_is_said_to_be_not_shown(tmp_path: Path) -> None:
    script = Script()
    script.commit({"a": b"1\n"})
    folder = script.write(tmp_path / "repository")
    with Repository.open(folder) as repository:
        index = read_index(repository)
        git(folder, "commit", "-q", "--allow-empty", "-m", "new")
        with pytest.raises(UnknownMoment, match="not shown here"):
            resolve(repository, index, "main")


def listed(folder: Path, commit: str) -> list[tuple[bytes, int, str, int]]:
    found: list[tuple[bytes, int, str, int]] = []
    for line in git(folder, "ls-tree", "-r", "-l", "-z", commit).split(b"\0")[:-1]:
        words, _, path = line.partition(b"\t")
        mode, _, oid, size = words.split()
        found.append((path, int(mode, 8), oid.decode(), -1 if size == b"-" else int(size)))
    return found


def test_files_at_a_rank_are_the_newest_mainline_commits(tmp_path: Path) -> None:
    script = everything()
    folder = script.write(tmp_path / "repository")
    with Repository.open(folder) as repository:
        index = read_index(repository)
        chain = git(folder, "rev-list", "--first-parent", "main").decode().split()[::-1]
        mainline = [rank_of(index, oid) for oid in chain]
        for rank in range(len(index.oids)):
            newest = max((m for m in mainline if m <= rank), default=-1)
            assert mainline_rank(index, rank) == newest
            files = files_at(repository, index, Moment(rank, None))
            found = [(file.path, file.mode, file.oid.hex(), file.size) for file in files]
            assert found == (listed(folder, chain[mainline.index(newest)]) if newest >= 0 else [])


def test_files_of_a_named_commit_are_its_own_tree(opened: Opened) -> None:
    folder, repository, index, _ = opened
    for name in ("never", "v1", "main"):
        files = files_at(repository, index, resolve(repository, index, name))
        assert [(file.path, file.mode, file.oid.hex(), file.size) for file in files] == listed(folder, name)
    side = files_at(repository, index, resolve(repository, index, "never"))
    rank = resolve(repository, index, "never").rank
    assert side != files_at(repository, index, resolve(repository, index, f"rank:{rank}"))


def test_before_the_first_mainline_commit_nothing_stands(tmp_path: Path) -> None:
    script = Script()
    script.commit({"early": b"e\n"}, "other", when=FIRST_SECOND)
    script.commit({"late": b"l\n"}, "main", [], when=FIRST_SECOND + 100)
    folder = script.write(tmp_path / "repository")
    with Repository.open(folder) as repository:
        index = read_index(repository)
        assert files_at(repository, index, Moment(0, None)) == []
        assert [file.path for file in files_at(repository, index, Moment(1, None))] == [b"late"]
