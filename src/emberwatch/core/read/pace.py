"""When to look at a thread again: often while it grows, seldom while it rests, never once cold."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from emberwatch.core.read.politeness import Rate

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How closely threads are followed.

    A look is worth its request when some `gain` reactions are new, so a thread that gains as many
    a minute is looked at each minute, but not more often than each `shortest`. One that stopped
    growing is left alone for half as long as it has been still, from `resting` up to `longest`.
    It is let go after `cold_after` without growth, a crowd of `crowd` reactions later: it may
    sleep a night over it, as the pile-on detector lets it.
    """

    gain: float = 5.0
    shortest: timedelta = timedelta(seconds=15)
    resting: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=30)
    cold_after: timedelta = timedelta(hours=6)
    crowd: int = 10
    crowd_cold_after: timedelta = timedelta(hours=48)


PACE = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a thread has gone so far: its time series in short.

    `size` is how many reactions it had at `looked_at`; it last grew by `grown_at`, and of late by
    `rate` reactions a minute.
    """

    size: int
    looked_at: datetime
    grown_at: datetime
    rate: float = 0.0


def look(course: Course, at: datetime, size: int) -> Course:
    """Return the course once a thread was found to have `size` reactions at `at`.

    A rate fades by half with each look that finds nothing new. A size that falls (somebody
    deleted a reply) is no growth, and neither is its recovery.
    """
    at = max(at, course.looked_at)
    grown = size - course.size
    if grown <= 0:
        return replace(course, looked_at=at, rate=course.rate / 2.0)
    minutes = max(at - course.looked_at, PACE.shortest) / MINUTE
    return Course(size=size, looked_at=at, grown_at=at, rate=grown / minutes)


def next_look(course: Course, pace: Pace = PACE) -> datetime | None:
    """Return when to look again, None to let go."""
    still = course.looked_at - course.grown_at
    is_crowd = course.size >= pace.crowd
    if still >= (pace.crowd_cold_after if is_crowd else pace.cold_after):
        return None
    wait = min(max(still / 2, pace.resting), pace.longest)
    if course.rate > 0.0:
        wait = min(wait, max(MINUTE * min(pace.gain / course.rate, 60.0), pace.shortest))
    return course.looked_at + wait


# ---------------------------------------------------------------- what a site can bear
@dataclass(frozen=True, slots=True, kw_only=True)
class Thrift:
    """How many requests beside its polls a site is asked for: `a_minute`, `at_once` after a pause.

    Of what the site itself allows, `reserve` (a share of 0 to 1) is left to the polls.
    """

    a_minute: float = 20.0
    at_once: float = 20.0
    reserve: float = 0.5


THRIFT = Thrift()


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """Requests that may still be made, as of `at`; `rate` is what the site last said."""

    left: float
    at: datetime
    rate: Rate | None = None


def filled(purse: Purse, now: datetime, thrift: Thrift = THRIFT) -> Purse:
    """Return the purse as time has filled it, within what the site said of its limits."""
    passed = max(now - purse.at, timedelta())
    left = min(purse.left + passed / MINUTE * thrift.a_minute, thrift.at_once)
    return replace(purse, left=min(left, _allowed(purse.rate, now, thrift)), at=now)


def spent(purse: Purse) -> Purse | None:
    """Return the purse after one more request; None when there is none left."""
    return replace(purse, left=purse.left - 1.0) if purse.left >= 1.0 else None


def told(purse: Purse, rate: Rate | None, now: datetime, thrift: Thrift = THRIFT) -> Purse:
    """Return the purse once a site has said how many requests remain."""
    if rate is None:
        return purse
    return replace(purse, rate=rate, left=min(purse.left, _allowed(rate, now, thrift)))


def _allowed(rate: Rate | None, now: datetime, thrift: Thrift) -> float:
    """Return how many of the requests that a site allows are for threads."""
    if rate is None or rate.remaining is None:
        return thrift.at_once
    if rate.reset_at is not None and rate.reset_at <= now:
        return thrift.at_once
    whole = rate.remaining if rate.limit is None else rate.limit
    return max(rate.remaining - whole * thrift.reserve, 0.0)


# ---------------------------------------------------------------- what is gone
def is_gone(
    *,
    missed: int,
    was_shown: bool,
    others_shown: int,
    others_missed: int,
    is_site_well: bool,
) -> bool:
    """Tell whether a root that a site does not show any more was deleted.

    `missed` counts the looks in a row at which the site said that there is no such post. A site
    that shows nothing at all is down, moved or closed to us, and nothing was deleted. So it takes
    two looks; and either this one showed another root, or the root was shown to us before, is the
    only one missed, and the site's list can be read.
    """
    if missed < 2:
        return False
    return others_shown > 0 or (was_shown and not others_missed and is_site_well)
