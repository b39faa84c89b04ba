"""What colours mean, in the window and on the menu, and that names keep out of panels."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from native_scene import opengl, town
from served import served
from test_native_viewer import beside, pixels

from xrserver import resources
from xrserver.columns import Category
from xrserver.native import menu
from xrserver.native.backend import Event, Intent
from xrserver.native.desktop import DesktopViewer
from xrserver.native.legend import legend
from xrserver.native.moment import COLOURINGS
from xrserver.native.offscreen import Offscreen
from xrserver.native.words import day_of
from xrserver.scene.palette import AGE_COLOURS, CATEGORY_COLOURS

SIZE = (960, 640)


def age_colour(age: float) -> np.ndarray:
    """What `ageColour` of light.glsl makes of an age, sRGB bytes; by the numbers that it has."""
    body = re.search(r"vec3 ageColour.*?decode", resources.text("shaders", "light.glsl"), re.DOTALL)
    terms = re.findall(r"vec3\(([-\d.]+), ([-\d.]+), ([-\d.]+)\)", body[0])
    assert len(terms) == 4
    return 255 * sum(np.array(term, float) * age**power for power, term in enumerate(terms))


def test_ages_are_the_shader_s_at_equal_steps():
    for i, colour in enumerate(AGE_COLOURS):
        own = [colour >> shift & 255 for shift in (16, 8, 0)]
        assert own == pytest.approx(age_colour(i / (len(AGE_COLOURS) - 1)), abs=0.6)


@pytest.fixture(scope="module")
def town_repository(tmp_path_factory):
    script = town()
    script.tag("v1", 40)
    return script.write(tmp_path_factory.mktemp("legend") / "town", bare=True)


async def session(repository, see, scene="city", size=SIZE):
    opengl()
    async with served(repository, scene=scene) as serving:
        def work():
            backend = Offscreen(size)
            with DesktopViewer(backend, serving.url, decorated=True) as viewer:
                viewer.settle()
                viewer.frame()
                see(viewer, backend)
            backend.context.release()

        await beside(work)


async def test_the_legend_says_who_what_and_when(town_repository):
    def see(viewer, _):
        city = viewer.city
        occurring = city.categories(viewer.drawn)
        assert {Category.DISTRICT, Category.SOURCE, Category.TEST, Category.DOCUMENTATION} <= set(occurring)
        people = legend(city, "author", occurring)
        assert [(row.text, row.label, row.colour) for row in people if row.kind == "swatch"] == [
            (person.name, f"{person.commits:,}", person.colour) for person in city.scene.people]
        kinds = legend(city, "kind", occurring)
        assert [row.text for row in kinds] == [
            Category(kind).name.capitalize() for kind in occurring if kind != Category.DISTRICT]
        assert [row.colour for row in kinds] == [CATEGORY_COLOURS[kind] for kind in occurring if kind]
        (scale,) = legend(city, "age", occurring)
        assert scale.kind == "scale" and (scale.label, scale.text) == (
            day_of(1_500_000_000), day_of(1_500_000_000 + 86_400 * 89))
        # Who is left out, and what, is said.
        ada = replace(city.scene.people[0], name="Ada", commits=1234)
        city.scene = replace(city.scene, people=[ada], excluded=2)
        told = legend(city, "author", (*occurring, Category.VENDORED))
        assert [(row.kind, row.label, row.text) for row in told] == [
            ("swatch", "1\u202f234", "Ada"), ("note", "", f"and {len(city.people) - 1} more"),
            ("swatch", "", "Vendored or generated"), ("note", "", "2 files excluded by --exclude")]

    await session(town_repository, see)


async def test_the_window_s_legend_shows_the_scale_of_ages_and_changes_what_colours_mean(town_repository):
    def see(viewer, backend):
        board = viewer._desk.legend
        assert board.shown and viewer.colouring == 0

        def press(words):
            x, y, wide, tall = next(area.box for area in board.areas if area.row.text == words)
            left, top = viewer._desk._corners["legend"]
            unit = viewer._desk._unit
            at = left + unit * (x + wide / 2), top + unit * (y + tall / 2)
            here = 2 * at[0] / SIZE[0] - 1, 1 - 2 * at[1] / SIZE[1]
            backend.intent = Intent(pointer=here, moved=True, begun=here, events=[Event("select")])
            viewer.frame()
            viewer.frame()

        for words in ("Kind", "Age"):
            press(words)
            assert COLOURINGS[viewer.colouring] == words.lower()
        row = board.rows[-1]
        assert row.kind == "scale"
        picture = pixels(backend)
        left, top = viewer._desk._corners["legend"]
        unit = viewer._desk._unit
        row_of = picture[round(top + (board.tall - 52) * unit)]  # its middle: above air, dates and a gap
        for share in (0.05, 0.3, 0.5, 0.7, 0.95):
            seen = row_of[round(left + (16 + share * (board.wide - 32)) * unit)]
            assert np.abs(seen - age_colour(share)).max() < 14
        # On the menu it stands as well.
        viewer.do("menu")
        viewer.frame()
        assert not board.shown and viewer._desk.menu.rows[-1] == row
        assert viewer._desk.menu.rows == menu.menu(viewer.city, viewer.playback, viewer._settings())

    await session(town_repository, see)


async def test_names_keep_out_of_panels_and_the_river_has_dates_and_tags(town_repository):
    def see(viewer, backend):
        desk = viewer._desk
        assert {"v1", "2017", "Aug 2017"} <= set(desk._labels.text)
        drawn = []
        add = desk._overlay.text
        desk._overlay.text = lambda x, y, text, *rest: (drawn.append((x, y, text)), add(x, y, text, *rest))[1]
        viewer.frame()
        names = set(desk._labels.text)
        covered = desk._covered()
        assert covered
        written = [(x, y, text) for x, y, text in drawn if text in names and y < SIZE[1] - 90]
        assert written
        for x, y, text in written:
            wide = desk._overlay.measure(text, 11)[0]
            for left, top, right, bottom in covered:
                assert x > right or x + wide < left or y > bottom or y + 11 < top, text

    await session(town_repository, see, "both")


async def test_what_is_written_is_as_large_in_a_picture_of_four_times_the_pixels(town_repository):
    def see(viewer, backend):
        assert backend.views(0.1, 10.0)[0].pixels_per_point == 2.0
        assert viewer._desk._size == (1920.0, 1080.0)

    await session(town_repository, see, size=(3840, 2160))
