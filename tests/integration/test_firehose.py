"""The firehose is listened to over real WebSockets, in both of its forms, from a kept place."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from loopback import HASTY, NOW, a_network, serving
from websockets.asyncio.server import Request as Upgrade
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Response

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Post, PostKind, Remover
from emberwatch.ports import Gone, Page, Poll, Request, Root
from emberwatch.sources import jetstream
from emberwatch.sources.bluesky import Bluesky, BlueskyOptions

ANN, BOB = "did:plc:ann", "did:plc:bob"
EDGE = int(NOW.timestamp() * 1_000_000)
OLD, NEW = "/subscribe", "/xrpc/network.bsky.jetstream.subscribeEvents"


def address(rkey: str, did: str = ANN) -> str:
    return f"at://{did}/app.bsky.feed.post/{rkey}"


@dataclass(frozen=True)
class Said:
    """Something that somebody did, so many microseconds before now."""

    rkey: str
    ago: int
    record: dict[str, Any]
    collection: str = "app.bsky.feed.post"
    did: str = ANN
    operation: str = "create"

    def frame(self, number: int, *, is_new: bool) -> str:
        commit = {
            "operation": self.operation, "collection": self.collection, "rkey": self.rkey,
            "record": self.record,
        }  # fmt: skip
        at = EDGE - self.ago
        if is_new:
            time = NOW - timedelta(microseconds=self.ago)
            payload = {"$type": "x#commit", "seq": number, "did": self.did,
                       "time": time.isoformat(), **commit}  # fmt: skip
            return json.dumps({"$type": "message", "payload": payload})
        return json.dumps({"did": self.did, "time_us": at, "kind": "commit", "commit": commit})


def a_post(rkey: str, text: str = "acme broke", ago: int = 1_000_000, **record: Any) -> Said:
    return Said(rkey, ago, {"text": text, "createdAt": NOW.isoformat(), **record})


def under(rkey: str, did: str = ANN) -> dict[str, Any]:
    return {"reply": {"root": {"uri": address(rkey, did)}, "parent": {"uri": address(rkey, did)}}}


LIVE = Said("live", -1_000_000, {"text": "from here on it is news", "createdAt": ""})
"""What was said after the poll began: nothing older can follow it."""


@dataclass
class Jetstream:
    """A firehose that replays what was said from a cursor on, then what comes next."""

    said: list[Said] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    refuses: tuple[int, bytes] | None = None
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    profiles: dict[str, dict[str, Any]] | None = None
    looked_up: list[str] = field(default_factory=list)
    port: int = 0

    def url(self, path: str = OLD) -> str:
        return f"ws://127.0.0.1:{self.port}{path}"

    def greet(self, _: ServerConnection, request: Upgrade) -> Response | None:
        if "getProfiles" in request.path:
            return self.tell(parse_qs(urlsplit(request.path).query)["actors"])
        self.asked.append(parse_qs(urlsplit(request.path).query))
        if self.refuses is None:
            return None
        status, body = self.refuses
        headers = Headers({"Content-Length": str(len(body))})
        return Response(status, HTTPStatus(status).phrase, headers, body)

    def tell(self, dids: list[str]) -> Response:
        self.looked_up += dids
        if self.profiles is None:
            return Response(503, "Busy", Headers({"Content-Length": "0", "Connection": "close"}))
        found = [self.profiles[did] for did in dids if did in self.profiles]
        body = json.dumps({"profiles": found}).encode()
        headers = Headers({"Content-Length": str(len(body)), "Connection": "close"})
        return Response(200, "OK", headers, body)

    async def talk(self, line: ServerConnection) -> None:
        assert line.request is not None
        url = urlsplit(line.request.path)
        is_new = url.path == NEW
        cursor = int(parse_qs(url.query)["cursor"][0])
        for number, each in enumerate(self.said, 1000):
            place = number if is_new and cursor < 10**12 else EDGE - each.ago
            if place >= cursor:
                await line.send(each.frame(number, is_new=is_new))
        for frame in self.frames:
            await line.send(frame)


@asynccontextmanager
async def talking(jet: Jetstream) -> AsyncIterator[Jetstream]:
    async with serve(
        jet.talk, "127.0.0.1", 0, process_request=jet.greet,
        subprotocols=["xrpc.v1.json"],  # type: ignore[list-item]
        select_subprotocol=lambda _, offered: offered[0] if offered else None,
    ) as server:  # fmt: skip
        jet.port = next(iter(server.sockets)).getsockname()[1]
        yield jet


def listening(url: str, *words: str, profiles: str = "") -> Bluesky:
    return Bluesky(BlueskyOptions(firehose=url, words=words or ("ACME",), profiles=profiles))


async def read(source: Bluesky, cursor: dict[str, str] | None = None, **poll: Any) -> list[Page]:
    facts = {"feed": "sky", "now": NOW, "every": timedelta(minutes=1), **poll}
    async with a_network() as network:
        asked = Poll(cursor=cursor or {}, **facts)
        return [page async for page in source.read(network.web("sky"), asked)]


def posts_of(pages: Iterable[Page]) -> list[Post]:
    return [post for page in pages for post in page.posts]


@pytest.mark.parametrize(("path", "named"), [(OLD, "wantedCollections"), (NEW, "collections")])
async def test_what_speaks_of_the_words_is_heard_in_both_forms(path: str, named: str) -> None:
    async with talking(Jetstream([a_post("1"), a_post("2", "lovely day"), LIVE])) as jet:
        (page,) = await read(listening(jet.url(path)))
    (post,) = page.posts
    assert post.id == f"bluesky::post:{address('1')}"
    assert post.author.handle == ANN
    assert page.listed == 3
    assert jet.asked[0][named] == ["app.bsky.feed.post", "app.bsky.feed.repost"]


@pytest.mark.parametrize("path", [OLD, NEW])
async def test_replies_quotes_and_reposts_are_heard_whether_they_name_it_or_not(path: str) -> None:
    quote = {"embed": {"$type": "app.bsky.embed.record", "record": {"uri": address("1")}}}
    repost = Said(
        "r", 10, {"subject": {"uri": address("1")}, "createdAt": NOW.isoformat()},
        collection="app.bsky.feed.repost", did=BOB,
    )  # fmt: skip
    said = [
        a_post("1"), a_post("2", "same here", **under("1")), a_post("3", "look", **quote), repost,
        a_post("4", "oh no", **under("2")), a_post("5", "who cares", **under("9")), LIVE,
    ]  # fmt: skip
    async with talking(Jetstream(said)) as jet:
        heard = posts_of(await read(listening(jet.url(path))))
    assert [post.kind for post in heard] == [
        PostKind.POST, PostKind.REPLY, PostKind.QUOTE, PostKind.BOOST, PostKind.REPLY,
    ]  # fmt: skip
    assert heard[3].boost_of == heard[3].thread_id == f"bluesky::{address('1')}"


def a_profile(did: str, handle: str) -> dict[str, Any]:
    return {"did": did, "handle": handle, "displayName": "Ann", "followersCount": 9000}


async def test_an_author_is_looked_up_once_and_is_called_as_a_search_calls_him() -> None:
    jet = Jetstream([a_post("1"), a_post("2"), LIVE], profiles={ANN: a_profile(ANN, "ann.test")})
    async with talking(jet):
        source = listening(jet.url(), profiles=f"http://127.0.0.1:{jet.port}")
        heard = posts_of([*await read(source), *await read(source)])
    authors = {(post.author.handle, post.author.name, post.author.followers) for post in heard}
    assert authors == {("ann.test", "Ann", 9000)}
    assert jet.looked_up == [ANN]


async def test_an_author_without_a_handle_keeps_the_identifier() -> None:
    told = {ANN: a_profile(ANN, "handle.invalid")}
    async with talking(Jetstream([a_post("1"), LIVE], profiles=told)) as jet:
        source = listening(jet.url(), profiles=f"http://127.0.0.1:{jet.port}")
        (post,) = posts_of(await read(source))
    assert post.author.handle == ANN


async def test_where_nobody_is_looked_up_posts_come_all_the_same() -> None:
    async with talking(Jetstream([a_post("1"), LIVE])) as jet:
        source = listening(jet.url(), profiles=f"http://127.0.0.1:{jet.port}")
        heard = posts_of([*await read(source), *await read(source)])
        place = {"place": str(EDGE - 2_000_000)}
        await read(source, place, now=NOW + timedelta(hours=1))
    assert {post.author.handle for post in heard} == {ANN}
    assert len(jet.looked_up) == 2  # the second reading let the server rest


@pytest.mark.parametrize("path", [OLD, NEW])
async def test_what_is_deleted_is_passed_on_with_its_author_and_time(path: str) -> None:
    said = [
        a_post("1"), Said("1", 500_000, {}, operation="delete"),
        Said("r", 400_000, {}, collection="app.bsky.feed.repost", operation="delete"), LIVE,
    ]  # fmt: skip
    async with talking(Jetstream(said)) as jet:
        (page,) = await read(listening(jet.url(path)))
    deleted = Gone(
        key=f"bluesky::{address('1')}",
        by=Remover.AUTHOR,
        at=NOW - timedelta(microseconds=500_000),
    )
    assert page.gone == (deleted,)
    assert len(page.posts) == 1


async def test_threads_known_from_elsewhere_are_followed_too() -> None:
    root = Root(key=f"bluesky::{address('9', BOB)}", native_id=address("9", BOB), created_at=NOW)
    said = [a_post("2", "same here", **under("9", BOB)), LIVE]
    async with talking(Jetstream(said)) as jet:
        heard = posts_of(await read(listening(jet.url()), roots=(root,)))
    assert len(heard) == 1


@pytest.mark.parametrize("path", [OLD, NEW])
async def test_a_reading_goes_on_from_its_place_and_misses_nothing(path: str) -> None:
    said = [a_post(str(n), ago=20_000_000 - n * 1_000_000) for n in range(12)]
    jet = Jetstream([*said[:6]])
    async with talking(jet):
        source = listening(jet.url(path))
        since = NOW - timedelta(seconds=60)
        first = await read(source, since=since)
        jet.said = [*said, LIVE]
        second = await read(source, dict(first[-1].cursor))
    ids = [post.native_id for post in posts_of([*first, *second])]
    assert set(ids) == {address(str(n)) for n in range(12)}
    rewound = len(ids) - 12
    assert rewound == (6 if path == OLD else 1)


async def test_a_first_reading_begins_a_little_before_now_and_never_days_ago() -> None:
    async with talking(Jetstream([LIVE])) as jet:
        await read(listening(jet.url()))
        await read(listening(jet.url()), since=NOW - timedelta(days=7))
    begun = [int(asked["cursor"][0]) for asked in jet.asked]
    assert begun == [EDGE - 5_000_000, EDGE - 600_000_000]


async def test_a_firehose_that_says_no_more_has_said_all() -> None:
    jet = Jetstream([a_post("1")])

    async def talk_on(line: ServerConnection) -> None:
        await Jetstream.talk(jet, line)
        await line.wait_closed()

    async with serve(talk_on, "127.0.0.1", 0) as server, a_network() as network:
        port = next(iter(server.sockets)).getsockname()[1]
        url = f"http://127.0.0.1:{port}{OLD}"
        firehose = jetstream.Firehose(url, ("acme",), quiet=timedelta(seconds=0.2))
        poll = Poll(feed="sky", now=NOW, every=timedelta(minutes=1))
        (page,) = [page async for page in firehose.read(network.web("sky"), poll)]
    assert len(page.posts) == 1


async def test_whoever_has_heard_enough_says_good_bye() -> None:
    codes: list[int | None] = []

    async def talk_on(line: ServerConnection) -> None:
        await line.send(LIVE.frame(1, is_new=False))
        await line.wait_closed()
        codes.append(line.close_code)

    async with serve(talk_on, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        await read(listening(f"ws://127.0.0.1:{port}{OLD}"))
        server.close()
        await server.wait_closed()
    assert codes == [1001]


async def test_much_that_is_wanted_is_handed_on_page_by_page() -> None:
    said = [a_post(str(n), ago=4_000_000 - n) for n in range(450)]
    async with talking(Jetstream([*said, LIVE])) as jet:
        read_ = await read(listening(jet.url()))
    assert [len(page.posts) for page in read_] == [200, 200, 50]
    places = [int(page.cursor["place"]) for page in read_]
    assert places == sorted(places)
    assert sum(page.listed for page in read_) == 451


async def test_what_makes_no_sense_costs_only_itself() -> None:
    jet = Jetstream([a_post("1")], frames=["{", "[]", '{"did": "x"}'])
    async with talking(jet):
        (page,) = await read(listening(jet.url()))
    assert len(page.posts) == 1
    assert len(page.invalid) == 3


async def test_a_firehose_that_stops_says_why_and_what_was_heard_is_kept() -> None:
    frames = [json.dumps({"$type": "error", "error": "ConsumerTooSlow", "message": "x"})]
    heard: list[Page] = []
    async with talking(Jetstream([a_post("1")], frames=frames)) as jet, a_network() as network:
        poll = Poll(feed="sky", now=NOW, every=timedelta(minutes=1))

        async def read_all() -> None:
            async for page in listening(jet.url(NEW)).read(network.web("sky"), poll):
                heard.append(page)

        with pytest.raises(FeedUnavailable, match="ConsumerTooSlow"):
            await read_all()
    assert len(posts_of(heard)) == 1


async def test_a_place_that_is_gone_is_left_and_told_of() -> None:
    info = {"$type": "message", "payload": {"$type": "x#info", "name": "OutdatedCursor"}}
    async with talking(Jetstream([a_post("1"), LIVE], frames=[])) as jet:
        jet.said, jet.frames = [], [json.dumps(info)]
        (page,) = await read(listening(jet.url(NEW)), {"place": "5"})
        assert "OutdatedCursor" in page.invalid[0]
        jet.refuses = (400, b'{"error": "CursorTooOld"}')
        (page,) = await read(listening(jet.url(NEW)), {"place": "5"})
    assert "does not reach back" in page.invalid[0]
    assert page.cursor == {"place": str(EDGE)}


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [(403, FeedRefused, "forbids"), (404, FeedRefused, "nothing"), (429, FeedUnavailable, "429"),
     (500, FeedUnavailable, "500"), (200, FeedUnavailable, "200")],
)  # fmt: skip
async def test_a_site_that_will_not_talk_says_so(
    status: int, error: type[Exception], said: str
) -> None:
    async with talking(Jetstream(refuses=(status, b"no"))) as jet:
        with pytest.raises(error, match=said):
            await read(listening(jet.url()))


def _says(*chunks: bytes) -> Callable[[bytes, asyncio.StreamWriter], Any]:
    async def talk(_: bytes, writer: asyncio.StreamWriter) -> bool:
        for chunk in chunks:
            writer.write(chunk)
        await writer.drain()
        return False

    return talk


@pytest.mark.parametrize(
    "chunks", [(b"", ), (b"hello\r\n\r\n",), (b"HTTP/1.1 101 Switching Protocols\r\n\r\n",)]
)  # fmt: skip
async def test_what_is_no_websocket_is_passing_trouble(chunks: tuple[bytes, ...]) -> None:
    async with serving(_says(*chunks)) as server:
        with pytest.raises(FeedUnavailable):
            await read(listening(server.url(OLD)))


async def test_a_greeting_that_never_comes_is_given_up_in_time() -> None:
    async def silent(_: bytes, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with serving(silent) as server, a_network(limits=HASTY) as network:
        with pytest.raises(FeedUnavailable, match="took longer"):
            async with network.web("sky").listen(Request(url=server.url(OLD))):
                pass


@pytest.mark.parametrize(
    ("url", "error", "said"),
    [
        ("http://169.254.169.254/x", FeedRefused, "network.allow"),
        ("http://127.0.0.1:9/x", FeedUnavailable, "cannot be reached"),
        ("file:///etc/passwd", FeedRefused, "only http and https"),
    ],
)
async def test_listening_goes_only_where_fetching_may(
    url: str, error: type[Exception], said: str
) -> None:
    async with a_network() as network:
        with pytest.raises(error, match=said):
            async with network.web("sky").listen(Request(url=url)):
                pass


async def test_a_message_beyond_all_measure_ends_the_conversation() -> None:
    jet = Jetstream([a_post("1", "acme " * 300_000)])
    async with talking(jet):
        pages = await read(listening(jet.url()))
    assert posts_of(pages) == []


def test_a_firehose_needs_words_and_no_query() -> None:
    whole = {"firehose": f"wss://jet.test{OLD}", "words": ("acme",)}
    assert BlueskyOptions(**whole).problems() == []
    for options, field_ in (
        ({"words": ()}, "words"), ({"query": "acme"}, "query"), ({"firehose": "jet"}, "firehose"),
    ):  # fmt: skip
        problems = BlueskyOptions(**{**whole, **options}).problems()
        assert [name for name, _ in problems] == [field_]
    assert BlueskyOptions(query="acme", words=("acme",)).problems()[0][0] == "words"
    assert "Listens to all" in listening("wss://jet.test/subscribe").describe()


async def test_only_so_many_threads_are_remembered() -> None:
    said = [a_post(str(n)) for n in range(4)]
    replies = [a_post(f"r{n}", "so what", **under(str(n))) for n in range(4)]
    async with talking(Jetstream([*said, *replies, LIVE])) as jet, a_network() as network:
        firehose = jetstream.Firehose(jet.url(), ("acme",), most_known=2)
        poll = Poll(feed="sky", now=NOW, every=timedelta(minutes=1))
        (page,) = [page async for page in firehose.read(network.web("sky"), poll)]
    heard = [post.native_id for post in page.posts if post.parent_id]
    assert heard == [address("r2"), address("r3")]


def test_a_place_that_is_no_time_is_no_time() -> None:
    event = jetstream.Event.of({"did": ANN, "time_us": 10**30, "commit": {}})
    assert event is not None
    assert event.at is None
    assert isinstance(NOW, datetime)
