"""Holds what a viewer is streamed, and what the REST API answers, against git itself.

    python -m bench.streamed REPO [--ranks 50]

A real server serves REPO, a real client fetches every exact tile. At ranks spread over the whole
history the files standing in the spans must be those of `git ls-tree -r` of the newest mainline
commit, and `files?at=` must give the same with modes, object ids and sizes. Ends with 1 if
anything differs.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import subprocess
import sys
from pathlib import Path

import aiohttp
import numpy as np

import xrserver
from xrserver import app
from xrserver.config import Config
from xrserver.scene.spans import live_at
from xrserver.stream.messages import TileBody

Entry = tuple[bytes, str, str, int | None]


def tree(repository: Path, commit: str) -> set[Entry]:
    """Return what git lists of a commit: path, mode, object id, size (None of a submodule)."""
    listed = subprocess.run(["git", "-C", str(repository), "ls-tree", "-r", "-l", "-z", commit],
                            stdout=subprocess.PIPE, check=True).stdout
    found: set[Entry] = set()
    for line in listed.split(b"\0")[:-1]:
        words, _, path = line.partition(b"\t")
        mode, _, oid, size = words.decode().split()
        found.add((path, mode, oid, int(size) if size.isdigit() else None))
    return found


def first_parents(repository: Path, ref: str) -> list[str]:
    """Return the commits of the mainline, oldest first."""
    command = ["git", "-C", str(repository), "rev-list", "--first-parent", "--reverse", ref]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.split()


def files_drawn(tile: TileBody, rank: int) -> list[bytes]:
    """Return the paths of the files that stand in a tile at `rank`, as often as they are drawn."""
    nodes = tile.nodes["records"]
    live = live_at(tile.spans["records"], nodes, rank)
    offsets, text = tile.names["offsets"], tile.names["bytes"]
    return [text[offsets[row]:offsets[row + 1]].tobytes()
            for row in np.flatnonzero(live >= 0) if nodes["node"][row] % 2 == 0]


async def files_answered(client: aiohttp.ClientSession, name: str, rank: int) -> set[Entry]:
    """Return what the REST API lists, all pages of it."""
    found: set[Entry] = set()
    cursor = ""
    while True:
        parameters = {"at": f"rank:{rank}", **({"cursor": cursor} if cursor else {})}
        async with client.get(f"/api/repositories/{name}/files", params=parameters) as response:
            response.raise_for_status()
            page = await response.json()
        for item in page["items"]:
            path = base64.b64decode(item["pathBytes"]) if item.get("pathBytes") else item["path"].encode()
            found.add((path, item["mode"], item["id"], item["size"]))
        cursor = page["next"]
        if not cursor:
            return found


async def differences(repository: Path, ranks: int) -> tuple[int, int, list[str]]:
    """Return how many ranks and files were compared, and what differed."""
    config = Config(repositories=(repository,), port=0)
    async with app.server(config, lambda phase, done, total: None) as serving:
        await serving.opened()
        # Of a long history the newest part is shown first: it is all that is compared.
        await asyncio.gather(*(each.current.wait() for each in serving.following))
        return await _compare(repository, serving.url, ranks)


async def _compare(repository: Path, url: str, ranks: int) -> tuple[int, int, list[str]]:
    wrong: list[str] = []
    count = 0
    async with xrserver.connect(url) as session:
        scene = session.scene
        leaves: list[TileBody] = []
        waiting = [scene.root]
        while waiting:
            body = await session.tile(waiting.pop().id)
            waiting += body.header.children
            if not body.header.children:
                leaves.append(body)
        base, _, token = url.partition("?token=")
        headers = {"Authorization": f"Bearer {token}"}
        chain = first_parents(repository, scene.mainline_ref)
        table = await session.table()
        on_mainline = np.flatnonzero(table.timeline["mainline"])
        moments = np.unique(np.linspace(0, scene.head_rank, ranks).astype(int)).tolist()
        async with aiohttp.ClientSession(base, headers=headers) as client:
            for rank in moments:
                position = int(np.searchsorted(on_mainline, rank, side="right")) - 1
                theirs = tree(repository, chain[position]) if position >= 0 else set()
                drawn = [path for tile in leaves if tile.header.lo <= rank < tile.header.hi
                         for path in files_drawn(tile, rank)]
                count += len(drawn)
                if sorted(drawn) != sorted(path for path, *_ in theirs):
                    wrong.append(f"rank {rank}: the spans differ from git ls-tree -r")
                if await files_answered(client, scene.repository, rank) != theirs:
                    wrong.append(f"rank {rank}: files?at differs from git ls-tree -r -l")
    return len(moments), count, wrong


def main() -> int:
    """Compare, and print a verdict."""
    parser = argparse.ArgumentParser(prog="python -m bench.streamed")
    parser.add_argument("repository", type=Path)
    parser.add_argument("--ranks", type=int, default=50, help="moments at which to compare (default: 50)")
    arguments = parser.parse_args()
    ranks, files, wrong = asyncio.run(differences(arguments.repository, arguments.ranks))
    print("\n".join(wrong))
    print(f"{'WRONG' if wrong else 'equal'}: {ranks} ranks, {files} files drawn, {len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
