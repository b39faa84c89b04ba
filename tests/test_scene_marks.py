"""What others or programs wrote is grey, what is left out stands as blocks, and nothing is hidden."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import numpy as np
import pytest
from repositories import ENVIRONMENT, Script, everything, git
from served import asking, served

from xrserver.columns import RANK_END, Category
from xrserver.errors import UsageError
from xrserver.history.attributes import vendored_paths
from xrserver.history.globs import Glob, matched
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.history.log import read_index
from xrserver.history.repository import Repository
from xrserver.history.versions import file_versions
from xrserver.scene.category import category_of
from xrserver.scene.definition import load_scene
from xrserver.scene.marks import folded, mark
from xrserver.scene.spans import build_columns

_SEGMENTS = ["a", "b", "ab", "a.js", "a.min.js", "x]", "[", "vendor", "é", "-", "A"]
_PIECES = ["a", "b", "*", "**", "?", "/", "[ab]", "[!a]", "[^b]", "[a-c]", ".js", "*.js", "vendor", "**/",
           "/**", "\\", "!", "[[:alpha:]]", "[]x]", "[a", "é", "-", "x", "\\*", "a*", "[a\\-b]"]


def read(folder: Path) -> tuple[HistoryIndex, FileVersions]:
    with Repository.open(folder) as repository:
        index = read_index(repository, jobs=1)
    return index, file_versions(index)


def left_out(globs: list[Glob], path: bytes) -> bool:
    segments = path.split(b"/")
    return any(matched(globs, b"/".join(segments[:depth]), segments[depth - 1], depth < len(segments))
               for depth in range(1, len(segments) + 1))


def test_patterns_match_what_git_ignores(tmp_path: Path) -> None:
    rng = random.Random(1)
    git(tmp_path, "init", "-q", "--bare", ".")
    paths = sorted({"/".join(rng.choice(_SEGMENTS) for _ in range(rng.randrange(1, 5))) for _ in range(300)})
    ignored = 0
    for _ in range(60):
        patterns = ["".join(rng.choice(_PIECES) for _ in range(rng.randrange(1, 6)))
                    for _ in range(rng.randrange(1, 4))]
        globs: list[Glob] = []
        for pattern in patterns:
            try:
                globs.append(Glob.read(pattern))
            except UsageError:  # what git takes for a pattern that matches nothing
                continue
        (tmp_path / "info/exclude").write_text("\n".join(patterns) + "\n", encoding="utf-8")
        # A repository without a worktree ignores nothing: lend it one.
        done = subprocess.run(["git", f"--git-dir={tmp_path}", f"--work-tree={tmp_path}", "check-ignore",
                               "--no-index", "--stdin", "-z"], input="\0".join(paths).encode() + b"\0",
                              capture_output=True, env=ENVIRONMENT, cwd=tmp_path, check=False)
        theirs = set(done.stdout.decode().split("\0")) - {""}
        assert {path for path in paths if left_out(globs, path.encode())} == theirs, patterns
        ignored += len(theirs)
    assert ignored > 1000


@pytest.mark.parametrize("text", ["", "/", "!", "[a", "a\\"])
def test_what_is_no_pattern_is_said(text: str) -> None:
    with pytest.raises(UsageError, match=r"\.gitignore"):
        Glob.read(text)


ATTRIBUTES = """\
# a comment
*.c linguist-vendored
lib/*.c -linguist-vendored
/top.txt linguist-generated=true text
docs/** linguist-generated
docs/own.md !linguist-generated
**/deep.h linguist-vendored=false
never/ linguist-vendored
"""


def test_attributes_say_what_git_says(tmp_path: Path) -> None:
    script = Script()
    files = ["a.c", "lib/a.c", "lib/in/a.c", "top.txt", "in/top.txt", "docs/a", "docs/in/b", "docs/own.md",
             "vendor/deep.h", "vendor/other.h", "never/x", "in/x.c", "in/y.h", "in/z"]
    script.commit({".gitattributes": b"* linguist-generated\n"})
    script.commit({**dict.fromkeys(files, b"x"), ".gitattributes": ATTRIBUTES.encode(),
                   "in/.gitattributes": b"*.c -linguist-vendored\ny.h linguist-generated\n",
                   "gone/.gitattributes": b"* linguist-vendored\n"})
    script.commit({"gone/.gitattributes": None, "gone/x": b"x"})
    folder = script.write(tmp_path / "r")
    git(folder, "read-tree", "main")
    with Repository.open(folder) as repository:
        index = read_index(repository, jobs=1)
        marks = vendored_paths(repository, index, file_versions(index))
    names = index.paths.whole()
    for path in [*files, "gone/x"]:
        printed = git(folder, "check-attr", "--cached", "linguist-vendored", "linguist-generated", "--", path)
        said = [line.rpartition(": ")[2] for line in printed.decode().splitlines()]
        theirs = 1 if {"set", "true"} & set(said) else -1 if {"unset", "false"} & set(said) else 0
        assert marks[names.index(path.encode())] == theirs, path


def test_defaults_grey_what_others_and_programs_write() -> None:
    grey = ["vendor/a.go", "x/node_modules/y.js", "third_party/z.c", "app.min.js", "a.css.map", "a_pb2.py",
            "b.pb.go", "c.pb.cc", "yarn.lock", "Cargo.lock", "docs/jquery.min.js", "tests/package-lock.json",
            "Form.Designer.cs"]
    own = ["src/a.go", "min.js", "a.lock.py", "tests/a.js", "pb2.py", "lock/a.c"]
    assert {category_of(path.encode()) for path in grey} == {Category.VENDORED}
    assert Category.VENDORED not in {category_of(path.encode()) for path in own}


def standing(index: HistoryIndex, versions: FileVersions, rank: int) -> set[bytes]:
    names = index.paths.whole()
    live = (versions.birth <= rank) & (rank < versions.death)
    return {names[path] for path in versions.path[live].tolist()}


def test_what_is_left_out_stands_as_blocks_at_every_rank(tmp_path: Path) -> None:
    index, versions = read(everything().write(tmp_path / "r"))
    nothing = np.zeros(len(index.paths.parent), np.int8)
    names = index.paths.whole()
    for patterns in (["moves/"], ["*x*", "!shapes/"], ["src/", "/times", "*.c"], ["*"], ["nowhere"]):
        globs = [Glob.read(text) for text in patterns]
        marks = mark(index.paths, versions, nothing, globs)
        shown = folded(versions, marks)
        blocks = {names[path] for path in np.unique(marks.block).tolist() if path >= 0}
        assert bool(blocks) == (patterns != ["nowhere"])
        for rank in range(0, index.head_rank + 1, 3):
            expected: set[bytes] = set()
            for path in standing(index, versions, rank):
                if left_out(globs, path):
                    around = [block for block in blocks if path == block or path.startswith(block + b"/")]
                    assert len(around) == 1, path
                    expected |= {around[0]}
                else:
                    expected.add(path)
            assert standing(index, shown, rank) == expected
        assert np.all(np.diff(shown.path.astype(np.int64) << 32 | shown.birth) > 0)
        assert shown.strata_offsets[-1] == len(shown.strata_rank)
        held = np.diff(shown.strata_offsets)[shown.path]
        assert np.all(shown.strata <= held)
        columns, *_ = build_columns(index, shown, load_scene("city"))
        assert len(columns.nodes) > 0 and np.isfinite(columns.spans["size1"]).all()
        gone = int(np.count_nonzero((marks.block[versions.path] >= 0) & (versions.death == RANK_END)))
        assert marks.left_out(versions) == gone


async def test_a_server_says_how_many_files_are_left_out_and_lists_them_all(tmp_path: Path) -> None:
    script = Script()
    script.commit({"src/a.py": b"a\n", "lib/x/b.c": b"b\n", "lib/c.c": b"cc\n", "big.js": b"x"})
    script.commit({"lib/c.c": b"ccc\n"})
    folder = script.write(tmp_path / "story")
    generations: set[str] = set()
    for exclude, count in (((), 0), (("lib/", "*.js"), 3)):
        async with served(folder, exclude=exclude) as serving, asking(serving) as client:
            async with client.get("/api/repositories/story/scenes/city") as response:
                scene = await response.json()
            async with client.get("/api/repositories/story/files") as response:
                files = await response.json()
        assert scene["excluded"] == count and len(files["items"]) == 4
        generations.add(scene["generation"])
    assert len(generations) == 2
