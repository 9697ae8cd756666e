"""What a quarter of an hour teaches of its brand, two hours after it closed.

So an expectation never follows the storm that it is compared with, and posts that arrive late still
teach.
"""

from collections.abc import Sequence
from math import sqrt

from emberwatch.core.detect.baseline import (
    GRUMBLES,
    HOURS,
    LEAST_SPREAD,
    Baseline,
    BaselineSettings,
    local_factor,
    lump,
    share,
    spread_of,
    voice,
)
from emberwatch.core.detect.quarter import HOUR, LONGEST, PER_DAY, QUARTER, WINDOWS, Quarter
from emberwatch.core.detect.rhythm import (
    Rhythm,
    day_of_week,
    grumble,
    hour_of_day,
    season_of,
    table_factor,
)
from emberwatch.core.detect.swift import changer, maker

DELAY = 8
"""Quarters after which one that closed is learnt."""
_learnt = maker(Baseline)
_retaught = changer(Baseline)


def learn(
    settings: BaselineSettings,
    baseline: Baseline,
    rhythm: Rhythm,
    number: int,
    quarters: Sequence[Quarter],
    trust: float,
) -> Baseline:
    """Learn quarter `number`, after which come the last 8 of these consecutive quarters."""
    quarters, after = quarters[:-DELAY], quarters[-DELAY:]
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
    season = season_of(settings, baseline, rhythm, number)
    volume = q.volume
    if volume > usual + 1.0 and baseline.watched_days > 1.0:
        spread = spread_of(settings.volume_spread[0], baseline.volume_spread, 0, usual)
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
    fade = 0.5 ** (worth / (PER_DAY * settings.level_days))
    slow = 0.5 ** (worth / (PER_DAY * settings.long_days))
    quick = 0.5 ** (worth / (PER_DAY * settings.share_days))
    is_hour_over = (number + 1) % (60 // QUARTER) == 0
    seasonal = 0.5 ** (4.0 * worth / (PER_DAY * settings.season_days)) if is_hour_over else 1.0
    worth_share = 0.1 if kept < 1.0 else 1.0
    hour = hour_of_day(number)
    day = day_of_week(number)
    by_hour = table_factor(
        baseline.hours, HOURS, hour, rhythm.hours, settings.hour_strength, 0.3 / rhythm.repeats
    )
    blocks = _blocks(settings, baseline, number, quarters, trust)
    return _learnt(
        watched_days=baseline.watched_days + watched / PER_DAY,
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
    usual = sum(q.expected_heat for q in block) / grumble(settings, baseline, number)
    seen = min(sum(q.heat for q in block), settings.grumble_most * (usual + 1.0))
    first = hour_of_day(number) * GRUMBLES
    half = len(baseline.grumbles) // 2
    found = list(baseline.grumbles)
    for start, newest in ((first, seen), (first + half, usual)):
        found[start : start + GRUMBLES] = [newest, *found[start : start + GRUMBLES - 1]]
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
    likely *= local_factor(settings, baseline, HOUR, calm, usual)
    spread = spread_of(settings.angry_spread[HOUR], baseline.angry_spread, HOUR, likely)
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
    for index, window in _ENDING[number % LONGEST]:
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
    for number in range(LONGEST)
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
    if squared > 6.25 * (mean + LEAST_SPREAD * mean * mean):
        spread = spread_of(beliefs[index], table, index, mean)
        squared = min(squared, 6.25 * (mean + spread * mean * mean))
    table[2 * index] = table[2 * index] * fade + trust * (squared - mean)
    table[2 * index + 1] = table[2 * index + 1] * fade + trust * mean * mean


def _has_shifted(quarters: Sequence[Quarter]) -> bool:
    """Whether the last half day brought far more than usual: then that is the new level."""
    block = quarters[-LONGEST:]
    if len(block) < LONGEST:
        return False
    seen = sum([q.volume for q in block])
    usual = 0.0
    for start in range(0, LONGEST, DELAY):
        for q in block[start : start + DELAY]:
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
    block = quarters[-DELAY:]
    if (number + 1) % DELAY or len(block) < DELAY or any(q.watched < QUARTER for q in block):
        return baseline.bursts
    excess, base = baseline.bursts
    one = voice(baseline)
    seen = [q.nameless / one for q in block]
    total = sum(seen)
    if total == 0.0:
        return baseline.bursts
    strayed = (sum(x * x for x in seen) - total * total / DELAY) * DELAY / (DELAY - 1.0)
    mood = settings.mood_spread * total * total / DELAY
    fade = 0.5 ** (DELAY / (PER_DAY * settings.long_days))
    worth = 1.0 / (1.0 + total / settings.burst_few)
    if any(_goes_on(total * one, beside) for beside in (quarters[-2 * DELAY : -DELAY], after)):
        worth *= 0.1
    beyond = min(strayed - total - mood, settings.burst_most * total)
    return excess * fade + worth * beyond, base * fade + worth * total


def _goes_on(heat: float, beside: Sequence[Quarter]) -> bool:
    """Whether the quarters before or after some brought a good part of their heat as well."""
    brought = sum(q.nameless for q in beside)
    return brought > 0.25 * heat + 3.0 * sum(q.expected_heat for q in beside)


def teach(
    settings: BaselineSettings, baseline: Baseline, number: int, opened: int, late: Quarter
) -> Baseline:
    """Add posts of a quarter learnt long ago to the level and the rhythm, faded by their age."""
    baseline = teach_sound(settings, baseline, number, opened, late)
    days = (opened - number) / PER_DAY
    fade = 0.5 ** (days / settings.level_days)
    slow = 0.5 ** (days / settings.long_days)
    seasonal = 0.5 ** (days / settings.season_days)
    hour = hour_of_day(number)
    day = day_of_week(number)
    return _retaught(
        baseline,
        volume=baseline.volume + fade * late.volume,
        long_volume=baseline.long_volume + slow * late.volume,
        long_judged=baseline.long_judged + slow * late.judged,
        long_calm=baseline.long_calm + slow * late.calm,
        long_heat=baseline.long_heat + slow * late.heat,
        hours=_count(baseline.hours, hour, seasonal * late.volume, 0.0, 1.0),
        days=_count(baseline.days, day, seasonal * late.volume, 0.0, 1.0),
    )


def teach_sound(
    settings: BaselineSettings, baseline: Baseline, number: int, opened: int, late: Quarter
) -> Baseline:
    """Add posts of a quarter of long ago to what is known of how anger sounds."""
    slow = 0.5 ** ((opened - number) / PER_DAY / settings.long_days)
    return _retaught(
        baseline,
        sum_anger=baseline.sum_anger + slow * late.anger,
        sum_squares=baseline.sum_squares + slow * late.squares,
        sum_heat=baseline.sum_heat + slow * late.heat,
        sum_heat_squares=baseline.sum_heat_squares + slow * late.heat_squares,
        sum_returned=baseline.sum_returned + slow * late.returned,
    )
