"""Reddit, through its API for approved applications."""

import base64
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar
from urllib.parse import quote

from emberwatch import __version__
from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Count, Page, Parsed, Poll, Request, Root, Web
from emberwatch.sources.fields import (
    LONGEST_ID,
    address_problems,
    as_count,
    as_epoch,
    as_id,
    as_link,
    as_list,
    as_mapping,
    as_rating,
    as_text,
    decode_json,
    host_of,
    not_expected,
)
from emberwatch.sources.listing import Sheet, newest_first, oldest
from emberwatch.sources.plain import compose, one_line
from emberwatch.sources.threads import Counted, followed

SOURCE = "reddit"

SITE = "https://www.reddit.com"
POSTS_PER_PAGE = 100
MOST_PAGES = 10
"""Reddit lists about a thousand posts, whatever is asked for."""

COMMENTS_PER_THREAD = 200
MOST_DEPTH = 500
"""Comments under comments, counted from the top; no page of Reddit nests so deep."""

DELETED = "[deleted]"
REMOVED = frozenset(("[removed]", "[ Removed by Reddit ]"))
REMOVED_BY = frozenset(("moderator", "reddit", "content_takedown", "copyright_takedown"))
TAKEN_BACK = REMOVED | {DELETED}
"""What stands where an author or a moderator took the words away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedditOptions:
    """What a `reddit` feed needs to know: an approved application, and what to read."""

    client_id: Secret
    """The id of your application, which Reddit has approved."""
    client_secret: Secret
    """The secret of your application."""
    account: str
    """The Reddit account behind the application; Reddit wants to know whom it talks to."""
    query: str | None = None
    """Posts that match these words."""
    subreddit: str | None = None
    """Only what is in this subreddit, or in several: `delivery+complaints`."""
    comments: bool = False
    """The comments of the subreddit instead of its posts."""
    url: str = "https://oauth.reddit.com"
    """Where the API answers."""
    token_url: str = "https://www.reddit.com/api/v1/access_token"  # noqa: S105 - an address
    """Where the application signs in."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        found = address_problems(self.url)
        if self.query is None and self.subreddit is None:
            found.append(("query", "give words to search for, a subreddit, or both"))
        if self.comments and (self.subreddit is None or self.query is not None):
            found.append(("comments", "Reddit lists comments of a subreddit only, without a query"))
        if self.subreddit is not None and not _subreddit(self.subreddit):
            found.append(("subreddit", f"expected a name such as delivery, got {self.subreddit!r}"))
        return found


class Reddit:
    """Reads posts or comments, as an application with a token that lives in memory alone."""

    kind: ClassVar[str] = SOURCE
    Options: ClassVar[type[RedditOptions]] = RedditOptions
    host: ClassVar[str] = ""

    def __init__(self, options: RedditOptions) -> None:
        self._options = options
        self._server = options.url.strip().rstrip("/")
        self._token: _Token | None = None

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield what is new, oldest first."""
        roots = {root.key: root for root in poll.roots}
        path, params = self._listing()

        async def ask(older: str | None) -> Sheet:
            answer = await self._ask(web, path, {**params, **({"after": older} if older else {})})
            return _sheet(answer)

        async for page in newest_first(poll, ask, most=MOST_PAGES, keeps={}):
            yield replace(
                page,
                posts=tuple(_uncounted(post) for post in page.posts),
                counts=tuple(_counted_by_comments(page.posts, roots)),
            )

    def reaches(self, root: Root) -> bool:
        """Tell whether a root is a post of Reddit."""
        return root.native_id.startswith("t3_")

    async def follow(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield the roots as they are now, and the newest comments of those that grew."""

        async def recount(roots: tuple[Root, ...]) -> Counted:
            names = ",".join(root.native_id for root in roots)
            return Counted.of(_things(await self._ask(web, "/api/info", {"id": names}))[0])

        async def replies(root: Root) -> tuple[Post, ...]:
            id = quote(root.native_id.removeprefix("t3_"), safe="")
            asked = {"sort": "new", "limit": str(COMMENTS_PER_THREAD)}
            posts, _ = _things(await self._ask(web, f"/comments/{id}", asked))
            return tuple(_uncounted(post) for post in posts if post.kind is PostKind.COMMENT)

        async for page in followed(poll, recount, replies, at_once=POSTS_PER_PAGE):
            yield page

    def parse(self, answer: Answer) -> Parsed:
        """Return the posts and comments of one answer, each comment before its replies."""
        posts, invalid = _things(answer)
        after = _after(answer)
        return Parsed(posts=posts, next={"after": after} if after else None, invalid=invalid)

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        options = self._options
        where = f" in r/{_subreddit(options.subreddit)}" if options.subreddit else ""
        if options.comments:
            return (
                f"Reads the newest comments{where}, up to about a thousand at once. Sees scores as "
                "they are while a comment is among them, edits and removals only then."
            )
        what = f"posts that match {options.query!r}" if options.query else "the newest posts"
        return (
            f"Reads {what}{where}, up to about a thousand at once; Reddit's search lags by a few "
            "minutes and looks at posts, not at comments. Sees the number of comments and the "
            "score while a thread is young, and the comments of threads that grow: the newest "
            f"{COMMENTS_PER_THREAD}, without those that Reddit folds away, and what was deleted or "
            "removed of these. Cross-posts count as quotes."
        )

    def _listing(self) -> tuple[str, Mapping[str, str]]:
        """Return the path of what this feed follows, and its parameters."""
        options = self._options
        subreddit = _subreddit(options.subreddit or "")
        limit = {"limit": str(POSTS_PER_PAGE)}
        if options.query is None:
            return f"/r/{subreddit}/{'comments' if options.comments else 'new'}", limit
        within = {"restrict_sr": "true"} if subreddit else {}
        asked = {"q": options.query, "sort": "new", "type": "link", "t": "week", **within, **limit}
        return (f"/r/{subreddit}/search" if subreddit else "/search"), asked

    # ------------------------------------------------------------ the token
    async def _ask(self, web: Web, path: str, params: Mapping[str, str]) -> Answer:
        for is_last in (False, True):
            token = await self._signed_in(web)
            answer = await web.get(
                Request(
                    url=f"{self._server}{path}",
                    params={**params, "raw_json": "1"},
                    headers={**self._agent, "authorization": f"Bearer {token}"},
                    heeds=() if is_last else (401,),
                )
            )
            if answer.status != 401:
                break
            self._token = None  # it was taken back, or has run out
        return answer

    async def _signed_in(self, web: Web) -> str:
        options = self._options
        if self._token is not None:
            return self._token.text
        pair = f"{options.client_id.reveal()}:{options.client_secret.reveal()}".encode()
        answer = await web.get(
            Request(
                url=options.token_url,
                headers={
                    **self._agent,
                    "authorization": f"Basic {base64.b64encode(pair).decode()}",
                    "content-type": "application/x-www-form-urlencoded",
                },
                body=b"grant_type=client_credentials",
                heeds=(400, 401, 403),
            )
        )
        where = host_of(options.token_url)
        if answer.status >= 400:
            raise FeedRefused(
                f"{where} does not take the application's id and secret ({answer.status}): check "
                "client_id and client_secret, and that Reddit has approved the application"
            )
        text = as_text(as_mapping(decode_json(answer)).get("access_token"))
        if not text:
            raise FeedUnavailable(f"{where} gave the application no token")
        self._token = _Token(text)
        return text

    @property
    def _agent(self) -> Mapping[str, str]:
        """Return how Reddit wants programs to name themselves."""
        account = one_line(self._options.account).removeprefix("u/")
        return {"user-agent": f"python:emberwatch:v{__version__} (by /u/{account})"}


@dataclass(frozen=True, slots=True)
class _Token:
    """The right to read for some hours; it is never shown."""

    text: str

    def __repr__(self) -> str:
        return "_Token(***)"


def _subreddit(name: str) -> str:
    """Return a subreddit's name without `r/`; empty if it cannot be one."""
    bare = name.strip().removeprefix("/").removeprefix("r/").rstrip("/")
    is_name = all(part.replace("_", "").isalnum() for part in bare.split("+"))
    return bare if bare.isascii() and is_name else ""


# ---------------------------------------------------------------- posts and comments
def _sheet(answer: Answer) -> Sheet:
    posts, invalid = _things(answer)
    return Sheet(
        posts=posts,
        more=_after(answer),
        oldest_at=oldest(posts),
        invalid=invalid,
        rate=parse_rate(answer.headers, answer.received_at),
    )


def _after(answer: Answer) -> str | None:
    told = as_mapping(decode_json(answer))
    return as_id(as_mapping(told.get("data")).get("after"))


def _things(answer: Answer) -> tuple[tuple[Post, ...], tuple[str, ...]]:
    """Return the posts of an answer, and what was left out of it."""
    told = decode_json(answer)
    folded = as_mapping(as_mapping(as_mapping(told).get("json")).get("data")).get("things")
    if isinstance(folded, list):  # what was folded away, asked for by itself
        told = {"kind": "Listing", "data": {"children": folded}}
    listings = told if isinstance(told, list) else [told]
    if not listings or any(as_mapping(each).get("kind") != "Listing" for each in listings):
        raise not_expected(answer, "a listing of Reddit")
    posts: list[Post] = []
    invalid: list[str] = []
    hidden = 0
    for number, thing in enumerate(_walk(listings), 1):
        if thing.get("kind") == "more":
            hidden += as_count(as_mapping(thing.get("data")).get("count")) or 0
            continue
        post = _post(thing, answer.received_at)
        if post is None:
            invalid.append(f"item {number}: no name, or neither a post nor a comment")
        else:
            posts.append(post)
    if hidden:
        invalid.append(f"{hidden} comments that Reddit folds away")
    return tuple(posts), tuple(invalid)


def _walk(listings: list[object]) -> Iterator[Mapping[str, object]]:
    """Yield the things of listings as they are read: each before the replies to it."""
    waiting = [(as_mapping(listing), 0) for listing in reversed(listings)]
    while waiting:
        thing, depth = waiting.pop()
        data = as_mapping(thing.get("data"))
        inner = data.get("children") if thing.get("kind") == "Listing" else None
        if thing.get("kind") == "Listing":
            children = [as_mapping(child) for child in as_list(inner)]
            waiting += [(child, depth) for child in reversed(children)]
            continue
        yield thing
        replies = as_mapping(data.get("replies"))
        if replies and depth < MOST_DEPTH:
            waiting.append((replies, depth + 1))


def _post(thing: Mapping[str, object], seen_at: datetime) -> Post | None:
    data = as_mapping(thing.get("data"))
    kind = as_text(thing.get("kind"))
    id = as_id(data.get("id"))
    name = as_id(data.get("name")) or (f"{kind}_{id}" if id else None)
    if kind not in ("t1", "t3") or name is None or not name.startswith(f"{kind}_"):
        return None
    if len(name) > LONGEST_ID:
        return None
    author = one_line(as_text(data.get("author")))
    created_at = as_epoch(data.get("created_utc"))
    title = _words(data.get("title")) if kind == "t3" else ""
    body = _words(data.get("selftext" if kind == "t3" else "body"))
    return Post(
        source=SOURCE,
        kind=PostKind.POST if kind == "t3" else PostKind.COMMENT,
        native_id=name,
        author=Author(handle="" if author in TAKEN_BACK else author),
        title=one_line(title),
        text=compose(one_line(title), body),
        created_at=created_at or seen_at,
        seen_at=seen_at,
        url=as_link(data.get("permalink"), SITE),
        parent_id=_key(data.get("parent_id")) if kind == "t1" else None,
        thread_id=(_key(data.get("link_id")) if kind == "t1" else None) or "",
        quote_of=_key(data.get("crosspost_parent")),
        edited_at=as_epoch(data.get("edited")),
        counters=Counters(
            replies=as_count(data.get("num_comments")), likes=as_rating(data.get("score"))
        ),
        flags=_flags(data, is_dated=created_at is not None),
    )


def _flags(data: Mapping[str, object], *, is_dated: bool) -> frozenset[Flag]:
    """Return what is strange about a post; of a deleted account nothing may be kept either."""
    words = {as_text(data.get(name)).strip() for name in ("selftext", "body")}
    is_removed = bool(words & REMOVED) or as_text(data.get("removed_by_category")) in REMOVED_BY
    is_deleted = DELETED in words or as_text(data.get("author")).strip() == DELETED
    told = {
        Flag.UNDATED: not is_dated,
        Flag.REMOVED: is_removed,
        Flag.TAKEN_BACK: is_deleted and not is_removed,
    }
    return frozenset(flag for flag, is_so in told.items() if is_so)


def _words(value: object) -> str:
    """Return what somebody wrote; nothing where it was taken back."""
    text = as_text(value).strip()
    return "" if text in TAKEN_BACK else text


def _key(name: object) -> str | None:
    named = as_id(name)
    is_one = named is not None and named[:3] in ("t1_", "t3_") and len(named) <= LONGEST_ID
    return post_key(SOURCE, "", named) if named and is_one else None


def _uncounted(post: Post) -> Post:
    """Return a comment without the counter that it bears for its thread."""
    if post.kind is not PostKind.COMMENT or post.counters.replies is None:
        return post
    return replace(post, counters=replace(post.counters, replies=None))


def _counted_by_comments(posts: tuple[Post, ...], roots: Mapping[str, Root]) -> Iterator[Count]:
    """Yield the counter of each known thread that its newest comment bears."""
    counted = {
        post.thread_id: post.counters.replies
        for post in posts
        if post.kind is PostKind.COMMENT and post.counters.replies is not None
    }
    for thread, count in counted.items():
        if (root := roots.get(thread)) is not None:
            yield Count(
                thread_id=thread,
                counters=Counters(replies=count),
                root_created_at=root.created_at,
            )
