"""The real renderer in the runtime's own swapchains: a city from a real server, before both eyes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from conftest import until
from PIL import Image

from xrserver import spaces
from xrserver.navigation import locomotion


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


def pixel(view, point, size) -> tuple[int, int]:
    """Where a point of the room is in a view's picture: across from the left, down from the top."""
    seen = spaces.apply_inverse(view.world_from_eye, point)
    p = view.projection
    x, y = ((p[i] * seen[i // 4] + p[8 + i % 4] * seen[2]) / -seen[2] for i in (0, 5))
    return round((x + 1) / 2 * size[0]), round((1 - y) / 2 * size[1])


def test_three_hundred_frames_show_a_city_to_both_eyes_as_it_is_drawn_elsewhere(worn, remote):
    until(lambda: worn.frame() and worn.drawn and worn.moving._entered, "the city is there")
    remote.left.flags.discard("active")
    remote.right.flags.discard("active")
    remote.head_position, remote.head_orientation = (0.0, 1.5, -0.1), spaces.about((1.0, 0.0, 0.0), -0.6)
    remote.send()
    until(lambda: worn.frame() and not any(hand.tracked for hand in worn.hands), "nothing is in hand")
    run(worn, 300)
    until(lambda: worn.frame() and not worn.names._fading, "names are as they are going to be")
    eyes = shown(worn)
    size = eyes[0].shape[1], eyes[0].shape[0]
    views = worn._headset.session.views.views(*locomotion.depth_range(worn.journey.pose, worn.city.box))
    context = worn._headset.context
    for view, picture, name in zip(views, eyes, ("left", "right"), strict=True):
        Image.fromarray(picture.astype(np.uint8)).save(f"/out/{name}.png")
        assert picture.std() > 8
        # The same moment drawn into a framebuffer of our own, as a screenshot is.
        own = context.framebuffer([context.renderbuffer(size, 4)], context.depth_renderbuffer(size))
        own.use()
        own.clear()
        worn.renderer.draw(worn._moment(), view.world_from_eye, view.projection)
        worn.names.draw(replace(view, target=own))
        data = own.read(components=3, alignment=1)
        elsewhere = Image.frombytes("RGB", size, data).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        apart = np.abs(np.asarray(elsewhere).astype(int) - picture).max(axis=2)
        seen = picture.max(axis=2) > 0  # the lenses hide the corners
        assert seen.mean() > 0.8
        assert apart[seen].mean() <= 2.0 and (apart[seen] <= 8).mean() >= 0.99
    # Parallax: around the tallest building's top the pictures agree where each eye sees it, not elsewhere.
    _, high, plates = worn.city.boxes(worn.drawn, worn.playback.rank)
    top = high[np.flatnonzero(~plates)[np.argmax(high[~plates, 1])]]
    point = spaces.apply(worn.journey.pose, tuple(float(x) for x in top))
    (x, y), (u, v) = (pixel(view, point, size) for view in views)
    assert x > u and abs(y - v) <= 1  # what is near lies farther right for the left eye
    patches = [
        eye[b - 8 : b + 8, a - 8 : a + 8] for eye, a, b in ((eyes[0], x, y), (eyes[1], u, v), (eyes[1], x, y))
    ]
    matched, shifted = (np.abs(patches[0] - other).mean() for other in patches[1:])
    assert matched < 0.7 * shifted


def test_districts_and_buildings_are_named_in_both_eyes(worn, remote):
    remote.left.flags.discard("active")
    remote.right.flags.discard("active")
    remote.head_position, remote.head_orientation = (0.0, 1.5, -0.1), spaces.about((1.0, 0.0, 0.0), -0.6)
    remote.send()
    until(lambda: worn.frame() and worn.names.shown and not worn.names._fading, "names are seen")
    names = worn.names.shown
    assert {"src", "docs", "tests"} & {name.text for name in names}
    named = shown(worn)
    worn.names.draw = lambda _: None
    run(worn, 4)
    plain = shown(worn)
    del worn.names.draw
    size = named[0].shape[1], named[0].shape[0]
    views = worn._headset.session.views.views(0.1, 100.0)
    # Above its anchor each name changes the picture of both eyes; the middle of where it says it is, most.
    for view, with_, without in zip(views, named, plain, strict=True):
        apart = np.abs(with_ - without).max(axis=2)
        assert 0.001 < (apart > 60).mean() < 0.2
        met = 0
        for name in names:
            x, y = pixel(view, spaces.apply(worn.journey.pose, name.anchor), size)
            if 20 <= x < size[0] - 20 and 30 <= y < size[1] - 5:
                met += bool((apart[y - 30 : y, x - 20 : x + 20] > 60).any())
        assert met >= 3


def test_an_eye_s_picture_is_kept_for_comparison_with_the_page(worn, remote):
    """What the page shows at this pose and projection is compared outside, where a browser is."""
    picture = worn._headset.session.views._pictures[0]
    wide, tall = picture.size
    # As the page has it: what is higher than wide is as wide as others are high.
    up = math.atan(math.tan(0.5 * spaces.DESKTOP_FIELD_OF_VIEW) / min(wide / tall, 1.0))
    across = math.atan(math.tan(up) * wide / tall)
    for lens, side in zip(remote.views, (-0.0315, 0.0315), strict=True):
        lens[:11] = -across, across, up, -up, 0.0, 0.0, 0.0, 1.0, side, 0.0, 0.0
    remote.own_views = True
    remote.left.flags.discard("active")
    remote.right.flags.discard("active")
    remote.head_position, remote.head_orientation = (0.1, 1.5, -0.1), spaces.about((1.0, 0.0, 0.0), -0.6)
    remote.send()
    until(lambda: worn.frame() and not any(hand.tracked for hand in worn.hands), "nothing is in hand")

    def view():
        return worn._headset.session.views.views(0.1, 10.0)[0]

    until(
        lambda: worn.frame() and abs(view().field_of_view - 2.0 * up) < 1e-4,
        "the lenses are as the page's",
    )
    worn.names.draw = lambda _: None  # letters are not what is compared
    run(worn, 4)
    del worn.names.draw
    seen = view()
    assert abs(seen.projection[8]) + abs(seen.projection[9]) < 1e-4
    Image.fromarray(shown(worn)[0].astype(np.uint8)).save("/out/eye.png")
    # The page's eye stands still: the scene is told where it lies before it.
    before = spaces.compose(spaces.invert(seen.world_from_eye), worn.journey.pose)
    pose = spaces.compose(spaces.Pose(spaces.DESKTOP_EYE), before)
    told = {"position": pose.position, "orientation": pose.orientation, "scale": pose.scale}
    Path("/out/eye.json").write_text(json.dumps({"pose": told, "rank": worn.playback.rank}))
