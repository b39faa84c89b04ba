"""Answers to what a viewer asks: moments, paths, floors, commits, and what is selected."""

from __future__ import annotations

import re

import numpy as np

from xrserver.columns import COMMIT_NODES, RANK_END
from xrserver.errors import UnknownMoment, UnknownPath
from xrserver.scene.build import BuiltScene
from xrserver.server.opened import OpenRepository
from xrserver.stream import panels
from xrserver.stream.messages import Panel, Query, Result, Select

_LONGEST_TEXT = 4096


async def answer(repository: OpenRepository, scene: BuiltScene, query: Query) -> Result:
    """Return the answer to `query`.

    Raises
    ------
    UnknownMoment, UnknownPath
        What is asked for is not there; the message says what would be.
    """
    if query.kind == "moment":
        rank = _moment(repository, query.text)
        return await repository.run(_commit, repository, query.number, rank, -1)
    if query.kind == "find":
        return await repository.run(_find, repository, scene, query)
    if query.kind == "commit":
        if query.rank > repository.index.head_rank:
            raise UnknownMoment(f"There is no commit of rank {query.rank}: the newest has rank "
                                f"{repository.index.head_rank}.")
        return await repository.run(_commit, repository, query.number, query.rank, -1)
    if query.kind == "directory":
        return await repository.run(_directory, repository, scene, query)
    return await repository.run(_stratum, repository, scene, query)


def _moment(repository: OpenRepository, text: str) -> int:
    """Return the rank of a moment, if that is among what is read by now."""
    unread = repository.index.unread
    try:
        moment = repository.moments.find(text)
    except UnknownMoment:
        if unread < 0:
            raise
        moment = None
    if moment is None or (moment.rank <= unread and not moment.names_commit):
        raise UnknownMoment(f"{text!r} may be in older history, which is still being read: "
                            "try again in a moment.")
    return moment.rank


async def inspect(repository: OpenRepository, scene: BuiltScene, selected: Select) -> Panel:
    """Return the inspector panel of what is selected; one without rows when nothing is.

    Raises
    ------
    UnknownPath
        There is no such node.
    """
    if selected.node < 0:
        return Panel("inspector", "", [], [])
    commit = scene.commit_of(selected.node)
    if commit >= 0:
        return await repository.run(repository.inspector.commit_panel, commit)
    path = repository.node_path(scene, selected.node)
    rank = min(selected.rank, repository.index.head_rank)
    return await repository.run(repository.inspector.panel, selected.node, rank, path)


def _commit(repository: OpenRepository, number: int, rank: int, node: int) -> Result:
    commit = repository.repository.commit(repository.index.oids[rank].tobytes())
    return Result(number, rank, node, commit.summary[:_LONGEST_TEXT],
                  panels.commit_rows(repository.index, rank, commit))


def _find(repository: OpenRepository, scene: BuiltScene, query: Query) -> Result:
    rank = min(query.rank, repository.index.head_rank)
    path = query.text.encode()
    try:
        node = repository.find(scene, path, rank)
    except UnknownPath:
        node = _commit_node(repository, scene, query.text)
        if node < 0:
            node = _block_around(scene, path)
        if node < 0:
            raise
        rank = scene.commit_of(node)
    return Result(query.number, _nearest(repository, node, rank), node,
                  panels.display(repository.node_path(scene, node))[:_LONGEST_TEXT], [])


def _commit_node(repository: OpenRepository, scene: BuiltScene, text: str) -> int:
    """Return the node of the commit whose id begins with `text`; -1 where the scene has none."""
    if not scene.has_river or not re.fullmatch("[0-9a-f]{7,64}", text):
        return -1
    try:
        return COMMIT_NODES + 2 * repository.moments.find(text).rank
    except UnknownMoment:
        return -1


def _nearest(repository: OpenRepository, node: int, rank: int) -> int:
    """Return the rank nearest to `rank` at which a file stands (`rank` itself for districts)."""
    versions = repository.versions
    first, last = np.searchsorted(versions.path, [node >> 1, (node >> 1) + 1])
    if node & 1 or first == last or node >= COMMIT_NODES:
        return rank
    births = versions.birth[first:last].astype(np.int64)
    lasts = np.minimum(versions.death[first:last].astype(np.int64), RANK_END) - 1
    nearest = np.clip(rank, births, lasts)
    return int(min(nearest[np.abs(nearest - rank).argmin()], repository.index.head_rank))


def _block_around(scene: BuiltScene, path: bytes) -> int:
    """Return the block that stands for what is left out at a path, -1 where there is none."""
    while path := path.rpartition(b"/")[0]:
        try:
            node = scene.find(path)
        except UnknownPath:
            continue
        return -1 if node & 1 else node
    return -1


def _stratum(repository: OpenRepository, scene: BuiltScene, query: Query) -> Result:
    commit = scene.commit_of(query.node)
    if commit >= 0:
        return _commit(repository, query.number, commit, query.node)
    path = repository.node_path(scene, query.node)
    strata = repository.inspector.strata(query.node >> 1)
    if query.node & 1 or query.index >= len(strata):
        raise UnknownPath(f"{panels.display(path)!r} has no floor {query.index}.")
    return _commit(repository, query.number, int(strata[query.index]), query.node)


def _directory(repository: OpenRepository, scene: BuiltScene, query: Query) -> Result:
    path = panels.display(repository.node_path(scene, query.node))
    if not query.node & 1:
        raise UnknownPath(f"{path!r} is no directory.")
    rank = min(query.rank, repository.index.head_rank)
    last, rows = repository.inspector.directory(query.node >> 1, rank)
    return Result(query.number, last, query.node, path[:_LONGEST_TEXT], rows)
