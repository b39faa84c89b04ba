"""The runtime comes, goes, dies and comes back."""

from __future__ import annotations

import time

import pytest

from xrserver.native.openxr.headset import Headset


def frames(headset: Headset, done, what: str, seconds: float = 15.0) -> int:
    """Run frames until `done`; return how many that took."""
    patience, count = time.monotonic() + seconds, 0
    while not done():
        assert time.monotonic() < patience, f"Not within {seconds:g} s: {what}."
        assert headset.begin_frame() is not None, f"It was over before {what}."
        for view in headset.views(0.1, 100.0):
            view.begin()
        headset.end_frame()
        count += 1
    return count


@pytest.fixture
def said() -> list[str]:
    return []


def test_a_session_comes_to_focus_and_ends_when_it_is_taken_leave_of(monado, remote, said):
    headset = Headset(said.append)
    try:
        assert "Remote HMD by Monado" in headset.description
        frames(headset, lambda: headset.session.focused, "focus")
        frames(headset, lambda: headset.actions().worn.seen, "the head is seen")
        head = headset.actions().worn.head
        assert head.position == pytest.approx((0.0, 1.6, 0.0), abs=0.01)
        headset.begin_frame()
        left, right = headset.views(0.1, 100.0)
        headset.end_frame()
        apart = right.world_from_eye.position[0] - left.world_from_eye.position[0]
        assert apart == pytest.approx(0.063, abs=0.01)
        headset.leave()
        while headset.begin_frame() is not None:
            headset.end_frame()
    finally:
        headset.close()
    assert said == []
