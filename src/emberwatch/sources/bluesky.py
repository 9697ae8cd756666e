"""Bluesky: posts that a search finds, and the conversations under them."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode

from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Page, Parsed, Poll, Request, Root, Web
from emberwatch.sources.fields import (
    LONGEST_ID,
    address_problems,
    as_count,
    as_id,
    as_instant,
    as_list,
    as_mapping,
    as_text,
    decode_json,
    host_of,
    not_expected,
)
from emberwatch.sources.listing import Sheet, newest_first, read_since
from emberwatch.sources.plain import one_line
from emberwatch.sources.threads import reread

SOURCE = "bluesky"

POSTS_PER_PAGE = 100
MOST_PAGES = 20

ROOTS_PER_REQUEST = 25
"""The most posts that `getPosts` takes at once."""

DEPTH = 20
"""How deep under its root a thread is read."""

POST = "app.bsky.feed.post"

_URI = re.compile(rf"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/{re.escape(POST)}/([A-Za-z0-9._~:-]+)")

EXPIRED = ("ExpiredToken", "InvalidToken")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueskyOptions:
    """What a `bluesky` feed needs to know: what to search for, and who asks."""

    query: str
    """What to search for, as typed into Bluesky's search box."""
    handle: str | None = None
    """The account that searches, such as `acme.bsky.social`; Bluesky shows strangers nothing."""
    password: Secret | None = None
    """An app password of that account, never its main one."""
    url: str = "https://bsky.social"
    """The server of the account."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        found = address_problems(self.url)
        if not self.query.strip():
            found.append(("query", "expected words to search for"))
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

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield what the search found since the last poll, then the threads that grew."""
        since = read_since(poll)
        cursor = dict(poll.cursor)
        threads = {"threads": cursor["threads"]} if "threads" in cursor else {}

        async def ask(older: str | None) -> Sheet:
            answer = await self._ask(
                web,
                "app.bsky.feed.searchPosts",
                {
                    "q": self._options.query,
                    "sort": "latest",
                    "limit": str(POSTS_PER_PAGE),
                    **({"since": _spelt(since)} if since else {}),
                    **({"cursor": older} if older else {}),
                },
            )
            return _sheet(answer)

        async for page in newest_first(poll, ask, most=MOST_PAGES, keeps=threads):
            cursor = dict(page.cursor)
            yield page

        async def recount(roots: tuple[Root, ...]) -> Mapping[str, Counters]:
            uris = [("uris", root.native_id) for root in roots[:ROOTS_PER_REQUEST]]
            answer = await self._ask(web, f"app.bsky.feed.getPosts?{urlencode(uris)}", {})
            return {post.native_id: post.counters for post in _posts(answer)[0]}

        async def replies(root: Root) -> tuple[Post, ...]:
            answer = await self._ask(
                web,
                "app.bsky.feed.getPostThread",
                {"uri": root.native_id, "depth": str(DEPTH), "parentHeight": "0"},
            )
            return tuple(post for post in _posts(answer)[0] if post.native_id != root.native_id)

        grown = await reread(poll, cursor, recount, replies)
        if grown is not None:
            yield grown

    def parse(self, answer: Answer) -> Parsed:
        """Return the posts of one answer: of a search, a thread, posts by name, or a firehose."""
        if _is_firehose(answer.body):
            posts, invalid, following = _frames(answer)
            return Parsed(posts=posts, next=following, invalid=invalid)
        posts, invalid = _posts(answer)
        older = as_text(as_mapping(decode_json(answer)).get("cursor"))
        return Parsed(posts=posts, next={"cursor": older} if older else None, invalid=invalid)

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        return (
            f"Searches Bluesky for {self._options.query!r}, as its own search finds posts: within "
            "seconds, mostly, but not surely all. Sees replies under the posts found even where "
            "they do not match, and counters of replies, reposts, quotes and likes while a thread "
            "is young. Posts cannot be edited there; a deleted one is no longer counted."
        )

    # ------------------------------------------------------------ the session
    async def _ask(self, web: Web, method: str, params: Mapping[str, str]) -> Answer:
        """Ask as the account, with a session that is begun, renewed and begun anew as needed."""
        for _ in range(2):
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
    return one_line(as_text(told.get("error")))[:80], one_line(as_text(told.get("message")))[:200]


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
    return _recorded(
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


def _recorded(
    uri: str,
    record: Mapping[str, object],
    author: Author,
    seen_at: datetime,
    *,
    dated: datetime | None,
    counters: Counters,
) -> Post | None:
    """Return a post from its record, which its author wrote and nobody has checked."""
    named = _URI.fullmatch(uri)
    text = record.get("text")
    if named is None or len(uri) > LONGEST_ID or not isinstance(text, str) or not author.handle:
        return None
    reply = as_mapping(record.get("reply"))
    parent = _key(as_mapping(reply.get("parent")).get("uri"))
    root = _key(as_mapping(reply.get("root")).get("uri"))
    quoted = _quoted(as_mapping(record.get("embed")))
    created_at = as_instant(record.get("createdAt")) or dated
    languages = [as_text(language) for language in as_list(record.get("langs"))]
    kind = PostKind.QUOTE if quoted else PostKind.POST
    return Post(
        source=SOURCE,
        kind=PostKind.REPLY if reply else kind,
        native_id=uri,
        author=author,
        text=as_text(text).strip(),
        created_at=created_at or seen_at,
        seen_at=seen_at,
        url=f"https://bsky.app/profile/{named[1]}/post/{named[2]}",
        # Apps write it by themselves; of several languages none is the one.
        language=(languages[0] or None) if len(languages) == 1 else None,
        parent_id=parent,
        thread_id=root or parent or "",
        quote_of=quoted,
        counters=counters,
        flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
    )


def _quoted(embed: Mapping[str, object]) -> str | None:
    """Return the key of the post that is quoted; lists and feeds are embedded in the same way."""
    inner = as_mapping(embed.get("record"))
    if as_text(embed.get("$type")) == "app.bsky.embed.recordWithMedia":
        inner = as_mapping(inner.get("record"))
    return _key(inner.get("uri"))


def _key(uri: object) -> str | None:
    named = as_text(uri)
    is_post = _URI.fullmatch(named) is not None and len(named) <= LONGEST_ID
    return post_key(SOURCE, "", named) if is_post else None


# ---------------------------------------------------------------- the firehose
def _is_firehose(body: bytes) -> bool:
    """Tell lines of Jetstream from an answer of the search."""
    first = body.lstrip().partition(b"\n")[0]
    return b'"did"' in first and (b'"kind"' in first or b"jetstream" in first)


def _frames(
    answer: Answer,
) -> tuple[tuple[Post, ...], tuple[str, ...], Mapping[str, str] | None]:
    """Return the posts that lines of Jetstream bring, of its old form or its new one."""
    posts: list[Post] = []
    invalid: list[str] = []
    place = ""
    for number, line in enumerate(answer.body.splitlines(), 1):
        if not line.strip():
            continue
        try:
            frame = as_mapping(json.loads(line))
        except (ValueError, RecursionError):
            invalid.append(f"line {number}: not JSON")
            continue
        event = _Event.of(frame)
        if event is None:
            invalid.append(f"line {number}: no event of Jetstream")
            continue
        place = event.place or place
        if event.is_post:
            post = event.post(answer.received_at)
            if post is None:
                invalid.append(f"line {number}: a post without address or text")
            else:
                posts.append(post)
    return tuple(posts), tuple(invalid), {"cursor": place} if place else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """One event of Jetstream: who did what to which record. `place` is where to go on from."""

    place: str
    did: str
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: Mapping[str, object]

    @staticmethod
    def of(frame: Mapping[str, object]) -> "_Event | None":
        """Read a line: the old form nests what was committed, the new one wraps it all."""
        payload = as_mapping(frame.get("payload"))
        outer, inner = (payload, payload) if payload else (frame, as_mapping(frame.get("commit")))
        place = as_id(outer.get("seq")) or as_id(outer.get("time_us")) or ""
        did = as_text(outer.get("did"))
        if not place.isdecimal() or not did:
            return None
        return _Event(
            place=place,
            did=did,
            operation=as_text(inner.get("operation")),
            collection=as_text(inner.get("collection")),
            rkey=as_text(inner.get("rkey")),
            record=as_mapping(inner.get("record")),
        )

    @property
    def is_post(self) -> bool:
        return self.collection == POST and self.operation in ("create", "update")

    def post(self, seen_at: datetime) -> Post | None:
        """Return the post that was written; the firehose knows no handles and no counters."""
        return _recorded(
            f"at://{self.did}/{self.collection}/{self.rkey}",
            self.record,
            Author(handle=self.did),
            seen_at,
            dated=None,
            counters=Counters(),
        )
