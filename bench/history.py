"""Reading a history beside git reading the same one; opening it, first and again; and following it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import opening
from bench.measure import Figure, paired, seconds


def measure(arguments: argparse.Namespace) -> list[Figure]:
    """Measure the four promises: speed, first, remembered, live."""
    repo = arguments.repo.resolve()
    with tempfile.TemporaryDirectory(prefix="xrserver-bench-") as cache:
        bench = _Bench(repo, Path(cache), arguments.runs)
        return [*bench.speed(), *bench.first(), *bench.remembered(), *bench.live()]


class _Bench:
    def __init__(self, repo: Path, cache: Path, runs: int) -> None:
        self.repo, self.cache, self.runs = repo, cache, runs
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
        counted = self.git("rev-list", "--count", *_ALL)
        self.commits = int(counted)

    def git(self, *arguments: str) -> str:
        return subprocess.run(["git", "-C", str(self.repo), *arguments], check=True, capture_output=True,
                              text=True).stdout.strip()

    def asking_git(self, *arguments: str) -> Callable[[], object]:
        command = ["git", "-C", str(self.repo), *arguments]
        return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)

    def index(self, *flags: str) -> int:
        """Index in a process of its own; return the most memory that it or a git of its had, MB."""
        command = [sys.executable, "-m", "xrserver", "index", str(self.repo), *flags]
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        if not hasattr(os, "wait4"):
            assert process.wait() == 0
            return 0
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return used.ru_maxrss // (1 << 20 if sys.platform == "darwin" else 1 << 10)

    def forget(self) -> None:
        shutil.rmtree(self.cache / "xrserver", ignore_errors=True)

    # --- the promises -------------------------------------------------------------------------

    def speed(self) -> list[Figure]:
        # The same commits: every branch, remote branch and tag, as xrserver reads them.
        log = self.asking_git("log", "--raw", "--no-renames", "--diff-merges=first-parent", *_ALL)
        figures: list[Figure] = []
        for jobs in (1, 2):
            memory: list[float] = []

            def first(jobs: int = jobs, memory: list[float] = memory) -> None:
                # What was remembered is forgotten; what is measured includes writing it again.
                self.forget()
                memory.append(self.index("--jobs", str(jobs)))

            mine, peer = paired(first, log, self.runs)
            what = f"index of {self.commits} commits, --jobs {jobs}, whole process"
            figures += [Figure(what, "s", mine, "≤ 0.8 of git on two cores" if jobs == 2 else "",
                               "git log --raw", peer),
                        Figure(f"{what}: most memory", "MB", memory, "≤ 700 MB")]
        return [*figures, *self.gource()]

    def gource(self) -> list[Figure]:
        """The same repository read by gource, where it is installed: what HEAD reaches."""
        program = shutil.which("gource")
        if program is None:
            return []
        with tempfile.TemporaryDirectory(prefix="xrserver-bench-") as folder:
            # It takes working trees only.
            (Path(folder) / ".git").symlink_to(self.git("rev-parse", "--absolute-git-dir"))
            command = [program, "--output-custom-log", str(Path(folder) / "log"), folder]

            def read() -> None:
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

            def first() -> None:
                self.forget()
                self.index()

            mine, peer = paired(first, read, self.runs)
        return [Figure(f"index of {self.commits} commits, unremembered, whole process", "s", mine, "",
                       "gource --output-custom-log, of HEAD alone", peer)]

    def first(self) -> list[Figure]:
        found: dict[bool, list[opening.First]] = {True: [], False: []}
        for fresh, firsts in found.items():
            if not fresh:
                self.index()
            for run in range(self.runs + 1):
                if fresh:
                    self.forget()
                measured = asyncio.run(opening.first(self.repo, self.environment))
                if run:
                    firsts.append(measured)
        listing = [seconds(self.asking_git("ls-tree", "-r", "-l", "HEAD")) for _ in range(self.runs)]
        figures: list[Figure] = []
        for fresh, firsts in found.items():
            how = "unremembered" if fresh else "remembered"
            figures += [
                Figure(f"{self.commits} commits, {how}: command to an address that answers", "s",
                       [each.answers for each in firsts], "≤ 0.7 s"),
                Figure(f"{self.commits} commits, {how}: from there to the first tile", "s",
                       [each.tile for each in firsts], "≤ 1 s", "git ls-tree -r -l", listing)]
        self.forget()
        held = opening.held(self.repo, self.environment)
        figures.append(Figure(
            f"{self.commits} commits, read while served: longest hold of the loop", "ms", [held.longest],
            "≤ 10 ms", note=f"{held.over} of {held.looks} looks were over 10 ms; another program's turn on a "
                            "core counts too"))
        return figures

    def remembered(self) -> list[Figure]:
        self.forget()
        self.index()
        again, counted = paired(self.index, self.asking_git("rev-list", "--count", *_ALL), self.runs)
        code = ("import json, sys, time\nfrom pathlib import Path\n"
                "from xrserver.history.opening import open_history\n"
                "import numpy, pygit2\nstart = time.perf_counter()\n"
                "repository, index, versions = open_history(Path(sys.argv[1]), cache_bytes=1 << 31,\n"
                "                                           progress=lambda *_: None)\n"
                "print(json.dumps([time.perf_counter() - start, len(index.oids)]))\nrepository.close()")
        opened: list[float] = []
        for _ in range(self.runs):
            printed = subprocess.run([sys.executable, "-c", code, str(self.repo)], env=self.environment,
                                     check=True, capture_output=True, text=True).stdout
            opened.append(json.loads(printed)[0])
        return [
            Figure(f"index of {self.commits} commits, unchanged since, whole process", "s", again, "≤ 0.6 s",
                   "git rev-list --count", counted),
            Figure(f"{self.commits} commits, unchanged since: open to queryable", "s", opened, "≤ 0.3 s")]

    def live(self) -> list[Figure]:
        """New commits in a copy that is being served: from the ref's change to a client that knows."""
        with tempfile.TemporaryDirectory(prefix="xrserver-bench-") as folder:
            copy = Path(folder) / "copy.git"
            subprocess.run(["git", "clone", "-q", "--bare", "--shared", str(self.repo), str(copy)],
                           check=True)
            heard, shown = asyncio.run(opening.followed(copy, self.environment, 4 * self.runs))
        return [Figure(f"{self.commits} commits: ref change to a client that knows the commit", "ms", heard,
                       "≤ 50 ms", "git log -1", shown)]


_ALL = ("--branches", "--remotes", "--tags", "HEAD")
