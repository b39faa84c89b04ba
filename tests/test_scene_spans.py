"""Spans, nodes and strata say what stood when, how large it was and how it came and went."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from reference_scene import Made, ancestors, make_history, state, whole_path

from xrserver.columns import RANK_END, Category, Flag
from xrserver.history.index import MODE_SUBMODULE, MODE_SYMLINK, FileVersions
from xrserver.layout.city import CityLayout
from xrserver.scene.build import build_scene
from xrserver.scene.definition import load_scene
from xrserver.scene.spans import NOBODY, SceneColumns, build_columns, live_at

CITY = load_scene("city")
SEEDS = range(12)


def built(seed: int, commits: int = 60) -> tuple[Made, SceneColumns, CityLayout]:
    made = make_history(seed, commits=commits)
    return made, *build_columns(made.index, made.versions, CITY)[:2]


def flags(spans: np.ndarray) -> np.ndarray:
    return (spans["traits"] >> 8) & 255


@pytest.mark.parametrize("seed", SEEDS)
def test_at_every_rank_the_files_that_stand_are_those_of_the_tree_with_their_strata(seed: int) -> None:
    made, columns, _ = built(seed)
    for rank, standing in enumerate(made.standing):
        rows = live_at(columns.spans, columns.nodes, rank)
        assert len(rows) == len(columns.nodes)
        live = columns.spans[rows[(rows >= 0) & (columns.nodes["node"] % 2 == 0)]]
        assert {int(s["node"]) // 2: int(s["value1"]) for s in live} == {p: x[2] for p, x in standing.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_district_stands_exactly_while_a_file_stands_below_it(seed: int) -> None:
    made, columns, _ = built(seed)
    for rank, standing in enumerate(made.standing):
        rows = live_at(columns.spans, columns.nodes, rank)
        live = columns.nodes["node"][(rows >= 0) & (columns.nodes["node"] % 2 == 1)]
        assert {int(n) // 2 for n in live} == {a for p in standing for a in ancestors(made.index.paths, p)}


@pytest.mark.parametrize("seed", SEEDS)
def test_nodes_own_their_spans_strata_names_parents_and_depth(seed: int) -> None:
    made, columns, _ = built(seed)
    tree, v = made.index.paths, made.versions
    seen: list[int] = []
    for node in columns.nodes["node"].tolist():
        around = ancestors(made.index.paths, node >> 1)
        # A district comes before all in it, and nothing else comes between.
        if around:
            at = seen.index(2 * around[0] + 1)
            assert all(around[0] in (n >> 1, *ancestors(made.index.paths, n >> 1)) for n in seen[at:])
        assert node not in seen
        seen.append(node)
    assert columns.nodes["span_count"].sum() == len(columns.spans)
    for row, node in enumerate(columns.nodes):
        path, around = int(node["node"]) // 2, ancestors(tree, int(node["node"]) // 2)
        own = columns.spans[node["first_span"]:][:node["span_count"]]
        assert (own["node"] == node["node"]).all() and (own["birth"][1:] >= own["death"][:-1]).all()
        assert node["parent"] == (2 * around[0] + 1 if around else 1) and node["depth"] == len(around)
        name = columns.name_bytes[columns.name_offsets[row]:columns.name_offsets[row + 1]].tobytes()
        assert name == (whole_path(tree, path) if path else b"")
        strata = columns.strata[node["first_stratum"]:][:node["stratum_count"]]
        laid = v.strata_rank[v.strata_offsets[path]:v.strata_offsets[path + 1]]
        laid = laid if node["node"] % 2 == 0 else laid[:0]
        assert strata["rank"].tolist() == list(laid) and node["strata_before"] == 0
        assert strata["author"].tolist() == [int(made.index.author[r]) for r in laid]
        for span in own:
            top = int(span["value1"])
            assert span["author"] == (strata["author"][top - 1] if top else NOBODY)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("ease", [1.0, 0.35])
def test_the_film_is_continuous_so_nothing_jumps(seed: int, ease: float) -> None:
    made, columns, _ = built(seed)

    def boxes(rank: int, fraction: float) -> list[tuple[float, ...]]:
        drawn = state(columns.spans, columns.nodes, rank, fraction, ease)
        return sorted((*p, *s) for p, s, _ in drawn.values() if s[1] > 1e-5)

    for rank in range(made.index.head_rank):
        before, after = boxes(rank, 1 - ease + 1e-9), boxes(rank, 1 - 1e-9)
        for seen, wanted in ((before, boxes(rank, 0.0)), (after, boxes(rank + 1, 0.0))):
            np.testing.assert_allclose(seen, wanted, atol=1e-3, err_msg=f"rank {rank}")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_moved_file_goes_from_its_old_place_to_its_new_one(seed: int) -> None:
    made, columns, _ = built(seed)
    v = made.versions
    moved = np.flatnonzero(v.moved_from >= 0)
    assert len(moved)
    for row in moved:
        s = columns.spans
        new = s[(s["node"] == 2 * v.path[row]) & (s["birth"] == v.birth[row])][0]
        old = s[(s["node"] == 2 * v.moved_from[row]) & (s["death"] == v.birth[row])][0]
        assert flags(new) & Flag.EASED and not flags(new) & Flag.ENTERS and not flags(old) & Flag.LEAVES
        for then, now in (("position0", "position1"), ("size0", "size1"), ("value0", "value1")):
            assert np.array_equal(new[then], old[now])


def test_a_touched_file_looks_as_before_and_does_not_ease() -> None:
    made, columns, _ = built(0, commits=200)
    v, seen = made.versions, 0
    for row in np.flatnonzero(v.touched):
        own = columns.spans[columns.spans["node"] == 2 * v.path[row]]
        at = int(np.flatnonzero(own["birth"] == v.birth[row])[0])
        assert not flags(own[at]) & (Flag.EASED | Flag.ENTERS)
        assert np.array_equal(own[at]["size1"], own[at - 1]["size1"])
        assert own[at]["value1"] == own[at - 1]["value1"]
        seen += 1
    assert seen > 3


@pytest.mark.parametrize("seed", SEEDS)
def test_a_building_stands_on_its_plate_and_fills_its_plot_at_its_largest(seed: int) -> None:
    made, columns, city = built(seed)
    v, exponent, building = made.versions, CITY.layout.size_exponent, CITY.building
    sizes = made.index.blob_sizes
    ever: dict[int, int] = {}
    order = np.lexsort((v.birth,))
    so_far: dict[int, int] = {}
    seen: dict[tuple[int, int], int] = {}
    ends = {(int(p), int(d)): (int(p), int(b)) for p, b, d in zip(v.path, v.birth, v.death, strict=True)}
    for row in order:
        path, birth = int(v.path[row]), int(v.birth[row])
        size = 20_000 if v.mode[row] == MODE_SUBMODULE else int(sizes[v.blob[row]])
        source = (int(v.moved_from[row]), birth) if v.moved_from[row] >= 0 else (path, birth)
        seen[path, birth] = max(size, seen[ends[source]]) if source in ends else size
        ever[path] = max(ever.get(path, 0), seen[path, birth])
        so_far[path] = seen[path, birth]
    for span in columns.spans[columns.spans["node"] % 2 == 0]:
        path, birth = int(span["node"]) // 2, int(span["birth"])
        plot = city.plot[path]
        kind = Category(int(span["traits"]) >> 16)
        share = (max(seen[path, birth], 300) / max(ever[path], 300)) ** (exponent / 2)
        if kind is Category.SUBMODULE:
            share = 1.0
        expected = [max(side * share, min(side, building.least_side)) for side in plot[2:]]
        np.testing.assert_allclose(span["size1"][[0, 2]], expected, rtol=1e-6)
        np.testing.assert_allclose(span["position1"][[0, 2]], plot[:2], rtol=1e-5, atol=1e-4)
        assert span["position1"][1] == pytest.approx(city.plate * city.depth[path])
        height = {Category.SYMLINK: building.symlink_height, Category.SUBMODULE: building.submodule_height}
        tall = building.lowest + building.storey * math.log2(1 + span["value1"]) ** building.growth
        assert span["size1"][1] == pytest.approx(height.get(kind, tall), rel=1e-6)


def test_symlinks_and_submodules_are_kinds_of_their_own() -> None:
    kinds: set[Category] = set()
    for seed in SEEDS:
        made, columns, _ = built(seed)
        v = made.versions
        mode = {(2 * int(p), int(b)): int(m) for p, b, m in zip(v.path, v.birth, v.mode, strict=True)}
        for span in columns.spans[columns.spans["node"] % 2 == 0]:
            kind, is_mode = Category(int(span["traits"]) >> 16), mode[int(span["node"]), int(span["birth"])]
            assert (kind is Category.SYMLINK) == (is_mode == MODE_SYMLINK)
            assert (kind is Category.SUBMODULE) == (is_mode == MODE_SUBMODULE)
            kinds.add(kind)
    assert {Category.SYMLINK, Category.SUBMODULE, Category.SOURCE, Category.DOCUMENTATION} <= kinds


def test_the_root_district_is_node_1_and_lies_under_everything() -> None:
    _, columns, city = built(4)
    root = columns.nodes[columns.nodes["node"] == 1][0]
    spans = columns.spans[root["first_span"]:][:root["span_count"]]
    assert spans["birth"][0] == 0 and root["parent"] == 1 and root["depth"] == 0
    assert spans["death"][-1] == RANK_END or not (columns.spans["death"] == RANK_END).any()
    plate, others = spans[0], columns.spans
    low = others["position1"] - 0.5 * others["size1"]
    high = others["position1"] + 0.5 * others["size1"]
    for axis in (0, 2):
        assert (low[:, axis] >= plate["position1"][axis] - 0.5 * plate["size1"][axis] - 1e-3).all()
        assert (high[:, axis] <= plate["position1"][axis] + 0.5 * plate["size1"][axis] + 1e-3).all()
    assert (others["position1"][others["node"] != 1][:, 1] >= city.plate - 1e-6).all()


def test_a_history_in_which_nothing_ever_stood_is_an_empty_scene() -> None:
    made = make_history(0, commits=3)
    none = {f.name: getattr(made.versions, f.name)[:0] for f in fields(made.versions)}
    none["strata_offsets"] = np.zeros_like(made.versions.strata_offsets)
    scene = build_scene(made.index, FileVersions(**none), CITY, "generation")
    assert scene.root.spans == scene.root.nodes == 0 and scene.root.box == [0.0] * 6
    assert len(live_at(scene.columns.spans, scene.columns.nodes, 0)) == 0
    assert scene.tile(scene.root.id).names_offsets.tolist() == [0]


def test_a_scene_can_give_every_file_the_same_plot_and_height_by_size() -> None:
    made = make_history(2)
    definition = replace(CITY, metrics=replace(CITY.metrics, footprint="equal", height="size"))
    columns, city, _ = build_columns(made.index, made.versions, definition)
    stood = city.cell[:, 2] > 0
    yards = {int(p): i for i, p in enumerate(city.district_path)}
    for row in yards.values():
        own = stood & (made.index.paths.parent == city.district_path[row])
        own[0] = False
        area = city.cell[own, 2] * city.cell[own, 3]
        assert np.allclose(area, area[:1] if len(area) else 0.0)
    spans = columns.spans
    kind = spans["traits"] >> 16
    buildings = spans[(kind != Category.DISTRICT) & (kind != Category.SYMLINK) & (kind != Category.SUBMODULE)]
    np.testing.assert_allclose(buildings["size1"][:, ::2], city.plot[buildings["node"] // 2, 2:], rtol=1e-6)
    first = buildings[flags(buildings) & Flag.ENTERS != 0]
    v = made.versions
    blob = {(int(p), int(b)): int(x) for p, b, x in zip(v.path, v.birth, v.blob, strict=True)}
    for span in first:
        size = int(made.index.blob_sizes[blob[int(span["node"]) // 2, int(span["birth"])]])
        building = CITY.building
        tall = building.lowest + building.storey * math.log2(1 + size / 1000) ** building.growth
        assert span["size1"][1] == pytest.approx(tall, rel=1e-6)
