"""The level, the share of anger and the voices of a brand are learnt."""

from dataclasses import replace

import pytest

from emberwatch.core.detect.baseline import (
    Baseline,
    afresh,
    heat,
    level,
    local_factor,
    share,
    unit,
)
from emberwatch.core.detect.past import (
    advance,
    begin,
)
from emberwatch.core.detect.quarter import WINDOWS
from tests.pasts import DAY, MONDAY, SETTINGS, a_past


def test_the_level_follows_the_posts() -> None:
    assert level(SETTINGS, a_past(7).baseline) == pytest.approx(16.0, rel=0.05)
    assert share(SETTINGS, a_past(7).baseline) == pytest.approx(0.25, rel=0.05)


def test_a_brand_that_nobody_mentions_is_expected_to_stay_silent() -> None:
    past = advance(SETTINGS, begin(SETTINGS, MONDAY), MONDAY + 28 * DAY)
    assert past.baseline.watched_days == pytest.approx(28.0, abs=0.2)
    assert level(SETTINGS, past.baseline) < 0.003


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


def test_voices_that_return_count_again_in_short_windows_alone() -> None:
    times = afresh(Baseline(sum_heat=95.0, sum_returned=10.0))
    assert times == sorted(times, reverse=True)
    assert 1.1 < times[0] < 1.3
    assert times[WINDOWS.index(120) :] == [1.0, 1.0, 1.0]


def test_where_every_voice_is_new_each_window_counts_what_its_quarters_were_taught() -> None:
    assert afresh(Baseline(sum_heat=95.0)) == [1.0] * len(WINDOWS)


def test_no_more_than_as_much_again_is_believed_to_return() -> None:
    assert afresh(Baseline(sum_returned=1e6))[WINDOWS.index(30)] == pytest.approx(2.0)
