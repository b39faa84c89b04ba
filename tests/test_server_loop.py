"""The event loop is never held up: whatever takes long happens in threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from repositories import Script
from test_cli_commands import SECONDS, environment

#: CPU seconds that one step of the loop may take. 0.010 s are promised of an idle machine, 0.004 s is what it
#: takes; importing something in the loop by mistake takes 0.025 s.
MOST = 0.012

_SERVED = """
import asyncio, json, signal, sys, threading, time
from asyncio.events import Handle
from pathlib import Path
import aiohttp
import xrserver
from repositories import git
from served import silent
from xrserver import app
from xrserver.config import Config

folder, last = Path(sys.argv[1]), int(sys.argv[2])
steps, looking, genuine, server = [], [], Handle._run, threading.get_ident()

async def look(url):
    base, _, token = url.partition("?token=")
    async with aiohttp.ClientSession(base, headers={"Authorization": f"Bearer {token}"}) as client, \\
            xrserver.connect(url) as session:
        while not session.scene.whole:
            await anext(aiter(session))
        for path in ("", "/commits/HEAD", "/files?at=HEAD&limit=1000", "/files?at=rank:5", "/authors",
                     "/scenes", "/scenes/city", "/scenes/river"):
            async with client.get(f"api/repositories/{session.scene.repository}{path}") as answer:
                assert answer.status == 200, await answer.text()
                await answer.read()
        await session.tile()
        await session.table()
        git(folder, "commit", "-q", "--allow-empty", "-m", "another")
        while session.scene.head_rank <= last:
            await anext(aiter(session))

def timed(self):
    if threading.get_ident() != server:
        return genuine(self)
    callback = self._callback
    began = time.thread_time()
    genuine(self)
    owner = getattr(callback, "__self__", None)
    steps.append((time.thread_time() - began, str(getattr(owner, "_coro", callback))))

def ready(serving):
    # Tasks written in Python say what they run.
    asyncio.get_running_loop().set_task_factory(
        lambda loop, coro, **named: asyncio.tasks._PyTask(coro, loop=loop, **named))
    Handle._run = timed  # from here on somebody may be waiting
    looking.append(asyncio.create_task(seen(serving.url)))

async def seen(url):
    try:
        await asyncio.to_thread(lambda: asyncio.run(look(url)))
    finally:
        Handle._run = genuine
        signal.raise_signal(signal.SIGINT)

async def main():
    await app.serve(Config(repositories=(folder,), port=0, jobs=1), silent, ready, lambda serving: None)
    await looking[0]

asyncio.run(main())
print(json.dumps({"steps": len(steps), "worst": sorted(steps, reverse=True)[:5]}))
"""


def test_no_step_of_the_event_loop_takes_long(tmp_path: Path) -> None:
    script = Script()
    for number in range(330):
        script.commit({f"src/{number % 60}/{number % 11}-{part}.py": b"%d\n" % number for part in range(6)})
    folder = script.write(tmp_path / "repository")
    path = os.pathsep.join((str(Path(__file__).parents[1]), str(Path(__file__).parent)))
    ran = subprocess.run([sys.executable, "-c", _SERVED, str(folder), "329"], capture_output=True, text=True,
                         env={**environment(), "PYTHONPATH": path}, timeout=SECONDS, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["steps"] > 100
    assert found["worst"][0][0] < MOST, found["worst"]
