"""Instants as people say them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from emberwatch.cli.when import calendar_week, instant_ahead, instant_of

NOW = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("now", NOW),
        ("2h ago", NOW - timedelta(hours=2)),
        ("30d ago", NOW - timedelta(days=30)),
        ("10:30", NOW.replace(hour=10, minute=30, second=0)),
        (" 9:05 ", NOW.replace(hour=9, minute=5, second=0)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01 10:30", datetime(2026, 3, 1, 10, 30, tzinfo=UTC)),
        ("2026-03-01T10:30:15Z", datetime(2026, 3, 1, 10, 30, 15, tzinfo=UTC)),
        ("2026-03-01 10:30:15 UTC", datetime(2026, 3, 1, 10, 30, 15, tzinfo=UTC)),
        ("2026-03-01T10:30+02:00", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_people_say_it(said: str, meant: datetime) -> None:
    assert instant_of(said, NOW) == meant
    assert instant_of(said, NOW).utcoffset() == timedelta()


@pytest.mark.parametrize(
    "said",
    [
        "",
        "soon",
        "2 h ago",
        "0h ago",
        "99999999d ago",
        "25:00",
        "2026-13-01",
        "0001-01-01T00:00+14",
    ],
)
def test_what_is_no_time_is_refused_with_examples(said: str) -> None:
    with pytest.raises(ValueError, match=r"such as '2026-03-02 10:30', '10:30' or '2h ago', got"):
        instant_of(said, NOW)


# ---------------------------------------------------------------- to come
@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("60d", NOW + timedelta(days=60)),
        ("2027-02-01", datetime(2027, 2, 1, tzinfo=UTC)),
        ("2027-02-01 08:00+02:00", datetime(2027, 2, 1, 6, tzinfo=UTC)),
    ],
)
def test_an_instant_to_come_is_a_length_or_a_date(said: str, meant: datetime) -> None:
    assert instant_ahead(said, NOW) == meant


@pytest.mark.parametrize(
    "said", ["", "-5d", "tomorrow", "9999-12-31T23:59-12:00", "0001-01-01T00:00+12:00"]
)
def test_what_is_no_instant_to_come_is_refused_with_examples(said: str) -> None:
    with pytest.raises(ValueError, match=r"such as 60d or a date such as 2027-02-01, got"):
        instant_ahead(said, NOW)


def test_an_instant_in_another_century_is_refused() -> None:
    with pytest.raises(ValueError, match="in the next hundred years, got '9999-12-31'"):
        instant_ahead("9999-12-31", NOW)


# ---------------------------------------------------------------- weeks
@pytest.mark.parametrize(
    ("said", "name", "since"),
    [
        ("this", "2026-W10", datetime(2026, 3, 2, tzinfo=UTC)),
        ("last", "2026-W09", datetime(2026, 2, 23, tzinfo=UTC)),
        ("2026-W01", "2026-W01", datetime(2025, 12, 29, tzinfo=UTC)),
        (" 2026W53 ", "2026-W53", datetime(2026, 12, 28, tzinfo=UTC)),
    ],
)
def test_a_week_is_read_as_the_calendar_has_it(said: str, name: str, since: datetime) -> None:
    week = calendar_week(said, NOW, UTC)
    assert (week.name, week.since) == (name, since)
    assert week.until - week.since == week.since - week.before == timedelta(weeks=1)


def test_a_week_begins_at_midnight_of_the_place() -> None:
    sunday_evening = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    week = calendar_week("this", sunday_evening, ZoneInfo("Europe/Sofia"))
    assert (week.name, week.since) == ("2026-W10", datetime(2026, 3, 1, 22, 0, tzinfo=UTC))


@pytest.mark.parametrize(("name", "hours"), [("2026-W13", 167), ("2026-W43", 169)])
def test_a_week_in_which_clocks_change_is_an_hour_shorter_or_longer(name: str, hours: int) -> None:
    week = calendar_week(name, NOW, ZoneInfo("Europe/Sofia"))
    assert week.until - week.since == timedelta(hours=hours)


@pytest.mark.parametrize(
    "said", ["2026-W54", "2025-W53", "W10", "next", "", "0000-W01", "9999-W52"]
)
def test_what_is_no_week_is_said_to_be_none(said: str) -> None:
    with pytest.raises(ValueError, match="expected a week such as 2026-W47, last or this"):
        calendar_week(said, NOW, UTC)
