"""Any site that answers JSON: paths say where its posts lie and what is in them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from urllib.parse import urljoin, urlsplit

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.errors import FeedUnavailable
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.model.secret import Secret
from emberwatch.ports import MAY_BE_EMPTY, Answer, Page, Parsed, Poll, Request, Web
from emberwatch.sources.fields import (
    LONGEST_ID,
    address_problems,
    as_count,
    as_epoch,
    as_id,
    as_instant,
    as_link,
    as_rating,
    as_text,
    decode_json,
    host_of,
    in_utc,
    links_of,
    not_expected,
)
from emberwatch.sources.listing import Sheet, newest_first, oldest, oldest_first, read_since
from emberwatch.sources.plain import compose, one_line, to_plain

SOURCE = "http_json"

MOST_PAGES = 20
MOST_ITEMS = 1000
"""Items of one answer that are looked at."""

PATHS = (
    "items", "id", "text", "title", "author", "created_at", "edited_at", "link", "language",
    "parent", "thread", "replies", "boosts", "quotes", "likes", "views", "followers", "more",
)  # fmt: skip


class Order(StrEnum):
    """In which order a site lists its posts."""

    NEWEST_FIRST = "newest_first"
    OLDEST_FIRST = "oldest_first"


class Paging(StrEnum):
    """How a site leads to the next page of a list."""

    NONE = "none"
    """The list has one page."""
    PAGE = "page"
    """Pages have numbers, given as `page_param`."""
    LINK = "link"
    """The header `Link` names the next page."""
    BODY = "body"
    """The answer holds, at `more`, the next address or what `page_param` is to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpJsonOptions:
    """Where to ask, and paths (JMESPath) to what is in the answer."""

    url: str
    """The address to ask, with all parameters that never change."""
    items: str = "@"
    """Where the list of posts lies in the answer, such as `data.reviews`; `@`: it is the answer."""
    id: str = "id"
    """Path in an item: what tells it from all others of this address."""
    text: str = "text"
    """Path in an item: what somebody wrote."""
    title: str = ""
    """Path in an item: its title."""
    author: str = "author"
    """Path in an item: who wrote it."""
    created_at: str = "created_at"
    """Path in an item: when it was written."""
    edited_at: str = ""
    """Path in an item: when it was changed."""
    link: str = "url"
    """Path in an item: its address for people."""
    language: str = ""
    """Path in an item: the language it is in."""
    parent: str = ""
    """Path in an item: the id of what it answers."""
    thread: str = ""
    """Path in an item: the id of what began its conversation."""
    replies: str = ""
    """Path in an item: how many answers it has."""
    boosts: str = ""
    """Path in an item: how often it was passed on."""
    quotes: str = ""
    """Path in an item: how often it was quoted."""
    likes: str = ""
    """Path in an item: how many like it."""
    views: str = ""
    """Path in an item: how often it was seen."""
    followers: str = ""
    """Path in an item: how many follow its author."""
    kind: PostKind = PostKind.POST
    """What the items are: `post`, `review`, `comment` or `reply`."""
    html: bool = False
    """Titles and texts are HTML."""
    dates: str = "iso"
    """How dates are written: `iso`, `seconds`, `milliseconds`, or a pattern as for strptime."""
    order: Order = Order.NEWEST_FIRST
    """Whether the list begins with the `newest_first` or the `oldest_first`."""
    since_param: str = ""
    """The parameter that asks only for what was written since the last reading."""
    since_id_param: str = ""
    """The parameter that asks only for what has a greater id than the newest read."""
    paging: Paging = Paging.NONE
    """What leads to the next page: `page`, `link`, `body` or `none`."""
    page_param: str = "page"
    """The parameter that names a page."""
    first_page: int = 1
    """The number of the first page."""
    more: str = "next"
    """Path in the answer: what leads to the next page, where `paging` is `body`."""
    token: Secret | None = None
    """What lets us in."""
    token_header: str = "authorization"  # noqa: S105 - a header's name
    """The header that bears the token."""
    token_prefix: str = field(default="Bearer", metadata=MAY_BE_EMPTY)
    """What stands before the token in its header; may be empty."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        found = address_problems(self.url)
        for name in PATHS:
            try:
                if getattr(self, name):
                    jmespath.compile(getattr(self, name))
            except JMESPathError as error:
                why = one_line(str(error).splitlines()[0])
                found.append((name, f"expected a path such as data.reviews: {why}"))
        found += [
            (name, "expected a path: nothing is a post without it")
            for name in ("items", "id", "text")
            if not getattr(self, name)
        ]
        if self.dates not in ("iso", "seconds", "milliseconds") and "%" not in self.dates:
            why = "expected iso, seconds, milliseconds or a pattern such as %d.%m.%Y %H:%M"
            found.append(("dates", why))
        return found


class HttpJson:
    """Reads one address that lists posts as JSON."""

    kind: ClassVar[str] = SOURCE
    Options: ClassVar[type[HttpJsonOptions]] = HttpJsonOptions

    def __init__(self, options: HttpJsonOptions) -> None:
        self._options = options
        self._url = options.url.strip()
        # Ids are good for one list only, so its path stands with the host; its query may be secret.
        self._place = host_of(self._url) + (_path(self._url) if host_of(self._url) else "")
        self._paths = {
            field.name: jmespath.compile(getattr(options, field.name))
            for field in fields(options)
            if field.name in PATHS and getattr(options, field.name)
        }

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield what is new, oldest first."""
        since = read_since(poll)
        params = self._since(since, poll.cursor.get("newest"))
        kept = {"newest": poll.cursor["newest"]} if "newest" in poll.cursor else {}

        async def ask(more: str | None) -> Sheet:
            answer = await web.get(self._request(params, more))
            sheet = self._sheet(answer, more)
            if self._options.since_id_param:
                newest = max([kept.get("newest", ""), *map(_native, sheet.posts)], key=_rank)
                if newest:
                    kept["newest"] = newest
            return sheet

        if self._options.order is Order.OLDEST_FIRST:
            listing = oldest_first(poll, ask, most=MOST_PAGES, keeps=kept)
        else:
            listing = newest_first(
                poll, ask, most=MOST_PAGES, keeps=kept, is_shelf=not self._options.since_param
            )
        async for page in listing:
            yield page

    def parse(self, answer: Answer) -> Parsed:
        """Return the posts of one answer, in its order."""
        posts, invalid = self._posts(answer)
        more = self._more(answer, None) if posts else None
        return Parsed(posts=posts, next={"more": more} if more else None, invalid=invalid)

    def describe(self) -> str:
        """Say what a feed can and cannot see."""
        options = self._options
        counters = [
            name for name in ("replies", "boosts", "quotes", "likes", "views")
            if getattr(options, name)
        ]  # fmt: skip
        counted = f"counters of {', '.join(counters)}" if counters else "no counters"
        threads = "" if options.parent or options.thread else " Knows of no conversations."
        return (
            f"Reads what {host_of(self._url)} lists as JSON, as this feed's options say. Sees "
            f"{counted}, edits only while a post is listed, and no deletions.{threads}"
        )

    # ------------------------------------------------------------ requests
    def _headers(self) -> Mapping[str, str]:
        options = self._options
        told = {"accept": "application/json"}
        if options.token is not None:
            token = f"{options.token_prefix.strip()} {options.token.reveal()}".strip()
            told[options.token_header.strip().lower()] = token
        return told

    def _since(self, since: datetime | None, newest: str | None) -> dict[str, str]:
        options = self._options
        told = {}
        if options.since_param and since is not None:
            told[options.since_param] = self._spelt(since)
        if options.since_id_param and newest:
            told[options.since_id_param] = newest
        return told

    def _spelt(self, instant: datetime) -> str:
        match self._options.dates:
            case "iso":
                return f"{instant:%Y-%m-%dT%H:%M:%S}Z"
            case "seconds":
                return str(int(instant.timestamp()))
            case "milliseconds":
                return str(int(instant.timestamp() * 1000))
            case pattern:
                return instant.strftime(pattern)

    def _request(self, params: Mapping[str, str], more: str | None) -> Request:
        """Return the request for a page; an address that the site gave is asked as it is."""
        options = self._options
        if more is not None and "://" in more:
            if not _is_same_site(more, self._url):
                where = host_of(self._url)
                raise FeedUnavailable(
                    f"{where} leads to another site for its next page, where we do not follow"
                )
            return Request(url=more, headers=self._headers())
        if options.paging is Paging.PAGE:
            params = {**params, options.page_param: more or str(options.first_page)}
        elif more is not None:
            params = {**params, options.page_param: more}
        return Request(url=self._url, params=params, headers=self._headers())

    def _more(self, answer: Answer, page: str | None) -> str | None:
        """Return what leads to the next page."""
        match self._options.paging:
            case Paging.PAGE:
                number = int(page) if page else self._options.first_page
                return str(number + 1)
            case Paging.LINK:
                return links_of(answer).get("next")
            case Paging.BODY:
                told = self._found("more", decode_json(answer))
                more = as_id(told)
                if more and more.startswith(("/", "?", "http://", "https://")):
                    return as_link(urljoin(self._url, more))
                return more
            case _:
                return None

    # ------------------------------------------------------------ posts
    def _sheet(self, answer: Answer, page: str | None) -> Sheet:
        posts, invalid = self._posts(answer)
        return Sheet(
            posts=posts,
            more=self._more(answer, page) if posts else None,
            oldest_at=oldest(posts),
            invalid=invalid,
            rate=parse_rate(answer.headers, answer.received_at),
        )

    def _posts(self, answer: Answer) -> tuple[tuple[Post, ...], tuple[str, ...]]:
        items = self._found("items", decode_json(answer))
        if not isinstance(items, list):
            raise not_expected(answer, f"a list of posts at {self._options.items!r}")
        posts: list[Post] = []
        invalid = []
        if len(items) > MOST_ITEMS:
            invalid.append(f"{len(items) - MOST_ITEMS} items: only {MOST_ITEMS} are read")
        for number, item in enumerate(items[:MOST_ITEMS], 1):
            post = self._post(item, answer.received_at)
            if post is None:
                where = f"{self._options.id!r} and {self._options.text!r}"
                invalid.append(f"item {number}: no id and text at {where}")
            else:
                posts.append(post)
        if items and not posts:
            raise FeedUnavailable(
                f"{host_of(self._url) or 'the site'} lists {len(items)} items of which none is a "
                "post as the feed's options describe them: check its paths"
            )
        return tuple(posts), tuple(invalid)

    def _post(self, item: object, seen_at: datetime) -> Post | None:
        native_id = self._id("id", item)
        body = self._words("text", item)
        title = one_line(self._words("title", item) or "")
        if native_id is None or (body is None and not title):
            return None
        created_at = self._instant("created_at", item)
        parent, thread = self._key("parent", item), self._key("thread", item)
        author = self._found("author", item)
        return Post(
            source=SOURCE,
            host=self._place,
            kind=self._options.kind,
            native_id=native_id,
            author=Author(
                handle=one_line(as_text(author) or as_id(author) or ""),
                followers=as_count(self._found("followers", item)),
            ),
            title=title,
            text=compose(title, (body or "").strip()),
            created_at=created_at or seen_at,
            seen_at=seen_at,
            url=as_link(self._found("link", item), self._url),
            language=as_text(self._found("language", item)) or None,
            parent_id=parent,
            thread_id=thread or parent or "",
            edited_at=self._instant("edited_at", item),
            counters=Counters(
                replies=as_count(self._found("replies", item)),
                boosts=as_count(self._found("boosts", item)),
                quotes=as_count(self._found("quotes", item)),
                likes=as_rating(self._found("likes", item)),
                views=as_count(self._found("views", item)),
            ),
            flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
        )

    def _found(self, name: str, value: object) -> object:
        """Return what lies at the path of an option, None where nothing does."""
        path: ParsedResult | None = self._paths.get(name)
        if path is None:
            return None
        try:
            found: object = path.search(value)
        except (JMESPathError, RecursionError, OverflowError, ArithmeticError):
            return None  # a function of the path was given what it does not take
        return found

    def _words(self, name: str, item: object) -> str | None:
        found = self._found(name, item)
        if not isinstance(found, str):
            return None
        return to_plain(found) if self._options.html else as_text(found)

    def _id(self, name: str, item: object) -> str | None:
        id = as_id(self._found(name, item))
        return id if id and len(id) <= LONGEST_ID else None

    def _key(self, name: str, item: object) -> str | None:
        id = self._id(name, item)
        return post_key(SOURCE, self._place, id) if id else None

    def _instant(self, name: str, item: object) -> datetime | None:
        found = self._found(name, item)
        match self._options.dates:
            case "iso":
                return as_instant(found)
            case "seconds" | "milliseconds" as unit:
                number = _number(found)
                return (
                    as_epoch(number / (1000 if unit == "milliseconds" else 1)) if number else None
                )
            case pattern:
                try:
                    return in_utc(datetime.strptime(as_text(found), pattern))  # noqa: DTZ007
                except (ValueError, OverflowError):
                    return None


def _is_same_site(url: str, ours: str) -> bool:
    """Whether an address may hear our token: it is of the very server that we ask."""
    told, known = urlsplit(url), urlsplit(ours)
    return (told.scheme, told.netloc.lower()) == (known.scheme, known.netloc.lower())


def _path(url: str) -> str:
    return urlsplit(url).path or "/"


def _number(value: object) -> float | None:
    """Return a number, given as one or in digits."""
    if isinstance(value, str):
        try:
            value = float(value) if len(value) < 40 else None
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 10**18 else None


def _native(post: Post) -> str:
    return post.native_id


def _rank(id: str) -> tuple[int, str]:
    """Order ids as sites count them: numbers by their size."""
    return (int(id) if id.isdecimal() and len(id) < 40 else 0, id)
