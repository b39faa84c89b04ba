"""The window that shows what the headset does."""

from __future__ import annotations

import glfw
import numpy as np
import pytest
from conftest import until
from PIL import Image

from xrserver.native.openxr.headset import Headset
from xrserver.native.openxr.mirror import SIZE
from xrserver.native.worn import WornViewer


@pytest.fixture(scope="module")
def mirrored(monado, url):
    headset = Headset(lambda _: None, samples=1, mirrored=True)
    with WornViewer(headset, url) as viewer:
        until(lambda: viewer.frame() and viewer.drawn and viewer.moving._entered, "the city is there")
        yield viewer
    headset.close()


def seen(viewer) -> np.ndarray:
    window = viewer._headset.mirror._window
    width, height = glfw.get_framebuffer_size(window)
    screen = viewer._headset.context.detect_framebuffer(0)
    data = screen.read((0, 0, width, height), components=3, alignment=1)
    picture = Image.frombytes("RGB", (width, height), data).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    picture.save("/out/mirror.png")
    return np.asarray(picture).astype(int)


def frames(viewer, count: int) -> None:
    for _ in range(count):
        assert viewer.frame()


def test_the_window_shows_the_left_eye_s_picture_and_the_panels_before_it(mirrored, remote):
    until(lambda: mirrored.frame() and all(hand.tracked for hand in mirrored.hands), "hands are seen")
    remote.send()
    frames(mirrored, 4)
    plain = seen(mirrored)
    assert plain.shape[1::-1] == SIZE and plain.std() > 8
    picture = mirrored._headset.session.views._pictures[0]
    data = picture.target.read(components=3, alignment=1)
    eye = Image.frombytes("RGB", picture.size, data).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    wide, tall = picture.size
    share = mirrored._headset.mirror._share(wide / tall, SIZE[0] / SIZE[1])
    box = [0.5 * (1 - share[0]) * wide, 0.5 * (1 - share[1]) * tall, 0.5 * (1 + share[0]) * wide,
           0.5 * (1 + share[1]) * tall]  # fmt: skip
    cut = np.asarray(eye.resize(SIZE, Image.Resampling.BILINEAR, box=box)).astype(int)
    assert np.abs(cut - plain).mean() < 6
    mirrored._asked("menu")
    until(lambda: mirrored.frame() and len(mirrored._headset.hung) == 2, "menu and time hang there")
    frames(mirrored, 2)
    with_menu = seen(mirrored)
    assert (np.abs(with_menu - plain).max(axis=2) > 8).mean() > 0.1
    mirrored._asked("menu")


def test_closing_the_window_takes_leave(mirrored):
    glfw.set_window_should_close(mirrored._headset.mirror._window, True)
    until(lambda: not mirrored.frame(), "it is over")
