"""How unlikely a count is: upper tails of three laws.

All are returned as natural logarithms, so that a chance of 1e-300 keeps its digits, and all take
real counts, which sums of anger between 0 and 1 need: the regularised incomplete functions that
give the exact Poisson and negative binomial tail at whole counts join them smoothly in between.
"""

from math import exp, expm1, floor, inf, isnan, lgamma, log, log1p

_SMALLEST = 1e-300
_PRECISION = 1e-12
_TAIL_PRECISION = 1e-9
_POISSON_BEYOND = 1e8
_ONE_BY_ONE = 512
"""Terms of a beta binomial tail that are added one by one; beyond, it is smooth."""
_LAST = 64
"""As many of its last terms."""
_UNCOUNTABLE = 2.0**53
_GREATEST = 700.0
"""The logarithm of about the greatest float."""
_PLACES = (
    (0.1834346424956498, 0.3626837833783620),
    (0.5255324099163290, 0.3137066458778873),
    (0.7966664774136267, 0.2223810344533745),
    (0.9602898564975363, 0.1012285362903763),
)
"""Where Gauss and Legendre look at a function within -1..1, on both sides, and with what weight."""


def poisson_log_tail(count: float, mean: float) -> float:
    """Return ln P(X >= count) for a Poisson variable of this mean.

    `count` may be fractional; at 0 or below the answer is 0 (certain). Raises `ValueError` for a
    mean below 0 or a value that is not a number.
    """
    _check(count, mean)
    if count <= 0.0:
        return 0.0
    if mean == 0.0:
        return -inf
    front = count * log(mean) - mean - lgamma(count + 1.0)
    if mean < count + 1.0:
        return min(0.0, front + log(_gamma_series(count, mean)))
    upper = front + log(count) + log(_gamma_fraction(count, mean))
    return _log_of_rest(upper)


def negative_binomial_log_tail(
    count: float, mean: float, shape: float, enough: float = inf
) -> float:
    """Return ln P(X >= count) where a Poisson rate itself varies by a Gamma law of this shape.

    The variance is mean + mean**2 / shape: a small shape means a wild rate. `count` may be
    fractional. A tail above `enough` need not be exact: a part of it that is above `enough` by
    itself is returned as soon as there is one. Raises `ValueError` for a mean below 0, a shape not
    above 0, or not a number.
    """
    _check(count, mean)
    if not shape > 0.0:
        raise ValueError(f"a shape must be above 0, got {shape}")
    if count <= 0.0:
        return 0.0
    if mean == 0.0:
        return -inf
    if shape > _POISSON_BEYOND * max(1.0, mean):
        return poisson_log_tail(count, mean)
    success = mean / (mean + shape)
    failure = shape / (mean + shape)
    front = (
        count * log(success)
        - shape * log1p(mean / shape)
        + lgamma(count + shape)
        - lgamma(count)
        - lgamma(shape)
    )
    if success < (count + 1.0) / (count + shape + 2.0):
        first = front - log(count)
        if first > enough:
            return min(0.0, first)
        return min(0.0, first + log(_beta_fraction(count, shape, success)))
    lower = front - log(shape) + log(_beta_fraction(shape, count, failure))
    return _log_of_rest(lower)


def beta_binomial_log_tail(
    count: float, of: float, share: float, strength: float, enough: float = inf
) -> float:
    """Return ln P(X >= count) for so many `of` whom each is one with a chance that itself varies.

    The chance follows a Beta law of mean `share` (0..1) worth `strength` observations. Meant for
    counts above the mean; between whole counts the terms are those of the continuous formula.
    Costs some hundred steps at most, however large the count; the logarithm is within 3e-8 of the
    sum of all terms up to 1e5 and loses digits beyond, as the Gamma function does. `enough` is as
    in `negative_binomial_log_tail`. Raises `ValueError` for a share outside 0..1, a strength not
    above 0, not a number, or so many that one more makes no difference.
    """
    _check(count, of)
    if of >= _UNCOUNTABLE:
        raise ValueError(f"a tail needs fewer than {_UNCOUNTABLE:g} in all: {of}")
    if not (0.0 < share < 1.0 and strength > 0.0):
        raise ValueError(
            f"a share must lie within 0 and 1 and have a strength: {share}, {strength}"
        )
    if count <= 0.0:
        return 0.0
    if count > of:
        return -inf
    a, b = share * strength, (1.0 - share) * strength
    front = (
        lgamma(of + 1.0)
        - lgamma(count + 1.0)
        - lgamma(of - count + 1.0)
        + lgamma(count + a)
        + lgamma(of - count + b)
        - lgamma(of + a + b)
        + lgamma(a + b)
        - lgamma(a)
        - lgamma(b)
    )
    if front > enough:
        return min(0.0, front)
    total = term = 1.0
    at = count
    for _ in range(_ONE_BY_ONE):
        if at + 1.0 > of or term <= total * _TAIL_PRECISION:
            break
        term *= (of - at) / (at + 1.0) * (at + a) / (of - at - 1.0 + b)
        total += term
        at += 1.0
    else:
        total += term * _rest(count, at, of, a, b, total / term)
    return min(0.0, front + log(total))


def _rest(count: float, at: float, of: float, a: float, b: float, total: float) -> float:
    """Return the terms of a beta binomial law after `at`, for a term of 1 at `at`.

    `total` is their sum from `count` on. The sum is an integral (Euler and Maclaurin), which is
    evaluated over stretches that grow with the way gone (Gauss and Legendre, 8 places each): a law
    that is not over after `_ONE_BY_ONE` terms is at least as smooth as that. Only the last terms of
    all are added one by one, for towards the end it may rise without bound.
    """

    def log_term(x: float) -> float:
        return lgamma(x + a) - lgamma(x + 1.0) + lgamma(of - x + b) - lgamma(of - x + 1.0)

    def term_at(x: float) -> float:
        return exp(min(_GREATEST, log_term(x) - begin))

    def steepness(x: float) -> float:
        """Return the derivative of `log_term` half a step after x."""
        return log((of - x) / (x + 1.0) * (x + a) / (of - x - 1.0 + b))

    last = at + floor(of - at)
    begin = log_term(at)
    found = 0.0
    term = term_at(last)
    for _ in range(int(min(last - at, _LAST))):
        found += term
        last -= 1.0
        term /= (of - last) / (last + 1.0) * (last + a) / (of - last - 1.0 + b)
    low, end = at + 0.5, last + 0.5
    if low >= end:
        return found
    edge = term_at(low)
    found += edge * steepness(at) / 24.0
    while low < end and edge > _PRECISION * (total + found):
        stretch = max(of * _PRECISION, min(low - count, of - low) / 3.0)
        high = min(end, low + stretch)
        middle, half = (low + high) / 2.0, (high - low) / 2.0
        found += half * sum(
            weight * (term_at(middle - half * x) + term_at(middle + half * x))
            for x, weight in _PLACES
        )
        low, edge = high, term_at(high)
    if low >= end:
        found -= edge * steepness(last) / 24.0
    return found


def _check(count: float, mean: float) -> None:
    if isnan(count) or not mean >= 0.0 or mean == inf:
        raise ValueError(f"a tail needs a count and a finite mean of 0 or more: {count}, {mean}")


def _log_of_rest(log_part: float) -> float:
    """Return ln(1 - exp(log_part)) of a part that rounding may bring to 1."""
    return log(max(_SMALLEST, -expm1(log_part)))


def _gamma_series(count: float, mean: float) -> float:
    """Sum mean**n / ((count + 1) ... (count + n)), all terms above 0."""
    total = term = 1.0
    step = count
    while term > total * _PRECISION:
        step += 1.0
        term *= mean / step
        total += term
    return total


def _gamma_fraction(count: float, mean: float) -> float:
    """Evaluate the continued fraction of the upper incomplete gamma (Lentz' method)."""
    b = mean + 1.0 - count
    c = 1.0 / _SMALLEST
    d = 1.0 / b
    value = d
    step = 0
    change = 0.0
    while abs(change - 1.0) > _PRECISION:
        step += 1
        a = -step * (step - count)
        b += 2.0
        d = 1.0 / _away_from_zero(a * d + b)
        c = _away_from_zero(b + a / c)
        change = d * c
        value *= change
    return value


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Evaluate the continued fraction of the incomplete beta function (Lentz' method)."""
    c = 1.0
    d = 1.0 / (1.0 - (a + b) * x / (a + 1.0) or _SMALLEST)
    value = d
    m = 0.0
    change = 0.0
    while not -_PRECISION <= change - 1.0 <= _PRECISION:
        m += 1.0
        twice = a + 2.0 * m
        even = m * (b - m) * x / ((twice - 1.0) * twice)
        d = 1.0 / (1.0 + even * d or _SMALLEST)
        c = 1.0 + even / c or _SMALLEST
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / (twice * (twice + 1.0))
        d = 1.0 / (1.0 + odd * d or _SMALLEST)
        c = 1.0 + odd / c or _SMALLEST
        change = d * c
        value *= change
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _SMALLEST else _SMALLEST
