"""The firehose of Bluesky: everything that anybody writes there, in the two forms of Jetstream."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from emberwatch.model.errors import FeedUnavailable
from emberwatch.model.post import Author, Counters, Post, PostKind, Remover, post_key
from emberwatch.ports import Answer, Gone, Page, Parsed, Poll, Request, Web
from emberwatch.sources.atproto import POST, REPOST, SOURCE, recorded, reposted
from emberwatch.sources.bluesky_profiles import Profiles
from emberwatch.sources.fields import as_id, as_instant, as_link, as_mapping, as_text
from emberwatch.sources.plain import one_line

NEW_FORM = "network.bsky.jetstream.subscribeEvents"
"""Ends the address of a Jetstream that speaks the new form."""

REWIND = timedelta(seconds=5)
"""Heard again at each reading in the old form, whose places are times: what came within one
microsecond of another could be missed. What is heard twice counts once."""

FURTHEST = timedelta(minutes=10)
"""How far back a first reading begins: further back would take hours."""

QUIET = timedelta(seconds=3)
"""A firehose that says nothing for so long has said all that there is."""

MOST_EVENTS = 50_000
"""Events that one reading hears; the next goes on from there."""

POSTS_PER_PAGE = 200
EVENTS_PER_PAGE = 10_000
MOST_KNOWN = 10_000
"""Posts whose replies, quotes and reposts are wanted."""

LOST_PLACES = ("CursorTooOld", "FutureCursor")
"""How the new form says that it cannot go on from a place."""


def firehose_problems(url: str, words: tuple[str, ...], query: str | None) -> list[tuple[str, str]]:
    """Return what is wrong with a feed that listens, as pairs of setting and reason."""
    found = []
    if as_link(_over_http(url)) is None:
        what = "wss://jetstream2.us-east.bsky.network/subscribe"
        found.append(("firehose", f"expected an address such as {what}, got {url!r}"))
    if not any(word.strip() for word in words):
        found.append(("words", "expected what to listen for: nobody can keep everything"))
    if query is not None:
        found.append(("query", "is for a search: a firehose has its words"))
    return found


def _over_http(url: str) -> str:
    """Return the address as the guarded network takes it."""
    scheme, mark, rest = url.strip().partition("://")
    return {"wss": "https", "ws": "http"}.get(scheme.lower(), scheme) + mark + rest


class Firehose:
    """Listens for what speaks of what is wanted, and for all that is said to it."""

    def __init__(
        self,
        url: str,
        words: tuple[str, ...],
        *,
        profiles: str = "",
        quiet: timedelta = QUIET,
        most_known: int = MOST_KNOWN,
    ) -> None:
        self._profiles = Profiles(profiles)
        self._quiet = quiet.total_seconds()
        self._most_known = most_known
        self._url = _over_http(url)
        self._is_new = urlsplit(self._url).path.rstrip("/").endswith(NEW_FORM)
        self._words = tuple(word.strip().casefold() for word in words if word.strip())
        self._known: dict[str, None] = {}

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield what was said from the last place up to now, each page with its place."""
        self._know(*(root.key for root in poll.roots))
        place = poll.cursor.get("place", "")
        posts: list[Post] = []
        gone: list[Gone] = []
        invalid: list[str] = []
        listed = heard = 0
        try:
            async with (
                web.listen(self._request(place, poll)) as messages,
                aclosing(_until_quiet(messages, self._quiet)) as events,
            ):
                async for event in events:
                    if isinstance(event, str):
                        invalid.append(event)
                        continue
                    heard += 1
                    place = event.place
                    listed += event.is_post
                    if (post := self._wanted(event, poll.now)) is not None:
                        posts.append(post)
                    if event.is_deletion:
                        gone.append(Gone(key=event.key, by=Remover.AUTHOR, at=event.at))
                    if len(posts) >= POSTS_PER_PAGE or heard % EVENTS_PER_PAGE == 0:
                        posts = await self._profiles.named(web, posts, poll.now)
                        yield _page(posts, place, listed, invalid, gone)
                        posts, invalid, listed, gone = [], [], 0, []
                    if heard >= MOST_EVENTS or (event.at is not None and event.at >= poll.now):
                        break
        except FeedUnavailable as error:
            if place == poll.cursor.get("place") and any(name in error.why for name in LOST_PLACES):
                missed = "what was said meanwhile: the firehose does not reach back to our place"
                yield _page([], _microseconds(poll.now), 0, [missed])
                return
            if heard:
                posts = await self._profiles.named(web, posts, poll.now)
                yield _page(posts, place, listed, invalid, gone)
            raise
        posts = await self._profiles.named(web, posts, poll.now)
        yield _page(posts, place or _microseconds(poll.now), listed, invalid, gone)

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        return (
            f"Listens to all that is written on Bluesky, for {', '.join(self._words)}: each post "
            "once, within seconds of the poll. Sees replies, quotes and reposts of what it found "
            "while it runs, and no counters: likes show in a search. Forgets what authors delete."
        )

    def _request(self, place: str, poll: Poll) -> Request:
        collections = [POST, REPOST]
        if self._is_new:
            asked = [("collections", name) for name in collections] + [("kinds", "commit")]
        else:
            asked = [("wantedCollections", name) for name in collections]
        since = max(poll.since or poll.now - REWIND, poll.now - FURTHEST)
        cursor = place or _microseconds(since)
        if place.isdecimal() and not self._is_new:
            cursor = str(max(int(place) - int(REWIND.total_seconds() * 1_000_000), 0))
        url = f"{self._url}{'&' if '?' in self._url else '?'}{urlencode(asked)}"
        headers = {"sec-websocket-protocol": "xrpc.v1.json"} if self._is_new else {}
        return Request(url=url, params={"cursor": cursor}, headers=headers)

    def _wanted(self, event: "Event", now: datetime) -> Post | None:
        """Return the post of an event that speaks of what is wanted, or is said to such a post."""
        post = event.post(now)
        if post is None:
            return None
        text = post.text.casefold()
        is_about = any(word in text for word in self._words)
        said_to = (post.parent_id, post.thread_id, post.quote_of, post.boost_of)
        if not is_about and not any(key in self._known for key in said_to if key):
            return None
        if post.kind is not PostKind.BOOST:
            self._know(post.key)
        return post

    def _know(self, *keys: str) -> None:
        for key in keys:
            self._known.pop(key, None)
            self._known[key] = None
        while len(self._known) > self._most_known:
            del self._known[next(iter(self._known))]


def _page(
    posts: list[Post], place: str, listed: int, invalid: list[str], gone: Sequence[Gone] = ()
) -> Page:
    return Page(
        posts=tuple(posts),
        gone=tuple(gone),
        cursor={"place": place},
        listed=listed,
        invalid=tuple(invalid),
    )


def _microseconds(instant: datetime) -> str:
    return str(int(instant.timestamp() * 1_000_000))


async def _until_quiet(
    messages: AsyncIterator[bytes], quiet: float
) -> AsyncGenerator["Event | str"]:
    """Yield events, or what was wrong with a message, until there are no more for now."""
    while True:
        try:
            async with asyncio.timeout(quiet):
                message = await anext(messages)
        except (StopAsyncIteration, TimeoutError):
            return
        told = _understood(message)
        if told is not None:
            yield told


def _understood(message: bytes) -> "Event | str | None":
    """Return the event of a message, or why it is none; None for what is of no interest.

    Raise `FeedUnavailable` when the firehose says that it stops.
    """
    try:
        frame = as_mapping(json.loads(message))
    except (ValueError, RecursionError):
        return "a message that is not JSON"
    if as_text(frame.get("$type")) == "error":
        name = one_line(as_text(frame.get("error")))
        raise FeedUnavailable(f"the firehose stopped ({name}); it is asked again")
    payload = as_mapping(frame.get("payload"))
    if as_text(payload.get("$type")).endswith("#info"):
        said = one_line(as_text(payload.get("name")))
        return f"what was said before ({said}): the firehose does not reach back so far"
    return Event.of(frame) or "a message that is no event"


# ---------------------------------------------------------------- events
def is_firehose(body: bytes) -> bool:
    """Tell lines of Jetstream from an answer of the search."""
    first = body.lstrip().partition(b"\n")[0]
    return b'"did"' in first and (b'"kind"' in first or b"jetstream" in first)


def heard(answer: Answer) -> Parsed:
    """Return the posts that lines of Jetstream bring, of its old form or its new one."""
    posts: list[Post] = []
    invalid: list[str] = []
    place = ""
    for number, line in enumerate(answer.body.splitlines(), 1):
        if not line.strip():
            continue
        told = _understood(line)
        if not isinstance(told, Event):
            invalid.append(f"line {number}: {told}")
            continue
        place = told.place
        if told.is_post:
            post = told.post(answer.received_at)
            if post is None:
                invalid.append(f"line {number}: a post without address or text")
            else:
                posts.append(post)
    following = {"cursor": place} if place else None
    return Parsed(posts=tuple(posts), next=following, invalid=tuple(invalid))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event: who did what to which record, and when. `place` is where to go on from."""

    place: str
    did: str
    at: datetime | None
    operation: str
    collection: str
    rkey: str
    record: Mapping[str, object]

    @staticmethod
    def of(frame: Mapping[str, object]) -> "Event | None":
        """Read a message: the old form nests what was committed, the new one wraps it all."""
        payload = as_mapping(frame.get("payload"))
        outer, inner = (payload, payload) if payload else (frame, as_mapping(frame.get("commit")))
        place = as_id(outer.get("seq")) or as_id(outer.get("time_us")) or ""
        did = as_text(outer.get("did"))
        if not place.isdecimal() or not did:
            return None
        return Event(
            place=place,
            did=did,
            at=as_instant(outer.get("time")) if payload else _instant(place),
            operation=as_text(inner.get("operation")),
            collection=as_text(inner.get("collection")),
            rkey=as_text(inner.get("rkey")),
            record=as_mapping(inner.get("record")),
        )

    @property
    def is_post(self) -> bool:
        """Whether somebody wrote or rewrote a post."""
        return self.collection == POST and self.operation in ("create", "update")

    @property
    def is_deletion(self) -> bool:
        """Whether somebody deleted a post."""
        return self.collection == POST and self.operation == "delete"

    @property
    def key(self) -> str:
        """What refers to the post that this is about."""
        return post_key(SOURCE, "", f"at://{self.did}/{self.collection}/{self.rkey}")

    def post(self, seen_at: datetime) -> Post | None:
        """Return what was posted or reposted; the firehose knows no handles and no counters."""
        uri = f"at://{self.did}/{self.collection}/{self.rkey}"
        author = Author(handle=self.did)
        if self.is_post:
            return recorded(uri, self.record, author, seen_at, dated=None, counters=Counters())
        if self.collection == REPOST and self.operation == "create":
            return reposted(uri, self.record, author, seen_at)
        return None


def _instant(microseconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(microseconds) / 1_000_000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
