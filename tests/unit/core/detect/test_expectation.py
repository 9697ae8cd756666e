"""A window is expected to bring what its minutes are."""

import pytest

from emberwatch.core.detect.past import (
    KEPT,
    begin,
)
from emberwatch.core.detect.quarter import QUARTER, WINDOWS, window_start
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
