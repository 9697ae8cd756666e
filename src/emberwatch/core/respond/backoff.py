"""When to try a failed delivery again."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How patient we are with one receiver.

    `gaps[n]` is the wait before the try that follows `n` others, so the first is the wait before
    the first try of all.
    """

    gaps: tuple[timedelta, ...]
    longest_asked: timedelta = timedelta(hours=1)


PATIENCE = Backoff(
    gaps=(
        timedelta(0),
        timedelta(seconds=5),
        timedelta(seconds=15),
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=5),
        timedelta(hours=10),
        timedelta(hours=14),
        timedelta(hours=20),
        timedelta(hours=24),
    )
)
"""Twelve tries in 75 h 36 min: dense at first, because anger ages in minutes."""


SOON = timedelta(minutes=1)
"""What a receiver failed to take is not hurried, once it is back, if it comes so soon anyway."""


def next_try(
    backoff: Backoff, attempts: int, failed_at: datetime, asked: timedelta | None
) -> datetime | None:
    """Return when to try again after `attempts` tries, or None to give up.

    A receiver that asks for longer gets longer, up to `longest_asked`.
    """
    if attempts >= len(backoff.gaps):
        return None
    ours = failed_at + backoff.gaps[attempts]
    return ours if asked is None else max(ours, held_until(backoff, failed_at, asked))


def held_until(backoff: Backoff, failed_at: datetime, asked: timedelta) -> datetime:
    """Return until when a receiver that asked for some time is sent nothing at all."""
    return failed_at + min(asked, backoff.longest_asked)


def free_at(backoff: Backoff, until: datetime, now: datetime) -> datetime:
    """Return when a receiver that asked for time `until` then may be sent anything: then, or now.

    It may have asked when the clock, set back since, was ahead: that does not count.
    """
    return until if now < until <= now + backoff.longest_asked else now
