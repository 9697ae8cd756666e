"""A server's stream is heard between two readings of its timeline, over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request as Upgrade
from websockets.http11 import Response

from emberwatch import websocket
from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.secret import Secret
from emberwatch.ports import Page, Poll, Request
from emberwatch.sources import mastodon, mastodon_stream
from emberwatch.sources.mastodon import Mastodon, MastodonOptions, Timeline
from emberwatch.sources.mastodon_stream import spoken_at, understood
from tests.integration.loopback import NOW, a_network

TOKEN = "t0ken-of-ann"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mastodon_stream, "TOGETHER", timedelta(seconds=0.1))


def a_status(id: int, text: str = "acme broke", **facts: Any) -> dict[str, Any]:
    return {
        "id": str(id), "created_at": (NOW + timedelta(seconds=id)).isoformat(),
        "visibility": "public", "account": {"acct": "ann"}, "content": f"<p>{text}</p>", **facts,
    }  # fmt: skip


def an_event(event: str, payload: object, *, is_nested: bool = True) -> str:
    told = json.dumps(payload) if is_nested and not isinstance(payload, str) else payload
    return json.dumps({"stream": ["hashtag"], "event": event, "payload": told})


@dataclass
class Server:
    """A server with a timeline that is asked for, and a stream that talks by itself."""

    timeline: list[dict[str, Any]] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    refuses: int | None = None
    ends: bool = False
    is_deaf: bool = False
    instance: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    listeners: int = 0
    port: int = 0
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def greet(self, _: ServerConnection, request: Upgrade) -> Response | None:
        self.asked.append(request.path)
        self.tokens.append(request.headers.get("authorization"))
        path = urlsplit(request.path).path
        if path == "/api/v1/streaming":
            return None if self.refuses is None else _answer("{}", self.refuses)
        if path == "/api/v2/instance":
            return _answer(json.dumps(self.instance))
        return _answer(json.dumps(self.timeline[::-1]))

    async def talk(self, line: ServerConnection) -> None:
        self.listeners += 1
        for each in self.says:
            await line.send(each)
        if self.is_deaf:
            line.transport.pause_reading()
            await self.is_over.wait()
            line.transport.resume_reading()
        if not self.ends:
            await line.wait_closed()


def _answer(body: str, status: int = 200) -> Response:
    headers = Headers({"Content-Length": str(len(body.encode())), "Connection": "close"})
    return Response(status, HTTPStatus(status).phrase, headers, body.encode())


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[Server]:
    async with serve(server.talk, "127.0.0.1", 0, process_request=server.greet) as made:
        server.port = next(iter(made.sockets)).getsockname()[1]
        yield server


def source(server: Server, **options: Any) -> Mastodon:
    facts = {"url": server.url, "hashtag": "acme", "stream": True, "token": Secret(TOKEN)}
    return Mastodon(MastodonOptions(**{**facts, **options}))


async def listen(
    feed: Mastodon, cursor: dict[str, str] | None = None, seconds: float = 0.8, **poll: Any
) -> list[Page]:
    asked = {"cursor": {"seen": "1"} if cursor is None else cursor, "may_listen": True, **poll}
    every = timedelta(seconds=seconds)
    async with a_network() as network:
        whole = Poll(**{"feed": "town", "now": NOW, "every": every, **asked})
        return [page async for page in feed.read(network.web("town"), whole)]


def texts(pages: list[Page]) -> list[str]:
    return [post.text for page in pages for post in page.posts]


async def test_news_edits_and_deletions_come_as_they_happen() -> None:
    says = [
        an_event("update", a_status(2)),
        an_event("status.update", a_status(2, "acme broke twice")),
        an_event("delete", "7"),
        an_event("update", a_status(3, visibility="private")),
        an_event("filters_changed", ""),
        "not json",
    ]
    async with running(Server([a_status(1)], says)) as server:
        feed = source(server)
        read, heard = await listen(feed)
    assert texts([read]) == ["acme broke"]
    assert texts([heard]) == ["acme broke", "acme broke twice"]
    assert [gone.key for gone in heard.gone] == [f"mastodon:{feed.host}:7"]
    assert heard.is_just_told
    assert heard.cursor == read.cursor  # what a stream may have missed is read again
    assert not read.note


async def test_the_token_goes_along_in_a_header_and_never_in_the_address() -> None:
    async with running(Server([a_status(1)])) as server:
        await listen(source(server), seconds=0.5)
    assert set(server.tokens) == {f"Bearer {TOKEN}"}
    assert all(TOKEN not in path for path in server.asked)


@pytest.mark.parametrize(
    ("options", "stream", "path"),
    [
        ({}, "hashtag", "/api/v1/timelines/tag/acme"),
        ({"local": True}, "hashtag:local", "/api/v1/timelines/tag/acme"),
        ({"hashtag": None, "timeline": Timeline.PUBLIC}, "public", "/api/v1/timelines/public"),
        ({"hashtag": None, "timeline": Timeline.HOME}, "user", "/api/v1/timelines/home"),
    ],
)
async def test_each_timeline_has_its_stream(
    options: dict[str, Any], stream: str, path: str
) -> None:
    async with running(Server([a_status(1)])) as server:
        await listen(source(server, **options), seconds=0.5)
    asked = [urlsplit(each) for each in server.asked]
    streams = [parse_qs(each.query) for each in asked if each.path == "/api/v1/streaming"]
    assert [each["stream"] for each in streams] == [[stream]]
    assert path in [each.path for each in asked]


async def test_the_stream_is_begun_before_the_timeline_is_read() -> None:
    async with running(Server([a_status(1)])) as server:
        await listen(source(server), seconds=0.5)
    paths = [urlsplit(each).path.rpartition("/")[2] for each in server.asked]
    assert paths == ["instance", "streaming", "acme"]


async def test_what_fell_between_two_streams_is_read_from_the_timeline() -> None:
    async with running(Server([a_status(1)], [an_event("update", a_status(2))])) as server:
        feed = source(server)
        first = await listen(feed)
        server.timeline = [a_status(id) for id in range(1, 6)]
        server.says = []
        again = await listen(feed, dict(first[-1].cursor), seconds=0.5)
    found = {post.native_id for page in again for post in page.posts}
    assert found >= {"2", "3", "4", "5"}


@pytest.mark.parametrize(("status", "said"), [(404, "nothing"), (401, "401"), (503, "503")])
async def test_a_server_that_does_not_stream_is_polled_and_that_is_said(
    status: int, said: str
) -> None:
    async with running(Server([a_status(1)], refuses=status)) as server:
        feed = source(server)
        (read,) = await listen(feed)
        again = await listen(feed, dict(read.cursor), now=NOW + timedelta(seconds=0.1))
    assert texts([read]) == ["acme broke"]
    assert read.note.startswith("polled, for it does not stream: ")
    assert said in read.note
    assert again[0].note == read.note
    streams = [each for each in server.asked if "/streaming" in each]
    assert len(streams) == 1


async def test_a_refusal_is_heard_at_once_though_the_line_stays_open() -> None:
    is_over = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}")
        await is_over.wait()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server, a_network() as network:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(FeedRefused, match="401"):
            async with (
                asyncio.timeout(10),
                network.web("town").listen(Request(url=f"http://127.0.0.1:{port}/streaming")),
            ):
                pass
        is_over.set()


async def test_a_server_that_did_not_stream_is_asked_again_after_an_hour() -> None:
    async with running(Server([a_status(1)], refuses=404)) as server:
        feed = source(server)
        (read,) = await listen(feed)
        server.refuses = None
        later = await listen(feed, dict(read.cursor), seconds=0.5, now=NOW + timedelta(minutes=61))
    assert server.listeners == 1
    assert later[0].note == ""


async def test_a_stream_that_ends_is_said_and_the_feed_stays_well() -> None:
    says = [an_event("update", a_status(2))]
    async with running(Server([a_status(1)], says, ends=True)) as server:
        *_, heard, last = await listen(source(server))
    assert texts([heard]) == ["acme broke"]
    assert last.note == "polled until it streams again: the server ended the stream"


async def test_a_server_that_falls_silent_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "SILENT_FOR", timedelta(seconds=0.2))
    async with running(Server([a_status(1)], is_deaf=True)) as server:
        *_, last = await listen(source(server), seconds=20)
        server.is_over.set()
    assert "does not answer our ping" in last.note


async def test_a_quiet_server_that_answers_our_ping_is_listened_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(websocket, "SILENT_FOR", timedelta(seconds=0.1))
    async with running(Server([a_status(1)])) as server:
        (read,) = await listen(source(server))
    assert read.note == ""
    assert server.listeners == 1


async def test_a_feed_with_a_long_interval_listens_no_longer_than_a_poll_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mastodon, "LONGEST_LISTEN", timedelta(seconds=0.3))
    async with running(Server([a_status(1)])) as server:
        (read,) = await asyncio.wait_for(listen(source(server), seconds=3600), 60)
    assert read.note == ""


async def test_a_timeline_that_cannot_be_read_fails_the_poll_though_the_stream_talks() -> None:
    async with running(Server([a_status(1)])) as server:
        feed = source(server)

        def greet(line: ServerConnection, request: Upgrade) -> Response | None:
            return (
                _answer("{}", 500)
                if "timelines" in request.path
                else Server.greet(server, line, request)
            )

    async with serve(server.talk, "127.0.0.1", 0, process_request=greet) as made:
        server.port = next(iter(made.sockets)).getsockname()[1]
        feed = source(server)
        with pytest.raises(FeedUnavailable, match="500"):
            await listen(feed)


async def test_two_feeds_of_one_server_listen_and_read_at_once() -> None:
    async with running(Server([a_status(1)])) as server, a_network() as network:
        poll = Poll(feed="a", now=NOW, every=timedelta(seconds=1), cursor={"seen": "1"},
                    may_listen=True)  # fmt: skip

        async def read(name: str) -> list[Page]:
            return [page async for page in source(server).read(network.web(name), poll)]

        both = await asyncio.wait_for(asyncio.gather(read("a"), read("b"), read("c")), 10)
    assert [len(pages) for pages in both] == [1, 1, 1]
    assert server.listeners == 3


@pytest.mark.parametrize(
    "poll", [{"may_listen": False}, {"cursor": {}}], ids=["read once", "first reading"]
)
async def test_a_reading_that_may_not_wait_asks_for_no_stream(poll: dict[str, Any]) -> None:
    async with running(Server([a_status(1)])) as server:
        pages = await listen(source(server), **poll)
    assert texts(pages) == ["acme broke"]
    assert server.listeners == 0


async def test_a_stream_on_another_host_is_found() -> None:
    async with running(Server()) as streamer, running(Server([a_status(1)])) as server:
        where = {"streaming": f"ws://127.0.0.1:{streamer.port}"}
        server.instance = {"configuration": {"urls": where}}
        await listen(source(server), seconds=0.5)
    assert (streamer.listeners, server.listeners) == (1, 0)


@pytest.mark.parametrize(
    ("told", "server", "where"),
    [
        ("wss://streaming.example", "https://town.example", "https://streaming.example"),
        ("ws://streaming.example", "http://town.example", "http://streaming.example"),
        ("ws://streaming.example", "https://town.example", ""),
        ("file:///etc/passwd", "https://town.example", ""),
        ("", "https://town.example", ""),
        ("https://[", "https://town.example", ""),
    ],
)
def test_a_token_goes_where_it_is_as_safe_as_with_the_server(
    told: str, server: str, where: str
) -> None:
    assert spoken_at(told, server) == where


@pytest.mark.parametrize(
    "message",
    [b"", b"[]", b"{}", b'{"event": "delete"}', b'{"event": "notification", "payload": "{}"}',
     b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_news_tells_nothing(message: bytes) -> None:
    assert understood(message) is None


async def test_a_post_that_makes_no_sense_costs_only_itself() -> None:
    says = [an_event("update", "{"), an_event("update", {}), an_event("update", a_status(2))]
    async with running(Server([a_status(1)], says)) as server:
        _, heard = await listen(source(server))
    assert texts([heard]) == ["acme broke"]
    assert len(heard.invalid) == 2


async def test_a_flood_is_handed_on_a_hundred_at_a_time() -> None:
    says = [an_event("update", a_status(id)) for id in range(2, 252)]
    async with running(Server([a_status(1)], says)) as server:
        _, *heard = await listen(source(server))
    assert [len(page.posts) for page in heard] == [100, 100, 50]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"token": None}, "stream"), ({"hashtag": None, "query": "acme"}, "stream"),
        ({"hashtag": None, "timeline": Timeline.HOME, "local": True}, "local"),
        ({"hashtag": None, "timeline": Timeline.HOME, "stream": False, "token": None}, "timeline"),
    ],
)  # fmt: skip
def test_options_that_cannot_work_are_named(options: dict[str, Any], field: str) -> None:
    facts = {"url": "https://town.example", "hashtag": "acme", "stream": True,
             "token": Secret(TOKEN)}  # fmt: skip
    found = MastodonOptions(**{**facts, **options}).problems()
    assert [name for name, _ in found] == [field]


def test_a_feed_that_streams_says_so() -> None:
    assert source(Server()).describe().startswith("Listens to the hashtag #acme")
    home = source(Server(), hashtag=None, timeline=Timeline.HOME, stream=False)
    assert home.describe().startswith("Reads the home timeline of its account")
