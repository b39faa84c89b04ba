"""Opening somebody's repository runs nothing of theirs: every known way is set to leave a mark."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from repositories import ENVIRONMENT, Script, git, merges

from xrserver.errors import UnreadableRepository
from xrserver.history.log import read_index
from xrserver.history.moment import Moment
from xrserver.history.repository import Repository
from xrserver.history.tree import files_at
from xrserver.history.versions import file_versions

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the traps are shell scripts")

HOOKS = ("post-checkout", "post-index-change", "pre-auto-gc", "reference-transaction", "fsmonitor-watchman",
         "post-merge", "pre-commit", "update", "post-update", "pre-receive", "post-rewrite", "proc-receive")

#: {t} is the trap, {h} a folder of hooks that are it, {i} a file of settings that name it.
SETTINGS = (
    "core.fsmonitor={t}", "core.hooksPath={h}", "core.sshCommand={t}", "core.pager={t}", "core.editor={t}",
    "core.askPass={t}", "core.gitProxy={t}", "core.alternateRefsCommand={t}", "core.attributesFile={i}",
    "pager.log={t}", "pager.show={t}", "diff.external={t}", "diff.evil.textconv={t}", "diff.evil.command={t}",
    "diff.evil.cachetextconv=true", "filter.evil.clean={t}", "filter.evil.smudge={t}",
    "filter.evil.process={t}", "filter.evil.required=true", "merge.evil.driver={t}", "gpg.program={t}",
    "gpg.ssh.program={t}", "log.showSignature=true", "credential.helper=!{t}", "sequence.editor={t}",
    "interactive.diffFilter={t}", "uploadpack.packObjectsHook={t}", "remote.origin.url=ext::{t} %S",
    "remote.origin.promisor=true", "remote.origin.uploadpack={t}", "protocol.allow=always",
    "remote.origin.partialclonefilter=blob:none", "extensions.partialClone=origin",
    "protocol.ext.allow=always", "alias.log=!{t}", "alias.rev-list=!{t}", "alias.diff-tree=!{t}",
    "alias.cat-file=!{t}", "trace2.eventTarget={t}", "gc.auto=1", "maintenance.auto=true",
    "gc.recentObjectsHook={t}", "core.worktree=/", "safe.directory=nowhere", "submodule.recurse=true",
    "core.repositoryFormatVersion=1", "include.path={i}", "includeIf.gitdir:/.path={i}",
    "notes.displayRef=refs/heads/*", "extensions.worktreeConfig=true",
)


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that notes what it was called for; nothing may ever call it."""
    marks = tmp_path / "marks"
    script = tmp_path / "trap"
    script.write_text(f'#!/bin/sh\necho "$0 $*" >> "{marks}"\nexit 1\n')
    script.chmod(0o755)
    return script


def marks(trap: Path) -> str:
    file = trap.parent / "marks"
    return file.read_text() if file.exists() else ""


@pytest.fixture
def hostile(tmp_path: Path, trap: Path) -> Path:
    """A partial clone with every setting, hook and attribute that can name a program set to the trap."""
    script = Script()
    merges(script)
    script.commit({".gitattributes": b"* filter=evil diff=evil merge=evil working-tree-encoding=UTF-16\n",
                   ".gitmodules": b'[submodule "s"]\n\tpath = s\n\turl = ext::trap\n\tupdate = !trap\n'})
    folder = script.write(tmp_path / "hostile")
    git_dir = folder / ".git"
    elsewhere = tmp_path / "elsewhere"
    other = Script()
    other.commit({"secret": b"s\n"})
    other.write(elsewhere)
    for name in HOOKS:
        (git_dir / "hooks").mkdir(exist_ok=True)
        (git_dir / "hooks" / name).symlink_to(trap)
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "info/attributes").write_text("* filter=evil diff=evil merge=evil\n")
    (git_dir / "objects/info").mkdir(exist_ok=True)
    (git_dir / "objects/info/alternates").write_text(f"{elsewhere / '.git/objects'}\n{tmp_path / 'gone'}\n")
    included = tmp_path / "included"
    included.write_text(f"[core]\n\tfsmonitor = {trap}\n[diff]\n\texternal = {trap}\n")
    for setting in SETTINGS:
        name, _, value = setting.format(t=trap, h=git_dir / "hooks", i=included).partition("=")
        subprocess.run(["git", "config", "--file", str(git_dir / "config"), "--add", name, value],
                       env=ENVIRONMENT, check=True)
    (git_dir / "config.worktree").write_text(f"[core]\n\tfsmonitor = {trap}\n")
    # Make it a partial clone in earnest: a promised blob is not here.
    packs = list((git_dir / "objects/pack").glob("*.pack"))
    for pack in packs:
        pack.with_suffix(".promisor").touch()
    return folder


def drop(folder: Path, name: str) -> str:
    """Unpack the repository and take one object away, named as `git rev-parse` does."""
    git_dir = f"--git-dir={folder / '.git'}"
    oid = git(folder.parent, git_dir, "-c", "core.fsmonitor=", "rev-parse", name).decode().strip()
    objects = folder / ".git/objects"
    for pack in sorted((objects / "pack").iterdir()):
        moved = folder.parent / pack.name
        pack.rename(moved)
    for pack in folder.parent.glob("pack-*.pack"):
        environment = ENVIRONMENT | {"GIT_DIR": str(bare(folder)), "GIT_OBJECT_DIRECTORY": str(objects)}
        subprocess.run(["git", "unpack-objects", "-q"], input=pack.read_bytes(), check=True,
                       cwd=folder.parent, env=environment)
    (objects / oid[:2] / oid[2:]).unlink()
    return oid


def bare(folder: Path) -> Path:
    path = folder.parent / "plain.git"
    if not path.exists():
        git(folder.parent, "init", "-q", "--bare", str(path))
    return path


def look_at_everything(folder: Path) -> None:
    with Repository.open(folder) as repository:
        index = read_index(repository, jobs=2)
        file_versions(index)
        for oid in index.oids:
            repository.commit(oid.tobytes())
        assert files_at(repository, index, Moment(index.head_rank, None))


@pytest.mark.parametrize("way", ["git", "libgit2"])
def test_a_hostile_repository_runs_nothing(way: str, hostile: Path, trap: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "libgit2":
        monkeypatch.setenv("PATH", "")
    look_at_everything(hostile)
    assert marks(trap) == ""


@pytest.mark.parametrize("way", ["git", "libgit2"])
@pytest.mark.parametrize(("name", "readable"), [("main:readme", True), ("main:src", False),
                                                ("main~5", False)])
def test_missing_objects_of_a_hostile_partial_clone_are_never_fetched(
        way: str, name: str, readable: bool, hostile: Path, trap: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    oid = drop(hostile, name)
    (trap.parent / "marks").unlink(missing_ok=True)
    if way == "libgit2":
        monkeypatch.setenv("PATH", "")
    if readable:
        look_at_everything(hostile)
        with Repository.open(hostile) as repository:
            sizes = {file.oid.hex(): file.size for file in repository.files(repository.mainline_oid)}
        assert sizes[oid] == -1
    else:
        with pytest.raises(UnreadableRepository):
            look_at_everything(hostile)
    assert marks(trap) == ""


def test_the_traps_do_work(hostile: Path, trap: Path) -> None:
    """The same repository, looked at by git itself, springs them: else the tests above prove nothing."""
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "GIT_CONFIG_GLOBAL"}
    subprocess.run(["git", "-C", str(hostile), "-c", "core.worktree=.", "status"], env=environment,
                   capture_output=True, check=False)
    assert "trap" in marks(trap) or "fsmonitor" in marks(trap)
    (trap.parent / "marks").unlink()
    oid = drop(hostile, "main:readme")
    (trap.parent / "marks").unlink(missing_ok=True)
    subprocess.run(["git", "-C", str(hostile), "cat-file", "-p", oid], env=environment, capture_output=True,
                   check=False)
    assert marks(trap) != ""


def test_a_hostile_environment_changes_nothing(hostile: Path, trap: Path, tmp_path: Path) -> None:
    """What a shell may have set for git does not reach the git that reads."""
    with Repository.open(hostile) as repository:
        expected = len(read_index(repository).oids)
    program = ("import sys\nfrom xrserver.history.repository import Repository\n"
               "from xrserver.history.log import read_index\n"
               "with Repository.open(sys.argv[1]) as r: print(len(read_index(r, jobs=2).oids))\n")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[core]\n\tfsmonitor = {trap}\n[diff]\n\texternal = {trap}\n")
    environment = os.environ | {
        "HOME": str(home), "XDG_CONFIG_HOME": str(home), "GIT_DIR": str(tmp_path / "elsewhere/.git"),
        "GIT_EXTERNAL_DIFF": str(trap), "GIT_PAGER": str(trap), "GIT_SSH_COMMAND": str(trap),
        "GIT_ASKPASS": str(trap), "GIT_PROXY_COMMAND": str(trap), "GIT_OBJECT_DIRECTORY": str(tmp_path),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(tmp_path), "GIT_INDEX_FILE": str(trap),
        "GIT_TRACE": str(home / "t"), "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "diff.external",
        "GIT_CONFIG_VALUE_0": str(trap),
        "GIT_SHALLOW_FILE": str(trap), "GIT_GRAFT_FILE": str(trap), "GIT_NAMESPACE": "evil",
        "GIT_REPLACE_REF_BASE": "refs/heads/", "GIT_EXEC_PATH": str(trap.parent),
    }
    done = subprocess.run([sys.executable, "-c", program, str(hostile)], env=environment,
                          capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (str(expected), "")
    assert marks(trap) == "" and not (home / "t").exists()


def test_a_pipe_in_place_of_a_file_does_not_hold_the_opening_up(hostile: Path, trap: Path) -> None:
    git_dir = hostile / ".git"
    for name in ("refs/heads/pipe", "shallow", "packed-refs"):
        path = git_dir / name
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    config = git_dir / "config"
    config.unlink()
    os.mkfifo(config)
    look_at_everything(hostile)
    (git_dir / "objects/info/alternates").unlink()
    os.mkfifo(git_dir / "objects/info/alternates")
    with pytest.raises(UnreadableRepository, match="no regular file"):
        Repository.open(hostile)
    assert marks(trap) == ""


def test_a_ref_that_leads_out_of_the_repository_is_not_followed(hostile: Path, tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere/.git/refs/heads/main"
    assert secret.is_file()
    (hostile / ".git/refs/heads/out").write_text("ref: ../../elsewhere/.git/refs/heads/main\n")
    (hostile / ".git/refs/heads/out2").write_text("ref: refs/../../../elsewhere/.git/refs/heads/main\n")
    with Repository.open(hostile) as repository:
        assert not {ref.name for ref in repository.refs.all()} & {"refs/heads/out", "refs/heads/out2"}
