"""A city that grows while it is looked at: patches give what building it anew at the same places gives."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from repositories import git
from test_history_live import Work, merge, opened

from xrserver.columns import RANK_END, Flag
from xrserver.history.live import LiveHistory, Overtaken
from xrserver.history.versions import file_versions
from xrserver.scene.build import BuiltScene, build_scene
from xrserver.scene.definition import load_scene
from xrserver.scene.live import LiveScene, TilePatch
from xrserver.scene.spans import SceneColumns, columns_of, district_lives
from xrserver.stream import bodies
from xrserver.stream.messages import Patch, TileBody
from xrserver.stream.patches import apply_patch


class City:
    """A live history, its scene, and what a viewer has made of all patches."""

    def __init__(self, live: LiveHistory) -> None:
        self.live = live
        versions = file_versions(live.index)
        self.built: BuiltScene = build_scene(live.index, versions, load_scene("city"), "f" * 32)
        self.scene = LiveScene(self.built, live.index, versions, live.versions_from)
        self.body: TileBody = bodies.tile_body(self.built.tile(self.built.root.id))
        self.sequence = 0

    def follow(self) -> list[TilePatch]:
        self.live.update()
        found = self.scene.update(self.live.index, self.live.followed())
        for patch in found:
            self.sequence += 1
            self.body = apply_patch(self.body, Patch(
                patch.tile, "f" * 32, self.sequence, patch.closed, {"records": patch.spans},
                {"records": patch.nodes}, {"records": patch.strata},
                {"offsets": patch.name_offsets, "bytes": patch.name_bytes}))
        return found

    def check(self) -> None:
        index = self.live.index
        versions = file_versions(index)
        paths, *_ = district_lives(index.paths, self.scene.placement.depth, versions)
        every = np.unique(np.concatenate([2 * versions.path.astype(np.int64), 2 * paths + 1]))
        order = every.astype(np.uint32)
        columns = columns_of(index, versions, self.built.definition, self.scene.placement, order)
        nodes, spans = self.body.nodes["records"], self.body.spans["records"]
        wanted = dict(zip(columns.nodes["node"].tolist(), contents(columns), strict=True))
        found: dict[int, object] = {}
        offsets, text = self.body.names["offsets"], self.body.names["bytes"]
        for row, node in enumerate(nodes):
            first, count = int(node["first_span"]), int(node["span_count"])
            floor, floors = int(node["first_stratum"]), int(node["stratum_count"])
            own = spans[first:first + count].copy()
            own["traits"] &= np.uint32(~(int(Flag.LATE) << 8) & 0xFFFF_FFFF)
            if count or floors:
                strata = self.body.strata["records"][floor:floor + floors]
                found[int(node["node"])] = (own.tobytes(), strata.tobytes(),
                                            text[offsets[row]:offsets[row + 1]].tobytes(),
                                            int(node["parent"]), int(node["depth"]))
        assert found == wanted
        self.check_places(columns)

    def check_places(self, columns: SceneColumns) -> None:
        """No two plots overlap, ever; every building has one."""
        files = columns.spans[columns.spans["node"] % 2 == 0]
        assert (files["size1"][:, ::2] > 0).all()
        paths = np.unique(files["node"] >> 1)
        plots = self.scene.placement.plot[paths]
        low, high = plots[:, :2] - 0.5 * plots[:, 2:], plots[:, :2] + 0.5 * plots[:, 2:]
        apart = ((low[:, None] >= high[None] - 1e-6) | (high[:, None] <= low[None] + 1e-6)).any(axis=2)
        assert (apart | np.eye(len(paths), dtype=bool)).all()


def contents(columns: SceneColumns) -> list[object]:
    found: list[object] = []
    for row, node in enumerate(columns.nodes):
        first, count = int(node["first_span"]), int(node["span_count"])
        floor, floors = int(node["first_stratum"]), int(node["stratum_count"])
        name = columns.name_bytes[columns.name_offsets[row]:columns.name_offsets[row + 1]].tobytes()
        strata = columns.strata[floor:floor + floors]
        found.append((columns.spans[first:first + count].tobytes(), strata.tobytes(), name,
                      int(node["parent"]), int(node["depth"])))
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
    touched = {node >> 1 for node, _, _ in patch.closed}
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


@pytest.mark.parametrize("seed", range(6))
def test_at_every_rank_patches_give_what_building_anew_at_the_same_places_gives(tmp_path: Path,
                                                                               seed: int) -> None:
    chance = random.Random(seed)
    work = Work(tmp_path / "work")
    work.commit({f"d{n % 3}/f{n}": f"{n}\n" * 3 for n in range(9)})
    git(work.folder, "branch", "early")
    city = City(opened(work.folder, "main"))
    branches = ["main", "early"]
    for step in range(16):
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
        try:
            city.follow()
        except Overtaken:
            city.live.close()
            city = City(opened(work.folder, "main"))
        city.check()
    index = city.live.index
    for rank in range(len(index.oids)):
        at = int(np.searchsorted(index.mainline, rank, side="right")) - 1
        listed = b"" if at < 0 else git(work.folder, "ls-tree", "-r", "-z", "--name-only",
                                        index.oids[index.mainline[at]].tobytes().hex())
        assert standing(city.body, rank) == sorted(listed.split(b"\0")[:-1])
    assert (city.body.spans["records"]["death"] <= RANK_END).all()
    city.live.close()
