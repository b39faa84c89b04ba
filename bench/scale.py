"""How opening, tiles and memory grow: 10³ to 10⁶ commits on a tenth as many files, with a plot.

``python -m bench.scale REPO [SCENE]`` opens one repository in this process and prints what it took, as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from bench.measure import Figure
from bench.stories import growing

if TYPE_CHECKING:
    from xrserver.history.index import FileVersions, HistoryIndex
    from xrserver.scene.definition import SceneDefinition

_WORK = Path(__file__).with_name("work")
SIZES = (1_000, 10_000, 100_000, 1_000_000)
SCENES = ("city", "river", "both")
_CACHE_BYTES = 16 << 30


def measure(arguments: argparse.Namespace) -> list[Figure]:
    """Open each size in each scene twice, in processes of their own: read, then remembered."""
    found: dict[str, dict[int, dict[str, float]]] = {scene: {} for scene in SCENES}
    figures: list[Figure] = []
    for commits in SIZES:
        repository = growing(_WORK / f"grown{commits}.git", commits, max(commits // 10, 100))
        with tempfile.TemporaryDirectory() as cache:
            for scene in SCENES:
                read, again = (_opened(repository, scene, cache, what) for what in ("read", "remembered"))
                found[scene][commits] = values = {
                    "read": read["whole"], "again": again["whole"], "bytes": again["bytes"],
                    "peak": max(read["peak"], again["peak"])}
                what = f"{scene}, {commits} commits on {max(commits // 10, 100)} files"
                # History is read but once: the scenes after the first are made of what is remembered.
                first = ", first time" if scene == SCENES[0] else ", its scene not remembered"
                figures += [
                    Figure(f"{what}: from opening to the coarse whole{first}", "s", [values["read"]]),
                    Figure(f"{what}: the same, remembered", "s", [values["again"]], "≤ 2 s"),
                    Figure(f"{what}: bytes until all of it is seen", "bytes", [values["bytes"]]),
                    Figure(f"{what}: most memory", "MB", [values["peak"]], "≤ 2000 MB"),
                    Figure(f"{what}: spans a second of one core that builds tiles", "spans/s",
                           [again["speed"]], "≥ 2 000 000"),
                    Figure(f"{what}: spans a second of one core that chooses a tile's error", "spans/s",
                           [again["planning"]])]
    for scene, values in found.items():
        file = "scale.svg" if scene == SCENES[0] else f"scale-{scene}.svg"
        Path(__file__).with_name(file).write_text(plot(values), encoding="utf-8")
    return figures


def _opened(repository: Path, scene: str, cache: str, what: str) -> dict[str, float]:
    environment = {**os.environ, "XDG_CACHE_HOME": cache}
    printed = subprocess.run([sys.executable, "-m", "bench.scale", str(repository), scene, what],
                             check=True, capture_output=True, text=True, env=environment).stdout
    return json.loads(printed.splitlines()[-1])


async def _open(path: Path, name: str = "city", what: str = "remembered") -> dict[str, float]:
    from xrserver.config import Config
    from xrserver.history.opening import open_history
    from xrserver.pipeline import open_repository

    began = time.perf_counter()
    if what == "read":
        # A server shows the newest part first; here all of it is waited for.
        repository, _, _ = await asyncio.to_thread(open_history, path, cache_bytes=_CACHE_BYTES,
                                                     progress=lambda phase, done, total: None)
        repository.close()
    config = Config(repositories=(path,), cache_bytes=_CACHE_BYTES, scene=name)
    opened = await open_repository(path, config, lambda phase, done, total: None)
    scene = await opened.scene()
    body = await opened.body(scene, scene.root.id, deflated=True)
    table = await opened.body(scene, scene.table_id, deflated=True)
    whole = time.perf_counter() - began
    await asyncio.to_thread(scene.prepare)
    peak = _peak()
    speed, planning = tile_speed(opened.index, opened.versions, scene.definition)
    await opened.close()
    return {"whole": whole, "bytes": len(body) + len(table), "speed": speed, "planning": planning,
            "peak": peak}


def tile_speed(index: HistoryIndex, versions: FileVersions,
               definition: SceneDefinition) -> tuple[float, float]:
    """Return of how many spans a second one core makes a coarse tile, and chooses the error of one."""
    from xrserver.scene.compose import compose

    tiling = replace(definition.tiling, whole_nodes=0, whole_spans=0)
    definition = replace(definition, tiling=tiling)
    tree = compose(index, versions, definition, "bench").tree
    _, spans = tree.size
    root = tree.root()
    tree.tile(root)  # kernels are compiled, and its error is chosen
    start = time.thread_time()
    tree.tile(root)
    built = time.thread_time() - start
    start = time.thread_time()
    for part in tree.children(root) if definition.parts else [root]:
        part.plan = None
        tree.plan(part)
    return spans / built, spans / (time.thread_time() - start)


def _peak() -> float:
    """Return the most memory this process has had, MB; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0.0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)


#: What a line of the plot is called, and its colour.
_LINES = {"read": ("first time to the whole, s", "#D55E00"), "again": ("remembered, s", "#0072B2"),
          "peak": ("most memory, MB", "#009E73"), "bytes": ("bytes sent, MB", "#CC79A7")}


def plot(found: dict[int, dict[str, float]], lines: dict[str, tuple[str, str]] = _LINES) -> str:
    """Return how the figures grow, as SVG; both axes are logarithmic."""
    from math import log10

    scale = {"bytes": 1e-6}
    points = {name: [(log10(n), log10(max(values[name] * scale.get(name, 1.0), 1e-3)))
                     for n, values in found.items()] for name in lines}
    parts: list[str] = []
    for tick in range(3, 7):
        x = 60 + (tick - 3) * 150
        parts.append(f'<path d="M{x} 20V320" stroke="#ddd"/>'
                     f'<text x="{x}" y="340">10{"³⁴⁵⁶"[tick - 3]}</text>')
    for tick in range(-1, 5):
        y = 320 - (tick + 1) * 60
        parts.append(f'<path d="M60 {y}H510" stroke="#ddd"/><text x="52" y="{y + 4}" text-anchor="end">'
                     f"{10.0 ** tick:g}</text>")
    for i, (name, (label, colour)) in enumerate(lines.items()):
        path = " ".join(f"{60 + (x - 3) * 150:.1f},{320 - (y + 1) * 60:.1f}" for x, y in points[name])
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
                     f'<text x="530" y="{40 + 22 * i}" fill="{colour}">{escape(label)}</text>')
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 370" '
            'font-family="sans-serif" font-size="12">'
            '<rect width="720" height="370" fill="#fff"/>' + "".join(parts)
            + '<text x="285" y="362" text-anchor="middle">commits</text></svg>\n')


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_open(Path(sys.argv[1]), *sys.argv[2:]))))
