"""How much rarer must it be than it looks: the shipped correction, fitted on streams of our own.

Ordinary months without a storm (`spike_streams.posts`) are judged twice: with each thread counted
once, as the watch counts, and as a plain series whose threads nobody knows. How often a score was
reached, beside how often it should have been, gives the decades by which `SpikeSettings.correction`
would have to move. Printed, never written: the number is changed by hand, with the documentation.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log10

from emberwatch.core.detect.spike import SpikeSettings
from emberwatch.runtime.series import Row, judge_series
from tests.benchmark.spike_streams import RATES, START, posts

WARM_WEEKS = 2
ASKED = (1.09, 4.35)
"""False alarms a month: .25 and 1 a week."""
ANGRY = 0.4
APART = 480
"""Minutes after which a score that is reached again is another alarm: an alert stays open."""
LEAST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How often a month a bar was reached on ordinary streams, where so often was asked."""

    capped: bool
    rate: float
    asked: float
    observed: float


def minutes(seed: int, rate: float, weeks: int, *, capped: bool) -> Iterator[Row]:
    """Yield a stream as a plain series; capped, a thread is one angry voice at most."""
    length = weeks * 10_080
    counts, angry = [0] * length, [0] * length
    heard: set[int] = set()
    for at, thread, anger in posts(seed, rate, weeks):
        minute = int(at)
        counts[minute] += 1
        if anger >= ANGRY and not (capped and thread in heard):
            angry[minute] += 1
            heard.add(thread)
    begin = START.timestamp()
    for minute in range(length):
        yield Row(begin + 60.0 * minute, float(counts[minute]), float(angry[minute]))


def alarms(scores: Iterable[float], bar: float, warm: int) -> int:
    """Return how many alarms a bar gives, the first `warm` minutes apart."""
    found, last = 0, -APART
    for minute, score in enumerate(scores):
        if score >= bar:
            found += minute >= warm and minute - last >= APART
            last = minute
    return found


def measure(lives: int, weeks: int) -> Iterator[Found]:
    """Judge so many lives of each loudness, capped and not."""
    warm = WARM_WEEKS * 10_080
    months = lives * (weeks - WARM_WEEKS) * 7 / 30.44
    for capped in (True, False):
        for rate in RATES:
            scores = [
                [judged.score for judged in judge_series(minutes(seed, rate, weeks, capped=capped))]
                for seed in range(lives)
            ]
            for asked in ASKED:
                bar = log10(30.44 * 96 / asked)
                rung = sum(alarms(life, bar, warm) for life in scores)
                yield Found(capped=capped, rate=rate, asked=asked, observed=rung / months)


def advice(found: Sequence[Found]) -> float:
    """Return the decades by which the correction should move, from the capped streams alone."""
    mine = [each for each in found if each.capped]
    asked = sum(each.asked for each in mine)
    observed = sum(each.observed for each in mine)
    return log10(max(observed, 0.1) / asked)


def main(argv: Sequence[str] | None = None) -> int:
    """Print what was asked and observed, and how far the shipped correction is off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lives", type=int, default=LEAST, help="streams of each loudness")
    parser.add_argument("--weeks", type=int, default=8)
    given = parser.parse_args(argv)
    found = []
    print("threads   posts an hour   asked a month   observed a month")
    for each in measure(given.lives, given.weeks):
        found.append(each)
        kind = "capped" if each.capped else "open"
        print(f"{kind:7s}   {each.rate:13g}   {each.asked:13g}   {each.observed:16.2f}", flush=True)
    shipped = SpikeSettings().correction
    print(f"correction: {shipped:+.2f} is shipped, {shipped + advice(found):+.2f} would fit")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
