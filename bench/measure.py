"""Repeating a measurement, pairing it with a peer, and saying what came out.

Machines are noisy, so a figure is a median over several runs, and a comparison is the median of
ratios between runs made one after the other.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Figure:
    """One line of the table.

    `values` are all runs in `unit`; `peer_values` those of `peer`, run by run beside them.
    `target` is what was promised, as a sentence fit for the table; `note` says what was not as it
    should be.
    """

    name: str
    unit: str
    values: list[float]
    target: str = ""
    peer: str = ""
    peer_values: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def ratio(self) -> float | None:
        """Median of run-by-run ratios to the peer; below 1 is faster, where less is better."""
        if not self.peer_values:
            return None
        pairs = zip(self.values, self.peer_values, strict=False)
        return statistics.median(ours / theirs for ours, theirs in pairs)


def percentile(values: list[float], p: float) -> float:
    """Return the smallest value that at least a share `p` of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, int(-(-p * len(ordered) // 1)) - 1))]


def seconds(run: Callable[[], object]) -> float:
    """Return how long `run` took, in seconds of wall clock."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def paired(ours: Callable[[], object], theirs: Callable[[], object],
           runs: int) -> tuple[list[float], list[float]]:
    """Time both in turn `runs` times, after one warm-up of each."""
    ours()
    theirs()
    mine: list[float] = []
    peer: list[float] = []
    for _ in range(runs):
        mine.append(seconds(ours))
        peer.append(seconds(theirs))
    return mine, peer


def machine() -> dict[str, object]:
    """Return what a reader must know about where the figures come from."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {
        "cores": os.cpu_count(),
        "processor": model,
        "system": platform.system(),
        "python": platform.python_version(),
        "load at start": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def table(figures: list[Figure]) -> str:
    """Return the figures as text, a line each."""
    rows = [("what", "median", "spread", "peer", "ratio", "promised")]
    for f in figures:
        spread = f"{min(f.values):.3g}–{max(f.values):.3g}" if len(f.values) > 1 else ""
        peer = f"{f.peer}: {statistics.median(f.peer_values):.3g}" if f.peer_values else f.peer
        ratio = f"{f.ratio:.2f}" if f.ratio is not None else ""
        rows.append((f.name, f"{f.median:.4g} {f.unit}", spread, peer, ratio, f.target))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines[1:1] = ["  ".join("-" * w for w in widths)]
    notes = [f"* {f.name}: {f.note}" for f in figures if f.note]
    return "\n".join(lines + notes)


def write(path: Path, figures: list[Figure], about: dict[str, object]) -> None:
    """Write figures and machine to `path`; those of other parts, maybe measured elsewhere, are kept."""
    kept: dict[str, object] = {}
    if path.exists():
        kept = {f["name"]: f for f in json.loads(path.read_text(encoding="utf-8"))["figures"]}
    own = {"processor": about["processor"]}
    kept.update({f.name: {**asdict(f), "median": f.median, "ratio": f.ratio, **own} for f in figures})
    document = {"machine": about, "figures": list(kept.values())}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
