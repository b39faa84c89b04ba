"""Moments name what git says they name."""

from __future__ import annotations

from pathlib import Path

import pytest
from served import git, silent, tell

from xrserver.errors import UnknownMoment
from xrserver.history.index import HistoryIndex
from xrserver.history.opening import open_history
from xrserver.server.moments import Moments


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tell(tmp_path_factory.mktemp("moments") / "story.git")
    head = git(folder, "rev-parse", "main").decode().strip()
    git(folder, "update-ref", "refs/heads/" + head[:8], "side")
    git(folder, "update-ref", "refs/heads/2001-09-09", "side")
    git(folder, "update-ref", "refs/tags/side", "begin")
    git(folder, "update-ref", "refs/remotes/origin/far", "waiting")
    git(folder, "update-ref", "refs/remotes/origin/HEAD", "waiting")
    return folder


@pytest.fixture(scope="module")
def index(repository: Path) -> HistoryIndex:
    opened, index, _ = open_history(repository, jobs=1, progress=silent)
    opened.close()
    return index


@pytest.mark.parametrize("text", [
    "HEAD", "main", "refs/heads/main", "heads/main", "v1.0", "tags/v1.0", "side", "waiting", "origin/far",
    "remotes/origin/far", "origin", "2001-09-09"])
def test_refs_are_completed_in_gits_order(repository: Path, index: HistoryIndex, text: str) -> None:
    moment = Moments(index).find(text)
    assert moment.names_commit
    assert index.oids[moment.rank].tobytes().hex() == git(
        repository, "rev-parse", f"{text}^{{commit}}").decode().strip()


def test_every_id_is_found_by_all_its_abbreviations(repository: Path, index: HistoryIndex) -> None:
    moments = Moments(index)
    for rank, oid in enumerate(index.oids):
        digits = oid.tobytes().hex()
        for length in range(9, 41):
            assert moments.find(digits[:length]).rank == rank
        assert moments.find(digits.upper()).rank == rank


def test_a_branch_called_like_an_abbreviation_wins_and_like_a_full_id_does_not(
        repository: Path, index: HistoryIndex) -> None:
    head = git(repository, "rev-parse", "main").decode().strip()
    moments = Moments(index)
    assert moments.find(head[:8]).rank == moments.find("refs/heads/side").rank
    assert index.oids[moments.find(head).rank].tobytes().hex() == head


def test_ranks_name_no_commit_of_their_own(index: HistoryIndex) -> None:
    moments = Moments(index)
    for rank in range(index.head_rank + 1):
        assert (moments.find(f"rank:{rank}").rank, moments.find(f"rank:{rank}").names_commit) == (rank, False)


@pytest.mark.parametrize(("text", "commit"), [
    ("2001-09-09T01:46:40Z", "begin"), ("2001-09-09T01:46:40", "begin"),
    ("2001-09-09T03:46:40+02:00", "begin"), ("2001-09-10", "waiting"),
    ("2100-01-01", "waiting"), ("2001-09-09T02:53:20Z", "main"),
    ("2001-09-09T02:53:19Z", "v1.0"),
])
def test_a_date_is_the_newest_commit_not_after_it(repository: Path, index: HistoryIndex, text: str,
                                                  commit: str) -> None:
    moment = Moments(index).find(text)
    assert not moment.names_commit
    assert index.oids[moment.rank].tobytes().hex() == git(
        repository, "rev-parse", f"{commit}^{{commit}}").decode().strip()


@pytest.mark.parametrize("text", ["", "nothing", "rank:", "rank:-1", "rank:6", "rank:1e3", "rank:99999999999",
                                  "rank:١", "1234567", "f" * 40, "f" * 64, "abc", "main~1", "1970-01-01",
                                  "2001-13-01", "-", "x" * 4096, "\0", "../HEAD"])
def test_what_names_nothing_is_said_in_a_sentence(index: HistoryIndex, text: str) -> None:
    with pytest.raises(UnknownMoment) as unknown:
        Moments(index).find(text)
    assert str(unknown.value).endswith(".")


def test_an_abbreviation_of_several_ids_is_refused() -> None:
    import numpy as np

    oids = np.array([[0xAB] * 20, [0xAB] * 19 + [0], [1] * 20], np.uint8)
    index = HistoryIndex(**{**dict.fromkeys(HistoryIndex.__slots__, np.zeros(0)), "oids": oids, "refs": ()})  # type: ignore[arg-type]
    with pytest.raises(UnknownMoment, match="begins 2 commit ids"):
        Moments(index).find("ababababa")
    assert Moments(index).find("ab" * 20).rank == 0
    assert Moments(index).find("ab" * 19 + "00").rank == 1
