"""How often does this brand ring falsely? What the law of chance says, held against its own past.

A law knows no brand. On ordinary months a brand comes near to ringing more often than the law says,
and the more unlikely an hour is by the law, the more so. What is observed of a law is its *tail*:
how many episodes a month reach so many decades of *rarity* (how much rarer than once a month the
law holds them for). From `LEVELS[0]` on it falls evenly on a log scale, by a slope. Both its height
and its slope are believed to be those of simulated brands of this loudness
(`scripts/bench detect --fit`), until the brand's own episodes say otherwise.

Some of what a brand lived through was no false alarm but a true storm, and nobody tells us which.
So up to `storms` a month of the greatest episodes may be left out: as many as agree best with what
is believed. What went beyond the last of `LEVELS` may be left out in any case: it rings however
long the tail is. A brand that rings more often than storms are likely to come is one whose tail is
long.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import exp, inf, log, log10

from emberwatch.core.detect.baseline import Baseline, BaselineSettings, burst, level, share

LEVELS = (-1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
"""Decades rarer than once a month at which a brand's episodes are counted."""

BLOCK = 480
"""Minutes of a part of a day; what comes in two parts in succession is one episode."""

_MONTH = 30.44
_LN10 = log(10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationSettings:
    """What is believed of a brand's tail, and how much of its own past outweighs that.

    `often` are pairs of the angry voices an hour (log10) and how many episodes a month then reach
    `LEVELS[0]`; `slope` is by how much (ln) they become fewer a decade. Where threads are not told
    apart (a plain series), `baseline.burst` makes them more often by `burst_often` a unit, and
    their tail flatter by `burst_slope` a unit. Both beliefs are worth `strength` episodes, and the
    brand's own fade with `half_life` days. What is rarer than `rings_at` decades rings in any case.
    """

    often: tuple[tuple[float, float], ...] = (
        (-1.2, 3.2),
        (-0.6, 7.2),
        (0.5, 7.2),
        (1.5, 8.0),
        (2.5, 5.0),
    )
    burst_often: float = 3.0
    slope: float = 1.8
    burst_slope: float = 2.0
    strength: float = 6.0
    storms: float = 7.0
    half_life: float = 28.0
    rings_at: float = 9.0

    def __post_init__(self) -> None:
        if not self.often:
            raise ValueError("often is empty: give at least one pair of heat and episodes a month")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """`often` episodes a month reach `LEVELS[0]`; `slope` (ln) is by how much fewer reach a decade
    more. What is rarer than `rings_at` decades is believed to be as rare as the law says.
    """

    often: float = 10.0 ** -LEVELS[0]
    slope: float = _LN10
    rings_at: float = 9.0

    def rate(self, law: float) -> float:
        """Return how often a month (log10) something comes that by law comes so often (log10)."""
        beyond = -law - LEVELS[0]
        if beyond <= 0.0:
            return log10(self.often) - beyond
        if -law >= self.rings_at:
            return law
        return log10(self.often) - beyond * self.slope / _LN10

    def law(self, rate: float) -> float:
        """Return the greatest rate (log10) of the law that comes no more often than `rate`."""
        beyond = log10(self.often) - rate
        if beyond > 0.0:
            beyond *= _LN10 / self.slope
        return -min(beyond + LEVELS[0], max(self.rings_at, -rate))


@dataclass(frozen=True, slots=True, kw_only=True)
class Episodes:
    """The episodes of a brand, counted by the rarity that they reached (see `LEVELS`).

    `days` of watched time were counted, up to `counted_to`; both they and `reached` fade. `peak` is
    the greatest rarity in the part of the day numbered `block`, `before` of the part before it.
    `tail` is what followed from all of it when the block began.
    """

    reached: tuple[float, ...] = (0.0,) * len(LEVELS)
    days: float = 0.0
    counted_to: float = 0.0
    block: int = 0
    peak: float = -inf
    before: float = -inf
    tail: Tail = field(default_factory=Tail)


def at(
    settings: CalibrationSettings,
    beliefs: BaselineSettings,
    learnt: Baseline,
    episodes: Episodes,
    minute: int,
) -> Episodes:
    """Return the episodes as they stand at a minute: a part of the day that is over is counted."""
    block = minute // BLOCK
    if block == episodes.block:
        return episodes
    days = max(0.0, learnt.watched_days - episodes.counted_to)
    fade = 0.5 ** (days / settings.half_life)
    counted = Episodes(
        reached=tuple(
            seen * fade + (episodes.before < reached <= episodes.peak)
            for seen, reached in zip(episodes.reached, LEVELS, strict=True)
        ),
        days=episodes.days * fade + days,
        counted_to=max(learnt.watched_days, episodes.counted_to),
        block=block,
        before=episodes.peak if block == episodes.block + 1 else -inf,
    )
    return replace(counted, tail=tail(settings, beliefs, learnt, counted))


def reached(episodes: Episodes, rarity: float) -> Episodes:
    """Take in how rare the most unlikely window is just now."""
    if rarity <= episodes.peak:
        return episodes
    return Episodes(
        reached=episodes.reached,
        days=episodes.days,
        counted_to=episodes.counted_to,
        block=episodes.block,
        peak=rarity,
        before=episodes.before,
        tail=episodes.tail,
    )


def tail(
    settings: CalibrationSettings,
    beliefs: BaselineSettings,
    learnt: Baseline,
    episodes: Episodes,
) -> Tail:
    """Return the tail of a brand: what is believed, moved by what it lived through."""
    angry = log10(max(level(beliefs, learnt) * share(beliefs, learnt), 1e-6))
    bursts = burst(beliefs, learnt)
    often = _between(settings.often, angry) * (1.0 + settings.burst_often * bursts)
    slope = settings.slope / (1.0 + settings.burst_slope * bursts)
    months, strength = episodes.days / _MONTH, settings.strength
    seen = episodes.reached
    storms = max(settings.storms * months, seen[-1])
    nearest = min(max(often * months, seen[0] - storms), seen[0])
    without, with_storms = _slope(seen, storms, slope, strength), _slope(seen, 0.0, slope, strength)
    return Tail(
        often=often * (strength + nearest) / (strength + often * months),
        slope=min(max(slope, with_storms), without),
        rings_at=settings.rings_at,
    )


def _slope(seen: Sequence[float], left: float, believed: float, strength: float) -> float:
    """Return the slope of a tail without its greatest episodes; beyond the last level is unknown.

    Episodes over the rarity that they have beyond the first level, all together.
    """
    rest = [max(0.0, number - left) for number in seen]
    beyond = sum(
        (LEVELS[n + 1] - LEVELS[n]) * (rest[n] + rest[n + 1]) / 2.0 for n in range(len(LEVELS) - 1)
    )
    return (strength + rest[0] - rest[-1]) / (strength / believed + beyond)


def _between(table: Sequence[tuple[float, float]], at: float) -> float:
    """Return what a table says at a place, evenly on a log scale between its entries."""
    if at <= table[0][0]:
        return table[0][1]
    for (low, first), (high, last) in pairwise(table):
        if at <= high:
            return exp(log(first) + (log(last) - log(first)) * (at - low) / (high - low))
    return table[-1][1]
