"""Teams, their people and the spans of their weeks."""

from datetime import time, timedelta

import pytest

from emberwatch.model.team import Link, Person, Span, Team


def span(weekday: int, start: str, end: str) -> Span:
    return Span(weekday=weekday, start=time.fromisoformat(start), end=time.fromisoformat(end))


def test_a_span_ends_on_the_day_on_which_it_begins_or_on_the_next() -> None:
    assert span(0, "09:00", "18:00").minutes == 9 * 60
    assert span(0, "22:00", "06:00").minutes == 8 * 60


def test_midnight_to_midnight_is_a_whole_day() -> None:
    assert span(0, "00:00", "00:00").minutes == 24 * 60


def test_a_span_is_written_as_in_the_configuration() -> None:
    assert str(span(4, "22:00", "06:00")) == "fri 22:00-06:00"
    assert str(span(6, "18:00", "00:00")) == "sun 18:00-24:00"


def test_a_span_of_no_length_is_refused() -> None:
    with pytest.raises(ValueError, match="ends when it begins"):
        span(0, "09:00", "09:00")


def test_a_week_has_seven_days() -> None:
    with pytest.raises(ValueError, match="a weekday is 0"):
        span(7, "09:00", "10:00")


@pytest.mark.parametrize(
    ("one", "other", "do_overlap"),
    [
        ((0, "09:00", "12:00"), (0, "12:00", "18:00"), False),
        ((0, "09:00", "12:01"), (0, "12:00", "18:00"), True),
        ((6, "22:00", "06:00"), (0, "06:00", "09:00"), False),
        ((6, "22:00", "06:01"), (0, "06:00", "09:00"), True),
    ],
)
def test_spans_overlap_when_they_share_a_minute(
    one: tuple[int, str, str], other: tuple[int, str, str], do_overlap: bool
) -> None:
    assert span(*one).overlaps(span(*other)) is do_overlap
    assert span(*other).overlaps(span(*one)) is do_overlap


def test_r2_those_who_read_most_of_the_languages_come_first() -> None:
    mara = Person(name="Mara", languages=("bg",))
    ivo = Person(name="Ivo", languages=("en", "bg"))
    team = Team(name="support", people=(mara, Person(name="Ann", languages=("de",)), ivo))

    assert team.readers(("bg", "en")) == (ivo, mara)
    assert team.readers(()) == ()


def test_the_links_of_an_escalation_come_one_by_one() -> None:
    ten = timedelta(minutes=10)
    with pytest.raises(ValueError, match="one by one"):
        Team(name="support", escalation=(Link(after=ten, team="a"), Link(after=ten, team="b")))
