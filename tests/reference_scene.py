"""Generated histories, and slow, plain versions of what `xrserver.scene` computes."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np

from xrserver.columns import RANK_END, Flag
from xrserver.history.index import FileVersions, HistoryIndex, PathTree

MODE_FILE, MODE_SYMLINK, MODE_SUBMODULE = 0o100644, 0o120000, 0o160000


@dataclass
class Standing:
    """A file that stands while a history is being made up."""

    blob: int
    mode: int
    strata: list[int]
    birth: int
    touched: bool = False
    moved_from: int = -1
    count: int = 0


@dataclass
class Made:
    """A made-up history: the index and versions, and what stands at every rank, by path."""

    index: HistoryIndex
    versions: FileVersions
    standing: list[dict[int, tuple[int, int, int]]] = field(default_factory=list)


def path_tree(paths: list[bytes]) -> tuple[PathTree, dict[bytes, int]]:
    """Return the tree of all `paths` and of the directories around them, and ids by path."""
    ids: dict[bytes, int] = {b"": 0}
    parents, segments = [0], [b""]
    for path in paths:
        around = b""
        for segment in path.split(b"/"):
            whole = around + b"/" + segment if around else segment
            if whole not in ids:
                ids[whole] = len(parents)
                parents.append(ids[around])
                segments.append(segment)
            around = whole
    offsets = np.concatenate(([0], np.cumsum([len(s) for s in segments]))).astype(np.int64)
    tree = PathTree(np.array(parents, np.int32), offsets, np.frombuffer(b"".join(segments), np.uint8))
    return tree, ids


def make_history(seed: int, commits: int = 60, names: int = 24, depth: int = 3, people: int = 5) -> Made:
    """Make up a history: files come, change, are touched, move, go, come back and turn into directories."""
    rng = random.Random(seed)
    folders = [b""]
    for i in range(max(1, names // 4)):
        around = rng.choice([f for f in folders if len(f.split(b"/")) < depth or not f])
        folders.append((around + b"/" if around else b"") + b"d%d" % i)
    pool = sorted({(f + b"/" if f else b"") + rng.choice([b"f%d.py", b"t%d.md", b"x%d"]) % i
                   for i in range(names) for f in [rng.choice(folders)]})
    # Some names are files at one time and directories at another.
    pool += [p + b"/inside" for p in rng.sample(pool, min(2, len(pool)))]
    tree, ids = path_tree(pool)
    sizes: list[int] = []
    standing: dict[int, Standing] = {}
    laid: dict[int, list[int]] = {}
    rows: list[tuple[int, ...]] = []
    at: list[dict[int, tuple[int, int, int]]] = []
    mainline: list[int] = []
    by_id = {i: p for p, i in ids.items()}

    def close(path: int, rank: int, moved_to: int = -1) -> None:
        s = standing.pop(path)
        rows.append((path, s.birth, rank, s.blob, s.mode, s.count, s.touched, s.moved_from, moved_to))

    def open_(path: int, rank: int, blob: int, mode: int, moved_from: int = -1,
              touched: bool = False) -> None:
        standing[path] = Standing(blob, mode, laid[path], rank, touched, moved_from, len(laid[path]))

    def new_blob() -> int:
        sizes.append(int(rng.lognormvariate(6, 2)))
        return len(sizes) - 1

    def free(path: bytes) -> bool:
        parts = path.split(b"/")
        above = [b"/".join(parts[:k]) for k in range(1, len(parts))]
        return (not any(ids[a] in standing for a in above)
                and not any(by_id[s].startswith(path + b"/") for s in standing))

    for rank in range(commits):
        on_mainline = rank == 0 or rng.random() < 0.75
        if on_mainline:
            mainline.append(rank)
        used: set[int] = set()
        for _ in range(rng.randint(0, 4) if rank else 3):
            path = rng.choice(pool)
            p = ids[path]
            if p in used:
                continue
            used.add(p)
            if not on_mainline:
                if p in standing:
                    s = standing[p]
                    close(p, rank)
                    open_(p, rank, s.blob, s.mode, touched=True)
                continue
            if p not in standing:
                if free(path):
                    laid.setdefault(p, []).append(rank)
                    mode = rng.choices([MODE_FILE, MODE_SYMLINK, MODE_SUBMODULE], [12, 1, 1])[0]
                    open_(p, rank, new_blob(), mode)
                continue
            what = rng.random()
            if what < 0.2:
                close(p, rank)
            elif what < 0.4:
                targets = [q for q in pool if ids[q] not in standing and ids[q] not in used and free(q)]
                if targets:
                    q = ids[rng.choice(targets)]
                    used.add(q)
                    s = standing[p]
                    close(p, rank, q)
                    # A path that comes back by a move begins with what the moved one had.
                    if q not in laid:
                        laid[q] = [*laid[p][:s.count], rank]
                        open_(q, rank, s.blob, s.mode, moved_from=p)
                    else:
                        laid[q].append(rank)
                        open_(q, rank, s.blob, s.mode, moved_from=p)
            else:
                s = standing[p]
                close(p, rank)
                laid[p].append(rank)
                open_(p, rank, s.blob if what > 0.9 else new_blob(), s.mode)
        at.append({p: (s.blob, s.mode, s.count) for p, s in standing.items()})
    for p in list(standing):
        close(p, RANK_END)
    rows.sort()
    table = np.array(rows, np.int64).reshape(-1, 9)
    strata_offsets = np.zeros(len(tree.parent) + 1, np.int64)
    strata: list[int] = []
    for p in range(len(tree.parent)):
        strata += laid.get(p, [])
        strata_offsets[p + 1] = len(strata)
    i4 = np.int32
    versions = FileVersions(
        table[:, 0].astype(i4), table[:, 1].astype(i4), table[:, 2].astype(i4), table[:, 3].astype(i4),
        table[:, 4].astype(np.uint32), table[:, 5].astype(i4), table[:, 6].astype(np.bool_),
        table[:, 7].astype(i4), table[:, 8].astype(i4), strata_offsets, np.array(strata, i4))
    author = np.array([rng.randrange(people) for _ in range(commits)], i4)
    return Made(_index(tree, sizes, author, mainline, people), versions, at)


def _index(tree: PathTree, sizes: list[int], author: np.ndarray, mainline: list[int],
           people: int) -> HistoryIndex:
    n, zeros = len(author), np.zeros(0, np.int32)
    times = 1_600_000_000 + 3600 * np.arange(n, dtype=np.int64)
    oids = np.zeros((n, 20), np.uint8)
    oids[:, 0], oids[:, 1] = np.arange(n) & 255, np.arange(n) >> 8
    names = tuple(b"Person %d" % i for i in range(people))
    emails = tuple(b"p%d@example.org" % i for i in range(people))
    return HistoryIndex(
        "sha1", oids, np.zeros(n + 1, np.int64), zeros, author, author, np.zeros(n + 1, np.int64), zeros,
        times, np.zeros(n, np.int16), times, times,
        np.array(mainline, np.int32), np.arange(n, dtype=np.int32), np.zeros(n + 1, np.int64),
        zeros, zeros, zeros, zeros.astype(np.uint32), zeros.astype(np.uint32),
        np.zeros((len(sizes), 20), np.uint8),
        np.array(sizes, np.int64), tree, names, emails, names, emails,
        np.arange(people, dtype=np.int32), "refs/heads/main",
        (("refs/heads/main", n - 1, "head"), ("refs/tags/v1", n // 2, "tag")))


#: A box as it is drawn: where its base is, its size, its strata.
State = tuple[tuple[float, ...], tuple[float, ...], float]


def state(spans: np.ndarray, nodes: np.ndarray, rank: int, fraction: float,
          ease: float) -> dict[tuple[int, bool], State]:
    """Return what is drawn at a real playhead, by the rules of CONVENTIONS.md, one node after the other.

    Keys are (node id, whether it is a block for several things).
    """
    drawn: dict[tuple[int, bool], State] = {}
    easing = fraction > 1 - ease
    k = (fraction - 1 + ease) / ease if easing else 0.0
    smooth = k * k * (3 - 2 * k)
    for node in nodes:
        own = spans[node["first_span"]:node["first_span"] + node["span_count"]]
        come = [s for s in own if s["birth"] <= rank + (1 if easing else 0)]
        if not come:
            continue
        span = come[-1]
        flags = Flag((int(span["traits"]) >> 8) & 255)
        position, size = [float(x) for x in span["position1"]], [float(x) for x in span["size1"]]
        value = float(span["value1"])
        if span["birth"] == rank + 1:
            if Flag.ENTERS in flags:
                size[1] *= smooth
            elif Flag.EASED in flags:
                position0, size0 = span["position0"].tolist(), span["size0"].tolist()
                position = [a + (b - a) * smooth for a, b in zip(position0, position, strict=True)]
                size = [a + (b - a) * smooth for a, b in zip(size0, size, strict=True)]
                value = float(span["value0"]) + (value - float(span["value0"])) * smooth
        elif span["death"] <= rank:
            continue
        elif span["death"] == rank + 1 and easing:
            if Flag.LEAVES not in flags:
                continue
            size[1] *= 1 - smooth
        drawn[int(node["node"]), Flag.AGGREGATE in flags] = (tuple(position), tuple(size), value)
    return drawn


def ancestors(tree: PathTree, path: int) -> list[int]:
    """Return the directories around a path, the nearest first, the root last."""
    around: list[int] = []
    while path:
        path = int(tree.parent[path])
        around.append(path)
    return around


def whole_path(tree: PathTree, path: int) -> bytes:
    """Return the whole path in git's bytes."""
    text = tree.bytes.tobytes()
    down = [*ancestors(tree, path)[-2::-1], path]
    return b"/".join(text[tree.offsets[p]:tree.offsets[p + 1]] for p in down)
