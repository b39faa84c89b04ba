"""Random histories from a seed: as arrays without git, and as scripts that git writes."""

from __future__ import annotations

import random

import numpy as np
import reference_history as reference
from repositories import FIRST_SECOND, Entry, Script, executable, link

from xrserver.history.index import HistoryIndex, PathTree

Tree = dict[int, tuple[int, int]]
_MODES = (0o100644, 0o100644, 0o100644, 0o100755, 0o120000, 0o160000)


def random_index(seed: int, commits: int, paths: int) -> tuple[HistoryIndex, list[Tree]]:
    """Return an index of `commits` random commits on files below `paths` folders, and each one's tree."""
    rng = random.Random(seed)
    folders = [f"d{number}" for number in range(paths)]
    names = [b"", *(folder.encode() for folder in folders)]
    path_parent = [0] * len(names)
    for folder in range(1, paths + 1):
        for name in (b"x", b"y", b"z"):
            names.append(name)
            path_parent.append(folder)
    files = range(paths + 1, len(names))
    offsets = np.cumsum([0, *map(len, names)]).astype(np.int64)
    tree = PathTree(np.array(path_parent, np.int32), offsets, np.frombuffer(b"".join(names), np.uint8))

    parents: list[list[int]] = []
    trees: list[Tree] = []
    for rank in range(commits):
        count = rng.choice((1, 1, 1, 2, 2, 3)) if rank and rng.random() > 0.03 else 0
        found = rng.sample(range(max(0, rank - 6), rank), min(count, rank, 6))
        if found and rng.random() < 0.7 and rank - 1 not in found:
            found[0] = rank - 1
        parents.append(found)
        now: Tree = dict(trees[found[0]]) if found else {}
        for other in found[1:]:
            if rng.random() < 0.8:
                base = trees[rng.choice(range(rank))]
                now |= {p: state for p, state in trees[other].items() if base.get(p) != state}
                for path in set(base) - set(trees[other]):
                    now.pop(path, None)
        for _ in range(rng.choice((0, 1, 1, 2, 4)) if not found[1:] or rng.random() < 0.3 else 0):
            _edit(rng, now, list(files))
        trees.append(now)

    rows: list[tuple[int, int, int, int, int]] = []
    change_offsets = [0]
    for rank in range(commits):
        before = trees[parents[rank][0]] if parents[rank] else {}
        for path in sorted(before.keys() | trees[rank].keys()):
            (blob, mode), (old_blob, old_mode) = trees[rank].get(path, (-1, 0)), before.get(path, (-1, 0))
            if (blob, mode) != (old_blob, old_mode):
                rows.append((path, blob, old_blob, mode, old_mode))
        change_offsets.append(len(rows))
    columns = np.array(rows, np.int64).reshape(-1, 5).T
    mainline = reference.first_parents(parents, commits - 1)
    zeros = np.zeros(commits, np.int64)
    index = HistoryIndex(
        "sha1", np.zeros((commits, 20), np.uint8),
        np.cumsum([0, *map(len, parents)]).astype(np.int64),
        np.array([parent for found in parents for parent in found], np.int32),
        zeros.astype(np.int32), zeros.astype(np.int32), np.zeros(commits + 1, np.int64),
        np.zeros(0, np.int32), zeros, zeros.astype(np.int16), zeros, zeros,
        np.array(mainline, np.int32), np.array(reference.landing_ranks(parents, mainline), np.int32),
        np.array(change_offsets, np.int64), *(columns[i].astype(np.int32) for i in range(3)),
        *(columns[i].astype(np.uint32) for i in (3, 4)),
        np.zeros((8, 20), np.uint8), np.zeros(8, np.int64), tree, (b"A",), (b"a",), (b"A",), (b"a",),
        np.zeros(1, np.int32), "refs/heads/main", ())
    return index, trees


def _edit(rng: random.Random, tree: Tree, files: list[int]) -> None:
    """Add, change, delete or move something; few blobs, so that equal ones are common."""
    standing, free = sorted(tree), [path for path in files if path not in tree]
    what = rng.random()
    if what < 0.45 and standing and free:
        source, target = rng.choice(standing), rng.choice(free)
        tree[target] = tree.pop(source)
    elif what < 0.6 and standing:
        del tree[rng.choice(standing)]
    else:
        tree[rng.choice(files)] = rng.randrange(8), rng.choice(_MODES)


def random_script(seed: int, commits: int = 40, object_format: str = "sha1") -> Script:
    """Return a random history for git: branches, merges of a random mix of both sides, moves, odd clocks."""
    rng = random.Random(seed)
    script = Script(object_format)
    names = [f"{folder}{name}" for folder in ("", "a/", "a/b/", "c/") for name in ("x", "y.c", "zed")]
    trees: dict[int, dict[str, bytes | Entry]] = {}
    contents: list[bytes | Entry] = [b"", b"one\n", b"two\n", b"three\n",
                                     executable(b"one\n"), link(b"one\n")]
    mark = 0
    for _ in range(commits):
        branch = rng.choice(["main", "main", "topic", "side", "fix"])
        if branch not in script.branches:
            if mark:
                script.branch(branch, rng.choice(list(script.branches.values())))
            else:
                branch = "main"
        tip = script.branches.get(branch)
        before = trees[tip] if tip else {}
        now = dict(before)
        others = [b for b, at in script.branches.items() if b != branch and at != tip]
        merged = rng.sample(others, min(len(others), rng.choice((0, 0, 0, 1, 1, 2)))) if tip else []
        for other in merged:
            for name in names:
                if rng.random() < 0.6:
                    theirs = trees[script.branches[other]].get(name)
                    now.pop(name, None)
                    if theirs is not None:
                        now[name] = theirs
        for _ in range(0 if merged and rng.random() < 0.6 else rng.choice((1, 1, 2, 3))):
            free = [name for name in names if name not in now]
            if now and free and rng.random() < 0.4:
                now[rng.choice(free)] = now.pop(rng.choice(sorted(now)))
            elif now and rng.random() < 0.2:
                del now[rng.choice(sorted(now))]
            else:
                now[rng.choice(names)] = rng.choice(contents)
        changes: dict[str | bytes, bytes | Entry | None] = {name: None for name in before if name not in now}
        changes |= {name: content for name, content in now.items() if before.get(name) != content}
        parents = [tip, *(script.branches[other] for other in merged)] if tip else []
        mark = script.commit(changes, branch, list(dict.fromkeys(parents)),
                             when=FIRST_SECOND + rng.choice((0, 600 * mark, rng.randrange(40_000))))
        trees[mark] = now
    return script
