"""A plain series is judged row by row, by the rules that watch brands."""

import random
from datetime import UTC, datetime

import pytest

from emberwatch.runtime.series import MOST_SCORE, Judged, Row, judge_series

MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
HOUR = 60
DAY = 24 * HOUR


def some_days(days: float, an_hour: float = 12.0, share: float = 0.2, seed: int = 1) -> list[Row]:
    """Return ordinary minutes."""
    chance = random.Random(seed)
    rows = []
    for minute in range(int(days * DAY)):
        posts = sum(chance.random() < an_hour / 300.0 for _ in range(5))
        angry = sum(chance.random() < share for _ in range(posts))
        rows.append(Row(MONDAY + 60.0 * minute, float(posts), float(angry)))
    return rows


def a_storm(rows: list[Row], minutes: int, every: int = 2) -> list[Row]:
    """Return rows that end in a storm: an angry post each so many minutes."""
    after = rows[-1].timestamp + 60.0
    storm = [
        Row(after + 60.0 * n, *((0.0, 0.0) if n % every else (1.0, 1.0))) for n in range(minutes)
    ]
    return rows + storm


def opened(rows: list[Row], judged: list[Judged]) -> list[float]:
    """Return the minutes since the first row at which an alert opened."""
    return [
        (row.timestamp - rows[0].timestamp) / 60.0
        for row, before, now in zip(rows[1:], judged, judged[1:], strict=False)
        if now.alert and not before.alert
    ]


def test_a_storm_rings_and_its_score_says_so() -> None:
    rows = a_storm(some_days(4), 2 * HOUR)
    judged = list(judge_series(rows))
    assert len(judged) == len(rows)
    (at,) = opened(rows, judged)
    assert 4 * DAY <= at <= 4 * DAY + 30
    assert max(j.score for j in judged[: 4 * DAY]) < 3.4
    assert max(j.score for j in judged[4 * DAY :]) > 4.5


def test_what_is_said_of_a_row_never_depends_on_later_rows() -> None:
    rows = a_storm(some_days(2), HOUR)
    whole = list(judge_series(rows))
    for cut in (1, 700, 2 * DAY - 3, 2 * DAY + 17):
        assert list(judge_series(rows[:cut])) == whole[:cut]


def test_more_asked_false_alarms_ring_earlier() -> None:
    rows = a_storm(some_days(4), 2 * HOUR)
    eager, patient = (
        next(n for n, j in enumerate(judge_series(rows, asked)) if j.alert) for asked in (4.0, 0.1)
    )
    assert eager < patient


def test_the_score_crosses_one_bar_where_the_alert_opens() -> None:
    rows = a_storm(some_days(4), HOUR)
    judged = list(judge_series(rows, 1.0))
    first = next(n for n, j in enumerate(judged) if j.alert)
    quarters_a_month = 30.44 * 96
    assert 10.0 ** judged[first].score >= quarters_a_month
    assert all(10.0**j.score < quarters_a_month for j in judged[:first])


def test_longer_buckets_tell_the_same_story() -> None:
    rows = a_storm(some_days(4), 2 * HOUR)
    for length in (5, 60):
        buckets = [
            Row(
                rows[n].timestamp,
                sum(row.posts or 0.0 for row in rows[n : n + length]),
                sum(row.angry or 0.0 for row in rows[n : n + length]),
            )
            for n in range(0, len(rows), length)
        ]
        (at,) = opened(buckets, list(judge_series(buckets)))
        assert 4 * DAY <= at <= 4 * DAY + 60


def test_a_feed_that_was_down_says_nothing_and_teaches_nothing() -> None:
    rows = some_days(5)
    down = [
        Row(row.timestamp, None, None) if 3 * DAY <= n < 3 * DAY + 600 else row
        for n, row in enumerate(rows)
    ]
    assert not any(j.alert or j.surge for j in judge_series(down))


def test_rows_that_are_left_out_are_silence() -> None:
    rows = [row for row in a_storm(some_days(4), HOUR) if row.posts]
    assert len(opened(rows, list(judge_series(rows)))) == 1


def test_a_row_that_comes_late_counts_in_its_own_time() -> None:
    rows = some_days(3)
    late = [*rows, Row(MONDAY + 60.0 * (2 * DAY), 30.0, 30.0)]
    assert not any(j.alert for j in judge_series(late))


def test_posts_without_anger_surge_and_do_not_ring() -> None:
    rows = some_days(4)
    after = rows[-1].timestamp + 60.0
    rows += [Row(after + 60.0 * n, 2.0, 0.0) for n in range(HOUR)]
    judged = list(judge_series(rows))
    assert any(j.surge for j in judged)
    assert not any(j.alert for j in judged)


def test_a_row_that_cannot_be_is_named() -> None:
    with pytest.raises(ValueError, match="row 2: expected 0 <= angry <= posts, got 3 of 2"):
        list(judge_series([Row(0.0, 1.0, 0.0), Row(60.0, 2, 3)]))


def test_a_score_has_an_end_however_much_comes() -> None:
    rows = [*(Row(MONDAY + 60.0 * n, 1.0, 0.0) for n in range(600))]
    storm = Row(MONDAY + 36_000.0, 1e9, 1e9)
    assert max(judged.score for judged in judge_series([*rows, storm])) == MOST_SCORE


def test_a_series_of_days_is_judged_and_its_storm_rings() -> None:
    chance = random.Random(3)
    rows = []
    for day in range(100):
        posts = 300.0 + chance.randrange(-40, 40) + 600.0 * (day == 90)
        angry = 60.0 + chance.randrange(-10, 10) + 600.0 * (day == 90)
        rows.append(Row(MONDAY + 86_400.0 * day, posts, angry))
    judged = list(judge_series(rows))
    assert judged[90].alert == 1
    assert not any(each.alert for each in judged[10:90])
