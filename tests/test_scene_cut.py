"""The cut: the root always, budgets never exceeded, the worst error first, then what is near in time."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from cut_vectors import files, tree
from hypothesis import given, settings
from hypothesis import strategies as st

from xrserver.columns import RANK_END
from xrserver.scene.cut import Candidates, Cut, candidates, cut, drawn
from xrserver.scene.tiles import TileHeader

BOX = [-10.0, 0.0, -10.0, 10.0, 20.0, 10.0]
PROPERTY = settings(max_examples=200, deadline=None, derandomize=True)


def rows(*tiles: tuple[int, float, int, int, int, int],
         boxes: dict[int, list[float]] | None = None) -> Candidates:
    """Return candidates of (parent, error, lo, hi, nodes, spans)."""
    parent, error, lo, hi, nodes, spans = zip(*tiles, strict=True)
    box = [(boxes or {}).get(i, BOX) for i in range(len(tiles))]
    return Candidates(parent, box, error, lo, hi, nodes, spans)


#: A coarse root over four exact windows.
WINDOWS = rows((-1, 8.0, 0, RANK_END, 10, 20), (0, 0.0, 0, 100, 50, 100), (0, 0.0, 100, 200, 50, 100),
               (0, 0.0, 200, 300, 50, 100), (0, 0.0, 300, RANK_END, 50, 100))


def near(tiles: Candidates, rank: int, nodes: int = 10**6, spans: int = 10**6) -> Cut:
    return cut(tiles, (0.0, 1.7, 0.0), 1000.0, rank, nodes, spans)


@pytest.mark.parametrize("path, text", [pytest.param(*file, id=file[0].name) for file in files().items()])
def test_the_vectors_of_the_cut_are_current(path: Path, text: str) -> None:
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(text), "python -m tests.cut_vectors"


def test_the_vectors_tell_cuts_apart() -> None:
    cases = json.loads(next(text for path, text in files().items() if path.name == "cut.cut.json"))["cases"]
    assert len({json.dumps(case["expected"]) for case in cases}) > len(cases) / 3


def test_from_afar_the_root_is_enough() -> None:
    assert cut(WINDOWS, (0.0, 5000.0, 0.0), 100.0, 150, 10**6, 10**6) == Cut([0], [0])


def test_the_window_of_the_playhead_comes_first_then_the_nearest_in_time() -> None:
    assert near(WINDOWS, 199) == Cut([0, 2, 3, 1, 4], [2])
    assert near(WINDOWS, 101) == Cut([0, 2, 1, 3, 4], [2])
    assert near(WINDOWS, 10**6) == Cut([0, 4, 3, 2, 1], [4])


def test_what_does_not_fit_is_not_held_and_the_root_is_drawn_instead() -> None:
    assert near(WINDOWS, 150, spans=130) == Cut([0, 2], [2])
    assert near(WINDOWS, 150, spans=119) == Cut([0], [0])
    assert near(WINDOWS, 150, nodes=49) == Cut([0], [0])
    assert near(WINDOWS, 150, nodes=0, spans=0) == Cut([0], [0])


def test_a_tile_gives_way_to_all_its_parts_in_space_or_to_none() -> None:
    halves = {1: [-10.0, 0.0, -10.0, 0.0, 20.0, 10.0], 2: [0.0, 0.0, -10.0, 10.0, 20.0, 10.0]}
    half = (0, 0.0, 0, RANK_END, 50, 100)
    tiles = rows((-1, 8.0, 0, RANK_END, 10, 20), half, half, boxes=halves)
    assert near(tiles, 5, spans=220) == Cut([0, 1, 2], [1, 2])
    assert near(tiles, 5, spans=219) == Cut([0], [0])
    assert drawn(tiles, [True, True, False], 5) == [0]


def test_the_largest_error_on_the_screen_is_refined_first() -> None:
    left, right = [-1000.0, 0.0, -10.0, -900.0, 20.0, 10.0], [5.0, 0.0, -10.0, 10.0, 20.0, 10.0]
    tiles = rows((-1, 8.0, 0, RANK_END, 10, 20), (0, 4.0, 0, RANK_END, 5, 10), (0, 4.0, 0, RANK_END, 5, 10),
                 (1, 0.0, 0, RANK_END, 9, 50), (2, 0.0, 0, RANK_END, 9, 50),
                 boxes={1: left, 2: right, 3: left, 4: right})
    assert near(tiles, 0, spans=100).resident == [0, 1, 2, 4]
    assert near(tiles, 0).resident == [0, 1, 2, 4, 3]


@given(st.integers(0, 500), st.integers(0, 120), st.floats(0.01, 5000), st.integers(0, 2000),
       st.integers(0, 6000), st.tuples(st.floats(-300, 300), st.floats(0, 200), st.floats(-300, 300)))
@PROPERTY
def test_any_cut_holds_the_root_keeps_its_budgets_and_covers_each_place_once(
        seed: int, rank: int, factor: float, nodes: int, spans: int, eye: tuple[float, float, float]) -> None:
    tiles = tree(seed)
    chosen = cut(tiles, eye, factor, rank, nodes, spans)
    assert chosen == cut(tiles, eye, factor, rank, nodes, spans)
    assert chosen.resident[0] == 0 and len(set(chosen.resident)) == len(chosen.resident)
    assert all(tiles.parent[row] in chosen.resident for row in chosen.resident[1:])
    assert set(chosen.drawn) <= set(chosen.resident)
    if chosen.resident != [0]:
        assert sum(tiles.spans[row] for row in chosen.resident) <= spans
    if chosen.drawn != [0]:
        assert sum(tiles.nodes[row] for row in chosen.drawn) <= nodes
    covers_once(tiles, chosen.drawn, rank)


@given(st.integers(0, 500), st.integers(0, 120), st.randoms(use_true_random=False))
@PROPERTY
def test_whatever_has_arrived_so_far_each_place_is_drawn_once(
        seed: int, rank: int, chance: random.Random) -> None:
    tiles = tree(seed)
    held = [row == 0 or chance.random() < 0.8 for row in range(len(tiles.parent))]
    shown = drawn(tiles, held, rank)
    assert all(held[row] for row in shown)
    covers_once(tiles, shown, rank)


def covers_once(tiles: Candidates, shown: list[int], rank: int) -> None:
    """Each point of the root's box lies in exactly one tile shown, all of which are of this rank."""
    assert all(tiles.lo[row] <= rank < tiles.hi[row] for row in shown)
    low, high = tiles.box[0][0], tiles.box[0][3]
    for k in range(64):
        x = low + (high - low) * (k + 0.37) / 64
        assert sum(tiles.box[row][0] <= x < tiles.box[row][3] for row in shown) == 1


def test_headers_become_candidates_parents_before_their_children() -> None:
    def header(name: str, lo: int, hi: int, *children: TileHeader) -> TileHeader:
        return TileHeader(name, 0, BOX, lo, hi, 2.0, 3, 4, 5, 6, list(children))

    tiles, ids = candidates(header("a", 0, 9, header("b", 0, 4, header("d", 0, 4)), header("c", 4, 9)))
    assert ids == ["a", "b", "c", "d"]
    assert tiles == Candidates([-1, 0, 0, 1], [BOX] * 4, [2.0] * 4, [0, 0, 4, 0], [9, 4, 9, 4],
                               [3] * 4, [4] * 4)
