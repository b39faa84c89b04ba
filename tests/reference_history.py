"""The kernels of history again, slow and plain: sets, dictionaries and lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from xrserver.columns import RANK_END
from xrserver.history.index import HistoryIndex


def canonical_order(parents: Sequence[Sequence[int]], keys: Sequence[tuple[int, bytes]]) -> list[int]:
    """Rows by rank: again and again the smallest key of those whose parents all have a rank."""
    order: list[int] = []
    while len(order) < len(parents):
        ready = [row for row in range(len(parents))
                 if row not in order and all(parent in order for parent in parents[row])]
        if not ready:
            break
        order.append(min(ready, key=lambda row: keys[row]))
    return order


def first_parents(parents: Sequence[Sequence[int]], tip: int) -> list[int]:
    chain = [tip]
    while parents[chain[-1]]:
        chain.append(parents[chain[-1]][0])
    return chain[::-1]


def reach(parents: Sequence[Sequence[int]], tip: int) -> set[int]:
    found: set[int] = set()
    waiting = [tip]
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            waiting.extend(parents[at])
    return found


def landing_ranks(parents: Sequence[Sequence[int]], mainline: Sequence[int]) -> list[int]:
    landing = [-1] * len(parents)
    for tip in reversed(mainline):
        for rank in reach(parents, tip):
            landing[rank] = tip
    return landing


@dataclass(frozen=True)
class Change:
    path: int
    blob: int
    old_blob: int
    mode: int
    old_mode: int


@dataclass(frozen=True)
class Version:
    path: int
    birth: int
    death: int
    blob: int
    mode: int
    strata: tuple[int, ...]
    touched: bool
    moved_from: int
    moved_to: int


def parents_of(index: HistoryIndex) -> list[list[int]]:
    return [index.parents[a:b].tolist() for a, b in pairwise(index.parent_offsets)]


def changes_of(index: HistoryIndex) -> list[list[Change]]:
    columns = (index.change_path, index.change_blob, index.change_old_blob,
               index.change_mode, index.change_old_mode)
    every = [Change(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    return [every[a:b] for a, b in pairwise(index.change_offsets)]


def path_names(index: HistoryIndex) -> list[bytes]:
    tree, names = index.paths, [b""]
    for path in range(1, len(tree.parent)):
        segment = tree.bytes[tree.offsets[path]:tree.offsets[path + 1]].tobytes()
        names.append((names[tree.parent[path]] + b"/" if tree.parent[path] else b"") + segment)
    return names


def kind(mode: int) -> int:
    return mode if mode in (0o120000, 0o160000) else 0o100000


def exact_moves(changes: Sequence[Change], names: Sequence[bytes]) -> dict[int, int]:
    """Target → source: equal blob and kind, first by equal file name, then by path bytes."""
    removed = sorted((c for c in changes if c.mode == 0), key=lambda c: names[c.path])
    added = sorted((c for c in changes if c.old_mode == 0), key=lambda c: names[c.path])
    moves: dict[int, int] = {}
    for by_name in (True, False):
        for new in added:
            for old in removed:
                if new.path not in moves and old.path not in moves.values() \
                        and (new.blob, kind(new.mode)) == (old.old_blob, kind(old.old_mode)) \
                        and (not by_name or _file(names, new.path) == _file(names, old.path)):
                    moves[new.path] = old.path
    return moves


def _file(names: Sequence[bytes], path: int) -> bytes:
    return names[path].rpartition(b"/")[2]


def mainline_moves(changes: Sequence[Change], landed: Sequence[Sequence[Change]], names: Sequence[bytes],
                   ) -> tuple[dict[int, int], dict[int, set[int]]]:
    """Moves (target → source) of a mainline commit, and path → targets that take what lands on it.

    `landed` are the changes of the non-merge commits that land with it (not its own), by rank.
    """
    moves = exact_moves(changes, names)
    history: dict[int, list[int]] = {}  # path → names the file there had before it, oldest first
    for commit in landed:
        steps = exact_moves(commit, names)
        history |= {new: [*history.get(old, []), old] for new, old in steps.items()}
    removed = {c.path: c for c in changes if c.mode == 0 and c.path not in moves.values()}
    added = sorted((c for c in changes if c.old_mode == 0 and c.path not in moves),
                   key=lambda c: names[c.path])
    for by_name in (True, False):
        for new in added:
            old = removed.get(history[new.path][0]) if new.path in history else None
            if old is not None and new.path not in moves and kind(old.old_mode) == kind(new.mode) \
                    and (not by_name or _file(names, old.path) == _file(names, new.path)):
                moves[new.path] = old.path
                del removed[old.path]
    heirs: dict[int, set[int]] = {}
    for new, old in moves.items():
        for path in [old, *history.get(new, [])[1:]]:
            heirs.setdefault(path, set()).add(new)
    return moves, heirs


def file_versions(index: HistoryIndex) -> tuple[list[Version], list[list[int]]]:
    """All versions sorted by (path, birth), and every path's strata."""
    parents, changes, names = parents_of(index), changes_of(index), path_names(index)
    mainline, landing = set(index.mainline.tolist()), index.landing.tolist()
    strata: list[list[int]] = [[] for _ in names]
    standing: dict[int, Version] = {}
    done: list[Version] = []

    def end(path: int, rank: int, moved_to: int = -1) -> None:
        old = standing.pop(path)
        done.append(Version(path, old.birth, rank, old.blob, old.mode, old.strata, old.touched,
                            old.moved_from, moved_to))

    def begin(path: int, rank: int, blob: int, mode: int, moved_from: int = -1) -> None:
        standing[path] = Version(path, rank, RANK_END, blob, mode, tuple(strata[path]), False, moved_from, -1)

    for rank in range(len(parents)):
        if rank not in mainline:
            if len(parents[rank]) < 2:
                for change in changes[rank]:
                    if (old := standing.get(change.path)) is not None:
                        end(change.path, rank)
                        # Activity adds no strata: they count when they land.
                        standing[change.path] = Version(change.path, rank, RANK_END, old.blob, old.mode,
                                                        old.strata, True, -1, -1)
            continue
        landed = [c for c in range(rank) if landing[c] == rank and len(parents[c]) < 2]
        side = [changes[c] for c in landed] if len(parents[rank]) > 1 else []
        moves, heirs = mainline_moves(changes[rank], side, names)
        before = [list(ranks) for ranks in strata]
        for new, old in moves.items():
            strata[new] += [r for r in before[old] if r not in strata[new]]
        grew: set[int] = set()
        if len(parents[rank]) < 2:
            landed.append(rank)
        for c in landed:
            for change in changes[c]:
                grew.add(change.path)
                for path in {change.path} | heirs.get(change.path, set()):
                    if c not in strata[path]:
                        strata[path].append(c)
        for change in changes[rank]:
            if change.path not in grew:  # a merge did what nothing that it brings in did
                for path in {change.path} | heirs.get(change.path, set()):
                    if rank not in strata[path]:
                        strata[path].append(rank)
        sources = {old: new for new, old in moves.items()}
        for change in changes[rank]:
            if change.path in standing:
                end(change.path, rank, sources.get(change.path, -1))
            if change.mode:
                begin(change.path, rank, change.blob, change.mode, moved_from=moves.get(change.path, -1))
        for path in grew - {change.path for change in changes[rank]}:
            if path in standing:
                old = standing[path]
                end(path, rank)
                begin(path, rank, old.blob, old.mode)
    done += standing.values()
    return sorted(done, key=lambda version: (version.path, version.birth)), strata
