"""Tails are held against exact values, computed here by whole fractions."""

import time
from fractions import Fraction
from math import comb, exp, fsum, inf, isclose, lgamma, log, nan

import pytest

from emberwatch.core.detect.tail import (
    beta_binomial_log_tail,
    negative_binomial_log_tail,
    poisson_log_tail,
)


def log_of(value: Fraction) -> float:
    """Return ln of a fraction far below what a float can hold."""
    shift = value.denominator.bit_length() - value.numerator.bit_length()
    scaled = value * Fraction(2) ** shift
    return log(scaled.numerator / scaled.denominator) - shift * log(2.0)


def exact_negative_binomial(count: int, mean: Fraction, shape: int) -> Fraction:
    success = mean / (mean + shape)
    below = sum(comb(n + shape - 1, n) * success**n * (1 - success) ** shape for n in range(count))
    return 1 - below


def poisson_by_recurrence(count: int, mean: float) -> float:
    """Sum the upper terms from the greatest on, each from the one before."""
    term = total = 1.0
    for n in range(count + 1, count + 400):
        term *= mean / n
        total += term
    return count * log(mean) - mean - lgamma(count + 1.0) + log(total)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 40, 200])
@pytest.mark.parametrize("mean", [Fraction(1, 1000), Fraction(1, 2), Fraction(3), Fraction(50)])
@pytest.mark.parametrize("shape", [1, 4, 25])
def test_the_negative_binomial_tail_is_exact(count: int, mean: Fraction, shape: int) -> None:
    exact = log_of(exact_negative_binomial(count, mean, shape))
    assert isclose(
        negative_binomial_log_tail(count, float(mean), shape), exact, rel_tol=1e-9, abs_tol=1e-9
    )


@pytest.mark.parametrize(("count", "mean"), [(3, 0.001), (10, 1.2), (100, 20.0), (300, 0.05)])
def test_the_poisson_tail_is_exact_far_out(count: int, mean: float) -> None:
    assert isclose(poisson_log_tail(count, mean), poisson_by_recurrence(count, mean), rel_tol=1e-10)


@pytest.mark.parametrize(("count", "mean"), [(3, 9.0), (1, 40.0), (90, 100.0), (2, 5.5)])
def test_the_poisson_tail_is_exact_below_the_mean(count: int, mean: float) -> None:
    below = sum(exp(n * log(mean) - mean - lgamma(n + 1.0)) for n in range(count))
    assert isclose(poisson_log_tail(count, mean), log(1.0 - below), rel_tol=1e-9, abs_tol=1e-15)


def test_a_chance_of_ten_to_the_minus_three_hundred_keeps_its_digits() -> None:
    exact = log_of(exact_negative_binomial(150, Fraction(1), 8))
    assert exact < -230.0
    deeper = log_of(exact_negative_binomial(340, Fraction(1), 8))
    assert deeper < -690.0
    assert isclose(negative_binomial_log_tail(150, 1.0, 8.0), exact, rel_tol=1e-12)
    assert isclose(negative_binomial_log_tail(340, 1.0, 8.0), deeper, rel_tol=1e-12)


def test_counts_between_whole_ones_lie_between() -> None:
    three, half, four = (negative_binomial_log_tail(k, 1.5, 5.0) for k in (3.0, 3.5, 4.0))
    assert three > half > four


def test_a_very_steady_rate_is_poisson() -> None:
    assert negative_binomial_log_tail(9, 3.0, 1e12) == poisson_log_tail(9, 3.0)
    assert isclose(negative_binomial_log_tail(9, 3.0, 1e7), poisson_log_tail(9, 3.0), rel_tol=1e-5)


def test_a_wilder_rate_makes_the_same_count_likelier() -> None:
    steady, wild = (negative_binomial_log_tail(20, 5.0, shape) for shape in (50.0, 2.0))
    assert wild > steady


@pytest.mark.parametrize("count", [0.0, -3.0])
def test_nothing_is_certain_to_come(count: float) -> None:
    assert poisson_log_tail(count, 2.0) == 0.0
    assert negative_binomial_log_tail(count, 2.0, 3.0) == 0.0


def test_nothing_comes_of_a_rate_of_nothing() -> None:
    assert poisson_log_tail(1.0, 0.0) == -inf
    assert negative_binomial_log_tail(1.0, 0.0, 3.0) == -inf


def test_far_below_the_mean_it_is_as_good_as_certain() -> None:
    assert negative_binomial_log_tail(1.0, 1e5, 100.0) == pytest.approx(0.0, abs=1e-12)
    assert poisson_log_tail(1.0, 1e5) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("count", "mean", "shape"),
    [(nan, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, inf, 1.0), (1.0, 1.0, 0.0)],
)
def test_what_makes_no_sense_is_refused(count: float, mean: float, shape: float) -> None:
    with pytest.raises(ValueError, match=r"above 0|finite mean"):
        negative_binomial_log_tail(count, mean, shape)


def exact_beta_binomial(count: int, of: int, a: int, b: int) -> Fraction:
    """Sum the upper terms, with whole Beta parameters."""

    def beta(x: int, y: int) -> Fraction:
        return Fraction(1, x * comb(x + y - 1, x))

    terms = (comb(of, n) * beta(n + a, of - n + b) for n in range(count, of + 1))
    return sum(terms, Fraction(0)) / beta(a, b)


@pytest.mark.parametrize(
    ("count", "of", "a", "b"), [(5, 10, 1, 9), (10, 10, 2, 8), (30, 60, 5, 45), (1, 3, 1, 1)]
)
def test_the_beta_binomial_tail_is_exact_at_whole_counts(
    count: int, of: int, a: int, b: int
) -> None:
    exact = log_of(exact_beta_binomial(count, of, a, b))
    assert isclose(beta_binomial_log_tail(count, of, a / (a + b), a + b), exact, rel_tol=1e-6)


def test_a_share_far_above_the_usual_is_less_likely_where_the_usual_is_steady() -> None:
    steady, restless = (beta_binomial_log_tail(30.5, 50.0, 0.1, each) for each in (500.0, 5.0))
    assert steady < restless < 0.0


def test_no_more_than_all_can_be_angry_and_none_always_are() -> None:
    assert beta_binomial_log_tail(11.0, 10.0, 0.1, 20.0) == -inf
    assert beta_binomial_log_tail(0.0, 10.0, 0.1, 20.0) == 0.0


@pytest.mark.parametrize(("share", "strength"), [(0.0, 1.0), (1.0, 1.0), (0.5, 0.0), (nan, 1.0)])
def test_a_share_that_cannot_be_is_refused(share: float, strength: float) -> None:
    with pytest.raises(ValueError, match="a share must lie within 0 and 1"):
        beta_binomial_log_tail(1.0, 2.0, share, strength)


def beta_binomial_term_by_term(count: float, of: float, a: float, b: float) -> float:
    """Sum every term, each from the one before, beside the greatest; slow and without a limit."""
    logs = [0.0]
    at = count
    while at + 1.0 <= of:
        logs.append(logs[-1] + log((of - at) / (at + 1.0) * (at + a) / (of - at - 1.0 + b)))
        at += 1.0
    front = lgamma(of + 1.0) - lgamma(count + 1.0) - lgamma(of - count + 1.0)
    front += lgamma(count + a) + lgamma(of - count + b) - lgamma(of + a + b)
    front += lgamma(a + b) - lgamma(a) - lgamma(b)
    greatest = max(logs)
    return front + greatest + log(fsum(exp(each - greatest) for each in logs))


@pytest.mark.parametrize(
    ("count", "of", "share", "strength"),
    [
        (3_000.0, 10_000.0, 0.2, 20.0),
        (900.5, 1_700.25, 0.5, 1.0),
        (2_000.0, 2_700.0, 0.3, 1.5),
        (9_000.0, 9_600.0, 0.9, 3.0),
        (6_000.0, 6_500.0, 0.95, 1.0),
        (800.0, 1_340.0, 0.5, 1.0),
        (10_400.3, 50_000.7, 0.2, 4_000.0),
    ],
    ids=str,
)
def test_the_tail_of_a_large_count_is_the_sum_of_all_terms(
    count: float, of: float, share: float, strength: float
) -> None:
    a, b = share * strength, (1.0 - share) * strength
    exact = beta_binomial_term_by_term(count, of, a, b)
    assert beta_binomial_log_tail(count, of, share, strength) == pytest.approx(exact, abs=1e-8)


def test_so_many_that_one_more_makes_no_difference_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer than"):
        beta_binomial_log_tail(1e16, 2e16, 0.15, 20.0)


def test_the_tail_of_a_count_of_any_size_costs_next_to_nothing() -> None:
    started = time.process_time()
    for count in (1e4, 1e6, 1e8, 1e10, 1e14):
        assert -inf < beta_binomial_log_tail(count, 5.0 * count, 0.15, 20.0) < 0.0
    assert time.process_time() - started < 0.05


@pytest.mark.parametrize("enough", [-30.0, -6.0, -2.0])
@pytest.mark.parametrize("count", [1.5, 6.0, 9.0, 14.5, 40.0])
def test_a_tail_is_exact_wherever_it_may_matter(count: float, enough: float) -> None:
    for exact, found in (
        (
            negative_binomial_log_tail(count, 5.0, 8.0),
            negative_binomial_log_tail(count, 5.0, 8.0, enough),
        ),
        (
            beta_binomial_log_tail(count, 50.0, 0.1, 20.0),
            beta_binomial_log_tail(count, 50.0, 0.1, 20.0, enough),
        ),
    ):
        assert found == exact or enough < found <= exact


def test_a_tail_that_cannot_matter_is_not_worked_out() -> None:
    enough = -20.0
    count = negative_binomial_log_tail(14.5, 5.0, 8.0)
    share = beta_binomial_log_tail(14.5, 50.0, 0.1, 20.0)
    assert enough < negative_binomial_log_tail(14.5, 5.0, 8.0, enough) < count
    assert enough < beta_binomial_log_tail(14.5, 50.0, 0.1, 20.0, enough) < share
