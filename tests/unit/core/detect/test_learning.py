"""What a quarter teaches, and what it may not teach."""

import pytest

from emberwatch.core.detect.baseline import burst, level, share, unit
from emberwatch.core.detect.chance import judge_anger
from emberwatch.core.detect.past import add, advance
from emberwatch.core.detect.quarter import QUARTER, Quarter
from tests.pasts import DAY, MONDAY, SETTINGS, a_past, a_series


def test_time_that_nobody_watched_teaches_nothing() -> None:
    past = a_past(7)
    now = MONDAY + 7 * DAY
    later = advance(SETTINGS, past, now + 5 * DAY, unwatched_since=now)
    assert level(SETTINGS, later.baseline) == pytest.approx(
        level(SETTINGS, past.baseline), rel=0.05
    )


def test_a_long_silence_of_a_busy_brand_is_a_blind_watch() -> None:
    past = a_past(7)
    later = advance(SETTINGS, past, MONDAY + 8 * DAY)
    assert level(SETTINGS, later.baseline) > 0.7 * level(SETTINGS, past.baseline)


def test_a_storm_hardly_moves_what_is_usual() -> None:
    calm = a_past(7)
    storm = calm
    for minute in range(MONDAY + 7 * DAY, MONDAY + 7 * DAY + 300, QUARTER):
        storm = advance(SETTINGS, storm, minute, 0.15)
        came = Quarter(volume=40.0, judged=40.0, anger=40.0, squares=40.0, heat=40.0)
        storm = add(SETTINGS, storm, minute, came)
    later = advance(SETTINGS, storm, MONDAY + 8 * DAY, 0.15)
    assert share(SETTINGS, later.baseline) < 1.5 * share(SETTINGS, calm.baseline)


def test_posts_that_come_days_late_teach_the_level() -> None:
    past = a_past(7)
    late = Quarter(volume=50.0, judged=50.0, anger=20.0, squares=16.0, heat=20.0)
    taught = add(SETTINGS, past, MONDAY + 5 * DAY, late)
    assert taught.quarters == past.quarters
    assert level(SETTINGS, taught.baseline) > level(SETTINGS, past.baseline)
    assert share(SETTINGS, taught.baseline) > share(SETTINGS, past.baseline)


@pytest.mark.parametrize("ago", [60, 5 * DAY])
@pytest.mark.parametrize("days", [0, 1, 7])
def test_posts_of_before_the_watch_teach_how_anger_sounds_and_no_level(days: int, ago: int) -> None:
    past = a_past(days)
    old = Quarter(volume=50.0, judged=50.0, anger=20.0, squares=16.0, heat=20.0)
    taught = add(SETTINGS, past, MONDAY - ago, old)
    assert level(SETTINGS, taught.baseline) == level(SETTINGS, past.baseline)
    assert (taught.baseline.hours, taught.baseline.days) == (
        past.baseline.hours,
        past.baseline.days,
    )
    assert unit(SETTINGS, taught.baseline) != unit(SETTINGS, past.baseline)


@pytest.mark.parametrize("pieces", [1, 3 * DAY])
def test_posts_read_back_of_a_gap_teach_how_anger_sounds_and_no_level(pieces: int) -> None:
    """A gap is told at once, or minute by minute."""
    began, ended = MONDAY + 7 * DAY, MONDAY + 10 * DAY
    past = a_past(7)
    for piece in range(1, pieces + 1):
        now = began + (ended - began) * piece // pieces
        since = began + (ended - began) * (piece - 1) // pieces
        past = advance(SETTINGS, past, now, unwatched_since=since)
    old = Quarter(volume=50.0, judged=50.0, anger=20.0, squares=16.0, heat=20.0)
    for minute in (began, began + DAY):
        taught = add(SETTINGS, past, minute, old)
        assert level(SETTINGS, taught.baseline) == level(SETTINGS, past.baseline)
        assert unit(SETTINGS, taught.baseline) != unit(SETTINGS, past.baseline)
    for minute in (began - 1, began - DAY):
        taught = add(SETTINGS, past, minute, old)
        assert level(SETTINGS, taught.baseline) > level(SETTINGS, past.baseline)


def test_after_a_gap_posts_that_come_days_late_teach_the_level_again() -> None:
    now = MONDAY + 8 * DAY
    past = advance(SETTINGS, a_past(7), now, unwatched_since=MONDAY + 7 * DAY)
    for minute in range(now, now + 2 * DAY, QUARTER):
        past = add(SETTINGS, advance(SETTINGS, past, minute), minute, Quarter(volume=4.0))
    until = now + 2 * DAY
    for later in (past, advance(SETTINGS, past, until, unwatched_since=until - 300)):
        taught = add(SETTINGS, later, now, Quarter(volume=50.0))
        assert level(SETTINGS, taught.baseline) > level(SETTINGS, later.baseline)


def test_voices_that_return_days_late_are_learnt_too() -> None:
    past = a_series(2, 10, 1)
    late = Quarter(volume=50.0, judged=50.0, heat=20.0, returned=20.0)
    taught = add(SETTINGS, past, MONDAY + 5 * DAY, late)
    assert taught.baseline.sum_returned > past.baseline.sum_returned


def test_voices_that_come_in_bursts_must_be_more() -> None:
    single, answered = (a_series(1, 14, answers).baseline for answers in (0, 6))
    assert burst(SETTINGS, single) < 0.1
    assert burst(SETTINGS, answered) > 0.5
    steady, restless = (
        judge_anger(SETTINGS, learnt, 2, hot=12.0, usual=2.0) for learnt in (single, answered)
    )
    assert steady.log_chance < restless.log_chance - 5.0
    assert restless.bursts > 10.0 * steady.bursts
    assert restless.bursts > judge_anger(SETTINGS, answered, 2, hot=30.0, usual=2.0).bursts


def test_what_goes_on_for_hours_is_no_burst() -> None:
    past = a_series(2, 14, 0)
    for quarter in range(40):
        minute = MONDAY + 14 * DAY + quarter * QUARTER
        past = advance(SETTINGS, past, minute)
        voices = 5.0 + 10.0 * (quarter % 2)
        came = Quarter(volume=20.0, judged=20.0, heat=voices, nameless=voices)
        past = add(SETTINGS, past, minute, came)
    calm = burst(SETTINGS, a_series(2, 14, 0).baseline)
    assert burst(SETTINGS, advance(SETTINGS, past, MONDAY + 15 * DAY).baseline) < calm + 0.5


def test_where_a_storm_begins_and_where_it_ends_is_no_burst() -> None:
    past = a_series(2, 14, 0)
    calm = burst(SETTINGS, past.baseline)
    for quarter in range(3 * 96):
        minute = MONDAY + 14 * DAY + quarter * QUARTER
        past = advance(SETTINGS, past, minute)
        voices = 10.0 if 36 <= quarter % 96 < 60 else 0.5
        came = Quarter(volume=20.0, judged=20.0, heat=voices, nameless=voices)
        past = add(SETTINGS, past, minute, came)
    assert burst(SETTINGS, past.baseline) < calm + 0.1


def test_mentions_whose_threads_we_know_have_no_bursts() -> None:
    assert burst(SETTINGS, a_past(14).baseline) == 0.0
