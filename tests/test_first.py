"""A long history that nobody remembers: its present tree is shown at once, the rest when it is read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from repositories import Script, git
from served import asking, served
from test_scene_live import standing

import xrserver
from xrserver.columns import Flag
from xrserver.history.recent import read_recent
from xrserver.history.repository import Repository
from xrserver.scene.spans import NOBODY
from xrserver.stream.messages import Scene

LANDINGS = 320


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    script = Script()
    for number in range(LANDINGS):
        script.commit({f"src/{number % 40}/{number % 7}.py": b"%d\n" % number})
    return script.write(tmp_path_factory.mktemp("first") / "repository")


async def test_the_present_tree_stands_first_and_all_of_history_takes_its_place(long: Path) -> None:
    async with served(long) as serving, xrserver.connect(serving.url) as session:
        scenes = [session.scene]
        async with asyncio.timeout(60):
            # On a fast machine all may have been read before anybody came.
            messages = aiter(session)
            while scenes[-1].head_rank < LANDINGS - 1:
                message = await anext(messages)
                if isinstance(message, Scene):
                    scenes.append(message)
            await serving.following[0].current.wait()
        tile = await session.tile()
        chain = git(long, "rev-list", "--first-parent", "--reverse", "HEAD").decode().split()
        for rank in (0, 57, LANDINGS - 1):
            listed = git(long, "ls-tree", "-r", "-z", "--name-only", chain[rank])
            assert standing(tile, rank) == sorted(listed.split(b"\0")[:-1])
    assert [scene.rank for scene in scenes] == [scene.head_rank for scene in scenes]  # each at its newest
    assert len({scene.generation for scene in scenes}) == len(scenes)
    assert serving.sessions.repositories[scenes[0].repository].whole


async def test_what_is_not_read_yet_is_nobodys_and_does_not_glow(long: Path) -> None:
    from xrserver.history.opening import open_newest
    from xrserver.scene.build import build_scene
    from xrserver.scene.definition import load_scene

    repository, index, versions, whole = open_newest(long, progress=lambda phase, done, total: None)
    repository.close()
    assert not whole and index.head_rank == index.unread == 0
    spans = build_scene(index, versions, load_scene("city"), "0" * 32).columns.spans
    files = spans[spans["node"] % 2 == 0]
    listed = git(long, "ls-tree", "-r", "-z", "--name-only", "HEAD").split(b"\0")[:-1]
    assert len(files) == len(listed)
    assert (files["author"] == NOBODY).all()
    assert (files["traits"] >> 8 & int(Flag.UNDATED) > 0).all()

    with Repository.open(long) as again:
        recent = read_recent(again, 50, progress=lambda phase, done, total: None)
    assert recent is not None
    spans = build_scene(*recent, load_scene("city"), "1" * 32).columns.spans
    lately = (spans["node"] % 2 == 0) & (spans["birth"] > 0)
    assert lately.any() and (spans["author"][lately] != NOBODY).all()
    assert not (spans["traits"][lately] >> 8 & int(Flag.UNDATED)).any()


async def test_a_short_history_is_read_before_it_is_shown(tmp_path: Path) -> None:
    script = Script()
    script.commit({"a": b"a\n"})
    script.commit({"b": b"b\n"})
    async with served(script.write(tmp_path / "repository")) as serving:
        opened = next(iter(serving.sessions.repositories.values()))
        assert opened.whole and opened.index.head_rank == 1


async def test_what_is_asked_of_older_history_is_answered_once_that_is_read(long: Path) -> None:
    oldest = git(long, "rev-list", "--max-parents=0", "HEAD").decode().strip()
    async with served(long) as serving, asking(serving) as client:
        opened = next(iter(serving.sessions.repositories.values()))
        async with client.get(f"/api/repositories/{opened.id}/commits/{oldest}") as answer:
            assert answer.status == 200 and (await answer.json())["id"] == oldest
        assert opened.whole
