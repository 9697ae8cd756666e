"""Laws of weekly hours, against the clock on the wall itself, minute by minute."""

from datetime import datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from emberwatch.core.respond.hours import WeeklyHours
from emberwatch.model.team import Span

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

CHANGES = {
    "Europe/Sofia": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
    "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
    "Australia/Lord_Howe": ("2026-10-03T15:30Z", "2026-04-04T15:00Z"),
    "Asia/Beirut": ("2026-03-28T22:00Z", "2026-10-24T21:00Z"),
    "Asia/Kolkata": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
}
"""Zones that change their clocks at night, at midnight, by half an hour, never: and when (UTC)."""


@st.composite
def weeks(draw: st.DrawFn) -> tuple[Span, ...]:
    """Return hours that do not overlap, beginning and ending on quarters of an hour."""
    quarters = draw(st.lists(st.integers(0, 7 * 96 - 1), min_size=2, max_size=12, unique=True))
    ends = sorted(quarters)
    spans = []
    for begins, end in list(pairwise(ends))[::2]:
        if end - begins <= 96:
            day, quarter = divmod(begins, 96)
            if (end - begins) % 96 or not quarter:
                spans.append(Span(weekday=day, start=_time(quarter), end=_time(end % 96)))
    return tuple(spans)


def _time(quarter: int) -> time:
    return time(quarter // 4, quarter % 4 * 15)


@st.composite
def days_of_change(draw: st.DrawFn) -> tuple[str, datetime]:
    """Return a zone and a moment some minutes or hours from a change of its clocks."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    change = datetime.fromisoformat(draw(st.sampled_from(CHANGES[zone])))
    return zone, change + draw(st.integers(-2 * 1440, 2 * 1440)) * MINUTE


def on_the_wall(hours: WeeklyHours, at: datetime) -> bool:
    """Whether the clock on the wall shows a time within the hours."""
    wall = at.astimezone(ZoneInfo(hours.time_zone))
    minute = wall.weekday() * 1440 + wall.hour * 60 + wall.minute
    return any((minute - span.begins) % (7 * 1440) < span.minutes for span in hours.spans)


def is_plain(zone: ZoneInfo, at: datetime) -> bool:
    """Whether a wall clock shows this time once, and all was so for a day."""
    offsets = {(at + n * DAY / 4).astimezone(zone).utcoffset() for n in range(-4, 2)}
    return len(offsets) == 1


@settings(max_examples=60, deadline=None)
@given(weeks(), days_of_change())
def test_away_from_a_change_the_wall_clock_decides(
    spans: tuple[Span, ...], where: tuple[str, datetime]
) -> None:
    zone, at = where
    hours = WeeklyHours(time_zone=zone, spans=spans)
    if spans and is_plain(ZoneInfo(zone), at):
        assert hours.covers(at) is on_the_wall(hours, at)


@settings(max_examples=60, deadline=None)
@given(weeks(), days_of_change(), st.integers(0, 600))
def test_the_time_inside_the_hours_is_the_sum_of_its_minutes(
    spans: tuple[Span, ...], where: tuple[str, datetime], length: int
) -> None:
    zone, start = where
    hours = WeeklyHours(time_zone=zone, spans=spans)
    counted = sum(hours.covers(start + n * MINUTE) for n in range(length))
    assert hours.between(start, start + length * MINUTE) == counted * MINUTE


@settings(max_examples=60, deadline=None)
@given(weeks(), days_of_change(), st.integers(0, 5000), st.integers(0, 5000))
def test_two_times_that_follow_each_other_add_up(
    spans: tuple[Span, ...], where: tuple[str, datetime], first: int, second: int
) -> None:
    zone, start = where
    hours = WeeklyHours(time_zone=zone, spans=spans)
    middle = start + first * MINUTE
    end = middle + second * MINUTE
    assert hours.between(start, middle) + hours.between(middle, end) == hours.between(start, end)


@settings(max_examples=60, deadline=None)
@given(weeks(), days_of_change())
def test_hours_open_at_the_first_minute_that_they_cover(
    spans: tuple[Span, ...], where: tuple[str, datetime]
) -> None:
    zone, at = where
    hours = WeeklyHours(time_zone=zone, spans=spans)
    opens = hours.next_opening(at)
    assert hours.covers(opens)
    assert hours.between(at, opens) == (timedelta() if spans else opens - at)


@settings(max_examples=60, deadline=None)
@given(weeks(), days_of_change())
def test_hours_close_at_the_first_moment_that_they_do_not_cover(
    spans: tuple[Span, ...], where: tuple[str, datetime]
) -> None:
    zone, at = where
    hours = WeeklyHours(time_zone=zone, spans=spans)
    closes = hours.next_closing(at)
    if closes is not None:
        assert not hours.covers(closes)
        assert hours.between(at, closes) == closes - at


@settings(max_examples=60, deadline=None)
@given(weeks(), days_of_change(), st.integers(1, 5000))
def test_what_is_due_is_due_when_so_much_time_has_passed(
    spans: tuple[Span, ...], where: tuple[str, datetime], length: int
) -> None:
    zone, start = where
    hours = WeeklyHours(time_zone=zone, spans=spans)
    due = hours.passing(start, length * MINUTE)
    assert hours.between(start, due) == length * MINUTE
    assert hours.between(start, due - MINUTE / 60) < length * MINUTE


@settings(max_examples=60, deadline=None)
@given(days_of_change(), st.integers(0, 95), st.integers(1, 95))
def test_hours_and_the_rest_of_the_day_leave_no_gap_and_share_nothing(
    where: tuple[str, datetime], start: int, length: int
) -> None:
    zone, at = where
    times = _time(start), _time((start + length) % 96)
    if times[0] == times[1]:
        return
    day = WeeklyHours(time_zone=zone, spans=_daily(*times))
    rest = WeeklyHours(time_zone=zone, spans=_daily(*reversed(times)))
    for minutes in range(0, 1440, 7):
        moment = at + minutes * MINUTE
        assert day.covers(moment) is not rest.covers(moment)


def _daily(start: time, end: time) -> tuple[Span, ...]:
    return tuple(Span(weekday=day, start=start, end=end) for day in range(7))
