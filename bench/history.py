"""Reading a history, beside git reading the same one."""

from __future__ import annotations

import argparse
import subprocess
import sys

from bench.measure import Figure, paired


def measure(arguments: argparse.Namespace) -> list[Figure]:
    """Time ``xrserver index`` as a whole process against ``git log --raw``."""
    repo = str(arguments.repo)
    ours = [sys.executable, "-m", "xrserver", "index", repo]
    # The same commits: every branch, remote branch and tag, as xrserver reads them.
    theirs = ["git", "-C", repo, "log", "--raw", "--no-renames", "--diff-merges=first-parent",
              "--branches", "--remotes", "--tags", "HEAD"]

    def run(command: list[str]) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    mine, peer = paired(lambda: run(ours), lambda: run(theirs), arguments.runs)
    count = ["git", "-C", repo, "rev-list", "--count", "--branches", "--remotes", "--tags", "HEAD"]
    commits = int(subprocess.run(count, check=True, capture_output=True, text=True).stdout)
    return [Figure(f"index of {commits} commits, whole process", "s", mine, "≤ 1.0 of git on two cores",
                   "git log --raw", peer)]
