"""VK, through its search of public posts."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Page, Parsed, Poll, Request, Web
from emberwatch.sources.fields import (
    LONGEST_ID,
    address_problems,
    as_count,
    as_epoch,
    as_id,
    as_list,
    as_mapping,
    as_text,
    decode_json,
    host_of,
    not_expected,
)
from emberwatch.sources.listing import Sheet, newest_first, oldest, read_since
from emberwatch.sources.plain import one_line

SOURCE = "vk"

VERSION = "5.199"
POSTS_PER_PAGE = 200
MOST_PAGES = 5
"""VK gives a thousand posts of one search."""

TOO_OFTEN = (6, 9)
USED_UP = 29
PASSING = (1, 10)
"""Error codes: too many requests, the quota of the method, and trouble of VK's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VkOptions:
    """What a `vk` feed needs to know: what to search for, and a token."""

    query: str
    """What to search for in public posts."""
    token: Secret
    """A service token of your application."""
    url: str = "https://api.vk.com/method"
    """Where the API answers."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        found = address_problems(self.url)
        if not self.query.strip():
            found.append(("query", "expected words to search for"))
        return found


class Vk:
    """Searches public posts of people and communities."""

    kind: ClassVar[str] = SOURCE
    Options: ClassVar[type[VkOptions]] = VkOptions

    def __init__(self, options: VkOptions) -> None:
        self._options = options
        self._server = options.url.strip().rstrip("/")

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield what was found since the last poll, oldest first."""
        since = read_since(poll)

        async def ask(more: str | None) -> Sheet:
            answer = await web.get(
                Request(
                    url=f"{self._server}/newsfeed.search",
                    params={
                        "q": self._options.query,
                        "count": str(POSTS_PER_PAGE),
                        "extended": "1",
                        "v": VERSION,
                        **({"start_time": str(int(since.timestamp()))} if since else {}),
                        **({"start_from": more} if more else {}),
                    },
                    headers={"authorization": f"Bearer {self._options.token.reveal()}"},
                )
            )
            posts, invalid, following = _found(answer)
            return Sheet(
                posts=posts,
                more=following if posts else None,
                oldest_at=oldest(posts),
                invalid=invalid,
                rate=parse_rate(answer.headers, answer.received_at),
            )

        async for page in newest_first(poll, ask, most=MOST_PAGES, keeps={}, is_shelf=False):
            yield page

    def parse(self, answer: Answer) -> Parsed:
        """Return the posts of one answer, in its order."""
        posts, invalid, more = _found(answer)
        return Parsed(posts=posts, next={"start_from": more} if more else None, invalid=invalid)

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        return (
            f"Searches public posts of VK for {self._options.query!r}: the newest thousand at "
            "most, and those of the last day when read for the first time, whatever backfill "
            "says. Sees counters of comments, reposts, likes and views while a post is among the "
            "newest, and neither comments nor deletions."
        )


def _found(answer: Answer) -> tuple[tuple[Post, ...], tuple[str, ...], str | None]:
    told = as_mapping(decode_json(answer))
    if isinstance(told.get("error"), dict):
        raise _refusal(answer, as_mapping(told["error"]))
    response = as_mapping(told.get("response"))
    if not isinstance(response.get("items"), list):
        raise not_expected(answer, "posts of VK")
    names = _names(response)
    posts, invalid = [], []
    for number, item in enumerate(map(as_mapping, as_list(response["items"])), 1):
        post = _post(item, names, answer.received_at)
        if post is None:
            invalid.append(f"post {number}: no number, owner or date")
        else:
            posts.append(post)
    return tuple(posts), tuple(invalid), as_text(response.get("next_from")) or None


def _refusal(answer: Answer, error: Mapping[str, object]) -> FeedRefused | FeedUnavailable:
    """Return what an error means; VK tells of all of them with a status of 200."""
    where = host_of(answer.url) or "VK"
    code = as_count(error.get("error_code"))
    said = f"{one_line(as_text(error.get('error_msg')))} ({code})"
    if code in TOO_OFTEN:
        return FeedUnavailable(f"{where}: we asked too often: {said}")
    if code == USED_UP:
        why = f"{where}: the quota is used up: {said}"
        return FeedUnavailable(why, retry_after=timedelta(hours=1))
    if code in PASSING:
        return FeedUnavailable(f"{where} has trouble of its own: {said}")
    return FeedRefused(f"{where} does not answer this: {said}; check the feed's token and query")


def _names(response: Mapping[str, object]) -> Mapping[str, Author]:
    """Return who is who: people by their number, communities by theirs below zero."""
    known = {}
    for sign, kind in (("", "profiles"), ("-", "groups")):
        for each in map(as_mapping, as_list(response.get(kind))):
            number = as_id(each.get("id"))
            if number is None:
                continue
            parts = (each.get("first_name"), each.get("last_name"), each.get("name"))
            name = one_line(" ".join(as_text(part) for part in parts if as_text(part)))
            handle = one_line(as_text(each.get("screen_name"))) or f"{sign or 'id'}{number}"
            known[f"{sign}{number}"] = Author(handle=handle, name=name)
    return known


def _post(
    item: Mapping[str, object], names: Mapping[str, Author], seen_at: datetime
) -> Post | None:
    native_id = _native(item.get("owner_id"), item.get("id"))
    created_at = as_epoch(item.get("date"))
    if native_id is None or (created_at is None and not isinstance(item.get("text"), str)):
        return None
    author = as_id(item.get("from_id")) or as_id(item.get("owner_id")) or ""
    text = as_text(item.get("text")).strip()
    copied = as_mapping(next(iter(as_list(item.get("copy_history"))), None))
    original = _key(copied.get("owner_id"), copied.get("id"))
    is_boost = original is not None and not text
    parent = _key(item.get("owner_id"), item.get("post_id"))
    if as_text(item.get("post_type")) != "reply":
        parent = None
    kind = PostKind.QUOTE if original else PostKind.POST
    return Post(
        source=SOURCE,
        kind=PostKind.BOOST if is_boost else PostKind.REPLY if parent else kind,
        native_id=native_id,
        author=names.get(author, Author(handle=author)),
        text=text,
        created_at=created_at or seen_at,
        seen_at=seen_at,
        url=f"https://vk.com/wall{native_id}",
        parent_id=parent,
        thread_id=parent or (original if is_boost else None) or "",
        boost_of=original if is_boost else None,
        quote_of=None if is_boost else original,
        edited_at=as_epoch(item.get("edited")),
        counters=Counters(
            replies=_count(item, "comments"),
            boosts=_count(item, "reposts"),
            likes=_count(item, "likes"),
            views=_count(item, "views"),
        ),
        flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
    )


def _count(item: Mapping[str, object], name: str) -> int | None:
    return as_count(as_mapping(item.get(name)).get("count"))


def _native(owner: object, id: object) -> str | None:
    """Return what VK calls a post: the number of its wall and that on the wall."""
    wall, number = as_id(owner), as_id(id)
    if wall is None or number is None or not number.isdecimal():
        return None
    native_id = f"{wall}_{number}"
    is_number = wall.removeprefix("-").isdecimal()
    return native_id if is_number and len(native_id) <= LONGEST_ID else None


def _key(owner: object, id: object) -> str | None:
    native_id = _native(owner, id)
    return post_key(SOURCE, "", native_id) if native_id else None
