"""How much more than the mean a brand's hour of the day and day of the week bring."""

from collections.abc import Sequence
from operator import le
from typing import NamedTuple

from emberwatch.core.detect.baseline import DAYS, GRUMBLES, HOURS, Baseline, BaselineSettings
from emberwatch.core.detect.quarter import PER_DAY, QUARTER

_HABIT = 4
"""Of the days that `grumbles` remembers the least angry, which tell what comes back."""
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday


def _table_mean(table: Sequence[float], size: int) -> float:
    """Return the posts a unit of exposure over a whole (posts, exposure) table, 0 of an empty."""
    total = sum(table[size:])
    return sum(table[:size]) / total if total > 0.0 else 0.0


def hour_of_day(number: int) -> int:
    """Return the hour (0..23, UTC) in which a quarter lies."""
    return number % PER_DAY * QUARTER // 60


def day_of_week(number: int) -> int:
    """Return the day (0..6, Monday first) in which a quarter lies."""
    return (number // PER_DAY + _EPOCH_WEEKDAY) % DAYS


def table_factor(
    table: Sequence[float], size: int, index: int, mean: float, strength: float, noise: float
) -> float:
    """Return how much more than the mean one slot of a (posts, exposure) table brings."""
    here = table[size + index] * mean
    belief = strength + noise * here
    return (table[index] + belief) / (here + belief)


def _nearness(quarter: int) -> tuple[tuple[int, float], ...]:
    """Return how much the hour before, its own and the next tell of a quarter of the day."""
    hour, part = divmod(quarter, 60 // QUARTER)
    centre = (part + 0.5) * QUARTER / 60.0 - 0.5
    return tuple(
        (
            (hour + offset) % HOURS,
            0.7 * (max(0.0, centre * offset) if offset else 1.0 - abs(centre)) + 0.1,
        )
        for offset in (-1, 0, 1)
    )


_NEAR = tuple(_nearness(quarter) for quarter in range(PER_DAY))


class Rhythm(NamedTuple):
    """What all slots of the rhythm share: the mean of the hours and of the days, and how many days
    tell of them, at most `season_days`.
    """

    hours: float
    days: float
    repeats: float


def rhythm_of(settings: BaselineSettings, baseline: Baseline) -> Rhythm:
    """Return what all slots of a brand's rhythm share."""
    hours, days = _table_mean(baseline.hours, HOURS), _table_mean(baseline.days, DAYS)
    return Rhythm(hours, days, 1.0 + min(baseline.watched_days, settings.season_days))


def season_of(settings: BaselineSettings, baseline: Baseline, rhythm: Rhythm, number: int) -> float:
    """Return how much more than the mean a quarter brings, by hour of day and day of week."""
    mean, means, repeats = rhythm
    smooth = 0.0
    hours, strength, noise = baseline.hours, settings.hour_strength, 0.3 / repeats
    for slot, near in _NEAR[number % PER_DAY]:
        smooth += near * table_factor(hours, HOURS, slot, mean, strength, noise)
    day = day_of_week(number)
    by_day = table_factor(baseline.days, DAYS, day, means, settings.day_strength, 7.0 / repeats)
    return smooth * by_day


def angry_season(settings: BaselineSettings, baseline: Baseline, number: int) -> float:
    """Return how much angrier than the mean the posts of a quarter are, by hour of day."""
    hour = hour_of_day(number)
    strength = settings.angry_hour_strength
    table = baseline.angry_hours
    return (table[hour] + strength) / (table[hour + HOURS] + strength)


def grumble(settings: BaselineSettings, baseline: Baseline, number: int) -> float:
    """Return how much more anger this hour brings day after day than its rhythm tells.

    The worst three of the last seven days are left out: a storm is no habit.
    """
    first = hour_of_day(number) * GRUMBLES
    half = first + HOURS * GRUMBLES
    table = baseline.grumbles
    came, should = table[first : first + GRUMBLES], table[half : half + GRUMBLES]
    if sum(map(le, came, should)) >= _HABIT:
        return 1.0
    days = sorted(zip(came, should, strict=True), key=lambda day: day[0] - day[1])
    seen = sum(day[0] for day in days[:_HABIT]) + settings.grumble_strength
    usual = sum(day[1] for day in days[:_HABIT]) + settings.grumble_strength
    return max(1.0, seen / usual)
