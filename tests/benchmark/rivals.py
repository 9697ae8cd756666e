"""The published alert rules of others, each written anew from what is public about it.

A rule reads the number of angry posts of each minute, as they were seen, and gives the moments at
which it looks, how far above its own yardstick each look was, and from where on it rings. Where a
vendor does not publish a number, `assumed` names the one that was taken: what is compared are the
shapes of rules, not products. None of them knows that a feed was down.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HOUR = 60
DAY = 24 * HOUR
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """When a rule looked (the minute whose end it was) and how far above its yardstick it was.

    `quiet_for` minutes pass after it has rung before it may ring again.
    """

    minutes: NDArray[np.int64]
    scores: Floats
    quiet_for: int = 0

    def rings(self, threshold: float) -> list[int]:
        """Return the minutes at whose end it rings."""
        hits = self.minutes[self.scores >= threshold]
        if not self.quiet_for:
            return [int(minute) for minute in hits]
        rung: list[int] = []
        for minute in hits:
            if not rung or minute - rung[-1] >= self.quiet_for:
                rung.append(int(minute))
        return rung


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A rule, the score from which it rings, where it was read and what had to be assumed."""

    name: str
    look: Callable[[Floats], Looks]
    rings_at: float
    source: str
    assumed: str = ""


def _sliding(counts: Floats, minutes: int) -> Floats:
    """Return the sum of the last so many minutes, at each minute."""
    total = np.concatenate([[0.0], np.cumsum(counts)])
    ends = np.arange(1, len(counts) + 1)
    return np.asarray(total[ends] - total[np.maximum(ends - minutes, 0)])


def _before(values: Floats, minutes: int) -> Floats:
    """Return values as they were so many minutes ago, 0 where there were none."""
    kept = values[:-minutes] if minutes < len(values) else values[:0]
    return np.concatenate([np.zeros(len(values) - len(kept)), kept])


def _each(minutes: int, length: int, after: int = 0) -> NDArray[np.int64]:
    """Return the last minute of each so many, the first at `after` or later."""
    ends = np.arange(minutes - 1, length, minutes)
    return ends[ends >= after]


def _hours(counts: Floats) -> Floats:
    """Return the count of each whole hour."""
    number = len(counts) // HOUR
    return np.asarray(counts[: number * HOUR].reshape(number, HOUR).sum(axis=1))


def huginn(counts: Floats) -> Looks:
    """Peak detector: an hour beyond mean + 3 deviations of the two weeks before it."""
    hours = _hours(counts)
    scores = np.zeros(len(hours))
    for place in range(4, len(hours)):
        past = hours[max(0, place - 14 * 24 + 1) : place]
        spread = past.std()
        above = hours[place] - past.mean()
        if above > 0.0:
            scores[place] = above / spread if spread > 0.0 else 1e6
    ends = np.arange(len(hours)) * HOUR + HOUR - 1
    return Looks(minutes=ends, scores=scores, quiet_for=2 * DAY)


def elastalert(counts: Floats) -> Looks:
    """Spike: three times as many in an hour as in the hour before, and ten at least."""
    now = _sliding(counts, HOUR)
    before = _before(now, HOUR)
    scores = np.where(now >= 10.0, now / np.maximum(before, 1e-3), 0.0)
    scores[: 2 * HOUR] = 0.0
    return Looks(minutes=np.arange(len(counts)), scores=scores, quiet_for=2 * HOUR)


def _half_width(mean: float, alpha: float) -> float:
    """Return the width of the central interval that holds `alpha` of a Poisson law."""
    if mean > 400.0:
        z = 2.5758 if alpha == 0.99 else 1.96
        return float(ceil(2.0 * z * sqrt(mean)))
    tail, low, high = (1.0 - alpha) / 2.0, None, 0
    chance = exp(-mean)
    below, number = chance, 0
    while True:
        if low is None and below >= tail:
            low = number
        if below >= 1.0 - tail:
            high = number
            break
        number += 1
        chance *= mean / number
        below += chance
        if number > 10.0 * mean + 100.0:
            high = number
            break
    return float(high - (low or 0))


def gnip(counts: Floats) -> Looks:
    """Poisson: an hour off the mean of its hour of day by more than the interval is wide."""
    hours = _hours(counts)
    scores = np.zeros(len(hours))
    sums, seen = np.zeros(24), np.zeros(24)
    for place, count in enumerate(hours):
        hour = place % 24
        sums[hour] += count
        seen[hour] += 1.0
        mean = sums[hour] / seen[hour]
        if mean > 0.0 and count > mean:
            scores[place] = (count - mean) / max(_half_width(mean, 0.99), 1e-9)
    return Looks(minutes=np.arange(len(hours)) * HOUR + HOUR - 1, scores=scores)


def _ears(counts: Floats, lag: int) -> tuple[Floats, Floats]:
    """Return how many deviations each hour is above the same hour of seven days, and the hours."""
    hours = _hours(counts)
    scores = np.zeros(len(hours))
    for place in range((7 + lag) * 24, len(hours)):
        past = hours[[place - 24 * (day + lag) for day in range(1, 8)]]
        scores[place] = (hours[place] - past.mean()) / max(past.std(ddof=1), 0.5)
    return scores, hours


def ears_c1(counts: Floats) -> Looks:
    """C1: beyond mean + 3 deviations of the seven days before."""
    scores, hours = _ears(counts, lag=0)
    return Looks(minutes=np.arange(len(hours)) * HOUR + HOUR - 1, scores=scores)


def ears_c2(counts: Floats) -> Looks:
    """C2: the same, with two days left out in between."""
    scores, hours = _ears(counts, lag=2)
    return Looks(minutes=np.arange(len(hours)) * HOUR + HOUR - 1, scores=scores)


def ears_c3(counts: Floats) -> Looks:
    """C3: what three looks of C2 were above one deviation, summed."""
    scores, hours = _ears(counts, lag=2)
    above = np.maximum(scores - 1.0, 0.0)
    above[scores >= 1e6] = 0.0
    summed = _sliding(above, 3)
    return Looks(minutes=np.arange(len(hours)) * HOUR + HOUR - 1, scores=summed)


def z_score(counts: Floats) -> Looks:
    """The last hour against the mean and deviation of all hours of seven days, each minute."""
    hour = _sliding(counts, HOUR)
    past, squares = _before(hour, HOUR), _before(hour * hour, HOUR)
    number = np.minimum(np.maximum(np.arange(1, len(counts) + 1) - HOUR, 1), WEEK)
    mean = _sliding(past, WEEK) / number
    spread = np.sqrt(np.maximum(_sliding(squares, WEEK) / number - mean * mean, 0.0))
    scores = (hour - mean) / np.maximum(spread, 0.1)
    scores[:DAY] = 0.0
    scores[hour < 2.0] = 0.0
    return Looks(minutes=np.arange(len(counts)), scores=scores)


def meltwater(counts: Floats) -> Looks:
    """The last hour against the twelve before, the same hour of yesterday and of last week."""
    hour = _sliding(counts, HOUR)
    usual = _before(_sliding(counts, 12 * HOUR), HOUR) / 12.0
    usual = np.maximum(usual, np.maximum(_before(hour, DAY), _before(hour, WEEK)))
    minutes = _each(10, len(counts), after=WEEK)
    scores = hour[minutes] / np.maximum(usual[minutes], 1.0 / 12.0)
    scores[hour[minutes] < 1.0] = 0.0
    return Looks(minutes=minutes, scores=scores)


def mutualmind(counts: Floats) -> Looks:
    """Ten minutes against the average ten minutes of six hours."""
    now, six_hours = _sliding(counts, 10), _sliding(counts, 6 * HOUR)
    minutes = _each(10, len(counts), after=6 * HOUR)
    usual = six_hours[minutes] / 36.0
    scores = np.where(usual > 0.0, now[minutes] / np.maximum(usual, 1e-9), 0.0)
    return Looks(minutes=minutes, scores=scores)


RIVALS = (
    Rival(
        name="Huginn PeakDetector",
        look=huginn,
        rings_at=3.0,
        source="description of PeakDetectorAgent: 14 days, 3 deviations, peaks 2 days apart",
        assumed="fed once an hour",
    ),
    Rival(
        name="ElastAlert2 spike",
        look=elastalert,
        rings_at=3.0,
        source="rule type `spike`: spike_height, timeframe, threshold_cur",
        assumed="height 3, an hour, 10 at least: examples of its manual, not defaults",
    ),
    Rival(
        name="Gnip Poisson",
        look=gnip,
        rings_at=1.0,
        source="Gnip-Trend-Detection and its white paper: mode `a`, alpha .99",
        assumed="a threshold of 1",
    ),
    Rival(
        name="EARS C1",
        look=ears_c1,
        rings_at=3.0,
        source="Hutwagner and others 2003; `earsC` of R's surveillance",
        assumed="hours against the same hour of other days; a deviation of .5 at least",
    ),
    Rival(
        name="EARS C2",
        look=ears_c2,
        rings_at=3.0,
        source="as C1",
        assumed="as C1",
    ),
    Rival(
        name="EARS C3",
        look=ears_c3,
        rings_at=2.0,
        source="as C1",
        assumed="as C1",
    ),
    Rival(
        name="z-score, 7 days",
        look=z_score,
        rings_at=3.0,
        source="what dashboards offer most often",
        assumed="looked at each minute, which is generous",
    ),
    Rival(
        name="Meltwater-shaped",
        look=meltwater,
        rings_at=2.5,
        source="its help page: the last hour against 12 hours, the previous day and week",
        assumed="a factor of 2.5 (its example: from 200 to 500), a look each ten minutes",
    ),
    Rival(
        name="MutualMind-shaped",
        look=mutualmind,
        rings_at=2.0,
        source="its help page: ten minutes at twice the average of six hours",
    ),
)


def sweep(looks: list[Looks]) -> list[float]:
    """Return thresholds worth trying for a rule, from lenient to strict."""
    scores = np.concatenate([look.scores for look in looks])
    scores = scores[(scores > 0.0) & (scores < 1e5)]
    if not len(scores):
        return []
    rarest = -log(max(len(scores), 2)) / log(10.0)
    return sorted({float(q) for q in np.quantile(scores, 1.0 - np.logspace(-1.0, rarest, 60))})
