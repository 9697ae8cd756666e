"""Threads of bare times ring as live ones do."""

from collections.abc import Iterator
from itertools import islice
from math import inf, nan

import pytest

from emberwatch.runtime.threads import SWEPT_FROM, Reaction, judge_threads


def steady(cascade: str, number: int, gap: float, root_time: float = 0.0) -> list[Reaction]:
    return [
        Reaction(cascade=cascade, t=gap * (index + 1), root_time=root_time)
        for index in range(number)
    ]


def test_a_quick_thread_is_flagged_at_the_t_of_one_of_its_reactions() -> None:
    ((cascade, t),) = judge_threads(steady("quick", 400, 1.7))
    assert cascade == "quick"
    assert t in {row.t for row in steady("quick", 300, 1.7)}


def test_a_thread_is_flagged_once() -> None:
    assert len(list(judge_threads(steady("quick", 3_000, 0.5)))) == 1


def test_a_handful_of_reactions_is_never_flagged() -> None:
    assert not list(judge_threads(steady("few", 9, 1.0)))


def test_a_slow_thread_is_flagged_at_the_target_at_the_latest() -> None:
    assert dict(judge_threads(steady("slow", 60, 5_000.0), 40)).get("slow", inf) <= 40 * 5_000.0


def test_a_rarer_base_rate_is_flagged_no_earlier() -> None:
    rows = steady("quick", 400, 2.0)
    often, seldom = (dict(judge_threads(rows, 300, rate))["quick"] for rate in (0.44, 0.01))
    assert often < seldom <= 600.0


def test_threads_side_by_side_are_judged_as_each_alone() -> None:
    one, other = steady("one", 350, 2.0, root_time=1e9), steady("other", 350, 3.0, root_time=1e9)
    mixed = sorted([*one, *other], key=lambda row: row.root_time + row.t)
    alone = {**dict(judge_threads(one)), **dict(judge_threads(other))}
    assert dict(judge_threads(mixed)) == alone


def test_when_a_thread_began_does_not_matter() -> None:
    assert list(judge_threads(steady("quick", 400, 1.0))) == list(
        judge_threads(steady("quick", 400, 1.0, root_time=1.4e9))
    )


def test_a_thread_is_forgotten_after_as_long_a_silence_as_a_live_one() -> None:
    """Its next voice finds a new thread; those of before do not count."""
    before = [Reaction(cascade="old", t=3_600.0 * index) for index in range(1, 30)]
    after = [Reaction(cascade="old", t=400_000.0 + 3_600.0 * index) for index in range(1, 30)]
    assert not list(judge_threads([*before, *after], 40))
    assert list(judge_threads(before + before[-1:] * 11, 40))


def test_many_threads_that_fell_silent_change_nothing_for_those_that_go_on() -> None:
    idle = [
        Reaction(cascade=f"idle{index}", t=5.0, root_time=400.0 * index)
        for index in range(2 * SWEPT_FROM)
    ]
    last = steady("last", 400, 2.0, root_time=800.0 * SWEPT_FROM)
    assert dict(judge_threads([*idle, *last])) == dict(judge_threads(last))


def test_flags_come_while_the_rows_are_read() -> None:
    def rows() -> Iterator[Reaction]:
        yield from steady("quick", 300, 1.0)
        raise AssertionError("read on after the flag")

    assert len(list(islice(judge_threads(rows()), 1))) == 1


@pytest.mark.parametrize("rate", [0.0, 1.0, nan])
def test_a_base_rate_that_is_no_share_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="base rate"):
        list(judge_threads([], 300, rate))


def test_a_target_that_is_no_crowd_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        list(judge_threads([], 1))


@pytest.mark.parametrize("t", [-1.0, nan, inf])
def test_a_reaction_before_its_root_is_refused(t: float) -> None:
    with pytest.raises(ValueError, match="'c': t must be 0 or more"):
        Reaction(cascade="c", t=t)


@pytest.mark.parametrize("root_time", [nan, 1e18])
def test_a_root_outside_the_calendar_is_refused(root_time: float) -> None:
    with pytest.raises(ValueError, match="'c': root_time"):
        Reaction(cascade="c", t=1.0, root_time=root_time)


def test_a_reaction_without_a_cascade_is_refused() -> None:
    with pytest.raises(ValueError, match="name of its cascade"):
        Reaction(cascade="", t=1.0)
