"""What tests of several rooms need: scripted repositories, and caches of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from repositories import everything


@pytest.fixture(scope="session", autouse=True)
def own_caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep every cache and key of the tests (and of what they start) away from the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA"):
            patch.setenv(name, str(folder))
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def everything_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of 86 commits with every kind of merge, move, thing, name and clock: read only."""
    return everything().write(tmp_path_factory.mktemp("everything") / "everything")
