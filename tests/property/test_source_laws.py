"""Whatever a site answers, a source never crashes and never makes a post up."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from emberwatch.model.errors import FeedUnavailable, PostInvalid
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Source
from emberwatch.sources.appstore import AppStore, AppStoreOptions
from emberwatch.sources.bluesky import Bluesky, BlueskyOptions
from emberwatch.sources.discourse import Discourse, DiscourseOptions
from emberwatch.sources.github import GitHub, GitHubOptions
from emberwatch.sources.hackernews import HackerNews, HackerNewsOptions
from emberwatch.sources.http_json import HttpJson, HttpJsonOptions
from emberwatch.sources.jsonl import Jsonl, JsonlOptions, parse_line
from emberwatch.sources.lemmy import Lemmy, LemmyOptions
from emberwatch.sources.mastodon import Mastodon, MastodonOptions
from emberwatch.sources.plain import to_plain
from emberwatch.sources.reddit import Reddit, RedditOptions
from emberwatch.sources.rss import Rss, RssOptions
from emberwatch.sources.stackexchange import StackExchange, StackExchangeOptions
from emberwatch.sources.telegram import Telegram, TelegramOptions
from emberwatch.sources.vk import Vk, VkOptions
from emberwatch.sources.x import X, XOptions
from emberwatch.sources.youtube import YouTube, YouTubeOptions
from tests.parsing import made_up

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

HIDDEN = Secret("a-secret")

SOURCES: dict[str, Source] = {
    "rss": Rss(RssOptions(url="https://x.test/feed")),
    "mastodon": Mastodon(MastodonOptions(url="https://x.test", hashtag="acme")),
    "hackernews": HackerNews(HackerNewsOptions()),
    "bluesky": Bluesky(BlueskyOptions(query="acme")),
    "reddit": Reddit(
        RedditOptions(client_id=HIDDEN, client_secret=HIDDEN, account="a", query="acme")
    ),
    "x": X(XOptions(token=HIDDEN, query="acme", dollars_a_day=9, dollars_a_month=9)),
    "youtube": YouTube(YouTubeOptions(key=HIDDEN, channel="UCacme")),
    "http_json": HttpJson(HttpJsonOptions(url="https://x.test", likes="likes", parent="parent")),
    "discourse": Discourse(DiscourseOptions(url="https://x.test")),
    "github": GitHub(GitHubOptions(query="acme")),
    "lemmy": Lemmy(LemmyOptions(url="https://x.test", query="acme")),
    "stackexchange": StackExchange(StackExchangeOptions(query="acme")),
    "appstore": AppStore(AppStoreOptions(app="310", name="Acme")),
    "vk": Vk(VkOptions(query="acme", token=HIDDEN)),
    "telegram": Telegram(TelegramOptions(channel="acme_news")),
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
views = st.fixed_dictionaries(
    {},
    optional={
        "uri": st.just("at://did:plc:a/app.bsky.feed.post/1") | anything,
        "author": shaped("did", "handle") | anything,
        "record": shaped("text", "createdAt", "langs", "reply", "embed") | anything,
        "indexedAt": anything,
        "replyCount": anything,
    },
)
things = st.fixed_dictionaries(
    {"kind": st.sampled_from(["t1", "t3", "more", "Listing"])},
    optional={
        "data": shaped(
            "name", "id", "author", "title", "body", "created_utc", "edited", "link_id",
            "parent_id", "replies", "score", "num_comments", "count", "permalink",
        )
    },
)  # fmt: skip
tweets = shaped(
    "id", "text", "author_id", "created_at", "lang", "referenced_tweets", "public_metrics",
    "conversation_id", "note_tweet",
)  # fmt: skip
comments = shaped("id", "snippet", "replies", "statistics") | st.fixed_dictionaries(
    {"id": st.just("a")},
    optional={
        "snippet": shaped("textDisplay", "textOriginal", "publishedAt", "updatedAt", "videoId",
                          "authorDisplayName", "topLevelComment", "title", "parentId"),
    },
)  # fmt: skip
forum_posts = shaped(
    "id", "username", "cooked", "created_at", "updated_at", "version", "post_number", "topic_id",
    "reply_to_post_number", "actions_summary", "hidden",
)  # fmt: skip
topics = shaped("id", "title", "posts_count", "created_at", "posters", "excerpt")
issues = shaped("id", "title", "user", "body", "comments", "reactions", "created_at", "updated_at")
nodes = shaped("id", "title", "body", "author", "comments", "createdAt", "lastEditedAt", "url")
questions = shaped(
    "question_id", "answer_id", "comment_id", "post_id", "title", "body", "owner", "creation_date",
    "last_activity_date", "score", "link",
)  # fmt: skip
wall_posts = shaped(
    "id", "owner_id", "from_id", "date", "text", "copy_history", "post_type", "post_id", "likes",
)  # fmt: skip
labels = shaped("label") | anything
reviews = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("id", "title", "content", "updated", "im:rating", "author"), labels),
)
lemmy_posts = st.fixed_dictionaries(
    {},
    optional={
        "post": shaped("id", "name", "body", "published", "ap_id", "deleted") | anything,
        "comment": shaped("id", "post_id", "content", "path", "removed") | anything,
        "creator": shaped("name", "actor_id") | anything,
        "counts": anything,
    },
)
entries = shaped("id", "text", "author", "created_at", "url", "likes", "parent", "title")
answers = {
    # an answer without any post is refused: the settings are wrong, most likely
    "http_json": st.lists(entries | anything, max_size=2).map(
        lambda found: [*found, {"id": "a", "text": "b", "created_at": 0}]
    ),
    "stackexchange": st.fixed_dictionaries({"items": st.lists(questions | anything, max_size=3)}),
    "vk": st.lists(wall_posts | anything, max_size=3).map(
        lambda found: {"response": {"items": found}}
    ),
    "appstore": st.lists(reviews | anything, max_size=3).map(
        lambda found: {"feed": {"entry": found}}
    ),
    "lemmy": st.fixed_dictionaries({"posts": st.lists(lemmy_posts | anything, max_size=3)}),
    "discourse": st.fixed_dictionaries({"latest_posts": st.lists(forum_posts, max_size=3)})
    | st.fixed_dictionaries(
        {"topic_list": st.fixed_dictionaries({"topics": st.lists(topics, max_size=3)})}
    ),
    "github": st.fixed_dictionaries({"items": st.lists(issues | anything, max_size=3)})
    | st.lists(nodes | anything, max_size=3).map(
        lambda found: {"data": {"search": {"nodes": found}}}
    ),
    "bluesky": st.fixed_dictionaries({"posts": st.lists(views | anything, max_size=3)}),
    "reddit": st.lists(things | anything, max_size=3).map(
        lambda listed: {"kind": "Listing", "data": {"children": listed}}
    ),
    "x": st.fixed_dictionaries({"data": st.lists(tweets | anything, max_size=3)}),
    "youtube": st.fixed_dictionaries({"items": st.lists(comments | anything, max_size=3)}),
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
    assert made_up(posts, body) == []
    return list(posts)


@pytest.mark.parametrize("kind", sorted(answers))
@settings(deadline=None)
@given(data=st.data())
def test_an_answer_with_anything_in_its_fields_is_read_or_left(
    kind: str, data: st.DataObject
) -> None:
    told = data.draw(answers[kind])
    posts = posts_of(kind, json.dumps(told).encode())
    assert posts is not None
    assert len(posts) <= 3


# ---------------------------------------------------------------- recordings, damaged
LARGEST = 60_000
"""Bytes of a recording that is damaged a hundred times."""


def recordings(kind: str, shared: Path) -> list[bytes]:
    """What a site once answered; no posts in a stream of anything else."""
    folder = shared / "data" / "recordings" / ("feeds" if kind == "rss" else kind)
    bodies = [path.read_bytes() for path in sorted(folder.glob("*/body.*"))]
    return [body for body in bodies if len(body) <= LARGEST]


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value within a JSON value."""
    yield way
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        inner = list(value.items() if isinstance(value, dict) else enumerate(value))
    for key, part in inner:
        yield from places(part, (*way, key))


def changed(value: Any, way: tuple[Any, ...], new: Any) -> Any:
    """Return a JSON value with another one at the end of a way."""
    if not way:
        return new
    copy = value.copy()
    copy[way[0]] = changed(value[way[0]], way[1:], new)
    return copy


RECORDED = [
    "mastodon", "hackernews", "bluesky", "reddit", "x", "youtube", "discourse", "github",
]  # fmt: skip


@pytest.mark.parametrize("kind", RECORDED)
@given(data=st.data())
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_recording_with_anything_in_one_of_its_fields_brings_no_new_post(
    kind: str, shared: Path, data: st.DataObject
) -> None:
    body = data.draw(st.sampled_from(recordings(kind, shared)))
    true_ids = [post.native_id for post in posts_of(kind, body) or ()]
    try:
        told = json.loads(body)
        lines = []
    except ValueError:
        lines = body.splitlines()
        number = data.draw(st.integers(0, len(lines) - 1))
        if not lines[number].startswith(b"{"):
            return
        told = json.loads(lines[number])
    way = data.draw(st.sampled_from(list(places(told))))
    damaged = json.dumps(changed(told, way, data.draw(anything))).encode()
    if lines:
        damaged = b"\n".join([*lines[:number], damaged, *lines[number + 1 :]])
    posts = posts_of(kind, damaged) or []
    assert len(posts) <= len(true_ids)
    # An id may have been changed itself; and a thread's first post lends its own to others.
    assert len({post.native_id for post in posts} - set(true_ids)) <= 1


@pytest.mark.parametrize("kind", [*RECORDED, "rss"])
@given(data=st.data(), junk=st.binary(max_size=6))
@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_recording_that_is_cut_or_has_junk_in_it_is_read_or_refused(
    kind: str, shared: Path, data: st.DataObject, junk: bytes
) -> None:
    body = data.draw(st.sampled_from(recordings(kind, shared)))
    whole = posts_of(kind, body) or []
    at = data.draw(st.integers(0, len(body)))
    cut = posts_of(kind, body[:at]) or []
    assert {post.native_id for post in cut} <= {post.native_id for post in whole}
    posts = posts_of(kind, body[:at] + junk + body[at:]) or []
    assert len(posts) <= len(whole) + junk.count(b"<")


@pytest.mark.parametrize("kind", sorted(SOURCES))
@settings(deadline=None)
@given(body=st.binary(max_size=300) | anything.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(kind: str, body: bytes) -> None:
    posts = posts_of(kind, body)
    if kind != "jsonl" and posts:
        raise AssertionError(f"a post was made up from {body!r}")


MESSAGE = (
    '<div class="tgme_widget_message" data-post="acme_news/12345">',
    '<div class="tgme_widget_message_text">',
    '<time datetime="2026-11-22T10:00:00+00:00">',
    '<span class="tgme_widget_message_views">1.8K</span>',
    '<a class="tgme_widget_message_reply" href="https://t.me/acme_news/12344">',
    "text &amp; more",
    "</time>",
    "</div>",
    "</a>",
    "<br/>",
    "<",
    "&#",
    'data-post="other/1"',
)


@given(pieces=st.lists(st.sampled_from(MESSAGE), max_size=16))
@settings(deadline=None, max_examples=40)
def test_a_preview_in_any_disorder_is_read_or_left(pieces: list[str]) -> None:
    page = '<section class="tgme_channel_history">' + "".join(pieces)
    posts = posts_of("telegram", page.encode("utf-8", "replace"))
    assert posts is not None
    assert len(posts) <= pieces.count(MESSAGE[0])


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
@settings(deadline=None)  # the first feed starts a process
def test_a_feed_cut_anywhere_brings_only_posts_that_are_whole(cut: int) -> None:
    posts = posts_of("rss", FEED[:cut]) or []
    assert {post.native_id for post in posts} <= IDS
    assert [post.native_id for post in posts] == sorted(post.native_id for post in posts)


@given(at=st.integers(0, len(FEED)), junk=st.binary(max_size=6))
@settings(deadline=None)
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
