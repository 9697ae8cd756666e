"""Threads that are followed: counters read again, and the replies where there are more of them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import NO_COUNTERS, Counters, Post
from emberwatch.ports import Answer, Count, Page, Poll, Root
from emberwatch.sources.fields import as_mapping, decode_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a site said of some roots: counters, and roots that came along whole, by native id.

    `missed` are those of which it said that there are no such posts.
    """

    counters: Mapping[str, Counters] = field(default_factory=dict)
    posts: tuple[Post, ...] = ()
    missed: tuple[str, ...] = ()

    @staticmethod
    def of(posts: tuple[Post, ...], asked: tuple[Root, ...] = ()) -> "Counted":
        """Return what posts tell that were asked for again: their counters, and their edits.

        Of the roots `asked` for, those are missed that are not among them.
        """
        counters = {post.native_id: post.counters for post in posts}
        missed = tuple(root.native_id for root in asked if root.native_id not in counters)
        return Counted(counters=counters, posts=posts, missed=missed)


NOT_THERE = (404, 410)
"""Statuses that say that there is no such post."""


def missing(answer: Answer, root: Root, says: str) -> Counted:
    """Return that a root is missed, if that is what the site's own program says.

    It says so in JSON, under the name `says`. Any other page of *not found* comes from something
    in between, or from a site that shows single posts to nobody: nothing is known then.
    """
    try:
        told = as_mapping(decode_json(answer))
    except FeedUnavailable:
        return Counted()
    return Counted(missed=(root.native_id,)) if told.get(says) else Counted()


Recount = Callable[[tuple[Root, ...]], Awaitable[Counted]]
"""Reads the counters of some roots again; a root that the site does not show is left out."""

Replies = Callable[[Root], Awaitable[tuple[Post, ...]]]
"""Reads what stands in one thread now."""


async def followed(
    poll: Poll, recount: Recount, replies: Replies, *, at_once: int = 1
) -> AsyncIterator[Page]:
    """Yield the counters of the poll's roots, `at_once` a request, then the threads that grew.

    A thread has grown when the site counts more replies than were read of it.
    """
    for start in range(0, len(poll.roots), at_once):
        roots = poll.roots[start : start + at_once]
        asked = {root.native_id for root in roots}
        counted = await recount(roots)
        found = [
            (root, counted.counters[root.native_id])
            for root in roots
            if root.native_id in counted.counters
        ]
        yield Page(
            # their counters count once, and below, where it is known when they were read before
            posts=tuple(
                replace(post, counters=NO_COUNTERS)
                for post in counted.posts
                if post.native_id in asked
            ),
            counts=tuple(
                Count(thread_id=root.key, counters=counters, root_created_at=root.created_at)
                for root, counters in found
            ),
            missed=tuple(root.key for root in roots if root.native_id in counted.missed),
            cursor=poll.cursor,
            listed=len(counted.posts),
        )
        grown = [(gained, root) for root, counters in found if (gained := _gained(root, counters))]
        for _, root in sorted(grown, key=_most_first):
            try:
                posts = await replies(root)
            except FeedRefused:
                posts = ()  # this one thread is closed to us; its counters tell of it all the same
            yield Page(posts=posts, threads=(root.key,), cursor=poll.cursor, listed=len(posts))


def _gained(root: Root, counters: Counters) -> int:
    return max((counters.replies or 0) - root.replies, 0)


def _most_first(grown: tuple[int, Root]) -> int:
    return -grown[0]
