"""Hours of a week in a time zone: business, on call, quiet; right when clocks are changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from emberwatch.model.team import Span

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_LONGEST_SEARCH = 28
"""Days within which hours open: clocks that are put forward may swallow one week's, not two's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyHours:
    """The same hours every week, by the clock on the wall of one place; none mean always.

    A time of the wall that clocks put back show twice is its first; one that clocks put forward
    leave out is the moment of the change. So hours that follow each other on the wall do so in
    truth, with neither a gap nor an overlap, and a night shift is an hour longer or shorter.
    """

    time_zone: str = "UTC"
    spans: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        ordered = sorted(self.spans, key=lambda span: span.begins)
        for earlier, later in zip(ordered[-1:] + ordered, ordered, strict=False):
            if earlier is not later and earlier.overlaps(later):
                raise ValueError(f"hours {earlier} and {later} overlap")

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def covers(self, at: datetime) -> bool:
        """Whether an instant lies in the hours; their end no longer does."""
        return not self.spans or any(
            begins <= at < ends for begins, ends in self._stretches(at, at)
        )

    def next_opening(self, at: datetime) -> datetime:
        """Return the first instant from `at` on that lies in the hours, in UTC."""
        if self.covers(at):
            return at.astimezone(UTC)
        within = self._stretches(at, at + _LONGEST_SEARCH * _DAY)
        return next(begins for begins, _ in within if begins > at)

    def next_closing(self, at: datetime) -> datetime | None:
        """Return when the hours that cover `at` end, in UTC; `at` itself where none do.

        None: they never end.
        """
        if not self.spans:
            return None
        closes = at.astimezone(UTC)
        for begins, ends in self._stretches(at, at + _LONGEST_SEARCH * _DAY):
            if begins > closes:
                return closes
            closes = max(closes, ends)
        return None

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return how much of the time from `start` to `end` lies in the hours."""
        # the difference of two times of one zone is that of its walls
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if end <= start:
            return timedelta()
        if not self.spans:
            return end - start
        return sum(
            (min(ends, end) - max(begins, start) for begins, ends in self._stretches(start, end)),
            timedelta(),
        )

    def passing(self, start: datetime, length: timedelta) -> datetime:
        """Return when so much time inside the hours has passed since `start`, in UTC.

        What is promised for two business hours on a Friday evening is due on Monday morning.
        """
        start = start.astimezone(UTC)
        if not self.spans:
            return start + length
        rest, since = length, start
        while True:
            until = since + _LONGEST_SEARCH * _DAY
            for begins, ends in self._stretches(since, until):
                begins, ends = max(begins, since), min(ends, until)
                if rest <= ends - begins:
                    return begins + rest
                rest -= ends - begins
            since = until

    def _stretches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield when the hours truly begin and end that touch a time, in order.

        Left out are those that end by `start`, begin behind `end`, or that a change swallowed.
        """
        spans = sorted(self.spans, key=lambda span: span.begins)
        day = start.astimezone(self._zone).date() - _DAY
        last = end.astimezone(self._zone).date()
        while day <= last:
            for span in spans:
                if span.weekday != day.weekday():
                    continue
                begins, ends = self._ends_of(span, day)
                if begins < ends and start < ends and begins <= end:
                    yield begins, ends
            day += _DAY

    def _ends_of(self, span: Span, day: date) -> tuple[datetime, datetime]:
        begins = datetime.combine(day, span.start)
        ends = begins + timedelta(minutes=span.minutes)
        return self._instant(begins), self._instant(ends)

    def _instant(self, wall: datetime) -> datetime:
        """Return the instant at which a wall clock shows this; in a gap, that of the change."""
        late = wall.replace(tzinfo=self._zone).astimezone(UTC)
        if late.astimezone(self._zone).replace(tzinfo=None) == wall:
            return late
        early = wall.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
        offset = early.astimezone(self._zone).utcoffset()
        while late - early > _SECOND:
            middle = early + (late - early) // 2
            if middle.astimezone(self._zone).utcoffset() == offset:
                early = middle
            else:
                late = middle
        return late.replace(microsecond=0)
