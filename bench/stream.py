"""Encoding and decoding a tile, in Python and as the page does it in its worker."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.measure import Figure, seconds

_CLIENT = Path(__file__).parent.parent / "webxr_client"


def measure(arguments: argparse.Namespace) -> list[Figure]:
    """Encode and decode the real repository's root tile; figures are MB of body per second."""
    from xrserver.history.log import read_index
    from xrserver.history.repository import Repository
    from xrserver.history.versions import file_versions
    from xrserver.scene.build import build_scene
    from xrserver.scene.definition import load_scene
    from xrserver.stream.bodies import encode_body
    from xrserver.stream.codec import decode_body

    with Repository.open(arguments.repo) as repository:
        index = read_index(repository)
    built = build_scene(index, file_versions(index), load_scene("city"), "bench")
    body = encode_body(built, built.root.id)
    megabytes = len(body) / 1e6
    runs = 4 * arguments.runs
    encoded = [megabytes / seconds(lambda: encode_body(built, built.root.id)) for _ in range(runs)]
    decoded = [megabytes / seconds(lambda: decode_body(body)) for _ in range(runs)]
    figures = [
        Figure(f"make the coarse whole, {megabytes:.1f} MB, and encode it", "MB/s", encoded),
        Figure("decode it in Python, validated", "MB/s", decoded),
    ]
    node = shutil.which("node")
    if node is None:
        return figures
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tile.bin"
        file.write_bytes(body)
        printed = subprocess.run([node, str(_CLIENT / "tests" / "decode.bench.ts"), str(file), str(runs)],
                                 check=True, capture_output=True, text=True, cwd=_CLIENT).stdout
    times = json.loads(printed)
    speeds = [megabytes / (t / 1e3) for t in times]
    return [*figures, Figure("decode it in TypeScript (Node.js)", "MB/s", speeds)]
