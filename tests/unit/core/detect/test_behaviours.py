"""What a brand's life may look like, and what the spike detector makes of it."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import pi, sin

import pytest

from emberwatch.runtime.series import Row, judge_series

MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
BUCKET = 5
HOUR = 60
DAY = 24 * HOUR
WEEK = 7 * DAY

Life = Callable[[int], tuple[float, float]]
"""What a minute brings on average: posts an hour, and the share of them that are angry."""


def a_day(an_hour: float, share: float = 0.2) -> Life:
    """Return a life of quiet nights and busy afternoons."""
    return lambda minute: (an_hour * (1.0 + 0.8 * sin(2.0 * pi * (minute / HOUR - 9) / 24)), share)


def drawn(life: Life, days: float, seed: int) -> Iterator[Row]:
    """Draw five minutes after five minutes of a life."""
    chance = random.Random(seed)
    for minute in range(0, int(days * DAY), BUCKET):
        an_hour, share = life(minute)
        posts = poisson(chance, an_hour * BUCKET / HOUR)
        angry = sum(chance.random() < share for _ in range(posts))
        yield Row(MONDAY + 60.0 * minute, float(posts), float(angry))


def poisson(chance: random.Random, mean: float) -> int:
    """Draw how many posts come, by the gaps between them."""
    count, at = 0, chance.expovariate(1.0)
    while at < mean:
        count += 1
        at += chance.expovariate(1.0)
    return count


def rung(life: Life, days: float, seed: int = 1, down: range = range(0)) -> list[int]:
    """Return the minutes at which an anger alert opened."""
    rows = [
        Row(row.timestamp, None, None) if (row.timestamp - MONDAY) // 60 in down else row
        for row in drawn(life, days, seed)
    ]
    found, was = [], 0
    for row, judged in zip(rows, judge_series(rows), strict=True):
        if judged.alert > was:
            found.append(int((row.timestamp - MONDAY) // 60) + BUCKET)
        was = judged.alert
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_a_share_of_anger_that_leaps_at_flat_volume_rings_within_half_an_hour(seed: int) -> None:
    usual = a_day(60.0, 0.1)
    leap = 8 * DAY + 11 * HOUR

    def life(minute: int) -> tuple[float, float]:
        return usual(minute)[0], 0.6 if minute >= leap else 0.1

    (at,) = [at for at in rung(life, 8.6, seed) if at > leap]
    assert at - leap <= 30


@pytest.mark.parametrize("an_hour", [10.0, 100.0])
def test_a_promotion_without_more_anger_stays_quiet(an_hour: float) -> None:
    usual = a_day(an_hour)
    promotion = range(8 * DAY + 10 * HOUR, 8 * DAY + 16 * HOUR)

    def life(minute: int) -> tuple[float, float]:
        posts, share = usual(minute)
        return (7.0 * posts, share / 7.0) if minute in promotion else (posts, share)

    assert not [at for at in rung(life, 9.5) if at >= promotion.start]


def test_a_level_that_shifts_rings_within_the_hour_and_is_normal_three_days_later() -> None:
    usual = a_day(60.0)
    shift = 10 * DAY + 10 * HOUR

    def life(minute: int) -> tuple[float, float]:
        posts, share = usual(minute)
        return (2.5 * posts if minute >= shift else posts), share

    after = [at - shift for at in rung(life, 15.0) if at >= shift]
    assert after[0] <= 60
    assert after[-1] <= 72 * HOUR


@pytest.mark.parametrize("seed", [1, 3])
def test_of_many_bursts_with_the_anger_of_any_day_one_at_most_passes_for_a_shift(seed: int) -> None:
    usual, chance = a_day(60.0), random.Random(seed)
    loud: set[int] = set()
    begins = 0
    while begins < 17 * DAY:
        begins += int(chance.uniform(8.0, 28.0) * HOUR)
        loud.update(range(begins, begins + 25))

    def life(minute: int) -> tuple[float, float]:
        posts, share = usual(minute)
        return (8.0 * posts if minute in loud else posts), share

    assert len(rung(life, 17.0, seed)) <= 1


def test_growth_is_followed() -> None:
    usual = a_day(20.0)

    def life(minute: int) -> tuple[float, float]:
        posts, share = usual(minute)
        return posts * 4.0 ** (max(0, minute - WEEK) / (4 * WEEK)), share

    assert rung(life, 35.0) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_of_hours_rings_where_a_burst_of_a_thread_a_day_is_usual(seed: int) -> None:
    bursts = {day * DAY + day * 7 % 24 * HOUR for day in range(14)}
    storm = 14 * DAY + 6 * HOUR

    def life(minute: int) -> tuple[float, float]:
        thread = 96.0 if minute in bursts else 0.0
        angry = 2.4 + thread + (20.0 if minute >= storm else 0.0)
        return 9.6 + angry, angry / (9.6 + angry)

    (at, *_) = [at for at in rung(life, 15, seed) if at > storm]
    assert at - storm <= 4 * HOUR


def test_a_brand_that_lived_through_many_storms_is_told_of_the_next_as_soon() -> None:
    storms = [(9 + 5 * n // 2) * DAY + (7 + 5 * n % 11) * HOUR for n in range(13)]

    def life(minute: int) -> tuple[float, float]:
        storm = any(0 <= minute - begins < 6 * HOUR for begins in storms)
        return (36.0 if storm else 4.0), 1.0

    rings = rung(life, 40.0)
    waits = [min(at - begins for at in rings if at >= begins) for begins in storms]
    assert sorted(waits[-5:])[2] <= 30


@pytest.mark.parametrize("an_hour", [0.5, 5.0, 50.0, 500.0])
def test_the_first_day_of_a_new_brand_is_quiet(an_hour: float) -> None:
    for seed in range(3):
        assert rung(a_day(an_hour), 1.0, seed) == []


def test_a_feed_that_was_down_for_ten_hours_rings_for_nothing() -> None:
    down = range(8 * DAY + 5 * HOUR, 8 * DAY + 15 * HOUR)
    assert rung(a_day(60.0), 10.0, down=down) == []


def test_what_comes_back_every_day_is_learnt_within_a_week() -> None:
    usual = a_day(60.0)

    def life(minute: int) -> tuple[float, float]:
        posts, share = usual(minute)
        grumbles = minute >= WEEK and minute % DAY // HOUR == 17
        return (3.0 * posts, 0.6) if grumbles else (posts, share)

    at = rung(life, 21.0)
    assert WEEK < at[0] < WEEK + DAY
    assert at[-1] < 2 * WEEK


def test_a_hundred_silent_brands_never_ring_in_four_weeks() -> None:
    for seed in range(100):
        chance = random.Random(seed)
        rows, at = [Row(MONDAY, 0.0, 0.0)], 0.0
        while (at := at + chance.expovariate(0.02 / HOUR)) < 4 * WEEK:
            rows.append(Row(MONDAY + 60.0 * at, 1.0, float(chance.random() < 0.3)))
        assert not any(judged.alert for judged in judge_series(rows))


def test_six_angry_posts_about_a_silent_brand_ring_by_the_third() -> None:
    began = 28 * DAY
    rows = [Row(MONDAY, 0.0, 0.0)]
    rows += [Row(MONDAY + 60.0 * (began + 5 * n), 1.0, 1.0) for n in range(6)]
    assert [judged.alert for judged in judge_series(rows)] == [0, 0, 0, 1, 1, 1, 1]
