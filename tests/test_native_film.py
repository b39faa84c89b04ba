"""Films: a camera's path from a file, and what is drawn along it, as MP4."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from native_scene import environment, opengl, town
from served import served

from xrserver import spaces
from xrserver.errors import CameraError
from xrserver.native.film import Film, parse_film
from xrserver.navigation import locomotion
from xrserver.navigation.camera import Key, Overview, Place, Track
from xrserver.navigation.locomotion import gaze_of

BOX = (-40.0, 0.0, -30.0, 40.0, 20.0, 30.0)
HOME = locomotion.overview(spaces.Pose((0.0, 0.0, 0.0)), BOX, 0.87, 1.6)
PATH = """
light = "day"        # the sky tells it
pace = "commit"

[[key]]
at = "0 s"
moment = "rank:0"
turn = "-40 °"

[[key]]
at = "1 s"
moment = "newest"
turn = "40 °"
distance = 0.7

[[key]]
at = "1.5 s"
eye = ["0 m", "20 m", "90 m"]
towards = ["0 m", "5 m", "0 m"]
"""


def track(*keys: Key, shares: tuple[float | None, ...] = ()) -> Track:
    return Track(keys, shares or (None,) * len(keys), HOME)


def test_a_film_s_file_says_where_the_camera_goes_and_when():
    film = parse_film(PATH, "f.toml")
    assert [key.at for key in film.keys] == [0.0, 1.0, 1.5]
    assert [key.moment for key in film.keys] == ["rank:0", "newest", ""]
    assert film.keys[0].view == Overview(turn=-math.radians(40))
    assert film.keys[2].view == Place((0.0, 20.0, 90.0), (0.0, 5.0, 0.0))
    assert (film.light, film.colour, film.pace, film.panels) == ("day", "", "commit", True)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("x = 1", "", "needs keys"),
        ("[[key]]\nturn = 5", 2, "turn: 5 is no quantity"),
        ('[[key]]\nat = "1 s"\n[[key]]\nat = "1 s"', 4, "must be later"),
        ('[[key]]\nat = "0 s"\neye = ["1 m", "2 m", "3 m"]', 1, "add towards"),
        (
            '[[key]]\nat = "0 s"\neye = ["1 m", "2 m", "3 m"]\ntowards = ["1 m", "2 m", "3 m"]',
            1,
            "same place",
        ),
        ('[[key]]\nat = "0 s"\nturn = "3 °"\neye = ["1 m", "2 m", "3 m"]', 1, "leave one out"),
        ('[[key]]\nat = "0 s"\ntrun = "3 °"', 3, "did you mean 'turn'"),
        ('lihgt = "day"\n[[key]]\nat = "0 s"', 1, "did you mean 'light'"),
        ("[[key]]\nat = ", "", "not TOML"),
    ],
)
def test_a_wrong_line_of_it_is_named_with_what_to_do(text, line, told):
    with pytest.raises(CameraError) as caught:
        parse_film(text, "f.toml")
    assert str(caught.value).startswith(f"f.toml:{line}") and told in str(caught.value)
    assert caught.value.exit_code == 2


def test_the_overview_of_a_film_is_the_scene_s_own():
    gaze, whole = track(Key(0.0, Overview())).gaze(0.0), gaze_of(HOME)
    assert gaze.eye == pytest.approx(whole.eye, abs=1e-6)
    assert (gaze.yaw, gaze.pitch, gaze.scale) == pytest.approx((whole.yaw, whole.pitch, whole.scale))


def test_at_its_keys_the_camera_is_where_they_say_and_looks_there():
    eye, towards = (12.0, 9.0, 50.0), (3.0, 4.0, -2.0)
    way = track(Key(0.0, Overview()), Key(2.0, Place(eye, towards)), Key(5.0, Overview(turn=2.0)))
    gaze = way.gaze(2.0)
    assert gaze.eye == pytest.approx(eye)
    ahead = spaces.rotate(spaces.yaw_pitch(gaze.yaw, gaze.pitch), (0.0, 0.0, -1.0))
    to = spaces.subtract(towards, eye)
    assert ahead == pytest.approx(spaces.scaled(to, 1 / spaces.length(to)))
    assert way.seconds == 5.0


@given(
    st.lists(
        st.tuples(st.floats(-6, 6), st.floats(-1.2, 0.2), st.floats(0.2, 4)), min_size=2, max_size=6
    ),
    st.floats(0.01, 0.99),
)
def test_between_keys_nothing_overshoots_and_at_both_ends_it_rests(keys, share):
    way = track(*(Key(float(i), Overview(*key)) for i, key in enumerate(keys)))
    for i in range(len(keys) - 1):
        before, now, after = (way.gaze(i + part) for part in (0.0, share, 1.0))
        for name in ("yaw", "pitch"):
            low, high = sorted((getattr(before, name), getattr(after, name)))
            assert low - 1e-9 <= getattr(now, name) <= high + 1e-9
    end = float(len(keys) - 1)
    for near, at in ((0.0, 1e-4), (end, end - 1e-4)):
        assert abs(way.gaze(at).yaw - way.gaze(near).yaw) < 1e-5


def test_time_runs_evenly_from_moment_to_moment_and_stands_outside():
    keys = [Key(float(at), Overview()) for at in (0, 1, 3, 4)]
    way = track(*keys, shares=(None, 0.2, 1.0, None))
    assert [way.share(s) for s in (0.0, 1.0, 2.0, 3.0, 9.0)] == pytest.approx([0.2, 0.2, 0.6, 1.0, 1.0])
    assert [way.speed(s) for s in (0.5, 1.5, 3.5)] == pytest.approx([0.0, 0.4, 0.0])
    assert track(*keys).share(2.0) == 1.0  # none named: the newest


def command(*arguments: object, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xrserver", "preview", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(DISPLAY="", WAYLAND_DISPLAY="", **changes),
    )


async def test_without_a_display_a_path_becomes_a_film_with_a_frame_for_every_moment(tmp_path):
    opengl()
    av = pytest.importorskip("av")
    repository = town().write(tmp_path / "town", bare=True)
    path, file = tmp_path / "f.toml", tmp_path / "film.mp4"
    path.write_text(PATH, encoding="utf-8")
    still = tmp_path / "still.png"
    async with served(repository) as serving:
        done = await asyncio.to_thread(
            command, serving.url, "--path", path, "--record", file, "--size", "241x159", "--fps", "8"
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        await asyncio.to_thread(command, serving.url, "--screenshot", still, "--size", "242x160")
    assert not list(tmp_path.glob("*.part"))
    with av.open(str(file)) as film:
        stream = film.streams.video[0]
        frames = list(film.decode(stream))
        assert (stream.width, stream.height, stream.codec_context.name) == (242, 160, "h264")
        assert stream.codec_context.colorspace == stream.codec_context.color_primaries == 1
    assert [round(float(frame.time) * 8) for frame in frames] == list(range(12))
    pictures = [frame.to_ndarray(format="rgb24").astype(int) for frame in frames]
    assert pictures[0].mean() > 120  # by day
    # Things come with time, and the camera moves.
    assert all(np.abs(a - b).mean() > 0.3 for a, b in pairwise(pictures[:9]))
    # Colours survive: the sky is as the shaders write it.
    assert pictures[0][4, 120].tolist() == pytest.approx(pictures[8][4, 120].tolist(), abs=12)


def test_what_does_not_fit_together_is_told_before_anything_is_read(tmp_path):
    pytest.importorskip("av")
    url = "http://127.0.0.1:9/"
    for arguments, told in (
        (("--record", tmp_path / "x.avi"), ".mp4"),
        (("--record", tmp_path / "no" / "x.mp4"), "there is no folder"),
        (("--path", tmp_path / "none.toml"), "cannot be read"),
        (("--path", "round", "--screenshot", tmp_path / "x.png"), "--screenshot"),
        (("--path", "round", "--fps", "0"), "--fps"),
    ):
        done = command(url, *arguments)
        assert done.returncode == 2 and done.stdout == "" and told in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_without_pyav_a_sentence_says_what_to_install(tmp_path):
    (tmp_path / "av.py").write_text("raise ImportError")
    done = command(
        "http://127.0.0.1:9/",
        "--record",
        tmp_path / "x.mp4",
        PYTHONPATH=f"{tmp_path}:{Path(__file__).parents[1]}",
    )
    assert done.returncode == 2 and 'pip install "xrserver[record]"' in done.stderr


def test_the_film_that_comes_with_xrserver_goes_around_while_all_of_history_passes():
    film = Film()
    shares = [None if not key.moment else float(key.moment == "newest") for key in film.keys]
    way = Track(film.keys, shares, HOME)
    assert (way.share(0.0), way.share(way.seconds)) == (0.0, 1.0)
    assert way.gaze(way.seconds).yaw - way.gaze(0.0).yaw == pytest.approx(math.pi)


def test_colours_of_a_film_are_those_that_were_drawn_and_rows_count_from_the_bottom(tmp_path):
    av = pytest.importorskip("av")
    from xrserver.native.recording import Recording

    low, high = (200, 60, 30), (20, 90, 160)
    rows = bytes(low) * 64 * 24 + bytes(high) * 64 * 24
    file = tmp_path / "x.mp4"
    with Recording(file, (64, 48), 30.0) as recording:
        for number in range(4):
            recording.add(rows, number / 30)
    with av.open(str(file)) as film:
        frame = next(film.decode(video=0)).to_ndarray(format="rgb24")
    assert frame[40, 30].tolist() == pytest.approx(low, abs=4)
    assert frame[8, 30].tolist() == pytest.approx(high, abs=4)


def test_a_recording_that_fails_leaves_nothing_behind_and_an_interrupted_one_is_whole(tmp_path):
    av = pytest.importorskip("av")
    from xrserver.native.recording import Recording

    file = tmp_path / "x.mp4"
    with pytest.raises(ValueError, match="broken"), Recording(file, (64, 48), 30.0) as recording:
        recording.add(bytes(64 * 48 * 3), 0.0)
        raise ValueError("broken")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyboardInterrupt), Recording(file, (64, 48), 30.0) as recording:
        recording.add(bytes(64 * 48 * 3), 0.0)
        recording.add(bytes(64 * 48 * 3), 0.0)  # in the same moment: left out
        recording.add(bytes(64 * 48 * 3), 0.5)
        raise KeyboardInterrupt
    with av.open(str(file)) as film:
        assert sum(1 for _ in film.decode(video=0)) == 2
