"""Repositories made up for measuring, written by ``git fast-import``: always the same."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_ENVIRONMENT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
_PEOPLE = (
    "Ada", "Grace", "Edsger", "Barbara", "Donald", "Frances", "Ken", "Radia", "Tony", "Lynn", "Niklaus")


def repository(folder: Path, files: int, commits: int, changes: int) -> Path:
    """Write a bare repository, unless it is there: `files` at first, then `commits` of `changes`."""
    if (folder / "whole").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **_ENVIRONMENT}
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True, env=environment)
    with subprocess.Popen(["git", "-C", str(folder), "fast-import", "--quiet"], stdin=subprocess.PIPE,
                          env=environment) as process:
        assert process.stdin is not None
        for commit in range(commits + 1):
            person = _PEOPLE[(commit * commit) % len(_PEOPLE)]
            when = 1_000_000_000 + 21_600 * commit
            process.stdin.write(
                b"commit refs/heads/main\ncommitter %s <%s@example.org> %d +0000\ndata 2\n%c\n"
                % (person.encode(), person.lower().encode(), when, 65 + commit % 26))
            chosen = range(files) if commit == 0 else (
                (commit * 7919 + i * 104_729) % files for i in range(changes))
            for file in chosen:
                size = 20 + (file * 2_654_435_761 + commit * 40_503) % 900
                content = (b"%06d %06d\n" % (commit, file)).ljust(size, b"x")
                process.stdin.write(b"M 100644 inline %s\ndata %d\n%s\n" % (_name(file), size, content))
        process.stdin.close()
    if process.returncode:
        raise RuntimeError(f"git fast-import ended with {process.returncode}")
    (folder / "whole").touch()
    return folder


def growing(folder: Path, commits: int, files: int) -> Path:
    """Write a bare repository, unless it is there: `commits` over which it grows to `files`, streamed.

    A commit changes one to three files that are near each other, most often lately made ones; every
    fiftieth is made on a branch that the one after it merges. Numbers come from one
    multiplication each, so the same repository is written everywhere.
    """
    if (folder / "whole").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **_ENVIRONMENT}
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True, env=environment)
    with subprocess.Popen(["git", "-C", str(folder), "fast-import", "--quiet", "--depth=10"],
                          stdin=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        for first in range(0, commits, 1000):
            process.stdin.write(b"".join(_grown(commit, commits, files)
                                         for commit in range(first, min(first + 1000, commits))))
        process.stdin.close()
    if process.returncode:
        raise RuntimeError(f"git fast-import ended with {process.returncode}")
    (folder / "whole").touch()
    return folder


def _grown(commit: int, commits: int, files: int) -> bytes:
    """Return the commands that make one commit of `growing`."""
    chance = commit * 2_654_435_761 + 40_503 & 0xFFFF_FFFF
    person = _PEOPLE[chance % len(_PEOPLE)] + (str(chance % 97) if chance & 8 else "")
    name = person.encode()
    aside, merges = commit % 50 == 25, commit % 50 == 26 and commit > 26
    stood = max(commit * files // commits, 1)
    now = max((commit + 1) * files // commits, 1)
    lines = [b"commit refs/heads/%s\nmark :%d\ncommitter %s <%s@example.org> %d +0000\ndata 2\n%c\n" % (
        b"side" if aside else b"main", commit + 1, name, name.lower(), 900_000_000 + 600 * commit,
        65 + commit % 26)]
    if commit:
        # What a branch began from is what its merge begins from, too.
        lines.append(b"from :%d\n" % (commit - 1 if merges else commit))
    if merges:
        lines.append(b"merge :%d\n" % commit)
    near = stood - 1 - (chance >> 7) % stood * ((chance >> 3) % 1000) // 1000
    changed = {max(near - k * (1 + (chance >> 20) % 7), 0) for k in range(1 + chance % 3)}
    for file in sorted({*changed, *range(stood if commit else 0, now)}):
        size = 20 + (file * 2_654_435_761 + commit * 40_503) % 120
        content = (b"%07d %07d\n" % (commit, file)).ljust(size, b"x")
        area, part, place = file // 2116, file // 46 % 46, file % 46
        lines.append(b"M 100644 inline a%02d/p%02d/f%02d.%s\ndata %d\n%s\n" % (
            area, part, place, (b"py", b"md", b"ts", b"toml", b"svg")[file % 5], size, content))
    return b"".join(lines)


def _name(file: int) -> bytes:
    area, part = file % 12, file // 12 % 30
    suffix = (b"py", b"md", b"ts", b"toml", b"svg")[file % 5]
    return b"area%02d/part%02d/file%06d.%s" % (area, part, file, suffix)
