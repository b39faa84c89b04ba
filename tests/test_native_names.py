"""Names in a headset on a PC: what deserves one, which are shown, and how they look to each eye."""

from __future__ import annotations

import asyncio
import math
import os
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import moderngl
import numpy as np
import pytest
from native_scene import opengl, town
from PIL import Image
from served import served

from xrserver import spaces
from xrserver.columns import COMMIT_NODES, Flag
from xrserver.native import lettering, names
from xrserver.native.backend import View
from xrserver.native.desktop import DesktopViewer
from xrserver.native.lettering import Lettering, grown
from xrserver.native.milestones import KEYS, milestones
from xrserver.native.names import Names
from xrserver.native.offscreen import Offscreen, create_context
from xrserver.native.survey import Survey
from xrserver.navigation import naming
from xrserver.navigation.standing import ROOM, before
from xrserver.spaces import Pose

FRAMES = ThreadPoolExecutor(1, thread_name_prefix="names")
HEAD = Pose((0.0, 1.6, 0.0), spaces.about((1.0, 0.0, 0.0), -0.35))
#: Of an eye's picture, pixels; and half of how wide its view is, radians: 18 pixels a degree in the middle.
SIDE, LENS = 1600, 0.75
#: Pictures are kept there, where it is set, for people to look at.
KEEP = os.environ.get("XRSERVER_TEST_PICTURES")


async def beside(function, *arguments):
    """Run what draws in its own thread while this loop serves."""
    return await asyncio.get_running_loop().run_in_executor(FRAMES, function, *arguments)


def eye(context: moderngl.Context, head: Pose, aside: float) -> View:
    """An eye of a head, so many metres to its right, with a picture of its own."""
    target = context.framebuffer(
        [context.renderbuffer((SIDE, SIDE), 4)], context.depth_renderbuffer((SIDE, SIDE)))
    place = spaces.add(head.position, spaces.rotate(head.orientation, (aside, 0.0, 0.0)))
    lens = spaces.perspective(2 * LENS, 1.0, 0.05, 100.0)
    return View(Pose(place, head.orientation), 2 * LENS, lens, target)


def picture(view: View) -> np.ndarray:
    data = view.target.read(components=3, alignment=1)
    return np.frombuffer(data, np.uint8).reshape(SIDE, SIDE, 3)[::-1]


def kept(name: str, seen: np.ndarray) -> None:
    if KEEP:
        Image.fromarray(seen).save(Path(KEEP) / f"{name}.png")


class Sight:
    """A viewer's city, in a room, with its names."""

    def __init__(self, url: str) -> None:
        self.backend = Offscreen((64, 64))
        self.viewer = DesktopViewer(self.backend, url)
        self.viewer.settle()
        self.city, self.rank = self.viewer.city, self.viewer.playback.rank
        self.pose = before(self.city.box, HEAD.position, 0.0, ROOM)
        self.names = Names(self.backend.context)

    def look(self, head: Pose = HEAD, seconds: float = 1.0) -> None:
        for _ in range(round(seconds * 90)):
            self.names.step(self.city, self.viewer.drawn, self.rank, False, self.pose, head, 0.0, 1 / 90,
                            False)
            # However busy the machine is, a look over the city is over with the frame.
            futures.wait([each for each in (self.names.survey._pass,) if each is not None])

    def draw(self, head: Pose, aside: float, with_city: bool) -> tuple[View, np.ndarray]:
        view = eye(self.backend.context, head, aside)
        view.begin()
        if with_city:
            moment = replace(self.viewer._moment(), pose=self.pose)
            self.viewer.renderer.draw(moment, view.world_from_eye, view.projection)
        self.names.draw(view)
        return view, picture(view)

    def close(self) -> None:
        self.viewer.__exit__(None, None, None)
        self.backend.context.release()


@pytest.fixture(scope="module")
def town_repository(tmp_path_factory):
    script = town()
    script.tag("v1/first", 40)
    return script.write(tmp_path_factory.mktemp("names") / "town", bare=True)


async def with_sight(repository, see, scene="city"):
    opengl()
    async with served(repository, scene=scene) as serving:
        sight = await beside(Sight, serving.url)
        try:
            return await beside(see, sight)
        finally:
            await beside(sight.close)


# --- what deserves a name --------------------------------------------------------------------------


def standing(city, drawn, rank):
    """Every file and district that stands: node → (middle x, top, z, footprint, parent, depth, name)."""
    found = {}
    for tile in city.tiles(drawn):
        for row, node in enumerate(tile.nodes):
            own = tile.spans[node["first_span"]:node["first_span"] + node["span_count"]]
            live = [span for span in own if span["birth"] <= rank < span["death"]]
            if not live or node["node"] >= COMMIT_NODES:
                continue
            assert not int(live[-1]["traits"]) >> 8 & Flag.AGGREGATE
            (x, y, z), size = live[-1]["position1"].tolist(), live[-1]["size1"].tolist()
            found[int(node["node"])] = (
                x, y + size[1], z, max(size[0], size[2]), int(node["parent"]), int(node["depth"]),
                tile.name(row))
    return found


async def test_districts_are_as_tall_as_what_stands_in_them_and_near_buildings_are_offered(town_repository):
    def see(sight):
        city, drawn = sight.city, sight.viewer.drawn
        for rank in (sight.rank // 3, sight.rank):
            every = standing(city, drawn, rank)
            tall = {node: top for node, (_, top, *_) in every.items()}
            for _, (_, top, _, _, parent, *_) in every.items():
                above = parent
                while True:
                    tall[above] = max(tall.get(above, 0.0), top)
                    if every[above][4] == above:
                        break
                    above = every[above][4]
            eye = (city.box[0], 20.0, city.box[2])
            sizes = {node: each[3] / math.dist(each[:3], eye)
                     for node, each in every.items() if node % 2 == 0}
            least = sorted(sizes.values())[-10]
            looking = Survey()
            while not looking.step(city, drawn, rank, eye, least * 0.999, 0.1, 0.2, False):
                pass
            found = looking.candidates
            files = set(found.nodes[~found.districts].tolist())
            assert files == {node for node, size in sizes.items() if size >= least * 0.999}
            for i, node in enumerate(found.nodes.tolist()):
                x, top, z, extent, _, depth, name = every[node]
                high = tall[node] if node & 1 else top
                assert found.places[i] == pytest.approx((x, high, z))
                assert found.extents[i] == pytest.approx(extent)
                assert found.depths[i] == depth and found.text(i) == name
                assert bool(found.districts[i]) == (node & 1 == 1) and node != 1
            quarters = {node for node, each in every.items() if node & 1 and each[5] == 1}
            assert len(quarters & set(found.nodes.tolist())) >= 3
            # Nothing has changed: there is nothing to look for.
            assert not any(looking.step(city, drawn, rank, eye, least, 0.1, 0.2, False) for _ in range(9))

    await with_sight(town_repository, see)


async def test_years_months_and_tags_stand_along_the_river_once_the_playhead_has_passed_them(
        town_repository):
    def see(sight):
        city = sight.city
        along = milestones(city)
        days = city.timeline.astype("datetime64[s]")
        months = days.astype("datetime64[M]")
        begins = [r for r in range(len(months)) if r == 0 or months[r] != months[r - 1]]
        dates = along.depths != 2
        texts = [text for text, date in zip(along.text, dates, strict=True) if date]
        told = set(zip(along.ranks[dates].tolist(), texts, strict=True))
        assert {rank for rank, _ in told} == set(begins)
        for rank, text in told:
            assert text.endswith(str(months[rank])[:4])
        assert [text for text, depth in zip(along.text, along.depths, strict=True) if depth == 2] == [
            name for _, name in sorted(city.landmarks)]
        for i, rank in enumerate(along.ranks.tolist()):
            x, y, z = city.on_river(rank)
            assert along.places[i][[0, 2]] == pytest.approx((x, z)) and along.places[i][1] >= y + 1.5
        assert (np.diff(along.ranks) >= 0).all() and (along.extents >= 0).all()
        for rank in (0, int(along.ranks[len(along.ranks) // 2]), sight.rank):
            looking = Survey()
            while not looking.step(city, sight.viewer.drawn, rank, (0, 10, 0), 0.04, 0.1, 0.2, False):
                pass
            passed = looking.candidates.nodes >= KEYS
            texts = [looking.candidates.text(i) for i in np.flatnonzero(passed).tolist()]
            assert texts == [text for text, r in zip(along.text, along.ranks, strict=True) if r <= rank]

    await with_sight(town_repository, see, "river")


# --- which are shown -------------------------------------------------------------------------------


async def test_names_lie_beside_each_other_and_stay_while_the_head_sways(town_repository):
    def see(sight):
        sight.look()
        first = {name.text for name in sight.names.shown}
        assert len(first) >= 6 and {"src", "docs", "tests"} <= first
        boxes = [name.box for name in sight.names.shown]
        for i, (left, top, right, bottom) in enumerate(boxes):
            assert right - left > 1.0 and bottom - top >= 0.9
            for a, b, c, d in boxes[:i]:
                gap = naming.GAP - 1e-9
                assert right + gap <= a or c + gap <= left or bottom + gap <= b or d + gap <= top
        # Breathing chooses nothing anew; a step aside does, and keeps nearly all.
        choice = sight.names._choice
        for i in range(30):
            swayed = Pose((0.003 * math.sin(i), 1.6, 0.0), HEAD.orientation)
            sight.look(swayed, seconds=0.05)
        assert sight.names._choice == choice
        sight.look(Pose((0.08, 1.6, 0.0), HEAD.orientation))
        assert sight.names._choice > choice
        assert len(first & {name.text for name in sight.names.shown}) >= 0.8 * len(first)
        # Whoever looks away sees none.
        sight.look(Pose((0.0, 1.6, 0.0), spaces.about((0.0, 1.0, 0.0), math.pi)))
        assert sight.names.shown == [] and sight.names.count == 0

    await with_sight(town_repository, see)


async def test_names_fade_and_at_rest_nothing_is_uploaded(town_repository, monkeypatch):
    def see(sight):
        frames, written = [], []
        write = moderngl.Buffer.write
        monkeypatch.setattr(moderngl.Buffer, "write", lambda *a: (written.append(1), write(*a)))
        for _ in range(200):
            written.clear()
            sight.look(seconds=1 / 90)
            name = next(iter(sight.names.shown), None)
            frames.append((name.opacity if name else 0.0, len(written)))
        shades = [opacity for opacity, _ in frames]
        assert shades == sorted(shades) and shades[-1] == 1.0
        assert len({shade for shade in shades if 0.0 < shade < 1.0}) > 15
        assert not any(writes for _, writes in frames[-20:])

    await with_sight(town_repository, see)


# --- how they look ---------------------------------------------------------------------------------


def seen_at(view: View, place: np.ndarray) -> np.ndarray:
    """Pixels, right and down, of places in the room (n, 3)."""
    chain = spaces.view_matrix(view.world_from_eye), view.projection
    matrix = np.array(chain[0]).reshape(4, 4) @ np.array(chain[1]).reshape(4, 4)
    clip = np.column_stack([place, np.ones(len(place))]) @ matrix
    return np.column_stack([(clip[:, 0] / clip[:, 3] + 1) / 2, (1 - clip[:, 1] / clip[:, 3]) / 2]) * SIDE


def set_in_the_room(sight: Sight, name: names.Name, head: Pose, shape: tuple[int, int]) -> np.ndarray:
    """Where each texel of a name is in the room, by what CONVENTIONS says: upright, facing the head."""
    anchor = np.array(spaces.apply(sight.pose, name.anchor))
    gaze = anchor - head.position
    away = np.linalg.norm(gaze)
    gaze /= away
    yaw = spaces.yaw_pitch_of(head.orientation)[0]
    level = np.array((math.cos(yaw), 0.0, -math.sin(yaw)))
    right = level - gaze * (level @ gaze)
    right /= np.linalg.norm(right)
    up = np.cross(right, gaze)
    assert abs(right[1]) < 0.6 and up[1] > 0.5, "names stand upright"
    high, wide = shape
    x = (np.arange(wide) + 0.5 - wide / 2) / naming.TEXELS
    y = name.stem + (high - np.arange(high) - 0.5) / naming.TEXELS
    x, y = (np.radians(each) * away for each in np.meshgrid(x, y))
    return (anchor + x[..., None] * right + y[..., None] * up).reshape(-1, 3)


@pytest.mark.parametrize("roll", [0.0, 0.5])
async def test_each_eye_reads_the_same_names_upright_where_they_belong(town_repository, roll):
    head = Pose(HEAD.position, spaces.multiply(HEAD.orientation, spaces.about((0.0, 0.0, 1.0), roll)))

    def see(sight):
        sight.look(head, seconds=2.0)
        assert all(name.opacity == 1.0 for name in sight.names.shown)
        parallax = []
        for side, aside in (("left", -0.0315), ("right", 0.0315)):
            kept(f"{side}-{roll}", sight.draw(head, aside, with_city=True)[1])
            view, plain = sight.draw(head, aside, with_city=False)
            ink = plain.max(axis=2).astype(float)
            read = 0
            for name in sight.names.shown:
                lit = lettering._lit(name.text, name.em)[..., 0].astype(float)
                at = np.round(seen_at(view, set_in_the_room(sight, name, head, lit.shape)) - 0.5).astype(int)
                if at.min() < 0 or at.max() >= SIDE:
                    continue  # at the picture's edge
                there = ink[at[:, 1], at[:, 0]].reshape(lit.shape)

                def alike(other, there=there):
                    return np.corrcoef(there.reshape(-1), other.reshape(-1))[0, 1]

                assert alike(lit) > 0.85, name.text
                assert max(alike(lit[:, ::-1]), alike(lit[::-1])) < alike(lit) - 0.2, name.text
                read += 1
                parallax.append(at.mean(axis=0))
            assert read >= 5
        # What is near is farther right for the left eye, by the eyes' distance: both see one anchor.
        count = len(parallax) // 2
        apart = np.array(parallax[:count]) - parallax[count:]
        along = apart @ (math.cos(-roll), -math.sin(-roll)) if roll else apart[:, 0]
        assert (np.abs(along) > 4).all()

    await with_sight(town_repository, see)


async def test_a_name_is_as_large_from_wherever_and_hidden_by_what_stands_well_before_it(town_repository):
    def see(sight):
        sight.look()
        quarter = next(name for name in sight.names.shown if name.text == "src")
        wide = []
        for steps in (0.0, 0.5, 1.0):
            head = Pose((0.0, 1.6, -steps), HEAD.orientation)
            sight.look(head)
            quarter = next(name for name in sight.names.shown if name.text == "src")
            wide.append(quarter.box[2] - quarter.box[0])
        assert max(wide) - min(wide) < 1e-9

    await with_sight(town_repository, see)


# --- letters ---------------------------------------------------------------------------------------


def test_a_halo_is_a_disc_around_each_letter():
    chance = np.random.default_rng(3)
    letters = chance.integers(1, 255, (40, 60), dtype=np.uint8) * (chance.random((40, 60)) > 0.98)
    for radius in (2, 5, 8):
        slow = np.zeros_like(letters)
        for y, x in np.argwhere(letters):
            for down in range(-radius, radius + 1):
                for aside in range(-radius, radius + 1):
                    at = y + down, x + aside
                    near = abs(down) < radius and aside * aside + down * down <= radius * radius
                    if near and 0 <= at[0] < 40 and 0 <= at[1] < 60:
                        slow[at] = max(slow[at], letters[y, x])
        assert np.array_equal(grown(letters, radius), slow)


def test_where_the_atlas_is_full_the_oldest_names_make_room_and_the_newest_stay():
    opengl()
    context = create_context()
    letters = Lettering(context, 36)
    count = 0
    while letters.known("name 0", 36) is not None or count == 0:
        letters.draw(f"name {count}", 36)
        count += 1
    for number in range(count - 30, count):
        placed = letters.known(f"name {number}", 36)
        data = np.frombuffer(letters.texture.read(), np.uint8).reshape(lettering.SIDE, lettering.SIDE, 2)
        there = data[placed.y:placed.y + placed.height, placed.x:placed.x + placed.width]
        assert np.array_equal(there, lettering._lit(f"name {number}", 36))
    assert letters.known("name 0", 36) is None and count > 300
    context.release()
