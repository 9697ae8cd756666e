"""Sources read real sockets through the guarded network, and say what went wrong there."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from loopback import NOW, a_network, answer, saying, serving

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.ports import Page, Poll, Source, Web
from emberwatch.sources.appstore import AppStore, AppStoreOptions
from emberwatch.sources.hackernews import HackerNews, HackerNewsOptions
from emberwatch.sources.lemmy import Lemmy, LemmyOptions
from emberwatch.sources.mastodon import Mastodon, MastodonOptions
from emberwatch.sources.rss import Rss, RssOptions
from emberwatch.sources.stackexchange import StackExchange, StackExchangeOptions
from emberwatch.sources.telegram import Telegram, TelegramOptions

FEED = b"""<rss version="2.0" xmlns:slash="http://purl.org/rss/1.0/modules/slash/"><channel>
<item><guid>1</guid><title>Acme</title><slash:comments>60</slash:comments></item>
</channel></rss>"""

STATUS = {"id": "1", "content": "acme", "account": {"acct": "ann"}, "visibility": "public"}


async def read(
    source: Source, web: Web, cursor: Mapping[str, str] | None = None, **poll: Any
) -> list[Page]:
    asked = Poll(feed="town", now=NOW, every=timedelta(minutes=1), cursor=cursor or {}, **poll)
    return [page async for page in source.read(web, asked)]


async def test_a_feed_is_read_once_and_then_only_when_it_changed() -> None:
    talk = saying(answer(FEED, ETag='"1"'), answer(status="304 Not Modified"))
    async with serving(talk) as server, a_network() as network:
        source, web = Rss(RssOptions(url=server.url())), network.web("town")
        (first,) = await read(source, web)
        (second,) = await read(source, web, first.cursor)
    assert first.posts[0].counters.replies == 60
    assert second.is_unchanged
    assert 'if-none-match: "1"' in server.heads[1].lower()


@pytest.mark.parametrize(
    ("said", "error", "why"),
    [
        (answer(b"<html><title>Log in</title>"), FeedUnavailable, "a web page ('Log in')"),
        (answer(b"", "404 Not Found"), FeedRefused, "404"),
        (answer(b"", "503 Busy"), FeedUnavailable, "503"),
        (answer(b"", "302 Found", Location="http://169.254.169.254/"), FeedRefused, "169.254"),
    ],
)
async def test_a_feed_that_cannot_be_read_says_why(
    said: bytes, error: type[Exception], why: str
) -> None:
    async with serving(saying(said)) as server, a_network() as network:
        with pytest.raises(error) as raised:
            await read(Rss(RssOptions(url=server.url())), network.web("town"))
    assert why in str(raised.value)


async def test_a_hashtag_in_any_script_reaches_the_server_as_it_is() -> None:
    async with serving(saying(answer(b"[]"))) as server, a_network() as network:
        options = MastodonOptions(url=server.url(""), hashtag="#жълто")
        await read(Mastodon(options), network.web("town"))
    assert "/api/v1/timelines/tag/%D0%B6%D1%8A%D0%BB%D1%82%D0%BE?limit=40 " in server.heads[0]


async def test_a_search_is_asked_with_its_filters_encoded() -> None:
    hit = {"objectID": "1", "author": "ann", "title": "Acme", "created_at": "2026-11-22T10:00:00Z"}
    found = answer(json.dumps({"hits": [hit], "nbPages": 1}).encode())
    async with serving(saying(found)) as server, a_network() as network:
        source = HackerNews(HackerNewsOptions(query="a&b", url=server.url("/api/v1")))
        (page,) = await read(source, network.web("town"), since=NOW - timedelta(days=1))
    assert [post.id for post in page.posts] == ["hackernews::post:1"]
    head = server.heads[0].splitlines()[0]
    assert head.startswith("GET /api/v1/search_by_date?query=a%26b&tags=%28story%2Ccomment%29&")
    assert "numericFilters=created_at_i%3E%3D" in head


# ---------------------------------------------------------------- sources without a key
AT = NOW.isoformat()
PREVIEW = f"""<section class="tgme_channel_history"><div class="tgme_widget_message"
data-post="acme_news/7"><div class="js-message_text">acme</div><time datetime="{AT}"></time></div>
</section>"""
LEMMY_POST = {"post": {"id": 7, "name": "acme", "published": AT}, "creator": {"name": "ann"}}
QUESTION = {"question_id": 7, "title": "acme", "creation_date": NOW.timestamp()}
REVIEW = {"id": {"label": "7"}, "title": {"label": "acme"}, "updated": {"label": AT}}


def keyless(url: str) -> dict[str, tuple[Source, object, str]]:
    """Each source with what its site answers, and where it is asked."""
    return {
        "lemmy": (
            Lemmy(LemmyOptions(url=url, query="acme")),
            {"posts": [LEMMY_POST]},
            "/api/v3/search?q=acme&",
        ),
        "stackexchange": (
            StackExchange(StackExchangeOptions(query="acme", url=url)),
            {"items": [QUESTION]},
            "/search/advanced?q=acme&",
        ),
        "appstore": (
            AppStore(AppStoreOptions(app="310", name="Acme", url=url)),
            {"feed": {"entry": [REVIEW]}},
            "/us/rss/customerreviews/page=1/id=310/sortby=mostrecent/json ",
        ),
        "telegram": (
            Telegram(TelegramOptions(channel="acme_news", url=url)),
            PREVIEW,
            "/s/acme_news ",
        ),
    }


KEYLESS = sorted(keyless(""))


def told(what: object) -> bytes:
    return what.encode() if isinstance(what, str) else json.dumps(what).encode()


@pytest.mark.parametrize("kind", KEYLESS)
async def test_a_source_without_a_key_reads_over_a_real_socket(kind: str) -> None:
    said = told(keyless("")[kind][1])
    limits = {"X_RateLimit_Limit": "180", "X_RateLimit_Remaining": "179"}
    async with serving(saying(answer(said, **limits))) as server, a_network() as network:
        source, _, path = keyless(server.url(""))[kind]
        (page,) = await read(source, network.web("town"))
    assert [post.text.split()[-1] for post in page.posts] == ["acme"]
    assert server.heads[0].startswith(f"GET {path}")
    if kind != "stackexchange":  # which tells of its limits in the answer itself
        assert page.rate is not None
        assert page.rate.limit == 180


@pytest.mark.parametrize("kind", KEYLESS)
@pytest.mark.parametrize(
    ("status", "error"),
    [("403 Forbidden", FeedRefused), ("404 Not Found", FeedRefused),
     ("429 Slowly", FeedUnavailable), ("500 Oh", FeedUnavailable)],
)  # fmt: skip
async def test_a_site_that_does_not_answer_is_told_apart(
    kind: str, status: str, error: type[Exception]
) -> None:
    async with serving(saying(answer(b"no", status))) as server, a_network() as network:
        with pytest.raises(error):
            await read(keyless(server.url(""))[kind][0], network.web("town"))


@pytest.mark.parametrize("kind", KEYLESS)
@pytest.mark.parametrize("body", [b"<html><title>Log in</title>", b"{}", b"null", b""])
async def test_a_strange_answer_is_never_taken_for_silence(kind: str, body: bytes) -> None:
    async with serving(saying(answer(body))) as server, a_network() as network:
        with pytest.raises(FeedUnavailable):
            await read(keyless(server.url(""))[kind][0], network.web("town"))
