"""Lists that a site shows page by page: read on from what is known, handed on oldest first."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from emberwatch.core.read.politeness import Rate
from emberwatch.model.errors import FeedUnavailable
from emberwatch.model.post import Flag, Post
from emberwatch.ports import Page, Poll
from emberwatch.sources.fields import as_instant

OVERLAP = timedelta(minutes=5)
"""Read again at each poll: sites index posts late and out of order, and young posts gather
counters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page of a list. `more` is what the site wants to hear for the next one; None: the end.

    `oldest_at` is the least instant by which the site sorted, None where it told of none;
    `newest_at` is the greatest, where that is not when the newest post was written.
    """

    posts: tuple[Post, ...]
    more: str | None
    oldest_at: datetime | None
    newest_at: datetime | None = None
    invalid: tuple[str, ...] = ()
    rate: Rate | None = None

    @property
    def listed(self) -> int:
        """How many posts the site listed."""
        return len(self.posts) + len(self.invalid)


Ask = Callable[[str | None], Awaitable[Sheet]]
"""Fetches one page: the newest for None, else the one that a `Sheet.more` leads to."""


def oldest(posts: tuple[Post, ...]) -> datetime | None:
    """Return when the oldest post was written, as far as the posts are dated."""
    return min((post.created_at for post in posts if _is_dated(post)), default=None)


def read_since(poll: Poll, overlap: timedelta = OVERLAP) -> datetime | None:
    """Return how far back a poll reads; None: only what the site shows at once."""
    reached = as_instant(poll.cursor.get("at"))
    return poll.since if reached is None else reached - overlap


async def newest_first(
    poll: Poll,
    ask: Ask,
    *,
    most: int,
    keeps: Mapping[str, str],
    overlap: timedelta = OVERLAP,
    is_shelf: bool = True,
) -> AsyncIterator[Page]:
    """Yield what is new in a list, oldest first, reading back `most` pages at the farthest.

    `is_shelf` tells that the site shows old posts too, so that an empty answer is strange. Where
    we ask for new ones alone, those of the overlap do not count as listed: an empty answer after
    them is none the stranger.

    `keeps` joins each page's cursor, as it is when that page is yielded. When the site fails
    in the middle, what it gave so far is yielded, but the place stays where it was: the next poll
    reads back over the gap.
    """
    since = read_since(poll, overlap)
    sheets: list[Sheet] = []
    older: str | None = None
    missed: tuple[str, ...] = (f"posts further back: the list goes on after {most} pages",)
    failed: FeedUnavailable | None = None
    while len(sheets) < most:
        try:
            sheet = await ask(older)
        except FeedUnavailable as error:
            if not sheets or poll.is_first:
                raise
            failed = error
            break
        sheets.append(sheet)
        is_back = sheet.oldest_at is not None and since is not None and sheet.oldest_at < since
        if since is None or is_back or sheet.more is None or sheet.more == older:
            missed = ()
            break
        older = sheet.more
    reached = place = as_instant(poll.cursor.get("at"))
    for sheet in reversed(sheets):
        if failed is None:
            reached = _newest(sheet, reached, poll.now)
        at = reached or poll.now
        yield Page(
            posts=tuple(sorted(sheet.posts, key=_created_at)),
            cursor={"at": at.isoformat(), **keeps},
            listed=sheet.listed if is_shelf or place is None else _since(sheet, place),
            invalid=(*sheet.invalid, *(missed if sheet is sheets[-1] and failed is None else ())),
            rate=sheets[-1].rate or sheet.rate,
        )
    if failed is not None:
        raise failed


async def oldest_first(
    poll: Poll, ask: Ask, *, most: int, keeps: Mapping[str, str]
) -> AsyncIterator[Page]:
    """Yield what is new in a list that begins with the oldest; what is left comes next time."""
    reached = as_instant(poll.cursor.get("at"))
    more: str | None = None
    for _ in range(most):
        sheet = await ask(more)
        reached = _newest(sheet, reached, poll.now)
        yield Page(
            posts=tuple(sorted(sheet.posts, key=_created_at)),
            cursor={"at": (reached or poll.now).isoformat(), **keeps},
            listed=sheet.listed,
            invalid=sheet.invalid,
            rate=sheet.rate,
        )
        if sheet.more is None or sheet.more == more:
            return
        more = sheet.more


def _since(sheet: Sheet, place: datetime) -> int:
    """Count the posts of a page that were written after an instant, and those that are none."""
    new = sum(not _is_dated(post) or post.created_at > place for post in sheet.posts)
    return new + len(sheet.invalid)


def _newest(sheet: Sheet, reached: datetime | None, now: datetime) -> datetime | None:
    """Return up to when all has been read; a date from the future does not count."""
    dates = [post.created_at for post in sheet.posts if _is_dated(post)]
    if sheet.newest_at is not None:
        dates = [sheet.newest_at]
    past = [date for date in dates if date <= now]
    return max([*past, *([reached] if reached else [])], default=None)


def _is_dated(post: Post) -> bool:
    return Flag.UNDATED not in post.flags


def _created_at(post: Post) -> datetime:
    return post.created_at
