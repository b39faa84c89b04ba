from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrserver import clock
from xrserver.clock import Playback
from xrserver.navigation import playback

DAY = 86400
gaps = st.lists(st.sampled_from([0, 1, 60, 5000, DAY, 30 * DAY, 2000 * DAY]), min_size=1, max_size=30)
calendars = gaps.map(lambda steps: clock.calendar(np.cumsum([1_600_000_000, *steps]).astype(np.int64)))
paces = st.sampled_from(["commit", "calendar"])


def t(state):
    return state.rank + state.fraction


@given(calendars)
def test_the_calendar_rises_strictly(dates):
    assert dates.at[0] == 0 and np.all(np.diff(dates.at) >= clock.GAP_LEAST)


def test_short_gaps_keep_their_length_and_idle_years_shrink_to_weeks():
    dates = clock.calendar(np.array([0, 3600, 3600 + 2 * DAY, 3600 + 732 * DAY], np.int64))
    hour, two_days, two_years = np.diff(dates.at)
    assert hour == 3600 and two_days == 2 * DAY
    assert 10 * DAY < two_years < 30 * DAY


def test_a_longer_gap_is_never_shorter_in_the_calendar():
    lengths = np.array([60, 3000, DAY, 3 * DAY, 3 * DAY + 1, 10 * DAY, 400 * DAY], np.int64)
    at = [np.diff(clock.calendar(np.array([0, gap], np.int64)).at)[0] for gap in lengths]
    assert at == sorted(at) and len(set(at)) == len(at)


@given(calendars, paces, st.floats(0, 1))
def test_a_share_of_the_history_is_found_again(dates, pace, share):
    rank, fraction = clock.at_progress(dates, share, pace)
    assert 0 <= rank <= dates.head_rank and 0 <= fraction < 1 and (fraction == 0 or rank < dates.head_rank)
    assert clock.progress(dates, rank, fraction, pace) == pytest.approx(share, abs=1e-9)


@given(calendars, paces, st.floats(0.3, 500), st.lists(st.floats(0, 0.5), max_size=8), st.floats(0, 1))
def test_frames_of_any_length_lead_to_the_same_moment(dates, pace, rate, frames, start):
    rank, fraction = clock.at_progress(dates, start, pace)
    state = Playback(rank, fraction, True, rate, pace)
    many = state
    for frame in frames:
        many = clock.advance(many, dates, frame)
    once = clock.advance(state, dates, sum(frames))
    assert t(many) == pytest.approx(t(once), abs=1e-6 * (1 + dates.head_rank))


@given(calendars, paces, st.floats(0.3, 50), st.floats(0, 0.3))
def test_playing_back_as_long_as_forwards_leads_to_where_it_began(dates, pace, rate, seconds):
    rank, fraction = clock.at_progress(dates, 0.4, pace)
    begun = Playback(rank, fraction, True, rate, pace)
    forth = clock.advance(begun, dates, seconds)
    if not forth.playing:
        return
    back = clock.advance(replace(forth, rate=-rate), dates, seconds)
    assert clock.progress(dates, back.rank, back.fraction, pace) == pytest.approx(
        clock.progress(dates, rank, fraction, pace), abs=1e-9
    )


@given(calendars, paces)
def test_both_paces_take_equally_long_for_the_whole_history(dates, pace):
    rate = dates.head_rank / 10
    state = Playback(0, 0.0, True, max(rate, clock.RATE_LEAST), pace)
    seconds = dates.head_rank / state.rate
    assert clock.advance(state, dates, seconds * 0.999).playing
    assert clock.advance(state, dates, seconds * 1.001) == replace(state, rank=dates.head_rank, playing=False)


@given(calendars, paces, st.floats(-2000, 2000), st.floats(0, 60))
def test_the_playhead_never_leaves_the_history(dates, pace, rate, seconds):
    state = clock.play(Playback(0, 0.0, pace=pace), rate)
    for _ in range(3):
        state = clock.advance(state, dates, seconds)
        assert 0 <= t(state) <= dates.head_rank and 0 <= state.fraction < 1
        state = playback.toggle(state, dates) if not state.playing else state


def test_it_stops_exactly_at_both_ends():
    dates = clock.calendar(np.arange(5, dtype=np.int64) * DAY)
    assert clock.advance(Playback(3, 0.5, True, 2.0), dates, 9.0) == Playback(4, 0.0, False, 2.0)
    assert clock.advance(Playback(3, 0.5, True, -2.0), dates, 9.0) == Playback(0, 0.0, False, -2.0)


def test_played_from_the_end_it_starts_over():
    dates = clock.calendar(np.arange(5, dtype=np.int64) * DAY)
    assert playback.toggle(Playback(4), dates) == Playback(0, playing=True)
    assert playback.toggle(Playback(0, rate=-2.0), dates) == Playback(4, playing=True, rate=-2.0)
    assert playback.toggle(Playback(2, 0.5), dates) == Playback(2, 0.5, playing=True)


def test_a_fraction_survives_far_from_the_beginning():
    dates = clock.Calendar(np.arange(5_000_001, dtype=np.float64) * 60)
    state = clock.advance(Playback(4_999_000, 0.1, True, 1.0), dates, 1e-9)
    assert state.fraction == pytest.approx(0.1 + 1e-9, abs=1e-15)


def test_a_change_eases_over_a_third_of_a_second_of_playback_and_a_rank_at_most():
    dates = clock.calendar(np.arange(100, dtype=np.int64) * DAY)
    assert clock.easing(Playback(5, rate=2.0), dates) == pytest.approx(0.7)
    assert clock.easing(Playback(5, rate=2.0, pace="calendar"), dates) == pytest.approx(0.7)
    assert clock.easing(Playback(5, rate=900.0), dates) == 1.0
    slow = clock.calendar(np.array([0, DAY, 2 * DAY, 4000 * DAY], np.int64))
    assert clock.easing(Playback(2, rate=2.0, pace="calendar"), slow) < 0.3


def test_easing_and_glow_do_not_change_when_playback_stops_or_turns_around():
    dates = clock.calendar(np.array([0, 5, DAY, 90 * DAY], np.int64))
    state = Playback(1, 0.3, True, 4.0, "calendar")
    for other in (clock.pause(state), replace(state, rate=-4.0)):
        assert clock.easing(other, dates) == clock.easing(state, dates)
        assert clock.glow_per_rank(other, 3.0) == clock.glow_per_rank(state, 3.0) == pytest.approx(1 / 12)


def test_scrubbing_and_stepping_land_on_whole_ranks_at_rest():
    dates = clock.calendar(np.arange(11, dtype=np.int64) * DAY)
    playing = Playback(4, 0.5, True)
    assert playback.scrub(playing, dates, 0.26) == Playback(3)
    assert playback.step(playing, dates, 1) == Playback(5)
    assert playback.step(playing, dates, -1) == Playback(4)
    assert playback.step(Playback(0), dates, -1) == Playback(0)
    assert playback.step(Playback(10), dates, 1) == Playback(10)


def test_a_whole_history_first_plays_for_a_minute_and_a_half():
    assert clock.first_rate(82_000) == pytest.approx(82_000 / 90)
    assert clock.first_rate(10) == 2.0
    assert math.isfinite(clock.first_rate(0))


def test_a_history_of_one_commit_is_a_moment():
    dates = clock.calendar(np.array([1_700_000_000], np.int64))
    assert clock.progress(dates, 0, 0.0, "calendar") == 1.0
    for pace in ("commit", "calendar"):
        assert clock.advance(Playback(0, 0.0, True, 3.0, pace), dates, 1.0) == Playback(
            0, 0.0, False, 3.0, pace
        )
        assert clock.at_progress(dates, 0.5, pace) == (0, 0.0)
        assert clock.easing(Playback(0, pace=pace), dates) > 0
