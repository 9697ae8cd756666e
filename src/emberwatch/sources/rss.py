"""Feeds of sites and blogs: RSS of every age, Atom, JSON Feed."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.errors import FeedUnavailable
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.ports import Answer, Page, Parsed, Poll, Request, Root, Web
from emberwatch.sources.feed_worker import MOST_ENTRIES, Entry, FeedWorkers, ParsedFeed
from emberwatch.sources.fields import (
    LONGEST_ID,
    address_problems,
    as_id,
    as_instant,
    as_link,
    as_list,
    as_mapping,
    as_text,
    decode_json,
    host_of,
    not_expected,
)
from emberwatch.sources.plain import clean, compose, one_line, to_plain
from emberwatch.sources.threads import Counted, followed

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)

_GLOBAL = re.compile(r"[a-z][a-z0-9+.-]*://.|tag:|urn:|yt:|t[13]_[a-z0-9]", re.IGNORECASE)
"""Begins an id that names its entry anywhere, as do YouTube's and Reddit's."""

_COMMENT = re.compile(r"(.+)#comment-[0-9]+", re.DOTALL)
"""The id of a comment as WordPress makes it: that of its post, and a mark."""

_REDDITS_OWN = re.compile(
    r"\s*submitted by\s+/u/\S+(?:\s+to\s+r/\S+)?\s+\[link\]\s+\[comments\]\s*$"
)

_WORKERS = FeedWorkers()


@dataclass(frozen=True, slots=True, kw_only=True)
class RssOptions:
    """What an `rss` feed needs to know."""

    url: str
    """The address of the feed itself, not of the page that it belongs to."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        return address_problems(self.url)


class Rss:
    """Reads one feed of a site."""

    kind: ClassVar[str] = "rss"
    Options: ClassVar[type[RssOptions]] = RssOptions

    def __init__(self, options: RssOptions, workers: FeedWorkers = _WORKERS) -> None:
        self._url = options.url
        self.host = host_of(options.url)
        self._place = _place(options.url)
        self._workers = workers
        self._counts = False

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield one page with all that the feed shows, oldest first. A repeat is not left out."""
        answer = await self._ask(web, self._url, {} if poll.unconditional else poll.cursor)
        rate = parse_rate(answer.headers, answer.received_at)
        if answer.is_unchanged:
            yield Page(cursor=poll.cursor or {"read": "yes"}, is_unchanged=True, rate=rate)
            return
        entries, invalid = await self._entries(answer)
        posts = [self._post(entry, answer, is_live=True) for entry in entries]
        self._counts = any(entry.comments is not None for entry in entries)
        yield Page(
            posts=tuple(sorted(posts, key=_created_at)),
            cursor={"read": "yes", **_validators(answer)},
            listed=len(posts),
            invalid=tuple(invalid),
            rate=rate,
        )

    def reaches(self, root: Root) -> bool:
        """Tell whether the feed may list a root, and says how many comments there are."""
        return self._counts and root.host in (self.host, self._place)

    async def follow(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield how many comments the roots have now, and the comments of those that grew.

        The feed is asked for the whole: a site may answer *unchanged* while comments pile up.
        """
        entries: dict[str, Entry] = {}

        async def recount(roots: tuple[Root, ...]) -> Counted:
            answer = await self._ask(web, self._url, {})
            listed, _ = await self._entries(answer)
            made = [(self._post(entry, answer, is_live=True), entry) for entry in listed]
            wanted = {root.key for root in roots}
            found = [(post, entry) for post, entry in made if post.key in wanted]
            entries.update((post.native_id, entry) for post, entry in found)
            return Counted.of(tuple(post for post, _ in found))

        async def replies(root: Root) -> tuple[Post, ...]:
            comments = as_link(entries[root.native_id].comments_feed)
            if comments is None:
                return ()
            answer = await self._ask(web, comments, {})
            found, _ = await self._entries(answer)
            return tuple(
                self._under(root, self._post(each, answer, is_live=True)) for each in found
            )

        async for page in followed(poll, recount, replies, at_once=MOST_ENTRIES):
            yield page

    async def _ask(self, web: Web, url: str, validators: Mapping[str, str]) -> Answer:
        return await web.get(
            Request(
                url=url,
                headers={"accept": ACCEPT},
                etag=validators.get("etag"),
                last_modified=validators.get("last_modified"),
            )
        )

    async def _entries(self, answer: Answer) -> tuple[list[Entry], list[str]]:
        if _is_json(answer):
            return _json_entries(answer)
        return _xml_entries(answer, await asyncio.wrap_future(self._queue(answer)))

    def parse(self, answer: Answer) -> Parsed:
        """Return the posts of one recorded answer, in its order."""
        if answer.is_unchanged:
            return Parsed(posts=(), next=_validators(answer) or None)
        if _is_json(answer):
            entries, invalid = _json_entries(answer)
        else:
            entries, invalid = _xml_entries(answer, self._queue(answer).result())
        return Parsed(
            posts=tuple(self._post(entry, answer) for entry in entries),
            next=_validators(answer) or None,
            invalid=tuple(invalid),
        )

    def describe(self) -> str:
        """Say what a feed can and cannot see."""
        return (
            f"Reads the feed {self._place}: what the site itself lists, often only its last ten or "
            "twenty entries. Sees how many comments an entry has where the feed says so, and the "
            "comments of young threads where it names a feed of them; no shares and no deletions."
        )

    def _queue(self, answer: Answer) -> Future[ParsedFeed]:
        told = answer.headers.get("content-type", "")
        return self._workers.submit(answer.body, told, self._place)

    def _post(self, entry: Entry, answer: Answer, *, is_live: bool = False) -> Post:
        """Return an entry as a post; `is_live` puts a comment into the thread of its post."""
        flags = frozenset() if entry.published_at else frozenset((Flag.UNDATED,))
        native_id = _native_id(entry)
        marked = _COMMENT.fullmatch(native_id)
        post = Post(
            source=self.kind,
            host=self.host if _is_global(entry) else self._place,
            kind=PostKind.COMMENT if marked or entry.answers else PostKind.POST,
            native_id=native_id,
            author=Author(handle=entry.author),
            title=entry.title,
            text=entry.text,
            created_at=entry.published_at or answer.received_at,
            seen_at=answer.received_at,
            url=_unwrapped(as_link(entry.link, answer.url or self._url)),
            language=entry.language,
            counters=Counters(replies=entry.comments, likes=entry.likes, views=entry.views),
            flags=flags,
        )
        if not is_live:
            return post
        if self.host.endswith("reddit.com"):
            name = post.author.handle.removeprefix("/u/")
            post = replace(post, author=Author(handle=name), text=_REDDITS_OWN.sub("", post.text))
        parent = clean(entry.answers).strip() or (marked[1] if marked else "")
        if not parent or len(parent) > LONGEST_ID:
            return post
        above = _COMMENT.fullmatch(parent)
        root = above[1] if above else parent
        return replace(
            post,
            parent_id=post_key(self.kind, post.host, parent),
            thread_id=post_key(self.kind, post.host, root),
        )

    def _under(self, root: Root, post: Post) -> Post:
        """Put what the feed of a post's comments lists under that post."""
        if post.kind is PostKind.COMMENT and post.thread_id == root.key:
            return post
        return replace(post, kind=PostKind.COMMENT, parent_id=root.key, thread_id=root.key)


def _created_at(post: Post) -> datetime:
    return post.created_at


def _validators(answer: Answer) -> dict[str, str]:
    known = {
        "etag": answer.headers.get("etag"),
        "last_modified": answer.headers.get("last-modified"),
    }
    return {name: value for name, value in known.items() if value}


def _is_json(answer: Answer) -> bool:
    return answer.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def _xml_entries(answer: Answer, feed: ParsedFeed) -> tuple[list[Entry], list[str]]:
    if not feed.version:
        raise not_expected(answer, "a feed")
    if feed.fault:
        where = host_of(answer.url) or "the site"
        raise FeedUnavailable(f"{where} answered a broken feed: {feed.fault}")
    invalid = []
    if feed.left_out:
        invalid.append(f"{feed.left_out} older entries: only the newest {MOST_ENTRIES} are read")
    if feed.is_cut:
        invalid.append("the last entry: the feed ends in the middle of it")
    return _worth_keeping(feed.entries, invalid), invalid


def _json_entries(answer: Answer) -> tuple[list[Entry], list[str]]:
    feed = as_mapping(decode_json(answer))
    if "jsonfeed.org/version/" not in as_text(feed.get("version")):
        raise not_expected(answer, "a feed")
    items = as_list(feed.get("items"))
    invalid = []
    if len(items) > MOST_ENTRIES:
        invalid.append(f"{len(items) - MOST_ENTRIES} entries: only {MOST_ENTRIES} are read")
    language = as_text(feed.get("language")) or None
    entries = [_json_entry(as_mapping(item), language) for item in items[:MOST_ENTRIES]]
    return _worth_keeping(entries, invalid), invalid


def _json_entry(item: Mapping[str, object], language: str | None) -> Entry:
    title = one_line(as_text(item.get("title")))
    body = to_plain(as_text(item.get("content_html")))
    body = body or as_text(item.get("content_text")) or as_text(item.get("summary"))
    authors = [*as_list(item.get("authors")), item.get("author")]
    names = [one_line(as_text(as_mapping(author).get("name"))) for author in authors]
    return Entry(
        id=as_id(item.get("id")) or "",
        link=as_text(item.get("url")) or as_text(item.get("external_url")),
        author=next((name for name in names if name), ""),
        title=title,
        text=compose(title, body.strip()),
        published_at=as_instant(item.get("date_published"))
        or as_instant(item.get("date_modified")),
        comments=None,
        language=as_text(item.get("language")) or language,
    )


def _worth_keeping(entries: Sequence[Entry], invalid: list[str]) -> list[Entry]:
    kept = []
    for number, entry in enumerate(entries, 1):
        if entry.id.strip() or entry.link.strip() or entry.text:
            kept.append(entry)
        else:
            invalid.append(f"entry {number}: no id, no link, no text")
    return kept


def _place(url: str) -> str:
    """Return host and path of a feed, without its query: that may hold a secret."""
    host = host_of(url)
    return host + (urlsplit(url.strip()).path or "/") if host else ""


def _is_global(entry: Entry) -> bool:
    """Whether an entry's id names it anywhere; any other id is good for its own feed only."""
    return _GLOBAL.match(_named(entry)) is not None


def _named(entry: Entry) -> str:
    """Return what a feed calls an entry: its id, else its link, else nothing."""
    return clean(entry.id).strip() or clean(entry.link).strip()


def _native_id(entry: Entry) -> str:
    """Return what tells this entry from others; made from its title where the feed names none.

    Feeds take whole addresses for ids, so a long one is no mistake: it is kept as its fingerprint.
    """
    named = _named(entry)
    if named and len(named) <= LONGEST_ID:
        return named
    told = named or f"{entry.title or entry.text}\n{entry.published_at}"
    return "sha256:" + hashlib.sha256(told.encode()).hexdigest()[:32]


def _unwrapped(link: str | None) -> str | None:
    """Return where a link of Google Alerts leads: it points at Google and names the page inside."""
    if link is None:
        return None
    parts = urlsplit(link)
    if not (parts.path == "/url" and f".{parts.hostname}".rpartition(".google.")[1]):
        return link
    inside = parse_qs(parts.query)
    for name in ("url", "q"):
        for value in inside.get(name, ()):
            if (target := as_link(value)) is not None:
                return target
    return link
