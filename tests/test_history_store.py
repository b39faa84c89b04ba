"""What is remembered of a history: equal to what is read, whatever became of the files it is in."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from random_histories import random_script
from repositories import Script, everything, git, merges
from test_history_index import assert_same, loose

import xrserver.history.sealed as sealed
from xrserver.history.eviction import histories, kept
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.locking import held
from xrserver.history.log import read_index
from xrserver.history.opening import open_history
from xrserver.history.repository import Repository
from xrserver.history.versions import file_versions

Answer = tuple[HistoryIndex, FileVersions]
ROOT = Path(__file__).resolve().parents[1]
LIMIT = 1 << 30


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; returns the folder of all histories in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = histories()
    assert folder is not None
    return folder


class Opening:
    """Opens a repository as `xrserver` does, and counts what was read for it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.listed = 0
        self.phases: list[str] = []

    def __call__(self, limit: int = LIMIT) -> Answer:
        self.listed, self.phases = 0, []

        def progress(phase: str, done: int, total: int) -> None:
            self.phases.append(phase)
            self.listed = max(self.listed, done) if phase == "commits" else self.listed

        repository, index, versions = open_history(self.path, jobs=1, cache_bytes=limit, progress=progress)
        repository.close()
        return index, versions


def fresh(path: Path) -> Answer:
    with Repository.open(path) as repository:
        index = read_index(repository, jobs=1)
    return index, file_versions(index)


def assert_equal(ours: Answer, theirs: Answer) -> None:
    for one, two in zip(ours, theirs, strict=True):
        assert_same(one, two)


def files(cache: Path) -> list[Path]:
    """What a store consists of, without its lock."""
    return sorted(path for path in cache.glob("*/*") if path.is_file())


def small(folder: Path) -> Path:
    script = Script()
    merges(script)
    return script.write(folder)


# --- the same answer --------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [everything, lambda: random_script(11), lambda: random_script(12)],
                         ids=["everything", "random 11", "random 12"])
def test_a_history_reopened_is_the_one_read_to_the_byte(script: object, tmp_path: Path,
                                                        cache: Path) -> None:
    assert callable(script)
    folder = script().write(tmp_path / "repository")
    opening, read = Opening(folder), fresh(folder)
    assert_equal(opening(), read)
    assert "commits" in opening.phases
    assert sys.platform == "win32" or cache.stat().st_mode & 0o777 == 0o700  # nobody else's business
    assert_equal(opening(), read)
    assert opening.phases == []


def test_reopening_loads_no_compiler(tmp_path: Path) -> None:
    folder = small(tmp_path / "repository")
    Opening(folder)()
    code = ("import sys; from pathlib import Path; from xrserver.history.opening import open_history\n"
            f"repository, index, _ = open_history(Path({str(folder)!r}), cache_bytes={LIMIT},\n"
            "                                    progress=lambda *_: None)\n"
            "repository.close(); print(len(index.oids), 'numba' in sys.modules)")
    printed = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)},
                             capture_output=True, text=True, check=True).stdout.split()
    assert printed == [git(folder, "rev-list", "--count", "--all").decode().strip(), "False"]


@pytest.mark.parametrize("way", ["git", "libgit2"])
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_reading_only_what_is_new_gives_what_reading_everything_gives(
        seed: int, way: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Branches and tags come, go, jump and come back, in any order."""
    rng = random.Random(seed)
    script = everything() if seed == 1 else random_script(20 + seed)
    folder = script.write(tmp_path / "repository", bare=True)
    commits = git(folder, "rev-list", "--all").decode().split()
    refs = git(folder, "for-each-ref", "--format=%(refname)").decode().split()
    for ref in refs:
        git(folder, "update-ref", "-d", ref)
    git(folder, "symbolic-ref", "HEAD", "refs/heads/main")
    git(folder, "update-ref", "refs/heads/main", commits[-1])
    if way == "libgit2":
        monkeypatch.setenv("PATH", "")
    opening, known = Opening(folder), set[str]()
    for _ in range(25):
        with monkeypatch.context() as patch:
            patch.setenv("PATH", os.defpath)
            for _ in range(rng.choice((0, 1, 1, 3))):
                name = rng.choice(["refs/heads/main", "refs/heads/a", "refs/heads/b", "refs/tags/t"])
                if name != "refs/heads/main" and rng.random() < 0.3:
                    git(folder, "update-ref", "-d", name)
                else:
                    git(folder, "update-ref", name, rng.choice(commits[-(len(known) + 20):]))
            reached = set(git(folder, "rev-list", "--all").decode().split())
        assert_equal(opening(), fresh(folder))
        known |= reached
        assert kept(cache)[0].commits == len(known)


def test_many_small_readings_are_put_together(tmp_path: Path, cache: Path) -> None:
    script = Script()
    for number in range(40):
        script.commit({f"f{number}": b"x"})
    folder = script.write(tmp_path / "repository", bare=True)
    commits = git(folder, "rev-list", "--reverse", "main").decode().split()
    opening = Opening(folder)
    for commit in commits:
        git(folder, "update-ref", "refs/heads/main", commit)
        index, _ = opening()
        assert opening.listed == 1
    assert_equal((index, file_versions(index)), fresh(folder))
    names = [path.name for path in files(cache)]
    assert sum(name.startswith("segment") for name in names) <= 16
    assert sum(name.startswith("view") for name in names) <= 4


def test_worktrees_share_what_is_remembered_and_have_their_own_mainline(tmp_path: Path, cache: Path) -> None:
    folder = small(tmp_path / "repository")
    git(folder, "worktree", "add", "-q", "-b", "other", str(tmp_path / "other"), "main~1")
    one, two = Opening(folder), Opening(tmp_path / "other")
    for opening in (one, two, one, two):
        assert_equal(opening(), fresh(opening.path))
    assert len(list(cache.iterdir())) == 2  # a store and its lock
    assert two.phases == []


# --- what is no longer true is not told ---------------------------------------------------------------------


def test_commits_that_were_pruned_and_came_back_are_read(tmp_path: Path) -> None:
    folder = small(tmp_path / "repository")
    (tmp_path / "copy.git").mkdir()
    git(tmp_path, "clone", "-q", "--bare", str(folder), "copy.git")
    copy, opening = tmp_path / "copy.git", Opening(tmp_path / "copy.git")
    opening()
    old = git(copy, "rev-parse", "main").decode().strip()
    for ref in git(copy, "for-each-ref", "--format=%(refname)").decode().split():
        if ref != "refs/heads/main":
            git(copy, "update-ref", "-d", ref)
    git(copy, "update-ref", "refs/heads/main", "main~2")
    git(copy, "gc", "-q", "--prune=now")
    assert subprocess.run(["git", "-C", str(copy), "cat-file", "-e", old], check=False).returncode
    assert_equal(opening(), fresh(copy))
    git(copy, "fetch", "-q", str(folder), "main:other")
    assert_equal(opening(), fresh(copy))


def test_another_repository_in_its_place_is_read(tmp_path: Path) -> None:
    folder = small(tmp_path / "repository")
    Opening(folder)()
    shutil.rmtree(folder)
    random_script(5).write(folder)
    assert_equal(Opening(folder)(), fresh(folder))


def test_a_shallow_clone_that_is_deepened_is_read_again(tmp_path: Path) -> None:
    folder = small(tmp_path / "repository")
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{folder}", "clone")
    clone, opening = tmp_path / "clone", Opening(tmp_path / "clone")
    shallow = opening()
    git(clone, "fetch", "-q", "--unshallow")
    whole = opening()
    assert len(whole[0].oids) > len(shallow[0].oids)
    assert_equal(whole, fresh(clone))


def test_sizes_that_were_not_known_are_asked_for_again(tmp_path: Path) -> None:
    folder = small(tmp_path / "repository")
    loose(folder)
    blob = git(folder, "rev-parse", "main:readme").decode().strip()
    content = git(folder, "cat-file", "blob", blob)
    (folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    opening = Opening(folder)
    for phases in (True, False):
        assert (opening()[0].blob_sizes == -1).sum() == 1
        assert bool(opening.phases) == phases
    git(folder, "hash-object", "-w", "--stdin", given=content)
    again = opening()
    assert (again[0].blob_sizes >= 0).all()
    assert_equal(again, fresh(folder))


# --- whatever became of the files -------------------------------------------------------------------------


@pytest.mark.slow
def test_a_thousand_flips_and_cuts_never_give_a_wrong_answer(
        tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(1)
    folder = small(tmp_path / "repository")
    tip = git(folder, "rev-parse", "main").decode().strip()
    git(folder, "update-ref", "refs/heads/main", "main~1")
    opening = Opening(folder)
    opening()
    git(folder, "update-ref", "refs/heads/main", tip)
    read = fresh(folder)
    assert_equal(opening(), read)
    pristine = {path: path.read_bytes() for path in files(cache)}
    assert len(pristine) == 5  # manifest, two segments, two views
    monkeypatch.setenv("PATH", "")  # starting git a thousand times takes a minute
    noticed = 0
    for number in range(1000):
        for path, content in pristine.items():
            path.write_bytes(content)
        views = [path for path in pristine if path.name.startswith("view")]
        if number % 2:  # without views, what else there is comes into play
            for path in views:
                path.unlink()
        path = rng.choice([path for path in pristine if path not in views or number % 2 == 0])
        content = bytearray(pristine[path])
        if number % 10 == 0:
            del content[rng.randrange(len(content)):]
        else:
            for _ in range(rng.choice((1, 1, 1, 7))):
                content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
        with _logged() as lines:
            assert_equal(opening(), read)
        noticed += len(lines)
        assert len(lines) <= 1
    assert noticed > 500  # the view of another state is not looked at


@contextlib.contextmanager
def _logged() -> Iterator[list[str]]:
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger, handler = logging.getLogger("xrserver.history"), Keep()
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.propagate = True


_KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from test_history_store import Opening, assert_equal, files, fresh, git
folder, cache, rng = Path(sys.argv[1]), Path(sys.argv[2]), random.Random(1)
commits = git(folder, "rev-list", "main").decode().split()
opening = Opening(folder)
opening()  # kernels are compiled, or loaded, before the first child
for path in files(cache): path.unlink()
began = time.perf_counter()
opening()
seconds = time.perf_counter() - began
whole = {}
left = set()
for number in range(100):
    git(folder, "update-ref", "refs/heads/main", commits[rng.randrange(12)])
    if number % 8 == 0:
        for path in files(cache): path.unlink()
    if (child := os.fork()) == 0:
        opening()
        os._exit(0)
    time.sleep(rng.random() * 1.5 * seconds)  # within the work, and around its end
    os.kill(child, signal.SIGKILL)
    left.add(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    tip = git(folder, "rev-parse", "main")
    if tip not in whole: whole[tip] = fresh(folder)
    assert_equal(opening(), whole[tip])
assert not [path for path in files(cache) if path.name.startswith(".")]
print(sorted(left))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork: starting 100 interpreters takes minutes")
def test_an_indexer_killed_a_hundred_times_leaves_nothing_wrong(tmp_path: Path, cache: Path) -> None:
    folder = everything().write(tmp_path / "repository")
    path = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    printed = subprocess.run([sys.executable, "-c", _KILLED, str(folder), str(cache)], capture_output=True,
                             text=True, env={**os.environ, "PYTHONPATH": path}, check=False)
    # Some were killed, and some had ended by then.
    assert printed.stdout.strip() == "[-9, 0]", printed.stderr


def test_a_cache_of_another_version_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small(tmp_path / "repository")
    opening, read = Opening(folder), fresh(folder)
    for version in (2, 1, 3):
        monkeypatch.setattr(sealed, "VERSION", version)
        for phases in (True, False):
            with _logged() as lines:
                assert_equal(opening(), read)
            assert (bool(opening.phases), len(lines)) == (phases, int(phases and version != 2))
    monkeypatch.setattr(sealed, "code", lambda: "other")
    assert_equal(opening(), read)
    assert opening.listed == len(read[0].oids)


def test_a_cache_that_cannot_be_written_is_said_once_and_done_without(tmp_path: Path, cache: Path) -> None:
    folder = small(tmp_path / "repository")
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"in the way")
    opening, read = Opening(folder), fresh(folder)
    for _ in range(2):
        with _logged() as lines:
            assert_equal(opening(), read)
        assert len(lines) == 1 and "Nothing can be remembered" in lines[0]


def test_a_read_only_cache_is_used_as_it_is(tmp_path: Path, cache: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small(tmp_path / "repository")
    opening = Opening(folder)
    opening()
    before = {path: path.read_bytes() for path in files(cache)}

    def refuse(path: Path) -> None:  # directories refuse nothing to root, who runs many a test
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr("xrserver.history.store.held", refuse)
    monkeypatch.setattr("xrserver.history.store.os.utime", lambda path: refuse(path))
    assert_equal(opening(), fresh(folder))
    assert opening.phases == []
    git(folder, "update-ref", "refs/heads/main", "main~1")
    with _logged() as lines:
        assert_equal(opening(), fresh(folder))
    assert opening.listed == 0 and len(lines) == 1 and "Permission denied" in lines[0]
    assert before == {path: path.read_bytes() for path in files(cache)}


def test_a_full_disk_is_said_once_and_done_without(tmp_path: Path, cache: Path) -> None:
    resource = pytest.importorskip("resource")
    folder = small(tmp_path / "repository")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    result = subprocess.run([sys.executable, "-m", "xrserver", "index", str(folder), "--json"],
                            env={**os.environ, "PYTHONPATH": str(ROOT)}, preexec_fn=limit,
                            capture_output=True, text=True, check=True)
    assert json.loads(result.stdout)["commits"] == len(fresh(folder)[0].oids)
    assert result.stderr.count("\n") == 1 and "Nothing can be remembered" in result.stderr
    assert files(cache) == []


def test_two_processes_open_the_same_repository_at_once(tmp_path: Path, cache: Path) -> None:
    folder = everything().write(tmp_path / "repository")
    command = [sys.executable, "-m", "xrserver", "index", str(folder), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True) for _ in range(2)]
    printed = [process.communicate() for process in both]
    assert [error for _, error in printed] == ["", ""]
    assert {json.loads(text)["commits"] for text, _ in printed} == {len(fresh(folder)[0].oids)}
    opening = Opening(folder)
    assert_equal(opening(), fresh(folder))
    assert opening.phases == []


def test_whoever_finds_another_writing_does_without_waiting(tmp_path: Path, cache: Path) -> None:
    folder = small(tmp_path / "repository")
    opening, read = Opening(folder), fresh(folder)
    opening()
    (lock,) = cache.glob("*.lock")
    for path in files(cache):
        path.unlink()
    with held(lock) as mine:
        assert mine
        assert_equal(opening(), read)
        assert files(cache) == []
    opening()
    assert len(files(cache)) == 3


# --- its size ---------------------------------------------------------------------------------------------


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path, cache: Path) -> None:
    openings = [Opening(small(tmp_path / name)) for name in ("a", "b", "c")]
    for number, opening in enumerate(openings):
        opening()
        for path in files(cache):
            if path.stat().st_mtime > 10**9 + 10:
                os.utime(path, (10**9 + number, 10**9 + number))
    openings[0]()  # used again
    size = max(one.size for one in kept(cache))
    last = Opening(small(tmp_path / "d"))
    last(limit=2 * size + 100)
    assert [one.objects for one in kept(cache)] == [
        str((opening.path / ".git" / "objects").resolve()) for opening in (last, openings[0])]
    assert last(limit=1) and kept(cache)  # nothing is written, so nothing is looked after
    git(last.path, "update-ref", "refs/heads/main", "main~1")
    last(limit=1)
    assert kept(cache) == []
