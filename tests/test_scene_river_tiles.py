"""Tiles of a river: any cut shows each commit once, joined to its parents, as near as it says."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from reference_scene import make_history
from test_scene_river import history
from test_scene_tiles import all_headers, known

from xrserver.columns import COMMIT_NODES, RANK_END, Flag, Kind
from xrserver.history.index import FileVersions, HistoryIndex
from xrserver.scene.build import BuiltScene, build_scene
from xrserver.scene.cut import drawn
from xrserver.scene.definition import Tiling, load_scene
from xrserver.scene.spans import SceneColumns
from xrserver.scene.tiles import TileColumns

RIVER = load_scene("river")
SMALL = Tiling(0, 0, 70, 210, 60, 60)
SEEDS = (3, 7, 11, 14)


@cache
def build(seed: int, coiled: bool) -> tuple[HistoryIndex, BuiltScene]:
    index = history(seed)
    river = replace(RIVER.river, straight=0.0 if coiled else 1e6, radius=12.0)
    versions = object.__new__(FileVersions)  # a river asks nothing of files
    return index, build_scene(index, versions, replace(RIVER, tiling=SMALL, river=river), "generation")


def commits_of(scene: BuiltScene, tile: str) -> np.ndarray:
    """Return the commits that a tile stands for."""
    part, tree = scene._parts[tile], scene._tree
    return tree._winding.value.stretch(part).commits


def live(tile: TileColumns | SceneColumns, rank: int, kind: Kind) -> np.ndarray:
    """Return the spans of a kind that a tile draws at a rank; no pieces of the bed."""
    spans = tile.spans
    there = (spans["birth"] <= rank) & (rank < spans["death"]) & ((spans["traits"] & 0xFF) == kind)
    return spans[there & ((spans["traits"] >> 16 != 0) | (kind == Kind.BEAD))]


def middles(beads: np.ndarray) -> np.ndarray:
    return beads["position1"] + beads["size1"] * np.array([0.0, 0.5, 0.0], np.float32)


def along(ribbons: np.ndarray, steps: int = 7) -> np.ndarray:
    """Return places along curves, the ends among them: (n, steps, 3)."""
    t = np.linspace(0.0, 1.0, steps)[:, None]
    u = 1.0 - t
    at = [ribbons[name].astype(float)[:, None, :] for name in ("position1", "size1", "position0", "size0")]
    return (at[0] * (1 + 2 * t) * u * u + at[1] * t * u * u + at[2] * t * t * (3 - 2 * t) - at[3] * t * t * u)


def nearest(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how far each point is from the nearest of others."""
    return np.sqrt(((points[:, None, :] - others[None, :, :]) ** 2).sum(axis=2).min(axis=1))


class Joined:
    """Which places ribbons lead from and to, together."""

    def __init__(self) -> None:
        self.above: dict[tuple[int, ...], tuple[int, ...]] = {}

    def top(self, place: np.ndarray | tuple[int, ...]) -> tuple[int, ...]:
        key = place if isinstance(place, tuple) else tuple(np.round(place * 50.0).astype(int).tolist())
        while self.above.setdefault(key, key) != key:
            key = self.above[key]
        return key

    def join(self, ribbons: np.ndarray) -> None:
        for ribbon in ribbons:
            self.above[self.top(ribbon["position1"])] = self.top(ribbon["position0"])


@pytest.mark.parametrize("coiled", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_any_cut_shows_each_commit_once_and_joined_to_its_parents(seed: int, coiled: bool) -> None:
    index, scene = build(seed, coiled)
    chance, frontier = random.Random(seed), known(scene)
    tiles = {tile: scene.tile(tile) for tile in frontier.ids}
    position, n = scene.river.position, len(index.oids)
    coarse = 0
    for share in (0.0, 0.4, 1.0):
        held = [row == 0 or chance.random() < share for row in range(len(frontier.ids))]
        for rank in sorted({0, n - 1, *(chance.randrange(n) for _ in range(4))}):
            rows = drawn(frontier.tiles, held, rank, 10**9)
            parts = [commits_of(scene, frontier.ids[row]) for row in rows]
            here = np.sort(np.concatenate([part[part <= rank] for part in parts]))
            assert here.tolist() == list(range(rank + 1)), "each commit is in one tile"
            joined, bead_of, error_of = Joined(), np.zeros((n, 3)), np.zeros(n)
            for row, part in zip(rows, parts, strict=True):
                tile, error = tiles[frontier.ids[row]], frontier.tiles.error[row]
                assert frontier.tiles.lo[row] <= part.min()
                beads, of = live(tile, rank, Kind.BEAD), part[part <= rank]
                joined.join(live(tile, rank, Kind.RIBBON))
                near = np.argmin(((position[of][:, None] - middles(beads)[None]) ** 2).sum(axis=2), axis=1)
                bead_of[of], error_of[of] = middles(beads)[near], max(error, 1e-3)
                assert np.linalg.norm(position[of] - bead_of[of], axis=1).max() <= max(error, 1e-3)
                if rank == n - 1:
                    assert beads["value1"].sum() == len(part), "a bead says for how many it stands"
                if error == 0.0:
                    assert (beads["node"] == COMMIT_NODES + 2 * of).all() and (beads["value1"] == 1).all()
                else:
                    coarse += 1
                    many = beads["value1"] > 1
                    assert ((beads["traits"] >> 8 & int(Flag.AGGREGATE) != 0) == many).all()
            ends = np.array(list(joined.above), float).reshape(-1, 3) / 50.0
            tops = [joined.top(key) for key in list(joined.above)]
            for child in range(rank + 1):
                own = joined.top(bead_of[child])
                for parent in index.parents[slice(*index.parent_offsets[child:child + 2])].tolist():
                    off = error_of[child] + error_of[parent] + 0.05
                    if np.linalg.norm(bead_of[child] - bead_of[parent]) <= off:
                        continue
                    reached = ends[[top == own for top in tops]]
                    assert nearest(bead_of[[parent]], reached)[0] <= off, (rank, child, parent)
    assert coarse > 3


@pytest.mark.parametrize("coiled", [False, True])
def test_what_is_drawn_is_as_near_to_what_is_true_as_its_tile_says(coiled: bool) -> None:
    index, scene = build(14, coiled)
    exact = scene.columns
    for header in all_headers(scene):
        if not header.error:
            continue
        tile, part = scene.tile(header.id), commits_of(scene, header.id)
        for rank in (int(part[len(part) // 3]), len(index.oids) - 1):
            nodes = np.isin(live(exact, rank, Kind.BEAD)["node"], COMMIT_NODES + 2 * part)
            beads = live(exact, rank, Kind.BEAD)[nodes]
            true = live(exact, rank, Kind.RIBBON)
            own = true[np.isin(true["birth"], part)]
            ours, bead = live(tile, rank, Kind.RIBBON), live(tile, rank, Kind.BEAD)
            shown = np.concatenate([along(ours).reshape(-1, 3), middles(bead)])
            truth = np.concatenate([along(true).reshape(-1, 3), middles(live(exact, rank, Kind.BEAD))])
            assert nearest(shown, truth).max() + bead["size1"].max() / 2 <= header.error
            held = np.concatenate([along(own).reshape(-1, 3), middles(beads)])
            assert nearest(held, shown).max() + beads["size1"].max() / 2 <= header.error


@pytest.mark.parametrize("coiled", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_headers_of_a_river_tell_the_truth_and_errors_fall(seed: int, coiled: bool) -> None:
    _, scene = build(seed, coiled)
    whole = {int(s["node"]): s for s in scene.columns.spans}
    assert scene.root.nodes <= SMALL.root_nodes and scene.root.error > 0
    for header in all_headers(scene):
        tile = scene.tile(header.id)
        assert tile.header == header and header.hi == RANK_END
        counts = (len(tile.nodes), len(tile.spans), len(tile.strata))
        assert (header.nodes, header.spans, header.strata) == counts
        held = (tile.spans, tile.nodes, tile.strata, tile.names_offsets, tile.names_bytes)
        assert header.bytes == sum(column.nbytes for column in held)
        assert (header.error > 0) == bool(header.children)
        if header.children:
            assert min(child.lo for child in header.children) == header.lo
        for child in header.children:
            assert child.error <= header.error and child.lo >= header.lo and child.level == header.level + 1
        if not header.error:
            assert all(span == whole[int(span["node"])] for span in tile.spans)
        at = scene.river.position[commits_of(scene, header.id)]
        assert (at.min(axis=0) >= header.box[:3]).all() and (at.max(axis=0) <= header.box[3:]).all()
        mainline = live(tile, RANK_END - 1, Kind.BEAD)
        assert (np.diff(mainline["birth"].astype(int)) > 0).all() or header.error == 0


def test_city_and_river_share_the_first_tile_and_are_refined_each_for_itself() -> None:
    made = make_history(6, commits=90, names=40)
    both = load_scene("both")
    index = replace(made.index, timeline=np.arange(90, dtype=np.int64) * 3600)
    scene = build_scene(index, made.versions, replace(both, tiling=replace(SMALL, root_nodes=90)), "g")
    city, river = scene.root.children
    assert scene.root.nodes == city.nodes + river.nodes <= 90
    assert scene.root.error == max(city.error, river.error) > 0
    first, parts = scene.tile(scene.root.id), [scene.tile(city.id), scene.tile(river.id)]
    assert np.array_equal(first.spans, np.concatenate([part.spans for part in parts]))
    headers = all_headers(scene)
    assert all(scene.tile(header.id).header == header for header in headers)
    leaves = [scene.tile(header.id) for header in headers if not header.error]
    rank = index.head_rank
    shown = sorted(int(s["node"]) for tile in leaves for s in tile.spans if s["birth"] <= rank < s["death"])
    exact = scene.columns.spans
    assert shown == sorted(exact["node"][(exact["birth"] <= rank) & (rank < exact["death"])].tolist())
    fits = build_scene(index, made.versions, both, "g")
    assert not fits.root.children and np.array_equal(fits.tile(fits.root.id).spans, fits.columns.spans)


def test_where_a_river_runs_is_remembered_with_its_first_tile() -> None:
    index, scene = build(11, True)
    said = {scene.root.id: scene.recipe(scene.root.id)}
    versions = object.__new__(FileVersions)
    again = build_scene(index, versions, scene.definition, "generation", remembered=said.get)
    assert again.root == scene.root and not again._made._rivers[0]._made, "nothing was laid out"
    for name, column in scene.table().course.items():
        assert np.array_equal(column, again.table().course[name])
    assert np.array_equal(again.tile(again.root.id).spans, scene.tile(scene.root.id).spans)
