from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xrserver import spaces
from xrserver.input import actions
from xrserver.navigation import locomotion
from xrserver.navigation.locomotion import Actions, Journey, gaze_of, step
from xrserver.spaces import DESKTOP_EYE, Pose

BOX = (-150.0, 0.0, -110.0, 150.0, 60.0, 110.0)
HOME = locomotion.overview(Pose((0, 0, 0), scale=0.01), BOX, 0.8, 1.6)
FRAME = 1 / 60

coordinate = st.floats(-200, 200).map(lambda x: round(x, 3))
points = st.tuples(coordinate, st.floats(0, 60), coordinate)
unit_floats = st.floats(-1, 1).map(lambda x: round(x, 3))
pointers = st.tuples(unit_floats, unit_floats).map(
    lambda p: spaces.ray_through(*p, 0.8, 1.6, spaces.IDENTITY)
)
asked = st.builds(
    Actions,
    fly=st.tuples(unit_floats, unit_floats, unit_floats),
    turn=unit_floats,
    orbit=st.tuples(unit_floats, unit_floats),
    pivot=points,
    zoom=unit_floats,
    focus=points,
    grab=st.none() | pointers,
    grip=points,
    teleport=st.none() | points,
    reach=st.floats(5, 100),
    undo=st.booleans(),
    recentre=st.booleans(),
)


def walk(journey, *frames):
    for frame, seconds in frames:
        journey = step(journey, frame, seconds)
    return journey


def seen_at(pose, point):
    """Where a point of the scene is in a desktop's picture: x, y over depth."""
    x, y, z = spaces.subtract(spaces.apply(pose, point), DESKTOP_EYE)
    return x / -z, y / -z


@settings(max_examples=60)
@given(st.lists(st.tuples(asked, st.floats(0, 0.2)), max_size=8))
def test_whatever_is_asked_for_the_horizon_stays_level_and_the_eye_above_ground(frames):
    journey = walk(Journey(HOME, HOME), *frames)
    right = spaces.rotate(spaces.conjugate(journey.pose.orientation), (1, 0, 0))
    assert abs(right[1]) < 1e-6
    assert gaze_of(journey.pose).eye[1] >= locomotion.EYE_LEAST - 1e-6
    assert all(map(math.isfinite, (*journey.pose.position, journey.pose.scale)))


@given(points, st.floats(-1, 1))
def test_zooming_keeps_what_is_pointed_at_in_its_place(focus, zoom):
    zoomed = locomotion.pose_of(locomotion.zoomed(gaze_of(HOME), focus, math.exp(zoom)))
    assert np.allclose(spaces.apply(zoomed, focus), spaces.apply(HOME, focus), atol=1e-6)
    assert zoomed.scale == pytest.approx(HOME.scale * math.exp(zoom))


@given(points, st.floats(-3, 3), st.floats(-0.9, 0.4))
def test_going_around_a_place_keeps_it_in_its_place(pivot, left, down):
    around = locomotion.pose_of(locomotion.orbited(gaze_of(HOME), pivot, left, down))
    before, after = (spaces.subtract(spaces.apply(pose, pivot), DESKTOP_EYE) for pose in (HOME, around))
    assert np.allclose(before, after, atol=1e-6)


def test_what_is_grabbed_on_the_ground_stays_under_the_pointer():
    def ground_under(pose, pointer):
        gaze = gaze_of(pose)
        ray = spaces.rotate(spaces.yaw_pitch(gaze.yaw, gaze.pitch), pointer)
        return spaces.add(gaze.eye, spaces.scaled(ray, gaze.eye[1] / -ray[1]))

    first = spaces.ray_through(0.2, -0.3, 0.8, 1.6, spaces.IDENTITY)
    grip = ground_under(HOME, first)
    journey = Journey(HOME, HOME)
    for x, y in ((0.2, -0.3), (0.1, -0.35), (-0.3, -0.5), (0.5, -0.9)):
        pointer = spaces.ray_through(x, y, 0.8, 1.6, spaces.IDENTITY)
        journey = step(journey, Actions(grab=pointer, grip=grip), FRAME)
        assert np.allclose(ground_under(journey.pose, pointer), grip, atol=1e-6)
        assert gaze_of(journey.pose).eye[1] == pytest.approx(gaze_of(HOME).eye[1])
    assert not step(journey, Actions(), FRAME).holding


def test_flying_ahead_goes_where_one_looks_but_stays_level():
    before = gaze_of(HOME)
    after = gaze_of(walk(Journey(HOME, HOME), *[(Actions(fly=(0, 0, -1)), FRAME)] * 30).pose)
    assert after.eye[1] == pytest.approx(before.eye[1])
    assert after.eye[2] < before.eye[2] - 5 and after.eye[0] == pytest.approx(before.eye[0])


def test_motion_comes_to_rest_and_then_nothing_changes_any_more():
    journey = walk(
        Journey(HOME, HOME), *[(Actions(fly=(1, 0, 0), turn=1), FRAME)] * 20, *[(Actions(), FRAME)] * 120
    )
    assert journey.velocity == (0, 0, 0) and journey.spin == 0
    assert step(journey, Actions(), FRAME) is journey


@pytest.mark.parametrize("aspect", (0.5, 1.0, 1.6, 2.4))
@pytest.mark.parametrize("yaw", (0.0, 0.7, 2.5))
def test_the_overview_holds_the_whole_city_and_fills_the_picture(yaw, aspect):
    pose = locomotion.overview(
        Pose((1, 2, 3), spaces.conjugate(spaces.yaw_pitch(yaw, 0)), 0.02), BOX, 0.8, aspect
    )
    tall = math.tan(0.4)
    corners = [seen_at(pose, (x, y, z)) for x in BOX[::3] for y in BOX[1::3] for z in BOX[2::3]]
    x = max(abs(corner[0]) for corner in corners) / (tall * aspect)
    y = max(abs(corner[1]) for corner in corners) / tall
    assert max(x, y) == pytest.approx(locomotion.OVERVIEW_FILL, abs=0.03)
    assert pose.scale == 0.02 and gaze_of(pose).yaw == pytest.approx(yaw)


def test_undo_goes_back_one_move_at_a_time_and_recentre_home():
    still = [(Actions(), 0.5)] * 2
    one = walk(Journey(HOME, HOME), *[(Actions(fly=(0, 0, -1)), FRAME)] * 10, *still)
    two = walk(one, *[(Actions(turn=1), FRAME)] * 10, *still)
    back = walk(two, (Actions(undo=True), FRAME), *still)
    assert np.allclose(back.pose.position, one.pose.position) and back.pose.scale == one.pose.scale
    start = walk(back, (Actions(undo=True), FRAME), *still)
    assert np.allclose(start.pose.position, HOME.position)
    home = walk(two, (Actions(recentre=True), FRAME), *still)
    assert home.pose == HOME
    assert np.allclose(walk(home, (Actions(undo=True), FRAME), *still).pose.position, two.pose.position)


def test_going_to_a_building_ends_before_it_and_looking_at_it():
    there = walk(Journey(HOME, HOME), (Actions(teleport=(30, 8, -25), reach=40.0), FRAME), (Actions(), 1.0))
    gaze = gaze_of(there.pose)
    assert spaces.length(spaces.subtract(gaze.eye, (30, 8, -25))) == pytest.approx(40)
    assert np.allclose(seen_at(there.pose, (30, 8, -25)), (0, 0), atol=1e-9)


@given(st.tuples(coordinate, st.floats(2, 100), coordinate))
def test_the_depth_range_holds_the_whole_city(eye):
    pose = locomotion.pose_of(replace(gaze_of(HOME), eye=eye))
    near, far = locomotion.depth_range(pose, BOX)
    assert 0 < near < far
    corners = [(x, y, z) for x in BOX[::3] for y in BOX[1::3] for z in BOX[2::3]]
    distances = [
        spaces.length(spaces.subtract(spaces.apply(pose, corner), DESKTOP_EYE)) for corner in corners
    ]
    assert far >= max(distances)


def test_every_binding_is_bound_once_and_known_to_its_device():
    table = actions.actions()
    assert len({action.name for action in table}) == len(table)
    keys = [b.source for action in table for b in action.bindings if b.device == "keyboard"]
    assert len(keys) == len(set(keys))
    assert {b.hand for a in table for b in a.bindings} <= {"", "left", "right", "either", "both"}
    assert all(action.what and action.bindings for action in table)


def test_the_keys_of_the_desktop_are_those_that_were_agreed():
    keys = actions.by_source("keyboard")
    agreed = {
        "KeyW": "fly",
        "KeyA": "fly",
        "KeyS": "fly",
        "KeyD": "fly",
        "KeyQ": "turn",
        "KeyE": "turn",
        "Space": "play",
        "Comma": "step",
        "Period": "step",
        "KeyU": "undo",
        "KeyR": "recentre",
        "KeyB": "bookmark",
        "Tab": "menu",
    }
    assert {key: keys[key][0].action for key in agreed} == agreed
    mouse = actions.by_source("mouse")
    assert {b.action for b in mouse["left-drag"]} == {"grab", "scrub"}
    assert mouse["right-drag"][0].action == "orbit" and mouse["wheel"][0].action == "zoom"
    assert mouse["left-double"][0].action == "teleport"
