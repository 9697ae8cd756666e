"""A list that begins with the newest is read back to what is known, and nothing lies between."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from recorded import NOON

from emberwatch.model.errors import FeedUnavailable
from emberwatch.model.post import Flag, Post
from emberwatch.ports import Page, Poll
from emberwatch.sources.listing import OVERLAP, Sheet, newest_first, oldest
from tests.build import a_post

DAY = timedelta(days=1)


def minute(number: int) -> datetime:
    return NOON - DAY + timedelta(minutes=number)


def posts(*numbers: int) -> tuple[Post, ...]:
    return tuple(
        replace(a_post(str(number)), created_at=minute(number), seen_at=NOON) for number in numbers
    )


class Listing:
    """A site that lists posts by the minute they were written in, two to a page."""

    def __init__(self, *numbers: int, fails_at: int | None = None) -> None:
        self.numbers = sorted(numbers, reverse=True)
        self.fails_at = fails_at
        self.asked: list[str | None] = []

    async def ask(self, older: str | None) -> Sheet:
        if len(self.asked) == self.fails_at:
            raise FeedUnavailable("the site is tired")
        self.asked.append(older)
        start = int(older or 0)
        listed = posts(*self.numbers[start : start + 2])
        is_end = start + 2 >= len(self.numbers)
        return Sheet(
            posts=listed, more=None if is_end else str(start + 2), oldest_at=oldest(listed)
        )

    async def read(self, most: int = 10, **poll: object) -> list[Page]:
        asked = replace(Poll(feed="town", now=NOON, every=DAY), **poll)  # type: ignore[arg-type]
        kept = {"kept": "yes"}
        return [page async for page in newest_first(asked, self.ask, most=most, keeps=kept)]


def ids(read: list[Page]) -> list[str]:
    return [post.native_id for page in read for post in page.posts]


def at(number: int) -> dict[str, str]:
    return {"at": minute(number).isoformat()}


async def test_a_first_reading_takes_what_the_site_shows_at_once() -> None:
    site = Listing(1, 2, 3, 4)
    (page,) = await site.read()
    assert ids([page]) == ["3", "4"]
    assert page.cursor == {"at": minute(4).isoformat(), "kept": "yes"}
    assert page.invalid == ()


async def test_a_first_reading_goes_back_as_far_as_it_may() -> None:
    site = Listing(*range(9))
    read = await site.read(since=minute(4))
    assert ids(read) == ["3", "4", "5", "6", "7", "8"]


async def test_a_later_reading_goes_back_a_little_behind_its_place() -> None:
    site = Listing(*range(40))
    overlap = OVERLAP // timedelta(minutes=1)
    read = await site.read(cursor=at(30))
    assert ids(read)[:1] == [str(30 - overlap - 1)]
    assert ids(read)[-1] == "39"
    assert read[-1].cursor["at"] == minute(39).isoformat()


@pytest.mark.parametrize(("is_shelf", "listed"), [(True, 16), (False, 9)])
async def test_what_is_read_twice_is_listed_only_where_old_posts_are_shown_for_ever(
    is_shelf: bool, listed: int
) -> None:
    site = Listing(*range(40))
    poll = Poll(feed="town", now=NOON, every=DAY, cursor=at(30))
    read = [
        page async for page in newest_first(poll, site.ask, most=20, keeps={}, is_shelf=is_shelf)
    ]
    assert len(ids(read)) == 16
    assert sum(page.listed for page in read) == listed


async def test_each_page_is_safe_to_stop_after() -> None:
    site = Listing(*range(40))
    read = await site.read(cursor=at(30))
    places = [page.cursor["at"] for page in read]
    assert places == sorted(places)
    again = await site.read(cursor=read[3].cursor)
    assert set(ids(again)) >= set(ids(read[4:]))


async def test_a_list_that_is_too_long_says_that_posts_were_missed() -> None:
    read = await Listing(*range(40)).read(most=3, cursor=at(1))
    assert ids(read) == ["34", "35", "36", "37", "38", "39"]
    assert [bool(page.invalid) for page in read] == [True, False, False]
    assert "after 3 pages" in read[0].invalid[0]


async def test_a_site_that_leads_in_a_circle_is_left() -> None:
    async def ask(older: str | None) -> Sheet:
        return Sheet(posts=posts(9), more="same", oldest_at=minute(9))

    asked = Poll(feed="town", now=NOON, every=DAY, cursor=at(1))
    read = [page async for page in newest_first(asked, ask, most=50, keeps={})]
    assert len(read) == 2


async def test_a_site_that_fails_midway_moves_no_place_and_gives_what_it_had() -> None:
    site = Listing(*range(40), fails_at=2)
    read: list[Page] = []
    asked = Poll(feed="town", now=NOON, every=DAY, cursor=at(20))

    async def read_all() -> None:
        async for page in newest_first(asked, site.ask, most=10, keeps={}):
            read.append(page)

    with pytest.raises(FeedUnavailable, match="tired"):
        await read_all()
    assert ids(read) == ["36", "37", "38", "39"]
    assert {page.cursor["at"] for page in read} == {minute(20).isoformat()}


@pytest.mark.parametrize("fails_at", [0, 1])
async def test_a_first_reading_that_fails_gives_nothing(fails_at: int) -> None:
    with pytest.raises(FeedUnavailable):
        await Listing(1, 2, 3, 4, fails_at=fails_at).read(since=minute(0))


async def test_a_date_of_tomorrow_does_not_move_the_place() -> None:
    ahead = 3 * 24 * 60
    read = await Listing(5, ahead).read()
    assert read[-1].cursor["at"] == minute(5).isoformat()


async def test_posts_without_a_date_end_no_reading() -> None:
    undated = tuple(replace(post, flags=frozenset((Flag.UNDATED,))) for post in posts(1, 2))
    assert oldest(undated) is None
    assert oldest((*undated, *posts(7))) == minute(7)


async def test_an_empty_list_is_a_reading_too() -> None:
    (page,) = await Listing().read()
    assert page.posts == ()
    assert page.cursor["at"] == NOON.isoformat()
