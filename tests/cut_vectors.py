"""Writes ``tests/vectors/cut/``: what `xrserver.scene.cut` computes, for TypeScript to equal.

``python -m tests.cut_vectors`` writes the files; a test says when they are not current.
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from xrserver.columns import RANK_END
from xrserver.scene.cut import Candidates, cut, drawn

HERE = Path(__file__).parent / "vectors" / "cut"


def tree(seed: int) -> Candidates:
    """Make up headers: children split their parent in space or in time, or are not known."""
    chance = random.Random(seed)
    rows: list[dict[str, Any]] = [{
        "first": 0, "children": 0, "box": [-100.0, 0.0, -70.0, 100.0, 40.0, 70.0],
        "error": chance.choice([0.0, 8.0, 40.0, 40.0]), "lo": 0, "hi": RANK_END, "nodes": 40, "spans": 100}]
    for row, around in enumerate(rows):
        if len(rows) > 30 or around["error"] == 0.0 or (row and chance.random() < 0.3):
            continue
        box, lo, hi = around["box"], around["lo"], around["hi"]
        around["first"] = len(rows)
        cost = {"error": chance.choice([0.0, around["error"] / 2, around["error"] / 4])}
        if chance.random() < 0.5:
            borders = sorted({lo, hi, *(chance.randint(lo, min(hi, 100)) for _ in range(3))})
            for a, b in pairwise(borders):
                rows.append({"first": 0, "children": 0, "box": box, "lo": a, "hi": b, **cost,
                             "nodes": chance.randint(20, 200), "spans": chance.randint(50, 900)})
        else:
            middle = box[0] + (box[3] - box[0]) * chance.choice([0.25, 0.5])
            for a, b in ((box[0], middle), (middle, box[3])):
                rows.append({"first": 0, "children": 0, "box": [a, *box[1:3], b, *box[4:]],
                             "lo": lo, "hi": hi, **cost,
                             "nodes": chance.randint(20, 200), "spans": chance.randint(50, 900)})
        around["children"] = len(rows) - around["first"]
    return Candidates(**{name: [row[name] for row in rows] for name in rows[0]})


def cases() -> dict[str, list[dict[str, Any]]]:
    """Return the cases by function."""
    chance = random.Random(7)
    cuts: list[dict[str, Any]] = []
    draws: list[dict[str, Any]] = []
    for seed in range(40):
        tiles = tree(seed)
        eye = [chance.choice([-150.0, 0.0, 260.0]), chance.choice([1.7, 90.0]), chance.choice([0.0, 400.0])]
        view = (eye, chance.choice([3.0, 40.0, 900.0]), chance.choice([0, 1, 40, 99, 100, 5000]),
                chance.choice([300, 900, 30_000]), chance.choice([1200, 4000, 150_000]))
        cuts.append({"name": f"tree {seed}", "args": [asdict(tiles), *view],
                     "expected": asdict(cut(tiles, *view))})
        held = [row == 0 or chance.random() < 0.7 for row in range(len(tiles.first))]
        nodes = chance.choice([100, 250, 10_000])
        draws.append({"name": f"tree {seed}", "args": [asdict(tiles), held, view[2], nodes],
                      "expected": drawn(tiles, held, view[2], nodes)})
    return {"cut": cuts, "drawn": draws}


def files() -> dict[Path, str]:
    """Return the content of each file of vectors."""
    return {HERE / f"cut.{function}.json": json.dumps({"function": f"cut.{function}", "cases": made}) + "\n"
            for function, made in cases().items()}


if __name__ == "__main__":
    HERE.mkdir(parents=True, exist_ok=True)
    for file, text in files().items():
        file.write_text(text, encoding="utf-8", newline="\n")
