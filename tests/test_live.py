"""Somebody works in a repository that is served: every viewer has it at once, true to git."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from chromium import soon
from repositories import git
from served import asking, served
from test_history_live import Work
from test_scene_live import standing

import xrserver
from xrserver import app, resources
from xrserver.columns import RANK_END
from xrserver.stream import bodies
from xrserver.stream.client import Session
from xrserver.stream.messages import Commits, Notice, Patch, Scene, TileBody


@pytest.fixture
def work(tmp_path: Path) -> Work:
    work = Work(tmp_path / "work")
    work.commit({f"src/f{n}.py": "x\n" * 40 * n for n in range(6)} | {"README.md": "read\n"})
    work.commit({"src/f1.py": "y\n"})
    return work


@asynccontextmanager
async def watched(work: Work, **settings: object) -> AsyncIterator[tuple[app.Serving, Session]]:
    """A server that follows, and a viewer with the whole scene."""
    async with served(work.folder, **settings) as serving, xrserver.connect(serving.url) as session:
        await asyncio.gather(session.tile(), session.table())
        async with asyncio.timeout(60):
            await asyncio.gather(*(each.current.wait() for each in serving.following))
        yield serving, session


async def heard(session: Session, kind: type) -> object:
    async with asyncio.timeout(20):
        async for message in session:
            if isinstance(message, kind):
                return message
    raise AssertionError


async def true_to_git(work: Work, session: Session, ref: str = "main") -> None:
    table, tile = await session.table(), await session.tile()
    assert len(table.timeline["time"]) == session.scene.head_rank + 1
    chain = git(work.folder, "rev-list", "--first-parent", "--reverse", ref).decode().split()
    ranks = np.flatnonzero(table.timeline["mainline"])
    assert len(ranks) == len(chain)
    for rank, commit in zip(ranks.tolist(), chain, strict=True):
        listed = git(work.folder, "ls-tree", "-r", "-z", "--name-only", commit)
        assert standing(tile, rank) == sorted(listed.split(b"\0")[:-1]), rank


async def test_a_commit_reaches_every_viewer_and_one_that_comes_later_has_it_too(work: Work) -> None:
    async with watched(work) as (serving, session):
        await asyncio.to_thread(work.commit, {"src/f2.py": None, "new/file.py": "x\n"}, who="Grace")
        commits = await heard(session, Commits)
        assert isinstance(commits, Commits) and commits.head_rank == 2
        assert "Grace" in [person.name for person in commits.legend]
        await true_to_git(work, session)
        async with xrserver.connect(serving.url) as late:
            assert late.scene.head_rank == 2 and late.scene.generation == session.scene.generation
            await asyncio.gather(late.tile(), late.table())
            await heard(late, Commits)
            await true_to_git(work, late)
            assert bodies.strings((await late.table()).people_names)[-1] == b"Grace"
            for n in range(5):
                await asyncio.to_thread(work.commit, {f"new/{n}.py": "x\n"})
                await asyncio.gather(heard(late, Commits), heard(session, Commits))
            await true_to_git(work, late)
            await true_to_git(work, session)
            assert (await late.query("find", "new/3.py", rank=7)).text == "new/3.py"
            panel = await late.select((await late.query("find", "new/3.py", rank=7)).node, 7)
            assert any("change" in row.text for row in panel.rows)
        async with asking(serving) as http, http.get("/api/repositories/work") as answer:
            assert (await answer.json())["headRank"] == 7


async def test_commits_of_a_linked_worktree_show_as_activity_and_tags_come_at_once(work: Work) -> None:
    async with watched(work) as (_, session):
        linked = work.folder.parent / "linked"
        await asyncio.to_thread(git, work.folder, "worktree", "add", "-q", str(linked), "-b", "side")
        await asyncio.to_thread(work.commit, {"src/f3.py": "side\n"}, at=linked)
        patch = await heard(session, Patch)
        assert isinstance(patch, Patch) and len(patch.spans["records"]) == 1
        await heard(session, Commits)
        assert session.scene.head_rank == 2
        await true_to_git(work, session)
        await asyncio.to_thread(git, work.folder, "tag", "v1")
        await heard(session, Commits)
        assert bodies.strings((await session.table()).landmark_names) == [b"v1"]
        # The mainline takes it in: what was activity is structure now.
        await asyncio.to_thread(git, work.folder, "merge", "-q", "--ff-only", "side")
        await heard(session, Commits)
        await true_to_git(work, session)


@pytest.fixture
def cut(tmp_path: Path) -> str:
    """A city's scene file by which even a few files are several tiles."""
    file = tmp_path / "cut.toml"
    built_in, _, _ = resources.text("scenes", "city.toml").partition("[tiles]")
    file.write_text(built_in + "\n[tiles]\nwhole_nodes = 0\nwhole_spans = 0\nroot_nodes = 6\n"
                    "root_spans = 30\ntile_nodes = 6\ntile_spans = 30\n")
    return str(file)


async def test_a_city_in_several_tiles_stays_the_one_it_is_and_only_what_is_touched_changes(
        work: Work, cut: str) -> None:
    await asyncio.to_thread(work.commit, {f"d{n % 4}/g{n}.py": "g\n" * n for n in range(16)})
    async with watched(work, scene=cut) as (serving, session):
        root, generation = await session.tile(), session.scene.generation
        assert root.header.children and root.header.error > 0
        for n in range(3):
            first = {"d3/new.py": "x\n", "d1/g1.py": None} if not n else {}
            await asyncio.to_thread(work.commit, {"d0/g0.py": f"{n}\n", **first})
            await heard(session, Commits)
        assert session.scene.generation == generation
        async with xrserver.connect(serving.url) as late:
            for viewer in (session, late):
                files: list[bytes] = []
                waiting = [(await viewer.tile()).header]
                await viewer.table()
                for header in waiting:
                    waiting += [(await viewer.tile(child.id)).header for child in header.children]
                # Tiles that are asked for only now have what changed before.
                assert (await viewer.query("moment", "main")).rank == 5
                for header in waiting:
                    if not header.children and header.hi == RANK_END:
                        files += standing(await viewer.tile(header.id), 5)
                listed = git(work.folder, "ls-tree", "-r", "-z", "--name-only", "main").split(b"\0")[:-1]
                assert sorted(files) == sorted(listed)
        (opened,) = serving.sessions.repositories.values()
        touched = [tile for tile in next(iter(opened.scenes.values())).open_tiles
                   if opened.published(next(iter(opened.scenes.values()))).after(tile)]
        assert 0 < len(touched) < len(next(iter(opened.scenes.values())).open_tiles)


async def test_who_comes_after_many_commits_hears_few_patches_and_sees_what_others_see(work: Work) -> None:
    async with watched(work) as (serving, session):
        root = (await session.tile()).header.id
        for n in range(9):
            await asyncio.to_thread(work.commit, {"src/f0.py": f"{n}\n", f"src/new{n}.py": "x\n"})
            await heard(session, Commits)
        (opened,) = serving.sessions.repositories.values()
        (scene,) = opened.scenes.values()

        async def put_together() -> bool:
            return 0 < len(opened.published(scene).after(root)) < 8

        await soon(put_together)
        async with xrserver.connect(serving.url) as late:
            rank = late.scene.head_rank
            there = standing(await late.tile(), rank)
            await late.table()
            assert (await late.query("moment", "main")).rank == rank  # what came behind the tile was heard
            assert standing(await late.tile(), rank) == standing(await session.tile(), rank)
            assert len(standing(await late.tile(), rank)) >= len(there)
            await asyncio.to_thread(work.commit, {"src/last.py": "x\n"})
            for viewer in (session, late):
                await heard(viewer, Commits)
                assert b"src/last.py" in standing(await viewer.tile(), rank + 1)


async def test_what_is_left_out_stays_left_out_when_commits_land(work: Work) -> None:
    async with watched(work, exclude=("*.md",)) as (_, session):
        generation = session.scene.generation
        await asyncio.to_thread(work.commit, {"README.md": "more\n", "docs/a.md": "a\n", "src/f9.py": "9\n"})
        await heard(session, Commits)
        assert session.scene.generation == generation
        assert standing(await session.tile(), 2) == sorted(
            [f"src/f{n}.py".encode() for n in (*range(6), 9)] + [b"README.md", b"docs/a.md"])


async def test_an_amended_head_is_a_new_generation_and_the_playhead_stays_with_it(work: Work) -> None:
    async with watched(work) as (serving, session), xrserver.connect(serving.url) as past:
        await past.clock(0)
        assert (await past.query("moment", "rank:0")).rank == 0  # what was said before has been heard
        before = session.scene.generation
        await asyncio.to_thread(work.commit, {"src/f4.py": "amended\n"}, amend=True)
        scene = await heard(session, Scene)
        assert isinstance(scene, Scene) and scene.generation != before and scene.rank == scene.head_rank == 1
        assert (await heard(past, Scene)).rank == 0  # type: ignore[attr-defined]
        await true_to_git(work, session)
        await asyncio.to_thread(work.commit, {"src/f4.py": "more\n"})
        await heard(session, Commits)
        await true_to_git(work, session)


async def test_another_branch_checked_out_becomes_the_mainline(work: Work) -> None:
    async with watched(work) as (_, session):
        await asyncio.to_thread(git, work.folder, "checkout", "-q", "-b", "other", "HEAD~1")
        scene = await heard(session, Scene)
        assert isinstance(scene, Scene) and scene.mainline_ref == "refs/heads/other"
        await true_to_git(work, session, "other")


async def test_gc_while_serving_loses_nothing_and_a_repository_that_is_gone_is_said_to_be(work: Work) -> None:
    async with watched(work) as (_, session):
        for n in range(2):
            await asyncio.to_thread(work.commit, {"src/f1.py": f"gc {n}\n"})
            await asyncio.to_thread(git, work.folder, *(("gc", "-q", "--prune=now"), ("repack", "-adfq"))[n])
            await heard(session, Commits)
        await true_to_git(work, session)
        await asyncio.to_thread((work.folder / ".git").rename, work.folder / "taken-away")
        notice = await heard(session, Notice)
        assert isinstance(notice, Notice) and "What is shown is how it was before." in notice.text
        await session.tile()
        await asyncio.to_thread((work.folder / "taken-away").rename, work.folder / ".git")
        await asyncio.to_thread(work.commit, {"src/f1.py": "back\n"})
        await heard(session, Commits)
        await true_to_git(work, session)


def places(body: TileBody, rank: int) -> dict[tuple[bytes, int], list[float]]:
    """Where everything stands at a rank, by path; files and districts apart."""
    nodes, spans = body.nodes["records"], body.spans["records"]
    found: dict[tuple[bytes, int], list[float]] = {}
    for name, node in zip(bodies.strings(body.names), nodes, strict=True):
        own = spans[int(node["first_span"]):int(node["first_span"]) + int(node["span_count"])]
        for span in own[(own["birth"] <= rank) & (rank < own["death"])]:
            found[name, int(node["node"]) % 2] = [*span["position1"].tolist(), *span["size1"].tolist()]
    return found


async def by_commit(session: Session, http: aiohttp.ClientSession) -> dict[str, object]:
    """Where everything stands at each commit of the mainline, by the commit's object id."""
    table, tile = await session.table(), await session.tile()
    found: dict[str, object] = {}
    for rank in np.flatnonzero(table.timeline["mainline"]).tolist():
        async with http.get(f"/api/repositories/work/files?at=rank:{rank}") as answer:
            found[(await answer.json())["commit"]["id"]] = places(tile, rank)
    return found


async def test_a_city_that_is_tidied_up_is_the_one_built_from_scratch_for_everybody(work: Work) -> None:
    tidy = "/api/repositories/work/scenes/city/tidy"
    async with watched(work) as (serving, session), asking(serving) as http:
        async with http.post(tidy) as answer:
            assert await answer.json() == {"tidied": False, "generation": session.scene.generation}
        await session.tidy()
        assert await heard(session, Notice) == Notice("Everything is in its place.")
        for n in range(12):  # more than the free plots hold
            await asyncio.to_thread(work.commit, {f"src/new{n}.py": "x\n" * 900, f"late/{n}/f.py": "y\n" * n})
            await heard(session, Commits)
        patched = places(await session.tile(), 13)
        async with http.post(tidy, headers={"Origin": "https://elsewhere.example"}) as answer:
            assert answer.status == 403
        async with xrserver.connect(serving.url) as other:
            await asyncio.gather(other.tile(), other.table())
            await session.tidy()
            scenes = await asyncio.gather(heard(session, Scene), heard(other, Scene))
            assert scenes[0].generation == scenes[1].generation  # type: ignore[attr-defined]
            assert scenes[0].head_rank == scenes[0].rank == 13  # type: ignore[attr-defined]
            tidied = await by_commit(session, http)
            assert tidied == await by_commit(other, http)
        assert places(await session.tile(), 13) != patched
        await true_to_git(work, session)
        # It is followed as the one before was.
        await asyncio.to_thread(work.commit, {"src/after.py": "z\n"})
        await heard(session, Commits)
        await true_to_git(work, session)
        await asyncio.to_thread(git, work.folder, "reset", "-q", "--hard", "HEAD~1")
    async with watched(work) as (serving, fresh), asking(serving) as http:
        assert await by_commit(fresh, http) == tidied
