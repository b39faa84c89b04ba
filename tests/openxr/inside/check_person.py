"""What this Monado lacks, given by an API layer: eyes, presence, passthrough, quad views; and validation."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from check_hands import building, run
from conftest import until
from person import NAME, Person, build

from xrserver import spaces
from xrserver.native.openxr.headset import Headset
from xrserver.native.worn import WornViewer

COMPLAINTS = Path("/out/validation.txt")


@pytest.fixture(scope="module")
def person():
    return Person(Path("/tmp/person"))


@pytest.fixture(scope="module")
def worn(monado, url, person):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XRSERVER_PERSON", "/tmp/person")
        patch.setenv("XR_API_LAYER_PATH", str(build()))
        patch.setenv("XR_ENABLE_API_LAYERS", f"XR_APILAYER_LUNARG_core_validation:{NAME}")
        patch.setenv("XR_CORE_VALIDATION_EXPORT_TYPE", "text")
        patch.setenv("XR_CORE_VALIDATION_FILE_NAME", str(COMPLAINTS))
        said: list[str] = []
        headset = Headset(said.append, samples=1)
        with WornViewer(headset, url) as viewer:
            viewer.said = said
            until(lambda: viewer.frame() and viewer.drawn and viewer.moving._entered, "the city is there")
            yield viewer
            headset.leave()
            while viewer.frame():
                pass
        headset.close()


def test_four_views_are_drawn_and_two_of_them_follow_the_eyes(worn, person, remote):
    assert len(worn._headset.session.views.sizes) == 4
    until(lambda: worn.frame() and person.views == 4, "four views are handed over")
    middles = []
    for degrees in (-12.0, 12.0):
        turn = spaces.about((0.0, 1.0, 0.0), math.radians(degrees))
        person.set(gaze=turn)
        run(worn, 2)
        worn._headset.begin_frame()
        wide, _, sharp, _ = worn._headset.views(0.1, 100.0)
        worn._headset.end_frame()
        assert sharp.field_of_view < 0.6 * wide.field_of_view
        middles.append(sharp.projection[8])  # where the window's middle is: right of ahead is positive
    assert middles[0] > 0.1 and middles[1] < -0.1
    # Where eyes are not seen, what was sharp stays in the middle; and it is smaller for being able to follow.
    person.set(looks=0)
    run(worn, 2)
    worn._headset.begin_frame()
    assert abs(worn._headset.views(0.1, 10.0)[2].projection[8]) < 0.05 + abs(wide.projection[8])
    worn._headset.end_frame()
    outer, _, inner, _ = worn._headset.session.views.sizes
    assert inner == outer
    person.set(looks=1, gaze=(0.0, 0.0, 0.0, 1.0))


def look_at(worn, person, point) -> None:
    head = worn.moving._head
    wanted = spaces.multiply(spaces.conjugate(head.orientation), spaces.look_at(head.position, point))
    person.set(gaze=wanted)


def test_what_is_looked_at_is_hovered_and_the_trigger_chooses_it(worn, person, remote):
    for controller, side in ((remote.left, 1.0), (remote.right, -1.0)):  # hands that point at the sky
        controller.orientation = spaces.about((1.0, 0.0, 0.0), 1.4)
        controller.position = (-0.4 * side, 1.0, 0.1)
    remote.send()
    until(lambda: worn.frame() and all(hand.tracked for hand in worn.hands), "hands are seen")
    _, top = building(worn)
    look_at(worn, person, spaces.apply(worn.journey.pose, tuple(float(x) for x in top)))
    until(lambda: worn.frame() and worn.selection.hovered > 1, "what the eyes rest on is hovered")
    hovered = worn.selection.hovered
    assert all(each.kind in ("nothing", "ground") for each in worn.aiming.pointed)
    remote.right.trigger = 1.0
    remote.send()
    until(lambda: worn.frame() and worn.hands[1].select.pressed, "pressed")
    remote.right.trigger = 0.0
    remote.send()
    until(lambda: worn.frame() and worn.selection.selected == hovered, "chosen")
    person.set(looks=0)
    until(lambda: worn.frame() and worn.selection.hovered < 2, "eyes that are not seen hover nothing")
    person.set(looks=1, gaze=(0.0, 0.0, 0.0, 1.0))


def test_taken_off_time_stops_and_put_on_again_it_goes_on(worn, person, remote):
    worn._asked("play")
    assert worn.playback.playing
    person.set(present=0)
    until(lambda: worn.frame() and not worn.playback.playing, "it stops")
    person.set(present=1)
    until(lambda: worn.frame() and worn.playback.playing, "it goes on")
    worn._asked("play")
    assert not worn.playback.playing


def test_over_passthrough_nothing_is_drawn_where_the_city_is_not(worn, person, remote):
    run(worn, 2)
    assert person.blend == 1 and not person.flags & 2
    worn._headset.passthrough = True
    until(lambda: worn.frame() and person.blend == 3 and person.flags & 2, "the room is seen through")
    run(worn, 2)
    picture = worn._headset.session.views._pictures[0]
    alpha = np.frombuffer(picture.target.read(components=4, alignment=1), np.uint8).reshape(-1, 4)[:, 3]
    assert 0.02 < (alpha == 255).mean() < 0.6 and (alpha == 0).mean() > 0.3
    assert ((alpha > 0) & (alpha < 255)).any()  # the shadow on the table
    worn._headset.passthrough = False


def test_recentred_by_the_system_a_model_comes_before_whoever_asked(worn, person, remote):
    remote.head_position = (1.0, 1.6, 2.0)
    remote.head_orientation = spaces.about((0.0, 1.0, 0.0), math.pi / 2)
    remote.send()
    until(lambda: worn.frame() and worn.moving._head.position[2] > 1.99, "the head is there")
    scale = worn.journey.pose.scale
    person.set(recentred=1)
    until(lambda: worn.frame() and worn.journey.pose.position[0] < 0.6, "the city is before it")
    middle = spaces.apply(
        worn.journey.pose, tuple((worn.city.box[i] + worn.city.box[i + 3]) / 2 for i in range(3))
    )
    assert middle[0] < 0.6 and middle[2] == pytest.approx(2.0, abs=0.02)
    assert worn.journey.pose.scale == pytest.approx(scale)


def test_the_validation_layer_has_nothing_to_say(worn):
    run(worn, 2)
    told = COMPLAINTS.read_text(errors="replace").splitlines()
    assert "Core Validation Layer is initialized" in told[0]
    assert [line for line in told if "VALID_DEBUG" not in line] == []
    assert worn.said == []
