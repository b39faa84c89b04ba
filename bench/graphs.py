"""Commit graphs of any size, as a busy project makes them: topics that fork, go on, and are merged."""

from __future__ import annotations

import random

import numpy as np

from xrserver.history.index import HistoryIndex, PathTree

#: Topics that wait to be merged at once, at most; the oldest is abandoned for a new one.
_OPEN = 150
#: How far behind the newest mainline commit a topic may fork.
_BEHIND = 200


def busy_graph(commits: int, seed: int = 1) -> HistoryIndex:
    """Return an index of a graph without files, the same for the same arguments."""
    chance = random.Random(seed)
    parents: list[list[int]] = [[]]
    mainline, topics = [0], list[int]()
    for rank in range(1, commits):
        what = chance.random()
        if what < 0.35 or (not topics and what < 0.6):
            parents.append([mainline[-1]])
            mainline.append(rank)
        elif what < 0.55 and topics:
            parents.append([mainline[-1], topics.pop(chance.randrange(len(topics)))])
            mainline.append(rank)
        elif what < 0.75 or not topics:
            parents.append([mainline[max(0, len(mainline) - 1 - chance.randrange(_BEHIND))]])
            topics = [*topics, rank][-_OPEN:]
        else:
            at = chance.randrange(len(topics))
            parents.append([topics[at]])
            topics[at] = rank
    nothing, none = np.zeros(commits, np.int32), np.zeros(0, np.int32)
    times = np.cumsum([chance.expovariate(1 / 3600) for _ in range(commits)]).astype(np.int64)
    index = object.__new__(HistoryIndex)  # of what a river is made, and nothing else
    for name, value in {
        "oids": np.zeros((commits, 20), np.uint8), "timeline": times, "author": nothing, "refs": (),
        "parent_offsets": np.cumsum([0, *map(len, parents)]).astype(np.int64),
        "parents": np.array([parent for found in parents for parent in found], np.int32),
        "mainline": np.array(mainline, np.int32), "change_path": none,
        "change_offsets": np.zeros(commits + 1, np.int64),
        "paths": PathTree(np.zeros(1, np.int32), np.zeros(2, np.int64), np.zeros(0, np.uint8)),
    }.items():
        object.__setattr__(index, name, value)
    return index
