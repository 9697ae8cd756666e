"""Hacker News, through the search of Algolia."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.ports import Answer, Page, Parsed, Poll, Rate, Request, Root, Web
from emberwatch.sources.fields import (
    address_problems,
    as_count,
    as_id,
    as_instant,
    as_list,
    as_mapping,
    as_text,
    decode_json,
    not_expected,
)
from emberwatch.sources.plain import compose, one_line, to_plain, unescape
from emberwatch.sources.threads import Counted, followed

ITEM = "https://news.ycombinator.com/item?id="

HITS_PER_PAGE = 200
MOST_HITS = 1000
"""What the search gives of one query, however many there are: beyond it the window slides."""

MOST_WINDOWS = 10
MISSED = f"older items: more than {MOST_WINDOWS * MOST_HITS} since the last poll"

OVERLAP = timedelta(minutes=5)
"""Read again at each poll: items are indexed out of order, and young ones still gather points."""

POSTS_PER_PAGE = 500
ROOTS_PER_REQUEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class HackerNewsOptions:
    """What a `hackernews` feed needs to know."""

    query: str = ""
    """Words to search for, as typed into the search box of Hacker News; empty: everything."""
    tags: str = "(story,comment)"
    """Which items, in Algolia's notation: a comma is *and*, brackets are *or*."""
    url: str = "https://hn.algolia.com/api/v1"
    """Where the search answers."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        return address_problems(self.url)


class HackerNews:
    """Reads stories and comments that match a query."""

    kind: ClassVar[str] = "hackernews"
    Options: ClassVar[type[HackerNewsOptions]] = HackerNewsOptions
    host: ClassVar[str] = ""

    def __init__(self, options: HackerNewsOptions) -> None:
        self._options = options

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield everything since the newest item read so far."""
        since = _since(poll)
        found = await self._search(web, since)
        reached = place = since if poll.is_first else int(poll.cursor["since"])
        for start in range(0, max(len(found.posts), 1), POSTS_PER_PAGE):
            posts = found.posts[start : start + POSTS_PER_PAGE]
            reached = _newest(posts, reached, poll.now)
            is_last = start + POSTS_PER_PAGE >= len(found.posts)
            yield Page(
                posts=posts,
                cursor={"since": str(reached)},
                # Those of the overlap do not count: after them an empty answer is not strange.
                listed=sum(_is_after(post, place) for post in posts)
                + (len(found.invalid) if is_last else 0),
                invalid=found.invalid if is_last else (),
                rate=found.rate,
            )

    def reaches(self, root: Root) -> bool:
        """Tell whether a root is a story; all are."""
        return root.native_id.isdecimal()

    async def follow(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield the stories as they are now, and the newest comments of those that grew."""

        async def recount(roots: tuple[Root, ...]) -> Counted:
            stories = ",".join(f"story_{root.native_id}" for root in roots)
            return Counted.of(await self._tagged(web, f"story,({stories})"), asked=roots)

        async def replies(root: Root) -> tuple[Post, ...]:
            return await self._tagged(web, f"comment,story_{root.native_id}")

        async for page in followed(poll, recount, replies, at_once=ROOTS_PER_REQUEST):
            yield page

    async def _tagged(self, web: Web, tags: str) -> tuple[Post, ...]:
        """Return the newest items of some stories."""
        answer = await web.get(
            Request(
                url=f"{self._options.url.rstrip('/')}/search_by_date",
                params={"query": "", "tags": tags, "hitsPerPage": str(HITS_PER_PAGE)},
            )
        )
        return _results(answer).posts

    def parse(self, answer: Answer) -> Parsed:
        """Return the posts of one recorded search (or one item with its comments)."""
        found = _results(answer)
        seconds = [s for post in found.posts if (s := _second(post)) is not None]
        above = {"numericFilters": f"created_at_i>={max(seconds)}"} if seconds else None
        return Parsed(posts=found.posts, next=above, invalid=found.invalid)

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        wanted = f"that hold {self._options.query!r}" if self._options.query else "of every kind"
        return (
            f"Searches Hacker News for items {wanted}. Sees the points and the number of comments "
            "of a story that is followed, its newest comments while it grows, whether they match "
            "or not, and that it was deleted; no deletions of comments."
        )

    async def _search(self, web: Web, since: int | None) -> "_Results":
        """Return everything since a second, sliding down where one query gives no more of it."""
        found = _Results()
        until: int | None = None
        for _ in range(MOST_WINDOWS):
            window = await self._window(web, since, until)
            found = found.joined(window)
            oldest = window.oldest
            if since is None or window.listed < MOST_HITS or oldest is None:
                return found
            until = oldest if oldest != until else oldest - 1
            if until < since:
                return found
        return replace(found, invalid=(*found.invalid, MISSED))

    async def _window(self, web: Web, since: int | None, until: int | None) -> "_Results":
        """Return what one query gives; without `since` only its first page."""
        filters = [] if since is None else [f"created_at_i>={since}"]
        filters += [] if until is None else [f"created_at_i<={until}"]
        found = _Results()
        for number in range(MOST_HITS // HITS_PER_PAGE):
            answer = await web.get(
                Request(
                    url=f"{self._options.url.rstrip('/')}/search_by_date",
                    params={
                        "query": self._options.query,
                        "tags": self._options.tags,
                        **({"numericFilters": ",".join(filters)} if filters else {}),
                        "hitsPerPage": str(HITS_PER_PAGE),
                        "page": str(number),
                    },
                )
            )
            page = _results(answer)
            found = found.joined(page)
            if since is None or number + 1 >= page.pages:
                break
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Results:
    """What a search gave: posts, what made no sense, how many items there were in all."""

    posts: tuple[Post, ...] = ()
    invalid: tuple[str, ...] = ()
    listed: int = 0
    pages: int = 0
    rate: Rate | None = None

    @property
    def oldest(self) -> int | None:
        """The second of the oldest post."""
        return min((s for post in self.posts if (s := _second(post)) is not None), default=None)

    def joined(self, more: "_Results") -> "_Results":
        """Return both together, each post once, oldest first."""
        posts = {post.id: post for post in (*more.posts, *self.posts)}
        return _Results(
            posts=tuple(sorted(posts.values(), key=_created_at)),
            invalid=(*self.invalid, *more.invalid),
            listed=self.listed + more.listed,
            rate=more.rate or self.rate,
        )


def _since(poll: Poll) -> int | None:
    """Return the second to read from; None: only what the site shows at once."""
    if not poll.is_first:
        return int(poll.cursor["since"]) - int(OVERLAP.total_seconds())
    return int(poll.since.timestamp()) if poll.since else None


def _newest(posts: tuple[Post, ...], reached: int | None, now: datetime) -> int:
    """Return the second up to which all has been read; a date from the future does not count."""
    latest = int(now.timestamp())
    seconds = [s for post in posts if (s := _second(post)) is not None and s <= latest]
    return max([*seconds, *([] if reached is None else [reached])], default=latest)


def _is_after(post: Post, place: int | None) -> bool:
    second = _second(post)
    return place is None or second is None or second > place


def _second(post: Post) -> int | None:
    return None if Flag.UNDATED in post.flags else int(post.created_at.timestamp())


def _created_at(post: Post) -> datetime:
    return post.created_at


def _results(answer: Answer) -> _Results:
    """Return what an answer holds: search results, or an item with the comments under it."""
    told = as_mapping(decode_json(answer))
    top = None
    if isinstance(told.get("hits"), list):
        items = [as_mapping(hit) for hit in as_list(told["hits"])]
    elif isinstance(told.get("children"), list) and as_id(told.get("id")):
        items = list(_tree(told))
        top = _story(told, []) or as_id(told.get("id"))
    else:
        raise not_expected(answer, "search results of Hacker News")
    posts, invalid = [], []
    for number, item in enumerate(items, 1):
        post = _post(item, answer.received_at, top)
        if post is None:
            invalid.append(f"item {number}: no id, or neither title, text nor author")
        else:
            posts.append(post)
    return _Results(
        posts=tuple(posts),
        invalid=tuple(invalid),
        listed=len(items),
        pages=as_count(told.get("nbPages")) or 0,
        rate=parse_rate(answer.headers, answer.received_at),
    )


def _tree(root: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    waiting = [root]
    while waiting:
        item = waiting.pop()
        yield item
        waiting += [as_mapping(child) for child in reversed(as_list(item.get("children")))]


def _post(item: Mapping[str, object], seen_at: datetime, top: str | None) -> Post | None:
    """Return an item as a post; `top` is the story of one that stands in a tree and names none."""
    native_id = as_id(item.get("objectID")) or as_id(item.get("id"))
    title = one_line(unescape(as_text(item.get("title"))))
    body = to_plain(
        as_text(item.get("comment_text"))
        or as_text(item.get("story_text"))
        or as_text(item.get("text"))
    )
    author = one_line(as_text(item.get("author")))
    if native_id is None or not (title or body or author):
        return None
    tags = [tag for tag in as_list(item.get("_tags")) if isinstance(tag, str)]
    tags.append(as_text(item.get("type")))
    parent = as_id(item.get("parent_id"))
    is_comment = "comment" in tags or isinstance(item.get("comment_text"), str)
    created_at = _dated(item)
    return Post(
        source=HackerNews.kind,
        kind=PostKind.COMMENT if is_comment else PostKind.POST,
        native_id=native_id,
        author=Author(handle=author),
        title=title,
        text=compose(title, body),
        created_at=created_at or seen_at,
        seen_at=seen_at,
        url=f"{ITEM}{native_id}" if native_id.isdecimal() else None,
        parent_id=_key(parent) if parent else None,
        thread_id=_key(_story(item, tags) or top or native_id),
        counters=Counters(
            replies=as_count(item.get("num_comments")), likes=as_count(item.get("points"))
        ),
        flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
    )


def _story(item: Mapping[str, object], tags: list[str]) -> str | None:
    story = as_id(item.get("story_id"))
    named = (tag.removeprefix("story_") for tag in tags if tag.startswith("story_"))
    return story or next((name for name in named if name.isdecimal()), None)


def _dated(item: Mapping[str, object]) -> datetime | None:
    instant = as_instant(item.get("created_at"))
    seconds = item.get("created_at_i")
    if instant is None and isinstance(seconds, int) and not isinstance(seconds, bool):
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            return None
    return instant


def _key(native_id: str) -> str:
    return post_key(HackerNews.kind, "", native_id)
