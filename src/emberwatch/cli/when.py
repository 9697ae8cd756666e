"""Instants as people say them: 2026-03-02 10:30, 10:30, 2h ago, now."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

_WEEK = re.compile(r"(\d{4})-?W(\d{2})")
_AGO = re.compile(r"(\S+) ago")
_CLOCK = re.compile(r"\d{1,2}:\d{2}")
_FARTHEST = 100


def instant_of(text: str, now: datetime) -> datetime:
    """Return the instant that is meant; without a zone it is UTC (which may be said), without a
    date today.

    `ValueError` says what was expected.
    """
    from emberwatch.config.duration import parse_duration

    said = text.strip().removesuffix(" UTC")
    if said == "now":
        return now
    try:
        if ago := _AGO.fullmatch(said):
            return now - parse_duration(ago[1])
        if _CLOCK.fullmatch(said):
            said = f"{now:%Y-%m-%d} {said.zfill(5)}"
        at = datetime.fromisoformat(said)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"expected a time such as '2026-03-02 10:30', '10:30' or '2h ago', got '{text}'"
        ) from None


def instant_ahead(text: str, now: datetime) -> datetime:
    """Return an instant to come: so long from now (60d), or a date; `ValueError` as above.

    A date is less than a hundred years away, as is every length.
    """
    from emberwatch.config.duration import parse_duration

    said = text.strip()
    try:
        return now + parse_duration(said)
    except (ValueError, OverflowError):
        pass
    try:
        at = datetime.fromisoformat(said)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"expected a length such as 60d or a date such as 2027-02-01, got '{text}'"
        ) from None
    if at.year - now.year >= _FARTHEST:
        raise ValueError(f"expected a date in the next hundred years, got '{text}'")
    return at


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarWeek:
    """A week from Monday's midnight to the next, and the Monday before; instants are in UTC."""

    name: str
    before: datetime
    since: datetime
    until: datetime


def calendar_week(text: str, now: datetime, zone: tzinfo) -> CalendarWeek:
    """Return the week that is meant: this, last or 2026-W47, as the clocks of a zone have it.

    `ValueError` says what was expected.
    """
    monday = now.astimezone(zone).date()
    monday -= timedelta(days=monday.weekday())
    said = text.strip()
    named = _WEEK.fullmatch(said)
    try:
        if said == "last":
            monday -= timedelta(weeks=1)
        elif named:
            monday = monday.fromisocalendar(int(named[1]), int(named[2]), 1)
        elif said != "this":
            raise ValueError(said)
        before, since, until = (
            datetime.combine(monday + timedelta(weeks=number), time(), zone).astimezone(UTC)
            for number in (-1, 0, 1)
        )
    except (ValueError, OverflowError):
        raise ValueError(f"expected a week such as 2026-W47, last or this, got '{text}'") from None
    year, number, _ = monday.isocalendar()
    return CalendarWeek(name=f"{year}-W{number:02}", before=before, since=since, until=until)
