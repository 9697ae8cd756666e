"""Hours of a week, on the days on which clocks are changed as on any other."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from emberwatch.core.respond.hours import WeeklyHours
from emberwatch.model.team import Span

SOFIA = ZoneInfo("Europe/Sofia")
HOUR = timedelta(hours=1)


def hours(*spans: tuple[int, str, str], zone: str = "Europe/Sofia") -> WeeklyHours:
    return WeeklyHours(
        time_zone=zone,
        spans=tuple(
            Span(weekday=day, start=time.fromisoformat(start), end=time.fromisoformat(end))
            for day, start, end in spans
        ),
    )


def sofia(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SOFIA)


OFFICE = hours(*((day, "09:00", "18:00") for day in range(5)))
NIGHT = hours(*((day, "22:00", "07:00") for day in range(7)))


def test_no_hours_are_always() -> None:
    always = WeeklyHours()
    at = sofia("2026-01-04T03:00")

    assert always.covers(at)
    assert always.next_opening(at) == at
    assert always.next_closing(at) is None
    assert always.between(at, at + 5 * HOUR) == 5 * HOUR
    assert always.passing(at, HOUR) == at + HOUR


def test_the_beginning_is_in_and_the_end_is_out() -> None:
    assert OFFICE.covers(sofia("2026-01-05T09:00"))
    assert not OFFICE.covers(sofia("2026-01-05T18:00"))


def test_the_hours_are_those_of_the_wall_and_not_of_utc() -> None:
    assert not OFFICE.covers(datetime(2026, 7, 1, 5, 59, tzinfo=UTC))
    assert OFFICE.covers(datetime(2026, 7, 1, 6, 0, tzinfo=UTC))
    assert not OFFICE.covers(datetime(2026, 1, 7, 6, 59, tzinfo=UTC))
    assert OFFICE.covers(datetime(2026, 1, 7, 7, 0, tzinfo=UTC))


def test_hours_open_next_on_the_working_day_after_a_weekend() -> None:
    assert OFFICE.next_opening(sofia("2026-01-09T18:00")) == sofia("2026-01-12T09:00")


def test_hours_that_cover_a_moment_are_open_at_once() -> None:
    at = sofia("2026-01-09T17:59")
    assert OFFICE.next_opening(at) == at


def test_a_night_shift_crosses_midnight_and_the_week() -> None:
    shift = hours((6, "22:00", "06:00"))

    assert shift.covers(sofia("2026-01-04T23:00"))
    assert shift.covers(sofia("2026-01-05T05:59"))
    assert not shift.covers(sofia("2026-01-05T06:00"))


def test_hours_close_when_what_covers_a_moment_ends() -> None:
    assert NIGHT.next_closing(sofia("2026-01-05T23:00")) == sofia("2026-01-06T07:00")
    assert OFFICE.next_closing(sofia("2026-01-05T12:00")) == sofia("2026-01-05T18:00")


def test_hours_that_follow_each_other_close_at_the_end_of_the_last() -> None:
    weekend = hours((4, "18:00", "00:00"), (5, "00:00", "00:00"), (6, "00:00", "12:00"))
    assert weekend.next_closing(sofia("2026-01-09T20:00")) == sofia("2026-01-11T12:00")


def test_hours_that_are_shut_close_at_once() -> None:
    at = sofia("2026-01-05T20:00")
    assert OFFICE.next_closing(at) == at


def test_whole_days_all_week_never_close() -> None:
    week = hours(*((day, "00:00", "00:00") for day in range(7)))
    at = sofia("2026-03-25T12:00").astimezone(UTC)

    assert week.next_closing(at) is None
    assert week.between(at, at + timedelta(days=30)) == timedelta(days=30)


def test_only_the_time_inside_the_hours_counts() -> None:
    friday, monday = sofia("2026-01-09T17:00"), sofia("2026-01-12T10:00")
    assert OFFICE.between(friday, monday) == 2 * HOUR


def test_time_that_runs_backwards_is_none() -> None:
    at = sofia("2026-01-09T12:00")
    assert OFFICE.between(at, at - HOUR) == timedelta()


def test_what_is_promised_on_friday_evening_is_due_on_monday() -> None:
    due = OFFICE.passing(sofia("2026-01-09T17:00"), 2 * HOUR)
    assert due == sofia("2026-01-12T10:00")


def test_a_promise_of_many_weeks_is_followed_through() -> None:
    due = hours((0, "09:00", "10:00")).passing(sofia("2026-01-05T09:00"), 10 * HOUR)
    assert due == sofia("2026-03-09T10:00")


def test_the_night_in_which_clocks_go_forward_is_an_hour_shorter() -> None:
    evening = sofia("2026-03-28T22:00")
    morning = NIGHT.next_closing(evening)

    assert morning == sofia("2026-03-29T07:00")
    assert morning - evening.astimezone(UTC) == 8 * HOUR
    assert NIGHT.between(evening, morning) == 8 * HOUR


def test_the_night_in_which_clocks_go_back_is_an_hour_longer() -> None:
    evening = sofia("2026-10-24T22:00")
    morning = NIGHT.next_closing(evening)

    assert morning == sofia("2026-10-25T07:00")
    assert morning - evening.astimezone(UTC) == 10 * HOUR
    assert NIGHT.between(evening, morning) == 10 * HOUR


def test_hours_that_begin_in_the_hour_left_out_begin_with_the_change() -> None:
    early = hours((6, "03:30", "06:00"))
    change = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)

    assert early.next_opening(sofia("2026-03-29T01:00")) == change
    assert early.between(change - HOUR, change + 5 * HOUR) == 2 * HOUR


def test_hours_wholly_in_the_hour_left_out_open_a_week_later() -> None:
    brief = hours((6, "03:10", "03:50"))
    assert brief.next_opening(sofia("2026-03-29T00:00")) == sofia("2026-04-05T03:10")


def test_hours_in_the_hour_shown_twice_are_its_first() -> None:
    brief = hours((6, "03:00", "03:30"))

    assert brief.covers(datetime(2026, 10, 25, 0, 10, tzinfo=UTC))
    assert not brief.covers(datetime(2026, 10, 25, 1, 10, tzinfo=UTC))
    assert brief.between(sofia("2026-10-25T00:00"), sofia("2026-10-25T12:00")) == HOUR / 2


def test_a_day_that_an_island_skipped_has_no_hours() -> None:
    friday = hours((4, "09:00", "17:00"), zone="Pacific/Apia")
    eve = datetime(2011, 12, 29, 12, 0, tzinfo=ZoneInfo("Pacific/Apia"))

    assert friday.between(eve, eve.astimezone(UTC) + timedelta(days=4)) == timedelta()
    assert friday.next_opening(eve).astimezone(ZoneInfo("Pacific/Apia")).day == 6


def test_hours_that_overlap_are_none() -> None:
    with pytest.raises(ValueError, match=r"sun 22:00-06:00 and mon 05:00-09:00 overlap"):
        hours((6, "22:00", "06:00"), (0, "05:00", "09:00"))
