"""Time moves on, gaps are no calm, and posts land in their own quarter."""

import pytest

from emberwatch.core.detect.past import (
    add,
    advance,
    begin,
    busiest_hour,
    heal,
    is_gap,
)
from emberwatch.core.detect.quarter import QUARTER, Quarter
from tests.pasts import DAY, MONDAY, SETTINGS, a_past, usual


def test_a_gap_takes_its_minutes_out_of_what_is_expected() -> None:
    past = a_past(7)
    now = MONDAY + 7 * DAY - 1
    whole = usual(past, now, 60)["volume"]
    gap = advance(SETTINGS, past, now, unwatched_since=now - 29)
    assert usual(gap, now, 60)["volume"] == pytest.approx(0.5 * whole, rel=0.1)


def test_the_same_gap_told_twice_counts_once() -> None:
    past = a_past(7)
    now = MONDAY + 7 * DAY - 1
    once = advance(SETTINGS, past, now, unwatched_since=now - 29)
    assert advance(SETTINGS, once, now, unwatched_since=now - 29) == once


def test_a_post_out_of_a_gap_heals_it() -> None:
    now = MONDAY + 7 * DAY
    past = advance(SETTINGS, a_past(7), now, unwatched_since=now - 60)
    assert is_gap(past, now - 30)
    assert not is_gap(past, now)
    assert not is_gap(past, now - 90)
    assert not is_gap(past, now - 5 * DAY)
    healed = heal(past)
    assert not is_gap(healed, now - 30)
    assert usual(healed, now, 60)["volume"] > usual(past, now, 60)["volume"]


def test_time_moves_the_same_in_one_step_or_many() -> None:
    past = a_past(3)
    end = MONDAY + 5 * DAY + 7
    steps = past
    for minute in range(MONDAY + 3 * DAY, end + 1, 7):
        steps = advance(SETTINGS, steps, minute)
    assert advance(SETTINGS, steps, end) == advance(SETTINGS, past, end)


def test_a_leap_of_years_keeps_what_was_learnt_before_its_last_weeks() -> None:
    past = a_past(7)
    leapt = advance(SETTINGS, past, MONDAY + 4000 * DAY)
    assert leapt.opened == (MONDAY + 4000 * DAY) // QUARTER
    assert leapt.baseline.watched_days < 40


def test_posts_that_come_an_hour_late_land_in_their_quarter() -> None:
    past = a_past(7)
    late = add(SETTINGS, past, MONDAY + 7 * DAY - 75, Quarter(volume=1.0))
    assert late.quarters[-5].volume == past.quarters[-5].volume + 1.0
    assert late.baseline == past.baseline


def test_the_busiest_hour_of_a_window_is_found_wherever_it_lies() -> None:
    past = begin(SETTINGS, MONDAY)
    for quarter in range(30):
        minute = MONDAY + quarter * QUARTER
        past = advance(SETTINGS, past, minute)
        came = Quarter(volume=1.0, nameless=5.0 if 20 <= quarter < 24 else 1.0)
        past = add(SETTINGS, past, minute, came)
    assert busiest_hour(past, 240) == 5.0 * 4 + 1.0
    assert busiest_hour(past, 120) == 5.0 * 3 + 1.0 * 2
    young = add(SETTINGS, begin(SETTINGS, MONDAY), MONDAY, Quarter(volume=1.0, nameless=2.0))
    assert busiest_hour(young, 240) == 2.0
