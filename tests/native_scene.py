"""What tests of the native viewer share: a scripted town, random nodes, and what this machine can show."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from repositories import Script

from xrserver.columns import NODES, RANK_END, SPANS, STRATA, Category, Flag
from xrserver.errors import NoDisplay
from xrserver.native.offscreen import create_context

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

_FOLDERS = ("src/", "src/core/", "src/ui/", "docs/", "tests/", "data/deep/er/", "")
_ENDINGS = {"docs/": ".md", "tests/": "_test.py", "data/deep/er/": ".csv"}


def opengl() -> None:
    """Skip the test, visibly, where there is no OpenGL without a window."""
    try:
        create_context().release()
    except NoDisplay as reason:
        pytest.skip(str(reason))


def chromium() -> str:
    """Return the browser's path; skip the test, visibly, where there is none."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed.")
    return CHROMIUM


def town(commits: int = 90, files: int = 120) -> Script:
    """A history of a few districts, a day a commit: files appear, grow, move and go."""
    chance = random.Random(7)
    script = Script()
    standing: dict[str, bytes] = {}
    for day in range(commits):
        changes: dict[str | bytes, bytes | None] = {}
        for _ in range(1 + files // commits):
            folder = chance.choice(_FOLDERS)
            name = f"{folder}f{len(standing) + len(changes)}{_ENDINGS.get(folder, '.py')}"
            changes[name] = bytes(chance.choices(b"abc def\n", k=int(chance.lognormvariate(6.0, 1.4))))
        for name in chance.sample(sorted(standing), min(len(standing), 6)):
            changes[name] = standing[name] + b"more\n" * chance.randrange(1, 40)
        if day % 9 == 8:
            changes[chance.choice(sorted(standing))] = None
        if day % 11 == 10:
            old = chance.choice(sorted(standing.keys() - changes.keys()))
            changes[old], changes[f"moved/{old.replace('/', '-')}"] = None, standing[old]
        for name, content in changes.items():
            if content is None:
                standing.pop(str(name), None)
            else:
                standing[str(name)] = content
        script.commit(
            changes, when=1_500_000_000 + 86_400 * day, author=chance.choice((0, 0, 0, 1, 1, 2, 3, 4))
        )
    return script


def random_nodes(count: int, head: int, seed: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return records of nodes, spans and strata: lives of every kind, each on a plot of its own."""
    chance = random.Random(seed)
    nodes, spans, strata = np.zeros(count, NODES.dtype), [], []
    side = int(count**0.5) + 1
    for i in range(count):
        births = sorted(chance.sample(range(head + 1), chance.randrange(1, min(9, head))))
        first, place = len(spans), np.array([10.0 * (i % side), 0.5, 10.0 * (i // side)])
        category = chance.choice([c for c in Category if c != Category.DISTRICT])
        for k, birth in enumerate(births):
            follows = births[k + 1] if k + 1 < len(births) else RANK_END
            death = (
                follows
                if chance.random() < 0.8 or follows <= birth + 1
                else chance.randrange(birth + 1, min(follows, head + 2) + 1)
            )
            flags = chance.choice([0, Flag.EASED, Flag.ENTERS]) | chance.choice([0, Flag.LEAVES])
            span = np.zeros((), SPANS.dtype)
            span["birth"], span["death"], span["node"] = birth, death, 2 * i
            span["traits"] = flags << 8 | category << 16
            span["position1"] = place + np.array([chance.uniform(-1, 1), 0, chance.uniform(-1, 1)])
            span["size1"] = [chance.uniform(1, 6), chance.uniform(1, 30), chance.uniform(1, 6)]
            span["value1"], span["author"] = k + 1, chance.randrange(5)
            span["position0"] = place + np.array([chance.uniform(-1, 1), 0, chance.uniform(-1, 1)])
            span["size0"] = [chance.uniform(1, 6), chance.uniform(1, 30), chance.uniform(1, 6)]
            span["value0"] = k
            spans.append(span)
        nodes[i] = (first, len(births), len(strata), 0, 2 * i, 1, len(births), 1)
        strata += [(birth, chance.randrange(5)) for birth in births]
    return nodes, np.array(spans, SPANS.dtype), np.array(strata, STRATA.dtype)


def environment(**changes: str) -> dict[str, str]:
    """This process's environment with changes; an empty value takes a variable away."""
    made = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1]), **changes}
    return {name: value for name, value in made.items() if value}
