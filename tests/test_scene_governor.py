"""The governor: fewer nodes where frames are missed, more again slowly, and no to and fro."""

from __future__ import annotations

import json

from governor_vectors import FILE, STORIES, played, text

from xrserver.scene.governor import LEAST, Governor, governed


def test_the_vectors_of_the_governor_are_current() -> None:
    assert json.loads(FILE.read_text(encoding="utf-8")) == json.loads(text()), "tests/governor_vectors.py"


def shares(name: str) -> list[float]:
    hertz, frames = STORIES[name]
    return [state.share for state in played(frames, 1 / hertz)]


def test_who_keeps_up_or_misses_a_frame_now_and_then_is_left_alone() -> None:
    assert set(shares("a headset that keeps up")) == {1.0}
    assert set(shares("one frame missed now and then")) == {1.0}
    assert set(shares("a desktop that slept")) == {1.0}


def test_missed_frames_make_the_cut_smaller_but_never_nothing() -> None:
    falling = shares("too much from the first frame")
    assert falling == sorted(falling, reverse=True) and falling[0] <= 0.8 and falling[-1] < 0.2
    assert shares("never enough")[-1] == LEAST


def machine(nodes_it_can_draw: float, seconds: float, refresh: float = 1 / 90) -> list[float]:
    """Return the shares over time on a device that misses every frame with more nodes than it can draw."""
    state, found, time = Governor(), [], 0.0
    while time < seconds:
        frame = 2 * refresh if state.share > nodes_it_can_draw else refresh
        state = governed(state, frame, refresh)
        time += frame
        found.append(state.share)
    return found


def test_it_settles_near_what_a_device_can_draw_and_tries_for_more_ever_more_seldom() -> None:
    found = machine(0.5, 240.0)
    assert min(found) > 0.35 and found[-1] <= 0.55
    too_much = [share > 0.5 for share in found]
    attempts = [i for i in range(1, len(found)) if too_much[i] and not too_much[i - 1]]
    assert sum(i > len(found) * 3 / 4 for i in attempts) <= 2
    assert sum(too_much[len(found) // 2:]) < 0.03 * len(found)


def test_what_was_short_trouble_is_over_after_a_while() -> None:
    state = Governor()
    for _ in range(120):
        state = governed(state, 2 / 90, 1 / 90)
    assert state.share < 0.7
    for _ in range(90 * 60):
        state = governed(state, 1 / 90, 1 / 90)
    assert state.share == 1.0
