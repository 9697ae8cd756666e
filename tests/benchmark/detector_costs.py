"""What the detectors cost: microseconds of CPU a mention, a quarter of an hour, a reaction, a tail.

    scripts/bench detect --costs [--seed 1]

The brands are those of the race (`simulated_brands`), storms and outages included. A mention costs
what spike and pile-on cost in all, divided by the mentions: boosts, readings of counters, gaps and
the ticks that were asked for are in it, making the events is not. The first three days are folded
but not measured; of what follows at most 20,000 mentions are. `following` is the race itself: the
loop that hands out events and keeps states, around a detector that does nothing. It is in both
figures. An empty quarter is one of 2,000 in which nobody speaks. A reaction is one of 300
in a thread that comes to 300, forecasts included, one each 20 or 300 seconds. A tail is that of a
beta binomial law. Each figure is the median of five repeats.
"""

import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from emberwatch.core.detect.baseline import BaselineSettings
from emberwatch.core.detect.detector import Detector
from emberwatch.core.detect.past import add, advance, begin
from emberwatch.core.detect.pile_on import PileOn
from emberwatch.core.detect.quarter import QUARTER, Quarter
from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.tail import beta_binomial_log_tail
from emberwatch.model.alert import Alert
from emberwatch.model.brand import Brand
from emberwatch.model.event import Event, Mentioned, Reacted
from emberwatch.model.mention import Mention, Score
from emberwatch.model.post import Author, Post, PostKind
from tests.benchmark.detector_race import Following, events
from tests.benchmark.simulated_brands import START, a_brand

WARM_UP = timedelta(days=3)
MOST = 20_000
WEEKS = {0.1: 10, 1.0: 6, 10.0: 3, 100.0: 3, 1000.0: 3}
"""Weeks lived through, by mentions an hour; the loudest are cut short by `MOST`."""

REPEATS = 5
QUARTERS = 2_000
REACTIONS = 300
COUNTS = (10.0, 1e3, 1e5, 1e8)
ACME = Brand(name="Acme", words=("acme",))


@dataclass(frozen=True, slots=True)
class Idle:
    """A detector that does nothing: what is left is the cost of following."""

    name: str = "idle"
    version: int = 1
    state_type: type[int] = int

    def keys(self, event: Event) -> tuple[str, ...]:
        """Return the one key that each event concerns."""
        return (ACME.name,)

    def fold(
        self, key: str, state: int | None, event: Event
    ) -> tuple[int | None, tuple[Alert, ...]]:
        """See `Detector.fold`."""
        return 1, ()

    def wakes_at(self, state: int) -> datetime | None:
        """Return None: it sleeps on."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """The events of a brand before it is measured and while it is, and how many mentions then."""

    before: Sequence[Event]
    measured: Sequence[Event]
    mentions: int


def report(seed: int) -> str:
    """Return all figures, a line each."""
    detectors = {"spike": Spike, "pile-on": PileOn, "following": lambda _: Idle()}
    lines = []
    for size, weeks in WEEKS.items():
        lived = life(seed, size, weeks)
        told = (f"{name} {of_mention(lived, made)}" for name, made in detectors.items())
        lines.append(f"a mention at {size:g} an hour ({lived.mentions:,}): {', '.join(told)}")
    lines.append(f"spike, an empty quarter: {of_quarter()}")
    lines += [f"pile-on, a reaction each {gap} s: {of_reaction(gap, seed)}" for gap in (20, 300)]
    lines += [f"a tail of {count:g} where 3/4 are usual: {of_tail(count)}" for count in COUNTS]
    lines.append(f"load {os.getloadavg()[0]:.1f}")
    return "\n".join(lines)


def life(seed: int, size: float, weeks: int, most: int = MOST) -> Life:
    """Live through a brand's weeks, up to the last of `most` mentions that are measured."""
    before: list[Event] = []
    measured: list[Event] = []
    mentions = 0
    for event in events(a_brand(seed, size, weeks)):
        if event.at < START + WARM_UP:
            before.append(event)
            continue
        measured.append(event)
        mentions += isinstance(event, Mentioned)
        if mentions == most:
            break
    return Life(before=before, measured=measured, mentions=mentions)


def of_mention(lived: Life, made: Callable[[dict[str, Brand]], Detector[Any]]) -> str:
    """Return the cost of a mention to a detector."""

    def once() -> float:
        following = Following(made({ACME.name: ACME}), ACME)
        seconds_of(following, lived.before)
        return seconds_of(following, lived.measured) / lived.mentions

    return _told(once)


def of_quarter() -> str:
    """Return the cost of an empty quarter of a brand that is known for some days."""
    settings = BaselineSettings()
    past = begin(settings, 0)
    came = Quarter(volume=1.0, judged=1.0, calm=0.5, anger=0.5, squares=0.25, heat=0.5)
    for _ in range(800):
        past = add(settings, past, past.opened * QUARTER, came)
        past = advance(settings, past, (past.opened + 1) * QUARTER)

    def once() -> float:
        began = time.process_time()
        advance(settings, past, (past.opened + QUARTERS) * QUARTER)
        return (time.process_time() - began) / QUARTERS

    return _told(once)


def of_reaction(gap: int, seed: int) -> str:
    """Return the cost of a reaction in a thread that gets one each `gap` seconds on average."""
    told = a_thread(gap, seed)

    def once() -> float:
        return median(seconds_of(_watching(), told) for _ in range(20)) / REACTIONS

    return _told(once)


def a_thread(gap: int, seed: int) -> list[Event]:
    """Return an angry mention and what reacts to it."""
    chance = random.Random(seed)
    root = _post(0, PostKind.POST, 0.0)
    score = Score(scorer="drawn", sentiment=-0.9, anger=0.9, judged=True)
    mention = Mention(
        brand=ACME.name, post=root, score=score, matched="acme", feed="drawn", fingerprint=""
    )
    told: list[Event] = [Mentioned(at=START, mention=mention)]
    seconds = 0.0
    for number in range(1, REACTIONS + 1):
        seconds += chance.expovariate(1.0 / gap)
        post = _post(number, PostKind.BOOST, seconds, of=root.key)
        told.append(Reacted(at=post.seen_at, post=post, feed="drawn"))
    return told


def of_tail(count: float) -> str:
    """Return the cost of one tail."""

    def once() -> float:
        began = time.process_time()
        for _ in range(100):
            beta_binomial_log_tail(count, 5.0 * count, 0.15, 20.0)
        return (time.process_time() - began) / 100

    return _told(once)


def seconds_of(following: Following, told: Sequence[Event]) -> float:
    """Return the seconds of CPU that some events took."""
    began = time.process_time()
    for event in told:
        following.feed(event)
    return time.process_time() - began


def _watching() -> Following:
    return Following(PileOn({ACME.name: ACME}), ACME)


def _post(number: int, kind: PostKind, seconds: float, of: str = "") -> Post:
    at = START + timedelta(seconds=seconds)
    return Post(
        source="drawn",
        kind=kind,
        native_id=f"n{number}",
        author=Author(handle=str(number)),
        text="",
        created_at=at,
        seen_at=at,
        thread_id=of,
    )


def _told(once: Callable[[], float]) -> str:
    return f"{1e6 * median(once() for _ in range(REPEATS)):.1f}"
