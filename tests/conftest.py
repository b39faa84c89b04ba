"""What tests of several rooms need: scripted repositories, and caches of their own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from repositories import everything

if TYPE_CHECKING:
    from playwright.async_api import Browser


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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chrome() -> AsyncIterator[Browser]:
    """One Chromium for all tests of pages: each opens a context of its own, and shaders are compiled once.

    Who uses it runs in the session's loop: ``pytest.mark.asyncio(loop_scope="session")``.
    """
    import chromium

    async with chromium.browser() as running:
        yield running


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that `served.STORY` tells: read only."""
    from served import tell

    return tell(tmp_path_factory.mktemp("story") / "story.git")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def url(story: Path) -> AsyncIterator[str]:
    """Where the story is served; for tests that change nothing of their server."""
    from served import served

    async with served(story) as serving:
        yield serving.url
