"""A budget is never overspent, whatever comes in between."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emberwatch.sources.budget import Budget, Spending, stopped, told

MONEY = Budget(unit="USD", per_day=5, per_month=20, scale=1_000_000)
UNITS = Budget(unit="units", per_day=10, day_starts=timedelta(hours=8))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def fresh(budget: Budget = MONEY, at: datetime = NOON) -> Spending:
    return Spending.of(budget, {}, at)


def test_what_was_spent_is_remembered_exactly() -> None:
    spending = fresh()
    for _ in range(10):
        spending = spending.spend(0.1)
    assert spending.cursor()["spent_on_day"] == "1000000"
    assert Spending.of(MONEY, spending.cursor(), NOON) == spending
    assert spending.left() == 4


def test_a_new_day_starts_anew_and_the_month_goes_on() -> None:
    spending = Spending.of(MONEY, fresh().spend(5).cursor(), NOON + timedelta(days=1))
    assert spending.left() == 5
    assert spending.in_month == 5_000_000


def test_the_month_ends_it_even_where_the_day_would_not() -> None:
    spending, at = fresh(), NOON
    for _ in range(4):
        spending = Spending.of(MONEY, spending.cursor(), at).spend(4.9)
        at += timedelta(days=1)
    assert Spending.of(MONEY, spending.cursor(), at).left() == pytest.approx(0.4)
    assert Spending.of(MONEY, spending.cursor(), NOON + timedelta(days=10)).left() == 5


def test_what_is_held_counts_as_used_and_once_only() -> None:
    spending = fresh().hold(0.5).hold(0.5)
    assert spending.left() == 4.5
    assert spending.let_go().left() == 5
    assert spending.spend(0.2).left() == 4.8


def test_what_was_held_when_no_answer_came_is_used_once_one_comes() -> None:
    lost = Spending.of(MONEY, fresh().hold(0.5).cursor(), NOON)
    assert lost.hold(0.3).let_go().left() == 4.5
    assert lost.hold(0.3).spend(0.2).left() == 4.3


def test_what_is_held_outlives_a_crash() -> None:
    assert Spending.of(MONEY, fresh().hold(0.5).cursor(), NOON).left() == 4.5


def test_a_clock_that_was_set_back_gives_nothing_away() -> None:
    ahead = fresh(at=NOON + timedelta(days=400)).spend(5)
    assert Spending.of(MONEY, ahead.cursor(), NOON).left() == 0
    assert Spending.of(MONEY, ahead.cursor(), NOON).day == "2026-11-22"


@pytest.mark.parametrize("day", ["", "yesterday", "2026-11-21"])
def test_a_cursor_made_by_hand_or_of_before_is_a_new_day(day: str) -> None:
    cursor = {"spent_day": day, "spent_on_day": "9000000", "spent_in_month": "x", "held": "-1"}
    assert Spending.of(MONEY, cursor, NOON).left() == 5


def test_a_day_begins_where_its_counter_begins_it() -> None:
    used = fresh(UNITS).spend(10).cursor()
    assert Spending.of(UNITS, used, NOON + timedelta(hours=19)).left() == 0
    assert Spending.of(UNITS, used, NOON + timedelta(hours=20)).left() == 10


def test_meters_say_what_is_used_and_when_it_starts_anew() -> None:
    day, month = fresh().spend(4.98).meters("spent", 0.05, NOON)
    assert (day.name, day.used, day.limit, day.is_used_up) == ("spent a day", 4.98, 5, True)
    assert day.resets_at == datetime(2026, 11, 23, tzinfo=UTC)
    assert (month.name, month.is_used_up) == ("spent a month", False)
    assert month.resets_at == datetime(2026, 12, 1, tzinfo=UTC)
    assert told(day) == "spent a day: 4.98 of 5 USD used"
    (units,) = fresh(UNITS).meters("quota", 1, NOON)
    assert units.resets_at == datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_a_feed_that_stopped_says_until_when_and_what_to_do() -> None:
    spent = fresh().spend(5)
    error = stopped(spent.meters("spent", 0.05, NOON), "dollars_a_day", NOON)
    assert error.why == (
        "spent a day: 5 of 5 USD used: nothing is read before 2026-11-23 00:00 UTC; raise "
        "dollars_a_day if that is too little"
    )
    assert error.retry_after == timedelta(hours=1)
    late = NOON + timedelta(hours=11, minutes=30)
    soon = stopped(spent.meters("spent", 0.05, late), "dollars_a_day", late)
    assert soon.retry_after == timedelta(minutes=30)


def test_a_site_that_says_it_is_used_up_is_believed() -> None:
    assert fresh(UNITS).spend(3).used_up().left() == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["answered", "unanswered", "refused", "crashed"]),
            st.integers(0, 100),
            st.integers(0, 36),
        ),
        max_size=60,
    )
)
def test_no_order_of_answers_faults_and_crashes_overspends_a_day(
    steps: list[tuple[str, int, int]],
) -> None:
    each, at, cursor = 0.005, NOON, dict[str, str]()
    billed: dict[str, float] = {}
    for fate, shown, hours in steps:
        at += timedelta(hours=hours)
        spending = Spending.of(MONEY, cursor, at)
        size = min(100, int(spending.left() / each + 1e-9))
        if not size:
            continue
        spending = spending.hold(size * each)
        cursor = spending.cursor()
        if fate == "answered":
            cost = min(shown, size) * each
            cursor = spending.spend(cost).cursor()
            billed[f"{at:%Y-%m-%d}"] = billed.get(f"{at:%Y-%m-%d}", 0) + cost
        elif fate == "refused":
            cursor = spending.let_go().cursor()
    assert all(cost <= 5 + 1e-9 for cost in billed.values())
    assert sum(cost for day, cost in billed.items() if day.startswith("2026-11")) <= 20 + 1e-9
