"""Opening: every way to name a repository, everything that can be wrong with one, refs and commits."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import reference_history as reference
from repositories import Script, everything, git, merges

from xrserver.errors import EmptyRepository, NotARepository, UnknownMoment, UnreadableRepository, UsageError
from xrserver.history.cache import cache_directory
from xrserver.history.index import HistoryIndex
from xrserver.history.log import read_index
from xrserver.history.loose import alternates
from xrserver.history.repository import Repository
from xrserver.history.shadow import Shadow, find_git
from xrserver.history.versions import file_versions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    script = Script()
    merges(script)
    return script.write(tmp_path / "repository")


def index_of(path: Path, ref: str = "") -> HistoryIndex:
    with Repository.open(path, ref) as repository:
        return read_index(repository)


def oids(index: HistoryIndex) -> set[str]:
    return {oid.tobytes().hex() for oid in index.oids}


def one_sentence(error: pytest.ExceptionInfo[UsageError], *words: str) -> None:
    text = str(error.value)
    assert "\n" not in text and text.rstrip().endswith(".")
    assert all(word in text for word in words), text
    assert error.value.exit_code == 2


def test_a_repository_opens_by_its_folder_its_git_directory_and_any_folder_in_it(folder: Path) -> None:
    git(folder, "checkout", "-q", "main", "--", ".")
    for path in (folder, folder / ".git", folder / "src", folder / "readme", str(folder)):
        with Repository.open(path) as repository:
            assert repository.place.common_dir == folder / ".git"
            assert repository.place.worktree == folder
            assert repository.mainline_ref == "refs/heads/main"


def test_a_relative_path_opens_the_repository_around(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with Repository.open(".") as repository:
        assert repository.place.worktree == folder


def test_a_bare_repository_opens(folder: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(folder), "bare.git")
    with Repository.open(tmp_path / "bare.git") as repository:
        assert repository.place.worktree is None
    assert oids(index_of(tmp_path / "bare.git")) == oids(index_of(folder))


def test_a_linked_worktree_has_its_own_mainline_and_shares_the_rest(folder: Path, tmp_path: Path) -> None:
    git(folder, "worktree", "add", "-q", str(tmp_path / "linked"), "never")
    git(folder, "worktree", "add", "-q", "--detach", str(tmp_path / "other"), "main~2")
    extra = git(tmp_path / "other", "commit-tree", "-p", "HEAD", "-m", "here", "HEAD^{tree}").decode().strip()
    git(tmp_path / "other", "checkout", "-q", "--detach", extra)
    with Repository.open(tmp_path / "linked") as repository:
        assert repository.mainline_ref == "refs/heads/never"
        assert repository.place.worktree == tmp_path / "linked"
        assert repository.place.common_dir == folder / ".git"
        index = read_index(repository)
    assert extra in oids(index)
    worktrees = {name: index.oids[rank].tobytes().hex() for name, rank, kind in index.refs
                 if kind == "worktree"}
    assert worktrees == {"HEAD": git(folder, "rev-parse", "never").decode().strip(),
                         "main-worktree/HEAD": git(folder, "rev-parse", "main").decode().strip(),
                         "worktrees/other/HEAD": extra}
    assert extra in oids(index_of(folder))


def test_a_worktree_whose_repository_is_gone_says_so(folder: Path, tmp_path: Path) -> None:
    git(folder, "worktree", "add", "-q", str(tmp_path / "linked"), "never")
    folder.rename(tmp_path / "moved")
    with pytest.raises(NotARepository) as error:
        Repository.open(tmp_path / "linked")
    one_sentence(error, str(tmp_path / "linked"), "git worktree repair")


def test_a_detached_head_is_its_own_mainline(folder: Path) -> None:
    commit = git(folder, "rev-parse", "main~3").decode().strip()
    git(folder, "checkout", "-q", "--detach", "-f", commit)
    index = index_of(folder)
    assert index.mainline_ref == "HEAD"
    assert index.oids[index.mainline[-1]].tobytes().hex() == commit
    # What main has beyond it is still there: it is a branch.
    assert git(folder, "rev-parse", "main").decode().strip() in oids(index)


def test_sha256_repositories_are_read_by_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = everything("sha256")
    folder = script.write(tmp_path / "repository")
    with Repository.open(folder) as repository:
        index = read_index(repository)
        commit = repository.commit(bytes.fromhex(script.oid(3)))
        files = repository.files(repository.mainline_oid)
    assert index.repository_format == "sha256" and index.oids.shape[1] == 32
    assert oids(index) == set(git(folder, "rev-list", "--all").decode().split())
    assert commit.message == "commit 3\n\non topic\n"
    listed = git(folder, "ls-tree", "-r", "-z", "--name-only", "main").split(b"\0")[:-1]
    assert [file.path for file in files] == listed
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UnreadableRepository) as error:
        Repository.open(folder)
    one_sentence(error, "SHA-256", "install git")


@pytest.mark.parametrize("way", ["git", "libgit2"])
def test_a_shallow_clone_ends_at_its_boundary(way: str, folder: Path, tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "clone", "-q", "--bare", "--depth", "4", folder.as_uri(), "shallow.git")
    shallow = tmp_path / "shallow.git"
    listed = {words[0]: words[1:] for words in
              (line.split() for line in git(shallow, "rev-list", "--all", "--parents").decode().splitlines())}
    listed_tree = git(shallow, "ls-tree", "-r", "-z", "--name-only", "main").split(b"\0")[:-1]
    asked = ("log", "--format=%H", "--full-history", "--no-merges", "main", "--")
    log = {path: git(shallow, *asked, path).split() for path in listed_tree}
    if way == "libgit2":
        monkeypatch.setenv("PATH", "")
    with Repository.open(shallow) as repository:
        index = read_index(repository)
        boundary = {oid.hex() for oid in repository.shallow}
        commits = [repository.commit(oid.tobytes()) for oid in index.oids]
    assert boundary and boundary <= oids(index)
    found = {index.oids[rank].tobytes().hex(): [index.oids[p].tobytes().hex() for p in parents]
             for rank, parents in enumerate(reference.parents_of(index))}
    assert found == listed
    assert [[parent.hex() for parent in commit.parents] for commit in commits] == list(found.values())
    versions = file_versions(index)
    names = reference.path_names(index)
    for row in (row for row in range(len(versions.path)) if versions.death[row] > index.head_rank):
        path = versions.path[row]
        first = versions.strata_offsets[path]
        ranks = versions.strata_rank[first:first + versions.strata[row]]
        own = {index.oids[rank].tobytes().hex() for rank in ranks
               if index.parent_offsets[rank + 1] - index.parent_offsets[rank] < 2}
        assert own == {oid.decode() for oid in log[names[path]]}
    assert sorted(names[p] for p in versions.path[versions.death > index.head_rank]) == sorted(listed_tree)


@pytest.mark.parametrize("way", ["git", "libgit2"])
def test_objects_borrowed_from_other_repositories_are_found(way: str, folder: Path, tmp_path: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "clone", "-q", "--shared", "--bare", str(folder), "one.git")
    git(tmp_path, "clone", "-q", "--shared", "--bare", str(tmp_path / "one.git"), "two.git")
    two = tmp_path / "two.git"
    assert alternates(two / "objects") == [tmp_path / "one.git/objects", folder / ".git/objects"]
    (two / "objects/info/alternates").write_text('# near\n"../../one\\056git/objects"\n')
    if way == "libgit2":
        monkeypatch.setenv("PATH", "")
    assert len(index_of(two).oids) == 31


def test_replace_refs_and_grafts_are_ignored(folder: Path) -> None:
    before = index_of(folder)
    tip, other = (git(folder, "rev-parse", name).decode().strip() for name in ("main", "never"))
    git(folder, "replace", tip, other)
    (folder / ".git/info/grafts").write_text(f"{tip}\n")
    after = index_of(folder)
    assert oids(after) == oids(before)
    assert after.parents.tolist() == before.parents.tolist()


def test_only_branches_remotes_worktrees_and_tags_are_viewed(folder: Path) -> None:
    tip = git(folder, "rev-parse", "main").decode().strip()
    hidden = git(folder, "commit-tree", "-p", tip, "-m", "hidden", f"{tip}^{{tree}}").decode().strip()
    shown = git(folder, "commit-tree", "-p", tip, "-m", "shown", f"{tip}^{{tree}}").decode().strip()
    for name in ("refs/pull/1/head", "refs/notes/commits", "refs/stash", "refs/bisect/bad"):
        git(folder, "update-ref", name, hidden)
    git(folder, "update-ref", "refs/remotes/origin/main", shown)
    git(folder, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    git(folder, "symbolic-ref", "refs/heads/alias", "refs/heads/never")
    git(folder, "tag", "of-a-tree", f"{tip}^{{tree}}")
    git(folder, "tag", "-a", "-m", "tag", "v1", shown)
    git(folder, "tag", "-a", "-m", "tag of a tag", "v1.0", "v1")
    (folder / ".git/refs/heads/broken.lock").write_text(hidden)
    for packed in (False, True):
        if packed:
            git(folder, "pack-refs", "--all")
        index = index_of(folder)
        assert shown in oids(index) and hidden not in oids(index)
        named = {name: (index.oids[rank].tobytes().hex(), kind) for name, rank, kind in index.refs}
        assert named["refs/remotes/origin/main"] == (shown, "remote")
        assert named["refs/tags/v1"] == named["refs/tags/v1.0"] == (shown, "tag")
        assert named["refs/heads/alias"] == named["refs/heads/never"]
        assert not {"refs/remotes/origin/HEAD", "refs/tags/of-a-tree", "refs/heads/broken.lock"} & set(named)


def test_a_loose_ref_wins_over_a_packed_one(folder: Path) -> None:
    git(folder, "pack-refs", "--all")
    older = git(folder, "rev-parse", "main~1").decode().strip()
    git(folder, "update-ref", "refs/heads/main", older)
    with Repository.open(folder) as repository:
        assert repository.mainline_oid.hex() == older


def test_a_head_that_is_a_symbolic_link_names_its_branch(folder: Path) -> None:
    head = folder / ".git/HEAD"
    head.unlink()
    head.symlink_to("refs/heads/never")
    with Repository.open(folder) as repository:
        assert repository.mainline_ref == "refs/heads/never"


def test_a_commit_says_what_git_show_says(folder: Path) -> None:
    script = Script()
    script.commit({"f": b"1\n"}, author=3, message="Überschrift\n\nzwei\nZeilen\n")
    script.commit({"f": b"2\n"}, message="Gr\u00fc\u00dfe".encode("latin-1"), encoding="ISO-8859-1")
    script.commit({"f": b"3\n"}, message=b"no \xff utf-8", encoding="no-such-encoding")
    script.commit({"f": b"4\n"}, message=b"escape \\x41", encoding="unicode_escape")
    path = script.write(folder.parent / "commits")
    with Repository.open(path) as repository:
        found = [repository.commit(bytes.fromhex(script.oid(mark))) for mark in (1, 2, 3, 4)]
    assert [commit.message for commit in found] == [
        "Überschrift\n\nzwei\nZeilen\n", "Grüße", "no \ufffd utf-8", "escape \\x41"]
    first = found[0]
    assert first.summary == "Überschrift"
    author = first.author
    assert (author.name, author.email, author.offset) == ("Jürgen Åse", "j@example.org", 120)
    assert (first.committer.name, first.committer.offset) == ("Ada", -210)
    assert first.committer.time - first.author.time == 60
    assert first.parents == () and found[1].parents == (first.oid,)
    assert first.tree.hex() == git(path, "rev-parse", f"{first.oid.hex()}^{{tree}}").decode().strip()


def test_an_object_that_is_no_commit_is_refused(folder: Path) -> None:
    tree = git(folder, "rev-parse", "main^{tree}").decode().strip()
    with Repository.open(folder) as repository:
        for oid in (tree, "1" * 40):
            with pytest.raises(UnreadableRepository) as error:
                repository.commit(bytes.fromhex(oid))
            assert oid in str(error.value)


def test_files_are_listed_as_git_ls_tree_lists_them(everything_repository: Path) -> None:
    printed = git(everything_repository, "ls-tree", "-r", "-l", "-z", "main").split(b"\0")[:-1]
    with Repository.open(everything_repository) as repository:
        files = repository.files(repository.mainline_oid)
        without = repository.files(repository.mainline_oid, sizes=False)
    listed = [b"%06o %s %s %7s\t%s" % (
        file.mode, b"commit" if file.mode == 0o160000 else b"blob", file.oid.hex().encode(),
        b"-" if file.size < 0 else b"%d" % file.size, file.path) for file in files]
    assert listed == printed
    assert {file.size for file in without} == {-1}


def test_what_is_no_repository_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/.git").write_text("no such thing")
    for path in (tmp_path, tmp_path / "nothing", tmp_path / "plain", tmp_path / "a\0b"):
        with pytest.raises(NotARepository) as error:
            Repository.open(path)
        one_sentence(error)


def test_a_repository_without_commits_is_said_to_be_empty(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "trunk", "empty")
    with pytest.raises(EmptyRepository) as error:
        Repository.open(tmp_path / "empty")
    one_sentence(error, "trunk", "make a first commit")


def test_an_unborn_branch_beside_others_names_one_that_has_commits(folder: Path) -> None:
    git(folder, "symbolic-ref", "HEAD", "refs/heads/unborn")
    with pytest.raises(EmptyRepository) as error:
        Repository.open(folder)
    one_sentence(error, "unborn", "--ref ")
    assert len(index_of(folder, "main").oids) == 31


@pytest.mark.parametrize("ref", ["no-such", "refs/heads/no-such", "1" * 40, "../main", " ", "a\0", "x" * 999])
def test_an_unknown_ref_is_said_with_a_remedy(ref: str, folder: Path) -> None:
    with pytest.raises(UnknownMoment) as error:
        Repository.open(folder, ref)
    one_sentence(error, "branch --all")


def test_refs_are_completed_as_git_does(folder: Path) -> None:
    git(folder, "tag", "never", "main~4")
    git(folder, "update-ref", "refs/remotes/origin/only", "main~5")
    for ref in ("never", "heads/never", "origin/only", "HEAD", "main", "refs/tags/never"):
        with Repository.open(folder, ref) as repository:
            assert repository.mainline_oid.hex() == git(folder, "rev-parse", ref).decode().strip()


def test_a_ref_to_an_object_that_is_missing_is_unreadable(folder: Path) -> None:
    (folder / ".git/refs/heads/dangling").write_text("1" * 40 + "\n")
    with pytest.raises(UnreadableRepository) as error:
        index_of(folder)
    one_sentence(error, "1" * 40, "git fsck")


def test_objects_gone_and_formats_unknown_are_unreadable(folder: Path) -> None:
    config = folder / ".git/config"
    text = config.read_text()
    for extension in ("objectformat = blake3", "refStorage = vault"):
        config.write_text(f"{text}[extensions]\n\t{extension}\n")
        with pytest.raises(UnreadableRepository) as error:
            Repository.open(folder)
        one_sentence(error, extension.rpartition(" ")[2])
    config.write_text(text)
    shutil.rmtree(folder / ".git/objects/pack")
    with pytest.raises(UnreadableRepository) as error:
        Repository.open(folder)
    one_sentence(error, "git fsck")


def test_reading_leaves_the_repository_as_it_was(folder: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}

    before = state()
    with Repository.open(folder) as repository:
        read_index(repository)
        repository.files(repository.mainline_oid)
    assert state() == before


def test_git_is_not_taken_from_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / ("git.exe" if os.name == "nt" else "git")
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert find_git(os.pathsep.join(("", ".", "relative"))) is None
    assert find_git(str(tmp_path)) == program


def test_a_shadow_is_temporary_where_the_cache_cannot_be_written(folder: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    program = find_git()
    assert program is not None
    shadow = Shadow(program, folder / ".git/objects", "sha1", cache=blocked / "cache")
    assert shadow.run(["cat-file", "-t", git(folder, "rev-parse", "main").decode().strip()]) == b"commit\n"
    assert shadow.directory.is_dir()
    shadow.close()
    assert not shadow.directory.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows is told the priority at the start")
def test_other_processes_go_before_git(folder: Path) -> None:
    with Repository.open(folder) as repository:
        assert repository.shadow is not None
        with repository.shadow.start(["cat-file", "--batch"]) as process:
            assert os.getpriority(os.PRIO_PROCESS, process.pid) == min(os.nice(0) + 10, 19)
            process.communicate()


def test_a_damaged_shadow_is_mended(folder: Path) -> None:
    with Repository.open(folder) as repository:
        assert repository.shadow is not None
        config = repository.shadow.directory / "config"
        config.write_text("[core]\n\tbare = no")
        shutil.rmtree(repository.shadow.directory / "objects")
    assert len(index_of(folder).oids) == 31
    assert "worktree" not in config.read_text() and "bare = true" in config.read_text()


def test_object_directories_with_odd_names_are_found_by_git(folder: Path, tmp_path: Path) -> None:
    for name in ('"quoted', "#hash", "line\nbreak", "ünï \\ back", ":colon:"):
        moved = tmp_path / name
        folder.rename(moved)
        folder = moved
        assert len(index_of(moved).oids) == 31


def test_the_cache_is_where_the_platform_keeps_caches() -> None:
    home = {"HOME": "/home/me"}
    assert cache_directory(home, "linux") == Path("/home/me/.cache/xrserver")
    assert cache_directory(home, "darwin") == Path("/home/me/Library/Caches/xrserver")
    assert cache_directory(home | {"XDG_CACHE_HOME": "/elsewhere"}, "linux") == Path("/elsewhere/xrserver")
    assert cache_directory(home | {"XDG_CACHE_HOME": "relative"}, "linux") == Path("/home/me/.cache/xrserver")
    assert cache_directory({"LOCALAPPDATA": "/local"}, "win32") == Path("/local/xrserver/cache")
    assert cache_directory({}, "win32") is None
