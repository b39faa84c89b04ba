"""A history that goes on while it is shown: what was ranked stays, what is new is as if read at once."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from repositories import ENVIRONMENT, git

from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.live import Growth, LiveHistory, Overtaken
from xrserver.history.log import read_index
from xrserver.history.repository import Repository
from xrserver.history.versions import file_versions


class Work:
    """Somebody at work in a repository: every call moves the clock on, so that ids are stable."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.second = 1_700_000_000
        folder.mkdir(parents=True)
        git(folder, "init", "-q", "-b", "main")

    def commit(self, changes: dict[str, str | None], *, at: Path | None = None, who: str = "Ada",
               when: int | None = None, amend: bool = False) -> str:
        folder = at or self.folder
        self.second += 60
        for path, content in changes.items():
            if content is None:
                (folder / path).unlink()
            else:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(content)
        date, mail = f"{when or self.second} +0000", f"{who.lower()}@example.org"
        named = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
                 for what, value in (("NAME", who), ("EMAIL", mail), ("DATE", date))}
        git(folder, "add", "-A")
        subprocess.run(["git", "-C", str(folder), "commit", "-q", "--allow-empty", "-m",
                        f"change {self.second}", *(["--amend", "--reset-author"] if amend else [])],
                       env={**ENVIRONMENT, **named}, check=True)
        return git(folder, "rev-parse", "HEAD").decode().strip()


@pytest.fixture
def work(tmp_path: Path) -> Work:
    work = Work(tmp_path / "work")
    work.commit({"a.py": "1\n", "src/b.py": "1\n", "src/c.py": "1\n"})
    work.commit({"src/b.py": "2\n"})
    return work


@pytest.fixture
def live(work: Work) -> Iterator[LiveHistory]:
    live = opened(work.folder)
    yield live
    live.close()


def opened(folder: Path, ref: str = "") -> LiveHistory:
    with Repository.open(folder, ref) as repository:
        index = read_index(repository, jobs=1)
    live = LiveHistory(folder, ref, "mailmap", index, file_versions(index))
    assert live.update() is None
    return live


def grown(live: LiveHistory) -> Growth:
    growth = live.update()
    assert growth is not None
    return growth


def commits_by_oid(index: HistoryIndex, only: set[bytes]) -> dict[bytes, tuple[object, ...]]:
    """Everything an index says of each commit, without a number in it."""
    oids = [oid.tobytes() for oid in index.oids]
    paths = whole_paths(index)
    blobs = [oid.tobytes() for oid in index.blob_oids]
    found: dict[bytes, tuple[object, ...]] = {}
    mainline = set(index.mainline.tolist())
    for rank, oid in enumerate(oids):
        first, last = index.parent_offsets[rank:rank + 2].tolist()
        a, b = index.change_offsets[rank:rank + 2].tolist()
        person = [(index.person_names[who], index.person_emails[who])
                  for who in (index.author[rank], index.committer[rank])]
        changes = [(paths[index.change_path[i]], *(
            (blobs[blob], int(index.blob_sizes[blob])) if blob >= 0 else (b"", -1)
            for blob in (index.change_blob[i], index.change_old_blob[i])),
            int(index.change_mode[i]), int(index.change_old_mode[i])) for i in range(a, b)]
        landing = int(index.landing[rank])
        if oid in only:
            found[oid] = ([oids[p] for p in index.parents[first:last]], person, int(index.author_time[rank]),
                          int(index.author_offset[rank]), int(index.commit_time[rank]), changes,
                          rank in mainline, oids[landing] if landing >= 0 else None)
    return found


def whole_paths(index: HistoryIndex) -> list[bytes]:
    tree, text, found = index.paths, index.paths.bytes.tobytes(), [b""]
    for path in range(1, len(tree.parent)):
        around = found[tree.parent[path]]
        found.append((around + b"/" if around else b"") + text[tree.offsets[path]:tree.offsets[path + 1]])
    return found


def check(live: LiveHistory) -> None:
    """The index says what one read from scratch says, its versions what its own order says from scratch."""
    index = live.index
    with Repository.open(live.repository.path, live._ref) as repository:  # pyright: ignore[reportPrivateUsage]
        fresh = read_index(repository, jobs=1)
    reached = {oid.tobytes() for oid in fresh.oids}
    assert {oid.tobytes() for oid in index.oids[~live.gone]} == reached
    assert commits_by_oid(index, reached) == commits_by_oid(fresh, reached)
    named = [{(name, i.oids[rank].tobytes(), kind) for name, rank, kind in i.refs} for i in (index, fresh)]
    assert named[0] == named[1]
    assert index.oids[index.mainline].tobytes() == fresh.oids[fresh.mainline].tobytes()
    assert (np.diff(index.timeline) >= 0).all()
    same(live.versions_from.versions(live.followed()), file_versions(index))


def same(a: FileVersions, b: FileVersions) -> None:
    for field in fields(FileVersions):
        assert np.array_equal(getattr(a, field.name), getattr(b, field.name)), field.name


def test_a_commit_takes_the_next_rank_and_changes_nothing_before_it(work: Work, live: LiveHistory) -> None:
    before = live.index
    oid = work.commit({"src/b.py": "3\n", "new/deep/file.py": "x\n"}, who="Grace")
    growth = grown(live)
    assert growth.first == 2 and growth.index.oids[2].tobytes().hex() == oid
    assert growth.index.oids[:2].tobytes() == before.oids.tobytes()
    assert growth.index.person_names[-1] == b"Grace"
    check(live)
    assert live.update() is None


def test_commits_that_come_together_are_ranked_parents_first_and_late_ones_behind_the_head(
        work: Work, live: LiveHistory) -> None:
    git(work.folder, "checkout", "-q", "-b", "old", "HEAD~1")
    late = [work.commit({"a.py": f"{n}\n"}, when=1_000_000_000 + n) for n in range(3)]
    git(work.folder, "checkout", "-q", "main")
    grown(live)
    assert [oid.tobytes().hex() for oid in live.index.oids[2:]] == late
    check(live)


def test_a_fast_forward_takes_commits_that_had_a_rank_into_the_mainline(work: Work,
                                                                       live: LiveHistory) -> None:
    git(work.folder, "checkout", "-q", "-b", "topic")
    work.commit({"src/b.py": "topic\n"})
    git(work.folder, "branch", "-f", "main", "main")
    git(work.folder, "symbolic-ref", "HEAD", "refs/heads/main")
    git(work.folder, "reset", "-q", "--hard")
    grown(live)
    assert live.index.mainline.tolist() == [0, 1]
    git(work.folder, "merge", "-q", "--ff-only", "topic")
    growth = grown(live)
    assert live.index.mainline.tolist() == [0, 1, 2] and growth.first == 2
    check(live)


def test_a_branch_shown_that_went_elsewhere_needs_new_ranks(work: Work, live: LiveHistory) -> None:
    work.commit({"a.py": "amended\n"}, amend=True)
    with pytest.raises(Overtaken):
        live.update()


def test_another_branch_checked_out_is_another_mainline_unless_it_was_named(work: Work,
                                                                           live: LiveHistory) -> None:
    named = opened(work.folder, "main")
    git(work.folder, "checkout", "-q", "-b", "other")
    with pytest.raises(Overtaken):
        live.update()
    work.commit({"a.py": "9\n"})
    assert grown(named).index.mainline.tolist() == [0, 1]
    check(named)
    named.close()


def test_what_no_ref_reaches_any_more_keeps_its_rank_and_is_marked(work: Work, live: LiveHistory) -> None:
    git(work.folder, "worktree", "add", "-q", str(work.folder.parent / "linked"), "-b", "side")
    linked = work.folder.parent / "linked"
    work.commit({"a.py": "side\n"}, at=linked)
    grown(live)
    work.commit({"a.py": "amended\n"}, at=linked, amend=True)
    growth = grown(live)
    assert growth.gone.tolist() == [False, False, True, False]
    check(live)
    git(work.folder, "worktree", "remove", "--force", str(linked))
    git(work.folder, "branch", "-q", "-D", "side")
    assert grown(live).gone.tolist() == [False, False, True, True]
    check(live)


def test_tags_and_branches_are_told_though_no_commit_came(work: Work, live: LiveHistory) -> None:
    git(work.folder, "tag", "v1", "HEAD~1")
    git(work.folder, "tag", "-a", "-m", "two", "v2")
    git(work.folder, "branch", "waiting")
    growth = grown(live)
    assert not growth.commits and {name for name, _, _ in growth.index.refs} >= {
        "refs/tags/v1", "refs/tags/v2", "refs/heads/waiting"}
    check(live)


def test_gc_and_repack_in_between_change_nothing_and_lose_nothing(work: Work, live: LiveHistory) -> None:
    for n in range(3):
        work.commit({"a.py": f"gc {n}\n"})
        git(work.folder, *(("gc", "-q", "--prune=now"), ("repack", "-q", "-a", "-d", "-f"),
                           ("pack-refs", "--all", "--prune"))[n])
        grown(live)
        check(live)
    assert live.update() is None


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_in_a_repository_the_live_index_is_that_from_scratch(tmp_path: Path,
                                                                             seed: int) -> None:
    chance = random.Random(seed)
    work = Work(tmp_path / "work")
    work.commit({f"d{n % 3}/f{n}": f"{n}\n" * 3 for n in range(9)})
    live = opened(work.folder)
    branches = ["main"]
    for step in range(14):
        kind = chance.choice(["commit", "commit", "commit", "branch", "merge", "switch", "delete"])
        here = git(work.folder, "symbolic-ref", "--short", "HEAD").decode().strip()
        standing = git(work.folder, "ls-files").decode().split()
        if kind == "commit":
            changed: dict[str, str | None] = {}
            for _ in range(chance.randint(1, 3)):
                path = chance.choice([*standing, f"d{chance.randint(0, 4)}/n{step}"])
                if path in standing and chance.random() < 0.3:
                    changed[path] = None
                    if chance.random() < 0.6:
                        changed[f"moved/m{step}"] = (work.folder / path).read_text()
                else:
                    changed[path] = f"{step} {chance.random()}\n"
            work.commit(changed, who=chance.choice(["Ada", "Bob", "Cy"]))
        elif kind == "branch":
            branches.append(f"b{step}")
            git(work.folder, "branch", f"b{step}")
        elif kind == "switch":
            git(work.folder, "checkout", "-q", chance.choice(branches))
        elif kind == "merge":
            merge(work.folder, chance.choice(branches), *(["--no-ff"] if chance.random() < 0.5 else []))
        elif len(branches) > 2 and (gone := chance.choice(branches[1:])) != here:
            branches.remove(gone)
            git(work.folder, "branch", "-q", "-D", gone)
        try:
            live.update()
        except Overtaken:
            live.close()
            live = opened(work.folder)
        check(live)
    live.close()



def merge(folder: Path, branch: str, *how: str) -> None:
    """Merge `branch` with our side of what both changed; what cannot be merged so is given up."""
    try:
        git(folder, "-c", "user.name=M", "-c", "user.email=m@x", "merge", "-q", "-X", "ours", *how,
            "-m", "merge", branch)
    except AssertionError:
        git(folder, "reset", "-q", "--hard")
