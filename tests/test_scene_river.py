"""The river shows git's own graph: lanes that never collide, every commit a bead, every edge once."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import reference_river as reference
from random_histories import random_index, random_script
from repositories import git
from served import tell

from xrserver.columns import COMMIT_NODES, RANK_END, RIBBON_NODES, Flag, Kind
from xrserver.history.index import HistoryIndex
from xrserver.history.log import read_index
from xrserver.history.repository import Repository
from xrserver.history.versions import file_versions
from xrserver.kernels import lanes
from xrserver.layout.river import RiverParameters, aside_of, lay_out_river
from xrserver.scene.build import BuiltScene, build_scene
from xrserver.scene.definition import load_scene
from xrserver.scene.river import river_columns
from xrserver.scene.tiles import span_boxes

SEEDS = range(12)


def history(seed: int) -> HistoryIndex:
    index, _ = random_index(seed, 20 + 13 * seed, 4)
    chance = random.Random(seed)
    times = np.cumsum([chance.choice((0, 60, 3600, 86400 * 30)) for _ in index.oids]).astype(np.int64)
    oids = np.random.default_rng(seed).integers(0, 256, index.oids.shape).astype(np.uint8)
    return replace(index, timeline=times, oids=oids)


def parents_of(index: HistoryIndex) -> list[list[int]]:
    offsets = index.parent_offsets
    return [index.parents[low:high].tolist() for low, high in itertools.pairwise(offsets)]


def in_lanes(index: HistoryIndex):
    chain, start, end, route = lanes.chains(index.parent_offsets, index.parents, index.mainline)
    order = np.lexsort((np.arange(len(start)), end, start))
    order = np.concatenate([[0], order[order != 0]])
    return chain, start, end, route, lanes.colour_intervals(start, end, order)


@pytest.mark.parametrize("seed", SEEDS)
def test_chains_and_lanes_are_those_of_the_plain_version(seed: int) -> None:
    index = history(seed)
    chain, start, end, _, lane = in_lanes(index)
    expected, spans = reference.chains(parents_of(index), index.mainline.tolist())
    assert chain.tolist() == expected
    assert dict(enumerate(zip(start.tolist(), end.tolist(), strict=True))) == spans
    given = reference.lanes(spans)
    assert lane.tolist() == [given[number] for number in range(len(lane))]
    widest = lanes.widest(start, end, lane, np.argsort(-lane, kind="stable"), len(chain))
    assert widest.tolist() == reference.widest(spans, given, len(chain))


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_chains_share_a_lane_and_the_mainline_has_one_for_itself(seed: int) -> None:
    index = history(seed)
    chain, start, end, _, lane = in_lanes(index)
    assert (lane[chain[index.mainline]] == 0).all() and (lane[1:] > 0).all()
    for number in range(1, lane.max() + 1):
        own = sorted((int(start[k]), int(end[k])) for k in np.flatnonzero(lane == number))
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(own))
    # No more lanes than there are chains at once: greedy by begin needs no other.
    at_once = max(int(((start < rank + 0.5) & (rank + 0.5 < end)).sum()) for rank in range(-1, len(chain)))
    assert lane.max() + 1 == at_once


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("coiled", [False, True])
def test_every_edge_is_one_unbroken_curve_from_its_parent_to_its_child(seed: int, coiled: bool) -> None:
    index = history(seed)
    layout = lay_out_river(index, RiverParameters(straight=0.0 if coiled else 1e6, radius=12.0))
    child = np.repeat(np.arange(len(index.oids)), np.diff(index.parent_offsets))
    edge, curve = layout.ribbons(np.arange(len(index.parents)))
    assert np.unique(edge).tolist() == list(range(len(index.parents)))
    assert np.bincount(edge).tolist() == np.diff(layout.first_piece).tolist()
    first = np.flatnonzero(np.diff(edge, prepend=-1))
    last = np.append(first[1:], len(edge)) - 1
    near = {"rtol": 0, "atol": 1e-6}
    np.testing.assert_allclose(curve[first, :3], layout.position[index.parents], **near)
    np.testing.assert_allclose(curve[last, 6:9], layout.position[child], **near)
    inner = np.flatnonzero(edge[1:] == edge[:-1])
    np.testing.assert_allclose(curve[inner, 6:9], curve[inner + 1, :3], **near)
    # Time runs one way: a child lies farther along than its parent.
    if not coiled:
        assert (layout.position[child, 0] > layout.position[index.parents, 0] - 1e-9).all()
        straight = layout.position[index.mainline]
        assert np.ptp(straight[:, 1]) < 1e-9 and np.ptp(straight[:, 2]) < 1e-9


def test_windings_never_touch_and_rise_outwards() -> None:
    index = history(11)
    p = RiverParameters(straight=0.0, radius=12.0)
    n = 4000
    long = replace(
        index, oids=np.zeros((n, 20), np.uint8),
        parent_offsets=np.concatenate([[0], np.arange(n)]).astype(np.int64),
        parents=np.arange(n - 1, dtype=np.int32), mainline=np.arange(n, dtype=np.int32),
        timeline=np.arange(n, dtype=np.int64) * 3600)
    layout = lay_out_river(long, p)
    away = np.hypot(layout.position[:, 0], layout.position[:, 2])
    angle = np.unwrap(np.arctan2(layout.position[:, 2], layout.position[:, 0]))
    assert (np.diff(away) > 0).all() and (np.diff(layout.position[:, 1]) > 0).all()
    turns = (angle - angle[0]) / (2 * math.pi)
    assert turns[-1] > 8
    after_one = np.interp(turns[turns < turns[-1] - 1] + 1, turns, away)
    between = after_one - away[turns < turns[-1] - 1]
    assert between.min() >= p.air + 2 * p.bead * p.most_bead - 0.05
    # A commit lies where its lane says, whatever the winding; the newest towards the viewer.
    assert layout.position[-1, 2] == pytest.approx(away[-1]) and abs(layout.position[-1, 0]) < 1e-6
    steps = np.linalg.norm(np.diff(layout.position, axis=0), axis=1)
    assert steps == pytest.approx(p.pitch, rel=0.02), "the coil keeps lengths"


def test_a_river_around_something_leaves_that_free_and_keeps_within_its_reach() -> None:
    index = history(9)
    layout = lay_out_river(index, RiverParameters(), around=100.0, reach=250.0)
    away = np.hypot(layout.position[:, 0], layout.position[:, 2])
    assert away.min() >= 100.0 and away.max() <= 260.0


def test_lanes_lie_on_both_sides_and_ever_closer() -> None:
    aside = aside_of(np.arange(9, dtype=np.int32), RiverParameters())
    assert aside[0] == 0 and aside[1] == -aside[2] == pytest.approx(RiverParameters().lane)
    assert (np.diff(aside[1::2]) > 0).all() and (np.diff(np.diff(aside[1::2])) < 0).all()


@pytest.mark.parametrize("seed", [3, 7])
@pytest.mark.parametrize("metric", ["files", "bytes", "equal"])
def test_a_ribbons_strata_are_its_ends_and_it_is_of_its_child(seed: int, metric: str) -> None:
    index = history(seed)
    columns = river_columns(index, lay_out_river(index, RiverParameters()), metric)
    nodes, strata = columns.nodes, columns.strata
    assert (np.diff(nodes["node"].astype(np.int64)) > 0).all()
    ribbon = nodes[(nodes["node"] >= RIBBON_NODES) & (nodes["stratum_count"] == 2)]
    ends = {(int(strata["rank"][at]), int(strata["rank"][at + 1])) for at in ribbon["first_stratum"].tolist()}
    assert ends == {(parent, rank) for rank, found in enumerate(parents_of(index)) for parent in found}
    assert (ribbon["parent"] == COMMIT_NODES + 2 * strata["rank"][ribbon["first_stratum"] + 1]).all()
    low, high = span_boxes(columns.spans)
    assert (low <= high).all() and np.isfinite(low).all() and np.isfinite(high).all()
    if metric == "equal":
        single = np.diff(index.parent_offsets) <= 1
        assert np.ptp(columns.spans["size1"][:len(index.oids)][single]) == 0


def shown_at(built: BuiltScene, rank: int) -> tuple[set[bytes], set[tuple[bytes, bytes]]]:
    """The commits and joined pairs that stand at a rank, by object id, from what a viewer gets."""
    tile = built.tile(built.root.id)
    spans, nodes = tile.spans, tile.nodes
    live = (spans["birth"] <= rank) & (rank < spans["death"])
    oids = built._index.oids
    kind = (spans["traits"] & 0xFF)[nodes["first_span"]]
    beads = np.flatnonzero((kind == Kind.BEAD) & live[nodes["first_span"]])
    edge = (kind == Kind.RIBBON) & (nodes["stratum_count"] == 2)
    ribbons = np.flatnonzero(edge & live[nodes["first_span"]])
    commits = [oids[tile.strata["rank"][at]].tobytes() for at in nodes["first_stratum"][beads].tolist()]
    assert len(set(commits)) == len(commits)
    joined = {(oids[tile.strata["rank"][at + 1]].tobytes(), oids[tile.strata["rank"][at]].tobytes())
              for at in nodes["first_stratum"][ribbons].tolist()}
    return set(commits), joined


def agrees_with_git(folder: Path, ranks: int) -> None:
    with Repository.open(folder) as repository:
        index = read_index(repository)
    built = build_scene(index, file_versions(index), load_scene("river"), "test")
    listed = git(folder, "rev-list", "--parents", "--all").decode().split("\n")
    parents = {bytes.fromhex(line.split()[0]): [bytes.fromhex(word) for word in line.split()[1:]]
               for line in listed if line}
    order = [oid.tobytes() for oid in index.oids]
    assert set(order) == parents.keys()
    for rank in np.unique(np.linspace(0, len(order) - 1, ranks).astype(int)).tolist():
        commits, joined = shown_at(built, rank)
        assert commits == set(order[:rank + 1])
        assert joined == {(oid, parent) for oid in commits for parent in parents[oid]}


def test_at_50_ranks_what_is_drawn_is_what_git_lists(tmp_path: Path) -> None:
    agrees_with_git(random_script(5, 120).write(tmp_path / "random", bare=True), 50)
    agrees_with_git(tell(tmp_path / "story"), 50)


def test_commits_that_no_ref_reaches_are_dimmed() -> None:
    index = history(6)
    newest = len(index.oids) - 1
    tip = int(index.mainline[-1])
    index = replace(index, refs=(("refs/heads/main", tip, "head"),))
    columns = river_columns(index, lay_out_river(index, RiverParameters()), "files")
    reached, waiting = set(), [tip]
    while waiting:
        at = waiting.pop()
        if at not in reached:
            reached.add(at)
            waiting += parents_of(index)[at]
    gone = columns.spans["traits"][:newest + 1] >> 8 & int(Flag.GONE) != 0
    assert set(np.flatnonzero(~gone).tolist()) == reached


def test_city_and_river_stand_together_under_ids_of_their_own(tmp_path: Path) -> None:
    folder = tell(tmp_path / "story")
    with Repository.open(folder) as repository:
        index = read_index(repository)
    versions = file_versions(index)
    city, river, both = (build_scene(index, versions, load_scene(name), "g")
                         for name in ("city", "river", "both"))
    assert len(both.columns.nodes) >= len(city.columns.nodes) + len(index.oids)
    assert both.root.id != city.root.id != river.root.id
    found = set(both.columns.nodes["node"].tolist())
    assert found >= set(city.columns.nodes["node"].tolist())
    assert found >= {COMMIT_NODES + 2 * rank for rank in range(len(index.oids))}
    spans = both.columns.spans
    beads = spans[(spans["traits"] & 0xFF) == Kind.BEAD]
    box = city.root.box
    inside = ((beads["position1"][:, 0] > box[0]) & (beads["position1"][:, 0] < box[3])
              & (beads["position1"][:, 2] > box[2]) & (beads["position1"][:, 2] < box[5]))
    assert not inside.any(), "the river goes around the city"
    assert (spans["death"][(spans["traits"] & 0xFF) != Kind.BOX] == RANK_END).all()
    for rank in range(len(index.oids)):
        assert both.commit_of(COMMIT_NODES + 2 * rank) == rank
        assert both.node_path(COMMIT_NODES + 2 * rank) == index.oids[rank].tobytes().hex().encode()
    assert both.commit_of(2) == -1
    table = both.table().course
    assert table["rank"][0] == 0 and table["rank"][-1] == index.head_rank
    assert len(city.table().course["rank"]) == 0
