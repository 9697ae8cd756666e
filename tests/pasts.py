"""Pasts of brands, made of steady quarters."""

import random
from dataclasses import replace

from emberwatch.core.detect.baseline import (
    BaselineSettings,
)
from emberwatch.core.detect.expectation import Sums, expected
from emberwatch.core.detect.past import (
    Past,
    add,
    advance,
    begin,
)
from emberwatch.core.detect.quarter import QUARTER, Quarter

SETTINGS = BaselineSettings()
MONDAY = 29_459_520
"""A Monday midnight, in minutes since 1970."""
DAY = 1440


def a_past(
    days: float, per_quarter: float = 4.0, angry: float = 1.0, busy: int | None = None
) -> Past:
    """Return a past of steady quarters; the hour `busy` of the day brings ten times as much."""
    past = begin(SETTINGS, MONDAY)
    for minute in range(MONDAY, MONDAY + int(days * DAY), QUARTER):
        past = advance(SETTINGS, past, minute)
        times = 10.0 if busy is not None and minute % DAY // 60 == busy else 1.0
        past = add(
            SETTINGS,
            past,
            minute,
            Quarter(
                volume=times * 4.0,
                judged=times * 4.0,
                calm=times * 3.0,
                anger=times,
                squares=times,
                heat=times,
                heat_squares=times,
            ),
        )
    return past


def usual(past: Past, minute: int, window: int) -> dict[str, float]:
    """Return what a window that ends with a minute should have brought."""
    found = expected(past, Sums(past.closed), minute, window)
    return dict(zip(("volume", "calm", "heat"), found, strict=True))


def a_series(seed: int, days: int, answers: int) -> Past:
    """Return the past of a plain series of 2 angry voices an hour, each tenth of them answered."""
    chance = random.Random(seed)
    past = begin(SETTINGS, MONDAY)
    for minute in range(MONDAY, MONDAY + days * DAY, QUARTER):
        past = advance(SETTINGS, past, minute)
        voices = float(sum(chance.random() < 0.05 for _ in range(10)))
        if voices and chance.random() < 0.1:
            voices += answers
        came = Quarter(volume=10.0, judged=10.0, calm=10.0 - voices, heat_squares=voices)
        past = add(SETTINGS, past, minute, replace(came, heat=voices, nameless=voices))
    return past
