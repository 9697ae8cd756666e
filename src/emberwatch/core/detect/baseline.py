"""What was learnt of a brand, and what it tells: its level, its share of anger, how far it strays.

The level is a discounted Gamma-Poisson estimate: sums of posts and of exposure that fade. Total
volume teaches the level and its rhythm, for it has the most data; the angry part follows as a
share of the posts whose anger is known.

Anger is measured in *heat*, 0 to 1: how angry a post sounds beside a typical angry voice of this
brand. So it does not matter on which scale a scorer speaks, or how coldly a brand's customers
complain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from emberwatch.core.detect.quarter import HOUR, QUARTER, WINDOWS

LEAST_SPREAD = 0.01
"""No brand is steadier than that; see `spread_of`."""
HOURS = 24
GRUMBLES = 7
"""Days of which each hour is remembered by itself."""
DAYS = 7


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
    believed to come in bursts of `typical_burst` (see `burst`). How the numbers were chosen:
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
    hours: tuple[float, ...] = (0.0,) * (2 * HOURS)
    days: tuple[float, ...] = (0.0,) * (2 * DAYS)
    angry_hours: tuple[float, ...] = (0.0,) * (2 * HOURS)
    grumbles: tuple[float, ...] = (0.0,) * (2 * HOURS * GRUMBLES)
    angry_spread: tuple[float, ...] = (0.0,) * (2 * len(WINDOWS))
    calm_spread: tuple[float, ...] = (0.0,) * (2 * len(WINDOWS))
    volume_spread: tuple[float, ...] = (0.0,) * (2 * len(WINDOWS))


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
    if index >= HOUR:
        answered *= settings.burst_length
    return voice(baseline) * (1.0 + answered)


def local_factor(
    settings: BaselineSettings, baseline: Baseline, index: int, calm: float, usual: float
) -> float:
    """Return how much busier than usual a window is, by its calm posts alone.

    A storm of anger does not move it; a promotion does. Few posts move it little: it is the mean
    of a Gamma law whose spread before the window is the brand's own.
    """
    spread = spread_of(settings.calm_spread[index], baseline.calm_spread, index, usual)
    strength = 1.0 / max(spread, 0.02)
    factor = (strength + calm) / (strength + usual)
    return factor if factor >= 1.0 else factor**settings.quiet_power


def coldness(baseline: Baseline) -> float:
    """Return the relative variance that an unknown rhythm of day and week adds."""
    return 0.9 * exp(-baseline.watched_days / 1.2)


def spread_of(belief: float, table: Sequence[float], index: int, mean: float) -> float:
    """Return the relative variance of a window beyond chance, where `mean` is expected of it.

    `table` holds what was seen of each window of `WINDOWS`, as pairs of excess and base.
    """
    excess, base = table[2 * index], table[2 * index + 1]
    strength = 60.0 * mean + 20.0 * mean * mean + 1e-9
    found = (excess + strength * belief) / (base + strength)
    if found < LEAST_SPREAD:
        return LEAST_SPREAD
    return found if found < 4.0 else 4.0
