"""Roots are counted again, and the threads that grew are read."""

from datetime import timedelta

import pytest
from recorded import NOON

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import NO_COUNTERS, Counters, Post
from emberwatch.ports import Page, Poll, Root
from emberwatch.sources.threads import Counted, followed
from tests.build import a_post


class Threads:
    """A site with threads of so many replies; some are closed to us, or break it."""

    def __init__(self, *, closed: str = "", breaks: str = "", **replies: int) -> None:
        self.replies = replies
        self.closed, self.breaks = closed, breaks
        self.asked: list[tuple[str, ...]] = []
        self.read: list[str] = []

    async def recount(self, roots: tuple[Root, ...]) -> Counted:
        self.asked.append(tuple(root.native_id for root in roots))
        if self.breaks == "all":
            raise FeedUnavailable("down")
        return Counted.of(
            tuple(
                a_post(root.native_id, counters=Counters(replies=self.replies[root.native_id]))
                for root in roots
                if root.native_id in self.replies
            )
        )

    async def answers(self, root: Root) -> tuple[Post, ...]:
        if root.native_id == self.closed:
            raise FeedRefused("closed")
        if root.native_id == self.breaks:
            raise FeedUnavailable("down")
        self.read.append(root.native_id)
        return (a_post(f"under-{root.native_id}"),)

    async def follow(self, *, at_once: int = 10, **read: int) -> list[Page]:
        """Look at threads, of each of which so many replies were read."""
        asked = Poll(
            feed="town",
            now=NOON,
            every=timedelta(minutes=1),
            cursor={"at": "x"},
            roots=tuple(
                Root(key=f"s::{id}", native_id=id, created_at=NOON, replies=number)
                for id, number in read.items()
            ),
        )
        self.pages: list[Page] = []
        async for page in followed(asked, self.recount, self.answers, at_once=at_once):
            self.pages.append(page)
        return self.pages


async def test_a_thread_that_grew_is_read_and_one_that_did_not_is_counted() -> None:
    site = Threads(a=3, b=5)
    counted, read = await site.follow(a=3, b=2)
    assert [count.counters.replies for count in counted.counts] == [3, 5]
    assert [(count.thread_id, count.root_created_at) for count in counted.counts] == [
        ("s::a", NOON),
        ("s::b", NOON),
    ]
    assert site.read == ["b"]
    assert [post.native_id for post in read.posts] == ["under-b"]
    assert read.threads == ("s::b",)


async def test_a_look_leaves_the_feeds_own_place_as_it_is() -> None:
    assert [page.cursor for page in await Threads(a=3).follow(a=0)] == [{"at": "x"}] * 2


async def test_a_root_comes_along_for_its_edits_and_its_counters_count_once() -> None:
    counted, _ = await Threads(a=3).follow(a=0)
    assert [(post.native_id, post.counters) for post in counted.posts] == [("a", NO_COUNTERS)]


async def test_the_threads_that_grew_most_come_first() -> None:
    site = Threads(a=5, b=9, c=7)
    await site.follow(a=4, b=0, c=0)
    assert site.read == ["b", "c", "a"]


async def test_as_many_roots_go_into_a_request_as_fit() -> None:
    site = Threads(a=1, b=1, c=1)
    await site.follow(at_once=2, a=0, b=1, c=0)
    assert site.asked == [("a", "b"), ("c",)]
    assert site.read == ["a", "c"]


async def test_a_root_that_is_not_shown_is_left_out() -> None:
    (counted, _) = await Threads(a=1).follow(a=0, gone=7)
    assert [count.thread_id for count in counted.counts] == ["s::a"]


async def test_a_closed_thread_costs_the_others_nothing() -> None:
    site = Threads(a=9, b=5, closed="a")
    _, closed, read = await site.follow(a=0, b=0)
    assert (closed.threads, closed.posts) == (("s::a",), ())
    assert read.threads == ("s::b",)


@pytest.mark.parametrize("breaks", ["b", "all"])
async def test_what_was_read_before_the_site_broke_stands(breaks: str) -> None:
    site = Threads(a=9, b=7, c=5, breaks=breaks)
    with pytest.raises(FeedUnavailable):
        await site.follow(a=0, b=2, c=0)
    assert site.read == (["a"] if breaks == "b" else [])
    assert [page.threads for page in site.pages] == ([(), ("s::a",)] if breaks == "b" else [])
