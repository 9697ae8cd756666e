"""What is believed of a brand's tail before it has one: fitted on ordinary months of our own.

Streams without a storm (`spike_streams.posts`) are lived through twice: as mentions, whose threads
are known, and as a plain series that only counts. How many episodes a month reached each of the
`calibration.LEVELS`, by loudness, is what `CalibrationSettings` ships as `often` and `slope`; how
often a spike rang all the same is held against what was asked. Printed, never written: the numbers
are changed by hand, with the documentation.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import log, log10

from emberwatch.core.detect.baseline import BaselineSettings, burst, level, share
from emberwatch.core.detect.calibration import LEVELS, CalibrationSettings
from emberwatch.core.detect.quarter import QUARTER
from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.spike_state import SpikeState
from emberwatch.model.alert import AlertKind
from emberwatch.model.brand import Brand
from emberwatch.model.event import Event, Tick, Unwatched
from tests.benchmark.spike_streams import RATES, START, a_mention, posts

ASKED = (1.09, 4.35)
"""False alarms a month: .25 and 1 a week."""

ANGRY = 0.4
"""Anger from which a plain series counts a post as angry."""

WARM_WEEKS = 2
LIVES = 3
_MONTH = 30.44
_NAME = "Acme"


@dataclass(slots=True, kw_only=True)
class Life:
    """How a brand's ordinary life ended: what was learnt, and the minutes at which it rang."""

    state: SpikeState
    rung: list[int] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Group:
    """Lives of one loudness and kind: what of it is believed, and how often it rang."""

    rate: float
    is_counted: bool
    asked: float
    lives: list[Life] = field(default_factory=list)

    @property
    def months(self) -> float:
        """Months of the episodes that are remembered (they fade)."""
        return sum(life.state.episodes.days for life in self.lives) / _MONTH

    @property
    def reached(self) -> tuple[float, ...]:
        """Episodes a month that reached each level."""
        counts = [life.state.episodes.reached for life in self.lives]
        return tuple(sum(column) / self.months for column in zip(*counts, strict=True))

    @property
    def slope(self) -> float:
        """By how much (ln) a decade the episodes become fewer; 0 where none are known."""
        reached = self.reached
        over = sum(
            (LEVELS[n + 1] - LEVELS[n]) * (reached[n] + reached[n + 1]) / 2.0
            for n in range(len(LEVELS) - 1)
        )
        return (reached[0] - reached[-1]) / over if over else 0.0

    @property
    def angry(self) -> float:
        """Angry voices an hour (log10)."""
        beliefs = BaselineSettings()
        found = [life.state.past.baseline for life in self.lives]
        return sum(log10(level(beliefs, each) * share(beliefs, each)) for each in found) / len(
            found
        )

    @property
    def burst(self) -> float:
        """How much the angry voices come in bursts."""
        found = [life.state.past.baseline for life in self.lives]
        return sum(burst(BaselineSettings(), each) for each in found) / len(found)

    def rang(self, weeks: int) -> float:
        """How often a month it rang after the first weeks."""
        after = WARM_WEEKS * 10_080
        months = len(self.lives) * (weeks - WARM_WEEKS) * 7.0 / _MONTH
        return sum(at >= after for life in self.lives for at in life.rung) / months


def mentioned(seed: int, rate: float, weeks: int, asked: float) -> Life:
    """Live through a stream as mentions: a thread is one voice."""
    spike, state = _begun(asked)
    rung: dict[str, int] = {}
    for number, (minute, thread, anger) in enumerate(posts(seed, rate, weeks)):
        event = a_mention(number, minute, thread, anger)
        while (wakes := spike.wakes_at(state)) and wakes < event.at:
            state = _folded(spike, state, Tick(at=wakes), rung)
        state = _folded(spike, state, event, rung)
    return Life(state=state, rung=list(rung.values()))


def counted(seed: int, rate: float, weeks: int, asked: float) -> Life:
    """Live through a stream as a plain series: each angry post is a voice."""
    spike, state = _begun(asked)
    began, rung = int(START.timestamp()) // 60, list[int]()
    length = weeks * 10_080
    counts, angry = [0] * length, [0] * length
    for at, _, anger in posts(seed, rate, weeks):
        counts[int(at)] += 1
        angry[int(at)] += anger >= ANGRY
    quarter = 0
    for minute in range(length):
        if counts[minute]:
            state = spike.tally(_NAME, state, began + minute, counts[minute], angry[minute])
        if counts[minute] or (state.spike and minute // QUARTER > quarter):
            was = state.spike
            state, _ = spike.scan(_NAME, state, began + minute)
            quarter = minute // QUARTER
            if state.spike and not was:
                rung.append(minute)
    return Life(state=state, rung=rung)


def _begun(asked: float) -> tuple[Spike, SpikeState]:
    brand = Brand(name=_NAME, words=("acme",), false_alarms_per_month=asked)
    spike = Spike({_NAME: brand})
    state, _ = spike.fold(_NAME, None, Unwatched(at=START, brand=_NAME, since=START))
    assert state is not None
    return spike, state


def _folded(spike: Spike, state: SpikeState, event: Event, rung: dict[str, int]) -> SpikeState:
    after, alerts = spike.fold(_NAME, state, event)
    for alert in alerts:
        if alert.kind is AlertKind.SPIKE:
            rung.setdefault(alert.id, int((alert.started_at - START).total_seconds()) // 60)
    assert after is not None
    return after


def measure(lives: int, weeks: int, rates: Sequence[float] = RATES) -> Iterator[Group]:
    """Live so many lives of each loudness, of each kind and with each number asked for."""
    for is_counted in (False, True):
        live = counted if is_counted else mentioned
        for rate in rates:
            for asked in ASKED:
                group = Group(rate=rate, is_counted=is_counted, asked=asked)
                group.lives += [live(seed, rate, weeks, asked) for seed in range(lives)]
                yield group


def fitted(groups: Sequence[Group]) -> CalibrationSettings:
    """Return what these lives lead to believe; the slope is that of all that are told apart."""
    groups = [group for group in groups if group.asked == ASKED[0]]
    apart = [group for group in groups if not group.is_counted]
    counts = [group for group in groups if group.is_counted]
    often = tuple(
        (round(group.angry, 1), round(max(group.reached[0], 0.1), 1))
        for group in sorted(apart, key=lambda each: each.angry)
    )
    times = [
        plain.reached[0] / group.reached[0]
        for plain, group in zip(counts, apart, strict=True)
        if group.reached[0]
    ]
    mean_times = sum(times) / len(times) if times else 1.0
    slope = _mean_slope(apart)
    burst = sum(group.burst for group in counts) / len(counts)
    plain_slope = _mean_slope(counts)
    return CalibrationSettings(
        often=often,
        burst_often=round(max(0.0, mean_times - 1.0) / max(burst, 0.1), 1),
        slope=round(slope, 2),
        burst_slope=round(max(0.0, slope / plain_slope - 1.0) / max(burst, 0.1), 2),
    )


def _mean_slope(groups: Sequence[Group]) -> float:
    """Return the slope of many, by how many episodes each knows."""
    weight = sum(group.reached[0] for group in groups)
    return sum(group.reached[0] * group.slope for group in groups) / weight if weight else log(10.0)


def main(argv: Sequence[str] | None = None) -> int:
    """Print what was asked and observed, the tails, and what they would have us believe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lives", type=int, default=LIVES, help="streams of each loudness")
    parser.add_argument("--weeks", type=int, default=8)
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="posts an hour")
    given = parser.parse_args(argv)
    groups = []
    print("            posts    asked     rang   slope  burst  episodes a month beyond so many")
    levels = " ".join(f"{level:5g}" for level in LEVELS)
    print(f"            an hour  a month  a month               {levels} decades")
    for group in measure(given.lives, given.weeks, given.rates):
        groups.append(group)
        kind = "counted" if group.is_counted else "mentions"
        told = " ".join(f"{number:5.2f}" for number in group.reached)
        print(
            f"{kind:10s} {group.rate:8g} {group.asked:8g} {group.rang(given.weeks):8.2f} "
            f"{group.slope:7.2f} {group.burst:6.2f}  {told}",
            flush=True,
        )
    ships, fits = CalibrationSettings(), fitted(groups)
    for name in ("often", "burst_often", "slope", "burst_slope"):
        print(f"{name}: {getattr(ships, name)} ships, {getattr(fits, name)} fits")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
