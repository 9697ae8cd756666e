"""X is searched within a budget of money that nothing breaks."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOON, Site, an_answer, looks, posts_of

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Counters, Flag, Post, PostKind
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Cursor, Page, Poll, Request, Root, Web
from emberwatch.sources.x import MOST_PAGES, X, XOptions

TOKEN = "AAAA-bearer-token"
FIRST = 1_900_000_000_000_000_000


def a_post(id: int = FIRST, **told: Any) -> dict[str, Any]:
    return {
        "id": str(id),
        "text": f"acme &amp; co {id}",
        "author_id": "7",
        "conversation_id": str(id),
        "created_at": NOON.isoformat(),
        "lang": "en",
        "public_metrics": {
            "retweet_count": 3, "reply_count": 2, "like_count": 9, "quote_count": 1,
            "impression_count": 500,
        },
        **told,
    }  # fmt: skip


def source(**options: Any) -> X:
    money = {"dollars_a_day": 5.0, "dollars_a_month": 50.0}
    return X(XOptions(**{"token": Secret(TOKEN), "query": "acme", **money, **options}))


def only(item: dict[str, Any], **includes: Any) -> Post:
    (post,) = source().parse(an_answer({"data": [item], "includes": includes})).posts
    return post


class Server:
    """X: bills what it shows, newest first."""

    def __init__(self, count: int = 0, *, price: float = 0.005) -> None:
        self.ids = [FIRST + number for number in range(count)]
        self.price = price
        self.billed = 0.0
        self.breaks: set[int] = set()
        self.calls = 0
        self.asked: list[dict[str, str]] = []

    def more(self, count: int) -> None:
        start = (self.ids or [FIRST])[-1]
        self.ids += [start + number for number in range(1, count + 1)]

    def talk(self, request: Request) -> Answer:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        params = dict(request.params)
        self.asked.append(params)
        self.calls += 1
        since = int(params.get("since_id", "0"))
        found = [id for id in reversed(self.ids) if id > since]
        if request.url.endswith("/counts/recent"):
            self.billed += 0.005
            return an_answer({"data": [], "meta": {"total_tweet_count": len(found)}})
        start, size = int(params.get("next_token", "0")), int(params["max_results"])
        assert 10 <= size <= 100
        shown = found[start : start + size]
        self.billed += len(shown) * self.price
        if self.calls in self.breaks:
            raise FeedUnavailable("the line broke after it was billed")
        meta: dict[str, Any] = {"result_count": len(shown)}
        if shown:
            meta |= {"newest_id": str(shown[0]), "oldest_id": str(shown[-1])}
        if start + size < len(found):
            meta["next_token"] = str(start + size)
        users = [{"id": "7", "username": "ann", "public_metrics": {"followers_count": 12}}]
        includes = {"includes": {"users": users}} if "expansions" in params else {}
        return an_answer({"data": [a_post(id) for id in shown], "meta": meta, **includes})


async def read(x: X, web: Web, cursor: Cursor, **poll: Any) -> tuple[list[Page], Cursor]:
    """Read once, committing page by page as the collector does, whatever happens."""
    asked = {"feed": "x", "now": NOON, "every": timedelta(minutes=1), **poll}
    read: list[Page] = []
    try:
        async for page in x.read(web, Poll(cursor=cursor, **asked)):
            read.append(page)
    except (FeedUnavailable, FeedRefused):
        pass
    return read, read[-1].cursor if read else cursor


def used(x: X, cursor: Cursor) -> float:
    return x.meters(cursor, NOON)[0].used


# ---------------------------------------------------------------- single posts
def test_a_post_is_read_with_author_and_counters() -> None:
    user = {"id": "7", "username": "ann", "name": "Ann", "verified": True,
            "public_metrics": {"followers_count": 12}}  # fmt: skip
    post = only(a_post(5), users=[user])
    assert post.id == "x::post:5"
    assert post.text == "acme & co 5"
    author = post.author
    assert (author.handle, author.name, author.followers) == ("ann", "Ann", 12)
    assert author.is_verified
    assert post.counters == Counters(replies=2, boosts=3, quotes=1, likes=9, views=500)
    assert (post.url, post.language) == ("https://x.com/i/status/5", "en")


@pytest.mark.parametrize(
    ("kind", "expected", "field"),
    [
        ("replied_to", PostKind.REPLY, "parent_id"), ("quoted", PostKind.QUOTE, "quote_of"),
        ("retweeted", PostKind.BOOST, "boost_of"),
    ],
)  # fmt: skip
def test_what_a_post_refers_to_makes_it_a_reply_a_quote_or_a_boost(
    kind: str, expected: PostKind, field: str
) -> None:
    post = only(a_post(5, referenced_tweets=[{"type": kind, "id": "4"}], conversation_id="1"))
    assert post.kind is expected
    assert getattr(post, field) == "x::4"
    assert post.thread_id == "x::1"


def test_a_long_post_is_read_to_its_end() -> None:
    assert only(a_post(5, note_tweet={"text": "acme, at length"})).text == "acme, at length"


@pytest.mark.parametrize("language", ["und", "", None, "qme!"])
def test_a_language_that_is_none_is_none(language: object) -> None:
    assert only(a_post(5, lang=language)).language is None


def test_a_post_of_few_fields_is_read_for_what_it_says() -> None:
    post = only({"id": "5", "text": "acme"})
    assert (post.flags, post.author.handle) == ({Flag.UNDATED}, "")


@pytest.mark.parametrize("item", [None, {}, {"id": "5"}, {"id": "5" * 600, "text": "x"}])
def test_an_item_that_makes_no_sense_is_counted_and_dropped(item: object) -> None:
    parsed = source().parse(an_answer({"data": [item, a_post(6)]}))
    assert [post.native_id for post in parsed.posts] == ["6"]
    assert len(parsed.invalid) == 1


def test_errors_beside_posts_are_told() -> None:
    told = {"data": [a_post(5)], "errors": [{"detail": "Could not find tweet 4."}]}
    parsed = source().parse(an_answer(told))
    assert len(parsed.posts) == 1
    assert parsed.invalid == ("a post that X does not show: Could not find tweet 4.",)


def test_one_post_alone_is_read_too() -> None:
    assert len(source().parse(an_answer({"data": a_post(5)})).posts) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"errors": [{"message": "Over capacity"}]}, "Over capacity"),
        ({"title": "Unauthorized"}, "Unauthorized"), ({}, "not posts of X"), ([], "not posts of X"),
    ],
)  # fmt: skip
def test_an_answer_without_posts_is_named_for_what_it_is(body: Any, said: str) -> None:
    with pytest.raises(FeedUnavailable, match=said):
        source().parse(an_answer(body))


def test_the_next_request_goes_on_or_begins_at_the_newest() -> None:
    meta = {"newest_id": "9", "next_token": "t"}
    assert source().parse(an_answer({"meta": meta})).next == {"next_token": "t"}
    assert source().parse(an_answer({"meta": {"newest_id": "9"}})).next == {"since_id": "9"}
    assert source().parse(an_answer({"meta": {}})).next is None


# ---------------------------------------------------------------- reading
async def test_posts_are_read_once_each_and_in_order() -> None:
    server, x = Server(3), source()
    first, cursor = await read(x, Site(server.talk), {})
    server.more(130)
    second, cursor = await read(x, Site(server.talk), cursor)
    ids = [int(post.native_id) for post in posts_of([*first, *second])]
    assert sorted(ids) == server.ids
    assert cursor["newest"] == str(server.ids[-1])
    assert server.asked[-1]["since_id"] == str(FIRST + 2)
    assert used(x, cursor) == pytest.approx(server.billed)


async def test_authors_without_a_name_are_told_apart_by_number() -> None:
    (page,), _ = await read(source(), Site(Server(1).talk), {})
    assert page.posts[0].author.handle == "7"


async def test_names_are_asked_for_and_paid_only_where_wanted() -> None:
    server, x = Server(1), source(names=True)
    (page,), cursor = await read(x, Site(server.talk), {})
    assert (page.posts[0].author.handle, page.posts[0].author.followers) == ("ann", 12)
    assert used(x, cursor) == pytest.approx(0.015)


async def test_a_repost_stands_in_the_thread_of_what_it_repeats() -> None:
    boost = a_post(5, referenced_tweets=[{"type": "retweeted", "id": "4"}])
    site = Site(lambda _: an_answer({"data": [boost], "meta": {"newest_id": "5"}}))
    (page,), _ = await read(source(), site, {})
    assert page.posts[0].thread_id == "x::4"
    assert page.posts[0].text == ""


async def test_a_first_reading_goes_back_seven_days_at_most() -> None:
    server = Server(1)
    await read(source(), Site(server.talk), {}, since=NOON - timedelta(days=30))
    assert server.asked[0]["start_time"] == "2026-11-15T12:01:00Z"


async def test_where_nothing_was_found_the_next_reading_begins_then_and_not_at_the_beginning() -> (
    None
):
    server, x = Server(0), source()
    _, cursor = await read(x, Site(server.talk), {})
    await read(x, Site(server.talk), cursor, now=NOON + timedelta(minutes=5))
    assert "start_time" not in server.asked[0]
    assert server.asked[1]["start_time"] == "2026-11-22T12:00:00Z"


async def test_a_place_too_old_to_count_from_is_left_for_the_last_seven_days() -> None:
    asked: list[dict[str, str]] = []

    def talk(request: Request) -> Answer:
        asked.append(dict(request.params))
        if "since_id" in request.params:
            return an_answer({"errors": [{"message": "since_id too old"}]}, status=400)
        return an_answer({"meta": {"result_count": 0}})

    _, cursor = await read(source(), Site(talk), {"newest": "5"})
    assert asked[1]["start_time"] == "2026-11-15T12:01:00Z"
    assert cursor["newest"] == "5"


async def test_a_query_that_is_not_understood_is_refused_and_costs_nothing() -> None:
    site = Site(lambda _: an_answer({"errors": [{"message": "bad operator"}]}, status=400))
    x = source()
    _, cursor = await read(x, site, {})
    assert used(x, cursor) == 0
    with pytest.raises(FeedRefused, match=r"bad operator.*query"):
        [page async for page in x.read(site, Poll(feed="x", now=NOON, every=timedelta(minutes=1)))]


# ---------------------------------------------------------------- money
async def test_reading_stops_before_the_day_costs_more_than_it_may() -> None:
    server, x, cursor = Server(0), source(dollars_a_day=1.0), dict[str, str]()
    for number in range(30):
        server.more(40)
        _, told = await read(x, Site(server.talk), cursor, now=NOON + timedelta(minutes=number))
        cursor = dict(told)
    assert 0.9 < server.billed <= 1.0
    assert used(x, cursor) == pytest.approx(server.billed)
    assert x.meters(cursor, NOON)[0].is_used_up
    calls = server.calls
    with pytest.raises(FeedUnavailable, match="raise dollars_a_day"):
        [page async for page in x.read(Site(server.talk), Poll(
            feed="x", now=NOON, every=timedelta(minutes=1), cursor=cursor))]  # fmt: skip
    assert server.calls == calls


async def test_a_budget_that_ends_midway_counts_what_was_not_read() -> None:
    server, x = Server(1), source(dollars_a_day=1.0)
    _, cursor = await read(x, Site(server.talk), {})
    server.more(500)
    pages, cursor = await read(x, Site(server.talk), cursor)
    assert len(posts_of(pages)) == 198
    assert pages[-1].invalid[0].startswith("500 posts since the last poll")
    assert cursor["newest"] == str(server.ids[-1])
    assert server.billed <= 1.0


async def test_a_storm_beyond_what_one_poll_reads_is_counted() -> None:
    server, x = Server(1), source(dollars_a_day=500.0, dollars_a_month=500.0)
    _, cursor = await read(x, Site(server.talk), {})
    server.more(MOST_PAGES * 100 + 50)
    pages, _ = await read(x, Site(server.talk), cursor)
    assert len(posts_of(pages)) == MOST_PAGES * 100
    assert "pages a poll ended it" in pages[-1].invalid[0]


async def test_a_count_that_fails_costs_no_posts() -> None:
    server, x = Server(1), source(dollars_a_day=500.0, dollars_a_month=500.0)
    _, cursor = await read(x, Site(server.talk), {})
    server.more(MOST_PAGES * 100 + 50)
    talk = server.talk

    def without_counts(request: Request) -> Answer:
        if request.url.endswith("/counts/recent"):
            raise FeedUnavailable("down")
        return talk(request)

    pages, _ = await read(x, Site(without_counts), cursor)
    assert pages[-1].invalid[0].startswith("more posts than could be read")


async def test_answers_that_never_came_are_paid_once_and_the_budget_holds() -> None:
    server, x, cursor = Server(0), source(dollars_a_day=1.0), dict[str, str]()
    server.breaks = set(range(2, 8)) | {12, 20}
    for number in range(30):
        server.more(3)
        _, told = await read(x, Site(server.talk), cursor, now=NOON + timedelta(minutes=number))
        cursor = dict(told)
    # X bills a post once a day, however often it is shown.
    assert len(server.ids) * 0.005 <= used(x, cursor) + 0.05
    assert used(x, cursor) <= 1.0


async def test_a_site_that_says_come_later_has_billed_nothing() -> None:
    def talk(_: Request) -> Answer:
        raise FeedUnavailable("429", retry_after=timedelta(minutes=1))

    x = source()
    _, cursor = await read(x, Site(talk), {})
    assert used(x, cursor) == 0


async def test_a_crash_before_the_answer_is_committed_is_paid_for() -> None:
    server, x = Server(50), source()
    asked = Poll(feed="x", now=NOON, every=timedelta(minutes=1), cursor={"newest": "1"})
    pages = x.read(Site(server.talk), asked)
    held = await anext(pages)
    await pages.aclose()  # type: ignore[attr-defined]
    assert held.posts == ()
    assert used(x, held.cursor) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"query": ""}, "query"), ({"dollars_a_day": 0.04}, "dollars_a_day"),
        ({"dollars_a_month": 0.0}, "dollars_a_month"), ({"price_of_post": -1.0}, "price_of_post"),
        ({"dollars_a_day": float("nan")}, "dollars_a_day"),
        ({"dollars_a_day": 0.1, "names": True}, "dollars_a_day"), ({"url": "x"}, "url"),
    ],
)  # fmt: skip
def test_options_that_cannot_work_are_named(options: dict[str, Any], field: str) -> None:
    whole = source()._options
    assert whole.problems() == []
    assert [name for name, _ in replace(whole, **options).problems()] == [field]


def test_a_feed_says_what_it_spends_and_never_its_token() -> None:
    x = source()
    assert "$5 a day and $50 a month" in x.describe()
    assert "by number only" in x.describe()
    assert "by number only" not in source(names=True).describe()
    assert TOKEN not in repr(x._options)


async def test_free_posts_are_read_without_end() -> None:
    server = Server(5)
    x = source(price_of_post=0.0, price_of_name=0.0)
    pages, cursor = await read(x, Site(server.talk), {})
    assert len(posts_of(pages)) == 5
    assert used(x, cursor) == 0


# ---------------------------------------------------------------- threads that are followed
def a_root(id: int) -> Root:
    return Root(key=f"x::{id}", native_id=str(id), created_at=NOON)


def shown_again(request: Request) -> Answer:
    return an_answer({"data": [a_post(int(id)) for id in request.params["ids"].split(",")]})


async def test_counters_are_read_again_for_a_share_of_the_money() -> None:
    site, feed = Site(shown_again), source(dollars_a_day=1.0)
    roots = [a_root(FIRST + number) for number in range(50)]
    held, counted = await looks(feed, site, *roots, cursor={"newest": "9"})
    assert site.requests[0].url == "https://api.x.com/2/tweets"
    assert len(counted.counts) == 40  # of a dollar a fifth, at half a cent
    assert counted.counts[0].counters == Counters(replies=2, boosts=3, quotes=1, likes=9, views=500)
    assert held.cursor["held"] == "200000"
    assert (counted.cursor["newest"], counted.cursor["spent_on_day"]) == ("9", "200000")
    assert await looks(feed, site, *roots, cursor=counted.cursor) == []
    tomorrow = NOON + timedelta(days=1)
    assert await looks(feed, site, *roots, cursor=counted.cursor, now=tomorrow)


async def test_a_search_remembers_what_threads_have_cost() -> None:
    server = Server(10)
    feed = source(dollars_a_day=1.0)
    after = (await looks(feed, Site(shown_again), a_root(FIRST)))[-1].cursor
    _, searched = await read(feed, Site(server.talk), after)
    assert searched["followed_spent_on_day"] == "5000"
    assert int(searched["spent_on_day"]) == 5_000 + 10 * 5_000


@pytest.mark.parametrize(
    ("error", "held"),
    [(FeedRefused("401"), False), (FeedUnavailable("cut"), True)],
)
async def test_a_look_that_failed_is_paid_for_unless_it_was_refused(
    error: Exception, held: bool
) -> None:
    def talk(_: Request) -> Answer:
        raise error

    feed, kept = source(), []
    asked = Poll(feed="x", now=NOON, every=timedelta(minutes=1), roots=(a_root(FIRST),))

    async def look() -> None:
        async for page in feed.follow(Site(talk), asked):
            kept.append(page.cursor)

    with pytest.raises(type(error)):
        await look()
    assert ("held" in kept[-1]) is held
    assert ("followed_held" in kept[-1]) is held


async def test_no_money_is_no_look() -> None:
    feed = source(follow_share=0.0)
    assert not feed.reaches(a_root(FIRST))
    spent = {"spent_day": NOON.date().isoformat(), "spent_on_day": "5000000"}
    assert await looks(source(), Site(shown_again), a_root(FIRST), cursor=spent) == []


async def test_a_post_that_x_says_was_deleted_is_gone() -> None:
    errors = [
        {"resource_id": str(FIRST), "type": "https://api.x.com/2/problems/resource-not-found"},
        {"resource_id": "7", "type": "https://api.x.com/2/problems/resource-not-found"},
        {"resource_id": str(FIRST), "type": "https://api.x.com/2/problems/not-authorized"},
    ]
    site = Site(lambda _: an_answer({"errors": errors, "data": []}))
    _, page = await looks(source(), site, a_root(FIRST))
    assert [gone.key for gone in page.gone] == [f"x::{FIRST}"]
