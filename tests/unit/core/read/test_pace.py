"""Threads are looked at often while they grow, seldom while they rest, never once they are cold."""

from datetime import timedelta

import pytest

from emberwatch.core.read.pace import (
    MINUTE,
    PACE,
    THRIFT,
    Course,
    Purse,
    filled,
    is_gone,
    look,
    next_look,
    spent,
    told,
)
from emberwatch.core.read.politeness import Rate
from tests.build import NOON, minutes


def a_course(size: int = 0, still: float = 0.0, rate: float = 0.0) -> Course:
    """Return a thread that has not grown for so many minutes."""
    return Course(size=size, looked_at=NOON, grown_at=NOON - minutes(still), rate=rate)


def wait(course: Course) -> float:
    """Return after how many minutes to look again."""
    at = next_look(course)
    assert at is not None
    return (at - course.looked_at) / MINUTE


# ---------------------------------------------------------------- the course of a thread
def test_growth_over_the_time_since_the_last_look_is_the_rate() -> None:
    grown = look(a_course(size=10), NOON + minutes(2), 30)
    assert grown == Course(
        size=30, looked_at=NOON + minutes(2), grown_at=NOON + minutes(2), rate=10.0
    )


def test_a_look_that_finds_nothing_new_halves_the_rate() -> None:
    still = look(a_course(size=10, still=3, rate=8.0), NOON + minutes(1), 10)
    assert still.rate == 4.0
    assert still.grown_at == NOON - minutes(3)
    assert still.looked_at == NOON + minutes(1)


def test_a_size_that_falls_and_recovers_has_not_grown() -> None:
    fallen = look(a_course(size=10), NOON + minutes(1), 4)
    assert fallen.size == 10
    assert look(fallen, NOON + minutes(2), 10).grown_at == NOON


def test_a_clock_that_goes_back_makes_no_rate_endless() -> None:
    grown = look(a_course(size=10), NOON - minutes(9), 11)
    assert grown.looked_at == NOON
    assert grown.rate == MINUTE / PACE.shortest


# ---------------------------------------------------------------- when to look again
def test_the_faster_a_thread_grows_the_sooner_it_is_looked_at() -> None:
    waits = [wait(a_course(rate=rate)) for rate in (0.0, 1.0, 6.0, 10.0, 15.0, 20.0, 1000.0)]
    assert waits == sorted(waits, reverse=True)
    assert waits[0] == waits[3] == 0.5
    assert waits[4] == pytest.approx(1 / 3)
    assert waits[-2:] == [0.25, 0.25]


def test_a_thread_that_stopped_is_left_alone_for_half_as_long() -> None:
    assert [wait(a_course(still=still)) for still in (0, 2, 10, 50, 60, 300)] == [
        0.5, 1.0, 5.0, 25.0, 30.0, 30.0,
    ]  # fmt: skip


def test_even_a_trickle_is_looked_at_within_the_hour() -> None:
    assert wait(a_course(still=300, rate=1e-9)) == 30.0


def test_a_thread_is_let_go_when_it_is_cold() -> None:
    assert next_look(a_course(size=9, still=359)) is not None
    assert next_look(a_course(size=9, still=360)) is None


def test_a_crowd_may_sleep_a_night_over_it() -> None:
    assert next_look(a_course(size=10, still=24 * 60)) is not None
    assert next_look(a_course(size=10, still=48 * 60)) is None


def test_a_thread_that_never_grew_costs_few_looks() -> None:
    course, looks = a_course(), 0
    while (at := next_look(course)) is not None:
        course, looks = look(course, at, 0), looks + 1
    assert 15 <= looks <= 25


def test_a_storm_is_seen_within_a_minute_however_it_begins() -> None:
    course = a_course()
    for _ in range(40):  # a hundred reactions a minute from now on
        at = next_look(course)
        assert at is not None
        assert at - course.looked_at <= MINUTE
        course = look(course, at, int((at - NOON) / MINUTE * 100))
    assert at - NOON < minutes(12)


# ---------------------------------------------------------------- what a site can bear
def a_rate(remaining: int | None, limit: int | None = 300, left: float = 5.0) -> Rate:
    return Rate(limit=limit, remaining=remaining, reset_at=NOON + minutes(left))


def test_a_purse_fills_with_time_up_to_what_may_be_spent_at_once() -> None:
    empty = Purse(left=0.0, at=NOON)
    assert filled(empty, NOON + timedelta(seconds=6)).left == pytest.approx(2.0)
    assert filled(empty, NOON + minutes(60)).left == THRIFT.at_once
    assert filled(empty, NOON - minutes(1)).left == 0.0


def test_a_request_takes_one_and_an_empty_purse_gives_none() -> None:
    purse = spent(Purse(left=1.5, at=NOON))
    assert purse is not None
    assert purse.left == 0.5
    assert spent(purse) is None


def test_half_of_what_a_site_allows_is_left_to_the_polls() -> None:
    purse = Purse(left=20.0, at=NOON)
    assert told(purse, a_rate(157), NOON).left == 7.0
    assert told(purse, a_rate(150), NOON).left == 0.0
    assert told(purse, a_rate(290), NOON).left == 20.0
    assert told(purse, a_rate(30, limit=None), NOON).left == 15.0


def test_a_limit_holds_until_it_is_reset() -> None:
    purse = told(Purse(left=20.0, at=NOON), a_rate(150), NOON)
    assert filled(purse, NOON + minutes(4)).left == 0.0
    assert filled(purse, NOON + minutes(5)).left == THRIFT.at_once


def test_a_site_that_says_nothing_of_its_limits_is_asked_at_our_own_measure() -> None:
    purse = Purse(left=20.0, at=NOON)
    assert told(purse, None, NOON) is purse
    assert told(purse, a_rate(None), NOON).left == 20.0
    unending = Rate(limit=100, remaining=50, reset_at=None)
    assert filled(told(purse, unending, NOON), NOON + minutes(60)).left == 0.0


# ---------------------------------------------------------------- what is gone
def gone(**facts: int) -> bool:
    return is_gone(
        **{  # type: ignore[arg-type]
            "missed": 2,
            "was_shown": True,
            "others_shown": 0,
            "others_missed": 0,
            "is_site_well": True,
            **facts,
        }
    )


def test_a_root_that_is_missed_twice_beside_another_that_is_shown_is_gone() -> None:
    assert gone(was_shown=False, others_shown=1, others_missed=5, is_site_well=False)
    assert not gone(missed=1, others_shown=1)


def test_a_lone_root_that_was_shown_is_gone_when_it_is_missed_twice() -> None:
    assert gone()
    assert not gone(missed=1)


@pytest.mark.parametrize("fact", ["was_shown", "is_site_well"])
def test_a_lone_root_is_not_gone_from_a_site_that_may_be_closed_to_us(fact: str) -> None:
    assert not gone(**{fact: False})


def test_nothing_is_gone_from_a_site_that_shows_nothing_at_all() -> None:
    assert not gone(missed=9, others_missed=1)
