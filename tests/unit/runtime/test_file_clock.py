"""A file's own clock."""

from datetime import UTC, datetime, timedelta

from emberwatch.model.post import Flag
from emberwatch.runtime.replay import FileClock
from tests.build import NOON, a_post, minutes

WALL = NOON + timedelta(days=30)


def test_the_clock_is_the_greatest_time_seen_so_far() -> None:
    clock = FileClock(WALL)
    for at in (NOON, NOON + minutes(5), NOON + minutes(3)):
        assert clock.admit(a_post(at=at))[0].seen_at == at
    assert clock.at == NOON + minutes(5)
    assert clock.first_at == NOON


def test_a_quiet_night_is_no_mistake() -> None:
    clock = FileClock(WALL)
    clock.admit(a_post(at=NOON))
    (post,) = clock.admit(a_post(at=NOON + timedelta(hours=9)))
    assert post.flags == frozenset()
    assert clock.at == NOON + timedelta(hours=9)


def test_a_post_dated_more_than_an_hour_ahead_is_clamped_and_moves_nothing() -> None:
    clock = FileClock(WALL)
    clock.admit(a_post(at=NOON))
    (post,) = clock.admit(a_post(at=NOON + minutes(62), seen_at=NOON + minutes(1)))
    assert (post.created_at, post.seen_at, post.flags) == (NOON, NOON, {Flag.CLAMPED})
    assert clock.at == NOON


def test_a_post_dated_within_the_hour_is_believed() -> None:
    clock = FileClock(WALL)
    clock.admit(a_post(at=NOON))
    (post,) = clock.admit(a_post(at=NOON + minutes(60), seen_at=NOON + minutes(1)))
    assert post.flags == frozenset()


def test_a_post_from_2099_or_year_1_never_moves_the_clock() -> None:
    clock = FileClock(WALL)
    clock.admit(a_post(at=NOON))
    for year in (1, 2099):
        (post,) = clock.admit(a_post(at=datetime(year, 1, 2, tzinfo=UTC)))
        assert (post.created_at, post.seen_at) == (NOON, NOON)
        assert Flag.CLAMPED in post.flags
    assert clock.at == NOON


def test_an_old_post_seen_now_keeps_its_date() -> None:
    clock = FileClock(WALL)
    (post,) = clock.admit(a_post(at=NOON - timedelta(days=3), seen_at=NOON))
    assert post.created_at == NOON - timedelta(days=3)
    assert clock.at == NOON


def test_a_file_that_begins_in_2099_waits_for_a_true_date() -> None:
    clock = FileClock(WALL)
    assert clock.admit(a_post("1", at=datetime(2099, 1, 1, tzinfo=UTC))) == []
    early, post = clock.admit(a_post("2", at=NOON))
    assert (early.native_id, early.seen_at, post.native_id) == ("1", NOON, "2")
    assert clock.rest() == []


def test_a_file_without_a_single_true_date_is_read_at_the_wall_clock() -> None:
    clock = FileClock(WALL)
    clock.admit(a_post(at=datetime(2099, 1, 1, tzinfo=UTC)))
    (post,) = clock.rest()
    assert post.seen_at == WALL
    assert clock.at == clock.first_at == WALL


def test_a_file_goes_on_at_the_databases_clock() -> None:
    clock = FileClock(WALL, NOON)
    clock.admit(a_post(at=datetime(2099, 1, 1, tzinfo=UTC)))
    assert clock.rest()[0].seen_at == NOON
