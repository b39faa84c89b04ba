"""The cut over 100 000 headers: compiled, in plain Python, and as the page does it, slowed four times."""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from bench.measure import Figure, seconds
from xrserver.columns import RANK_END
from xrserver.scene.cut import NEAREST, Candidates, cut

_CLIENT = Path(__file__).parent.parent / "webxr_client"
HEADERS = 100_000
#: Nodes drawn and spans held: a Quest 3's, and a desktop's.
BUDGETS = {"Quest 3": (80_000, 400_000), "desktop": (500_000, 2_000_000)}


def headers(count: int, seed: int = 1) -> Candidates:
    """Make up the headers of a city 4 km wide: quarters of quarters, then windows of time."""
    chance = random.Random(seed)
    tiles = Candidates()

    def add(box: list[float], error: float, lo: int, hi: int, nodes: int, spans: int) -> None:
        values = (0, 0, box, error, lo, hi, nodes, spans)
        for name, value in zip(Candidates.__dataclass_fields__, values, strict=True):
            getattr(tiles, name).append(value)

    add([-2000.0, 0.0, -2000.0, 2000.0, 90.0, 2000.0], 90.0, 0, RANK_END, 8000, 24_000)
    row = 0
    while len(tiles.first) < count:
        box, error, lo, hi = tiles.box[row], tiles.error[row], tiles.lo[row], tiles.hi[row]
        tiles.first[row], tiles.children[row] = len(tiles.first), 0
        wide = box[3] - box[0]
        parts = [(lo, hi, part % 2, part // 2) for part in range(4)] if wide > 40 else [
            (a, b, -1, -1) for a, b in ((lo, (lo + min(hi, 10**6)) // 2), ((lo + min(hi, 10**6)) // 2, hi))]
        for a, b, x, z in parts:
            low, up = box[0] + max(x, 0) * wide / 2, box[2] + max(z, 0) * wide / 2
            side = wide if x < 0 else wide / 2
            add([low, 0.0, up, low + side, 90.0, up + side], error * chance.uniform(0.5, 0.9), a, b,
                chance.randint(300, 2000), chance.randint(3000, 8000))
            tiles.children[row] += 1
        row += 1
    return tiles


def measure(arguments: argparse.Namespace) -> list[Figure]:
    """Time the cut of made-up headers, the eye going round in the city."""
    from xrserver.kernels.cut import cut as compiled

    tiles = headers(HEADERS)
    arrays = [np.array(column, np.float64 if name in ("box", "error") else np.int64)
              for name, column in asdict(tiles).items()]
    figures: list[Figure] = []
    runs = 10 * arguments.runs
    for name, (nodes, spans) in BUDGETS.items():
        def compiled_run(i: int, nodes: int = nodes, spans: int = spans) -> None:
            eye = np.array([400 * math.sin(i), 30.0, 400 * math.cos(i)])
            compiled(*arrays, eye, 400.0, NEAREST, i * 7919 % 100_000, nodes, spans)

        def plain_run(i: int, nodes: int = nodes, spans: int = spans) -> None:
            cut(tiles, (400 * math.sin(i), 30.0, 400 * math.cos(i)), 400.0, i * 7919 % 100_000, nodes, spans)

        compiled_run(0)
        what = f"cut of {len(tiles.first)} headers, budgets of a {name}"
        figures += [
            Figure(f"{what}: Numba", "ms", [1e3 * seconds(lambda i=i: compiled_run(i)) for i in range(runs)],
                   "≤ 0.3 ms"),
            Figure(f"{what}: plain Python", "ms",
                   [1e3 * seconds(lambda i=i: plain_run(i)) for i in range(runs)]),
        ]
        figures += _page(tiles, nodes, spans, runs, f"{what}: TypeScript, 4 × its time without throttle")
    return figures


def _page(tiles: Candidates, nodes: int, spans: int, runs: int, what: str) -> list[Figure]:
    node = shutil.which("node")
    if node is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "headers.json"
        columns = {**asdict(tiles), "box": [side for box in tiles.box for side in box]}
        file.write_text(json.dumps(columns), encoding="utf-8")
        printed = subprocess.run(
            [node, "tests/cut.bench.ts", str(file), str(nodes), str(spans), str(runs)],
            check=True, capture_output=True, text=True, cwd=_CLIENT).stdout
    found = json.loads(printed)
    return [Figure(what, "ms", [4 * time for time in found["times"]], "≤ 2 ms",
                   note=f"{found['residents']} tiles held, {found['draws']} drawn")]
