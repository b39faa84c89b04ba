"""The real renderer in the runtime's own swapchains: a city from a real server, before both eyes."""

from __future__ import annotations

import numpy as np
from conftest import until
from PIL import Image


def run(viewer, frames: int) -> None:
    for _ in range(frames):
        assert viewer.frame()


def shown(viewer) -> list[np.ndarray]:
    """What was drawn for each eye, as the runtime gets it."""
    pictures = []
    for picture in viewer._headset.session.views._pictures:
        wrapped = picture._wrapped[picture.colour.current, picture.depth.current]
        data = wrapped.read(components=3, alignment=1)
        image = Image.frombytes("RGB", picture.size, data).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        pictures.append(np.asarray(image).astype(int))
    return pictures


def test_a_city_stands_before_both_eyes(worn, remote):
    until(lambda: worn.frame() and worn.drawn and worn.moving._entered, "the city is there")
    run(worn, 30)
    left, right = shown(worn)
    for name, picture in (("left", left), ("right", right)):
        Image.fromarray(picture.astype(np.uint8)).save(f"/out/{name}.png")
    assert left.std() > 5 and right.std() > 5
