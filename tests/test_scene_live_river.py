"""A river that grows while it is looked at: every commit is drawn once, nothing leaves its place."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from repositories import git
from test_history_live import Work, merge, opened
from test_scene_live import step_on

from xrserver.columns import COMMIT_NODES, RIBBON_NODES, Category, Kind
from xrserver.history.live import LiveHistory, Overtaken
from xrserver.history.versions import file_versions
from xrserver.kernels import lanes
from xrserver.layout.continued import Continued
from xrserver.layout.river import lay_out_river
from xrserver.scene.build import BuiltScene, build_scene
from xrserver.scene.definition import Tiling, load_scene
from xrserver.scene.live import LiveScene
from xrserver.scene.patches import PastChanged, TilePatch, parts
from xrserver.scene.table import build_table
from xrserver.stream import bodies
from xrserver.stream.merging import Merged
from xrserver.stream.messages import TileBody
from xrserver.stream.patches import apply_commits, apply_patch

#: A root that is coarse, and several tiles below it.
CUT = Tiling(0, 0, 30, 60, 30, 60)


class Flowing:
    """A live history, a scene with its river, and what a viewer has made of all patches."""

    def __init__(self, live: LiveHistory, name: str = "river", tiling: Tiling | None = None,
                 tracked: float = 1.0, straight: float | None = None) -> None:
        self.live = live
        versions = file_versions(live.index)
        definition = load_scene(name)
        if tiling is not None:
            definition = replace(definition, tiling=tiling)
        if straight is not None:
            definition = replace(definition, river=replace(definition.river, straight=straight))
        self.built: BuiltScene = build_scene(live.index, versions, definition, "f" * 32)
        self.headers = [self.built.root]
        for header in self.headers:
            self.headers += self.built.header(header.id).children
        self.first = len(live.index.oids)
        self.people = len(live.index.person_names)
        self.scene = LiveScene(self.built, live.index, versions, live.versions_from)
        self.bodies = {each.id: bodies.tile_body(self.built.tile(each.id)) for each in self.headers}
        self.base = dict(self.bodies)
        self.merged = {tile: Merged(tile) for tile in self.bodies}
        self.table = bodies.table_body(self.built.table_id, self.built.table())
        self.told = self.first
        self.sequence = 0
        chance = random.Random(len(self.bodies))
        assert self.scene.track([tile for tile in self.bodies if chance.random() < tracked]) == []

    @property
    def leaves(self) -> list[TileBody]:
        return [self.bodies[each.id] for each in self.headers if not self.built.header(each.id).children]

    def follow(self) -> list[TilePatch]:
        self.live.update()
        return self.take(self.scene.update(self.live.index, self.live.followed()))

    def take(self, found: list[TilePatch]) -> list[TilePatch]:
        index = self.live.index
        for patch in found:
            self.sequence += 1
            self.merged[patch.tile].take(patch)
            for part in parts(patch):
                self.bodies[patch.tile] = apply_patch(self.bodies[patch.tile], bodies.patch_message(
                    "f" * 32, self.sequence, part))
        grown = build_table(index, self.built.definition.palette)
        course = self.scene.course.since(self.told)
        self.table = apply_commits(self.table, bodies.commits_message(
            self.built, index, grown, course, self.told, self.people, self.people))
        self.told, self.people = len(index.oids), len(index.person_names)
        return found

    def check(self) -> None:
        """What is drawn is what git lists, at every rank, however it is cut."""
        index = self.live.index
        folder = self.live.repository.place.git_dir
        listed = git(folder, "rev-list", "--parents", "--all").decode().split("\n")
        parents = {bytes.fromhex(line.split()[0]): {bytes.fromhex(word) for word in line.split()[1:]}
                   for line in listed if line}
        order = [oid.tobytes() for oid in index.oids]
        assert parents.keys() <= set(order)
        beads, ribbons = [], []
        for body in self.leaves:
            assert body.header.error == 0
            own, edges = drawn(body)
            beads += own
            ribbons += edges
        assert sorted(beads) == list(range(len(order))), "every commit is drawn once"
        assert len(set(ribbons)) == len(ribbons)
        offsets = index.parent_offsets
        assert set(ribbons) == {(int(parent), rank) for rank in range(len(order))
                                for parent in index.parents[offsets[rank]:offsets[rank + 1]]}
        for rank, oid in enumerate(order):
            if oid in parents:
                assert {order[parent] for parent, child in ribbons if child == rank} == parents[oid]
        # New commits are in each tile on the way to the newest one, and in no other.
        new = set(range(self.first, len(order)))
        for header in self.headers:
            own = {rank for rank in drawn(self.bodies[header.id])[0] if rank >= self.first}
            assert own in (set(), new)
        for cut in self.cuts():
            held = [rank for tile in cut for rank in drawn(self.bodies[tile])[0] if rank >= self.first]
            assert sorted(held) == sorted(new), "each is in every cut once"
        self.check_course()
        for tile, body in self.bodies.items():
            late = self.base[tile]
            for part in parts(self.merged[tile].patch()):
                late = apply_patch(late, bodies.patch_message("f" * 32, 1, part))
            assert sorted(rows(late)) == sorted(rows(body)), "who comes later sees the same"
            before = rows(self.base[tile], COMMIT_NODES)
            assert rows(body, COMMIT_NODES)[:len(before)] == before, "nothing moves"

    def cuts(self) -> list[list[str]]:
        """Everything by the coarsest tile, then one after the other by those that refine it."""
        found = [[self.built.root.id]]
        while True:
            coarse = [tile for tile in found[-1] if self.built.header(tile).children]
            if not coarse:
                return found
            finer = [child.id for child in self.built.header(coarse[0]).children]
            found.append([tile for tile in found[-1] if tile != coarse[0]] + finer)

    def check_course(self) -> None:
        """Viewers know where the mainline is; every node says which commit it leads to."""
        index, course = self.live.index, self.table.course
        assert course["rank"][-1] == index.head_rank
        assert (np.diff(course["rank"].astype(np.int64)) > 0).all()
        places = {int(span["node"] - COMMIT_NODES) // 2: span for body in self.leaves
                  for span in body.spans["records"] if span["traits"] & 0xFF == Kind.BEAD}
        for row in np.flatnonzero(np.isin(course["rank"], index.mainline)).tolist():
            bead, at = places[int(course["rank"][row])], course["position"][row]
            assert np.abs(bead["position1"] + [0, bead["size1"][1] / 2, 0] - at).max() < 2e-3
        for body in self.leaves:
            nodes, strata = body.nodes["records"], body.strata["records"]
            for node in nodes[nodes["node"] >= RIBBON_NODES]:
                leads = self.built.commit_of(int(node["node"]))
                edge = node["stratum_count"] == 2
                assert leads == (int(strata["rank"][node["first_stratum"] + 1]) if edge else -1)
        for rank in range(len(index.oids)):
            assert self.built.commit_of(COMMIT_NODES + 2 * rank) == rank
        assert self.built.commit_of(COMMIT_NODES + 2 * len(index.oids)) == -1


def drawn(body: TileBody) -> tuple[list[int], list[tuple[int, int]]]:
    """The commits of exact beads of a tile, and the edges of its ribbons: parent and child."""
    nodes, spans, strata = (columns["records"] for columns in (body.nodes, body.spans, body.strata))
    traits = spans["traits"][nodes["first_span"]]
    bead = nodes[((traits & 0xFF) == Kind.BEAD) & (nodes["stratum_count"] == 1)]
    ribbon = nodes[((traits & 0xFF) == Kind.RIBBON) & (nodes["stratum_count"] == 2)
                   & (traits >> 16 != Category.DISTRICT)]
    edges = [(int(strata["rank"][at]), int(strata["rank"][at + 1]))
             for at in ribbon["first_stratum"].tolist()]
    return strata["rank"][bead["first_stratum"]].tolist(), sorted(set(edges))


def rows(body: TileBody, first: int = 0) -> list[bytes]:
    """Every node of a tile, from the node `first` on, with its spans and strata."""
    spans, strata = body.spans["records"], body.strata["records"]
    return [b"".join((node["node"].tobytes(), node["parent"].tobytes(), node["depth"].tobytes(),
                      spans[node["first_span"]:node["first_span"] + node["span_count"]].tobytes(),
                      strata[node["first_stratum"]:node["first_stratum"] + node["stratum_count"]].tobytes()))
            for node in body.nodes["records"] if node["node"] >= first]


def check_lanes(live: LiveHistory, course: Continued) -> None:
    """No two chains are in a lane at once; the mainline has one for itself, and time runs one way."""
    index, layout = live.index, course.layout
    chain, lane = layout.chain.tolist(), layout.lane.tolist()
    assert all(lane[rank] == 0 and chain[rank] == 0 for rank in index.mainline.tolist())
    taken: dict[int, list[tuple[float, float, int]]] = {}
    for rank in range(len(index.oids)):
        taken.setdefault(lane[rank], []).append((rank - 0.25, rank + 0.25, chain[rank]))
        first = int(index.parent_offsets[rank])
        for row in range(first, int(index.parent_offsets[rank + 1])):
            parent, route = int(index.parents[row]), int(layout.route[row])
            assert layout.along[parent] < layout.along[rank]
            if route in (lanes.ALONG, lanes.FORK):
                taken[lane[rank]].append((parent + 0.5, rank - 0.5, chain[rank]))
            elif route == lanes.MERGE:
                taken.setdefault(lane[parent], []).append((parent + 0.5, rank - 0.5, chain[parent]))
    for number, intervals in taken.items():
        for (a, b, one), (c, d, other) in itertools.combinations(intervals, 2):
            assert one == other or b <= c or d <= a or (number == 0 and 0 in (one, other))
    assert {one for _, _, one in taken[0]} == {0}


@pytest.fixture
def work(tmp_path: Path) -> Work:
    work = Work(tmp_path / "work")
    for n in range(12):
        work.commit({f"src/f{n}.py": "x\n" * 4 * n, "README.md": f"{n}\n"})
    return work


@pytest.mark.parametrize("name", ["river", "both"])
def test_a_commit_is_put_behind_what_there_is(work: Work, name: str) -> None:
    flowing = Flowing(opened(work.folder), name)
    work.commit({"src/f3.py": "new\n", "src/more.py": "new\n"})
    patches = flowing.follow()
    assert {patch.tile for patch in patches} == {flowing.built.root.id}
    kinds = [int(kind) for patch in patches for kind in patch.spans["traits"] & 0xFF]
    assert kinds.count(Kind.BEAD) == 1 and Kind.RIBBON in kinds
    assert (Kind.BOX in kinds) == (name == "both")
    flowing.check()
    assert flowing.follow() == []
    flowing.live.close()


@pytest.mark.parametrize("coiled", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_lanes_of_what_came_later_are_free_and_the_mainline_stays_straight(
        tmp_path: Path, seed: int, coiled: bool) -> None:
    chance = random.Random(seed)
    work = Work(tmp_path / "work")
    work.commit({"a": "1\n"})
    git(work.folder, "branch", "early")
    live = opened(work.folder, "main")
    parameters = replace(load_scene("river").river, straight=0.0 if coiled else 1e6)
    course = Continued(lay_out_river(live.index, parameters), live.index)
    branches = ["main", "early"]
    for step in range(24):
        step_on(chance, work, branches, step)
        try:
            live.update()
        except Overtaken:
            live.close()
            live = opened(work.folder, "main")
            course = Continued(lay_out_river(live.index, parameters), live.index)
        if not course.holds(live.index):
            course = Continued(lay_out_river(live.index, parameters), live.index)
        before = course.layout
        if len(live.index.oids) > len(before.along):
            pieces = course.grow(live.index)
            assert len(pieces) == (int(course.layout.bed_piece[-1]) + 1
                                   - int(max(before.bed_piece.max(initial=-1) + 1, before.first_piece[-1])))
        for held in ("chain", "lane", "position", "along", "aside", "route", "course", "across", "bed_piece"):
            now = getattr(course.layout, held)
            assert np.array_equal(now[:len(getattr(before, held))], getattr(before, held))
        check_lanes(live, course)
    live.close()


@pytest.mark.parametrize(("name", "tiling"), [("river", None), ("river", CUT), ("both", CUT)])
@pytest.mark.parametrize("seed", range(2))
def test_whatever_people_do_every_cut_shows_each_commit_and_edge_of_git(
        tmp_path: Path, seed: int, name: str, tiling: Tiling | None) -> None:
    chance = random.Random(7 * seed + len(name))
    work = Work(tmp_path / "work")
    for n in range(40):
        work.commit({f"d{n % 3}/f{n}": f"{n}\n" * 3})
    git(work.folder, "branch", "early")
    flowing = Flowing(opened(work.folder, "main"), name, tiling, tracked=0.6)
    assert (len(flowing.bodies) > 3) == (tiling is not None)
    branches, anew = ["main", "early"], 0
    for step in range(14):
        step_on(chance, work, branches, step)
        try:
            flowing.follow()
        except (Overtaken, PastChanged):
            flowing.live.close()
            flowing, anew = Flowing(opened(work.folder, "main"), name, tiling, tracked=0.6), anew + 1
        if step % 5 == 4:
            flowing.take(flowing.scene.track(flowing.bodies))
            flowing.check()
    assert anew < 6
    flowing.live.close()


def test_a_tile_that_is_asked_for_late_gets_what_the_others_got_bit_by_bit(tmp_path: Path) -> None:
    work = Work(tmp_path / "work")
    for n in range(80):
        work.commit({f"f{n % 5}": f"{n}\n"})
    for straight in (160.0, 20.0):
        flowing = Flowing(opened(work.folder), tiling=CUT, tracked=0.0, straight=straight)
        river = flowing.built.river
        assert river is not None and river.coiled == (straight == 20.0)
        flowing.take(flowing.scene.track([flowing.built.root.id]))
        for n in range(5):
            work.second += 600 * n * n
            work.commit({f"f{n}": "more\n" * n})
            flowing.follow()
        flowing.take(flowing.scene.track(flowing.bodies))
        new = [set(rows(body)) - set(rows(flowing.base[tile])) for tile, body in flowing.bodies.items()]
        told = [each for each in new if each]
        assert len(told) > 1 and all(each == told[0] for each in told)
        flowing.live.close()


def test_a_coil_is_wound_on_so_that_no_winding_touches_the_one_before(tmp_path: Path) -> None:
    work = Work(tmp_path / "work")
    for n in range(4):
        work.commit({"a": f"{n}\n"})
    live = opened(work.folder)
    p = replace(load_scene("river").river, straight=0.0, radius=6.0)
    index, count = live.index, 400
    n = len(index.oids)
    course = Continued(lay_out_river(index, p), index)
    before = course.layout.position
    for now in (n + 1, n + 2, n + count):
        course.grow(replace(
            index, oids=np.zeros((now, 20), np.uint8), parent_offsets=np.arange(-1, now).clip(0),
            parents=np.arange(now - 1, dtype=np.int32), mainline=np.arange(now, dtype=np.int32),
            timeline=np.concatenate([index.timeline, index.timeline[-1] + 60 * (1 + np.arange(now - n))])))
    at = course.layout.position
    np.testing.assert_array_equal(at[:n], before)
    away, angle = np.hypot(at[:, 0], at[:, 2]), np.unwrap(np.arctan2(at[:, 2], at[:, 0]))
    assert (np.diff(away) > 0).all() and angle[-1] - angle[0] > 4 * np.pi
    turns = (angle - angle[0]) / (2 * np.pi)
    inner = turns < turns[-1] - 1
    assert (np.interp(turns[inner] + 1, turns, away) - away[inner]).min() >= p.air
    assert np.linalg.norm(np.diff(at, axis=0), axis=1) == pytest.approx(p.pitch, rel=0.03)
    live.close()


def test_a_river_whose_past_looks_different_now_is_made_anew(work: Work) -> None:
    git(work.folder, "checkout", "-q", "-b", "side")
    work.commit({"side.py": "1\n"})
    git(work.folder, "checkout", "-q", "main")
    flowing = Flowing(opened(work.folder, "main"))
    git(work.folder, "branch", "-D", "side")
    with pytest.raises(PastChanged, match="reached"):
        flowing.follow()
    flowing.live.close()
    git(work.folder, "checkout", "-q", "-b", "again")
    work.commit({"side.py": "2\n"})
    git(work.folder, "checkout", "-q", "main")
    flowing = Flowing(opened(work.folder, "main"))
    merge(work.folder, "again", "--ff-only")
    with pytest.raises(PastChanged, match="mainline"):
        flowing.follow()
    flowing.live.close()


def test_a_river_that_becomes_long_is_wound_up(work: Work) -> None:
    flowing = Flowing(opened(work.folder))
    with pytest.raises(PastChanged, match="wound up"):
        for n in range(60):
            work.second += 86_400 * 30
            work.commit({"a": f"{n}\n"})
            flowing.follow()
    flowing.live.close()
