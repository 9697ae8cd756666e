"""A line of JSON becomes a post, or says why not."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from recorded import NOON, an_answer

from emberwatch.model.errors import PostInvalid
from emberwatch.model.post import NO_COUNTERS, Author, Counters, Flag, Post
from emberwatch.sources.jsonl import Jsonl, JsonlOptions, parse_line

A_LINE = {"id": "1", "created_at": "2026-11-22T10:00:00Z", "author": "ann", "text": "Acme!"}


def post(is_live: bool = False, **told: Any) -> Post:
    record = {name: value for name, value in {**A_LINE, **told}.items() if value is not ...}
    return parse_line(json.dumps(record), now=NOON, is_live=is_live)


def refusal(line: str | bytes) -> str:
    with pytest.raises(PostInvalid) as raised:
        parse_line(line, now=NOON)
    return str(raised.value)


def test_the_four_fields_make_a_post() -> None:
    made = post()
    assert made.id == "jsonl::post:1"
    assert (made.author, made.text) == (Author(handle="ann"), "Acme!")
    assert made.created_at == made.seen_at == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert made.thread_id == made.key
    assert made.counters is NO_COUNTERS


def test_every_other_field_is_taken_and_unknown_ones_are_not() -> None:
    made = post(
        language="bg", url="https://x.test/1", kind="quote", parent_id="2", thread_id="3",
        quote_of="4", followers=7, replies=1, boosts=2, quotes=3, likes=4, views=5,
        seen_at="2026-11-22T10:05:00+00:00", source="x", brand="ignored", label=None,
    )  # fmt: skip
    assert made.id == "x::quote:1"
    assert (made.parent_id, made.thread_id, made.quote_of) == ("x::2", "x::3", "x::4")
    assert made.counters == Counters(replies=1, boosts=2, quotes=3, likes=4, views=5)
    assert made.author.followers == 7
    assert (made.language, made.url) == ("bg", "https://x.test/1")
    assert made.seen_at - made.created_at == timedelta(minutes=5)


@pytest.mark.parametrize("line", [b'{"id": 12, "text": ""}', '{"id": 12, "text": ""}'])
def test_bytes_and_text_are_read_and_a_number_is_an_id(line: str | bytes) -> None:
    assert parse_line(line, now=NOON).native_id == "12"


def test_the_mark_at_the_beginning_of_a_file_is_no_mistake() -> None:
    assert parse_line("\ufeff" + json.dumps(A_LINE), now=NOON).native_id == "1"


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({}, "post"),
        ({"thread_id": "1"}, "post"),
        ({"thread_id": 2}, "reply"),
        ({"parent_id": 2}, "reply"),
        ({"kind": "comment", "parent_id": 2}, "comment"),
    ],
)
def test_a_line_that_names_no_kind_is_a_reply_if_it_answers(told: Any, kind: str) -> None:
    assert post(**told).kind == kind


def test_a_reply_stands_under_its_root_or_else_under_its_parent() -> None:
    assert post(parent_id="2", thread_id="3").thread_id == "jsonl::3"
    assert post(parent_id="2").thread_id == "jsonl::2"


@pytest.mark.parametrize("name", ["boost_of", "parent_id", "thread_id"])
def test_a_boost_needs_no_words_and_names_its_original_somehow(name: str) -> None:
    made = post(kind="boost", text=..., **{name: "9"})
    assert (made.text, made.boost_of, made.thread_id) == ("", "jsonl::9", "jsonl::9")


def test_a_boost_that_names_nothing_stands_alone() -> None:
    assert post(kind="boost").boost_of is None


def test_only_a_boost_boosts() -> None:
    assert post(boost_of="9").boost_of is None


@pytest.mark.parametrize("date", [..., None, ""])
def test_a_line_without_a_date_bears_the_time_it_was_read(date: Any) -> None:
    made = post(created_at=date)
    assert (made.flags, made.created_at, made.seen_at) == ({Flag.UNDATED}, NOON, NOON)


def test_a_line_without_a_date_was_written_when_it_was_seen() -> None:
    made = post(created_at=None, seen_at="2026-11-22T09:00:00Z")
    assert made.created_at == made.seen_at == datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_a_live_line_was_seen_now_unless_it_says_otherwise() -> None:
    assert post(is_live=True).seen_at == NOON
    told = post(is_live=True, seen_at="2026-11-22T11:00:00Z")
    assert told.seen_at == datetime(2026, 11, 22, 11, tzinfo=UTC)


@pytest.mark.parametrize("date", ["2026-11-22T10:00:00", "2026-11-22T12:00:00+02:00"])
def test_a_date_is_in_utc_unless_it_names_a_zone(date: str) -> None:
    made = post(created_at=date)
    assert made.created_at == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert made.created_at.tzinfo is UTC


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+14:00", "2099-01-01T00:00:00Z"])
def test_an_absurd_date_is_left_to_be_judged_later(date: str) -> None:
    assert post(created_at=date).created_at.year == int(date[:4])


def test_what_no_database_can_hold_is_removed() -> None:
    made = post(id="1\x00", text="a\x00\ud800b", author="an\ud8ffn", language="b\x00g")
    assert (made.native_id, made.text, made.author.handle, made.language) == (
        "1",
        "ab",
        "ann",
        "bg",
    )


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "x", "https://x.test/a b", "http://\x1b", 7]
)
def test_only_a_web_address_is_a_link(url: Any) -> None:
    assert post(url=url).url is None


@pytest.mark.parametrize(
    ("value", "count"),
    [(12.0, 12), (1.5, None), ("9", None), (-1, None), (True, None), (10**15, None)],
)
def test_a_counter_is_a_number_that_can_be_true(value: object, count: int | None) -> None:
    assert post(replies=value).counters.replies == count


@pytest.mark.parametrize(("author", "handle"), [(..., ""), (None, ""), (7, "7")])
def test_an_author_may_be_unknown_or_a_number(author: Any, handle: str) -> None:
    assert post(author=author).author.handle == handle


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        ("[" * 100_000, "nested too deeply"),
        ("[1]", "expected a JSON object, got [1]"),
        ('{"text": "x"}', "id: missing"),
        ('{"id": "", "text": "x"}', "id: missing"),
        ('{"id": true, "text": "x"}', "id: expected a text or a whole number, got True"),
        ('{"id": 1.5, "text": "x"}', "id: expected"),
        ('{"id": "1"}', "text: missing"),
        ('{"id": "1", "text": 7}', "text: expected a text, got 7"),
        ('{"id": "1", "text": "x", "created_at": "soon"}', "created_at: expected a date"),
        ('{"id": "1", "text": "x", "created_at": 1700000000}', "created_at: expected a date"),
        ('{"id": "1", "text": "x", "seen_at": []}', "seen_at: expected a date"),
        ('{"id": "1", "text": "x", "kind": "tweet"}', "kind: expected one of post, reply"),
        ('{"id": "1", "text": "x", "kind": []}', "kind: expected"),
        ('{"id": "1", "text": "x", "source": "a:b"}', "source: expected"),
        ('{"id": "1", "text": "x", "source": ""}', "source: expected"),
        ('{"id": "1", "text": "x", "parent_id": {}}', "parent_id: expected"),
        ('{"id": "1", "text": "x", "author": {}}', "author: expected"),
    ],
)
def test_a_line_that_makes_no_sense_says_why(line: str | bytes, said: str) -> None:
    assert said in refusal(line)


def test_what_is_shown_of_a_wrong_value_is_short() -> None:
    assert len(refusal(json.dumps({"id": "1", "text": ["x" * 10_000]}))) < 120


def test_a_recorded_file_is_parsed_whole() -> None:
    body = (
        b'\n{"id": 1, "text": "a"}\n\nnonsense\n{"id": 2, "text": "b", "created_at": "2026-01-01"}'
    )
    parsed = Jsonl(JsonlOptions(path=Path("x"))).parse(an_answer(body))
    assert [each.native_id for each in parsed.posts] == ["1", "2"]
    (invalid,) = parsed.invalid
    assert invalid.startswith("line 4 ('nonsense'): not JSON")
    assert parsed.posts[1].seen_at == parsed.posts[1].created_at


def test_a_long_line_that_is_no_json_is_quoted_up_to_a_whole_letter() -> None:
    body = ("x" + 90 * "Д").encode()
    (invalid,) = Jsonl(JsonlOptions(path=Path("x"))).parse(an_answer(body)).invalid
    assert "('x" + 39 * "Д" + "')" in invalid


def test_a_line_that_is_no_json_is_quoted_in_its_own_letters_and_harms_no_terminal() -> None:
    body = "\x1b[31mДостава\u202e\r\n".encode()
    (invalid,) = Jsonl(JsonlOptions(path=Path("x"))).parse(an_answer(body)).invalid
    assert "Достава" in invalid
    assert not {"\x1b", "\u202e", "\r", "\n"} & set(invalid)
    assert "b'" not in invalid
