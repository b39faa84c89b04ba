from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from xrserver.native.residency import aside

AHEAD = (0.0, 0.0, -1.0)


def box(x: float, z: float, half: float = 1.0) -> list[float]:
    return [x - half, -half, z - half, x + half, half, z + half]


def test_what_is_looked_at_is_asked_for_before_what_lies_beside_and_behind():
    eye = (0.0, 0.0, 0.0)
    ahead, beside, behind = (aside(b, eye, AHEAD) for b in (box(0, -20), box(20, -20), box(0, 20)))
    assert 0 == ahead < beside < behind
    assert aside(box(0, -20), eye, (1.0, 0.0, 0.0)) > ahead


def test_what_is_all_around_is_looked_at_wherever_the_eyes_go():
    for gaze in (AHEAD, (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)):
        assert aside(box(0, 0, 9.0), (1.0, 0.0, 2.0), gaze) == 0


@given(st.floats(-3.1, 3.1), st.floats(3.0, 90.0), st.floats(0.1, 1.0))
def test_a_larger_thing_is_never_farther_from_the_gaze(turn, far, half):
    at = far * math.sin(turn), -far * math.cos(turn)
    small, large = (aside(box(*at, half=size), (0.0, 0.0, 0.0), AHEAD) for size in (half, 1.5 * half))
    assert large <= small
