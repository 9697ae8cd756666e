"""A host that keeps failing is left alone, then tried with one request."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from emberwatch.core.read.breaker import CLOSED, Breaker, Circuit, ask, failed

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BREAKER = Breaker(failures=3, rest=10 * SECOND, longest_rest=60 * SECOND)


def after(failures: int, at: datetime = NOW) -> Circuit:
    circuit = CLOSED
    for _ in range(failures):
        circuit = failed(BREAKER, circuit, at)
    return circuit


def test_a_few_failures_change_nothing() -> None:
    assert ask(BREAKER, after(2), NOW) == (after(2), None)


def test_after_so_many_failures_in_a_row_the_host_rests() -> None:
    assert ask(BREAKER, after(3), NOW + 4 * SECOND) == (after(3), 6 * SECOND)


def test_after_the_rest_exactly_one_request_is_let_through() -> None:
    circuit, wait = ask(BREAKER, after(3), NOW + 10 * SECOND)
    assert wait is None
    assert ask(BREAKER, circuit, NOW + 11 * SECOND)[1] == 9 * SECOND


def test_a_probe_that_is_never_heard_of_again_does_no_harm() -> None:
    circuit, _ = ask(BREAKER, after(3), NOW + 10 * SECOND)
    assert ask(BREAKER, circuit, NOW + 20 * SECOND)[1] is None


def test_a_failed_probe_doubles_the_rest() -> None:
    probing, _ = ask(BREAKER, after(3), NOW + 10 * SECOND)
    again = failed(BREAKER, probing, NOW + 10 * SECOND)
    assert ask(BREAKER, again, NOW + 10 * SECOND)[1] == 20 * SECOND


def test_a_rest_never_grows_past_its_cap() -> None:
    assert ask(BREAKER, after(10_000), NOW)[1] == 60 * SECOND


def test_a_clock_set_back_does_not_lengthen_a_rest() -> None:
    assert ask(BREAKER, after(3), NOW - timedelta(hours=1))[1] is None


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(min_value=0, max_value=100))))
def test_a_host_is_never_left_alone_for_longer_than_the_cap(story: list[tuple[bool, int]]) -> None:
    circuit, now = CLOSED, NOW
    for is_failure, pause in story:
        now += pause * SECOND
        circuit, wait = ask(BREAKER, circuit, now)
        assert wait is None or wait <= BREAKER.longest_rest
        if wait is None:
            circuit = failed(BREAKER, circuit, now) if is_failure else CLOSED
    assert ask(BREAKER, circuit, now + BREAKER.longest_rest)[1] is None
