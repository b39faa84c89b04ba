"""A city that grows while it is looked at: patches give what building it anew at the same places gives."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from repositories import git
from test_history_live import Work, merge, opened

from xrserver.columns import RANK_END, Flag
from xrserver.history.globs import Glob
from xrserver.history.index import FileVersions
from xrserver.history.live import LiveHistory, Overtaken
from xrserver.history.versions import file_versions
from xrserver.scene.build import BuiltScene, build_scene
from xrserver.scene.definition import Tiling, load_scene
from xrserver.scene.hierarchy import STILL_SHARE
from xrserver.scene.live_city import LiveCity
from xrserver.scene.marks import folded, mark
from xrserver.scene.patches import TilePatch, parts
from xrserver.scene.spans import SceneColumns, columns_of, district_lives
from xrserver.stream import bodies
from xrserver.stream.merging import Merged
from xrserver.stream.messages import TileBody
from xrserver.stream.patches import apply_patch


class City:
    """A live history, its scene, and what a viewer has made of all patches."""

    def __init__(self, live: LiveHistory, tiling: Tiling | None = None, exclude: tuple[str, ...] = (),
                 tracked: float = 1.0) -> None:
        self.live = live
        versions = file_versions(live.index)
        definition = load_scene("city")
        if tiling is not None:
            definition = replace(definition, tiling=tiling)
        self.exclude = [Glob.read(text) for text in exclude]
        none = np.zeros(len(live.index.paths.parent), np.int8)
        self.marks = mark(live.index.paths, versions, none, self.exclude)
        self.built: BuiltScene = build_scene(live.index, versions, definition, "f" * 32, self.marks)
        waiting = [self.built.root]
        for header in waiting:
            waiting += [self.built.header(child.id) for child in header.children]
        self.first = int(live.index.mainline[-1])
        self.scene = LiveCity(self.built, 0, live.index, versions, live.versions_from)
        self.bodies: dict[str, TileBody] = {
            tile: bodies.tile_body(self.built.tile(tile)) for tile in self.built.open_tiles}
        self.base = dict(self.bodies)
        self.merged = {tile: Merged(tile) for tile in self.bodies}
        self.sequence = 0
        # Some are asked for later only.
        chance = random.Random(len(self.bodies))
        early = [tile for tile in self.bodies if tile == self.built.root.id or chance.random() < tracked]
        assert self.scene.track(early) == []

    @property
    def body(self) -> TileBody:
        return self.bodies[self.built.root.id]

    def follow(self) -> list[TilePatch]:
        self.live.update()
        return self.take(self.scene.update(self.live.index, self.live.followed()))

    def take(self, found: list[TilePatch]) -> list[TilePatch]:
        for patch in found:
            self.sequence += 1
            self.merged[patch.tile].take(patch)
            self.bodies[patch.tile] = apply_patch(self.bodies[patch.tile], bodies.patch_message(
                "f" * 32, self.sequence, patch))
        return found

    def check_merged(self) -> None:
        """Whoever comes later is told less, and has the same."""
        for tile, body in self.bodies.items():
            late = self.base[tile]
            for part in parts(self.merged[tile].patch()):
                late = apply_patch(late, bodies.patch_message("f" * 32, 1, part))
            assert sorted(map(said, held_rows(late))) == sorted(map(said, held_rows(body)))

    def versions(self) -> FileVersions:
        """What stands, by all that is known now."""
        versions, paths = file_versions(self.live.index), self.live.index.paths
        none = np.zeros(len(paths.parent), np.int8)
        return folded(versions, mark(paths, versions, none, self.exclude))

    def anew(self) -> SceneColumns:
        """The columns of all of it, built anew at the same places."""
        index, versions = self.live.index, self.versions()
        paths, *_ = district_lives(index.paths, self.scene.placement.depth, versions)
        every = np.unique(np.concatenate([2 * versions.path.astype(np.int64), 2 * paths + 1]))
        none = np.zeros(len(index.paths.parent), np.int8)
        marks = mark(index.paths, file_versions(index), none, self.exclude)
        blocks = np.isin(np.arange(len(none)), marks.block)
        return columns_of(index, versions, self.built.definition, self.scene.placement,
                          every.astype(np.uint32), blocks.astype(np.int8))

    def check(self) -> None:
        columns = self.anew()
        wanted = dict(zip(columns.nodes["node"].tolist(), contents(columns), strict=True))
        every: list[int] = []
        for body in self.bodies.values():
            if body.header.error > 0:
                self.check_coarse(columns, body)
                continue
            found = held(body)
            every += found
            for node, (spans, strata, *named) in found.items():
                own, floors, *right = wanted[node]
                own = own[own["death"] >= body.header.lo]
                assert spans.tobytes() == own.tobytes() and named == right
                if body.header.lo == 0:
                    assert strata.tobytes() == floors.tobytes()
                else:  # floors that no window sees are not sent
                    assert strata.tobytes() == floors[:len(strata)].tobytes()
                    assert node & 1 or len(strata) >= spans["value1"].max(initial=0)
        lowest = {node: min((body.header.lo for body in self.bodies.values() if body.header.error == 0
                             and node in held(body)), default=0) for node in wanted}
        gone = {node for node in wanted if wanted[node][0]["death"].max(initial=0) < max(
            (body.header.lo for body in self.bodies.values()), default=0)}
        assert sorted(every) == sorted(set(every))
        assert set(every) | gone == set(wanted) and lowest
        self.check_places(columns)

    def check_coarse(self, columns: SceneColumns, body: TileBody) -> None:
        """Every file is drawn once; a block is as high as what it stands for, by the ground that covers."""
        index, error, lo = self.live.index, body.header.error, body.header.lo
        tile = self.scene._tiles[body.header.id]
        layout, least = self.built.city, self.built.definition.building.lowest
        first = max(self.first, lo)
        for rank in {first, *range(first, index.head_rank + 1, 3), index.head_rank}:
            exact = columns.spans[(columns.spans["birth"] <= rank) & (rank < columns.spans["death"])]
            exact = [span for span in exact if not span["node"] & 1 and tile._takes(
                self.scene._now, int(span["node"]))]
            nodes, spans = body.nodes["records"], body.spans["records"]
            drawn = [spans[first:first + count][(spans["birth"][first:first + count] <= rank)
                                                & (rank < spans["death"][first:first + count])]
                     for first, count in zip(nodes["first_span"].tolist(), nodes["span_count"].tolist(),
                                             strict=True)]
            assert all(len(own) <= 1 for own in drawn)
            live = [own[0] for own in drawn if len(own)]
            blocks = [span for span in live if span["traits"] >> 8 & Flag.AGGREGATE]
            itself = {int(span["node"]): span for span in live if not span["traits"] >> 8 & Flag.AGGREGATE}
            inside: list[list[np.void]] = [[] for _ in blocks]
            for span in exact:
                at = [k for k, block in enumerate(blocks) if within(index.paths.parent, block, span, layout)]
                if int(span["node"]) in itself:
                    own = itself[int(span["node"])]
                    for name in ("position1", "size1"):
                        assert np.abs(span[name] - own[name]).max() <= error + 1e-3
                else:
                    assert len(at) == 1, "each is drawn once"
                    inside[at[0]].append(span)
            assert {node for node in itself if not node & 1} <= {int(span["node"]) for span in exact}
            for block, members in zip(blocks, inside, strict=True):
                assert members
                ground = layout.plate * (float(layout.depth[int(block["node"]) >> 1]) + 1)
                top = float(block["position1"][1] + block["size1"][1])
                volume = sum(float(s["size1"][0]) * float(s["size1"][2]) * (
                    float(s["position1"][1]) + float(s["size1"][1]) - ground) for s in members)
                built = sum(float(s["size1"][0]) * float(s["size1"][2]) for s in members)
                assert abs(top - ground - max(volume / built, least)) <= STILL_SHARE * error + 1e-3
                assert all(float(s["position1"][1] + s["size1"][1]) - ground <= error + 1e-3 for s in members)

    def check_places(self, columns: SceneColumns) -> None:
        """No two plots overlap, ever; every building has one."""
        files = columns.spans[columns.spans["node"] % 2 == 0]
        assert (files["size1"][:, ::2] > 0).all()
        paths = np.unique(files["node"] >> 1)
        plots = self.scene.placement.plot[paths]
        low, high = plots[:, :2] - 0.5 * plots[:, 2:], plots[:, :2] + 0.5 * plots[:, 2:]
        apart = ((low[:, None] >= high[None] - 1e-6) | (high[:, None] <= low[None] + 1e-6)).any(axis=2)
        assert (apart | np.eye(len(paths), dtype=bool)).all()


def within(parent: np.ndarray, block: np.void, span: np.void, layout: object) -> bool:
    """Whether a building stands on a block's ground, and in its district."""
    path, district = int(span["node"]) >> 1, int(block["node"]) >> 1
    ground = layout.plate * (float(layout.depth[district]) + 1)  # type: ignore[attr-defined]
    around = int(parent[path])
    while around and around != district and float(block["position1"][1]) < ground - 1e-4:
        around = int(parent[around])  # a whole district's block has the plate as its foot
    return around == district and all(
        abs(float(block["position1"][i] - span["position1"][i])) + 0.5 * float(span["size1"][i])
        <= 0.5 * float(block["size1"][i]) + 1e-2 for i in (0, 2))


def said(row: tuple) -> tuple:
    """A row of `held_rows` as it can be compared."""
    node, (spans, strata, *named) = row
    return node, spans.tobytes(), strata.tobytes(), *named


def held(body: TileBody) -> dict[int, tuple]:
    """What an exact tile holds of each node that has anything in it."""
    return dict(held_rows(body))


def held_rows(body: TileBody) -> list[tuple[int, tuple]]:
    """The same of any tile, row by row."""
    found: list[tuple[int, tuple]] = []
    nodes, spans = body.nodes["records"], body.spans["records"]
    offsets, text = body.names["offsets"], body.names["bytes"]
    for row, node in enumerate(nodes):
        first, count = int(node["first_span"]), int(node["span_count"])
        floor, floors = int(node["first_stratum"]), int(node["stratum_count"])
        own = spans[first:first + count].copy()
        own["traits"] &= np.uint32(~(int(Flag.LATE | Flag.CARRIED) << 8) & 0xFFFF_FFFF)
        if count or floors:
            strata = body.strata["records"][floor:floor + floors] if floors else body.strata["records"][:0]
            found.append((int(node["node"]), (own, strata, text[offsets[row]:offsets[row + 1]].tobytes(),
                                              int(node["parent"]), int(node["depth"]))))
    return found


def contents(columns: SceneColumns) -> list[tuple]:
    found: list[tuple] = []
    for row, node in enumerate(columns.nodes):
        first, count = int(node["first_span"]), int(node["span_count"])
        floor, floors = int(node["first_stratum"]), int(node["stratum_count"])
        name = columns.name_bytes[columns.name_offsets[row]:columns.name_offsets[row + 1]].tobytes()
        strata = columns.strata[floor:floor + floors]
        found.append((columns.spans[first:first + count], strata, name, int(node["parent"]),
                      int(node["depth"])))
    return found


@pytest.fixture
def work(tmp_path: Path) -> Work:
    work = Work(tmp_path / "work")
    work.commit({f"src/f{n}.py": "x\n" * 40 * n for n in range(12)} | {"README.md": "read\n"})
    work.commit({"src/f1.py": "y\n", "docs/a.md": "a\n"})
    return work


def standing(body: TileBody, rank: int) -> list[bytes]:
    nodes, spans = body.nodes["records"], body.spans["records"]
    names = bodies.strings(body.names)
    found: list[bytes] = []
    for row, node in enumerate(nodes):
        own = spans[int(node["first_span"]):int(node["first_span"]) + int(node["span_count"])]
        live = (own["birth"] <= rank) & (rank < own["death"])
        found += [names[row]] * int(live.sum()) if node["node"] % 2 == 0 else []
    return sorted(found)


def test_a_commit_changes_only_what_it_touches(work: Work) -> None:
    city = City(opened(work.folder))
    work.commit({"src/f3.py": "new\n", "src/f4.py": None})
    (patch,) = city.follow()
    touched = {node >> 1 for node, *_ in patch.closed}
    assert len(touched) == 2 and len(patch.spans) == 1
    city.check()
    assert city.follow() == []
    city.live.close()


def test_new_files_take_free_plots_then_the_street_then_the_outside(work: Work) -> None:
    city = City(opened(work.folder))
    for n in range(40):
        work.commit({f"docs/new{n}.md": "text\n" * 20 * (n + 1)})
        city.follow()
    work.commit({f"brand/new/{n}.py": "code\n" * 30 for n in range(30)}
                | {f"src/sub/{n}.c": "c\n" for n in range(3)})
    city.follow()
    work.commit({f"src/sub/more{n}.c": "c\n" * 50 for n in range(9)})
    city.follow()
    city.check()
    city.live.close()


def test_a_file_that_outgrows_its_plot_grows_only_in_height(work: Work) -> None:
    city = City(opened(work.folder))
    work.commit({"src/f2.py": "large\n" * 20000})
    (patch,) = city.follow()
    (span,) = patch.spans
    assert span["size1"][1] > span["size0"][1]
    plot = city.scene.placement.plot[int(span["node"]) >> 1]
    assert np.allclose(span["size1"][::2], plot[2:])
    city.check()
    city.live.close()


def step_on(chance: random.Random, work: Work, branches: list[str], step: int) -> None:
    """Do something that people do, to a few files in a few directories."""
    kind = chance.choice(["commit", "commit", "commit", "branch", "merge", "switch"])
    files = git(work.folder, "ls-files").decode().split()
    if kind == "commit":
        changed: dict[str, str | None] = {}
        for _ in range(chance.randint(1, 4)):
            path = chance.choice([*files, f"d{chance.randint(0, 4)}/n{step}", f"e/{step}/x"])
            if path in files and chance.random() < 0.35:
                changed[path] = None
                if chance.random() < 0.6:
                    changed[f"moved/{chance.randint(0, 2)}/m{step}"] = (work.folder / path).read_text()
            else:
                changed[path] = f"{step} {chance.random()}\n" * chance.randint(1, 40)
        work.commit(changed, who=chance.choice(["Ada", "Bob", "Cy"]))
    elif kind == "branch":
        branches.append(f"b{step}")
        git(work.folder, "branch", f"b{step}")
    elif kind == "merge":
        merge(work.folder, chance.choice(branches), *(["--no-ff"] if chance.random() < 0.5 else []))
    else:
        # The mainline shown stays main: commits elsewhere are activity until they are merged.
        git(work.folder, "checkout", "-q", chance.choice(branches))
        git(work.folder, "checkout", "-q", "main") if chance.random() < 0.4 else None


def followed_on(city: City) -> City:
    """The city after what happened; another where ranks no longer hold."""
    try:
        city.follow()
    except Overtaken:
        city.live.close()
        return City(opened(city.live.repository.place.git_dir, "main"))
    return city


@pytest.mark.parametrize("seed", range(5))
def test_at_every_rank_patches_give_what_building_anew_at_the_same_places_gives(tmp_path: Path,
                                                                               seed: int) -> None:
    chance = random.Random(seed)
    work = Work(tmp_path / "work")
    work.commit({f"d{n % 3}/f{n}": f"{n}\n" * 3 for n in range(9)})
    git(work.folder, "branch", "early")
    city = City(opened(work.folder, "main"))
    branches = ["main", "early"]
    for step in range(16):
        step_on(chance, work, branches, step)
        city = followed_on(city)
        city.check()
    index = city.live.index
    for rank in range(len(index.oids)):
        at = int(np.searchsorted(index.mainline, rank, side="right")) - 1
        listed = b"" if at < 0 else git(work.folder, "ls-tree", "-r", "-z", "--name-only",
                                        index.oids[index.mainline[at]].tobytes().hex())
        assert standing(city.body, rank) == sorted(listed.split(b"\0")[:-1])
    assert (city.body.spans["records"]["death"] <= RANK_END).all()
    city.check_merged()
    city.live.close()


@pytest.mark.parametrize("seed", range(3))
def test_of_a_city_in_several_tiles_each_open_one_is_patched_exact_or_as_coarse_as_it_is(
        tmp_path: Path, seed: int) -> None:
    chance = random.Random(100 + seed)
    work = Work(tmp_path / "work")
    work.commit({f"d{n % 5}/s{n % 7}/f{n}": f"{n}\n" * (3 + n % 9) for n in range(40)})
    for n in range(20):  # so often that time is cut there
        work.commit({f"d{n % 5}/s0/g{n // 4}": "x\n" * chance.randint(1, 90),
                     "d0/s0/f0": f"{n}\n", "d0/s0/f35": f"{n}\n"})
    git(work.folder, "branch", "early")
    city = City(opened(work.folder, "main"), Tiling(0, 0, 16, 60, 16, 14), tracked=0.6)
    assert len(city.bodies) > 3 and any(body.header.lo > 0 for body in city.bodies.values())
    branches, root = ["main", "early"], set(city.built.open_tiles)
    for step in range(10):
        step_on(chance, work, branches, step)
        city.follow()
        if step == 5:
            city.take(city.scene.track(root))
            city.check()
    city.check()
    assert city.follow() == []
    city.check_merged()
    city.live.close()


@pytest.mark.parametrize("tiling", [None, Tiling(0, 0, 12, 60, 12, 40)])
def test_what_is_left_out_is_patched_as_the_blocks_that_stand_for_it(tmp_path: Path,
                                                                     tiling: Tiling | None) -> None:
    work = Work(tmp_path / "work")
    work.commit({f"lib/f{n}.js": "x\n" * n for n in range(6)} | {f"src/f{n}.py": "y\n" * n for n in range(9)}
                | {"src/made.min.js": "z\n", "gone/a.js": "a\n"})
    work.commit({"gone/a.js": None, "lib/f2.js": "other\n"})
    city = City(opened(work.folder, "main"), tiling, ("*.js",))
    work.commit({"lib/f1.js": "other\n", "lib/more.js": "new\n", "src/f1.py": "other\n"})
    assert {int(node) >> 1 for patch in city.follow() for node in patch.nodes["node"] if not node & 1} == {
        row for row, path in enumerate(city.live.index.paths.whole()) if path == b"src/f1.py"}
    city.check()
    work.commit({f"lib/{name}.js": None for name in ("f0", "f1", "f2", "f3", "f4", "f5", "more")}
                | {"src/two.min.js": "z\n", "src/made.min.js": None})
    city.follow()
    city.check()
    work.commit({"lib/again.js": "back\n", "src/f3.py": None, "src/two.min.js": "changed\n"})
    city.follow()
    city.check()
    city.live.close()
