"""NAB's score by its published definition."""

import pytest

from tests.benchmark.nab import PROFILES, Labelled, points, scaled, worth

STANDARD, FALSE, MISSED = PROFILES
FILE = Labelled(name="a", rows=10_000, windows=((2_000, 2_099), (5_000, 5_099)))


def test_silence_is_nothing_and_perfection_a_hundred() -> None:
    for profile in PROFILES:
        assert scaled(points(FILE, [], profile), 2, profile) == 0.0
        assert scaled(points(FILE, [2_000, 5_000], profile), 2, profile) == pytest.approx(100.0)


def test_early_in_a_window_is_worth_more_and_only_the_first_counts() -> None:
    early, late = points(FILE, [2_000], STANDARD), points(FILE, [2_090], STANDARD)
    assert early > late
    assert points(FILE, [2_000, 2_050, 2_090], STANDARD) == early


def test_a_false_one_costs_more_the_farther_behind_the_window_it_is() -> None:
    base = points(FILE, [2_000], STANDARD)
    just_behind = points(FILE, [2_000, 2_105], STANDARD) - base
    far_behind = points(FILE, [2_000, 3_000], STANDARD) - base
    before_all = points(FILE, [1_500, 2_000], STANDARD) - base
    assert 0.0 > just_behind > far_behind == before_all == pytest.approx(-0.11)
    assert points(FILE, [2_000, 3_000], FALSE) - base == pytest.approx(-0.22)


def test_a_miss_costs_by_profile() -> None:
    assert points(FILE, [], STANDARD) == -2.0
    assert points(FILE, [], MISSED) == -4.0


def test_the_beginning_is_for_learning() -> None:
    assert FILE.learning == 750
    assert points(FILE, [10, 700, 749], STANDARD) == points(FILE, [], STANDARD)
    short = Labelled(name="b", rows=1_000, windows=((100, 140), (500, 520)))
    assert short.learning == 150
    assert short.scored == ((500, 520),)


def test_the_curve_is_the_published_one() -> None:
    assert worth(0.0) == 0.0
    assert worth(-1.0) == pytest.approx(0.98661, abs=1e-5)
    assert worth(3.5) == -1.0
