"""What a frame of `xrserver vr` costs its own thread: the real viewer, in the tests' root with Monado."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

from bench.measure import Figure, percentile
from xrserver import app
from xrserver.config import Config

#: Seconds between commits while patches come in.
_COMMIT_SECONDS = 0.5
OPENXR = Path(__file__).resolve().parents[1] / "tests" / "openxr"


def measure(arguments: argparse.Namespace) -> list[Figure]:
    """Measure frames of the main thread's CPU time, drawing left out."""
    done = subprocess.run(["sh", str(OPENXR / "root.sh")], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHON": sys.executable})
    if done.returncode:
        print((done.stdout.strip().splitlines() or ["root.sh failed"])[-1], file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as folder:
        # A copy of its own, in which somebody commits.
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "-q", str(Path(arguments.repo).resolve()), str(clone)], check=True)
        with app.child_server(clone, Config()) as url:
            asyncio.run(_run(done.stdout.strip().splitlines()[-1], folder, url, clone))
        found: dict[str, list[float]] = json.loads((Path(folder) / "frames.json").read_text())
    figures = []
    for name, values in found.items():
        if not name.startswith(("ours", "runtime")):
            figures.append(Figure(f"headset: {name}, {len(values)} times", "ms", values))
            continue
        middle, last = percentile(values, 0.5), percentile(values, 0.99)
        ours = name.startswith("ours")
        what = f"frame in a headset, {name}: CPU"
        figures.append(Figure(what, "ms", [middle], "≤ 2 ms" if ours else ""))
        figures.append(Figure(f"{what}, p99", "ms", [last], "≤ 4 ms" if ours else ""))
    return figures


def _grow(clone: Path, while_there: Path, ended: threading.Event) -> None:
    """Commit to a few files, some times a second, while a file is there."""
    git = ["git", "-C", str(clone), "-c", "user.name=Bench", "-c", "user.email=bench@example.invalid",
           "-c", "commit.gpgsign=false"]
    listed = subprocess.run([*git, "ls-files"], capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.splitlines() if (clone / name).is_file()][::7]
    number = 0
    while not ended.wait(_COMMIT_SECONDS):
        if not while_there.exists():
            continue
        number += 1
        for name in names[number % len(names)::len(names) // 3 or 1]:
            with (clone / name).open("ab") as file:
                file.write(b"more of it\n" * number)
        subprocess.run([*git, "commit", "-q", "-a", "-m", "Grow"], check=True)


async def _run(root: str, out: str, url: str, clone: Path) -> None:
    """Run the measurement in the root; a socket in its folder leads to the server out here."""
    port = urlsplit(url).port

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError), contextlib.closing(writer):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, back), pump(there, writer))

    async with await asyncio.start_unix_server(relay, f"{out}/server.sock"):
        process = await asyncio.create_subprocess_exec(
            "sh", str(OPENXR / "enter.sh"), root, str(OPENXR.parents[1]), out,
            "python3", "/source/tests/openxr/inside/measure_frames.py",
            env={**os.environ, "XRSERVER_TEST_URL": url}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        ended = threading.Event()
        growing = threading.Thread(target=_grow, args=(clone, Path(out, "live"), ended))
        growing.start()
        told = (await process.communicate())[0].decode("utf-8", "replace")
        ended.set()
        growing.join()
    if process.returncode:
        raise RuntimeError(told[-2000:])
