"""Questions are found by their last activity, and a site that wants rest gets it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOON, Site, an_answer, looks, pages, posts_of

from emberwatch.model.errors import FeedRefused, FeedUnavailable
from emberwatch.model.post import Counters, Flag, PostKind
from emberwatch.ports import Answer, Request, Root
from emberwatch.sources.stackexchange import StackExchange, StackExchangeOptions

AT = int(NOON.timestamp())


def a_question(id: int, *, minutes: int = 0, **told: Any) -> dict[str, Any]:
    return {
        "question_id": id,
        "title": f"Acme &amp; {id}?",
        "body": "<p>It broke.</p>",
        "link": f"https://stackoverflow.com/q/{id}",
        "owner": {"user_id": 7, "display_name": "Ann &amp; Bob"},
        "creation_date": AT - 86_400 * 90,
        "last_activity_date": AT - 60 * minutes,
        "score": -2,
        "answer_count": 0,
        "view_count": 30,
        **told,
    }


def an_answer_to(question: int, id: int, **told: Any) -> dict[str, Any]:
    return {"answer_id": id, "question_id": question, "body": "<b>no</b>", "creation_date": AT,
            "owner": {}, **told}  # fmt: skip


def source(**options: Any) -> StackExchange:
    return StackExchange(StackExchangeOptions(**{"query": "acme", **options}))


def items(*told: Any, **rest: Any) -> Answer:
    return an_answer({"items": list(told), "quota_max": 300, "quota_remaining": 299, **rest})


def test_a_question_is_read_with_its_counters() -> None:
    (post,) = source().parse(items(a_question(5, last_edit_date=AT))).posts
    assert post.id == "stackexchange:stackoverflow:post:5"
    assert post.text == "Acme & 5?\n\nIt broke."
    assert (post.author.handle, post.author.name) == ("7", "Ann & Bob")
    assert post.counters == Counters(replies=0, likes=-2, views=30)
    assert post.edited_at == NOON


def test_answers_and_comments_stand_under_what_they_answer() -> None:
    comment = {"comment_id": 3, "post_id": 5, "body": "same", "creation_date": AT}
    answer, remark = source().parse(items(an_answer_to(5, 6), comment)).posts
    assert (answer.native_id, answer.kind, answer.text) == ("6", PostKind.REPLY, "no")
    assert answer.parent_id == answer.thread_id == "stackexchange:stackoverflow:5"
    assert (remark.native_id, remark.kind) == ("comment:3", PostKind.COMMENT)
    assert remark.parent_id == answer.parent_id


@pytest.mark.parametrize("item", [None, {}, {"question_id": 5}, a_question(5, question_id="x")])
def test_an_item_that_makes_no_sense_is_counted_and_dropped(item: Any) -> None:
    told = source().parse(items(item, a_question(6)))
    assert (len(told.posts), len(told.invalid)) == (1, 1)


def test_a_question_without_a_date_bears_the_time_it_was_fetched() -> None:
    (post,) = source().parse(items(a_question(5, creation_date="x"))).posts
    assert post.flags == {Flag.UNDATED}


@pytest.mark.parametrize("body", [{}, [], {"items": 7}])
def test_an_answer_without_items_is_named_for_what_it_is(body: Any) -> None:
    with pytest.raises(FeedUnavailable, match="not items of Stack Exchange"):
        source().parse(an_answer(body))


def test_the_next_request_turns_the_page() -> None:
    assert source().parse(items(has_more=True)).next == {"page": "2"}


async def test_what_was_active_is_read_back_to_what_is_known_and_new_answers_with_it() -> None:
    questions = [a_question(n, minutes=n, answer_count=n % 2) for n in range(20)]

    def talk(request: Request) -> Answer:
        if request.url.endswith("/answers"):
            return items(an_answer_to(1, 100))
        start = 2 * (int(request.params["page"]) - 1)
        return items(*questions[start : start + 2], has_more=True)

    site = Site(talk)
    at = {"at": (NOON - timedelta(minutes=1)).isoformat()}
    read = await pages(source(key="k"), site, at)
    assert [post.native_id for post in read[-1].posts] == ["100"]
    assert len(posts_of(read[:-1])) == 8
    assert site.requests[-1].url.endswith("/questions/1;3;5;7/answers")
    assert site.asked[0]["min"] == str(AT - 360)
    assert site.asked[0]["key"] == "k"
    assert read[0].rate is not None
    assert (read[0].rate.limit, read[0].rate.remaining) == (300, 299)


async def test_answers_that_cannot_be_read_cost_no_questions() -> None:
    def talk(request: Request) -> Answer:
        if request.url.endswith("/answers"):
            raise FeedUnavailable("down")
        return items(a_question(5, answer_count=1))

    assert len(posts_of(await pages(source(), Site(talk), {"at": NOON.isoformat()}))) == 1


async def test_a_backoff_is_obeyed_within_a_reading_and_by_the_next() -> None:
    site = Site(lambda _: items(a_question(5, answer_count=1), backoff=30))
    (page,) = await pages(source(), site, {"at": NOON.isoformat()})
    assert len(site.requests) == 1
    with pytest.raises(FeedUnavailable, match="asked us to wait") as raised:
        await pages(source(), site, page.cursor, now=NOON + timedelta(seconds=10))
    assert raised.value.retry_after == timedelta(seconds=20)
    assert len(site.requests) == 1
    await pages(source(), site, page.cursor, now=NOON + timedelta(seconds=31))
    assert len(site.requests) == 2


async def test_a_backoff_in_the_middle_of_a_list_ends_the_reading_there() -> None:
    site = Site(lambda _: items(a_question(5), has_more=True, backoff=10))
    with pytest.raises(FeedUnavailable, match="asked us to wait"):
        await pages(source(), site, {"at": (NOON - timedelta(days=1)).isoformat()})
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        ({"error_name": "throttle_violation",
          "error_message": "too many requests, more available in 86 seconds"},
         FeedUnavailable, "left alone"),
        ({"error_name": "temporarily_unavailable"}, FeedUnavailable, "left alone"),
        ({"error_name": "bad_parameter", "error_message": "site"}, FeedRefused, "options"),
    ],
)  # fmt: skip
async def test_each_error_says_what_to_do(body: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said) as raised:
        await pages(source(), Site(lambda _: an_answer(body, status=400)))
    if "86" in str(body):
        assert raised.value.retry_after == timedelta(seconds=86)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("options", "field"),
    [({"url": "x"}, "url"), ({"query": ""}, "query"), ({"site": "a b"}, "site")],
)
def test_options_that_cannot_work_are_named(options: dict[str, Any], field: str) -> None:
    whole = source()._options
    assert whole.problems() == []
    assert [name for name, _ in replace(whole, **options).problems()] == [field]


def test_a_feed_says_what_it_reads() -> None:
    assert "questions of stackoverflow" in source().describe()


# ---------------------------------------------------------------- threads that are followed
def a_root(id: str, host: str = "stackoverflow") -> Root:
    return Root(key=f"stackexchange:{host}:{id}", native_id=id, created_at=NOON, host=host)


async def test_a_question_that_grew_brings_its_newest_answers() -> None:
    def talk(request: Request) -> Answer:
        if request.url.endswith("/questions/5;6"):
            return items(a_question(5, answer_count=3), a_question(6))
        assert request.url.endswith("/questions/5/answers")
        return items(an_answer_to(5, 9))

    counted, grown = await looks(
        source(), Site(talk), a_root("5"), a_root("6"), a_root("7", "superuser")
    )
    assert [count.counters.replies for count in counted.counts] == [3, 0]
    assert [post.native_id for post in grown.posts] == ["9"]


async def test_a_site_that_wants_rest_in_a_look_gets_it_from_polls_too() -> None:
    site, feed = Site(lambda _: items(a_question(5), backoff=30)), source()
    await looks(feed, site, a_root("5"))
    with pytest.raises(FeedUnavailable, match="asked us to wait"):
        await pages(feed, site)
    with pytest.raises(FeedUnavailable, match="asked us to wait"):
        await looks(feed, site, a_root("5"))


async def test_half_of_the_quota_is_left_to_the_polls() -> None:
    feed = source()
    await pages(feed, Site(lambda _: items(quota_remaining=150)))
    assert feed.reaches(a_root("5"))
    await pages(feed, Site(lambda _: items(quota_remaining=149)))
    assert not feed.reaches(a_root("5"))
