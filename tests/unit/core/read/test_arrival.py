"""What is mended in a post before it enters."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from emberwatch.core.read.arrival import LONGEST_NAME, arrive
from emberwatch.model.errors import PostInvalid
from emberwatch.model.post import Author, Flag, Post

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
POST = Post(
    source="jsonl",
    native_id="1",
    author=Author(handle="ann", name="Ann"),
    text="Where is my parcel?",
    title="Parcel",
    created_at=NOW - timedelta(minutes=1),
    seen_at=NOW,
    edited_at=NOW,
    url="https://example.org/1",
    uri="https://example.org/1",
    language="en",
    parent_id="jsonl::0",
    thread_id="jsonl::0",
)


def test_a_good_post_stays_the_same_object() -> None:
    assert arrive(POST, NOW) is POST


@pytest.mark.parametrize(
    "created_at",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1989, 12, 31, 23, 59, tzinfo=UTC),
        datetime(2099, 1, 1, tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        NOW + timedelta(hours=1, seconds=1),
    ],
)
def test_a_date_that_cannot_be_true_becomes_the_clock(created_at: datetime) -> None:
    mended = arrive(replace(POST, created_at=created_at), NOW)
    assert mended.created_at == NOW
    assert mended.flags == {Flag.CLAMPED}


@pytest.mark.parametrize(
    "created_at", [NOW + timedelta(hours=1), datetime(1990, 1, 1, tzinfo=UTC), NOW]
)
def test_a_date_that_may_be_true_is_believed(created_at: datetime) -> None:
    post = replace(POST, created_at=created_at)
    assert arrive(post, NOW) is post


def test_a_clamped_post_keeps_its_other_flags() -> None:
    post = replace(POST, created_at=datetime(2099, 1, 1, tzinfo=UTC), flags={Flag.UNDATED})
    assert arrive(post, NOW).flags == {Flag.UNDATED, Flag.CLAMPED}


def test_an_impossible_edit_time_becomes_the_clock_without_a_flag() -> None:
    mended = arrive(replace(POST, edited_at=datetime(2099, 1, 1, tzinfo=UTC)), NOW)
    assert mended.edited_at == NOW
    assert mended.flags == frozenset()


def test_texts_and_names_are_cleaned() -> None:
    author = Author(handle="an\x00n" + "x" * 500, name="A\ud800nn", followers=7)
    mended = arrive(replace(POST, text="a\x00b", title="t\ud800", author=author), NOW)
    assert (mended.text, mended.title) == ("ab", "t")
    assert mended.author == Author(
        handle=("ann" + "x" * 500)[: LONGEST_NAME - 1], name="Ann", followers=7
    )


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://example.org",
        "data:text/html,x",
        "//example.org",
        "",
        "http://a b",
        "https://a\nb",
        "https://" + "a" * 3_000,
    ],
)
def test_only_web_addresses_are_kept(url: str) -> None:
    assert arrive(replace(POST, url=url), NOW).url is None


@pytest.mark.parametrize("url", [None, "http://example.org", "HTTPS://example.org/ж"])
def test_a_web_address_stays(url: str | None) -> None:
    assert arrive(replace(POST, url=url), NOW).url == url


def test_references_lose_what_no_database_holds() -> None:
    post = replace(
        POST,
        native_id="1\ud800",
        parent_id="p\x00",
        quote_of="q\x00",
        boost_of="b\x00",
        uri="u\x00",
    )
    mended = arrive(post, NOW)
    assert mended.id == "jsonl::post:1"
    assert (mended.parent_id, mended.quote_of, mended.boost_of, mended.uri) == ("p", "q", "b", "u")


def test_a_root_stays_the_root_of_its_thread() -> None:
    assert arrive(replace(POST, native_id="1\x00", thread_id=""), NOW).is_root


def test_a_post_whose_id_is_nothing_but_noise_is_refused() -> None:
    with pytest.raises(PostInvalid, match="its id holds nothing"):
        arrive(replace(POST, native_id="\x00"), NOW)
