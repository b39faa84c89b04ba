"""Reading a history, beside git reading the same one; and opening it again."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import Figure, paired, seconds


def measure(arguments: argparse.Namespace) -> list[Figure]:
    """Time ``xrserver index`` as a whole process against ``git log --raw``, then once more unchanged."""
    repo = str(arguments.repo)
    ours = [sys.executable, "-m", "xrserver", "index", repo]
    # The same commits: every branch, remote branch and tag, as xrserver reads them.
    theirs = ["git", "-C", repo, "log", "--raw", "--no-renames", "--diff-merges=first-parent",
              "--branches", "--remotes", "--tags", "HEAD"]
    count = ["git", "-C", repo, "rev-list", "--count", "--branches", "--remotes", "--tags", "HEAD"]
    commits = int(subprocess.run(count, check=True, capture_output=True, text=True).stdout)
    with tempfile.TemporaryDirectory(prefix="xrserver-bench-") as cache:
        environment = {**os.environ, "XDG_CACHE_HOME": cache}

        def run(command: list[str]) -> None:
            subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)

        def first() -> None:
            # What was remembered is forgotten; what is measured includes writing it again.
            shutil.rmtree(Path(cache, "xrserver"), ignore_errors=True)
            run(ours)

        mine, peer = paired(first, lambda: run(theirs), arguments.runs)
        again = [seconds(lambda: run(ours)) for _ in range(arguments.runs)]
    return [
        Figure(f"index of {commits} commits, whole process", "s", mine, "≤ 1.0 of git on two cores",
               "git log --raw", peer),
        Figure(f"index of {commits} commits, unchanged since, whole process", "s", again, "≤ 0.6 s"),
    ]
