"""What a site says of its limits, and when to come again."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emberwatch.core.read.politeness import (
    Patience,
    Rate,
    is_unconditional,
    next_poll_in,
    parse_rate,
    parse_retry_after,
    rest_after,
)

NOW = datetime(2026, 8, 1, 13, 55, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHARED = Path(os.environ.get("EMBERWATCH_SHARED", Path(__file__).parents[5] / "shared"))


def a_rate(remaining: int | None = 0, reset_in: timedelta | None = timedelta(minutes=5)) -> Rate:
    return Rate(
        limit=300, remaining=remaining, reset_at=None if reset_in is None else NOW + reset_in
    )


@pytest.mark.parametrize(
    ("headers", "rate"),
    [
        pytest.param(
            {
                "X-RateLimit-Limit": "300",
                "X-RateLimit-Remaining": "299",
                "X-RateLimit-Reset": "2026-08-01T14:00:00.792749Z",
            },
            Rate(
                limit=300,
                remaining=299,
                reset_at=datetime(2026, 8, 1, 14, 0, 0, 792749, tzinfo=UTC),
            ),
            id="Mastodon: an ISO instant",
        ),
        pytest.param(
            {
                "x-rate-limit-limit": "450",
                "x-rate-limit-remaining": "448",
                "x-rate-limit-reset": "1665183229",
            },
            Rate(limit=450, remaining=448, reset_at=datetime(2022, 10, 7, 22, 53, 49, tzinfo=UTC)),
            id="X: seconds since 1970",
        ),
        pytest.param(
            {
                "x-ratelimit-used": "164",
                "x-ratelimit-remaining": "436.0",
                "x-ratelimit-reset": "253",
            },
            Rate(limit=600, remaining=436, reset_at=NOW + timedelta(seconds=253)),
            id="Reddit: seconds left, a fraction remaining, used instead of a limit",
        ),
        pytest.param(
            {
                "ratelimit-limit": "3000",
                "ratelimit-remaining": "2999",
                "ratelimit-reset": "1785592800",
                "ratelimit-policy": "3000;w=300",
            },
            Rate(limit=3000, remaining=2999, reset_at=datetime(2026, 8, 1, 14, 0, tzinfo=UTC)),
            id="Bluesky: separate fields, seconds since 1970",
        ),
        pytest.param(
            {"ratelimit": "limit=100, remaining=50, reset=5"},
            Rate(limit=100, remaining=50, reset_at=NOW + timedelta(seconds=5)),
            id="IETF draft 07",
        ),
        pytest.param(
            {
                "ratelimit": '"burst";r=40;t=1, "daily";r=7;t=3600',
                "ratelimit-policy": '"burst";q=50;w=1, "daily";q=1000;w=86400',
            },
            Rate(limit=50, remaining=7, reset_at=NOW + HOUR),
            id="IETF since draft 08: the tightest counts",
        ),
        pytest.param(
            {"ratelimit": '"a";r=3'},
            Rate(limit=None, remaining=3, reset_at=None),
            id="IETF without a reset or a policy",
        ),
        pytest.param(
            {"x-ratelimit-remaining": "9", "x-ratelimit-reset": "1785592800000"},
            Rate(limit=None, remaining=9, reset_at=datetime(2026, 8, 1, 14, 0, tzinfo=UTC)),
            id="milliseconds since 1970",
        ),
        pytest.param(
            {"x-ratelimit-limit": "60, 60;w=60"},
            Rate(limit=60, remaining=None, reset_at=None),
            id="a limit with its policy behind it",
        ),
        pytest.param(
            {"x-ratelimit-remaining": "1", "x-ratelimit-reset": "2026-08-01T14:00:00"},
            Rate(limit=None, remaining=1, reset_at=datetime(2026, 8, 1, 14, 0, tzinfo=UTC)),
            id="an instant without a zone is in UTC",
        ),
    ],
)
def test_each_family_of_headers_is_understood(headers: dict[str, str], rate: Rate) -> None:
    assert parse_rate(headers, NOW) == rate


@pytest.mark.parametrize(
    "reset", ["", "soon", "-5", "9" * 13 + "9" * 6, "9" * 400, "9999-12-31T23:59:59-23:00"]
)
def test_a_senseless_reset_is_left_out_and_the_rest_kept(reset: str) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    assert parse_rate(headers, NOW) == Rate(limit=None, remaining=0, reset_at=None)


@pytest.mark.parametrize(
    "headers", [{}, {"ratelimit": "nonsense"}, {"x-ratelimit-remaining": "many"}]
)
def test_headers_that_say_nothing_of_limits_give_no_rate(headers: dict[str, str]) -> None:
    assert parse_rate(headers, NOW) is None


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "x-ratelimit-limit",
                "x-ratelimit-remaining",
                "x-ratelimit-reset",
                "x-ratelimit-used",
                "ratelimit",
                "ratelimit-policy",
            ]
        ),
        st.text(max_size=40) | st.from_regex(r"[0-9;,rtq=.\-:TZ]{0,30}", fullmatch=True),
    )
)
def test_no_header_however_odd_raises(headers: dict[str, str]) -> None:
    rate = parse_rate(headers, NOW)
    assert rate is None or rest_after(rate, NOW, HOUR) is None or rate.remaining == 0


@pytest.mark.parametrize(
    ("case", "limit", "remaining"),
    [
        ("mastodon/hashtag_timeline", 300, None),
        ("x/search_recent_minimal_fields", 450, None),
    ],
)
def test_recorded_answers_of_real_sites_give_a_rate(
    case: str, limit: int, remaining: int | None
) -> None:
    meta = SHARED / "data" / "recordings" / case / "meta.json"
    if not meta.exists():
        pytest.skip(f"the recordings are not here ({meta})")
    rate = parse_rate(json.loads(meta.read_text())["headers"], NOW)
    assert rate is not None
    assert rate.limit == limit
    assert rate.remaining is not None
    assert rate.reset_at is not None


def test_a_site_is_left_alone_when_nothing_remains() -> None:
    assert rest_after(a_rate(), NOW, HOUR) == timedelta(minutes=5)


def test_a_reset_in_ten_years_is_capped() -> None:
    assert rest_after(a_rate(reset_in=timedelta(days=3650)), NOW, HOUR) == HOUR


@pytest.mark.parametrize(
    "rate",
    [
        None,
        a_rate(remaining=1),
        a_rate(remaining=None),
        a_rate(reset_in=None),
        a_rate(reset_in=timedelta(0)),
    ],
)
def test_a_site_is_read_on_while_its_limit_allows(rate: Rate | None) -> None:
    assert rest_after(rate, NOW, HOUR) is None


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 1.5 ", timedelta(seconds=1.5)),
        ("Sat, 01 Aug 2026 13:57:00 GMT", timedelta(minutes=2)),
        ("Sat, 01 Aug 2026 13:57:00 -0000", timedelta(minutes=2)),
        ("Sat, 01 Aug 2026 12:00:00 GMT", timedelta(0)),
        ("315360000", HOUR),
        ("9" * 400, HOUR),
        ("Fri, 01 Aug 2036 12:00:00 GMT", HOUR),
        ("-5", None),
        ("soon", None),
        ("Fri, 31 Dec 9999 23:59:59 -2300", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_capped(
    value: str | None, wait: timedelta | None
) -> None:
    assert parse_retry_after(value, NOW, HOUR) == wait


@settings(deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z]{3}, [0-9 :A-Z+-]{0,30}", fullmatch=True))
def test_any_retry_after_is_a_wait_within_bounds_or_nothing(value: str) -> None:
    wait = parse_retry_after(value, NOW, HOUR)
    assert wait is None or timedelta(0) <= wait <= HOUR


def test_a_feed_that_is_well_is_polled_at_its_interval() -> None:
    assert next_poll_in(timedelta(seconds=30), 0, None, 0.7) == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(1, 30), (3, 30), (4, 60), (5, 120), (7, 480), (8, 900), (1_000_000, 900)],
)
def test_the_wait_doubles_after_the_fourth_try_up_to_a_quarter_of_an_hour(
    failures: int, seconds: int
) -> None:
    assert next_poll_in(timedelta(seconds=30), failures, None, 0.0) == timedelta(seconds=seconds)


def test_a_rare_feed_is_never_polled_more_often_because_it_failed() -> None:
    assert next_poll_in(timedelta(hours=6), 3, None, 0.0) == timedelta(hours=6)


@pytest.mark.parametrize("failures", [0, 1])
def test_a_site_that_asks_for_longer_gets_longer(failures: int) -> None:
    asked = timedelta(minutes=20)
    assert next_poll_in(timedelta(seconds=30), failures, asked, 0.0) == asked


def test_a_site_that_asks_for_ten_years_gets_an_hour() -> None:
    assert next_poll_in(timedelta(seconds=30), 1, timedelta(days=3650), 0.0) == HOUR


def test_chance_only_lengthens_a_wait() -> None:
    patience = Patience(jitter=0.5)
    waits = [next_poll_in(timedelta(seconds=30), 1, None, draw, patience) for draw in (0.0, 1.0)]
    assert waits == [timedelta(seconds=30), timedelta(seconds=45)]


@settings(deadline=None)
@given(
    st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=7)),
    st.integers(min_value=0, max_value=10**6),
    st.none() | st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000)),
    st.floats(min_value=0, max_value=1),
)
def test_a_wait_is_never_shorter_than_the_interval(
    every: timedelta, failures: int, asked: timedelta | None, chance: float
) -> None:
    wait = next_poll_in(every, failures, asked, chance)
    assert every <= wait <= max(every, HOUR) * 1.1


def test_every_tenth_poll_believes_no_304() -> None:
    assert [n for n in range(25) if is_unconditional(n, 10)] == [0, 10, 20]
