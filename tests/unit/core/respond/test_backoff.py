"""When a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta

from emberwatch.core.respond.backoff import PATIENCE, free_at, next_try

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_the_gaps_are_those_of_the_contract():
    seconds = [gap.total_seconds() for gap in PATIENCE.gaps]
    hours = [hours * 3600 for hours in (2, 5, 10, 14, 20, 24)]
    assert seconds == [0, 5, 15, 60, 300, 1800, *hours]


def test_the_whole_schedule_lasts_more_than_three_days():
    assert sum(PATIENCE.gaps, timedelta()) >= timedelta(hours=75)


def test_the_first_failure_is_followed_by_the_second_gap():
    assert next_try(PATIENCE, 1, AT, None) == AT + timedelta(seconds=5)


def test_the_last_failure_is_followed_by_nothing():
    assert next_try(PATIENCE, len(PATIENCE.gaps) - 1, AT, None) == AT + timedelta(hours=24)
    assert next_try(PATIENCE, len(PATIENCE.gaps), AT, timedelta(seconds=1)) is None


def test_a_receiver_that_asks_for_longer_gets_longer():
    assert next_try(PATIENCE, 1, AT, timedelta(minutes=2)) == AT + timedelta(minutes=2)


def test_a_receiver_that_asks_for_less_gets_no_less():
    assert next_try(PATIENCE, 3, AT, timedelta(seconds=1)) == AT + timedelta(minutes=1)


def test_a_receiver_that_asks_for_ten_years_gets_an_hour():
    assert next_try(PATIENCE, 1, AT, timedelta(days=3650)) == AT + timedelta(hours=1)


def test_asking_for_nothing_is_not_asking():
    assert next_try(PATIENCE, 2, AT, timedelta()) == AT + timedelta(seconds=15)


def test_a_receiver_that_asked_for_time_is_free_when_it_said():
    hour = timedelta(hours=1)
    assert free_at(PATIENCE, AT + hour, AT) == AT + hour
    assert free_at(PATIENCE, AT - hour, AT) == AT


def test_what_was_asked_by_a_clock_that_was_ahead_does_not_count():
    assert free_at(PATIENCE, AT + timedelta(hours=1, seconds=1), AT) == AT
