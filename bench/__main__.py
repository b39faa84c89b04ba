"""``python -m bench [PART ...] [--repo REPO] [--runs N]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bench import cut, headset, history, native, page, scale, scene, stream, volume
from bench.measure import Figure, machine, table, write

PARTS: dict[str, Callable[[argparse.Namespace], list[Figure]]] = {
    "history": history.measure,
    "scene": scene.measure,
    "cut": cut.measure,
    "scale": scale.measure,
    "stream": stream.measure,
    "page": page.measure,
    "headset": headset.measure,
    "volume": volume.measure,
    "native": native.measure,
}


def main() -> int:
    """Measure the parts asked for, print a table and write the results."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--repo", type=Path, default=Path(), help="real repository (default: this one)")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each measurement (default: 5)")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results.json"))
    arguments = parser.parse_args()
    unknown = [part for part in arguments.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part called {unknown[0]!r}; there are {', '.join(PARTS)}")
    about = machine()
    figures: list[Figure] = []
    for name in arguments.parts or PARTS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        figures += PARTS[name](arguments)
    print(table(figures))
    write(arguments.out, figures, about)
    return 0


if __name__ == "__main__":
    sys.exit(main())
