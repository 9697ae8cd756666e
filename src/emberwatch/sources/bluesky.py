"""Bluesky: posts that a search finds, and the conversations under them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode

from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Author, Counters, Post
from emberwatch.model.secret import Secret
from emberwatch.ports import MAY_BE_EMPTY, Answer, Page, Parsed, Poll, Request, Root, Web
from emberwatch.sources.atproto import SOURCE, recorded
from emberwatch.sources.fields import (
    address_problems,
    as_count,
    as_instant,
    as_list,
    as_mapping,
    as_text,
    decode_json,
    host_of,
    not_expected,
)
from emberwatch.sources.jetstream import Firehose, firehose_problems, heard, is_firehose
from emberwatch.sources.listing import Sheet, newest_first, read_since
from emberwatch.sources.plain import one_line
from emberwatch.sources.threads import Counted, followed

POSTS_PER_PAGE = 100
MOST_PAGES = 20

ROOTS_PER_REQUEST = 25
"""The most posts that `getPosts` takes at once."""

DEPTH = 20
"""How deep under its root a thread is read."""

EXPIRED = ("ExpiredToken", "InvalidToken")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueskyOptions:
    """What a `bluesky` feed needs to know: what to search for, and who asks.

    Or which firehose to listen to, and for which words.
    """

    query: str | None = None
    """What to search for, as typed into Bluesky's search box."""
    handle: str | None = None
    """The account that searches, such as `acme.bsky.social`; Bluesky shows strangers nothing."""
    password: Secret | None = None
    """An app password of that account, never its main one."""
    url: str = "https://bsky.social"
    """The server of the account."""
    firehose: str | None = None
    """Listen to this Jetstream in place of a search, such as
    `wss://jetstream2.us-east.bsky.network/subscribe`. Needs no account."""
    words: tuple[str, ...] = ()
    """What the firehose is listened to for: posts that hold one of these, in any case."""
    profiles: str = field(default="https://public.api.bsky.app", metadata=MAY_BE_EMPTY)
    """Where the firehose's authors are looked up, which it tells by identifier alone; empty: not
    at all."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        found = address_problems(self.url)
        if self.profiles:
            found += [("profiles", why) for _, why in address_problems(self.profiles)]
        if self.firehose is not None:
            return found + firehose_problems(self.firehose, self.words, self.query)
        if not (self.query or "").strip():
            found.append(("query", "expected words to search for, or a firehose to listen to"))
        if self.words:
            found.append(("words", "are for a firehose: a search has its query"))
        if self.handle is not None and self.password is None:
            found.append(("handle", "needs an app password beside it: set password_env"))
        if self.handle is None and self.password is not None:
            found.append(("password", "needs the account beside it: set handle"))
        return found


class Bluesky:
    """Searches Bluesky, with a session that lives in memory alone."""

    kind: ClassVar[str] = SOURCE
    Options: ClassVar[type[BlueskyOptions]] = BlueskyOptions
    host: ClassVar[str] = ""

    def __init__(self, options: BlueskyOptions) -> None:
        self._options = options
        self._server = options.url.strip().rstrip("/")
        self._session: _Session | None = None
        self._signing_in = asyncio.Lock()
        self._firehose = (
            Firehose(options.firehose, options.words, profiles=options.profiles)
            if options.firehose
            else None
        )

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield what the search found since the last poll.

        With a firehose: everything that was written since then and speaks of what is wanted.
        """
        if self._firehose is not None:
            async for page in self._firehose.read(web, poll):
                yield page
            return
        since = read_since(poll)

        async def ask(older: str | None) -> Sheet:
            answer = await self._ask(
                web,
                "app.bsky.feed.searchPosts",
                {
                    "q": self._options.query or "",
                    "sort": "latest",
                    "limit": str(POSTS_PER_PAGE),
                    **({"since": _spelt(since)} if since else {}),
                    **({"cursor": older} if older else {}),
                },
            )
            return _sheet(answer)

        async for page in newest_first(poll, ask, most=MOST_PAGES, keeps={}, is_shelf=False):
            yield page

    def reaches(self, root: Root) -> bool:
        """Tell whether this feed can ask for single posts: a firehose cannot."""
        return self._firehose is None

    async def follow(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield the roots as they are now, and what stands under those that grew."""

        async def recount(roots: tuple[Root, ...]) -> Counted:
            uris = [("uris", root.native_id) for root in roots]
            answer = await self._ask(web, f"app.bsky.feed.getPosts?{urlencode(uris)}", {})
            return Counted.of(_posts(answer)[0], asked=roots)

        async def replies(root: Root) -> tuple[Post, ...]:
            answer = await self._ask(
                web,
                "app.bsky.feed.getPostThread",
                {"uri": root.native_id, "depth": str(DEPTH), "parentHeight": "0"},
            )
            return tuple(post for post in _posts(answer)[0] if post.native_id != root.native_id)

        async for page in followed(poll, recount, replies, at_once=ROOTS_PER_REQUEST):
            yield page

    def parse(self, answer: Answer) -> Parsed:
        """Return the posts of one answer: of a search, a thread, posts by name, or a firehose."""
        if is_firehose(answer.body):
            return heard(answer)
        posts, invalid = _posts(answer)
        older = as_text(as_mapping(decode_json(answer)).get("cursor"))
        return Parsed(posts=posts, next={"cursor": older} if older else None, invalid=invalid)

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        if self._firehose is not None:
            return self._firehose.describe()
        return (
            f"Searches Bluesky for {self._options.query!r}, as its own search finds posts: within "
            "seconds, mostly, but not surely all. Sees replies under the posts found even where "
            "they do not match, counters of replies, reposts, quotes and likes of threads that "
            "are followed, and when their root was deleted, but no deletions of replies. Posts "
            "cannot be edited there."
        )

    # ------------------------------------------------------------ the session
    async def _ask(self, web: Web, method: str, params: Mapping[str, str]) -> Answer:
        """Ask as the account, with a session that is begun, renewed and begun anew as needed."""
        for _ in range(2):
            async with self._signing_in:
                session = await self._signed_in(web)
            answer = await web.get(
                Request(
                    url=f"{self._server}/xrpc/{method}",
                    params=params,
                    headers=session.headers if session else {},
                    heeds=(400, 401),
                )
            )
            if answer.status < 400:
                return answer
            if session is None or _error(answer)[0] not in EXPIRED:
                break
            async with self._signing_in:
                await self._renew(web, session)
        raise self._refusal(answer)

    async def _signed_in(self, web: Web) -> "_Session | None":
        """Return the session, begun if there is none; None where the feed has no account."""
        if self._session is None and self._options.handle and self._options.password:
            body = {
                "identifier": self._options.handle.strip().removeprefix("@"),
                "password": self._options.password.reveal(),
            }
            self._session = _Session.of(
                await self._call(web, "com.atproto.server.createSession", json.dumps(body).encode())
            )
        return self._session

    async def _renew(self, web: Web, session: "_Session") -> None:
        """Renew a session; where that fails, the next request begins another."""
        if self._session is not session:
            return  # somebody else of this feed has renewed it
        self._session = None
        answer = await web.get(
            Request(
                url=f"{self._server}/xrpc/com.atproto.server.refreshSession",
                headers={"authorization": f"Bearer {session.refresh}"},
                body=b"",
                heeds=(400, 401),
            )
        )
        if answer.status < 400:
            self._session = _Session.of(answer)

    async def _call(self, web: Web, method: str, body: bytes) -> Answer:
        answer = await web.get(
            Request(
                url=f"{self._server}/xrpc/{method}",
                headers={"content-type": "application/json"},
                body=body,
                heeds=(400, 401),
            )
        )
        if answer.status >= 400:
            raise self._refusal(answer)
        return answer

    def _refusal(self, answer: Answer) -> FeedRefused | FeedUnavailable:
        """Return what an answer of 400 or 401 means; it never repeats what was sent."""
        name, said = _error(answer)
        where = host_of(self._server)
        if name == "AuthFactorTokenRequired":
            return FeedRefused(
                f"{where} asks for a second factor: use an app password (Settings, Privacy and "
                "security, App passwords), not the account's own"
            )
        if answer.status == 401 and self._options.handle is not None:
            return FeedRefused(
                f"{where} does not take the account's app password ({said or name}): make a new "
                "one (Settings, Privacy and security, App passwords)"
            )
        if answer.status == 401:
            return FeedRefused(
                f"{where} lets nobody search without an account: set handle and password_env"
            )
        told = ": ".join(part for part in (name, said) if part) or "400"
        return FeedUnavailable(f"{where} did not understand us ({told}): check the feed's query")


@dataclass(frozen=True, slots=True)
class _Session:
    """The two tokens of a session; they are never shown."""

    access: str
    refresh: str

    @staticmethod
    def of(answer: Answer) -> "_Session":
        told = as_mapping(decode_json(answer))
        access, refresh = as_text(told.get("accessJwt")), as_text(told.get("refreshJwt"))
        if not access or not refresh:
            raise FeedUnavailable(f"{host_of(answer.url)} began a session without its tokens")
        return _Session(access, refresh)

    @property
    def headers(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self.access}"}

    def __repr__(self) -> str:
        return "_Session(***)"


def _error(answer: Answer) -> tuple[str, str]:
    """Return the name and the words of an error of the XRPC protocol."""
    try:
        told = as_mapping(json.loads(answer.body))
    except (ValueError, RecursionError):
        return "", ""
    return one_line(as_text(told.get("error"))), one_line(as_text(told.get("message")))


def _spelt(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}Z"


# ---------------------------------------------------------------- posts
def _sheet(answer: Answer) -> Sheet:
    posts, invalid = _posts(answer)
    told = as_mapping(decode_json(answer))
    sorted_by = [
        min(
            as_instant(as_mapping(view).get("indexedAt")) or answer.received_at,
            as_instant(as_mapping(as_mapping(view).get("record")).get("createdAt"))
            or answer.received_at,
        )
        for view in as_list(told.get("posts"))
    ]
    return Sheet(
        posts=posts,
        more=as_text(told.get("cursor")) or None,
        oldest_at=min(sorted_by, default=None),
        invalid=invalid,
        rate=parse_rate(answer.headers, answer.received_at),
    )


def _posts(answer: Answer) -> tuple[tuple[Post, ...], tuple[str, ...]]:
    posts, invalid = [], []
    for number, view in enumerate(_views(answer), 1):
        post = _post(view, answer.received_at)
        if post is None:
            invalid.append(f"post {number}: no address of a post, no author or no text")
        else:
            posts.append(post)
    return tuple(posts), tuple(invalid)


def _views(answer: Answer) -> Iterator[Mapping[str, object]]:
    """Yield the posts of an answer: a list of them, a feed, or a thread in reading order."""
    told = decode_json(answer)
    if isinstance(told, dict) and isinstance(told.get("posts"), list):
        return (as_mapping(view) for view in as_list(told["posts"]))
    if isinstance(told, dict) and isinstance(told.get("feed"), list):
        return (as_mapping(as_mapping(item).get("post")) for item in as_list(told["feed"]))
    if isinstance(told, dict) and isinstance(told.get("thread"), dict):
        return _thread(as_mapping(told["thread"]))
    raise not_expected(answer, "posts of Bluesky")


def _thread(anchor: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Yield what stands above a post, the post, and what stands below it.

    Deleted and blocked posts are nodes without a post, and are passed over.
    """
    above = []
    node = as_mapping(anchor.get("parent"))
    while node:
        above.append(node)
        node = as_mapping(node.get("parent"))
    for node in reversed(above):
        if "post" in node:
            yield as_mapping(node["post"])
    waiting = [anchor]
    while waiting:
        node = waiting.pop()
        if "post" in node:
            yield as_mapping(node["post"])
        waiting += [as_mapping(reply) for reply in reversed(as_list(node.get("replies")))]


def _post(view: Mapping[str, object], seen_at: datetime) -> Post | None:
    """Return what a view says of a post; None if it is no post."""
    author = as_mapping(view.get("author"))
    did, handle = as_text(author.get("did")), one_line(as_text(author.get("handle")))
    counters = Counters(
        replies=as_count(view.get("replyCount")),
        boosts=as_count(view.get("repostCount")),
        quotes=as_count(view.get("quoteCount")),
        likes=as_count(view.get("likeCount")),
    )
    return recorded(
        as_text(view.get("uri")),
        as_mapping(view.get("record")),
        Author(
            handle=did if handle in ("", "handle.invalid") else handle,
            name=one_line(as_text(author.get("displayName"))),
        ),
        seen_at,
        dated=as_instant(view.get("indexedAt")),
        counters=counters,
    )
