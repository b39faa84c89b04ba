"""Tiles: any cut draws each file once, windows play the same film, and what is coarse keeps its word."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_scene import Made, ancestors, make_history, state

from xrserver.columns import RANK_END, Flag
from xrserver.errors import UnknownPath, UnknownTile
from xrserver.scene.build import BuiltScene, build_scene
from xrserver.scene.cut import cut, drawn
from xrserver.scene.definition import Tiling, load_scene
from xrserver.scene.frontier import Frontier
from xrserver.scene.spans import live_at
from xrserver.scene.tiles import TileColumns, TileHeader, windows

CITY = load_scene("city")
HISTORIES = st.builds(lambda seed, commits, names, depth: make_history(seed, commits, names, depth),
                      st.integers(0, 10_000), st.integers(1, 60), st.integers(2, 40), st.integers(1, 4))
TILINGS = st.builds(lambda whole, root, tile: Tiling(whole, 3 * whole, root, 3 * root, tile, 3 * tile),
                    st.sampled_from([0, 0, 20]), st.integers(2, 30), st.integers(4, 30))
SMALL = Tiling(0, 0, 12, 40, 12, 14)
PROPERTY = settings(max_examples=30, deadline=None, derandomize=True)


def build(made: Made, tiling: Tiling | None = None) -> BuiltScene:
    definition = replace(CITY, tiling=tiling) if tiling else CITY
    return build_scene(made.index, made.versions, definition, "generation")


def all_headers(scene: BuiltScene) -> list[TileHeader]:
    """Return every header of a scene with its children, parents first."""
    found = [scene.root]
    for header in found:
        found += [scene.header(child.id) for child in header.children]
    return found


def known(scene: BuiltScene) -> Frontier:
    """Return a frontier that knows every tile there is."""
    frontier = Frontier(scene.root)
    for header in all_headers(scene):
        frontier.hold(header)
    return frontier


def flags(spans: np.ndarray) -> np.ndarray:
    return (spans["traits"] >> 8) & 255


def drawn_at(tile: TileColumns, rank: int) -> np.ndarray:
    """Return the spans a tile draws at a rank."""
    rows = live_at(tile.spans, tile.nodes, rank)
    return tile.spans[rows[rows >= 0]]


def holds(block: np.void, span: np.void) -> bool:
    """Whether the middle of a building is within a block's rectangle."""
    return all(abs(float(block["position1"][i] - span["position1"][i])) < 0.5 * block["size1"][i] + 1e-3
               for i in (0, 2))


@given(HISTORIES, TILINGS, st.integers(0, 1000))
@PROPERTY
def test_any_cut_draws_each_live_file_exactly_once_and_no_further_off_than_its_tile_says(
        made: Made, tiling: Tiling, seed: int) -> None:
    scene, chance = build(made, tiling), random.Random(seed)
    frontier, depth = known(scene), scene.city.depth
    held = [row == 0 or chance.random() < 0.7 for row in range(len(frontier.ids))]
    columns = [scene.tile(tile) for tile in frontier.ids]
    exact = {int(s["node"]): s for s in ()}
    for rank in range(len(made.standing)):
        rows = drawn(frontier.tiles, held, rank, 10**9)
        exact = {int(s["node"]): s for s in scene.columns.spans
                 if s["birth"] <= rank < s["death"]}
        seen: list[int] = []
        for row in rows:
            assert held[row] and frontier.tiles.lo[row] <= rank < frontier.tiles.hi[row]
            error = columns[row].header.error
            for span in drawn_at(columns[row], rank):
                node = int(span["node"])
                if not (int(span["traits"]) >> 8) & Flag.AGGREGATE:
                    seen.append(node)
                    for field in ("position1", "size1"):
                        assert np.abs(span[field] - exact[node][field]).max() <= error + 1e-3
                    continue
                inside = [n for n, s in exact.items() if holds(span, s)
                          and (n % 2 == 0 or node >> 1 in (n >> 1, *ancestors(made.index.paths, n >> 1)))
                          and node >> 1 in ancestors(made.index.paths, n >> 1)]
                top = float(span["position1"][1] + span["size1"][1])
                ground = float(scene.city.plate * (depth[node >> 1] + 1))
                assert any(n % 2 == 0 for n in inside), "a block stands for something"
                for n in inside:
                    if n % 2 == 0:
                        own = exact[n]
                        assert abs(top - float(own["position1"][1] + own["size1"][1])) <= error + 1e-3
                        for axis in (0, 2):
                            off = abs(float(span["position1"][axis] - own["position1"][axis]))
                            assert off + 0.5 * own["size1"][axis] <= 0.5 * span["size1"][axis] + 1e-2
                assert ground + CITY.building.lowest - 1e-3 <= top <= ground + error + 1e-3
                # A whole district's block has the plate as its foot.
                if float(span["position1"][1]) < ground - 1e-4:
                    inside.append(node)
                else:
                    inside = [n for n in inside
                              if n % 2 == 0 and ancestors(made.index.paths, n >> 1)[0] == node >> 1]
                seen += inside
        assert sorted(seen) == sorted(exact)
    assert {n >> 1 for n in exact if n % 2 == 0} == set(made.standing[-1])


@given(HISTORIES, TILINGS)
@PROPERTY
def test_headers_tell_the_truth_and_errors_fall_towards_exact_leaves(made: Made, tiling: Tiling) -> None:
    scene = build(made, tiling)
    assert scene.root.lo == 0 and scene.root.hi == RANK_END and scene.root.level == 0
    for header in all_headers(scene):
        tile = scene.tile(header.id)
        assert tile.header == header and scene.header(header.id) == header and len(header.id) == 32
        counts = (len(tile.nodes), len(tile.spans), len(tile.strata))
        assert (header.nodes, header.spans, header.strata) == counts
        held = (tile.spans, tile.nodes, tile.strata, tile.names_offsets, tile.names_bytes)
        assert header.bytes == sum(column.nbytes for column in held)
        assert tile.nodes["first_span"].tolist() == np.cumsum([0, *tile.nodes["span_count"]])[:-1].tolist()
        assert tile.nodes["span_count"].sum() == len(tile.spans) and (tile.nodes["span_count"] > 0).all()
        assert tile.nodes["stratum_count"].sum() == len(tile.strata)
        assert (tile.spans["node"] == np.repeat(tile.nodes["node"], tile.nodes["span_count"])).all()
        assert len(tile.names_offsets) == len(tile.nodes) + 1
        assert tile.names_offsets[-1] == len(tile.names_bytes)
        assert (header.error > 0) == bool(header.children)
        for child in header.children:
            assert child.error <= header.error and child.level == header.level + 1
            assert header.lo <= child.lo < child.hi <= header.hi
        inside = tile.spans[(tile.spans["traits"] >> 16 != 0)]
        if len(inside):
            half, middle = 0.5 * inside["size1"][:, [0, 2]], inside["position1"][:, [0, 2]]
            assert ((middle - half).min(axis=0) >= np.array([header.box[0], header.box[2]]) - 1e-3).all()
            assert ((middle + half).max(axis=0) <= np.array([header.box[3], header.box[5]]) + 1e-3).all()
            top = (inside["position1"] + inside["size1"])[:, 1].max()
            assert header.box[1] == 0.0 and top <= max(header.box[4], CITY.building.lowest + 10) + 1e-3


@given(HISTORIES, TILINGS)
@PROPERTY
def test_windows_clip_deaths_keep_births_and_carry_what_stood_before(made: Made, tiling: Tiling) -> None:
    scene = build(made, tiling)
    true = {(int(s["node"]), int(s["birth"])): s for s in scene.columns.spans}
    for header in all_headers(scene):
        if header.error:
            continue
        tile, lo, hi = scene.tile(header.id), header.lo, header.hi
        assert (tile.spans["death"] <= hi).all()
        nodes = set(tile.nodes["node"].tolist())
        keys = [(int(s["node"]), int(s["birth"])) for s in tile.spans]
        assert keys == [k for k, s in true.items() if k[0] in nodes and s["birth"] < hi and s["death"] >= lo]
        for span in tile.spans:
            whole = true[int(span["node"]), int(span["birth"])]
            assert span["death"] == min(whole["death"], hi)
            expected = int(whole["traits"]) >> 8 & 255
            expected |= int(Flag.CARRIED) if span["birth"] < lo else 0
            if whole["death"] > hi:
                expected &= ~int(Flag.LEAVES)
            assert (int(span["traits"]) >> 8) & 255 == expected
            for field in ("position1", "size1", "value1", "position0", "size0", "value0", "author"):
                assert np.array_equal(span[field], whole[field])


@pytest.mark.parametrize("seed", range(5))
def test_exact_tiles_play_the_same_film_as_the_whole(seed: int) -> None:
    made = make_history(seed, commits=90)
    scene = build(made, SMALL)
    leaves = [header for header in all_headers(scene) if not header.error]
    assert len(leaves) > 8 and len({(h.lo, h.hi) for h in leaves}) > 2
    tiles = [scene.tile(header.id) for header in leaves]
    for rank in range(made.index.head_rank):
        for fraction in (0.0, 0.3, 0.95):
            t_up = rank + (fraction > 0)
            for ease in (0.35, 1.0):
                windowed = {}
                for tile in tiles:
                    if tile.header.lo <= t_up < tile.header.hi:
                        part = state(tile.spans, tile.nodes, rank, fraction, ease)
                        assert not windowed.keys() & part.keys()
                        windowed |= part
                assert windowed == state(scene.columns.spans, scene.columns.nodes, rank, fraction, ease)


@pytest.mark.parametrize("seed", range(5))
def test_exact_tiles_have_the_floors_that_stand_in_them(seed: int) -> None:
    made = make_history(seed, commits=60)
    scene = build(made, SMALL)
    whole = {int(n["node"]): n for n in scene.columns.nodes}
    for header in all_headers(scene):
        tile = scene.tile(header.id)
        for row, node in enumerate(tile.nodes):
            all_of = whole[int(node["node"])]
            own = tile.spans[node["first_span"]:][:node["span_count"]]
            strata = tile.strata[node["first_stratum"]:][:node["stratum_count"]]
            if header.error == 0:
                assert node["strata_before"] == 0
                assert own["value1"].max() <= node["stratum_count"] <= all_of["stratum_count"]
            expected = scene.columns.strata[all_of["first_stratum"]:][:node["stratum_count"]]
            assert np.array_equal(strata, expected)
            name = tile.names_bytes[tile.names_offsets[row]:tile.names_offsets[row + 1]].tobytes()
            assert name == scene.node_path(int(node["node"]))
            assert (node["parent"], node["depth"]) == (all_of["parent"], all_of["depth"])


@given(HISTORIES, st.integers(1, 200))
@PROPERTY
def test_windows_hold_no_more_than_they_may(made: Made, limit: int) -> None:
    spans = build(made).columns.spans
    standing = max(((spans["birth"] <= r) & (r < spans["death"])).sum() for r in range(len(made.standing)))
    limit = max(limit, 2 * int(standing))
    found = windows(np.sort(spans["birth"]), np.sort(spans["death"]), 0, RANK_END, limit)
    assert found[0][0] == 0 and found[-1][1] == RANK_END
    for (lo, hi), after in zip(found, [*found[1:], (RANK_END, 0)], strict=True):
        assert lo < hi == after[0]
        held = ((spans["birth"] < hi) & (spans["death"] >= lo)).sum()
        assert held <= limit or hi == lo + 1


def test_a_history_that_fits_is_one_exact_tile() -> None:
    made = make_history(1)
    scene = build(made)
    assert scene.root.children == [] and scene.root.error == 0.0
    assert np.array_equal(scene.tile(scene.root.id).spans, scene.columns.spans)
    nodes, spans = len(scene.columns.nodes), len(scene.columns.spans)
    assert build(made, replace(SMALL, whole_nodes=nodes, whole_spans=spans)).root.children == []
    assert build(made, replace(SMALL, whole_nodes=nodes, whole_spans=spans - 1)).root.error > 0.0
    assert build(made, replace(SMALL, whole_nodes=nodes - 1, whole_spans=spans)).root.error > 0.0


@pytest.mark.parametrize("seed", range(4))
def test_a_coarse_tile_keeps_within_its_limits_and_gets_finer_with_more(seed: int) -> None:
    made = make_history(seed, commits=200, names=120, depth=4)
    errors = []
    for nodes in (12, 40, 90):
        scene = build(made, replace(SMALL, root_nodes=nodes, root_spans=3 * nodes))
        assert scene.root.nodes <= nodes and scene.root.spans <= 3 * nodes
        errors.append(scene.root.error)
    assert errors[0] >= errors[1] >= errors[2] > 0 and errors[0] > errors[2]


def test_space_is_cut_between_districts_and_time_once_little_stands() -> None:
    made = make_history(4, commits=300, names=40, depth=3)
    scene = build(made, SMALL)
    cut_in = {"space": 0, "time": 0}
    for header in all_headers(scene):
        if header.children and header.children[0].lo == header.children[-1].lo:
            cut_in["space"] += 1
            assert {(child.lo, child.hi) for child in header.children} == {(header.lo, header.hi)}
        elif header.children:
            cut_in["time"] += 1
            borders = [(child.lo, child.hi) for child in header.children]
            assert [lo for lo, _ in borders[1:]] == [hi for _, hi in borders[:-1]]
            assert (borders[0][0], borders[-1][1]) == (header.lo, header.hi)
    assert min(cut_in.values()) > 3


def test_tiles_are_named_by_their_recipe() -> None:
    made = make_history(3)
    scene = build(made, SMALL)
    names = [h.id for h in all_headers(scene)] + [scene.table_id]
    assert len(set(names)) == len(names)
    assert [h.id for h in all_headers(build(made, SMALL))] == names[:-1]
    other = build_scene(made.index, made.versions, replace(CITY, tiling=SMALL), "another")
    assert not {h.id for h in all_headers(other)} & set(names)


def test_closed_windows_do_not_change_when_history_goes_on() -> None:
    """Who is in which state when, in a history of 60 commits and in the same one 40 commits later."""
    short, long = make_history(6, commits=60, names=30), make_history(6, commits=100, names=30)
    assert short.standing == long.standing[:60]
    for lo, hi in ((0, 20), (20, 50)):
        assert exact_in(build(short), lo, hi) == exact_in(build(long), lo, hi)


def exact_in(scene: BuiltScene, lo: int, hi: int) -> set[tuple[bytes, int, int, int]]:
    """Return who is in which state when, within a window; where it is placed depends on all of history."""
    spans = scene.columns.spans
    spans = spans[(spans["birth"] < hi) & (spans["death"] >= lo)]
    return {(scene.node_path(int(s["node"])), int(s["birth"]), min(int(s["death"]), hi), int(s["value1"]))
            for s in spans}


def test_an_unknown_tile_or_node_or_path_is_an_error() -> None:
    scene = build(make_history(3))
    assert not scene.knows("0000") and scene.knows(scene.root.id)
    with pytest.raises(UnknownTile, match="'0000'"):
        scene.tile("0000")
    with pytest.raises(UnknownPath):
        scene.node_path(10**6)
    with pytest.raises(UnknownPath, match="'no/such'"):
        scene.find(b"no/such")


def test_paths_and_nodes_name_each_other() -> None:
    made = make_history(5, commits=200)
    scene = build(made)
    both = 0
    for node in scene.columns.nodes["node"].tolist():
        path = scene.node_path(node)
        assert scene.find(path) >> 1 == node >> 1
        both += scene.find(path) != node
    assert scene.find(b"") == 1
    # Where a file and a directory ever stood at one path, the rank tells which is meant.
    assert both > 0
    for rank, standing in enumerate(made.standing):
        for path in standing:
            assert scene.find(scene.node_path(2 * path), rank) == 2 * path


def test_the_table_has_the_timeline_the_people_and_the_tags() -> None:
    made = make_history(2)
    scene = build(made)
    table = scene.table()
    assert np.array_equal(table.timeline["time"], made.index.timeline)
    assert np.flatnonzero(table.timeline["mainline"]).tolist() == made.index.mainline.tolist()
    assert table.timeline["author"].tolist() == made.index.author.tolist()
    assert table.people["commits"].sum() == len(made.index.oids)
    assert table.landmarks["rank"].tolist() == [30] and table.landmark_names["bytes"].tobytes() == b"v1"
    assert [p.name for p in scene.people] == [name.decode() for name in made.index.person_names]
    assert scene.people[0].colour == CITY.palette.people[0]
    assert {c.dtype.str for c in table.timeline.values()} == {"<i8", "<u4", "|u1"}


@given(HISTORIES, TILINGS, st.integers(0, 70), st.floats(0.1, 5000), st.integers(0, 200), st.integers(0, 400))
@PROPERTY
def test_a_cut_of_a_scene_keeps_its_budgets(made: Made, tiling: Tiling, rank: int, factor: float, nodes: int,
                                            spans: int) -> None:
    tiles = known(build(made, tiling)).tiles
    chosen = cut(tiles, (0.0, 1.7, 0.0), factor, rank, nodes, spans)
    assert chosen.resident[0] == 0 and len(set(chosen.resident)) == len(chosen.resident)
    assert set(chosen.drawn) <= set(chosen.resident)
    if chosen.resident != [0]:
        assert sum(tiles.spans[row] for row in chosen.resident) <= spans
    if chosen.drawn != [0]:
        assert sum(tiles.nodes[row] for row in chosen.drawn) <= nodes
