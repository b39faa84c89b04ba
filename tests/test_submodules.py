"""Submodules are plots that lead to theirs, where those are served."""

from __future__ import annotations

from pathlib import Path

import chromium
import pytest
from playwright.async_api import Browser
from repositories import Script, git
from served import asking, served

import xrserver
from xrserver.history.submodules import checked_out, with_submodules

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    script = Script()
    for number in range(4):
        script.commit({f"part{number}.c": b"x\n"}, message=f"Part {number}\n".encode())
    return script.write(tmp_path_factory.mktemp("submodules") / "library")


@pytest.fixture(scope="module")
def program(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose vendor/library is checked out at the library's second commit."""
    folder = tmp_path_factory.mktemp("submodules") / "program"
    script = Script()
    script.commit({"main.c": b"int main;\n"})
    script.write(folder)
    git(folder, "reset", "-q", "--hard")
    git(folder, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library),
        "vendor/library")
    git(folder / "vendor" / "library", "checkout", "-q", "HEAD~2")
    git(folder, "commit", "-q", "-a", "-m", "Take the library")
    return folder


def pinned(program: Path) -> str:
    return git(program, "rev-parse", "HEAD:vendor/library").decode().strip()


async def panel_of(session: xrserver.stream.client.Session) -> dict[str, tuple[str, str, str]]:
    node = (await session.query("find", "vendor/library", rank=session.scene.head_rank)).node
    panel = await session.select(node, session.scene.head_rank)
    assert panel.title == "vendor/library"
    return {row.label: (row.text, row.moment, row.repository) for row in panel.rows}


async def test_the_plot_names_the_commit_and_the_repository_that_has_it(library: Path, program: Path) -> None:
    oid = pinned(program)
    async with served(program, library) as serving, xrserver.connect(serving.url) as session:
        rows = await panel_of(session)
        assert rows["kind"][0] == "submodule" and "size" not in rows
        assert rows["pinned commit"] == (oid, oid, "library")
        async with asking(serving) as client, client.get("/api/repositories/program/files?at=HEAD") as answer:
            files = {each["path"]: each for each in (await answer.json())["items"]}
        assert files["vendor/library"]["repository"] == "library" and files["vendor/library"]["id"] == oid
        assert "repository" not in files["main.c"]


async def test_where_nothing_here_has_the_commit_the_plot_says_what_to_do(library: Path, program: Path,
                                                                           tmp_path: Path) -> None:
    script = Script()
    script.commit({"part0.c": b"y\n"})
    other = script.write(tmp_path / "library")  # of the same name, and no relation
    async with served(program, other) as serving, xrserver.connect(serving.url) as session:
        rows = await panel_of(session)
        assert rows["pinned commit"] == (pinned(program), "", "")
        assert "--submodules" in rows["its repository"][0]


async def test_submodules_that_are_checked_out_are_served_when_asked_for(library: Path,
                                                                         program: Path) -> None:
    async with served(program, library, submodules=True, ref="main") as serving, \
            xrserver.connect(serving.url) as session:
        assert [each.name for each in session.welcome.repositories] == ["program", "library", "library"]
        here = [each for each in session.welcome.repositories if each.commits == 4]
        assert len(here) == 2  # its remote's branches are seen as well
        found = serving.sessions.repositories
        rows = await panel_of(session)
        # Of two that have the commit, the one that is checked out there.
        place = found[rows["pinned commit"][2]].repository.place
        assert place.worktree == (program / "vendor/library").resolve()


async def test_what_gitmodules_says_is_not_taken_beyond_the_worktree(library: Path, program: Path,
                                                               tmp_path: Path) -> None:
    assert with_submodules([program]) == (program, (program / "vendor" / "library"))
    folder = tmp_path / "hostile"
    Script().write(folder)
    (folder / "inside").symlink_to(library)
    (folder / ".gitmodules").write_text("".join(
        f'[submodule "x"]\n\tpath = {path}\n' for path in (
            library, "../" + library.name, "inside", "missing", "a/../../b", "")))
    assert checked_out(folder.resolve()) == []
    (folder / ".gitmodules").unlink()
    (folder / ".gitmodules").mkdir()
    assert checked_out(folder.resolve()) == []


async def test_on_the_page_the_plot_leads_to_the_pinned_commit(chrome: Browser, library: Path,
                                                               program: Path) -> None:
    async with served(program, library) as serving, chromium.visit(chrome, serving.url) as visit:
        await visit.run("xrserver.select('vendor/library')")
        link = visit.page.get_by_role("button", name=f"{pinned(program)[:10]} in library")
        await link.wait_for()
        await link.click()
        await visit.until("state.headRank === 3 && state.rank === 1 && state.nodesDrawn === 3")
        assert visit.page.url.split("?")[1].startswith("repository=library")
