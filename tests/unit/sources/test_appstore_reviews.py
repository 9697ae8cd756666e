"""Reviews of an app speak of its brand, with stars."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from recorded import NOON, Site, an_answer, pages, posts_of

from emberwatch.model.errors import FeedUnavailable
from emberwatch.model.post import Counters, Flag, PostKind
from emberwatch.ports import Answer, Request
from emberwatch.sources.appstore import MOST_PAGES, AppStore, AppStoreOptions


def labelled(**told: Any) -> dict[str, Any]:
    return {name.replace("im_", "im:"): {"label": value} for name, value in told.items()}


def a_review(number: int, *, minutes: int = 0, **told: Any) -> dict[str, Any]:
    at = (NOON - timedelta(minutes=minutes)).isoformat()
    told = {"id": str(number), "title": "Bad &amp; slow", "content": "It broke.", "updated": at,
            "im_rating": "1", "im_voteSum": "4", **told}  # fmt: skip
    return {**labelled(**told), "author": labelled(name="ann")}


def feed(*entries: Any) -> Answer:
    return an_answer({"feed": {"author": {}, "entry": list(entries)}})


def source(**options: Any) -> AppStore:
    return AppStore(AppStoreOptions(**{"app": "id310", "name": "Acme", "country": "DE", **options}))


def test_a_review_names_the_app_and_its_stars() -> None:
    (post,) = source().parse(feed(a_review(5))).posts
    assert post.id == "appstore:de:review:5"
    assert post.title == "★☆☆☆☆ Acme: Bad & slow"
    assert post.text == "★☆☆☆☆ Acme: Bad & slow\n\nIt broke."
    assert (post.author.handle, post.counters) == ("ann", Counters(likes=4))
    assert post.url == "https://apps.apple.com/de/app/id310?see-all=reviews"
    assert post.kind is PostKind.REVIEW


@pytest.mark.parametrize("stars", ["0", "6", "x", None])
def test_stars_that_cannot_be_are_left_out(stars: object) -> None:
    (post,) = source().parse(feed(a_review(5, im_rating=stars))).posts
    assert post.title == "Acme: Bad & slow"


def test_the_app_itself_is_no_review_and_one_review_needs_no_list() -> None:
    app = {"im:name": {"label": "Acme"}, "id": {"label": "x"}}
    assert len(source().parse(feed(app, a_review(5))).posts) == 1
    assert len(source().parse(an_answer({"feed": {"entry": a_review(5)}})).posts) == 1
    assert source().parse(an_answer({"feed": {}})).posts == ()


@pytest.mark.parametrize("entry", [None, {}, a_review(5, id=None), labelled(id="5")])
def test_an_entry_that_makes_no_sense_is_counted_and_dropped(entry: Any) -> None:
    told = source().parse(feed(entry, a_review(6)))
    assert (len(told.posts), len(told.invalid)) == (1, 1)


def test_a_review_without_a_date_bears_the_time_it_was_fetched() -> None:
    (post,) = source().parse(feed(a_review(5, updated="x"))).posts
    assert post.flags == {Flag.UNDATED}


@pytest.mark.parametrize("body", [{}, [], {"feed": []}, {"errors": []}])
def test_an_answer_without_a_feed_is_named_for_what_it_is(body: Any) -> None:
    with pytest.raises(FeedUnavailable, match="not reviews of the App Store"):
        source().parse(an_answer(body))


async def test_reviews_are_read_back_to_what_is_known_and_no_further_than_there_are_pages() -> None:
    reviews = [a_review(n, minutes=n) for n in range(100)]

    def talk(request: Request) -> Answer:
        page = int(request.url.partition("page=")[2].partition("/")[0])
        assert page <= MOST_PAGES
        return feed(*reviews[2 * page - 2 : 2 * page])

    site = Site(talk)
    at = {"at": (NOON - timedelta(minutes=1)).isoformat()}
    assert len(posts_of(await pages(source(), site, at))) == 8
    assert site.requests[0].url == (
        "https://itunes.apple.com/de/rss/customerreviews/page=1/id=310/sortby=mostrecent/json"
    )
    everything = await pages(source(), site, {"at": (NOON - timedelta(days=9)).isoformat()})
    assert len(posts_of(everything)) == 2 * MOST_PAGES


@pytest.mark.parametrize(
    ("options", "field"),
    [({"app": "acme"}, "app"), ({"name": " "}, "name"), ({"country": "usa"}, "country"),
     ({"url": "x"}, "url")],
)  # fmt: skip
def test_options_that_cannot_work_are_named(options: dict[str, Any], field: str) -> None:
    whole = source()._options
    assert whole.problems() == []
    assert [name for name, _ in replace(whole, **options).problems()] == [field]


def test_a_feed_says_what_it_reads() -> None:
    assert "App Store of DE" in source().describe()
