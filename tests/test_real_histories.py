"""City and river of real repositories, held against git at moments spread over their whole histories.

Which: the checkout these tests are in, and those that XRSERVER_TEST_REPOSITORIES names (paths, joined
as PATH is).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bench.oracle import Graph
from bench.streamed import differences
from xrserver.history.log import read_index
from xrserver.history.repository import Repository
from xrserver.history.versions import file_versions

RANKS = 50
_OWN = Path(__file__).parent.parent
_NAMED = [Path(path) for path in os.environ.get("XRSERVER_TEST_REPOSITORIES", "").split(os.pathsep) if path]

pytestmark = [pytest.mark.slow,
              pytest.mark.parametrize("repository", [_OWN, *_NAMED], ids=lambda path: path.name)]


def skip_without_history(repository: Path) -> None:
    """Skip where there is no history to be held against git: a downloaded copy has none."""
    told = subprocess.run(["git", "-C", str(repository), "rev-parse", "--is-shallow-repository"],
                          capture_output=True, text=True, check=False)
    if told.returncode or told.stdout.strip() == "true":
        pytest.skip(f"{repository} is no git repository with a whole history")


async def test_files_standing_in_the_city_are_git_s_at_fifty_ranks(repository: Path) -> None:
    skip_without_history(repository)
    ranks, files, wrong = await differences(repository, RANKS)
    assert wrong == []
    assert ranks == RANKS and files > RANKS


def test_commits_of_the_river_and_the_parents_they_are_joined_to_are_git_s_at_fifty_ranks(
        repository: Path) -> None:
    skip_without_history(repository)
    with Repository.open(repository) as opened:
        index = read_index(opened, jobs=1)
        river = Graph(repository, index, file_versions(index))
    compared = [river.difference(rank) for rank in
                np.unique(np.linspace(0, index.head_rank, RANKS).astype(int)).tolist()]
    assert [wrong for _, wrong in compared] == [0] * RANKS
    # Every commit but the first of each root is joined to something.
    assert compared[-1][0] >= index.head_rank
