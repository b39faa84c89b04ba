"""Tiles: any cut draws each file once, windows play the same film, and the coarse tile keeps its word."""

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
from xrserver.scene.tiles import TileColumns, split

CITY = load_scene("city")
HISTORIES = st.builds(lambda seed, commits, names, depth: make_history(seed, commits, names, depth),
                      st.integers(0, 10_000), st.integers(1, 60), st.integers(2, 30), st.integers(1, 4))
TILINGS = st.builds(Tiling, st.integers(4, 80), st.sampled_from([1, 30, 80, 400, 5000]))
PROPERTY = settings(max_examples=40, deadline=None, derandomize=True)


def build(made: Made, tiling: Tiling | None = None) -> BuiltScene:
    definition = replace(CITY, tiling=tiling) if tiling else CITY
    return build_scene(made.index, made.versions, definition, "generation")


def flags(spans: np.ndarray) -> np.ndarray:
    return (spans["traits"] >> 8) & 255


def files_in(tile: TileColumns, made: Made, rank: int) -> list[int]:
    """Return the paths of the files a tile draws at a rank, as themselves or inside a block."""
    rows = live_at(tile.spans, tile.nodes, rank)
    live = tile.spans[rows[rows >= 0]]
    is_block = (flags(live) & Flag.AGGREGATE) != 0
    blocks = set((live["node"][is_block] >> 1).tolist())
    itself = (live["node"][~is_block & (live["node"] % 2 == 0)] >> 1).tolist()
    inside = [p for p in made.standing[rank]
              if any(a in blocks for a in ancestors(made.index.paths, p)) and blocks]
    return itself + inside


@given(HISTORIES, TILINGS, st.integers(0, 1000))
@PROPERTY
def test_any_cut_draws_each_live_file_exactly_once_at_every_rank(
        made: Made, tiling: Tiling, seed: int) -> None:
    scene, chance = build(made, tiling), random.Random(seed)
    frontier = Frontier(scene.root)
    tiles, ids = frontier.tiles, frontier.ids
    held = [row == 0 or chance.random() < 0.6 for row in range(len(ids))]
    columns = [scene.tile(tile) for tile in ids]
    for rank in range(len(made.standing)):
        rows = drawn(tiles, held, rank, 10**9)
        assert all(held[row] and tiles.lo[row] <= rank < tiles.hi[row] for row in rows)
        seen = sorted(f for row in rows for f in files_in(columns[row], made, rank))
        assert seen == sorted(made.standing[rank])


@given(HISTORIES, TILINGS)
@PROPERTY
def test_each_file_is_inside_exactly_one_block_and_no_surface_is_further_off_than_the_error(
        made: Made, tiling: Tiling) -> None:
    scene = build(made, tiling)
    if scene.root.error == 0.0:
        assert scene.coarse is None
        return
    coarse, exact, tree = scene.tile(scene.root.id), scene.columns, made.index.paths
    kind = {int(n["node"]): n for n in exact.nodes}
    for rank in range(len(made.standing)):
        rows = live_at(coarse.spans, coarse.nodes, rank)
        live = coarse.spans[rows[rows >= 0]]
        blocks = {int(s["node"]) // 2: s for s in live if (int(s["traits"]) >> 8) & Flag.AGGREGATE}
        plates = {int(s["node"]) // 2: s for s in live if not (int(s["traits"]) >> 8) & Flag.AGGREGATE}
        filled = set()
        for path in made.standing[rank]:
            near = next(a for a in ancestors(tree, path) if a in blocks)
            block = blocks[near]
            filled.add(near)
            own = exact.spans[kind[2 * path]["first_span"]:][:kind[2 * path]["span_count"]]
            span = own[(own["birth"] <= rank) & (rank < own["death"])][0]
            top = float(block["position1"][1] + block["size1"][1])
            ground = float(scene.city.plate * (scene.city.depth[near] + 1))
            assert abs(top - float(span["position1"][1] + span["size1"][1])) <= scene.root.error + 1e-3
            assert abs(top - ground) <= scene.root.error + 1e-3
            for axis in (0, 2):
                off = abs(float(block["position1"][axis] - span["position1"][axis]))
                assert off + 0.5 * span["size1"][axis] <= 0.5 * block["size1"][axis] + 1e-2
            # What lies between a block and the root is drawn, as plates.
            assert all(a in plates for a in ancestors(tree, near))
        assert set(blocks) == filled
        for path, block in blocks.items():
            # A yard's block stands on the plate; a whole district's has it as its foot, and nothing below.
            depth = int(scene.city.depth[path])
            assert block["position1"][1] == pytest.approx(scene.city.plate * (depth + (path in plates)))
            top, ground = block["position1"][1] + block["size1"][1], scene.city.plate * (depth + 1)
            assert top >= ground + CITY.building.lowest - 1e-3
            below = [p for p in (*blocks, *plates) if path in ancestors(tree, p)]
            assert path in plates or not below


@given(HISTORIES, TILINGS)
@PROPERTY
def test_headers_tell_the_truth_and_errors_fall_towards_exact_leaves(made: Made, tiling: Tiling) -> None:
    scene = build(made, tiling)
    assert scene.root.lo == 0 and scene.root.hi == RANK_END
    if scene.root.children:
        borders = [0, *(child.hi for child in scene.root.children)]
        assert borders == [*(child.lo for child in scene.root.children), RANK_END]
        assert all(child.error == 0.0 < scene.root.error for child in scene.root.children)
        assert all(child.children == [] and child.level == 1 for child in scene.root.children)
    for header in (scene.root, *scene.root.children):
        tile = scene.tile(header.id)
        assert tile.header is header and scene.header(header.id) is header and len(header.id) == 32
        counts = (len(tile.nodes), len(tile.spans), len(tile.strata))
        assert (header.nodes, header.spans, header.strata) == counts
        held = (tile.spans, tile.nodes, tile.strata, tile.names_offsets, tile.names_bytes)
        assert header.bytes == sum(column.nbytes for column in held)
        assert tile.nodes["span_count"].sum() == len(tile.spans)
        assert tile.nodes["stratum_count"].sum() == len(tile.strata)
        assert len(tile.names_offsets) == len(tile.nodes) + 1
        assert tile.names_offsets[-1] == len(tile.names_bytes)
        if len(tile.spans):
            half = 0.5 * tile.spans["size1"][:, [0, 2]]
            middle = tile.spans["position1"][:, [0, 2]]
            assert (middle - half).min(axis=0).tolist() >= [header.box[0] - 1e-3, header.box[2] - 1e-3]
            assert ((middle + half).max(axis=0) <= np.array([header.box[3], header.box[5]]) + 1e-3).all()
            top = (tile.spans["position1"] + tile.spans["size1"])[:, 1].max()
            assert header.box[1] == 0.0 and top <= header.box[4] + 1e-3


@given(HISTORIES, TILINGS)
@PROPERTY
def test_windows_clip_deaths_keep_births_and_carry_what_stood_before(made: Made, tiling: Tiling) -> None:
    scene = build(made, tiling)
    exact = scene.columns
    true = {(int(s["node"]), int(s["birth"])): s for s in exact.spans}
    for header in scene.root.children:
        tile, lo, hi = scene.tile(header.id), header.lo, header.hi
        assert (tile.spans["death"] <= hi).all()
        keys = [(int(s["node"]), int(s["birth"])) for s in tile.spans]
        wanted = [k for k, s in true.items() if s["birth"] < hi and s["death"] >= lo]
        assert keys == wanted
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


@pytest.mark.parametrize("seed", range(6))
def test_a_window_plays_the_same_film_as_the_whole(seed: int) -> None:
    made = make_history(seed, commits=90)
    scene = build(made, Tiling(40, 200))
    assert len(scene.root.children) > 2
    for header in scene.root.children:
        tile = scene.tile(header.id)
        for rank in range(max(header.lo - 1, 0), min(header.hi, made.index.head_rank + 1)):
            for fraction in (0.0, 0.2, 0.7, 0.95):
                t_up = rank + (fraction > 0)
                if not header.lo <= t_up < header.hi or t_up > made.index.head_rank:
                    continue
                for ease in (0.35, 1.0):
                    windowed = state(tile.spans, tile.nodes, rank, fraction, ease)
                    assert windowed == state(scene.columns.spans, scene.columns.nodes, rank, fraction, ease)


@pytest.mark.parametrize("seed", range(6))
def test_a_window_has_the_floors_that_stand_in_it(seed: int) -> None:
    made = make_history(seed, commits=60)
    scene = build(made, Tiling(40, 200))
    whole = {int(n["node"]): n for n in scene.columns.nodes}
    for header in scene.root.children:
        tile = scene.tile(header.id)
        for row, node in enumerate(tile.nodes):
            all_of = whole[int(node["node"])]
            own = tile.spans[node["first_span"]:][:node["span_count"]]
            assert (own["node"] == node["node"]).all() and node["strata_before"] == 0
            assert own["value1"].max() <= node["stratum_count"] <= all_of["stratum_count"]
            strata = tile.strata[node["first_stratum"]:][:node["stratum_count"]]
            expected = scene.columns.strata[all_of["first_stratum"]:][:node["stratum_count"]]
            assert np.array_equal(strata, expected)
            name = tile.names_bytes[tile.names_offsets[row]:tile.names_offsets[row + 1]].tobytes()
            assert name == scene.node_path(int(node["node"]))


@given(HISTORIES, st.integers(1, 200))
@PROPERTY
def test_windows_hold_no_more_than_they_may(made: Made, limit: int) -> None:
    spans = build(made).columns.spans
    windows = split(spans, limit)
    assert windows[0][0] == 0 and windows[-1][1] == RANK_END
    standing = max(((spans["birth"] <= r) & (r < spans["death"])).sum() for r in range(len(made.standing)))
    for (lo, hi), after in zip(windows, [*windows[1:], (RANK_END, 0)], strict=True):
        assert lo < hi == after[0]
        held = ((spans["birth"] < hi) & (spans["death"] >= lo)).sum()
        assert held <= max(limit, 2 * standing) or hi == lo + 1


def test_a_history_that_fits_is_one_exact_tile() -> None:
    made = make_history(1)
    scene = build(made)
    assert scene.root.children == [] and scene.root.error == 0.0
    assert scene.tile(scene.root.id).spans is scene.columns.spans
    budget = len(scene.columns.spans)
    assert build(made, Tiling(budget, 60_000)).root.children == []
    assert build(made, Tiling(budget - 1, 60_000)).root.error > 0.0


@pytest.mark.parametrize("seed", range(4))
def test_the_coarse_tile_keeps_within_its_spans_and_gets_finer_with_more(seed: int) -> None:
    made = make_history(seed, commits=200, names=120, depth=4)
    errors = []
    for limit in (60, 150, 400):
        root = build(made, Tiling(50, limit)).root
        assert root.spans <= limit
        errors.append(root.error)
    assert len(set(errors)) > 1


def test_tiles_are_named_by_their_recipe() -> None:
    made = make_history(3)
    scene = build(made, Tiling(40, 200))
    names = [h.id for h in (scene.root, *scene.root.children)] + [scene.table_id]
    assert len(set(names)) == len(names)
    again = build_scene(made.index, made.versions, replace(CITY, tiling=Tiling(40, 200)), "generation")
    assert [h.id for h in again.root.children] == [h.id for h in scene.root.children]
    other = build_scene(made.index, made.versions, replace(CITY, tiling=Tiling(40, 200)), "another")
    assert not {h.id for h in (other.root, *other.root.children)} & set(names)


def test_an_unknown_tile_or_node_or_path_is_an_error() -> None:
    scene = build(make_history(3))
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
    tiles = Frontier(build(made, tiling).root).tiles
    chosen = cut(tiles, (0.0, 1.7, 0.0), factor, rank, nodes, spans)
    assert chosen.resident[0] == 0 and len(set(chosen.resident)) == len(chosen.resident)
    assert set(chosen.drawn) <= set(chosen.resident)
    if chosen.resident != [0]:
        assert sum(tiles.spans[row] for row in chosen.resident) <= spans
    if chosen.drawn != [0]:
        assert sum(tiles.nodes[row] for row in chosen.drawn) <= nodes
