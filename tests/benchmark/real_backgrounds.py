"""Storms put into real backgrounds: NAB's volumes of tweets about ten brands.

    scripts/bench detect --backgrounds DIR [--seed 1]

The volumes (five minutes a row, eight weeks) are real, with all their leaps; what of them is angry
is drawn: a share of 8 or 25 % that wanders by a quarter of itself within six hours. Leaps with the
anger of any day are therefore no storms, and what rings for them is false. Into the weeks after the
first two come 1.2 storms a week that leap, double or climb to 2 to 20 times the usual anger, one
and a half to eight hours long, with calm posts of their own. A storm is found when an alert opens
within it; alerts within an hour of each other are one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, log
from pathlib import Path

import numpy as np

from emberwatch.runtime.series import Row, judge_series
from tests.benchmark import nab

ASKED = 0.25 * 30.44 / 7.0
"""False alarms a month: one in four weeks."""
SHARES = (0.08, 0.25)
STEP = 300
"""Seconds a row."""
HOUR = 3600 // STEP
DAY = 24 * HOUR
WARM = 14 * DAY
WANDERS, WITHIN = 0.25, 6 * HOUR
A_WEEK = 1.2


@dataclass(frozen=True, slots=True)
class Storm:
    """Rows from the first angry post of a storm to an hour after its last tenth."""

    first: int
    last: int


@dataclass(slots=True)
class Background:
    """What was found of a background: minutes until each storm rang, false alerts, weeks."""

    name: str
    an_hour: float
    delays: list[float] = field(default_factory=list)
    storms: int = 0
    false: int = 0
    weeks: float = 0.0


def share_of(chance: np.random.Generator, share: float, rows: int) -> np.ndarray:
    """Return a share that wanders about a mean, one value a row."""
    kept = exp(-1.0 / WITHIN)
    steps = chance.normal(0.0, WANDERS * (1.0 - kept * kept) ** 0.5, rows)
    mood, moods = chance.normal(0.0, WANDERS), []
    for step in steps:
        mood = kept * mood + step
        moods.append(mood)
    return np.clip(share * np.exp(np.array(moods) - WANDERS**2 / 2.0), 0.005, 0.9)


def course(chance: np.random.Generator, usual: float) -> np.ndarray:
    """Return the angry posts an hour of a storm, row by row, where `usual` come on other days."""
    peak = max(usual * exp(chance.uniform(log(2), log(20))), exp(chance.uniform(log(6), log(40))))
    hours = exp(chance.uniform(log(1.5), log(8)))
    at = np.arange(int((3 * hours + 4) * HOUR)) / HOUR
    kind = chance.integers(3)
    if kind == 0:
        return peak * np.exp(-at / hours)
    if kind == 1:
        doubles = chance.uniform(10, 40) / 60
        full = doubles * np.log2(max(peak / 2, 4))
        return peak * np.where(
            at < full, 2 ** ((at - full) / doubles), np.exp(-(at - full) / hours)
        )
    return peak * np.where(at < hours, at / hours, np.exp(-(at - hours) / hours))


def stormy(
    chance: np.random.Generator, volume: np.ndarray, share: float
) -> tuple[np.ndarray, np.ndarray, list[Storm]]:
    """Return posts and angry posts a row, with storms, and where the storms lie."""
    posts = volume.astype(float)
    angry = chance.binomial(volume.astype(int), share_of(chance, share, len(volume))).astype(float)
    usual = share * volume.mean() * HOUR
    storms: list[Storm] = []
    wanted = chance.poisson(A_WEEK * (len(volume) - WARM) / (7 * DAY))
    for _ in range(200):
        first = int(chance.integers(WARM, len(volume) - DAY))
        if len(storms) >= wanted or any(abs(first - one.first) <= 1.5 * DAY for one in storms):
            continue
        rate = course(chance, usual)[: len(volume) - first]
        voices = chance.poisson(rate / HOUR)
        calm = chance.binomial(voices, chance.uniform(0.1, 0.8))
        within = slice(first, first + len(rate))
        angry[within] += voices
        posts[within] += voices + calm
        storms.append(Storm(first, first + int(np.flatnonzero(rate > 0.1 * rate.max())[-1]) + HOUR))
    return posts, angry, storms


def rung(seconds: Sequence[int], posts: np.ndarray, angry: np.ndarray) -> list[int]:
    """Return the rows at which an incident opened; alerts within an hour are one."""
    rows = (Row(*one) for one in zip(seconds, posts.tolist(), angry.tolist(), strict=True))
    burning = [place for place, one in enumerate(judge_series(rows, ASKED)) if one.alert]
    return [
        place
        for number, place in enumerate(burning)
        if not number or place - burning[number - 1] > HOUR
    ]


def lived(name: str, rows: Sequence[tuple[int, int]], seed: int) -> Background:
    """Return what is found in one background with storms of a seed."""
    volume = np.array([count for _, count in rows])
    chance = np.random.default_rng([seed, *name.encode()])
    posts, angry, storms = stormy(chance, volume, SHARES[seed % len(SHARES)])
    opened = [at for at in rung([second for second, _ in rows], posts, angry) if at >= WARM]
    found = Background(
        name=name, an_hour=float(volume.mean() * HOUR), storms=len(storms),
        weeks=(len(rows) - WARM) / (7 * DAY),
    )  # fmt: skip
    for storm in storms:
        within = [at for at in opened if storm.first <= at <= storm.last]
        if within:
            found.delays.append((within[0] + 1 - storm.first) * STEP / 60)
    found.false = sum(
        not any(storm.first <= at <= storm.last + HOUR for storm in storms) for at in opened
    )
    return found


def report(folder: Path, seed: int) -> str:
    """Return a table of all backgrounds, with the storms of two seeds (one a share)."""
    lines = [
        "| background | posts an hour | found | delay p50 / p90, minutes | false a week |",
        "| --- | --- | --- | --- | --- |",
    ]
    every: list[Background] = []
    for file, rows in nab.load(folder):
        name = Path(file.name).stem.removeprefix("Twitter_volume_")
        both = [lived(name, rows, one) for one in (seed, seed + 1)]
        every += both
        lines.append(_line(name, f"{both[0].an_hour:.0f}", both))
    return "\n".join([*lines, _line("**all**", "", every)])


def _line(name: str, an_hour: str, some: Sequence[Background]) -> str:
    delays = [delay for one in some for delay in one.delays]
    p50, p90 = np.percentile(delays, (50, 90)) if delays else (0.0, 0.0)
    storms, weeks = sum(one.storms for one in some), sum(one.weeks for one in some)
    false = sum(one.false for one in some) / weeks
    found = f"{len(delays)} of {storms}"
    return f"| {name} | {an_hour} | {found} | {p50:.0f} / {p90:.0f} | {false:.2f} |"
