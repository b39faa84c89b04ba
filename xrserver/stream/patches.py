"""A tile after a patch, and a table after commits; what they were made of is not changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrserver.columns import RANK_END, Flag
from xrserver.errors import WireError
from xrserver.scene.tiles import bounds
from xrserver.stream.messages import Columns, Commits, Patch, TableBody, TileBody

_RUNS = (("first_span", "span_count"), ("first_stratum", "stratum_count"))


def apply_patch(body: TileBody, patch: Patch) -> TileBody:
    """Return `body` as it stands after `patch`: a node's spans lie together, sorted by birth.

    Rows of spans that no node has any more are born and dead at `RANK_END`.

    Raises
    ------
    WireError
        The patch is of another tile, or closes a span that is not there.
    """
    if patch.tile != body.header.id:
        raise WireError(f"A patch of the tile {patch.tile} does not fit the tile {body.header.id}.")
    nodes: NDArray[Any] = body.nodes["records"].copy()
    spans: NDArray[Any] = body.spans["records"].copy()
    added, added_spans = patch.nodes["records"], patch.spans["records"]
    met = np.array([each[0] for each in patch.closed], np.uint32)
    here = np.flatnonzero(np.isin(nodes["node"], np.concatenate([met, added["node"]])))
    rows: dict[_Key, int] = {}
    for row in here.tolist():
        key = _key(nodes, spans, row)
        while key in rows:  # another block of the same district
            key = (*key[:2], key[2] + 1)
        rows[key] = row
    for closed in patch.closed:
        row = rows.get((closed[0], _is_aggregate(closed[2]), closed[3]), -1) if len(closed) == 4 else -1
        if row < 0 or not nodes["span_count"][row]:
            raise WireError(f"A patch closes {closed}, which names no span of its tile.")
        last = int(nodes["first_span"][row] + nodes["span_count"][row]) - 1
        if closed[1] == 0:
            nodes["span_count"][row] -= 1
            spans["birth"][last] = spans["death"][last] = RANK_END
        else:
            spans["death"][last], spans["traits"][last] = closed[1], closed[2]

    tables = (spans, body.strata["records"])
    news = (added_spans, patch.strata["records"])
    tails: tuple[list[NDArray[Any]], list[NDArray[Any]]] = ([], [])
    ends = [len(table) for table in tables]
    fresh: list[int] = []
    appended = added.copy()
    for i in range(len(added)):
        key = _key(added, added_spans, i)
        row = rows.get((*key[:2], int(added["first_stratum"][i]) if key[1] else 0), -1)
        if row < 0:
            fresh.append(i)
        record = appended[i:i + 1] if row < 0 else nodes[row:row + 1]
        for table, new, tail, at, (first, count) in zip(tables, news, tails, (0, 1), _RUNS, strict=True):
            start, more = int(added[first][i]), int(added[count][i])
            if row >= 0 and not more:
                continue
            # All of a node lies together: what it had moves behind everything, with what is new.
            had = 0 if row < 0 else int(record[count][0])
            old = slice(int(record[first][0]), int(record[first][0]) + had)
            tail += [table[old].copy(), new[start:start + more]] if had else [new[start:start + more]]
            if had and table is spans:
                spans["birth"][old] = spans["death"][old] = RANK_END
            record[first], record[count] = ends[at], had + more
            ends[at] += had + more
    every = np.concatenate([nodes, appended[fresh]])
    spans, strata = (np.concatenate([table, *tail]) for table, tail in zip(tables, tails, strict=True))
    box = body.header.box
    if len(added_spans):  # it may stand beyond what there was
        new = bounds(added_spans)
        box = [*map(min, box[:3], new[:3]), *map(max, box[3:], new[3:])]
    header = replace(body.header, box=box, nodes=len(every), spans=len(spans), strata=len(strata))
    return TileBody(header, {"records": spans}, {"records": every}, {"records": strata},
                    _joined(body.names, patch.names, fresh))


def apply_commits(table: TableBody, commits: Commits) -> TableBody:
    """Return `table` as it stands after `commits`."""
    timeline = {name: np.concatenate((column[:commits.first], commits.timeline[name]))
                for name, column in table.timeline.items()}
    known = commits.first_person
    people = {name: np.concatenate((column[:known], commits.people[name]))
              for name, column in table.people.items()}
    names = _joined(_first(table.people_names, known), commits.people_names,
                    list(range(len(commits.people_names["offsets"]) - 1)))
    marks = (commits.landmarks, commits.landmark_names) if commits.tags else (
        table.landmarks, table.landmark_names)
    course = table.course
    if len(commits.course["rank"]):
        kept = int(np.searchsorted(course["rank"], commits.course["rank"][0]))
        course = {name: np.concatenate((column[:kept], commits.course[name]))
                  for name, column in course.items()}
    return TableBody(table.id, timeline, people, names, *marks, course)


#: A node, whether it is an aggregate, and which of those that the node has.
_Key = tuple[int, bool, int]


def _key(nodes: NDArray[Any], spans: NDArray[Any], row: int) -> _Key:
    """Return what tells a node from others; of several blocks of a district the first one's."""
    first = int(nodes["first_span"][row])
    has = bool(nodes["span_count"][row]) and first < len(spans)
    return int(nodes["node"][row]), has and _is_aggregate(int(spans["traits"][first])), 0


def _is_aggregate(traits: int) -> bool:
    return bool(traits >> 8 & Flag.AGGREGATE)


def _first(names: Columns, count: int) -> Columns:
    offsets = names["offsets"][:count + 1]
    return {"offsets": offsets, "bytes": names["bytes"][:offsets[-1]]}


def _joined(before: Columns, after: Columns, rows: list[int]) -> Columns:
    """Return names with some of `after` behind them."""
    kept = [after["bytes"][after["offsets"][row]:after["offsets"][row + 1]] for row in rows]
    ends = np.cumsum([len(name) for name in kept], dtype=np.uint32) + np.uint32(before["offsets"][-1])
    return {"offsets": np.concatenate((before["offsets"], ends.astype(np.uint32))),
            "bytes": np.concatenate((before["bytes"], *kept))}
