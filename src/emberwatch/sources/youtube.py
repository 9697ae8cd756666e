"""YouTube: the comments under videos, within the quota of a key."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from emberwatch.core.read.politeness import parse_rate
from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Author, Counters, Flag, Post, PostKind, post_key
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Cursor, Meter, Page, Parsed, Poll, Request, Root, Web
from emberwatch.sources.budget import Budget, Spending, stopped
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
from emberwatch.sources.listing import Sheet, newest_first, oldest
from emberwatch.sources.plain import compose, one_line, to_plain, unescape
from emberwatch.sources.threads import Counted, followed

SOURCE = "youtube"

SITE = "https://www.youtube.com/watch?v="

COMMENTS_PER_PAGE = 100
MOST_PAGES = 20
VIDEOS_PER_REQUEST = 50
COMMENTS = {
    "part": "snippet,replies",
    "order": "time",
    "textFormat": "plainText",
    "maxResults": str(COMMENTS_PER_PAGE),
}

LEFT_TO_POLLS = 0.5
"""Of the day's quota; the rest may go into following videos."""

DAY_STARTS = timedelta(hours=8)
"""The quota starts anew at midnight in California, which is 7:00 UTC in summer and 8:00 in winter;
counting from the later one never counts too little."""

USED_UP = frozenset(("quotaExceeded", "dailyLimitExceeded"))
TOO_OFTEN = frozenset(("rateLimitExceeded", "userRateLimitExceeded"))
VIDEO_KINDS = frozenset(("", "youtube#video", "youtube#searchResult"))
"""What YouTube calls videos; channels and playlists have ids and titles too."""
CLOSED = frozenset(("commentsDisabled",))


@dataclass(frozen=True, slots=True, kw_only=True)
class YouTubeOptions:
    """What a `youtube` feed needs to know: a key, and a channel or a video."""

    key: Secret
    """A key for the YouTube Data API v3."""
    channel: str | None = None
    """Comments under all videos of this channel, given by its id: `UC...`."""
    video: str | None = None
    """Comments under this one video, given by its id."""
    query: str | None = None
    """Only comments that hold these words, as YouTube searches for them."""
    units_a_day: int = 10_000
    """How much of the key's daily quota this feed may use; one reading uses two, mostly."""
    url: str = "https://www.googleapis.com/youtube/v3"
    """Where the API answers."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, as pairs of setting and reason."""
        found = address_problems(self.url)
        if (self.channel is None) == (self.video is None):
            found.append(("channel", "give either the id of a channel or that of a video"))
        elif not (self.channel or self.video or "").strip():
            found.append(("channel", "expected an id such as UC_x5XG1OV2P6uZZ5FSM9Ttw"))
        if self.units_a_day < 1:
            found.append(("units_a_day", f"expected at least 1, got {self.units_a_day}"))
        return found


class YouTube:
    """Reads comments, and how many there are under each video that they stand under."""

    kind: ClassVar[str] = SOURCE
    Options: ClassVar[type[YouTubeOptions]] = YouTubeOptions
    host: ClassVar[str] = ""

    def __init__(self, options: YouTubeOptions) -> None:
        self._options = options
        self._server = options.url.strip().rstrip("/")

    async def read(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield new comments, oldest first, then the videos that they stand under."""
        till = _Till(self._spending(poll.cursor, poll.now))
        kept = till.kept
        if till.spending.left() < 1:
            raise stopped(self.meters(poll.cursor, poll.now), "units_a_day", poll.now)
        videos = {self._options.video.strip(): None} if self._options.video else {}

        async def ask(resource: str, params: Mapping[str, str]) -> Answer:
            till.spend(poll.now)
            return await self._ask(web, resource, params)

        async def comments(older: str | None) -> Sheet:
            answer = await ask(
                "commentThreads",
                {
                    **COMMENTS,
                    **self._what(),
                    **({"pageToken": older} if older else {}),
                },
            )
            items = _items(answer)
            videos.update(dict.fromkeys(_videos(items)))
            return _sheet(answer, items)

        cursor: Cursor = poll.cursor
        try:
            async for page in newest_first(poll, comments, most=MOST_PAGES, keeps=kept):
                cursor = page.cursor
                yield page
        except _UsedUp as error:
            if not poll.is_first:
                yield Page(cursor={**poll.cursor, **till.spending.used_up().cursor()})
            raise FeedUnavailable(error.why, retry_after=error.retry_after) from None
        if videos and till.spending.left() >= 1:
            ids = ",".join(list(videos)[:VIDEOS_PER_REQUEST])
            try:
                answer = await ask("videos", {"part": "snippet,statistics", "id": ids})
            except FeedUnavailable:
                return  # the comments were read: a site that is down shows at the next poll
            posts, invalid = _posts(_items(answer), answer.received_at, is_live=True)
            yield Page(posts=posts, cursor={**cursor, **kept}, listed=len(posts), invalid=invalid)

    def reaches(self, root: Root) -> bool:
        """Tell whether a root is a video."""
        return True

    async def follow(self, web: Web, poll: Poll) -> AsyncIterator[Page]:
        """Yield the videos as they are now, and the newest comments under those that grew.

        At least half of the day's quota is left to the polls.
        """
        till = _Till(self._spending(poll.cursor, poll.now))
        reserve = self._options.units_a_day * LEFT_TO_POLLS

        async def ask(resource: str, params: Mapping[str, str]) -> Answer:
            if till.spending.left() - 1 < reserve:
                raise FeedUnavailable("half of the day's quota is left to the polls")
            till.spend(poll.now)
            return await self._ask(web, resource, params)

        async def recount(roots: tuple[Root, ...]) -> Counted:
            ids = ",".join(root.native_id for root in roots)
            answer = await ask("videos", {"part": "snippet,statistics", "id": ids})
            posts, _ = _posts(_items(answer), answer.received_at, is_live=True)
            return Counted.of(posts, asked=roots)

        async def replies(root: Root) -> tuple[Post, ...]:
            answer = await ask("commentThreads", {**COMMENTS, "videoId": root.native_id})
            return _posts(_items(answer), answer.received_at, is_live=True)[0]

        async for page in followed(poll, recount, replies, at_once=VIDEOS_PER_REQUEST):
            yield replace(page, cursor={**page.cursor, **till.kept})

    def parse(self, answer: Answer) -> Parsed:
        """Return the comments or videos of one answer, each in a thread of its own."""
        posts, invalid = _posts(_items(answer), answer.received_at)
        token = as_text(as_mapping(decode_json(answer)).get("nextPageToken"))
        return Parsed(posts=posts, next={"pageToken": token} if token else None, invalid=invalid)

    def meters(self, cursor: Cursor, now: datetime) -> tuple[Meter, ...]:
        """Return how much of the day's quota is used."""
        return self._spending(cursor, now).meters("quota of YouTube", 1, now)

    def describe(self) -> str:
        """Say what a feed of this kind can and cannot see."""
        options = self._options
        where = f"the video {options.video}" if options.video else f"the channel {options.channel}"
        words = f" that hold {options.query!r}" if options.query else ""
        return (
            f"Reads new comments{words} under {where}, minutes after they were written, and up to "
            "five replies to each. Sees edits and likes of the newest hundred comments, and how "
            "many comments, likes and views each video has. Sees no deletions of comments, and "
            f"nothing where they are turned off. Uses at most {options.units_a_day:,} units of "
            "quota a day."
        )

    # ------------------------------------------------------------ requests
    def _what(self) -> Mapping[str, str]:
        options = self._options
        where = (
            {"videoId": options.video.strip()}
            if options.video
            else {"allThreadsRelatedToChannelId": (options.channel or "").strip()}
        )
        return {**where, **({"searchTerms": options.query} if options.query else {})}

    async def _ask(self, web: Web, resource: str, params: Mapping[str, str]) -> Answer:
        answer = await web.get(
            Request(
                url=f"{self._server}/{resource}",
                params=params,
                # In the address, where YouTube's own examples put it, it would end up in logs.
                headers={"x-goog-api-key": self._options.key.reveal()},
                heeds=(400, 403, 404),
            )
        )
        if answer.status >= 400:
            raise self._refusal(answer)
        return answer

    def _refusal(self, answer: Answer) -> FeedRefused | FeedUnavailable:
        """Return what YouTube's error means; it never repeats what was sent."""
        where = host_of(self._server)
        error = as_mapping(as_mapping(decode_json(answer)).get("error"))
        first = as_mapping(next(iter(as_list(error.get("errors"))), None))
        reason = as_text(first.get("reason"))
        said = one_line(to_plain(as_text(error.get("message")))) or reason
        if reason in USED_UP:
            return _UsedUp(f"{where}: the key's quota of the day is used up ({said})")
        if reason in TOO_OFTEN:
            return FeedUnavailable(f"{where}: we asked too often ({said})")
        if reason in CLOSED:
            return FeedRefused(f"{where}: comments are turned off under what this feed reads")
        if answer.status == 404:
            return FeedRefused(f"{where} knows no such channel or video: check the feed's options")
        return FeedRefused(f"{where} answered {answer.status} ({said}): check the key and options")

    def _spending(self, cursor: Cursor, now: datetime) -> Spending:
        budget = Budget(unit="units", per_day=self._options.units_a_day, day_starts=DAY_STARTS)
        return Spending.of(budget, cursor, now)


class _Till:
    """What a reading spends of the quota; `kept` is what its cursor is to remember."""

    def __init__(self, spending: Spending) -> None:
        self.spending = spending
        self.kept = dict(spending.cursor())

    def spend(self, now: datetime) -> None:
        """Take a unit; raise `FeedUnavailable` when there is none."""
        if self.spending.left() < 1:
            raise stopped(self.spending.meters("quota of YouTube", 1, now), "units_a_day", now)
        self.spending = self.spending.spend(1)
        self.kept.update(self.spending.cursor())


class _UsedUp(FeedUnavailable):
    """YouTube says itself that the quota is used up, by this feed or by others with its key."""

    def __init__(self, why: str) -> None:
        super().__init__(why, retry_after=timedelta(hours=1))


# ---------------------------------------------------------------- comments and videos
def _items(answer: Answer) -> list[Mapping[str, object]]:
    told = decode_json(answer)
    if not isinstance(told, dict) or not isinstance(told.get("items"), list):
        raise not_expected(answer, "a list of YouTube")
    return [as_mapping(item) for item in as_list(told["items"])]


def _sheet(answer: Answer, items: list[Mapping[str, object]]) -> Sheet:
    posts, invalid = _posts(items, answer.received_at, is_live=True)
    tops = tuple(post for post in posts if post.parent_id is None)
    token = as_text(as_mapping(decode_json(answer)).get("nextPageToken"))
    return Sheet(
        posts=posts,
        more=token or None,
        oldest_at=oldest(tops),
        invalid=invalid,
        rate=parse_rate(answer.headers, answer.received_at),
    )


def _videos(items: Iterable[Mapping[str, object]]) -> Iterator[str]:
    for item in items:
        video = as_id(as_mapping(item.get("snippet")).get("videoId"))
        if video is not None and len(video) <= LONGEST_ID and "," not in video:
            yield video


def _posts(
    items: Iterable[Mapping[str, object]], seen_at: datetime, *, is_live: bool = False
) -> tuple[tuple[Post, ...], tuple[str, ...]]:
    """Return what items are; `is_live` puts comments into the threads of their videos."""
    posts, invalid = [], []
    for number, item in enumerate(items, 1):
        made = list(_made_of(item, seen_at))
        if not made:
            invalid.append(f"item {number}: no id, or neither a comment nor a video")
        for post, video in made:
            posts.append(replace(post, thread_id=_key(video)) if is_live and video else post)
    return tuple(posts), tuple(invalid)


def _made_of(item: Mapping[str, object], seen_at: datetime) -> Iterator[tuple[Post, str | None]]:
    """Yield the posts that an item holds, each with the video that it stands under."""
    snippet = as_mapping(item.get("snippet"))
    top = as_mapping(snippet.get("topLevelComment"))
    if not top:
        post = _comment(item, seen_at) if "textDisplay" in snippet else _video(item, seen_at)
        if post is not None:
            yield post, _native(snippet.get("videoId")) if post.kind is not PostKind.POST else None
        return
    video = _native(snippet.get("videoId"))
    first = _comment(top, seen_at, replies=as_count(snippet.get("totalReplyCount")))
    if first is None:
        return
    yield first, video
    for reply in as_list(as_mapping(item.get("replies")).get("comments")):
        answer = _comment(as_mapping(reply), seen_at, parent=first.native_id)
        if answer is not None:
            yield answer, video


def _comment(
    item: Mapping[str, object],
    seen_at: datetime,
    *,
    replies: int | None = None,
    parent: str | None = None,
) -> Post | None:
    snippet = as_mapping(item.get("snippet"))
    native_id = _native(item.get("id"))
    text = as_text(snippet.get("textOriginal")) or to_plain(as_text(snippet.get("textDisplay")))
    channel = as_id(as_mapping(snippet.get("authorChannelId")).get("value"))
    author = one_line(as_text(snippet.get("authorDisplayName"))) or channel or ""
    if native_id is None or not (text or author):
        return None
    parent = _native(snippet.get("parentId")) or parent
    created_at = as_instant(snippet.get("publishedAt"))
    updated_at = as_instant(snippet.get("updatedAt"))
    video = _native(snippet.get("videoId"))
    return Post(
        source=SOURCE,
        kind=PostKind.REPLY if parent else PostKind.COMMENT,
        native_id=native_id,
        author=Author(handle=author),
        text=text.strip(),
        created_at=created_at or seen_at,
        seen_at=seen_at,
        url=f"{SITE}{video}&lc={native_id}" if video and _is_plain(video + native_id) else None,
        parent_id=_key(parent) if parent else None,
        edited_at=updated_at if updated_at != created_at else None,
        counters=Counters(replies=replies, likes=as_count(snippet.get("likeCount"))),
        flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
    )


def _video(item: Mapping[str, object], seen_at: datetime) -> Post | None:
    """Return a video as a post: the root of the thread that its comments are."""
    snippet, counts = as_mapping(item.get("snippet")), as_mapping(item.get("statistics"))
    id = item.get("id")
    native_id = _native(as_mapping(id).get("videoId") if isinstance(id, dict) else id)
    title = one_line(unescape(as_text(snippet.get("title"))))
    if native_id is None or not title or as_text(item.get("kind")) not in VIDEO_KINDS:
        return None
    created_at = as_instant(snippet.get("publishedAt"))
    return Post(
        source=SOURCE,
        native_id=native_id,
        author=Author(handle=one_line(as_text(snippet.get("channelTitle")))),
        title=title,
        text=compose(title, as_text(snippet.get("description")).strip()),
        created_at=created_at or seen_at,
        seen_at=seen_at,
        url=f"{SITE}{native_id}" if _is_plain(native_id) else None,
        counters=Counters(
            replies=as_count(counts.get("commentCount")),
            likes=as_count(counts.get("likeCount")),
            views=as_count(counts.get("viewCount")),
        ),
        flags=frozenset() if created_at else frozenset((Flag.UNDATED,)),
    )


def _native(value: object) -> str | None:
    id = as_id(value)
    return id if id and len(id) <= LONGEST_ID else None


def _is_plain(id: str) -> bool:
    return id.isascii() and all(sign.isalnum() or sign in "-_." for sign in id)


def _key(id: str) -> str:
    return post_key(SOURCE, "", id)
