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
from xrserver import child
from xrserver.config import Config

#: Seconds between commits while patches come in.
_COMMIT_SECONDS = 0.5
#: Of a made-up repository that fills the budget of a headset on a PC: files, how many sizes they have, and
#: commits after the first. Each changes nine files of ten.
FILES, _SIZES, _LATER = 520_000, 16, 2
OPENXR = Path(__file__).resolve().parents[1] / "tests" / "openxr"


def measure(arguments: argparse.Namespace) -> list[Figure]:
    """Measure frames of the main thread's CPU time, drawing left out: of a real city, and at the budget."""
    root = _root()
    if root is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        # A copy of its own, in which somebody commits.
        clone = Path(folder) / "clone"
        repository = str(Path(arguments.repo).resolve())
        subprocess.run(["git", "clone", "-q", "--bare", repository, str(clone)], check=True)
        figures = frames(root, clone, "")
        large = made_up(Path(folder) / "large", FILES)
        return figures + frames(root, large, ", at the budget", error_pixels=0.02)


def _root() -> str | None:
    """Return the tests' root with Monado; say why there is none."""
    done = subprocess.run(["sh", str(OPENXR / "root.sh")], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHON": sys.executable})
    told = done.stdout.strip().splitlines() or ["root.sh failed"]
    if done.returncode:
        print(told[-1], file=sys.stderr)
        return None
    return told[-1]


def made_up(folder: Path, files: int) -> Path:
    """Make a bare repository of so many files, nearly all of which change in every commit."""
    from bench.cities import paths_and_sizes

    paths, sizes = paths_and_sizes(files)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    story = [b"blob\nmark :%d\ndata %d\n%s\n" % (k + 1, 2 ** k, b"x" * 2 ** k) for k in range(_SIZES)]
    sized = [(name, int(size).bit_length()) for name, size in zip(paths.whole(), sizes.tolist(), strict=True)
             if size >= 0]
    for k in range(1 + _LATER):
        story.append(b"commit refs/heads/main\ncommitter B <b@example.invalid> %d +0000\ndata 4\nMany\n" % (
            1_500_000_000 + 86_400 * k))
        story += [b"M 100644 :%d %s\n" % (1 + (size + k) % _SIZES, name)
                  for i, (name, size) in enumerate(sized) if k == 0 or i % 10 != k]
    subprocess.run(["git", "-C", str(folder), "fast-import", "--quiet"], input=b"".join(story), check=True)
    return folder


def frames(root: str, repository: Path, which: str, **settings: float) -> list[Figure]:
    """Measure a bare repository of our own; `settings` are those of ``measure_frames.py``."""
    with tempfile.TemporaryDirectory() as out, child.child_server(repository, Config()) as server:
        (Path(out) / "settings.json").write_text(json.dumps(settings))
        asyncio.run(_run(root, out, server.url, repository))
        found: dict[str, list[float]] = json.loads((Path(out) / "frames.json").read_text())
    figures = []
    for name, values in found.items():
        if not name.startswith(("ours", "runtime")):
            unit = "ms" if name.startswith(("taking", "collection")) else ""
            times = f", {len(values)} times" if unit else ""
            figures.append(Figure(f"headset{which}: {name}{times}", unit, values))
            if unit and values:
                figures.append(Figure(f"headset{which}: {name}, longest", unit, [max(values)]))
            continue
        middle, last = percentile(values, 0.5), percentile(values, 0.99)
        ours = name.startswith("ours")
        what = f"frame in a headset{which}, {name}: CPU"
        figures.append(Figure(what, "ms", [middle], "≤ 2 ms" if ours else ""))
        figures.append(Figure(f"{what}, p99", "ms", [last], "≤ 4 ms" if ours else ""))
    return figures


def _grow(repository: Path, while_there: Path, ended: threading.Event) -> None:
    """Commit to a few files, some times a second, while a file is there."""
    git = ["git", "-C", str(repository)]
    head = subprocess.run([*git, "symbolic-ref", "HEAD"], capture_output=True, check=True).stdout.strip()
    listed = subprocess.run([*git, "ls-tree", "-r", "-z", "HEAD"], capture_output=True, check=True).stdout
    modes = [line.split(b"\t", 1) for line in listed.split(b"\0") if line.startswith(b"100644 ")]
    names = [name for _, name in modes if not name.startswith(b'"') and b"\n" not in name]
    number = 0
    while not ended.wait(_COMMIT_SECONDS):
        if not while_there.exists():
            continue
        number += 1
        story = [b"commit %s\ncommitter Bench <bench@example.invalid> now\ndata 4\nGrow\nfrom %s^0\n" % (
            head, head)]
        for name in names[number * 7 % len(names)::len(names) // 4 or 1]:
            content = b"more of it\n" * (number * 20)
            story.append(b"M 100644 inline %s\ndata %d\n%s\n" % (name, len(content), content))
        subprocess.run([*git, "fast-import", "--quiet", "--date-format=now"], input=b"".join(story),
                       check=True)


async def _run(root: str, out: str, url: str, repository: Path) -> None:
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
        growing = threading.Thread(target=_grow, args=(repository, Path(out, "live"), ended))
        growing.start()
        told = (await process.communicate())[0].decode("utf-8", "replace")
        ended.set()
        growing.join()
    if process.returncode:
        raise RuntimeError(told[-2000:])
