"""The runtime comes, goes, dies and comes back."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from xrserver.errors import NoRuntime
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


@pytest.fixture
def headset(monado, remote, said):
    worn = Headset(said.append)
    frames(worn, lambda: worn.session.focused, "focus")
    yield worn
    worn.close()


def test_a_session_comes_to_focus_and_ends_when_it_is_taken_leave_of(headset, said):
    assert "Remote HMD by Monado" in headset.description
    frames(headset, lambda: headset.actions().worn.seen, "the head is seen")
    assert headset.actions().worn.head.position == pytest.approx((0.0, 1.6, 0.0), abs=0.01)
    headset.begin_frame()
    left, right = headset.views(0.1, 100.0)
    headset.end_frame()
    apart = right.world_from_eye.position[0] - left.world_from_eye.position[0]
    assert apart == pytest.approx(0.063, abs=0.01)
    headset.leave()
    while headset.begin_frame() is not None:
        headset.end_frame()
    assert headset.session.ended and said == []


def test_a_frame_that_comes_too_late_is_counted(headset):
    frames(headset, lambda: headset.session.visible, "it is visible")
    before = headset.missed
    for _ in range(3):
        headset.begin_frame()
        time.sleep(0.15)
        headset.end_frame()
    headset.begin_frame()
    headset.end_frame()
    assert headset.missed >= before + 3


def test_a_runtime_killed_in_a_frame_is_waited_for_and_taken_up_again(headset, monado, said):
    headset.begin_frame()
    for view in headset.views(0.1, 100.0):
        view.begin()
    monado.stop(signal.SIGKILL)
    headset.end_frame()
    frames(headset, lambda: headset.session is None, "the loss is noticed")
    assert said == ["The OpenXR runtime ended. Waiting for it to come back; Ctrl-C ends xrserver."]
    # The loop goes on: it has time for the stream, draws nothing, and does not spin.
    begun = time.monotonic()
    for _ in range(10):
        assert headset.begin_frame() > 0
        assert headset.views(0.1, 100.0) == [] and not headset.actions().worn.seen
        headset.end_frame()
    assert time.monotonic() - begun > 0.15
    monado.start()
    frames(headset, lambda: headset.session is not None and headset.session.focused, "focus again", 30)
    assert said[1:] == [f"The OpenXR runtime is back: {headset.description}."]


_OTHER = """
import time
from xrserver.native.openxr.headset import Headset
other = Headset(print)
while True:
    other.begin_frame(); other.end_frame()
"""


def test_another_application_takes_the_focus_and_gives_it_back(headset):
    with subprocess.Popen([sys.executable, "-c", _OTHER]) as other:
        try:
            frames(headset, lambda: not headset.session.focused, "the other has the focus", 30)
            assert headset.begin_frame() is not None
            assert not headset.actions().worn.focused
            assert all(hand.kind == "absent" for hand in headset.actions().worn.hands)
            headset.end_frame()
        finally:
            other.kill()
            other.wait()
    frames(headset, lambda: headset.session.focused, "the focus is back", 30)


def test_without_a_service_a_sentence_says_what_to_start(monado):
    monado.stop()
    try:
        with pytest.raises(NoRuntime, match="Start SteamVR, Monado or the headset's own program") as caught:
            Headset(print)
        assert caught.value.exit_code == 3
    finally:
        monado.start()
