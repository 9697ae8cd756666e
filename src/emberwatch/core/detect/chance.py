"""How unlikely it is that chance alone brings so much in a window."""

from dataclasses import dataclass
from math import exp, inf, log, sqrt

from emberwatch.core.detect.baseline import (
    Baseline,
    BaselineSettings,
    burst,
    coldness,
    level,
    lump,
    share,
    spread_of,
    voice,
)
from emberwatch.core.detect.quarter import WINDOWS
from emberwatch.core.detect.swift import maker
from emberwatch.core.detect.tail import beta_binomial_log_tail, negative_binomial_log_tail

_HOURS_A_MONTH = 730.6
LEAST_CHANCE = 1e-300
"""What is told of a chance that is too small for a number."""
_ORDINARY = 2.0
"""Standard deviations up to which nothing is remarkable: the chance is not worth working out."""


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
    spread = spread_of(settings.angry_spread[index], baseline.angry_spread, index, mean)
    known = 1.0 / (baseline.long_heat / one + 0.5)
    return one, mean, spread + known + coldness(baseline)


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
    spread = spread_of(settings.volume_spread[index], baseline.volume_spread, index, usual)
    known = 1.0 / (baseline.long_volume + settings.first_posts)
    shape = 1.0 / (spread + known + coldness(baseline))
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
    spread = spread_of(settings.volume_spread[index], baseline.volume_spread, index, usual)
    known = 1.0 / (baseline.long_volume + settings.first_posts)
    return _likely(usual, spread + known + coldness(baseline))


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
