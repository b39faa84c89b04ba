"""Random histories (merges, moves, equal times): git's, by every way of reading, at once or bit by bit."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from random_histories import random_script
from repositories import git
from test_history_index import assert_same
from test_history_kinds import assert_git_agrees
from test_history_store import Opening, assert_equal, fresh

#: Every tenth is of SHA-256, which git alone reads.
_FEW, _MANY = range(1000, 1002), range(1002, 1060)


@pytest.mark.parametrize("seed", [*_FEW, *(pytest.param(seed, marks=pytest.mark.slow) for seed in _MANY)])
def test_a_random_history_is_gits_however_it_is_read(seed: int, tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rng = random.Random(seed)
    object_format = "sha256" if seed % 10 == 1 else "sha1"
    script = random_script(seed, rng.choice((1, 2, 15, 40, 40, 90)), object_format)
    folder = script.write(tmp_path / "repository", bare=True)
    read = fresh(folder)
    assert_git_agrees(folder, read[0])
    if object_format == "sha1":
        with monkeypatch.context() as without:
            without.setenv("PATH", "")
            assert_equal(fresh(folder), read)
    # Its refs come one by one, in any order, each at any of its commits first.
    refs = [line.split() for line in git(
        folder, "for-each-ref", "--format=%(refname) %(objectname)").decode().splitlines()]
    for name, _ in refs:
        if name != "refs/heads/main":
            git(folder, "update-ref", "-d", name)
    opening = Opening(folder)
    rng.shuffle(refs)
    for name, oid in refs:
        if not name.startswith("refs/tags/"):
            behind = git(folder, "rev-list", oid).decode().split()
            git(folder, "update-ref", name, rng.choice(behind))
            opening()
        git(folder, "update-ref", name, oid)
        index, _ = opening()
        assert_same(index, fresh(folder)[0])
    assert_equal(opening(), read)
    assert_equal(opening(), read)
    assert opening.phases == []
