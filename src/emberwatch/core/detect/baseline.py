"""What is normal for this brand at this hour.

Time is cut into quarters of an hour. When a quarter opens, what is expected of it is fixed from
what was learnt so far; two hours after it closed, what came is learnt. So an expectation never
follows the storm that it is compared with, and posts that arrive late still teach.

The level is a discounted Gamma-Poisson estimate: sums of posts and of exposure that fade. Total
volume teaches the level and its rhythm, for it has the most data; the angry part follows as a
share of the posts whose anger is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import exp, sqrt

from emberwatch.core.detect.tail import negative_binomial_log_tail

QUARTER = 15
"""Minutes in a quarter."""

WINDOWS = (15, 30, 60, 120, 240, 720)
"""Lengths in minutes of the windows that are looked at."""

_HOUR = WINDOWS.index(60)
_DELAY = 8
_LONGEST = WINDOWS[-1] // QUARTER
KEPT = _LONGEST + _DELAY + 1
"""Quarters kept: the longest window that ends when the oldest unlearnt quarter does."""

_HOURS = 24
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
    `longest_silence` posts should have come is a blind watch, not calm. How the numbers were
    chosen: docs/explanation/detection.md.
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
    first_posts: float = 0.3
    first_hours: float = 0.3
    first_share: float = 0.25
    typical_anger: float = 0.6
    angry_spread: tuple[float, ...] = (0.06, 0.06, 0.06, 0.06, 0.07, 0.08)
    calm_spread: tuple[float, ...] = (0.15, 0.15, 0.15, 0.15, 0.15, 0.12)
    volume_spread: tuple[float, ...] = (0.25, 0.2, 0.2, 0.2, 0.2, 0.15)
    quiet_power: float = 0.35
    longest_silence: float = 12.0
    catch_up_days: int = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarter:
    """A quarter of an hour: what came, and what was expected of a whole one when it began.

    `read_back` counts those posts of `volume` that are history, `judged` those whose anger is
    known, `calm` those of them that are not angry; `weight` sums the anger of distinct voices,
    `squares` its squares; `nameless` is the part of it that a plain series told. `watched` is in
    minutes.
    """

    watched: int = QUARTER
    volume: float = 0.0
    read_back: float = 0.0
    judged: float = 0.0
    calm: float = 0.0
    weight: float = 0.0
    squares: float = 0.0
    nameless: float = 0.0
    expected_volume: float = 0.0
    expected_calm: float = 0.0
    expected_weight: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What was learnt of one brand; sums that fade. Hours are weighted by season.

    `hours`, `days` and `angry_hours` hold posts (angry weight) and then exposure (expected weight)
    of each hour of the day or day of the week. Spreads are pairs (excess, base) a window.
    """

    watched_days: float = 0.0
    silence: float = 0.0
    volume: float = 0.0
    exposure: float = 0.0
    long_volume: float = 0.0
    long_exposure: float = 0.0
    long_judged: float = 0.0
    long_calm: float = 0.0
    long_weight: float = 0.0
    judged: float = 0.0
    weight: float = 0.0
    sum_weight: float = 0.0
    sum_squares: float = 0.0
    hours: tuple[float, ...] = (0.0,) * (2 * _HOURS)
    days: tuple[float, ...] = (0.0,) * (2 * _DAYS)
    angry_hours: tuple[float, ...] = (0.0,) * (2 * _HOURS)
    angry_spread: tuple[float, ...] = (0.0,) * (2 * len(WINDOWS))
    calm_spread: tuple[float, ...] = (0.0,) * (2 * len(WINDOWS))
    volume_spread: tuple[float, ...] = (0.0,) * (2 * len(WINDOWS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A brand's recent quarters, the open one last, and what was learnt of those before.

    `opened` is the number of the open quarter, counted from 1970. `unwatched_to` is the minute up
    to which gaps were entered.
    """

    opened: int
    quarters: tuple[Quarter, ...]
    baseline: Baseline = field(default_factory=Baseline)
    unwatched_to: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a window should have brought: posts, calm posts and angry weight."""

    volume: float
    calm: float
    weight: float


# ---------------------------------------------------------------- time moves on
def begin(settings: BaselineSettings, minute: int) -> Past:
    """Return the past of a brand of which nothing is known, at a minute since 1970."""
    opened = minute // QUARTER
    first = _open(settings, Baseline(), opened, watched=QUARTER - minute % QUARTER)
    return Past(opened=opened, quarters=(first,))


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
    soonest = opened - settings.catch_up_days * _PER_DAY
    if number < soonest:
        number = soonest
        quarters = [_open(settings, baseline, number, QUARTER - _overlap(gap, number))]
    while number < opened:
        if len(quarters) > _DELAY:
            baseline = learn(settings, baseline, number - _DELAY, quarters[:-_DELAY], trust)
        number += 1
        quarters.append(_open(settings, baseline, number, QUARTER - _overlap(gap, number)))
        del quarters[:-KEPT]
    return replace(past, opened=opened, quarters=tuple(quarters), baseline=baseline)


def _open(
    settings: BaselineSettings, baseline: Baseline, number: int, watched: int = QUARTER
) -> Quarter:
    season = _season(settings, baseline, number)
    per_hour = level(settings, baseline)
    known = baseline.long_volume + 1.0
    judged = per_hour * (baseline.long_judged + 1.0) / known
    calm = per_hour * baseline.long_calm / known
    hours = QUARTER / 60.0
    correction = _angry_season(settings, baseline, number)
    return Quarter(
        watched=watched,
        expected_volume=per_hour * season * hours,
        expected_calm=calm * season * hours,
        expected_weight=judged * share(settings, baseline) * season * correction * hours,
    )


def _unwatch(past: Past, gap: tuple[int, int]) -> Past:
    """Take the minutes of a gap out of the quarters that are still kept."""
    first = past.opened - len(past.quarters) + 1
    quarters = tuple(
        replace(quarter, watched=max(0, quarter.watched - gone))
        if (gone := _overlap(gap, first + index))
        else quarter
        for index, quarter in enumerate(past.quarters)
    )
    return replace(past, quarters=quarters, unwatched_to=max(gap[1], past.unwatched_to))


def _overlap(gap: tuple[int, int], number: int) -> int:
    """Return how many minutes of a quarter lie in a gap (its end excluded)."""
    start = number * QUARTER
    return max(0, min(gap[1], start + QUARTER) - max(gap[0], start))


def heal(past: Past) -> Past:
    """Count every kept minute as watched: what we missed was read back after all."""
    return replace(past, quarters=tuple(replace(q, watched=QUARTER) for q in past.quarters))


def is_gap(past: Past, minute: int) -> bool:
    """Whether a minute that is not in the future lies in a kept quarter that has a gap."""
    index = minute // QUARTER - past.opened - 1
    if minute >= past.unwatched_to or index < -len(past.quarters):
        return False
    return past.quarters[index].watched < QUARTER


def add(
    settings: BaselineSettings,
    past: Past,
    minute: int,
    *,
    volume: float = 1.0,
    read_back: float = 0.0,
    judged: float = 0.0,
    calm: float = 0.0,
    weight: float = 0.0,
    squares: float = 0.0,
    nameless: float = 0.0,
) -> Past:
    """Count posts of a minute that is not in the future, however late they come.

    Those whose quarter was already learnt teach the level at once; expectations stay as they are.
    """
    index = minute // QUARTER - past.opened - 1
    reach = min(len(past.quarters), _DELAY + 1)
    if index >= -reach:
        q = past.quarters[index]
        counted = Quarter(
            watched=q.watched,
            volume=q.volume + volume,
            read_back=q.read_back + read_back,
            judged=q.judged + judged,
            calm=q.calm + calm,
            weight=q.weight + weight,
            squares=q.squares + squares,
            nameless=q.nameless + nameless,
            expected_volume=q.expected_volume,
            expected_calm=q.expected_calm,
            expected_weight=q.expected_weight,
        )
        quarters = past.quarters
        after = quarters[index + 1 :] if index < -1 else ()
        return Past(
            opened=past.opened,
            quarters=(*quarters[:index], counted, *after),
            baseline=past.baseline,
            unwatched_to=past.unwatched_to,
        )
    late = Quarter(volume=volume, judged=judged, calm=calm, weight=weight, squares=squares)
    baseline = _teach(settings, past.baseline, minute // QUARTER, past.opened, late)
    return replace(past, baseline=baseline)


# ---------------------------------------------------------------- what is expected
def level(settings: BaselineSettings, baseline: Baseline) -> float:
    """Return posts an hour of a flat season: the last days, leaning on the last weeks."""
    slow = (baseline.long_volume + settings.first_posts) / (
        baseline.long_exposure + settings.first_hours
    )
    strength = settings.level_strength
    return (baseline.volume + strength) / (baseline.exposure + strength / slow)


def share(settings: BaselineSettings, baseline: Baseline) -> float:
    """Return the angry weight that a judged post carries on average, of late."""
    slow = (baseline.long_weight + 2.0 * settings.first_share) / (baseline.long_judged + 2.0)
    strength = settings.share_strength
    return (baseline.weight + strength) / (baseline.judged + strength / slow)


def unit(settings: BaselineSettings, baseline: Baseline) -> float:
    """Return the weight of a typical angry voice: mean square over mean."""
    typical = settings.typical_anger
    return (baseline.sum_squares + 10.0 * typical * typical) / (
        baseline.sum_weight + 10.0 * typical
    )


def expected(past: Past, minute: int) -> tuple[Expected, ...]:
    """Return what each window that ends with this minute should have brought.

    `minute` is the present one and counts as whole. Windows of three hours and more begin with a
    quarter (see `window_start`).
    """
    found: list[Expected] = []
    quarters = past.quarters
    newest = past.opened
    elapsed = minute - newest * QUARTER + 1
    volume = calm = weight = 0.0
    done = 0
    for window in WINDOWS:
        start = window_start(window, minute)
        first = start // QUARTER
        depth = min(newest - first + 1, len(quarters))
        while done < depth - 1 or (done < depth and start % QUARTER == 0):
            done += 1
            q = quarters[-done]
            part = min(q.watched, elapsed) / QUARTER if done == 1 else q.watched / QUARTER
            volume += q.expected_volume * part
            calm += q.expected_calm * part
            weight += q.expected_weight * part
        if done < depth:
            q = quarters[-depth]
            part = (first + 1) * QUARTER - start
            part = min(part, elapsed) if depth == 1 else part
            rest = part / QUARTER * (q.watched / QUARTER)
            found.append(
                Expected(
                    volume=volume + q.expected_volume * rest,
                    calm=calm + q.expected_calm * rest,
                    weight=weight + q.expected_weight * rest,
                )
            )
        else:
            found.append(Expected(volume=volume, calm=calm, weight=weight))
    return tuple(found)


def window_start(window: int, minute: int) -> int:
    """Return the first minute of the window that ends with `minute`."""
    if window <= 60:
        return minute - window + 1
    return (minute // QUARTER - window // QUARTER + 1) * QUARTER


@dataclass(frozen=True, slots=True, kw_only=True)
class SoFar:
    """What the kept quarters before a window brought: watched minutes and angry weight."""

    minutes: int
    weight: float


def so_far(past: Past, start: int) -> SoFar:
    """Return what came before a minute: all that is known of a brand on its first day."""
    first = past.opened - len(past.quarters) + 1
    before = past.quarters[: max(0, start // QUARTER - first)]
    return SoFar(minutes=sum(q.watched for q in before), weight=sum(q.weight for q in before))


def _table_factor(
    table: Sequence[float], size: int, index: int, strength: float, noise: float
) -> float:
    """Return how much more than the mean one slot of a (posts, exposure) table brings."""
    exposures = table[size:]
    total = sum(exposures)
    if total <= 0.0:
        return 1.0
    mean = sum(table[:size]) / total
    here = exposures[index] * mean
    belief = strength + noise * here
    return (table[index] + belief) / (here + belief)


def _season(settings: BaselineSettings, baseline: Baseline, number: int) -> float:
    """Return how much more than the mean a quarter brings, by hour of day and day of week."""
    hour, part = divmod(number % _PER_DAY, 60 // QUARTER)
    repeats = 1.0 + min(baseline.watched_days, settings.season_days)
    smooth = 0.0
    centre = (part + 0.5) * QUARTER / 60.0 - 0.5
    for offset in (-1, 0, 1):
        near = max(0.0, centre * offset) if offset else 1.0 - abs(centre)
        near = 0.7 * near + 0.1
        smooth += near * _table_factor(
            baseline.hours,
            _HOURS,
            (hour + offset) % _HOURS,
            settings.hour_strength,
            0.3 / repeats,
        )
    day = (number // _PER_DAY + _EPOCH_WEEKDAY) % _DAYS
    by_day = _table_factor(baseline.days, _DAYS, day, settings.day_strength, 7.0 / repeats)
    return smooth * by_day


def _angry_season(settings: BaselineSettings, baseline: Baseline, number: int) -> float:
    hour = number % _PER_DAY * QUARTER // 60
    strength = settings.angry_hour_strength
    table = baseline.angry_hours
    return (table[hour] + strength) / (table[hour + _HOURS] + strength)


# ---------------------------------------------------------------- how unlikely it is
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How far from normal one window is.

    `observed` and `expected` are angry weight (or posts); `log_chance` is ln of the probability of
    so much; `window` in minutes.
    """

    window: int
    observed: float
    expected: float
    log_chance: float


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
    weight: float,
    voices: float,
    usual: float,
) -> Finding:
    """Return how unlikely this angry weight of this many voices is where `usual` is expected.

    The sum is counted in typical voices, but never as more voices than were heard.
    """
    one = unit(settings, baseline)
    count = min(weight / one, voices)
    mean = usual / one
    spread = _spread(settings.angry_spread[index], baseline.angry_spread, index, mean)
    known = 1.0 / (baseline.long_weight / one + 0.5)
    shape = 1.0 / (spread + known + _coldness(baseline))
    chance = negative_binomial_log_tail(count, mean, shape)
    return Finding(window=WINDOWS[index], observed=weight, expected=usual, log_chance=chance)


def judge_volume(
    settings: BaselineSettings, baseline: Baseline, index: int, *, volume: float, usual: float
) -> Finding:
    """Return how unlikely so many posts are where `usual` are expected."""
    spread = _spread(settings.volume_spread[index], baseline.volume_spread, index, usual)
    known = 1.0 / (baseline.long_volume + settings.first_posts)
    shape = 1.0 / (spread + known + _coldness(baseline))
    chance = negative_binomial_log_tail(volume, usual, shape)
    return Finding(window=WINDOWS[index], observed=volume, expected=usual, log_chance=chance)


def _coldness(baseline: Baseline) -> float:
    """Return the relative variance that an unknown rhythm of day and week adds."""
    return 0.9 * exp(-baseline.watched_days / 1.2)


def _spread(belief: float, table: Sequence[float], index: int, mean: float) -> float:
    excess, base = table[2 * index], table[2 * index + 1]
    strength = 60.0 * mean + 20.0 * mean * mean + 1e-9
    return min(4.0, max(0.01, (excess + strength * belief) / (base + strength)))


# ---------------------------------------------------------------- learning
def learn(
    settings: BaselineSettings,
    baseline: Baseline,
    number: int,
    quarters: Sequence[Quarter],
    trust: float,
) -> Baseline:
    """Learn the last of these consecutive quarters, which is quarter `number`."""
    q = quarters[-1]
    watched = q.watched / QUARTER
    usual = q.expected_volume * watched
    silence = 0.0 if q.volume else baseline.silence + usual
    if q.watched == 0:
        return baseline
    if silence > settings.longest_silence:
        trust *= 0.02
    trust *= _suspicion(settings, baseline, quarters)
    worth = trust * watched
    season = _season(settings, baseline, number)
    spread = _spread(settings.volume_spread[0], baseline.volume_spread, 0, usual)
    most = usual + 3.0 * sqrt(usual + spread * usual * usual) + 1.0
    volume = min(q.volume, most) if baseline.watched_days > 1.0 else q.volume
    kept = volume / q.volume if q.volume else 1.0
    judged = q.judged * kept
    factor = local_factor(settings, baseline, 0, q.calm, q.expected_calm * watched)
    likely = q.expected_weight * watched * factor
    angry_spread = settings.angry_spread[0]
    most = likely + 3.0 * sqrt(likely + angry_spread * likely * likely) + 1.0
    weight = min(q.weight, most) if baseline.watched_days > 1.0 else q.weight
    weight = min(weight, judged) if kept < 1.0 else weight
    hours = QUARTER / 60.0
    fade = 0.5 ** (worth / (_PER_DAY * settings.level_days))
    slow = 0.5 ** (worth / (_PER_DAY * settings.long_days))
    quick = 0.5 ** (worth / (_PER_DAY * settings.share_days))
    seasonal = 0.5 ** (worth / (_PER_DAY * settings.season_days))
    worth_share = 0.1 if kept < 1.0 else 1.0
    hour = number % _PER_DAY * QUARTER // 60
    day = (number // _PER_DAY + _EPOCH_WEEKDAY) % _DAYS
    by_hour = _season_of_hour(settings, baseline, number)
    blocks = _blocks(settings, baseline, number, quarters, trust)
    return Baseline(
        watched_days=baseline.watched_days + watched / _PER_DAY,
        silence=silence,
        volume=baseline.volume * fade + trust * volume,
        exposure=baseline.exposure * fade + worth * season * hours,
        long_volume=baseline.long_volume * slow + trust * volume,
        long_exposure=baseline.long_exposure * slow + worth * season * hours,
        long_judged=baseline.long_judged * slow + trust * judged,
        long_calm=baseline.long_calm * slow + trust * q.calm * kept,
        long_weight=baseline.long_weight * slow + trust * weight,
        judged=baseline.judged * quick + trust * worth_share * judged,
        weight=baseline.weight * quick + trust * worth_share * weight,
        sum_weight=baseline.sum_weight * slow + trust * q.weight,
        sum_squares=baseline.sum_squares * slow + trust * q.squares,
        hours=_count(baseline.hours, hour, trust * volume, worth * hours, seasonal),
        days=_count(baseline.days, day, trust * volume, worth * hours * by_hour, seasonal),
        angry_hours=_count(
            baseline.angry_hours,
            hour,
            trust * weight,
            trust * judged * share(settings, baseline),
            seasonal,
        ),
        angry_spread=blocks[0],
        calm_spread=blocks[1],
        volume_spread=blocks[2],
    )


def _season_of_hour(settings: BaselineSettings, baseline: Baseline, number: int) -> float:
    hour = number % _PER_DAY * QUARTER // 60
    repeats = 1.0 + min(baseline.watched_days, settings.season_days)
    return _table_factor(baseline.hours, _HOURS, hour, settings.hour_strength, 0.3 / repeats)


def _count(
    table: tuple[float, ...], index: int, posts: float, exposure: float, fade: float
) -> tuple[float, ...]:
    faded = [value * fade for value in table]
    faded[index] += posts
    faded[index + len(table) // 2] += exposure
    return tuple(faded)


def _suspicion(
    settings: BaselineSettings, baseline: Baseline, quarters: Sequence[Quarter]
) -> float:
    """Return how much an hour that looks out of the ordinary may teach."""
    hour = quarters[-4:]
    weight = sum(q.weight for q in hour)
    likely = sum(q.expected_weight * q.watched for q in hour) / QUARTER
    calm = sum(q.calm for q in hour)
    usual = sum(q.expected_calm * q.watched for q in hour) / QUARTER
    likely *= local_factor(settings, baseline, _HOUR, calm, usual)
    spread = _spread(settings.angry_spread[_HOUR], baseline.angry_spread, _HOUR, likely)
    if weight > likely + 2.5 * sqrt(likely + spread * likely * likely) + 1.0:
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
    tables = [
        list(baseline.angry_spread),
        list(baseline.calm_spread),
        list(baseline.volume_spread),
    ]
    one = unit(settings, baseline)
    for index, window in enumerate(WINDOWS):
        size = window // QUARTER
        if (number + 1) % size or len(quarters) < size or baseline.watched_days < 1.0:
            continue
        block = quarters[-size:]
        if any(q.watched < QUARTER for q in block):
            continue
        volume = sum(q.volume for q in block)
        weight = sum(q.weight for q in block)
        calm = sum(q.calm for q in block)
        usual_volume = sum(q.expected_volume for q in block)
        usual_weight = sum(q.expected_weight for q in block)
        usual_calm = sum(q.expected_calm for q in block)
        likely = usual_weight * local_factor(settings, baseline, index, calm, usual_calm)
        fade = 0.5 ** (trust * window / (1440.0 * settings.long_days))
        for table, beliefs, seen, mean in (
            (tables[0], settings.angry_spread, weight / one, likely / one),
            (tables[1], settings.calm_spread, calm, usual_calm),
            (tables[2], settings.volume_spread, volume, usual_volume),
        ):
            spread = _spread(beliefs[index], table, index, mean)
            variance = mean + spread * mean * mean
            squared = min((seen - mean) ** 2, 6.25 * variance)
            table[2 * index] = table[2 * index] * fade + trust * (squared - mean)
            table[2 * index + 1] = table[2 * index + 1] * fade + trust * mean * mean
    return tuple(tables[0]), tuple(tables[1]), tuple(tables[2])


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
    return replace(
        baseline,
        volume=baseline.volume + fade * late.volume,
        long_volume=baseline.long_volume + slow * late.volume,
        long_judged=baseline.long_judged + slow * late.judged,
        long_calm=baseline.long_calm + slow * late.calm,
        long_weight=baseline.long_weight + slow * late.weight,
        sum_weight=baseline.sum_weight + slow * late.weight,
        sum_squares=baseline.sum_squares + slow * late.squares,
        hours=_count(baseline.hours, hour, seasonal * late.volume, 0.0, 1.0),
        days=_count(baseline.days, day, seasonal * late.volume, 0.0, 1.0),
    )
