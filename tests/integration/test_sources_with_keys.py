"""Sources that need a key bring it over real sockets, obey the site's limits, and hide it."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from loopback import NOW, Talk, a_network, answer, serving

from emberwatch.http import Network
from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.secret import Secret
from emberwatch.ports import Page, Poll, Source
from emberwatch.sources.bluesky import Bluesky, BlueskyOptions
from emberwatch.sources.discourse import Discourse, DiscourseOptions
from emberwatch.sources.github import GitHub, GitHubOptions
from emberwatch.sources.http_json import HttpJson, HttpJsonOptions
from emberwatch.sources.reddit import Reddit, RedditOptions
from emberwatch.sources.vk import Vk, VkOptions
from emberwatch.sources.x import X, XOptions
from emberwatch.sources.youtube import YouTube, YouTubeOptions

CANARY = "canary-8d1f"
HIDDEN = Secret(CANARY)

VIEW = {
    "uri": "at://did:plc:ann/app.bsky.feed.post/3a",
    "author": {"did": "did:plc:ann", "handle": "ann.test"},
    "record": {"text": "acme", "createdAt": NOW.isoformat()},
}
LINK = {"kind": "t3", "data": {"name": "t3_a", "title": "acme", "created_utc": NOW.timestamp()}}
TWEET = {"id": "5", "text": "acme", "created_at": NOW.isoformat()}
COMMENT = {"id": "c", "snippet": {"textDisplay": "acme", "authorDisplayName": "ann"}}


FORUM_POST = {"id": 9, "username": "ann", "cooked": "acme", "topic_id": 7, "post_number": 2}
WALL_POST = {"owner_id": -7, "id": 9, "date": 1795341600, "text": "acme"}
ISSUE = {"id": 9, "title": "acme", "user": {"login": "ann"}}


def sources(url: str) -> dict[str, Source]:
    """One of each kind, on a server of ours."""
    return {
        "bluesky": Bluesky(
            BlueskyOptions(query="acme", handle="acme.test", password=HIDDEN, url=url)
        ),
        "reddit": Reddit(
            RedditOptions(
                client_id=Secret("id"), client_secret=HIDDEN, account="acme", query="acme",
                url=url, token_url=f"{url}/token",
            )
        ),
        "x": X(XOptions(token=HIDDEN, query="acme", dollars_a_day=1, dollars_a_month=9, url=url)),
        "discourse": Discourse(DiscourseOptions(url=url, token=HIDDEN, username="bot")),
        "github": GitHub(GitHubOptions(query="acme", token=HIDDEN, url=url)),
        "http_json": HttpJson(HttpJsonOptions(url=f"{url}/list", token=HIDDEN)),
        "vk": Vk(VkOptions(query="acme", token=HIDDEN, url=url)),
        "youtube": YouTube(YouTubeOptions(key=HIDDEN, channel="UCacme", url=url)),
    }  # fmt: skip


KINDS = sorted(sources("https://x.test"))

ANSWERS: dict[str, Any] = {
    "/xrpc/com.atproto.server.createSession": {"accessJwt": "a", "refreshJwt": "r"},
    "/xrpc/app.bsky.feed.searchPosts": {"posts": [VIEW]},
    "/token": {"access_token": "t"},
    "/search": {"kind": "Listing", "data": {"children": [LINK]}},
    "/2/tweets/search/recent": {"data": [TWEET], "meta": {"newest_id": "5"}},
    "/commentThreads": {"items": [COMMENT]},
    "/posts.json": {"latest_posts": [FORUM_POST]},
    "/search/issues": {"items": [ISSUE]},
    "/newsfeed.search": {"response": {"items": [WALL_POST]}},
    "/list": [{"id": "a", "text": "acme"}],
}


def a_site(answering: Callable[[str], bytes | None] = lambda path: None) -> Talk:
    """Answer each path with what the site would; `answering` may answer in its stead."""

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        path = head.split()[1].decode().partition("?")[0]
        told = answering(path)
        writer.write(told or answer(json.dumps(ANSWERS[path]).encode()))

    return talk


async def read(
    source: Source, network: Network, cursor: Mapping[str, str] | None = None
) -> list[Page]:
    asked = Poll(feed="town", now=NOW, every=timedelta(minutes=1), cursor=cursor or {})
    return [page async for page in source.read(network.web("town"), asked)]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_post_comes_over_a_real_socket_and_no_address_holds_the_key(kind: str) -> None:
    async with serving(a_site()) as server, a_network() as network:
        pages = await read(sources(server.url(""))[kind], network)
    posts = [post for page in pages for post in page.posts]
    assert [post.text for post in posts] == ["acme"]
    assert not any(CANARY in head.splitlines()[0] for head in server.heads)
    assert CANARY not in str([page.cursor for page in pages])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
async def test_no_error_of_any_kind_shows_the_key(
    kind: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = json.dumps({"error": {"message": "no"}, "message": "no"}).encode()
    talk = a_site(lambda _: answer(said, f"{status} No"))
    async with serving(talk) as server, a_network() as network:
        with pytest.raises((FeedRefused, FeedUnavailable)) as raised:
            await read(sources(server.url(""))[kind], network)
    assert CANARY not in str(raised.value)
    assert CANARY not in caplog.text


@pytest.mark.parametrize("kind", KINDS)
async def test_a_site_whose_limit_is_used_up_is_left_alone(kind: str) -> None:
    reset = str(int((NOW + timedelta(minutes=9)).timestamp()))

    def used_up(path: str) -> bytes | None:
        body = json.dumps(ANSWERS[path]).encode()
        return answer(body, X_Rate_Limit_Limit="450", X_Rate_Limit_Remaining="0",
                      X_Rate_Limit_Reset=reset)  # fmt: skip

    async with serving(a_site(used_up)) as server, a_network() as network:
        source = sources(server.url(""))[kind]
        cursor = {"at": NOW.isoformat(), "newest": "4"}

        async def twice() -> None:
            for _ in range(2):
                await read(source, network, cursor)

        with pytest.raises(FeedUnavailable, match="limit is used up") as raised:
            await twice()
    assert raised.value.retry_after == timedelta(minutes=9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", [b"<html><title>Log in</title>", b"{}", b"null", b"", b"\xff"])
async def test_an_answer_that_is_none_is_never_taken_for_silence(kind: str, body: bytes) -> None:
    signing_in = ("/token", "/xrpc/com.atproto.server.createSession")
    talk = a_site(lambda path: None if path in signing_in else answer(body))
    async with serving(talk) as server, a_network() as network:
        with pytest.raises(FeedUnavailable):
            await read(sources(server.url(""))[kind], network)


async def test_a_session_is_begun_once_for_many_readings() -> None:
    async with serving(a_site()) as server, a_network() as network:
        source = sources(server.url(""))["bluesky"]
        for _ in range(3):
            await read(source, network)
    posted = [head for head in server.heads if head.startswith("POST")]
    assert len(posted) == 1
    assert json.loads(server.bodies[0]) == {"identifier": "acme.test", "password": CANARY}
