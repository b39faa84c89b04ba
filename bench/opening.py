"""The first seconds of a server, and how soon it knows of a new commit.

``python -m bench.opening REPO`` serves a repository until all of it is read and prints, as JSON, for how
long its event loop was held up meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class First:
    """Seconds from the command until the address answers, and from there until a client holds a tile."""

    answers: float
    tile: float


@dataclass(frozen=True, slots=True)
class Held:
    """The longest that the event loop did not run, in ms; how many of how many looks were over 10 ms."""

    longest: float
    over: int
    looks: int


@asynccontextmanager
async def _serving(repo: Path, environment: Mapping[str, str]) -> AsyncGenerator[str]:
    """The address of a server of `repo` in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "xrserver", "serve", str(repo), "--port", "0", env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    try:
        line = (await process.stdout.readline()).decode()
        found = re.search(r"http\S+", line)
        if found is None:
            raise RuntimeError(f"xrserver said {line!r} and ended with {await process.wait()}")
        yield found[0]
    finally:
        process.terminate()
        await process.wait()


async def first(repo: Path, environment: Mapping[str, str]) -> First:
    """Start a server and be its first client."""
    import aiohttp

    import xrserver

    start = time.perf_counter()
    async with _serving(repo, environment) as url:
        async with aiohttp.ClientSession() as client, client.get(url.split("?")[0]) as page:
            await page.read()
        answered = time.perf_counter()
        async with xrserver.connect(url) as session:
            await session.tile()
        return First(answered - start, time.perf_counter() - answered)


async def followed(repo: Path, environment: Mapping[str, str], count: int) -> tuple[list[float], list[float]]:
    """Make commits in `repo`; return after how many ms a client knew of each, and how many git took."""
    import xrserver

    bench = {f"GIT_{who}_{what}": "bench" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(repo), *arguments], check=True, capture_output=True,
                              text=True, env={**os.environ, **bench}).stdout.strip()

    heard: list[float] = []
    shown: list[float] = []
    branch = git("symbolic-ref", "HEAD")
    tip = git("rev-parse", "HEAD")
    tree = git("rev-parse", "HEAD^{tree}")
    async with _serving(repo, environment) as url, xrserver.connect(url, patience=120) as session:
        messages = aiter(session)
        while not session.scene.whole:
            await anext(messages)
        await session.tile()
        await session.table()
        await asyncio.sleep(2)
        for number in range(count + 2):
            head = session.scene.head_rank
            tip = git("commit-tree", tree, "-p", tip, "-m", f"commit {number}")
            file = repo / branch
            file.parent.mkdir(parents=True, exist_ok=True)
            lock = file.with_name(file.name + ".lock")
            lock.write_text(tip + "\n")
            start = time.perf_counter()
            lock.replace(file)  # as git does, without the time that it takes to start
            while session.scene.head_rank == head:
                await anext(messages)
            heard.append((time.perf_counter() - start) * 1e3)
            start = time.perf_counter()
            git("log", "-1", "--raw", branch)
            shown.append((time.perf_counter() - start) * 1e3)
            await asyncio.sleep(0.2)
    return heard[2:], shown[2:]


def held(repo: Path, environment: Mapping[str, str]) -> Held:
    """Serve `repo` until all of it is read, in a process of its own."""
    printed = subprocess.run([sys.executable, "-m", "bench.opening", str(repo)], env=environment, check=True,
                             capture_output=True, text=True).stdout
    return Held(**json.loads(printed.splitlines()[-1]))


async def _held(repo: Path) -> Held:
    from xrserver import app
    from xrserver.config import Config

    gaps: list[float] = []

    async def look() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            gaps.append((time.perf_counter() - before) * 1e3 - 1)

    done = asyncio.Event()

    def ready(serving: app.Serving) -> None:
        async def whole() -> None:
            looking = asyncio.create_task(look())
            for opened in (await serving.opening.repositories()).values():
                await opened.all_read()
            looking.cancel()
            done.set()

        tasks.append(asyncio.create_task(whole()))

    tasks: list[asyncio.Task[None]] = []
    serving = asyncio.create_task(app.serve(Config(repositories=(repo,), port=0),
                                            lambda phase, so_far, of: None, ready, lambda serving: None))
    await done.wait()
    serving.cancel()
    await asyncio.gather(serving, *tasks, return_exceptions=True)
    return Held(max(gaps), sum(gap > 10 for gap in gaps), len(gaps))


if __name__ == "__main__":
    from dataclasses import asdict

    print(json.dumps(asdict(asyncio.run(_held(Path(sys.argv[1]))))))
