"""The city: nothing overlaps, everything is contained, and order of discovery changes nothing."""

from __future__ import annotations

import random

import numpy as np
import pytest
import reference_layout
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_scene import path_tree

from xrserver.history.index import PathTree
from xrserver.kernels.treemap import insert_by_area, squarify
from xrserver.layout.city import CityLayout, CityParameters, file_areas, lay_out_city

P = CityParameters()

NAMES = st.binary(min_size=1, max_size=12).map(lambda b: b.replace(b"/", b"_").replace(b"\0", b"-"))
PATHS = st.lists(NAMES, min_size=1, max_size=5).map(b"/".join)
FILES = st.dictionaries(PATHS, st.integers(0, 5_000_000), min_size=1, max_size=60)


def tree_of(files: dict[bytes, int]) -> tuple[PathTree, np.ndarray, dict[bytes, int]]:
    tree, ids = path_tree(list(files))
    largest = np.full(len(tree.parent), -1, np.int64)
    for path, size in files.items():
        largest[ids[path]] = size
    return tree, largest, ids


def made_up(count: int, seed: int = 3, folders: int = 40) -> dict[bytes, int]:
    chance = random.Random(seed)
    around = [b""]
    for i in range(folders):
        around.append(chance.choice(around) + b"d%d/" % i)
    return {chance.choice(around) + b"f%d" % i: int(chance.lognormvariate(8, 1.7)) for i in range(count)}


def check(tree: PathTree, largest: np.ndarray, city: CityLayout, parameters: CityParameters = P) -> None:
    """Everything that must hold of any city."""
    slack = 1e-9 * float(city.district[0, 2] + city.district[0, 3])
    row_of = {int(p): i for i, p in enumerate(city.district_path)}

    def within(inner: np.ndarray, outer: np.ndarray) -> bool:
        return bool((np.abs(inner[:2] - outer[:2]) + 0.5 * inner[2:] <= 0.5 * outer[2:] + slack).all())

    assert np.abs(city.district[0, :2]).max() <= slack
    stood = np.flatnonzero(largest >= 0)
    area = file_areas(largest, parameters)
    for path in stood:
        yard = city.yard[row_of[int(tree.parent[path])]]
        assert within(city.cell[path], yard) and within(city.plot[path], city.cell[path])
        assert (city.plot[path, 2:] > 0).all()
    for path, row in row_of.items():
        if city.yard[row].any():
            assert within(city.yard[row], city.district[row]) and within(city.spare[row], city.yard[row])
        if path:
            assert within(city.district[row], city.district[row_of[int(tree.parent[path])]])
    # Area is proportional to weight within a district, free room included.
    for row in row_of.values():
        own = stood[tree.parent[stood] == city.district_path[row]]
        if len(own):
            measured = city.cell[own, 2] * city.cell[own, 3]
            density = measured / area[own]
            np.testing.assert_allclose(density, density[0], rtol=1e-6)
            free = city.spare[row, 2] * city.spare[row, 3]
            assert free >= parameters.spare_share * measured.sum() * (1 - 1e-6) - 2 * density[0]
            assert free >= parameters.spare_least * density[0] * area[area > 0].min() * (1 - 1e-6)


def overlaps(rects: np.ndarray) -> bool:
    """Whether any two rectangles share area: those in one square of a grid are compared in pairs."""
    slack = 1e-9 * float(np.abs(rects).max())
    low, high = rects[:, :2] - 0.5 * rects[:, 2:] + slack, rects[:, :2] + 0.5 * rects[:, 2:] - slack
    pitch = max(float(np.median(rects[:, 2:])), float((high - low).max()) / 300.0)
    first, last = np.floor(low / pitch).astype(np.int64), np.floor(high / pitch).astype(np.int64)
    count = last - first + 1
    rect = np.repeat(np.arange(len(rects)), count[:, 0] * count[:, 1])
    k = np.arange(len(rect)) - np.searchsorted(rect, rect)
    square = (first[rect, 0] + k % count[rect, 0]) * (1 << 32) + first[rect, 1] + k // count[rect, 0]
    order = np.argsort(square, kind="stable")
    square, rect = square[order], rect[order]
    for shift in range(1, int(np.unique(square, return_counts=True)[1].max())):
        same = square[shift:] == square[:-shift]
        i, j = rect[:-shift][same], rect[shift:][same]
        if ((low[i] < high[j]) & (low[j] < high[i])).all(axis=1).any():
            return True
    return False


def test_the_test_for_overlaps_sees_them() -> None:
    apart = np.array([[0.0, 0.0, 2.0, 2.0], [2.0, 0.0, 2.0, 2.0], [0.0, 30.0, 50.0, 2.0]])
    assert not overlaps(apart)
    assert overlaps(np.vstack([apart, [[1.9, 0.0, 0.1, 0.1]]]))
    assert overlaps(np.vstack([apart, [[20.0, 0.0, 1.0, 80.0]]]))


@given(FILES)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_city_is_the_one_of_the_plain_treemap(files: dict[bytes, int]) -> None:
    tree, largest, _ = tree_of(files)
    city = lay_out_city(tree, largest, P)
    plain = reference_layout.place(tree, file_areas(largest, P).tolist(), P)

    def centred(rects: dict[int, tuple[float, float, float, float]], paths: list[int]) -> np.ndarray:
        return np.array([(x + 0.5 * w, z + 0.5 * d, w, d) for x, z, w, d in (rects[p] for p in paths)])

    paths, districts = np.flatnonzero(largest >= 0).tolist(), city.district_path.tolist()
    assert districts == sorted(plain["plate"])
    assert np.array_equal(city.cell[paths], centred(plain["cell"], paths))
    assert np.array_equal(city.plot[paths], centred(plain["plot"], paths))
    assert np.array_equal(city.district, centred(plain["plate"], districts))
    assert np.array_equal(city.yard, centred(plain["yard"], districts))
    assert np.array_equal(city.spare, centred(plain["spare"], districts))


@given(FILES)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_districts_contain_their_children_and_area_is_proportional_to_weight(files: dict[bytes, int]) -> None:
    tree, largest, _ = tree_of(files)
    city = lay_out_city(tree, largest, P)
    check(tree, largest, city)
    assert not overlaps(city.cell[largest >= 0])


@given(FILES, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_order_in_which_paths_were_found_changes_nothing(
        files: dict[bytes, int], chance: random.Random) -> None:
    tree, largest, ids = tree_of(files)
    shuffled = list(files.items())
    chance.shuffle(shuffled)
    other_tree, other_largest, other_ids = tree_of(dict(shuffled))
    city, other = lay_out_city(tree, largest, P), lay_out_city(other_tree, other_largest, P)
    for path in files:
        assert np.array_equal(city.cell[ids[path]], other.cell[other_ids[path]])


def test_the_median_file_has_the_area_asked_for() -> None:
    tree, largest, _ = tree_of(made_up(2001))
    areas = file_areas(largest, P) * 1e-4
    assert np.median(areas[areas > 0]) == pytest.approx(P.plot_area, rel=1e-6)
    city = lay_out_city(tree, largest, P)
    measured = city.cell[largest >= 0]
    assert np.median(measured[:, 2] * measured[:, 3]) == pytest.approx(P.plot_area, rel=0.1)
    assert city.district[0, 2] / city.district[0, 3] == pytest.approx(P.aspect, rel=1e-9)


def test_streets_between_districts_are_air_and_narrow_with_depth() -> None:
    tree, largest, ids = tree_of({b"a/x": 9000, b"b/x": 9000, b"a/c/x": 90_000, b"a/d/x": 90_000})
    city = lay_out_city(tree, largest, P)
    row = {p: np.flatnonzero(city.district_path == ids[p])[0] for p in (b"a", b"b", b"a/c", b"a/d")}

    def air(one: bytes, two: bytes) -> float:
        a, b = city.district[row[one]], city.district[row[two]]
        return float((np.abs(a[:2] - b[:2]) - 0.5 * (a[2:] + b[2:])).max())

    assert air(b"a", b"b") > air(b"a/c", b"a/d") > 1.0


def test_a_single_file_is_a_city() -> None:
    tree, largest, ids = tree_of({b"only": 0})
    city = lay_out_city(tree, largest, P)
    check(tree, largest, city)
    assert city.district_path.tolist() == [0] and city.depth[ids[b"only"]] == 1


def test_nothing_is_an_empty_city() -> None:
    tree, _ = path_tree([])
    city = lay_out_city(tree, np.full(1, -1, np.int64), P)
    assert len(city.district_path) == 0 and not city.cell.any()


def test_a_path_can_be_a_file_and_a_district() -> None:
    tree, largest, ids = tree_of({b"both": 4000, b"both/inside": 500, b"other": 100})
    city = lay_out_city(tree, largest, P)
    check(tree, largest, city)
    district = city.district[np.flatnonzero(city.district_path == ids[b"both"])[0]]
    assert not overlaps(np.array([city.cell[ids[b"both"]], district, city.cell[ids[b"other"]]]))


def test_a_path_two_hundred_directories_deep_still_has_room() -> None:
    deep = b"/".join(b"d%d" % i for i in range(200))
    tree, largest, ids = tree_of({deep + b"/file": 5000, b"shallow": 5000})
    city = lay_out_city(tree, largest, P)
    check(tree, largest, city)
    sides = city.plot[ids[deep + b"/file"], 2:]
    assert sides.min() > 4.0 and city.depth[ids[deep + b"/file"]] == 201


@pytest.mark.parametrize("folders", [0, 4000])
def test_a_hundred_thousand_files_are_placed_apart(folders: int) -> None:
    tree, largest, _ = tree_of(made_up(100_000, folders=folders))
    city = lay_out_city(tree, largest, P)
    cells = city.cell[largest >= 0]
    assert (cells[:, 2:] > 0.05).all() and not overlaps(cells)
    aspect = np.maximum(cells[:, 2], cells[:, 3]) / np.minimum(cells[:, 2], cells[:, 3])
    assert np.median(aspect) < 1.5
    again = lay_out_city(tree, largest, P)
    assert np.array_equal(city.cell, again.cell)


@pytest.mark.parametrize("areas", [[1, 1], [4, 4, 4, 4], [9, 1], [6, 6, 4, 3, 2, 2, 1], [1000, 1, 1, 1]])
@pytest.mark.parametrize("rect", [(0.0, 0.0, 1.0, 1.0), (-3.0, 2.0, 6.0, 4.0), (0.0, 0.0, 4.0, 6.0)])
def test_rows_end_where_the_plain_treemap_ends_them_even_where_it_makes_no_difference(
        areas: list[int], rect: reference_layout.Rect) -> None:
    out = np.zeros((len(areas), 4))
    squarify(np.array(areas, np.int64), len(areas), np.array([rect]), 0, out)
    assert out.tolist() == [list(cell) for cell in reference_layout.squarify(areas, rect)]


def test_what_is_free_comes_behind_what_is_as_large() -> None:
    areas, codes = np.array([7, 5, 5, 3, 0], np.int64), np.array([1, 2, 3, 4, 0], np.int64)
    insert_by_area(areas, codes, 4, 5, -1)
    assert areas.tolist() == [7, 5, 5, 5, 3] and codes.tolist() == [1, 2, 3, -1, 4]
