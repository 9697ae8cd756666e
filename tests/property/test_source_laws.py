"""Whatever a site answers, a source never crashes and never makes a post up."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emberwatch.model.errors import FeedUnavailable, PostInvalid
from emberwatch.ports import Answer, Source
from emberwatch.sources.hackernews import HackerNews, HackerNewsOptions
from emberwatch.sources.jsonl import Jsonl, JsonlOptions, parse_line
from emberwatch.sources.mastodon import Mastodon, MastodonOptions
from emberwatch.sources.plain import to_plain
from emberwatch.sources.rss import Rss, RssOptions

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

SOURCES: dict[str, Source] = {
    "rss": Rss(RssOptions(url="https://x.test/feed")),
    "mastodon": Mastodon(MastodonOptions(url="https://x.test", hashtag="acme")),
    "hackernews": HackerNews(HackerNewsOptions()),
    "jsonl": Jsonl(JsonlOptions(path="x")),
}

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def shaped(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """An object that has these fields, with anything in them."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, anything))


statuses = shaped("id", "content", "created_at", "url", "in_reply_to_id", "replies_count").flatmap(
    lambda status: st.fixed_dictionaries(
        {},
        optional={
            "account": shaped("acct", "display_name", "followers_count") | anything,
            "reblog": shaped("id", "content", "account") | anything,
            "quote": shaped("state", "quoted_status", "quoted_status_id", "id") | anything,
        },
    ).map(lambda more: {**status, **more})
)
hits = shaped(
    "objectID", "created_at", "created_at_i", "title", "author", "story_text", "comment_text",
    "parent_id", "story_id", "points", "num_comments", "_tags", "children", "id",
)  # fmt: skip
items = shaped(
    "id", "url", "title", "content_html", "content_text", "date_published", "authors", "author"
)
answers = {
    "mastodon": st.lists(statuses | anything, max_size=3),
    "hackernews": st.fixed_dictionaries({"hits": st.lists(hits | anything, max_size=3)}),
    "rss": st.fixed_dictionaries(
        {
            "version": st.just("https://jsonfeed.org/version/1.1"),
            "items": st.lists(items | anything, max_size=3),
        }
    ),
}


def posts_of(kind: str, body: bytes) -> list[Any] | None:
    answer = Answer(status=200, headers={}, body=body, url="", received_at=NOON)
    try:
        posts = SOURCES[kind].parse(answer).posts
    except FeedUnavailable:
        return None
    for post in posts:
        json.dumps(
            [post.id, post.text, post.title, post.author.handle], ensure_ascii=False
        ).encode()
        assert "\x00" not in post.text
        assert post.created_at.utcoffset() == NOON.utcoffset()
    return list(posts)


@pytest.mark.parametrize("kind", sorted(answers))
@given(data=st.data())
def test_an_answer_with_anything_in_its_fields_is_read_or_left(
    kind: str, data: st.DataObject
) -> None:
    told = data.draw(answers[kind])
    listed = told if isinstance(told, list) else told.get("hits", told.get("items"))
    posts = posts_of(kind, json.dumps(told).encode())
    assert posts is not None
    assert len(posts) <= len(listed)


@pytest.mark.parametrize("kind", sorted(SOURCES))
@given(body=st.binary(max_size=300) | anything.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(kind: str, body: bytes) -> None:
    posts = posts_of(kind, body)
    if kind != "jsonl" and posts:
        raise AssertionError(f"a post was made up from {body!r}")


FEED = (
    b"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>B</title>"
    + b"".join(
        b"<item><guid>https://x.test/%d</guid><link>https://x.test/%d</link><title>T %d</title>"
        b"<description><![CDATA[<p>one <b>two</b>]]></description></item>" % (n, n, n)
        for n in range(1000, 1005)
    )
    + b"</channel></rss>"
)
IDS = {f"https://x.test/{n}" for n in range(1000, 1005)}


@given(cut=st.integers(0, len(FEED)))
def test_a_feed_cut_anywhere_brings_only_posts_that_are_whole(cut: int) -> None:
    posts = posts_of("rss", FEED[:cut]) or []
    assert {post.native_id for post in posts} <= IDS
    assert [post.native_id for post in posts] == sorted(post.native_id for post in posts)


@given(at=st.integers(0, len(FEED)), junk=st.binary(max_size=6))
def test_a_feed_with_junk_in_it_is_read_or_refused(at: int, junk: bytes) -> None:
    posts = posts_of("rss", FEED[:at] + junk + FEED[at:]) or []
    assert len(posts) <= len(IDS) + junk.count(b"<")


@given(line=anything | shaped("id", "created_at", "author", "text", "kind", "parent_id", "source"))
@example(line={"id": "1", "text": "\ud800\x00"})
def test_any_line_is_a_post_or_says_why_not(line: Any) -> None:
    try:
        post = parse_line(json.dumps(line), now=NOON)
    except PostInvalid:
        return
    assert post.native_id
    post.text.encode()


@given(markup=st.text() | st.text(alphabet="<>/!-\"'= abp&;#[]"))
def test_any_markup_is_made_plain(markup: str) -> None:
    plain = to_plain(markup)
    plain.encode()
    assert plain == plain.strip()
    assert "\n\n\n" not in plain
