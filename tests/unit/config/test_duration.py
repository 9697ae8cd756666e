"""Lengths of time as people write them."""

from datetime import timedelta

import pytest

from emberwatch.config.duration import parse_duration, spell_duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("2h", timedelta(hours=2)),
        ("90d", timedelta(days=90)),
        ("1w", timedelta(weeks=1)),
        ("007s", timedelta(seconds=7)),
    ],
)
def test_a_number_and_a_unit_are_a_length(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "5min", "-5m", "1.5h", "1h30m", "٣m", "5M"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration such as 30s, 5m or 2h"):
        parse_duration(text)


def test_no_time_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than zero"):
        parse_duration("0h")


@pytest.mark.parametrize("text", ["36501d", "999999999w", "99999999h"])
def test_more_than_a_hundred_years_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at most a hundred years"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["45s", "90s", "5m", "36h", "90d"])
def test_a_length_is_spelled_as_it_would_be_written(text: str) -> None:
    assert spell_duration(parse_duration(text)) == text


def test_no_time_is_spelled_in_seconds() -> None:
    assert spell_duration(timedelta(0)) == "0s"
