"""Threads of our own making: when each reaction came, for fitting and for tests.

A thread is a branching process. Its root draws a heavy-tailed number of direct reactions; every
reaction draws further ones, as many as its own (Pareto) audience warrants; each comes after a
moment's reading and then a delay. Delays follow one of two laws that the literature on reshares
agrees on: as good as flat for some minutes with a power-law tail after (Zhao and others 2015: 300
seconds, an exponent of .24), or log-normal. Their scale belongs to the thread and scatters little:
people check their feeds as often on a Monday as on a Tuesday, and what differs between threads is
how many they catch. Some threads are found again later, once or several times, by somebody with a
great audience, and at night fewer people react. Sizes have no typical one (Goel and others 2016).

What reaches a watcher is not what happened: a poll dates nothing finer than its interval, a site
delivers a queue at once, an archive dates a reaction no earlier than the one that it hangs on. So
stretches of a thread bear one and the same moment. A forecast that never practised on such bunches
takes each for a sudden acceleration and is wrong with great confidence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, exp, log, pi
from random import Random

WEEK = 7 * 86_400.0
MOST = 6_000
"""Reactions after which a thread is cut short: nobody asks for more than a target of 1,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Temper:
    """What is peculiar to one thread.

    `direct` is how many reactions the root itself draws on average, `spread` how many each
    reaction draws, `audience` the Pareto exponent of their audiences. `reading` (seconds) is the
    least anybody takes. `is_log_normal` chooses the law of delays: of median `delay` (seconds) and
    that `spread_of_delay`, or flat for `flat` seconds with a tail of exponent `slope`. `hour` is
    the hour of day at which it began, `night` the share of people who sleep at the darkest.
    """

    direct: float
    spread: float
    audience: float
    reading: float
    is_log_normal: bool
    delay: float
    spread_of_delay: float
    flat: float
    slope: float
    hour: float
    night: float

    def wait(self, chance: Random) -> float:
        """Draw how long after what it answers a reaction comes, in seconds."""
        reading = self.reading * chance.gammavariate(2.0, 0.5)
        if self.is_log_normal:
            return reading + chance.lognormvariate(log(self.delay), self.spread_of_delay)
        if chance.random() < self.slope / (1.0 + self.slope):
            return reading + self.flat * chance.random()
        return reading + self.flat * (1.0 - chance.random()) ** (-1.0 / self.slope)

    def is_awake(self, chance: Random, at: float) -> bool:
        """Draw whether somebody who would react at a moment is awake."""
        hour = self.hour + at / 3600.0
        return chance.random() >= self.night * (0.5 + 0.5 * cos(2.0 * pi * (hour - 4.0) / 24.0))


def temper(chance: Random) -> Temper:
    """Draw a thread's temper."""
    return Temper(
        direct=exp(chance.gauss(3.4, 1.3)),
        spread=chance.random() ** 1.5,
        audience=chance.uniform(1.05, 2.5),
        reading=exp(chance.gauss(3.0, 0.5)),
        is_log_normal=chance.random() < 0.3,
        delay=exp(chance.gauss(6.2, 0.8)),
        spread_of_delay=chance.uniform(1.0, 2.0),
        flat=300.0 * exp(chance.gauss(0.0, 0.5)),
        slope=chance.uniform(0.2, 0.5),
        hour=chance.uniform(0.0, 24.0),
        night=chance.uniform(0.0, 0.9),
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


def happen(chance: Random) -> list[float]:
    """Return the seconds after the root at which one thread's reactions came, in order."""
    nature = temper(chance)
    parents = [(0.0, nature.direct)]
    if chance.random() < 0.3:
        for _ in range(1 + int(chance.expovariate(1.0))):
            found = chance.expovariate(1.0 / 15_000.0) * chance.random()
            parents.append((found, exp(chance.gauss(3.4, 1.3))))
    scale = (nature.audience - 1.0) / nature.audience
    reactions: list[float] = []
    while parents and len(reactions) < MOST:
        at, mean = parents.pop()
        for _ in range(_count(chance, mean)):
            then = at + nature.wait(chance)
            if then > WEEK or not nature.is_awake(chance, then):
                continue
            reactions.append(then)
            mark = scale * chance.paretovariate(nature.audience)
            parents.append((then, min(nature.spread * mark, 500.0)))
    return sorted(reactions)


def observe(chance: Random, reactions: list[float]) -> list[float]:
    """Return the moments that a watcher is told, in order: some threads in polls, most in part in
    bunches that bear the moment of their last.
    """
    seen = list(reactions)
    if chance.random() < 0.15:
        every = exp(chance.uniform(log(5.0), log(300.0)))
        first = every * chance.random()
        return [first + every * (int((at - first) // every) + 1) for at in seen]
    if chance.random() < 0.7:
        for _ in range(_count(chance, 3.0)):
            start = int(exp(chance.uniform(0.0, log(len(seen) + 1.0)))) - 1
            end = min(start + int(exp(chance.uniform(1.0, 3.5))), len(seen) - 1)
            seen[start:end] = seen[end : end + 1] * (end - start)
    return seen


def simulate(chance: Random) -> list[float]:
    """Return the seconds after the root at which one thread's reactions seem to have come."""
    return observe(chance, happen(chance))


def population(seed: int, number: int) -> Iterator[list[float]]:
    """Yield threads; the same seed gives the same ones."""
    for index in range(number):
        yield simulate(Random(f"{seed}/{index}"))
