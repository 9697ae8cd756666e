"""Any site that answers JSON is read by paths, in whatever way it turns its pages."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOON, Site, an_answer, pages, posts_of

from emberwatch.model.errors import FeedUnavailable
from emberwatch.model.post import Counters, Flag, Post, PostKind
from emberwatch.model.secret import Secret
from emberwatch.ports import Answer, Request
from emberwatch.sources.http_json import HttpJson, HttpJsonOptions, Order, Paging

URL = "https://shop.test/api/reviews?shop=1"
REVIEWS = {
    "items": "data.reviews", "id": "key", "text": "body.html", "author": "who.name",
    "created_at": "at", "link": "page", "kind": PostKind.REVIEW, "html": True,
}  # fmt: skip


def a_review(key: object, *, minutes: int = 0, **told: Any) -> dict[str, Any]:
    at = (NOON - timedelta(minutes=minutes)).isoformat()
    return {"key": key, "body": {"html": f"<p>acme {key}</p>"}, "who": {"name": "ann"}, "at": at,
            "page": f"/r/{key}", **told}  # fmt: skip


def listed(*reviews: Any, **told: Any) -> dict[str, Any]:
    return {"data": {"reviews": list(reviews)}, **told}


def source(**options: Any) -> HttpJson:
    return HttpJson(HttpJsonOptions(**{"url": URL, **REVIEWS, **options}))


def only(review: Any, **options: Any) -> Post:
    (post,) = source(**options).parse(an_answer(listed(review), url=URL)).posts
    return post


# ---------------------------------------------------------------- single items
def test_an_item_is_read_by_its_paths() -> None:
    review = a_review(
        7, title="Bad &amp; slow", up=5, down=-3, answers="2", fans=9, shared=1, cited=4, seen=60,
        tongue="de", edited=NOON.isoformat(),
    )  # fmt: skip
    post = only(
        review, title="title", replies="answers", likes="down", followers="who.fans || fans",
        boosts="shared", quotes="cited", views="seen", language="tongue", edited_at="edited",
    )  # fmt: skip
    assert post.id == "http_json:shop.test/api/reviews:review:7"
    assert post.text == "Bad & slow\n\nacme 7"
    assert (post.author.handle, post.author.followers) == ("ann", 9)
    assert post.counters == Counters(replies=2, likes=-3, boosts=1, quotes=4, views=60)
    assert (post.url, post.language) == ("https://shop.test/r/7", "de")
    assert post.edited_at == post.created_at == NOON


def test_a_comment_stands_under_what_it_names() -> None:
    post = only(a_review(7, up=3, root=1), parent="up", thread="root")
    assert post.parent_id == "http_json:shop.test/api/reviews:3"
    assert post.thread_id == "http_json:shop.test/api/reviews:1"
    assert only(a_review(7, up=3), parent="up").thread_id.endswith(":3")


@pytest.mark.parametrize(
    ("dates", "written"),
    [
        ("iso", "2026-11-22T12:00:00Z"), ("iso", "Sun, 22 Nov 2026 12:00:00 GMT"),
        ("seconds", NOON.timestamp()), ("seconds", str(int(NOON.timestamp()))),
        ("milliseconds", int(NOON.timestamp() * 1000)),
        ("%d.%m.%Y %H:%M", "22.11.2026 12:00"), ("%d.%m.%Y %H:%M %z", "22.11.2026 14:00 +0200"),
    ],
)  # fmt: skip
def test_dates_are_read_as_they_are_written(dates: str, written: object) -> None:
    assert only(a_review(7, at=written), dates=dates).created_at == NOON


@pytest.mark.parametrize("dates", ["iso", "seconds", "milliseconds", "%Y"])
@pytest.mark.parametrize("written", [None, "soon", "9" * 50, [], True, 10.0**300, "nan", "inf"])
def test_what_is_no_date_leaves_the_time_of_the_fetch(dates: str, written: object) -> None:
    assert only(a_review(7, at=written), dates=dates).flags == {Flag.UNDATED}


def test_the_answer_itself_may_be_the_list() -> None:
    plain = HttpJson(HttpJsonOptions(url=URL))
    item = {"id": "a", "text": "acme", "author": 5, "created_at": NOON.isoformat()}
    (post,) = plain.parse(an_answer([item])).posts
    assert (post.text, post.author.handle, post.kind) == ("acme", "5", PostKind.POST)


@pytest.mark.parametrize("item", [None, {}, 7, a_review(None), a_review(7, body=None)])
def test_an_item_that_makes_no_sense_is_counted_and_dropped(item: Any) -> None:
    told = source().parse(an_answer(listed(item, a_review(8))))
    assert ([post.native_id for post in told.posts], len(told.invalid)) == (["8"], 1)


def test_items_none_of_which_fits_the_paths_are_no_silence() -> None:
    with pytest.raises(FeedUnavailable, match="check its paths"):
        source().parse(an_answer(listed({"id": 1}, {"id": 2})))


@pytest.mark.parametrize("body", [{}, [], {"data": None}, {"data": {"reviews": {}}}])
def test_an_answer_without_the_list_says_where_it_should_be(body: Any) -> None:
    with pytest.raises(FeedUnavailable, match=r"a list of posts at 'data.reviews'"):
        source().parse(an_answer(body))


def test_a_function_that_is_given_what_it_does_not_take_finds_nothing() -> None:
    assert only(a_review(7), replies="length(key)").counters.replies is None


def test_of_a_very_long_list_only_so_many_are_read() -> None:
    told = source().parse(an_answer(listed(*(a_review(n) for n in range(1005)))))
    assert len(told.posts) == 1000
    assert "only 1000 are read" in told.invalid[0]


# ---------------------------------------------------------------- reading
def in_pages(request: Request, reviews: list[Any], page: int, **told: Any) -> Answer:
    size = 2
    shown = reviews[(page - 1) * size : page * size]
    link = {"link": f'<https://shop.test/api/more?page={page + 1}>; rel="next"'}
    more = page * size < len(reviews)
    told = {name: value if more else None for name, value in told.items()}
    return an_answer(listed(*shown, **told), url=URL, **(link if more else {}))


def number(request: Request) -> int:
    return int(request.params.get("page") or request.url.partition("page=")[2] or 1)


@pytest.mark.parametrize(
    ("paging", "more"),
    [
        (Paging.PAGE, {}), (Paging.LINK, {}),
        (Paging.BODY, {"next": "https://shop.test/api/more?page={}"}),
        (Paging.BODY, {"next": "/api/more?page={}"}), (Paging.BODY, {"next": "{}"}),
    ],
)  # fmt: skip
async def test_pages_are_turned_as_the_site_turns_them(
    paging: Paging, more: dict[str, str]
) -> None:
    reviews = [a_review(n, minutes=n) for n in range(20)]

    def talk(request: Request) -> Answer:
        page = number(request)
        told = {name: value.format(page + 1) for name, value in more.items()}
        return in_pages(request, reviews, page, **told)

    at = {"at": (NOON - timedelta(minutes=1)).isoformat()}
    read = await pages(source(paging=paging), Site(talk), at)
    assert [post.native_id for post in posts_of(read)] == [str(n) for n in range(7, -1, -1)]


async def test_a_list_of_one_page_is_asked_once() -> None:
    site = Site(lambda _: an_answer(listed(a_review(1))))
    await pages(source(), site, {"at": (NOON - timedelta(days=9)).isoformat()})
    assert len(site.requests) == 1


async def test_an_empty_page_ends_the_list() -> None:
    site = Site(lambda request: in_pages(request, [a_review(1)], number(request)))
    await pages(source(paging=Paging.PAGE), site, {"at": (NOON - timedelta(days=9)).isoformat()})
    assert len(site.requests) == 2


async def test_a_list_that_begins_with_the_oldest_is_read_forward() -> None:
    reviews = [a_review(n, minutes=20 - n) for n in range(20)]
    site = Site(lambda request: in_pages(request, reviews, number(request)))
    feed = source(paging=Paging.PAGE, order=Order.OLDEST_FIRST, since_param="since")
    read = await pages(feed, site, {"at": (NOON - timedelta(minutes=1)).isoformat()})
    assert len(posts_of(read)) == 20
    assert site.asked[0]["since"] == "2026-11-22T11:54:00Z"
    places = [page.cursor["at"] for page in read]
    assert places == sorted(places)


async def test_a_place_in_the_order_of_ids_is_kept() -> None:
    site = Site(lambda _: an_answer(listed(a_review(9), a_review(10), a_review(8))))
    feed = source(since_id_param="after")
    (first,) = await pages(feed, site)
    await pages(feed, site, first.cursor)
    assert "after" not in site.asked[0]
    assert site.asked[1]["after"] == "10"


@pytest.mark.parametrize(
    ("dates", "spelt"),
    [("seconds", "1795348500"), ("milliseconds", "1795348500000"), ("%d.%m.%Y", "22.11.2026")],
)
async def test_the_date_to_read_from_is_written_as_the_site_writes_dates(
    dates: str, spelt: str
) -> None:
    site = Site(lambda _: an_answer(listed()))
    await pages(source(dates=dates, since_param="from"), site, {"at": NOON.isoformat()})
    assert site.asked[0]["from"] == spelt


async def test_a_token_goes_along_in_its_header_and_to_nobody_else() -> None:
    def talk(request: Request) -> Answer:
        return an_answer(listed(a_review(1), next="https://evil.test/steal"), url=URL)

    site = Site(talk)
    feed = source(paging=Paging.BODY, token=Secret("t0ken"))
    with pytest.raises(FeedUnavailable, match="another site"):
        await pages(feed, site, since=NOON - timedelta(days=9))
    assert [request.headers["authorization"] for request in site.requests] == ["Bearer t0ken"]
    own = source(token=Secret("t0ken"), token_header="X-Key", token_prefix="")
    await pages(own, site)
    assert site.requests[-1].headers["x-key"] == "t0ken"


# ---------------------------------------------------------------- options
@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"url": "x"}, "url"), ({"items": "a["}, "items"), ({"text": ""}, "text"),
        ({"dates": "german"}, "dates"), ({"likes": "!!"}, "likes"),
    ],
)  # fmt: skip
def test_options_that_cannot_work_are_named(options: dict[str, Any], field: str) -> None:
    whole = source()._options
    assert whole.problems() == []
    assert [name for name, _ in replace(whole, **options).problems()] == [field]


def test_a_feed_says_what_it_sees_and_hides_its_query() -> None:
    assert "counters of likes" in source(likes="up").describe()
    assert "no counters" in source().describe()
    assert "shop=1" not in source().describe()
    assert "conversations" not in source(parent="up").describe()
