"""How a thread has grown so far, and how likely it is to grow huge."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from math import exp, log, log1p
from struct import Struct

from emberwatch.core.detect.swift import maker

POINTS = 64
"""Most points that are kept of a thread's growth, however large it grows."""
EXACT = 24
"""The newest points, which are never merged."""
SIGHT = 4
"""A thread is within sight of a target from a quarter of it on."""
_MOST_DOUBLINGS = 64.0
"""Where nearly all threads become huge, the law has them grow past any number: no further."""


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

    def of_the_last(self, number: float) -> float:
        """Return when the last `number` reactions began: more than 0, and there are as many."""
        seen, place = 0, len(self.moments)
        while seen < number:
            place -= 1
            seen += self.weights[place]
        return self.moments[place]


NO_GROWTH = Growth()
_new_growth = maker(Growth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large a brand's threads become: of those with `smallest` reactions a `share` of 0..1
    comes to `huge`, and by the same power law to every other size.
    """

    huge: int
    share: float
    smallest: float = 1.0

    def __post_init__(self) -> None:
        if not (0.0 < self.share < 1.0 and 0.0 < self.smallest < self.huge):
            raise ValueError(f"sizes of threads make no sense: {self}")

    @property
    def slope(self) -> float:
        """The exponent of the power law: a slope of 1 makes a tenth as many ten times as large."""
        return log(self.share) / log(self.smallest / self.huge)

    def reaching(self, target: float) -> float:
        """Return the share of threads that come to a size."""
        return min(1.0, float((self.smallest / target) ** self.slope))

    def prior(self, size: float, target: float) -> float:
        """Return the share of threads of a size that come to a target, before anything is known
        of their pace. Within sight of it what the pace says weighs all of the further way.
        """
        from_size = min(max(size, self.smallest), target / SIGHT)
        return float((from_size / target) ** self.slope)

    def usual(self, age: float) -> float:
        """Return how many reactions an ordinary thread has at an age (seconds).

        Half of all threads end below that one; how much of it is there by an age is the published
        law of delays: a tenth in two minutes, half in an hour.
        """
        median = self.smallest * 2.0 ** min(1.0 / self.slope, _MOST_DOUBLINGS)
        return float(median * (1.0 - exp(-0.3 * log1p(max(age, 0.0) / 300.0))))


def grow(growth: Growth, moment: float, by: int) -> Growth:
    """Return the growth with `by` more reactions at a moment, in its place if it comes late."""
    moments, weights = growth.moments, growth.weights
    if not moments or moment >= moments[-1]:
        moments, weights = (*moments, moment), (*weights, by)
    else:
        place = bisect_right(moments, moment)
        moments = (*moments[:place], moment, *moments[place:])
        weights = (*weights[:place], by, *weights[place:])
    if len(moments) <= POINTS:
        return _new_growth(moments=moments, weights=weights)
    old = len(moments) - EXACT
    old -= old % 2
    merged = tuple(weights[i] + weights[i + 1] for i in range(0, old, 2))
    return _new_growth(moments=moments[1:old:2] + moments[old:], weights=merged + weights[old:])


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


DIRECTIONS = (1, -1, 1, 1, 1, -1, -1, -1, 0)
"""Whether a thread grows larger (1) or less large (-1) with a feature that is greater."""

EVEN = 0.44
"""The share of huge threads that the trees take for granted."""


def log_odds(rate: float) -> float:
    """Return the log odds of a probability in (0, 1)."""
    return log(rate / (1.0 - rate))


def evidence(growth: Growth, began: float, now: float, size: int, target: float) -> float:
    """Return how much the growth so far speaks for `target` reactions in the end: a log likelihood
    ratio, to which the log odds of the base rate are added. Arguments as in `features`.
    """
    forest = _forest()
    left = forest.all_leaves
    row = features(growth, began, now, size, target)
    for value, (limits, reachable) in zip(row, forest.features, strict=True):
        left &= reachable[bisect_left(limits, value)]
    left &= forest.all_leaves - left + forest.first_leaves  # x & -x of each tree: its lowest bit
    total = forest.start - log_odds(EVEN)
    shape = forest.shape
    reached = shape.unpack(left.to_bytes(shape.size, "little"))
    for leaf, out in zip(reached, forest.outs, strict=True):
        total += out[leaf]
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forest:
    """Trees turned inside out, so that all are asked a feature's questions at once (QuickScorer).

    Each tree has 16 bits of a number, one a leaf. `features` hold, for each feature, where trees
    ask about it, and at `n` the leaves that can be reached by what lies above the first `n` of
    these. In the end the lowest bit left to a tree is its leaf; `outs` tell what it says by bit.
    """

    start: float
    all_leaves: int
    first_leaves: int
    shape: Struct
    features: tuple[tuple[tuple[float, ...], tuple[int, ...]], ...]
    outs: tuple[Mapping[int, float], ...]


_LEAVES = 16


@cache
def _forest() -> _Forest:
    """Read the trees that tests/benchmark/fit_growth.py fitted on threads of our own making."""
    told = json.loads((files("emberwatch.core.detect") / "growth.json").read_text("utf-8"))
    trees: list[tuple[list[int], list[float], list[float]]] = told["trees"]
    asked: list[list[tuple[float, int]]] = [[] for _ in DIRECTIONS]
    for place, (by, at, _) in enumerate(trees):
        for node, (feature, limit) in enumerate(zip(by, at, strict=True)):
            asked[feature].append((limit, _under(2 * node + 1, len(by)) << _LEAVES * place))
    all_leaves = (1 << _LEAVES * len(trees)) - 1
    return _Forest(
        start=told["start"],
        all_leaves=all_leaves,
        first_leaves=all_leaves // ((1 << _LEAVES) - 1),
        shape=Struct(f"<{len(trees)}H"),
        features=tuple(
            (
                tuple(limit for limit, _ in sorted(questions)),
                tuple(
                    accumulate(
                        (gone for _, gone in sorted(questions)),
                        lambda left, gone: left & ~gone,
                        initial=all_leaves,
                    )
                ),
            )
            for questions in asked
        ),
        outs=tuple({1 << leaf: value for leaf, value in enumerate(out)} for *_, out in trees),
    )


def _under(node: int, inner: int) -> int:
    """Return the leaves under a node of a tree with so many inner ones, a bit each."""
    if node >= inner:
        return 1 << node - inner
    return _under(2 * node + 1, inner) | _under(2 * node + 2, inner)


def expected_in_the_end(growth: Growth, began: float, now: float, size: int, sizes: Sizes) -> float:
    """Return the size that the thread will pass with even odds, up to eleven times its own."""
    end = float(size)
    for _ in range(_STEPS):
        further = end * _STEP
        prior = log_odds(sizes.prior(size, further))
        if evidence(growth, began, now, size, further) + prior < 0.0:
            break
        end = further
    return end


_STEP = 1.1
_STEPS = 25
