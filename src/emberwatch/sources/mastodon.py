"""Servers of the fediverse, through the API of Mastodon."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from urllib.parse import parse_qsl, quote, urlsplit

from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Cursor, Gone, Page, Parsed, Poll, Rate, Request, Root, Web
from emberwatch.sources.fields import (
    LONGEST_ID,
    address_problems,
    as_count,
    as_id,
    as_instant,
    as_link,
    as_list,
    as_mapping,
    as_text,
    decode_json,
    host_of,
    links_of,
    not_expected,
)
from emberwatch.sources.listing import Sheet, newest_first
from emberwatch.sources.mastodon_stream import Told, batches, spoken_at
from emberwatch.sources.plain import compose, one_line, to_plain
from emberwatch.sources.threads import NOT_THERE, Counted, followed, missing

SOURCE = "mastodon"

POSTS_PER_PAGE = 40
"""The most that Mastodon gives at once."""

MOST_PAGES = 50
"""Pages that one poll reads back or forward; what is left is read by the next."""

MISSED = (
    f"posts further back: more than {MOST_PAGES * POSTS_PER_PAGE} since the last poll, "
    "or the server gives the same page again and again"
)

NOT_KEPT = f"no id of at most {LONGEST_ID} characters, or no author"

REMEMBERED = 20
"""Ids of the newest posts, kept to tell whether the newest page reaches back to them."""

REFUSALS_UNTIL_REST = 3

_STREAM = re.compile(rb"\s*(?::|event:|data:)")
"""Begins a stream of server-sent events: a comment or a field."""

SHOWN_TO_ALL = frozenset(("", "public", "unlisted"))


class Timeline(StrEnum):
    """A timeline that a feed can follow."""

    PUBLIC = "public"
    HOME = "home"


LISTENS_FOR = 0.9
"""Of the interval of a feed that streams; then it reads its timeline, and listens again."""

LONGEST_LISTEN = timedelta(minutes=4)
"""A poll may take no longer than five minutes in all."""

NO_STREAM_FOR = timedelta(hours=1)
"""How long a server that does not stream is polled before it is asked to stream again."""

ASKED_ACCESS_EVERY = timedelta(hours=1)
"""How often a server with an empty timeline is asked whether it shows that at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MastodonOptions:
    """What a `mastodon` feed needs to know: a server, and a hashtag or a timeline of it."""

    url: str
    """The server, such as https://mastodon.social."""
    hashtag: str | None = None
    """Posts with this hashtag, given with or without the `#`."""
    timeline: Timeline | None = None
    """`public`: every public post that the server knows; `home`: those of whom the account of the
    token follows."""
    query: str | None = None
    """Posts that the server's search finds; servers search only for their own people."""
    local: bool = False
    """Only posts of the server's own people."""
    token: Secret | None = None
    """The token of an account there; a search needs one, and so do some timelines and streams."""
    stream: bool = False
    """Listen to the server between two readings, so that posts come within a second or two."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        found = address_problems(self.url)
        asked = [what for what in (self.hashtag, self.timeline, self.query) if what is not None]
        if len(asked) != 1:
            found.append(("hashtag", "give either a hashtag, a query or a timeline"))
        elif self.query is not None and self.token is None:
            found.append(("query", "servers search for their own people only: set token_env"))
        elif self.query is not None and not self.query.strip():
            found.append(("query", "expected words to search for"))
        elif self.hashtag is not None and not _tag(self.hashtag):
            found.append(("hashtag", f"expected one word, got {self.hashtag!r}"))
        if self.timeline is Timeline.HOME and self.token is None:
            found.append(("timeline", "the home timeline is an account's own: set token_env"))
        if self.timeline is Timeline.HOME and self.local:
            found.append(("local", "the home timeline shows whomever the account follows"))
        if self.stream and self.token is None:
            found.append(("stream", "servers stream for their own people only: set token_env"))
        if self.stream and self.query is not None:
            found.append(("stream", "a search cannot be streamed: use a hashtag or a timeline"))
        return found


class Mastodon:
    """Reads a hashtag or the public timeline of one server."""

    kind: ClassVar[str] = SOURCE
    Options: ClassVar[type[MastodonOptions]] = MastodonOptions

    def __init__(self, options: MastodonOptions) -> None:
        self._server = options.url.strip().rstrip("/")
        self._params = {"local": "true"} if options.local else {}
        self._hashtag = _tag(options.hashtag or "")
        self._query = options.query
        self._token = options.token
        self._asked_access_at: datetime | None = None
        self._streams = options.stream
        self._is_home = options.timeline is Timeline.HOME
        self._no_stream: tuple[datetime, str] | None = None
        named = options.timeline or Timeline.PUBLIC
        timeline = f"tag/{quote(self._hashtag, safe='')}" if self._hashtag else named
        self._timeline = f"{self._server}/api/v1/timelines/{timeline}"
        self.host = host_of(self._server)

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield what is new, oldest first, then the newest page again.

        The newest page is asked for first. Mostly it reaches back to what is known, and its older
        posts bring their counters and edits; where it does not, what lies between is paged
        through, so that nothing is missed.
        """
        if self._query is not None:
            async for page in self._searched(web, poll, self._query):
                yield page
            return
        if not (self._streams and poll.may_listen) or poll.is_first:
            async for page in self._read(web, poll):
                yield page
            return
        async for page in self._listened(web, poll):
            yield page

    async def _read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield what the timeline shows since the last poll."""
        place = _Place.of(poll.cursor)
        threads: dict[str, str] = {}
        newest = await self._ask(web, {}, None if poll.unconditional else place.etag)
        if newest is not None and not newest.listed:
            await self._check_access(web, poll.now)
        if newest is None:
            yield Page(cursor=poll.cursor, is_unchanged=True)
            return
        async for listing in self._between(web, poll, place, newest):
            place = place.after(listing)
            if listing is not newest:
                # With the validator of a page in between, the newest one could be skipped.
                place = replace(place, etag=None)
            yield Page(
                posts=_threaded(listing.posts, threads),
                cursor=place.cursor(poll.now),
                listed=listing.listed,
                invalid=listing.invalid,
                rate=listing.rate,
            )

    # ------------------------------------------------------------ the stream
    async def _listened(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield what the timeline shows, then what the server tells until the next poll is near.

        The stream is begun first, so that nothing falls between the two; and as it moves no place,
        each poll reads back over all that it brought, or should have. Where it cannot be had, the
        feed is polled, and says so.
        """
        cursor: Cursor = poll.cursor
        async with AsyncExitStack() as stack:
            messages = await self._stream(web, poll, stack)
            note = self._no_stream[1] if self._no_stream else ""
            async for page in self._read(web, poll):
                cursor = page.cursor
                yield replace(page, note=note)
            if messages is None:
                return
            try:
                length = min(LISTENS_FOR * poll.every, LONGEST_LISTEN)
                async with asyncio.timeout(length.total_seconds()):
                    async for batch in batches(messages):
                        yield self._heard(batch, cursor, poll.now)
                broke = "the server ended the stream"
            except TimeoutError:
                return
            except FeedUnavailable as error:
                broke = error.why
        yield Page(cursor=cursor, is_unchanged=True, note=f"polled until it streams again: {broke}")

    async def _stream(
        self, web: Web, poll: Poll, stack: AsyncExitStack
    ) -> AsyncIterator[bytes] | None:
        """Return what the server tells; None where it does not stream."""
        if self._no_stream is not None and poll.now < self._no_stream[0]:
            return None
        self._no_stream = None
        try:
            where = await self._streamed_at(web)
            stream = "user" if self._is_home else "hashtag" if self._hashtag else "public"
            stream += ":local" if self._params else ""
            params = {"stream": stream, **({"tag": self._hashtag} if self._hashtag else {})}
            token = self._token.reveal() if self._token is not None else ""
            request = Request(
                url=f"{where}/api/v1/streaming",
                params=params,
                headers={"authorization": f"Bearer {token}"},
            )
            return await stack.enter_async_context(web.listen(request))
        except (FeedRefused, FeedUnavailable) as error:
            until = NO_STREAM_FOR if isinstance(error, FeedRefused) else poll.every
            self._no_stream = poll.now + until, f"polled, for it does not stream: {error.why}"
            return None

    async def _streamed_at(self, web: Web) -> str:
        """Return where the server streams: it may name another host for that."""
        try:
            told = decode_json(await self._get(web, f"{self._server}/api/v2/instance", {}))
        except (FeedRefused, FeedUnavailable):
            return self._server
        urls = as_mapping(as_mapping(as_mapping(told).get("configuration")).get("urls"))
        return spoken_at(as_text(urls.get("streaming")), self._server) or self._server

    def _heard(self, batch: tuple[Told, ...], cursor: Cursor, now: datetime) -> Page:
        posts: list[Post] = []
        invalid = []
        for told in batch:
            if told.deleted is None:
                try:
                    status = as_mapping(json.loads(told.status))
                except (ValueError, RecursionError):
                    status = {}
                made = list(_with_original(status, self.host, now))
                if not made:
                    invalid.append(f"a post of the stream: {NOT_KEPT}")
                elif as_text(status.get("visibility")) in SHOWN_TO_ALL:
                    posts += made
        return Page(
            posts=_threaded(posts, {}),
            gone=tuple(
                Gone(key=post_key(SOURCE, self.host, told.deleted))
                for told in batch
                if told.deleted is not None
            ),
            cursor=cursor,
            listed=len(batch),
            invalid=tuple(invalid),
            is_just_told=True,
        )

    def reaches(self, root: Root) -> bool:
        """Tell whether a root is one of this server's."""
        return root.host == self.host

    async def follow(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield the roots as they are now, and what stands under those that grew.

        Some servers (snac2) show single posts to nobody: after a few refusals in a row nothing
        more is asked.
        """
        shown = refusals = 0

        async def recount(roots: tuple[Root, ...]) -> Counted:
            nonlocal shown, refusals
            url = f"{self._server}/api/v1/statuses/{quote(roots[0].native_id, safe='')}"
            answer = await self._get(web, url, {}, heeds=NOT_THERE)
            if answer.status in NOT_THERE:
                refusals += 1
                if refusals >= REFUSALS_UNTIL_REST and not shown:
                    raise FeedRefused(f"{self.host} shows single posts to nobody like us")
                return missing(answer, roots[0], "error")
            shown += 1
            post = _post(as_mapping(decode_json(answer)), self.host, answer.received_at)
            return Counted.of((post,)) if post is not None else Counted()

        async def replies(root: Root) -> tuple[Post, ...]:
            id = quote(root.native_id, safe="")
            answer = await self._get(web, f"{self._server}/api/v1/statuses/{id}/context", {})
            listed = as_list(as_mapping(decode_json(answer)).get("descendants"))
            shown = [
                post
                for status in map(as_mapping, listed)
                if as_text(status.get("visibility")) in SHOWN_TO_ALL
                and (post := _post(status, self.host, answer.received_at)) is not None
            ]
            return tuple(replace(post, thread_id=root.key) for post in shown)

        async for page in followed(poll, recount, replies):
            yield page

    def parse(self, answer: Answer) -> Parsed:
        """Return the posts that one recorded answer lists, in its order.

        Each stands in a thread of its own: an answer names a reply's parent, never its root.
        """
        posts, invalid = [], []
        for number, status in enumerate(_statuses(answer), 1):
            post = _post(as_mapping(status), self.host, answer.received_at)
            if post is None:
                invalid.append(f"post {number}: {NOT_KEPT}")
            else:
                posts.append(post)
        links = _links(answer)
        newer = links.get("prev")
        if newer is None and posts:
            newer = {"min_id": posts[0].native_id}
        return Parsed(posts=tuple(posts), next=newer, invalid=tuple(invalid))

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        what = f"the hashtag #{self._hashtag}" if self._hashtag else "the public timeline"
        if self._is_home:
            what = "the home timeline of its account"
        if self._query is not None:
            what = f"what the search for {self._query!r} finds"
        how = "Listens to" if self._streams else "Reads"
        deletions = (
            "deletions, mostly at once" if self._streams else "deletions of roots that it follows"
        )
        return (
            f"{how} {what} as {self.host} knows it: posts of people whom somebody on that server "
            "follows, not the whole fediverse. Sees counters of replies, boosts, quotes and "
            "likes, edits, the replies of threads that grow, as far as that server has them, and "
            f"{deletions}."
        )

    # ------------------------------------------------------------ search
    async def _searched(self, web: Web, poll: Poll, query: str) -> AsyncIterator[Page]:
        """Yield what the search found since the last poll."""

        async def ask(more: str | None) -> Sheet:
            params = {
                "q": query,
                "type": "statuses",
                "limit": str(POSTS_PER_PAGE),
                **({"offset": more} if more else {}),
            }
            answer = await self._get(web, f"{self._server}/api/v2/search", params)
            found = _listing(answer, self.host)
            return Sheet(
                posts=found.posts,
                more=str(int(more or "0") + found.listed) if found.listed else None,
                oldest_at=found.oldest_at,
                invalid=found.invalid,
                rate=found.rate,
            )

        async for page in newest_first(poll, ask, most=MOST_PAGES, keeps={}):
            yield replace(page, posts=_threaded(page.posts, {}))

    # ------------------------------------------------------------ what the server shows
    async def _get(
        self,
        web: Web,
        url: str,
        params: Mapping[str, str],
        etag: str | None = None,
        heeds: tuple[int, ...] = (),
    ) -> Answer:
        token = self._token
        headers = {"authorization": f"Bearer {token.reveal()}"} if token is not None else {}
        request = Request(url=url, params=params, headers=headers, etag=etag, heeds=heeds)
        return await web.get(request)

    async def _check_access(self, web: Web, now: datetime) -> None:
        """Raise `FeedRefused` when the server shows this timeline to nobody like us.

        Such a server answers with an empty list, which looks like a quiet day.
        """
        asked_at = self._asked_access_at
        if asked_at is not None and asked_at <= now < asked_at + ASKED_ACCESS_EVERY:
            return
        try:
            told = decode_json(await self._get(web, f"{self._server}/api/v2/instance", {}))
        except (FeedRefused, FeedUnavailable):
            return  # older servers have no such page, and none that is closed in this way
        configuration = as_mapping(as_mapping(told).get("configuration"))
        kind = "hashtag_feeds" if self._hashtag else "live_feeds"
        access = as_mapping(as_mapping(configuration.get("timelines_access")).get(kind))
        wanted = ("local",) if self._params else ("local", "remote")
        shown = [as_text(access.get(part)) or "public" for part in wanted]
        closed = ("disabled",) if self._token is not None else ("disabled", "authenticated")
        if all(each in closed for each in shown):
            what = f"#{self._hashtag}" if self._hashtag else "its public timeline"
            mend = (
                "read another server"
                if "authenticated" not in shown
                else "set token_env to the token of an account there"
            )
            raise FeedRefused(f"{self.host} shows {what} to nobody like us: {mend}")
        self._asked_access_at = now

    # ------------------------------------------------------------ timelines
    async def _between(
        self, web: Web, poll: Poll, place: "_Place", newest: "_Listing"
    ) -> AsyncIterator["_Listing"]:
        """Yield everything between a place and the newest page, and that page, oldest first."""
        if poll.is_first:
            for listing in await self._backward(web, newest, poll.since):
                yield listing
        elif newest.ids and not place.touches(newest):
            is_followed = False
            known = set(place.seen)
            async for listing in self._forward(web, place, newest):
                if known.issuperset(listing.ids):
                    # The server does not page upward: the next poll would get no further.
                    yield replace(newest, invalid=(*newest.invalid, MISSED))
                    return
                known.update(listing.ids)
                is_followed = True
                yield listing
                place = place.after(listing)
            if is_followed and not place.touches(newest):
                return  # more than one poll can read: the next goes on from here
            if not is_followed:
                # Nothing above the last post known: it was deleted, and the server cannot count
                # from it (snac2), or the timeline was empty until now.
                below = await self._backward(web, newest, place.newest_at)
                if len(below) == MOST_PAGES:
                    yield replace(below[0], invalid=(*below[0].invalid, MISSED))
                    del below[0]
                for listing in below:
                    yield listing
        yield newest

    async def _forward(
        self, web: Web, place: "_Place", newest: "_Listing"
    ) -> AsyncIterator["_Listing"]:
        """Yield pages from a place upward until they meet the newest page."""
        if not place.seen:
            return
        after: Mapping[str, str] = {"min_id": place.seen[0]}
        for _ in range(MOST_PAGES):
            listing = await self._ask(web, after)
            if listing is None or not listing.ids:
                return
            yield listing
            if not set(listing.ids).isdisjoint(newest.ids):
                return
            after = listing.newer or {"min_id": listing.ids[0]}

    async def _backward(
        self, web: Web, newest: "_Listing", since: datetime | None
    ) -> list["_Listing"]:
        """Return the pages below the newest one back to an instant, oldest first."""
        pages: list[_Listing] = []
        page = newest
        while since is not None and len(pages) < MOST_PAGES:
            if not page.ids or (page.oldest_at is not None and page.oldest_at < since):
                break
            following = await self._ask(web, page.older or {"max_id": page.ids[-1]})
            if following is None or not set(following.ids) - set(page.ids):
                break
            pages.append(following)
            page = following
        return pages[::-1]

    async def _ask(
        self, web: Web, params: Mapping[str, str], etag: str | None = None
    ) -> "_Listing | None":
        """Return one page of the timeline, None when it is unchanged."""
        asked = {**self._params, "limit": str(POSTS_PER_PAGE), **params}
        answer = await self._get(web, self._timeline, asked, etag)
        return None if answer.is_unchanged else _listing(answer, self.host)


# ---------------------------------------------------------------- where a feed stands
@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """How far a timeline was read: the newest ids known, newest first, and when the newest was."""

    seen: tuple[str, ...] = ()
    newest_at: datetime | None = None
    etag: str | None = None

    @staticmethod
    def of(cursor: Cursor) -> "_Place":
        return _Place(
            seen=tuple(cursor.get("seen", "").split()),
            newest_at=as_instant(cursor.get("at")),
            etag=cursor.get("etag"),
        )

    def cursor(self, now: datetime) -> Cursor:
        told = {"seen": " ".join(self.seen), "at": (self.newest_at or now).isoformat()}
        if self.etag is not None:
            told["etag"] = self.etag
        return told

    def touches(self, listing: "_Listing") -> bool:
        """Whether a page reaches back to a post that we know: nothing lies between."""
        return not set(self.seen).isdisjoint(listing.ids)

    def after(self, listing: "_Listing") -> "_Place":
        """Return the place once a page was read. A page without posts moves nothing."""
        return replace(
            self,
            seen=listing.ids[:REMEMBERED] or self.seen,
            newest_at=listing.newest_at or self.newest_at,
            etag=listing.etag,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """One page of a timeline: posts oldest first, with the originals that boosts carry.

    `ids` are the listed ones, newest first. `newer` and `older` are what the site names as the
    parameters of the neighbouring pages.
    """

    posts: tuple[Post, ...]
    ids: tuple[str, ...]
    listed: int
    newest_at: datetime | None
    oldest_at: datetime | None
    newer: Mapping[str, str] | None
    older: Mapping[str, str] | None
    etag: str | None
    invalid: tuple[str, ...]
    rate: Rate | None


def _listing(answer: Answer, host: str) -> _Listing:
    statuses = [as_mapping(status) for status in _statuses(answer)]
    posts: list[Post] = []
    invalid: list[str] = []
    ids: list[str] = []
    dates: list[datetime] = []
    for number, status in enumerate(statuses, 1):
        listed = list(_with_original(status, host, answer.received_at))
        if not listed:
            invalid.append(f"post {number}: {NOT_KEPT}")
            continue
        ids.append(listed[0].native_id)
        if Flag.UNDATED not in listed[0].flags:
            dates.append(min(listed[0].created_at, answer.received_at))
        posts += listed if as_text(status.get("visibility")) in SHOWN_TO_ALL else ()
    links = _links(answer)
    return _Listing(
        posts=tuple(reversed(posts)),
        ids=tuple(ids),
        listed=len(statuses),
        newest_at=max(dates, default=None),
        oldest_at=dates[-1] if dates else None,
        newer=_only(links.get("prev"), "min_id"),
        older=_only(links.get("next"), "max_id"),
        etag=answer.headers.get("etag"),
        invalid=tuple(invalid),
        rate=parse_rate(answer.headers, answer.received_at),
    )


def _only(params: Mapping[str, str] | None, name: str) -> Mapping[str, str] | None:
    return {name: params[name]} if params and name in params else None


def _links(answer: Answer) -> dict[str, dict[str, str]]:
    """Return the parameters of the pages that the Link header names, by relation."""
    return {
        relation: dict(parse_qsl(urlsplit(url).query)) for relation, url in links_of(answer).items()
    }


def _threaded(posts: Iterable[Post], threads: dict[str, str]) -> tuple[Post, ...]:
    """Put each post under the best root that is known: its parent's thread, else its parent."""
    placed = []
    for post in posts:
        above = post.boost_of or post.parent_id
        thread = threads.get(above, above) if above else post.key
        placed.append(replace(post, thread_id=thread))
        if post.kind is not PostKind.BOOST:
            threads[post.key] = thread
    return tuple(placed)


# ---------------------------------------------------------------- posts
def _statuses(answer: Answer) -> list[object]:
    """Return the posts that an answer lists: a timeline, a conversation, a search, or one post.

    Or those that a stream brought.
    """
    if _STREAM.match(answer.body):
        return list(_streamed(answer))
    told = decode_json(answer)
    if isinstance(told, list):
        return told
    if isinstance(told, dict):
        if isinstance(told.get("statuses"), list):
            return as_list(told["statuses"])
        if isinstance(told.get("descendants"), list):
            return [*as_list(told.get("ancestors")), *as_list(told["descendants"])]
        if "id" in told and "account" in told:
            return [told]
    raise not_expected(answer, "posts of the Mastodon API")


def _streamed(answer: Answer) -> Iterator[object]:
    """Yield the posts of a stream of events: new ones and edited ones."""
    for event in re.split(rb"\r?\n\r?\n", answer.body):
        named: dict[bytes, list[bytes]] = {}
        for line in event.splitlines():
            name, _, text = line.partition(b":")
            named.setdefault(name, []).append(text.removeprefix(b" "))
        if named.get(b"event", [b""])[-1].strip() in (b"update", b"status.update"):
            yield decode_json(replace(answer, body=b"\n".join(named.get(b"data", ()))))


def _with_original(status: Mapping[str, object], host: str, seen_at: datetime) -> Iterator[Post]:
    """Yield a listed post, then the original that it carries if it is a boost.

    A server may list a boost in its original's stead, under the same id (snac2): but for this, a
    post boosted between two polls would never be read.
    """
    post = _post(status, host, seen_at)
    if post is None:
        return
    yield post
    original = as_mapping(status.get("reblog"))
    if original and as_text(original.get("visibility")) in SHOWN_TO_ALL:
        carried = _post(original, host, seen_at)
        if carried is not None and carried.kind is not PostKind.BOOST:
            yield carried


def _post(status: Mapping[str, object], host: str, seen_at: datetime) -> Post | None:
    """Return what an answer says of a post, in a thread of its own; None if it is no post."""
    native_id = _id(status.get("id"))
    account = as_mapping(status.get("account"))
    handle = one_line(as_text(account.get("acct")) or as_text(account.get("username")))
    boosted = as_mapping(status.get("reblog"))
    is_post = bool(boosted) or isinstance(status.get("content"), str)
    if native_id is None or not handle or not is_post:
        return None

    def key(id: object) -> str | None:
        named = _id(id)
        return post_key(SOURCE, host, named) if named else None

    kind = _kind(status, boosted)
    title = "" if boosted else one_line(to_plain(as_text(status.get("spoiler_text"))))
    body = "" if boosted else to_plain(as_text(status.get("content")))
    created_at = as_instant(status.get("created_at"))
    return Post(
        source=SOURCE,
        host=host,
        kind=kind,
        native_id=native_id,
        author=Author(
            handle=handle,
            name=one_line(as_text(account.get("display_name"))),
            followers=as_count(account.get("followers_count")),
        ),
        title=title,
        text=compose(title, body),
        created_at=created_at or seen_at,
        seen_at=seen_at,
        url=as_link(status.get("url")) or as_link(status.get("uri")),
        uri=as_text(status.get("uri")) or None,
        language=as_text(status.get("language")) or None,
        parent_id=key(status.get("in_reply_to_id")),
        boost_of=key(boosted.get("id")) if boosted else None,
        quote_of=_quoted(status, key),
        edited_at=as_instant(status.get("edited_at")),
        counters=_counters(status),
        flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
    )


def _id(value: object) -> str | None:
    """Return an id that the server could have given: it must fit into the address of a post."""
    named = as_id(value)
    return named if named and len(named) <= LONGEST_ID else None


def _kind(status: Mapping[str, object], boosted: Mapping[str, object]) -> PostKind:
    """Return a kind that stays what it is when the parent or the quoted post is deleted."""
    if boosted:
        return PostKind.BOOST
    if as_id(status.get("in_reply_to_id")) or as_id(status.get("in_reply_to_account_id")):
        return PostKind.REPLY
    return PostKind.QUOTE if as_mapping(status.get("quote")) else PostKind.POST


def _quoted(status: Mapping[str, object], key: Callable[[object], str | None]) -> str | None:
    """Return the key of the post that is quoted; the quote itself may be whole, short or a post."""
    told = as_mapping(status.get("quote"))
    whole = as_mapping(told.get("quoted_status"))
    direct = told.get("id") if "content" in told else None
    return key(whole.get("id")) or key(told.get("quoted_status_id")) or key(direct)


def _counters(status: Mapping[str, object]) -> Counters:
    return Counters(
        replies=as_count(status.get("replies_count")),
        boosts=as_count(status.get("reblogs_count")),
        quotes=as_count(status.get("quotes_count")),
        likes=as_count(status.get("favourites_count")),
    )


def _tag(hashtag: str) -> str:
    """Return a hashtag without its `#`; empty if it is not one word."""
    tag = hashtag.strip().removeprefix("#")
    return tag if tag and not re.search(r"[\s#/?]", tag) else ""
