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


def _name(file: int) -> bytes:
    area, part = file % 12, file // 12 % 30
    suffix = (b"py", b"md", b"ts", b"toml", b"svg")[file % 5]
    return b"area%02d/part%02d/file%06d.%s" % (area, part, file, suffix)
