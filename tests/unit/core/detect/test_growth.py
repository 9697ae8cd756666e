"""A thread's growth fits into a few points, whatever its size."""

from math import inf
from random import Random

import pytest

from emberwatch.core.detect.growth import (
    EXACT,
    NO_GROWTH,
    POINTS,
    SIGHT,
    Growth,
    Sizes,
    evidence,
    expected_in_the_end,
    features,
    grow,
)

SIZES = Sizes(huge=300, share=0.01)


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
    assert expected_in_the_end(steady(50, 1_000.0), 0.0, 9e5, 50, SIZES) == 50.0
    assert expected_in_the_end(steady(200, 0.5), 0.0, 100.0, 200, SIZES) > 300.0


def test_the_forecast_looks_at_nothing_that_it_does_not_know() -> None:
    row = features(steady(40, 1.0), 0.0, 40.0, 40, 300)
    assert all(-inf < feature < inf for feature in row)
    assert features(steady(1, 0.0), 5.0, 0.0, 1, 300)[1] > 0.0


def test_the_share_that_comes_to_huge_is_the_one_stated() -> None:
    assert SIZES.reaching(300) == pytest.approx(0.01)
    assert SIZES.reaching(1) == 1.0
    assert Sizes(huge=300, share=0.44, smallest=75.0).reaching(300) == pytest.approx(0.44)
    assert Sizes(huge=300, share=0.44, smallest=75.0).reaching(10) == 1.0


def test_sizes_follow_one_law_at_every_size() -> None:
    steps = [SIZES.reaching(10.0 * size) / SIZES.reaching(size) for size in (1.0, 30.0, 700.0)]
    assert steps == pytest.approx([steps[0]] * 3)


def test_a_thread_that_has_come_further_begins_with_a_better_chance() -> None:
    priors = [SIZES.prior(size, 300) for size in (1, 10, 30, 75)]
    assert priors == sorted(priors)
    assert priors[0] == pytest.approx(0.01)


def test_within_sight_of_the_target_the_pace_alone_says_the_rest() -> None:
    assert SIZES.prior(300 // SIGHT, 300) == SIZES.prior(299, 300)


def test_a_share_among_those_within_sight_is_the_prior_at_every_size() -> None:
    alike = Sizes(huge=300, share=0.44, smallest=300 / SIGHT)
    assert [alike.prior(size, 300) for size in (10, 75, 200)] == pytest.approx([0.44] * 3)


@pytest.mark.parametrize("facts", [{"share": 0.0}, {"share": 1.0}, {"smallest": 300.0}])
def test_sizes_that_make_no_sense_are_refused(facts: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="make no sense"):
        Sizes(**{"huge": 300, "share": 0.01, **facts})  # type: ignore[arg-type]


def test_an_ordinary_thread_is_small_and_grows_with_age() -> None:
    young, old = (SIZES.usual(age) for age in (60.0, 86_400.0))
    assert 0.0 < young < old < 5.0
    assert SIZES.usual(-5.0) == 0.0


def test_an_ordinary_thread_has_a_size_where_nearly_all_become_huge() -> None:
    assert Sizes(huge=300, share=1.0 - 1e-9).usual(60.0) > 300.0


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


def test_a_bunch_that_came_at_once_is_no_storm() -> None:
    """A poll, a queue or an archive gives many reactions one moment."""
    calm = [20.0 * (index + 1) for index in range(40)]
    bunched = [*calm[:20], *([calm[39]] * 20)]
    smooth, lumpy = (
        evidence(grown(moments), 0.0, moments[-1], 40, 300) for moments in (calm, bunched)
    )
    assert abs(lumpy - smooth) < 1.5
