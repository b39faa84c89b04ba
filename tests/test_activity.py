"""What is changed and not committed is seen in every worktree, as git tells it; nothing of theirs runs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from chromium import soon
from repositories import git
from served import asking, served
from test_history_live import Work
from test_live import heard, watched

import xrserver
from xrserver.history.place import discover
from xrserver.history.uncommitted import Uncommitted, Worktree
from xrserver.stream.messages import Activity, Scene


@pytest.fixture
def work(tmp_path: Path) -> Work:
    work = Work(tmp_path / "work")
    work.commit({**{f"src/f{n}.py": f"{n}\n" * 9 for n in range(6)}, "top.txt": "x\n", ".gitignore": "*.o\n"})
    return work


def look(folder: Path) -> tuple[Worktree, ...]:
    uncommitted = Uncommitted(discover(folder))
    try:
        return uncommitted.look()
    finally:
        uncommitted.close()


def change_much(folder: Path) -> None:
    """Every kind of change, and some that are none."""
    (folder / "src/f0.py").write_text("changed\n")
    (folder / "src/f1.py").unlink()
    git(folder, "rm", "-q", "src/f2.py")
    (folder / "src/added.py").write_text("a\n")
    git(folder, "add", "src/added.py")
    (folder / "src/new.py").write_text("n\n")
    (folder / "src/left.o").write_text("ignored\n")
    (folder / "fresh/deep").mkdir(parents=True)
    (folder / "fresh/deep/file").write_text("n\n")
    (folder / "empty").mkdir()
    os.utime(folder / "src/f3.py", (1, 1))  # only touched
    (folder / "src/f4.py").write_text("staged\n")
    git(folder, "add", "src/f4.py")


def as_git_says(folder: Path) -> list[tuple[bytes, str]]:
    lines = git(folder, "status", "--porcelain", "-z", "--no-renames").split(b"\0")[:-1]
    kinds = {b"?": "untracked", b"A": "added", b"D": "deleted", b"M": "modified"}
    return sorted((line[3:], kinds[line[:2].strip()[:1]]) for line in lines)


def test_what_is_not_committed_is_what_git_status_lists_in_every_worktree(work: Work, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(work.folder, "worktree", "add", "-q", str(linked), "-b", "side")
    change_much(work.folder)
    (linked / "top.txt").write_text("other\n")
    before = (work.folder / ".git/index").read_bytes()
    main, side = look(linked)
    assert (work.folder / ".git/index").read_bytes() == before  # nothing was written there
    assert (main.name, main.branch) == ("work", "refs/heads/main")
    assert (side.name, side.branch) == ("linked", "refs/heads/side")
    for each, folder in ((main, work.folder), (side, linked)):
        assert [(change.path, change.kind) for change in each.changes] == as_git_says(folder)
        assert each.complete and each.problem == ""
    assert len(main.changes) == 7 and len(side.changes) == 1


def test_bare_unborn_and_deleted_worktrees_are_no_trouble(work: Work, tmp_path: Path) -> None:
    bare, unborn, linked = tmp_path / "bare", tmp_path / "unborn", tmp_path / "linked"
    git(tmp_path, "clone", "-q", "--bare", str(work.folder), str(bare))
    assert look(bare) == ()
    git(bare, "worktree", "add", "-q", str(linked), "main")
    assert [each.changes for each in look(bare)] == [()]
    (linked / "top.txt").unlink()
    (linked / ".git").unlink()
    assert look(bare) == ()
    git(tmp_path, "init", "-q", "-b", "main", str(unborn))
    (unborn / "a").write_text("a\n")
    (worktree,) = look(unborn)
    assert [(change.path, change.kind) for change in worktree.changes] == [(b"a", "untracked")]
    git(tmp_path, "clone", "-q", "--no-checkout", str(work.folder), str(tmp_path / "apart"))
    assert [each.changes for each in look(tmp_path / "apart")] == [()]


def test_a_folder_that_does_not_lead_back_is_no_worktree(work: Work, tmp_path: Path) -> None:
    own = work.folder / ".git/worktrees/evil"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/main\n")
    (own / "commondir").write_text("../..\n")
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "diary").write_text("s\n")
    for dot in (secret / ".git", secret):
        (own / "gitdir").write_text(f"{dot}\n")
        assert [each.name for each in look(work.folder)] == ["work"]
    (secret / ".git").write_text("gitdir: elsewhere\n")
    assert [each.name for each in look(work.folder)] == ["work"]


@pytest.mark.skipif(os.name == "nt", reason="the trap is a shell script")
def test_nothing_that_a_repository_names_runs(work: Work, tmp_path: Path) -> None:
    trap, marks = tmp_path / "trap", tmp_path / "marks"
    trap.write_text(f'#!/bin/sh\necho "$0 $*" >> "{marks}"\nexec cat\n')
    trap.chmod(0o755)
    git(work.folder, "config", "filter.evil.clean", str(trap))
    attributes = work.folder / ".gitattributes"
    attributes.write_text("* filter=evil diff=evil\n")
    (work.folder / "top.txt").write_text("y\n")
    git(work.folder, "status", "--porcelain")
    assert marks.exists()  # git itself would run it
    marks.unlink()
    for name in ("core.fsmonitor", "filter.evil.process", "filter.evil.smudge", "diff.external",
                 "diff.evil.textconv", "core.sshCommand", "core.alternateRefsCommand", "gpg.program"):
        git(work.folder, "config", name, str(trap))
    hooks = work.folder / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        (hooks / name).unlink(missing_ok=True)
        (hooks / name).symlink_to(trap)
    inner = work.folder / "inner"  # git asks a submodule by its own settings
    git(tmp_path, "clone", "-q", str(work.folder), str(inner))
    git(inner, "config", "core.fsmonitor", str(trap))
    marks.unlink(missing_ok=True)
    tip = git(work.folder, "rev-parse", "HEAD").decode().strip()
    git(work.folder, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/nowhere", "update-index", "--add",
        "--cacheinfo", f"160000,{tip},inner")
    marks.unlink(missing_ok=True)
    os.utime(work.folder / "src/f3.py", (1, 1))
    (worktree,) = look(work.folder)
    assert not marks.exists()
    assert {change.path for change in worktree.changes} >= {b"top.txt", b".gitattributes"}
    assert worktree.problem == ""


async def test_every_viewer_is_told_and_who_comes_later_too(work: Work, tmp_path: Path) -> None:
    async with watched(work) as (serving, session):
        linked = tmp_path / "linked"
        await asyncio.to_thread(git, work.folder, "worktree", "add", "-q", str(linked), "-b", "side")
        (linked / "src/f1.py").write_text("at work\n")
        (linked / "src/new.py").write_text("new\n")

        async def told() -> bool:
            return session.activity is not None and sum(
                each.files for each in session.activity.worktrees if each.name == "linked") == 2

        await soon(told)
        assert session.activity is not None
        side = next(each for each in session.activity.worktrees if each.name == "linked")
        building = (await session.query("find", "src/f1.py")).node
        district = (await session.query("find", "src")).node
        assert [(c.path, c.kind, c.node) for c in side.changes] == [
            (b"src/f1.py", "modified", building), (b"src/new.py", "untracked", district)]
        async with asking(serving) as http, http.get("/api/repositories/work/activity") as answer:
            items = (await answer.json())["items"]
        assert [(i["name"], i["files"], [c["path"] for c in i["changes"]]) for i in items] == [
            ("work", 0, []), ("linked", 2, ["src/f1.py", "src/new.py"])]
        async with xrserver.connect(serving.url) as late:
            assert await heard(late, Activity) == session.activity
        # What is committed is history; what is thrown away is gone.
        (linked / "src/new.py").unlink()
        await asyncio.to_thread(work.commit, {"src/f1.py": "done\n"}, at=linked)

        async def quiet() -> bool:
            assert session.activity is not None
            return not any(each.files for each in session.activity.worktrees)

        await soon(quiet)
        # Nodes of another generation are others: it is told anew.
        (work.folder / "top.txt").write_text("y\n")
        await asyncio.to_thread(git, work.folder, "commit", "-q", "--amend", "-am", "other")
        await heard(session, Scene)
        (work.folder / "top.txt").write_text("z\n")

        async def again() -> bool:
            assert session.activity is not None
            return session.activity.worktrees[0].files == 1

        await soon(again)


async def test_it_can_be_switched_off_and_many_changes_are_counted(work: Work) -> None:
    for n in range(600):
        (work.folder / f"src/many{n}.py").write_text("x\n")
    async with watched(work) as (_, session):

        async def counted() -> bool:
            return session.activity is not None and session.activity.worktrees[0].files == 600

        await soon(counted)
        assert session.activity is not None and len(session.activity.worktrees[0].changes) == 400
    async with (served(work.folder, activity=False) as serving, asking(serving) as http,
                http.get("/api/repositories/work/activity") as answer):
        assert answer.status == 404 and "--no-activity" in (await answer.json())["detail"]
