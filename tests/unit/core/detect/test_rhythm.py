"""The hours of a day and the days of a week are learnt, and doubted while they are few."""

from emberwatch.core.detect.past import (
    advance,
)
from tests.pasts import DAY, MONDAY, SETTINGS, a_past


def test_a_busy_hour_is_expected_busy() -> None:
    past = a_past(14, busy=9)
    nine = advance(SETTINGS, past, MONDAY + 14 * DAY + 9 * 60 + 30).quarters[-1]
    three = advance(SETTINGS, past, MONDAY + 14 * DAY + 3 * 60 + 30).quarters[-1]
    assert nine.expected_volume > 4 * three.expected_volume


def test_one_day_is_not_yet_a_rhythm() -> None:
    day, weeks = (
        advance(SETTINGS, a_past(days, busy=9), MONDAY + days * DAY + 9 * 60 + 30).quarters[-1]
        for days in (2, 14)
    )
    assert day.expected_volume < weeks.expected_volume
