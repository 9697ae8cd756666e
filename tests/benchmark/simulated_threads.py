"""Threads of our own making: when each reaction came, for fitting and for tests.

A thread is a branching process. Its root draws a heavy-tailed number of direct reactions; every
reaction draws further ones, as many as its own (Pareto) audience warrants; each comes after a
delay with a power-law tail, whose scale and slope belong to the thread. Some threads are found
late by somebody with a great audience, and at night fewer people react. The shapes are those that
the literature on reshare cascades agrees on: delays of minutes with a very heavy tail (Zhao and
others 2015: a scale of 300 s, a slope of .24) and sizes without a typical one (Goel and
others 2016). Their centres are the literature's; how widely delays scatter was chosen among four
guesses by how well the fit did on real cascades. No data went into the constants otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, exp, pi
from random import Random

WEEK = 7 * 86_400.0
MOST = 6_000
"""Reactions after which a thread is cut short: nobody asks for more than a target of 1,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Temper:
    """What is peculiar to one thread.

    `direct` is how many reactions the root itself draws on average, `spread` how many each
    reaction draws, `audience` the Pareto exponent of their audiences, `delay` (seconds) and
    `slope` those of the Lomax law of delays, `hour` the hour of day at which it began.
    """

    direct: float
    spread: float
    audience: float
    delay: float
    slope: float
    hour: float
    night: float


def temper(chance: Random) -> Temper:
    """Draw a thread's temper."""
    return Temper(
        direct=exp(chance.gauss(3.6, 1.5)),
        spread=chance.uniform(0.0, 0.85),
        audience=chance.uniform(1.3, 3.0),
        delay=exp(chance.gauss(5.7, 0.6)),
        slope=chance.uniform(0.2, 0.7),
        hour=chance.uniform(0.0, 24.0),
        night=chance.uniform(0.0, 0.8),
    )


def _count(chance: Random, mean: float) -> int:
    """Draw from a Poisson law."""
    if mean > 50.0:
        return max(0, round(chance.gauss(mean, mean**0.5)))
    number, left = 0, chance.expovariate(1.0)
    while left < mean:
        number += 1
        left += chance.expovariate(1.0)
    return number


def _is_awake(chance: Random, nature: Temper, at: float) -> bool:
    hour = nature.hour + at / 3600.0
    return chance.random() >= nature.night * (0.5 + 0.5 * cos(2.0 * pi * (hour - 4.0) / 24.0))


def simulate(chance: Random) -> list[float]:
    """Return the seconds after the root at which one thread's reactions came, in order."""
    nature = temper(chance)
    parents = [(0.0, nature.direct)]
    if chance.random() < 0.15:
        parents.append((chance.expovariate(1.0 / 10_000.0), exp(chance.gauss(3.6, 1.5))))
    scale = (nature.audience - 1.0) / nature.audience
    reactions: list[float] = []
    while parents and len(reactions) < MOST:
        at, mean = parents.pop()
        for _ in range(_count(chance, mean)):
            delay = nature.delay * ((1.0 - chance.random()) ** (-1.0 / nature.slope) - 1.0)
            then = at + delay
            if then > WEEK or not _is_awake(chance, nature, then):
                continue
            reactions.append(then)
            mark = scale * chance.paretovariate(nature.audience)
            parents.append((then, min(nature.spread * mark, 500.0)))
    return sorted(reactions)


def population(seed: int, number: int) -> Iterator[list[float]]:
    """Yield threads; the same seed gives the same ones."""
    for index in range(number):
        yield simulate(Random(f"{seed}/{index}"))
