"""Every source keeps what the port promises, and the check notices one that does not."""

import dataclasses
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from emberwatch.model.post import Author, Post
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Page, Parsed, Poll, Request, Source, Web
from emberwatch.runtime.plugins import installed
from emberwatch.sources.appstore import AppStore, AppStoreOptions
from emberwatch.sources.bluesky import Bluesky, BlueskyOptions
from emberwatch.sources.discourse import Discourse, DiscourseOptions
from emberwatch.sources.github import GitHub, GitHubOptions
from emberwatch.sources.hackernews import HackerNews, HackerNewsOptions
from emberwatch.sources.http_json import HttpJson, HttpJsonOptions
from emberwatch.sources.jsonl import Jsonl, JsonlOptions
from emberwatch.sources.lemmy import Lemmy, LemmyOptions
from emberwatch.sources.mastodon import Mastodon, MastodonOptions
from emberwatch.sources.reddit import Reddit, RedditOptions
from emberwatch.sources.rss import Rss, RssOptions
from emberwatch.sources.stackexchange import StackExchange, StackExchangeOptions
from emberwatch.sources.telegram import Telegram, TelegramOptions
from emberwatch.sources.vk import Vk, VkOptions
from emberwatch.sources.x import X, XOptions
from emberwatch.sources.youtube import YouTube, YouTubeOptions
from emberwatch.testing import Recorded, check_source

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

RSS = b"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>B</title>
<item><guid>https://b.test/1000001</guid><title>A</title><link>https://b.test/1000001</link></item>
<item><guid>https://b.test/1000002</guid><title>B</title><link>https://b.test/1000002</link>
<pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate>
<description>&lt;b&gt;x&lt;/b&gt;</description></item>
</channel></rss>"""

STATUS = {
    "id": "117020593741189701",
    "created_at": "2026-11-22T10:00:00.000Z",
    "content": "<p>acme</p>",
    "visibility": "public",
    "account": {"acct": "ann"},
    "replies_count": 3,
}

HIT = {
    "objectID": "7919431",
    "created_at": "2026-11-22T10:00:00.000Z",
    "created_at_i": 1795341600,
    "author": "ann",
    "comment_text": "acme",
    "parent_id": 7919207,
    "story_id": 7919200,
    "_tags": ["comment", "story_7919200"],
}


VIEW = {
    "uri": "at://did:plc:ann/app.bsky.feed.post/3mmoojp4cd223",
    "author": {"did": "did:plc:ann", "handle": "ann.test"},
    "record": {"text": "acme", "createdAt": "2026-11-22T10:00:00.000Z"},
    "replyCount": 2,
}

LINK = {
    "kind": "t3",
    "data": {"name": "t3_6ganxe", "author": "ann", "title": "acme", "created_utc": 1795341600.0},
}

TWEET = {
    "id": "1578516068309794817",
    "text": "acme",
    "author_id": "7",
    "created_at": "2026-11-22T10:00:00.000Z",
}

COMMENT = {
    "id": "UgyZ1jqkHKYvi1-ruOZ4AaABAg",
    "snippet": {
        "textDisplay": "acme",
        "authorDisplayName": "ann",
        "videoId": "F1UP7wRCPH8",
        "publishedAt": "2026-11-22T10:00:00Z",
    },
}

FORUM_POST = {
    "id": 7919431,
    "topic_id": 7919207,
    "post_number": 2,
    "username": "ann",
    "cooked": "<p>acme</p>",
    "created_at": "2026-11-22T10:00:00.000Z",
}

ISSUE = {
    "id": 1308970076,
    "html_url": "https://github.com/a/b/issues/1",
    "title": "acme",
    "user": {"login": "ann"},
    "created_at": "2026-11-22T10:00:00Z",
}

LEMMY_POST = {
    "post": {"id": 7919431, "name": "acme", "published": "2026-11-22T10:00:00Z"},
    "creator": {"name": "ann"},
}

QUESTION = {"question_id": 7919431, "title": "acme", "creation_date": 1795341600}

REVIEW = {
    "id": {"label": "7919431"},
    "title": {"label": "acme"},
    "updated": {"label": "2026-11-22T10:00:00Z"},
    "im:rating": {"label": "1"},
}

WALL_POST = {"owner_id": -7919207, "id": 7919431, "date": 1795341600, "text": "acme"}

PREVIEW = b"""<section class="tgme_channel_history"><div class="tgme_widget_message"
data-post="acme_news/7919431"><div class="js-message_text">acme</div>
<time datetime="2026-11-22T10:00:00+00:00"></time></div></section>"""

HIDDEN = Secret("a-secret")


def an_answer(body: bytes | Any) -> Answer:
    return Answer(
        status=200,
        headers={},
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        url="https://town.test/api",
        received_at=NOON,
    )


def sources(folder: Path) -> dict[str, tuple[Source, list[Answer]]]:
    lines = b'{"id": 10001, "text": "acme \\u0000 x"}\n{"id": "b", "text": "y", "parent_id": 3}\n'
    (folder / "posts.jsonl").write_bytes(lines)
    town = "https://town.test"
    return {
        "rss": (Rss(RssOptions(url=f"{town}/feed")), [an_answer(RSS)]),
        "mastodon": (
            Mastodon(MastodonOptions(url=town, hashtag="acme")),
            [an_answer([{**STATUS, "id": "117020593741189799", "reblog": STATUS}, STATUS])],
        ),
        "hackernews": (
            HackerNews(HackerNewsOptions(query="acme")),
            [an_answer({"hits": [HIT], "nbPages": 1})],
        ),
        "bluesky": (Bluesky(BlueskyOptions(query="acme")), [an_answer({"posts": [VIEW]})]),
        "reddit": (
            Reddit(
                RedditOptions(client_id=HIDDEN, client_secret=HIDDEN, account="a", query="acme")
            ),
            [an_answer({"kind": "Listing", "access_token": "t", "data": {"children": [LINK]}})],
        ),
        "x": (
            X(XOptions(token=HIDDEN, query="acme", dollars_a_day=9, dollars_a_month=9)),
            [an_answer({"data": [TWEET], "meta": {"newest_id": TWEET["id"]}})],
        ),
        "youtube": (
            YouTube(YouTubeOptions(key=HIDDEN, channel="UCacme")),
            [an_answer({"items": [COMMENT]})],
        ),
        "http_json": (
            HttpJson(HttpJsonOptions(url=town, created_at="at")),
            [an_answer([{"id": "7919431", "text": "acme", "at": "2026-11-22T10:00:00Z"}])],
        ),
        "discourse": (
            Discourse(DiscourseOptions(url=town)),
            [an_answer({"latest_posts": [FORUM_POST], "topic_list": None})],
        ),
        "github": (GitHub(GitHubOptions(query="acme")), [an_answer({"items": [ISSUE]})]),
        "lemmy": (
            Lemmy(LemmyOptions(url=town, query="acme")),
            [an_answer({"posts": [LEMMY_POST], "comments": []})],
        ),
        "stackexchange": (
            StackExchange(StackExchangeOptions(query="acme")),
            [an_answer({"items": [QUESTION], "has_more": False})],
        ),
        "appstore": (
            AppStore(AppStoreOptions(app="310", name="Acme")),
            [an_answer({"feed": {"entry": [REVIEW]}})],
        ),
        "vk": (
            Vk(VkOptions(query="acme", token=HIDDEN)),
            [an_answer({"response": {"items": [WALL_POST]}})],
        ),
        "telegram": (Telegram(TelegramOptions(channel="acme_news")), [an_answer(PREVIEW)]),
        "jsonl": (
            Jsonl(JsonlOptions(path=folder / "posts.jsonl")),
            [an_answer(lines)],
        ),
    }


KINDS = [
    "rss", "mastodon", "hackernews", "bluesky", "reddit", "x", "youtube", "http_json", "discourse",
    "github", "lemmy", "stackexchange", "appstore", "vk", "telegram", "jsonl",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_our_sources_keep_the_contract(kind: str, tmp_path: Path) -> None:
    source, answers = sources(tmp_path)[kind]
    await check_source(source, answers)


def test_every_source_of_ours_is_held_to_the_contract(tmp_path: Path) -> None:
    ours = {
        kind
        for kind, made in installed().sources.items()
        if made.__module__.startswith("emberwatch.")
    }
    assert ours == set(sources(tmp_path))


STREAMS = ("sse_", "jetstream_")
"""Recordings of what is listened to: no poll is answered like that."""

OF_OTHERS = {"youtube": ("search_", "comments_"), "discourse": ("search", "latest")}
"""Recordings of what a feed does not poll for posts."""


@dataclasses.dataclass(slots=True)
class SigningIn(Recorded):
    """Recorded answers behind a door that lets everybody in."""

    async def get(self, request: Request) -> Answer:
        if request.body is not None:
            return an_answer({"access_token": "a", "accessJwt": "a", "refreshJwt": "r"})
        return await Recorded.get(self, request)


@pytest.mark.parametrize("kind", KINDS)
async def test_our_sources_keep_the_contract_on_recorded_answers(
    kind: str, tmp_path: Path, shared: Path
) -> None:
    source, answers = sources(tmp_path)[kind]
    folder = shared / "data" / "recordings" / ("feeds" if kind == "rss" else kind)
    for case in sorted(folder.iterdir()) if folder.is_dir() else ():
        meta = json.loads((case / "meta.json").read_text())
        told = json.loads((case / "expected.json").read_text())
        if told["posts"] and not case.name.startswith((*STREAMS, *OF_OTHERS.get(kind, ()))):
            answers = [an_answer((case / meta["body_file"]).read_bytes())]
            await check_source(source, answers, SigningIn(answers))


# ---------------------------------------------------------------- the check itself
@dataclasses.dataclass(frozen=True)
class NoOptions:
    """Nothing to set."""


class Good:
    """Reads one post whose id is the whole body."""

    kind: ClassVar[str] = "good"
    Options: ClassVar[type] = NoOptions
    cursor: ClassVar[dict[str, Any]] = {"at": "1"}

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        answer = await web.get(Request(url="https://x.test"))
        yield Page(posts=self.parse(answer).posts, cursor=self.cursor, listed=1)

    def parse(self, answer: Answer) -> Parsed:
        return Parsed(posts=(self.post(answer),) if answer.body == b"a post" else ())

    def post(self, answer: Answer) -> Post:
        return Post(
            source="good", native_id="1", author=Author(handle="a"), text="x",
            created_at=NOON, seen_at=NOON,
        )  # fmt: skip

    def describe(self) -> str:
        return "Sees one post."


async def test_a_source_that_keeps_the_contract_passes() -> None:
    await check_source(Good(), [an_answer(b"a post")])


class Capital(Good):
    kind = "Good"


class Parted(Good):
    kind = "a:b"


@dataclasses.dataclass
class LooseOptions:
    """May be changed."""


class Loose(Good):
    Options = LooseOptions


class Silent(Good):
    def describe(self) -> str:
        return ""


class Forgetful(Good):
    cursor: ClassVar[dict[str, Any]] = {}


class Counting(Good):
    cursor: ClassVar[dict[str, Any]] = {"at": 1}


class Inventive(Good):
    def parse(self, answer: Answer) -> Parsed:
        post = dataclasses.replace(
            self.post(answer), native_id=answer.body[:6].decode("latin-1") or "1"
        )
        return Parsed(posts=(post,))


class Fickle(Good):
    count = 0

    def post(self, answer: Answer) -> Post:
        self.count += 1
        return dataclasses.replace(super().post(answer), native_id=str(self.count))


class Crashing(Good):
    def parse(self, answer: Answer) -> Parsed:
        json.loads(answer.body.replace(b"a post", b"1"))
        return super().parse(answer)


class Deaf(Good):
    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        try:
            async for page in super().read(web, poll):
                yield page
        except Exception:
            yield Page(cursor=self.cursor)


class Empty(Good):
    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        yield Page(cursor=self.cursor)


class Mute(Good):
    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        for page in ():
            yield page


class Strange(Good):
    facts: ClassVar[dict[str, Any]] = {}

    def post(self, answer: Answer) -> Post:
        return dataclasses.replace(super().post(answer), **self.facts)


class Unlinked(Strange):
    facts: ClassVar[dict[str, Any]] = {"url": "javascript:alert(1)"}


class Nul(Strange):
    facts: ClassVar[dict[str, Any]] = {"text": "a\x00"}


class Bare(Strange):
    facts: ClassVar[dict[str, Any]] = {"parent_id": "1"}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (Capital, "lower case"), (Parted, "holds a ':'"), (Loose, "not frozen"),
        (Silent, "describe"), (Forgetful, "cursor"), (Counting, "no text"),
        (Inventive, "made .* up"), (Fickle, "other posts"), (Deaf, "network is down"),
        (Empty, "gave no post"), (Mute, "gave no page"), (Unlinked, "javascript"),
        (Nul, "NUL"), (Bare, "not a key"),
    ],
)  # fmt: skip
async def test_a_source_that_breaks_a_promise_is_told_which(broken: type[Good], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        await check_source(broken(), [an_answer(b"a post")])


async def test_a_source_that_crashes_on_damage_is_caught() -> None:
    with pytest.raises(ValueError):
        await check_source(Crashing(), [an_answer(b"a post")])


async def test_a_check_without_a_post_checks_nothing_and_says_so() -> None:
    with pytest.raises(AssertionError, match="at least one recorded answer"):
        await check_source(Good(), [an_answer(b"nothing")])


SHORTCOMINGS = re.compile(
    r"\b(no|not|nor|neither|nothing|never|none|only|without|at most|up to|as far as|while)\b"
)


@pytest.mark.parametrize("kind", sorted(installed().sources))
def test_every_source_says_what_it_cannot_see(kind: str, tmp_path: Path) -> None:
    source, _ = sources(tmp_path)[kind]
    assert SHORTCOMINGS.search(source.describe())
    assert HIDDEN.reveal() not in source.describe()


@pytest.mark.parametrize("kind", sorted(installed().sources))
async def test_every_source_may_be_read_once_for_a_look(kind: str, tmp_path: Path) -> None:
    source, answers = sources(tmp_path)[kind]
    asked = Poll(feed="look", now=NOON, every=timedelta(minutes=1), unconditional=True)
    async for page in source.read(Recorded(answers), asked):
        assert page.posts
        assert page.cursor
        break
    else:
        raise AssertionError("no page")
