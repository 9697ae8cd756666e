"""Communities that run on Lemmy."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.ports import Answer, Page, Parsed, Poll, Request, Root, Web
from emberwatch.sources.fields import (
    LONGEST_ID,
    address_problems,
    as_count,
    as_id,
    as_instant,
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
from emberwatch.sources.threads import NOT_THERE, Counted, followed, missing

SOURCE = "lemmy"

POSTS_PER_PAGE = 50
MOST_PAGES = 20

POST, COMMENT = "post:", "comment:"
"""Begin native ids: posts and comments are numbered each by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LemmyOptions:
    """What a `lemmy` feed needs to know: a server, and what to search for."""

    url: str
    """The server, such as https://lemmy.world."""
    query: str
    """What to search for, in posts and comments."""
    community: str | None = None
    """Only in this community: `tech`, or `tech@lemmy.ml` of another server."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        found = address_problems(self.url)
        if not self.query.strip():
            found.append(("query", "expected words to search for"))
        return found


class Lemmy:
    """Searches one server's posts and comments."""

    kind: ClassVar[str] = SOURCE
    Options: ClassVar[type[LemmyOptions]] = LemmyOptions

    def __init__(self, options: LemmyOptions) -> None:
        self._options = options
        self._server = options.url.strip().rstrip("/")
        self.host = host_of(self._server)

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield what was found since the last poll, oldest first."""

        async def ask(more: str | None) -> Sheet:
            community = self._options.community
            params = {
                "q": self._options.query,
                "type_": "All",
                "sort": "New",
                "listing_type": "All",
                "limit": str(POSTS_PER_PAGE),
                "page": more or "1",
                **({"community_name": community} if community else {}),
            }
            answer = await self._ask(web, "search", params)
            posts, invalid = self._posts(answer)
            return Sheet(
                posts=posts,
                more=str(int(more or "1") + 1) if posts else None,
                oldest_at=oldest(posts),
                invalid=invalid,
                rate=parse_rate(answer.headers, answer.received_at),
            )

        async for page in newest_first(poll, ask, most=MOST_PAGES, keeps={}):
            yield page

    def reaches(self, root: Root) -> bool:
        """Tell whether a root is a post of this server."""
        return root.host == self.host and root.native_id.startswith(POST)

    async def follow(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield the roots as they are now, and the newest comments of those that grew."""

        async def recount(roots: tuple[Root, ...]) -> Counted:
            (root,) = roots
            answer = await self._ask(
                web, "post", {"id": root.native_id.removeprefix(POST)}, heeds=(400, *NOT_THERE)
            )
            if answer.status >= 400:
                return missing(answer, root, "error")
            return Counted.of(self._posts(answer)[0])

        async def replies(root: Root) -> tuple[Post, ...]:
            post = root.native_id.removeprefix(POST)
            params = {"post_id": post, "sort": "New", "limit": str(POSTS_PER_PAGE), "type_": "All"}
            return self._posts(await self._ask(web, "comment/list", params))[0]

        async for page in followed(poll, recount, replies):
            yield page

    def parse(self, answer: Answer) -> Parsed:
        """Return the posts and comments of one answer: posts first, each in its order."""
        posts, invalid = self._posts(answer)
        page = as_text(as_mapping(decode_json(answer)).get("next_page"))
        return Parsed(posts=posts, next={"page_cursor": page} if page else None, invalid=invalid)

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        where = f" in {self._options.community}" if self._options.community else ""
        return (
            f"Searches posts and comments for {self._options.query!r}{where} as {self.host} knows "
            "them: those of communities that somebody on that server follows. Sees scores, the "
            "number of comments and the newest comments of threads that grow, edits while a post "
            "is found, and what was deleted or removed as a post without words."
        )

    async def _ask(
        self, web: Web, path: str, params: Mapping[str, str], heeds: tuple[int, ...] = ()
    ) -> Answer:
        url = f"{self._server}/api/v3/{path}"
        return await web.get(Request(url=url, params=params, heeds=heeds))

    # ------------------------------------------------------------ posts
    def _posts(self, answer: Answer) -> tuple[tuple[Post, ...], tuple[str, ...]]:
        told = as_mapping(decode_json(answer))
        single = [told[name] for name in ("post_view", "comment_view") if name in told]
        if not single and not any(
            isinstance(told.get(name), list) for name in ("posts", "comments")
        ):
            raise not_expected(answer, "posts of Lemmy")
        views = [*single, *as_list(told.get("posts")), *as_list(told.get("comments"))]
        posts, invalid = [], []
        for number, view in enumerate(map(as_mapping, views), 1):
            comment = as_mapping(view.get("comment"))
            make = self._comment if comment else self._post
            post = make(view, answer.received_at)
            if post is None:
                invalid.append(f"item {number}: no number, author or words")
            else:
                posts.append(post)
        return tuple(posts), tuple(invalid)

    def _post(self, view: Mapping[str, object], seen_at: datetime) -> Post | None:
        item = as_mapping(view.get("post"))
        id, author = _number(item.get("id")), _author(view)
        name = one_line(as_text(item.get("name")))
        if id is None or author is None or not name:
            return None
        title = "" if _is_gone(item) else name
        # Version 1.0 keeps counters in the post itself.
        counts = as_mapping(view.get("counts")) or item
        return self._made(
            f"{POST}{id}", item, author, seen_at,
            kind=PostKind.POST,
            title=title,
            text=compose(title, "" if _is_gone(item) else as_text(item.get("body")).strip()),
            url=f"{self._server}/post/{id}",
            counters=Counters(
                replies=as_count(counts.get("comments")), likes=as_rating(counts.get("score"))
            ),
        )  # fmt: skip

    def _comment(self, view: Mapping[str, object], seen_at: datetime) -> Post | None:
        item = as_mapping(view.get("comment"))
        id, post, author = _number(item.get("id")), _number(item.get("post_id")), _author(view)
        words = item.get("content")
        if id is None or post is None or author is None or not isinstance(words, str):
            return None
        # The path leads from the top (0) over all comments above to this one.
        above = as_text(item.get("path")).split(".")[-2:-1]
        is_nested = bool(above) and above[0].isdecimal() and above[0] != "0"
        counts = as_mapping(view.get("counts")) or item
        return self._made(
            f"{COMMENT}{id}", item, author, seen_at,
            kind=PostKind.COMMENT,
            text="" if _is_gone(item) else as_text(words).strip(),
            url=f"{self._server}/comment/{id}",
            parent_id=self._key(f"{COMMENT}{above[0]}" if is_nested else f"{POST}{post}"),
            thread_id=self._key(f"{POST}{post}"),
            counters=Counters(
                replies=as_count(counts.get("child_count")), likes=as_rating(counts.get("score"))
            ),
        )  # fmt: skip

    def _made(
        self,
        native_id: str,
        item: Mapping[str, object],
        author: Author,
        seen_at: datetime,
        *,
        kind: PostKind,
        text: str,
        url: str,
        counters: Counters,
        title: str = "",
        parent_id: str | None = None,
        thread_id: str = "",
    ) -> Post:
        created_at = as_instant(item.get("published")) or as_instant(item.get("published_at"))
        return Post(
            source=SOURCE,
            host=self.host,
            kind=kind,
            native_id=native_id,
            author=author,
            title=title,
            text=text,
            created_at=created_at or seen_at,
            seen_at=seen_at,
            url=as_link(url),
            uri=as_link(item.get("ap_id")),
            parent_id=parent_id,
            thread_id=thread_id,
            edited_at=as_instant(item.get("updated")) or as_instant(item.get("updated_at")),
            counters=counters,
            flags=_flags(item, is_dated=created_at is not None),
        )

    def _key(self, native_id: str) -> str:
        return post_key(SOURCE, self.host, native_id)


def _number(value: object) -> str | None:
    id = as_id(value)
    return id if id and id.isdecimal() and len(id) <= LONGEST_ID else None


def _author(view: Mapping[str, object]) -> Author | None:
    creator = as_mapping(view.get("creator"))
    name = one_line(as_text(creator.get("name")))
    if not name:
        return None
    home = host_of(as_text(creator.get("actor_id")) or as_text(creator.get("ap_id")))
    handle = f"{name}@{home}" if home else name
    return Author(handle=handle, name=one_line(as_text(creator.get("display_name"))))


def _flags(item: Mapping[str, object], *, is_dated: bool) -> frozenset[Flag]:
    told = {
        Flag.UNDATED: not is_dated,
        Flag.TAKEN_BACK: item.get("deleted") is True,
        Flag.REMOVED: item.get("removed") is True,
    }
    return frozenset(flag for flag, is_so in told.items() if is_so)


def _is_gone(item: Mapping[str, object]) -> bool:
    return item.get("deleted") is True or item.get("removed") is True
