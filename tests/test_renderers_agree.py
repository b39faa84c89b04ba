"""The page and the native viewer draw the same picture of the same moment from the same pose."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from native_scene import CHROMIUM_FLAGS, chromium, opengl, town
from PIL import Image
from random_histories import random_script
from served import served

from xrserver import clock, resources, spaces
from xrserver.columns import Kind
from xrserver.native.desktop import DesktopViewer
from xrserver.native.offscreen import Offscreen
from xrserver.navigation import locomotion
from xrserver.navigation.locomotion import Gaze

SIZE = (480, 320)
FRAMES = ThreadPoolExecutor(1, thread_name_prefix="frames")

#: Text off: only letters are drawn in many instances, and panels are not its canvas.
NO_TEXT = """
for (const name of ["drawElementsInstanced", "drawArraysInstanced"]) {
  const draw = WebGL2RenderingContext.prototype[name];
  WebGL2RenderingContext.prototype[name] = function (...how) {
    if (how.at(-1) === 1) draw.apply(this, how);  // an instance for an eye; letters are many
  };
}
"""
CANVAS_ONLY = "body * { visibility: hidden !important } #view { visibility: visible !important }"


def gazes(box):
    """Where to look from: over all of it, near the ground within it, and steeply down on it."""
    wide, deep = box[3] - box[0], box[5] - box[2]
    yield "from afar", None
    yield "from within", Gaze((box[0] + 0.45 * wide, 0.35 * box[4], box[2] + 0.95 * deep), 0.35, -0.08, 0.05)
    yield "from above", Gaze((box[0] + 0.6 * wide, 0.9 * wide, box[2] + 0.7 * deep), 2.4, -1.2, 0.01)
    yield "face to face", Gaze((box[0] + 0.3 * wide, 0.5 * box[4], box[2] + 0.6 * deep), -0.9, -0.3, 1.0)


def difference(a, b):
    """Return mean difference, and the share of pixels within 8 away from edges; of 255."""
    off = np.abs(a - b).max(axis=2)
    edge = np.zeros(off.shape, bool)
    for picture in (a, b):
        for axis in (0, 1):
            steep = np.abs(np.diff(picture, axis=axis)).max(axis=2) > 10
            pad = [(1, 0) if i == axis else (0, 0) for i in (0, 1)]
            edge |= np.pad(steep, pad)
            edge |= np.pad(steep, [p[::-1] for p in pad])
    assert edge.mean() < 0.75, "nearly everything is an edge: the comparison says nothing"
    return np.abs(a - b).mean(), (off[~edge] <= 8).mean()


class Native:
    """The native viewer, in the thread that its context belongs to."""

    async def run(self, function, *arguments):
        return await asyncio.get_running_loop().run_in_executor(FRAMES, function, *arguments)

    def open(self, url):
        self.backend = Offscreen(SIZE)
        self.viewer = DesktopViewer(self.backend, url)
        self.viewer.settle()
        return self.viewer.city.box, self.viewer.city.scene.head_rank

    def picture(self, rank, pose, colouring, daylight):
        viewer = self.viewer
        viewer.playback = clock.seek(viewer.playback, viewer.city.scene.head_rank, rank)
        viewer.journey = locomotion.Journey(pose, pose)
        viewer.colouring, viewer.daylight = colouring, daylight
        viewer.frame()
        return np.asarray(self.backend.image()).astype(int)

    def detail(self, share):
        """Use so much of the budget of nodes."""
        resident = self.viewer._resident
        resident._governor = replace(resident._governor, share=share)

    def settled(self, rank, pose):
        """Return a picture with all that its view asks for."""
        self.picture(rank, pose, 0, 0.0)
        self.viewer.complete()
        return self.picture(rank, pose, 0, 0.0)

    def standing(self, rank):
        """Return how many nodes are drawn."""
        tiles = (self.viewer.city._tiles[name] for name in self.viewer.drawn)
        return int(sum(tile.standing(rank)[1].sum() for tile in tiles))

    def gathered(self):
        """Return how many beads that are drawn stand for several commits."""
        tiles = (self.viewer.city._tiles[name] for name in self.viewer.drawn)
        return int(sum(((tile.spans["traits"] & 0xFF == int(Kind.BEAD)) & (tile.spans["value1"] > 1)).sum()
                       for tile in tiles))

    def close(self):
        self.viewer.__exit__(None, None, None)
        self.backend.context.release()


class Page:
    """The page in a browser."""

    def __init__(self, page) -> None:
        self.page = page

    async def picture(self, rank, pose, colouring):
        await self.page.evaluate(
            """async ([rank, pose, colouring]) => {
              await window.xrserver.seek(`rank:${rank}`);
              window.xrserver.setPose(pose);
              window.xrserver.setColouring(colouring);
              for (let i = 0; i < 4; i++) await new Promise(requestAnimationFrame);
            }""",
            [
                rank,
                {"position": pose.position, "orientation": pose.orientation, "scale": pose.scale},
                colouring,
            ],
        )
        shot = await self.page.screenshot()
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)


#: A river in many tiles: from afar beads stand for several commits, near the bank each for one.
COARSE = """
[tiles]
whole_nodes = 0
whole_spans = 0
root_nodes = 60
root_spans = 200
tile_nodes = 60
tile_spans = 200
"""


@pytest.mark.slow
@pytest.mark.parametrize("scene", ["river", "both"])
async def test_both_renderers_draw_the_same_tiles_of_a_river_from_afar_and_from_its_bank(tmp_path, scene):
    browser_path = chromium()
    opengl()
    if not (resources.folder("page") / "index.html").is_file():
        pytest.skip("The page is not built: make page.")
    from playwright.async_api import async_playwright

    repository = random_script(5, 300).write(tmp_path / "town", bare=True)
    tiled = tmp_path / "tiled.toml"
    tiled.write_text(resources.text("scenes", f"{scene}.toml").partition("[tiles]")[0] + COARSE)
    native = Native()
    async with served(repository, scene=str(tiled)) as serving, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=CHROMIUM_FLAGS)
        box, head = await native.run(native.open, serving.url)
        try:
            tab = await browser.new_page(
                viewport={"width": SIZE[0], "height": SIZE[1]}, reduced_motion="reduce", bypass_csp=True)
            await tab.add_init_script(NO_TEXT)
            await tab.goto(serving.url)
            await tab.wait_for_function("window.xrserver?.state().nodesDrawn > 0", timeout=60_000)
            await tab.add_style_tag(content=CANVAS_ONLY)
            page = Page(tab)
            place = [float(x) for x in native.viewer.city.course[1][-1]]
            beside = locomotion.pose_of(Gaze((place[0] - 6, place[1] + 5, place[2] + 9), -0.5, -0.35, 1.0))
            home = locomotion.overview(spaces.Pose((0, 0, 0), scale=0.01), box, 0.8, SIZE[0] / SIZE[1])
            many = []
            # What is drawn of the river: the root and nothing finer (0), then what the view asks for (1).
            for pose, rank, detail in ((home, head, 0.0), (home, head // 2, 0.0), (beside, head, 1.0)):
                native.detail(detail)
                await tab.evaluate("share => xrserver.setDetail(share)", detail)
                for _ in range(3):  # each asks for what it lacks, then draws it
                    ours = await native.run(native.settled, rank, pose)
                    drawn = await native.run(native.standing, rank)
                    theirs = await page.picture(rank, pose, "author")
                    await tab.wait_for_function(f"xrserver.state().nodesDrawn === {drawn}", timeout=60_000)
                theirs = await page.picture(rank, pose, "author")
                mean, within = difference(ours, theirs)
                assert mean <= 2.0 and within >= 0.99, (rank, detail, mean, within)
                assert ours.std() > 4, "there is nothing in the picture"
                many.append((len(native.viewer.drawn), await native.run(native.gathered)))
            (afar, gathered), _, (near, _) = many
            assert afar == 1 and gathered > 0, "no bead stands for several commits"
            assert near > 3, "the river is not refined"
        finally:
            await native.run(native.close)
            await browser.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scene", "light"), [("city", "night"), ("city", "day"), ("river", "night"), ("both", "day")]
)
async def test_both_renderers_draw_the_same_picture_from_the_same_pose(tmp_path, scene, light):
    browser_path = chromium()
    opengl()
    if not (resources.folder("page") / "index.html").is_file():
        pytest.skip("The page is not built: make page.")
    from playwright.async_api import async_playwright

    script = town() if scene == "city" else random_script(5, 150)
    repository = script.write(tmp_path / "town", bare=True)
    native = Native()
    async with served(repository, scene=scene) as serving, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=CHROMIUM_FLAGS)
        box, head = await native.run(native.open, serving.url)
        try:
            tab = await browser.new_page(
                viewport={"width": SIZE[0], "height": SIZE[1]}, reduced_motion="reduce", bypass_csp=True
            )
            await tab.add_init_script(NO_TEXT + f'localStorage.setItem("xrserver.light", "{light}");')
            await tab.goto(serving.url)
            await tab.wait_for_function("window.xrserver?.state().nodesDrawn > 0", timeout=60_000)
            await tab.add_style_tag(content=CANVAS_ONLY)
            page = Page(tab)
            home = locomotion.overview(spaces.Pose((0, 0, 0), scale=0.01), box, 0.8, SIZE[0] / SIZE[1])
            cases = list(gazes(box)) if light == "night" else list(gazes(box))[:2]
            if scene != "city":
                place = [float(x) for x in native.viewer.city.course[1][-1]]
                beside = Gaze((place[0] - 6, place[1] + 5, place[2] + 9), -0.5, -0.35, 1.0)
                cases = [("from afar", None), ("on the bank", beside)]
            seen = []
            for name, gaze in cases:
                pose = home if gaze is None else locomotion.pose_of(gaze)
                moments = ((head, 0), (head // 3, 1), (head, 2)) if gaze is None else ((head, 0),)
                for rank, colouring in moments:
                    ours = await native.run(native.picture, rank, pose, colouring, float(light == "day"))
                    theirs = await page.picture(rank, pose, ("author", "age", "kind")[colouring])
                    assert theirs.shape == ours.shape
                    mean, within = difference(ours, theirs)
                    assert mean <= 2.0 and within >= 0.99, (name, rank, colouring, mean, within)
                    assert ours.std() > 4, "there is nothing in the picture"
                    seen.append(ours)
            # The comparison would notice another pose, rank or colouring.
            least = 2.0 if scene == "city" else 0.2
            assert all(difference(a, b)[0] > least for a, b in pairwise(seen))
        finally:
            await native.run(native.close)
            await browser.close()
