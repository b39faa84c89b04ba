"""The inspector shows what git says of a thing at a moment."""

from __future__ import annotations

from pathlib import Path

import pytest
from served import git, silent, tell

from xrserver.history.opening import open_history
from xrserver.stream.messages import Panel
from xrserver.stream.panels import RECENT, Inspector, iso_time, row


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    story = b"".join(
        b"commit refs/heads/main\nauthor Ada <a@b> %d +0200\ncommitter Ada <a@b> %d +0000\ndata 3\nC%02d\n"
        b"M 100644 inline src/a.py\ndata %d\n%s\n" % (10**9 + n, 10**9 + n, n, n, b"x" * n)
        for n in range(10, 30))
    story += b"""commit refs/heads/main
committer Bob <b@b> 1000001000 +0000
data 7
Remove
M 100755 inline src/run
data 2
#!
D src/a.py
"""
    return tell(tmp_path_factory.mktemp("panels") / "panels.git", story)


@pytest.fixture(scope="module")
def inspector(repository: Path) -> Inspector:
    opened, index, versions = open_history(repository, jobs=1, progress=silent)
    return Inspector(opened, index, versions)


def path_id(inspector: Inspector, name: bytes) -> int:
    tree = inspector.index.paths
    text = tree.bytes.tobytes()
    return next(i for i in range(len(tree.parent)) if text[tree.offsets[i]:tree.offsets[i + 1]] == name)


def texts(panel: Panel) -> dict[str, str]:
    return {r.label: r.text for r in panel.rows}


def test_a_file_is_shown_as_it_stood_with_its_last_commit(repository: Path, inspector: Inspector) -> None:
    path = path_id(inspector, b"a.py")
    for rank in range(20):
        panel = inspector.panel(2 * path, rank, b"src/a.py")
        commit = git(repository, "rev-list", "--reverse", "main").decode().split()[rank]
        said = git(repository, "show", "-s", "--format=%H%x00%an%x00%aI%x00%s", commit).decode().strip()
        shown = texts(panel)
        assert "\0".join((shown["commit"], shown["author"], shown["date"], shown["message"])) == said
        assert shown["size"] == f"{10 + rank} B" and shown["mode"] == "100644"
        assert shown["commits"] == f"{rank + 1} of 21"
        assert next(r.moment for r in panel.rows if r.label == "commit") == commit


def test_recent_floors_are_listed_newest_first_and_lead_to_their_commits(
        repository: Path, inspector: Inspector) -> None:
    panel = inspector.panel(2 * path_id(inspector, b"a.py"), 19, b"src/a.py")
    recent = [r for r in panel.rows if r.label == "2001-09-09"]
    log = git(repository, "log", "--format=%H %s — %an", f"--max-count={RECENT + 2}", "main", "--",
              "src/a.py").decode().splitlines()[2:]
    assert [f"{r.moment} {r.text}" for r in recent] == log


def test_what_is_not_there_says_since_or_until_when(repository: Path, inspector: Inspector) -> None:
    head = git(repository, "rev-parse", "main").decode().strip()
    gone = inspector.panel(2 * path_id(inspector, b"a.py"), 20, b"src/a.py").rows
    coming = inspector.panel(2 * path_id(inspector, b"run"), 5, b"src/run").rows
    assert [(r.label, r.text, r.moment) for r in gone] == [("state", "removed", head)]
    assert [(r.label, r.text, r.moment) for r in coming] == [("state", "not there yet", head)]


def test_a_directory_counts_what_stands_in_it(inspector: Inspector) -> None:
    shown = texts(inspector.panel(2 * path_id(inspector, b"src") + 1, 19, b"src"))
    assert (shown["kind"], shown["files"], shown["size"]) == ("directory", "1", "29 B")
    assert shown["message"] == "C29"
    whole = inspector.panel(1, 20, b"")
    assert whole.title == "the whole repository" and texts(whole)["files"] == "1"


def test_of_a_directory_pointed_at_its_files_commits_and_last_change_are_git_s(
        repository: Path, inspector: Inspector) -> None:
    for rank, commit in enumerate(git(repository, "rev-list", "--reverse", "main").decode().split()):
        files = git(repository, "ls-tree", "-r", "--name-only", commit, "--", "src").decode().split()
        last, rows = inspector.directory(path_id(inspector, b"src"), rank)
        said = {r.label: r.text for r in rows}
        assert said["files"] == str(len(files))
        built = git(repository, "log", "--format=%H", "--no-merges", commit, "--", *files).decode().split()
        assert said["commits"] == str(len(built) if files else 0)
        if files:
            assert (said["commit"], last) == (built[0], rank)


@pytest.mark.parametrize(("seconds", "east", "text"), [
    (0, 0, "1970-01-01T00:00:00Z"), (1, 330, "1970-01-01T05:30:01+05:30"),
    (-1, -60, "1969-12-31T22:59:59-01:00"), (10**18, 0, "@1000000000000000000"),
    (0, 99999, "1970-01-01T00:00:00Z"),
])
def test_times_are_iso_8601_and_any_number_git_takes_is_shown(seconds: int, east: int, text: str) -> None:
    assert iso_time(seconds, east) == text


def test_texts_are_cut_to_what_a_row_holds() -> None:
    cut = row("l" * 999, "t" * 99_999)
    assert len(cut.label) == 256 and len(cut.text) == 65536 and cut.text.endswith("…")


def test_everybody_who_made_a_commit_is_shown(tmp_path: Path) -> None:
    folder = tell(tmp_path / "together.git", b"""commit refs/heads/main
author Ada <a@b> 1000000000 +0000
committer Bob <b@b> 1000000000 +0000
data <<.
Together

Co-authored-by: Cay <c@b>
Co-authored-by: ada <A@B>
Co-authored-by: Dan <d@b>
Co-authored-by: C <C@b>
.
M 100644 inline f
data 1
f
M 100644 inline .mailmap
data <<.
Ada L <a@b>
Cay <c@b>
.
""")
    opened, index, versions = open_history(folder, jobs=1, progress=silent)
    with opened:
        made = Inspector(opened, index, versions)
        rows = texts(made.panel(2 * path_id(made, b"f"), 0, b"f"))
    assert (rows["author"], rows["committer"], rows["co-authors"]) == ("Ada L", "Bob", "Cay, Dan")
