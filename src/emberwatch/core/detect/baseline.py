"""What is normal for this brand at this hour.

Time is cut into quarters of an hour. When a quarter opens, what is expected of it is fixed from
what was learnt so far; two hours after it closed, what came is learnt. So an expectation never
follows the storm that it is compared with, and posts that arrive late still teach.

The level is a discounted Gamma-Poisson estimate: sums of posts and of exposure that fade. Total
volume teaches the level and its rhythm, for it has the most data; the angry part follows as a
share of the posts whose anger is known.

Anger is measured in *heat*, 0 to 1: how angry a post sounds beside a typical angry voice of this
brand. So it does not matter on which scale a scorer speaks, or how coldly a brand's customers
complain.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import exp, inf, log, sqrt
from operator import le, mul
from typing import NamedTuple

from emberwatch.core.detect.swift import changer, maker
from emberwatch.core.detect.tail import beta_binomial_log_tail, negative_binomial_log_tail

QUARTER = 15
"""Minutes in a quarter."""

WINDOWS = (15, 30, 60, 120, 240, 720)
"""Lengths in minutes of the windows that are looked at."""

_BY_MINUTE = 60
"""Windows up to so many minutes begin with any minute, longer ones with a quarter."""
_HOUR = WINDOWS.index(60)
_HOURS_A_MONTH = 730.6
_ORDINARY = 2.0
"""Standard deviations up to which nothing is remarkable: the chance is not worth working out."""
_LEAST_SPREAD = 0.01
_DELAY = 8
_LONGEST = WINDOWS[-1] // QUARTER
KEPT = _LONGEST + _DELAY + 1
"""Quarters kept: the longest window that ends when the oldest unlearnt quarter does."""

_HOURS = 24
_GRUMBLES = 7
"""Days of which each hour is remembered by itself."""
_HABIT = 4
"""Of these days the least angry, which tell what comes back."""
_DAYS = 7
_PER_DAY = 1440 // QUARTER
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineSettings:
    """How fast we learn, and what we believe before we have learnt.

    The `*_days` are half-lives in days of watched time. Strengths (`*_strength`) are in posts: so
    many posts of data outweigh the belief. A spread is the relative variance of what one window
    brings, beyond chance. A window that is quieter than usual by a factor is expected to bring
    less anger by that factor to the `quiet_power`. A silence of a busy brand in which
    `longest_silence` posts should have come is a blind watch, not calm. A new level that has
    lasted half a day teaches as much as `shifted_trust` days of the old.

    The typical angry voice (mean square over mean of all anger) is believed to be `typical_anger`,
    and is `least_typical` at least; below `faint` times that a post has no heat. Angry voices are
    believed to come in clusters of `typical_cluster`. How the numbers were chosen:
    docs/explanation/detection.md.
    """

    level_days: float = 1.5
    long_days: float = 14.0
    season_days: float = 21.0
    share_days: float = 0.75
    level_strength: float = 10.0
    share_strength: float = 12.0
    hour_strength: float = 3.0
    day_strength: float = 6.0
    angry_hour_strength: float = 60.0
    grumble_strength: float = 8.0
    grumble_most: float = 20.0
    first_posts: float = 0.3
    first_hours: float = 0.3
    first_share: float = 0.25
    typical_anger: float = 0.45
    least_typical: float = 0.3
    typical_strength: float = 4.0
    faint: float = 0.3
    typical_burst: float = 0.5
    doubtful_burst: float = 0.05
    burst_strength: float = 10.0
    burst_length: float = 1.4
    burst_few: float = 32.0
    burst_most: float = 8.0
    burst_rate: float = 0.08
    burst_power: float = 1.3
    burst_end: float = 60.0
    mood_spread: float = 0.02
    angry_spread: tuple[float, ...] = (0.06, 0.06, 0.06, 0.06, 0.07, 0.08)
    calm_spread: tuple[float, ...] = (0.15, 0.15, 0.15, 0.15, 0.15, 0.12)
    volume_spread: tuple[float, ...] = (0.25, 0.2, 0.2, 0.2, 0.2, 0.15)
    quiet_power: float = 0.35
    longest_silence: float = 12.0
    shifted_trust: float = 3.0
    catch_up_days: int = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarter:
    """A quarter of an hour: what came, and what was expected of a whole one when it began.

    `read_back` counts those posts of `volume` that are history, `judged` those whose anger is
    known; `calm` sums what their heat lacks to 1. `heat` is of voices that are not heard in the
    hour before, `returned` what those add to it that are, but not within a quarter of an hour;
    `nameless` is the part of `heat` that a plain series told. `anger` sums the anger of the judged;
    `squares` and `heat_squares` sum squares. `watched` is in minutes.
    """

    watched: int = QUARTER
    volume: float = 0.0
    read_back: float = 0.0
    judged: float = 0.0
    calm: float = 0.0
    anger: float = 0.0
    squares: float = 0.0
    heat: float = 0.0
    heat_squares: float = 0.0
    nameless: float = 0.0
    returned: float = 0.0
    expected_volume: float = 0.0
    expected_calm: float = 0.0
    expected_heat: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What was learnt of one brand; sums that fade. Hours are weighted by season.

    `hours`, `days` and `angry_hours` hold posts (heat) and then exposure (expected heat) of each
    hour of the day or day of the week. `grumbles` holds heat and then expected heat of each hour of
    the day on each of the last days, latest first. Spreads are pairs (excess, base) a window,
    `bursts` is one.
    """

    watched_days: float = 0.0
    silence: float = 0.0
    volume: float = 0.0
    exposure: float = 0.0
    long_volume: float = 0.0
    long_exposure: float = 0.0
    long_judged: float = 0.0
    long_calm: float = 0.0
    long_heat: float = 0.0
    judged: float = 0.0
    heat: float = 0.0
    sum_anger: float = 0.0
    sum_squares: float = 0.0
    sum_heat: float = 0.0
    sum_heat_squares: float = 0.0
    sum_returned: float = 0.0
    bursts: tuple[float, float] = (0.0, 0.0)
    hours: tuple[float, ...] = (0.0,) * (2 * _HOURS)
    days: tuple[float, ...] = (0.0,) * (2 * _DAYS)
    angry_hours: tuple[float, ...] = (0.0,) * (2 * _HOURS)
    grumbles: tuple[float, ...] = (0.0,) * (2 * _HOURS * _GRUMBLES)
    angry_spread: tuple[float, ...] = (0.0,) * (2 * len(WINDOWS))
    calm_spread: tuple[float, ...] = (0.0,) * (2 * len(WINDOWS))
    volume_spread: tuple[float, ...] = (0.0,) * (2 * len(WINDOWS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A brand's open quarter, the recent ones before it, and what was learnt of those before.

    `opened` is the number of the open quarter, counted from 1970. `unwatched_to` is the minute up
    to which gaps were entered.
    """

    opened: int
    closed: tuple[Quarter, ...]
    now: Quarter
    baseline: Baseline = field(default_factory=Baseline)
    unwatched_to: int = 0

    @property
    def quarters(self) -> tuple[Quarter, ...]:
        """All kept quarters, the open one last."""
        return (*self.closed, self.now)


new_quarter = maker(Quarter)
_learnt = maker(Baseline)
_past = maker(Past)
_changed = changer(Quarter)
_moved = changer(Past)
_retaught = changer(Baseline)


# ---------------------------------------------------------------- time moves on
def begin(settings: BaselineSettings, minute: int) -> Past:
    """Return the past of a brand of which nothing is known, at a minute since 1970."""
    opened = minute // QUARTER
    nothing = Baseline()
    rhythm = _rhythm(settings, nothing)
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
    rhythm = _rhythm(settings, baseline)
    soonest = opened - settings.catch_up_days * _PER_DAY
    if number < soonest:
        number = soonest
        quarters = [_open(settings, baseline, rhythm, number, QUARTER - _overlap(gap, number))]
    while number < opened:
        if len(quarters) > _DELAY:
            baseline = learn(settings, baseline, rhythm, number - _DELAY, quarters, trust)
            rhythm = _rhythm(settings, baseline)
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
    )


def _open(
    settings: BaselineSettings,
    baseline: Baseline,
    rhythm: "_Rhythm",
    number: int,
    watched: int = QUARTER,
) -> Quarter:
    season = _season(settings, baseline, rhythm, number)
    per_hour = level(settings, baseline)
    known = baseline.long_volume + 1.0
    judged = per_hour * judged_part(baseline)
    calm = per_hour * baseline.long_calm / known
    hours = QUARTER / 60.0
    correction = _angry_season(settings, baseline, number) * _grumble(settings, baseline, number)
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
            quarters[number - first] = _changed(quarter, watched=max(0, quarter.watched - gone))
    closed = tuple(quarters[:-1]) if touched and touched[0] < past.opened else past.closed
    until = max(gap[1], past.unwatched_to)
    return _past(
        opened=past.opened,
        closed=closed,
        now=quarters[-1],
        baseline=past.baseline,
        unwatched_to=until,
    )


def _overlap(gap: tuple[int, int], number: int) -> int:
    """Return how many minutes of a quarter lie in a gap (its end excluded)."""
    start = number * QUARTER
    return max(0, min(gap[1], start + QUARTER) - max(gap[0], start))


def heal(past: Past) -> Past:
    """Count every kept minute as watched: what we missed was read back after all."""
    closed = tuple(_changed(q, watched=QUARTER) for q in past.closed)
    return _moved(past, closed=closed, now=_changed(past.now, watched=QUARTER))


def is_gap(past: Past, minute: int) -> bool:
    """Whether a minute that is not in the future lies in a kept quarter that has a gap."""
    index = minute // QUARTER - past.opened - 1
    if minute >= past.unwatched_to or index < -len(past.quarters):
        return False
    return past.quarters[index].watched < QUARTER


def add(settings: BaselineSettings, past: Past, minute: int, came: Quarter) -> Past:
    """Count what came in a minute that is not in the future, however late it comes.

    Only what came is read of `came`. Posts whose quarter was already learnt teach the level at
    once; expectations stay as they are.
    """
    back = past.opened - minute // QUARTER
    if back == 0:
        now, closed = _both(past.now, came), past.closed
    elif back <= min(len(past.closed), _DELAY):
        now = past.now
        place = len(past.closed) - back
        both = _both(past.closed[place], came)
        closed = (*past.closed[:place], both, *past.closed[place + 1 :])
    else:
        baseline = _teach(settings, past.baseline, minute // QUARTER, past.opened, came)
        return _moved(past, baseline=baseline)
    return _past(
        opened=past.opened,
        closed=closed,
        now=now,
        baseline=past.baseline,
        unwatched_to=past.unwatched_to,
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


# ---------------------------------------------------------------- what is expected
def level(settings: BaselineSettings, baseline: Baseline) -> float:
    """Return posts an hour of a flat season: the last days, leaning on the last weeks."""
    slow = (baseline.long_volume + settings.first_posts) / (
        baseline.long_exposure + settings.first_hours
    )
    strength = settings.level_strength
    return (baseline.volume + strength) / (baseline.exposure + strength / slow)


def judged_part(baseline: Baseline) -> float:
    """Return what part of the posts can be judged (0..1), by the last weeks."""
    return (baseline.long_judged + 1.0) / (baseline.long_volume + 1.0)


def share(settings: BaselineSettings, baseline: Baseline) -> float:
    """Return the heat that a judged post carries on average, of late."""
    slow = (baseline.long_heat + 2.0 * settings.first_share) / (baseline.long_judged + 2.0)
    strength = settings.share_strength
    return (baseline.heat + strength) / (baseline.judged + strength / slow)


def unit(settings: BaselineSettings, baseline: Baseline) -> float:
    """Return the anger of a typical angry voice: mean square over mean of all judged posts."""
    believed, strength = settings.typical_anger, settings.typical_strength
    typical = (baseline.sum_squares + strength * believed) / (baseline.sum_anger + strength)
    return typical if typical > settings.least_typical else settings.least_typical


def heat(settings: BaselineSettings, typical: float, anger: float) -> float:
    """Return how angry a post sounds (0..1) where a typical angry voice sounds like `typical`."""
    faint = settings.faint
    above = anger / typical - faint
    return min(1.0, above / (1.0 - faint)) if above > 0.0 else 0.0


def voice(baseline: Baseline) -> float:
    """Return the heat of a typical voice that has any: mean square over mean."""
    return (baseline.sum_heat_squares + 5.0) / (baseline.sum_heat + 5.0)


def afresh(baseline: Baseline) -> list[float]:
    """Return how much more heat each window counts than its quarters were taught, as `WINDOWS`.

    A quarter is taught what voices add to those of an hour, a window counts each that it holds.
    Who speaks again within the hour, or answers in the same thread, so counts in several short
    windows: the more, the shorter they are. At most as much again is believed to return.
    """
    returned = log(1.0 + min(1.0, baseline.sum_returned / (baseline.sum_heat + 5.0)))
    return [exp(times * returned) for times in _SHORTNESS]


_SHORTNESS = tuple(max(0.0, log(120.0 / window, 60.0 / QUARTER)) for window in WINDOWS)
"""How often a window is four times shorter than two hours, whose voices have an hour before them
in the mean, as those of a quarter do: an hour is four times what `Quarter.returned` looks back.
"""


def burst(settings: BaselineSettings, baseline: Baseline) -> float:
    """Return how much more angry quarters stray from their neighbours than chance alone.

    0 where each voice comes on its own, the more the more voices come as the answer to another.
    Only a plain series has bursts: of mentions we know the threads, and each is one voice.
    """
    excess, base = baseline.bursts
    if base == 0.0:
        return 0.0
    strength = settings.burst_strength
    found = (excess + strength * settings.typical_burst) / (base + strength)
    return max(0.0, found - settings.doubtful_burst)


def lump(settings: BaselineSettings, baseline: Baseline, index: int) -> float:
    """Return the heat of what comes as one in a window: a typical voice, or several at once."""
    answered = burst(settings, baseline)
    if index >= _HOUR:
        answered *= settings.burst_length
    return voice(baseline) * (1.0 + answered)


class Sums:
    """What the closed quarters brought and should have brought, by how far back one looks.

    Each list holds at `n` the sum over the last `n` closed quarters, as far as a window of
    `longest` minutes reaches. What only anger needs is worked out when first asked for: most looks
    are at posts alone.
    """

    __slots__ = (
        "_back",
        "_lasting",
        "_parts",
        "anger",
        "closed",
        "expected_volume",
        "live",
        "longest",
    )

    def __init__(self, closed: tuple[Quarter, ...], longest: int = WINDOWS[-1]) -> None:
        self.closed = closed
        self.longest = longest
        self._back = back = closed[: -(longest // QUARTER) - 1 : -1]
        watched = [q.watched for q in back]
        self._parts = (
            [] if watched.count(QUARTER) == len(watched) else [w / QUARTER for w in watched]
        )
        self.live = _running([q.volume - q.read_back for q in back])
        self.expected_volume = self._expected([q.expected_volume for q in back])
        self.anger: AngerSums | None = None
        self._lasting: dict[int, float] = {}

    def of_anger(self) -> "AngerSums":
        """Return the sums that only a look at anger needs."""
        if self.anger is None:
            back = self._back
            self.anger = AngerSums(
                judged=_running([q.judged for q in back]),
                calm=_running([q.calm for q in back]),
                nameless=_running([q.nameless for q in back]),
                expected_calm=self._expected([q.expected_calm for q in back]),
                expected_heat=self._expected([q.expected_heat for q in back]),
            )
        return self.anger

    def lasting(self, window: int) -> float:
        """Return how much more than usual half of the quarters brought at least.

        As many quarters as a window of so many minutes has; those that nobody watched do not
        count.
        """
        found = self._lasting.get(window)
        if found is None:
            ratios = sorted(
                [
                    (q.volume - q.read_back) * QUARTER / (q.expected_volume * q.watched)
                    for q in self.closed[-(window // QUARTER) :]
                    if q.watched and q.expected_volume > 0.0
                ]
            )
            found = ratios[(len(ratios) - 1) // 2] if ratios else 0.0
            self._lasting[window] = found
        return found

    def _expected(self, whole: Sequence[float]) -> list[float]:
        """Leave out what nobody watched; as a rule everything was."""
        return _running(list(map(mul, whole, self._parts)) if self._parts else whole)


@dataclass(slots=True, kw_only=True)
class AngerSums:
    """See `Sums`."""

    judged: list[float]
    calm: list[float]
    nameless: list[float]
    expected_calm: list[float]
    expected_heat: list[float]


def _running(values: Sequence[float]) -> list[float]:
    return list(accumulate(values, initial=0.0))


def expected(past: Past, sums: Sums, minute: int, window: int) -> tuple[float, float, float]:
    """Return the posts, the calm and the heat that a window which ends now should have brought.

    `minute` is the present one and counts as whole. `sums` are those of `past.closed`.
    """
    part, whole, depth, edge = _reach(past, minute, window)
    now, anger = past.now, sums.of_anger()
    volume = now.expected_volume * part + sums.expected_volume[whole]
    calm = now.expected_calm * part + anger.expected_calm[whole]
    hot = now.expected_heat * part + anger.expected_heat[whole]
    if edge:
        oldest = past.closed[-depth]
        volume += oldest.expected_volume * edge
        calm += oldest.expected_calm * edge
        hot += oldest.expected_heat * edge
    return volume, calm, hot


def expected_posts(past: Past, sums: Sums, minute: int, window: int) -> float:
    """Return only the posts; see `expected`."""
    part, whole, depth, edge = _reach(past, minute, window)
    volume = past.now.expected_volume * part + sums.expected_volume[whole]
    return volume + past.closed[-depth].expected_volume * edge if edge else volume


def _reach(past: Past, minute: int, window: int) -> tuple[float, int, int, float]:
    """Return which quarters a window that ends now covers: its part of the open one, how many whole
    ones before that, how far back the oldest is, and its part of the oldest.
    """
    watched, closed = past.now.watched, past.closed
    elapsed = minute - past.opened * QUARTER + 1
    if window > _BY_MINUTE:
        depth = window // QUARTER - 1
        return min(watched, elapsed) / QUARTER, min(depth, len(closed)), depth, 0.0
    start = window_start(window, minute)
    depth = past.opened - start // QUARTER
    part = min(watched, elapsed) if depth else min(window, elapsed) * watched / QUARTER
    known, into = len(closed), start % QUARTER
    whole = min(depth - 1 if into else depth, known) if depth else 0
    edge = 0.0
    if whole < depth <= known:
        edge = (QUARTER - into) / QUARTER * (closed[-depth].watched / QUARTER)
    return part / QUARTER, whole, depth, edge


def window_start(window: int, minute: int) -> int:
    """Return the first minute of the window that ends with `minute`."""
    if window <= _BY_MINUTE:
        return minute - window + 1
    return (minute // QUARTER - window // QUARTER + 1) * QUARTER


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


def _table_mean(table: Sequence[float], size: int) -> float:
    """Return the posts a unit of exposure over a whole (posts, exposure) table, 0 of an empty."""
    total = sum(table[size:])
    return sum(table[:size]) / total if total > 0.0 else 0.0


def _table_factor(
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
            (hour + offset) % _HOURS,
            0.7 * (max(0.0, centre * offset) if offset else 1.0 - abs(centre)) + 0.1,
        )
        for offset in (-1, 0, 1)
    )


_NEAR = tuple(_nearness(quarter) for quarter in range(_PER_DAY))


class _Rhythm(NamedTuple):
    """What all slots of the rhythm share: the mean of the hours and of the days, and how many days
    tell of them, at most `season_days`.
    """

    hours: float
    days: float
    repeats: float


def _rhythm(settings: BaselineSettings, baseline: Baseline) -> _Rhythm:
    hours, days = _table_mean(baseline.hours, _HOURS), _table_mean(baseline.days, _DAYS)
    return _Rhythm(hours, days, 1.0 + min(baseline.watched_days, settings.season_days))


def _season(settings: BaselineSettings, baseline: Baseline, rhythm: _Rhythm, number: int) -> float:
    """Return how much more than the mean a quarter brings, by hour of day and day of week."""
    mean, means, repeats = rhythm
    smooth = 0.0
    hours, strength, noise = baseline.hours, settings.hour_strength, 0.3 / repeats
    for slot, near in _NEAR[number % _PER_DAY]:
        smooth += near * _table_factor(hours, _HOURS, slot, mean, strength, noise)
    day = (number // _PER_DAY + _EPOCH_WEEKDAY) % _DAYS
    by_day = _table_factor(baseline.days, _DAYS, day, means, settings.day_strength, 7.0 / repeats)
    return smooth * by_day


def _angry_season(settings: BaselineSettings, baseline: Baseline, number: int) -> float:
    hour = number % _PER_DAY * QUARTER // 60
    strength = settings.angry_hour_strength
    table = baseline.angry_hours
    return (table[hour] + strength) / (table[hour + _HOURS] + strength)


def _grumble(settings: BaselineSettings, baseline: Baseline, number: int) -> float:
    """Return how much more anger this hour brings day after day than its rhythm tells.

    The worst three of the last seven days are left out: a storm is no habit.
    """
    first = number % _PER_DAY * QUARTER // 60 * _GRUMBLES
    half = first + _HOURS * _GRUMBLES
    table = baseline.grumbles
    came, should = table[first : first + _GRUMBLES], table[half : half + _GRUMBLES]
    if sum(map(le, came, should)) >= _HABIT:
        return 1.0
    days = sorted(zip(came, should, strict=True), key=lambda day: day[0] - day[1])
    seen = sum(day[0] for day in days[:_HABIT]) + settings.grumble_strength
    usual = sum(day[1] for day in days[:_HABIT]) + settings.grumble_strength
    return max(1.0, seen / usual)


# ---------------------------------------------------------------- how unlikely it is
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How far from normal one window is.

    `observed` and `expected` are heat (or posts); `log_chance` is ln of the probability of so
    much; `window` in minutes. `bursts` is how often a month one burst of voices, as this brand
    has them, brings as much by itself.
    """

    window: int
    observed: float
    expected: float
    log_chance: float
    bursts: float = 0.0


new_finding = maker(Finding)


def local_factor(
    settings: BaselineSettings, baseline: Baseline, index: int, calm: float, usual: float
) -> float:
    """Return how much busier than usual a window is, by its calm posts alone.

    A storm of anger does not move it; a promotion does. Few posts move it little: it is the mean
    of a Gamma law whose spread before the window is the brand's own.
    """
    spread = _spread(settings.calm_spread[index], baseline.calm_spread, index, usual)
    strength = 1.0 / max(spread, 0.02)
    factor = (strength + calm) / (strength + usual)
    return factor if factor >= 1.0 else factor**settings.quiet_power


def judge_anger(
    settings: BaselineSettings,
    baseline: Baseline,
    index: int,
    *,
    hot: float,
    usual: float,
    busiest: float = inf,
    enough: float = inf,
) -> Finding:
    """Return how unlikely this heat of distinct voices is where `usual` is expected.

    `busiest` of it came within an hour. What is likelier than `enough` (ln) is not worked out to
    the end; so below.
    """
    one, mean, relative = _angry_law(settings, baseline, index, usual)
    count = hot / one
    if count - mean <= _ORDINARY * sqrt(mean + relative * mean * mean):
        return new_finding(window=WINDOWS[index], observed=hot, expected=usual, log_chance=0.0)
    return new_finding(
        window=WINDOWS[index],
        observed=hot,
        expected=usual,
        log_chance=negative_binomial_log_tail(count, mean, 1.0 / relative, enough),
        bursts=_bursts_as_big(settings, baseline, index, hot, usual, busiest),
    )


def judge_share(
    settings: BaselineSettings,
    baseline: Baseline,
    index: int,
    *,
    hot: float,
    posts: float,
    usual: float,
    usual_posts: float,
    busiest: float = inf,
    enough: float = inf,
) -> Finding:
    """Return how unlikely this heat is among so many judged posts, of which `usual` is expected.

    Whether many or few posts came says nothing here, but for bursts: these come on top of
    `usual_posts`, so one without which too few would have come is none.
    """
    one, mean, relative = _angry_law(settings, baseline, index, usual)
    count, of = hot / one, posts / one
    usual_share = mean / of
    variance = mean * (1.0 - usual_share) + relative * mean * mean
    if count > of or count - mean <= _ORDINARY * sqrt(variance):
        return new_finding(window=WINDOWS[index], observed=hot, expected=usual, log_chance=0.0)
    strength = max(1.0, (1.0 - usual_share) / (usual_share * relative) - 1.0)
    bursts = 0.0
    if posts - (hot - usual) > usual_posts - _ORDINARY * sqrt(usual_posts):
        bursts = _bursts_as_big(settings, baseline, index, hot, usual, busiest)
    return new_finding(
        window=WINDOWS[index],
        observed=hot,
        expected=usual,
        log_chance=beta_binomial_log_tail(count, of, usual_share, strength, enough),
        bursts=bursts,
    )


def _angry_law(
    settings: BaselineSettings, baseline: Baseline, index: int, usual: float
) -> tuple[float, float, float]:
    """Return what counts as one, how many are expected, and how far that is from Poisson's law."""
    one = lump(settings, baseline, index)
    mean = usual / one
    spread = _spread(settings.angry_spread[index], baseline.angry_spread, index, mean)
    known = 1.0 / (baseline.long_heat / one + 0.5)
    return one, mean, spread + known + _coldness(baseline)


def _bursts_as_big(
    settings: BaselineSettings,
    baseline: Baseline,
    index: int,
    hot: float,
    usual: float,
    busiest: float,
) -> float:
    """Return how often a month bursts bring as much heat beyond the usual, or more.

    Sizes of threads have no typical scale up to some dozens of voices; what is far beyond those
    is a storm, however it began. A burst is over within the hour: a window that brought more than
    its busiest hour needs several in succession, each as big as that hour.
    """
    answered = burst(settings, baseline)
    if answered == 0.0:
        return 0.0
    one = voice(baseline)
    window = WINDOWS[index]
    beyond = hot - usual
    together = min(beyond, max(one, busiest - usual * min(1.0, 60.0 / window)))
    size = max(1.0, together / one)
    voices = level(settings, baseline) * share(settings, baseline) / one * _HOURS_A_MONTH
    bursts = voices * settings.burst_rate * answered
    bursts *= exp(-settings.burst_power * log(size) - size / settings.burst_end)
    if together >= beyond:
        return bursts
    another = min(1.0, bursts * window / (60.0 * _HOURS_A_MONTH))
    succession: float = another ** (beyond / together - 1.0)
    return bursts * succession


def judge_volume(
    settings: BaselineSettings,
    baseline: Baseline,
    index: int,
    *,
    volume: float,
    usual: float,
    enough: float = inf,
) -> Finding:
    """Return how unlikely so many posts are where `usual` are expected."""
    spread = _spread(settings.volume_spread[index], baseline.volume_spread, index, usual)
    known = 1.0 / (baseline.long_volume + settings.first_posts)
    shape = 1.0 / (spread + known + _coldness(baseline))
    chance = negative_binomial_log_tail(volume, usual, shape, enough)
    return new_finding(window=WINDOWS[index], observed=volume, expected=usual, log_chance=chance)


def likely_anger(
    settings: BaselineSettings, baseline: Baseline, index: int, *, usual: float
) -> tuple[float, float]:
    """Return between what heat four windows of five lie where `usual` is expected."""
    one, mean, relative = _angry_law(settings, baseline, index, usual)
    low, high = _likely(mean, relative)
    return low * one, high * one


def likely_volume(
    settings: BaselineSettings, baseline: Baseline, index: int, *, usual: float
) -> tuple[float, float]:
    """Return between what numbers of posts four windows of five lie where `usual` is expected."""
    spread = _spread(settings.volume_spread[index], baseline.volume_spread, index, usual)
    known = 1.0 / (baseline.long_volume + settings.first_posts)
    return _likely(usual, spread + known + _coldness(baseline))


def _likely(mean: float, relative: float) -> tuple[float, float]:
    """Return the first and the last tenth of a negative binomial law."""
    if mean <= 0.0:
        return 0.0, 0.0
    edges = []
    for chance in (0.9, 0.1):
        low, high = 0.0, 10.0 * mean + 10.0
        while high - low > 0.01 * mean:
            middle = (low + high) / 2.0
            if negative_binomial_log_tail(middle, mean, 1.0 / relative) > log(chance):
                low = middle
            else:
                high = middle
        edges.append(high)
    return edges[0], edges[1]


def _coldness(baseline: Baseline) -> float:
    """Return the relative variance that an unknown rhythm of day and week adds."""
    return 0.9 * exp(-baseline.watched_days / 1.2)


def _spread(belief: float, table: Sequence[float], index: int, mean: float) -> float:
    excess, base = table[2 * index], table[2 * index + 1]
    strength = 60.0 * mean + 20.0 * mean * mean + 1e-9
    found = (excess + strength * belief) / (base + strength)
    if found < _LEAST_SPREAD:
        return _LEAST_SPREAD
    return found if found < 4.0 else 4.0


# ---------------------------------------------------------------- learning
def learn(
    settings: BaselineSettings,
    baseline: Baseline,
    rhythm: _Rhythm,
    number: int,
    quarters: Sequence[Quarter],
    trust: float,
) -> Baseline:
    """Learn quarter `number`, after which come the last 8 of these consecutive quarters."""
    quarters, after = quarters[:-_DELAY], quarters[-_DELAY:]
    q = quarters[-1]
    watched = q.watched / QUARTER
    usual = q.expected_volume * watched
    silence = 0.0 if q.volume else baseline.silence + usual
    if q.watched == 0:
        return baseline
    if silence > settings.longest_silence:
        trust *= 0.02
    bursts = _bursts(settings, baseline, number, quarters, after)
    trust *= _suspicion(settings, baseline, quarters)
    if trust >= 1.0 and _has_shifted(quarters):
        trust = settings.shifted_trust
    worth = trust * watched
    season = _season(settings, baseline, rhythm, number)
    volume = q.volume
    if volume > usual + 1.0 and baseline.watched_days > 1.0:
        spread = _spread(settings.volume_spread[0], baseline.volume_spread, 0, usual)
        volume = min(volume, usual + 3.0 * sqrt(usual + spread * usual * usual) + 1.0)
    kept = volume / q.volume if q.volume else 1.0
    judged = q.judged * kept
    hot = q.heat
    if hot > 1.0 and baseline.watched_days > 1.0:
        factor = local_factor(settings, baseline, 0, q.calm, q.expected_calm * watched)
        likely = q.expected_heat * watched * factor
        spread = settings.angry_spread[0]
        hot = min(hot, likely + 3.0 * sqrt(likely + spread * likely * likely) + 1.0)
    hot = min(hot, judged) if kept < 1.0 else hot
    hours = QUARTER / 60.0
    fade = 0.5 ** (worth / (_PER_DAY * settings.level_days))
    slow = 0.5 ** (worth / (_PER_DAY * settings.long_days))
    quick = 0.5 ** (worth / (_PER_DAY * settings.share_days))
    is_hour_over = (number + 1) % (60 // QUARTER) == 0
    seasonal = 0.5 ** (4.0 * worth / (_PER_DAY * settings.season_days)) if is_hour_over else 1.0
    worth_share = 0.1 if kept < 1.0 else 1.0
    hour = number % _PER_DAY * QUARTER // 60
    day = (number // _PER_DAY + _EPOCH_WEEKDAY) % _DAYS
    by_hour = _table_factor(
        baseline.hours, _HOURS, hour, rhythm.hours, settings.hour_strength, 0.3 / rhythm.repeats
    )
    blocks = _blocks(settings, baseline, number, quarters, trust)
    return _learnt(
        watched_days=baseline.watched_days + watched / _PER_DAY,
        silence=silence,
        volume=baseline.volume * fade + trust * volume,
        exposure=baseline.exposure * fade + worth * season * hours,
        long_volume=baseline.long_volume * slow + trust * volume,
        long_exposure=baseline.long_exposure * slow + worth * season * hours,
        long_judged=baseline.long_judged * slow + trust * judged,
        long_calm=baseline.long_calm * slow + trust * q.calm * kept,
        long_heat=baseline.long_heat * slow + trust * hot,
        judged=baseline.judged * quick + trust * worth_share * judged,
        heat=baseline.heat * quick + trust * worth_share * hot,
        sum_anger=baseline.sum_anger * slow + trust * q.anger,
        sum_squares=baseline.sum_squares * slow + trust * q.squares,
        sum_heat=baseline.sum_heat * slow + trust * q.heat,
        sum_heat_squares=baseline.sum_heat_squares * slow + trust * q.heat_squares,
        sum_returned=baseline.sum_returned * slow + trust * q.returned,
        bursts=bursts,
        grumbles=_grumbles(settings, baseline, number, quarters),
        hours=_count(baseline.hours, hour, trust * volume, worth * hours, seasonal),
        days=_count(baseline.days, day, trust * volume, worth * hours * by_hour, seasonal),
        angry_hours=_count(
            baseline.angry_hours,
            hour,
            trust * hot,
            trust * judged * share(settings, baseline),
            seasonal,
        ),
        angry_spread=blocks[0],
        calm_spread=blocks[1],
        volume_spread=blocks[2],
    )


def _grumbles(
    settings: BaselineSettings, baseline: Baseline, number: int, quarters: Sequence[Quarter]
) -> tuple[float, ...]:
    """Remember an hour, at its end, beside the same hour of the days before.

    A storm is not held back here as elsewhere: what comes each day would never be learnt.
    """
    size = 60 // QUARTER
    block = quarters[-size:]
    if (number + 1) % size or len(block) < size or any(q.watched < QUARTER for q in block):
        return baseline.grumbles
    usual = sum(q.expected_heat for q in block) / _grumble(settings, baseline, number)
    seen = min(sum(q.heat for q in block), settings.grumble_most * (usual + 1.0))
    first = number % _PER_DAY * QUARTER // 60 * _GRUMBLES
    half = len(baseline.grumbles) // 2
    found = list(baseline.grumbles)
    for start, newest in ((first, seen), (first + half, usual)):
        found[start : start + _GRUMBLES] = [newest, *found[start : start + _GRUMBLES - 1]]
    return tuple(found)


def _count(
    table: tuple[float, ...], index: int, posts: float, exposure: float, fade: float
) -> tuple[float, ...]:
    if posts == exposure == 0.0 and fade == 1.0:
        return table
    faded = list(table) if fade == 1.0 else [value * fade for value in table]
    faded[index] += posts
    faded[index + len(table) // 2] += exposure
    return tuple(faded)


def _suspicion(
    settings: BaselineSettings, baseline: Baseline, quarters: Sequence[Quarter]
) -> float:
    """Return how much an hour that looks out of the ordinary may teach."""
    hour = quarters[-4:]
    hot = 0.0
    for q in hour:
        hot += q.heat
    if hot <= 1.0:
        return 1.0
    likely = sum(q.expected_heat * q.watched for q in hour) / QUARTER
    calm = sum(q.calm for q in hour)
    usual = sum(q.expected_calm * q.watched for q in hour) / QUARTER
    likely *= local_factor(settings, baseline, _HOUR, calm, usual)
    spread = _spread(settings.angry_spread[_HOUR], baseline.angry_spread, _HOUR, likely)
    if hot > likely + 2.5 * sqrt(likely + spread * likely * likely) + 1.0:
        return 0.3
    return 1.0


def _blocks(
    settings: BaselineSettings,
    baseline: Baseline,
    number: int,
    quarters: Sequence[Quarter],
    trust: float,
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Learn how much each window's worth of quarters strays beyond chance, at its end."""
    if baseline.watched_days < 1.0:
        return baseline.angry_spread, baseline.calm_spread, baseline.volume_spread
    angry = list(baseline.angry_spread)
    quiet = list(baseline.calm_spread)
    loud = list(baseline.volume_spread)
    for index, window in _ENDING[number % _LONGEST]:
        size = window // QUARTER
        if len(quarters) < size:
            continue
        volume = hot = calm = usual_volume = usual_heat = usual_calm = 0.0
        for q in quarters[-size:]:
            if q.watched < QUARTER:
                break
            volume += q.volume
            hot += q.heat
            calm += q.calm
            usual_volume += q.expected_volume
            usual_heat += q.expected_heat
            usual_calm += q.expected_calm
        else:
            one = lump(settings, baseline, index)
            likely = usual_heat * local_factor(settings, baseline, index, calm, usual_calm)
            fade = 0.5 ** (trust * window / (1440.0 * settings.long_days))
            _stray(angry, settings.angry_spread, index, hot / one, likely / one, trust, fade)
            _stray(quiet, settings.calm_spread, index, calm, usual_calm, trust, fade)
            _stray(loud, settings.volume_spread, index, volume, usual_volume, trust, fade)
    return tuple(angry), tuple(quiet), tuple(loud)


_ENDING = tuple(
    tuple(
        (index, window)
        for index, window in enumerate(WINDOWS)
        if (number + 1) % (window // QUARTER) == 0
    )
    for number in range(_LONGEST)
)
"""Which windows, with their index, end with a quarter, by its number within the longest."""


def _stray(
    table: list[float],
    beliefs: Sequence[float],
    index: int,
    seen: float,
    mean: float,
    trust: float,
    fade: float,
) -> None:
    """Count in a table of spreads by how much a window strayed from its mean."""
    squared = (seen - mean) ** 2
    if squared > 6.25 * (mean + _LEAST_SPREAD * mean * mean):
        spread = _spread(beliefs[index], table, index, mean)
        squared = min(squared, 6.25 * (mean + spread * mean * mean))
    table[2 * index] = table[2 * index] * fade + trust * (squared - mean)
    table[2 * index + 1] = table[2 * index + 1] * fade + trust * mean * mean


def _has_shifted(quarters: Sequence[Quarter]) -> bool:
    """Whether the last half day brought far more than usual: then that is the new level."""
    block = quarters[-_LONGEST:]
    if len(block) < _LONGEST:
        return False
    seen = sum([q.volume for q in block])
    usual = 0.0
    for start in range(0, _LONGEST, _DELAY):
        for q in block[start : start + _DELAY]:
            usual += q.expected_volume * q.watched
        so_far = usual / QUARTER
        if seen <= 1.5 * so_far + 6.0 * sqrt(so_far):
            return False
    return True


def _bursts(
    settings: BaselineSettings,
    baseline: Baseline,
    number: int,
    quarters: Sequence[Quarter],
    after: Sequence[Quarter],
) -> tuple[float, float]:
    """Learn from two hours, at their end, whether angry voices come in bursts.

    Their quarters are held against their own mean, so neither the level nor a slow change of it
    matters. A mood that wanders strays too; the more is expected, the less a stray tells. What was
    there in the two hours before, or is in those after, is a storm and no burst: where a storm
    begins and where it ends the quarters stray most.
    """
    block = quarters[-_DELAY:]
    if (number + 1) % _DELAY or len(block) < _DELAY or any(q.watched < QUARTER for q in block):
        return baseline.bursts
    excess, base = baseline.bursts
    one = voice(baseline)
    seen = [q.nameless / one for q in block]
    total = sum(seen)
    if total == 0.0:
        return baseline.bursts
    strayed = (sum(x * x for x in seen) - total * total / _DELAY) * _DELAY / (_DELAY - 1.0)
    mood = settings.mood_spread * total * total / _DELAY
    fade = 0.5 ** (_DELAY / (_PER_DAY * settings.long_days))
    worth = 1.0 / (1.0 + total / settings.burst_few)
    if any(_goes_on(total * one, beside) for beside in (quarters[-2 * _DELAY : -_DELAY], after)):
        worth *= 0.1
    beyond = min(strayed - total - mood, settings.burst_most * total)
    return excess * fade + worth * beyond, base * fade + worth * total


def _goes_on(heat: float, beside: Sequence[Quarter]) -> bool:
    """Whether the quarters before or after some brought a good part of their heat as well."""
    brought = sum(q.nameless for q in beside)
    return brought > 0.25 * heat + 3.0 * sum(q.expected_heat for q in beside)


def _teach(
    settings: BaselineSettings, baseline: Baseline, number: int, opened: int, late: Quarter
) -> Baseline:
    """Add posts of a quarter learnt long ago to the level and the rhythm, faded by their age."""
    days = (opened - number) / _PER_DAY
    fade = 0.5 ** (days / settings.level_days)
    slow = 0.5 ** (days / settings.long_days)
    seasonal = 0.5 ** (days / settings.season_days)
    hour = number % _PER_DAY * QUARTER // 60
    day = (number // _PER_DAY + _EPOCH_WEEKDAY) % _DAYS
    return _retaught(
        baseline,
        volume=baseline.volume + fade * late.volume,
        long_volume=baseline.long_volume + slow * late.volume,
        long_judged=baseline.long_judged + slow * late.judged,
        long_calm=baseline.long_calm + slow * late.calm,
        long_heat=baseline.long_heat + slow * late.heat,
        sum_anger=baseline.sum_anger + slow * late.anger,
        sum_squares=baseline.sum_squares + slow * late.squares,
        sum_heat=baseline.sum_heat + slow * late.heat,
        sum_heat_squares=baseline.sum_heat_squares + slow * late.heat_squares,
        sum_returned=baseline.sum_returned + slow * late.returned,
        hours=_count(baseline.hours, hour, seasonal * late.volume, 0.0, 1.0),
        days=_count(baseline.days, day, seasonal * late.volume, 0.0, 1.0),
    )
