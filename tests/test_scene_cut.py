"""The cut: the root always, budgets never exceeded, the worst error first, then what is near in time."""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from cut_vectors import files, tree
from hypothesis import given, settings
from hypothesis import strategies as st

from xrserver.columns import RANK_END
from xrserver.scene.cut import NEAREST, Candidates, Cut, cut, drawn
from xrserver.scene.frontier import Budget, Change, Frontier
from xrserver.scene.tiles import TileHeader

BOX = [-10.0, 0.0, -10.0, 10.0, 20.0, 10.0]
PROPERTY = settings(max_examples=200, deadline=None, derandomize=True)


def rows(*tiles: tuple[int, float, int, int, int, int],
         boxes: dict[int, list[float]] | None = None) -> Candidates:
    """Return candidates of (parent, error, lo, hi, nodes, spans)."""
    parent, error, lo, hi, nodes, spans = map(list, zip(*tiles, strict=True))
    box = [(boxes or {}).get(i, BOX) for i in range(len(tiles))]
    first = [parent.index(i) if i in parent else 0 for i in range(len(tiles))]
    return Candidates(first, [parent.count(i) for i in range(len(tiles))], box, error, lo, hi, nodes, spans)


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
    assert drawn(tiles, [True, True, False], 5, 10**6) == [0]
    assert drawn(tiles, [True] * 3, 5, 10**6) == drawn(tiles, [True] * 3, 5, 100) == [1, 2]
    assert drawn(tiles, [True] * 3, 5, 99) == [0]


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
    around = {child: row for row, (at, count) in enumerate(zip(tiles.first, tiles.children, strict=True))
              for child in range(at, at + count)}
    assert all(around[row] in chosen.resident for row in chosen.resident[1:])
    assert set(chosen.drawn) <= set(chosen.resident)
    if chosen.resident != [0]:
        assert sum(tiles.spans[row] for row in chosen.resident) <= spans
    if chosen.drawn != [0]:
        assert sum(tiles.nodes[row] for row in chosen.drawn) <= nodes
    covers_once(tiles, chosen.drawn, rank)


@given(st.integers(0, 500), st.integers(0, 120), st.integers(0, 1500), st.randoms(use_true_random=False))
@PROPERTY
def test_whatever_has_arrived_so_far_each_place_is_drawn_once_and_within_the_budget(
        seed: int, rank: int, nodes: int, chance: random.Random) -> None:
    tiles = tree(seed)
    held = [row == 0 or chance.random() < 0.8 for row in range(len(tiles.first))]
    shown = drawn(tiles, held, rank, nodes)
    assert all(held[row] for row in shown)
    assert sum(tiles.nodes[row] for row in shown) <= max(nodes, tiles.nodes[0])
    covers_once(tiles, shown, rank)


def covers_once(tiles: Candidates, shown: list[int], rank: int) -> None:
    """Each point of the root's box lies in exactly one tile shown, all of which are of this rank."""
    assert all(tiles.lo[row] <= rank < tiles.hi[row] for row in shown)
    low, high = tiles.box[0][0], tiles.box[0][3]
    for k in range(64):
        x = low + (high - low) * (k + 0.37) / 64
        assert sum(tiles.box[row][0] <= x < tiles.box[row][3] for row in shown) == 1


@pytest.mark.parametrize("seed", range(40))
def test_the_kernel_says_the_same(seed: int) -> None:
    from xrserver.kernels.cut import cut as compiled

    tiles, chance = tree(seed), random.Random(seed)
    for _ in range(20):
        eye = [chance.uniform(-300, 300), chance.uniform(0, 200), chance.uniform(-300, 300)]
        factor, rank = chance.choice([0.01, 3.0, 40.0, 5000.0]), chance.randint(0, 120)
        nodes, spans = chance.randint(0, 2000), chance.randint(0, 6000)
        resident, shown = compiled(*arrays(tiles), np.array(eye), factor, NEAREST, rank, nodes, spans)
        assert Cut(resident.tolist(), shown.tolist()) == cut(tiles, eye, factor, rank, nodes, spans)


def arrays(tiles: Candidates) -> list[np.ndarray]:
    """Return candidates as the kernel takes them."""
    kinds = [np.int64, np.int64, np.float64, np.float64, np.int64, np.int64, np.int64, np.int64]
    return [np.array(column, kind) for column, kind in zip(asdict(tiles).values(), kinds, strict=True)]


def header(name: str, lo: int, hi: int, *children: TileHeader, error: float = 2.0) -> TileHeader:
    return TileHeader(name, 0, BOX, lo, hi, error, 30, 40, 5, 6, list(children))


def test_a_frontier_asks_for_children_as_their_parents_come_and_lets_go_of_them_from_afar() -> None:
    frontier = Frontier(header("root", 0, 100, header("early", 0, 50), header("late", 50, 100), error=8.0))
    eye, budget = (0.0, 1.7, 0.0), Budget(1000, 1000)
    assert not frontier.single and frontier.drawn(60, 1000) == []
    frontier.hold(header("root", 0, 100))
    assert frontier.drawn(60, 1000) == ["root"]
    assert frontier.choose(eye, 1000.0, 60, budget) == Change(["late", "early"], [])
    assert frontier.choose(eye, 1000.0, 60, budget) == Change() and not frontier.complete
    parts = [header(name, 50, 100, error=0.0) for name in ("left", "right")]
    frontier.hold(header("late", 50, 100, *parts))
    assert frontier.drawn(60, 1000) == ["late"] and frontier.drawn(40, 1000) == ["root"]
    assert frontier.choose(eye, 1000.0, 60, budget) == Change(["left", "right"], [])
    frontier.forget()
    assert frontier.choose(eye, 1000.0, 60, budget) == Change(["left", "right", "early"], [])
    for part in parts:
        frontier.hold(part)
    assert frontier.drawn(60, 1000) == ["left", "right"] and frontier.drawn(60, 59) == ["late"]
    assert frontier.knows("early") and not frontier.holds("early") and frontier.holds("left")
    assert frontier.choose((0.0, 9e6, 0.0), 1000.0, 60, budget).drop == ["early", "late", "left", "right"]
    assert frontier.drawn(60, 1000) == ["root"]
