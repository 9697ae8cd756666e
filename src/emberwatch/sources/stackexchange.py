"""Stack Overflow and the other sites of Stack Exchange."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.ports import Answer, Page, Parsed, Poll, Rate, Request, Root, Web
from emberwatch.sources.fields import (
    LONGEST_ID,
    address_problems,
    as_count,
    as_epoch,
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
from emberwatch.sources.listing import Sheet, newest_first, read_since
from emberwatch.sources.plain import compose, one_line, to_plain, unescape
from emberwatch.sources.threads import Counted, followed

SOURCE = "stackexchange"

POSTS_PER_PAGE = 100
MOST_PAGES = 10
MOST_ASKED = 100
"""Questions whose answers one request brings."""

LONGEST_REST = timedelta(hours=1)

LEFT_TO_POLLS = 0.5
"""Of the day's quota; threads are followed while more of it remains."""

_SECONDS = re.compile(r"in (\d{1,6}) seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class StackExchangeOptions:
    """What a `stackexchange` feed needs to know: a site, and what to search for."""

    query: str
    """Words to search for in questions and answers."""
    site: str = "stackoverflow"
    """The site, as the API names it: `stackoverflow`, `superuser`, `travel`."""
    key: str | None = None
    """A key of your application: 10,000 requests a day in place of 300. It is no secret."""
    url: str = "https://api.stackexchange.com/2.3"
    """Where the API answers."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        found = address_problems(self.url)
        if not self.query.strip():
            found.append(("query", "expected words to search for"))
        if not self.site.strip().replace(".", "").isalnum():
            found.append(("site", f"expected a name such as stackoverflow, got {self.site!r}"))
        return found


class StackExchange:
    """Searches a site's questions by their last activity, and reads new answers to them."""

    kind: ClassVar[str] = SOURCE
    Options: ClassVar[type[StackExchangeOptions]] = StackExchangeOptions

    def __init__(self, options: StackExchangeOptions) -> None:
        self._options = options
        self._server = options.url.strip().rstrip("/")
        self._site = options.site.strip()
        self._rest = _Rest(None)
        self._left: Rate | None = None

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield questions that saw activity, oldest first, then new answers to them."""
        since = read_since(poll)
        rest = self._rest
        rest.remember(as_instant(poll.cursor.get("rests_until")))
        rest.check(poll.now)
        kept = dict[str, str]()
        answered: dict[str, None] = {}
        cursor: Mapping[str, str] = poll.cursor

        async def ask(path: str, params: Mapping[str, str]) -> Answer:
            answer = await self._ask(web, path, params)
            rest.note(answer)
            kept.update(rest.cursor())
            return answer

        async def questions(more: str | None) -> Sheet:
            rest.check(poll.now)
            answer = await ask(
                "search/advanced",
                {
                    "q": self._options.query,
                    "sort": "activity",
                    "order": "desc",
                    "page": more or "1",
                    **({"min": str(int(since.timestamp()))} if since else {}),
                },
            )
            for item in _items(answer):
                if as_count(item.get("answer_count")) and (id := _number(item.get("question_id"))):
                    answered[id] = None
            return self._sheet(answer, more)

        async for page in newest_first(
            poll, questions, most=MOST_PAGES, keeps=kept, is_shelf=False
        ):
            cursor = page.cursor
            yield page
        if since is None or not answered or rest.until is not None:
            return
        ids = ";".join(list(answered)[:MOST_ASKED])
        params = {"sort": "creation", "order": "desc", "min": str(int(since.timestamp()))}
        try:
            answer = await ask(f"questions/{ids}/answers", params)
        except FeedUnavailable:
            return  # the questions were read: a site that is down shows at the next poll
        sheet = self._sheet(answer, None)
        if sheet.posts:
            yield Page(
                posts=sheet.posts,
                cursor={**cursor, **kept},
                listed=sheet.listed,
                invalid=sheet.invalid,
                rate=sheet.rate,
            )

    def reaches(self, root: Root) -> bool:
        """Tell whether a root is a question of this site, and enough of the quota remains."""
        left = self._left
        is_tight = (
            left is not None
            and left.remaining is not None
            and left.remaining < LEFT_TO_POLLS * (left.limit or 0)
        )
        return root.host == self._site and root.native_id.isdecimal() and not is_tight

    async def follow(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield the questions as they are now, and the newest answers to those that grew."""

        async def ask(path: str) -> tuple[Post, ...]:
            self._rest.check(poll.now)
            answer = await self._ask(web, path, {"sort": "creation", "order": "desc"})
            self._rest.note(answer)
            return self._sheet(answer, None).posts

        async def recount(roots: tuple[Root, ...]) -> Counted:
            ids = ";".join(root.native_id for root in roots)
            return Counted.of(await ask(f"questions/{ids}"), asked=roots)

        async def replies(root: Root) -> tuple[Post, ...]:
            return await ask(f"questions/{root.native_id}/answers")

        async for page in followed(poll, recount, replies, at_once=MOST_ASKED):
            yield page

    def parse(self, answer: Answer) -> Parsed:
        """Return the questions, answers or comments of one answer, in its order."""
        sheet = self._sheet(answer, None)
        following = {"page": sheet.more} if sheet.more else None
        return Parsed(posts=sheet.posts, next=following, invalid=sheet.invalid)

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        return (
            f"Searches questions of {self._site} for {self._options.query!r}, by their last "
            "activity. Sees scores, views, edits and the number of answers, new answers to "
            "questions found, and that a question was deleted; no comments and no deletions of "
            "answers."
        )

    async def _ask(self, web: Web, path: str, params: Mapping[str, str]) -> Answer:
        key = {"key": self._options.key} if self._options.key else {}
        answer = await web.get(
            Request(
                url=f"{self._server}/{path}",
                params={
                    **params,
                    "site": self._site,
                    "pagesize": str(POSTS_PER_PAGE),
                    "filter": "withbody",
                    **key,
                },
                heeds=(400, 502, 503),
            )
        )
        if answer.status >= 400:
            raise self._refusal(answer)
        return answer

    def _refusal(self, answer: Answer) -> FeedRefused | FeedUnavailable:
        """Return what an error means; the API tells of its limits in words."""
        where = host_of(self._server)
        told = as_mapping(decode_json(answer))
        name = as_text(told.get("error_name"))
        said = one_line(as_text(told.get("error_message"))) or name or str(answer.status)
        if name in ("throttle_violation", "temporarily_unavailable", "internal_error"):
            seconds = _SECONDS.search(said)
            wait = timedelta(seconds=int(seconds[1])) if seconds else None
            return FeedUnavailable(
                f"{where} wants to be left alone ({said})",
                retry_after=min(wait, LONGEST_REST) if wait else None,
            )
        return FeedRefused(f"{where} does not answer this ({said}): check the feed's options")

    # ------------------------------------------------------------ posts
    def _sheet(self, answer: Answer, page: str | None) -> Sheet:
        told = as_mapping(decode_json(answer))
        posts: list[Post] = []
        invalid: list[str] = []
        active: list[datetime] = []
        for number, item in enumerate(_items(answer), 1):
            post = self._post(item, answer.received_at)
            if post is None:
                invalid.append(f"item {number}: no number, or no words")
                continue
            posts.append(post)
            active.append(as_epoch(item.get("last_activity_date")) or post.created_at)
        left = as_count(told.get("quota_remaining"))
        if left is not None:
            self._left = Rate(limit=as_count(told.get("quota_max")), remaining=left, reset_at=None)
        return Sheet(
            posts=tuple(posts),
            more=str(int(page or "1") + 1) if told.get("has_more") is True else None,
            oldest_at=min(active, default=None),
            newest_at=max(active, default=None),
            invalid=tuple(invalid),
            rate=None if left is None else self._left,
        )

    def _post(self, item: Mapping[str, object], seen_at: datetime) -> Post | None:
        question = _number(item.get("question_id"))
        answer, comment = _number(item.get("answer_id")), _number(item.get("comment_id"))
        native_id = f"comment:{comment}" if comment else answer or question
        title = one_line(unescape(as_text(item.get("title"))))
        body = to_plain(as_text(item.get("body")))
        if native_id is None or not (body or title):
            return None
        is_question = native_id == question
        above = question if answer and not comment else _number(item.get("post_id"))
        parent = None if is_question or above is None else self._key(above)
        owner = as_mapping(item.get("owner"))
        created_at = as_epoch(item.get("creation_date"))
        return Post(
            source=SOURCE,
            host=self._site,
            kind=PostKind.POST if is_question else PostKind.COMMENT if comment else PostKind.REPLY,
            native_id=native_id,
            author=Author(
                handle=as_id(owner.get("user_id")) or "",
                name=one_line(unescape(as_text(owner.get("display_name")))),
            ),
            title=title if is_question else "",
            text=compose(title, body) if is_question else body,
            created_at=created_at or seen_at,
            seen_at=seen_at,
            url=as_link(item.get("link")),
            parent_id=parent,
            thread_id=parent or "",
            edited_at=as_epoch(item.get("last_edit_date")),
            counters=Counters(
                replies=as_count(item.get("answer_count")),
                likes=as_rating(item.get("score")),
                views=as_count(item.get("view_count")),
            ),
            flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
        )

    def _key(self, id: str) -> str:
        return post_key(SOURCE, self._site, id)


class _Rest:
    """How long the site wants to be left alone: a `backoff` that is not obeyed gets us banned."""

    def __init__(self, until: datetime | None) -> None:
        self.until = until

    def remember(self, until: datetime | None) -> None:
        """Heed what the site said before a start of ours."""
        if until is not None and (self.until is None or until > self.until):
            self.until = until

    def note(self, answer: Answer) -> None:
        """Heed the `backoff` of an answer."""
        seconds = as_count(as_mapping(decode_json(answer)).get("backoff"))
        wait = min(timedelta(seconds=min(seconds or 0, 10**6)), LONGEST_REST)
        self.until = answer.received_at + wait if seconds else None

    def check(self, now: datetime) -> None:
        """Raise `FeedUnavailable` while the site wants to be left alone."""
        if self.until is not None and now < self.until <= now + 2 * LONGEST_REST:
            raise FeedUnavailable(
                f"the site asked us to wait until {self.until:%H:%M:%S} UTC",
                retry_after=self.until - now,
            )

    def cursor(self) -> Mapping[str, str]:
        return {"rests_until": self.until.isoformat()} if self.until else {}


def _items(answer: Answer) -> list[Mapping[str, object]]:
    told = decode_json(answer)
    if not isinstance(told, dict) or not isinstance(told.get("items"), list):
        raise not_expected(answer, "items of Stack Exchange")
    return [as_mapping(item) for item in as_list(told["items"])]


def _number(value: object) -> str | None:
    id = as_id(value)
    return id if id and id.isdecimal() and len(id) <= LONGEST_ID else None
