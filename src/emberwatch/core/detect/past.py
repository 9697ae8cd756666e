"""The recent past of a brand: time moves on, and posts are counted in their own quarter.

When a quarter opens, what is expected of it is fixed from what was learnt so far.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from emberwatch.core.detect.baseline import Baseline, BaselineSettings, judged_part, level, share
from emberwatch.core.detect.learning import DELAY, learn, teach, teach_sound
from emberwatch.core.detect.quarter import (
    LONGEST,
    PER_DAY,
    QUARTER,
    Quarter,
    changed_quarter,
    new_quarter,
)
from emberwatch.core.detect.rhythm import Rhythm, angry_season, grumble, rhythm_of, season_of
from emberwatch.core.detect.swift import changer, maker

KEPT = LONGEST + DELAY + 1
"""Quarters kept: the longest window that ends when the oldest unlearnt quarter does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A brand's open quarter, the recent ones before it, and what was learnt of those before.

    `opened` is the number of the open quarter, counted from 1970. `unwatched_to` is the minute up
    to which gaps were entered, `unwatched` how many minutes the last of them lasted.
    """

    opened: int
    closed: tuple[Quarter, ...]
    now: Quarter
    baseline: Baseline = field(default_factory=Baseline)
    unwatched_to: int = 0
    unwatched: int = 0

    @property
    def quarters(self) -> tuple[Quarter, ...]:
        """All kept quarters, the open one last."""
        return (*self.closed, self.now)


_past = maker(Past)
_moved = changer(Past)


def begin(settings: BaselineSettings, minute: int) -> Past:
    """Return the past of a brand of which nothing is known, at a minute since 1970."""
    opened = minute // QUARTER
    nothing = Baseline()
    rhythm = rhythm_of(settings, nothing)
    first = _open(settings, nothing, rhythm, opened, watched=QUARTER - minute % QUARTER)
    return Past(opened=opened, closed=(), now=first)


def advance(
    settings: BaselineSettings,
    past: Past,
    minute: int,
    trust: float = 1.0,
    unwatched_since: int | None = None,
) -> Past:
    """Move time on to a minute; learn what closed two hours before it.

    `trust` (0 to 1) is how much the quarters learnt now may teach. From `unwatched_since` on
    nobody watched. A leap beyond `catch_up_days` learns only that many days.
    """
    opened = minute // QUARTER
    gap = (minute, minute)
    if unwatched_since is not None:
        gap = (max(unwatched_since, past.unwatched_to), minute)
        past = _unwatch(past, gap)
    if opened > past.opened:
        past = _step(settings, past, opened, trust, gap)
    return past


def _step(
    settings: BaselineSettings, past: Past, opened: int, trust: float, gap: tuple[int, int]
) -> Past:
    number = past.opened
    quarters = list(past.quarters)
    baseline = past.baseline
    rhythm = rhythm_of(settings, baseline)
    soonest = opened - settings.catch_up_days * PER_DAY
    if number < soonest:
        number = soonest
        quarters = [_open(settings, baseline, rhythm, number, QUARTER - _overlap(gap, number))]
    while number < opened:
        if len(quarters) > DELAY:
            baseline = learn(settings, baseline, rhythm, number - DELAY, quarters, trust)
            rhythm = rhythm_of(settings, baseline)
        number += 1
        quarters.append(_open(settings, baseline, rhythm, number, QUARTER - _overlap(gap, number)))
        del quarters[:-KEPT]
    return _kept(past, opened, quarters, baseline)


def _kept(past: Past, opened: int, quarters: Sequence[Quarter], baseline: Baseline) -> Past:
    return _past(
        opened=opened,
        closed=tuple(quarters[:-1]),
        now=quarters[-1],
        baseline=baseline,
        unwatched_to=past.unwatched_to,
        unwatched=past.unwatched,
    )


def _open(
    settings: BaselineSettings,
    baseline: Baseline,
    rhythm: Rhythm,
    number: int,
    watched: int = QUARTER,
) -> Quarter:
    season = season_of(settings, baseline, rhythm, number)
    per_hour = level(settings, baseline)
    known = baseline.long_volume + 1.0
    judged = per_hour * judged_part(baseline)
    calm = per_hour * baseline.long_calm / known
    hours = QUARTER / 60.0
    correction = angry_season(settings, baseline, number) * grumble(settings, baseline, number)
    return new_quarter(
        watched=watched,
        expected_volume=per_hour * season * hours,
        expected_calm=calm * season * hours,
        expected_heat=judged * share(settings, baseline) * season * correction * hours,
    )


def _unwatch(past: Past, gap: tuple[int, int]) -> Past:
    """Take the minutes of a gap out of the quarters that are still kept."""
    first = past.opened - len(past.closed)
    quarters = list(past.quarters)
    touched = range(max(gap[0] // QUARTER, first), min(gap[1] // QUARTER, past.opened) + 1)
    for number in touched:
        if gone := _overlap(gap, number):
            quarter = quarters[number - first]
            watched = max(0, quarter.watched - gone)
            quarters[number - first] = changed_quarter(quarter, watched=watched)
    closed = tuple(quarters[:-1]) if touched and touched[0] < past.opened else past.closed
    before = past.unwatched if gap[0] == past.unwatched_to else 0
    until = max(gap[1], past.unwatched_to)
    return _past(
        opened=past.opened,
        closed=closed,
        now=quarters[-1],
        baseline=past.baseline,
        unwatched_to=until,
        unwatched=before + until - gap[0],
    )


def _overlap(gap: tuple[int, int], number: int) -> int:
    """Return how many minutes of a quarter lie in a gap (its end excluded)."""
    start = number * QUARTER
    return max(0, min(gap[1], start + QUARTER) - max(gap[0], start))


def heal(past: Past) -> Past:
    """Count every kept minute as watched: what we missed was read back after all."""
    closed = tuple(changed_quarter(q, watched=QUARTER) for q in past.closed)
    return _moved(past, closed=closed, now=changed_quarter(past.now, watched=QUARTER))


def is_gap(past: Past, minute: int) -> bool:
    """Whether a minute that is not in the future lies in a kept quarter that has a gap."""
    index = minute // QUARTER - past.opened - 1
    if minute >= past.unwatched_to or index < -len(past.quarters):
        return False
    return past.quarters[index].watched < QUARTER


def add(settings: BaselineSettings, past: Past, minute: int, came: Quarter) -> Past:
    """Count what came in a minute that is not in the future, however late it comes.

    Only what came is read of `came`. Posts whose quarter was already learnt teach the level at
    once; expectations stay as they are. Those of before the watch and of its last gap teach only
    how anger sounds: that time was not learnt, so they would be a level without it.
    """
    back = past.opened - minute // QUARTER
    if back == 0:
        now, closed = _both(past.now, came), past.closed
    elif back <= min(len(past.closed), DELAY):
        now = past.now
        place = len(past.closed) - back
        both = _both(past.closed[place], came)
        closed = (*past.closed[:place], both, *past.closed[place + 1 :])
    else:
        known = past.baseline.watched_days * PER_DAY + min(len(past.closed), DELAY)
        is_in_gap = past.unwatched_to - past.unwatched <= minute < past.unwatched_to
        lesson = teach if back <= known and not is_in_gap else teach_sound
        baseline = lesson(settings, past.baseline, minute // QUARTER, past.opened, came)
        return _moved(past, baseline=baseline)
    return _past(
        opened=past.opened,
        closed=closed,
        now=now,
        baseline=past.baseline,
        unwatched_to=past.unwatched_to,
        unwatched=past.unwatched,
    )


def _both(quarter: Quarter, came: Quarter) -> Quarter:
    return new_quarter(
        watched=quarter.watched,
        volume=quarter.volume + came.volume,
        read_back=quarter.read_back + came.read_back,
        judged=quarter.judged + came.judged,
        calm=quarter.calm + came.calm,
        anger=quarter.anger + came.anger,
        squares=quarter.squares + came.squares,
        heat=quarter.heat + came.heat,
        heat_squares=quarter.heat_squares + came.heat_squares,
        nameless=quarter.nameless + came.nameless,
        returned=quarter.returned + came.returned,
        expected_volume=quarter.expected_volume,
        expected_calm=quarter.expected_calm,
        expected_heat=quarter.expected_heat,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SoFar:
    """What the kept quarters before a window brought: watched minutes and heat."""

    minutes: int
    heat: float


def so_far(past: Past, start: int) -> SoFar:
    """Return what came before a minute: all that is known of a brand on its first day."""
    first = past.opened - len(past.closed)
    before = past.quarters[: max(0, start // QUARTER - first)]
    return SoFar(minutes=sum(q.watched for q in before), heat=sum(q.heat for q in before))


def busiest_hour(past: Past, window: int) -> float:
    """Return the most heat of a plain series that an hour of a window that ends now brought.

    An hour is told by the five quarters that it may touch.
    """
    heats = [q.nameless for q in (*past.closed[-(window // QUARTER) :], past.now)]
    hours = max(1, len(heats) - 60 // QUARTER)
    return max(sum(heats[first : first + 60 // QUARTER + 1]) for first in range(hours))
