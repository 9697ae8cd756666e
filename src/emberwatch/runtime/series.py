"""The spike detector over a plain series of counts, for anybody's benchmark.

It is the fold that watches brands, fed with numbers instead of posts: each angry count is a voice
of its own. Nothing is read ahead: what is said of a row follows from the rows up to it.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from math import inf, log10
from typing import NamedTuple

from emberwatch.core.detect.quarter import QUARTER
from emberwatch.core.detect.spike import Spike
from emberwatch.core.detect.spike_state import SpikeSettings, SpikeState
from emberwatch.model.brand import Brand
from emberwatch.model.event import Unwatched

BRAND = "series"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_BUCKET = 1440
_NEVER = 1 << 62
_FINE = 60
"""Windows up to this length (minutes) are counted by the minute, longer ones by the quarter."""
MOST_SCORE = 300.0
"""The greatest score: a smaller chance than 1e-300 is nothing that a double can hold for long."""
_LOOKS = log10(30.44 * 1440 / QUARTER)
"""Quarters of an hour in a month (log10)."""


class Row(NamedTuple):
    """A bucket of a series: its beginning in seconds since 1970, its posts, the angry of them.

    Both counts are None where nobody could read the feed.
    """

    timestamp: float
    posts: float | None
    angry: float | None


class Judged(NamedTuple):
    """What is said of a row.

    `score` (0 to `MOST_SCORE`) is -log10 of the chance that a quarter of an hour brings as much
    anger, after calibration, so a score of 3 means the same for every brand and bucket; `alert` is
    1 while an anger alert is open, `surge` while one of volume alone is.
    """

    score: float
    alert: int
    surge: int


def judge_series(
    rows: Iterable[Row],
    false_alarms_per_month: float = 1.0,
    settings: SpikeSettings | None = None,
) -> Iterator[Judged]:
    """Yield one verdict a row, in order; the verdict of a row never depends on later ones.

    Buckets may have any length, regular or not: two equal steps between rows in succession tell how
    long a bucket is (the shortest such step, a day at most; a minute until then), and its posts are
    spread evenly over it. Time between buckets counts as silence. A row that lies before the one
    above counts in its own time.
    Raises `ValueError` where `angry` is more than `posts` or either is negative.
    """
    settings = settings or SpikeSettings()
    brand = Brand(
        name=BRAND,
        words=(BRAND,),
        false_alarms_per_month=false_alarms_per_month,
        quiet_after=settings.stays_open,
    )
    fold = _Fold(Spike({BRAND: brand}, settings))
    bucket, step = 1, 0
    before: int | None = None
    for number, row in enumerate(rows, start=1):
        minute = int(row.timestamp // 60)
        if before is not None and minute > before:
            was, step = step, min(minute - before, _LONGEST_BUCKET)
            if step == was and (step < bucket or bucket == 1):
                bucket = step
        before = minute if before is None else max(before, minute)
        if row.posts is None or row.angry is None:
            fold.miss(minute, bucket)
        elif 0.0 <= row.angry <= row.posts:
            fold.take(minute, bucket, row.posts, row.angry)
        else:
            raise ValueError(
                f"row {number}: expected 0 <= angry <= posts, got {row.angry} of {row.posts}"
            )
        yield fold.judged()


class _Fold:
    """The fold between rows, and what it said last."""

    def __init__(self, spike: Spike) -> None:
        self._spike = spike
        self._state: SpikeState | None = None
        self._rate = inf
        self._wakes_at = _NEVER

    def take(self, minute: int, length: int, posts: float, angry: float) -> None:
        """Count a bucket and look."""
        last = minute + length - 1
        state = self._state if self._state is not None else self._watch(minute, minute)
        while minute > self._wakes_at:
            state = self._scan(state, self._wakes_at)
        if posts > 0.0:
            for each, portion in _portions(minute, length):
                came, ire = posts / length * portion, angry / length * portion
                state = self._spike.tally(BRAND, state, each, came, ire)
        if posts > 0.0 or last >= self._wakes_at:
            self._scan(state, last)

    def miss(self, minute: int, length: int) -> None:
        """Enter a bucket in which nobody watched."""
        self._watch(minute, minute + length)

    def judged(self) -> Judged:
        """Return what is to be said of the row that came last."""
        state = self._state
        score = min(max(0.0, _LOOKS - self._rate), MOST_SCORE)
        return Judged(
            score=score,
            alert=1 if state is not None and state.spike is not None else 0,
            surge=1 if state is not None and state.surge is not None else 0,
        )

    def _watch(self, since: int, until: int) -> SpikeState | None:
        event = Unwatched(at=_instant(until), brand=BRAND, since=_instant(since))
        self._state, _ = self._spike.fold(BRAND, self._state, event)
        return self._state

    def _scan(self, state: SpikeState | None, minute: int) -> SpikeState:
        """Look, and know when to look again: at the next quarter, until all is forgotten."""
        state, self._rate = self._spike.scan(BRAND, state, minute)
        is_over = self._rate == inf and not state.spike and not state.surge
        self._wakes_at = _NEVER if is_over else (state.minute // QUARTER + 1) * QUARTER
        self._state = state
        return state


def _portions(minute: int, length: int) -> Iterator[tuple[int, int]]:
    """Yield the minutes at which a bucket is counted, each with how many minutes it stands for.

    No short window reaches further back than an hour from the end of the bucket: what lies before
    that is counted by the whole quarter, which is all that is kept of it.
    """
    end = minute + length
    fine_from = (end - _FINE) // QUARTER * QUARTER
    while minute < end:
        portion = QUARTER if minute % QUARTER == 0 and minute < fine_from else 1
        yield minute, portion
        minute += portion


def _instant(minute: int) -> datetime:
    return _EPOCH + timedelta(minutes=minute)
