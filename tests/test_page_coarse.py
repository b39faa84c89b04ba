"""A city of many tiles on the page: what stands for many says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import cycle
from pathlib import Path

import chromium
import pytest
import pytest_asyncio
from playwright.async_api import Browser
from served import files_story, git, served, tell

from xrserver import resources

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Files, in 40 directories; and a scene whose tiles hold few of them.
FILES = 3000
TILES = """
[tiles]
whole_nodes = 0
whole_spans = 0
root_nodes = 150
root_spans = 150
tile_nodes = 300
tile_spans = 300
"""


def later(commits: int) -> bytes:
    """Commits after the first, each of which changes files in one directory."""
    head = b"commit refs/heads/main\ncommitter Bob <b@b> %d +0000\ndata 5\nMore\n"
    return b"".join(head % (1000001000 + n * 3600)
                    + b"".join(b"M 100644 inline d%02d/f%05d.py\ndata 3\n%c%c\n" % (
                        n % 40, n % 40 + 40 * k, 65 + n % 26, 97 + n % 26) for k in range(6))
                    for n in range(commits))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell(tmp_path_factory.mktemp("coarse") / "many.git", files_story(FILES) + later(60))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fine(many: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a scene in many tiles."""
    scene = tmp_path_factory.mktemp("scene") / "fine.toml"
    scene.write_text(resources.text("scenes", "city.toml").partition("[tiles]")[0] + TILES)
    async with served(many, scene=str(scene)) as serving:
        yield serving.url


async def test_a_block_pointed_at_says_of_which_directory_it_is_and_what_that_holds(
        chrome: Browser, fine: str, many: Path) -> None:
    async with chromium.visit(chrome, fine) as visit:
        await visit.run("xrserver.setDetail(0)")  # nothing is refined
        tip = visit.page.locator(".tooltip")

        async def point(words: str) -> str:
            """Point here and there until that is said."""
            at = cycle((240 + dx, 150 + dy) for dy in range(-60, 90, 12) for dx in range(-90, 90, 12))
            said = ""

            async def told() -> bool:
                nonlocal said
                said = await tip.inner_text() if await tip.is_visible() else ""
                if words not in said:
                    await visit.page.mouse.move(*next(at))
                return words in said

            await chromium.soon(told)
            return said.replace("\u2068", "").replace("\u2069", "")

        path, holds, last = filter(None, (await point("drawn as blocks")).split("\n"))
        files = git(many, "ls-tree", "-r", "--name-only", "main", "--", f"{path}/").decode().split()
        commits = git(many, "log", "--format=%H", "main", "--", path).decode().split()
        assert holds == f"{len(files)} files, {len(commits)} commits, drawn as blocks"
        newest = git(many, "log", "-1", "--date=format:%-d %b %Y", "--format=%ad by %an", "main", "--", path)
        assert last == f"Last changed {newest.decode().strip()}"
        # Chosen, its directory is told of.
        await visit.run("path => xrserver.select(path)", path)
        await visit.page.locator(".inspector h2", has_text=path).wait_for()
        facts = (await visit.page.locator(".inspector .facts").first.inner_text()).lower()
        assert f"files\n{len(files)}" in facts and f"commits\n{len(commits)}" in facts
        # Of another moment it says what was then.
        await visit.run("xrserver.select(null)")
        await visit.run("xrserver.seek('rank:0')")
        await point(f"{len(files)} files, 1 commit, drawn as blocks")
