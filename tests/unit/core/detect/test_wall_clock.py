"""A clock that is wrong is known by hosts that agree with each other and not with it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from emberwatch.core.detect.wall_clock import (
    ALONE_ANSWERS,
    MOST_HOSTS,
    QUIET_LOOKS,
    WRONG_BEYOND,
    Compared,
    WallClock,
    compare,
    heard,
)
from tests.build import NOON, minutes

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
RIGHT = timedelta()


def says(date: datetime, at: datetime = NOON, took: timedelta = SECOND, **more: str):
    headers = {"date": format_datetime(date, usegmt=True), **more}
    return compare("a.example", headers, at - took, at)


def an_answer(host: str = "a.example", ahead: timedelta = RIGHT, after: float = 0) -> Compared:
    return Compared(host=host, at=NOON + minutes(after), ahead=ahead)


def after(*looks: list[Compared], clock: WallClock | None = None) -> WallClock:
    clock = clock or WallClock()
    for answers in looks:
        clock = heard(clock, answers)
    return clock


def both(ahead: timedelta, after: float = 0) -> list[Compared]:
    return [an_answer(host, ahead, after) for host in ("a.example", "b.example")]


# ---------------------------------------------------------------- one answer
def test_an_answer_says_by_how_much_our_clock_is_ahead_or_behind() -> None:
    assert says(NOON - HOUR) == Compared(host="a.example", at=NOON, ahead=HOUR)
    behind = says(NOON + HOUR)
    assert behind is not None
    assert behind.ahead == -HOUR


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 02 Mar 2026 11:00:00 GMT",
        "Monday, 02-Mar-26 11:00:00 GMT",
        "Mon Mar  2 11:00:00 2026",
    ],
)
def test_a_date_is_read_in_all_three_ways_of_http(date: str) -> None:
    said = compare("a.example", {"date": date}, NOON, NOON)
    assert said is not None
    assert said.ahead == HOUR


@pytest.mark.parametrize("headers", [{}, {"date": ""}, {"date": "soon"}, {"date": "-1"}])
def test_an_answer_without_a_date_says_nothing(headers: dict[str, str]) -> None:
    assert compare("a.example", headers, NOON, NOON) is None


def test_the_copy_of_a_cache_says_nothing_and_a_fresh_one_does() -> None:
    assert says(NOON, age="3600") is None
    assert says(NOON, age="soon") is None
    assert says(NOON, age="0") is not None


def test_an_answer_during_which_the_clock_leapt_says_nothing() -> None:
    assert says(NOON - HOUR, took=HOUR) is None
    assert says(NOON + HOUR, took=-HOUR) is None
    assert says(NOON, took=minutes(1)) is not None


def test_a_host_of_another_century_says_nothing() -> None:
    assert says(datetime(1925, 1, 2, tzinfo=UTC)) is None
    assert says(datetime(9999, 12, 30, tzinfo=UTC)) is None


# ---------------------------------------------------------------- several hosts
def test_two_hosts_that_agree_against_our_clock_are_believed_at_once() -> None:
    trouble = after(both(3 * HOUR + 2 * SECOND)).trouble
    assert trouble == (
        "this machine's clock is 3 h ahead: it showed 2026-03-02 12:00 UTC when it was "
        "2026-03-02 08:59 UTC by b.example, a.example; posts look older than they are, and one "
        "that looks over two hours old cannot ring: set the clock right and let NTP keep it so "
        "(timedatectl set-ntp true)"
    )


def test_a_clock_that_is_behind_is_told_as_such() -> None:
    trouble = after(both(-minutes(95))).trouble
    assert trouble is not None
    assert "this machine's clock is 1 h 35 min behind" in trouble
    assert "2026-03-02 12:00 UTC when it was 2026-03-02 13:35 UTC" in trouble
    assert "posts look newer than they are" in trouble


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (minutes(6), "is 6 min ahead"),
        (2 * HOUR - SECOND, "is 2 h ahead"),
        (47 * HOUR, "is 47 h ahead"),
        (timedelta(days=3653), "is 3653 days ahead"),
    ],
)
def test_how_far_it_is_off_is_said_in_units_that_fit(ahead: timedelta, words: str) -> None:
    assert words in (after(both(ahead)).trouble or "")


def test_a_clock_within_minutes_of_the_hosts_is_right() -> None:
    assert after(both(WRONG_BEYOND)).trouble == ""
    assert after(both(WRONG_BEYOND + SECOND)).trouble


def test_of_two_hosts_that_disagree_neither_is_believed() -> None:
    clock = after([an_answer("a.example", 3 * HOUR), an_answer("b.example", RIGHT)])
    assert clock.trouble is None
    clock = after([an_answer("a.example", 3 * HOUR), an_answer("b.example", 5 * HOUR)])
    assert clock.trouble is None


def test_one_wrong_host_among_three_changes_nothing() -> None:
    answers = [*both(RIGHT), an_answer("c.example", 3 * HOUR)]
    assert after(answers).trouble == ""
    answers = [*both(3 * HOUR), an_answer("c.example", RIGHT)]
    trouble = after(answers).trouble
    assert trouble is not None
    assert "c.example" not in trouble


def test_a_host_is_one_however_often_it_answers() -> None:
    answers = [an_answer("a.example", 3 * HOUR)] * 3 + [an_answer("b.example", RIGHT)]
    assert after(answers).trouble is None


def test_of_many_hosts_three_are_named_those_that_answered_last() -> None:
    clock = after([an_answer(f"{name}.example", HOUR) for name in "abcde"])
    assert "by e.example, d.example, c.example and 2 more;" in (clock.trouble or "")


@pytest.mark.parametrize("here", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "a.localhost"])
def test_a_server_on_this_machine_does_not_vouch_for_its_clock(here: str) -> None:
    answers = [an_answer(here, RIGHT), *both(3 * HOUR)]
    assert after(answers).trouble
    assert after([an_answer(here, RIGHT), *both(RIGHT)[:1]]).trouble == ""
    beside_one = [an_answer(here, RIGHT), an_answer("a.example", 3 * HOUR)]
    assert after(beside_one).trouble is None


def test_a_server_on_this_machine_is_asked_where_there_is_no_other() -> None:
    assert after([an_answer("127.0.0.1", RIGHT)]).trouble == ""
    looks = alone(*[3 * HOUR] * ALONE_ANSWERS, host="127.0.0.1")
    assert "by 127.0.0.1, the only host that was asked;" in (after(*looks).trouble or "")


# ---------------------------------------------------------------- a single host
def alone(*ahead: timedelta, every: float = 2, host: str = "a.example") -> list[list[Compared]]:
    return [[an_answer(host, each, number * every)] for number, each in enumerate(ahead)]


def test_a_single_host_is_believed_after_five_answers_over_five_minutes() -> None:
    looks = alone(*[3 * HOUR] * ALONE_ANSWERS)
    assert after(*looks[:-1]).trouble is None
    assert "by a.example, the only host that was asked;" in (after(*looks).trouble or "")


def test_many_answers_of_a_single_host_within_a_moment_are_not_enough() -> None:
    looks = alone(*[3 * HOUR] * 20, every=0.2)
    assert after(*looks).trouble is None
    assert after(*looks, [an_answer(ahead=3 * HOUR, after=5)]).trouble


def test_a_single_host_that_contradicts_itself_is_not_believed() -> None:
    looks = alone(*[3 * HOUR] * 4, HOUR, *[3 * HOUR] * 4)
    assert after(*looks).trouble is None


def test_a_copy_that_grows_older_without_saying_so_is_not_believed() -> None:
    looks = alone(*(HOUR + minutes(each) for each in range(30)), every=1)
    assert after(*looks).trouble is None


def test_a_single_host_that_lies_for_a_while_does_not_undo_what_was_right() -> None:
    assert after(*alone(RIGHT, 3 * HOUR)).trouble == ""


# ---------------------------------------------------------------- the end, and the words
def test_it_ends_when_most_hosts_say_that_the_clock_is_right() -> None:
    clock = after(both(3 * HOUR), [an_answer("a.example", RIGHT, 1)])
    assert clock.trouble
    assert after([an_answer("b.example", RIGHT, 1)], clock=clock).trouble == ""


def test_a_wrong_clock_is_right_again_only_within_two_minutes() -> None:
    wrong = after(both(minutes(6)))
    assert after(both(minutes(3), 1), clock=wrong).trouble
    assert after(both(minutes(2), 1), clock=wrong).trouble == ""


def test_the_words_stay_as_long_as_the_clock_is_about_as_wrong() -> None:
    told = after(both(3 * HOUR))
    assert after(both(3 * HOUR + minutes(2), 1), clock=told).trouble == told.trouble
    other = after(both(3 * HOUR + minutes(3), 1), clock=told).trouble
    assert "3 h 3 min" in (other or "")


def test_a_wrong_clock_stays_wrong_while_nobody_answers() -> None:
    told = after(both(3 * HOUR))
    assert after(*[[]] * 2 * QUIET_LOOKS, clock=told).trouble == told.trouble


def test_where_no_host_ever_answers_nothing_is_wrong_after_a_while() -> None:
    clock = after(*[[]] * (QUIET_LOOKS - 1))
    assert clock.trouble is None
    assert heard(clock, []).trouble == ""


def test_where_a_host_has_answered_nothing_is_known_until_it_is_believed() -> None:
    assert after([an_answer(ahead=HOUR)], *[[]] * QUIET_LOOKS).trouble is None


# ---------------------------------------------------------------- memory
def test_a_host_that_has_not_answered_for_a_day_is_forgotten() -> None:
    clock = after([an_answer("old.example", RIGHT)], [an_answer("new.example", HOUR, 1440)])
    assert [host.name for host in clock.hosts] == ["old.example", "new.example"]
    clock = after([an_answer("new.example", HOUR, 1441)], clock=clock)
    assert [host.name for host in clock.hosts] == ["new.example"]


def test_only_so_many_hosts_are_remembered_those_that_answered_last() -> None:
    clock = after([an_answer(f"{number}.example") for number in range(MOST_HOSTS + 1)])
    assert len(clock.hosts) == MOST_HOSTS
    assert clock.hosts[0].name == "1.example"
