"""Threads that grow: their counters read again, and their replies where there are more of them."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Counters, Post
from emberwatch.ports import Count, Cursor, Page, Poll, Root
from emberwatch.sources.fields import as_count, as_mapping

MOST_THREADS = 5
"""Threads whose replies one poll reads: those that grew most."""

Recount = Callable[[tuple[Root, ...]], Awaitable[Mapping[str, Counters]]]
"""Reads the counters of roots again, by native id; a root that is gone is left out."""

Replies = Callable[[Root], Awaitable[tuple[Post, ...]]]
"""Reads what stands in one thread now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How many replies each known root had when its thread was last read."""

    replies: Mapping[str, int]

    @staticmethod
    def of(cursor: Cursor) -> "Growth":
        """Return what a cursor remembers; nothing, where it was made by hand."""
        try:
            told = as_mapping(json.loads(cursor.get("threads", "{}")))
        except (ValueError, RecursionError):
            told = {}
        counts = {id: as_count(count) for id, count in told.items()}
        return Growth(replies={id: count for id, count in counts.items() if count is not None})

    def since(self, root: Root, counters: Counters) -> int:
        """Return how many replies a root has gained."""
        return (counters.replies or 0) - self.replies.get(root.native_id, 0)

    def told(self) -> str:
        """Return what a cursor is to remember."""
        return json.dumps(dict(self.replies), separators=(",", ":"), sort_keys=True)


NO_GROWTH = Growth(replies={})


async def reread(poll: Poll, cursor: Cursor, recount: Recount, replies: Replies) -> Page | None:
    """Return the counters of the poll's roots, and the replies of those that grew most.

    The posts of the list are read by now: a site that fails here fails at the next poll too, and
    then it shows.
    """
    if not poll.roots:
        return None
    try:
        counted = await recount(poll.roots)
    except FeedUnavailable:
        return None
    found = [(root, counted[root.native_id]) for root in poll.roots if root.native_id in counted]
    posts, known = await follow(found, Growth.of(cursor), replies)
    return Page(
        posts=posts,
        counts=tuple(
            Count(thread_id=root.key, counters=counters, root_created_at=root.created_at)
            for root, counters in found
        ),
        cursor={**cursor, "threads": known.told()},
        listed=len(posts),
    )


async def follow(
    found: Sequence[tuple[Root, Counters]], before: Growth, replies: Replies
) -> tuple[tuple[Post, ...], Growth]:
    """Return the replies of the roots that grew most, and what is to be remembered of all."""
    grown = sorted(
        ((root, counters) for root, counters in found if before.since(root, counters) > 0),
        key=lambda each: -before.since(*each),
    )
    known = {
        root.native_id: before.replies[root.native_id]
        for root, _ in found
        if root.native_id in before.replies
    }
    posts: list[Post] = []
    for root, counters in grown[:MOST_THREADS]:
        try:
            posts += await replies(root)
        except FeedRefused:
            pass  # this one thread is closed to us; its counters tell of it all the same
        except FeedUnavailable:
            break
        known[root.native_id] = counters.replies or 0
    return tuple(posts), Growth(replies=known)
