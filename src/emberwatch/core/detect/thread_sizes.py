"""How large a brand's threads become, and so what is huge for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import log

from emberwatch.core.detect.growth import Sizes
from emberwatch.core.detect.swift import changer, maker
from emberwatch.model.alert import Alert
from emberwatch.model.event import Event, Mentioned, ThreadEnded

NAME = "thread_sizes"

HUGE_SHARE = 0.01
"""Huge is what one thread in a hundred comes to,"""
HUGE_A_MONTH = 1.0
"""and no more than so many threads a month: a loud brand has thousands of them."""
MONTH = 30.44
LEAST_DAYS = 1.0
"""The pace of threads is not known better than over so long."""
FADES_AFTER = timedelta(days=90)
"""After so long a thread counts half."""
ENOUGH = 100.0
"""Threads from which on a brand has a history of its own."""
LENT = 50.0
"""Threads by which the configured floor goes on to count."""
CROWD = 5
"""The tail is fitted to threads of so many reactions or more."""
AT_MOST = 10
"""The history lowers or raises the configured floor by no more than this factor."""

_EDGE = CROWD - 0.5
_NO_TIME = timedelta()
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizesSeen:
    """What is remembered of a brand's threads, fading: how many had a reaction at all in how many
    days, how many of them came to `CROWD`, and the sum of the logarithms of how far beyond.
    """

    threads: float = 0.0
    days: float = 0.0
    crowds: float = 0.0
    beyond: float = 0.0
    at: datetime


_new_seen = maker(SizesSeen)


def huge_for(seen: SizesSeen, floor: int) -> int | None:
    """Return what one in a hundred of a brand's threads comes to, or one a month where that is
    fewer, by a power-law tail; None while it has no history of its own.

    The configured floor is taken for what that was before, and counts like `LENT` threads.
    """
    return _huge(seen.threads, seen.days, seen.crowds, seen.beyond, floor)


@lru_cache(maxsize=256)  # asked at each mention, as a rule of the same threads
def _huge(threads: float, days: float, crowds: float, beyond: float, floor: int) -> int | None:
    if threads < ENOUGH:
        return None
    slope, lent = _believed(floor)
    share = (lent + crowds) / (LENT + threads)
    own_slope = (lent + crowds) / (lent / slope + beyond)
    a_month = threads * MONTH / max(days, LEAST_DAYS)
    wanted = min(HUGE_SHARE, HUGE_A_MONTH / a_month)
    stretch = (share / wanted) ** (1.0 / own_slope)
    huge = float(_EDGE * stretch)
    return round(min(max(huge, floor / AT_MOST, 2.0), floor * AT_MOST))


_with = changer(Mentioned, "huge")


def told(event: Mentioned, seen: SizesSeen, floor: int) -> Mentioned:
    """Return a mention that tells what is huge for its brand."""
    huge = huge_for(seen, floor)
    return event if huge == event.huge else _with(event, huge=huge)


@lru_cache(maxsize=256)  # of the few floors that are configured
def _believed(floor: int) -> tuple[float, float]:
    """Return the slope that makes a floor huge, and how many of `LENT` threads are then crowds."""
    slope = Sizes(huge=floor, share=HUGE_SHARE).slope
    return slope, float(LENT * _EDGE**-slope)


class ThreadSizes:
    """Remembers how large a brand's threads became; keyed by brand, and never rings."""

    name = NAME
    version = 1
    state_type = SizesSeen

    def __init__(self, brands: object = None) -> None:
        """`brands` is what every detector is given; this one treats all alike."""

    def keys(self, event: Event) -> tuple[str, ...]:
        """Return the brand whose thread ended."""
        return (event.brand,) if isinstance(event, ThreadEnded) else ()

    def fold(
        self, key: str, state: SizesSeen | None, event: Event
    ) -> tuple[SizesSeen | None, tuple[Alert, ...]]:
        """See `Detector.fold`."""
        if not isinstance(event, ThreadEnded) or event.size < 1:
            return state, ()
        seen = state or SizesSeen(at=event.at)
        passed = max(event.at - seen.at, _NO_TIME)
        kept = 0.5 ** (passed / FADES_AFTER)
        is_crowd = event.size >= CROWD
        return _new_seen(
            threads=kept * seen.threads + 1.0,
            days=kept * seen.days + passed / _DAY,
            crowds=kept * seen.crowds + is_crowd,
            beyond=kept * seen.beyond + (log(event.size / _EDGE) if is_crowd else 0.0),
            at=max(seen.at, event.at),
        ), ()

    def wakes_at(self, state: SizesSeen) -> datetime | None:
        """Return None: time alone changes nothing."""
        return None
