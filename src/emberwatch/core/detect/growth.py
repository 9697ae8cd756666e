"""How a thread has grown so far, and how likely it is to grow huge."""

from bisect import bisect_right
from dataclasses import dataclass
from math import exp, log, log1p, log10

POINTS = 64
"""Most points that are kept of a thread's growth, however large it grows."""
EXACT = 24
"""The newest points, which are never merged."""
LIKENESS = 10
"""The forecast knows threads that come to at least a tenth of the target, and no others."""


@dataclass(frozen=True, slots=True)
class Growth:
    """When a thread grew and by how much: `weights[i]` reactions at `moments[i]` (epoch seconds).

    The older a stretch, the coarser it is kept: points are merged in pairs, into the later one.
    """

    moments: tuple[float, ...] = ()
    weights: tuple[int, ...] = ()

    def since(self, moment: float) -> int:
        """Return how many reactions came after a moment."""
        return sum(self.weights[bisect_right(self.moments, moment) :])


NO_GROWTH = Growth()


def grow(growth: Growth, moment: float, by: int) -> Growth:
    """Return the growth with `by` more reactions at a moment, in its place if it comes late."""
    place = bisect_right(growth.moments, moment)
    moments = (*growth.moments[:place], moment, *growth.moments[place:])
    weights = (*growth.weights[:place], by, *growth.weights[place:])
    if len(moments) <= POINTS:
        return Growth(moments, weights)
    old = len(moments) - EXACT
    old -= old % 2
    merged = tuple(weights[i] + weights[i + 1] for i in range(0, old, 2))
    return Growth(moments[1:old:2] + moments[old:], merged + weights[old:])


def features(
    growth: Growth, began: float, now: float, size: int, target: float
) -> tuple[float, ...]:
    """Return what the forecast looks at: logarithms of times, rates and of the way to go.

    `began` and `now` are epoch seconds; `size` is the sum of `growth.weights`, at least 1.
    """
    moments, weights = growth.moments, growth.weights
    half, few, some = size / 2.0, min(5.0, size / 2.0), min(20.0, size / 2.0)
    minute = quarter = five = 0
    seen = 0
    at_half = at_few = at_some = 0.0
    for index in range(len(moments) - 1, -1, -1):
        moment, weight = moments[index], weights[index]
        ago = now - moment
        if ago <= 900.0:
            quarter += weight
            if ago <= 300.0:
                five += weight
                if ago <= 60.0:
                    minute += weight
        if seen < half:
            at_half = ago
            if seen < some:
                at_some = ago
                if seen < few:
                    at_few = ago
        seen += weight
    age = max(now - began, 0.0)
    way = log(size / target)
    return (
        way,
        log(age + 20.0),
        log((minute + 0.5) / (size + 0.5)),
        log((five + 0.5) / (size + 0.5)),
        log((quarter + 0.5) / (size + 0.5)),
        log((max(at_half, 0.0) + 2.0) / (age + 4.0)),
        log((max(at_few, 0.0) + 2.0) / few),
        log((max(at_some, 0.0) + 2.0) / some),
        log(target),
    )


def products(row: tuple[float, ...]) -> tuple[float, ...]:
    """Return the features and every product of two of them."""
    pairs = [left * right for index, left in enumerate(row) for right in row[index:]]
    return (*row, *pairs)


def log_odds(rate: float) -> float:
    """Return the log odds of a probability in (0, 1)."""
    return log(rate / (1.0 - rate))


def evidence(growth: Growth, began: float, now: float, size: int, target: float) -> float:
    """Return how much the growth so far speaks for `target` reactions in the end: a log likelihood
    ratio, to which the log odds of the base rate are added. Arguments as in `features`.
    """
    row = tuple(
        min(max(feature, low), high)
        for feature, low, high in zip(
            features(growth, began, now, size, target), _LOWEST, _HIGHEST, strict=True
        )
    )
    total = _WEIGHTS[0] - _EVEN
    for weight, product in zip(_WEIGHTS[1:], products(row), strict=True):
        total += weight * product
    return total


def expected_in_the_end(growth: Growth, began: float, now: float, size: int, rate: float) -> float:
    """Return the size that the thread will pass with even odds, up to eleven times its own.

    `rate` is the share of threads that grow tenfold, whatever their size.
    """
    end, prior = float(size), log_odds(rate)
    for _ in range(_STEPS):
        further = end * _STEP
        if evidence(growth, began, now, size, further) + prior < 0.0:
            break
        end = further
    return end


def chance_of(size: float, floor: float, base_rate: float, rate: float) -> float:
    """Return the share of threads that come to a size, when `base_rate` of them come to `floor`."""
    return min(1.0, float(base_rate * rate ** log10(size / floor)))


def usual(age: float, floor: float, base_rate: float, rate: float) -> float:
    """Return how many reactions an ordinary thread has at an age (seconds).

    Half of all threads end below that one, by the same law; how much of it is there by an age is
    the published law of delays: a tenth in two minutes, half in an hour.
    """
    median = floor * 10.0 ** (log10(2.0 * base_rate) / -log10(rate))
    return float(median * (1.0 - exp(-0.3 * log1p(max(age, 0.0) / 300.0))))


_STEP = 1.1
_STEPS = 25
_EVEN = log(0.44 / 0.56)
# Fitted by tests/benchmark/fit_growth.py on 8,000 threads of our own making (seed 1).
# Features are held within what was practised, so that nothing is extrapolated.
_LOWEST = (
    -2.3026,
    3.07,
    -6.1563,
    -5.9248,
    -5.7376,
    -6.8399,
    -0.79846,
    -1.6578,
    3.4012,
)
_HIGHEST = (
    -0.068993,
    13.231,
    0.0,
    0.0,
    0.0,
    -0.0022898,
    11.437,
    11.085,
    6.9078,
)
_WEIGHTS = (
    10.369,
    6.7353,
    0.3688,
    0.733,
    0.29794,
    -0.32567,
    0.36219,
    -0.80109,
    -1.1996,
    0.61319,
    2.0339,
    -0.27759,
    0.13846,
    0.33427,
    -0.23967,
    -0.19195,
    0.097865,
    -0.058451,
    0.74604,
    -0.10378,
    0.026646,
    -0.1351,
    -0.018804,
    -0.46766,
    0.0084769,
    0.13198,
    0.039157,
    0.26864,
    -0.10127,
    -0.18702,
    -0.022933,
    -0.15748,
    0.10635,
    0.17709,
    -0.032409,
    0.39052,
    -0.057765,
    0.12727,
    0.052607,
    0.11222,
    -0.16041,
    -0.015906,
    0.13999,
    -0.12591,
    0.0093568,
    -0.39627,
    0.022476,
    0.39925,
    0.16098,
    0.049458,
    -0.060462,
    0.079065,
    0.01611,
    -0.055855,
    0.036024,
)
