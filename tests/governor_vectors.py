"""Writes ``tests/vectors/governor/``: what `xrserver.scene.governor` computes, for TypeScript to equal.

``python tests/governor_vectors.py`` writes the file; a test says when it is not current.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xrserver.scene.governor import Governor, governed

FILE = Path(__file__).parent / "vectors" / "governor" / "governor.governed.json"

#: Runs of frames: (how many, seconds of each), at a refresh of so many hertz.
STORIES: dict[str, tuple[float, list[tuple[int, float]]]] = {
    "a headset that keeps up": (90.0, [(90, 1 / 90), (900, 1 / 90)]),
    "one frame missed now and then": (72.0, [(99, 1 / 72), (1, 2 / 72), (99, 1 / 72), (1, 3 / 72)]),
    "too much from the first frame": (90.0, [(45, 2 / 90)] * 12),
    "too much, then enough, then too much again": (
        120.0, [(120, 2 / 120), (360, 1 / 120), (360, 1 / 120), (120, 2 / 120), (720, 1 / 120)]),
    "a desktop that slept": (60.0, [(60, 1 / 60), (1, 4.0), (60, 1 / 60), (1, 0.0), (1, -1.0)]),
    "never enough": (60.0, [(20, 0.1)] * 30),
    "well for long after trouble": (60.0, [(60, 0.05), (240, 1 / 60), (90, 0.05), *[(600, 1 / 60)] * 8]),
}


def played(frames: list[tuple[int, float]], refresh: float) -> list[Governor]:
    """Return the state after each run of frames."""
    state, found = Governor(), []
    for count, seconds in frames:
        for _ in range(count):
            state = governed(state, seconds, refresh)
        found.append(state)
    return found


def text() -> str:
    """Return the content of the file."""
    cases: list[dict[str, Any]] = [
        {"name": name, "args": [asdict(Governor()), frames, 1 / hertz],
         "expected": [asdict(state) for state in played(frames, 1 / hertz)]}
        for name, (hertz, frames) in STORIES.items()]
    return json.dumps({"function": "governor.governed", "cases": cases}, indent=1) + "\n"


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(text(), encoding="utf-8", newline="\n")
