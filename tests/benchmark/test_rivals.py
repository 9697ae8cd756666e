"""The rivals' rules ring and rest as their makers say."""

import numpy as np
import pytest

from tests.benchmark.rivals import (
    DAY,
    HOUR,
    RIVALS,
    WEEK,
    Looks,
    Rival,
    ears_c1,
    ears_c2,
    ears_c3,
    elastalert,
    gnip,
    huginn,
    meltwater,
    mutualmind,
    sweep,
    z_score,
)

BEGIN = 3 * WEEK + 7 * HOUR
EACH = pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)


def steady(every: int = 12, weeks: int = 4) -> np.ndarray:
    """Return weeks in which an angry post comes each so many minutes."""
    counts = np.zeros(weeks * WEEK)
    counts[::every] = 1.0
    return counts


def rung(rival: Rival, counts: np.ndarray) -> list[int]:
    return rival.look(counts).rings(rival.rings_at)


@EACH
def test_a_storm_out_of_steady_weeks_rings_within_the_hour(rival: Rival) -> None:
    counts = steady()
    counts[BEGIN : BEGIN + 2 * HOUR] += 1.0
    since = [minute for minute in rung(rival, counts) if minute >= BEGIN]
    assert since
    assert since[0] - BEGIN < HOUR


@EACH
def test_steady_weeks_are_quiet(rival: Rival) -> None:
    assert not [minute for minute in rung(rival, steady()) if minute >= 2 * WEEK]


@EACH
def test_no_rule_sees_what_is_to_come(rival: Rival) -> None:
    chance = np.random.default_rng(5)
    counts = chance.poisson(0.1, 3 * WEEK).astype(float)
    counts[-DAY : -DAY + HOUR] += 2.0
    whole, begun = rival.look(counts), rival.look(counts[: -2 * DAY])
    same = len(begun.minutes)
    assert whole.minutes[:same] == pytest.approx(begun.minutes)
    assert whole.scores[:same] == pytest.approx(begun.scores)


def test_a_burst_of_each_day_is_normal_to_rules_that_know_the_hour() -> None:
    counts = steady()
    for day in range(28):
        counts[day * DAY + 9 * HOUR : day * DAY + 10 * HOUR] += 1.0
    last_week = range(3 * WEEK, 4 * WEEK)
    for rule, rings_at in ((ears_c1, 3.0), (ears_c2, 3.0), (gnip, 1.0), (meltwater, 2.5)):
        assert not [m for m in rule(counts).rings(rings_at) if m in last_week], rule.__name__
    assert [m for m in z_score(counts).rings(3.0) if m in last_week]


def test_huginn_rests_two_days_after_a_peak() -> None:
    counts = steady()
    for day in range(4):
        begin = BEGIN + day * DAY
        counts[begin : begin + HOUR] += 1.0
    peaks = huginn(counts).rings(3.0)
    assert len(peaks) == 2
    assert peaks[1] - peaks[0] >= 2 * DAY


def test_elastalert_wants_ten_in_the_hour() -> None:
    counts = np.zeros(DAY)
    counts[600:609] = 1.0
    assert not elastalert(counts).rings(3.0)
    counts[609] = 1.0
    assert elastalert(counts).rings(3.0) == [609]


def test_mutualmind_rings_on_the_second_post_of_a_silent_brand() -> None:
    counts = np.zeros(DAY)
    counts[700] = 1.0
    assert mutualmind(counts).rings(2.0) == [709]


def test_c2_leaves_two_days_out_so_that_a_slow_storm_does_not_excuse_itself() -> None:
    counts = steady(every=60)
    for day in (21, 22, 23):
        counts[day * DAY + 7 * HOUR : day * DAY + 8 * HOUR] = 0.4
    third = 23 * DAY + 8 * HOUR - 1
    assert third not in ears_c1(counts).rings(3.0)
    assert third in ears_c2(counts).rings(3.0)
    assert third in ears_c3(counts).rings(2.0)


def test_a_rule_that_must_rest_is_silent_in_between() -> None:
    looks = Looks(minutes=np.array([1, 5, 20]), scores=np.array([3.0, 3.0, 3.0]), quiet_for=10)
    assert looks.rings(3.0) == [1, 20]
    assert looks.rings(3.1) == []


def test_a_sweep_goes_from_lenient_to_strict() -> None:
    looks = Looks(minutes=np.arange(1000), scores=np.arange(1000.0))
    thresholds = sweep([looks])
    assert thresholds == sorted(thresholds)
    assert len(looks.rings(thresholds[0])) > 50 > 5 > len(looks.rings(thresholds[-1])) > 0
