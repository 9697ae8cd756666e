"""Roots are counted again, and the threads that grew are read."""

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest
from recorded import NOON

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Counters, Post
from emberwatch.ports import Page, Poll, Root
from emberwatch.sources.threads import MOST_THREADS, Growth, reread
from tests.build import a_post


class Threads:
    """A site with threads of so many replies; some are closed to us, or break it."""

    def __init__(self, *, closed: str = "", breaks: str = "", **replies: int) -> None:
        self.replies = replies
        self.closed, self.breaks = closed, breaks
        self.read: list[str] = []

    async def recount(self, roots: tuple[Root, ...]) -> Mapping[str, Counters]:
        if self.breaks == "all":
            raise FeedUnavailable("down")
        return {
            root.native_id: Counters(replies=self.replies[root.native_id])
            for root in roots
            if root.native_id in self.replies
        }

    async def answers(self, root: Root) -> tuple[Post, ...]:
        if root.native_id == self.closed:
            raise FeedRefused("closed")
        if root.native_id == self.breaks:
            raise FeedUnavailable("down")
        self.read.append(root.native_id)
        return (a_post(f"under-{root.native_id}"),)

    async def reread(self, *roots: str, **before: int) -> Page | None:
        asked = Poll(
            feed="town",
            now=NOON,
            every=timedelta(minutes=1),
            roots=tuple(Root(key=f"s::{id}", native_id=id, created_at=NOON) for id in roots),
        )
        cursor = {"at": "x", "threads": json.dumps(before)}
        return await reread(asked, cursor, self.recount, self.answers)


def kept(page: Page | None) -> dict[str, int]:
    assert page is not None
    told: dict[str, int] = json.loads(page.cursor["threads"])
    return told


async def test_without_roots_nothing_is_asked() -> None:
    assert await Threads().reread() is None


async def test_a_thread_that_grew_is_read_and_one_that_did_not_is_counted() -> None:
    site = Threads(a=3, b=5)
    page = await site.reread("a", "b", a=3, b=2)
    assert page is not None
    assert [count.counters.replies for count in page.counts] == [3, 5]
    assert site.read == ["b"]
    assert [post.native_id for post in page.posts] == ["under-b"]
    assert kept(page) == {"a": 3, "b": 5}
    assert page.cursor["at"] == "x"


async def test_the_threads_that_grew_most_come_first_and_the_rest_next_time() -> None:
    names = [f"r{number}" for number in range(MOST_THREADS + 2)]
    site = Threads(**{name: number + 1 for number, name in enumerate(names)})
    page = await site.reread(*names)
    assert site.read == names[:1:-1]
    assert set(kept(page)) == set(names[2:])


async def test_a_root_that_is_gone_is_forgotten() -> None:
    page = await Threads(a=1).reread("a", "gone", a=1, gone=7)
    assert page is not None
    assert [count.thread_id for count in page.counts] == ["s::a"]
    assert kept(page) == {"a": 1}


async def test_a_closed_thread_costs_the_others_nothing() -> None:
    site = Threads(a=9, b=5, closed="a")
    page = await site.reread("a", "b")
    assert site.read == ["b"]
    assert kept(page) == {"a": 9, "b": 5}


async def test_a_site_that_breaks_is_asked_for_the_rest_next_time() -> None:
    site = Threads(a=9, b=7, c=5, breaks="b")
    page = await site.reread("a", "b", "c", b=2)
    assert site.read == ["a"]
    assert kept(page) == {"a": 9, "b": 2}


async def test_a_site_that_does_not_count_gives_no_page() -> None:
    assert await Threads(breaks="all").reread("a") is None


@pytest.mark.parametrize("threads", ["", "[", "7", '{"a": "x", "b": -1}'])
def test_a_cursor_made_by_hand_remembers_nothing(threads: str) -> None:
    assert Growth.of({"threads": threads}).replies == {}
