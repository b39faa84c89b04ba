"""Several repositories side by side: on one ground, each at its own rank, moved by one clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import chromium
import pytest
import pytest_asyncio
from playwright.async_api import Browser
from repositories import Script
from served import git, served

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAY = 86400
BEGIN = 1_600_000_000


def _history(name: str, begin: int, every: int, commits: int) -> Script:
    script = Script()
    for number in range(commits):
        changes: dict[str, bytes | None] = {f"{name}{number // 3}/file{number}": b"line\n" * (number + 1)}
        if number == commits - 2:
            changes[f"{name}0/file0"] = None
        script.commit(changes, when=begin + every * number)  # type: ignore[arg-type]
    return script


def _standing(folder: Path, when: int) -> int:
    """Files and directories, the root among them, that git lists at a date; 0 before there are any."""
    oid = git(folder, "rev-list", "-1", "--first-parent", f"--before={when}", "main").decode().strip()
    if not oid:
        return 0
    paths = git(folder, "ls-tree", "-r", "--name-only", oid).decode().split()
    return len(paths) + len({path.rpartition("/")[0] for path in paths}) + 1


@dataclass
class Together:
    """Two repositories, of different ages, and a page that shows both."""

    folders: tuple[Path, Path]
    visit: chromium.Visit


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def together(chrome: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Together]:
    root = tmp_path_factory.mktemp("side")
    old = _history("old", BEGIN, 10 * DAY, 9).write(root / "old")
    young = _history("young", BEGIN + 35 * DAY, 4 * DAY, 14).write(root / "young")
    async with served(old, young) as serving:
        address, _, token = serving.url.partition("?")
        async with chromium.visit(chrome, f"{address}?{token}&repository=*",
                                  viewport=(1000, 600)) as visit:
            await visit.until("state.repositories.length === 2 && state.headRank === 22")
            yield Together((old, young), visit)


async def test_one_clock_brings_each_to_what_git_lists_at_that_date(together: Together) -> None:
    visit = together.visit
    times = set[int]()
    for folder in together.folders:
        times.update(int(line) for line in git(folder, "log", "--format=%ct").split())
    moments = sorted(times)
    for joint in (*range(0, len(moments), 5), len(moments) - 1):
        await visit.seek(joint)
        when = (await visit.state())["time"]
        expected = [_standing(folder, when) for folder in together.folders]
        await visit.until(f"state.repositories.every((each, k) => each.nodesDrawn === {expected}[k])")
    await visit.seek(0)
    await visit.until("state.repositories[1].rank === -1 && state.repositories[1].nodesDrawn === 0")


async def test_a_date_is_a_moment_of_all(together: Together) -> None:
    await together.visit.seek("2020-10-25T00:00:00Z")
    when = 1_603_584_000
    expected = [_standing(folder, when) for folder in together.folders]
    assert all(expected)
    await together.visit.until(f"state.repositories.every((each, k) => each.nodesDrawn === {expected}[k])")


async def test_a_commit_of_either_is_a_moment_of_all(together: Together) -> None:
    young = together.folders[1]
    oid = git(young, "rev-parse", "main~3").decode().strip()
    await together.visit.seek(oid)
    await together.visit.until("state.repositories[1].rank === 10")


async def test_they_stand_on_ground_of_their_own_within_one_budget_of_draws(together: Together) -> None:
    state = await together.visit.state()
    first, second = (each["plot"] for each in state["repositories"])
    assert first == [0, 0] and second[0] > 8
    assert state["drawCalls"] <= 20


async def test_playing_moves_all_of_them(together: Together) -> None:
    visit = together.visit
    await visit.seek("rank:5")
    await visit.until("state.repositories[0].rank >= 0 && state.repositories[0].rank < 8")
    await visit.run("xrserver.play(200)")
    await visit.until("!state.playing && state.repositories.map(each => each.rank).join() === '8,13'")


async def test_what_is_pointed_at_and_selected_is_named_with_its_repository(together: Together) -> None:
    visit = together.visit
    await visit.seek(22)
    await visit.run("xrserver.select('young2/file7')")
    await visit.until("state.selected === 'young2/file7'")
    marked = "state.repositories.map(each => each.selected).join() === 'false,true'"
    await visit.until(marked)
    panel = visit.page.locator(".inspector")
    await chromium.soon(lambda: panel.get_by_text("file7").first.is_visible())
    await visit.run("xrserver.select(null)")  # its panel would lie over the second city
    box = await visit.run("(view => [view.clientWidth, view.clientHeight])(document.querySelector('#view'))")
    names = set[str]()
    for x in range(6, 26):
        for y in (6, 7, 8, 9, 10):
            await visit.page.mouse.move(box[0] * x / 32, box[1] * y / 24)
            await visit.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            tip = visit.page.locator(".tooltip")
            if await tip.is_visible():
                names.add((await tip.inner_text()).split(" ·")[0])
    assert names >= {"old", "young"}


async def test_the_legend_tells_of_the_people_of_each(together: Together) -> None:
    legend = together.visit.page.get_by_label("Legend", exact=True)
    words = (await legend.inner_text()).split("\n")
    old, young = words.index("old"), words.index("young")
    for folder, some in zip(together.folders, (words[old + 1:young], words[young + 1:]), strict=True):
        counts = git(folder, "shortlog", "-sn", "main").decode().strip().split("\n")
        people = {name.strip(): count.strip() for count, name in (line.split("\t") for line in counts)}
        told = dict(zip(some[:10:2], some[1:10:2], strict=True))
        assert len(told) == min(len(people), 5) and told.items() <= people.items()
        assert some[10:] == ([f"and {len(people) - 5} more"] if len(people) > 5 else [])


async def test_what_is_not_committed_in_a_guest_is_listed_and_leads_there(
        together: Together, tmp_path: Path) -> None:
    visit, young = together.visit, together.folders[1]
    await visit.seek(22)
    linked = tmp_path / "linked"
    git(young, "worktree", "add", "-q", str(linked), "-b", "side")
    section = visit.page.get_by_label("Uncommitted changes")
    (linked / "young1/file3").write_text("at work\n")
    await section.wait_for(state="visible")
    assert (await section.inner_text()).split("\n") == ["Uncommitted", "young · linked", "1 file"]
    await section.locator("summary").click()
    await section.get_by_text("young1/file3").click()
    await visit.until("state.selected === 'young1/file3' && state.repositories[1].selected")
    assert visit.page.url.endswith("#select=young%3Ayoung1%2Ffile3")
    await visit.run("xrserver.select(null)")
    git(young, "worktree", "remove", "--force", str(linked))
    git(young, "branch", "-q", "-D", "side")
    await section.wait_for(state="hidden")


async def test_all_are_shown_as_another_scene(together: Together) -> None:
    visit = together.visit
    await visit.seek(22)
    for scene, least in (("river", 9), ("city", 1)):
        await visit.page.get_by_label("Scene", exact=True).get_by_text(scene.title()).click()
        await visit.until(f"state.scene === '{scene}' && "
                          f"state.repositories.every(({{nodesDrawn}}) => nodesDrawn >= {least})")


async def test_a_commit_that_lands_in_a_guest_is_shown(together: Together) -> None:
    visit, young = together.visit, together.folders[1]
    await visit.seek(22)
    before = (await visit.state())["repositories"][1]["nodesDrawn"]
    stream = (b"commit refs/heads/main\ncommitter Ada <ada@secret.example> 1700000000 +0000\ndata 3\nnew\n"
              b"from refs/heads/main^0\nM 100644 inline young0/late\ndata 2\nx\n\n")
    git(young, "fast-import", "--quiet", given=stream)
    await visit.until(f"state.headRank === 23 && state.repositories[1].nodesDrawn === {before + 1}")


async def test_one_is_chosen_again_and_all_again(together: Together) -> None:
    visit = together.visit
    commits = [int(git(folder, "rev-list", "--count", "main")) for folder in together.folders]
    chosen = visit.page.get_by_label("Repository", exact=True)
    await chosen.select_option("old")
    await visit.until(f"state.repositories.length === 0 && state.headRank === {commits[0] - 1}")
    assert visit.page.url.endswith("/?repository=old")
    await chosen.select_option("All side by side")
    await visit.until(f"state.repositories.length === 2 && state.headRank === {sum(commits) - 1}")
    assert "repository=*" in visit.page.url or "repository=%2A" in visit.page.url
