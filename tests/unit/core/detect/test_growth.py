"""A thread's growth fits into a few points, whatever its size."""

from random import Random

import pytest

from emberwatch.core.detect.growth import (
    EXACT,
    NO_GROWTH,
    POINTS,
    Growth,
    chance_of,
    evidence,
    expected_in_the_end,
    grow,
    usual,
)


def grown(moments: list[float]) -> Growth:
    growth = NO_GROWTH
    for moment in moments:
        growth = grow(growth, moment, 1)
    return growth


def test_ten_thousand_reactions_fit_and_none_is_lost() -> None:
    growth = grown([float(second) for second in range(10_000)])
    assert len(growth.moments) == len(growth.weights) <= POINTS
    assert sum(growth.weights) == 10_000
    assert growth.moments[-EXACT:] == tuple(float(second) for second in range(9_976, 10_000))


def test_a_late_reaction_takes_its_place() -> None:
    assert grown([10.0, 30.0, 20.0]).moments == (10.0, 20.0, 30.0)


def test_it_counts_what_came_after_a_moment() -> None:
    assert grown([10.0, 20.0, 30.0]).since(10.0) == 2


def steady(number: int, gap: float) -> Growth:
    return grown([gap * (index + 1) for index in range(number)])


def test_a_quick_thread_speaks_for_more_than_a_slow_one() -> None:
    quick = evidence(steady(40, 1.0), 0.0, 40.0, 40, 300)
    slow = evidence(steady(40, 180.0), 0.0, 7_200.0, 40, 300)
    assert quick > slow + 2.0


def test_a_thread_that_fell_silent_speaks_for_less() -> None:
    growth = steady(60, 5.0)
    assert evidence(growth, 0.0, 300.0, 60, 300) > evidence(growth, 0.0, 7_200.0, 60, 300) + 1.0


def test_nothing_is_extrapolated_from_an_absurd_age() -> None:
    growth = steady(40, 1.0)
    year = evidence(growth, 0.0, 3e7, 40, 300)
    assert year == evidence(growth, 0.0, 3e8, 40, 300)


def test_what_is_expected_in_the_end_is_never_less_than_what_is_there() -> None:
    assert expected_in_the_end(steady(50, 1_000.0), 0.0, 9e5, 50, 0.2) == 50.0
    assert expected_in_the_end(steady(200, 0.5), 0.0, 100.0, 200, 0.2) > 400.0


def test_the_chance_of_the_floor_is_the_base_rate() -> None:
    assert chance_of(300, 300, 0.01, 0.2) == pytest.approx(0.01)
    assert chance_of(3000, 300, 0.01, 0.2) == pytest.approx(0.002)
    assert chance_of(1, 300, 0.01, 0.01) == 1.0


def test_an_ordinary_thread_is_small_and_grows_with_age() -> None:
    young, old = (usual(age, 300, 0.01, 0.2) for age in (60.0, 86_400.0))
    assert 0.0 < young < old < 5.0
    assert usual(-5.0, 300, 0.01, 0.2) == 0.0


def test_the_forecast_holds_on_threads_that_it_never_saw() -> None:
    """Of the quarter of threads that it speaks for most, twice as many grow huge as of the last."""
    chance = Random(7)
    odds: list[tuple[float, bool]] = []
    while len(odds) < 200:
        number = min(int(60 * chance.paretovariate(0.6)), 1_000)
        delays = sorted(300.0 * (chance.random() ** (-1 / 0.45) - 1) for _ in range(number))
        first = delays[:60]
        odds.append((evidence(grown(first), 0.0, first[-1], 60, 300), number >= 300))
    top = sorted(odds, reverse=True)[:50]
    bottom = sorted(odds)[:50]
    assert sum(huge for _, huge in top) >= 2 * sum(huge for _, huge in bottom)
