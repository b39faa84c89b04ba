from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np
import pytest
from native_scene import environment, opengl, town
from PIL import Image
from served import git, served

from xrserver import child, clock
from xrserver.config import Config
from xrserver.errors import ConnectionLost, NoDisplay, UnknownMoment
from xrserver.native.backend import Event, Intent
from xrserver.native.city import City
from xrserver.native.desktop import DesktopViewer
from xrserver.native.hud import dates
from xrserver.native.offscreen import Offscreen, screenshot
from xrserver.navigation.locomotion import Actions
from xrserver.navigation.selection import NOTHING

SIZE = (320, 200)
#: Room for panels.
PANEL = (960, 640)


@pytest.fixture(scope="session")
def town_repository(tmp_path_factory):
    return town().write(tmp_path_factory.mktemp("town") / "town", bare=True)


#: An OpenGL context belongs to the thread that made it: all of them are made and used here.
FRAMES = ThreadPoolExecutor(1, thread_name_prefix="frames")


async def beside(function, *arguments):
    """Run a blocking viewer while this loop serves it."""
    return await asyncio.get_running_loop().run_in_executor(FRAMES, function, *arguments)


def pixels(backend):
    return np.asarray(backend.image()).astype(int)


async def test_a_screenshot_shows_the_whole_city_at_the_moment_asked_for(town_repository, tmp_path):
    opengl()
    async with served(town_repository) as serving:
        pictures = []
        for at in ("", "rank:0", "rank:20", "2017-08-10", "main"):
            file = tmp_path / f"{len(pictures)}.png"
            await beside(screenshot, serving.url, at, SIZE, file)
            with Image.open(file) as picture:
                assert picture.format == "PNG" and picture.size == SIZE
                pictures.append(np.asarray(picture.convert("RGB")).astype(int))
        head, first, early, dated, named = pictures
        assert np.array_equal(head, named)
        assert all(np.abs(a - b).mean() > 0.3 for a, b in ((head, first), (first, early), (early, dated)))
        # Buildings are brighter than the night around them, and none touches the picture's border.
        bright = head.max(axis=2) > 90
        assert bright.mean() > 0.02
        assert not (bright[0].any() or bright[-1].any() or bright[:, 0].any() or bright[:, -1].any())
        with pytest.raises(UnknownMoment, match="nonsense"):
            await beside(screenshot, serving.url, "nonsense", SIZE, tmp_path / "no.png")
        assert not (tmp_path / "no.png").exists()
        with pytest.raises(ConnectionLost, match="token"):
            await beside(screenshot, serving.url.partition("?")[0], "", SIZE, tmp_path / "no.png")


async def test_a_viewer_s_process_has_neither_numba_nor_git(town_repository, tmp_path):
    opengl()
    program = (
        "import sys; from pathlib import Path; from xrserver.native.offscreen import screenshot;"
        "screenshot(sys.argv[1], '', (64, 48), Path(sys.argv[2]));"
        "print(*{'numba', 'llvmlite', 'pygit2'} & set(sys.modules))"
    )
    async with served(town_repository) as serving:
        done = await beside(
            lambda: subprocess.run(
                [sys.executable, "-c", program, serving.url, str(tmp_path / "x.png")],
                env=environment(),
                capture_output=True,
                text=True,
                check=True,
            )
        )
    assert done.stdout.strip() == ""


async def test_playing_backwards_is_the_same_film(town_repository):
    opengl()
    # Steps of a sixteenth of a rank are exact in binary: both ways lead to the same playheads.
    backend = await beside(Offscreen, SIZE, 1 / 64)

    def film(url):
        with DesktopViewer(backend, url) as viewer:
            viewer.settle("rank:30")
            viewer.frame()
            viewer.playback = clock.play(viewer.playback, 4.0)
            shots = []
            for rate in (4.0, -4.0):
                viewer.playback = clock.play(viewer.playback, rate)
                taken = {}
                for frame in range(48):
                    viewer.frame()
                    if frame % 3 == 2:
                        state = viewer.playback
                        taken[state.rank + state.fraction] = pixels(backend)
                shots.append(taken)
            return shots

    async with served(town_repository) as serving:
        forth, back = await beside(film, serving.url)
    common = sorted(forth.keys() & back.keys())
    assert len(common) > 12 and any(t % 1 for t in common)
    assert all(np.array_equal(forth[t], back[t]) for t in common)
    assert len({forth[t].tobytes() for t in common}) > 6


async def test_what_a_person_asks_for_happens(town_repository):
    opengl()
    backend = await beside(Offscreen, SIZE)

    def session(url):
        with DesktopViewer(backend, url, decorated=True) as viewer:
            viewer.settle()

            def do(*events, frames=1, **intent):
                backend.intent = Intent(events=[Event(*event) for event in events], **intent)
                for _ in range(frames):
                    assert viewer.frame()
                return viewer.playback

            head = viewer.playback.rank
            do()
            before = pixels(backend)
            assert do(("step", (-1.0,))).rank == head - 1
            assert do(("scrub", (0.5,))).rank == (head + 1) // 2
            assert do(("scrub", (0.0,))).rank == 0
            assert do(("play",), frames=40).rank > 0
            assert not do(("play",)).playing
            assert do(("pace",)).pace == "calendar"
            do(("scrub", (1.0,)), ("pace",))
            # Colours and light.
            do(("colouring",))
            assert np.abs(pixels(backend) - before).mean() > 0.5
            do(("daylight",))
            assert pixels(backend).mean() > 140
            do(("daylight",), ("colouring",), ("colouring",))
            # Pointing: the first building on a coarse grid of the picture.
            grid = [(x / 20, y / 20) for y in range(-10, 14) for x in range(-14, 15)]
            for place in grid:
                do(pointer=place, moved=True)
                if viewer.selection.hovered > 1 and viewer.selection.hovered % 2 == 0:
                    break
            hovered = viewer.selection.hovered
            path = viewer.city.path(hovered, viewer.drawn)
            assert hovered > 1 and path.startswith(("src/", "docs/", "tests/", "data/", "moved/", "f"))
            assert viewer.title().endswith(path)
            do(("select",), pointer=place)
            assert viewer.selection.selected == hovered
            for _ in range(600):
                do(pointer=place)
                if viewer._panel is not None and (viewer._floor_text or (NOTHING,))[0] == hovered:
                    break
            assert viewer._panel.title == path and viewer._panel.rows
            assert viewer._floor_text[2].startswith("commit ")
            assert viewer.city.stratum(hovered, viewer.selection.floor, viewer.drawn) is not None
            # A directory says what it holds.
            for place in reversed(grid):
                do(pointer=place, moved=True)
                if viewer.selection.hovered > 1 and viewer.selection.hovered % 2:
                    break
            for _ in range(600):
                do(pointer=place)
                if viewer._floor_text[0] == viewer.selection.hovered:
                    break
            listed = git(town_repository, "ls-tree", "-r", "--name-only", "HEAD").decode().split("\n")
            folder = viewer.city.path(viewer.selection.hovered, viewer.drawn)
            count = sum(name.startswith(folder) for name in listed)
            assert viewer._tip()[1].startswith(f"{count} file")
            # Moving, and taking it back.
            home = viewer.journey.pose
            do(("teleport",), pointer=place, frames=30)
            assert viewer.journey.pose != home
            do(("undo",), frames=40)
            assert viewer.journey.pose.position == pytest.approx(home.position)
            do(begun=place, pointer=place, actions=Actions(orbit=(0.3, -0.1)), frames=3)
            assert viewer.journey.pose != home
            do(("recentre",), frames=40)
            assert viewer.journey.pose == viewer.journey.home
            do(("bookmark",))  # bound, and not for this viewer
            # The menu, and what stands on it.
            menu, colours = viewer._desk.menu, viewer.colouring

            def press(words):
                """Click on what is written so on the menu."""
                x, y, wide, tall = next(area.box for area in menu.areas if area.row.text == words)
                left, top = viewer._desk._corners["menu"]
                at = left + 0.8 * (x + wide / 2), top + 0.8 * (y + tall / 2)
                here = 2 * at[0] / PANEL[0] - 1, 1 - 2 * at[1] / PANEL[1]
                do(("select",), pointer=here, moved=True, begun=here, actions=Actions(grab=(0.0, 0.0, -1.0)))

            backend.__init__(PANEL, context=backend.context)
            do(("select",), pointer=(0.0, 0.95))
            do(("menu",))
            still = viewer.journey.pose
            for words, colouring in (("Age", 1), ("Kind", 2), ("Author", 0)):
                press(words)
                do()
                assert viewer.colouring == colouring
            press("Play")
            assert viewer.playback.playing
            do()
            press("Pause")
            assert not viewer.playback.playing and viewer.colouring == colours
            assert viewer.journey.pose == still  # nothing behind a panel is taken hold of
            press(viewer.city.scene.repository)  # the cross beside its title
            assert not menu.shown
            viewer.choose(hovered)
            do(("menu",))
            for _ in range(200):
                do(frames=1)
                if viewer._desk.inspector.shown:
                    break
            do(("help",))
            shown = viewer._desk.help, viewer._desk.inspector, menu
            assert [board.shown for board in shown] == [True, True, True]
            for left in ([False, True, True], [False, False, True], [False, False, False]):
                do(("close",))
                assert [board.shown for board in shown] == left

    async with served(town_repository) as serving:
        await beside(session, serving.url)


async def test_a_viewer_outlives_its_server_says_so_once_and_comes_back_with_it(tmp_path):
    opengl()
    repository = town(30, 40).write(tmp_path / "town", bare=True)
    backend = await beside(Offscreen, SIZE)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    said: list[str] = []

    def frames(done):
        begun = time.monotonic()
        while not done():
            assert time.monotonic() - begun < 30
            viewer.frame()
        viewer.frame()

    async with served(repository, port=port, token=False) as serving:
        viewer = await beside(DesktopViewer, backend, serving.url, True)
        viewer.say = said.append
        await beside(viewer.settle)
        await beside(viewer.frame)
        drawn, before = await beside(pixels, backend), viewer.city.scene
    try:
        begun = time.monotonic()
        await beside(frames, lambda: said and time.monotonic() - begun > 2.5)  # it has tried again, twice
        assert len(said) == 1 and said[0].endswith(". Trying again until the server is back.")
        assert viewer._notice == said[0]
        still = viewer.playback
        viewer.choose(NOTHING)
        viewer.do("play")
        await beside(viewer.frame)  # what is asked for meanwhile does no harm
        viewer.playback = still
        viewer._notice = ""
        for _ in range(20):  # names follow in a tenth of a second
            await beside(viewer.frame)
        assert np.abs(await beside(pixels, backend) - drawn).mean() < 2
        viewer._notice = said[0]
        own = "-c", "user.name=Ada", "-c", "user.email=a@b"
        new = git(repository, *own, "commit-tree", "-p", "main", "-m", "More", "main^{tree}")
        git(repository, "update-ref", "refs/heads/main", new.decode().strip())
        async with served(repository, port=port, token=False):
            await beside(frames, lambda: len(said) > 1 and viewer.city.scene.head_rank > before.head_rank)
            assert said[1:] == ["The server is back."] and viewer._notice == ""
            await beside(viewer.complete)
    finally:
        await beside(viewer.__exit__, None, None, None)


async def test_where_its_own_server_has_died_a_viewer_ends_with_a_sentence(tmp_path, monkeypatch):
    opengl()
    repository = town(10, 20).write(tmp_path / "town", bare=True)
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])

    def session():
        backend = Offscreen(SIZE)
        with child.child_server(repository, Config(jobs=1)) as server, DesktopViewer(
                backend, server.url, ended=server.ended) as viewer:
            viewer.settle()
            server.process.kill()
            begun = time.monotonic()
            while time.monotonic() - begun < 30:
                viewer.frame()

    with pytest.raises(ConnectionLost) as caught:
        await beside(session)
    assert caught.value.exit_code == 1
    told = str(caught.value)
    assert f"The server of {repository} ended by itself" in told and "Start xrserver again" in told


def test_without_opengl_a_sentence_says_what_is_missing_and_what_to_install(monkeypatch):
    if not sys.platform.startswith("linux"):
        pytest.skip("Where EGL is not used it cannot be taken away.")
    program = "from xrserver.native.offscreen import create_context; create_context()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=environment(
            DISPLAY="", __EGL_VENDOR_LIBRARY_FILENAMES="/nonexistent", MESA_GL_VERSION_OVERRIDE="2.1"
        ),
    )
    assert done.returncode == 1
    assert NoDisplay.__name__ in done.stderr and "No OpenGL 3.3" in done.stderr and "libegl1" in done.stderr


# --- what lies over the picture -------------------------------------------------------------------


def test_dates_begin_where_their_year_month_or_day_does():
    day = 86_400
    years = np.arange(0, 3000, 10, dtype=np.int64) * day
    found = dates(years, clock.calendar(years))
    assert [text for _, text in found][:3] == ["1970", "1971", "1972"]
    begins = [datetime.fromtimestamp(int(years[rank]), UTC) for rank, _ in found]
    assert all(begin.month == 1 and begin.day <= 10 for begin in begins)
    month = np.arange(120, dtype=np.int64) * day
    assert [text for _, text in dates(month, clock.calendar(month))] == [
        "Jan 1970",
        "Feb 1970",
        "Mar 1970",
        "Apr 1970",
    ]
    assert dates(month[:1], clock.calendar(month[:1])) == [(0, "01 Jan")]


async def test_labels_stand_on_their_districts_skylines(town_repository):
    opengl()
    backend = await beside(Offscreen, SIZE)
    async with served(town_repository) as serving:

        def look(url):
            with DesktopViewer(backend, url) as viewer:
                viewer.settle()
                assert isinstance(viewer.city, City)
                return [viewer.city.labels(viewer.drawn, rank) for rank in (0, viewer.playback.rank)], viewer

        (first, last), viewer = await beside(look, serving.url)
        assert {"src/", "docs/", "tests/", "data/", "core/", "ui/", "deep/"} <= set(last.text)
        assert len(first.text) < len(last.text)
        assert np.all(np.diff(last.radius) <= 0)
        spans = [s for t in viewer.city._tiles.values() for s in t.spans if s["death"] > viewer.playback.rank]
        for text, anchor, radius in zip(last.text, last.anchor, last.radius, strict=True):
            near = [
                s
                for s in spans
                if np.hypot(s["position1"][0] - anchor[0], s["position1"][2] - anchor[2]) < radius
            ]
            assert anchor[1] <= max(s["position1"][1] + s["size1"][1] for s in near) + 1e-3, text
