"""Repositories made by script: fixed people, dates and contents, so object ids never change.

`Script` collects commits and lets ``git fast-import`` write them; a commit's tree is that of its
first parent with the changes given, so any merge can be written down as it should turn out.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: An environment in which git has no configuration but its own defaults.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C",
    "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@x", "GIT_AUTHOR_DATE": "1600000000 +0000",
    "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@x", "GIT_COMMITTER_DATE": "1600000000 +0000",
}
FIRST_SECOND = 1_600_000_000
PEOPLE = (b"Ada <ada@example.org>", b"Brian <brian@example.org>", b"Grace <grace@example.org>",
          "Jürgen Åse <j@example.org>".encode(), b"Linus <linus@example.org>")


def git(repository: Path, *arguments: str | bytes | Path, given: bytes | None = None) -> bytes:
    """Run git in `repository` and return what it prints."""
    command = ["git", "-C", str(repository), "--no-replace-objects", "--literal-pathspecs", *arguments]
    done = subprocess.run(command, input=given, capture_output=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 0, (arguments, done.stderr.decode(errors="replace"))
    return done.stdout


@dataclass(frozen=True)
class Entry:
    """A file of a given mode: symbolic link (`content` its target), executable, submodule (`oid`)."""

    mode: str
    content: bytes = b""
    oid: str = ""


def link(target: bytes) -> Entry:
    return Entry("120000", target)


def executable(content: bytes) -> Entry:
    return Entry("100755", content)


def submodule(oid: str) -> Entry:
    return Entry("160000", oid=oid)


Changes = Mapping[str | bytes, bytes | Entry | None]


@dataclass
class Script:
    """A history written down: `commit`, `branch` and `tag`, then `write`.

    A commit is named by its number (from 1); `oid` gives its id once written.
    """

    object_format: str = "sha1"
    branches: dict[str, int] = field(default_factory=dict)
    _stream: list[bytes] = field(default_factory=list)
    _oids: dict[int, str] = field(default_factory=dict)
    _count: int = 0

    def commit(self, changes: Changes, branch: str = "main", parents: Sequence[int] | None = None,
               when: int | None = None, author: int | None = None, message: str | bytes | None = None,
               encoding: str = "") -> int:
        """Add a commit to `branch`, on its tip unless `parents` are given; None in `changes` deletes."""
        self._count += 1
        mark = self._count
        if parents is None:
            parents = [self.branches[branch]] if branch in self.branches else []
        when = FIRST_SECOND + 600 * mark if when is None else when
        person = PEOPLE[mark % len(PEOPLE) if author is None else author]
        if message is None:
            message = f"commit {mark}\n\non {branch}\n"
        text = message.encode() if isinstance(message, str) else message
        lines = [b"commit refs/heads/%s" % branch.encode(), b"mark :%d" % mark,
                 b"author %s %d +0200" % (person, when - 60), b"committer %s %d -0330" % (PEOPLE[0], when)]
        if encoding:
            lines.append(b"encoding " + encoding.encode())
        lines.append(b"data %d\n%s" % (len(text), text))
        if parents:
            lines.append(b"from :%d" % parents[0])
            lines += [b"merge :%d" % parent for parent in parents[1:]]
        else:
            lines.insert(0, b"reset refs/heads/%s\n" % branch.encode())
        deleted = [path for path, content in changes.items() if content is None]
        lines += [b"D " + _quoted(path) for path in deleted]
        for path, content in changes.items():
            if isinstance(content, bytes):
                content = Entry("100644", content)
            if content is None:
                continue
            if content.oid:
                lines.append(b"M %s %s %s" % (content.mode.encode(), content.oid.encode(), _quoted(path)))
            else:
                lines.append(b"M %s inline %s\ndata %d\n%s" % (
                    content.mode.encode(), _quoted(path), len(content.content), content.content))
        self._stream.append(b"\n".join(lines) + b"\n")
        self.branches[branch] = mark
        return mark

    def merge(self, *others: str, changes: Changes | None = None, branch: str = "main",
              when: int | None = None) -> int:
        """Merge the tips of `others` into `branch`; `changes` is what the merge takes from them."""
        parents = [self.branches[name] for name in (branch, *others)]
        return self.commit(changes or {}, branch, parents, when)

    def branch(self, name: str, at: int | None = None) -> None:
        """Point a branch at commit `at` (default: the tip of main)."""
        self.branches[name] = self.branches["main"] if at is None else at
        self._stream.append(b"reset refs/heads/%s\nfrom :%d\n\n" % (name.encode(), self.branches[name]))

    def tag(self, name: str, at: int, annotated: bool = True) -> None:
        if annotated:
            self._stream.append(b"tag %s\nfrom :%d\ntagger %s %d +0000\ndata 3\nv1\n\n" % (
                name.encode(), at, PEOPLE[0], FIRST_SECOND))
        else:
            self._stream.append(b"reset refs/tags/%s\nfrom :%d\n\n" % (name.encode(), at))

    def write(self, folder: Path, *, bare: bool = False) -> Path:
        """Make the repository at `folder`, with main checked out unless `bare`."""
        git(folder.parent, "init", "-q", "-b", "main", f"--object-format={self.object_format}",
            *(["--bare"] if bare else []), str(folder))
        marks = folder / "marks"
        git(folder, "fast-import", "--quiet", "--force", "--date-format=raw", f"--export-marks={marks}",
            given=b"feature done\n" + b"".join(self._stream) + b"done\n")
        for line in marks.read_text().splitlines():
            mark, oid = line.split()
            self._oids[int(mark[1:])] = oid
        marks.unlink()
        return folder

    def oid(self, mark: int) -> str:
        return self._oids[mark]


def _quoted(path: str | bytes) -> bytes:
    raw = path.encode() if isinstance(path, str) else path
    plain = all(32 <= byte < 127 and byte not in b'"\\' for byte in raw)
    return raw if plain else b'"' + b"".join(b"\\%03o" % byte for byte in raw) + b'"'


# --- histories: each adds to main, below the folder `at` ----------------------------------------

def merges(script: Script, at: str = "") -> None:
    """Merges of every kind: plain, nested, octopus, foxtrot, evil, ours, fast-forwarded."""
    script.commit({at + "readme": b"one\n", at + "src/a": b"a1\n", at + "src/b": b"b1\n"})
    script.branch("topic")
    script.commit({at + "src/a": b"a2\n"}, "topic")
    script.commit({at + "src/c": b"c1\n"}, "topic", author=4)
    script.commit({at + "readme": b"two\n"})
    script.merge("topic", changes={at + "src/a": b"a2\n", at + "src/c": b"c1\n"})
    # A branch of a branch.
    script.branch("outer")
    script.commit({at + "src/b": b"b2\n"}, "outer")
    script.branch("inner", script.branches["outer"])
    script.commit({at + "src/b": b"b3\n"}, "inner")
    script.commit({at + "outer": b"o1\n"}, "outer")
    script.merge("inner", branch="outer", changes={at + "src/b": b"b3\n"})
    script.commit({at + "readme": b"three\n"})
    script.merge("outer", changes={at + "src/b": b"b3\n", at + "outer": b"o1\n"})
    # Octopus.
    base = script.branches["main"]
    for name in ("one", "two", "three"):
        script.branch(name, base)
        script.commit({f"{at}arm/{name}": name.encode()}, name)
    script.merge("one", "two", "three", changes={f"{at}arm/{name}": name.encode()
                                                 for name in ("one", "two", "three")})
    # Evil: the merge changes what neither side did, and undoes what one did.
    script.branch("evil")
    script.commit({at + "src/a": b"a3\n"}, "evil")
    script.commit({at + "readme": b"four\n"})
    script.merge("evil", changes={at + "src/a": b"a2\n", at + "src/evil": b"by the merge\n",
                                  at + "outer": None})
    # Ours: the branch's work lands and changes nothing.
    script.branch("ours")
    script.commit({at + "src/a": b"never\n", at + "gone": b"g\n"}, "ours")
    script.commit({at + "readme": b"five\n"})
    script.merge("ours")
    # Foxtrot: main becomes what was merged into.
    script.branch("fox")
    script.commit({at + "src/fox": b"f1\n"}, "fox")
    tip = script.commit({at + "src/b": b"b4\n"})
    script.commit({at + "src/b": b"b4\n"}, "main", [script.branches["fox"], tip])
    # A branch that main is merged into, back and forth, and one that never lands.
    script.branch("long")
    script.commit({at + "src/long": b"l1\n"}, "long")
    script.commit({at + "readme": b"six\n"})
    script.merge("main", branch="long", changes={at + "readme": b"six\n"})
    script.commit({at + "src/long": b"l2\n", at + "src/a": b"a4\n"}, "long")
    script.merge("long", changes={at + "src/long": b"l2\n", at + "src/a": b"a4\n"})
    script.branch("never")
    script.commit({at + "src/a": b"unmerged\n", at + "src/never": b"n\n"}, "never")
    script.commit({at + "readme": b"seven\n"})


def moves(script: Script, at: str = "") -> None:
    """Moves: on the mainline, on branches with edits, in chains, back, into used names, of empty files."""
    script.commit({at + "a/x": b"x1\n", at + "a/y": b"y1\n", at + "a/e": b"", at + "k": b"k1\n",
                   at + "l": b"l1\n"})
    script.commit({at + "a/x": b"x2\n"})
    script.commit({at + "a/x": None, at + "b/x": b"x2\n"})
    script.commit({at + "b/x": b"x3\n"})
    # A whole folder, with an empty file beside another empty one.
    script.commit({at + "b/x": None, at + "a/y": None, at + "a/e": None,
                   at + "c/x": b"x3\n", at + "c/y": b"y1\n", at + "c/e": b"", at + "c/d": b""})
    # Renamed on a branch, then edited there: only the merge sees both ends.
    script.branch("rename")
    script.commit({at + "c/x": b"x4\n"}, "rename")
    script.commit({at + "c/x": None, at + "d/x": b"x4\n"}, "rename")
    script.commit({at + "d/x": b"x5\n"}, "rename")
    script.commit({at + "d/x": None, at + "d/z": b"x5\n"}, "rename")
    script.commit({at + "d/z": b"x6\n"}, "rename")
    script.commit({at + "k": b"k2\n"})
    script.merge("rename", changes={at + "c/x": None, at + "d/z": b"x6\n"})
    # Back to the first name, which had strata of its own; then into a name that was something else.
    script.commit({at + "d/z": None, at + "a/x": b"x6\n"})
    script.commit({at + "l": None})
    script.commit({at + "k": None, at + "l": b"k2\n"})
    script.commit({at + "l": b"l3\n"})
    # Two copies of one blob leave, two come: same names first.
    script.commit({at + "m/one": b"same\n", at + "n/two": b"same\n"})
    script.commit({at + "m/one": None, at + "n/two": None, at + "o/aaa": b"same\n", at + "o/two": b"same\n"})
    # The mainline moves what a branch edits.
    script.branch("edit")
    script.commit({at + "o/two": b"edited\n"}, "edit")
    script.commit({at + "o/two": None, at + "p/two": b"same\n"})
    script.merge("edit", changes={at + "p/two": b"edited\n"})
    # A merge that moves by itself, and a symbolic link that is no move of a file.
    script.branch("idle")
    script.commit({at + "idle": b"i\n"}, "idle")
    script.merge("idle", changes={at + "idle": b"i\n", at + "p/two": None, at + "q/two": b"edited\n"})
    script.commit({at + "t": b"target"})
    script.commit({at + "t": None, at + "u": link(b"target")})


def shapes(script: Script, at: str = "") -> None:
    """Things that are not plain files with plain names, and names that change what they are."""
    head = at.encode()
    oids = ("1" * 40, "2" * 40) if script.object_format == "sha1" else ("1" * 64, "2" * 64)
    script.commit({at + "file": b"f\n", at + "dir/in/side": b"s\n", at + "dir.c": b"c\n",
                   at + "dir-c": b"c\n", at + "link": link(b"file"), at + "tool": executable(b"#!/bin/sh\n"),
                   at + "sub": submodule(oids[0]), head + b"caf\xe9/\xff\xfe": b"latin\n",
                   head + b"new\nline/tab\t\"quote\"\\": b"n\n", at + "ünïcode/名前": b"u\n",
                   at + "-dash": b"d\n", at + " blank ": b"b\n", at + ":(top)x": b"p\n", at + "*": b"star\n"})
    script.commit({at + "file": executable(b"f\n"), at + "tool": b"#!/bin/sh\n",
                   at + "sub": submodule(oids[1])})
    script.commit({at + "file": None, at + "file/now/dir": b"f2\n"})
    script.commit({at + "dir": None, at + "link": b"no link any more\n"})
    script.commit({at + "dir": b"was a directory\n", head + b"caf\xe9/\xff\xfe": b"latin 2\n"})
    script.commit({at + "file": None, at + "sub": None})
    script.commit({at + "file": b"back again\n", at + "sub/in": b"no submodule any more\n"})
    script.commit({at + "dir": None, at + "dir/in/side": b"s\n", head + b"new\nline/tab\t\"quote\"\\": None})
    script.commit({at + "dir/in/side": None, at + "dir/in/other": link(b"../side"), at + "tool": link(b"x")})
    script.commit({})
    script.commit({at + "*": b"star 2\n", at + "link": submodule(oids[0])})


def times(script: Script, at: str = "") -> None:
    """Clocks that stand, go backwards or lie, on several roots."""
    script.commit({at + "one": b"1\n"}, when=FIRST_SECOND)
    for name in ("left", "right", "middle"):
        script.branch(name)
        for number in range(3):
            script.commit({f"{at}{name}{number % 2}": b"%d\n" % number}, name, when=FIRST_SECOND)
    script.merge("right", "left", when=FIRST_SECOND,
                 changes={f"{at}{name}{n}": b"%d\n" % (2 if n == 0 else 1)
                          for name in ("left", "right") for n in range(2)})
    script.commit({at + "one": b"2\n"}, when=FIRST_SECOND - 50_000_000)
    script.commit({at + "one": b"3\n"}, when=100)
    script.commit({at + "other/root": b"r\n"}, "orphan", parents=[], when=FIRST_SECOND + 9_000_000)
    script.commit({at + "other/root": b"r2\n"}, "orphan", when=FIRST_SECOND + 8_000_000)
    script.merge("orphan", changes={at + "other/root": b"r2\n"}, when=FIRST_SECOND + 1)
    script.merge("middle", when=FIRST_SECOND + 1, changes={f"{at}middle0": b"2\n", f"{at}middle1": b"1\n"})
    script.commit({at + "one": b"4\n"}, when=4_000_000_000)
    script.commit({at + "one": b"5\n"}, when=FIRST_SECOND + 2)


HISTORIES = {"merges": merges, "moves": moves, "shapes": shapes, "times": times}


def everything(object_format: str = "sha1") -> Script:
    """All histories in one repository, each below a folder of its name, with tags."""
    script = Script(object_format)
    for name, history in HISTORIES.items():
        history(script, name + "/")
        script.tag(f"after-{name}", script.branches["main"], annotated=name != "moves")
        for branch in [branch for branch in script.branches if branch != "main"]:
            del script.branches[branch]
    return script
