"""Instants as people say them."""

from datetime import UTC, datetime, timedelta

import pytest

from emberwatch.cli.when import instant_of

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
