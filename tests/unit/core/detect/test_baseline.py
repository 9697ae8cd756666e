"""What is normal is learnt from the level, the hour, the day and the gaps."""

import random
from dataclasses import replace

import pytest

from emberwatch.core.detect import baseline as normal
from emberwatch.core.detect.baseline import (
    QUARTER,
    WINDOWS,
    Baseline,
    BaselineSettings,
    Past,
    Quarter,
    Sums,
    add,
    advance,
    afresh,
    begin,
    burst,
    busiest_hour,
    expected,
    heal,
    heat,
    is_gap,
    judge_anger,
    judge_volume,
    lasting,
    level,
    local_factor,
    share,
    unit,
    window_start,
)

SETTINGS = BaselineSettings()
MONDAY = 29_459_520
"""A Monday midnight, in minutes since 1970."""
DAY = 1440


def a_past(
    days: float, per_quarter: float = 4.0, angry: float = 1.0, busy: int | None = None
) -> Past:
    """Return a past of steady quarters; the hour `busy` of the day brings ten times as much."""
    past = begin(SETTINGS, MONDAY)
    for minute in range(MONDAY, MONDAY + int(days * DAY), QUARTER):
        past = advance(SETTINGS, past, minute)
        times = 10.0 if busy is not None and minute % DAY // 60 == busy else 1.0
        past = add(
            SETTINGS,
            past,
            minute,
            Quarter(
                volume=times * 4.0,
                judged=times * 4.0,
                calm=times * 3.0,
                anger=times,
                squares=times,
                heat=times,
                heat_squares=times,
            ),
        )
    return past


def usual(past: Past, minute: int, window: int) -> dict[str, float]:
    """Return what a window that ends with a minute should have brought."""
    found = expected(past, Sums(past.closed), minute, window)
    return dict(zip(("volume", "calm", "heat"), found, strict=True))


def test_the_level_follows_the_posts() -> None:
    assert level(SETTINGS, a_past(7).baseline) == pytest.approx(16.0, rel=0.05)
    assert share(SETTINGS, a_past(7).baseline) == pytest.approx(0.25, rel=0.05)


def test_a_brand_that_nobody_mentions_is_expected_to_stay_silent() -> None:
    past = advance(SETTINGS, begin(SETTINGS, MONDAY), MONDAY + 28 * DAY)
    assert past.baseline.watched_days == pytest.approx(28.0, abs=0.2)
    assert level(SETTINGS, past.baseline) < 0.003


def test_a_busy_hour_is_expected_busy() -> None:
    past = a_past(14, busy=9)
    nine = advance(SETTINGS, past, MONDAY + 14 * DAY + 9 * 60 + 30).quarters[-1]
    three = advance(SETTINGS, past, MONDAY + 14 * DAY + 3 * 60 + 30).quarters[-1]
    assert nine.expected_volume > 4 * three.expected_volume


def test_one_day_is_not_yet_a_rhythm() -> None:
    day, weeks = (
        advance(SETTINGS, a_past(days, busy=9), MONDAY + days * DAY + 9 * 60 + 30).quarters[-1]
        for days in (2, 14)
    )
    assert day.expected_volume < weeks.expected_volume


def test_a_window_expects_what_its_minutes_expect() -> None:
    past = a_past(7)
    for minute in (7 * DAY - 1, 7 * DAY - 8, 7 * DAY - 15):
        found = {window: usual(past, MONDAY + minute, window) for window in WINDOWS}
        assert found[15]["volume"] == pytest.approx(4.0, rel=0.1)
        assert found[60]["volume"] == pytest.approx(16.0, rel=0.1)
        assert found[240]["volume"] == pytest.approx(64.0, rel=0.15)
        assert found[60]["heat"] == pytest.approx(4.0, rel=0.1)
        assert found[60]["calm"] == pytest.approx(12.0, rel=0.1)


def test_long_windows_begin_with_a_quarter() -> None:
    assert window_start(60, 100) == 41
    assert window_start(720, 1000) == (66 - 47) * QUARTER


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


@pytest.mark.parametrize("days", [0, 1, 7])
def test_posts_of_before_the_watch_teach_how_anger_sounds_and_no_level(days: int) -> None:
    past = a_past(days)
    old = Quarter(volume=50.0, judged=50.0, anger=20.0, squares=16.0, heat=20.0)
    taught = add(SETTINGS, past, MONDAY - 5 * DAY, old)
    assert level(SETTINGS, taught.baseline) == level(SETTINGS, past.baseline)
    assert (taught.baseline.hours, taught.baseline.days) == (
        past.baseline.hours,
        past.baseline.days,
    )
    assert unit(SETTINGS, taught.baseline) != unit(SETTINGS, past.baseline)


def test_voices_that_return_days_late_are_learnt_too() -> None:
    past = a_series(2, 10, 1)
    late = Quarter(volume=50.0, judged=50.0, heat=20.0, returned=20.0)
    taught = add(SETTINGS, past, MONDAY + 5 * DAY, late)
    assert taught.baseline.sum_returned > past.baseline.sum_returned


def test_posts_that_come_an_hour_late_land_in_their_quarter() -> None:
    past = a_past(7)
    late = add(SETTINGS, past, MONDAY + 7 * DAY - 75, Quarter(volume=1.0))
    assert late.quarters[-5].volume == past.quarters[-5].volume + 1.0
    assert late.baseline == past.baseline


def test_busy_calm_explains_some_anger_and_a_quiet_hour_excuses_little() -> None:
    learnt = a_past(7).baseline
    assert local_factor(SETTINGS, learnt, 2, calm=60.0, usual=12.0) > 1.5
    assert local_factor(SETTINGS, learnt, 2, calm=12.0, usual=12.0) == 1.0
    assert 0.5 < local_factor(SETTINGS, learnt, 2, calm=0.0, usual=12.0) < 1.0


def test_the_typical_voice_is_learnt() -> None:
    assert unit(SETTINGS, Baseline()) == pytest.approx(SETTINGS.typical_anger)
    assert unit(SETTINGS, a_past(14).baseline) == pytest.approx(1.0, rel=0.05)


def test_a_post_is_as_hot_as_it_is_angry_beside_a_typical_voice() -> None:
    assert heat(SETTINGS, typical=0.6, anger=0.6) == 1.0
    assert heat(SETTINGS, typical=0.6, anger=0.9) == 1.0
    assert heat(SETTINGS, typical=0.6, anger=0.1) == 0.0
    assert heat(SETTINGS, typical=0.6, anger=0.3) == pytest.approx(
        heat(SETTINGS, typical=0.4, anger=0.2)
    )
    assert 0.0 < heat(SETTINGS, typical=0.6, anger=0.3) < 0.5


def test_where_nobody_is_ever_angry_faint_posts_are_not_typical_voices() -> None:
    meek = replace(Baseline(), sum_anger=100.0, sum_squares=5.0)
    assert unit(SETTINGS, meek) == SETTINGS.least_typical


def test_more_heat_is_less_likely() -> None:
    learnt = a_past(7).baseline
    some = judge_anger(SETTINGS, learnt, 2, hot=10.0, usual=4.0)
    more = judge_anger(SETTINGS, learnt, 2, hot=14.0, usual=4.0)
    assert more.log_chance < some.log_chance < 0.0
    assert judge_anger(SETTINGS, learnt, 2, hot=5.0, usual=4.0).log_chance == 0.0


def a_series(seed: int, days: int, answers: int) -> Past:
    """Return the past of a plain series of 2 angry voices an hour, each tenth of them answered."""
    chance = random.Random(seed)
    past = begin(SETTINGS, MONDAY)
    for minute in range(MONDAY, MONDAY + days * DAY, QUARTER):
        past = advance(SETTINGS, past, minute)
        voices = float(sum(chance.random() < 0.05 for _ in range(10)))
        if voices and chance.random() < 0.1:
            voices += answers
        came = Quarter(volume=10.0, judged=10.0, calm=10.0 - voices, heat_squares=voices)
        past = add(SETTINGS, past, minute, replace(came, heat=voices, nameless=voices))
    return past


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


def test_a_burst_is_over_within_the_hour_so_what_lasts_takes_several() -> None:
    learnt = a_series(1, 14, 6).baseline
    once, spread_out = (
        judge_anger(SETTINGS, learnt, 4, hot=60.0, usual=8.0, busiest=busiest).bursts
        for busiest in (54.0, 20.0)
    )
    assert 0.0 < spread_out < 0.01 * once
    alone = judge_anger(SETTINGS, learnt, 4, hot=60.0, usual=8.0).bursts
    assert once == pytest.approx(alone)
    as_ever, nothing = (
        judge_anger(SETTINGS, learnt, 4, hot=60.0, usual=8.0, busiest=busiest).bursts
        for busiest in (2.0, 0.0)
    )
    assert as_ever == nothing


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


def test_mentions_whose_threads_we_know_have_no_bursts() -> None:
    assert burst(SETTINGS, a_past(14).baseline) == 0.0


def test_voices_that_return_count_again_in_short_windows_alone() -> None:
    times = afresh(Baseline(sum_heat=95.0, sum_returned=10.0))
    assert times == sorted(times, reverse=True)
    assert 1.1 < times[0] < 1.3
    assert times[WINDOWS.index(120) :] == [1.0, 1.0, 1.0]


def test_where_every_voice_is_new_each_window_counts_what_its_quarters_were_taught() -> None:
    assert afresh(Baseline(sum_heat=95.0)) == [1.0] * len(WINDOWS)


def test_no_more_than_as_much_again_is_believed_to_return() -> None:
    assert afresh(Baseline(sum_returned=1e6))[WINDOWS.index(30)] == pytest.approx(2.0)


def test_a_cold_start_doubts_itself() -> None:
    warm = a_past(14).baseline
    cold = replace(warm, watched_days=0.1)
    judged = [
        judge_volume(SETTINGS, b, 2, volume=50.0, usual=16.0).log_chance for b in (warm, cold)
    ]
    assert judged[0] < judged[1]


def test_restless_brands_need_more() -> None:
    steady, restless = a_past(14), begin(SETTINGS, MONDAY)
    for quarter in range(14 * 96):
        minute = MONDAY + quarter * QUARTER
        restless = advance(SETTINGS, restless, minute)
        posts = 13.0 if quarter // 8 % 3 == 0 else 0.5
        came = Quarter(volume=posts, judged=posts, calm=posts)
        restless = add(SETTINGS, restless, minute, came)
    steady_one, restless_one = (
        judge_volume(SETTINGS, past.baseline, 2, volume=60.0, usual=16.0).log_chance
        for past in (steady, restless)
    )
    assert steady_one < restless_one


def test_a_young_brand_has_windows_longer_than_its_life() -> None:
    past = begin(SETTINGS, MONDAY + 7)
    assert all(usual(past, MONDAY + 9, window)["volume"] <= 1.0 for window in WINDOWS)
    assert normal.KEPT >= 720 // QUARTER


# ---------------------------------------------------------------- what lasts
def quarters(*volumes: float, watched: int = QUARTER) -> Past:
    """Return a past of closed quarters in which ten posts each were expected."""
    closed = tuple(
        Quarter(watched=watched, volume=volume, expected_volume=10.0) for volume in volumes
    )
    return Past(opened=0, closed=closed, now=Quarter())


def test_what_half_of_the_quarters_brought_at_least_lasts() -> None:
    assert lasting(quarters(90.0, 20.0, 90.0, 25.0, 30.0), 60) == 2.5
    assert lasting(quarters(10.0, 10.0, 400.0, 10.0), 60) == 1.0


def test_quarters_that_nobody_watched_tell_of_no_shift() -> None:
    assert lasting(quarters(90.0, 90.0, watched=0), 60) == 0.0
    assert lasting(quarters(10.0, 10.0, watched=5), 60) == 3.0


def test_history_that_was_read_back_is_no_shift() -> None:
    read = Quarter(volume=50.0, read_back=40.0, expected_volume=10.0)
    assert lasting(Past(opened=0, closed=(read,), now=Quarter()), 60) == 1.0
