"""A window is expected to bring what its minutes are."""

import pytest

from emberwatch.core.detect.expectation import Sums
from emberwatch.core.detect.past import KEPT, begin
from emberwatch.core.detect.quarter import QUARTER, WINDOWS, Quarter, window_start
from tests.pasts import DAY, MONDAY, SETTINGS, a_past, usual


def test_a_window_expects_what_its_minutes_expect() -> None:
    past = a_past(7)
    for minute in (7 * DAY - 1, 7 * DAY - 8, 7 * DAY - 15):
        found = {window: usual(past, MONDAY + minute, window) for window in WINDOWS}
        assert found[15]["volume"] == pytest.approx(4.0, rel=0.1)
        assert found[60]["volume"] == pytest.approx(16.0, rel=0.1)
        assert found[240]["volume"] == pytest.approx(64.0, rel=0.15)
        assert found[60]["heat"] == pytest.approx(4.0, rel=0.1)
        assert found[60]["calm"] == pytest.approx(12.0, rel=0.1)


def test_long_windows_begin_with_a_quarter() -> None:
    assert window_start(60, 100) == 41
    assert window_start(720, 1000) == (66 - 47) * QUARTER


def test_a_young_brand_has_windows_longer_than_its_life() -> None:
    past = begin(SETTINGS, MONDAY + 7)
    assert all(usual(past, MONDAY + 9, window)["volume"] <= 1.0 for window in WINDOWS)
    assert KEPT >= 720 // QUARTER


def quarters(*volumes: float, watched: int = QUARTER) -> Sums:
    """Return closed quarters in which ten posts each were expected."""
    return Sums(
        tuple(Quarter(watched=watched, volume=volume, expected_volume=10.0) for volume in volumes)
    )


def test_what_half_of_the_quarters_brought_at_least_lasts() -> None:
    assert quarters(90.0, 20.0, 90.0, 25.0, 30.0).lasting(60) == 2.5
    assert quarters(10.0, 10.0, 400.0, 10.0).lasting(60) == 1.0


def test_each_window_is_asked_for_its_own_quarters_however_often() -> None:
    sums = quarters(*[10.0] * 8, *[30.0] * 4)
    assert [sums.lasting(window) for window in (60, 240, 60, 240)] == [3.0, 1.0, 3.0, 1.0]


def test_quarters_that_nobody_watched_tell_of_no_shift() -> None:
    assert quarters(90.0, 90.0, watched=0).lasting(60) == 0.0
    assert quarters(10.0, 10.0, watched=5).lasting(60) == 3.0


def test_history_that_was_read_back_is_no_shift() -> None:
    read = Quarter(volume=50.0, read_back=40.0, expected_volume=10.0)
    assert Sums((read,)).lasting(60) == 1.0
