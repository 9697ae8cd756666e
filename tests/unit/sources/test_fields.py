"""Fields of an answer are taken when they make sense and left when they do not."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from emberwatch.model.errors import FeedUnavailable
from emberwatch.ports import Answer
from emberwatch.sources.fields import (
    address_problems,
    as_count,
    as_id,
    as_instant,
    as_link,
    as_list,
    as_mapping,
    as_text,
    decode_json,
    host_of,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def an_answer(body: bytes) -> Answer:
    return Answer(
        status=200, headers={}, body=body, url="https://user:key@x.test/f?t=1", received_at=NOON
    )


@pytest.mark.parametrize(
    ("value", "link"),
    [
        ("https://x.test/a b", "https://x.test/a%20b"),
        (" http://x.test ", "http://x.test"),
        ("/relative?x=1", "https://base.test/relative?x=1"),
        ("//other.test/a", "https://other.test/a"),
        ("javascript:alert(1)", None),
        ("JaVaScRiPt:alert(1)", None),
        ("data:text/html,x", None),
        ("http:///nothing", None),
        ("https://[broken", None),
        ("https://x.test/\x1b[2J", None),
        ("https://x.test/\u202e", None),
        (None, None),
        (7, None),
    ],
)
def test_only_web_addresses_are_links(value: object, link: str | None) -> None:
    assert as_link(value, "https://base.test/feed") == link


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0), (60, 60), ("60", 60), (" 7 ", 7), (-1, None), (True, None), (1.5, None),
        (None, None), ("many", None), ("", None), ("²", None), (10**13, None), ("9" * 5000, None),
    ],
)  # fmt: skip
def test_a_counter_is_a_number_that_can_be_true(value: object, count: int | None) -> None:
    assert as_count(value) == count


@pytest.mark.parametrize(
    ("value", "id"),
    [
        ("x", "x"), (" x ", "x"), ("", None), ("  ", None), (7, "7"), (0, "0"), (True, None),
        (None, None), (1.0, None), ("a\x00b", "ab"), (10**41, None), ([], None),
    ],
)  # fmt: skip
def test_an_id_is_a_text_or_a_whole_number(value: object, id: str | None) -> None:
    assert as_id(value) == id


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-11-22T12:00:00Z", NOON),
        ("2026-11-22T14:00:00+02:00", NOON),
        ("2026-11-22T12:00:00", NOON),
        ("Sun, 22 Nov 2026 12:00:00 GMT", NOON),
        ("0001-01-01T00:00:00+14:00", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59-14:00", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2099-01-01", datetime(2099, 1, 1, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        (1_700_000_000, None),
        (None, None),
    ],
)
def test_a_date_is_read_in_utc_and_left_absurd(value: object, instant: datetime | None) -> None:
    assert as_instant(value) == instant


@pytest.mark.parametrize(
    ("take", "empty"),
    [(as_mapping, {}), (as_list, []), (as_text, "")],
    ids=["mapping", "list", "text"],
)
def test_a_value_of_the_wrong_shape_is_taken_as_empty(take: Any, empty: object) -> None:
    assert take(7) == empty
    assert take(None) == empty


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://User:key@Example.org:8443/x", "example.org:8443"),
        ("https://example.org", "example.org"),
        ("", ""),
        ("https://[broken", ""),
    ],
)
def test_a_host_bears_its_port_and_no_password(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "answered nothing"),
        (b"not json", "begins with 'not json'"),
        (b"[" * 100_000, "answered something else, not JSON"),
        (b"\xff\xfe\xfd", "not JSON"),
        (b"<!DOCTYPE html><title> Log\n in </title>", "a web page ('Log in')"),
        (b"<html><body>hello", "a web page, not JSON"),
        (b'{"n": ' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_an_answer_that_is_no_json_is_named_for_what_it_is(body: bytes, said: str) -> None:
    with pytest.raises(FeedUnavailable) as raised:
        decode_json(an_answer(body))
    assert said in str(raised.value)
    assert str(raised.value).startswith("x.test answered")


def test_the_secrets_of_an_address_stay_out_of_the_message() -> None:
    with pytest.raises(FeedUnavailable) as raised:
        decode_json(an_answer(b"x"))
    assert "key" not in str(raised.value)
    assert "t=1" not in str(raised.value)


def test_json_is_given_as_it_is() -> None:
    assert decode_json(an_answer(json.dumps({"a": [1]}).encode())) == {"a": [1]}


def test_a_setting_that_is_no_address_is_named() -> None:
    assert address_problems("https://x.test/feed") == []
    assert address_problems("x.test/feed")[0][0] == "url"
