"""What viewers may spend, and how long the places they left are remembered."""

from __future__ import annotations

import pytest

from xrserver.errors import TooManyMessages
from xrserver.server import resume
from xrserver.server.allowance import BYTES_A_MESSAGE, Allowance
from xrserver.server.resume import Resumes, Whereabouts


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def where(name: str = "story") -> Whereabouts:
    return Whereabouts(name, "city", b"\0" * 20, 0.0)


def test_a_burst_is_allowed_and_then_only_the_rate() -> None:
    time = Time()
    allowance = Allowance(rate=10, burst=20, now=time)
    for _ in range(20):
        allowance.spend(0)
    with pytest.raises(TooManyMessages):
        allowance.spend(0)
    for _ in range(100):
        time.now += 0.11
        if time.now > 100.3:
            allowance.spend(0)


def test_large_messages_cost_more() -> None:
    allowance = Allowance(rate=10, burst=20, now=Time())
    allowance.spend(18 * BYTES_A_MESSAGE)
    with pytest.raises(TooManyMessages):
        allowance.spend(BYTES_A_MESSAGE)


def test_a_pause_saves_up_no_more_than_a_burst() -> None:
    time = Time()
    allowance = Allowance(rate=10, burst=20, now=time)
    time.now += 1e6
    for _ in range(20):
        allowance.spend(0)
    with pytest.raises(TooManyMessages):
        allowance.spend(0)


def test_a_place_is_remembered_for_as_long_as_configured() -> None:
    time = Time()
    resumes = Resumes(60.0, time)
    resumes.keep("token", where())
    time.now += 60.0
    assert resumes.take("token") is not None
    time.now += 0.1
    assert resumes.take("token") is None
    assert resumes.take("") is None


def test_the_place_left_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resume, "MOST", 3)
    resumes = Resumes(60.0, Time())
    for name in ("a", "b", "c", "a", "d"):
        resumes.keep(name, where(name))
    assert resumes.take("b") is None
    assert all(resumes.take(name) for name in ("a", "c", "d"))


def test_old_places_leave_when_new_ones_come() -> None:
    time = Time()
    resumes = Resumes(60.0, time)
    for number in range(10):
        resumes.keep(str(number), where())
    time.now += 61.0
    resumes.keep("new", where())
    assert len(resumes._kept) == 1
