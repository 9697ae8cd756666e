"""What is rarer by chance is told as rarer."""

from dataclasses import replace

import pytest

from emberwatch.core.detect.chance import judge_anger, judge_volume
from emberwatch.core.detect.past import (
    add,
    advance,
    begin,
)
from emberwatch.core.detect.quarter import QUARTER, Quarter
from tests.pasts import MONDAY, SETTINGS, a_past, a_series


def test_more_heat_is_less_likely() -> None:
    learnt = a_past(7).baseline
    some = judge_anger(SETTINGS, learnt, 2, hot=10.0, usual=4.0)
    more = judge_anger(SETTINGS, learnt, 2, hot=14.0, usual=4.0)
    assert more.log_chance < some.log_chance < 0.0
    assert judge_anger(SETTINGS, learnt, 2, hot=5.0, usual=4.0).log_chance == 0.0


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
