"""What will become of a thread: huge for a brand, applause, or out."""

from datetime import UTC, datetime, timedelta
from math import log

from emberwatch.core.detect.growth import Sizes, evidence, expected_in_the_end, log_odds
from emberwatch.core.detect.outlook import Standing
from emberwatch.core.detect.thread_state import (
    FAST,
    SLOW,
    PileOnSettings,
    Stake,
    Thread,
    floor_of,
    is_concerned,
    rates,
)
from emberwatch.model.alert import Fire
from emberwatch.model.brand import Brand

_STILL_GROWING = 1.25
_GROWING_AGAIN = 1.6
"""How far the fast rate is above the slow one while a thread grows."""
RINGING = (Standing.HUGE, Standing.LIKELY)
"""What rings."""


def standing_of(
    settings: PileOnSettings,
    thread: Thread,
    stake: Stake,
    brand: Brand,
    at: datetime,
    *,
    is_due: bool,
) -> Standing:
    """Return whether a thread is huge for a brand, or as good as certain to become so.

    A forecast that is not due counts as unlikely.
    """
    floor, size = floor_of(stake, brand), thread.size
    if not is_concerned(thread, stake):
        return Standing.NOT_CONCERNED
    if _is_applause(settings, thread):
        return Standing.APPLAUSE
    if size >= floor:
        is_new = stake.ring is None and size - thread.unseen >= floor
        lively = thread.growth.since(at.timestamp() - 3600.0)
        is_lively = lively >= max(min(settings.fewest, floor), floor / 10)
        return Standing.HUGE if is_new or is_lively else Standing.STALE
    if stake.ring:
        return Standing.TOLD_BEFORE
    target = floor - thread.before
    if not is_foreseeable(settings, thread, target):
        return Standing.TOO_FEW
    if is_due and odds(settings, thread, floor, at, target) >= bar(settings, thread.grown, target):
        return Standing.LIKELY
    return Standing.UNLIKELY


def is_foreseeable(settings: PileOnSettings, thread: Thread, target: int) -> bool:
    """Whether a burst is long enough, and short enough of its target, for a forecast."""
    return settings.fewest <= thread.grown < target


def odds(settings: PileOnSettings, thread: Thread, floor: int, at: datetime, target: int) -> float:
    """Return the log odds of a thread's burst coming to a target."""
    speaks = evidence(thread.growth, thread.burst_at, at.timestamp(), thread.grown, target)
    return speaks + log_odds(sizes_of(settings, floor).prior(thread.grown, target))


def bar(settings: PileOnSettings, grown: int, target: int) -> float:
    """Return the log odds from which a burst of a size rings."""
    fewest = settings.fewest
    way = log(grown / fewest) / log(target / fewest)
    return log_odds(settings.precision) + settings.doubt * way


def sizes_of(settings: PileOnSettings, floor: int) -> Sizes:
    """Return how large threads become where so many reactions are huge."""
    return Sizes(huge=floor, share=settings.base_rate, smallest=settings.smallest)


def _is_applause(settings: PileOnSettings, thread: Thread) -> bool:
    """Whether the crowd is known to be calm, under a root that is not angry itself."""
    return (
        thread.judged >= settings.judged_enough
        and thread.angry < settings.applause_below * thread.judged
        and (thread.root_anger or 0.0) < settings.angry_from
    )


def fire_of(settings: PileOnSettings, thread: Thread, was: Fire, at: datetime) -> Fire:
    """Return how the fire goes; it changes back less readily than it changed."""
    if at - thread.touched_at >= settings.quiet_after:
        return Fire.OUT
    fast, slow = rates(thread, at.timestamp())
    if fast < thread.peak / (2.0 if was is Fire.COOLING else 4.0):
        return Fire.COOLING
    grows = _STILL_GROWING if was is Fire.GROWING else _GROWING_AGAIN
    return Fire.GROWING if fast > slow * grows else Fire.BURNING


def changes_at(settings: PileOnSettings, thread: Thread, fire: Fire) -> datetime:
    """Return when the fire will be another if nobody reacts any more."""
    out_at = thread.touched_at + settings.quiet_after
    if fire is Fire.COOLING:
        return out_at
    minutes = FAST * log(4.0 * thread.fast / thread.peak)
    if fire is Fire.GROWING:
        above = thread.fast / (_STILL_GROWING * thread.slow)
        minutes = min(minutes, log(above) / (1.0 / FAST - 1.0 / SLOW))
    changed_at = datetime.fromtimestamp(thread.rated_at, UTC) + timedelta(minutes=minutes)
    return min(out_at, changed_at + timedelta(seconds=1))


def cold_at(settings: PileOnSettings, thread: Thread) -> datetime:
    """Return when a thread that stays silent can be forgotten."""
    is_crowd = thread.has_size(settings.fewest) or thread.has_rung
    return thread.touched_at + (settings.cold_after_crowd if is_crowd else settings.cold_after)


def end_of(thread: Thread, sizes: Sizes, now: float) -> int:
    """Return the size that a thread will pass with even odds."""
    if not thread.grown:
        return thread.size
    further = expected_in_the_end(thread.growth, thread.burst_at, now, thread.grown, sizes)
    return max(thread.size, thread.before + round(further))
