from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrserver import spaces
from xrserver.spaces import Pose

number = st.floats(-100, 100).map(lambda x: round(x, 6))
vectors = st.tuples(number, number, number)
angles = st.floats(-math.pi, math.pi)
quaternions = st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 1)).map(
    spaces.unit
)
poses = st.builds(Pose, vectors, quaternions, st.floats(0.01, 10))


def same(a, b, tolerance=1e-6):
    return np.allclose(a, b, rtol=tolerance, atol=tolerance)


def as_matrix(columns):
    return np.array(columns).reshape(4, 4).T


@given(quaternions, vectors)
def test_turning_keeps_lengths(q, v):
    assert spaces.length(spaces.rotate(q, v)) == pytest.approx(spaces.length(v), abs=1e-6)


@given(quaternions, quaternions, vectors)
def test_a_product_turns_by_its_right_side_first(a, b, v):
    assert same(spaces.rotate(spaces.multiply(a, b), v), spaces.rotate(a, spaces.rotate(b, v)))


@given(poses, poses, vectors)
def test_composed_poses_act_one_after_the_other(a, b, v):
    assert same(spaces.apply(spaces.compose(a, b), v), spaces.apply(a, spaces.apply(b, v)), 1e-5)


@given(poses, vectors)
def test_an_inverse_leads_back(pose, v):
    assert same(spaces.apply(spaces.invert(pose), spaces.apply(pose, v)), v, 1e-5)
    assert same(spaces.apply_inverse(pose, spaces.apply(pose, v)), v, 1e-5)


@given(poses, vectors)
def test_a_matrix_does_what_its_pose_does(pose, v):
    assert same((as_matrix(spaces.matrix(pose)) @ (*v, 1))[:3], spaces.apply(pose, v))


@given(angles, st.floats(-1.5, 1.5))
def test_yaw_and_pitch_are_found_again(yaw, pitch):
    found = spaces.yaw_pitch_of(spaces.yaw_pitch(yaw, pitch))
    assert math.isclose(math.cos(found[0]), math.cos(yaw), abs_tol=1e-6)
    assert math.isclose(math.sin(found[0]), math.sin(yaw), abs_tol=1e-6)
    assert found[1] == pytest.approx(pitch, abs=1e-6)


@pytest.mark.parametrize("pitch", (-math.pi / 2, math.pi / 2))
@given(yaw=st.floats(-3, 3))
def test_the_heading_is_found_even_straight_up_or_down(pitch, yaw):
    assert spaces.yaw_pitch_of(spaces.yaw_pitch(yaw, pitch))[0] == pytest.approx(yaw, abs=1e-5)


@given(vectors, vectors)
def test_an_eye_that_looks_at_something_sees_it_in_the_middle_and_level(eye, target):
    if spaces.length(spaces.subtract(target, eye)) < 1e-3:
        return
    gaze = spaces.look_at(eye, target)
    seen = as_matrix(spaces.view_matrix(Pose(eye, gaze))) @ (*target, 1)
    distance = spaces.length(spaces.subtract(target, eye))
    assert same(seen[:3], (0, 0, -distance), 1e-5)
    assert abs(spaces.rotate(gaze, (1, 0, 0))[1]) < 1e-9


@given(st.floats(-1, 1), st.floats(-1, 1), quaternions, st.floats(0.5, 50))
def test_a_ray_through_the_picture_is_projected_back_to_where_it_went_through(x, y, orientation, far):
    direction = spaces.ray_through(x, y, 0.8, 1.6, orientation)
    view = as_matrix(spaces.view_matrix(Pose((0, 0, 0), orientation)))
    clip = as_matrix(spaces.perspective(0.8, 1.6, 0.1, 100)) @ view @ (*spaces.scaled(direction, far), 1)
    assert same(clip[:2] / clip[3], (x, y), 1e-6)


def test_depth_runs_from_minus_one_at_the_near_plane_to_one_at_the_far_plane():
    projection = as_matrix(spaces.perspective(1.0, 1.0, 0.5, 80.0))
    for z, depth in ((-0.5, -1), (-80, 1)):
        clip = projection @ (0, 0, z, 1)
        assert clip[2] / clip[3] == pytest.approx(depth)


def test_a_quarter_turn_about_up_turns_ahead_to_the_left():
    assert same(spaces.rotate(spaces.yaw_pitch(math.pi / 2, 0), (0, 0, -1)), (-1, 0, 0))
    assert same(spaces.rotate(spaces.yaw_pitch(0, math.pi / 2), (0, 0, -1)), (0, 1, 0))
